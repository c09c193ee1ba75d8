"""One unit through all attempts: compiled as it is, its submodules one by one, and with what was met out of the way."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jitlint.findings.model import Finding, FindingVerdict
from jitlint.verify.altered import VALUES, Alteration, alterations, emptied, wanted
from jitlint.verify.errors import (
    Place,
    Rejection,
    at_place,
    begins_at,
    column_fits,
    names_the_same,
    rejection_of,
    says,
)
from jitlint.verify.nodes import Ended, Node, NodeError, TimedOut
from jitlint.verify.plan import WEAK_WITHOUT_EFFECT, Texts, Work, class_key

State = Literal["compiled", "rejected", "failed", "no instance"]

_MAX_ATTEMPTS = 120  # altered compilations of one unit
_MAX_ASKED = 4  # types that the compiler may ask for at one place
_MAX_VAIN = 3  # values for an expression that leave the error as it is
_MAX_PATIENCE = 12  # times that the offending place may move without a finding being met
_MAX_CAUSES = 6  # alterations of a finding's statement, to see whether it is what an error comes from
_OF_OBJECTS = ("JIT4", "JIT6")  # rules about what the compiler finds in objects and classes
_EVERYWHERE = ("", "forward", "__init__", "__call__", "<module>")  # names that tell nothing
_CRASH = "compiler process killed by "


@dataclass(slots=True)
class Outcome:
    """What came out of one unit. `reason`: why nothing could be compiled, or why not to the end. `how`: how the
    instance was made. `misses`: rejections that no finding foretells. `classes`: what the instance holds, as (path in
    it, class key). `ran`: whether example inputs were run. Times in seconds."""

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

    @property
    def guessed(self) -> bool:
        """Whether what was compiled hangs on a guess."""
        return "guessed" in self.how


@dataclass(frozen=True, slots=True)
class Answer:
    """What one compilation gave: nothing where it succeeded, a rejection, or in words why it gave neither."""

    rejection: Rejection | None = None
    failure: str = ""

    @property
    def ok(self) -> bool:
        return self.rejection is None and not self.failure


@dataclass(frozen=True, slots=True)
class Judge:
    """The findings that matter, and how a rejection is recognised as one of them."""

    findings: Sequence[Finding]
    texts: Texts

    def _is_project(self, path: str) -> bool:
        return any(at_path(finding, path) for finding in self.findings)

    def match(self, rejection: Rejection, candidates: Sequence[int], strict: bool = False) -> list[int]:
        """The findings that a rejection is; several only where they say the same of the same place.

        strict: only where the words fit too, for what the compiler says of altered text.
        """
        scored: dict[int, int] = {}
        for index in candidates:
            score = self._score(rejection, self.findings[index])
            if score and not (strict and not score & 1):
                scored[index] = score
        if not scored:
            return []
        best = max(scored.values())
        return [index for index in scored if scored[index] == best]

    def _score(self, rejection: Rejection, finding: Finding) -> int:
        """0: not this one. Bit 0: the words fit; more: the place does, the better the more."""
        places = rejection.places or rejection.frames
        words = int(says(finding, rejection))
        if not words and places and begins_at(finding, places[0]):
            words = int(names_the_same(finding, rejection))
        for number, place in enumerate(places):
            if at_place(finding, place):
                return words + (4 if column_fits(finding, place) else 0) + (16 if number == 0 else 8)
        # An error in other people's code is at the line of the project that leads there.
        mine = next((place for place in (*places, *rejection.chain) if self._is_project(place.path)), None)
        if mine is not None and mine not in places and at_place(finding, mine):
            return words + 4
        if not rejection.places and finding.code.startswith(_OF_OBJECTS) and _names_a_frame(finding, rejection):
            return words + 2
        if not words:
            return 0
        if any(at_place(finding, place) for place in rejection.chain):
            return words + 4
        if not places:
            return words + 2
        for place in places:
            here = self.texts.function_at(place.path, place.line)
            if here and here == self.texts.function_at(finding.path, finding.span.line):
                if at_path(finding, place.path):
                    return words + 2
            owner = self.texts.class_at(finding.path, finding.span.line)
            if finding.code.startswith(_OF_OBJECTS) and owner and at_path(finding, place.path):
                if owner == self.texts.class_at(place.path, place.line):
                    return words
        if finding.chain and any(
            frame.line == place.line and at_path_of(frame.path, place.path)
            for frame in finding.chain
            for place in (*places, *rejection.chain)
        ):
            return words
        return 0


def _names_a_frame(finding: Finding, rejection: Rejection) -> bool:
    """Whether an exception of Python code came through a function that a finding speaks of: a getter, a dunder."""
    said = set(re.findall(r"\w+", finding.message))
    return any(frame.function in said and frame.function not in _EVERYWHERE for frame in rejection.frames)


def at_path(finding: Finding, path: str) -> bool:
    """Whether a finding is in a file."""
    return at_path_of(finding.path, path)


def at_path_of(one: str, other: str) -> bool:
    return os.path.realpath(one) == other


@dataclass(slots=True)
class Attempts:
    """All compilations of one built unit. `node` holds the built object and stays as it is: each attempt is a fork."""

    node: Node
    work: Work
    judge: Judge
    timeout: float
    stopped: Callable[[], bool]
    overlay: Mapping[str, str]
    seconds: float = 0.0
    left: int = _MAX_ATTEMPTS

    def compile(self, overlay: Mapping[str, str] | None = None, target: str = "", method: str = "") -> Answer:
        """Compile in a fork: the object, a submodule (`target`), of either only a method. Whatever happens is an
        answer."""
        started = time.monotonic()
        self.left -= 1
        try:
            with self.node.fork() as fork:
                found = fork.call(
                    "compile",
                    self.timeout,
                    kind=self.work.unit.kind,
                    target=target,
                    method=method,
                    overlay={**self.overlay, **(overlay or {})},
                )
        except TimedOut as error:
            return Answer(failure=f"compiling: {error}")
        except Ended as error:
            how = str(error).removeprefix("the process was killed by ")
            if how != str(error) and how != "SIGKILL":
                return Answer(Rejection("CRASH", _CRASH + how))
            return Answer(failure=f"compiling: {error}")
        finally:
            self.seconds += time.monotonic() - started
        if found.get("uncompiled"):
            return Answer(failure=str(found["uncompiled"]))
        return Answer() if found.get("ok") else Answer(rejection_of(found))


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
) -> Outcome:
    """Build a unit in a fork of a process that has imported its module, and find out about its findings.

    build: further arguments for the worker's `build`. overlay: texts of files that were altered before the import.
    """
    unit = work.unit
    started = time.monotonic()
    try:
        with parent.fork() as node:
            built = node.call(
                "build",
                timeout,
                **{"module": unit.module, "path": unit.path, "qualname": unit.qualname, "kind": unit.kind, **build},
            )
            seconds = time.monotonic() - started
            judge = Judge(findings, texts)
            if not built.get("ok"):
                outcome = _not_built(built, work, judge)
                outcome.construction = seconds
                return outcome
            attempts = Attempts(node, work, judge, timeout, stopped, overlay)
            outcome = _attempt(attempts, built)
            outcome.construction, outcome.compilation = seconds, attempts.seconds
            return outcome
    except NodeError as error:
        return Outcome("failed", f"constructing: {error}", construction=time.monotonic() - started)


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
    if not met:
        outcome.misses.append(answer.rejection)
    remaining = [index for index in remaining if index not in met]
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

    # Submodules one by one: what is in their own code needs no altered text.
    for path, _, qualname, file in built.get("classes", []):
        inside = [index for index in left if at_path(findings[index], str(file))]
        inside = [i for i in inside if _in_class(judge.texts.class_at(str(file), findings[i].span.line), str(qualname))]
        if not path or not inside or attempts.stopped():
            continue
        answer = attempts.compile(target=str(path))
        if answer.rejection is not None:
            confirm(judge.match(answer.rejection, left), f"compiling the submodule {path} by itself")
    if not first.places:
        explained = _cause(attempts, first, left)
        if explained is not None:
            confirm([explained], "without it the error is gone")
            outcome.misses = [miss for miss in outcome.misses if miss is not first]
    skipped: list[Alteration] = []
    if left:
        _step_over(attempts, first, left, confirm, skipped)
    for target, name in _methods(attempts, left, built):
        answer = attempts.compile({step.path: step.text for step in skipped}, target, name)
        if answer.rejection is None:
            continue
        met = judge.match(answer.rejection, left, strict=bool(skipped))
        confirm(met, f"compiling the method {name} by itself")
        if left:
            _step_over(attempts, answer.rejection, left, confirm, skipped, (target, name))
    where = f"{first.kind if not first.headline else first.headline}"[:160]
    for index in left:
        finding = findings[index]
        if finding.condition is not None:
            why = f"the compiler stops earlier ({where}), and whether it holds depends on the configuration"
        elif any(at_path(finding, step.path) and step.first <= finding.span.line <= step.last for step in skipped):
            why = f"it is part of a statement that the compiler rejects for another reason ({where})"
        elif skipped:
            why = f"the compiler stops earlier ({where}) and did not come to it with that out of the way"
        else:
            why = f"the compiler stops earlier: {where}"
        outcome.verdicts[index] = ("masked", why)


def _methods(attempts: Attempts, left: Sequence[int], built: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The methods that findings are in, as (path of the submodule, name): those of the object's class and of classes
    of its submodules, else what the object inherits."""
    judge = attempts.judge
    found: dict[tuple[str, str], None] = {}
    if attempts.work.unit.kind != "module":
        return []
    for index in left:
        finding = judge.findings[index]
        owner, _, name = _function(judge, finding).rpartition(".")
        if not owner:
            continue
        inside = [
            str(path) for path, _, cls, file in built.get("classes", []) if cls == owner and at_path(finding, file)
        ]
        found[inside[0] if inside else "", name] = None
    return list(found)


