"""Getting past an error: with other text in the place where the compiler stopped, again and again."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from jitlint.findings.model import Finding
from jitlint.verify.altered import VALUES, Alteration, alone, alterations, emptied, emptied_class, wanted
from jitlint.verify.attempts import WHOLE, Answer, Attempts, Part
from jitlint.verify.errors import FRONTEND, Place, Rejection, real
from jitlint.verify.judge import Judge, at_path
from jitlint.verify.plan import Texts

_MAX_ASKED = 4  # types that the compiler may ask for at one place
_MAX_VAIN = 3  # values for an expression that leave the error as it is
_MAX_PATIENCE = 12  # times that the offending place may move without a finding being met
_MAX_ONE_BY_ONE = 2  # functions of a class that are left out before all are
_MAX_FORETOLD = 3  # places that an error which names none may be at
ALONE = "taken out of its statement"
_OF_BRANCHES = re.compile(r"in the (true|false) branch")  # a name that one of them leaves undefined, or of another type
_NO_SOURCE = re.compile(r"source for <function ([\w.<>]+\.\w+) at")


def step_over(
    attempts: Attempts,
    rejection: Rejection,
    left: list[int],
    confirm: Callable[[Sequence[int], str], None],
    skipped: list[Alteration],
    part: Part = WHOLE,
    sought: Collection[int] = (),
) -> None:
    """Give the compiler altered text in which the place it stopped at is out of the way, again and again.

    sought: of the findings that are left, those that this part or a later one may lead to; the others' functions may
    go. Nothing given: all."""
    judge = attempts.judge
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
        attempts.drop_settled(left)
        near = [index for index in left if not sought or index in sought]
        pairs = (
            pair
            for place in _places(attempts, rejection, overlay, part)
            for pair in _tries(attempts, rejection, place, overlay, near, skipped, part)
        )
        best = _best(judge, rejection, pairs, left)
        if best is None:
            return
        step, following, met = best
        # What else is found in the same statement may depend on what is altered next: now is the time for it.
        for index in [index for index in left if index not in met and is_within(step, judge.findings[index])]:
            if attempts.left > 0 and not attempts.stopped() and is_alone(attempts, index, overlay, part):
                confirm([index], ALONE)
        skipped.append(step)
        overlay[step.path] = step.text
        if met:
            confirm(met, lines_of(skipped))
            patience = _MAX_PATIENCE
        else:
            patience -= 1
        if following is None:
            return
        rejection = following


def _places(attempts: Attempts, rejection: Rejection, overlay: Mapping[str, str], part: Part) -> list[Place]:
    """Where to alter the text to get past an error, the likeliest first."""
    judge, texts = attempts.judge, attempts.judge.texts
    known = [one for one in rejection.places if (overlay.get(one.path) or texts.text(one.path))][:1]
    if known:
        return [*_led_from(judge, rejection), *_used_at(attempts, rejection), *known]
    places = judge.foretold_places(rejection, attempts.work.findings)
    places.sort(key=lambda one: not part.holds(one.path, texts.function_at(one.path, one.line)))
    return places[:_MAX_FORETOLD]


def _best(
    judge: Judge, rejection: Rejection, pairs: Iterable[tuple[Alteration, Answer]], left: Sequence[int]
) -> tuple[Alteration, Rejection | None, list[int]] | None:
    """Of some alterations, with what the compiler says of each, the first that leads on well, else the one that leads
    on farthest: with what is in the way then (None: nothing), and the findings that it is."""
    best: tuple[Alteration, Rejection | None, list[int]] | None = None
    for step, answer in pairs:
        if answer.failure:
            continue
        if answer.rejection is None:
            return step, None, []
        met = judge.match(answer.rejection, left, strict=True)
        if met:
            return step, answer.rejection, met
        if not _stays(judge, answer.rejection, rejection):
            if best is None or _is_later(judge.texts, answer.rejection, best[1]):
                best = (step, answer.rejection, [])
            if is_same(answer.rejection, rejection) or _is_later(judge.texts, answer.rejection, rejection):
                break
    return best


def is_alone(attempts: Attempts, index: int, overlay: Mapping[str, str], part: Part) -> bool:
    """Whether the compiler rejects a finding's expression where it stands alone, in place of its statement."""
    finding = attempts.judge.findings[index]
    path = real(finding.path)
    original = attempts.overlay.get(path) or attempts.judge.texts.text(path)
    step = alone(path, original, overlay.get(path, original), finding.span) if original else None
    if step is None:
        return False
    answer = attempts.compile({**overlay, path: step.text}, part)
    return answer.rejection is not None and attempts.judge.match(answer.rejection, [index], strict=True) == [index]


def _led_from(judge: Judge, rejection: Rejection) -> list[Place]:
    """Where the project's code calls the other people's that an error is in: that is not gone through step by step."""
    if not rejection.places or rejection.places[0].path in judge.paths():
        return []
    return [place for place in rejection.chain if place.path in judge.paths()][:1]


