"""Expressions (``emitExpr``, ``emitSugaredExpr``)."""

from __future__ import annotations

from dataclasses import replace

from jitlint.emit import literals, operators
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import NOT_CONSTANT, UNKNOWN_VAL, Opaque, Sugared, Val
from jitlint.emit.variables import get_variable
from jitlint.syntax import tree
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, NONE, STR, UNKNOWN, TupleType, Type, UnionType
from jitlint.types.relations import contains_unknown, is_huge, is_subtype, unify


def emit_val(e: Emitter, node: tree.Expr, hint: Type | None = None) -> Val:
    """The expression as a first-class value; `hint` is the type expected of it, which shapes literals."""
    return as_val(e, node.at, emit_expr(e, node, hint))


def emit_expr(e: Emitter, node: tree.Expr, hint: Type | None = None, binders: int = 1) -> Sugared:
    """What the expression means. `binders`: how many names take the result (a Python call gives that many)."""
    value = _emit(e, node, hint, binders)
    if isinstance(value, Opaque) and not value.told:
        value = _tell(e, node, value)
    if e.types is not None:
        e.record(node.at, value)
    return value


def _tell(e: Emitter, node: tree.Expr, value: Opaque) -> Opaque:
    """Notes what could not be resolved, once."""
    from jitlint.emit.conditions import source_text

    if e.muted:
        return value
    e.unknown(node.at, f"'{source_text(node.at)}' could not be resolved")
    return replace(value, told=True)


def _emit(e: Emitter, node: tree.Expr, hint: Type | None, binders: int) -> Sugared:
    match node:
        case tree.Var(name=name):
            return get_variable(e, node.at, name)
        case tree.Select():
            from jitlint.emit.attributes import emit_select

            return emit_select(e, node)
        case tree.Apply():
            from jitlint.emit.calls import emit_apply

            return emit_apply(e, node, hint, binders)
        case tree.Const(value=constant):
            kind = INT if isinstance(constant, int) else FLOAT if isinstance(constant, float) else COMPLEX
            if isinstance(constant, int) and constant >= 2**63:
                text = "Integral constant out of range (must fit in a signed 64 bit integer)"
                e.report("JIT122", node.at, text, "an int has 64 bits in TorchScript: this literal does not fit")
            return Val(kind, constant)
        case tree.BoolLiteral(value=flag):
            return Val(BOOL, flag)
        case tree.NoneLiteral():
            return Val(NONE, None)
        case tree.StringLiteral(value=text):
            return Val(STR, text)
        case tree.Binary(op="and" | "or"):
            return _bool_op(e, node)
        case tree.Binary(op="is" | "is not" | "in" | "not in"):
            return _bool_op(e, node) if node.op.startswith("is") else operators.emit_binary(e, node)
        case tree.Binary():
            return operators.emit_binary(e, node)
        case tree.Unary():
            return operators.emit_unary(e, node)
        case tree.TernaryIf():
            return _ternary(e, node, hint)
        case tree.ListLiteral():
            return _of_union(literals.emit_list(e, node, hint), hint)
        case tree.DictLiteral():
            return _of_union(literals.emit_dict(e, node, hint), hint)
        case tree.TupleLiteral(elements=elements):
            return _tuple(e, elements, hint)
        case tree.ListComp():
            return literals.emit_list_comp(e, node, hint)
        case tree.DictComp():
            return _of_union(literals.emit_dict_comp(e, node, hint), hint)
        case tree.Subscript():
            from jitlint.emit.subscripts import emit_subscript

            return emit_subscript(e, node, hint)
        case tree.Dots():
            e.report("JIT310", node.at, "Cannot emit expr for: (dots)", "`...` is not a value in TorchScript")
            return UNKNOWN_VAL
        case tree.Starred():
            e.report("JIT213", node.at, "Unexpected starred expansion. File a bug report")
            return UNKNOWN_VAL
        case tree.Hole(parts=parts):
            if e.types is not None:
                e.muted += 1
                for part in parts:
                    emit_expr(e, part)
                e.muted -= 1
            return UNKNOWN_VAL
        case tree.SliceExpr():
            return UNKNOWN_VAL


def _tuple(e: Emitter, elements: tuple[tree.Expr, ...], hint: Type | None) -> Val:
    values = expand(e, elements)
    if values is None:
        return UNKNOWN_VAL
    kind = TupleType(tuple(value.type for value in values))
    if is_huge(kind):
        return UNKNOWN_VAL
    constants = tuple(value.constant for value in values)
    constant: object = NOT_CONSTANT if any(one is NOT_CONSTANT for one in constants) else constants
    return Val(kind, constant)


def expand(e: Emitter, elements: tuple[tree.Expr, ...]) -> list[Val] | None:
    """The values of several expressions, starred ones expanded; None where a length is not known."""
    from jitlint.emit.assignments import unpacked

    values: list[Val] = []
    known = True
    for element in elements:
        if isinstance(element, tree.Starred):
            inner = emit_expr(e, element.value)
            parts = unpacked(e, element.at, inner, None)
            if parts is None:
                known = False
                continue
            values.extend(as_val(e, element.at, part) for part in parts)
        else:
            values.append(emit_val(e, element))
    return values if known else None


def _bool_op(e: Emitter, node: tree.Binary) -> Val:
    from jitlint.emit.conditions import condition_value, emit_condition

    return condition_value(emit_condition(e, node))


def _of_union(value: Val, hint: Type | None) -> Val:
    """A literal that a Union's annotation gave its type is cast to the Union at once."""
    if isinstance(hint, UnionType) and not contains_unknown(value.type) and is_subtype(value.type, hint):
        return Val(hint)
    return value


def _ternary(e: Emitter, node: tree.TernaryIf, hint: Type | None) -> Sugared:
    from jitlint.emit.conditions import emit_condition, insert_refinements

    condition = emit_condition(e, node.cond)
    if condition.static is not None:
        chosen = node.true if condition.static else node.false
        refinements = condition.true if condition.static else condition.false
        with e.pushed():
            insert_refinements(e, refinements)
            return emit_val(e, chosen, hint)
    with e.pushed(), e.under(condition.when_true, condition.unresolved):
        insert_refinements(e, condition.true)
        true = emit_val(e, node.true, hint)
    with e.pushed(), e.under(condition.when_false, condition.unresolved):
        insert_refinements(e, condition.false)
        false = emit_val(e, node.false, hint)
    if condition.maybe_static:
        return Val(true.type) if true.type == false.type else UNKNOWN_VAL
    joined = unify(true.type, false.type)
    if joined is None and hint is not None and not isinstance(hint, UnionType):
        joined = unify(true.type, false.type, hint=hint)
    if joined is None:
        if not (contains_unknown(true.type) or contains_unknown(false.type)):
            e.report(
                "JIT205",
                node.at,
                f"if-expression's true branch has type {true.type} but false branch has type {false.type}",
                f"The two values of this conditional expression are {true.type} and {false.type}",
            )
        return Val(UNKNOWN)
    return Val(joined)
