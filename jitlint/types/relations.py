"""How types relate: subtyping, unification, unions.

Mirrors ``Type::isSubtypeOfExt``, ``unifyTypes`` (``aten/src/ATen/core/type.cpp``) and ``UnionType``
(``aten/src/ATen/core/union_type.cpp``). `UNKNOWN` absorbs: whatever might hold for the type behind it is said to
hold, so that nothing is reported that might compile. `surely_subtype` is the strict counterpart, in which an
unknown type fits nothing but `Any` and itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from jitlint.types.model import (
    ANY,
    ANY_CLASS,
    ANY_ENUM,
    ANY_LIST,
    ANY_TUPLE,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    NUMBER,
    UNKNOWN,
    AwaitType,
    ClassType,
    DictType,
    EnumType,
    FunctionType,
    FutureType,
    InterfaceType,
    ListType,
    OptionalType,
    RRefType,
    Simple,
    TensorType,
    TupleType,
    Type,
    UnionType,
    VarType,
)

NUMBERS = (INT, FLOAT, COMPLEX)

# The order of ``TypeKind``, by which the members of a Union are sorted (jit_type_base.h, C10_FORALL_TYPES).
_SIMPLE_KINDS = {
    "Any": 0,
    "AnyEnumType": 2,
    "Storage": 4,
    "number": 8,
    "float": 9,
    "complex": 10,
    "int": 14,
    "NoneType": 15,
    "str": 16,
    "Generator": 17,
    "Quantizer": 18,
    "bool": 19,
    "Device": 22,
    "Stream": 23,
    "PyObject": 26,
    "Capsule": 27,
    "list": 33,
    "tuple": 34,
    "AnyClassType": 35,
    "Unknown": 99,
}
_KINDS: dict[type[Type], int] = {
    EnumType: 1,
    TensorType: 3,
    TupleType: 5,
    ListType: 6,
    DictType: 7,
    FutureType: 11,
    AwaitType: 12,
    RRefType: 13,
    OptionalType: 20,
    VarType: 21,
    FunctionType: 24,
    ClassType: 25,
    InterfaceType: 28,
    UnionType: 40,
}


class SingleTypeUnion(Exception):
    """The members of a Union turn out to be one type: an internal assertion in the compiler, whose text this is."""


# --- looking into types ------------------------------------------------------------------------------------


def contained(type_: Type) -> tuple[Type, ...]:
    """The types directly inside `type_` (``Type::containedTypes``); () for one without any."""
    match type_:
        case TupleType(elements):
            return elements
        case UnionType(members):
            return members
        case DictType(key, value):
            return (key, value)
        case ListType() | OptionalType() | FutureType() | AwaitType() | RRefType():
            return (type_.element,)
    return ()


def rebuild(type_: Type, inside: tuple[Type, ...]) -> Type:
    """`type_` with other contained types (``Type::withContained``)."""
    match type_:
        case TupleType(_, name, fields):
            return TupleType(inside, name, fields)
        case UnionType():
            return union_of(inside)
        case DictType():
            return DictType(*inside)
        case ListType() | FutureType() | AwaitType() | RRefType():
            return type(type_)(inside[0])
        case OptionalType():
            return optional_of(inside[0])
    return type_


def contains_unknown(type_: Type) -> bool:
    """Whether anything about the type is not known."""
    if type_ is UNKNOWN or type_ == UNKNOWN:
        return True
    if isinstance(type_, (Simple, TensorType)):
        return False
    return any(contains_unknown(inner) for inner in contained(type_))


_HUGE = 1000  # types inside one another


def is_huge(type_: Type) -> bool:
    """Whether a type is made of so many that working with it takes too long: a tuple of a tuple twice, and so on."""
    left = _HUGE
    stack = [type_]
    while stack:
        inside = contained(stack.pop())
        left -= len(inside)
        if left < 0:
            return True
        stack.extend(inside)
    return False


def has_variables(type_: Type) -> bool:
    """Whether a schema's type variable occurs in the type (``Type::hasFreeVariables``)."""
    if isinstance(type_, (Simple, TensorType)):
        return False
    return isinstance(type_, VarType) or any(has_variables(inner) for inner in contained(type_))


