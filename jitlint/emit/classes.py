"""Classes that are no modules: script classes and how exceptions, enums, NamedTuples and interfaces are told apart
(``_recursive_compile_class``, ``get_jit_class_def``, ``ir_emitter.cpp``'s class definitions)."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from jitlint.emit.calls import call_schemas
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.functions import emit_definition
from jitlint.emit.generated import fields_of, generated_methods, is_scripted, plainly_decorated
from jitlint.emit.interfaces import interface_type
from jitlint.emit.summary import Link, Located, Summary, outcome
from jitlint.emit.value_classes import defaults, enum_refusal, enum_type, namedtuple_type, qualified
from jitlint.emit.values import (
    UNKNOWN_VAL,
    ClassRef,
    EnumRef,
    ExceptionRef,
    IgnoredRef,
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
    BOOL,
    NONE,
    UNKNOWN,
    Argument,
    ClassType,
    DictType,
    EnumType,
    FutureType,
    ListType,
    OptionalType,
    Schema,
    TupleType,
    Type,
    UnionType,
)
from jitlint.types.relations import contains_unknown, is_subtype

# Bases without source that add no method to the class itself.
_PLAIN_BASES = frozenset(
    {f"builtins.{name}" for name in ("object", "dict", "str", "int", "float", "set")}
    | {"typing.Generic", "typing.Protocol", "typing.TypedDict", "typing_extensions.TypedDict", "abc.ABC"}
    | {"typing_extensions.Protocol"}
)
_METACLASSES = frozenset({"abc.ABCMeta"})
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})
# Methods that Python makes static or class methods by their name.
_IMPLICIT = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_DROPPED = frozenset({"ignore", "unused", "drop"})


@dataclass(slots=True, eq=False)
class ClassFacts:
    """A script class: its fields, in the order ``__init__`` sets them, and the methods its body defines. `setters` are
    the properties' second functions. `made` holds the schemas (without self) of methods made for a dataclass."""

    definition: ClassDefinition
    type: ClassType
    summary: Summary
    fields: dict[str, Type] = field(default_factory=dict)
    methods: dict[str, FunctionDefinition] = field(default_factory=dict)
    setters: dict[str, FunctionDefinition] = field(default_factory=dict)
    made: dict[str, Schema] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    complete: bool = True
    compiled: bool = False


def class_value(c: Compiler, definition: ClassDefinition) -> Sugared:
    """What naming the class means in compiled code."""
    match class_kind(c, definition):
        case "exception":
            return ExceptionRef(definition.name)
        case "enum":
            refusal = enum_refusal(c, definition)
            if refusal:
                return PythonValue("type", "refused", refusal, definition)
            enum = enum_type(c, definition)
            return EnumRef(enum) if isinstance(enum, EnumType) else Opaque()
        case "namedtuple":
            named = namedtuple_type(c, definition)
            return NamedTupleRef(named, defaults(definition)) if isinstance(named, TupleType) else Opaque()
        case "module" | "python":
            return PythonValue("type", "class", definition.name, definition)
        case "function":
            return PythonValue("type", "autograd-class", definition.name, definition)
        case "script":
            return ClassRef(class_facts_of(c, definition).type)
    return Opaque()


def class_kind(c: Compiler, definition: ClassDefinition) -> str:
    """exception, enum, namedtuple, module, interface, function (autograd), script, python (not to be compiled), or
    unknown."""
    known = c.class_kinds.get(id(definition))
    if known is None:
        c._keep.append(definition)
        known = c.class_kinds[id(definition)] = _class_kind(c, definition)
    return known


def _class_kind(c: Compiler, definition: ClassDefinition) -> str:
    project = c.project
    if hierarchy.is_interface(project, definition):
        return "interface"
    if hierarchy.may_be_interface(project, definition):
        return "unknown"
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
    if hierarchy.is_obscured(project, definition):
        return "unknown"
    linear = hierarchy.mro(project, definition)
    if generated_methods(c, definition):
        # Its generated methods refuse it, whatever its bases are (tuples, lists and exceptions are no dataclasses).
        return "script" if plainly_decorated(c, definition) or is_scripted(c, definition) else "unknown"
    if not linear.complete:
        return "unknown"
    externals = [item.name for item in linear.classes if isinstance(item, ExternalName)]
    if any(name not in _PLAIN_BASES for name in externals):
        return "unknown"
    for keyword in definition.node.keywords:
        if keyword.arg != "metaclass" or project.external_name(definition.scope, keyword.value) not in _METACLASSES:
            return "unknown"
    if definition.node.decorator_list and not is_scripted(c, definition):
        return "unknown"
    for base in linear.classes[1:]:
        if isinstance(base, ClassDefinition) and hierarchy.own_member(base, "__init_subclass__") is not None:
            return "unknown"
    for function in definition.body.bindings:
        found = _function_of(definition, hierarchy.own_member(definition, function))
        if found is not None and _cached(c, found):
            return "python"
    return "script"


