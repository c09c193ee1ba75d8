"""One unit through all attempts: compiled as it is, its submodules one by one, and with what was met out of the way."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from jitlint.findings.model import Finding, FindingVerdict
from jitlint.verify.altered import VALUES, Alteration, alone, alterations, emptied, wanted
from jitlint.verify.errors import (
    Place,
    Rejection,
    at_place,
    begins_at,
    column_fits,
    is_of_rule,
    names_the_same,
    real,
    rejection_of,
    says,
)
from jitlint.verify.nodes import Ended, Node, NodeError, TimedOut
from jitlint.verify.plan import WEAK_WITHOUT_EFFECT, Texts, Work, class_key

State = Literal["compiled", "rejected", "failed", "no instance"]

_MAX_ATTEMPTS = 60  # altered compilations of one unit, and so many more for each of its findings:
_MORE_ATTEMPTS = 8
_MAX_GETTERS = 5  # that raise while the compiler looks at an instance
_MAX_ASKED = 4  # types that the compiler may ask for at one place
_MAX_VAIN = 3  # values for an expression that leave the error as it is
_MAX_PATIENCE = 12  # times that the offending place may move without a finding being met
_MAX_FORETOLD = 3  # places that an error which names none may be at
_MAX_CAUSES = 6  # alterations of a finding's statement, to see whether it is what an error comes from
_OF_OBJECTS = ("JIT4", "JIT6")  # rules about what the compiler finds in objects and classes
_EVERYWHERE = ("", "forward", "__init__", "__call__", "<module>")  # names that tell nothing
_AT_PLACE = 8  # of a score: the error is on the finding's lines
_CRASH = "compiler process killed by "
_NO_SOURCE = re.compile(r"source for <function ([\w.<>]+\.\w+) at")


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
        return path in self.paths()

    def paths(self) -> frozenset[str]:
        """The files that have findings."""
        return self.texts.paths_of(self.findings)

    def match(self, rejection: Rejection, candidates: Sequence[int], strict: bool = False) -> list[int]:
        """The findings that a rejection is; several only where they say the same of the same place.

        strict: only where the words fit too, for what the compiler says of altered text.
        """
        scored: dict[int, int] = {}
        # Where one finding, sought or not, is this error at this place, it is no error at another place.
        least = _AT_PLACE if self._is_foretold(rejection) else 1
        for index in candidates:
            score = self._score(rejection, self.findings[index])
            if score >= least and not (strict and not score & 1):
                scored[index] = score
        if not scored:
            return []
        best = max(scored.values())
        return [index for index in scored if scored[index] == best]

    def foretold_places(self, rejection: Rejection, candidates: Sequence[int]) -> list[Place]:
        """Where the findings are that an error which names no place may be."""
        foretold = (self.findings[i] for i in candidates if says(self.findings[i], rejection, literally=True))
        return [Place(real(finding.path), finding.span.line, finding.span.column) for finding in foretold]

    def _is_foretold(self, rejection: Rejection) -> bool:
        if not rejection.places:
            return False
        place = rejection.places[0]
        return any(
            at_place(finding, place) and (says(finding, rejection) or is_of_rule(finding, rejection))
            for finding in self.findings
        )

    def _score(self, rejection: Rejection, finding: Finding) -> int:
        """0: not this one. Bit 0: the words fit; more: the place does, the better the more."""
        places = rejection.places or rejection.frames
        exact = says(finding, rejection, literally=True)
        words = int(exact or says(finding, rejection))
        if not words and places and begins_at(finding, places[0]):
            words = int(names_the_same(finding, rejection) or is_of_rule(finding, rejection))
        for number, place in enumerate(places):
            if at_place(finding, place):
                return words + (4 if column_fits(finding, place) else 0) + (16 if number == 0 else _AT_PLACE)
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
        if not exact:
            return 0
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
    return real(one) == other


@dataclass(frozen=True, slots=True)
class Part:
    """What of a unit is compiled: all, or a submodule (`target`), of either only a method, or one function, or one
    method of a script class, by file and qualified name."""

    target: str = ""
    method: str = ""
    function: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.function is not None:
            return ".".join(name for name in (self.function[1], self.method) if name)
        return f"the method {self.method}" if self.method else f"the submodule {self.target}"


WHOLE = Part()


@dataclass(slots=True)
class Attempts:
    """All compilations of one built unit. `node` holds the built object and stays as it is: each attempt is a fork.

    without: getters (file and name) that are taken out of the classes first. generated: methods, by qualified name,
    that have no source and are taken out, too. defaults: functions (file and qualified name) that lose theirs. settled: whether a finding was confirmed in another unit."""

    node: Node
    work: Work
    judge: Judge
    timeout: float
    stopped: Callable[[], bool]
    overlay: Mapping[str, str]
    settled: Callable[[int], bool] = lambda index: False
    seconds: float = 0.0
    left: int = _MAX_ATTEMPTS
    asked: int = 0
    without: list[tuple[str, str]] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    defaults: list[tuple[str, str]] = field(default_factory=list)

    def compile(self, overlay: Mapping[str, str] | None = None, part: Part = WHOLE) -> Answer:
        """Compile in a fork. Whatever happens is an answer."""
        started = time.monotonic()
        self.left -= 1
        self.asked += 1
        texts = {**self.overlay, **(overlay or {})}
        try:
            with self.node.fork() as fork:
                found = fork.call(
                    "compile",
                    self.timeout,
                    kind=self.work.unit.kind,
                    target=part.target,
                    method=part.method,
                    function=part.function,
                    without=self.without,
                    generated=self.generated,
                    defaults=self.defaults,
                    overlay=texts,
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
        return Answer() if found.get("ok") else Answer(self._relocated(rejection_of(found), texts))

    def _relocated(self, rejection: Rejection, texts: Mapping[str, str]) -> Rejection:
        """A rejection with the files right: of a function with a wrapper around it the compiler shows the lines, but
        names the wrapper's file (``get_source_lines_and_file``: one is unwrapped, the other is not)."""

        def shows(place: Place, path: str) -> bool:
            if path in texts:
                lines = texts[path].splitlines()
                return place.line <= len(lines) and lines[place.line - 1].strip() == place.source.strip()
            return self.judge.texts.line(path, place.line).strip() == place.source.strip()

        def right(place: Place) -> Place:
            if not place.source.strip() or shows(place, place.path):
                return place
            candidates = (real(self.work.unit.path), *sorted(self.judge.paths()))
            return next((replace(place, path=path) for path in candidates if shows(place, path)), place)

        return replace(rejection, places=tuple(map(right, rejection.places)), chain=tuple(map(right, rejection.chain)))


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
            attempts = Attempts(node, work, judge, timeout, stopped, overlay, settled)
            attempts.left += _MORE_ATTEMPTS * len(work.findings)
            outcome = _attempt(attempts, built)
            outcome.construction, outcome.compilation = seconds, attempts.seconds
            outcome.questions = attempts.asked
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
    for part in _parts(attempts, left, built):
        if attempts.stopped() or not left:
            break
        answer = attempts.compile({step.path: step.text for step in skipped}, part)
        if answer.rejection is None:
            continue
        # The first error again is no news: its place speaks for the finding that it was matched with, and no other.
        met = judge.match(answer.rejection, left, strict=bool(skipped) or _same(answer.rejection, first))
        confirm(met, f"compiling {part} by itself")
        if left and not (part.target and not part.method):
            _step_over(attempts, answer.rejection, left, confirm, skipped, part)
    for index in list(left):
        if attempts.stopped() or attempts.left <= 0:
            break
        if _out_of_its_statement(attempts, findings[index], index, skipped, built):
            confirm([index], "taken out of its statement")
    # The rest stands in no part of its own.
    if any(_part_of(attempts, findings[index], built) is None for index in left):
        answer = attempts.compile({step.path: step.text for step in skipped}) if skipped else Answer(first)
        if answer.rejection is not None:
            confirm(judge.match(answer.rejection, left, strict=bool(skipped)), _lines_of(skipped))
            _step_over(attempts, answer.rejection, left, confirm, skipped)
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


