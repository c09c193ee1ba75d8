"""What checks say before and after fixes, compared; and who leads to what in a file that changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from jitlint.findings.model import Finding, Result

Reports = Counter[tuple[int, str]]  # by severity (2 is an error) and code

MAX_WATCHED = 12  # files that are looked at with a changed one because its fixes did them harm
MAX_CALLERS = 12  # files from elsewhere that a round looks at for what they lead to in the changed ones
_UNUSED_SUPPRESSION = "JIT903"
_SEVERITIES = {"error": 2, "warning": 1, "info": 0}


def findings_by_file(result: Result) -> dict[str, list[Finding]]:
    """What was found in each file."""
    found: dict[str, list[Finding]] = {}
    for finding in result.findings:
        found.setdefault(finding.path, []).append(finding)
    return found


def reports(findings: Iterable[Finding]) -> Reports:
    """How often each rule reports."""
    return Counter((_SEVERITIES[one.severity], one.code) for one in findings)


def messages(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """How often each message of each rule comes."""
    return Counter((one.code, one.message) for one in findings)


def is_worse(before: Reports, after: Reports) -> bool:
    """Whether a rule reports more often than before, and nothing graver is gone in exchange (an error for the warning
    that it hid)."""
    gained, lost = after - before, before - after
    return bool(gained) and max(gained)[0] >= max(lost, default=(-1, ""))[0]


def is_help(before: Sequence[Finding], after: Sequence[Finding], fixed: Sequence[Finding]) -> bool:
    """Whether a file is the better for some fixes: less is found there, and not what they are for."""
    was, now = reports(before), reports(after)
    if is_worse(was, now) or not was - now:
        return False
    told, still = messages(before), messages(after)
    return all(still[one.code, one.message] < told[one.code, one.message] for one in fixed)


def harmed(before: Result, after: Result, changed: AbstractSet[str]) -> dict[str, set[str]]:
    """The files in which a rule reports more often than before, by each of the changed files that may be to blame: it is
    that file itself, or what is found there rests on it."""
    was, now = findings_by_file(before), findings_by_file(after)
    harm: dict[str, set[str]] = {}
    for path in now:
        if not is_worse(_of_code(was.get(path, ())), _of_code(now[path])):
            continue
        leading = {
            path,
            *(unit.path for unit in after.units if any(after.findings[n].path == path for n in unit.findings)),
        }
        rests_on = {path, *(one for other in leading for one in after.dependencies.get(other, ()))}
        for one in changed & rests_on or changed:
            harm.setdefault(one, set()).add(path)
    return harm


def _of_code(findings: Iterable[Finding]) -> Reports:
    """The reports on the code itself: that a comment silences nothing any more is no harm."""
    return reports(one for one in findings if one.code != _UNUSED_SUPPRESSION)


def shared_files(result: Result) -> set[str]:
    """The files with findings that many other files lead to."""
    callers: dict[str, set[str]] = {}
    for unit in result.units:
        for path in {result.findings[number].path for number in unit.findings}:
            if path != unit.path:
                callers.setdefault(path, set()).add(unit.path)
    return {path for path, some in callers.items() if len(some) > MAX_CALLERS}


def callers_of(result: Result, changed: Sequence[str]) -> dict[str, set[int]]:
    """The other files whose units lead to findings in the changed ones: which of the findings, by their numbers, that
    the changed files' own units do not lead to."""
    inside = set(changed)
    own: set[int] = set()
    callers: dict[str, set[int]] = {}
    for unit in result.units:
        numbers = {number for number in unit.findings if result.findings[number].path in inside}
        if unit.path in inside:
            own |= numbers
        elif numbers:
            callers.setdefault(unit.path, set()).update(numbers)
    return {path: numbers - own for path, numbers in callers.items()}


def covering(callers: Mapping[str, set[int]]) -> list[str]:
    """A few of the callers that lead to all that the callers lead to: of each finding one, those first that lead to
    many."""
    chosen: list[str] = []
    seen: set[int] = set()
    for path, numbers in sorted(callers.items(), key=lambda one: -len(one[1])):
        if numbers - seen:
            chosen.append(path)
            seen |= numbers
    return chosen


def renewed(old: Result, now: Result, paths: Iterable[str]) -> Result:
    """What a check of `paths` has found, and what `old` says of everything else."""
    checked = set(paths)
    known = {(one.path, one.span, one.code, one.message): number for number, one in enumerate(now.findings)}
    findings = list(now.findings)
    numbers: dict[int, int] = {}
    for number, one in enumerate(old.findings):
        key = (one.path, one.span, one.code, one.message)
        if key in known:
            numbers[number] = known[key]
        elif one.path not in checked:
            numbers[number] = len(findings)
            findings.append(one)
    units = [
        replace(unit, findings=tuple(numbers[number] for number in unit.findings if number in numbers))
        for unit in old.units
        if unit.path not in checked
    ]
    return replace(now, findings=tuple(findings), units=(*now.units, *units))
