"""What naming a class means in compiled code, as a value and as a type (``toSugaredValue``, ``try_ann_to_type``)."""

from __future__ import annotations

from jitlint.emit.class_kinds import class_kind
from jitlint.emit.compiler import Compiler
from jitlint.emit.interfaces import interface_type
from jitlint.emit.script_classes import class_facts_of, compiles
from jitlint.emit.value_classes import defaults, enum_refusal, enum_type, namedtuple_type
from jitlint.emit.values import ClassRef, EnumRef, ExceptionRef, NamedTupleRef, Opaque, PythonValue, Sugared
from jitlint.project.definitions import ClassDefinition
from jitlint.types.model import TENSOR, UNKNOWN, ClassType, EnumType, TupleType, Type


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
        case "module" | "python" | "sequence":
            return PythonValue("type", "class", definition.name, definition)
        case "function":
            return PythonValue("type", "autograd-class", definition.name, definition)
        case "script":
            return ClassRef(class_facts_of(c, definition).type)
    return Opaque()


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
        case "tensor":
            return TENSOR
        case "module" | "exception" | "python" | "sequence":
            return None
    return UNKNOWN


def instance_type(c: Compiler, definition: ClassDefinition) -> Type | None:
    """The type that is inferred for an instance of the class: None where the class does not compile, which is then
    no error of its own (``tryToInferType``). Of a list or tuple the contents count, whatever its class."""
    if class_kind(c, definition) == "sequence":
        return UNKNOWN
    kind = class_type(c, definition)
    if class_kind(c, definition) != "script" or not isinstance(kind, ClassType):
        return kind
    match compiles(c, class_facts_of(c, definition)):
        case True:
            return kind
        case False:
            return None
    return UNKNOWN
