"""What compiled code does with script classes: constructing, calling methods, reading and setting attributes
(``SimpleValue::attr``, ``PythonClassValue::attr``, ``ClassValue::call``)."""

from __future__ import annotations

import ast

from jitlint.emit.calls import call_schemas
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.script_classes import IMPLICIT, ClassFacts, compile_class, facts, method_summary
from jitlint.emit.values import UNKNOWN_VAL, IgnoredRef, Opaque, SchemaRef, Sugared, Val
from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition
from jitlint.shapes import values as py
from jitlint.syntax import tree
from jitlint.torch_api import entries as api
from jitlint.types.model import (
    NONE,
    Argument,
    ClassType,
    DictType,
    FutureType,
    ListType,
    OptionalType,
    Schema,
    TupleType,
    Type,
    UnionType,
)
from jitlint.types.relations import contains_unknown, is_subtype

_DROPPED = frozenset({"ignore", "unused", "drop"})


def has_method(c: Compiler, kind: ClassType, name: str) -> bool | None:
    if isinstance(kind.definition, api.ClassEntry) or kind.is_module:
        return None
    found = facts(c, kind)
    if found is None or not found.complete:
        return None
    return name in found.methods or name in found.made


def _schema(c: Compiler, found: ClassFacts, name: str) -> Schema | None:
    """A method's schema without self, its text with it."""
    schema = found.made.get(name)
    if schema is None:
        summary = method_summary(c, found, name)
        schema = summary.schema if summary is not None and summary.done else None
    if schema is None:
        return None
    arguments = "".join(f", {argument}" for argument in schema.arguments)
    text = f"{schema.name}({found.type} self{arguments}) -> {schema.result.short()}"
    return Schema(schema.name, schema.arguments, schema.returns, text=text)


def method_schema(c: Compiler, kind: ClassType, name: str) -> Schema | None:
    """A method's schema with self."""
    if isinstance(kind.definition, api.ClassEntry):
        return None
    found = facts(c, kind)
    schema = _schema(c, found, name) if found is not None else None
    if schema is None:
        return None
    return Schema(schema.name, (Argument("self", kind), *schema.arguments), schema.returns, text=schema.text)


def call_method(
    c: Compiler,
    e: Emitter,
    at: ast.AST,
    kind: ClassType,
    name: str,
    args: list[Val],
    kwargs: list[tuple[str, Val]],
) -> Sugared:
    """``obj.name(...)`` and what operators become."""
    found = None if isinstance(kind.definition, api.ClassEntry) else facts(c, kind)
    schema = _schema(c, found, name) if found is not None else None
    if schema is None:
        return UNKNOWN_VAL
    call_schemas(e, at, (schema,), args, kwargs)
    return Val(schema.result)


def construct(
    c: Compiler, e: Emitter, at: ast.AST, kind: ClassType, args: list[Val], kwargs: list[tuple[str, Val]]
) -> Sugared:
    """``Cls(...)``: the class is compiled whole, its ``__init__`` matched."""
    found = None if isinstance(kind.definition, api.ClassEntry) else facts(c, kind)
    if found is None:
        return Val(kind)
    summary = compile_class(c, found)
    e.link(at, summary)
    if any(located.problem.code in ("JIT601", "JIT605", "JIT609") for located in summary.problems):
        return Val(kind)
    if "__init__" not in found.methods and "__init__" not in found.made and found.complete:
        e.report(
            "JIT604",
            at,
            f"Class {found.definition.name} does not have an __init__ function defined",
            f"'{found.definition.name}' needs an __init__ of its own to be instantiated",
        )
        return Val(kind)
    schema = _schema(c, found, "__init__")
    if schema is not None:
        call_schemas(e, at, (schema,), args, kwargs)
    return Val(kind)


def instance_attribute(c: Compiler, e: Emitter, node: ast.AST, kind: ClassType, name: str) -> Sugared:
    """``obj.name`` (``SimpleValue::attr`` on a class)."""
    found = None if isinstance(kind.definition, api.ClassEntry) else facts(c, kind)
    if found is None:
        return Opaque()
    if name in found.fields:
        return Val(found.fields[name])
    function = found.methods.get(name)
    if function is not None:
        marks = c.marks(function)
        if "opaque" in marks or name in IMPLICIT:
            return Opaque()
        if "property" in marks:
            summary = method_summary(c, found, name)
            return Val(summary.result) if summary is not None else UNKNOWN_VAL
        if marks & _DROPPED:
            return IgnoredRef(function, bound=True, unused="ignore" not in marks)
    if "staticmethod" not in (c.marks(function) if function is not None else ()):
        schema = _schema(c, found, name)
        if schema is not None:
            return SchemaRef(name, (schema,))
        if function is not None:
            return Opaque()
    if not found.complete or _failed_init(found):
        return UNKNOWN_VAL
    start = f"'{kind}' object has no attribute or method '{name}'."
    if function is None and _assigned(found.definition, name):
        e.report(
            "JIT602",
            node,
            f"{start} '{name}' is defined as a class attribute which currently is not supported. Consider converting "
            "this to an instance attribute.",
            f"'{name}' is a class attribute; TorchScript knows only what __init__ sets",
        )
        return UNKNOWN_VAL
    e.report(
        "JIT611",
        node,
        f"{start} Did you forget to initialize an attribute in __init__()?",
        f"'{definition_name(kind)}' has no attribute or method '{name}'",
    )
    return UNKNOWN_VAL


