"""TorchScript's types, and `UNKNOWN`, which is ours.

Immutable, hashable values compared by structure, as in ``aten/src/ATen/core/jit_type.h``. `str()` of a type is
the compiler's spelling in messages (``Type::repr_str``); `Type.inner()` its spelling inside another type
(``annotation_str``: an enum and an unannotated Tensor look different there); `Type.short()` its spelling in the
text of a schema (``Type::str``: ``int[]``, ``Tensor?``). How types relate is in `relations`; how annotations become
types is in `annotations`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class Type:
    """Base of all types."""

    __slots__ = ()

    def inner(self) -> str:
        """The spelling as part of another type, in a message."""
        return str(self)

    def short(self) -> str:
        """The spelling in a schema's text."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Simple(Type):
    """A type without parameters, known by its name alone."""

    name: str

    def __str__(self) -> str:
        return self.name

    def short(self) -> str:
        return "Scalar" if self.name == "number" else self.name


@dataclass(frozen=True, slots=True)
class TensorType(Type):
    """`inferred` marks the Tensor of an unannotated parameter: the same type, printed ``Tensor (inferred)``."""

    inferred: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return "Tensor (inferred)" if self.inferred else "Tensor"

    def inner(self) -> str:
        return "Tensor"

    def short(self) -> str:
        return "Tensor"


UNKNOWN = Simple("Unknown")
TENSOR = TensorType()
INFERRED_TENSOR = TensorType(inferred=True)
INT = Simple("int")
FLOAT = Simple("float")
COMPLEX = Simple("complex")
BOOL = Simple("bool")
STR = Simple("str")
NONE = Simple("NoneType")
NUMBER = Simple("number")
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
        return f"List[{self.element.inner()}]"

    def short(self) -> str:
        return f"{self.element.short()}[]"


@dataclass(frozen=True, slots=True)
class DictType(Type):
    key: Type
    value: Type

    def __str__(self) -> str:
        return f"Dict[{self.key.inner()}, {self.value.inner()}]"

    def short(self) -> str:
        return f"Dict({self.key.short()}, {self.value.short()})"


@dataclass(frozen=True, slots=True)
class TupleType(Type):
    """A tuple, or a NamedTuple where `name` is set (its qualified name as the compiler prints it).

    An operator with named results returns a tuple with `fields` but without a name; it is printed as a plain one."""

    elements: tuple[Type, ...]
    name: str | None = None
    fields: tuple[str, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether the fields have names."""
        return self.name is not None or bool(self.fields)

    def __str__(self) -> str:
        if self.name is not None:
            return self.name
        return f"Tuple[{', '.join(element.inner() for element in self.elements) if self.elements else '()'}]"

    def short(self) -> str:
        return self.name or f"({', '.join(element.short() for element in self.elements)})"


@dataclass(frozen=True, slots=True)
class OptionalType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Optional[{self.element.inner()}]"

    def short(self) -> str:
        return f"{self.element.short()}?"


@dataclass(frozen=True, slots=True)
class UnionType(Type):
    """At least two members, flattened and in the compiler's order; None among them is `NONE`. Build with
    `relations.union_of`, never directly."""

    members: tuple[Type, ...]

    def __str__(self) -> str:
        return f"Union[{self._listing([member.inner() for member in self.members], 'number')}]"

    def short(self) -> str:
        return f"Union({self._listing([member.short() for member in self.members], 'Scalar')})"

    def _listing(self, spellings: list[str], number: str) -> str:
        """The members in order; int, float and complex together become one `number` at the end, and the compiler
        then forgets to leave out the comma before its first other member (``UnionType::unionStr``)."""
        if not all(kind in self.members for kind in (INT, FLOAT, COMPLEX)):
            return ", ".join(spellings)
        text = ""
        for index, member in enumerate(self.members):
            if member not in (INT, FLOAT, COMPLEX):
                text += (", " if index else "") + spellings[index]
        return text + (", " if any(m not in (INT, FLOAT, COMPLEX) for m in self.members[1:]) else "") + number


@dataclass(frozen=True, slots=True)
class FutureType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Future[{self.element.inner()}]"

    def short(self) -> str:
        return f"Future({self.element.short()})"


@dataclass(frozen=True, slots=True)
class AwaitType(Type):
    element: Type

    def __str__(self) -> str:
        return f"Await[{self.element.inner()}]"

    def short(self) -> str:
        return f"Await({self.element.short()})"


@dataclass(frozen=True, slots=True)
class RRefType(Type):
    element: Type

    def __str__(self) -> str:
        return f"RRef[{self.element.inner()}]"

    def short(self) -> str:
        return f"RRef({self.element.short()})"


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

    def inner(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class ClassType(Type):
    """A script class, or an nn.Module instance when used as a value. Nominal: `name` is the qualified name as
    printed (``__torch__.pkg.mod.Cls``). `definition` leads to the class's facts.

    The compiler adds `` (of Python compilation unit at: 0x...)`` in places; no one can know that number."""

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
        return self.name

    def short(self) -> str:
        return f"InterfaceType<{self.name.rpartition('.')[2]}>"


@dataclass(frozen=True, slots=True)
class FunctionType(Type):
    """A function as a value; printed by its qualified name, ``Function`` inside a schema."""

    name: str

    def __str__(self) -> str:
        return self.name

    def short(self) -> str:
        return "Function"


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

    def __str__(self) -> str:
        match self.type:
            case ListType(element) if self.size is not None:
                spelling = f"{element.short()}[{self.size}]"
            case OptionalType(ListType(element)) if self.size is not None:
                spelling = f"{element.short()}[{self.size}]?"
            case _:
                spelling = self.type.short()
        return f"{spelling} {self.name}" + ("" if self.default is None else f"={self.default}")


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
    return_names: tuple[str, ...] = ()  # of the results, where all of them have one

    def __str__(self) -> str:
        """As the compiler prints it (``operator<<(std::ostream&, const FunctionSchema&)``)."""
        if self.text:
            return self.text
        parts: list[str] = []
        starred = False
        for argument in self.arguments:
            if argument.keyword_only and not starred:
                parts.append("*")
                starred = True
            parts.append(str(argument))
        if self.vararg:
            parts.append("...")
        results = ", ".join(result.short() for result in self.returns)
        if len(self.returns) != 1 or results.startswith("("):
            results = f"({results})"
        name = f"{self.name}.{self.overload}" if self.overload else self.name
        return f"{name}({', '.join(parts)}) -> {results}"

    @property
    def result(self) -> Type:
        """The type of a call's value: None for no return, the type for one, a tuple for several."""
        match self.returns:
            case ():
                return NONE
            case (single,):
                return single
        return TupleType(self.returns)
