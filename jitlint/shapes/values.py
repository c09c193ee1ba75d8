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
    from jitlint.project.definitions import ClassDefinition, FunctionDefinition
    from jitlint.types.model import Type


class Value:
    """Base of the abstract values."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Unknown(Value):
    """Anything. `reason` says what could not be resolved, for the unit's `unknown` list."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Constant(Value):
    """None, bool, int, float, complex, str, bytes or Ellipsis, with its value known."""

    value: object


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
    """A list, tuple, set or frozenset. `items` is None where its contents are not known; then `element` is
    what is known of each (None: nothing)."""

    kind: str
    items: tuple[Value, ...] | None
    element: Value | None = None


@dataclass(frozen=True, slots=True)
class Mapping(Value):
    """A dict or OrderedDict. `items` is None where its contents are not known."""

    items: tuple[tuple[Value, Value], ...] | None
    ordered: bool = False


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
class Function(Value):
    """A Python function (or method, where `bound` is its receiver). `marks` are the torch.jit marks it bears:
    export, ignore, unused, drop, script, overload, overload_method, and ``wrapped`` for a decorator that keeps
    ``__wrapped__``; ``opaque`` where a decorator could not be seen through."""

    definition: FunctionDefinition
    marks: frozenset[str] = frozenset()
    bound: Value | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Class(Value):
    definition: ClassDefinition


@dataclass(frozen=True, slots=True)
class Lambda(Value):
    node: ast.Lambda = field(compare=False)
    path: str = ""


@dataclass(frozen=True, slots=True)
class Partial(Value):
    """``functools.partial``: still a partial to the compiler, a call to the abstract run."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Instance(Value):
    """An instance of a class that is not an nn.Module. `attributes` is None where they are not known."""

    cls: Class | External
    attributes: tuple[tuple[str, Value], ...] | None = None


@dataclass(frozen=True, slots=True)
class ModuleInstance(Value):
    """An nn.Module instance; its shape says what `self` looks like to the compiler."""

    shape: ModuleShape = field(compare=False)


@dataclass(frozen=True, slots=True)
class OneOf(Value):
    """One of several, depending on constructor arguments; each with the condition in words (or '')."""

    options: tuple[tuple[Value, str], ...]


@dataclass(slots=True)
class ModuleShape:
    """What an nn.Module instance looks like when the compiler meets it (``ConcreteModuleType``).

    `cls` is its class (`Class` for one with source, `External` for one of torch's own).
    `attributes` maps each name of the instance's ``__dict__``, parameters, buffers and submodules included, in
    order of first assignment, to its value. `complete` is false where something may have been set that was not
    seen (then a missing attribute is unknown, not absent); `reasons` says why.
    `children` holds the contents of a container (Sequential, ModuleList, ModuleDict) by key, in order, or None
    where they are not known or the module is no container.
    """

    cls: Class | External
    attributes: dict[str, Value] = field(default_factory=dict)
    children: dict[str, Value] | None = None
    complete: bool = True
    reasons: list[str] = field(default_factory=list)
    arguments: dict[str, Value] = field(default_factory=dict)
