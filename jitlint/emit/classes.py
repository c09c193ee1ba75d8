"""Classes that are no modules: script classes, enums, NamedTuples, interfaces, exceptions (``_recursive.py``,
``python_sugared_value.cpp``, ``ir_emitter.cpp``'s class definitions)."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from jitlint.emit.calls import call_schemas
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.functions import emit_definition
from jitlint.emit.python_values import constant_type
from jitlint.emit.summary import Link, Located, Summary
from jitlint.emit.values import (
    UNKNOWN_VAL,
    ClassRef,
    EnumRef,
    ExceptionRef,
    FunctionRef,
    NamedTupleRef,
    Opaque,
    PythonValue,
    SchemaRef,
    Sugared,
    Val,
)
from jitlint.project import hierarchy
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py
from jitlint.source.problem import Problem, span_of
from jitlint.syntax import tree
from jitlint.torch_api import entries as api
from jitlint.types.model import (
    NONE,
    UNKNOWN,
    ClassType,
    EnumType,
    InterfaceType,
    Schema,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown, is_subtype


@dataclass(slots=True, eq=False)
class ClassFacts:
    """A script class: its fields, in the order ``__init__`` sets them, and the methods its body defines."""

    definition: ClassDefinition
    type: ClassType
    summary: Summary
    fields: dict[str, Type] = field(default_factory=dict)
    methods: dict[str, FunctionDefinition] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    complete: bool = True
    compiled: bool = False
    in_init: bool = False


def qualified(c: Compiler, definition: ClassDefinition) -> str:
    """The name of a class as the compiler prints it (``_qualified_name``)."""
    prefix = "__torch__" if c.is_script_file(definition.module) else f"__torch__.{definition.module.name}"
    return f"{prefix}.{definition.name}"


def class_value(c: Compiler, definition: ClassDefinition) -> Sugared:
    """What naming the class means in compiled code."""
    project = c.project
    kind = class_kind(c, definition)
    match kind:
        case "exception":
            return ExceptionRef(definition.name)
        case "enum":
            enum = enum_type(c, definition)
            return EnumRef(enum) if isinstance(enum, EnumType) else Opaque()
        case "namedtuple":
            named = namedtuple_type(c, definition)
            if isinstance(named, TupleType):
                return NamedTupleRef(named, _defaults(definition))
            return Opaque()
        case "module":
            return PythonValue("type", "class", definition.name, definition)
        case "script":
            return ClassRef(class_facts_of(c, definition).type)
    del project
    return Opaque()


def class_kind(c: Compiler, definition: ClassDefinition) -> str:
    """exception, enum, namedtuple, module, interface, function (autograd), script, or unknown."""
    known = c.class_kinds.get(id(definition))
    if known is None:
        known = c.class_kinds[id(definition)] = _class_kind(c, definition)
    return known


def _class_kind(c: Compiler, definition: ClassDefinition) -> str:
    project = c.project
    if hierarchy.is_interface(project, definition):
        return "interface"
    if hierarchy.is_module_class(project, definition) is not False:
        return "module" if hierarchy.is_module_class(project, definition) else "unknown"
    if hierarchy.is_exception(project, definition):
        return "exception"
    if hierarchy.is_enum(project, definition):
        return "enum"
    if hierarchy.is_namedtuple(project, definition):
        return "namedtuple"
    if hierarchy.is_autograd_function(project, definition):
        return "function"
    linear = hierarchy.mro(project, definition)
    if not linear.complete:
        return "unknown"
    externals = [item.name for item in linear.classes if isinstance(item, ExternalName)]
    if any(name not in ("builtins.object", "typing.Generic", "abc.ABC", "typing.Protocol") for name in externals):
        return "unknown"
    if definition.node.keywords:
        return "unknown"
    if hierarchy.is_dataclass(project, definition):
        return "dataclass"
    for base in linear.classes[1:]:
        if isinstance(base, ClassDefinition) and class_kind(c, base) != "script":
            return "unknown"
    return "script"


def class_type(c: Compiler, definition: ClassDefinition) -> Type | None:
    """The type that an annotation naming the class gives; None where it is no type to the compiler."""
    match class_kind(c, definition):
        case "enum":
            return enum_type(c, definition)
        case "namedtuple":
            return namedtuple_type(c, definition)
        case "interface":
            return interface_type(c, definition)
        case "script":
            return class_facts_of(c, definition).type
        case "module" | "exception":
            return None
    return UNKNOWN


# --- enums, NamedTuples, interfaces ----------------------------------------------------------------------------


def enum_type(c: Compiler, definition: ClassDefinition) -> Type:
    members: list[str] = []
    kinds: list[Type | None] = []
    for name, bindings in definition.body.bindings.items():
        binding = bindings[-1]
        if binding.kind != "assign" or name.startswith("_") or not isinstance(binding.node, ast.expr):
            continue
        members.append(name)
        value = c.evaluator.evaluate(binding.node, definition.body, {})
        kinds.append(constant_type(value.value) if isinstance(value, py.Constant) else UNKNOWN)
    known = set(kinds)
    if len(known) != 1 or None in known or UNKNOWN in known:
        return UNKNOWN
    kind = kinds[0]
    assert kind is not None
    return EnumType(qualified(c, definition), kind, tuple(members), definition)


def namedtuple_type(c: Compiler, definition: ClassDefinition) -> Type:
    if any(hierarchy.is_namedtuple(c.project, base) for base in _source_bases(c, definition)):
        return UNKNOWN
    fields: list[str] = []
    kinds: list[Type] = []
    for name, bindings in definition.body.bindings.items():
        binding = bindings[-1]
        annotation = binding.annotation or next((one.annotation for one in bindings if one.annotation), None)
        if annotation is None:
            continue
        fields.append(name)
        kinds.append(c.annotation_in(annotation, definition.body, definition.module))
    if not fields:
        return UNKNOWN
    return TupleType(tuple(kinds), qualified(c, definition), tuple(fields))


def _source_bases(c: Compiler, definition: ClassDefinition) -> list[ClassDefinition]:
    linear = hierarchy.mro(c.project, definition)
    return [item for item in linear.classes[1:] if isinstance(item, ClassDefinition)]


def _defaults(definition: ClassDefinition) -> int:
    return sum(
        1
        for bindings in definition.body.bindings.values()
        if bindings[-1].kind == "assign" and bindings[-1].annotation is not None
    )


def interface_type(c: Compiler, definition: ClassDefinition) -> InterfaceType:
    known = c.interfaces.get(id(definition))
    if known is None:
        is_module = hierarchy.is_module_class(c.project, definition) is True
        known = c.interfaces[id(definition)] = InterfaceType(qualified(c, definition), definition, is_module)
    return known


# --- script classes ----------------------------------------------------------------------------------------------


def class_facts_of(c: Compiler, definition: ClassDefinition) -> ClassFacts:
    facts = c.classes.get(id(definition))
    if facts is None:
        kind = ClassType(qualified(c, definition), definition)
        summary = Summary(definition.qualname, definition.module.path, definition.node.lineno)
        facts = ClassFacts(definition, kind, summary)
        for name, bindings in definition.body.bindings.items():
            function = _function_of(definition, bindings[-1])
            if function is not None:
                facts.methods[name] = function
        c.classes[id(definition)] = facts
    return facts


def _function_of(definition: ClassDefinition, binding: Binding) -> FunctionDefinition | None:
    if binding.kind != "function" or binding.node is None:
        return None
    return definition.module.functions_by_node.get(id(binding.node))


def facts(c: Compiler, kind: ClassType) -> ClassFacts | None:
    if isinstance(kind.definition, ClassDefinition) and class_kind(c, kind.definition) == "script":
        found = class_facts_of(c, kind.definition)
        initialise(c, found)
        return found
    return None


def initialise(c: Compiler, found: ClassFacts) -> None:
    """Types ``__init__``, which gives the class its fields."""
    if "__init__" in found.summaries:
        return
    init = found.methods.get("__init__")
    if init is None:
        return
    summary = found.summaries["__init__"] = Summary(init.qualname, init.module.path, init.node.lineno)
    found.in_init = True
    emit_definition(c, summary, init, Val(found.type))
    found.in_init = False


def compile_class(c: Compiler, found: ClassFacts) -> Summary:
    """All methods of the class, in the order of their names; the class's own problems."""
    if found.compiled:
        return found.summary
    found.compiled = True
    definition = found.definition
    for name in sorted(found.methods):
        function = found.methods[name]
        marks = c.marks(function)
        if marks & {"ignore", "unused", "drop", "opaque", "staticmethod", "classmethod"}:
            continue
        args = function.node.args
        if not args.args and not args.posonlyargs:
            span = span_of(function.node, function.module.lines)
            text = "methods must have a self argument"
            found.summary.problems.append(Located(Problem("JIT610", function.module.path, span, text, text)))
            continue
        summary = method_summary(c, found, name)
        if summary is not None:
            found.summary.links.append(Link(definition.module.path, definition.node.lineno, summary))
    return found.summary


