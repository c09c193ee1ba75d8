"""Decorators that keep ``__wrapped__``: the compiler reads the source of what they wrap, and looks its names up around
the wrapper.

Mirrors ``get_jit_def`` (`inspect.getsourcelines` follows ``__wrapped__``) and ``createResolutionCallbackFromClosure``
(the globals and captured cells of the object it was given, which is the outermost wrapper).
"""

from __future__ import annotations

import ast
import contextlib
import functools
from collections.abc import Iterator
from dataclasses import dataclass

from jitlint.project.definitions import Binding, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.index import function_scope
from jitlint.project.project import Project
from jitlint.project.targets import ExternalName

_CONTEXTLIB = frozenset(
    {
        "Any", "Callable", "F", "FuncType", "Self", "TypeVar", "_DecoratorContextManager",
        "_NoParamDecoratorContextManager", "_wrap_generator", "cast", "context_decorator", "functools", "inspect",
        "overload", "sys", "warnings",
    }
)  # fmt: skip
_AUTOCAST_MODE = frozenset(
    {
        "Any", "HAS_NUMPY", "_UnmanagedAutocast", "_cast", "_enter_autocast", "_exit_autocast", "autocast",
        "autocast_decorator", "collections", "custom_bwd", "custom_fwd", "functools", "is_autocast_available", "np",
        "torch", "warnings",
    }
)  # fmt: skip
# Names that a module's source need not bind for them to be there.
_DUNDERS = frozenset({"__builtins__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__"})

