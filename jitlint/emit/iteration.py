"""What can be iterated and how: real loops and unrolled ones (``SugaredValue::iter``, ``IterableTree``)."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jitlint.emit.emitter import Emitter
from jitlint.emit.module_facts import container_kind
from jitlint.emit.values import (
    UNKNOWN_VAL,
    ClassRef,
    EnumRef,
    IterableTree,
    ModuleRef,
    Opaque,
    PythonValue,
    RangeValue,
    Sugared,
    SugaredList,
    SugaredTuple,
    Val,
    describe,
)
from jitlint.syntax import tree
from jitlint.types.model import INT, STR, TENSOR, UNKNOWN, DictType, ListType, Simple, TensorType, TupleType


@dataclass(frozen=True, slots=True)
class Iteration:
    """A loop over something: `element` is what a real loop's target gets. `unrolled` loops run once per member of
    `elements` at compile time (None: as many as nobody knows). `uncertain`: it may be either; `doubtful`: it may be an
    empty list of modules, whose loop has no body at all."""

    element: Sugared
    unrolled: bool = False
    elements: tuple[Sugared, ...] | None = None
    uncertain: bool = False
    doubtful: bool = False


def iterate(e: Emitter, node: tree.Expr) -> Iteration:
    from jitlint.emit.expressions import emit_expr

    return iteration_of(e, node.at, emit_expr(e, node))


def unrolled_elements(iteration: Iteration) -> list[Sugared] | None:
    return None if iteration.elements is None else list(iteration.elements)


def iteration_of(e: Emitter, node: ast.AST, value: Sugared) -> Iteration:
    match value:
        case Val(type=ListType(element=kind)):
            return Iteration(Val(kind))
        case Val(type=DictType(key=kind)):
            return Iteration(Val(kind))
        case Val(type=TensorType()):
            return Iteration(Val(TENSOR))
        case Val(type=TupleType(elements=kinds)):
            return Iteration(UNKNOWN_VAL, True, tuple(Val(kind) for kind in kinds))
        case Val(type=Simple() as kind) if kind == STR:
            return Iteration(Val(STR))
        case Val(type=kind) if kind == UNKNOWN:
            return Iteration(UNKNOWN_VAL, uncertain=True)
        case RangeValue():
            return Iteration(Val(INT))
        case SugaredTuple(elements=elements):
            return Iteration(UNKNOWN_VAL, True, elements)
        case SugaredList(elements=elements):
            return Iteration(UNKNOWN_VAL, True, elements)
        case ModuleRef():
            return _module(e, node, value)
        case IterableTree():
            return _tree(e, node, value)
        case EnumRef(type=kind):
            return Iteration(Val(kind))
        case Opaque(configured=configured):
            return Iteration(UNKNOWN_VAL, uncertain=True, doubtful=not configured)
        case PythonValue(type_name=""):
            return Iteration(UNKNOWN_VAL, uncertain=True, doubtful=True)
        case Val(type=kind):
            what = str(kind)
            e.report(
                "JIT211",
                node,
                f"'{what}' object is not iterable",
                f"A value of type {what} cannot be iterated",
            )
            return Iteration(UNKNOWN_VAL)
        case PythonValue():
            e.report("JIT306", node, f"{describe(value)} cannot be used as an iterable")
            return Iteration(UNKNOWN_VAL)
        case ClassRef():
            pass
    e.report("JIT211", node, f"{describe(value)} cannot be used as an iterable")
    return Iteration(UNKNOWN_VAL)


def _module(e: Emitter, node: ast.AST, module: ModuleRef) -> Iteration:
    from jitlint.emit.containers import container_elements

    kind = container_kind(e.compiler, module.shape)
    if kind == "":
        e.report(
            "JIT211",
            node,
            "Only constant Sequential, ModuleList, ModuleDict, or ParameterList can be used as an iterable",
            "A module that is no container cannot be iterated",
        )
        return Iteration(UNKNOWN_VAL)
    if kind is None:
        return Iteration(UNKNOWN_VAL, True, None)
    return Iteration(UNKNOWN_VAL, True, container_elements(e, module, kind))


def _tree(e: Emitter, node: ast.AST, value: IterableTree) -> Iteration:
    children = [iteration_of(e, node, child) for child in value.children]
    members = list(zip(children, value.children, strict=True))
    fixed = [one for one, child in members if one.unrolled]
    doubtful = any(one.doubtful for one in children)
    if not fixed:
        uncertain = any(one.uncertain for one in children)
        return Iteration(SugaredTuple(tuple(one.element for one in children)), uncertain=uncertain, doubtful=doubtful)
    counters = 1 if value.kind == "enumerate" else 0
    loose = [one for one, child in members[counters:] if not one.unrolled]
    if any(_unknown(one) for one in loose):
        return Iteration(UNKNOWN_VAL, True, None, doubtful=doubtful)
    if loose:
        e.report(
            "JIT214",
            node,
            "Can not iterate over a module list or tuple with a value that does not have a statically determinable "
            "length",
            "Modules or a tuple cannot be zipped with something whose length is known only at run time",
        )
        return Iteration(UNKNOWN_VAL, True, None)
    if any(one.elements is None for one in fixed):
        return Iteration(UNKNOWN_VAL, True, None)
    length = min(len(one.elements or ()) for one in fixed)
    rows: list[Sugared] = []
    for position in range(length):
        parts: list[Sugared] = []
        for one in children:
            parts.append((one.elements or ())[position] if one.unrolled else Val(INT))
        rows.append(SugaredTuple(tuple(parts)))
    return Iteration(UNKNOWN_VAL, True, tuple(rows))


def _unknown(one: Iteration) -> bool:
    return not one.unrolled and one.element == UNKNOWN_VAL


def as_tuple(e: Emitter, node: ast.AST, value: Sugared) -> list[Sugared] | None:
    """A sugared value as a tuple, to unpack it."""
    from jitlint.emit.containers import container_elements

    match value:
        case ModuleRef():
            kind = container_kind(e.compiler, value.shape)
            if kind:
                elements = container_elements(e, value, kind)
                return None if elements is None else list(elements)
            if kind is None:
                return None
            e.report(
                "JIT211",
                node,
                "None of the elements can be used as a tuple: module cannot be used as a tuple",
                "A module that is no container cannot be unpacked",
            )
            return None
        case IterableTree():
            iteration = iteration_of(e, node, value)
            if iteration.unrolled:
                return unrolled_elements(iteration)
        case EnumRef():
            return None
    e.report("JIT211", node, f"{describe(value)} cannot be used as a tuple")
    return None
