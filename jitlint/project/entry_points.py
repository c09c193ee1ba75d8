"""What of a file the compiler would be given: modules, functions and script classes (``infer_methods_to_compile`` and
``torch.jit.script``'s own dispatch decide what of them is compiled)."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.project import Project
from jitlint.project.targets import BoundValue

SCRIPT = frozenset({"torch.jit.script", "torch.jit._script.script"})


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A unit to be. `line` is its definition's (1-based); `why` says what makes it one: ``module``, ``decorated``,
    ``scripted`` (given to a call), ``configured``."""

    kind: Literal["module", "function", "class"]
    definition: FunctionDefinition | ClassDefinition
    qualname: str
    line: int
    why: str


def entry_points(
    project: Project,
    index: ModuleIndex,
    *,
    scope: str = "all",
    script_calls: Sequence[str] = (),
    wanted: Sequence[str] = (),
) -> list[EntryPoint]:
    """The entry points that a file defines, in the order of their lines.

    scope: ``all`` makes every nn.Module class one, ``reachable`` only what a script call of the file reaches.
    script_calls: further functions whose argument is compiled, by qualified name or by last attribute.
    wanted: ``module:qualname`` of what the configuration names.
    """
    found: dict[int, EntryPoint] = {}

    def add(definition: FunctionDefinition | ClassDefinition | None, why: str) -> None:
        if definition is None or definition.module is not index or id(definition) in found:
            return
        if isinstance(definition, FunctionDefinition):
            kind: Literal["module", "function", "class"] = "function"
        elif hierarchy.is_interface(project, definition):
            return
        else:
            kind = "module" if hierarchy.is_module_class(project, definition) else "class"
        line = definition.node.lineno
        found[id(definition)] = EntryPoint(kind, definition, definition.qualname, line, why)

    for name in wanted:
        module, _, qualname = name.partition(":")
        if module == index.name:
            add(_named(index, qualname), "configured")
    for function in index.functions:
        if function.decorators and hierarchy.has_decorator(project, function, SCRIPT) and function.cls is None:
            add(function, "decorated")
    for cls in index.classes:
        if cls.node.decorator_list and hierarchy.has_decorator(project, cls, SCRIPT):
            add(cls, "decorated")
    for given in _scripted(project, index, script_calls):
        add(given, "scripted")
    if scope == "all":
        for cls in index.classes:
            if hierarchy.is_module_class(project, cls):
                add(cls, "module")
    return sorted(found.values(), key=lambda point: (point.line, point.qualname))


def _named(index: ModuleIndex, qualname: str) -> FunctionDefinition | ClassDefinition | None:
    for definition in (*index.functions, *index.classes):
        if definition.qualname == qualname:
            return definition
    return None


def unresolved_entry_points(index: ModuleIndex, wanted: Sequence[str]) -> Iterator[str]:
    """The configured entry points of this module that it does not define."""
    for name in wanted:
        module, _, qualname = name.partition(":")
        if module == index.name and _named(index, qualname) is None:
            yield name


def _scripted(
    project: Project, index: ModuleIndex, script_calls: Sequence[str]
) -> Iterator[FunctionDefinition | ClassDefinition]:
    """What the file's calls of ``torch.jit.script`` (and the configured ones) are given."""
    for call in index.calls:
        scope = index.call_scopes.get(id(call), index.scope)
        if not call.args or not _is_script_call(project, scope, call, script_calls):
            continue
        yield from _objects(project, scope, call.args[0], 4)


def _is_script_call(project: Project, scope: Scope, call: ast.Call, script_calls: Sequence[str]) -> bool:
    name = project.external_name(scope, call.func)
    if name in SCRIPT:
        return True
    if not script_calls:
        return False
    written = ast.unparse(call.func)
    last = written.rpartition(".")[2]
    return any(one in (name, written, last) for one in script_calls)


def _objects(
    project: Project, scope: Scope, node: ast.expr, depth: int
) -> Iterator[FunctionDefinition | ClassDefinition]:
    """The functions and classes that an argument may stand for: named, instantiated, or held in a variable."""
    if depth == 0:
        return
    if isinstance(node, ast.Call):
        for target in project.resolve_expr(scope, node.func):
            if isinstance(target, ClassDefinition):
                yield target
        # ``Model().eval()``, ``Model().to(device)``
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            yield from _objects(project, scope, node.func.value, depth - 1)
        return
    for target in project.resolve_expr(scope, node):
        match target:
            case FunctionDefinition() | ClassDefinition():
                yield target
            case BoundValue(scope=where, binding=binding) if isinstance(binding.node, ast.expr) and not binding.path:
                yield from _objects(project, where, binding.node, depth - 1)
