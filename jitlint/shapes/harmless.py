"""Calls that need not be made: they change nothing that the abstract run keeps track of, or hand back an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.shapes.effects_reading import SURROUNDINGS, parameter_names
from jitlint.shapes.values import Class, Constant, External, Function, Sequence, Typed, Unknown, Value

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def changes_nothing(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value]) -> bool:
    """Whether a call leaves everything as it is that the abstract run keeps track of."""
    names = parameter_names(function.definition)
    bound = function.bound
    if any(isinstance(arg, Sequence) and arg.kind == "*" for arg in args):
        return False
    cls = getattr(bound, "cls", None)
    receiver = cls.definition if isinstance(cls, Class) and function.definition.cls is not None else None
    effects = run.effects.effects(function.definition, receiver)
    if not effects.changed:
        return True
    positional = args if bound is None else [bound, *args]
    given = {**dict(zip(names, positional)), **kwargs}
    rest = len(positional) > len(names)
    return not any(
        name == SURROUNDINGS or _can_change(given.get(name)) or (rest and name not in given) for name in effects.changed
    )


def passed_on(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """The argument that a function without effects hands back, as many a decorator does; None of any other function."""
    if function.bound is not None or not args:
        return None
    passes = run.effects.effects(function.definition).passes
    if passes is None or not changes_nothing(run, function, args, kwargs):
        return None
    return dict(zip(parameter_names(function.definition), args), **kwargs).get(passes)


def _can_change(value: Value | None) -> bool:
    """Whether the abstract run would keep what is written to a value."""
    return not isinstance(value, Constant | External | Class | Function | Typed | Unknown | None)