def _cause(attempts: Attempts, rejection: Rejection, left: Sequence[int]) -> int | None:
    """The finding that an error which names no place comes from: with its statement out of the way the error is gone."""
    judge = attempts.judge
    for index in left:
        finding = judge.findings[index]
        path = os.path.realpath(finding.path)
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


def _step_over(
    attempts: Attempts,
    rejection: Rejection,
    left: list[int],
    confirm: Callable[[Sequence[int], str], None],
    skipped: list[Alteration],
    method: tuple[str, str] = ("", ""),
) -> None:
    """Give the compiler altered text in which the place it stopped at is out of the way, again and again.

    method: the submodule and the name of the one method to compile; the whole unit where empty.
    """
    judge, texts = attempts.judge, attempts.judge.texts
    overlay: dict[str, str] = {**attempts.overlay, **{step.path: step.text for step in skipped}}
    patience = _MAX_PATIENCE
    while left and attempts.left > 0 and patience > 0 and not attempts.stopped():
        place = next((one for one in rejection.places if (overlay.get(one.path) or texts.text(one.path))), None)
        if place is None:
            return
        text = overlay.get(place.path) or texts.text(place.path) or ""
        best: tuple[Alteration, Rejection | None, list[int]] | None = None
        for step, answer in _tries(attempts, rejection, place, text, overlay, left, method):
            if answer.failure:
                continue
            if answer.rejection is None:
                best = (step, None, [])
                break
            met = judge.match(answer.rejection, left, strict=True)
            if met:
                best = (step, answer.rejection, met)
                break
            if not _same(answer.rejection, rejection):
                if best is None or _is_later(answer.rejection, best[1]):
                    best = (step, answer.rejection, [])
                if _is_later(answer.rejection, rejection):
                    break
        if best is None:
            return
        step, following, met = best
        skipped.append(step)
        overlay[step.path] = step.text
        if met:
            lines = sorted({one.first for one in skipped})
            confirm(met, f"with line {', '.join(map(str, lines))} out of the way")
            patience = _MAX_PATIENCE
        else:
            patience -= 1
        if following is None:
            return
        rejection = following


