"""Running the body of a function, method or lambda, within the steps it may take."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.project.definitions import FunctionDefinition
from jitlint.project.index import closure_scope
from jitlint.shapes.arguments import bind_arguments
from jitlint.shapes.forks import settle_exits, words_of
from jitlint.shapes.frames import MAX_DEPTH, Frame, LimitReached, PathEnds
from jitlint.shapes.harmless import changes_nothing, passed_on
from jitlint.shapes.heap import InstanceObject, Module, key_of
from jitlint.shapes.joins import one_of, options_of
from jitlint.shapes.memory import remember
from jitlint.shapes.statements import block
from jitlint.shapes.values import NONE, Class, Constant, Function, Lambda, Sequence, Unknown, Value

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def call_function(
    run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], open_: bool
) -> Value:
    """Runs a function, or takes what an equal call gave before."""
    if "opaque" in function.marks and "cached" not in function.marks:
        run.escape(args, kwargs)
        return Unknown(f"{function.definition.qualname} is decorated by something that is not known")
    passed = None if open_ else passed_on(run, function, args, kwargs)
    if passed is not None:
        return passed
    bound = function.bound
    if open_ or function.closure is not None or (bound is not None and not isinstance(bound, Class)):
        return invoke(run, function, args, kwargs, open_)
    key = (
        id(function.definition),
        key_of(bound),
        tuple([key_of(arg) for arg in args]),
        tuple([(name, key_of(arg)) for name, arg in kwargs.items()]),
    )
    return remember(run, key, [*args, *kwargs.values()], lambda: invoke(run, function, args, kwargs, open_), function)


def invoke(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    """Runs a function's body on these arguments."""
    definition = function.definition
    node = definition.node
    # A function that calls itself where it is not known whether it does: what it gives is not known either.
    running = run.running.setdefault(id(definition), [])
    forks = len(run.heap.journals)
    if run.depth >= MAX_DEPTH or (len(running) > 1 and forks > running[-2]):
        return _cut(run, function, args, kwargs, "calls nested too deeply")
    if run.is_foreign(definition.module):
        return _cut(run, function, args, kwargs, f"{definition.module.name} is not followed")
    frame = Frame(run.heap.store(), closure_scope(definition), _closure(function))
    frame.definition = definition
    frame.owner = definition.cls
    positional = args if function.bound is None else [function.bound, *args]
    frame.receiver = positional[0] if positional else None
    bind_arguments(run, definition, frame, positional, kwargs, open_)
    generator = _is_generator(run, definition)
    if generator:
        frame.yields = []
    running.append(forks)
    limit = run.limit
    harmless = definition.name != "__init__" and changes_nothing(run, function, args, kwargs)
    own = run.steps + _budget(run, function, positional, kwargs, harmless)
    run.limit = own
    depth = run.depth
    try:
        value = run_body(run, node.body, frame)
    except LimitReached:
        if own == limit or run.steps >= limit:
            raise
        run.limit, run.depth = limit, depth
        if harmless:
            return Unknown(f"{definition.qualname} does too much to follow")
        return _cut(run, function, args, kwargs, f"{definition.qualname} does too much to follow")
    finally:
        running.pop()
        run.limit = limit
    if generator:
        return Sequence("iterator", tuple(frame.yields or ()) if frame.level < 0 else None, None)
    if isinstance(node, ast.AsyncFunctionDef):
        return Unknown("a coroutine")
    return value


def _budget(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], harmless: bool) -> int:
    """How many steps a call may take. None may use up all there is; one that is told things that are not known would
    go through all that might be, and its result would still not be known."""
    rest = run.limit - run.steps
    if run.depth == 0:
        return rest
    if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())):
        if harmless:
            return min(rest * 3 // 4, 200)
        if function.definition.name == "__init__" and isinstance(function.bound, Module):
            return rest * 3 // 4
        plain = isinstance(function.bound, InstanceObject | Class)
        return min(rest * 3 // 4, 800 if plain else 3000)
    return rest * 3 // 4


def _cut(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], reason: str) -> Value:
    """A call that is not followed (any further)."""
    run.escape(args if function.bound is None else [function.bound, *args], kwargs, reason)
    return Unknown(reason)


def run_body(run: Interpreter, body: list[ast.stmt], frame: Frame) -> Value:
    heap = run.heap
    level = len(heap.journals)
    run.depth += 1
    try:
        ended = block(run, body, frame)
        if not ended:
            frame.returns.append((NONE, None, words_of(frame)))
        returns = frame.returns
        if not returns:
            raise PathEnds
        if len(returns) == 1 and returns[0][1] is None:
            return returns[0][0]
        settle_exits(run, frame, [(delta, words) for _, delta, words in returns], False)
        if len(returns) == 1:
            return returns[0][0]
        return one_of([pair for value, _, words in returns for pair in options_of(value, words)])
    finally:
        run.depth -= 1
        while len(heap.journals) > level:
            heap.commit()


def _closure(function: Function | Lambda) -> Frame | None:
    return function.closure if isinstance(function.closure, Frame) else None


def _is_generator(run: Interpreter, definition: FunctionDefinition) -> bool:
    known = run.generators.get(id(definition))
    if known is None or known[0] is not definition:
        lines = definition.module.lines[definition.node.lineno - 1 : definition.node.end_lineno]
        answer = any("yield" in line for line in lines) and any(
            isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(definition.node)
        )
        known = run.generators[id(definition)] = (definition, answer)
    return known[1]


def call_lambda(run: Interpreter, function: Lambda, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    closure = _closure(function)
    if closure is None or open_ or run.depth >= MAX_DEPTH:
        run.escape(args, kwargs)
        return Unknown("the result of a lambda")
    frame = Frame(run.heap.store(), closure.scope, closure)
    frame.owner, frame.receiver = closure.owner, closure.receiver
    frame.definition = closure.definition
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    for name, value in zip(names, args):
        frame.locals[name] = value
    if spec.vararg is not None:
        frame.locals[spec.vararg.arg] = Sequence("tuple", tuple(args[len(names) :]))
    extra = []
    for name, value in kwargs.items():
        if name in names or any(parameter.arg == name for parameter in spec.kwonlyargs):
            frame.locals[name] = value
        else:
            extra.append((Constant(name), value))
    if spec.kwarg is not None:
        frame.locals[spec.kwarg.arg] = run.heap.mapping(extra)  # type: ignore[arg-type]
    first = len(names) - len(spec.defaults)
    for number, default in enumerate(spec.defaults):
        if names[first + number] not in frame.locals:
            frame.locals[names[first + number]] = run.evaluate(default, closure)
    for parameter, kw_default in zip(spec.kwonlyargs, spec.kw_defaults):
        if parameter.arg not in frame.locals and kw_default is not None:
            frame.locals[parameter.arg] = run.evaluate(kw_default, closure)
    level = len(run.heap.journals)
    run.depth += 1
    try:
        return run.evaluate(function.node.body, frame)
    finally:
        run.depth -= 1
        while len(run.heap.journals) > level:
            run.heap.commit()
