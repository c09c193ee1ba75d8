"""A finding as a card: what `full` says of it, with more of the source and the fix as a diff."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jitlint.findings.identity import Sources
from jitlint.findings.model import Finding, Fix, Frame, Result
from jitlint.report.html.excerpt import difference, excerpt
from jitlint.report.html.markup import count, escape, prose
from jitlint.report.html.tree import blocked
from jitlint.report.style import Style
from jitlint.report.words import NOT_APPLIED, torch_says

_MOST_NAMES = 5
_LONGEST_MESSAGE = 2000


class Cards:
    """The findings of a result, by their numbers in it."""

    def __init__(self, result: Result, style: Style, sources: Sources) -> None:
        self.result, self.style = result, style
        self._sources = sources
        self._blocked = blocked(result)

    def finding(self, number: int) -> Finding:
        """The finding with this number."""
        return self.result.findings[number]

    def card(self, number: int) -> Iterator[str]:
        """All there is to say of a finding."""
        finding = self.finding(number)
        data = f" data-r={escape(finding.code)} data-s={finding.severity}"
        data += f" data-x={finding.verdict}" if finding.verdict else ""
        data += f" data-k={finding.fix.applicability}" if finding.fix else ""
        verdict = f" <span class='x x-{finding.verdict}'>{finding.verdict}</span>" if finding.verdict else ""
        chip = ""
        if finding.fix is not None:
            chip = f" <span class=k>{NOT_APPLIED[finding.fix.applicability] if finding.fix.applicability != 'display' else 'suggested'} fix</span>"
        span = finding.span
        yield f"<details class=f id=f{number}{data} open>"
        yield (
            f"<summary><span class=s>{finding.severity}</span> {self._code(finding)} <span class=m>{prose(finding.message)}</span>"
            f"{verdict}{chip} <span class=at>{span.line}:{span.column}</span></summary>"
        )
        where = self._sources.qualname(finding.path, span.line)
        inside = f" in <code>{escape(where)}</code>" if where else ""
        yield f"<div class=b><p class=at>{self._path(finding.path)}:{span.line}:{span.column}{inside}</p>"
        text = self._sources.lines(finding.path)
        yield from excerpt(span, text).split("\n")
        yield "<dl>"
        for term, said in self._facts(number, finding):
            yield f"<dt>{term}</dt><dd>"
            yield from said.split("\n")
            yield "</dd>"
        yield "</dl></div></details>"

    def title(self, number: int) -> str:
        """The code and message of a finding."""
        finding = self.finding(number)
        return f"<code>{escape(finding.code)}</code> {prose(finding.message)}"

    def place(self, number: int) -> str:
        """The path and line of a finding."""
        finding = self.finding(number)
        return f"{self._path(finding.path)}:{finding.span.line}"

    def links(self, numbers: Sequence[int], seen_from: str) -> str:
        """Findings as links to them, by file and line."""
        by_path: dict[str, list[int]] = {}
        for number in numbers:
            by_path.setdefault(self.finding(number).path, []).append(number)
        parts = []
        for path, group in by_path.items():
            name = "line" if path == seen_from else f"{_short(path)}:"
            often = Counter(self.finding(number).span.line for number in group)
            links = []
            for number in group:
                span = self.finding(number).span
                place = f"{span.line}:{span.column}" if often[span.line] > 1 else str(span.line)
                links.append(f"<a href=#f{number}>{place}</a>")
            parts.append(f"{name} {', '.join(links)}")
        return "; ".join(parts)

    def near(self, path: str, line: int, seen_from: str) -> str:
        """A line of a file, as a reader of the file `seen_from` needs it named."""
        return f"line {line}" if path == seen_from else f"{_short(path)}:{line}"

    def most_blocking(self, most: int) -> list[tuple[int, int]]:
        """The errors that stand in the way of most units, at most so many: their numbers, and of how many units."""
        counts = Counter(
            {
                number: len(units)
                for number, units in enumerate(self._blocked)
                if self.finding(number).severity == "error"
            }
        )
        return counts.most_common(most)

    def _facts(self, number: int, finding: Finding) -> Iterator[tuple[str, str]]:
        if finding.condition:
            yield "when", prose(finding.condition)
        if torch_says(finding):
            said = finding.torch_message.strip().replace("\r", "")
            cut = said[:_LONGEST_MESSAGE] + ("\u2026" if len(said) > _LONGEST_MESSAGE else "")
            yield "torch says", f"<pre class=said><code>{escape(cut)}</code></pre>"
        if finding.verdict is not None:
            why = f": {prose(finding.verdict_reason)}" if finding.verdict_reason else ""
            yield "verdict", f"<b class='x x-{finding.verdict}'>{finding.verdict}</b>{why}"
        if finding.help:
            yield "help", prose(finding.help)
        if finding.fix is not None:
            yield "fix", "\n".join(self._fix(finding, finding.fix))
        if finding.chain:
            steps = (
                f"<li><code>{escape(frame.qualname)}</code> <span class=at>{self._frame(frame, finding.path)}</span></li>"
                for frame in finding.chain
            )
            yield "reached from", f"<ol class='chain n{len(finding.chain)}'>{''.join(steps)}</ol>"
        units = self._blocked[number]
        if len(units) > 1:
            links = [
                f"<a href=#u{index}>{escape(unit.qualname)}</a>" for index, unit in list(units.items())[:_MOST_NAMES]
            ]
            more = f" and {len(units) - _MOST_NAMES} more" if len(units) > _MOST_NAMES else ""
            yield "concerns", f"{count(len(units), 'unit')}: {', '.join(links)}{more}"

    def _fix(self, finding: Finding, fix: Fix) -> Iterator[str]:
        yield f"{prose(fix.description)} <span class=dim>({NOT_APPLIED[fix.applicability]})</span>"
        for path in dict.fromkeys(edit.path for edit in fix.edits):
            if path != finding.path:
                yield f"<p class=at>{self._path(path)}</p>"
            yield from difference([edit for edit in fix.edits if edit.path == path], self._sources.lines(path))

    def _frame(self, frame: Frame, seen_from: str) -> str:
        return f"line {frame.line}" if frame.path == seen_from else f"{self._path(frame.path)}:{frame.line}"

    def _code(self, finding: Finding) -> str:
        return f"<a class=c href=#{escape(finding.code)} title='{escape(finding.name)}'>{escape(finding.code)}</a>"

    def _path(self, path: str) -> str:
        return escape(self.style.path(path))


def _short(path: str) -> str:
    """A file's name with its folder's: there are many ``base.py``."""
    return escape("/".join(path.replace("\\", "/").rsplit("/", 2)[-2:]))


def by_advice(cards: Cards, numbers: Sequence[int]) -> dict[tuple[str, str], list[int]]:
    """Findings by the code of their rule and what is to be done about them, in the order in which they come."""
    groups: dict[tuple[str, str], list[int]] = {}
    for number in numbers:
        finding = cards.finding(number)
        groups.setdefault((finding.code, finding.help or finding.name), []).append(number)
    return groups
