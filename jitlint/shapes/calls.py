"""Calls of the abstract run: what is called, and which of the files of this room answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.shapes import builtin_functions, builtin_methods, module_methods, torch_modules
from jitlint.shapes.constructors import construct
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.functions import call_function, call_lambda
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject
from jitlint.shapes.joins import hanging_on, one_of, options_of
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    Function,
    Lambda,
    OneOf,
    Partial,
    Sequence,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def call(
    run: Interpreter, function: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame | None, open_: bool
) -> Value:
    """``function(*args, **kwargs)``; `open_` where there may be further arguments."""
    result = _call(run, function, args, kwargs, frame, open_)
    followed = isinstance(function, Function)
    return result if followed else hanging_on(result, (function, *args, *kwargs.values()))


def _call(
    run: Interpreter, function: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame | None, open_: bool
) -> Value:
    run.step()
    match function:
        case Function():
            return call_function(run, function, args, kwargs, open_)
        case Class(definition=definition):
            if definition.name == "type" and not args:
                return UNKNOWN
            return construct(run, function, args, kwargs, open_)
        case External(name=name):
            return builtin_functions.call_external(run, name, args, kwargs, frame, open_)
        case BuiltinMethod(receiver=SuperObject(owner=External(name=base), receiver=receiver), name="__init__"):
            torch_modules.initialise(run, receiver, base, args, kwargs, open_)
            return NONE
        case BuiltinMethod(
            receiver=SuperObject(owner=External(name="builtins.object"), receiver=Module() as receiver),
            name="__setattr__",
        ):
            return module_methods.set_plainly(run, receiver, args)
        case BuiltinMethod(receiver=SuperObject(receiver=receiver), name=name):
            return builtin_methods.call_method(run, receiver, name, args, kwargs, frame, open_)
        case BuiltinMethod(receiver=receiver, name=name):
            return builtin_methods.call_method(run, receiver, name, args, kwargs, frame, open_)
        case Partial(function=inner, args=first, kwargs=named):
            return call(run, inner, [*first, *args], {**dict(named), **kwargs}, frame, open_)
        case Lambda():
            return call_lambda(run, function, args, kwargs, open_)
        case OneOf(options=options):
            return _call_options(run, options, args, kwargs, frame, open_)
        case InstanceObject():
            method = run.attribute(function, "__call__")
            if isinstance(method, Function):
                return call_function(run, method, args, kwargs, open_)
        case Constant() | Sequence() | ListObject() | DictObject():
            raise PathEnds
    run.escape(args, kwargs)
    return Unknown("the result of a call that is not known")


def _call_options(
    run: Interpreter,
    options: tuple[tuple[Value, str], ...],
    args: list[Value],
    kwargs: dict[str, Value],
    frame: Frame | None,
    open_: bool,
) -> Value:
    results: list[tuple[Value, str]] = []
    for option, condition in options:
        if isinstance(option, Absent | Constant):
            continue
        try:
            results.extend(options_of(call(run, option, list(args), dict(kwargs), frame, open_), condition))
        except PathEnds:
            continue
    if not results:
        raise PathEnds
    return one_of(results)
