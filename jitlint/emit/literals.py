"""List and dict literals and comprehensions, with the hints that shape them (``emitListLiteral``, ``emitDictLiteral``,
``emitListComprehension``, ``refineAndSet{List,Dict}TypeHint``…)."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from jitlint.emit.emitter import Emitter
from jitlint.emit.values import UNKNOWN_VAL, Val
from jitlint.syntax import tree
from jitlint.types.model import (
    ANY,
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INT,
    STR,
    TENSOR,
    UNKNOWN,
    DictType,
    ListType,
    OptionalType,
    TensorType,
    Type,
    UnionType,
)
from jitlint.types.relations import contains_unknown, is_subtype, members_of, unify, unify_all

_KEYS = (INT, FLOAT, COMPLEX, BOOL, STR, DEVICE)


def _unwrap(hint: Type | None) -> Type | None:
    return hint.element if isinstance(hint, OptionalType) else hint


def _known_union(hint: Type | None) -> Type | None:
    """`hint`, or Unknown for a Union of which a member is not known: it decides which one a literal is taken for."""
    return UNKNOWN if isinstance(hint, UnionType) and contains_unknown(hint) else hint


def _candidates(hint: UnionType, container: type[ListType] | type[DictType]) -> list[Type]:
    return [member for member in members_of(hint) if isinstance(member, container)]


def emit_list(e: Emitter, node: tree.ListLiteral, hint: Type | None) -> Val:
    from jitlint.emit.expressions import expand

    hint = _known_union(_unwrap(hint))
    values = expand(e, node.elements)
    if hint is ANY or hint == ANY:
        e.report(
            "JIT229",
            node.at,
            "compiler process killed by SIGSEGV",
            "A list literal where Any is expected crashes the compiler",
        )
        return Val(ListType(UNKNOWN))
    if values is None:
        return Val(hint) if isinstance(hint, ListType) else Val(ListType(UNKNOWN))
    types = [value.type for value in values]
    if isinstance(hint, UnionType):
        candidates = _candidates(hint, ListType)
        if not candidates:
            e.report(
                "JIT218",
                node.at,
                f"Expected an Union type annotation with an inner List type, but got {hint}",
            )
            return UNKNOWN_VAL
        if len(candidates) == 1:
            hint = candidates[0]
        elif not types:
            e.report(
                "JIT218",
                node.at,
                "Cannot assign an empty list to a variable with a Union annotation "
                f"{hint} because there are multiple possible List type candidates in the Union annotation",
            )
            return UNKNOWN_VAL
        else:
            joined = unify_all(types, default_to_union=True)[0] or UNKNOWN
            fitting = [one for one in candidates if isinstance(one, ListType) and is_subtype(joined, one.element)]
            if not fitting:
                e.report(
                    "JIT218",
                    node.at,
                    f"Union type annotation `{hint}` can hold {', '.join(map(str, candidates))}, but none of those "
                    "types match the types of the given list elements, which were unified to "
                    f"{joined}",
                )
                return UNKNOWN_VAL
            hint = fitting[0]
    if not types:
        if isinstance(hint, ListType):
            return Val(hint, empty_list=True)
        if hint is None or contains_unknown(hint):
            return Val(ListType(TENSOR), empty_list=True)
    if hint is not None and not isinstance(hint, ListType) and not contains_unknown(hint):
        e.report(
            "JIT218",
            node.at,
            f"Expected an annotation of type List but got {hint}",
            f"A list literal stands where {hint} is expected",
        )
        return UNKNOWN_VAL
    unified, _ = unify_all(types, default_to_union=True, hint=hint.element if isinstance(hint, ListType) else None)
    element = unified or UNKNOWN
    if isinstance(hint, ListType):
        if not all(is_subtype(kind, hint.element) for kind in types):
            e.report(
                "JIT218",
                node.at,
                f"List type annotation `{hint}` did not match the types of the given list elements, which were unified "
                f"to {element}",
                f"The elements are {element}, the annotation says {hint}",
            )
        return Val(hint)
    if any(contains_unknown(kind) for kind in types):
        known = {kind for kind in types if not contains_unknown(kind)}
        return Val(ListType(next(iter(known)) if len(known) == 1 and TENSOR in known else UNKNOWN))
    return Val(ListType(element))


def key_problem(kind: Type) -> str | None:
    """Why a type cannot be a dict's key; None where it can."""
    if contains_unknown(kind) or isinstance(kind, TensorType) or kind in _KEYS or kind == ANY:
        return None
    return (
        f"Cannot create dict for key type '{kind}', only int, float, complex, Tensor, device and string keys are "
        "supported"
    )


