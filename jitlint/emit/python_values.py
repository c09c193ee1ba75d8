"""From a Python object to what it means in compiled code (``toSugaredValue`` in ``python_sugared_value.cpp``).

The objects are abstract (`shapes.values`); the rules are tried in the compiler's order.
"""

from __future__ import annotations

from jitlint.emit.compiler import Compiler
from jitlint.emit.values import (
    NOT_CONSTANT,
    Builtin,
    ClassRef,
    Dispatch,
    EnumRef,
    ExceptionRef,
    FunctionRef,
    IgnoredRef,
    NamedTupleRef,
    Opaque,
    PythonModule,
    PythonValue,
    SchemaRef,
    Special,
    Sugared,
    Val,
)
from jitlint.shapes import values as py
from jitlint.torch_api import entries as api
from jitlint.types.model import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    STR,
    ClassType,
    EnumType,
    Schema,
    TupleType,
    Type,
)

OPAQUE = Opaque()
_NATIVE = frozenset({"torch._VF", "torch._C._VariableFunctions"})
_CLOSED = frozenset({"math", "cmath", "operator", "itertools", "functools", "random", "time"})


def to_sugared(c: Compiler, value: py.Value, is_constant: bool = False) -> Sugared | None:
    """What `value` means; None where the compiler sees no value at all (a global that is None).

    is_constant: it was reached as an attribute of a Python module, or is a constant of a module: then numbers,
    strings and their like are compile-time constants.
    """
    match value:
        case py.Unknown():
            return OPAQUE
        case py.Constant(value=constant):
            return _constant(constant, is_constant)
        case py.OneOf(options=options):
            return _one_of(c, [option for option, _ in options], is_constant)
        case py.ModuleObject(name=name):
            return PythonModule(name, value)
        case py.External(name=name):
            return external(c, name, is_constant)
        case py.Function():
            return function(c, value)
        case py.Class(definition=definition):
            from jitlint.emit.classes import class_value

            return class_value(c, definition)
        case py.TupleClass(defaults=count):
            from jitlint.emit.value_classes import made_tuple_type

            named = made_tuple_type(c, value)
            return NamedTupleRef(named, count) if isinstance(named, TupleType) else OPAQUE
        case py.Lambda():
            return PythonValue("function", "lambda")
        case py.Partial():
            return PythonValue("functools.partial", "call-unknown")
        case py.Instance(cls=py.Class(definition=definition), member=str()):
            enum = c.value_class_type(definition)
            return Val(enum) if isinstance(enum, EnumType) else OPAQUE
        case py.Instance(cls=py.Class(definition=definition), member=str()):
            kind = c.value_class_type(definition)
            return Val(kind) if isinstance(kind, EnumType) else OPAQUE
        case py.Instance(cls=cls):
            return _instance(c, cls)
        case py.ModuleInstance():
            return PythonValue("Module", "call-unknown")
        case py.Typed(type=kind):
            return PythonValue(str(kind), "no") if not is_constant else Val(kind, maybe_constant=True, configured=True)
        case py.Parameter():
            return PythonValue("Parameter", "no")
        case py.Sequence(kind=kind, items=items):
            if is_constant and kind == "tuple" and items is not None:
                parts = [to_sugared(c, item, True) for item in items]
                if all(isinstance(part, Val) and part.is_constant for part in parts):
                    return Val(TupleType(tuple(part.type for part in parts if isinstance(part, Val))))
            return PythonValue(kind, "no")
        case py.Mapping(ordered=ordered):
            return PythonValue("OrderedDict" if ordered else "dict", "no")
    return OPAQUE


def _one_of(c: Compiler, options: list[py.Value], is_constant: bool) -> Sugared:
    if options and isinstance(options[0], py.External) and options[0].name.startswith("torch."):
        # ``try: from torch import x / except ImportError: ...``: this torch has it.
        entry = c.api.entry(options[0].name)
        if entry is not None and not isinstance(entry, api.Missing):
            return from_entry(c, entry, options[0].name, is_constant) or OPAQUE
    found = [to_sugared(c, option, is_constant) for option in options]
    first = found[0] if found else None
    if first is not None and all(other == first for other in found):
        return first
    return OPAQUE


def constant_type(value: object) -> Type | None:
    match value:
        case None:
            return NONE
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case complex():
            return COMPLEX
        case str():
            return STR
    return None


def _constant(value: object, is_constant: bool) -> Sugared | None:
    kind = constant_type(value)
    if is_constant and kind is not None:
        return Val(kind, value)
    if value is None:
        return None
    return PythonValue("ellipsis" if value is ... else type(value).__name__, "no")


def _instance(c: Compiler, cls: py.Class | py.External) -> Sugared:
    match cls:
        case py.Class(definition=definition):
            return PythonValue(definition.name, "call-unknown", definition=definition)
        case py.External(name=name):
            simple = name.rpartition(".")[2]
            if name in {"logging.Logger", "logging.getLogger"}:
                return PythonValue("Logger", "no")
            if name.startswith("numpy."):
                return PythonValue(simple, "no")
            if name.startswith(("torch.", "builtins.")):
                return OPAQUE
            return PythonValue(simple, "call-unknown") if c.api.entry(name) is not None else OPAQUE


def function(c: Compiler, value: py.Function) -> Sugared:
    marks = value.marks
    definition = value.definition
    if marks == {"opaque", "cached"} and value.bound is None:
        return PythonValue("functools._lru_cache_wrapper", "call-unknown")
    if "opaque" in marks:
        return OPAQUE
    if marks & {"ignore", "unused", "drop"}:
        return IgnoredRef(definition, bound=value.bound is not None, unused=not ({"ignore"} <= marks))
    if value.bound is not None:
        return PythonValue("method", "call-unknown")
    return FunctionRef(definition, marks, value=value if value.closure is not None else None)


