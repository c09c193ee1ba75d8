"""Assignment to names, tuples, attributes and items; augmented assignment; ``del`` (``emitAssignment`` and callees)."""

from __future__ import annotations

import ast

from jitlint.emit.attributes import set_attribute
from jitlint.emit.calls import call_builtin, call_method
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.expressions import emit_expr, emit_val
from jitlint.emit.operators import AUGMENTED, emit_binary_values
from jitlint.emit.subscripts import emit_subscript_of, index_values
from jitlint.emit.values import UNKNOWN_VAL, Opaque, PythonValue, Sugared, SugaredList, SugaredTuple, Val
from jitlint.emit.variables import get_variable, set_variable
from jitlint.syntax import tree
from jitlint.types.model import (
    STR,
    TENSOR,
    UNKNOWN,
    ClassType,
    DictType,
    ListType,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown, is_subtype


def emit_assign(e: Emitter, statement: tree.Assign) -> None:
    annotated = None
    if statement.annotation is not None:
        annotated = e.compiler.annotation(e, statement.annotation)
    target = statement.targets[0]
    if isinstance(target, tree.Var) and len(statement.targets) == 1:
        value = emit_expr(e, statement.value, annotated)
        set_variable(e, target.at, target.name, value, annotated)
        return
    hint = annotated
    # A target with several names says how many values a Python call gives back.
    value = emit_expr(e, statement.value, hint, binders=_binders(target))
    for one in statement.targets:
        assign_target(e, one, value, statement, annotated)


def _binders(target: tree.Expr) -> int:
    return len(target.elements) if isinstance(target, (tree.TupleLiteral, tree.ListLiteral)) else 1


def assign_target(
    e: Emitter,
    target: tree.Expr,
    value: Sugared,
    statement: tree.Assign | None = None,
    annotated: Type | None = None,
) -> None:
    """Stores `value` in `target`, which may be a name, a tuple of targets, an attribute or an item."""
    match target:
        case tree.Var(name=name):
            set_variable(e, target.at, name, value, annotated)
        case tree.TupleLiteral(elements=targets) | tree.ListLiteral(elements=targets):
            _unpack(e, target, targets, value)
        case tree.Select():
            set_attribute(e, target, value)
        case tree.Subscript():
            _set_item(e, target, as_val(e, target.at, value))
        case tree.Starred(value=inner):
            assign_target(e, inner, value)
        case tree.Hole():
            pass
        case _:
            e.report("JIT224", target.at, "unexpected expression on left-hand side of assignment")


def _unpack(e: Emitter, target: tree.Expr, targets: tuple[tree.Expr, ...], value: Sugared) -> None:
    starred = [i for i, one in enumerate(targets) if isinstance(one, tree.Starred)]
    if starred and len(targets) == 1:
        e.report(
            "JIT212",
            target.at,
            "A Starred expression may only appear on the lhs within the presence of another non-starred expression",
        )
        return
    for i in starred:
        if not isinstance(targets[i], tree.Starred) or not isinstance(targets[i].value, tree.Var):  # type: ignore[union-attr]
            e.report("JIT212", targets[i].at, "Only variables can be used with Starred expression on the lhs")
            return
    elements = unpacked(e, target.at, value, None if starred else len(targets))
    if elements is None:
        for one in targets:
            assign_target(e, one, UNKNOWN_VAL)
        return
    count = len(targets)
    if starred:
        if len(elements) < count - 1:
            e.report("JIT212", target.at, f"need at least {count - 1} values to unpack but found only {len(elements)}")
            elements = [UNKNOWN_VAL] * count
        at = starred[0]
        taken = len(elements) - (count - 1)
        middle = elements[at : at + taken]
        kinds = tuple(as_val(e, target.at, one).type for one in middle)
        elements = [*elements[:at], Val(TupleType(kinds)), *elements[at + taken :]]
    elif len(elements) != count:
        text = (
            f"need {'at least ' if len(elements) < count else ''}{count} values to unpack but found only {len(elements)}"
            if len(elements) < count
            else f"too many values to unpack: need {count} but found {len(elements)}"
        )
        e.report("JIT212", target.at, text)
        elements = [UNKNOWN_VAL] * count
    for one, element in zip(targets, elements, strict=True):
        assign_target(e, one, element)


def unpacked(e: Emitter, node: ast.AST, value: Sugared, count: int | None) -> list[Sugared] | None:
    """The elements of `value` as a tuple (``SugaredValue::asTuple``); None where they are not known or a problem was
    reported. `count` is how many are asked for, where that is known."""
    match value:
        case SugaredTuple(elements=elements):
            return list(elements)
        case SugaredList(elements=elements):
            return None if elements is None else list(elements)
        case Opaque():
            return None
        case Val(type=TupleType(elements=kinds)):
            return [Val(kind) for kind in kinds]
        case Val(type=ListType(element=kind)):
            if count is None:
                e.report(
                    "JIT213",
                    node,
                    "cannot statically infer the expected size of a list in this context",
                    "A list cannot be taken apart here: how many elements it has is known only at run time",
                )
                return None
            return [Val(kind)] * count
        case Val(type=kind) if kind == UNKNOWN:
            return None
        case Val(type=kind):
            if str(kind) == "tuple":
                e.report(
                    "JIT211",
                    node,
                    "Provided tuple is not fully defined/refined including its element types, please provide a value "
                    "of type like Tuple[int, int]",
                )
                return None
            e.report("JIT211", node, f"{kind} cannot be used as a tuple", f"A value of type {kind} cannot be unpacked")
            return None
        case PythonValue(type_name=name):
            if name:
                e.report("JIT306", node, f"python value of type '{name}' cannot be used as a tuple")
            return None
    from jitlint.emit.iteration import as_tuple

    return as_tuple(e, node, value)


def _set_item(e: Emitter, target: tree.Subscript, value: Val) -> None:
    base = as_val(e, target.value.at, emit_expr(e, target.value))
    kind = base.type
    if kind == UNKNOWN:
        index_values(e, target)
        return
    if isinstance(kind, TensorType):
        if not _whole(target):
            emit_subscript_of(e, target, base)
        if not isinstance(value.type, TensorType):
            call_builtin(e, target.at, "aten::copy_", [Val(TENSOR), value]) if _number(value.type) is None else None
            if _number(value.type) is False:
                pass
        return
    if isinstance(kind, (ListType, DictType)):
        if any(isinstance(index, tree.SliceExpr) for index in target.indices):
            e.report(
                "JIT224",
                target.at,
                "Sliced assignment to a list is not supported" if isinstance(kind, ListType) else "",
            )
            return
        if len(target.indices) != 1:
            e.report(
                "JIT220",
                target.at,
                "Unsupported operation: attempted to use multidimensional indexing on a non-tensor type",
            )
            return
        index = emit_val(e, target.indices[0])
        call_builtin(e, target.at, "aten::_set_item", [base, index, value])
        return
    if isinstance(kind, ClassType) and not kind.is_module:
        indices = index_values(e, target)
        call_method(e, target.at, base, "__setitem__", [*indices, value], "JIT224")
        return
    if kind == STR:
        call_builtin(e, target.at, "aten::_set_item", [base, *index_values(e, target), value], code="JIT224")
        return
    index_values(e, target)
    e.report(
        "JIT224",
        target.at,
        f"'{kind}' object does not support subscripted assignment",
        f"A value of type {kind} does not support item assignment",
    )


def _whole(target: tree.Subscript) -> bool:
    """``x[...]``, which is no expression but can be assigned to."""
    return len(target.indices) == 1 and isinstance(target.indices[0], tree.Dots)


def _number(kind: Type) -> bool | None:
    """None for what copy_ must judge; True for a number."""
    return True if str(kind) in {"int", "float", "bool", "complex", "number", "Unknown"} else None


def emit_aug_assign(e: Emitter, statement: tree.AugAssign) -> None:
    target = statement.target
    match target:
        case tree.Var(name=name):
            current = get_variable(e, target.at, name)
            left = as_val(e, target.at, current)
            right = emit_val(e, statement.value)
            result = augmented(e, statement, left, right)
            set_variable(e, target.at, name, result)
        case tree.Select():
            from jitlint.emit.attributes import emit_select

            left = as_val(e, target.at, emit_select(e, target))
            right = emit_val(e, statement.value)
            set_attribute(e, target, augmented(e, statement, left, right))
        case tree.Subscript():
            _aug_item(e, statement, target)
        case tree.Hole():
            emit_expr(e, statement.value)
        case _:
            e.report(
                "JIT225",
                target.at,
                "unexpected expression on left-hand side of augmented assignment",
            )


def augmented(e: Emitter, statement: tree.AugAssign, left: Val, right: Val) -> Val:
    """``left op= right``: in place for tensors and lists (``aten::add_``), by the dunder method for classes."""
    if isinstance(left.type, ClassType) and not left.type.is_module:
        from jitlint.emit.class_members import has_method

        inplace = {"+": "__iadd__", "-": "__isub__", "*": "__imul__", "/": "__itruediv__", "%": "__imod__"}
        plain = {"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "%": "__mod__"}
        if statement.op not in inplace:
            e.report("JIT225", statement.at, f"Unknown augmented assignment: '{statement.op}='")
            return UNKNOWN_VAL
        name = inplace[statement.op]
        if has_method(e.compiler, left.type, name) is False:
            name = plain[statement.op]
        return as_val(e, statement.at, call_method(e, statement.at, left, name, [right], "JIT225"))
    symbol = AUGMENTED.get(statement.op)
    if symbol is None:
        return UNKNOWN_VAL
    if isinstance(left.type, (TensorType, ListType)) or left.type == UNKNOWN:
        name = f"{symbol}_"
        if left.type == UNKNOWN:
            return UNKNOWN_VAL
        if e.compiler.api.schemas(name):
            return call_builtin(e, statement.at, name, [left, right])
    if statement.op == "%":
        # ``%=`` is fmod, which gives a float for ints; ``%`` is remainder.
        return UNKNOWN_VAL if right.type == UNKNOWN else call_builtin(e, statement.at, symbol, [left, right])
    return emit_binary_values(e, statement, left, right)


def _del_item(e: Emitter, target: tree.Subscript, base: Val, indices: list[Val]) -> None:
    from jitlint.emit.class_members import has_method

    assert isinstance(base.type, ClassType)
    if has_method(e.compiler, base.type, "__delitem__") is False:
        e.report("JIT226", target.at, "Class does not define __delitem__")
    else:
        call_method(e, target.at, base, "__delitem__", indices, "JIT226")


def _aug_item(e: Emitter, statement: tree.AugAssign, target: tree.Subscript) -> None:
    base = as_val(e, target.value.at, emit_expr(e, target.value))
    kind = base.type
    if kind == UNKNOWN:
        index_values(e, target)
        emit_expr(e, statement.value)
        return
    if isinstance(kind, (TensorType, ListType, DictType)):
        if not isinstance(kind, TensorType) and any(isinstance(i, tree.SliceExpr) for i in target.indices):
            e.report("JIT225", target.at, "Sliced augmented assignment is not supported for lists")
            return
        whole = isinstance(kind, TensorType) and _whole(target)
        item = base if whole else as_val(e, target.at, emit_subscript_of(e, target, base))
        right = emit_val(e, statement.value)
        result = augmented(e, statement, item, right)
        if isinstance(kind, (ListType, DictType)):
            element = kind.element if isinstance(kind, ListType) else kind.value
            if not is_subtype(result.type, element) and not contains_unknown(result.type):
                call_builtin(e, target.at, "aten::_set_item", [base, emit_val(e, target.indices[0]), result])
        return
    if isinstance(kind, ClassType) and not kind.is_module:
        e.report(
            "JIT225",
            target.at,
            f"'{kind}' object does not support augmented assignment of an item",
        )
        return
    e.report(
        "JIT225",
        target.at,
        f"'{kind}' object does not support subscripted assignment",
    )


def emit_delete(e: Emitter, target: tree.Expr) -> None:
    match target:
        case tree.Var(name=name):
            if not e.frame.erase(name):
                e.report("JIT226", target.at, f"undefined value {name}", f"'{name}' cannot be deleted here")
        case tree.Subscript():
            base = as_val(e, target.value.at, emit_expr(e, target.value))
            if any(isinstance(index, tree.SliceExpr) for index in target.indices):
                e.report(
                    "JIT226",
                    target.at,
                    "del statements only support deletion at a single index, slicing is not supported",
                    "Only single items can be deleted",
                )
                return
            indices = index_values(e, target)
            match base.type:
                case ClassType(is_module=False):
                    _del_item(e, target, base, indices)
                case TupleType():
                    text = "We don't have an op for aten::Delete but it isn't a special case."
                    e.report("JIT226", target.at, text, "The items of a tuple cannot be deleted")
                case kind if kind == UNKNOWN:
                    pass
                case _:
                    call_builtin(e, target.at, "aten::Delete", [base, *indices[:1]])
        case tree.TupleLiteral(elements=elements):
            for element in elements:
                emit_delete(e, element)
        case tree.Hole():
            pass
        case _:
            e.report(
                "JIT226",
                target.at,
                "del statements are only supported for deleting list and dict items and variables",
            )