def _out_of_its_statement(
    attempts: Attempts, finding: Finding, index: int, skipped: Sequence[Alteration], built: Mapping[str, Any]
) -> bool:
    """Whether the compiler rejects a finding's expression where it stands alone, in place of its statement."""
    path = real(finding.path)
    original = attempts.overlay.get(path) or attempts.judge.texts.text(path)
    overlay = {step.path: step.text for step in skipped}
    step = alone(path, original, overlay.get(path, original), finding.span) if original else None
    part = _part_of(attempts, finding, built)
    if step is None or part is None:
        return False
    answer = attempts.compile({**overlay, path: step.text}, part)
    return answer.rejection is not None and attempts.judge.match(answer.rejection, [index], strict=True) == [index]


def _lines_of(skipped: Sequence[Alteration]) -> str:
    return f"with line {', '.join(map(str, sorted({one.first for one in skipped})))} out of the way"


def _parts(attempts: Attempts, left: list[int], built: Mapping[str, Any]) -> Iterator[Part]:
    """The parts of a unit that findings still sought are in: submodules, methods (of the object or of submodules),
    functions and script classes. `left` may shrink meanwhile."""
    judge = attempts.judge
    texts = judge.texts
    classes = [(str(path), str(cls), str(file)) for path, _, cls, file in built.get("classes", [])]
    if attempts.work.unit.kind == "module":
        for path, qualname, file in classes:
            inside = (i for i in left if at_path(judge.findings[i], file))
            if path and any(_in_class(texts.class_at(file, judge.findings[i].span.line), qualname) for i in inside):
                yield Part(path)
    seen: set[Part] = set()
    for index in list(left):
        part = _part_of(attempts, judge.findings[index], built)
        if index in left and part is not None and part not in seen:
            seen.add(part)
            yield part


