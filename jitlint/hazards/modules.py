"""Modules whose declarations say something else than the compiler takes from them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from jitlint.hazards.reporting import Hazards
from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import find_member, is_module_class, mro, own_member
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py


def own_classes(found: Hazards, definition: ClassDefinition) -> Iterator[ClassDefinition]:
    """The class and its bases with source, in the order of its MRO."""
    for item in mro(found.project, definition).classes:
        if isinstance(item, ClassDefinition):
            yield item


def _method(found: Hazards, definition: ClassDefinition, name: str) -> FunctionDefinition | None:
    member = find_member(found.project, definition, name)
    if not isinstance(member, tuple):
        return None
    owner, binding = member
    return owner.module.functions_by_node.get(id(binding.node)) if binding.kind == "function" else None


# --- __constants__ -----------------------------------------------------------------------------------------------


def constants(found: Hazards, definition: ClassDefinition, shape: py.ModuleShape) -> None:
    """``__constants__`` and ``Final`` of what is no constant: torch warns, and goes on without it."""
    for owner, node, name in _declared(found, definition):
        if what := _not_constant(found, definition, shape, name):
            found.report("JIT840", owner.module, node, f"the constant '{name}' {what}")


def _declared(found: Hazards, definition: ClassDefinition) -> Iterator[tuple[ClassDefinition, ast.expr, str]]:
    """The names declared constant, with the place."""
    for owner in own_classes(found, definition):
        binding = own_member(owner, "__constants__")
        if binding is None:
            continue
        match binding.node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    if isinstance(element, ast.Constant) and isinstance(element.value, str):
                        yield owner, element, element.value
        break
    for name, (annotation, owner) in found.compiler.class_annotations(definition).items():
        if found.compiler.is_final(annotation, owner):
            yield owner, annotation, name


def _not_constant(found: Hazards, definition: ClassDefinition, shape: py.ModuleShape, name: str) -> str:
    """Why a name is no constant of the instance; '' where it is one, or may be."""
    match shape.attributes.get(name):
        case py.ModuleInstance():
            return "is a submodule, which cannot be one"
        case py.Parameter(buffer=True):
            return "is a buffer, which cannot be one"
        case py.Parameter():
            return "is a parameter, which cannot be one"
        case None if not shape.complete or shape.bases or found.compiler.assigned_names(definition) & {name}:
            return ""
        case None if find_member(found.project, definition, name) is None:
            return "is set nowhere"
    return ""


# --- annotations in the constructor ------------------------------------------------------------------------------

_ALWAYS = frozenset({"list", "dict"})  # the emptiness test knows the capitalised names only
_WHEN_EMPTY = frozenset({"List", "Dict", "Optional"})
_PARAMETERS = frozenset({"torch.nn.Parameter", "torch.nn.parameter.Parameter", "torch.nn.Buffer"})


def instance_annotations(found: Hazards, definition: ClassDefinition) -> None:
    """``self.x: List[int] = []`` in the constructor (``AttributeTypeIsSupportedChecker`` in ``torch/jit/_check.py``),
    which torch warns about in a module that it is given. Names count as they are written."""
    init = _method(found, definition, "__init__")
    if init is None:
        return
    declared = found.compiler.class_annotations(definition)
    for node in ast.walk(init.node):
        match node:
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id="self"), attr=name),
                annotation=ast.Subscript(value=ast.Name(id=container), slice=inside),
                value=value,
            ) if name not in declared and (container in _ALWAYS or (container in _WHEN_EMPTY and _is_empty(value))):
                if _is_module_part(found, init, inside):
                    continue  # torch warns, but such an annotation is of no use to it in the class body either
                found.report(
                    "JIT412",
                    init.module,
                    node,
                    f"the annotation of '{name}' is not read here: the compiler goes by the value",
                )


def _is_empty(value: ast.expr | None) -> bool:
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Constant(value=constant):
            return not constant
    return False


def _is_module_part(found: Hazards, init: FunctionDefinition, annotation: ast.expr) -> bool:
    """Whether an annotation names a module or a parameter."""
    for target in found.project.resolve_expr(init.scope, annotation):
        if isinstance(target, ExternalName) and target.name in _PARAMETERS:
            return True
        if isinstance(target, (ClassDefinition, ExternalName)) and is_module_class(found.project, target) is True:
            return True
    return False
