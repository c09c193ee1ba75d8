"""What decorators make of a function or class: the marks of ``torch.jit``, and what the name holds in the end."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.shapes.frames import Frame, LimitReached, PathEnds
from jitlint.shapes.heap import Unshare
from jitlint.shapes.values import Class, Constant, External, Function, Partial, Unknown, Value

if TYPE_CHECKING:
    from jitlint.project.definitions import ClassDefinition, FunctionDefinition
    from jitlint.shapes.interpreter import Interpreter

_MARKS = {
    "torch.jit.export": "export",
    "torch.jit._drop": "drop",
    "torch.jit.ignore": "ignore",
    "torch.jit.unused": "unused",
    "torch.jit.script": "script",
    "torch.jit.script_method": "script_method",
    "torch.jit._overload": "overload",
    "torch.jit._overload_method": "overload_method",
    "torch._jit_internal.weak_script": "weak_script",
    "torch._jit_internal.weak_script_method": "weak_script_method",
    "torch._jit_internal.export": "export",
    "torch._jit_internal._drop": "drop",
    "torch._jit_internal.ignore": "ignore",
    "torch._jit_internal.unused": "unused",
    "torch._jit_internal._overload": "overload",
    "torch._jit_internal._overload_method": "overload_method",
    "builtins.property": "property",
    "builtins.staticmethod": "staticmethod",
    "builtins.classmethod": "classmethod",
    "functools.cached_property": "cached_property",
    "abc.abstractproperty": "property",
    "enum.property": "property",
}
_TRANSPARENT = frozenset(
    {
        "abc.abstractmethod",
        "typing.final",
        "typing.no_type_check",
        "typing.override",
        "typing_extensions.override",
        "typing_extensions.final",
        "torch.fx.wrap",
        "torch.jit.script_if_tracing",
        "torch.jit._script_if_tracing",
        "torch.jit._trace._script_if_tracing",
        "torch.compiler.allow_in_graph",
        "torch._jit_internal.weak_module",  # this and two marks are weak script: torch 1.0 and 1.1
    }
)
# Decorators of torch and Python that wrap, and keep `__wrapped__`.
_WRAPPING = frozenset(
    {
        "torch.no_grad",
        "torch.enable_grad",
        "torch.inference_mode",
        "torch.set_grad_enabled",
        "torch.autograd.no_grad",
        "torch.autograd.enable_grad",
        "torch.autograd.grad_mode.no_grad",
        "torch.autograd.grad_mode.inference_mode",
        "torch.autocast",
        "torch.amp.autocast",
        "torch.cuda.amp.autocast",
        "torch.amp.custom_fwd",
        "torch.amp.custom_bwd",
        "torch.cuda.amp.custom_fwd",
        "torch.cuda.amp.custom_bwd",
        "torch.compiler.disable",
        "contextlib.contextmanager",
        "contextlib.suppress",
        "warnings.deprecated",
        "typing_extensions.deprecated",
        "functools.singledispatch",
    }
)
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})


def leaves_alone(name: str | None) -> bool:
    """Whether a decorator of this dotted name reads no annotations, and what is called returns the same."""
    return name is not None and (
        name in _MARKS or name in _TRANSPARENT or name in _WRAPPING or name in _CACHES or name.startswith("torch.jit.")
    )


def decorated(run: Interpreter, definition: FunctionDefinition, closure: Frame | None) -> Value:
    """The value of the name after all decorators, innermost first."""
    value: Value = Function(definition, closure=closure)
    for decorator in reversed(definition.decorators):
        value = _apply(run, decorator, value, definition, closure)
    return value


def _apply(
    run: Interpreter, decorator: ast.expr, value: Value, definition: FunctionDefinition, closure: Frame | None
) -> Value:
    call = decorator if isinstance(decorator, ast.Call) else None
    target = call.func if call is not None else decorator
    if isinstance(target, ast.Attribute) and target.attr in ("setter", "getter", "deleter"):
        return _marked(value, "accessor")
    name = run.project.external_name(definition.scope, target, before=definition.node)
    if name is not None:
        found = _external(run, name, call, value, definition, closure)
        if found is not None:
            return found
    if not isinstance(value, Function):
        return value
    if "property" in value.marks or "staticmethod" in value.marks or "classmethod" in value.marks:
        return _marked(value, "opaque")
    return _run(run, decorator, value, definition, closure)


def _external(
    run: Interpreter,
    name: str,
    call: ast.Call | None,
    value: Value,
    definition: FunctionDefinition,
    closure: Frame | None,
) -> Value | None:
    mark = _MARKS.get(name)
    if (
        mark == "ignore"
        and call is not None
        and any(
            keyword.arg == "drop" and isinstance(keyword.value, ast.Constant) and keyword.value.value
            for keyword in call.keywords
        )
    ):
        return _marked(_marked(value, "ignore"), "drop")
    if mark is not None:
        return _marked(value, mark)
    if name in _TRANSPARENT:
        return value
    if name in _WRAPPING:
        return _marked(value, "wrapped")
    if name in _CACHES:
        return _marked(_marked(value, "opaque"), "cached")
    if name in ("functools.wraps", "functools.update_wrapper") and call is not None and call.args:
        frame = Frame(run.heap.store(), definition.scope, closure)
        try:
            inner = run.evaluate(call.args[0], frame)
        except (PathEnds, LimitReached, Unshare):
            return _marked(value, "opaque")
        if isinstance(inner, Function):
            return Function(inner.definition, inner.marks | {"wrapped"}, None, inner.closure)
        return _marked(value, "opaque")
    if name.startswith(("torch.", "builtins.", "typing.")) or not name.partition(".")[0]:
        return _marked(value, "opaque")
    return _marked(value, "opaque")


def _marked(value: Value, mark: str) -> Value:
    if isinstance(value, Function):
        return Function(value.definition, value.marks | {mark}, value.bound, value.closure)
    return value


def _run(
    run: Interpreter, decorator: ast.expr, value: Function, definition: FunctionDefinition, closure: Frame | None
) -> Value:
    """A decorator with source: what a call of it gives."""
    frame = Frame(run.heap.store(), definition.scope, closure)
    try:
        result = run.call(run.evaluate(decorator, frame), [value], {}, frame)
    except (PathEnds, LimitReached, Unshare, RecursionError):
        return _marked(value, "opaque")
    match result:
        case Function():
            return result
        case Partial() | Class() | External() | Constant():
            return result
    return _marked(value, "opaque")


def decorated_class(run: Interpreter, definition: ClassDefinition, closure: Frame | None) -> Value:
    """A class after its decorators. A decorator that gives back something else than a class leaves it unknown."""
    value: Value = Class(definition, closure)
    for decorator in reversed(definition.node.decorator_list):
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = run.project.external_name(definition.scope, target, before=definition.node)
        if name is not None:
            continue  # dataclass, total_ordering, torch.jit.script...: the class itself
        frame = Frame(run.heap.store(), definition.scope, closure)
        key = ("class-decorator", id(definition))
        if key in run.active:
            continue
        run.active.add(key)
        try:
            with run.detached():
                result = run.call(run.evaluate(decorator, frame), [value], {}, frame)
        except (PathEnds, LimitReached, Unshare, RecursionError):
            continue
        finally:
            run.active.discard(key)
        if isinstance(result, Class):
            value = result
        elif not isinstance(result, Unknown):
            return Unknown(f"{definition.qualname} is decorated")
    return value
