"""TorchScript's types, and `UNKNOWN`, which is ours.

Immutable, hashable values compared by structure, as in ``aten/src/ATen/core/jit_type.h``. `str()` of a type is
the compiler's spelling in messages (``Type::repr_str``). How types relate is in `relations`; how annotations
become types is in `annotations`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Type:
    """Base of all types."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Simple(Type):
    """A type without parameters, known by its name alone."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class TensorType(Type):
    """`inferred` marks the Tensor of an unannotated parameter: the same type, printed ``Tensor (inferred)``."""

    inferred: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return "Tensor (inferred)" if self.inferred else "Tensor"


UNKNOWN = Simple("Unknown")
TENSOR = TensorType()
INFERRED_TENSOR = TensorType(inferred=True)
INT = Simple("int")
FLOAT = Simple("float")
COMPLEX = Simple("complex")
BOOL = Simple("bool")
STR = Simple("str")
NONE = Simple("NoneType")
NUMBER = Simple("Scalar")
ANY = Simple("Any")
DEVICE = Simple("Device")
GENERATOR = Simple("Generator")
STREAM = Simple("Stream")
STORAGE = Simple("Storage")
QUANTIZER = Simple("Quantizer")
CAPSULE = Simple("Capsule")
PYOBJECT = Simple("PyObject")
ANY_LIST = Simple("list")
ANY_TUPLE = Simple("tuple")
ANY_CLASS = Simple("AnyClassType")
ANY_ENUM = Simple("AnyEnumType")


@dataclass(frozen=True, slots=True)
class ListType(Type):
    element: Type

    def __str__(self) -> str:
        return f"List[{self.element}]"


@dataclass(frozen=True, slots=True)
class DictType(Type):
    key: Type
    value: Type

    def __str__(self) -> str:
        return f"Dict[{self.key}, {self.value}]"


@dataclass(frozen=True, slots=True)
class TupleType(Type):
    """A tuple, or a NamedTuple where `name` is set (its qualified name as the compiler prints it)."""

    elements: tuple[Type, ...]
    name: str | None = None
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return f"Tuple[{', '.join(map(str, self.elements)) if self.elements else '()'}]"


@dataclass(frozen=True, slots=True)
class OptionalType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Optional[{self.element}]"


@dataclass(frozen=True, slots=True)
class UnionType(Type):
    """At least two members, flattened and in the compiler's order; None among them is `NONE`. Build with
    `relations.union_of`, never directly."""

    members: tuple[Type, ...]

    def __str__(self) -> str:
        return f"Union[{', '.join(map(str, self.members))}]"


@dataclass(frozen=True, slots=True)
class FutureType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Future[{self.element}]"


@dataclass(frozen=True, slots=True)
class AwaitType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Await[{self.element}]"


@dataclass(frozen=True, slots=True)
class RRefType(Type):
    element: Type

    def __str__(self) -> str:
        return f"RRef({self.element})"


@dataclass(frozen=True, slots=True)
class VarType(Type):
    """A type variable of an operator's schema: ``t``, ``tVal``."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class EnumType(Type):
    """`definition` is the class it comes from (a `project` definition), for reading its members."""

    name: str
    value: Type
    members: tuple[str, ...] = ()
    definition: Any = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"Enum<{self.name}>"


@dataclass(frozen=True, slots=True)
class ClassType(Type):
    """A script class, or an nn.Module instance when used as a value. Nominal: `name` is the qualified name as
    printed (``__torch__.pkg.mod.Cls``). `definition` leads to the class's facts."""

    name: str
    definition: Any = field(default=None, compare=False)
    is_module: bool = False

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class InterfaceType(Type):
    name: str
    definition: Any = field(default=None, compare=False)
    is_module: bool = False

    def __str__(self) -> str:
        return f"InterfaceType<{self.name}>"


@dataclass(frozen=True, slots=True)
class FunctionType(Type):
    """A function as a value; printed as the compiler does, ``Function``."""

    name: str

    def __str__(self) -> str:
        return f"Function[{self.name}]"


# --- schemas ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Argument:
    """A formal argument of a schema. `size` is the N of ``int[N]`` (a broadcasting list), None elsewhere.

    `default` is the default's text as the schema prints it; None where the argument is required.
    """

    name: str
    type: Type
    default: str | None = None
    keyword_only: bool = False
    size: int | None = None

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True, slots=True)
class Schema:
    """The signature of an operator, function or method (``c10::FunctionSchema``).

    `text` is the schema as the compiler prints it among the variants of a failed call.
    A method's schema has its `self` as first argument.
    """

    name: str
    arguments: tuple[Argument, ...]
    returns: tuple[Type, ...]
    overload: str = ""
    vararg: bool = False
    text: str = ""

    @property
    def result(self) -> Type:
        """The type of a call's value: None for no return, the type for one, a tuple for several."""
        match self.returns:
            case ():
                return NONE
            case (single,):
                return single
        return TupleType(self.returns)
