"""Where a path of the abstract run is: the variables of its calls, the loops it is in, how it ends, how far it may go."""

from __future__ import annotations

from typing import Any

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, Scope
from jitlint.project.index import function_scope
from jitlint.shapes.heap import Delta, Store
from jitlint.shapes.values import Value

MAX_DEPTH = 40
MAX_STEPS = 50_000
MAX_ITEMS = 512

Exit = tuple[Delta | None, str]


class PathEnds(Exception):
    """The program raises here, whatever the unknown values are."""


class LimitReached(Exception):
    """The run got too long or too deep."""


class Loop:
    """A running loop: the states in which it was left or went on, `None` for the present one."""

    __slots__ = ("breaks", "continues", "forks")

    def __init__(self, forks: int) -> None:
        self.forks = forks
        self.breaks: list[Exit] = []
        self.continues: list[Exit] = []


class Frame:
    """The variables of one call (or comprehension, or class body), and what `return`, `break` and forks need.

    `scope` gives meaning to names that no frame binds. `level` is the number of the journal that was opened at the
    first fork, or -1. `conditions` are those under which the present statement runs, in words.
    """

    __slots__ = (
        "conditions", "definition", "forks", "level", "locals", "loops", "owner", "parent", "receiver", "returns",
        "root", "scope", "yields",
    )  # fmt: skip

    def __init__(self, store: Store, scope: Scope, parent: Frame | None = None) -> None:
        self.locals = store
        self.scope = scope
        self.parent = parent
        self.root: Frame = self  # of a comprehension: the frame of the function around it
        self.definition: FunctionDefinition | None = None
        self.owner: ClassDefinition | None = None
        self.receiver: Value | None = None
        self.forks = 0
        self.level = -1
        self.conditions: list[str] = []
        self.returns: list[tuple[Value, dict[Any, Any] | None, str]] = []
        self.loops: list[Loop] = []
        self.yields: list[Value] | None = None


def body_scope(frame: Frame) -> Scope | None:
    """The scope inside the function that a frame runs."""
    return None if frame.definition is None else function_scope(frame.definition)
