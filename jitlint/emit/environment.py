"""The names of a function while it is typed: a stack of frames (``Environment`` in ``ir_emitter.cpp``).

A frame is pushed for the function body, each arm of an `if`, each real loop body and condition, each comprehension,
each operand of ``and``/``or`` and each value of a ternary. It records, per name, the type it reads back as (which an
annotation may have widened) or its sugared value, and notes why a name is missing after a branch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from jitlint.emit.values import Sugared
from jitlint.types.model import Type


@dataclass(slots=True)
class Frame:
    """`values` holds what a name reads back as; `stored` the type of the value last stored, which differs where an
    annotation or a conversion widened it; `notes` why a name is not there after a branch; `refined` names that
    were only refined here, not assigned; `torn` what a name without a value holds after two branches gave it types
    that have none in common (Unknown: any longer)."""

    parent: Frame | None = None
    values: dict[str, Sugared] = field(default_factory=dict)
    stored: dict[str, Type] = field(default_factory=dict)
    notes: dict[str, tuple[str, str, ast.AST | None]] = field(default_factory=dict)
    torn: dict[str, Type] = field(default_factory=dict)
    members: dict[tuple[int, str], Sugared] = field(default_factory=dict)
    loop: bool = False  # the body of a real loop
    soft: bool = False  # may be no frame at all: the arm of a condition that the compiler may decide itself

    def outer(self) -> Frame | None:
        """The nearest frame around that surely restricts what is assigned here."""
        frame = self
        while frame.soft and frame.parent is not None:
            frame = frame.parent
        return frame.parent

    def find(self, name: str) -> Sugared | None:
        """The value of `name` in this frame or the nearest one around it."""
        frame: Frame | None = self
        while frame is not None:
            value = frame.values.get(name)
            if value is not None:
                return value
            frame = frame.parent
        return None

    def find_stored(self, name: str) -> Type | None:
        frame: Frame | None = self
        while frame is not None:
            found = frame.stored.get(name)
            if found is not None:
                return found
            frame = frame.parent
        return None

    def find_torn(self, name: str) -> Type | None:
        """What `name` holds although it has no value here; None where it never had one."""
        return next((frame.torn[name] for frame in self.outwards() if name in frame.torn), None)

    def find_member(self, key: tuple[int, str]) -> Sugared | None:
        """What is known here of an attribute of a module beyond its shape (a condition chose among its options)."""
        frame: Frame | None = self
        while frame is not None:
            value = frame.members.get(key)
            if value is not None:
                return value
            frame = frame.parent
        return None

    def note(self, name: str) -> tuple[str, str, ast.AST | None] | None:
        """Why `name` is not defined here: (rule, the compiler's text, the place it points at; None: the use)."""
        for frame in self.outwards():
            if name in frame.notes:
                return frame.notes[name]
        return None

    def outwards(self) -> Iterator[Frame]:
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def erase(self, name: str) -> bool:
        """Forget `name` in every frame; whether the outermost one held it (``del`` succeeds only then)."""
        held = False
        for frame in self.outwards():
            held = name in frame.values
            frame.values.pop(name, None)
            frame.stored.pop(name, None)
        return held
