"""What the compiler says, read: the text, the places it points at, the calls that led there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from jitlint.findings import registry
from jitlint.findings.model import Finding

_FILE = re.compile(r'^\s*File "(?P<path>.+)", line (?P<line>\d+)\s*$')
_OLD_FILE = re.compile(r"^\s*at (?P<path>\S.*?):(?P<line>\d+):(?P<column>\d+)\s*$")  # torch before 1.5
_MARK = re.compile(r"^(?P<indent> *)(?P<mark>~+)")
_CHAIN = "is being compiled since it was called from"
# The exceptions of the compiler's frontend, which is written in Python.
FRONTEND = ("NotSupportedError", "UnsupportedNodeError", "FrontendTypeError", "FrontendError")
_SHORT = 12  # characters: what is shorter than this says too little to be recognised by
_QUOTED = re.compile(r"'([^' ]+)(?: \(inferred\))?'")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+\b")
_MANGLED = re.compile(r"__torch__\.|___torch_mangle_\d+\.|\.?___torch_mangle_\d+")

# How torch before 1.4 says what a finding foretells in the words of today: its words, and ours.
_OLD_WORDS = (
    (re.compile(r"Unknown builtin op: aten::(?P<name>\w+)\."), "object has no attribute or method '{name}'"),
    (re.compile(r"Cannot call methods on numbers"), "'int' object has no attribute or method"),
    (re.compile(r"Cannot call methods on numbers"), "'float' object has no attribute or method"),
)


@cache
def real(path: str) -> str:
    """The path without links; findings and places are compared by it, again and again."""
    return os.path.realpath(path)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the compiler points: 1-based line and column (0: not told), and how many columns it underlines.

    function: of a frame, the name of the function that it is in. source: the line as the compiler shows it.
    """

    path: str
    line: int
    column: int = 0
    width: int = 0
    function: str = ""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Rejection:
    """One error of the compiler, or of Python on the way to it.

    kind: the exception's type. places: what the text points at, the offending place first. chain: the calls that led
    there, innermost first. frames: for an exception raised by Python code, that code's lines, innermost first.
    """

    kind: str
    text: str
    places: tuple[Place, ...] = ()
    chain: tuple[Place, ...] = ()
    frames: tuple[Place, ...] = ()

    @property
    def headline(self) -> str:
        """What it says first."""
        lines = [line.strip() for line in self.text.strip().splitlines() if line.strip()]
        for line in lines:
            if not _FILE.match(line) and not _OLD_FILE.match(line):
                return line
        return self.kind

    @property
    def from_compiler(self) -> bool:
        """Whether it is about a place in compiled source, rather than an exception that passed through."""
        return bool(self.places) or self.kind in FRONTEND


def rejection_of(answer: Mapping[str, Any]) -> Rejection:
    """A worker's answer (`type`, `text`, `frames`, `place`) read. Torch's own files are left out of the frames."""
    text = str(answer.get("text", ""))
    places, chain = read(text)
    if not places and answer.get("place"):
        path, line, column, width = answer["place"]
        places = (Place(real(path), int(line), int(column), int(width)),)
    frames = [
        Place(real(path), int(line), function=str(name))
        for path, line, name in reversed(answer.get("frames", []))
        if not _is_machinery(path)
    ]
    return Rejection(str(answer.get("type", "")), text, places, chain, tuple(frames))


def _is_machinery(path: str) -> bool:
    """Whether a frame is torch's or Python's own, not the code that was asked about."""
    plain = path.replace(os.sep, "/")
    return (
        plain.startswith("<")
        or "/torch/jit/" in plain
        or "/importlib/" in plain
        or plain.endswith(("/torch/_jit_internal.py", "/torch/_sources.py", "/torch/jit/__init__.py"))
    )


