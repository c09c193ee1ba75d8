"""Python's rules for arguments: what a function's parameters hold in a call, their defaults, what nobody gave."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.project.definitions import FunctionDefinition
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.freezing import settle
from jitlint.shapes.values import UNKNOWN, Constant, Sequence, Unknown, Value

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def bind_arguments(
    run: Interpreter,
    definition: FunctionDefinition,
    frame: Frame,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    """Python's rules for arguments. What is missing is unknown; what is too much ends the path."""
    spec = definition.node.args
    variables = frame.locals
    names = [*spec.posonlyargs, *spec.args]
    rest: tuple[Value, ...] | None = ()
    number = 0
    star: Value | None = None
    given = len(args)
    for number, arg in enumerate(args):
        if isinstance(arg, Sequence) and arg.kind == "*":
            star = arg.element or UNKNOWN
            given = number
            break
    for parameter, value in zip(names, args[:given]):
        variables[parameter.arg] = value
    if given > len(names):
        if spec.vararg is None and not open_:
            raise PathEnds
        rest = tuple(args[len(names) : given])
    if star is not None:
        rest = None
    if spec.vararg is not None:
        variables[spec.vararg.arg] = Sequence("tuple", rest, star)
    keyword_only = {parameter.arg for parameter in spec.kwonlyargs}
    by_name = {parameter.arg for parameter in spec.args} | keyword_only
    extra: list[tuple[Value, Value]] = []
    for name, value in kwargs.items():
        if name in by_name and name not in variables:
            variables[name] = value
        elif spec.kwarg is not None:
            extra.append((Constant(name), value))
        elif not open_:
            raise PathEnds
    if spec.kwarg is not None:
        variables[spec.kwarg.arg] = run.heap.mapping(None if open_ and star is None else extra)
    for parameter in (*names, *spec.kwonlyargs):
        if parameter.arg in variables:
            continue
        if star is not None and parameter.arg not in keyword_only:
            variables[parameter.arg] = star
        elif open_ and star is None:
            variables[parameter.arg] = run.annotated(parameter.annotation, frame.scope) or Unknown(
                f"the argument {parameter.arg}", configured=True
            )
        else:
            default = default_value(run, definition, parameter.arg, frame.parent)
            variables[parameter.arg] = default if default is not None else missing(run, definition, parameter)


def missing(run: Interpreter, definition: FunctionDefinition, parameter: ast.arg) -> Value:
    """The value of a parameter that nobody gave: what its annotation says."""
    return run.annotated(parameter.annotation, definition.scope) or Unknown(
        f"the argument {parameter.arg}", configured=True
    )


def default_node(definition: FunctionDefinition, name: str) -> ast.expr | None:
    spec = definition.node.args
    names = [*spec.posonlyargs, *spec.args]
    first = len(names) - len(spec.defaults)
    for number, parameter in enumerate(names):
        if parameter.arg == name:
            return spec.defaults[number - first] if number >= first else None
    for parameter, default in zip(spec.kwonlyargs, spec.kw_defaults):
        if parameter.arg == name:
            return default
    return None


def default_value(
    run: Interpreter, definition: FunctionDefinition, name: str, closure: Frame | None = None
) -> Value | None:
    """The default of a parameter, evaluated where the function is defined; None where it has none."""
    node = default_node(definition, name)
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        return Constant(node.value)
    key = ("default", id(definition), name)
    if closure is None:
        known = run.memory.get(key)
        if known is not None:
            run.project.dependencies |= known[1]
            return known[0]
    if key in run.active:
        return UNKNOWN
    run.active.add(key)
    try:
        value, files = run.recorded(lambda: _evaluate_apart(run, node, definition, closure))
    finally:
        run.active.discard(key)
    if closure is None:
        settle(value)
        run.memory[key] = (value, files, 0)
    return value  # type: ignore[no-any-return]


def _evaluate_apart(run: Interpreter, node: ast.expr, definition: FunctionDefinition, closure: Frame | None) -> Value:
    with run.detached():
        try:
            return run.evaluate(node, Frame(run.heap.store(), definition.scope, closure))
        except PathEnds:
            return Unknown("a default that cannot be evaluated")