def _at_class(c: Compiler, found: ClassFacts, code: str, torch_message: str, message: str) -> None:
    place = ast.Pass()
    node = found.definition.node
    place.lineno, place.col_offset = node.lineno, node.col_offset
    place.end_lineno, place.end_col_offset = node.lineno, node.col_offset + len("class ") + len(node.name)
    span = span_of(place, found.definition.module.lines)
    problem = Problem(code, found.definition.module.path, span, torch_message, message)
    found.summary.problems.append(Located(problem))


def method_summary(c: Compiler, found: ClassFacts, name: str) -> Summary | None:
    if name == "__init__":
        initialise(c, found)
        return found.summaries.get(name)
    summary = found.summaries.get(name)
    if summary is not None:
        return summary
    function = found.methods.get(name)
    if function is None:
        return None
    initialise(c, found)
    summary = found.summaries[name] = Summary(function.qualname, function.module.path, function.node.lineno)
    emit_definition(c, summary, function, Val(found.type))
    return summary


def has_method(c: Compiler, kind: ClassType, name: str) -> bool | None:
    if isinstance(kind.definition, api.ClassEntry):
        return None
    if kind.is_module:
        return None
    found = facts(c, kind)
    return None if found is None else name in found.methods


def method_schema(c: Compiler, kind: ClassType, name: str) -> Schema | None:
    if isinstance(kind.definition, api.ClassEntry):
        return None
    found = facts(c, kind)
    summary = method_summary(c, found, name) if found is not None else None
    if summary is None or summary.schema is None:
        return None
    schema = summary.schema
    from jitlint.types.model import Argument

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
    if isinstance(kind.definition, api.ClassEntry):
        schema = method_schema(c, kind, name)
        if schema is None:
            return UNKNOWN_VAL
        from jitlint.emit.modules import without_self

        return call_schemas(e, at, (without_self(schema),), args, kwargs)
    found = facts(c, kind)
    if found is None:
        return UNKNOWN_VAL
    summary = method_summary(c, found, name)
    if summary is None or summary.schema is None or not summary.done:
        return UNKNOWN_VAL
    call_schemas(e, at, (summary.schema,), args, kwargs)
    return Val(summary.result)


