"""Legacy API: weak script, ``script_method``, ``__constants__``, and what the target's version has deprecated.

Weak script existed in torch 1.0 and 1.1. Measured on 1.1.0: a method marked ``weak_script_method`` is inlined only
where its class is marked ``weak_module`` too; alone it has no effect. From 1.2 on the names are gone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from jitlint.project import hierarchy
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.project import Project

Report = Callable[[str, ast.AST, str, str], None]
Definition = FunctionDefinition | ClassDefinition

WEAK = frozenset({"weak_script", "weak_module", "weak_script_method"})
_HOMES = ("torch._jit_internal", "torch.jit")
_WEAK_MODULE = frozenset(f"{home}.weak_module" for home in _HOMES)
_SCRIPT_METHOD = frozenset({"torch.jit.script_method", "torch.jit._script.script_method"})
_DEPRECATED = frozenset({"torch.jit.script", "torch.jit.trace", "torch.jit.trace_module", "torch.jit.script_method"})


def version_tuple(version: str) -> tuple[int, int]:
    """``"1.13.1+cpu"`` as (1, 13); (99, 0) for what is no version."""
    parts = version.split("+")[0].split(".")
    try:
        return int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    except ValueError:
        return (99, 0)


def only_marked(torch_version: str) -> bool:
    """Whether the target compiles only what is marked (before 1.2): ScriptModules' script methods, weak script, and what is
    scripted itself. Plain nn.Modules, and functions that compiled code calls, it leaves to Python."""
    return version_tuple(torch_version) < (1, 2)


def is_weak_module(project: Project, cls: ClassDefinition) -> bool:
    """Whether the class itself is marked ``weak_module`` (a base's mark does not count)."""
    return hierarchy.has_decorator(project, cls, _WEAK_MODULE)


def is_marked_module(project: Project, cls: ClassDefinition) -> bool:
    """Whether some method of an nn.Module can be compiled by a target that compiles only what is marked."""
    return hierarchy.is_script_module_class(project, cls) or is_weak_module(project, cls)


def has_weak_methods(project: Project, cls: ClassDefinition) -> bool:
    """Whether a method of the class itself is marked ``weak_script_method``, with or without an effect."""
    return any(owner is cls for owner, _ in _weak_methods(project, cls.module))


def legacy_problems(project: Project, index: ModuleIndex, torch_version: str, report: Report) -> None:
    """Reports the uses of legacy API in a file, for a target of `torch_version` (``"2.13.0"``)."""
    target = version_tuple(torch_version)
    if _mentions(index, "weak_"):
        if target >= (1, 2):
            _removed(project, index, report)
        else:
            _without_effect(project, index, report)
    if _mentions(index, "script_method"):
        _script_methods(project, index, report)
    if _mentions(index, "__constants__"):
        _constants(project, index, report)
    if target >= (2, 5):
        _deprecated(project, index, report)


def _mentions(index: ModuleIndex, text: str) -> bool:
    return any(text in line for line in index.lines)


def _definitions(index: ModuleIndex) -> Iterator[Definition]:
    yield from index.functions
    yield from index.classes


def _decorators(project: Project, definition: Definition) -> Iterator[tuple[ast.expr, str]]:
    """The decorators of a definition that are known by name, with their names."""
    for decorator in definition.node.decorator_list:
        name = project.external_name(definition.scope, decorator, before=definition.node)
        if name is not None:
            yield decorator, name


def _weak_name(name: str) -> str:
    """``weak_module`` for the dotted name of one of the weak-script decorators; '' for any other name."""
    home, _, last = name.rpartition(".")
    return last if last in WEAK and home in _HOMES else ""


def _removed(project: Project, index: ModuleIndex, report: Report) -> None:
    """Imports of the weak-script names, and attributes of that name, which fail from 1.2 on.

    An import in a ``try``, or under a condition, has thought of that and is left alone.
    """
    for bindings in index.scope.bindings.values():
        for binding in bindings:
            home, _, name = binding.target.partition(":")
            if binding.kind == "from" and not binding.guard and name in WEAK and home in _HOMES:
                report(
                    "JIT701",
                    _alias(binding, name),
                    f"cannot import name '{name}' from '{home}'",
                    f"`{name}` was removed in torch 1.2: this import fails",
                )
    for definition in _definitions(index):
        for decorator, name in _decorators(project, definition):
            weak = _weak_name(name)
            if weak and isinstance(decorator, ast.Attribute):
                home = name.rpartition(".")[0]
                report(
                    "JIT701",
                    decorator,
                    f"module '{home}' has no attribute '{weak}'",
                    f"`{weak}` was removed in torch 1.2",
                )


def _alias(binding: Binding, name: str) -> ast.AST:
    """The place of one imported name."""
    node = binding.node
    assert isinstance(node, ast.ImportFrom)
    return next(alias for alias in node.names if alias.name == name and (alias.asname or name) == binding.name)


def _without_effect(project: Project, index: ModuleIndex, report: Report) -> None:
    """Below 1.2: a marked method in a class that is not marked stays a Python call."""
    for cls, decorator in _weak_methods(project, index):
        if not is_weak_module(project, cls):
            text = f"`weak_script_method` has no effect, because `{cls.name}` is not marked with `weak_module`"
            report("JIT702", decorator, "", text)


def _weak_methods(project: Project, index: ModuleIndex) -> Iterator[tuple[ClassDefinition, ast.expr]]:
    """The classes that a method marked ``weak_script_method`` is in, with the mark."""
    for function in index.functions:
        if function.cls is not None:
            for decorator, name in _decorators(project, function):
                if _weak_name(name) == "weak_script_method":
                    yield function.cls, decorator


def _script_methods(project: Project, index: ModuleIndex, report: Report) -> None:
    for function in index.functions:
        for decorator, name in _decorators(project, function):
            if name not in _SCRIPT_METHOD:
                continue
            cls = function.cls
            if cls is not None and _is_plain_module(project, cls):
                report(
                    "JIT704",
                    decorator,
                    "",
                    f"`{cls.name}` is no ScriptModule: `{function.name}` cannot be called until it is scripted",
                )
            else:
                report("JIT703", decorator, "", "`script_method` is legacy: script an instance of a plain nn.Module")


def _is_plain_module(project: Project, cls: ClassDefinition) -> bool:
    known = hierarchy.is_module_class(project, cls) is not None and hierarchy.mro(project, cls).complete
    return known and not hierarchy.is_script_module_class(project, cls)


def _constants(project: Project, index: ModuleIndex, report: Report) -> None:
    for cls in index.classes:
        binding = hierarchy.own_member(cls, "__constants__")
        if binding is None or not isinstance(binding.node, ast.List | ast.Tuple | ast.Set) or not binding.node.elts:
            continue
        if hierarchy.is_module_class(project, cls):
            report("JIT705", binding.node, "", "`__constants__` is the old way to say `name: Final[int]`")


def _deprecated(project: Project, index: ModuleIndex, report: Report) -> None:
    uses: list[tuple[ast.expr, str | None]] = [
        (call.func, project.external_name(index.call_scopes[id(call)], call.func)) for call in index.calls
    ]
    for definition in _definitions(index):
        uses.extend(_decorators(project, definition))
    for node, name in uses:
        if name in _DEPRECATED:
            report("JIT710", node, "", f"`{name}` is deprecated; torch recommends torch.compile or torch.export")
