"""Which finding an error of the compiler is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jitlint.findings.model import Finding
from jitlint.verify.errors import (
    Place,
    Rejection,
    at_place,
    begins_at,
    column_fits,
    is_of_rule,
    names_the_same,
    real,
    says,
)
from jitlint.verify.plan import Texts

_OF_OBJECTS = ("JIT4", "JIT6")  # rules about what the compiler finds in objects and classes
_EVERYWHERE = ("", "forward", "__init__", "__call__", "<module>")  # names that tell nothing
_AT_PLACE = 8  # of a score: the error is on the finding's lines


@dataclass(frozen=True, slots=True)
class Judge:
    """The findings that matter, and how a rejection is recognised as one of them."""

    findings: Sequence[Finding]
    texts: Texts

    def _is_project(self, path: str) -> bool:
        return path in self.paths()

    def paths(self) -> frozenset[str]:
        """The files that have findings."""
        return self.texts.paths_of(self.findings)

    def match(self, rejection: Rejection, candidates: Sequence[int], strict: bool = False) -> list[int]:
        """The findings that a rejection is; several only where they say the same of the same place.

        strict: only where the words fit too, for what the compiler says of altered text.
        """
        scored: dict[int, int] = {}
        # Where one finding, sought or not, is this error at this place, it is no error at another place.
        least = _AT_PLACE if self._is_foretold(rejection) else 1
        for index in candidates:
            score = self._score(rejection, self.findings[index], strict)
            if score >= least:
                scored[index] = score
        if not scored:
            return []
        best = max(scored.values())
        return [index for index in scored if scored[index] == best]

    def foretold_places(self, rejection: Rejection, candidates: Sequence[int]) -> list[Place]:
        """Where the findings are that an error which names no place may be."""
        foretold = (self.findings[i] for i in candidates if says(self.findings[i], rejection, literally=True))
        return [Place(real(finding.path), finding.span.line, finding.span.column) for finding in foretold]

    def _is_foretold(self, rejection: Rejection) -> bool:
        if not rejection.places:
            return False
        place = rejection.places[0]
        return any(
            at_place(finding, place) and (says(finding, rejection) or is_of_rule(finding, rejection))
            for finding in self.findings
        )

    def _score(self, rejection: Rejection, finding: Finding, strict: bool) -> int:
        """0: not this one. Bit 0: the words fit, which they have to if `strict`; more: the place does, the better the
        more."""
        places = rejection.places or rejection.frames
        exact = says(finding, rejection, literally=True)
        words = int(exact or says(finding, rejection))
        if not words and places and begins_at(finding, places[0]):
            words = int(names_the_same(finding, rejection) or is_of_rule(finding, rejection))
        if strict and not words:
            return 0
        for number, place in enumerate(places):
            if at_place(finding, place):
                return words + (4 if column_fits(finding, place) else 0) + (16 if number == 0 else _AT_PLACE)
        # An error in other people's code is at the line of the project that leads there.
        mine = next((place for place in (*places, *rejection.chain) if self._is_project(place.path)), None)
        if mine is not None and mine not in places and at_place(finding, mine):
            return words + 4
        if not rejection.places and finding.code.startswith(_OF_OBJECTS) and _names_a_frame(finding, rejection):
            return words + 2
        if not words:
            return 0
        if any(at_place(finding, place) for place in rejection.chain):
            return words + 4
        if not exact:
            return 0
        if not places:
            return words + 2
        for place in places:
            here = self.texts.function_at(place.path, place.line)
            if here and here == self.texts.function_at(finding.path, finding.span.line):
                if at_path(finding, place.path):
                    return words + 2
            owner = self.texts.class_at(finding.path, finding.span.line)
            if finding.code.startswith(_OF_OBJECTS) and owner and at_path(finding, place.path):
                if owner == self.texts.class_at(place.path, place.line):
                    return words
        if finding.chain and any(
            frame.line == place.line and at_path_of(frame.path, place.path)
            for frame in finding.chain
            for place in (*places, *rejection.chain)
        ):
            return words
        return 0


def _names_a_frame(finding: Finding, rejection: Rejection) -> bool:
    """Whether an exception of Python code came through a function that a finding speaks of: a getter, a dunder."""
    said = set(re.findall(r"\w+", finding.message))
    return any(frame.function in said and frame.function not in _EVERYWHERE for frame in rejection.frames)


def at_path(finding: Finding, path: str) -> bool:
    """Whether a finding is in a file."""
    return at_path_of(finding.path, path)


def at_path_of(one: str, other: str) -> bool:
    return real(one) == other