def substitute(type_: Type, variables: Mapping[str, Type]) -> Type | None:
    """`type_` with its type variables replaced; None where one has no binding (``tryEvalTypeVariables``)."""
    if not has_variables(type_):
        return type_
    if isinstance(type_, VarType):
        return variables.get(type_.name)
    inside = []
    for inner in contained(type_):
        replaced = substitute(inner, variables)
        if replaced is None:
            return None
        inside.append(replaced)
    return rebuild(type_, tuple(inside))


def unwrap_optional(type_: Type) -> Type:
    """What remains of the type when it is not None; the type itself where it is no Optional."""
    return type_.element if isinstance(type_, OptionalType) else type_


def members_of(type_: Type) -> tuple[Type, ...]:
    """The type flattened over Optional, Union and number (``flattenUnion``); (type,) for any other."""
    match type_:
        case UnionType(members):
            return tuple(inner for member in members for inner in members_of(member))
        case OptionalType(element):
            return (*members_of(element), NONE)
    return NUMBERS if type_ == NUMBER else (type_,)


# --- unions ------------------------------------------------------------------------------------------------


def _kind(type_: Type) -> int:
    if isinstance(type_, Simple):
        return _SIMPLE_KINDS.get(type_.name, 90)
    return _KINDS.get(type(type_), 95)


def _standardize(types: Iterable[Type]) -> list[Type]:
    """Flattened, without subtypes of one another, in order (``standardizeVectorForUnion``)."""
    members = [member for type_ in types for member in members_of(type_)]
    end = len(members) - 1
    for index in range(len(members) - 1, 0, -1):
        for other in range(min(index - 1, end), -1, -1):
            first, second = members[index], members[other]
            # Joining anything with None here would make an Optional, and hide a member from the others.
            if (first == NONE) != (second == NONE):
                continue
            # Nor is it known whether a partly unknown type would go into another.
            if first != second and (contains_unknown(first) or contains_unknown(second)):
                continue
            # Whether a class has an interface's methods is more than is known here.
            if isinstance(first, InterfaceType) != isinstance(second, InterfaceType) and ANY not in (first, second):
                continue
            unified = unify(first, second)
            if unified is not None:
                members[other] = unified
                members[index] = members[end]
                end -= 1
                break
    del members[end + 1 :]
    members.sort(key=lambda member: (_kind(member), member.short()))
    return members


def union_of(types: Iterable[Type]) -> Type:
    """``UnionType::create``: flat, sorted, without subtypes of one another; an Optional where that says the same.

    A single remaining type is returned as it is. The compiler's assertion for that case is `union_problem`.
    """
    types = tuple(types)
    if UNKNOWN in types:
        return UNKNOWN
    members = _standardize(types)
    if len(members) == 1:
        return members[0]
    if NONE in members:
        if len(members) == 2:
            return OptionalType(members[0] if members[1] == NONE else members[1])
        if len(members) == 4 and all(number in members for number in NUMBERS):
            return OptionalType(NUMBER)
    return UnionType(tuple(members))


def union_problem(types: Iterable[Type]) -> str | None:
    """What the compiler asserts where the members of a written Union are one type after all; None for a real Union."""
    types = tuple(types)
    if any(contains_unknown(type_) for type_ in types):
        return None
    members = _standardize(types)
    if len(members) != 1:
        return None
    listing = "".join(f"{type_}{',' if index else ''} " for index, type_ in enumerate(types))
    return (
        "After type unification was performed, the Union with the original types {"
        f"{listing}}} has the single type {members[0]}. Use the common supertype instead of creating a Uniontype"
    )


