"""Default values of parameters, which are live objects to the compiler.

Mirrors ``getSchemaWithNameAndDefaults`` (``torch/csrc/jit/python/script_init.cpp``) and ``toIValue``
(``torch/csrc/jit/python/pybind_utils.cpp``).
"""

from __future__ import annotations

import re
from typing import Final

from jitlint.shapes.inference import Failure, infer_value_type
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Lambda,
    Mapping,
    ModuleInstance,
    ModuleObject,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Subscripted,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import (
    ANY,
    ANY_LIST,
    ANY_TUPLE,
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INT,
    NONE,
    NUMBER,
    STR,
    UNKNOWN,
    ClassType,
    DictType,
    EnumType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
    UnionType,
)
from jitlint.types.relations import is_subtype, unwrap_optional

_MUTABLE: Final = (
    "Mutable default parameters are not supported because Python binds them to the function and they persist across "
    "function calls.\n As a workaround, make the default None and instantiate the default parameter within the body of "
    "the function. Found "
)
# Objects of torch that become numbers, or a device.
_OBJECTS: Final[dict[str, Type]] = {
    "torch.dtype": INT,
    "torch.layout": INT,
    "torch.qscheme": INT,
    "torch.device": DEVICE,
}
_DEVICES: Final = re.compile(
    r"(cpu|cuda|xpu|mps|meta|hpu|ipu|xla|mtia|vulkan|mkldnn|opengl|opencl|ideep|hip|ve|fpga|maia|lazy|privateuseone)"
    r"(:\d+)?"
)


def default_fits(type_: Type, value: Value, name: str, size: int | None = None) -> str | None:
    """None where a default may be taken for a parameter of the type, else the compiler's message about the parameter
    `name` (it stands at the ``def``). `size` is the length of a broadcasting list, which takes a single number too."""
    if type_ == UNKNOWN:
        return None
    if size is not None and _scalar(value) is not None:
        element = unwrap_optional(type_)
        if isinstance(element, ListType) and fits(element.element, value) is not False:
            return None
    options = [option for option, _ in value.options] if isinstance(value, OneOf) else [value]
    messages = [_message(type_, option, name) for option in options]
    return messages[0] if all(messages) else None


def is_mutable_default(type_: Type, value: Value) -> bool:
    """Whether the default is a list or dict (or a tuple with one inside), or the parameter's type is a class."""
    return isinstance(type_, ClassType) or _is_mutable(value)


def _message(type_: Type, value: Value, name: str) -> str | None:
    if is_mutable_default(type_, value):
        found = _class_of(value)
        return f"{_MUTABLE}{found} on parameter {name}" if found else _MUTABLE
    if fits(type_, value) is not False:
        return None
    message = f'Expected a default value of type {type_} on parameter "{name}".'
    if isinstance(type_, TensorType) and type_.inferred:
        message += f"Because \"{name}\" was not annotated with an explicit type it is assumed to be type 'Tensor'."
    return message


def _is_mutable(value: Value) -> bool:
    match value:
        case Sequence(kind="list") | Mapping():
            return True
        case Sequence(kind="tuple", items=items):
            return any(map(_is_mutable, items or ()))
    return False


def _class_of(value: Value) -> str:
    match value:
        case Sequence(kind=kind):
            return f"<class '{kind}'>"
        case Mapping(ordered=ordered):
            return "<class 'collections.OrderedDict'>" if ordered else "<class 'dict'>"
        case Constant(value=constant):
            return str(type(constant))
        case Instance(cls=Class(definition=definition), member=None):
            return f"<class '{definition.module.name}.{definition.qualname}'>"
    return ""


def fits(type_: Type, value: Value) -> bool | None:
    """Whether an object can become a value of the type (``toIValue``); None where that is not known."""
    match value:
        case Unknown() | Absent():
            return None
        case OneOf(options=options):
            answers = {fits(type_, option) for option, _ in options}
            return answers.pop() if len(answers) == 1 else None
        case External(name=name) if not name.startswith("builtins."):
            return None  # an object of a library: a dtype, a layout, a constant
        case Instance(cls=External(name=name)) if name not in _OBJECTS:
            return None
    if type_ == UNKNOWN:
        return None
    match type_:
        case OptionalType(element):
            return True if value == Constant(None) else fits(element, value)
        case UnionType(members):
            inferred = infer_value_type(value)
            if isinstance(inferred, Failure):
                return False
            if any(isinstance(member, (ListType, DictType, ClassType)) for member in members):
                return None if not isinstance(value, Constant) else is_subtype(inferred, type_)
            return is_subtype(inferred, type_)
        case ListType(element):
            if not isinstance(value, Sequence):
                return _not_a_sequence(value)
            return _all([fits(element, item) for item in value.items]) if value.items is not None else None
        case TupleType(elements):
            if not isinstance(value, Sequence) or value.kind != "tuple":
                return _not_a_sequence(value)
            if value.items is None:
                return None
            if len(value.items) != len(elements):
                return False
            return _all([fits(one, item) for one, item in zip(elements, value.items, strict=True)])
        case DictType():
            return None if isinstance(value, (Mapping, Sequence)) else _not_a_sequence(value)
        case EnumType():
            return None if isinstance(value, Instance) else False
        case TensorType():
            if isinstance(value, Typed):
                return isinstance(value.type, TensorType)
            return value == Constant(None) or isinstance(value, Parameter)
    if type_ == NONE:
        return value == Constant(None)
    if type_ == ANY:
        inferred = infer_value_type(value)
        return not isinstance(inferred, Failure)
    if type_ in (ANY_LIST, ANY_TUPLE):
        return False
    kind = _scalar(value)
    if kind is None:
        if isinstance(value, (Instance, Typed, Parameter)) or (type_ == BOOL and isinstance(value, Sequence)):
            return None
        return False
    if type_ == INT:
        return kind in (INT, BOOL)
    if type_ == FLOAT:
        return kind in (INT, BOOL, FLOAT)
    if type_ in (COMPLEX, NUMBER):
        return kind in (INT, BOOL, FLOAT, COMPLEX)
    if type_ == BOOL:
        return kind in (INT, BOOL, FLOAT, COMPLEX, NONE)
    if type_ == STR:
        return kind == STR
    if type_ == DEVICE:
        if isinstance(value, Constant) and isinstance(value.value, str):
            return bool(_DEVICES.fullmatch(value.value))
        return None if kind == STR else kind == DEVICE
    return None


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _not_a_sequence(value: Value) -> bool | None:
    unlike = (Constant, Function, Class, Lambda, Partial, ModuleObject, ModuleInstance, Subscripted, Mapping, Sequence)
    return False if isinstance(value, unlike) else None


def _scalar(value: Value) -> Type | None:
    if isinstance(value, Typed):
        return value.type if value.type in (INT, BOOL, FLOAT, COMPLEX, STR, DEVICE, NONE) else None
    if isinstance(value, Instance) and isinstance(value.cls, External):
        return _OBJECTS.get(value.cls.name)
    if not isinstance(value, Constant):
        return None
    return {int: INT, bool: BOOL, float: FLOAT, complex: COMPLEX, str: STR, bytes: STR, type(None): NONE}.get(
        type(value.value)
    )
