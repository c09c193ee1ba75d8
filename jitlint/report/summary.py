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
    hushed += f", {result.baselined} in the baseline" if result.baselined else ""
    fixed = f", {result.fixed} fixed" if result.fixed else ""
    if not result.findings:
        text = style.paint("No findings", "green") if not result.errors else "No findings"
        return f"{text}{fixed}{hushed} ({looked}; torch {result.torch_version})."
    by_severity = Counter(finding.severity for finding in result.findings)
    parts = []
    if by_severity["error"]:
        parts.append(_count(by_severity["error"], "error"))
    if by_severity["warning"]:
        parts.append(_count(by_severity["warning"], "warning"))
    if by_severity["info"]:
        parts.append(f"{by_severity['info']} info")
    text = f"Found {', '.join(parts)}{fixed}{hushed} ({looked}; torch {result.torch_version})."
    return text + fixable(result)


def fixable(result: Result) -> str:
    """How many findings ``--fix`` would fix, in the words of ruff; '' where none could be fixed in any way."""
    now = sum(map(result.would_fix, result.findings))
    hidden = sum(1 for f in result.findings if f.fix is not None and f.fix.applicability == "unsafe")
    hidden = 0 if result.unsafe_fixes else hidden
    more = f"{hidden} hidden fix{'es' if hidden != 1 else ''} can be enabled with the `--unsafe-fixes` option"
    if now:
        return f" [*] {now} fixable with the `--fix` option" + (f" ({more})." if hidden else ".")
    return f" No fixes available ({more})." if hidden else ""


def verification_lines(result: Result, style: Style) -> Iterator[str]:
    """What the compiler said, counted, and where the time went; nothing where it was not asked."""
    found = result.verification
    if found is None:
        return
    parts = [
        f"{found.confirmed} confirmed",
        f"{found.refuted} refuted",
        f"{found.masked} masked",
        f"{found.unverifiable} unverifiable",
        f"{found.missed} missed",
    ]
    if found.differing:
        parts.append(f"{found.differing} with other outputs")
    yield f"Verified with torch {found.torch} (Python {found.python}) on {found.device}: {', '.join(parts)}."
    yield (
        f"{_count(found.compiled, 'unit')} compiled in {found.total:.1f} s: imports {found.imports:.1f} s, "
        f"construction {found.construction:.1f} s, compilation {found.compilation:.1f} s."
    )


def statistics(result: Result, style: Style) -> Iterator[str]:
    """A line per rule: how often, which; the most frequent first."""
    counts = Counter((finding.code, finding.name, finding.severity) for finding in result.findings)
    width = max((len(str(count)) for count in counts.values()), default=1)
    for (code, name, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:>{width}}  {style.severity(code, severity)}  {name}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