def optional_of(element: Type) -> Type:
    """``OptionalType::create``: Optional[Optional[T]] is Optional[T], and Optional[None] is None."""
    if element == UNKNOWN:
        return OptionalType(UNKNOWN)
    if element == NONE:
        return NONE
    if element == NUMBER or (isinstance(element, UnionType) and set(element.members) == set(NUMBERS)):
        return OptionalType(NUMBER)
    members = _standardize((element, NONE))
    rest = [member for member in members if member != NONE]
    return OptionalType(rest[0] if len(rest) == 1 else union_of(rest))


def can_hold(type_: Type, other: Type) -> bool:
    """Whether a Union, Optional or plain type has room for `other` (``UnionType::canHoldType``)."""
    if other == NUMBER:
        return all(can_hold(type_, number) for number in NUMBERS)
    return any(is_subtype(other, member) for member in members_of(type_))


def may_be_none(type_: Type) -> bool:
    """Whether a value of the type could be None, as far as the compiler can tell from the type (not so for Any)."""
    return type_ == NONE or isinstance(type_, OptionalType) or (isinstance(type_, UnionType) and NONE in type_.members)


def without_none(type_: Type) -> Type:
    """The type on the side where the value is not None (refinement of ``x is not None``)."""
    if isinstance(type_, OptionalType):
        return type_.element
    if isinstance(type_, UnionType) and NONE in type_.members:
        return union_of(member for member in type_.members if member != NONE)
    return type_


def subtract(type_: Type, taken: Iterable[Type]) -> Type | None:
    """A Union or Optional without the members that are subtypes of one of `taken`; None where nothing is left
    (``subtractTypeSetFrom``)."""
    taken = tuple(taken)
    rest = [member for member in members_of(type_) if not any(is_subtype(member, gone) for gone in taken)]
    return union_of(rest) if rest else None


# --- subtyping ---------------------------------------------------------------------------------------------


def is_subtype(first: Type, second: Type) -> bool:
    """Whether a value of `first` fits where `second` is asked for; true where an unknown part could make it so."""
    if first is second or second is ANY:
        return True
    return _related(first, second, False)


def surely_subtype(first: Type, second: Type) -> bool:
    """The same, but false as long as it hangs on an unknown part."""
    if first is second or second is ANY:
        return True
    return _related(first, second, True)


def equal(first: Type, second: Type) -> bool:
    """Whether the types are the same, or could be (``Type::operator==``)."""
    return _same(first, second, False)


def _same(first: Type, second: Type, strict: bool) -> bool:
    if first == second:
        return True
    if strict:
        return False
    if UNKNOWN in (first, second):
        return True
    if isinstance(first, OptionalType) and isinstance(second, UnionType):
        return NONE in second.members and contains_unknown(first.element)
    if isinstance(second, OptionalType) and isinstance(first, UnionType):
        return NONE in first.members and contains_unknown(second.element)
    if type(first) is not type(second):
        return False
    if isinstance(first, UnionType) and isinstance(second, UnionType):
        return contains_unknown(first) or contains_unknown(second)
    if isinstance(first, TupleType) and isinstance(second, TupleType) and first.fields != second.fields:
        return False
    inside, other = contained(first), contained(second)
    return bool(inside) and len(inside) == len(other) and all(map(_same, inside, other, [strict] * len(inside)))


def forget_relations() -> None:
    """Let go of the types that the cache holds, and of all that they hold on to."""
    _related.cache_clear()


