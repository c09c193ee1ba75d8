"""Logging commands of Azure Pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from jitlint.findings.model import Result
from jitlint.report.style import Style
from jitlint.report.words import sentence


def lines(result: Result, style: Style) -> Iterator[str]:
    """A command per finding; Azure knows errors and warnings only."""
    for finding in result.findings:
        kind = "error" if finding.severity == "error" else "warning"
        place = f"linenumber={finding.span.line};columnnumber={finding.span.column}"
        properties = f"type={kind};sourcepath={_property(finding.path)};{place};code={finding.code};"
        yield f"##vso[task.logissue {properties}]{_data(sentence(finding))}"
    for error in result.errors:
        yield f"##vso[task.logissue type=error;sourcepath={_property(error.path)};]{_data(error.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(";", "%3B").replace("]", "%5D")