def construct(
    c: Compiler, e: Emitter, at: ast.AST, kind: ClassType, args: list[Val], kwargs: list[tuple[str, Val]]
) -> Sugared:
    """``Cls(...)``: the class is compiled whole, its ``__init__`` matched."""
    if isinstance(kind.definition, api.ClassEntry):
        call_method(c, e, at, kind, "__init__", args, kwargs)
        return Val(kind)
    found = facts(c, kind)
    if found is None:
        return Val(kind)
    e.link(at, compile_class(c, found))
    if "__init__" not in found.methods:
        e.report(
            "JIT604",
            at,
            f"Class {found.definition.name} does not have an __init__ function defined",
            f"'{found.definition.name}' needs an __init__ of its own to be instantiated",
        )
    summary = found.summaries.get("__init__")
    if summary is not None and summary.schema is not None and summary.done:
        call_schemas(e, at, (summary.schema,), args, kwargs)
    return Val(kind)


def instance_attribute(c: Compiler, e: Emitter, node: ast.AST, value: Val, kind: ClassType, name: str) -> Sugared:
    """``obj.name`` (``SimpleValue::attr`` on a class)."""
    if isinstance(kind.definition, api.ClassEntry):
        schema = method_schema(c, kind, name)
        if schema is None:
            return Opaque()
        from jitlint.emit.modules import without_self

        return SchemaRef(name, (without_self(schema),))
    found = facts(c, kind)
    if found is None:
        return Opaque()
    if name in found.fields:
        return Val(found.fields[name])
    function = found.methods.get(name)
    if function is not None:
        marks = c.marks(function)
        if "opaque" in marks:
            return Opaque()
        if "property" in marks:
            summary = method_summary(c, found, name)
            return Val(summary.result) if summary is not None else UNKNOWN_VAL
        if "staticmethod" in marks:
            return FunctionRef(function, marks)
        if marks & {"ignore", "unused", "drop"}:
            return Opaque()
        summary = method_summary(c, found, name)
        if summary is None or summary.schema is None:
            return Opaque()
        return SchemaRef(name, (summary.schema,))
    bindings = found.definition.body.bindings.get(name)
    if bindings:
        e.report(
            "JIT602",
            node,
            f"'{kind}' object has no attribute or method '{name}'. Did you forget to initialize an attribute in "
            f"__init__()? '{name}' is defined as a class attribute which currently is not supported. Consider "
            "converting this to an instance attribute.",
            f"'{name}' is a class attribute; TorchScript knows only what __init__ sets",
        )
        return UNKNOWN_VAL
    if not found.complete or found.summary.problems:
        return UNKNOWN_VAL
    e.report(
        "JIT611",
        node,
        f"'{kind}' object has no attribute or method '{name}'. Did you forget to initialize an attribute in __init__()?",
        f"'{definition_name(kind)}' has no attribute or method '{name}'",
    )
    return UNKNOWN_VAL


