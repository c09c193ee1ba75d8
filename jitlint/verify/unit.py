"""One unit through all attempts: compiled as it is, its submodules one by one, and with what was met out of the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jitlint.findings.model import Finding, FindingVerdict, Unit
from jitlint.verify.altered import Alteration, alterations
from jitlint.verify.attempts import Answer, Attempts, Part
from jitlint.verify.errors import Place, Rejection, real, rejection_of
from jitlint.verify.judge import Judge, at_path
from jitlint.verify.nodes import Node, NodeError
from jitlint.verify.plan import WEAK_WITHOUT_EFFECT, Texts, Work, class_key
from jitlint.verify.stepping import ALONE, function_of, is_alone, is_same, is_within, lines_of, step_over

State = Literal["compiled", "rejected", "failed", "no instance"]

_MORE_ATTEMPTS = 8  # altered compilations for each finding of a unit, besides those of the unit
_MAX_GETTERS = 5  # that raise while the compiler looks at an instance
_MAX_CAUSES = 6  # alterations of a finding's statement, to see whether it is what an error comes from


@dataclass(slots=True)
class Outcome:
    """What came out of one unit. `reason`: why nothing could be compiled, or why not to the end. `how`: how the
    instance was made. `misses`: rejections that no finding foretells. `classes`: what the instance holds, as (path in
    it, class key). `ran`: whether example inputs were run. `questions`:
    how often the compiler was asked. Times in seconds."""

    state: State
    reason: str = ""
    how: str = ""
    verdicts: dict[int, tuple[FindingVerdict, str]] = field(default_factory=dict)
    misses: list[Rejection] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    ran: bool = False
    classes: list[tuple[str, str]] = field(default_factory=list)
    construction: float = 0.0
    compilation: float = 0.0
    questions: int = 0

    @property
    def guessed(self) -> bool:
        """Whether what was compiled hangs on a guess."""
        return "guessed" in self.how


def build_unit(node: Node, unit: Unit, timeout: float, more: Mapping[str, Any]) -> Mapping[str, Any]:
    """Have a process make what of a unit is compiled; its answer. more: further arguments. Raises NodeError."""
    return node.call("build", timeout, kind=unit.kind, **_named(unit), **more)


def verify_unit(
    parent: Node,
    work: Work,
    findings: Sequence[Finding],
    texts: Texts,
    *,
    timeout: float,
    build: Mapping[str, Any],
    overlay: Mapping[str, str],
    stopped: Callable[[], bool],
    settled: Callable[[int], bool],
) -> Outcome:
    """Build a unit in a fork of a process that has imported its module, and find out about its findings.

    build: further arguments for the worker's `build`. overlay: texts of files that were altered before the import.
    settled: whether a finding was confirmed already, in another unit: it is not sought here.
    """
    unit = work.unit
    started = time.monotonic()
    try:
        lacking = _lacking(parent, unit, timeout, build)
        if lacking:
            return Outcome("no instance", lacking, construction=time.monotonic() - started)
        with parent.fork() as node:
            built = build_unit(node, unit, timeout, build)
            seconds = time.monotonic() - started
            judge = Judge(findings, texts)
            if not built.get("ok"):
                outcome = _not_built(built, work, judge)
                outcome.construction = seconds
                return outcome
            attempts = Attempts(node, work, judge, timeout, stopped, overlay, settled)
            attempts.left += _MORE_ATTEMPTS * len(work.findings)
            outcome = _attempt(attempts, built)
            outcome.construction, outcome.compilation = seconds, attempts.seconds
            outcome.questions = attempts.asked
            return outcome
    except NodeError as error:
        return Outcome("failed", f"constructing: {error}", construction=time.monotonic() - started)


def _lacking(parent: Node, unit: Unit, timeout: float, build: Mapping[str, Any]) -> str:
    """Why no instance of a module can be made that is neither given nor guessed, where its signature tells."""
    if unit.kind != "module" or any(build.get(way) for way in ("configured", "guess", "built", "caught")):
        return ""
    return str(parent.call("lacks", timeout, **_named(unit)).get("no_instance", ""))


def _named(unit: Unit) -> dict[str, str]:
    return {"module": unit.module, "path": unit.path, "qualname": unit.qualname}


def _not_built(built: Mapping[str, Any], work: Work, judge: Judge) -> Outcome:
    why = built.get("no_instance")
    if why:
        return Outcome("no instance", str(why))
    error = rejection_of(built)
    said = f"{error.kind}: {error.headline}"[:300]
    if not error.from_compiler:
        return Outcome("failed", f"constructing: {said}")
    # A constructor that compiles: a ScriptModule's, or one that calls torch.jit.script.
    outcome = Outcome("rejected", how="by its constructor")
    met = judge.match(error, work.findings)
    for index in work.findings:
        outcome.verdicts[index] = ("masked", f"the compiler stops earlier, in the constructor: {said}")
    for index in met:
        outcome.verdicts[index] = ("confirmed", "the constructor fails with it")
    if not met and not judge.match(error, range(len(judge.findings))):
        outcome.misses.append(error)
    return outcome


def _attempt(attempts: Attempts, built: Mapping[str, Any]) -> Outcome:
    work, judge = attempts.work, attempts.judge
    classes = [(str(path), class_key(file, qualname)) for path, _, qualname, file in built.get("classes", [])]
    outcome = Outcome("compiled", how=str(built.get("how", "")), classes=classes)
    note = f" ({outcome.how})" if outcome.how else ""
    if work.unit.kind == "module":
        _weak(attempts, outcome)
    remaining = [index for index in work.findings if judge.findings[index].code != WEAK_WITHOUT_EFFECT]
    answer = attempts.compile()
    if answer.failure:
        outcome.state, outcome.reason = "failed", answer.failure
        return outcome
    if answer.rejection is None:
        for index in remaining:
            outcome.verdicts[index] = _of_compiled(judge.findings[index], outcome)
        if work.inputs:
            _compare(attempts, outcome)
        return outcome
    outcome.state = "rejected"
    met = judge.match(answer.rejection, remaining)
    for index in met:
        outcome.verdicts[index] = ("confirmed", note.strip(" ()"))
    if not met and not judge.match(answer.rejection, range(len(judge.findings))):
        outcome.misses.append(answer.rejection)
    remaining = [index for index in remaining if index not in met and not attempts.settled(index)]
    if remaining:
        _reach(attempts, outcome, answer.rejection, remaining, built)
    return outcome


def _of_compiled(finding: Finding, outcome: Outcome) -> tuple[FindingVerdict, str]:
    how = f" ({outcome.how})" if outcome.how else ""
    if finding.condition is not None:
        return "unverifiable", f"the instance compiles, but the finding holds only when {finding.condition}{how}"
    return "refuted", f"the unit compiles{how}"


def _reach(
    attempts: Attempts, outcome: Outcome, first: Rejection, remaining: list[int], built: Mapping[str, Any]
) -> None:
    """Try again for the findings that the first error hides."""
    judge, findings = attempts.judge, attempts.judge.findings
    note = outcome.how
    left = list(remaining)

    def confirm(met: Sequence[int], how: str) -> None:
        for index in met:
            outcome.verdicts[index] = ("confirmed", "; ".join(part for part in (how, note) if part))
            left.remove(index)

    if not first.places:
        following = _without_getters(attempts, first)
        if following is None:
            explained = _cause(attempts, first, left)
            if explained is not None:
                confirm([explained], "without it the error is gone")
                outcome.misses = [miss for miss in outcome.misses if miss is not first]
        else:
            confirm(judge.match(following, left), "with the getter out of the way")
            first = following
    # Parts by themselves: what is in their own code needs less altered text, or none, and is compiled faster.
    skipped: list[Alteration] = []
    parts = _parts(attempts, left, built)
    later = {index: _part_of(attempts, findings[index], built) for index in left}
    for number, part in enumerate(parts):
        attempts.drop_settled(left)
        if attempts.stopped() or not left:
            break
        if not (part.target and not part.method) and part not in (later[index] for index in left):
            continue
        answer = attempts.compile({step.path: step.text for step in skipped}, part)
        if answer.rejection is None:
            continue
        # The first error again is no news: its place speaks for the finding that it was matched with, and no other.
        met = judge.match(answer.rejection, left, strict=bool(skipped) or is_same(answer.rejection, first))
        confirm(met, f"compiling {part} by itself")
        if left and not (part.target and not part.method):
            sought = {index for index in left if later[index] in parts[number:]}
            step_over(attempts, answer.rejection, left, confirm, skipped, part, sought)
            for index in [index for index in left if later[index] == part]:
                if attempts.stopped() or attempts.left <= 0:
                    break
                if is_alone(attempts, index, {step.path: step.text for step in skipped}, part):
                    confirm([index], ALONE)
    # The rest stands in no part of its own.
    attempts.drop_settled(left)
    if any(_part_of(attempts, findings[index], built) is None for index in left):
        answer = attempts.compile({step.path: step.text for step in skipped}) if skipped else Answer(first)
        if answer.rejection is not None:
            confirm(judge.match(answer.rejection, left, strict=bool(skipped)), lines_of(skipped))
            step_over(attempts, answer.rejection, left, confirm, skipped)
    where = f"{first.kind if not first.headline else first.headline}"[:160]
    for index in left:
        finding = findings[index]
        if finding.condition is not None:
            why = f"the compiler stops earlier ({where}), and whether it holds depends on the configuration"
        elif any(is_within(step, finding) for step in skipped):
            why = f"it is part of a statement that the compiler rejects for another reason ({where})"
        elif skipped:
            why = f"the compiler stops earlier ({where}) and did not come to it with that out of the way"
        else:
            why = f"the compiler stops earlier: {where}"
        outcome.verdicts[index] = ("masked", why)


def _without_getters(attempts: Attempts, first: Rejection) -> Rejection | None:
    """What the compiler says once the getters that raise while it looks at the instance are gone; None where that is
    no other error."""
    rejection: Rejection | None = first
    for _ in range(_MAX_GETTERS):
        if rejection is None or rejection.places or not rejection.frames:
            break
        outer = rejection.frames[-1]
        attempts.without.append((outer.path, outer.function))
        answer = attempts.compile()
        if answer.rejection is not None and answer.rejection.frames[-1:] == (outer,):
            attempts.without.pop()
            break
        rejection = answer.rejection
    return None if rejection is first else rejection


def _parts(attempts: Attempts, left: Sequence[int], built: Mapping[str, Any]) -> list[Part]:
    """The parts of a unit that findings still sought are in: submodules; functions and methods of script classes, which
    methods of modules lead to; methods (of the object or of submodules)."""
    judge = attempts.judge
    texts = judge.texts
    found: list[Part] = []
    if attempts.work.unit.kind == "module":
        for path, _, qualname, file in built.get("classes", []):
            inside = (i for i in left if at_path(judge.findings[i], str(file)))
            if path and any(
                _in_class(texts.class_at(file, judge.findings[i].span.line), str(qualname)) for i in inside
            ):
                found.append(Part(str(path)))
    own = [part for index in left if (part := _part_of(attempts, judge.findings[index], built)) is not None]
    found += [part for part in own if part.function is not None] + [part for part in own if part.function is None]
    return list(dict.fromkeys(found))


def _part_of(attempts: Attempts, finding: Finding, built: Mapping[str, Any]) -> Part | None:
    """The smallest part of a unit that can be compiled by itself and has a finding in it."""
    path = real(finding.path)
    owner, _, name = function_of(attempts.judge, finding).rpartition(".")
    if not name:
        return None
    for target, _, cls, file in built.get("classes", []):
        if cls == owner and at_path(finding, str(file)):
            return Part(str(target), name)
    if owner in built.get("bases", ()):
        return Part("", name)
    return Part(method=name, function=(path, owner)) if owner else Part(function=(path, name))


def _cause(attempts: Attempts, rejection: Rejection, left: Sequence[int]) -> int | None:
    """The finding that an error which names no place comes from: with its statement out of the way the error is gone."""
    judge = attempts.judge
    for index in left:
        finding = judge.findings[index]
        path = real(finding.path)
        text = judge.texts.text(path)
        if text is None or finding.condition is not None:
            continue
        width = finding.span.end_column - finding.span.column if finding.span.end_line == finding.span.line else 0
        place = Place(path, finding.span.line, finding.span.column, width)
        for step in list(alterations(path, text, place))[:_MAX_CAUSES]:
            if attempts.left <= 0 or attempts.stopped():
                return None
            answer = attempts.compile({step.path: step.text})
            if answer.ok or (answer.rejection is not None and answer.rejection.headline != rejection.headline):
                return index
    return None


def _in_class(owner: str, qualname: str) -> bool:
    return bool(owner) and (owner == qualname or owner.startswith(qualname + "."))


# --- weak script, and running -----------------------------------------------------------------------------------------


def _weak(attempts: Attempts, outcome: Outcome) -> None:
    """Whether weak_script_method has an effect: the graph of a ScriptModule that calls the instance tells."""
    wanted = [i for i in attempts.work.findings if attempts.judge.findings[i].code == WEAK_WITHOUT_EFFECT]
    if not wanted:
        return
    verdict: tuple[FindingVerdict, str]
    try:
        with attempts.node.fork() as fork:
            found = fork.call("weak", attempts.timeout)
    except NodeError as error:
        verdict = ("unverifiable", str(error))
    else:
        if not found.get("ok"):
            error_text = rejection_of(found)
            verdict = ("unverifiable", error_text.headline)
        elif found["inlined"]:
            verdict = ("refuted", "a ScriptModule that calls it has the method inlined in its graph")
        else:
            verdict = ("confirmed", "in the graph of a ScriptModule the call stays a call into Python")
    for index in wanted:
        outcome.verdicts[index] = verdict


def _compare(attempts: Attempts, outcome: Outcome) -> None:
    """Run eager and compiled on the example inputs."""
    unit = attempts.work.unit
    try:
        with attempts.node.fork() as fork:
            found = fork.call(
                "compare",
                attempts.timeout,
                kind=unit.kind,
                module=unit.module,
                path=unit.path,
                inputs=attempts.work.inputs,
                overlay=dict(attempts.overlay),
            )
    except NodeError as error:
        outcome.reason = str(error)
        return
    if found.get("ok"):
        outcome.ran = True
        outcome.differences = [str(one) for one in found["differences"]]
    else:
        error_found = rejection_of(found)
        outcome.reason = f"{error_found.kind}: {error_found.headline}"[:300]
