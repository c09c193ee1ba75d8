"""The texts of an editor: which of them parse, and how lines move while one does not."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jitlint.findings.model import Finding
from jitlint.source.parse import ParseError, parse
from jitlint.source.problem import Span
from jitlint.source.text import SourceError, SourceFile, declared_encoding, decode


@dataclass(frozen=True, slots=True)
class Buffer:
    """The text of an open file. `source` is what is checked: `text` itself, or where that does not parse (`error`) the
    last text that did. `stale`: it is not the same."""

    path: str
    text: str
    source: SourceFile | None
    error: ParseError | SourceError | None = None
    stale: bool = False
    tree: ast.Module | None = None

    @property
    def lines(self) -> list[str]:
        """The lines of what the editor shows."""
        if not self.stale and self.source is not None:
            return self.source.lines
        lines = split(self.text)
        return lines[:-1] if len(lines) > 1 and not lines[-1] else lines

    @property
    def checked(self) -> bytes:
        """What is given to the analysis."""
        return encoded(self.source.text if self.source is not None else self.text)


def encoded(text: str) -> bytes:
    """A text in the encoding that it declares, so that it is read as it is shown."""
    data = text.encode("utf-8", "surrogatepass")
    try:
        return text.encode(declared_encoding(data))
    except (SourceError, UnicodeError):
        return data


def split(text: str) -> list[str]:
    """The lines of a text, as Python and the protocol count them; behind a line end at its end there is an empty one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def opened(path: str, text: str, before: Buffer | None) -> Buffer:
    """The buffer of a text; `before` is the file's last one."""
    if before is not None and before.text == text:
        return before
    try:
        source = decode(encoded(text), path)
        tree = parse(source)
    except (ParseError, SourceError) as error:
        good = before.source if before is not None else None
        return Buffer(path, text, good, error, good is not None, before.tree if before is not None else None)
    except (RecursionError, MemoryError, ValueError):
        return Buffer(path, text, None)  # the analysis says what is wrong with it
    return Buffer(path, text, source, tree=tree)


@dataclass(frozen=True, slots=True)
class Shift:
    """How lines moved between two texts that differ in one stretch: `head` lines at the beginning are the same, and
    those behind line `old_end` (of the old text) are `by` lines further down."""

    head: int
    old_end: int
    by: int

    def forward(self, line: int, end_line: int) -> int | None:
        """By how much lines of the old text moved; None where they are part of what changed."""
        if end_line <= self.head:
            return 0
        return self.by if line > self.old_end else None

    def back(self, line: int) -> int | None:
        """The line of the old text that a line of the new one was; None for a new one."""
        if line <= self.head:
            return line
        return line - self.by if line - self.by > self.old_end else None


def shift(old: Sequence[str], new: Sequence[str]) -> Shift:
    """How lines moved from one text to another."""
    head = 0
    for before, after in zip(old, new):
        if before != after:
            break
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Shift(head, len(old) - tail, len(new) - len(old))


def shifted(findings: Sequence[Finding], moved: Shift) -> list[Finding]:
    """Findings at their new lines, without those in what changed, and without fixes: these were for the old text."""
    kept = []
    for finding in findings:
        span = finding.span
        by = moved.forward(span.line, span.end_line)
        if by is not None:
            span = Span(span.line + by, span.column, span.end_line + by, span.end_column)
            kept.append(replace(finding, span=span, fix=None))
    return kept