@lru_cache(maxsize=1 << 15)
def _related(first: Type, second: Type, strict: bool) -> bool:
    if first == UNKNOWN or second == UNKNOWN:
        return not strict or first == second or second == ANY
    match first:
        case UnionType(members):
            wanted = (*second.members,) if isinstance(second, UnionType) else (second,)
            if isinstance(second, OptionalType) or second == NUMBER:
                wanted = members_of(second)
                if isinstance(second, OptionalType) and second.element != NUMBER:
                    wanted = (second.element, NONE)
            return all(any(_related(member, other, strict) for other in wanted) for member in members)
        case OptionalType(element):
            if isinstance(second, OptionalType):
                return _related(element, second.element, strict)
            if isinstance(second, UnionType):
                if NONE not in second.members:
                    return False
                numbers = NUMBERS if element == NUMBER else (element,)
                return all(any(_related(one, other, strict) for other in second.members) for one in numbers)
            return second == ANY or _same(first, second, strict)
        case ClassType() if second == ANY_CLASS:
            return True
        case ClassType() if isinstance(second, InterfaceType):
            return _implements(first, second)
    if second == ANY or _same(first, second, strict):
        return True
    if isinstance(second, OptionalType):
        return first == NONE or _related(first, second.element, strict)
    if isinstance(second, UnionType):
        if first == NUMBER:
            return all(number in second.members for number in NUMBERS)
        return any(_related(first, member, strict) for member in second.members)
    match first, second:
        case TupleType(), TupleType():
            if second.is_named and (not first.is_named or first.fields != second.fields):
                return False
            if len(first.elements) != len(second.elements):
                return False
            return all(map(_related, first.elements, second.elements, [strict] * len(first.elements)))
        case (TupleType(), Simple()):
            return second == ANY_TUPLE
        case (ListType(), Simple()):
            return second == ANY_LIST
        case (EnumType(), Simple()):
            return second == ANY_ENUM
        case (InterfaceType(), InterfaceType()):
            return _implements(first, second)
        case (FutureType() | AwaitType(), _) if type(first) is type(second):
            return _related(first.element, second.element, strict)
    return second == NUMBER and first in NUMBERS


def _implements(first: ClassType | InterfaceType, second: InterfaceType) -> bool:
    """Whether a class has the methods of an interface, as far as their names tell.

    The compiler compares the schemas as well; a class is refused here only where a method is surely absent.
    """
    if isinstance(first, ClassType) and second.is_module and not first.is_module:
        return False
    has, wants = getattr(first.definition, "body", None), getattr(second.definition, "body", None)
    if has is None or wants is None:
        return True
    if (isinstance(first, ClassType) and first.is_module) or has.stars or first.definition.node.bases:
        return True
    methods = (name for name, bindings in wants.bindings.items() if any(b.kind == "function" for b in bindings))
    return all(name in has.bindings for name in methods)


# --- unification -------------------------------------------------------------------------------------------


def unify(first: Type, second: Type, default_to_union: bool = False, hint: Type | None = None) -> Type | None:
    """The one type for values of both, None where there is none (``unifyTypes``); `UNKNOWN` where that depends.

    `default_to_union` makes a Union of what does not fit together; `hint` is a common parent to fall back on.
    """
    if first == second:
        return second
    if first == UNKNOWN or second == UNKNOWN:
        return ANY if ANY in (first, second) else UNKNOWN
    unified = _unify(first, second, default_to_union, hint)
    if unified is None and default_to_union:
        return union_of((first, second))
    return unified


def _unify(first: Type, second: Type, default_to_union: bool, hint: Type | None) -> Type | None:
    if is_subtype(first, second):
        return _more_known(second, first)
    if is_subtype(second, first):
        return _more_known(first, second)
    if first == NONE:
        return optional_of(second)
    if second == NONE:
        return optional_of(first)
    if isinstance(first, OptionalType):
        element = unify(first.element, second, default_to_union)
        if element is not None:
            return optional_of(element)
    elif isinstance(second, OptionalType):
        element = unify(second.element, first, default_to_union)
        if element is not None:
            return optional_of(element)
    if isinstance(first, TupleType) and isinstance(second, TupleType):
        if len(first.elements) != len(second.elements):
            return None
        elements = []
        for one, other in zip(first.elements, second.elements, strict=True):
            element = unify(one, other, default_to_union)
            if element is None:
                return None
            elements.append(element)
        return TupleType(tuple(elements))
    if isinstance(first, FutureType) and isinstance(second, FutureType):
        element = unify(first.element, second.element)
        if element is not None:
            return FutureType(element)
    if hint is not None and is_subtype(first, hint) and is_subtype(second, hint):
        return hint
    return None


