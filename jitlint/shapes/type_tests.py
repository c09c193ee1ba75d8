"""``isinstance`` and ``issubclass`` of the abstract run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import mro
from jitlint.project.targets import ExternalName
from jitlint.shapes import torch_modules
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.heap import (
    BuiltinMethod,
    DictObject,
    InstanceObject,
    ListObject,
    Module,
)
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Lambda,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, STR, TENSOR, Type

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "builtins.int": (int,),
    "builtins.float": (float,),
    "builtins.bool": (bool,),
    "builtins.str": (str,),
    "builtins.complex": (complex,),
    "builtins.bytes": (bytes,),
    "numbers.Number": (int, float, complex),
    "numbers.Integral": (int,),
    "numbers.Real": (int, float),
    "builtins.NoneType": (type(None),),
    "types.NoneType": (type(None),),
    "typing.Hashable": (object,),
    "builtins.object": (object,),
}
_SCALARS: dict[Type, type] = {INT: int, FLOAT: float, BOOL: bool, STR: str, COMPLEX: complex}
_SEQUENCES = frozenset({"collections.abc.Sequence", "typing.Sequence", "collections.Sequence"})
_ITERABLES = frozenset(
    {
        "collections.abc.Iterable",
        "typing.Iterable",
        "collections.abc.Collection",
        "typing.Collection",
        "collections.abc.Sized",
    }
)
_MAPPINGS = frozenset({"collections.abc.Mapping", "typing.Mapping", "typing.Dict", "collections.abc.MutableMapping"})
_CALLABLES = frozenset({"collections.abc.Callable", "typing.Callable"})


def isinstance_(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    answer = is_instance(run, args[0], args[1])
    return Typed(BOOL) if answer is None else Constant(answer)


def is_instance(run: Interpreter, value: Value, classes: Value) -> bool | None:
    """``isinstance(value, classes)``."""
    if isinstance(value, OneOf):
        answers = {is_instance(run, option, classes) for option, _ in value.options if not isinstance(option, Absent)}
        return answers.pop() if len(answers) == 1 else None
    if isinstance(classes, Sequence | ListObject):
        found = [is_instance(run, value, item) for item in classes.items or ()]
        if classes.items is None:
            return None
        return True if True in found else None if None in found else False
    if isinstance(classes, Class):
        return _is_instance_of(run, value, classes.definition)
    if not isinstance(classes, External):
        return None
    name = classes.name
    match value:
        case Unknown() | Absent():
            return None
        case Constant(value=constant):
            kinds = _PYTHON_TYPES.get(name)
            if kinds is not None:
                return isinstance(constant, kinds)
            if name in _SEQUENCES or name in _ITERABLES:
                return isinstance(constant, str | bytes)
            return False if not name.startswith(("numpy.", "typing.")) else None
        case Typed(type=type_):
            kinds_ = _SCALARS.get(type_)
            known = _PYTHON_TYPES.get(name)
            if kinds_ is not None:
                if name in _SEQUENCES or name in _ITERABLES:
                    return kinds_ is str
                return issubclass(kinds_, known) if known is not None else False
            if type_ == TENSOR:
                return True if name == "torch.Tensor" else None if name.startswith("torch.") else False
            return None
        case Parameter():
            return True if name in ("torch.Tensor",) or name.endswith("nn.Parameter") else None
        case Sequence(kind="tensor"):
            return True if name == "torch.Tensor" else None if name.startswith(("torch.", "numpy.")) else False
        case Sequence(kind=kind) | ListObject(kind=kind):
            if name in _ITERABLES or name == "builtins.object":
                return True
            if name in _SEQUENCES:
                return kind in ("list", "tuple", "range")
            return name in (f"builtins.{kind}", f"typing.{kind.capitalize()}")
        case DictObject(ordered=ordered):
            if name == "collections.OrderedDict":
                return ordered or None
            return name in _MAPPINGS or name in _ITERABLES or name == "builtins.dict"
        case Module():
            return _module_is(run, value, name)
        case InstanceObject(cls=cls):
            if isinstance(cls, Class):
                return subclass_of_external(run, cls.definition, name)
            return True if cls.name == name else None
        case External(name=held) if not torch_modules.is_class(run, held):
            return None
        case Class() | External():
            return name in ("builtins.type", "builtins.object") or name in _CALLABLES
        case Function() | Lambda() | BuiltinMethod() | Partial():
            if name in _CALLABLES or name in ("types.FunctionType", "types.LambdaType"):
                return True if name in _CALLABLES else isinstance(value, Function | Lambda)
            if name == "functools.partial":
                return isinstance(value, Partial)
            return False
        case Instance(cls=External(name=held)):
            return True if held == name else None
    return None


def _module_is(run: Interpreter, module: Module, name: str) -> bool | None:
    if isinstance(module.cls, Class):
        return subclass_of_external(run, module.cls.definition, name)
    return torch_modules.is_subclass(run, module.cls.name, name)


def subclass_of_external(run: Interpreter, cls: ClassDefinition, name: str) -> bool | None:
    """Whether a class with source derives from one without."""
    linear = mro(run.project, cls)
    unknown = not linear.complete
    for item in linear.classes:
        if isinstance(item, ExternalName):
            answer = torch_modules.is_subclass(run, item.name, name)
            if answer:
                return True
            unknown = unknown or answer is None
    if name in _ITERABLES or name in _SEQUENCES or name in _CALLABLES or name in _MAPPINGS:
        return None
    return None if unknown else name == "builtins.object"


def _is_instance_of(run: Interpreter, value: Value, cls: ClassDefinition) -> bool | None:
    match value:
        case Module(cls=Class(definition=definition)) | InstanceObject(cls=Class(definition=definition)):
            linear = mro(run.project, definition)
            return True if cls in linear.classes else False if linear.complete else None
        case Unknown() | Instance():
            return None
        case Absent():
            return None
        case Typed(type=type_):
            return None if type_ == TENSOR else False
    return False


def issubclass_(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    answer = _is_subclass(run, args[0], args[1])
    return Typed(BOOL) if answer is None else Constant(answer)


def _is_subclass(run: Interpreter, value: Value, classes: Value) -> bool | None:
    if isinstance(classes, Sequence) and classes.items is not None:
        found = [_is_subclass(run, value, item) for item in classes.items]
        return True if True in found else None if None in found else False
    match value, classes:
        case Class(definition=definition), Class(definition=other):
            linear = mro(run.project, definition)
            return True if other in linear.classes else False if linear.complete else None
        case Class(definition=definition), External(name=name):
            return subclass_of_external(run, definition, name)
        case External(name=name), External(name=other_name):
            return torch_modules.is_subclass(run, name, other_name)
        case External(name=name), Class() if name.startswith(("torch.", "builtins.")):
            return False
        case ((Function() | Partial() | Constant()), _):
            raise PathEnds
    return None
