"""Legacy API: weak script, `script_method`, and what the target's version has deprecated.

Weak script existed in torch 1.0 and 1.1. Measured on 1.1.0: a method marked ``weak_script_method`` is inlined only where
its class is marked ``weak_module`` too; alone it has no effect. From 1.2 on the names are gone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.project import Project

Report = Callable[[str, ast.AST, str, str], None]

WEAK = frozenset({"weak_script", "weak_module", "weak_script_method"})
_HOMES = frozenset({"torch._jit_internal", "torch.jit._jit_internal", "torch.jit"})


def version_tuple(version: str) -> tuple[int, int]:
    """``"1.13.1+cpu"`` as (1, 13); (99, 0) for what is no version."""
    parts = version.split("+")[0].split(".")
    try:
        return int(parts[0]), int(parts[1]) if len(parts) > 1 else 0
    except ValueError:
        return (99, 0)


def legacy_problems(project: Project, index: ModuleIndex, torch_version: str, report: Report) -> None:
    """Reports the uses of legacy API in a file, for a target of `torch_version` (``"2.13.0"``)."""
    target = version_tuple(torch_version)
    if any("weak_" in line for line in index.lines):
        if target >= (1, 2):
            _removed(index, report)
        else:
            _without_effect(project, index, report)
    if any("script_method" in line or "jit.script" in line for line in index.lines):
        _methods(project, index, report)
        if target >= (2, 5):
            _deprecated(project, index, report)


def _removed(index: ModuleIndex, report: Report) -> None:
    """Imports of the weak-script names, which fail from 1.2 on; a fallback in try/except is left alone."""
    for binding in _bindings(index.scope):
        home, _, name = binding.target.partition(":")
        if binding.kind != "from" or name not in WEAK or home not in _HOMES or binding.node is None:
            continue
        if binding.guard in ("try", "except", "type-checking"):
            continue
        report(
            "JIT701",
            _alias(binding),
            f"cannot import name '{name}' from '{home}'",
            f"`{name}` was removed in torch 1.2, so this import fails",
        )
    for function in (*index.functions, *index.classes):
        for decorator in function.node.decorator_list:
            written = ast.unparse(decorator)
            name = written.rpartition(".")[2]
            if name in WEAK and "." in written and written.rpartition(".")[0].endswith(("_jit_internal", "jit")):
                report(
                    "JIT701",
                    decorator,
                    f"has no attribute '{name}'",
                    f"`{name}` was removed in torch 1.2",
                )


def _alias(binding: Binding) -> ast.AST:
    node = binding.node
    if isinstance(node, ast.ImportFrom):
        wanted = binding.target.partition(":")[2]
        for alias in node.names:
            if alias.name == wanted and (alias.asname or alias.name) == binding.name:
                return alias
    assert node is not None
    return node


def _bindings(scope: Scope) -> Iterator[Binding]:
    for bindings in scope.bindings.values():
        yield from bindings


def _weak_mark(
    project: Project, scope: Scope, definition: FunctionDefinition | ClassDefinition
) -> Iterator[tuple[str, ast.expr]]:
    for decorator in definition.node.decorator_list:
        name = project.external_name(scope, decorator) or ast.unparse(decorator)
        last = name.rpartition(".")[2]
        if last in WEAK:
            yield last, decorator


def _without_effect(project: Project, index: ModuleIndex, report: Report) -> None:
    """Below 1.2: a marked method in a class that is not marked stays a Python call."""
    for cls in index.classes:
        if any(name == "weak_module" for name, _ in _weak_mark(project, cls.scope, cls)):
            continue
        for bindings in cls.body.bindings.values():
            for binding in bindings:
                function = index.functions_by_node.get(id(binding.node))
                if function is None:
                    continue
                for name, decorator in _weak_mark(project, cls.body, function):
                    if name == "weak_script_method":
                        report(
                            "JIT702",
                            decorator,
                            "",
                            f"`weak_script_method` has no effect: `{cls.name}` is not marked `weak_module`, so the call "
                            "stays a Python call",
                        )


def _methods(project: Project, index: ModuleIndex, report: Report) -> None:
    for function in index.functions:
        for decorator in function.node.decorator_list:
            if project.external_name(function.scope, decorator) == "torch.jit.script_method":
                report(
                    "JIT703",
                    decorator,
                    "",
                    "`script_method` is legacy: script an nn.Module instance with torch.jit.script instead",
                )


def _deprecated(project: Project, index: ModuleIndex, report: Report) -> None:
    for call in index.calls:
        scope = index.call_scopes.get(id(call), index.scope)
        name = project.external_name(scope, call.func)
        if name in ("torch.jit.script", "torch.jit.trace", "torch.jit.trace_module"):
            report(
                "JIT710",
                call.func,
                "",
                f"`{name}` is deprecated; upstream recommends torch.compile or torch.export",
            )
