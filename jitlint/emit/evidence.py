"""What a problem knows beyond its words, for the fixes: the types that disagree, the call that no schema takes.

Kept only where a session records types; it leaves the process with no finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jitlint.emit.schema_matching import ArgValue
from jitlint.types.model import Schema, Type


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value of type `found` where one of type `expected` must be."""

    expected: Type
    found: Type


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A call that none of `schemas` takes; `receiver` is what a method is called on."""

    schemas: tuple[Schema, ...]
    args: Sequence[ArgValue]
    kwargs: Sequence[tuple[str, ArgValue]]
    receiver: ArgValue | None = None
