"""Interfaces (``torch.jit.interface``): their declarations, and whether a module fits one
(``InterfaceType::isSubTypeImpl``)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.functions import signature
from jitlint.emit.module_facts import class_name, definition_of, torch_method, without_self
from jitlint.emit.modules import find
from jitlint.emit.summary import Summary
from jitlint.emit.value_classes import qualified
from jitlint.emit.values import UNKNOWN_VAL, MethodRef, ModuleRef, Opaque, SchemaRef, Sugared
from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py
from jitlint.types.model import InterfaceType, Schema
from jitlint.types.relations import contains_unknown, is_subtype

Report = Callable[[str, ast.AST, str, str], None]


def interface_type(c: Compiler, definition: ClassDefinition) -> InterfaceType:
    known = c.interfaces.get(id(definition))
    if known is None:
        is_module = hierarchy.is_module_class(c.project, definition) is True
        known = c.interfaces[id(definition)] = InterfaceType(qualified(c, definition), definition, is_module)
    return known


def interface_attribute(e: Emitter, node: ast.AST, kind: InterfaceType, name: str) -> Sugared:
    """A method of an interface, known by its declaration."""
    definition = kind.definition
    if not isinstance(definition, ClassDefinition):
        return Opaque()
    bindings = definition.body.bindings.get(name)
    if not bindings and not definition.node.keywords:
        text = f"'{kind}' object has no attribute or method '{name}'."
        e.report("JIT309", node, text, f"the interface '{definition.name}' declares no '{name}'")
        return UNKNOWN_VAL
    if not bindings:
        return Opaque()
    function = definition.module.functions_by_node.get(id(bindings[-1].node))
    if function is None:
        return Opaque()
    schema = signature(e.compiler, function, skip_self=True)
    return SchemaRef(name, (schema,)) if schema is not None else Opaque()


def interface_problems(c: Compiler, index: ModuleIndex, report: Report) -> None:
    """The interfaces that a file declares: the decorator reads them when the file is imported."""
    for definition in index.classes:
        if definition.scope.kind != "module" or not definition.node.decorator_list:
            continue
        if hierarchy.is_interface(c.project, definition):
            _declaration(c, definition, report)


def _declaration(c: Compiler, definition: ClassDefinition, report: Report) -> None:
    linear = hierarchy.mro(c.project, definition)
    is_module = hierarchy.is_module_class(c.project, definition)
    bases = list(linear.classes[1:])
    if not linear.complete or is_module is None:
        return
    allowed = {"builtins.object", "torch.nn.Module", "torch.nn.modules.module.Module", "torch.nn.modules.Module"}
    if any(isinstance(one, ClassDefinition) or one.name not in allowed for one in bases if not _transparent(one)):
        text = (
            "TorchScript interface does not support inheritance yet. Please directly inherit from 'object' or "
            "'nn.Module'."
        )
        place = ast.Pass()
        node = definition.node
        place.lineno, place.col_offset = node.lineno, node.col_offset
        place.end_lineno, place.end_col_offset = node.lineno, node.col_offset + len("class ") + len(node.name)
        report("JIT608", place, text, f"the interface '{definition.name}' inherits from another class")
        return
    for _, function in _methods(definition):
        place = ast.Pass()
        place.lineno, place.col_offset = function.node.lineno, function.node.col_offset
        place.end_lineno, place.end_col_offset = function.node.lineno, function.node.col_offset + len("def")
        body = [
            one
            for one in function.node.body
            if not (
                isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) and isinstance(one.value.value, str)
            )
        ]
        if function.node.returns is None and not _has_type_comment(function):
            text = "interface declarations must have a return type annotated."
            report("JIT608", place, text, f"'{function.name}' of an interface must say what it returns")
            return
        if len(body) != 1 or not isinstance(body[0], ast.Pass):
            text = "interfaces declarations should contain 'pass' statement."
            report("JIT608", place, text, f"the body of '{function.name}' must be just pass")
            return


def _transparent(base: ClassDefinition | ExternalName) -> bool:
    return isinstance(base, ExternalName) and base.name in ("typing.Protocol", "typing.Generic", "abc.ABC")


def _has_type_comment(function: FunctionDefinition) -> bool:
    node = function.node
    return any("# type:" in line for line in function.module.lines[node.lineno - 1 : node.end_lineno])


def _methods(definition: ClassDefinition) -> Iterator[tuple[str, FunctionDefinition]]:
    for name in definition.body.bindings:
        binding = hierarchy.own_member(definition, name)
        if binding is not None and binding.kind == "function" and binding.node is not None:
            function = definition.module.functions_by_node.get(id(binding.node))
            if function is not None:
                yield name, function


# --- conformance -------------------------------------------------------------------------------------------------


def misfit(c: Compiler, shape: py.ModuleShape, interface: InterfaceType) -> tuple[str, str] | None:
    """Why an instance does not fit an interface: the method's name and ``missing`` or ``signature``; None where it
    fits, or nobody knows."""
    if not isinstance(interface.definition, ClassDefinition):
        return None
    for name, function in _methods(interface.definition):
        wanted = signature(c, function, skip_self=True)
        if wanted is None:
            continue
        given = _schema(c, shape, name)
        if given is None:
            continue
        if isinstance(given, str):
            return name, "missing"
        if not _fits(given, wanted):
            return name, "signature"
    return None


def _schema(c: Compiler, shape: py.ModuleShape, name: str) -> Schema | str | None:
    """A method's schema without self; "" where there surely is none, None where nobody knows."""
    definition = definition_of(shape)
    if definition is None:
        method = torch_method(c, shape, name)
        return without_self(method.schema) if method is not None and method.schema is not None else None
    e = Emitter(c, definition.module, definition.body, Summary("", "", 0))
    e.muted = 1
    found = find(e, definition.node, ModuleRef(shape), name)
    if found is None:
        return ""
    if not isinstance(found, MethodRef):
        return None
    summary = c.compile_method(found.module, found.definition)
    if not summary.done or summary.problems or summary.schema is None:
        return None
    return summary.schema


def _fits(given: Schema, wanted: Schema) -> bool:
    if len(given.arguments) != len(wanted.arguments):
        return False
    for mine, theirs in zip(given.arguments, wanted.arguments, strict=True):
        if mine.name != theirs.name:
            return False
        if not contains_unknown(theirs.type) and not contains_unknown(mine.type):
            if not is_subtype(theirs.type, mine.type):
                return False
    results = given.result, wanted.result
    if any(contains_unknown(one) for one in results):
        return True
    return is_subtype(*results)


def misfit_text(shape: py.ModuleShape, interface: InterfaceType, found: tuple[str, str]) -> str:
    """The compiler's words about it."""
    if found[1] == "missing":
        return f"'{class_name(shape)}' object has no attribute '{found[0]}'"
    return f"is not compatible with interface {interface}"
