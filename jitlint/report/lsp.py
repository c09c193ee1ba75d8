"""A ``PublishDiagnosticsParams`` of the Language Server Protocol per file and line, for editors that run a command.

Positions are the protocol's: 0-based, in code units of UTF-16.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jitlint.findings.identity import Sources
from jitlint.findings.model import Finding, Result
from jitlint.report.style import Style
from jitlint.report.words import file_uri, sentence, torch_says
from jitlint.source.problem import Span

_SEVERITIES = {"error": 1, "warning": 2, "info": 3}
_DEPRECATED, _UNNECESSARY = 2, 1
_LEGACY = "JIT7"
_UNUSED_SUPPRESSION = "JIT903"


def lines(result: Result, style: Style) -> Iterator[str]:
    """An object per file that has units or findings; the diagnostics of a file without findings are empty."""
    sources = Sources()
    by_path: dict[str, list[dict[str, Any]]] = {unit.path: [] for unit in result.units}
    for finding in result.findings:
        by_path.setdefault(finding.path, []).append(_diagnostic(finding, sources))
    for path in sorted(by_path):
        yield json.dumps({"uri": file_uri(path), "diagnostics": by_path[path]})


def _diagnostic(finding: Finding, sources: Sources) -> dict[str, Any]:
    text = sources.lines(finding.path)
    theirs = torch_says(finding)
    found: dict[str, Any] = {
        "range": _range(finding.span, text),
        "severity": _SEVERITIES[finding.severity],
        "code": finding.code,
        "source": "jitlint",
        "message": sentence(finding) + (f"\ntorch says: {theirs}" if theirs else ""),
        "data": {
            "fix": finding.fix.applicability if finding.fix is not None else None,
            "verdict": finding.verdict,
            "verdict_reason": finding.verdict_reason,
        },
    }
    if finding.url:
        found["codeDescription"] = {"href": finding.url}
    if finding.code.startswith(_LEGACY):
        found["tags"] = [_DEPRECATED]
    elif finding.code == _UNUSED_SUPPRESSION:
        found["tags"] = [_UNNECESSARY]
    if finding.chain:
        found["relatedInformation"] = [
            {
                "location": {
                    "uri": file_uri(frame.path),
                    "range": _line(frame.line, sources.lines(frame.path)),
                },
                "message": f"compiled because of this, in {frame.qualname}",
            }
            for frame in reversed(finding.chain)
        ]
    return found


def _line(line: int, text: list[str]) -> dict[str, Any]:
    whole = text[line - 1] if 0 < line <= len(text) else ""
    first = len(whole) - len(whole.lstrip()) + 1
    return _range(Span(line, first, line, max(len(whole.rstrip()) + 1, first)), text)


def _range(span: Span, text: list[str]) -> dict[str, Any]:
    return {
        "start": {"line": span.line - 1, "character": _units(span.line, span.column, text)},
        "end": {"line": span.end_line - 1, "character": _units(span.end_line, span.end_column, text)},
    }


def _units(line: int, column: int, text: list[str]) -> int:
    before = text[line - 1][: column - 1] if 0 < line <= len(text) else ""
    return column - 1 + sum(character > "\uffff" for character in before)
