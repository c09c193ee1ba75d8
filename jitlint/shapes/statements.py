"""Statements of the abstract run: one branch where a condition is known, both and a join where it is not."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from jitlint.shapes.comparisons import compare
from jitlint.shapes.expressions import condition, evaluate, run_call
from jitlint.shapes.forks import fork, settle_exits, snapshot, widen_slot, words_of
from jitlint.shapes.frames import MAX_ITEMS, Frame, LimitReached, Loop, PathEnds, body_scope
from jitlint.shapes.heap import (
    ABSENT,
    BuiltinMethod,
    DictObject,
    ListObject,
    Module,
)
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import condition_text, element_of, one_of, options_of
from jitlint.shapes.operators import binary
from jitlint.shapes.stores import extend, store_item
from jitlint.shapes.values import UNKNOWN, Constant, OneOf, Sequence, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitlint.shapes.interpreter import Interpreter


def block(run: Interpreter, statements: list[ast.stmt], frame: Frame) -> bool:
    """Runs statements. True where no path reaches their end."""
    for node in statements:
        run.step()
        handler = _HANDLERS.get(node.__class__)
        if handler is not None and handler(run, node, frame):
            return True
    return False


def _if(run: Interpreter, node: ast.If, frame: Frame) -> bool:
    truth = condition(run, node.test, frame)
    if truth is not None:
        return block(run, node.body if truth else node.orelse, frame)
    return fork(
        run,
        frame,
        lambda: block(run, node.body, frame),
        lambda: block(run, node.orelse, frame),
        condition_text(node.test, True),
        condition_text(node.test, False),
        node.test,
    )


def _expr(run: Interpreter, node: ast.Expr, frame: Frame) -> bool:
    if isinstance(node.value, ast.Call):
        run_call(run, node.value, frame)
    elif not isinstance(node.value, ast.Constant):
        evaluate(run, node.value, frame)
    return False


def _assign(run: Interpreter, node: ast.Assign, frame: Frame) -> bool:
    value = evaluate(run, node.value, frame)
    for target in node.targets:
        assign(run, target, value, frame)
    return False


def _ann_assign(run: Interpreter, node: ast.AnnAssign, frame: Frame) -> bool:
    if node.value is not None:
        value = evaluate(run, node.value, frame)
        if isinstance(value, Unknown):
            value = run.annotated(node.annotation, frame.scope) or value
        assign(run, node.target, value, frame)
    return False


def assign(run: Interpreter, target: ast.expr, value: Value, frame: Frame) -> None:
    match target:
        case ast.Name(id=name):
            run.heap.write(frame.locals, name, value)
        case ast.Attribute(value=base, attr=attribute):
            run.set_attribute(evaluate(run, base, frame), attribute, value)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(run, targets, value, frame)
        case ast.Subscript(value=base, slice=index):
            set_item(run, evaluate(run, base, frame), index, value, frame)
        case ast.Starred(value=inner):
            assign(run, inner, value, frame)


def _unpack(run: Interpreter, targets: list[ast.expr], value: Value, frame: Frame) -> None:
    if isinstance(value, OneOf):
        rows: list[tuple[list[Value], str]] = []
        for option, text in value.options:
            items = iterate(run, option) if isinstance(option, Sequence | ListObject) else None
            if items is None or len(items) != len(targets):
                break
            rows.append((items, text))
        else:
            for number, target in enumerate(targets):
                assign(
                    run,
                    target,
                    one_of([pair for items, text in rows for pair in options_of(items[number], text)]),
                    frame,
                )
            return
    items = iterate(run, value)
    star = next((number for number, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if items is None:
        inner = element(run, value)
        for target in targets:
            assign(run, target, run.heap.sequence(None, inner) if isinstance(target, ast.Starred) else inner, frame)
        return
    if star is None:
        if len(items) != len(targets):
            raise PathEnds
        for target, item in zip(targets, items):
            assign(run, target, item, frame)
        return
    after = len(targets) - star - 1
    if len(items) < len(targets) - 1:
        raise PathEnds
    for target, item in zip(targets[:star], items):
        assign(run, target, item, frame)
    assign(run, targets[star], run.heap.sequence(tuple(items[star : len(items) - after])), frame)
    for target, item in zip(targets[star + 1 :], items[len(items) - after :]):
        assign(run, target, item, frame)


def set_item(run: Interpreter, base: Value, index: ast.expr, value: Value, frame: Frame) -> None:
    """``base[index] = value``."""
    if isinstance(base, OneOf):
        for option, _ in base.options:
            set_item(run, option, index, value, frame)
        return
    if isinstance(index, ast.Slice):
        if isinstance(base, ListObject):
            _set_slice(run, base, index, value, frame)
        return
    store_item(run, base, evaluate(run, index, frame), value)


def _set_slice(run: Interpreter, base: ListObject, index: ast.Slice, value: Value, frame: Frame) -> None:
    parts = [
        None if part is None else run.plain(evaluate(run, part, frame))
        for part in (index.lower, index.upper, index.step)
    ]
    items = iterate(run, value)
    if base.items is not None and items is not None and all(part is None or isinstance(part, int) for part in parts):
        changed = list(base.items)
        try:
            changed[slice(*parts)] = items
        except ValueError as error:
            raise PathEnds from error
        run.heap.write(base.cell, "items", tuple(changed))
        return
    found = [part for part in (element_of(base.items, base.element), element(run, value)) if part is not None]
    run.heap.write(base.cell, "element", one_of([(part, "") for part in found]))
    run.heap.write(base.cell, "items", None)


def _aug_assign(run: Interpreter, node: ast.AugAssign, frame: Frame) -> bool:
    target = node.target
    left = evaluate(run, target, frame)
    right = evaluate(run, node.value, frame)
    if isinstance(left, ListObject) and isinstance(node.op, ast.Add):
        extend(run, left, right)
        return False
    if isinstance(left, Module) and left.children is not None and isinstance(node.op, ast.Add):
        method = run.attribute(left, "extend")
        if method is not None:
            run.call(method, [right], {})
        return False
    if isinstance(left, DictObject) and isinstance(node.op, ast.BitOr):
        run.call(BuiltinMethod(left, "update"), [right], {})
        return False
    assign(run, target, binary(run, node.op, left, right), frame)
    return False


def _return(run: Interpreter, node: ast.Return, frame: Frame) -> bool:
    value = Constant(None) if node.value is None else evaluate(run, node.value, frame)
    frame.returns.append((value, snapshot(run, frame, 0), words_of(frame)))
    return True


def _raise(run: Interpreter, node: ast.Raise, frame: Frame) -> bool:
    return True


def _break(run: Interpreter, node: ast.Break, frame: Frame) -> bool:
    if frame.loops:
        loop = frame.loops[-1]
        loop.breaks.append((snapshot(run, frame, loop.forks), words_of(frame)))
    return True


def _continue(run: Interpreter, node: ast.Continue, frame: Frame) -> bool:
    if frame.loops:
        loop = frame.loops[-1]
        loop.continues.append((snapshot(run, frame, loop.forks), words_of(frame)))
    return True


def _for(run: Interpreter, node: ast.For, frame: Frame) -> bool:
    value = evaluate(run, node.iter, frame)
    items = iterate(run, value)
    if items is None or len(items) > MAX_ITEMS:
        return _unknown_loop(run, node, frame, element(run, value))
    loop = Loop(frame.forks)
    frame.loops.append(loop)
    try:
        reached = True
        for item in items:
            assign(run, node.target, item, frame)
            if _round(run, node.body, frame, loop):
                reached = False
                break
    finally:
        frame.loops.pop()
    if reached and node.orelse:
        reached = not block(run, node.orelse, frame)
    return settle_exits(run, frame, loop.breaks, reached)


def _round(run: Interpreter, body: list[ast.stmt], frame: Frame, loop: Loop) -> bool:
    """One round of a loop. True where no path goes on to the next."""
    loop.continues = []
    ended = block(run, body, frame)
    return settle_exits(run, frame, loop.continues, not ended)


def _while(run: Interpreter, node: ast.While, frame: Frame) -> bool:
    loop = Loop(frame.forks)
    frame.loops.append(loop)
    reached = True
    try:
        for _ in range(MAX_ITEMS):
            truth = condition(run, node.test, frame)
            if truth is False:
                break
            if truth is None:
                return _unknown_loop(run, node, frame, UNKNOWN)
            if _round(run, node.body, frame, loop):
                reached = False
                break
        else:
            raise LimitReached("a loop that does not seem to end")
    finally:
        if frame.loops and frame.loops[-1] is loop:
            frame.loops.pop()
    return settle_exits(run, frame, loop.breaks, reached)


def _unknown_loop(run: Interpreter, node: ast.For | ast.While, frame: Frame, item: Value) -> bool:
    """A loop that runs any number of times: what its body changes is widened, then its body runs once more."""
    heap = run.heap
    if frame.level < 0:
        frame.level = len(heap.journals)
        heap.open()
    returns, conditions = len(frame.returns), len(frame.conditions)

    def once() -> bool:
        loop = Loop(frame.forks)
        frame.loops.append(loop)
        frame.forks += 1
        try:
            if isinstance(node, ast.For):
                assign(run, node.target, item, frame)
            ended = block(run, node.body, frame)
        except PathEnds:
            ended = True
        finally:
            frame.forks -= 1
            frame.loops.pop()
        exits = [*loop.continues, *loop.breaks]
        present = [exit_ for exit_ in exits if exit_[0] is not None]
        settle_exits(run, frame, present, not ended or len(present) < len(exits))
        del frame.conditions[conditions:]
        return ended and not exits

    heap.open()
    outermost, run.exploring = not run.exploring, True
    try:
        once()
    finally:
        if outermost:
            run.exploring = False
    if not outermost:
        # An inner loop while an outer one is explored: that it changes something is all that matters.
        run.shortcuts += 1
        for store, name, old in list(heap.journals[-1].values()):
            present = store.get(name, ABSENT)
            if present is not old:
                widen_slot(run, store, name, old, present)
        heap.commit()
        return False
    changed = heap.rollback()
    del frame.returns[returns:]
    heap.open()
    for store, name, new in changed.values():
        widen_slot(run, store, name, store.get(name, ABSENT), new)
    heap.open()
    once()
    heap.commit()
    for store, name, old in list(heap.journals[-1].values()):
        present = store.get(name, ABSENT)
        if present is not old:
            widen_slot(run, store, name, old, present)
    heap.commit()
    if isinstance(node, ast.For | ast.While) and node.orelse:
        block(run, node.orelse, frame)
    return False


def _try(run: Interpreter, node: ast.Try, frame: Frame) -> bool:
    quiet = [handler for handler in node.handlers if not _only_raises(handler.body)]

    def body() -> bool:
        return block(run, node.body, frame) or block(run, node.orelse, frame)

    if not quiet:
        ended = body()
    else:

        def handle(number: int) -> bool:
            handler = quiet[number]
            if handler.name:
                run.heap.write(frame.locals, handler.name, Unknown("an exception"))
            if number + 1 == len(quiet):
                return block(run, handler.body, frame)
            return fork(run, frame, lambda: block(run, handler.body, frame), lambda: handle(number + 1), "", "")

        ended = fork(run, frame, body, lambda: handle(0), "", "an exception is caught")
    if node.finalbody and block(run, node.finalbody, frame):
        return True
    return ended


def _only_raises(body: list[ast.stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ast.Raise)


def _with(run: Interpreter, node: ast.With, frame: Frame) -> bool:
    for item in node.items:
        value = evaluate(run, item.context_expr, frame)
        if item.optional_vars is not None:
            assign(run, item.optional_vars, value if isinstance(value, Unknown) else UNKNOWN, frame)
    return block(run, node.body, frame)


def _function(run: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> bool:
    run.heap.write(frame.locals, node.name, run.nested_function(node, frame))
    return False


def _class(run: Interpreter, node: ast.ClassDef, frame: Frame) -> bool:
    run.heap.write(frame.locals, node.name, run.nested_class(node, frame))
    return False


def _import(run: Interpreter, node: ast.Import | ast.ImportFrom, frame: Frame) -> bool:
    """An import inside a function: the function's own scope knows where it leads."""
    scope = body_scope(frame)
    for alias in node.names:
        name = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0])
        if scope is not None and name in scope.bindings:
            targets = run.project.resolve(scope, name)
            found = [run.target_value(target) for target in targets]
            run.heap.write(frame.locals, name, one_of([(value, "") for value in found]) if found else UNKNOWN)
        else:
            run.heap.write(frame.locals, name, Unknown(f"{name} is imported in a function"))
    return False


