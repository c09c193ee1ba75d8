"""What a page is searched and narrowed with; of use, and shown, only where scripts run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jitlint.findings.model import Result
from jitlint.report.html.markup import escape

_FIXES = {"safe": "safe fix", "unsafe": "unsafe fix", "display": "suggested fix"}


def filters(result: Result) -> Iterator[str]:
    """A form; of each group that has nothing chosen, everything is shown."""
    findings = result.findings
    yield "<form id=filters role=search aria-label='Search and filter' hidden>"
    yield "<label class=find><span>Search</span><input type=search name=text placeholder='class, path, message, code &hellip;' autocomplete=off spellcheck=false aria-keyshortcuts='/'></label>"
    yield "<p id=status role=status></p>"
    yield "<details class=facets open><summary>Filters</summary>"
    verdicts = Counter(unit.verdict for unit in result.units)
    yield from _group("Verdict", "verdict", [(v, v, verdicts[v]) for v in ("rejected", "unknown", "accepted")])
    severities = Counter(finding.severity for finding in findings)
    yield from _group("Severity", "severity", [(s, s, severities[s]) for s in ("error", "warning", "info")])
    said = Counter[str](finding.verdict for finding in findings if finding.verdict)
    compiler = ("confirmed", "refuted", "masked", "unverifiable")
    yield from _group("The compiler said", "compiler", [(v, v, said[v]) for v in compiler])
    fixes = Counter[str](finding.fix.applicability for finding in findings if finding.fix)
    yield from _group("Fix", "fix", [(a, name, fixes[a]) for a, name in _FIXES.items()])
    rules = Counter((finding.code, finding.name) for finding in findings)
    ordered = sorted(rules.items(), key=lambda item: (-item[1], item[0]))
    yield from _group("Rule", "rule", [(code, f"{code} {name}", number) for (code, name), number in ordered])
    yield "</details>"
    yield "<p class=buttons><button type=button id=expand>Expand all</button><button type=button id=collapse>Collapse all</button><button type=reset class=clear>Clear</button></p>"
    yield "<p class=keys><kbd>/</kbd> search <kbd>&uarr;</kbd><kbd>&darr;</kbd><kbd>&larr;</kbd><kbd>&rarr;</kbd> move in the tree <kbd>Enter</kbd> open, close</p>"
    yield "</form>"


def _group(title: str, name: str, options: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    found = [option for option in options if option[2]]
    if not found:
        return
    yield f"<fieldset class=o-{name}><legend>{title}</legend>"
    for value, label, number in found:
        yield f"<label><input type=checkbox name={name} value={escape(value)}> <span class='o o-{escape(value)}'>{escape(label)}</span> <b>{number}</b></label>"
    yield "</fieldset>"
