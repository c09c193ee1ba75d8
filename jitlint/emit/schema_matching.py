"""Matching the arguments of a call against schemas.

Mirrors ``torch/csrc/jit/frontend/schema_matching.cpp``: `match_schemas` is ``matchSchemas``, the rest are its helpers.
An argument whose type is not known matches whatever it could match; where that leaves several overloads, the result
is what they have in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from jitlint.types.model import (
    FLOAT,
    INFERRED_TENSOR,
    INT,
    NONE,
    UNKNOWN,
    Argument,
    AwaitType,
    DictType,
    FutureType,
    ListType,
    OptionalType,
    RRefType,
    Schema,
    TensorType,
    TupleType,
    Type,
    VarType,
)
from jitlint.types.relations import (
    contained,
    contains_unknown,
    convert,
    convertible_to_list,
    has_variables,
    is_subtype,
    substitute,
    surely_subtype,
    unify,
    unify_all,
    unwrap_optional,
)

SELF: Final = -1
"""The binding of a formal argument that the receiver of a method call is passed to."""

EMPTY_LIST_HINT: Final = (
    "Empty lists default to List[Tensor]. Add a variable annotation to the assignment to create an empty list of "
    "another type (torch.jit.annotate(List[T, []]) where T is the type of elements in the list for Python 2)\n"
)

# What a formal argument gets: the index of a positional argument, the name of a keyword, the indices of those packed
# into a list, SELF, or None for its default.
Binding = int | str | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class ArgValue:
    """An actual argument. `empty_list` is true for a literal ``[]`` written in place, which fits every List."""

    type: Type
    empty_list: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """A call that matches. `bindings` goes with `schema.arguments`.

    `certain` is false where unknown types leave several overloads, or leave open whether any matches; then `schema`
    is the first of them.
    """

    schema: Schema
    result_type: Type
    bindings: tuple[Binding, ...]
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that no schema takes, in the compiler's words."""

    torch_message: str


Keywords = Sequence[tuple[str, ArgValue]]

_cache: dict[tuple[object, ...], tuple[Sequence[Schema], Match]] = {}
_CACHE_SIZE: Final = 1 << 14


def match_schemas(
    schemas: Sequence[Schema],
    args: Sequence[ArgValue],
    kwargs: Keywords = (),
    self_arg: ArgValue | None = None,
) -> Match | Failure:
    """The first of `schemas` that takes the arguments, or why none does.

    `args` have their starred arguments expanded; `kwargs` are in the order of the call. `self_arg` is the receiver
    of a method call on a value (``x.relu()``). Operators are first tried without implicit conversions, all of them,
    then with; a single schema is tried with conversions at once. Pass the same tuple of schemas again to profit from
    the cache.
    """
    key = (
        id(schemas),
        tuple((arg.type, arg.type is INFERRED_TENSOR, arg.empty_list) for arg in args),
        tuple((name, arg.type, arg.type is INFERRED_TENSOR, arg.empty_list) for name, arg in kwargs),
        self_arg,
    )
    known = _cache.get(key)
    if known is not None:
        return known[1]
    result = _match_schemas(schemas, args, kwargs, self_arg)
    if isinstance(result, Match) and isinstance(schemas, tuple):
        if len(_cache) >= _CACHE_SIZE:
            _cache.clear()
        # The entry keeps the schemas alive, so that their id stays theirs.
        _cache[key] = (schemas, result)
    return result


def forget_matches() -> None:
    """Let go of the types that the cache holds, and of all that they hold on to."""
    _cache.clear()


def match_schema(
    schema: Schema, args: Sequence[ArgValue], kwargs: Keywords = (), self_arg: ArgValue | None = None
) -> Match | Failure:
    """The same for the one schema of a user's function or method (``matchSchema``)."""
    return _match_schemas((schema,), args, kwargs, self_arg)


def _match_schemas(
    schemas: Sequence[Schema], args: Sequence[ArgValue], kwargs: Keywords, self_arg: ArgValue | None
) -> Match | Failure:
    rounds = (True,) if len(schemas) == 1 else (False, True)
    for conversions in rounds:
        possible: list[Match] = []
        for schema in schemas:
            match = _Attempt(schema, args, kwargs, self_arg, conversions).run()
            if match is not None:
                possible.append(match)
                if match.certain:
                    break
        if possible:
            if len(possible) == 1:
                return possible[0]
            results = {match.result_type for match in possible}
            result = possible[0].result_type if len(results) == 1 else UNKNOWN
            return replace(possible[0], result_type=result, certain=False)
    text: list[str] = []
    for schema in schemas:
        _Attempt(schema, args, kwargs, self_arg, True, text).run()
    messages = "".join(text)
    if len(schemas) == 1:
        return Failure(messages)
    lines = messages.split("\n")
    prefixed = "\n".join(f"  {line}" for line in lines[:-1]) + "\n" + (f"  {lines[-1]}" if lines[-1] else "")
    return Failure(
        f"Arguments for call are not valid.\nThe following variants are available:\n{prefixed}\nThe original call is"
    )