def external(c: Compiler, name: str, is_constant: bool = False) -> Sugared | None:
    """What an object of torch, the standard library or ``builtins`` means."""
    if name == "torch.autograd.Function.apply":  # inherited by a class that is named elsewhere
        return PythonValue("method", "autograd")
    return from_entry(c, c.api.entry(name), name, is_constant)


def from_entry(c: Compiler, entry: api.Entry | None, name: str, is_constant: bool) -> Sugared | None:
    match entry:
        case None:
            return OPAQUE
        case api.Missing():
            return None
        case api.Namespace(name=canonical):
            return PythonModule(canonical, py.External(canonical))
        case api.Operator(op=op):
            return Builtin(op)
        case api.Function(schema=schema, name=canonical, error=error):
            if schema is None:
                return PythonValue("function", "refused", name=error or canonical) if error else OPAQUE
            return SchemaRef(schema.name or canonical.rpartition(".")[2], (schema,))
        case api.Overloaded(schemas=schemas, name=canonical):
            return SchemaRef(canonical.rpartition(".")[2], schemas)
        case api.ScriptedFunction(schema=schema, name=canonical):
            return SchemaRef(canonical.rpartition(".")[2], (schema,))
        case api.BooleanDispatch(name=canonical, flag=flag, position=position, default=default):
            if_true, if_false = entry.if_true.schema, entry.if_false.schema
            if if_true is None or if_false is None:
                return OPAQUE
            short = canonical.rpartition(".")[2]
            return Dispatch(short, flag, position, default, (if_true,), (if_false,))
        case api.Special(form=form):
            return Special(form)
        case api.LegacyConstructor(dtype=dtype):
            return Special(f"legacy:{dtype}")
        case api.Refused(message=message):
            return PythonValue("builtin_function_or_method", "refused", name=message)
        case api.ConstantValue(type=kind, value=constant, python_type=python_type):
            if is_constant:
                if constant is not None or kind == NONE:
                    return Val(kind, constant)
                return Val(kind, maybe_constant=True, configured=True)
            return PythonValue(python_type, "no")
        case api.PythonValue():
            return python_value(entry)
        case api.ClassEntry(error=error) if error:
            return PythonValue("type", "refused", name=error)
        case api.ClassEntry():
            return _class(c, entry, is_constant)
    return OPAQUE


def python_value(entry: api.PythonValue) -> Sugared:
    if entry.call_error:
        return PythonValue(entry.python_type, "call-refused", name=entry.call_error)
    if not entry.callable_:
        return PythonValue(entry.python_type, "no", name=entry.name)
    if entry.schema is not None:
        return PythonValue(entry.python_type, "schema", name=entry.name)
    return PythonValue(entry.python_type, "call", name=entry.name)


def _class(c: Compiler, entry: api.ClassEntry, is_constant: bool) -> Sugared:
    if entry.special is not None:
        special = from_entry(c, entry.special, entry.name, is_constant)
        return special if special is not None else OPAQUE
    match entry.kind:
        case "exception":
            return ExceptionRef(entry.name.rpartition(".")[2])
        case "script":
            return ClassRef(ClassType(f"__torch__.{entry.name}", entry))
        case "namedtuple" if entry.fields:
            kinds = tuple(kind for _, kind in entry.fields)
            names = tuple(field for field, _ in entry.fields)
            kind = entry.annotation
            return NamedTupleRef(kind if isinstance(kind, TupleType) else TupleType(kinds, entry.name, names))
        case "enum":
            members = tuple(member for member, _ in entry.members)
            first = constant_type(entry.members[0][1]) if entry.members else None
            return EnumRef(EnumType(f"__torch__.{entry.name}", first, members, entry)) if first else OPAQUE
        case "function":
            return OPAQUE
        case "module":
            return PythonValue("type", "class", name=entry.name.rpartition(".")[2])
    if entry.python is not None:
        return python_value(entry.python)
    return OPAQUE


def module_attribute(c: Compiler, module: PythonModule, name: str) -> Sugared | None:
    """``module.name`` for a Python module: `getattr`, the result taken as a constant. None: no such name."""
    match module.value:
        case py.External(name=base):
            entry = c.api.entry(f"{base}.{name}")
            if base in _NATIVE and not isinstance(entry, api.Operator):
                return Builtin(f"aten::{name}") if c.api.schemas(f"aten::{name}") else OPAQUE
            if isinstance(entry, api.Missing):
                return None
            if entry is None and base in _CLOSED and c.api.known_namespace(base) and name not in c.api.names_of(base):
                return None
            return from_entry(c, entry, f"{base}.{name}", True) or Val(NONE, None)
        case value:
            found = c.evaluator.attribute(value, name)
            if found is None:
                return None
            return to_sugared(c, found, True) or Val(NONE, None)


def value_of(constant: py.Value) -> object:
    """The Python value of an abstract constant, or `NOT_CONSTANT`."""
    return constant.value if isinstance(constant, py.Constant) else NOT_CONSTANT


def schema_of_entry(entry: api.Entry | None) -> tuple[Schema, ...]:
    match entry:
        case api.Function(schema=Schema() as schema) | api.ScriptedFunction(schema=schema):
            return (schema,)
        case api.Overloaded(schemas=schemas):
            return schemas
    return ()