def _cached(c: Compiler, function: FunctionDefinition) -> bool:
    """Whether ``lru_cache`` made a C object of it."""
    for decorator in function.decorators:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if c.project.external_name(function.scope, target) in _CACHES:
            return True
    return False


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
        case "module" | "exception" | "python":
            return None
    return UNKNOWN


def instance_type(c: Compiler, definition: ClassDefinition) -> Type | None:
    """The type that is inferred for an instance of the class: None where the class does not compile, which is then
    no error of its own (``tryToInferType``)."""
    kind = class_type(c, definition)
    if class_kind(c, definition) != "script" or not isinstance(kind, ClassType):
        return kind
    match compiles(c, class_facts_of(c, definition)):
        case True:
            return kind
        case False:
            return None
    return UNKNOWN


def compiles(c: Compiler, found: ClassFacts) -> bool | None:
    """Whether the class compiles; None where that is not known."""
    if found.compiled and not found.summary.done:
        return True  # it holds itself; that is another matter
    return outcome(compile_class(c, found))


# --- script classes ----------------------------------------------------------------------------------------------


def class_facts_of(c: Compiler, definition: ClassDefinition) -> ClassFacts:
    found = c.classes.get(id(definition))
    if found is None:
        kind = ClassType(qualified(c, definition), definition)
        summary = Summary(definition.qualname, definition.module.path, definition.node.lineno)
        found = c.classes[id(definition)] = ClassFacts(definition, kind, summary)
        for name, bindings in definition.body.bindings.items():
            function = _function_of(definition, hierarchy.own_member(definition, name))
            if function is None:
                continue
            found.methods[name] = function
            for binding in bindings:
                other = _function_of(definition, binding)
                if other is not None and other is not function and _is_setter(other):
                    found.setters[name] = other
        if generated_methods(c, definition) and is_scripted(c, definition):
            _synthesise(c, found)
    return found


def _function_of(definition: ClassDefinition, binding: Binding | None) -> FunctionDefinition | None:
    if binding is None or binding.kind != "function" or binding.node is None:
        return None
    return definition.module.functions_by_node.get(id(binding.node))


def _is_setter(function: FunctionDefinition) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in function.decorators)


def _synthesise(c: Compiler, found: ClassFacts) -> None:
    """The methods that torch writes for a dataclass that is scripted itself."""
    definition = found.definition
    fields = fields_of(c, definition)
    names = generated_methods(c, definition)
    if fields is None or any(one.name in found.methods for one in fields):
        found.complete = False
        return
    arguments: list[Argument] = []
    for one in fields:
        kind = c.annotation_in(one.annotation, definition.scope, definition.module)
        if "__init__" in names:
            found.fields[one.name] = kind
        arguments.append(Argument(one.name, kind, None if one.default is None else ast.unparse(one.default)))
    for name in names:
        if name == "__init__":
            found.made[name] = Schema(name, tuple(arguments), (NONE,))
            if any(one.factory for one in fields):
                text = "Default factory initializers are not supported in TorchScript dataclasses"
                at_class(found, "JIT609", text, f"a field of '{definition.name}' has a default factory")
        elif name == "__eq__" or name in ("__lt__", "__le__", "__gt__", "__ge__"):
            found.made[name] = Schema(name, (Argument("other", found.type),), (BOOL,))


def facts(c: Compiler, kind: ClassType) -> ClassFacts | None:
    if isinstance(kind.definition, ClassDefinition) and class_kind(c, kind.definition) == "script":
        found = class_facts_of(c, kind.definition)
        initialise(c, found)
        return found
    return None


def initialise(c: Compiler, found: ClassFacts) -> None:
    """Types ``__init__``, which gives the class its fields."""
    init = found.methods.get("__init__")
    if init is None or "__init__" in found.summaries or "opaque" in c.marks(init):
        return
    summary = found.summaries["__init__"] = Summary(init.qualname, init.module.path, init.node.lineno)
    emit_definition(c, summary, init, Val(found.type))


def compile_class(c: Compiler, found: ClassFacts, direct: bool = False) -> Summary:
    """All methods of the class, in the order of their names; the class's own problems. `direct`: it is itself what is
    scripted."""
    if found.compiled:
        return found.summary
    found.compiled = True
    _compile(c, found, direct or is_scripted(c, found.definition))
    found.summary.done = True
    return found.summary


