"""The type that torch infers for a Python object: attributes without annotation, examples.

Mirrors ``tryToInferType`` and ``tryToInferContainerType`` (``torch/csrc/jit/python/pybind_utils.h``,
``torch._C._jit_try_infer_type``) on abstract values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from jitlint.project.definitions import ClassDefinition
from jitlint.shapes.annotation_objects import TORCH_HOMES, AnnotationError, dict_of
from jitlint.shapes.dtypes import LIMITS
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
    TupleClass,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import (
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    GENERATOR,
    INT,
    NONE,
    STR,
    STREAM,
    TENSOR,
    UNKNOWN,
    ListType,
    TupleType,
    Type,
)
from jitlint.types.relations import is_huge, unify

ClassTypes = Callable[[ClassDefinition], Type | None]
_SCALARS: Final[dict[type, Type]] = {
    bool: BOOL,
    int: INT,
    float: FLOAT,
    complex: COMPLEX,
    str: STR,
    bytes: STR,
    type(None): NONE,
}
_OBJECTS: Final[dict[str, Type]] = {
    "torch.device": DEVICE,
    "torch.Generator": GENERATOR,
    "torch.Stream": STREAM,
    "torch.dtype": INT,
    "torch.layout": INT,
    "torch.qscheme": INT,
    "torch.nn.Parameter": TENSOR,
    "torch.Tensor": TENSOR,
}
# Classes whose instances have no type, by what their methods are made of (C code, or what is not compiled).
_FOREIGN: Final = (
    "numpy.", "logging.", "threading.", "datetime.", "decimal.", "collections.deque", "re.", "types.SimpleNamespace",
    "weakref.", "builtins.slice",
)  # fmt: skip
_NO_VALUES: Final = LIMITS | {"torch.memory_format"}


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that has no type. `reason` is the compiler's, `python_type` the name of the object's Python class as
    it prints it. `raises`: torch raises at once, whether the attribute is used or not."""

    reason: str
    python_type: str
    raises: bool = False

    @property
    def hint(self) -> str:
        """What the compiler says about an attribute of a module that has no type, when it is used."""
        return (
            "(This attribute exists on the Python module, but we failed to convert Python type: "
            f"'{self.python_type}' to a TorchScript type. {self.reason}. Its type was inferred; try adding a type "
            "annotation for the attribute.)"
        )


def infer_value_type(value: Value, class_type: ClassTypes | None = None) -> Type | Failure:
    """The type of an object, or why it has none; `UNKNOWN` where that is not known.

    `class_type` gives the type of a plain class, an enum or a NamedTuple with source: None where it does not compile.
    A `OneOf` has the type that all of its options have; ask `infer_options` for each.
    """
    match value:
        case Unknown() | Absent():
            return UNKNOWN
        case Constant(value=constant):
            found = _SCALARS.get(type(constant))
            return found if found is not None else _unsupported("ellipsis")
        case Typed(type=type_):
            return type_
        case Parameter():
            return TENSOR
        case OneOf():
            found_types = {type_ for type_, _ in infer_options(value, class_type)}
            return found_types.pop() if len(found_types) == 1 else UNKNOWN
        case Sequence():
            return _sequence(value, class_type)
        case Mapping():
            return _mapping(value, class_type)
        case ModuleInstance(shape=shape):
            return Failure("Cannot infer concrete type of torch.nn.Module", _class_name(shape.cls))
        case Instance():
            return _instance(value, class_type)
        case Function(bound=bound):
            return _unsupported("method" if bound is not None else "function")
        case Lambda():
            return _unsupported("function")
        case Partial():
            return _unsupported("partial", "functools.partial")
        case ModuleObject():
            return _unsupported("module")
        case Class() | TupleClass():
            return _unsupported("type")
        case Subscripted():
            return _unsupported("_GenericAlias", "typing._GenericAlias")
        case External():
            return _external(value.name)
    return UNKNOWN


def infer_options(value: Value, class_type: ClassTypes | None = None) -> list[tuple[Type | Failure, str]]:
    """The types of each possibility with its condition in words ('' where there is but one)."""
    if not isinstance(value, OneOf):
        return [(infer_value_type(value, class_type), "")]
    return [(infer_value_type(option, class_type), condition) for option, condition in value.options]


def _unsupported(python_type: str, full_name: str | None = None) -> Failure:
    reason = (
        "Only tensors and (possibly nested) tuples of tensors, lists, or dicts are supported as inputs or outputs of "
        f"traced functions, but instead got value of type {python_type}."
    )
    return Failure(reason, full_name or python_type)


