"""What compiles and does not do what it says, as far as definitions and decorators alone show it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from jitlint.project import hierarchy
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.entry_points import EntryPoint, scripted_arguments
from jitlint.project.project import Project
from jitlint.project.targets import BoundValue
from jitlint.project.wrapping import wrappings

Report = Callable[[str, ast.AST, str, str], None]

_EXPORT = frozenset({"torch.jit.export", "torch._jit_internal.export"})
_IGNORED = frozenset(f"{home}.{name}" for home in ("torch.jit", "torch._jit_internal") for name in ("ignore", "unused"))
_BACKWARD_HOOKS = frozenset(
    {"register_backward_hook", "register_full_backward_hook", "register_full_backward_pre_hook"}
)
_GIVEN = "given to "  # how `EntryPoint.why` starts for what a script call names


def hazard_problems(
    project: Project, index: ModuleIndex, points: Sequence[EntryPoint], script_calls: Sequence[str], report: Report
) -> None:
    """Reports the hazards of a file. points: its units."""
    for point in points:
        definition = point.definition
        if definition.module is not index or point.unresolved:
            continue
        if isinstance(definition, FunctionDefinition):
            _dropped_decorators(project, definition, report)
        elif point.kind == "module":
            for function in _compiled_methods(project, definition):
                _dropped_decorators(project, function, report)
            _constants(definition, report)
            if point.why.startswith(_GIVEN):
                _scripted_module(project, definition, report)
    for function in index.functions:
        if function.cls is None:
            for decorator in function.decorators:
                if project.external_name(function.scope, decorator, before=function.node) in _EXPORT:
                    report(
                        "JIT421", decorator, "", f"`{function.name}` is no method of a module: the mark has no effect"
                    )
    for scope, argument in scripted_arguments(project, index, script_calls):
        if any(_is_partial(project, *value) for value in _values(project, scope, argument)):
            report(
                "JIT424", argument, "", "a `functools.partial` is scripted as an object: the result cannot be called"
            )


def _dropped_decorators(project: Project, function: FunctionDefinition, report: Report) -> None:
    if _has_mark(project, function, _IGNORED):
        return
    for wrapping in wrappings(project, function) or ():
        report(
            "JIT410",
            wrapping.decorator,
            "",
            f"TorchScript compiles `{function.name}` without this decorator: what `{wrapping.name}` adds is lost",
        )


def _compiled_methods(project: Project, cls: ClassDefinition) -> Iterator[FunctionDefinition]:
    """The methods that a class's own body contributes: forward and what is exported."""
    for name in cls.body.bindings:
        binding = hierarchy.own_member(cls, name)
        function = cls.module.functions_by_node.get(id(binding.node)) if binding is not None else None
        if function is not None and (name == "forward" or _has_mark(project, function, _EXPORT)):
            yield function


def _has_mark(project: Project, function: FunctionDefinition, names: frozenset[str]) -> bool:
    return bool(function.decorators) and hierarchy.has_decorator(project, function, names)


def _constants(cls: ClassDefinition, report: Report) -> None:
    binding = hierarchy.own_member(cls, "__constants__")
    if binding is not None and isinstance(binding.node, ast.Constant):
        text = binding.node.value
        if isinstance(text, str) and len(text) > 1:
            missing = f"'{text[0]}' was found in ScriptModule constants, but was not actually set in __init__"
            report("JIT423", binding.node, missing, "`__constants__` is a string: it is taken letter by letter")


def _scripted_module(project: Project, cls: ClassDefinition, report: Report) -> None:
    """A module that a script call names: nothing in it is compiled, or something of it is lost."""
    linear = hierarchy.mro(project, cls)
    classes = [item for item in linear.classes if isinstance(item, ClassDefinition)]
    found = hierarchy.find_member(project, cls, "forward")
    ignored = None
    if isinstance(found, tuple):
        ignored = found[0].module.functions_by_node.get(id(found[1].node))
    placeholder = found is None or getattr(found, "name", "") in {f"{base}.forward" for base in hierarchy.MODULE_BASES}
    empty = placeholder or (ignored is not None and _has_mark(project, ignored, _IGNORED))
    exports = any(
        _has_mark(project, function, _EXPORT) or hierarchy.is_obscured(project, function)
        for item in classes
        for function in item.module.functions
        if function.cls is item and function.decorators
    )
    if empty and not exports and linear.complete:
        why = "has no `forward`" if placeholder else "has an ignored `forward`"
        report(
            "JIT422", _name_of(cls), "", f"`{cls.name}` {why} and exports nothing: the compiled module has no method"
        )
    for item in classes:
        if item.module is not cls.module:
            continue
        for function in item.module.functions:
            if function.cls is not item:
                continue
            if _has_mark(project, function, frozenset({"functools.cached_property"})):
                report(
                    "JIT426",
                    function.decorators[0],
                    "",
                    f"`{function.name}` is evaluated once, when the module is scripted, and becomes a plain attribute",
                )
            if function.name == "__init__":
                for call in _hook_calls(function):
                    report("JIT425", call, "", "backward hooks are not part of the compiled module")


def _hook_calls(function: FunctionDefinition) -> Iterator[ast.Call]:
    for node in ast.walk(function.node):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if name in _BACKWARD_HOOKS:
                yield node


def _name_of(cls: ClassDefinition) -> ast.AST:
    """The ``class Name`` of a class as a place."""
    place = ast.Name(cls.name)
    place.lineno = place.end_lineno = cls.node.lineno
    place.col_offset = cls.node.col_offset
    place.end_col_offset = cls.node.col_offset + len(f"class {cls.name}".encode())
    return place


def _values(project: Project, scope: Scope, expression: ast.expr) -> Iterator[tuple[Scope, ast.expr]]:
    if isinstance(expression, ast.Call):
        yield scope, expression
        return
    for target in project.resolve_expr(scope, expression):
        match target:
            case BoundValue(scope=inner, binding=Binding(kind="assign", node=ast.Call() as value, path=())):
                yield inner, value


def _is_partial(project: Project, scope: Scope, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and project.external_name(scope, value.func) == "functools.partial"