def _more_known(chosen: Type, other: Type) -> Type:
    """`chosen`, with the unknown parts filled in that its equal `other` knows.

    The parts of a tuple are joined one by one; those of a List or Dict have to be the same for the types to join.
    """
    if not contains_unknown(chosen) and not contains_unknown(other):
        return chosen
    if isinstance(chosen, TupleType) and isinstance(other, TupleType):
        pairs = zip(chosen.elements, other.elements, strict=True)
        return TupleType(tuple(unify(one, two) or UNKNOWN for one, two in pairs), chosen.name, chosen.fields)
    return _fill(chosen, other)


def _fill(chosen: Type, other: Type) -> Type:
    if chosen == UNKNOWN:
        return other
    if type(chosen) is not type(other) or isinstance(chosen, UnionType):
        return chosen
    inside, known = contained(chosen), contained(other)
    if len(inside) != len(known) or not inside:
        return chosen
    return rebuild(chosen, tuple(map(_fill, inside, known)))


def unify_all(
    types: Iterable[Type], default_to_union: bool = False, hint: Type | None = None
) -> tuple[Type | None, str]:
    """The one type of several and "", or None and the compiler's reason (``unifyTypeList``)."""
    result: Type | None = None
    for index, type_ in enumerate(types):
        if result is None:
            result = type_
            continue
        unified = unify(result, type_, default_to_union, hint)
        if unified is None:
            return None, (
                f"Could not unify type list since element {index} of type {type_} "
                f"did not match the types before it ({result})"
            )
        result = unified
    return (result, "") if result is not None else (None, "Cannot get unified type from empty list")


# --- conversion --------------------------------------------------------------------------------------------


def convertible_to_list(type_: Type, wanted: Type, fits: Callable[[Type, Type], bool] = is_subtype) -> bool:
    """A list that fits, or a tuple all of whose elements fit the list's element (``convertibleToList``)."""
    if not isinstance(wanted, ListType):
        return False
    if fits(type_, wanted):
        return True
    return isinstance(type_, TupleType) and all(fits(element, wanted.element) for element in type_.elements)


def convert(
    type_: Type,
    wanted: Type,
    *,
    empty_list: bool = False,
    conversions: bool = True,
    fits: Callable[[Type, Type], bool] = is_subtype,
) -> Type:
    """The type of a value after the implicit conversions to `wanted` were tried on it (``tryConvertToType``).

    It is `type_` where none applies; whether the result fits is for `is_subtype` to say. `empty_list` is true for
    a literal ``[]`` written in place. `conversions` is false on an operator's first round of overloads.
    """
    if isinstance(wanted, OptionalType) and not isinstance(type_, OptionalType) and type_ != NONE:
        if type_ == UNKNOWN:
            return type_
        return convert(type_, wanted.element, empty_list=empty_list, conversions=conversions, fits=fits)
    if empty_list and isinstance(wanted, ListType):
        return wanted
    if isinstance(type_, TupleType):
        goal = unwrap_optional(wanted)
        if convertible_to_list(type_, goal, fits):
            return goal
        if isinstance(wanted, TupleType) and len(wanted.elements) == len(type_.elements) and not fits(type_, wanted):
            pairs = zip(type_.elements, wanted.elements, strict=True)
            return TupleType(tuple(convert(one, two, conversions=conversions, fits=fits) for one, two in pairs))
        return type_
    if not conversions:
        return type_
    if isinstance(type_, TensorType):
        return wanted if wanted in NUMBERS or wanted == NUMBER else type_
    if isinstance(type_, Simple):
        if type_.name == "number":
            return wanted if wanted in NUMBERS else type_
        if type_.name == "bool":
            return INT if wanted in (INT, NUMBER) else FLOAT if wanted == FLOAT else type_
        if type_.name == "str" and isinstance(wanted, Simple) and wanted.name == "Device":
            return wanted
    return type_