class _Attempt:
    """One schema put to one call (``tryMatchSchema``). Reasons for a failure go to `text` where one is given."""

    __slots__ = ("args", "certain", "conversions", "kwargs", "schema", "self_arg", "text", "variables")

    def __init__(
        self,
        schema: Schema,
        args: Sequence[ArgValue],
        kwargs: Keywords,
        self_arg: ArgValue | None,
        conversions: bool,
        text: list[str] | None = None,
    ) -> None:
        self.schema = schema
        self.args = args
        self.kwargs = kwargs
        self.self_arg = self_arg
        self.conversions = conversions
        self.text = text
        self.variables: dict[str, Type] = {}
        self.certain = True

    def fail(self, reason: str) -> None:
        if self.text is not None:
            self.text.append(f"\n{self.schema}:\n{reason}")

    def run(self) -> Match | None:
        schema, args, kwargs, self_arg = self.schema, self.args, self.kwargs, self.self_arg
        if schema.name == "aten::view" and schema.overload == "dtype":
            return None  # indistinguishable from a size for the compiler, which leaves it out
        if self.text is None and self._hopeless():
            return None
        is_aten = schema.name.startswith("aten::")
        bindings: list[Binding] = []
        used_args = 0
        used_kwargs = [False] * len(kwargs)
        for index, formal in enumerate(schema.arguments):
            actual: ArgValue
            if formal.name == "self" and self_arg is not None:
                actual, self_arg = self_arg, None
                bindings.append(SELF)
            elif not formal.keyword_only and used_args < len(args):
                if self.conversions and self._takes_rest(index, formal):
                    packed = self._pack(formal, args[used_args:])
                    if packed is None:
                        return None
                    if packed:
                        bindings.append(tuple(range(used_args, len(args))))
                        used_args = len(args)
                        continue
                actual = args[used_args]
                bindings.append(used_args)
                used_args += 1
            else:
                found = self._keyword(formal.name, is_aten)
                if found is not None:
                    if used_kwargs[found]:
                        self.fail(f"Argument {kwargs[found][0]} specified twice in schema, submit a bug report!\n")
                        return None
                    used_kwargs[found] = True
                    actual = kwargs[found][1]
                    bindings.append(kwargs[found][0])
                elif formal.default is not None:
                    bindings.append(None)
                    continue
                else:
                    self.fail(f"Argument {formal.name} not provided.\n")
                    return None
            if not self._fits(formal, actual):
                return None
        if self_arg is not None:
            self.fail("Provided self argument not used in schema.\n")
        if schema.vararg:
            used_args = len(args)
        if used_args < len(args):
            self.fail(f"Expected at most {used_args} arguments but found {len(args)} positional arguments.\n")
            return None
        for (name, _), used in zip(kwargs, used_kwargs, strict=True):
            if not used:
                known = any(formal.name == name for formal in schema.arguments)
                self.fail(f"Keyword argument {name} {'specified twice' if known else 'unknown'}.\n")
                return None
        return Match(schema, self._result(), tuple(bindings), self.certain)

    def _hopeless(self) -> bool:
        """A quick look that spares most overloads the whole procedure: a required argument without a value."""
        given = len(self.args)
        taken = 0
        for formal in self.schema.arguments:
            if formal.name == "self" and self.self_arg is not None:
                continue
            if not formal.keyword_only and taken < given:
                taken += 1
            elif formal.default is None and not any(
                name == formal.name or (name == "input" and formal.name == "self") for name, _ in self.kwargs
            ):
                return True
        return False

    def _keyword(self, name: str, is_aten: bool) -> int | None:
        for index, (keyword, _) in enumerate(self.kwargs):
            # A function's `input` is the `self` of the operator's schema.
            if keyword == name or (is_aten and name == "self" and keyword == "input"):
                return index
        return None

    def _takes_rest(self, index: int, formal: Argument) -> bool:
        """Whether the remaining positional arguments may become this list (``varargsCanBeUsedAsList``)."""
        arguments = self.schema.arguments
        if index + 1 < len(arguments) and not arguments[index + 1].keyword_only:
            return False
        if formal.type == UNKNOWN:
            return not self.schema.vararg and len(self.args) > index
        return (
            isinstance(formal.type, ListType) and not isinstance(formal.type.element, VarType) and formal.size is None
        )

    def _pack(self, formal: Argument, rest: Sequence[ArgValue]) -> bool | None:
        """Whether `rest` was packed into a list; None where it had to be and could not (``tryCreateList``)."""
        first = rest[0].type
        if formal.type == UNKNOWN:
            self.certain = False
            return len(rest) > 1
        assert isinstance(formal.type, ListType)
        if first == UNKNOWN:
            # Several arguments can only be packed; one may be the list itself.
            if len(rest) == 1:
                self.certain = False
                return False
        elif isinstance(first, ListType) or convertible_to_list(first, formal.type):
            return False
        element = Argument("<varargs>", formal.type.element)
        return True if all(self._fits(element, actual) for actual in rest) else None

    def _fits(self, formal: Argument, actual: ArgValue) -> bool:
        """Whether an argument matches a formal one (``tryMatchArgument``)."""
        type_, wanted = actual.type, formal.type
        if formal.size is not None and type_ in (INT, FLOAT):
            goal = unwrap_optional(wanted)
            if isinstance(goal, ListType) and goal.element == type_:
                type_ = goal
        if has_variables(wanted):
            reason = match_variables(wanted, type_, self.variables)
            if reason is not None:
                self.fail(f"Could not match type {type_} to {wanted} in argument '{formal.name}': {reason}.\n")
                return False
            concrete = substitute(wanted, self.variables)
            if concrete is None:
                self.fail(f"Type variables in type {wanted} could not be inferred from actual type {type_}")
                return False
            wanted = concrete
        if type_ == wanted:
            return True
        if surely_subtype(type_, wanted):
            return True
        converted = convert(type_, wanted, empty_list=actual.empty_list, conversions=self.conversions)
        if is_subtype(converted, wanted):
            if contains_unknown(type_) or contains_unknown(wanted):
                self.certain = False
            return True
        self._mismatch(formal, wanted, converted)
        return False

    def _mismatch(self, formal: Argument, wanted: Type, type_: Type) -> None:
        if self.text is None:
            return
        # The formal's own type is printed, with its variables.
        reason = (
            f"Expected a value of type '{formal.type}' for argument '{formal.name}' but instead found type '{type_}'.\n"
        )
        if isinstance(formal.type, TensorType) and formal.type.inferred:
            reason += (
                f"Inferred '{formal.name}' to be of type 'Tensor' because it was not annotated with an explicit type.\n"
            )
        if isinstance(type_, TensorType) and type_.inferred:
            reason += (
                f"Inferred the value for argument '{formal.name}' to be of type 'Tensor' "
                "because it was not annotated with an explicit type.\n"
            )
        if isinstance(type_, ListType) and isinstance(type_.element, TensorType):
            reason += EMPTY_LIST_HINT
        self.fail(reason)

    def _result(self) -> Type:
        schema = self.schema
        returns = schema.returns
        if self.variables:
            returns = tuple(substitute(type_, self.variables) or UNKNOWN for type_ in returns)
        if len(returns) == 1:
            return returns[0]
        # A call without results is the empty tuple (``packOutputs``).
        return TupleType(returns, None, schema.return_names)