def _class_name(cls: Class | External) -> str:
    if isinstance(cls, Class):
        return f"{cls.definition.module.name}.{cls.definition.qualname}"
    return TORCH_HOMES.get(cls.name, cls.name.removeprefix("builtins."))


def _external(name: str) -> Type | Failure:
    """An object of a library by its name: most are functions and classes, which have no type."""
    short = name.rpartition(".")[2]
    if name.startswith("torch."):
        if name.startswith("torch.nn.functional."):
            return UNKNOWN  # some of them are builtins, which an attribute may hold
        if name.startswith("torch.nn.") and short[:1].isupper():
            return _unsupported("type")
        return UNKNOWN
    if name.startswith("builtins.") and name.endswith(("Error", "Exception")):
        return _unsupported("type")
    if name in ("builtins.int", "builtins.float", "builtins.bool", "builtins.str", "builtins.list", "builtins.dict"):
        return _unsupported("type")
    if name.startswith("builtins.") and short in ("len", "print", "sum", "max", "min", "abs", "sorted", "any", "all"):
        return _unsupported("builtin_function_or_method")
    return UNKNOWN


def _instance(value: Instance, class_type: ClassTypes | None) -> Type | Failure:
    if isinstance(value.cls, External):
        name = value.cls.name
        found = _OBJECTS.get(name)
        if found is not None:
            return found
        if name == "numpy.float64":
            return FLOAT
        if name in _NO_VALUES or name.startswith(_FOREIGN):
            return _unsupported(name.rpartition(".")[2], name.removeprefix("builtins."))
        return UNKNOWN
    definition = value.cls.definition
    if class_type is None:
        return UNKNOWN
    found = class_type(definition)
    if found is None:
        return _unsupported(definition.name, _class_name(value.cls))
    if isinstance(found, TupleType):
        # An instance of a NamedTuple is a plain tuple to the inference.
        if value.attributes is None:
            return TupleType(found.elements)
        return _sequence(Sequence("tuple", tuple(item for _, item in value.attributes)), class_type)
    return found


def _sequence(value: Sequence, class_type: ClassTypes | None) -> Type | Failure:
    if value.kind == "tuple":
        if value.items is None:
            return UNKNOWN
        types = []
        for item in value.items:
            found = infer_value_type(item, class_type)
            if isinstance(found, Failure):
                return Failure(found.reason, "tuple")
            types.append(found)
        made = TupleType(tuple(types))
        return UNKNOWN if is_huge(made) else made
    if value.kind != "list":
        return _unsupported(value.kind)
    if value.items is None:
        element = infer_value_type(value.element, class_type) if value.element is not None else UNKNOWN
        return ListType(element) if not isinstance(element, Failure) else UNKNOWN
    if not value.items:
        return Failure("List trace inputs must have elements", "list")
    result: Type | None = None
    for item in value.items:
        found = infer_value_type(item, class_type)
        if isinstance(found, Failure):
            return Failure(f"Could not infer type of list element: {found.reason}", "list")
        unified = found if result is None else unify(result, found)
        if unified is None:
            return Failure(
                f"List inputs to traced functions must have consistent element type. Found {result} and {found}", "list"
            )
        result = unified
    return ListType(result or UNKNOWN)


def _mapping(value: Mapping, class_type: ClassTypes | None) -> Type | Failure:
    name = "collections.OrderedDict" if value.ordered else "dict"
    if value.items is None:
        return UNKNOWN
    if not value.items:
        return Failure("Dictionary inputs must have entries", name)
    key: Type | None = None
    element: Type | None = None
    for pair in value.items:
        found_key, found = (infer_value_type(part, class_type) for part in pair)
        if isinstance(found_key, Failure):
            return Failure(found_key.reason, name)
        unified = found_key if key is None else unify(key, found_key)
        if unified is None:
            return _inconsistent(key, found_key, name)
        key = unified
        if isinstance(found, Failure):
            return Failure(found.reason, name)
        unified = found if element is None else unify(element, found)
        if unified is None:
            return _inconsistent(element, found, name)
        element = unified
    try:
        return dict_of(key or UNKNOWN, element or UNKNOWN)
    except AnnotationError as error:
        return Failure(error.message, name, raises=True)


def _inconsistent(first: Type | None, second: Type, name: str) -> Failure:
    return Failure(f"Dictionary inputs to traced functions must have consistent type. Found {first} and {second}", name)