_GRAD_MODES = ("no_grad", "enable_grad", "inference_mode", "set_grad_enabled")
AUTOCAST = frozenset({"torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "torch.cpu.amp.autocast"})
# The module that the wrapper lives in (torch 2.x), by the decorator's name.
_HOMES: dict[str, str] = {
    **{f"torch.{name}": "torch.utils._contextlib" for name in _GRAD_MODES},
    **{f"torch.autograd.{name}": "torch.utils._contextlib" for name in _GRAD_MODES},
    **{f"torch.autograd.grad_mode.{name}": "torch.utils._contextlib" for name in _GRAD_MODES},
    **{
        f"torch.{place}.{name}": "torch.amp.autocast_mode"
        for place in ("amp", "cuda.amp")
        for name in ("custom_fwd", "custom_bwd")
    },
    **dict.fromkeys(AUTOCAST, "torch.amp.autocast_mode"),
    "torch.autograd.profiler.record_function": "contextlib",
    "torch.profiler.record_function": "contextlib",
    "torch.random.fork_rng": "contextlib",
    "torch.nn.utils.parametrize.cached": "contextlib",
    "torch.jit.optimized_execution": "contextlib",
    "torch.cuda.nvtx.range": "contextlib",
    "functools.singledispatch": "functools",
}
_NAMES: dict[str, frozenset[str]] = {
    "torch.utils._contextlib": _CONTEXTLIB,
    "torch.amp.autocast_mode": _AUTOCAST_MODE,
    "contextlib": frozenset(vars(contextlib)),
    "functools": frozenset(vars(functools)),
}
# They leave the function itself, with or without a mark on it.
_TRANSPARENT = frozenset(
    {
        "abc.abstractmethod", "typing.final", "typing.override", "typing.no_type_check", "typing_extensions.final",
        "typing_extensions.override", "torch.fx.wrap", "torch.compiler.allow_in_graph", "atexit.register",
        "builtins.property", "builtins.staticmethod", "builtins.classmethod", "abc.abstractproperty",
        "torch.jit.export", "torch.jit.ignore", "torch.jit.unused", "torch.jit._drop", "torch.jit.script",
        "torch.jit._overload", "torch.jit._overload_method", "torch.jit.script_method",
        "torch._jit_internal.export", "torch._jit_internal.ignore", "torch._jit_internal.unused",
        "torch._jit_internal._overload", "torch._jit_internal._overload_method", "torch.jit.script_if_tracing",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrapping:
    """One wrapping decorator of a function.

    name: how to call it. scope: where the compiler looks up the names of the wrapped function's body.
    """

    decorator: ast.expr
    name: str
    scope: Scope


def wrappings(project: Project, function: FunctionDefinition) -> tuple[Wrapping, ...] | None:
    """The wrapping decorators of a function, outermost first; None where one of its decorators is not understood."""
    if not function.decorators:
        return ()
    return project.cached(("wrappings", id(function)), lambda: _wrappings(project, function))


def body_scope(project: Project, function: FunctionDefinition) -> Scope | None:
    """The scope that names of a wrapped function's body are looked up in; None for its own."""
    found = wrappings(project, function)
    return found[0].scope if found else None


def autocast_decorator(project: Project, function: FunctionDefinition) -> ast.expr | None:
    """The decorator that makes the compiler refuse a function: ``autocast`` sets ``__script_unsupported``, which is
    asked for before a free function is compiled, but not a method."""
    for decorator in function.decorators:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if project.external_name(function.scope, target, before=function.node) in AUTOCAST:
            return decorator
    return None


def _wrappings(project: Project, function: FunctionDefinition) -> tuple[Wrapping, ...] | None:
    found: list[Wrapping] = []
    for decorator in function.decorators:
        if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "getter", "deleter"):
            continue
        effect = _effect(project, function.scope, decorator, function.node, 0)
        if effect is None:
            return None
        if isinstance(effect, Scope):
            written = decorator.func if isinstance(decorator, ast.Call) else decorator
            found.append(Wrapping(decorator, ast.unparse(written), effect))
    return tuple(found)


def _effect(
    project: Project, scope: Scope, decorator: ast.expr, before: ast.AST | None, depth: int
) -> Scope | str | None:
    """What a decorator does: the scope around the wrapper, "" where it gives back the function, None if unknown."""
    called = isinstance(decorator, ast.Call)
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    effects: set[str | None] = set()
    for found in project.resolve_expr(scope, target, before=before):
        match found:
            case ExternalName(name=name) if name in _TRANSPARENT:
                effects.add("")
            case ExternalName(name=name) if name in _HOMES:
                effects.add(_HOMES[name])
            case FunctionDefinition() if depth < 4:
                inner = _defined(project, found, called, depth)
                if inner is None or isinstance(inner, str):
                    effects.add(inner)
                else:
                    return inner
            case _:
                effects.add(None)
    if len(effects) != 1:
        return None
    effect = effects.pop()
    return _foreign_scope(project, effect) if effect else effect


def _defined(project: Project, maker: FunctionDefinition, called: bool, depth: int) -> Scope | str | None:
    """The effect of a decorator with source. `called`: it is a factory, and what it returns decorates."""
    for decorator in maker.decorators:
        if project.external_name(maker.scope, decorator, before=maker.node) != "contextlib.contextmanager":
            return None
        return _foreign_scope(project, "contextlib") if called else None
    inside = function_scope(maker)
    effects: list[Scope | str | None] = []
    for value in _returned(maker):
        if called:
            inner = _nested(project, inside, value)
            effects.append(_defined(project, inner, False, depth + 1) if inner is not None else None)
        else:
            effects.append(_returned_effect(project, maker, inside, value, depth))
    if not effects or any(effect is None or effect is not effects[0] for effect in effects):
        return None
    return effects[0]


def _returned_effect(
    project: Project, maker: FunctionDefinition, inside: Scope, value: ast.expr, depth: int
) -> Scope | str | None:
    parameters = [*maker.node.args.posonlyargs, *maker.node.args.args]
    if not parameters:
        return None
    given = parameters[0].arg

    def is_given(node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == given

    def is_wraps(node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and bool(node.args)
            and is_given(node.args[0])
            and project.external_name(inside, node.func) == "functools.wraps"
        )

    if is_given(value):
        return "" if len(inside.bindings[given]) == 1 else None
    wrapper = _nested(project, inside, value)
    if wrapper is not None:
        if len(wrapper.decorators) == 1 and is_wraps(wrapper.decorators[0]):
            return wrapper.scope
        return None
    match value:
        case ast.Call(func=function, args=[inner]) if is_wraps(function):
            wrapper = _nested(project, inside, inner)
            return wrapper.scope if wrapper is not None else None
        case ast.Call(func=function, args=[inner, original]) if is_given(original):
            if project.external_name(inside, function) == "functools.update_wrapper":
                wrapper = _nested(project, inside, inner)
                return wrapper.scope if wrapper is not None else None
        case ast.Call(func=function, args=[inner], keywords=[]) if is_given(inner):
            return _effect(project, inside, function, None, depth + 1)
    return None


def _nested(project: Project, inside: Scope, value: ast.expr) -> FunctionDefinition | None:
    if not isinstance(value, ast.Name):
        return None
    targets = project.resolve(inside, value.id)
    found = targets[0] if len(targets) == 1 else None
    return found if isinstance(found, FunctionDefinition) and found.scope is inside else None


def _returned(function: FunctionDefinition) -> Iterator[ast.expr]:
    """The values that a function's own return statements give."""
    stack: list[ast.AST] = list(function.node.body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Return):
            yield node.value or ast.Constant(None)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            stack.extend(ast.iter_child_nodes(node))


def _foreign_scope(project: Project, home: str) -> Scope:
    """The names around a wrapper without source. The compiler looks in `typing` after the globals."""
    return project.cached(("foreign", home), lambda: _make_scope(project, home))


def _make_scope(project: Project, home: str) -> Scope:
    scope = Scope("module", ModuleIndex(home, "", False, [], ""), "")
    scope.module.scope = scope
    for name in project.externals.public_names("typing") or ():
        scope.bindings[name] = [Binding(name, "from", None, f"typing:{name}")]
    for name in _NAMES[home] | _DUNDERS:
        scope.bindings[name] = [Binding(name, "from", None, f"{home}:{name}")]
    if home == "torch.utils._contextlib":  # F, which here is no torch.nn.functional
        variable = ast.parse("TypeVar('F')", mode="eval").body
        scope.bindings["F"] = [Binding("F", "assign", variable)]
    if "torch" in _NAMES[home]:
        scope.bindings["torch"] = [Binding("torch", "import", None, "torch")]
    return scope