def _failed_init(found: ClassFacts) -> bool:
    """Whether ``__init__`` was not read whole, so that fields may be missing."""
    summary = found.summaries.get("__init__")
    return bool(found.summary.problems) or (summary is not None and (bool(summary.problems) or not summary.done))


def _assigned(definition: ClassDefinition, name: str) -> bool:
    return any(one.kind in ("assign", "annotation") for one in definition.body.bindings.get(name, ()))


def class_member(c: Compiler, e: Emitter, node: ast.AST, kind: ClassType, name: str) -> Sugared:
    """``Cls.name``: what the Python class has under that name, as a value of its own (``PythonClassValue::attr``)."""
    from jitlint.emit.python_values import to_sugared

    found = facts(c, kind)
    if found is None or not found.complete:
        return Opaque()
    summary = compile_class(c, found)  # whatever of it is meant, its name has the class compiled
    if not any(located.problem.code in ("JIT601", "JIT605", "JIT609") for located in summary.problems):
        e.link(node, summary)
    function = found.methods.get(name)
    if function is not None:
        return to_sugared(c, py.Function(function, c.marks(function))) or Opaque()
    value = c.evaluator.member(found.definition, name)
    if value is not None:
        return to_sugared(c, value) or Opaque()
    if name.startswith("__") or not hierarchy.mro(c.project, found.definition).complete:
        return Opaque()
    text = f"Tried to lookup unknown attribute on class {kind}"
    e.report("JIT602", node, text, f"'{definition_name(kind)}' has no attribute '{name}'")
    return UNKNOWN_VAL


def definition_name(kind: ClassType) -> str:
    return kind.name.rpartition(".")[2]


def set_instance_attribute(c: Compiler, e: Emitter, target: tree.Select, kind: ClassType, value: Val) -> None:
    """``obj.name = value``: in ``__init__`` the first one makes the field, of the type of the value whatever the
    annotation says."""
    found = None if isinstance(kind.definition, api.ClassEntry) else facts(c, kind)
    if found is None:
        return
    name = target.name
    if name in found.fields:
        _replace(e, target, name, found.fields[name], value)
        return
    if name in found.methods and "property" in c.marks(found.methods[name]):
        if name not in found.setters:
            text = f"Tried to set read-only attribute: {name}"
            e.report("JIT404", target.at, text, f"the property '{name}' has no setter")
        return
    own = e.definition is not None and e.definition.name == "__init__" and e.definition.cls is found.definition
    if not own:
        if name in found.methods or not found.complete or _failed_init(found):
            return
        e.report(
            "JIT611",
            target.at,
            f"Tried to set nonexistent attribute: {name}. Did you forget to initialize it in __init__()?",
            f"'{name}' is not set in __init__",
        )
        return
    if e.frame.parent is not None:
        e.report(
            "JIT603",
            target.at,
            "First assignment cannot be in a control-flow block. Initialize the field at the top level first",
            f"'{name}' must first be set at the top level of __init__",
        )
    if _holds(value.type, kind):
        e.report(
            "JIT403",
            target.at,
            f"Assignment to attribute '{name}' cannot be of a type that contains class '{kind}'. Classes that "
            "recursively contain instances of themselves are not yet supported",
            f"'{name}' would hold an instance of the class itself",
        )
    found.fields[name] = value.type


def _holds(kind: Type, cls: ClassType) -> bool:
    match kind:
        case ClassType(name=name, is_module=False):
            return name == cls.name
        case ListType(element) | OptionalType(element) | FutureType(element):
            return _holds(element, cls)
        case DictType(key, element):
            return _holds(key, cls) or _holds(element, cls)
        case TupleType(elements=members) | UnionType(members):
            return any(_holds(one, cls) for one in members)
    return False


def _replace(e: Emitter, target: tree.Select, name: str, expected: Type, value: Val) -> None:
    if is_subtype(value.type, expected) or contains_unknown(value.type):
        return
    e.report(
        "JIT403",
        target.at,
        f"Wrong type for attribute assignment. Expected {expected} but got {value.type}",
        f"'{name}' is {expected}{' (None in __init__)' if expected == NONE else ''} and cannot be set to {value.type}",
    )