def emit_dict(e: Emitter, node: tree.DictLiteral, hint: Type | None) -> Val:
    from jitlint.emit.expressions import emit_val

    hint = _known_union(_unwrap(hint))
    keys = [emit_val(e, key).type for key in node.keys]
    values = [emit_val(e, value).type for value in node.values]
    if hint == ANY:
        hint = None
    if isinstance(hint, UnionType):
        candidates = _candidates(hint, DictType)
        if not candidates:
            e.report("JIT218", node.at, f"Expected an Union type annotation with an inner Dict type, but got {hint}")
            return UNKNOWN_VAL
        if len(candidates) == 1:
            hint = candidates[0]
        elif not keys:
            e.report(
                "JIT218",
                node.at,
                "Cannot assign an empty dict to a variable with a Union annotation "
                f"{hint} because there are multiple possible Dict type candidates in the Union annotation",
            )
            return UNKNOWN_VAL
        else:
            fitting = [
                one
                for one in candidates
                if isinstance(one, DictType)
                and all(is_subtype(key, one.key) for key in keys)
                and all(is_subtype(value, one.value) for value in values)
            ]
            if not fitting:
                e.report(
                    "JIT218",
                    node.at,
                    f"Union type annotation `{hint}` can hold {', '.join(map(str, candidates))}, but none of those dict "
                    "types can hold the types of the given keys and values",
                )
                return UNKNOWN_VAL
            hint = fitting[0]
    if hint is not None and not isinstance(hint, DictType) and not contains_unknown(hint):
        e.report(
            "JIT218",
            node.at,
            f"Expected an annotation of type Dict but got {hint}",
            f"A dict literal stands where {hint} is expected",
        )
        return UNKNOWN_VAL
    if not keys:
        return Val(hint) if isinstance(hint, DictType) else Val(DictType(STR, TENSOR))
    for kind, key in zip(keys, node.keys, strict=True):
        problem = key_problem(kind)
        if problem is not None:
            e.report("JIT228", node.at, problem, f"A {kind} cannot be the key of a dict")
            return UNKNOWN_VAL
        del key
    key_kind, value_kind = _one_key(e, node, keys, hint), unify_all(values, default_to_union=True)[0] or UNKNOWN
    if isinstance(hint, DictType):
        if key_kind is not None and not is_subtype(key_kind, hint.key):
            e.report(
                "JIT218",
                node.at,
                f"Type annotation was inferred to be `{hint}`, but the type of keys given by the dict literal is "
                f"{key_kind}",
            )
        elif not all(is_subtype(kind, hint.value) for kind in values):
            e.report(
                "JIT218",
                node.at,
                f"Type annotation was inferred to be `{hint}`, but the type of values given by the dict literal is "
                f"{value_kind}",
                f"The values are {value_kind}, the annotation says {hint}",
            )
        return Val(hint)
    if any(contains_unknown(kind) for kind in values):
        value_kind = UNKNOWN
    return Val(DictType(key_kind or UNKNOWN, value_kind))


def _one_key(e: Emitter, node: tree.DictLiteral, keys: list[Type], hint: Type | None) -> Type | None:
    known = [kind for kind in keys if not contains_unknown(kind)]
    if not known:
        return None
    first = known[0]
    for kind in known[1:]:
        if kind != first:
            e.report(
                "JIT228",
                node.at,
                f"Dict keys must contain only a single type. Expected: {first} but found {kind} instead",
                f"The keys of a dict literal are {first} and {kind}",
            )
            return None
    return first if len(known) == len(keys) else None


def emit_list_comp(e: Emitter, node: tree.ListComp, hint: Type | None) -> Val:
    from jitlint.emit.assignments import assign_target
    from jitlint.emit.expressions import emit_val
    from jitlint.emit.iteration import iterate, unrolled_elements

    hint = _unwrap(hint)
    iteration = iterate(e, node.iter)
    kinds: list[Type] = []
    element_hint = hint.element if isinstance(hint, ListType) else None
    if iteration.unrolled:
        elements = unrolled_elements(iteration)
        if elements is None:
            elements = [UNKNOWN_VAL]
        for element in elements:
            with e.pushed():
                assign_target(e, node.target, element)
                kinds.append(emit_val(e, node.element).type)
    else:
        with e.pushed():
            assign_target(e, node.target, iteration.element)
            kinds.append(emit_val(e, node.element).type)
    del element_hint
    if isinstance(hint, UnionType):
        candidates = _candidates(hint, ListType)
        hint = candidates[0] if len(candidates) == 1 else None
    if hint is not None and not isinstance(hint, ListType) and not contains_unknown(hint):
        if hint == ANY:
            e.report(
                "JIT229",
                node.at,
                "r INTERNAL ASSERT FAILED",
                "A list comprehension where Any is expected crashes the compiler",
            )
        else:
            e.report(
                "JIT218",
                node.at,
                f"Expected an annotation of type List but got {hint}",
                f"A list comprehension stands where {hint} is expected",
            )
        return UNKNOWN_VAL
    unified = unify_all(kinds, default_to_union=True)[0] if kinds else TENSOR
    element_kind = unified or UNKNOWN
    if isinstance(hint, ListType):
        if kinds and not all(is_subtype(kind, hint.element) for kind in kinds):
            e.report(
                "JIT218",
                node.at,
                f"List type annotation `{hint}` did not match the types of the given list elements, which were unified "
                f"to {element_kind}",
                f"The elements are {element_kind}, the annotation says {hint}",
            )
        return Val(hint)
    if kinds and not is_subtype(element_kind, kinds[0]):
        # Unrolled over a tuple: the first value's type is the list's.
        e.report(
            "JIT218",
            node.at,
            f"List type annotation `{ListType(kinds[0])}` did not match the types of the given list elements, which were "
            f"unified to {element_kind}",
            f"The first element is {kinds[0]}, all of them are {element_kind}",
        )
        return Val(ListType(kinds[0]))
    return Val(ListType(element_kind))


