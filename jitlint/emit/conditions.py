"""Conditions: what is static, and what a test teaches about names (``emitCondExpr``, ``CondValue``, ``RefinementSet``)."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from jitlint.emit.convert import as_val, truth
from jitlint.emit.emitter import Emitter
from jitlint.emit.module_facts import is_settled
from jitlint.emit.values import UNKNOWN_VAL, ModuleRef, Opaque, Special, Sugared, Val
from jitlint.syntax import tree
from jitlint.types.model import ANY, BOOL, NONE, UNKNOWN, OptionalType, Type, UnionType
from jitlint.types.relations import (
    contains_unknown,
    is_subtype,
    may_be_none,
    members_of,
    optional_of,
    subtract,
    union_of,
    without_none,
)

Key = str | tuple[int, str]
Refinements = Mapping[Key, Sugared]
_NONE: dict[Key, Sugared] = {}


@dataclass(frozen=True, slots=True)
class Condition:
    """A tested condition. `true` and `false` are what holds in each arm (a name, or a module's attribute, to its value
    there); `static` is its value where the compiler knows it, None otherwise; `maybe_static` is true where the
    compiler may know it and we do not: then each arm exists only in some configurations, which `when_true` and
    `when_false` put into words. `unresolved`: it is no matter of configuration, something could not be resolved, and
    nothing can be said of either arm."""

    true: Refinements = field(default_factory=dict)
    false: Refinements = field(default_factory=dict)
    static: bool | None = None
    maybe_static: bool = False
    when_true: str = ""
    when_false: str = ""
    unresolved: bool = False


def condition_value(condition: Condition) -> Val:
    """A condition where a value is asked for."""
    if condition.static is not None:
        return Val(BOOL, condition.static)
    return Val(BOOL, maybe_constant=condition.maybe_static, configured=not condition.unresolved)


def insert_refinements(e: Emitter, refinements: Refinements) -> None:
    """A refinement is a store of the narrowed value into the current frame."""
    for key, value in refinements.items():
        if isinstance(key, tuple):
            e.frame.members[key] = value
        elif isinstance(value, Val):
            e.frame.values[key] = value
            e.frame.stored[key] = value.type


def emit_condition(e: Emitter, node: tree.Expr) -> Condition:
    match node:
        case tree.Unary(op="not", value=operand):
            inner = emit_condition(e, operand)
            static = None if inner.static is None else not inner.static
            return _swapped(inner, static)
        case tree.Binary(op="and" | "or"):
            return _short_circuit(e, node)
        case tree.Binary(op="is" | "is not"):
            tested = _none_test(e, node)
            if tested is not None:
                return tested
        case tree.Apply(func=tree.Var(name="isinstance")) if e.frame.find("isinstance") is None:
            from jitlint.emit.reflection import emit_isinstance

            return emit_isinstance(e, node)
        case tree.Apply(func=tree.Var(name="hasattr")) if e.frame.find("hasattr") is None:
            from jitlint.emit.reflection import emit_hasattr

            return emit_hasattr(e, node)
        case tree.Apply(func=tree.Select(name="isinstance") as function):
            from jitlint.emit.expressions import emit_expr
            from jitlint.emit.reflection import emit_isinstance

            if isinstance(emit_expr(e, function), Special):
                return emit_isinstance(e, node)
    return _plain(e, node)


def _plain(e: Emitter, node: tree.Expr) -> Condition:
    from jitlint.emit.expressions import emit_expr

    value = emit_expr(e, node)
    if isinstance(node, tree.Binary):
        # What an operator gives is no constant, whatever its operands are: both arms are compiled.
        truth(e, node.at, as_val(e, node.at, value))
        return Condition()
    if isinstance(value, Opaque):
        return uncertain(node, value.configured)
    if isinstance(value, ModuleRef):
        # A module as a condition: a class value, which has no truth, unless it is a container.
        value = as_val(e, node.at, value)
    found = as_val(e, node.at, value)
    if found.is_constant and found.constant.__class__ is bool:
        # Numbers and strings are cast by an operator, whose result is no constant.
        return Condition(static=bool(found.constant))
    if found.maybe_constant:
        return uncertain(node, found.configured)
    truth(e, node.at, found)
    return Condition()


def uncertain(node: tree.Expr, configured: bool, refined: Refinements = _NONE) -> Condition:
    """A condition that may be decided at compile time, we cannot tell how. `configured`: by the arguments that the
    module was built with; `refined` is what becomes of names in both arms."""
    text = source_text(node.at)
    return Condition(
        refined,
        refined,
        maybe_static=True,
        when_true=f"`{text}`",
        when_false=f"not `{text}`",
        unresolved=not configured,
    )


def _swapped(condition: Condition, static: bool | None) -> Condition:
    return Condition(
        condition.false,
        condition.true,
        static,
        condition.maybe_static,
        condition.when_false,
        condition.when_true,
        condition.unresolved,
    )


def source_text(node: ast.AST) -> str:
    try:
        text = ast.unparse(node)
    except (ValueError, AttributeError, RecursionError, TypeError):
        return "the condition"
    return text if len(text) <= 60 else text[:57] + "..."


def _short_circuit(e: Emitter, node: tree.Binary) -> Condition:
    """``and`` / ``or``: the second operand is emitted in a frame refined by the first."""
    left = emit_condition(e, node.left)
    conjunction = node.op == "and"
    if left.static is (not conjunction) and e.module is not None and not is_settled(e.module.shape):
        # What decides it may be set otherwise in the instances that are compiled.
        return Condition(static=not conjunction)
    words = left.when_true if conjunction else left.when_false
    with e.pushed(), e.under(words if left.maybe_static else "", left.unresolved):
        insert_refinements(e, left.true if conjunction else left.false)
        right = emit_condition(e, node.right)
    maybe = left.maybe_static or right.maybe_static
    if conjunction:
        true, false = merge(left.true, right.true), common(left.false, right.false)
        static = True if left.static and right.static else False if right.static is False else None
        if left.static is True:
            true, false = right.true, right.false
            static = right.static
        elif left.static is False:
            return Condition(static=False)
    else:
        true, false = common(left.true, right.true), merge(left.false, right.false)
        static = False if left.static is False and right.static is False else True if right.static is True else None
        if left.static is False:
            true, false = right.true, right.false
            static = right.static
        elif left.static is True:
            return Condition(static=True)
    if static is not None and left.maybe_static:
        # `unknown and False`: static all the same, by the rule of the compiler.
        maybe = False
    when_true = _words(left.when_true, right.when_true, " and " if conjunction else " or ")
    when_false = _words(left.when_false, right.when_false, " or " if conjunction else " and ")
    maybe = maybe and static is None
    unresolved = maybe and (left.unresolved or right.unresolved)
    return Condition(true, false, static, maybe, when_true, when_false, unresolved)


def _words(left: str, right: str, word: str) -> str:
    return f"{left}{word}{right}" if left and right else left or right


def merge(left: Refinements, right: Refinements) -> Refinements:
    """Both hold; a name that both refine to different types is dropped."""
    if not right:
        return left
    if not left:
        return right
    merged = dict(left)
    for key, value in right.items():
        if key in merged and not _same(merged[key], value):
            del merged[key]
        else:
            merged[key] = value
    return merged


def common(left: Refinements, right: Refinements) -> Refinements:
    """One of both holds: what both say alike."""
    return {key: value for key, value in left.items() if key in right and _same(value, right[key])}


def _same(left: Sugared, right: Sugared) -> bool:
    return left == right or (isinstance(left, Val) and isinstance(right, Val) and left.type == right.type)


def _none_test(e: Emitter, node: tree.Binary) -> Condition | None:
    """``a is None`` and ``a is not None``; None where neither side is the literal or of type NoneType: then ``is``
    is an ordinary operator."""
    from jitlint.emit.attributes import member_options
    from jitlint.emit.expressions import emit_expr

    is_not = node.op == "is not"
    for tested, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(other, tree.NoneLiteral):
            continue
        if isinstance(tested, tree.Select):
            options = member_options(e, tested)
            if options is not None:
                return _swap_if(is_not, options)
        value = emit_expr(e, tested)
        if isinstance(value, (ModuleRef,)):
            return Condition(static=is_not)
        if isinstance(value, Opaque):
            return uncertain(node, value.configured)
        found = as_val(e, tested.at, value)
        return _test_value(tested, node, found, is_not)
    left, right = as_val(e, node.left.at, emit_expr(e, node.left)), as_val(e, node.right.at, emit_expr(e, node.right))
    if NONE in (left.type, right.type):
        other_val = right if left.type == NONE else left
        return _test_value(None, node, other_val, is_not)
    from jitlint.emit.operators import emit_binary_values

    truth(e, node.at, emit_binary_values(e, node, left, right))
    return Condition()


def _test_value(tested: tree.Expr | None, node: tree.Binary, found: Val, is_not: bool) -> Condition:
    kind = found.type
    if kind == UNKNOWN:
        return uncertain(node, found.configured)
    if kind == NONE:
        return Condition(static=not is_not)
    if not may_be_none(kind):
        return Condition(static=is_not)
    if not isinstance(tested, tree.Var):
        return Condition()
    narrowed: dict[Key, Sugared] = {tested.name: Val(without_none(kind))}
    return Condition(narrowed, _NONE) if is_not else Condition(_NONE, narrowed)


def _swap_if(swap: bool, condition: Condition) -> Condition:
    if not swap:
        return condition
    static = None if condition.static is None else not condition.static
    return _swapped(condition, static)


def unresolved_test(node: tree.Expr, found: Val) -> Condition:
    """``isinstance`` of a value and of something that could not be resolved, which may refine it in either arm."""
    refinable = found.type == ANY or isinstance(found.type, (OptionalType, UnionType))
    refined: dict[Key, Sugared] = {node.name: UNKNOWN_VAL} if isinstance(node, tree.Var) and refinable else {}
    return uncertain(node, found.configured, refined)


def refine_isinstance(node: tree.Expr, found: Val, kinds: list[Type]) -> Condition:
    """``isinstance(value, kinds)`` on a value of known type (``emitIsInstance``)."""
    kind = found.type
    if contains_unknown(kind) or any(contains_unknown(one) for one in kinds):
        return unresolved_test(node, found)
    name = node.name if isinstance(node, tree.Var) else None
    if kind == ANY:
        chosen = union_of(kinds) if len(kinds) > 1 else kinds[0]
        return Condition({name: Val(chosen)} if name else {}, {})
    matched: list[Type] = []
    unmatched: list[Type] = []
    for member in members_of(kind) if isinstance(kind, (OptionalType, UnionType)) else (kind,):
        hits = [one if is_subtype(one, member) else member for one in kinds if _either(one, member)]
        if hits:
            matched.extend(hits)
        else:
            unmatched.append(member)
    if not unmatched and all(_covered(member, kinds) for member in members_of(kind)):
        refined: dict[Key, Sugared] = {name: Val(_join(matched))} if name and matched else {}
        return Condition(refined, {}, static=True)
    if not matched:
        return Condition({}, {}, static=False)
    true: dict[Key, Sugared] = {name: Val(_join(matched))} if name else {}
    left = _join(unmatched) if unmatched else (subtract(kind, matched) or kind)
    false: dict[Key, Sugared] = {name: Val(left)} if name else {}
    return Condition(true, false)


def _either(one: Type, member: Type) -> bool:
    return is_subtype(one, member) or is_subtype(member, one)


def _covered(member: Type, kinds: list[Type]) -> bool:
    return any(is_subtype(member, one) for one in kinds)


def _join(types: list[Type]) -> Type:
    unique = list(dict.fromkeys(types))
    if len(unique) == 1:
        return unique[0]
    if NONE in unique and len(unique) == 2:
        return optional_of(next(one for one in unique if one != NONE))
    return union_of(unique)
