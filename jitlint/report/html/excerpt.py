"""Pieces of source: the lines of a finding with its range marked, and what a fix changes."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from jitlint.findings.model import Edit
from jitlint.report.html.markup import escape
from jitlint.source.problem import Span

_CONTEXT = 2
_MOST_LINES = 12
_LONGEST = 240
_BEFORE = 60


def excerpt(span: Span, text: Sequence[str]) -> str:
    """The lines of a range and a few around, with their numbers; '' where the file has no such line."""
    if not 0 < span.line <= len(text):
        return ""
    end_line, end_column = min(span.end_line, len(text)), span.end_column
    if end_line < span.end_line or (end_line > span.line and end_column <= 1):
        end_line = max(span.line, end_line if end_line < span.end_line else end_line - 1)
        end_column = len(text[end_line - 1]) + 1
    first = max(1, span.line - _CONTEXT)
    last = min(len(text), end_line + _CONTEXT, span.line + _MOST_LINES - 1)
    while first < span.line and not text[first - 1].strip():
        first += 1
    while last > end_line and not text[last - 1].strip():
        last -= 1
    numbers, shown = [], []
    for number in range(first, last + 1):
        line = text[number - 1]
        start = span.column if number == span.line else len(line) - len(line.lstrip()) + 1
        end = end_column if number == end_line else len(line.rstrip()) + 1
        marked = span.line <= number <= end_line
        numbers.append(f"<b>{number}</b>" if marked else str(number))
        shown.append(_line(line, start - 1, max(end, start + (number == span.line)) - 1) if marked else _line(line))
    return _table("\n".join(numbers), "\n".join(shown))


def _line(line: str, start: int = 0, end: int = 0) -> str:
    """A line, cut where it is very long, with what stands from `start` to `end` (0-based) marked."""
    cut = 0
    if len(line) > _LONGEST:
        cut = min(max(0, start - _BEFORE), max(0, len(line) - _LONGEST))
    stop = cut + _LONGEST
    end = min(end, stop)
    before, behind = "\u2026" if cut else "", "\u2026" if len(line) > stop else ""
    if end <= start:
        return escape(before + line[cut:stop] + behind)
    marked = line[start:end] or " "
    return f"{escape(before + line[cut:start])}<mark>{escape(marked)}</mark>{escape(line[end:stop] + behind)}"


def difference(edits: Sequence[Edit], text: Sequence[str]) -> Iterator[str]:
    """What the edits of one file change, as a diff for each region that they touch."""
    lines = [*text, ""]
    if any(not 0 < edit.span.line <= edit.span.end_line <= len(lines) for edit in edits):
        return  # the file is no longer what was checked
    for region in _regions(sorted(set(edits), key=_place)):
        first = max(1, region[0].span.line - _CONTEXT)
        last = min(len(text), max(edit.span.end_line for edit in region) + _CONTEXT)
        old = lines[first - 1 : max(last, region[-1].span.end_line)]
        whole = "\n".join(old)
        starts = [0]
        for line in old:
            starts.append(starts[-1] + len(line) + 1)
        for edit in reversed(region):
            start = starts[edit.span.line - first] + edit.span.column - 1
            end = starts[edit.span.end_line - first] + edit.span.end_column - 1
            whole = whole[:start] + edit.content + whole[end:]
        new = whole.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        yield _changes(old, new, first)


def _changes(old: list[str], new: list[str], first: int) -> str:
    numbers, shown = [], []
    number = first
    # All of a region is one hunk: the lines around were chosen already. Its three lines of heading are left out.
    for line in list(difflib.unified_diff(old, new, n=len(old) + len(new), lineterm=""))[3:]:
        sign, rest = line[:1], _line(line[1:])
        numbers.append(" " if sign == "+" else str(number))
        number += sign != "+"
        match sign:
            case "+":
                shown.append(f"<ins>+{rest}</ins>")
            case "-":
                shown.append(f"<del>-{rest}</del>")
            case _:
                shown.append(f" {rest}")
    return _table("\n".join(numbers), "\n".join(shown), "diff")


def _regions(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits that stand close together are shown together."""
    region: list[Edit] = []
    end = 0
    for edit in edits:
        if region and edit.span.line > end + 2 * _CONTEXT:
            yield region
            region = []
        region.append(edit)
        end = max(end, edit.span.end_line) if len(region) > 1 else edit.span.end_line
    if region:
        yield region


def _place(edit: Edit) -> tuple[int, int, int, int]:
    span = edit.span
    return span.line, span.column, span.end_line, span.end_column


def _table(numbers: str, code: str, kind: str = "src") -> str:
    # The element within keeps a first line that is empty: a parser drops a line end right behind <pre>.
    return f"<div class={kind}><pre aria-hidden=true><span>{numbers}</span></pre><pre><code>{code}</code></pre></div>"