def match_variables(formal: Type, actual: Type, variables: dict[str, Type]) -> str | None:
    """Binds the type variables of `formal`, in `variables`; the compiler's reason where that fails
    (``matchTypeVariables``)."""
    if not has_variables(formal):
        return None
    if isinstance(formal, VarType):
        bound = variables.get(formal.name)
        if bound is None or (bound == UNKNOWN and actual != UNKNOWN):
            variables[formal.name] = actual
        elif unify(bound, actual) is None:
            return f"Type variable '{formal.name}' previously matched to type {bound} is matched to type {actual}"
        return None
    if actual == UNKNOWN:
        _bind_unknown(formal, variables)
        return None
    match formal:
        case ListType(element):
            if isinstance(actual, ListType):
                return match_variables(element, actual.element, variables)
            if isinstance(actual, TupleType):
                unified, _ = unify_all(actual.elements)
                if unified is not None:
                    return match_variables(element, unified, variables)
            return f"Cannot match {formal} to {actual}"
        case TupleType(elements):
            if not isinstance(actual, TupleType):
                return f"Cannot match a tuple to {actual}"
            if len(elements) != len(actual.elements):
                return "Cannot match tuples of mismatched size"
            for one, other in zip(elements, actual.elements, strict=True):
                reason = match_variables(one, other, variables)
                if reason is not None:
                    return reason
            return None
        case FutureType(element) | AwaitType(element) | RRefType(element):
            if type(actual) is type(formal):
                return match_variables(element, actual.element, variables)
            kind = {FutureType: "a future", AwaitType: "an await", RRefType: "a rref"}[type(formal)]
            return f"Cannot match {kind} to {actual}"
        case OptionalType(element):
            if isinstance(actual, OptionalType):
                return match_variables(element, actual.element, variables)
            return None if actual == NONE else match_variables(element, actual, variables)
        case DictType(key, value):
            if not isinstance(actual, DictType):
                return f"Cannot match a dict to {actual}"
            return match_variables(key, actual.key, variables) or match_variables(value, actual.value, variables)
    return None


def _bind_unknown(formal: Type, variables: dict[str, Type]) -> None:
    for inner in contained(formal):
        if isinstance(inner, VarType):
            variables.setdefault(inner.name, UNKNOWN)
        else:
            _bind_unknown(inner, variables)
