"""``isinstance``, ``hasattr`` and ``getattr``: answered at compile time (``emitIsInstance``, ``emitHasAttr``, ``emitGetAttr``)."""

from __future__ import annotations

import ast

from jitlint.emit.attributes import attribute
from jitlint.emit.calls import call_arguments
from jitlint.emit.conditions import Condition, refine_isinstance, uncertain, unresolved_test
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import UNKNOWN_VAL, EnumRef, ModuleRef, Opaque, PythonModule, Sugared, Val, describe
from jitlint.shapes import values as py
from jitlint.syntax import tree
from jitlint.types.model import UNKNOWN, ClassType, InterfaceType, TupleType, Type
from jitlint.types.relations import contains_unknown


def emit_isinstance(e: Emitter, node: tree.Apply) -> Condition:
    from jitlint.emit.expressions import emit_expr

    if len(node.args) != 2 or node.kwargs:
        call_arguments(e, node)
        e.report(
            "JIT315",
            node.at,
            f"isinstance expected exactly 2 arguments but found {len(node.args) + len(node.kwargs)}",
        )
        return Condition()
    value = emit_expr(e, node.args[0])
    kinds = _types(e, node.args[1], node.args[0].at)
    if isinstance(value, Opaque):
        return uncertain(node, value.configured)
    if kinds is None or UNKNOWN in kinds:
        if isinstance(value, Val) and kinds is not None:
            return unresolved_test(node.args[0], value)
        return uncertain(node, kinds is None)
    if isinstance(value, Val) and any(isinstance(kind, ClassType) and kind.is_module for kind in kinds):
        if not isinstance(value.type, ClassType):
            return Condition(static=False) if not contains_unknown(value.type) else uncertain(node, False)
    if isinstance(value, ModuleRef):
        return uncertain(node, True)
    return refine_isinstance(node.args[0], as_val(e, node.args[0].at, value), kinds)


def _types(e: Emitter, node: tree.Expr, at: ast.AST) -> list[Type] | None:
    """The types of the second argument, Unknown where one is not known; None where one is a class of modules. `at`: the
    first argument, where the compiler says that it was when it compiled a class."""
    if isinstance(node, tree.TupleLiteral):
        kinds: list[Type] = []
        for element in node.elements:
            inner = _types(e, element, at)
            if inner is None:
                return None
            kinds.extend(inner)
        return kinds
    kind = e.compiler.isinstance_type(e, node, at)
    return None if kind is None else [UNKNOWN] if contains_unknown(kind) else [kind]


def emit_hasattr(e: Emitter, node: tree.Apply) -> Condition:
    from jitlint.emit.expressions import emit_expr

    if len(node.args) != 2 or node.kwargs:
        e.report("JIT315", node.at, f"hasattr expected exactly 2 arguments but found {len(node.args)}")
        return Condition()
    value = emit_expr(e, node.args[0])
    name = node.args[1]
    if not isinstance(name, tree.StringLiteral):
        e.report("JIT315", node.at, "hasattr's second argument must be a string literal")
        return Condition()
    found = has_attribute(e, node, value, name.value)
    if found is None:
        return uncertain(node, isinstance(value, ModuleRef) and _configured(e, value, name.value))
    return Condition(static=found)


def _configured(e: Emitter, module: ModuleRef, name: str) -> bool:
    """Whether the constructor's arguments decide what an attribute is."""
    value = module.shape.attributes.get(name)
    return isinstance(value, py.OneOf) or (isinstance(value, py.Unknown) and value.configured)


def has_attribute(e: Emitter, node: tree.Apply, value: Sugared, name: str) -> bool | None:
    match value:
        case ModuleRef():
            from jitlint.emit.modules import has_member

            return has_member(e, value, name)
        case Opaque() | PythonModule() | EnumRef():
            return None
        case Val(type=kind) if kind == UNKNOWN:
            return None
        case Val(type=ClassType(is_module=False) as kind):
            from jitlint.emit.script_classes import facts

            found = facts(e.compiler, kind)
            if found is None:
                return None
            return name in found.fields or name in found.methods
        case Val(type=InterfaceType() | ClassType()):
            return None
        case Val(type=TupleType(fields=fields)) if fields:
            return name in fields
        case Val(type=kind):
            e.report(
                "JIT315",
                node.at,
                f"hasattr's first argument must be an object or NamedTuple, got {kind} instead",
            )
            return None
    e.report("JIT315", node.at, f"hasattr's first argument must be an object, got a {describe(value)} instead")
    return None


def emit_getattr(e: Emitter, node: tree.Apply) -> Sugared:
    from jitlint.emit.expressions import emit_expr, emit_val

    count = len(node.args) + len(node.kwargs)
    if not 2 <= count <= 3:
        e.report("JIT315", node.at, f"getattr expected to have number of arguments between 2 and 3 but found {count}")
        return UNKNOWN_VAL
    value = emit_expr(e, node.args[0])
    name = node.args[1] if len(node.args) > 1 else None
    if not isinstance(name, tree.StringLiteral):
        e.report("JIT315", node.at, "getattr's second argument must be a string literal")
        return UNKNOWN_VAL
    if len(node.args) == 3:
        found = None
        if isinstance(value, ModuleRef):
            from jitlint.emit.modules import has_member

            found = has_member(e, value, name.value)
        elif isinstance(value, Val) and isinstance(value.type, ClassType):
            found = has_attribute(e, node, value, name.value)
        elif isinstance(value, Val) and value.type != UNKNOWN:
            found = True
        if found is None:
            emit_val(e, node.args[2])
            return UNKNOWN_VAL
        if not found:
            return emit_val(e, node.args[2])
    return attribute(e, node.at, value, name.value)