def read(text: str) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The places an error's text points at, and those of the calls that led there."""
    places: list[Place] = []
    chain: list[Place] = []
    lines = text.splitlines()
    calls = False
    for number, line in enumerate(lines):
        if _CHAIN in line:
            calls = True
            continue
        match = _FILE.match(line) or _OLD_FILE.match(line)
        if match is None:
            continue
        column = int(match["column"]) + 1 if "column" in match.re.groupindex else 0
        width, source = 0, ""
        for at, below in enumerate(lines[number + 1 : number + 40], number + 1):
            if _FILE.match(below) or _CHAIN in below:
                break
            mark = _MARK.match(below)
            if mark:
                column, width = column or len(mark["indent"]) + 1, len(mark["mark"])
                source = lines[at - 1] if at > number + 1 else ""
                break
        place = Place(real(match["path"]), int(match["line"]), column, width, source=source)
        (chain if calls else places).append(place)
    return tuple(places), tuple(chain)


@lru_cache(maxsize=64)  # one error is compared with many findings
def normalized(text: str) -> str:
    """White space, mangled names and the addresses of objects aside."""
    return _ADDRESS.sub("", _MANGLED.sub("", " ".join(text.split()))).strip()


def says(finding: Finding, rejection: Rejection, literally: bool = False) -> bool:
    """Whether an error's words are those that the finding foretells, names and types in it included or (not
    `literally`) aside."""
    foretold = finding.torch_message.strip()
    if not foretold:
        return False
    whole = normalized(rejection.text)
    everything, first, shape = _foretold(foretold)
    if any(len(one) >= _SHORT and one in whole for one in (everything, first)):
        return True
    # Types in it may be told less precisely: the same words around quoted and other variable parts.
    if not literally and len(first) >= 3 * _SHORT and shape in _shape(whole):
        return True
    return any(ours in foretold for ours in _in_our_words(whole))


@lru_cache(maxsize=64)
def _in_our_words(text: str) -> tuple[str, ...]:
    """What an error of an old torch says, in the words of today."""
    found = ((pattern.search(text), ours) for pattern, ours in _OLD_WORDS)
    return tuple(ours.format(**match.groupdict()) for match, ours in found if match is not None)


@cache  # of a finding, compared with one error after another
def _foretold(message: str) -> tuple[str, str, str]:
    """A foretold message to be looked for: all of it, its first line, and the shape of that."""
    first = normalized(message.splitlines()[0]).rstrip(".:")
    return normalized(message), first, _shape(first)


def is_of_rule(finding: Finding, rejection: Rejection) -> bool:
    """Whether an error is one of those that a finding's rule is about."""
    said = registry.rule(finding.code).torch_message
    if said.startswith("/"):
        return re.search(said.strip("/"), rejection.text) is not None
    return bool(said) and said in rejection.text


def names_the_same(finding: Finding, rejection: Rejection) -> bool:
    """Whether an error quotes all that the foretold message quotes: releases word the same error differently."""
    quoted = set(_QUOTED.findall(normalized(finding.torch_message.strip().partition("\n")[0])))
    return bool(quoted) and quoted <= set(_QUOTED.findall(normalized(rejection.text)))


@lru_cache(maxsize=64)
def _shape(text: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"|\b[\w.]*\[[^\]]*\]|\d+", "#", text)


def at_place(finding: Finding, place: Place) -> bool:
    """Whether a place is on the lines of a finding."""
    return place.path == real(finding.path) and finding.span.line <= place.line <= finding.span.end_line


def column_fits(finding: Finding, place: Place) -> bool:
    """Whether a place on the finding's line is within its columns."""
    span = finding.span
    if place.line != span.line or not place.column:
        return False
    end = span.end_column if span.end_line == span.line else 1 << 30
    return span.column <= place.column < max(end, span.column + 1) or place.column == span.column


def begins_at(finding: Finding, place: Place) -> bool:
    """Whether a place is the very beginning of a finding."""
    return at_place(finding, place) and (place.line, place.column) == (finding.span.line, finding.span.column)
