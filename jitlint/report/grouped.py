"""Findings below the name of their file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from jitlint.findings.model import Result
from jitlint.report.style import VERDICT_COLORS, Style
from jitlint.report.summary import summary, verification_lines


def lines(result: Result, style: Style) -> Iterator[str]:
    """A paragraph per file, and a last line that counts."""
    for path, group in groupby(result.findings, key=lambda finding: finding.path):
        findings = list(group)
        places = [f"{finding.span.line}:{finding.span.column}" for finding in findings]
        width = max(map(len, places))
        yield f"{style.paint(style.path(path), 'bold')}:"
        for finding, place in zip(findings, places, strict=True):
            mark = f" [{style.paint('*', 'cyan')}]" if result.would_fix(finding) else ""
            condition = f" [{finding.condition}]" if finding.condition else ""
            told = f" [{style.paint(finding.verdict, VERDICT_COLORS[finding.verdict])}]" if finding.verdict else ""
            message = " ".join(finding.message.split())
            code = style.severity(finding.code, finding.severity)
            yield f"  {style.paint(f'{place:<{width}}', 'cyan')} {code}{mark} {message}{condition}{told}"
        yield ""
    yield summary(result, style)
    yield from verification_lines(result, style)
