"""Positions: ours are 1-based and count characters, the protocol's 0-based and count code units of UTF-8, 16 or 32."""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types as lsp

from jitlint.source.problem import Span

UTF8 = "utf-8"
UTF16 = "utf-16"
UTF32 = "utf-32"


def units(text: str, encoding: str) -> int:
    """How many code units a text has."""
    if text.isascii() or encoding == UTF32:
        return len(text)
    if encoding == UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def characters(text: str, count: int, encoding: str) -> int:
    """How many characters of a text its first `count` code units are; a position inside one is that before it."""
    if text.isascii() or encoding == UTF32:
        return min(count, len(text))
    for number, character in enumerate(text):
        count -= units(character, encoding)
        if count < 0:
            return number
    return len(text)


def to_position(line: int, column: int, lines: Sequence[str], encoding: str) -> lsp.Position:
    """The protocol's position for a 1-based line and column of a text's lines."""
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return lsp.Position(max(line - 1, 0), units(text[: max(column - 1, 0)], encoding))


def to_range(span: Span, lines: Sequence[str], encoding: str) -> lsp.Range:
    """The protocol's range for a span. An empty one (a finding about a line) is the line's text."""
    if (span.line, span.column) == (span.end_line, span.end_column) and 0 < span.line <= len(lines):
        text = lines[span.line - 1]
        if span.column == 1:
            first = len(text) - len(text.lstrip()) + 1
            span = Span(span.line, first, span.line, max(len(text.rstrip()) + 1, first))
        else:
            span = Span(span.line, span.column, span.line, min(span.column + 1, len(text) + 1))
    return exact_range(span, lines, encoding)


def exact_range(span: Span, lines: Sequence[str], encoding: str) -> lsp.Range:
    """The protocol's range for a span, as it is: an insertion's is empty."""
    return lsp.Range(
        to_position(span.line, span.column, lines, encoding),
        to_position(span.end_line, span.end_column, lines, encoding),
    )


def from_position(position: lsp.Position, lines: Sequence[str], encoding: str) -> tuple[int, int]:
    """The 1-based line and column of a position."""
    text = lines[position.line] if position.line < len(lines) else ""
    return position.line + 1, characters(text, position.character, encoding) + 1


def overlaps(a: lsp.Range, b: lsp.Range) -> bool:
    """Whether two ranges share a place; ranges that touch do."""
    return (a.start.line, a.start.character) <= (b.end.line, b.end.character) and (
        b.start.line,
        b.start.character,
    ) <= (a.end.line, a.end.character)


def contains(a: lsp.Range, position: lsp.Position) -> bool:
    """Whether a position lies in a range, its end included."""
    return overlaps(a, lsp.Range(position, position))
