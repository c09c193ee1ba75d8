"""Functions and methods declared several times with ``torch.jit._overload`` and ``_overload_method``: compiled once per
declaration, whose signature takes the place of the implementation's."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.emit.values import FunctionRef, MethodRef
from jitlint.shapes import values as py

if TYPE_CHECKING:
    from jitlint.emit.compiler import Compiler
    from jitlint.emit.emitter import Emitter
    from jitlint.project.definitions import FunctionDefinition
    from jitlint.types.model import Schema


def declarations(c: Compiler, definition: FunctionDefinition, shape: py.ModuleShape | None) -> list[FunctionDefinition]:
    """The declarations of a function, or of a method of an instance. Those of methods are found by the name of the
    instance's class alone (``_get_overloaded_methods``): a subclass has none."""
    scope = definition.cls.body if definition.cls is not None else definition.scope
    bindings = scope.bindings.get(definition.name, ())
    if len(bindings) < 2:
        return []
    if shape is not None and definition.cls is not None:
        if not isinstance(shape.cls, py.Class) or shape.cls.definition.name != definition.cls.name:
            return []
    functions = [definition.module.functions_by_node.get(id(binding.node)) for binding in bindings]
    return [
        one
        for one in functions
        if one is not None and one is not definition and c.marks(one) & {"overload", "overload_method"}
    ]


def maybe_overloaded(c: Compiler, definition: FunctionDefinition) -> bool:
    """Whether something of the same name before it may declare its signatures: its decorator is not known."""
    scope = definition.cls.body if definition.cls is not None else definition.scope
    for binding in scope.bindings.get(definition.name, ()):
        other = definition.module.functions_by_node.get(id(binding.node)) if binding.node is not None else None
        if other is definition:
            return False
        if other is not None and "opaque" in c.marks(other):
            return True
    return False


def overloads(e: Emitter, at: ast.AST, callee: FunctionRef | MethodRef) -> tuple[Schema, ...] | None:
    """The schemas of what is called, compiled for each declaration; None where it is not overloaded, nothing where one
    has no schema."""
    c = e.compiler
    definition = callee.definition
    module = callee.module if isinstance(callee, MethodRef) else None
    from jitlint.emit.functions import signature

    declared = declarations(c, definition, module.shape if module is not None else None)
    if not declared:
        return None
    found = []
    for one in declared:
        if module is not None:
            summary = c.compile_method(module, definition, overload=one)
        else:
            summary = c.compile_function(definition, overload=one)
        e.link(at, summary)
        schema = summary.schema or signature(c, one, skip_self=module is not None)
        if schema is None:
            return ()
        found.append(schema)
    return tuple(found)
