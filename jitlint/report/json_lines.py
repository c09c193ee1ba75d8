"""One JSON object per finding and line, as in the ``findings`` of the json format."""

from __future__ import annotations

import json
from collections.abc import Iterator

from jitlint.findings.model import Finding, Result
from jitlint.report.objects import finding_object
from jitlint.report.style import Style


def lines(result: Result, style: Style) -> Iterator[str]:
    """The findings, and nothing else."""
    for finding in result.findings:
        yield line(finding)


def line(finding: Finding) -> str:
    """One finding on one line."""
    return json.dumps(finding_object(finding))
