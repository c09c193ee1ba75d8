"""The driver: every call site of the file, its arguments, the module's construction, and the traced code."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.index import function_scope
from jitlint.project.project import Project
from jitlint.tracing.body import BodyWalk, gradient_constants
from jitlint.tracing.kinds import Kind, Kinds
from jitlint.tracing.reporting import Report
from jitlint.tracing.sites import TraceSite, is_example_tensor, trace_sites

BAD_INPUT = "cannot be traced. Only Tensors and (possibly nested) Lists, Dicts, and Tuples of Tensors can be traced"
NO_INPUT = "example_kwarg_inputs should be a dict"
BOUND_METHOD = "trace doesn't support compiling individual module's functions"
NOT_A_MODULE = "expected torch.nn.Module as the first argument"
SCRIPTED = "The input to trace is already a ScriptModule, tracing it is a no-op"
BACKWARD_HOOK = "Modules that have backward hooks assigned can't be compiled"
SHARED = "TracedModules don't support parameter sharing between modules"

_TRANSPARENT = frozenset({"torch.no_grad", "torch.inference_mode", "torch.enable_grad"})
_BACKWARD_HOOKS = frozenset(
    {"register_full_backward_hook", "register_backward_hook", "register_full_backward_pre_hook"}
)
_PARAMETERS = frozenset({"torch.nn.Parameter", "torch.nn.parameter.Parameter"})
_TYPES = {type(None): "NoneType", bool: "bool", int: "int", float: "float", str: "str", complex: "complex"}


def trace_problems(project: Project, index: ModuleIndex, report: Report) -> None:
    """Report what is wrong at the file's calls of ``torch.jit.trace`` and ``trace_module``, and in the functions and
    modules of the same file that they trace. Each place is reported once per rule."""
    seen: set[tuple[str, int]] = set()

    def once(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        if (code, id(node)) not in seen:
            seen.add((code, id(node)))
            report(code, node, torch_message, message)

    for site in trace_sites(project, index):
        _arguments(project, site, once)
        if site.cls is not None and site.cls.module is index:
            _construction(project, site.cls, once)
        for method, function in site.functions:
            if isinstance(function, ast.Lambda) or function.module is index:
                _body(project, site, method, function, once)


def _arguments(project: Project, site: TraceSite, report: Report) -> None:
    call = site.call
    if site.scripted:
        report("JIT818", call, SCRIPTED)
        return
    if site.method and not site.whole_module:
        report("JIT803", call, BOUND_METHOD)
    if site.whole_module:
        if site.functions and site.cls is None:
            report("JIT803", call, NOT_A_MODULE)
            return
    elif site.complete and site.cls is not None:
        given = site.argument(1, "example_inputs")
        keywords = site.keyword("example_kwarg_inputs")
        if given is None and keywords is None:
            report("JIT802", call, NO_INPUT)
        if given is None and isinstance(keywords, ast.Dict):
            _keyword_inputs(site, keywords, report)
    for examples in site.examples.values():
        for example in examples or ():
            if isinstance(example, ast.Constant) and type(example.value) in _TYPES:
                report("JIT802", example, _untraceable(project, site.scope, examples or ()))


def _untraceable(project: Project, scope: Scope, examples: tuple[ast.expr, ...]) -> str:
    """The message with the type of the inputs, where all of them are known."""
    names = []
    for example in examples:
        if isinstance(example, ast.Constant) and type(example.value) in _TYPES:
            names.append(_TYPES[type(example.value)])
        elif is_example_tensor(project, scope, example):
            names.append("Tensor")
        else:
            return BAD_INPUT
    return f"Type 'Tuple[{', '.join(names)}]' {BAD_INPUT}"


def _keyword_inputs(site: TraceSite, inputs: ast.Dict, report: Report) -> None:
    forward = next((f for name, f in site.functions if name == "forward"), None)
    if not isinstance(forward, FunctionDefinition) or forward.decorators or forward.node.args.kwarg:
        return
    arguments = forward.node.args
    known = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)][1:]
    for key in inputs.keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value not in known:
            report("JIT802", key, f"'{key.value}' is not in forward() method's arguments")


def _initialiser(cls: ClassDefinition) -> list[ast.stmt]:
    """The statements of the class's own ``__init__`` that always run."""
    for statement in cls.node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return statement.body
    return []


def _construction(project: Project, cls: ClassDefinition, report: Report) -> None:
    """Backward hooks and shared parameters that ``__init__`` leaves."""
    parameters: set[str] = set()
    for statement in _initialiser(cls):
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=method))) if (
                method in _BACKWARD_HOOKS
            ):
                report("JIT804", statement, BACKWARD_HOOK)
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                match value:
                    case ast.Call() if project.external_name(cls.scope, value.func) in _PARAMETERS:
                        parameters.add(name)
                    case ast.Attribute(value=ast.Name(id="self"), attr=other) if other in parameters and other != name:
                        report("JIT804", statement, SHARED)
                    case _:
                        parameters.discard(name)


def _layers(project: Project, cls: ClassDefinition | None) -> dict[str, str]:
    """Attributes that ``__init__`` sets to a layer: the layer's dotted name."""
    found: dict[str, str] = {}
    for statement in _initialiser(cls) if cls is not None else ():
        match statement:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=ast.Call(func=function)
            ):
                found[name] = project.external_name(cls.scope, function) or "" if cls is not None else ""
    return {name: layer for name, layer in found.items() if layer.startswith("torch.nn.")}


def _parameters(project: Project, site: TraceSite, method: str, arguments: ast.arguments) -> Iterator[tuple[str, Kind]]:
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    if method:
        yield positional[0] if positional else "self", Kind.UNKNOWN
        positional = positional[1:]
    examples = site.examples.get(method or "forward")
    single = site.argument(1, "example_inputs") if not site.whole_module else None
    for position, name in enumerate(positional):
        if examples is not None:
            given = position < len(examples)
            tensor = given and is_example_tensor(project, site.scope, examples[position])
            yield name, Kind.TENSOR if tensor else Kind.INPUT if given else Kind.UNKNOWN
        else:
            yield name, Kind.INPUT if single is not None and position == 0 else Kind.UNKNOWN
    for argument in (*arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))):
        yield argument.arg, Kind.UNKNOWN


def _body(
    project: Project, site: TraceSite, method: str, function: FunctionDefinition | ast.Lambda, report: Report
) -> None:
    arguments = function.args if isinstance(function, ast.Lambda) else function.node.args
    if isinstance(function, FunctionDefinition):
        scope = function_scope(function)
        for decorator in function.decorators:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if project.external_name(function.scope, called) not in _TRANSPARENT:
                return
    else:
        scope = site.scope
    names = dict(_parameters(project, site, method, arguments))
    kinds = Kinds(project, scope, names, _layers(project, site.cls))
    walk = BodyWalk(
        kinds,
        report,
        strict=not _is(site.keyword("strict"), False),
        checked=site.complete and not _is(site.keyword("check_trace"), False),
        evaluated=site.evaluated,
        method=bool(method),
    )
    if isinstance(function, ast.Lambda):
        walk.expression_body(function)
        return
    gradient_constants(kinds, function.node.body, report)
    walk.function(function.node)


def _is(expr: ast.expr | None, value: bool) -> bool:
    return isinstance(expr, ast.Constant) and expr.value is value
