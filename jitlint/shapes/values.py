"""Abstract Python values: what a name, a default, an attribute of `self` holds, as far as the source shows it.

One domain serves module globals, class bodies, closures and the abstract run of ``__init__``. The emitter asks
for such a value whenever the compiler would look at a live Python object (a global, a closed-over name, an
attribute of a module instance).
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitlint.project.definitions import ClassDefinition, FunctionDefinition, Scope
    from jitlint.types.model import Type


class Value:
    """Base of the abstract values."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unknown(Value):
    """Anything. `reason` says what could not be resolved, for the unit's `unknown` list. `configured`: it hangs on an
    argument that the caller of a constructor chooses, so it differs between configurations of one program. `plain`: it
    surely is no nn.Module."""

    reason: str = ""
    configured: bool = False
    plain: bool = False


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True, eq=False)
class Constant(Value):
    """None, bool, int, float, complex, str, bytes or Ellipsis, its value known. ``1``, ``1.0``, ``True`` differ."""

    value: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


NONE = Constant(None)


@dataclass(frozen=True, slots=True)
class Absent(Value):
    """No value: an option of a `OneOf` for an attribute that some configurations of a module lack."""


@dataclass(frozen=True, slots=True)
class Typed(Value):
    """A value of a known TorchScript-convertible type whose value is not known: ``int(x)``, a tensor."""

    type: Type


@dataclass(frozen=True, slots=True)
class Parameter(Value):
    """An nn.Parameter; `buffer` for what `register_buffer` took."""

    buffer: bool = False


@dataclass(frozen=True, slots=True)
class Sequence(Value):
    """A list, tuple, set, frozenset, range or iterator (`kind`: the Python type's name). `items` is None where its
    contents are not known; then `element` is what is known of each (None: nothing)."""

    kind: str
    items: tuple[Value, ...] | None
    element: Value | None = None


@dataclass(frozen=True, slots=True)
class Mapping(Value):
    """A dict or OrderedDict. `items` is None where its contents are not known; then `element` is what is known of each
    value."""

    items: tuple[tuple[Value, Value], ...] | None
    ordered: bool = False
    element: Value | None = None


@dataclass(frozen=True, slots=True)
class ModuleObject(Value):
    """A Python module whose source is part of the project or the environment."""

    name: str


@dataclass(frozen=True, slots=True)
class External(Value):
    """An object known by its dotted name alone: of torch, the standard library, ``builtins`` or a package whose
    source is not to be had. ``torch.relu``, ``math.pi``, ``typing.List``, ``builtins.len``, ``numpy.ndarray``."""

    name: str


@dataclass(frozen=True, slots=True)
class Subscripted(Value):
    """A type with its arguments: ``List[int]``, ``tuple[int, str]``, an alias of one. ``X | Y`` has
    ``types.UnionType`` for its `base`. A quoted argument is a `Constant` string; made by
    `annotation_objects.evaluate`."""

    base: Value
    args: tuple[Value, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Function(Value):
    """A Python function (or method, where `bound` is its receiver). `marks` are the torch.jit marks it bears:
    export, ignore, unused, drop, script, overload, overload_method, and ``wrapped`` for a decorator that keeps
    ``__wrapped__``; ``opaque`` where a decorator could not be seen through; ``property``, ``cached_property``,
    ``staticmethod`` and ``classmethod`` for what a class body makes of it. `closure` is private to the evaluator:
    where the names of enclosing functions have their values (see `Evaluator.closed_over`)."""

    definition: FunctionDefinition
    marks: frozenset[str] = frozenset()
    bound: Value | None = field(default=None, compare=False)
    closure: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        marks = f", {sorted(self.marks)}" if self.marks else ""
        return f"Function({self.definition.module.name}:{self.definition.qualname}{marks})"


@dataclass(frozen=True, slots=True, repr=False)
class Class(Value):
    """A class with source."""

    definition: ClassDefinition
    closure: object = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"Class({self.definition.module.name}:{self.definition.qualname})"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class TupleClass(Value):
    """A class of tuples with names that a call made, not a ``class`` statement. `types` are the objects that its fields
    are annotated with, None where they are not; the last `defaults` fields have a default. `scope` is the module's that
    made it."""

    name: str
    fields: tuple[str, ...]
    types: tuple[Value | None, ...]
    defaults: int
    scope: Scope

    def __repr__(self) -> str:
        return f"TupleClass({self.scope.module.name}:{self.name})"


@dataclass(frozen=True, slots=True)
class Lambda(Value):
    """A lambda expression; `closure` as in `Function`."""

    node: ast.Lambda = field(compare=False)
    path: str = ""
    closure: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Partial(Value):
    """``functools.partial``: still a partial to the compiler, a call to the abstract run."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """An instance of a class that is not an nn.Module. `attributes` is None where they are not known. `member` is the
    name of an enum's member; a NamedTuple's attributes are its fields, in order."""

    cls: Class | External
    attributes: tuple[tuple[str, Value], ...] | None = None
    member: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ModuleInstance(Value):
    """An nn.Module instance; its shape says what `self` looks like to the compiler. Equal where the shape is the same
    object."""

    shape: ModuleShape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModuleInstance) and self.shape is other.shape

    def __hash__(self) -> int:
        return id(self.shape)


@dataclass(frozen=True, slots=True)
class OneOf(Value):
    """One of several, depending on constructor arguments; each with the condition in words (or '')."""

    options: tuple[tuple[Value, str], ...]


@dataclass(slots=True, eq=False)
class ModuleShape:
    """What an nn.Module instance looks like when the compiler meets it (``ConcreteModuleType``).

    `cls` is its class (`Class` for one with source, `External` for one of torch's own).
    `attributes` maps each name of the instance's ``__dict__``, parameters, buffers and submodules included, in
    order of first assignment, to its value. `complete` is false where something may have been set that was not
    seen (then a missing attribute is unknown, not absent); `reasons` says why.
    `children` holds the contents of a container (Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict) by
    key, in order, or None where they are not known or the module is no container; `element` is then what is known
    of each, or of those whose names are not known. Modules that a subclass of a container sets by name are in both.
    `arguments` are the constructor's, by parameter; `hooks` and `pre_hooks` the forward hooks registered.
    `bases`: for a class with source, its bases of torch.nn whose constructor ran, by dotted name, with the arguments
    it was given (what they set is in `attributes` as far as the torch API knows it). `origin` is private.
    `raises`: the constructor cannot end normally with these arguments. One shape object may stand at several
    places of a module tree (equal blocks share it): compare by identity.
    """

    cls: Class | External
    attributes: dict[str, Value] = field(default_factory=dict)
    children: dict[str, Value] | None = None
    complete: bool = True
    reasons: list[str] = field(default_factory=list)
    arguments: dict[str, Value] = field(default_factory=dict)
    element: Value | None = None
    hooks: list[Value] = field(default_factory=list)
    pre_hooks: list[Value] = field(default_factory=list)
    raises: bool = False
    bases: dict[str, dict[str, Value]] = field(default_factory=dict)
    origin: object = field(default=None, repr=False)