def _tries(
    attempts: Attempts,
    rejection: Rejection,
    place: Place,
    text: str,
    overlay: Mapping[str, str],
    left: Sequence[int],
    method: tuple[str, str],
) -> Iterator[tuple[Alteration, Answer]]:
    """Compilations with what stands at a place altered: with values of the type that the compiler asks for first."""
    judge = attempts.judge
    here = judge.texts.function_at(place.path, place.line)
    owner = judge.texts.class_at(place.path, place.line) or here
    findings = [judge.findings[index] for index in left]
    apart = not any(
        at_path(finding, place.path)
        and owner in (judge.texts.class_at(finding.path, finding.span.line), _function(judge, finding))
        for finding in findings
    )
    tried: set[str] = set()

    def compiled(steps: Iterator[Alteration]) -> Iterator[tuple[Alteration, Answer]]:
        vain = 0  # values that changed nothing
        for step in steps:
            if attempts.left <= 0 or attempts.stopped():
                return
            if step.text in tried or (vain >= _MAX_VAIN and not step.whole):
                continue
            tried.add(step.text)
            answer = attempts.compile({**overlay, step.path: step.text}, *method)
            vain += answer.rejection is not None and answer.rejection.headline == rejection.headline
            yield step, answer

    # Where nothing that is looked for is near, the whole function may go.
    if apart:
        yield from compiled(emptied(place.path, text, place.line))
    first = wanted(rejection.text)
    orders: list[Sequence[str]] = [VALUES] if first is None else [VALUES, [first]]
    while orders:
        for step, answer in compiled(alterations(place.path, text, place, orders[-1])):
            yield step, answer
            more = wanted(answer.rejection.text) if answer.rejection is not None else None
            if more is not None and [more] not in orders and len(orders) < _MAX_ASKED:
                orders.append([more])
                break
        else:
            orders.pop()


def _function(judge: Judge, finding: Finding) -> str:
    return judge.texts.function_at(finding.path, finding.span.line)


def _is_later(one: Rejection, other: Rejection | None) -> bool:
    """Whether an error is farther on: below in the same file, or in another one; no error at all is the farthest."""
    if other is None:
        return False
    first, second = one.places[:1], other.places[:1]
    if not first or not second:
        return False
    return first[0].path != second[0].path or first[0].line > second[0].line


def _same(one: Rejection, other: Rejection) -> bool:
    """Whether an alteration changed nothing: the compiler still stops there."""
    first, second = one.places[:1], other.places[:1]
    if not first or not second:
        return one.text == other.text
    return (first[0].path, first[0].line) == (second[0].path, second[0].line)


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