def _used_at(attempts: Attempts, rejection: Rejection) -> list[Place]:
    """Where the finding is that an error further up is: a name that some branch leaves undefined, or of another type, is
    used there, and the compiler shows the branch, which has to stay for what else it leaves so."""
    judge = attempts.judge
    if not _OF_BRANCHES.search(rejection.headline):
        return []
    here = rejection.places[0]
    told = [judge.findings[index] for index in judge.match(rejection, attempts.work.findings, strict=True)]
    return [
        Place(real(one.path), one.span.line, one.span.column, one.span.end_column - one.span.column)
        for one in told
        if one.span.line == one.span.end_line and real(one.path) == here.path and one.span.line > here.line
    ][:1]


def is_within(step: Alteration, finding: Finding) -> bool:
    return at_path(finding, step.path) and step.first <= finding.span.line <= step.last


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
    sought: Sequence[int],
    skipped: Sequence[Alteration],
    part: Part,
) -> Iterator[tuple[Alteration, Answer]]:
    """Compilations with what stands at a place altered: with values of the type that the compiler asks for first."""
    judge = attempts.judge
    text = overlay.get(place.path) or judge.texts.text(place.path) or ""
    here = judge.texts.function_at(place.path, place.line)
    owner = judge.texts.class_at(place.path, place.line) or here
    findings = [judge.findings[index] for index in sought]
    apart = not any(
        at_path(finding, place.path)
        and owner in (judge.texts.class_at(finding.path, finding.span.line), function_of(judge, finding))
        for finding in findings
    )
    tried: set[str] = set()
    foretold = judge.foretold_places(rejection, attempts.work.findings)
    also = {one.line for one in foretold if one.path == place.path}

    def compiled(steps: Iterator[Alteration]) -> Iterator[tuple[Alteration, Answer]]:
        vain = 0  # values that changed nothing
        for step in steps:
            if attempts.left <= 0 or attempts.stopped():
                return
            if step.text in tried or (vain >= _MAX_VAIN and not step.whole):
                continue
            tried.add(step.text)
            answer = attempts.compile({**overlay, step.path: step.text}, part)
            vain += answer.rejection is not None and _stays(judge, answer.rejection, rejection)
            yield step, answer

    # Where nothing that is looked for is near, the whole function may go; where others of its class went, all may.
    if apart:
        before = [step for step in skipped if step.path == place.path and step.whole]
        if sum(judge.texts.class_at(place.path, step.first) == owner for step in before) >= _MAX_ONE_BY_ONE:
            whole_class = emptied_class(place.path, text, place.line)
            yield from compiled(iter([whole_class] if whole_class is not None else []))
        yield from compiled(emptied(place.path, text, place.line))
    first = wanted(rejection.text)
    # Only what the compiler itself says (in C++) may depend on the type of a value.
    values = VALUES if rejection.kind == "RuntimeError" else VALUES[:1]
    orders: list[Sequence[str]] = [values] if first is None else [values, [first]]
    while orders:
        for step, answer in compiled(alterations(place.path, text, place, orders[-1], also)):
            yield step, answer
            more = wanted(answer.rejection.text) if answer.rejection is not None else None
            if more is not None and [more] not in orders and len(orders) < _MAX_ASKED:
                orders.append([more])
                break
        else:
            orders.pop()


def function_of(judge: Judge, finding: Finding) -> str:
    return judge.texts.function_at(finding.path, finding.span.line)


def _is_later(texts: Texts, one: Rejection, other: Rejection | None) -> bool:
    """Whether an error is farther on: below in the same function, or in another one, which the compiler came to only
    now, or no longer the frontend's; no error at all is the farthest."""
    if other is None:
        return False
    if _without_source(one) or (other.kind in FRONTEND and one.kind not in FRONTEND):
        return True  # the compiler begins with a function only when its frontend has read all of it
    first, second = one.places[:1], other.places[:1]
    if not first or not second:
        return bool(first)
    here, there = ((place.path, texts.function_at(place.path, place.line)) for place in (first[0], second[0]))
    return here != there or first[0].line > second[0].line


def _without_source(rejection: Rejection) -> str:
    """The method that has no source, by its qualified name, where that is what the compiler says: a dataclass's."""
    found = _NO_SOURCE.search(rejection.text) if rejection.kind == "OSError" else None
    return found[1] if found is not None else ""


def is_same(one: Rejection, other: Rejection) -> bool:
    """Whether an alteration changed nothing: the compiler still stops there."""
    first, second = one.places[:1], other.places[:1]
    if not first or not second:
        return one.text == other.text
    return (first[0].path, first[0].line) == (second[0].path, second[0].line)


def _stays(judge: Judge, one: Rejection, other: Rejection) -> bool:
    """Whether an alteration changed nothing: the compiler still stops there, and comes there from the same place."""
    led = ([place.line for place in _led_from(judge, rejection)] for rejection in (one, other))
    return is_same(one, other) and next(led) == next(led)


def lines_of(skipped: Sequence[Alteration]) -> str:
    return f"with line {', '.join(map(str, sorted({one.first for one in skipped})))} out of the way"
