"""Call sites of ``torch.jit.trace`` and ``trace_module``: what is traced there, and with which example inputs.

Mirrors the entry of ``torch/jit/_trace.py``. Only what the file itself shows is believed: a name counts as a model
where it is bound once, to the construction of one class.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.hierarchy import is_module_class
from jitlint.project.project import Project
from jitlint.project.targets import BoundValue
from jitlint.tracing.kinds import words

TRACE = frozenset({"torch.jit.trace", "torch.jit._trace.trace"})
TRACE_MODULE = frozenset({"torch.jit.trace_module", "torch.jit._trace.trace_module"})
_SCRIPT = frozenset({"torch.jit.script"})
# Methods of a module that give back the module itself.
_RETURNS_SELF = frozenset(
    {
        "eval",
        "train",
        "to",
        "cpu",
        "cuda",
        "float",
        "half",
        "double",
        "bfloat16",
        "requires_grad_",
        "share_memory",
        "type",
    }
)
_TENSOR_FACTORIES = words(
    """
    torch.ones torch.zeros torch.rand torch.randn torch.randint torch.empty torch.full torch.arange
    torch.linspace torch.eye torch.tensor torch.as_tensor torch.from_numpy torch.ones_like torch.zeros_like
    torch.rand_like torch.randn_like torch.empty_like torch.full_like torch.randperm
    """
)


@dataclass(frozen=True, slots=True)
class TraceSite:
    """One call. Exactly what is known of the traced object is filled in.

    functions: what runs, with the name of the method ('' for a plain function).
    cls: the module's class. method: the method, other than forward, that was taken from an instance.
    evaluated: whether the model may be in evaluation mode. scripted: it is the result of script or trace.
    examples: the example inputs by position, by method name; None where they cannot be seen.
    """

    call: ast.Call
    scope: Scope
    whole_module: bool  # trace_module
    functions: tuple[tuple[str, FunctionDefinition | ast.Lambda], ...] = ()
    cls: ClassDefinition | None = None
    method: str = ""
    evaluated: bool = True
    scripted: bool = False
    examples: dict[str, tuple[ast.expr, ...] | None] = field(default_factory=dict)

    def keyword(self, name: str) -> ast.expr | None:
        """The value of a keyword argument, None where it is not given."""
        return next((keyword.value for keyword in self.call.keywords if keyword.arg == name), None)

    @property
    def complete(self) -> bool:
        """Whether every argument is written out: no ``*`` and no ``**``."""
        starred = any(isinstance(argument, ast.Starred) for argument in self.call.args)
        return not starred and all(keyword.arg is not None for keyword in self.call.keywords)

    def argument(self, position: int, name: str) -> ast.expr | None:
        """An argument by position or name; None where it is not given."""
        return self.call.args[position] if len(self.call.args) > position else self.keyword(name)


def trace_sites(project: Project, index: ModuleIndex) -> Iterator[TraceSite]:
    """The calls of the file that trace something, in order."""
    for call in index.calls:
        scope = index.call_scopes.get(id(call), index.scope)
        name = project.external_name(scope, call.func)
        if name in TRACE:
            yield _site(project, call, scope, whole_module=False)
        elif name in TRACE_MODULE:
            yield _site(project, call, scope, whole_module=True)


def single_value(project: Project, scope: Scope, expr: ast.expr) -> ast.expr:
    """What a name was assigned, where that is its only binding; else the expression itself."""
    seen = 0
    while isinstance(expr, ast.Name) and seen < 10:
        targets = project.resolve(scope, expr.id)
        if len(targets) != 1 or not isinstance(targets[0], BoundValue):
            break
        target = targets[0]
        bindings = target.scope.bindings.get(target.binding.name, [])
        if len(bindings) != 1 or target.binding.kind != "assign" or target.binding.path or target.binding.guard:
            break
        if not isinstance(target.binding.node, ast.expr):
            break
        scope, expr, seen = target.scope, target.binding.node, seen + 1
    return expr


def is_example_tensor(project: Project, scope: Scope, expr: ast.expr) -> bool:
    """Whether an example input is certainly a tensor."""
    expr = single_value(project, scope, expr)
    return isinstance(expr, ast.Call) and project.external_name(scope, expr.func) in _TENSOR_FACTORIES


def _site(project: Project, call: ast.Call, scope: Scope, whole_module: bool) -> TraceSite:
    bare = TraceSite(call, scope, whole_module)
    target = bare.argument(0, "mod" if whole_module else "func")
    if target is None or isinstance(target, ast.Starred):
        return bare
    examples = _examples(project, bare)
    if isinstance(target, ast.Lambda):
        return TraceSite(call, scope, whole_module, (("", target),), examples=examples)
    found = project.resolve_expr(scope, target) if isinstance(target, ast.Name | ast.Attribute) else ()
    if len(found) == 1 and isinstance(found[0], FunctionDefinition) and found[0].cls is None:
        return TraceSite(call, scope, whole_module, (("", found[0]),), examples=examples)
    method = ""
    if isinstance(target, ast.Attribute):
        method, target = target.attr, target.value
    name = target.id if isinstance(target, ast.Name) else ""
    value = single_value(project, scope, target)
    evaluated = bool(name) and _changes_mode(scope.module, name)
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in _RETURNS_SELF:
        evaluated = evaluated or value.func.attr in ("eval", "train")
        value = value.func.value
    if not isinstance(value, ast.Call):
        return bare
    if project.external_name(scope, value.func) in _SCRIPT | TRACE | TRACE_MODULE:
        return TraceSite(call, scope, whole_module, scripted=not method)
    classes = project.resolve_expr(scope, value.func)
    if len(classes) != 1 or not isinstance(classes[0], ClassDefinition) or not is_module_class(project, classes[0]):
        return bare
    cls = classes[0]
    own = {name: _method(cls, name) for name in (examples if whole_module else ("forward",))}
    if method and (method == "forward" or _method(cls, method) is None):
        method = ""
        own = {}
    functions = tuple((name, function) for name, function in own.items() if function is not None and not method)
    return TraceSite(call, scope, whole_module, functions, cls, method, evaluated, examples=examples)


def _method(cls: ClassDefinition, name: str) -> FunctionDefinition | None:
    """A method from the class's own body, defined there once."""
    found = [f for f in cls.module.functions if f.cls is cls and f.node.name == name]
    return found[0] if len(found) == 1 else None


def _changes_mode(index: ModuleIndex, name: str) -> bool:
    pattern = re.compile(rf"\b{re.escape(name)}\b.*\.(eval|train)\(")
    return any(pattern.search(line) for line in index.lines if name in line)


def _examples(project: Project, site: TraceSite) -> dict[str, tuple[ast.expr, ...] | None]:
    if not site.whole_module:
        return {"forward": _positions(project, site.scope, site.argument(1, "example_inputs"))}
    inputs = site.argument(1, "inputs")
    if not isinstance(inputs, ast.Dict):
        return {}
    return {
        key.value: _positions(project, site.scope, value)
        for key, value in zip(inputs.keys, inputs.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _positions(project: Project, scope: Scope, expr: ast.expr | None) -> tuple[ast.expr, ...] | None:
    """Example inputs one by one: a tuple's or list's elements, or the one tensor that they are."""
    if expr is None:
        return None
    value = single_value(project, scope, expr)
    if isinstance(value, ast.Tuple | ast.List):
        return None if any(isinstance(item, ast.Starred) for item in value.elts) else tuple(value.elts)
    return (value,) if is_example_tensor(project, scope, value) else None
