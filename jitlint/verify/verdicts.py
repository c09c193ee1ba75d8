"""The verdict of each finding out of what came out of the units that have it; and findings for what was missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from jitlint.findings import registry
from jitlint.findings.model import Finding, FindingVerdict, Result, Unit, Verification
from jitlint.source.problem import Span
from jitlint.verify.errors import Rejection
from jitlint.verify.plan import WEAK_WITHOUT_EFFECT, Texts, Work, is_rejection
from jitlint.verify.unit import Outcome

MISSED = "JIT920"
DIFFERENT = "JIT921"

_RANK: dict[FindingVerdict, int] = {"confirmed": 3, "refuted": 2, "masked": 1, "unverifiable": 0}


class Verdicts:
    """Collects what is said of each finding; of several units' verdicts the most definite one holds.

    emit: is given each finding as soon as nothing more can be said of it.
    """

    def __init__(self, result: Result, work: Sequence[Work], emit: Callable[[Finding], None]) -> None:
        self._result = result
        self._emit = emit
        self._said: dict[int, tuple[FindingVerdict, str]] = {}
        self._waiting: dict[int, int] = {}
        self._extra: dict[tuple[str, int, str, str], tuple[Finding, list[int]]] = {}
        for item in work:
            for index in item.findings:
                self._waiting[index] = self._waiting.get(index, 0) + 1
        for index in range(len(result.findings)):
            if index not in self._waiting:
                self._settle(index)

    def say(self, index: int, verdict: FindingVerdict, reason: str) -> None:
        """One verdict on a finding."""
        known = self._said.get(index)
        if known is None or _RANK[verdict] > _RANK[known[0]]:
            self._said[index] = (verdict, reason)

    def is_confirmed(self, index: int) -> bool:
        """Whether a finding is known to be right. May be asked from any thread."""
        known = self._said.get(index)
        return known is not None and known[0] == "confirmed"

    def outcome(self, work: Work, outcome: Outcome, texts: Texts, selected: Callable[[str, str], bool]) -> None:
        """All that is known of a unit. selected: whether findings of a rule (by code) in a file are wanted."""
        for index, (verdict, reason) in outcome.verdicts.items():
            self.say(index, verdict, reason)
        for index in work.findings:
            if index not in outcome.verdicts:
                self.say(index, "unverifiable", outcome.reason or "the unit could not be compiled")
        for rejection in outcome.misses:
            self.miss(work, rejection, outcome, texts, selected)
        if outcome.differences:
            self._extra_finding(different(work.unit, outcome), work.number, texts, selected)
        for index in work.findings:
            self._waiting[index] -= 1
            if not self._waiting[index]:
                self._settle(index)

    def miss(
        self,
        work: Work,
        rejection: Rejection,
        outcome: Outcome,
        texts: Texts,
        selected: Callable[[str, str], bool],
    ) -> None:
        """A rejection of a unit that no finding foretells."""
        self._extra_finding(missed(work.unit, rejection, outcome), work.number, texts, selected)

    def _extra_finding(self, finding: Finding, unit: int, texts: Texts, selected: Callable[[str, str], bool]) -> None:
        if not selected(finding.code, finding.path) or texts.silenced(finding.path, finding.span.line):
            return
        key = (finding.path, finding.span.line, finding.code, finding.message)
        if key not in self._extra:
            self._extra[key] = (finding, [])
            self._emit(finding)
        self._extra[key][1].append(unit)

    def _settle(self, index: int) -> None:
        self._emit(self._judged(index))

    def _judged(self, index: int) -> Finding:
        finding = self._result.findings[index]
        verdict, reason = self._said.get(index, ("unverifiable", _why_not_asked(finding)))
        return replace(finding, verdict=verdict, verdict_reason=reason)

    def result(self, verification: Verification) -> Result:
        """The run's result with the verdicts, and with what was missed among the findings."""
        findings = [self._judged(index) for index in range(len(self._result.findings))]
        units: list[set[int]] = [set(unit.findings) for unit in self._result.units]
        for finding, numbers in self._extra.values():
            for number in numbers:
                units[number].add(len(findings))
            findings.append(finding)
        order = sorted(range(len(findings)), key=lambda i: _place(findings[i]))
        position = {old: new for new, old in enumerate(order)}
        counts = dict.fromkeys(_RANK, 0)
        for finding in findings:
            if finding.code not in (MISSED, DIFFERENT) and finding.verdict is not None:
                counts[finding.verdict] += 1
        return replace(
            self._result,
            findings=tuple(findings[i] for i in order),
            units=tuple(
                replace(unit, findings=tuple(sorted(position[i] for i in units[number])))
                for number, unit in enumerate(self._result.units)
            ),
            verification=replace(
                verification,
                confirmed=counts["confirmed"],
                refuted=counts["refuted"],
                masked=counts["masked"],
                unverifiable=counts["unverifiable"],
                missed=sum(1 for finding in findings if finding.code == MISSED),
                differing=sum(1 for finding in findings if finding.code == DIFFERENT),
            ),
        )


def _place(finding: Finding) -> tuple[str, int, int, str]:
    return finding.path, finding.span.line, finding.span.column, finding.code


def _why_not_asked(finding: Finding) -> str:
    if finding.code.startswith("JIT9"):
        return "it is not about what the compiler does"
    if finding.code == WEAK_WITHOUT_EFFECT or is_rejection(finding):
        return "it belongs to no unit that was compiled"
    return "it is no rejection: the code compiles all the same"


def _extra_finding(code: str, unit: Unit, path: str, span: Span, message: str, said: str, why: str) -> Finding:
    rule = registry.rule(code)
    return Finding(
        code,
        rule.name,
        rule.severity,
        message,
        said,
        path,
        span,
        rule.help,
        registry.rule_url(code),
        verdict="confirmed",
        verdict_reason=why,
    )


def missed(unit: Unit, rejection: Rejection, outcome: Outcome) -> Finding:
    """The finding for a rejection that was not foreseen: where the compiler points, if that is in the unit's project."""
    folder = unit.path.rpartition("/")[0]
    path, span = unit.path, Span(unit.line, 1, unit.line, 1)
    for place in (*rejection.places, *rejection.chain, *rejection.frames):
        if place.path == unit.path or _near(place.path, folder):
            column = max(place.column, 1)
            path, span = place.path, Span(place.line, column, place.line, column + place.width)
            break
    how = f" ({outcome.how})" if outcome.how else ""
    message = f"The compiler rejects {unit.qualname}{how}: {rejection.headline}"
    return _extra_finding(MISSED, unit, path, span, message, rejection.text.strip(), outcome.how)


def _near(path: str, folder: str) -> bool:
    """Whether a file is of the same package or project: below the top-most folder that both share by package."""
    from jitlint.environment import package_root

    top = package_root(folder + "/_")
    inner = folder[len(top) :].strip("/").partition("/")[0]
    base = f"{top}/{inner}" if inner else folder
    return path.startswith(base.rstrip("/") + "/")


def different(unit: Unit, outcome: Outcome) -> Finding:
    """The finding for outputs that are not eager's."""
    span = Span(unit.line, 1, unit.line, 1)
    message = f"{unit.qualname} compiled gives other results than eager: {outcome.differences[0]}"
    return _extra_finding(DIFFERENT, unit, unit.path, span, message, "", "; ".join(outcome.differences))
