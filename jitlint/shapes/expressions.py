"""Expressions of the abstract run: from a node and a frame to a value. Never raises but for `PathEnds` and limits."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from jitlint.shapes.annotation_objects import is_generic
from jitlint.shapes.comparisons import compare
from jitlint.shapes.forks import fork
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.harmless import changes_nothing
from jitlint.shapes.heap import DictObject, Module, key_of
from jitlint.shapes.items import element, item_of, iterate, sliced
from jitlint.shapes.joins import condition_text, element_of, is_tensor, join, one_of, options_of
from jitlint.shapes.limits import is_heavy, is_long_text
from jitlint.shapes.narrowing import narrowings
from jitlint.shapes.operators import binary, unary
from jitlint.shapes.values import (
    UNKNOWN,
    Class,
    Constant,
    Function,
    Lambda,
    OneOf,
    Partial,
    Sequence,
    Subscripted,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import BOOL, INT, STR, TENSOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitlint.shapes.interpreter import Interpreter


def evaluate(run: Interpreter, node: ast.expr, frame: Frame) -> Value:
    run.step()
    handler = _HANDLERS.get(node.__class__)
    return UNKNOWN if handler is None else handler(run, node, frame)


def condition(run: Interpreter, test: ast.expr, frame: Frame) -> bool | None:
    """Whether a condition holds; None where that is not known."""
    return run.truth(evaluate(run, test, frame))


def _constant(run: Interpreter, node: ast.Constant, frame: Frame) -> Value:
    return Constant(node.value)


def _name(run: Interpreter, node: ast.Name, frame: Frame) -> Value:
    value = run.name(frame, node.id)
    return value if value is not None else Unknown(f"{node.id} is not defined")


def _attribute(run: Interpreter, node: ast.Attribute, frame: Frame) -> Value:
    base = evaluate(run, node.value, frame)
    value = run.attribute(base, node.attr)
    if value is None:
        raise PathEnds
    return value


def run_call(run: Interpreter, node: ast.Call, frame: Frame) -> None:
    """A call whose result nobody asks for: one that changes nothing is not made."""
    _call(run, node, frame, wanted=False)


def _call(run: Interpreter, node: ast.Call, frame: Frame, wanted: bool = True) -> Value:
    function = evaluate(run, node.func, frame)
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    open_ = False
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            starred = evaluate(run, arg.value, frame)
            items = iterate(run, starred)
            if items is None:
                open_ = True
                args.append(Sequence("*", None, element(run, starred)))
            else:
                args.extend(items)
        else:
            args.append(evaluate(run, arg, frame))
    for keyword in node.keywords:
        value = evaluate(run, keyword.value, frame)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
            continue
        entries = value.items if isinstance(value, DictObject) else None
        if entries is None:
            open_ = True
            continue
        for key, item in entries.values():
            if isinstance(key, Constant) and isinstance(key.value, str):
                kwargs[key.value] = item
            else:
                open_ = True
    if isinstance(function, Unknown) and isinstance(node.func, ast.Attribute):
        reason = "" if function.configured else f"it calls {node.func.attr}, which is not known"
        run.incomplete(evaluate(run, node.func.value, frame), reason)
    if not wanted and not open_ and isinstance(function, Function) and changes_nothing(run, function, args, kwargs):
        return UNKNOWN
    return run.call(function, args, kwargs, frame, open_)


# --- operators -----------------------------------------------------------------------------------------------


def _bin_op(run: Interpreter, node: ast.BinOp, frame: Frame) -> Value:
    return binary(run, node.op, evaluate(run, node.left, frame), evaluate(run, node.right, frame))


def _unary_op(run: Interpreter, node: ast.UnaryOp, frame: Frame) -> Value:
    value = evaluate(run, node.operand, frame)
    if isinstance(node.op, ast.Not):
        truth = run.truth(value)
        return Typed(BOOL) if truth is None else Constant(not truth)
    return unary(run, node.op, value)


def _bool_op(run: Interpreter, node: ast.BoolOp, frame: Frame) -> Value:
    is_and = isinstance(node.op, ast.And)
    options: list[tuple[Value, str]] = []
    undo: list[tuple[Any, str, Value]] = []
    result: Value = UNKNOWN
    try:
        for number, part in enumerate(node.values):
            value = evaluate(run, part, frame)
            truth = run.truth(value)
            last = number == len(node.values) - 1
            if last or (truth is not None and truth != is_and):
                options.append((value, ""))
                break
            if truth is None:
                kept = falsy(value) if is_and else truthy(run, value)
                if kept is not None:
                    options.extend(options_of(kept, condition_text(part, not is_and)))
                for store, name, narrowed in narrowings(run, part, is_and, frame):
                    undo.append((store, name, store[name]))
                    run.heap.write(store, name, narrowed)
        result = one_of(options)
    finally:
        for store, name, old in reversed(undo):
            run.heap.write(store, name, old)
    return result


def falsy(value: Value) -> Value | None:
    """What a value is where it is false; None where it never is."""
    match value:
        case Typed(type=type_) if type_ == BOOL:
            return Constant(False)
        case Typed(type=type_) if type_ == INT:
            return Constant(0)
        case Typed(type=type_) if type_ == STR:
            return Constant("")
        case OneOf(options=options):
            kept = [(found, text) for option, text in options if (found := falsy(option)) is not None]
            return one_of(kept) if kept else None
        case Constant(value=constant):
            return value if not constant else None
        case Class() | Function() | Module() | Lambda() | Partial():
            return None
    return value


def truthy(run: Interpreter, value: Value) -> Value | None:
    """What a value is where it is true; None where it never is."""
    match value:
        case Typed(type=type_) if type_ == BOOL:
            return Constant(True)
        case OneOf(options=options):
            kept = [(option, text) for option, text in options if run.truth(option) is not False]
            return one_of(kept) if kept else None
    return None if run.truth(value) is False else value


def _compare(run: Interpreter, node: ast.Compare, frame: Frame) -> Value:
    left = evaluate(run, node.left, frame)
    answer: bool | None = True
    for op, comparator in zip(node.ops, node.comparators):
        right = evaluate(run, comparator, frame)
        if len(node.ops) == 1 and (is_tensor(left) or is_tensor(right)) and not isinstance(op, ast.Is | ast.IsNot):
            return Typed(TENSOR)
        holds = compare(run, op, left, right)
        if holds is False:
            return Constant(False)
        if holds is None:
            answer = None
        left = right
    return Typed(BOOL) if answer is None else Constant(answer)


def _if_exp(run: Interpreter, node: ast.IfExp, frame: Frame) -> Value:
    truth = condition(run, node.test, frame)
    if truth is not None:
        return evaluate(run, node.body if truth else node.orelse, frame)
    results: list[list[Value]] = [[], []]

    def branch(number: int, part: ast.expr) -> Callable[[], bool]:
        def go() -> bool:
            results[number].append(evaluate(run, part, frame))
            return False

        return go

    first, second = condition_text(node.test, True), condition_text(node.test, False)
    if fork(run, frame, branch(0, node.body), branch(1, node.orelse), first, second, node.test):
        raise PathEnds
    if not results[0] or not results[1]:
        return (results[0] or results[1])[0]
    return join(results[0][0], results[1][0], first, second)


# --- displays ------------------------------------------------------------------------------------------------


def display(run: Interpreter, nodes: list[ast.expr], frame: Frame) -> tuple[tuple[Value, ...] | None, Value | None]:
    """The items of a list or tuple display; where a star's length is not known, what is known of each."""
    items: list[Value] = []
    known = True
    for node in nodes:
        if isinstance(node, ast.Starred):
            value = evaluate(run, node.value, frame)
            inner = iterate(run, value)
            if inner is None:
                known = False
                items.append(element(run, value))
            else:
                items.extend(inner)
        else:
            items.append(evaluate(run, node, frame))
    if is_heavy(items):
        return None, None
    return (tuple(items), None) if known else (None, element_of(tuple(items), None))