def _compile(c: Compiler, found: ClassFacts, direct: bool) -> None:
    definition = found.definition
    if direct:
        bases = hierarchy.mro(c.project, definition).classes[1:]
        if any(isinstance(one, ClassDefinition) or one.name in _PLAIN_BASES - {"builtins.object"} for one in bases):
            text = "TorchScript classes does not support inheritance yet. Please directly inherit from 'object'."
            at_class(found, "JIT605", text, f"'{definition.name}' has a base class; a class that is scripted may not")
            return
    elif _without_source(c, found):
        return
    if found.summary.problems:
        return
    for name in sorted(found.methods):
        function = found.methods[name]
        marks = c.marks(function)
        if name in _IMPLICIT or marks & {"staticmethod", "drop"}:
            continue
        if marks & {"opaque", "ignore"}:
            if "ignore" not in marks:
                found.summary.unknown.append(
                    (definition.module.path, function.node.lineno, f"'{name}' is not what its text shows")
                )
            continue
        args = function.node.args
        if not args.args and not args.posonlyargs and "unused" not in marks:
            span = span_of(function.node, function.module.lines)
            text = "methods must have a self argument"
            found.summary.problems.append(Located(Problem("JIT610", function.module.path, span, text, text)))
            continue
        _link(found, method_summary(c, found, name))
        if name in found.setters and not marks & {"unused"}:
            _link(found, _setter_summary(c, found, name))


def _link(found: ClassFacts, summary: Summary | None) -> None:
    if summary is not None:
        found.summary.links.append(Link(found.definition.module.path, found.definition.node.lineno, summary))


def _without_source(c: Compiler, found: ClassFacts) -> bool:
    """What is asked of all routines of a class before it is compiled on the way (``get_type_hint_captures``): a text
    that is a function."""
    definition = found.definition
    for name in definition.body.bindings:
        binding = hierarchy.own_member(definition, name)
        node = binding.node if binding is not None else None
        if isinstance(node, ast.Lambda):
            text = f"Expected <function {definition.qualname}.<lambda>> to be a function"
            at_class(found, "JIT601", text, f"'{name}' of '{definition.name}' is a lambda: the class does not compile")
            return True
        if isinstance(node, ast.AsyncFunctionDef):
            text = f"Expected <function {definition.qualname}.{name}> to be a function"
            at_class(found, "JIT601", text, f"'{name}' of '{definition.name}' is async; the class cannot be compiled")
            return True
    generated = generated_methods(c, definition)
    if generated:
        text = f"Failed to get source for <function {definition.qualname}.{generated[0]}> using inspect.getsource"
        ours = (
            f"'{definition.name}' is a dataclass: its generated {generated[0]} has no source, so the class cannot be "
            "compiled on the way"
        )
        at_class(found, "JIT601", text, ours)
        return True
    return False


def at_class(found: ClassFacts, code: str, torch_message: str, message: str) -> None:
    """A problem of the class as a whole."""
    place = ast.Pass()
    node = found.definition.node
    place.lineno, place.col_offset = node.lineno, node.col_offset
    place.end_lineno, place.end_col_offset = node.lineno, node.col_offset + len("class ") + len(node.name)
    span = span_of(place, found.definition.module.lines)
    problem = Problem(code, found.definition.module.path, span, torch_message, message)
    found.summary.problems.append(Located(problem))


def method_summary(c: Compiler, found: ClassFacts, name: str) -> Summary | None:
    """A method, typed on first use; None where the class has none of that name in its text."""
    initialise(c, found)
    summary = found.summaries.get(name)
    function = found.methods.get(name)
    if summary is not None or function is None or "opaque" in c.marks(function):
        return summary
    summary = found.summaries[name] = Summary(function.qualname, function.module.path, function.node.lineno)
    marks = c.marks(function)
    dropped = "unused" if marks & {"unused", "drop"} else None
    # A class method is a method whose first line is ``cls = TheClass``.
    receiver = c.class_value(found.definition) if "classmethod" in marks else Val(found.type)
    emit_definition(c, summary, function, receiver, dropped)
    return summary


def _setter_summary(c: Compiler, found: ClassFacts, name: str) -> Summary:
    key = f"{name}.setter"
    summary = found.summaries.get(key)
    if summary is None:
        function = found.setters[name]
        summary = found.summaries[key] = Summary(function.qualname, function.module.path, function.node.lineno)
        emit_definition(c, summary, function, Val(found.type))
    return summary


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


# --- attributes --------------------------------------------------------------------------------------------------


def instance_attribute(c: Compiler, e: Emitter, node: ast.AST, value: Val, kind: ClassType, name: str) -> Sugared:
    """``obj.name`` (``SimpleValue::attr`` on a class)."""
    del value
    found = None if isinstance(kind.definition, api.ClassEntry) else facts(c, kind)
    if found is None:
        return Opaque()
    if name in found.fields:
        return Val(found.fields[name])
    function = found.methods.get(name)
    if function is not None:
        marks = c.marks(function)
        if "opaque" in marks or name in _IMPLICIT:
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