def emit_dict_comp(e: Emitter, node: tree.DictComp, hint: Type | None) -> Val:
    from jitlint.emit.assignments import assign_target
    from jitlint.emit.expressions import emit_val
    from jitlint.emit.iteration import iterate, unrolled_elements

    iteration = iterate(e, node.iter)
    elements = unrolled_elements(iteration) if iteration.unrolled else [iteration.element]

    def pairs() -> Iterator[tuple[Type, Type]]:
        for element in elements if elements is not None else [UNKNOWN_VAL]:
            with e.pushed():
                assign_target(e, node.target, element)
                yield emit_val(e, node.key).type, emit_val(e, node.value).type

    return dict_of_pairs(e, node.at, pairs(), hint)


def dict_of_pairs(e: Emitter, at: ast.AST, pairs: Iterable[tuple[Type, Type]], hint: Type | None) -> Val:
    """The dict that a comprehension makes: `pairs` are the types of its keys and values, one pair where it is a real
    loop, one for each element where it is unrolled."""
    hint = _known_union(_unwrap(hint))
    if isinstance(hint, UnionType):
        candidates = _candidates(hint, DictType)
        if not candidates:
            e.report("JIT218", at, f"Expected an Union type annotation with an inner Dict type, but got {hint}")
            return UNKNOWN_VAL
        hint = candidates[0] if len(candidates) == 1 else None
    elif hint is not None and not isinstance(hint, DictType) and not contains_unknown(hint):
        if hint == ANY:
            what = "A dict comprehension where Any is expected crashes the compiler"
            e.report("JIT229", at, "r INTERNAL ASSERT FAILED", what)
        else:
            e.report(
                "JIT218",
                at,
                f"Expected an annotation of type Dict but got {hint}",
                f"A dict stands where {hint} is expected",
            )
        return UNKNOWN_VAL
    key: Type | None = None
    values: list[Type] = []
    for next_key, next_value in pairs:
        if key is not None and key != next_key and not contains_unknown(key) and not contains_unknown(next_key):
            e.report(
                "JIT228",
                at,
                f"Dicts may only contain homogeneous keys. Expected dict comprehension to generate type {key}, but got "
                f"{next_key}",
                f"The comprehension gives keys of types {key} and {next_key}",
            )
            return UNKNOWN_VAL
        key = next_key if key is None else unify(key, next_key) or UNKNOWN
        values.append(next_value)
    if isinstance(hint, DictType):
        wrong = [kind for kind in values if not is_subtype(kind, hint.value)]
        if wrong:
            e.report(
                "JIT218",
                at,
                f"Dict type annotation `{hint}` did not match the type of an actual value type `{wrong[0]}`",
                f"A value is {wrong[0]}, the annotation says {hint}",
            )
        elif key is not None and not is_subtype(key, hint.key):
            e.report(
                "JIT218",
                at,
                f"Dict type annotation `{hint}` did not match the type of an actual key type `{key}`",
                f"The keys are {key}, the annotation says {hint}",
            )
        return Val(hint)
    key = key or STR
    if key_problem(key) is not None:
        e.report(
            "JIT228",
            at,
            f"Dicts may only contain homogeneous keys, but the type of the first generated key was {key}",
            f"A {key} cannot be the key of a dict",
        )
        return UNKNOWN_VAL
    value = values[-1] if values else TENSOR
    if not all(is_subtype(kind, value) for kind in values):
        # Unrolled over a tuple: the last value's type is the dict's, and an earlier one that does not fit is a crash.
        e.report(
            "JIT218",
            at,
            "INTERNAL ASSERT FAILED",
            f"The comprehension gives values of different types: {', '.join(map(str, dict.fromkeys(values)))}",
        )
        return UNKNOWN_VAL
    return Val(DictType(key, value))