def _tuple(run: Interpreter, node: ast.Tuple, frame: Frame) -> Value:
    items, inner = display(run, node.elts, frame)
    return Sequence("tuple", items, inner)


def _list(run: Interpreter, node: ast.List, frame: Frame) -> Value:
    items, inner = display(run, node.elts, frame)
    return run.heap.sequence(items, inner)


def _set(run: Interpreter, node: ast.Set, frame: Frame) -> Value:
    items, inner = display(run, node.elts, frame)
    return run.heap.sequence(items, inner, "set")


def _dict(run: Interpreter, node: ast.Dict, frame: Frame) -> Value:
    result = run.heap.mapping([])
    entries: dict[Any, tuple[Value, Value]] = {}
    known = True
    for key, value in zip(node.keys, node.values):
        item = evaluate(run, value, frame)
        if key is None:
            if isinstance(item, DictObject) and item.items is not None:
                entries.update(item.items)
            else:
                known = False
            continue
        name = evaluate(run, key, frame)
        if isinstance(name, Unknown | Typed | OneOf):
            known = False
        entries[key_of(name)] = (name, item)
    result.cell["items"] = entries if known and not is_heavy(item for _, item in entries.values()) else None
    return result


def _comprehension(run: Interpreter, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame) -> Value:
    kind = {ast.ListComp: "list", ast.SetComp: "set"}.get(type(node), "iterator")
    collected: list[Value] = []
    inner = _inner_frame(run, frame)
    known = _generate(run, node.generators, 0, inner, lambda: collected.append(evaluate(run, node.elt, inner)))
    items = tuple(collected)
    if kind == "iterator":
        return Sequence("iterator", items if known else None, None if known else element_of(items, None))
    return run.heap.sequence(items if known else None, None if known else element_of(items, None), kind)


