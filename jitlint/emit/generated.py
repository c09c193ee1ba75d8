"""Methods that ``dataclasses`` generates: without source, unless the class itself is scripted
(``_dataclass_impls.py``)."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jitlint.emit.compiler import Compiler
from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.project.targets import ExternalName

_DATACLASS = frozenset({"dataclasses.dataclass"})
_SCRIPT = frozenset({"torch.jit.script", "torch.jit._script.script"})
_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a dataclass: `default` where it has one; `factory` for ``default_factory``; `init` whether the
    constructor takes it."""

    name: str
    annotation: ast.expr
    default: ast.expr | None = None
    factory: bool = False
    init: bool = True


def is_scripted(c: Compiler, definition: ClassDefinition) -> bool:
    """Whether the class itself is handed to ``torch.jit.script`` in its file: as a decorator or in a call."""
    if hierarchy.has_decorator(c.project, definition, _SCRIPT):
        return True
    for call in definition.module.calls:
        if len(call.args) >= 1 and isinstance(call.args[0], ast.Name) and call.args[0].id == definition.name:
            scope = definition.module.call_scopes.get(id(call), definition.module.scope)
            if c.project.external_name(scope, call.func) in _SCRIPT:
                return True
    return False


def _decorator(c: Compiler, definition: ClassDefinition) -> ast.expr | None:
    """The ``dataclass`` decorator of the class itself."""
    for decorator in definition.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if c.project.external_name(definition.scope, function, before=definition.node) in _DATACLASS:
            return decorator
    return None


def _inherited_decorator(c: Compiler, definition: ClassDefinition) -> ast.expr | None:
    """A ``dataclass(cls)`` that a base applies to its subclasses, in ``__init_subclass__``."""
    for base in hierarchy.mro(c.project, definition).classes[1:]:
        if not isinstance(base, ClassDefinition):
            continue
        binding = hierarchy.own_member(base, "__init_subclass__")
        if binding is None or not isinstance(binding.node, ast.FunctionDef) or not binding.node.args.args:
            continue
        receiver = binding.node.args.args[0].arg
        function = base.module.functions_by_node.get(id(binding.node))
        if function is None:
            continue
        for statement in binding.node.body:
            for one in ast.walk(statement) if isinstance(statement, ast.Assign | ast.Expr | ast.Return) else ():
                if (
                    isinstance(one, ast.Call)
                    and one.args
                    and isinstance(one.args[0], ast.Name)
                    and one.args[0].id == receiver
                    and c.project.external_name(function.scope, one.func) in _DATACLASS
                ):
                    return one
        return None
    return None


def generated_methods(c: Compiler, definition: ClassDefinition) -> tuple[str, ...]:
    """The methods that ``dataclass`` adds to the class, in order; none where it is no dataclass of its own."""
    decorator = _decorator(c, definition) or _inherited_decorator(c, definition)
    if decorator is None:
        return ()
    options: dict[str, object] = {}
    for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
        options[keyword.arg or ""] = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    names: list[str] = []
    for option, added, default in (
        ("init", ("__init__",), True),
        ("repr", ("__repr__",), True),
        ("eq", ("__eq__",), True),
        ("order", _ORDER, False),
    ):
        if options.get(option, default):
            names.extend(name for name in added if hierarchy.own_member(definition, name) is None)
    return tuple(names)


def plainly_decorated(c: Compiler, definition: ClassDefinition) -> bool:
    """Whether every decorator of the class is one that leaves a class a class, as far as that can be seen."""
    for decorator in definition.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        for target in c.project.resolve_expr(definition.scope, function, before=definition.node) or (None,):
            if isinstance(target, FunctionDefinition):
                continue
            if isinstance(target, ExternalName) and target.name not in _SCRIPT:
                continue
            return False
    return True


def fields_of(c: Compiler, definition: ClassDefinition) -> tuple[Field, ...] | None:
    """The fields of a dataclass, in order; None where they are not all plain."""
    found: list[Field] = []
    for name, bindings in definition.body.bindings.items():
        annotation = next((one.annotation for one in reversed(bindings) if one.annotation is not None), None)
        if annotation is None:
            continue
        head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        origin = c.project.external_name(definition.scope, head)
        if origin == "typing.ClassVar":
            continue
        if origin in ("dataclasses.InitVar", "dataclasses.KW_ONLY") or definition.module.future_annotations:
            return None
        value = bindings[-1].node if bindings[-1].kind == "assign" else None
        one = Field(name, annotation, value if isinstance(value, ast.expr) else None)
        if isinstance(value, ast.Call) and c.project.external_name(definition.scope, value.func) == "dataclasses.field":
            given = {keyword.arg: keyword.value for keyword in value.keywords}
            if not set(given) <= {"default", "default_factory", "repr", "compare", "hash", "metadata"}:
                return None
            one = Field(name, annotation, given.get("default"), "default_factory" in given)
        found.append(one)
    return tuple(found)
