"""The closing line of the text formats, and the table of ``--statistics``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jitlint.findings.model import Result
from jitlint.report.style import Style


def summary(result: Result, style: Style) -> str:
    """How many findings and units there are, in one line."""
    by_verdict = Counter(unit.verdict for unit in result.units)
    files = _count(result.files, "file")
    units = _count(len(result.units), "unit")
    verdicts = ", ".join(f"{by_verdict[v]} {v}" for v in ("accepted", "rejected", "unknown") if by_verdict[v])
    looked = f"{units} in {files}" + (f": {verdicts}" if verdicts else "")
    hushed = f", {result.suppressed} suppressed" if result.suppressed else ""
    if not result.findings:
        text = style.paint("No findings", "green") if not result.errors else "No findings"
        return f"{text}{hushed} ({looked}; torch {result.torch_version})."
    by_severity = Counter(finding.severity for finding in result.findings)
    parts = []
    if by_severity["error"]:
        parts.append(_count(by_severity["error"], "error"))
    if by_severity["warning"]:
        parts.append(_count(by_severity["warning"], "warning"))
    if by_severity["info"]:
        parts.append(f"{by_severity['info']} info")
    return f"Found {', '.join(parts)}{hushed} ({looked}; torch {result.torch_version})."


def statistics(result: Result, style: Style) -> Iterator[str]:
    """A line per rule: how often, which; the most frequent first."""
    counts = Counter((finding.code, finding.name, finding.severity) for finding in result.findings)
    width = max((len(str(count)) for count in counts.values()), default=1)
    for (code, name, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>{width}}  {style.severity(code, severity)}  {name}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