def _delete(run: Interpreter, node: ast.Delete, frame: Frame) -> bool:
    for target in node.targets:
        match target:
            case ast.Name(id=name):
                run.heap.write(frame.locals, name, ABSENT)
            case ast.Attribute(value=base, attr=attribute):
                run.delete_attribute(evaluate(run, base, frame), attribute)
            case ast.Subscript(value=base, slice=index):
                _delete_item(run, evaluate(run, base, frame), index, frame)
    return False


def _delete_item(run: Interpreter, base: Value, index: ast.expr, frame: Frame) -> None:
    if isinstance(index, ast.Slice):
        if isinstance(base, ListObject):
            run.heap.write(base.cell, "items", None)
        return
    run.call(BuiltinMethod(base, "pop"), [evaluate(run, index, frame)], {})


def _match(run: Interpreter, node: ast.Match, frame: Frame) -> bool:
    subject = evaluate(run, node.subject, frame)

    def case(number: int) -> bool:
        if number == len(node.cases):
            return False
        this = node.cases[number]
        holds = _matches(run, this.pattern, subject, frame)
        if this.guard is not None and holds is not False:
            guard = condition(run, this.guard, frame)
            holds = guard if holds else (False if guard is False else None)
        if holds is True:
            return block(run, this.body, frame)
        if holds is False:
            return case(number + 1)
        return fork(run, frame, lambda: block(run, this.body, frame), lambda: case(number + 1), "", "")

    return case(0)


