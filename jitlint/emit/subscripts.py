"""Subscripts and slices (``emitSubscript``, ``emitMultidimSlicing``, ``emitTupleIndex``…)."""

from __future__ import annotations

import ast

from jitlint.emit.calls import call_builtin, call_method
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import (
    UNKNOWN_VAL,
    EnumRef,
    ModuleRef,
    Opaque,
    PythonValue,
    SliceValue,
    Sugared,
    SugaredList,
    SugaredTuple,
    Val,
)
from jitlint.syntax import tree
from jitlint.types.model import (
    ANY_LIST,
    ANY_TUPLE,
    INT,
    NONE,
    NUMBER,
    STR,
    TENSOR,
    UNKNOWN,
    ClassType,
    DictType,
    InterfaceType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown, unify_all


def emit_subscript(e: Emitter, node: tree.Subscript, hint: Type | None = None) -> Sugared:
    from jitlint.emit.expressions import emit_expr

    value = emit_expr(e, node.value)
    match value:
        case ModuleRef():
            from jitlint.emit.containers import subscript_module

            return subscript_module(e, node, value, hint)
        case SugaredTuple() | SugaredList():
            return _sugared(e, node, value)
        case Opaque():
            index_values(e, node)
            return UNKNOWN_VAL
        case PythonValue() if value.type_name == "":
            return UNKNOWN_VAL
        case Val():
            return emit_subscript_of(e, node, value)
        case EnumRef() | PythonValue():
            return as_val(e, node.at, value)
    return as_val(e, node.value.at, value)


def _sugared(e: Emitter, node: tree.Subscript, value: SugaredTuple | SugaredList) -> Sugared:
    elements = value.elements
    indices = index_values(e, node)
    if elements is None or len(indices) != 1:
        return UNKNOWN_VAL
    if isinstance(node.indices[0], tree.SliceExpr):
        return _slice_elements(node.indices[0], e, elements)
    position = constant_int(e, node.indices[0])
    if position is None:
        return UNKNOWN_VAL
    if -len(elements) <= position < len(elements):
        return elements[position]
    return UNKNOWN_VAL


def _slice_elements(node: tree.SliceExpr, e: Emitter, elements: tuple[Sugared, ...]) -> Sugared:
    bounds = slice_bounds(e, node)
    return UNKNOWN_VAL if bounds is None else SugaredTuple(elements[bounds])


def slice_bounds(e: Emitter, node: tree.SliceExpr) -> slice | None:
    """The slice, where its bounds are constants."""
    parts: list[int | None] = []
    for part in (node.start, node.end, node.step):
        if part is None or isinstance(part, tree.NoneLiteral):
            parts.append(None)
            continue
        value = constant_int(e, part)
        if value is None:
            return None
        parts.append(value)
    if parts[2] == 0:
        return None
    return slice(*parts)


def constant_int(e: Emitter, node: tree.Expr) -> int | None:
    """The value of an index that is a compile-time constant; None where it is none (or not known)."""
    from jitlint.emit.expressions import emit_expr

    e.muted += 1
    try:
        value = emit_expr(e, node)
    finally:
        e.muted -= 1
    if isinstance(value, Val) and isinstance(value.constant, int) and not isinstance(value.constant, bool):
        return value.constant
    return None


def _index_value(e: Emitter, index: tree.Expr) -> Val:
    """An index as a value; one that is a slice stands for what nobody looks at."""
    from jitlint.emit.expressions import emit_expr

    value = emit_expr(e, index)
    return UNKNOWN_VAL if isinstance(value, SliceValue) else as_val(e, index.at, value)


def index_values(e: Emitter, node: tree.Subscript) -> list[Val]:
    """Types the indices for what they hold; slices yield nothing."""
    from jitlint.emit.expressions import emit_val

    values: list[Val] = []
    for index in node.indices:
        match index:
            case tree.SliceExpr(start=start, end=end, step=step):
                for part in (start, end, step):
                    if part is not None:
                        emit_val(e, part)
                values.append(UNKNOWN_VAL)
            case tree.Dots():
                values.append(UNKNOWN_VAL)
            case tree.Starred(value=inner):
                emit_val(e, inner)
                values.append(UNKNOWN_VAL)
            case _:
                values.append(_index_value(e, index))
    return values


def emit_subscript_of(e: Emitter, node: tree.Subscript, value: Val) -> Sugared:
    """``value[indices]`` for a first-class value."""
    kind = value.type
    if kind == UNKNOWN:
        index_values(e, node)
        return UNKNOWN_VAL
    if isinstance(kind, TensorType):
        return _tensor(e, node)
    if len(node.indices) != 1:
        index_values(e, node)
        e.report(
            "JIT220",
            node.at,
            "Unsupported operation: attempted to use multidimensional indexing on a non-tensor type",
            f"A value of type {kind} takes one index",
        )
        return UNKNOWN_VAL
    index = node.indices[0]
    if isinstance(index, tree.SliceExpr):
        return _slice(e, node, index, value)
    return _index(e, node, index, value)


def _slice(e: Emitter, node: tree.Subscript, index: tree.SliceExpr, value: Val) -> Sugared:
    from jitlint.emit.expressions import emit_val

    kind = value.type
    if isinstance(kind, TupleType):
        bounds = slice_bounds(e, index)
        if bounds is None:
            parts = [emit_val(e, part) for part in (index.start, index.end, index.step) if part is not None]
            if not any(part.maybe_constant for part in parts):
                e.report(
                    "JIT222",
                    node.at,
                    "tuple slice indices must be integer constants",
                    "The bounds of a tuple's slice must be integer literals",
                )
            return UNKNOWN_VAL
        return Val(TupleType(kind.elements[bounds]))
    args: list[Val] = [value]
    for part in (index.start, index.end, index.step):
        args.append(Val(NONE) if part is None else emit_val(e, part))
    if index.step is None:
        args[3] = Val(INT, 1)
    if isinstance(kind, ListType) or kind == STR:
        return call_builtin(e, node.at, "aten::slice", args)
    if isinstance(kind, ClassType) and not kind.is_module:
        return _class_item(e, node, value, args[1:])
    e.report("JIT220", node.at, f"'{kind}' object is not subscriptable", f"A value of type {kind} cannot be sliced")
    return UNKNOWN_VAL


def _class_item(e: Emitter, node: tree.Subscript, value: Val, args: list[Val]) -> Sugared:
    from jitlint.emit.class_members import has_method

    if isinstance(value.type, ClassType) and has_method(e.compiler, value.type, "__getitem__") is False:
        e.report(
            "JIT611",
            node.at,
            f"'{value.type}' object has no attribute or method '__getitem__'. Did you forget to initialize an attribute in "
            "__init__()?",
            "The class does not define __getitem__",
        )
        return UNKNOWN_VAL
    return call_method(e, node.at, value, "__getitem__", args, "JIT220")


def _index(e: Emitter, node: tree.Subscript, index: tree.Expr, value: Val) -> Sugared:
    kind = value.type
    if isinstance(kind, TupleType):
        return _tuple_index(e, node, index, kind)
    from jitlint.emit.expressions import emit_expr

    position = emit_expr(e, index)
    if isinstance(position, SliceValue):
        return Val(kind) if isinstance(kind, ListType) or kind == STR else UNKNOWN_VAL
    found = as_val(e, index.at, position)
    match kind:
        case ListType(element=element):
            result = call_builtin(e, node.at, "aten::__getitem__", [value, found])
            return result if result.type != UNKNOWN else Val(element)
        case DictType(value=item):
            result = call_builtin(e, node.at, "aten::__getitem__", [value, found])
            return result if result.type != UNKNOWN else Val(item)
        case ClassType(is_module=False):
            return _class_item(e, node, value, [found])
        case ClassType() | InterfaceType():
            return UNKNOWN_VAL
    if kind == STR:
        return call_builtin(e, node.at, "aten::__getitem__", [value, found])
    if kind in (ANY_LIST, ANY_TUPLE) or (contains_unknown(kind) and not isinstance(kind, OptionalType)):
        if kind in (ANY_LIST, ANY_TUPLE):
            e.report("JIT220", node.at, f"'{kind}' object is not subscriptable")
        return UNKNOWN_VAL
    e.report("JIT220", node.at, f"'{kind}' object is not subscriptable", f"A value of type {kind} cannot be indexed")
    return UNKNOWN_VAL


def _tuple_index(e: Emitter, node: tree.Subscript, index: tree.Expr, kind: TupleType) -> Val:
    from jitlint.emit.expressions import emit_expr

    position = emit_expr(e, index)
    if isinstance(position, SliceValue):
        return UNKNOWN_VAL
    found = as_val(e, index.at, position)
    elements = kind.elements
    if found.is_constant and isinstance(found.constant, int):
        number = found.constant
        if not -len(elements) <= number < len(elements):
            e.report(
                "JIT222",
                node.at,
                f"Tuple index out of range. Tuple is length {len(elements)} and index is {number}",
            )
            return UNKNOWN_VAL
        return Val(elements[number])
    if found.type == UNKNOWN or found.maybe_constant:
        return Val(elements[0]) if len(set(elements)) == 1 else UNKNOWN_VAL
    if found.type != INT:
        e.report("JIT222", node.at, "tuple index must be an integer", "The index of a tuple must be an integer")
        return UNKNOWN_VAL
    unified, _ = unify_all(elements)
    if unified is None or not elements:
        e.report(
            "JIT222",
            node.at,
            f"Cannot index into a {kind} with a non-integer literal because we cannot resolve the output type",
            "A tuple of different types can be indexed only by an integer literal",
        )
        return UNKNOWN_VAL
    return Val(unified)


def _tensor(e: Emitter, node: tree.Subscript) -> Val:
    from jitlint.emit.expressions import emit_val

    seen_dots = False
    if len(node.indices) == 1 and isinstance(node.indices[0], tree.Dots):
        e.report("JIT221", node.at, "Cannot emit expr for: (dots)", "`x[...]` alone is not supported")
        return Val(TENSOR)
    for index in node.indices:
        match index:
            case tree.SliceExpr(start=start, end=end, step=step):
                for part in (start, end, step):
                    if part is None:
                        continue
                    bound = emit_val(e, part)
                    _slice_bound(e, node.at, bound)
            case tree.Dots():
                if seen_dots:
                    e.report(
                        "JIT221",
                        node.at,
                        "An index can only have a single ellipsis ('...')",
                    )
                seen_dots = True
            case tree.Starred(value=inner):
                emit_val(e, inner)
                e.report("JIT213", index.at, "Unexpected starred expansion. File a bug report")
            case _:
                _tensor_index(e, node, index.at, _index_value(e, index).type, seen_dots)
    return Val(TENSOR)


def _slice_bound(e: Emitter, node: ast.AST, bound: Val) -> None:
    kind = bound.type
    if contains_unknown(kind) or kind in (INT, NONE, NUMBER) or isinstance(kind, TensorType) or str(kind) == "bool":
        return
    call_builtin(e, node, "aten::slice", [Val(TENSOR), Val(INT), bound, Val(INT), Val(INT)])


def _tensor_index(e: Emitter, node: tree.Subscript, at: ast.AST, kind: Type, after_dots: bool) -> None:
    if contains_unknown(kind) or kind in (INT, NONE):
        return
    advanced = isinstance(kind, TensorType) or (isinstance(kind, OptionalType) and isinstance(kind.element, TensorType))
    if isinstance(kind, ListType) and _index_list(kind.element):
        advanced = True
    if advanced:
        if after_dots:
            e.report(
                "JIT221",
                node.at,
                "Ellipses followed by tensor indexing is currently not supported",
            )
        return
    if str(kind) == "number":
        return
    e.report(
        "JIT221",
        node.at,
        f"Unsupported operation: indexing tensor with unsupported index type '{kind}'. Only ints, slices, lists and "
        "tensors are supported",
        f"A tensor cannot be indexed with a value of type {kind}",
    )


def _index_list(element: Type) -> bool:
    if isinstance(element, ListType):
        return _index_list(element.element)
    return str(element) in {"int", "bool", "float", "complex", "Tensor"}