def _dict_comp(run: Interpreter, node: ast.DictComp, frame: Frame) -> Value:
    inner = _inner_frame(run, frame)
    pairs: list[tuple[Value, Value]] = []
    known = _generate(
        run,
        node.generators,
        0,
        inner,
        lambda: pairs.append((evaluate(run, node.key, inner), evaluate(run, node.value, inner))),
    )
    if not known or any(isinstance(key, Unknown | Typed | OneOf) for key, _ in pairs):
        return run.heap.mapping(None, False, element_of(tuple(value for _, value in pairs), None))
    return run.heap.mapping(pairs)


def _inner_frame(run: Interpreter, frame: Frame) -> Frame:
    inner = Frame(run.heap.store(), frame.scope, frame)
    inner.root = frame.root
    inner.definition = frame.definition
    inner.owner, inner.receiver = frame.owner, frame.receiver
    return inner


def _generate(
    run: Interpreter, generators: list[ast.comprehension], number: int, frame: Frame, emit: Callable[[], Any]
) -> bool:
    """Runs a comprehension's loops; `emit` once per item. False where the number of items is not known."""
    from jitlint.shapes.statements import assign

    if number == len(generators):
        emit()
        return True
    generator = generators[number]
    value = evaluate(run, generator.iter, frame if number else frame.parent or frame)
    items = iterate(run, value)
    known = items is not None
    for item in [element(run, value)] if items is None else items:
        assign(run, generator.target, item, frame)
        wanted: bool | None = True
        for test in generator.ifs:
            holds = condition(run, test, frame)
            if holds is False:
                wanted = False
                break
            if holds is None:
                wanted = None
        if wanted is None:
            known = False
        if wanted is not False:
            known = _generate(run, generators, number + 1, frame, emit) and known
    return known


def _joined_str(run: Interpreter, node: ast.JoinedStr, frame: Frame) -> Value:
    parts: list[str] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
            continue
        assert isinstance(part, ast.FormattedValue)
        value = run.plain(evaluate(run, part.value, frame))
        if value is NotImplemented:
            return Typed(STR)
        spec = "" if part.format_spec is None else run.plain(evaluate(run, part.format_spec, frame))
        if not isinstance(spec, str) or is_long_text("format", spec, ()):
            return Typed(STR)
        shown = repr(value) if part.conversion == ord("r") else str(value) if part.conversion == ord("s") else value
        try:
            parts.append(format(shown, spec))
        except (ValueError, TypeError):
            return Typed(STR)
    return Constant("".join(parts))


def _lambda(run: Interpreter, node: ast.Lambda, frame: Frame) -> Value:
    return Lambda(node, frame.scope.module.path, frame)


def _named_expr(run: Interpreter, node: ast.NamedExpr, frame: Frame) -> Value:
    value = evaluate(run, node.value, frame)
    run.heap.write(frame.root.locals, node.target.id, value)
    return value


def _starred(run: Interpreter, node: ast.Starred, frame: Frame) -> Value:
    return evaluate(run, node.value, frame)


def _yield(run: Interpreter, node: ast.Yield, frame: Frame) -> Value:
    value = Constant(None) if node.value is None else evaluate(run, node.value, frame)
    if frame.root.yields is not None:
        frame.root.yields.append(value)
    return UNKNOWN


# --- items ---------------------------------------------------------------------------------------------------


def _subscript(run: Interpreter, node: ast.Subscript, frame: Frame) -> Value:
    base = evaluate(run, node.value, frame)
    if is_generic(base):
        return _type_arguments(run, base, node.slice, frame)
    if isinstance(node.slice, ast.Slice):
        return sliced(run, base, node.slice, frame)
    return item_of(run, base, evaluate(run, node.slice, frame))


def _type_arguments(run: Interpreter, base: Value, index: ast.expr, frame: Frame) -> Value:
    """``List[int]``: the alias of an annotation."""
    if isinstance(index, ast.Tuple) and not index.elts:
        return Subscripted(base, (Sequence("tuple", ()),))
    args = index.elts if isinstance(index, ast.Tuple) else [index]
    found = tuple(_type_argument(run, arg, frame) for arg in args)
    return UNKNOWN if is_heavy(found) else Subscripted(base, found)


def _type_argument(run: Interpreter, node: ast.expr, frame: Frame) -> Value:
    if isinstance(node, ast.List):  # the parameters of a Callable
        return Sequence("list", tuple(_type_argument(run, element, frame) for element in node.elts))
    return evaluate(run, node, frame)


_HANDLERS: dict[type[ast.AST], Callable[[Interpreter, Any, Frame], Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.BinOp: _bin_op,
    ast.UnaryOp: _unary_op,
    ast.BoolOp: _bool_op,
    ast.Compare: _compare,
    ast.IfExp: _if_exp,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Set: _set,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comp,
    ast.JoinedStr: _joined_str,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named_expr,
    ast.Starred: _starred,
    ast.Subscript: _subscript,
    ast.Yield: _yield,
}
