"""One line per finding: ``path:line:column: CODE message``."""

from __future__ import annotations

from collections.abc import Iterator

from jitlint.findings.model import Finding, Result
from jitlint.report.style import VERDICT_COLORS, Style
from jitlint.report.summary import summary, verification_lines


def lines(result: Result, style: Style) -> Iterator[str]:
    """The findings, and a last line that counts them."""
    for finding in result.findings:
        yield line(finding, style, result.would_fix(finding))
    yield summary(result, style)
    yield from verification_lines(result, style)


def line(finding: Finding, style: Style, fixable: bool = False) -> str:
    """One finding on one line; `fixable` ones are marked."""
    colon = style.paint(":", "cyan")
    place = (
        f"{style.paint(style.path(finding.path), 'bold')}{colon}{finding.span.line}{colon}{finding.span.column}{colon}"
    )
    message = " ".join(finding.message.split())
    mark = f" [{style.paint('*', 'cyan')}]" if fixable else ""
    condition = f" [{finding.condition}]" if finding.condition else ""
    verdict = f" [{style.paint(finding.verdict, VERDICT_COLORS[finding.verdict])}]" if finding.verdict else ""
    return f"{place} {style.severity(finding.code, finding.severity)}{mark} {message}{condition}{verdict}"
