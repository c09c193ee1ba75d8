"""What the text of classes says of the names that their instances have: what is annotated, what constructors assign,
what methods replace."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import mro
from jitlint.project.project import Project
from jitlint.source.nodes import walk

_REGISTERS = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})


def annotations_of(project: Project, definition: ClassDefinition) -> dict[str, tuple[ast.expr, ClassDefinition]]:
    """Annotations of the nearest class in the MRO that has any of its own (they are not merged), with that class."""
    found: dict[str, tuple[ast.expr, ClassDefinition]] = {}
    for item in mro(project, definition).classes:
        if not isinstance(item, ClassDefinition):
            continue
        for name, bindings in item.body.bindings.items():
            for binding in bindings:
                if binding.annotation is not None:
                    found[name] = (binding.annotation, item)
        found.update(_written_annotations(item))
        if found:
            break
    return found


def _written_annotations(definition: ClassDefinition) -> dict[str, tuple[ast.expr, ClassDefinition]]:
    """``__annotations__ = {"name": T}`` in a class body."""
    bindings = definition.body.bindings.get("__annotations__", ())
    node = bindings[-1].node if bindings else None
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {
        key.value: (value, definition)
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def rebound_names(definition: ClassDefinition) -> frozenset[str]:
    """Class attributes that some method of the class's own text replaces (``self.__class__.propagate = ...``)."""
    lines = definition.module.lines[definition.node.lineno - 1 : definition.node.end_lineno]
    return frozenset(_rebound(definition.node)) if any("__class__" in line for line in lines) else frozenset()


def _rebound(node: ast.AST) -> Iterator[str]:
    for one in walk(node):
        if (
            isinstance(one, ast.Attribute)
            and isinstance(one.ctx, ast.Store)
            and isinstance(one.value, ast.Attribute)
            and one.value.attr == "__class__"
        ):
            yield one.attr


def assigned_names(project: Project, definition: ClassDefinition) -> frozenset[str]:
    """Names that the constructor of the class or of a base, or a method it calls, may set on `self`."""
    names: set[str] = set()
    for item in mro(project, definition).classes:
        if isinstance(item, ClassDefinition):
            names.update(_assigned_by_constructor(item))
    return frozenset(names)


def _assigned_by_constructor(definition: ClassDefinition) -> Iterator[str]:
    methods = {
        name: bindings[-1].node
        for name, bindings in definition.body.bindings.items()
        if isinstance(bindings[-1].node, ast.FunctionDef)
    }
    waiting, seen = ["__init__"], set()
    while waiting:
        name = waiting.pop()
        node = methods.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        yield from _assigned(node)
        for one in walk(node):
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
                waiting.append(one.func.attr)


def _assigned(node: ast.AST) -> Iterator[str]:
    for one in walk(node):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store):
            yield one.attr
        elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in _REGISTERS:
            if one.args and isinstance(one.args[0], ast.Constant) and isinstance(one.args[0].value, str):
                yield one.args[0].value
