"""Workflow commands of GitHub Actions: an annotation per finding."""

from __future__ import annotations

from collections.abc import Iterator

from jitlint.findings.model import Finding, Result
from jitlint.report.style import Style
from jitlint.report.words import sentence, torch_says

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def lines(result: Result, style: Style) -> Iterator[str]:
    """A command per finding, and one per file that could not be checked."""
    for finding in result.findings:
        yield _command(finding, style)
    for error in result.errors:
        yield f"::error title=jitlint,file={_property(error.path)}::{_data(error.message)}"


def _command(finding: Finding, style: Style) -> str:
    span = finding.span
    place = f"file={_property(finding.path)},line={span.line}"
    if span.end_line == span.line:  # columns are taken only within one line
        place += f",col={span.column},endLine={span.line},endColumn={max(span.end_column, span.column)}"
    else:
        place += f",endLine={span.end_line}"
    text = f"{style.path(finding.path)}:{span.line}:{span.column}: {finding.code} {sentence(finding)}"
    if theirs := torch_says(finding):
        text += f"\n  torch says: {theirs}"
    if finding.help:
        text += f"\n  help: {finding.help}"
    return f"::{_COMMANDS[finding.severity]} title=jitlint ({_property(finding.code)}),{place}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