def _matches(run: Interpreter, pattern: ast.pattern, subject: Value, frame: Frame) -> bool | None:
    match pattern:
        case ast.MatchAs(pattern=None, name=name):
            if name is not None:
                run.heap.write(frame.locals, name, subject)
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner, name=name):
            if name is not None:
                run.heap.write(frame.locals, name, subject)
            return _matches(run, inner, subject, frame)
        case ast.MatchValue(value=value):
            return compare(run, ast.Eq(), subject, evaluate(run, value, frame))
        case ast.MatchSingleton(value=value):
            return compare(run, ast.Is(), subject, Constant(value))
        case ast.MatchOr(patterns=patterns):
            answers = [_matches(run, inner, subject, frame) for inner in patterns]
            return True if True in answers else None if None in answers else False
    for inner_node in ast.walk(pattern):
        name = getattr(inner_node, "name", None)
        if isinstance(name, str):
            run.heap.write(frame.locals, name, UNKNOWN)
    return None


_HANDLERS: dict[type[ast.AST], Callable[[Interpreter, Any, Frame], bool]] = {
    ast.If: _if,
    ast.Expr: _expr,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Break: _break,
    ast.Continue: _continue,
    ast.For: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.With: _with,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Delete: _delete,
    ast.Match: _match,
}
