"""Operators: which aten symbol stands for which Python operator, and the dunder methods of classes."""

from __future__ import annotations

from jitlint.emit.calls import call_builtin, call_method
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import UNKNOWN_VAL, ModuleRef, Val
from jitlint.syntax import tree
from jitlint.types.model import BOOL, STR, UNKNOWN, ClassType, EnumType, TupleType
from jitlint.types.relations import contains_unknown

SYMBOLS = {
    "+": "aten::add",
    "-": "aten::sub",
    "*": "aten::mul",
    "/": "aten::div",
    "//": "aten::floordiv",
    "%": "aten::remainder",
    "**": "aten::pow",
    "@": "aten::matmul",
    "&": "aten::__and__",
    "|": "aten::__or__",
    "^": "aten::__xor__",
    "<<": "aten::__lshift__",
    ">>": "aten::__rshift__",
    "==": "aten::eq",
    "!=": "aten::ne",
    "<": "aten::lt",
    "<=": "aten::le",
    ">": "aten::gt",
    ">=": "aten::ge",
    "is": "aten::__is__",
    "is not": "aten::__isnot__",
}
AUGMENTED = {
    "+": "aten::add",
    "-": "aten::sub",
    "*": "aten::mul",
    "/": "aten::div",
    "%": "aten::fmod",
    "**": "aten::pow",
    "&": "aten::__iand__",
    "|": "aten::__ior__",
    "^": "aten::__ixor__",
    "<<": "aten::__ilshift__",
    ">>": "aten::__irshift__",
}
DUNDERS = {
    "+": "__add__",
    "-": "__sub__",
    "*": "__mul__",
    "/": "__truediv__",
    "//": "__floordiv__",
    "%": "__mod__",
    "**": "__pow__",
    "@": "__matmul__",
    "&": "__and__",
    "|": "__or__",
    "^": "__xor__",
    "<<": "__lshift__",
    ">>": "__rshift__",
    "==": "__eq__",
    "!=": "__ne__",
    "<": "__lt__",
    "<=": "__le__",
    ">": "__gt__",
    ">=": "__ge__",
}


def emit_binary(e: Emitter, node: tree.Binary) -> Val:
    from jitlint.emit.expressions import emit_val

    left = emit_val(e, node.left)
    if node.op in ("in", "not in"):
        from jitlint.emit.containers import container_has
        from jitlint.emit.expressions import emit_expr

        value = emit_expr(e, node.right)
        if isinstance(value, ModuleRef):
            return container_has(e, value, left, node.op == "not in")
        return emit_binary_values(e, node, left, as_val(e, node.right.at, value))
    right = emit_val(e, node.right)
    return emit_binary_values(e, node, left, right)


def emit_binary_values(e: Emitter, node: tree.Binary | tree.AugAssign, left: Val, right: Val) -> Val:
    op = node.op
    if op in ("in", "not in"):
        return _contains(e, node, left, right)
    if isinstance(left.type, ClassType) and not left.type.is_module and op in DUNDERS:
        from jitlint.emit.script_classes import facts

        if facts(e.compiler, left.type) is None:
            return UNKNOWN_VAL
        return as_val(e, node.at, call_method(e, node.at, left, DUNDERS[op], [right], "JIT302"))
    if op == "+" and isinstance(left.type, TupleType) and isinstance(right.type, TupleType):
        return Val(TupleType(left.type.elements + right.type.elements))
    symbol = SYMBOLS.get(op)
    if op == "%" and left.type == STR:
        return Val(STR)
    if symbol is None or left.type == UNKNOWN or right.type == UNKNOWN:
        return _unknown_operand(op, left, right)
    if op in ("==", "!=") and isinstance(left.type, EnumType) and isinstance(right.type, EnumType):
        return Val(BOOL)
    if isinstance(left.type, TupleType) and isinstance(right.type, TupleType) and op in ("==", "!="):
        if contains_unknown(left.type) or contains_unknown(right.type):
            return Val(BOOL)
    return call_builtin(e, node.at, symbol, [left, right])


def _unknown_operand(op: str, left: Val, right: Val) -> Val:
    from jitlint.types.model import TensorType

    known = right.type if left.type == UNKNOWN else left.type
    if isinstance(known, TensorType) and op in {"+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^"}:
        return Val(known.__class__())
    return UNKNOWN_VAL


def _contains(e: Emitter, node: tree.Binary | tree.AugAssign, left: Val, right: Val) -> Val:
    if right.type == UNKNOWN or left.type == UNKNOWN:
        return UNKNOWN_VAL
    if isinstance(right.type, ClassType) and not right.type.is_module:
        return as_val(e, node.at, call_method(e, node.at, right, "__contains__", [left], "JIT302"))
    call_builtin(e, node.at, "aten::__contains__", [right, left])
    return Val(BOOL)


def emit_unary(e: Emitter, node: tree.Unary) -> Val:
    from jitlint.emit.conditions import condition_value, emit_condition
    from jitlint.emit.expressions import emit_val

    if node.op == "not":
        condition = emit_condition(e, node)
        return condition_value(condition)
    value = emit_val(e, node.value)
    if value.type == UNKNOWN:
        return UNKNOWN_VAL
    if node.op == "-" and value.is_constant and isinstance(value.constant, (int, float)):
        if not isinstance(value.constant, bool):
            return Val(value.type, -value.constant)
    if isinstance(value.type, ClassType) and not value.type.is_module:
        dunder = "__neg__" if node.op == "-" else "__invert__"
        return as_val(e, node.at, call_method(e, node.at, value, dunder, [], "JIT302"))
    symbol = "aten::neg" if node.op == "-" else "aten::bitwise_not"
    return call_builtin(e, node.at, symbol, [value])
