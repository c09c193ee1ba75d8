"""Findings with their source, the compiler's words, the way they are reached, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from jitlint.findings.model import Finding, Result
from jitlint.report.style import VERDICT_COLORS, Style
from jitlint.report.summary import summary, verification_lines
from jitlint.report.words import NOT_APPLIED
from jitlint.source.text import SourceError, read_source

_MAX_WIDTH = 160
_CONTEXT = 1


def lines(result: Result, style: Style) -> Iterator[str]:
    """Each finding as a paragraph, and a last line that counts them."""
    texts: dict[str, list[str]] = {}
    for finding in result.findings:
        if finding.path not in texts:
            texts.clear()  # findings come sorted by path: one text at a time
            texts[finding.path] = lines_of(finding.path)
        yield from paragraph(finding, texts[finding.path], style, result.would_fix(finding))
        yield ""
    yield summary(result, style)
    yield from verification_lines(result, style)


def paragraph(finding: Finding, text: list[str], style: Style, fixable: bool = False) -> Iterator[str]:
    """One finding. `text` is its file's lines, empty where it cannot be read; `fixable` ones are marked."""
    title = style.severity(f"{finding.severity}[{finding.code}]", finding.severity)
    mark = f" [{style.paint('*', 'cyan')}]" if fixable else ""
    yield f"{title}{mark} {style.paint(' '.join(finding.message.split()), 'bold')}"
    span = finding.span
    arrow = style.paint("-->", "cyan")
    yield f"  {arrow} {style.path(finding.path)}:{span.line}:{span.column}"
    yield from _excerpt(finding, text, style)
    if finding.condition:
        yield f"  {style.paint('=', 'cyan')} when: {finding.condition}"
    said = finding.torch_message.strip().splitlines()
    if said and said[0].strip().rstrip(".:") != finding.message.strip().rstrip(".:"):
        yield f"  {style.paint('=', 'cyan')} torch says: {said[0].strip()}"
    if finding.verdict is not None:
        verdict = style.paint(finding.verdict, VERDICT_COLORS[finding.verdict])
        why = f": {finding.verdict_reason}" if finding.verdict_reason else ""
        yield f"  {style.paint('=', 'cyan')} verdict: {verdict}{why}"
    for frame in finding.chain:
        yield f"  {style.paint('=', 'cyan')} reached from {frame.qualname} ({style.path(frame.path)}:{frame.line})"
    if finding.help:
        yield f"  {style.paint('=', 'cyan')} help: {finding.help}"
    if finding.fix is not None:
        kind = "" if fixable else f" ({NOT_APPLIED[finding.fix.applicability]})"
        yield f"  {style.paint('=', 'cyan')} fix: {finding.fix.description}{kind}"


def _excerpt(finding: Finding, text: list[str], style: Style) -> Iterator[str]:
    span = finding.span
    if not 0 < span.line <= len(text):
        return
    bar = style.paint("|", "cyan")
    first = max(1, span.line - _CONTEXT)
    last = min(len(text), span.line + _CONTEXT)
    while first < span.line and not text[first - 1].strip():
        first += 1
    while last > span.line and not text[last - 1].strip():
        last -= 1
    width = len(str(last))
    yield f"{' ' * (width + 1)}{bar}"
    for number in range(first, last + 1):
        line, end = text[number - 1], span.column
        yield f"{style.paint(f'{number:>{width}}', 'cyan')} {bar} {_shown(line)}".rstrip()
        if number == span.line:
            end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
            before = _width(_shown(line[: span.column - 1]))
            marked = max(1, _width(_shown(line[span.column - 1 : max(end, span.column + 1) - 1])))
            if before <= _MAX_WIDTH:
                carets = "^" * min(marked, _MAX_WIDTH - before + 1)
                yield f"{' ' * (width + 1)}{bar} {' ' * before}{style.severity(carets, finding.severity)}"
    yield f"{' ' * (width + 1)}{bar}"


def _shown(line: str) -> str:
    """A line without control characters, tabs as four columns, cut where it gets very long."""
    text = line.replace("\t", "    ")
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "�" for char in text)
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 1] + "…"


def _width(text: str) -> int:
    """Columns of a terminal: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def lines_of(path: str) -> list[str]:
    """The lines of a file; none where it cannot be read."""
    try:
        return read_source(path).lines
    except SourceError:
        return []
