"""What an expression means while a function is typed: first-class values and sugared values.

Mirrors ``torch/csrc/jit/frontend/sugared_value.h`` and ``torch/csrc/jit/python/python_sugared_value.h``. A `Val` has a
type and can be stored, passed and returned; everything else is *sugared*: it has a meaning only in place
(called, iterated, read an attribute of).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.types.model import UNKNOWN, ClassType, EnumType, Schema, TupleType, Type

if TYPE_CHECKING:
    from jitlint.project.definitions import ClassDefinition, FunctionDefinition
    from jitlint.shapes.values import Function, ModuleShape, Value


class _NoConstant:
    __slots__ = ()


NOT_CONSTANT = _NoConstant()


class Sugared:
    """Base of everything an expression can mean."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Val(Sugared):
    """A first-class value. `constant` is its value where the compiler knows it in place (a literal, a module
    constant); `empty_list` marks the literal ``[]``, which fits any list; `maybe_constant` is true where it may be a
    compile-time constant of which we do not know the value, `configured` where the arguments of a constructor decide
    that value."""

    type: Type
    constant: object = NOT_CONSTANT
    empty_list: bool = False
    maybe_constant: bool = False
    configured: bool = False

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


UNKNOWN_VAL = Val(UNKNOWN, maybe_constant=True)


@dataclass(frozen=True, slots=True, eq=False)
class ModuleRef(Sugared):
    """An nn.Module instance: `self`, a submodule, an element of a ModuleList."""

    shape: ModuleShape


@dataclass(frozen=True, slots=True)
class ModuleView(Sugared):
    """``items``, ``children`` and their like, bound to a module: called, they give a static sequence."""

    module: ModuleRef
    name: str


@dataclass(frozen=True, slots=True)
class MethodRef(Sugared):
    """A method of a module bound to it; `value` where a decorator's closure took its place."""

    module: ModuleRef
    definition: FunctionDefinition
    value: Function | None = None


@dataclass(frozen=True, slots=True)
class FunctionRef(Sugared):
    """A Python function, compiled when called."""

    definition: FunctionDefinition
    marks: frozenset[str] = frozenset()
    receiver: Val | None = None
    value: Function | None = None  # where its free names have their values, if it is a closure


@dataclass(frozen=True, slots=True)
class IgnoredRef(Sugared):
    """A function or method marked ignore or unused: a call into Python with the annotated signature."""

    definition: FunctionDefinition
    bound: bool = False
    unused: bool = False


@dataclass(frozen=True, slots=True)
class SchemaRef(Sugared):
    """A function known by its schemas alone: one of torch's own, or a method with a receiver."""

    name: str
    schemas: tuple[Schema, ...]
    receiver: Val | None = None


@dataclass(frozen=True, slots=True)
class Builtin(Sugared):
    """An operator: ``aten::relu``; `receiver` where it was reached as a method."""

    symbol: str
    receiver: Val | None = None


@dataclass(frozen=True, slots=True)
class Dispatch(Sugared):
    """A ``boolean_dispatch`` function: which schema holds depends on a constant flag."""

    name: str
    flag: str
    position: int
    default: bool
    if_true: tuple[Schema, ...]
    if_false: tuple[Schema, ...]


@dataclass(frozen=True, slots=True)
class Special(Sugared):
    """A form the compiler treats itself: ``len``-like names of its own table, fork, annotate, isinstance…"""

    name: str


@dataclass(frozen=True, slots=True)
class Cast(Sugared):
    """``int``, ``float``, ``bool``, ``complex``, ``str`` as callables."""

    name: str


@dataclass(frozen=True, slots=True)
class PythonModule(Sugared):
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class ClassRef(Sugared):
    """A script class, called to make an instance."""

    type: ClassType


@dataclass(frozen=True, slots=True)
class NamedTupleRef(Sugared):
    type: TupleType
    defaults: int = 0


@dataclass(frozen=True, slots=True)
class EnumRef(Sugared):
    type: EnumType


@dataclass(frozen=True, slots=True)
class ExceptionRef(Sugared):
    name: str


@dataclass(frozen=True, slots=True)
class ExceptionInstance(Sugared):
    name: str


@dataclass(frozen=True, slots=True)
class PythonValue(Sugared):
    """A Python object the compiler cannot look into. `type_name` is its Python type as messages print it;
    `callable_as` says what a call does: ``call`` (goes to Python, Tensors in, Tensor out), ``class``,
    ``lambda``, ``unknown``, ``no``."""

    type_name: str
    callable_as: str = "unknown"
    name: str = ""
    definition: ClassDefinition | FunctionDefinition | None = None


@dataclass(frozen=True, slots=True)
class NothingValue(Sugared):
    """What ``print`` gives (``NoneValue``): it can be named, and used in no other way."""


@dataclass(frozen=True, slots=True)
class SliceValue(Sugared):
    """``slice(a, b)``: it can be named and be an index, and is no value otherwise."""


@dataclass(frozen=True, slots=True)
class RangeValue(Sugared):
    pass


@dataclass(frozen=True, slots=True)
class IterableTree(Sugared):
    """``enumerate`` (kind) or ``zip`` of iterables; `children` include enumerate's counter."""

    kind: str
    children: tuple[Sugared, ...]


@dataclass(frozen=True, slots=True)
class SugaredTuple(Sugared):
    """A tuple some of whose elements are sugared (an element of ``ModuleDict.items()``, a zip's element)."""

    elements: tuple[Sugared, ...]


@dataclass(frozen=True, slots=True)
class SugaredList(Sugared):
    """A statically known sequence of sugared values: ``self.children()``, the values of a ModuleDict.

    `elements` is None where they are not known. `what` names it in messages."""

    elements: tuple[Sugared, ...] | None
    what: str = "ModuleList"


@dataclass(frozen=True, slots=True)
class Opaque(Sugared):
    """A sugared value of which nothing is known: whatever is done with it yields Unknown, silently. `configured`: the
    arguments of a constructor decide what it is. `told`: that it is not known is in the unit's list already, or does not
    belong there: a matter of configuration, or several things that are looked at each by itself."""

    configured: bool = False
    told: bool = False


def describe(value: Sugared) -> str:
    """How the compiler names a sugared value in messages (``SugaredValue::kind``)."""
    match value:
        case Val(type=kind):
            return f"value of type '{kind}'"
        case ModuleRef():
            return "module"
        case MethodRef():
            return "method"
        case SchemaRef(name=name) if name.startswith("aten::"):
            return "builtin"
        case FunctionRef() | SchemaRef() | IgnoredRef():
            return "function"
        case Builtin() | Dispatch():
            return "builtin"
        case PythonModule():
            return "Python module"
        case ClassRef() | NamedTupleRef():
            return "class"
        case EnumRef():
            return "EnumClass"
        case ExceptionRef():
            return "Python exception"
        case ExceptionInstance():
            return "exception message"
        case PythonValue(type_name=name):
            return f"python value of type '{name}'"
        case RangeValue():
            return "range"
        case SliceValue():
            return "Python slice value"
        case NothingValue():
            return "None"
        case IterableTree(kind=kind):
            return kind
        case Cast(name=name):
            return f"__{name}__"
        case Special(name=name):
            return "LegacyTypedConstructor" if name.startswith("legacy:") else name
    return "value"