def definition_name(kind: ClassType) -> str:
    return kind.name.rpartition(".")[2]


def set_instance_attribute(
    c: Compiler, e: Emitter, target: tree.Select, kind: ClassType, value: Val, annotated: Type | None
) -> None:
    """``obj.name = value``: in ``__init__`` the first one makes the field."""
    if isinstance(kind.definition, api.ClassEntry):
        return
    found = facts(c, kind)
    if found is None:
        return
    name = target.name
    if name not in found.fields:
        own = e.definition is not None and e.definition.name == "__init__" and e.definition.cls is found.definition
        if not own:
            if name in found.methods or name in found.definition.body.bindings:
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
                f"First assignment cannot be in a control-flow block. Initialize the field at the top level first.",
                f"'{name}' must first be set at the top level of __init__",
            )
        found.fields[name] = annotated or value.type
        if annotated is not None and not is_subtype(value.type, annotated):
            e.report("JIT403", target.at, f"Wrong type for attribute assignment. Expected {annotated} but got {value.type}")
        return
    expected = found.fields[name]
    if not is_subtype(value.type, expected) and not contains_unknown(value.type):
        e.report(
            "JIT403",
            target.at,
            f"Wrong type for attribute assignment. Expected {expected} but got {value.type}",
            f"'{name}' is {expected}{' (None in __init__)' if expected == NONE else ''} and cannot be set to {value.type}",
        )
