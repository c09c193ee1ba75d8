"""Enums and NamedTuples as types (``get_enum_value_type`` and ``_get_named_tuple_properties`` of torch's Python side)."""

from __future__ import annotations

import ast

from jitlint.emit.compiler import Compiler
from jitlint.emit.python_values import constant_type
from jitlint.emit.resolver import PythonResolver
from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition
from jitlint.shapes import values as py
from jitlint.shapes.annotation_objects import AnnotationError, object_type
from jitlint.types.model import FLOAT, INT, STR, UNKNOWN, EnumType, TensorType, TupleType, Type
from jitlint.types.relations import contains_unknown, is_huge

# The order in which a set of these types happens to be walked, as the message shows it.
_WALKED = ("str", "float", "int", "bool", "NoneType")


def qualified(c: Compiler, definition: ClassDefinition) -> str:
    """The name of a class as the compiler prints it (``_qualified_name``)."""
    prefix = "__torch__" if c.is_script_file(definition.module) else f"__torch__.{definition.module.name}"
    return f"{prefix}.{definition.name}"


def _members(c: Compiler, definition: ClassDefinition) -> list[tuple[str, py.Value]]:
    found = []
    for name, bindings in definition.body.bindings.items():
        binding = bindings[-1]
        if binding.kind != "assign" or name.startswith("_") or not isinstance(binding.node, ast.expr) or binding.path:
            continue
        value = c.evaluator.evaluate(binding.node, definition.body, {})
        if not isinstance(value, py.Function | py.Lambda):
            found.append((name, value))
    return found


def enum_type(c: Compiler, definition: ClassDefinition) -> Type:
    """The enum's type; Unknown where its values have no common type, or are not known."""
    members = _members(c, definition)
    kinds = {constant_type(value.value) if isinstance(value, py.Constant) else None for _, value in members}
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    if kind not in (INT, FLOAT, STR):
        return UNKNOWN
    return EnumType(qualified(c, definition), kind, tuple(name for name, _ in members), definition)


def enum_refusal(c: Compiler, definition: ClassDefinition) -> str:
    """What the compiler says to an enum that is no type; '' where it is one, or nobody knows."""
    linear = hierarchy.mro(c.project, definition)
    if not linear.complete or definition.node.keywords or definition.node.decorator_list:
        return ""
    if any(isinstance(base, ClassDefinition) for base in linear.classes[1:]):
        return ""
    kinds: set[str] = set()
    members = _members(c, definition)
    for _, value in members:
        match value:
            case py.Constant(value=constant) if constant is not ...:
                kinds.add(type(constant).__name__)
            case py.Sequence(kind="list" | "tuple" | "set" as kind):
                kinds.add(kind)
            case py.Mapping(ordered=False):
                kinds.add("dict")
            case _:
                return ""
    if not members:
        return "" if len(definition.body.bindings) else "No enum values defined for: '<class 'enum.EnumType'>'"
    if len(kinds) == 1:
        name = kinds.pop()
        if name in ("int", "float", "str"):
            return ""
        shown = "Any" if name in ("list", "tuple", "set", "dict") else name
        return f"Cannot create Enum with value type '{shown}', only int, float and string are supported"
    if not kinds <= set(_WALKED):
        return ""
    first, second, *_ = sorted(kinds, key=_WALKED.index)
    return f"Could not unify type list since element 1 of type {second} did not match the types before it ({first})"


def namedtuple_type(c: Compiler, definition: ClassDefinition) -> Type:
    """The tuple with names that a subclass of NamedTuple is; Unknown where its fields are not all in its own body."""
    known = c.namedtuples.get(id(definition))
    if known is None:
        c.namedtuples[id(definition)] = UNKNOWN  # while its own fields are looked at
        made = _namedtuple_type(c, definition)
        known = c.namedtuples[id(definition)] = UNKNOWN if is_huge(made) else made
    return known


def _namedtuple_type(c: Compiler, definition: ClassDefinition) -> Type:
    if any(isinstance(base, ClassDefinition) for base in hierarchy.mro(c.project, definition).classes[1:]):
        return UNKNOWN
    fields: list[str] = []
    kinds: list[Type] = []
    for name, bindings in definition.body.bindings.items():
        annotation = next((one.annotation for one in reversed(bindings) if one.annotation), None)
        if annotation is None:
            continue
        fields.append(name)
        kinds.append(c.annotation_in(annotation, definition.body))
    if not fields:
        return UNKNOWN
    return TupleType(tuple(kinds), qualified(c, definition), tuple(fields))


def made_tuple_type(c: Compiler, made: py.TupleClass) -> Type:
    """The same for one that a call made: a field without annotation is a Tensor."""
    resolver = PythonResolver(c, made.scope)
    kinds: list[Type] = []
    for kind in made.types:
        try:
            found = TensorType(inferred=True) if kind is None else object_type(kind, resolver)
        except AnnotationError:
            return UNKNOWN
        if found is None:
            return UNKNOWN
        kinds.append(found)
    prefix = "__torch__" if c.is_script_file(made.scope.module) else f"__torch__.{made.scope.module.name}"
    named = TupleType(tuple(kinds), f"{prefix}.{made.name}", made.fields)
    return UNKNOWN if is_huge(named) or contains_unknown(named) else named


def defaults(definition: ClassDefinition) -> int:
    """How many fields of a NamedTuple have a default."""
    return sum(
        1
        for bindings in definition.body.bindings.values()
        if bindings[-1].kind == "assign" and bindings[-1].annotation is not None
    )
