"""What a user sees of a result, one module per format; each has ``lines(result, style) -> Iterator[str]``."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from jitlint.findings.model import Result
from jitlint.report.style import Style

FORMATS = {
    "full": "jitlint.report.full",
    "concise": "jitlint.report.concise",
    "grouped": "jitlint.report.grouped",
    "json": "jitlint.report.whole_json",
    "json-lines": "jitlint.report.json_lines",
    "github": "jitlint.report.github",
    "gitlab": "jitlint.report.gitlab",
    "junit": "jitlint.report.junit",
    "sarif": "jitlint.report.sarif",
    "azure": "jitlint.report.azure",
    "pylint": "jitlint.report.pylint",
    "rdjson": "jitlint.report.rdjson",
    "lsp": "jitlint.report.lsp",
    "html": "jitlint.report.html",
}
TEXT = ("full", "concise", "grouped")  # for reading: coloured on a terminal, with a line that sums up


def render(result: Result, output_format: str, style: Style) -> Iterator[str]:
    """The lines of a report, without line ends. `output_format` is a key of FORMATS."""
    lines: Iterator[str] = importlib.import_module(FORMATS[output_format]).lines(result, style)
    return lines