def _part_of(attempts: Attempts, finding: Finding, built: Mapping[str, Any]) -> Part | None:
    """The smallest part of a unit that can be compiled by itself and has a finding in it."""
    path = real(finding.path)
    owner, _, name = _function(attempts.judge, finding).rpartition(".")
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


def _step_over(
    attempts: Attempts,
    rejection: Rejection,
    left: list[int],
    confirm: Callable[[Sequence[int], str], None],
    skipped: list[Alteration],
    part: Part = WHOLE,
) -> None:
    """Give the compiler altered text in which the place it stopped at is out of the way, again and again."""
    judge, texts = attempts.judge, attempts.judge.texts
    overlay: dict[str, str] = {**attempts.overlay, **{step.path: step.text for step in skipped}}
    patience = _MAX_PATIENCE
    while left and attempts.left > 0 and patience > 0 and not attempts.stopped():
        taken = _take_out(attempts, rejection)
        if taken:
            answer = attempts.compile(overlay, part)
            if answer.rejection is None:
                return
            confirm(judge.match(answer.rejection, left, strict=True), f"with {taken} out of the way")
            rejection = answer.rejection
            continue
        known = [one for one in rejection.places if (overlay.get(one.path) or texts.text(one.path))][:1]
        places = known or judge.foretold_places(rejection, attempts.work.findings)[:_MAX_FORETOLD]
        best: tuple[Alteration, Rejection | None, list[int]] | None = None
        for step, answer in (
            pair for place in places for pair in _tries(attempts, rejection, place, overlay, left, part)
        ):
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
                if best is None or _is_later(texts, answer.rejection, best[1]):
                    best = (step, answer.rejection, [])
                if _is_later(texts, answer.rejection, rejection):
                    break
        if best is None:
            return
        step, following, met = best
        skipped.append(step)
        overlay[step.path] = step.text
        if met:
            confirm(met, _lines_of(skipped))
            patience = _MAX_PATIENCE
        else:
            patience -= 1
        if following is None:
            return
        rejection = following


def _take_out(attempts: Attempts, rejection: Rejection) -> str:
    """Take out what no text can alter: a method that has no source, the defaults of a function, which the compiler
    has from the object. In words what; '' for nothing."""
    name = _without_source(rejection)
    if name and name not in attempts.generated:
        attempts.generated.append(name)
        return name
    if rejection.places and rejection.headline.startswith("Expected a default value of type"):
        place = rejection.places[0]
        function = attempts.judge.texts.function_at(place.path, place.line)
        if function and (place.path, function) not in attempts.defaults:
            attempts.defaults.append((place.path, function))
            return f"the defaults of {function}"
    return ""


def _tries(
    attempts: Attempts,
    rejection: Rejection,
    place: Place,
    overlay: Mapping[str, str],
    left: Sequence[int],
    part: Part,
) -> Iterator[tuple[Alteration, Answer]]:
    """Compilations with what stands at a place altered: with values of the type that the compiler asks for first."""
    judge = attempts.judge
    text = overlay.get(place.path) or judge.texts.text(place.path) or ""
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
            answer = attempts.compile({**overlay, step.path: step.text}, part)
            vain += answer.rejection is not None and _same(answer.rejection, rejection)
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


def _is_later(texts: Texts, one: Rejection, other: Rejection | None) -> bool:
    """Whether an error is farther on: below in the same function, or in another one, which the compiler came to only
    now; no error at all is the farthest."""
    if other is None:
        return False
    if _without_source(one):
        return True
    first, second = one.places[:1], other.places[:1]
    if not first or not second:
        return bool(first)
    here, there = ((place.path, texts.function_at(place.path, place.line)) for place in (first[0], second[0]))
    return here != there or first[0].line > second[0].line


def _without_source(rejection: Rejection) -> str:
    """The method that has no source, by its qualified name, where that is what the compiler says: a dataclass's."""
    found = _NO_SOURCE.search(rejection.text) if rejection.kind == "OSError" else None
    return found[1] if found is not None else ""


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
