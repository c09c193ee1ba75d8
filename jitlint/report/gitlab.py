"""GitLab's Code Quality report: one JSON array."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

from jitlint.findings.identity import Sources, fingerprints, relative
from jitlint.findings.model import Result
from jitlint.report.style import Style
from jitlint.report.words import sentence, torch_says

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def lines(result: Result, style: Style) -> Iterator[str]:
    """The array. Paths are relative to the project that GitLab names, else to the working directory."""
    base = os.environ.get("CI_PROJECT_DIR") or style.base
    names = fingerprints(result.findings, base, Sources())
    issues = []
    for finding, name in zip(result.findings, names, strict=True):
        span = finding.span
        issues.append(
            {
                "check_name": finding.code,
                "description": f"{finding.code}: {sentence(finding)}",
                "content": {"body": "\n\n".join(filter(None, (torch_says(finding), finding.help)))},
                "severity": _SEVERITIES[finding.severity],
                "fingerprint": name,
                "location": {
                    "path": relative(finding.path, base),
                    "positions": {
                        "begin": {"line": span.line, "column": span.column},
                        "end": {"line": span.end_line, "column": span.end_column},
                    },
                },
            }
        )
    yield from json.dumps(issues, indent=2).split("\n")
