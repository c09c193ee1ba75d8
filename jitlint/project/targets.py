"""What a name can turn out to be, beyond the definitions that have source."""

from __future__ import annotations

from dataclasses import dataclass

from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope


@dataclass(frozen=True, slots=True)
class ExternalName:
    """An object known by its dotted name alone: of torch, the standard library, ``builtins``, or of a package whose
    source is not to be had. ``torch.nn.Linear``, ``typing.List``, ``builtins.len``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class BoundValue:
    """A value that a statement binds (an assignment, a loop variable, a parameter...) and that is no plain alias of
    something else. `scope` is where `binding` stands and where the names in its value have their meaning."""

    scope: Scope
    binding: Binding


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A name that is bound, or may be, to something that could not be found; `reason` in words."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class CheckingOnly:
    """A name that is bound under ``if TYPE_CHECKING:`` alone: a type checker sees `targets`, the run time, and so the
    compiler, does not know the name."""

    targets: tuple[Target, ...]


Target = ModuleIndex | FunctionDefinition | ClassDefinition | ExternalName | BoundValue | Unresolved | CheckingOnly
