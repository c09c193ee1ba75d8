"""The Reviewdog Diagnostic Format: one JSON object. Its columns count bytes of UTF-8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jitlint.findings.identity import Sources
from jitlint.findings.model import Finding, Result
from jitlint.report.style import Style
from jitlint.report.words import public_url, sentence, torch_says
from jitlint.source.problem import Span

_SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO"}


def lines(result: Result, style: Style) -> Iterator[str]:
    """The object."""
    sources = Sources()
    document = {
        "source": {"name": "jitlint"},
        "severity": "WARNING",
        "diagnostics": [_diagnostic(finding, style, sources) for finding in result.findings],
    }
    yield from json.dumps(document, indent=2).split("\n")


def _diagnostic(finding: Finding, style: Style, sources: Sources) -> dict[str, Any]:
    text = sources.lines(finding.path)
    code = {"value": finding.code}
    if url := public_url(finding):
        code["url"] = url
    parts = (sentence(finding), torch_says(finding) and f"torch says: {torch_says(finding)}", finding.help)
    found: dict[str, Any] = {
        "message": "\n".join(filter(None, parts)),
        "location": {"path": style.path(finding.path), "range": _range(finding.span, text)},
        "severity": _SEVERITIES[finding.severity],
        "code": code,
    }
    fix = finding.fix
    if fix is not None and fix.applicability != "display":
        edits = [edit for edit in fix.edits if edit.path == finding.path]
        if edits and len(edits) == len(fix.edits):  # half a fix is none
            found["suggestions"] = [{"range": _range(edit.span, text), "text": edit.content} for edit in edits]
    if finding.chain:
        found["related_locations"] = [
            {
                "message": f"compiled because of this, in {frame.qualname}",
                "location": {"path": style.path(frame.path), "range": {"start": {"line": frame.line}}},
            }
            for frame in reversed(finding.chain)
        ]
    return found


def _range(span: Span, text: list[str]) -> dict[str, Any]:
    return {
        "start": {"line": span.line, "column": _bytes(span.line, span.column, text)},
        "end": {"line": span.end_line, "column": _bytes(span.end_line, span.end_column, text)},
    }


def _bytes(line: int, column: int, text: list[str]) -> int:
    before = text[line - 1][: column - 1] if 0 < line <= len(text) else ""
    return column if before.isascii() else column - len(before) + len(before.encode("utf-8", "surrogatepass"))
