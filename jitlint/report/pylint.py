"""Pylint's parseable lines, which many servers and editors read: ``path:line: [CODE] message``."""

from __future__ import annotations

from collections.abc import Iterator

from jitlint.findings.model import Result
from jitlint.report.style import Style
from jitlint.report.words import sentence


def lines(result: Result, style: Style) -> Iterator[str]:
    """A line per finding."""
    for finding in result.findings:
        yield f"{style.path(finding.path)}:{finding.span.line}: [{finding.code}] {sentence(finding)}"
