"""Values against types: implicit conversion, truth, and what may stand as a value (``tryConvertToType``, ``asValue``)."""

from __future__ import annotations

import ast

from jitlint.emit.emitter import Emitter
from jitlint.emit.values import (
    UNKNOWN_VAL,
    ClassRef,
    ModuleRef,
    Opaque,
    PythonValue,
    Sugared,
    SugaredList,
    SugaredTuple,
    Val,
    describe,
)
from jitlint.types.model import (
    BOOL,
    FLOAT,
    INT,
    NUMBER,
    STR,
    ClassType,
    DictType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown, is_subtype
from jitlint.types.relations import convert as convert_type


def as_val(e: Emitter, node: ast.AST, value: Sugared) -> Val:
    """`value` as a first-class value; a problem where it is none (``SugaredValue::asValue``)."""
    match value:
        case Val():
            return value
        case ModuleRef():
            return Val(module_type(e, value))
        case Opaque() | SugaredList(elements=None):
            return UNKNOWN_VAL
        case SugaredTuple(elements=elements):
            return Val(TupleType(tuple(as_val(e, node, element).type for element in elements)))
        case SugaredList(elements=elements) if elements is not None:
            return Val(TupleType(tuple(as_val(e, node, element).type for element in elements)))
        case PythonValue(type_name=name):
            if value.callable_as == "autograd-class":
                e.unknown(node, f"the autograd function {value.name} is used as a value")
                return UNKNOWN_VAL
            if name == "":
                return UNKNOWN_VAL
            hint = ""
            if name in _PLAIN_GLOBALS or name[:1].islower():
                hint = (
                    ". Perhaps it is a closed over global variable? If so, please consider passing it in as an argument"
                    " or use a local varible instead."
                )
            e.report("JIT306", node, f"python value of type '{name}' cannot be used as a value{hint}")
            return UNKNOWN_VAL
        case ClassRef(type=kind):
            what = str(kind)
        case _:
            what = describe(value)
    e.report("JIT310", node, f"{what} cannot be used as a value", f"{what} is not a value in TorchScript")
    return UNKNOWN_VAL


_PLAIN_GLOBALS = frozenset(
    {"int", "float", "bool", "str", "list", "dict", "tuple", "set", "Tensor", "Parameter", "complex", "NoneType"}
)


def module_type(e: Emitter, ref: ModuleRef) -> Type:
    """The class type of a module used as a value."""
    shape = ref.shape
    return ClassType(mangled_name(e, shape), shape, is_module=True)


def mangled_name(e: Emitter, shape: object) -> str:
    """The qualified name of a module's class as the compiler prints it."""
    from jitlint.shapes.values import Class, External, ModuleShape

    assert isinstance(shape, ModuleShape)
    match shape.cls:
        case Class(definition=definition):
            from jitlint.emit.value_classes import qualified

            return qualified(e.compiler, definition)
        case External(name=name):
            facts = e.compiler.api.module_class(name)
            return f"__torch__.{facts.qualified if facts is not None else name}"


def convert(value: Val, target: Type) -> Type:
    """The type of `value` after the implicit conversions towards `target`, which are always allowed here."""
    return convert_type(value.type, target, empty_list=value.empty_list)


def fits(value: Val, target: Type) -> bool:
    """Whether `value`, converted, is a subtype of `target`; Unknown fits everything."""
    return is_subtype(convert(value, target), target)


def truth(e: Emitter, node: ast.AST, value: Val) -> None:
    """``emitToBool``: a problem where the value has no truth."""
    kind = value.type
    if not has_truth(e, kind):
        e.report(
            "JIT210",
            node,
            f"Could not cast value of type {kind} to bool",
            f"A value of type {kind} cannot be a condition",
        )


def has_truth(e: Emitter, kind: Type) -> bool:
    if contains_unknown(kind) and not isinstance(kind, (OptionalType, TupleType)):
        return True
    match kind:
        case TensorType() | ListType() | DictType():
            return True
        case ClassType():
            from jitlint.emit.class_members import has_method

            return not kind.is_module and has_method(e.compiler, kind, "__bool__") is not False
    return kind in (BOOL, INT, FLOAT, NUMBER, STR)
