"""Applying fixes: which go together, until nothing changes; and writing files so that nothing is lost.

A fix is applied whole or not at all, and never beside one that it overlaps. A text that no longer parses is never kept, nor
one in which a rule reports more than before (unless something graver is gone), nor a fix that leaves its finding where it
was: then the file's fixes are tried in parts.
"""

from __future__ import annotations

import ast
import contextlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from jitlint.findings.model import Edit, Finding, Fix, Result
from jitlint.fixes.outcomes import (
    MAX_CALLERS,
    MAX_WATCHED,
    callers_of,
    covering,
    findings_by_file,
    harmed,
    is_help,
    is_worse,
    messages,
    renewed,
    reports,
    shared_files,
)
from jitlint.source.parse import ParseError, parse
from jitlint.source.text import SourceError, SourceFile, decode, read_bytes

Check = Callable[[Sequence[str], Mapping[str, bytes]], Result]

MAX_ROUNDS = 40
MAX_IN_VAIN = 3  # rounds in which a fix does not reduce its own findings
MAX_TRIALS = 30  # checks of the files whose fixes are tried in parts
MAX_PASSES = 3  # times that all of them are looked at once the rounds have ended


@dataclass(slots=True)
class Repair:
    """What the fixes make of some files. `before` and `after` are bytes by path, of the files that change; `fixed` the
    findings whose fixes were applied; `result` what the first check found."""

    result: Result
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)


def applicable(fix: Fix | None, unsafe: bool) -> bool:
    """Whether a fix may be applied."""
    return fix is not None and (fix.applicability == "safe" or (unsafe and fix.applicability == "unsafe"))


def repair(check: Check, paths: Sequence[str], texts: Mapping[str, bytes], unsafe: bool) -> Repair:
    """Fixes what can be fixed below `paths`, in memory.

    check: gives the findings, with their fixes, of some paths, where `texts` go before what the files contain.
    unsafe: whether unsafe fixes are applied, too.
    """
    first = check(paths, texts)
    work = Repair(first)
    rounds = _Rounds(check, paths, dict(texts), unsafe, work)
    rounds.run(first)
    return work


class _Rounds:
    def __init__(self, check: Check, paths: Sequence[str], texts: dict[str, bytes], unsafe: bool, work: Repair) -> None:
        self._check = check
        self._paths = paths
        self._texts = texts
        self._unsafe = unsafe
        self._work = work
        self._failed: set[Hashable] = set()  # fixes that were tried and did no good, as `_print_of` tells them
        self._texts_seen: dict[str, set[bytes]] = {}
        self._in_vain: Counter[Hashable] = Counter()  # how often each left as many findings of its kind as before
        self._found: dict[str, list[Finding]] = {}  # of the changed files: what is found now
        self._homes: dict[Hashable, set[str]] = {}  # by fix, as `_print_of` tells them: the functions that it changed
        self._first = work.result
        self._last: tuple[AbstractSet[str], dict[str, bytes], Result] = (set(), {}, work.result)
        self._watched: dict[str, list[str]] = {}  # by changed file: those that its fixes did harm
        self._partial: set[str] = set()  # the changed files that were checked, last, from some of their callers only

    def run(self, first: Result) -> None:
        """Rounds of fixes, and a second look at the files that have more findings of some rule than before.

        What many files lead to comes first, seen from a few of them: were it to change with the others, all of them would
        have to be looked at for every change of it, instead of once.
        """
        result = first
        shared = shared_files(first)
        if shared:
            result = self._mended(self._until_stable(result, shared), first)
        for _ in range(MAX_PASSES):
            result = self._until_stable(result, whole=True)
            if not self._partial:
                break
        if self._partial:
            result = self._again(result, sorted(self._partial), whole=True)
        self._mended(result, first)
        self._see_whole(first)
        self._spare_others(first)

    def _mended(self, result: Result, first: Result) -> Result:
        """Leaves out, of the files that are the worse for their fixes, those that are to blame."""
        worse = self._worse(first)
        if not worse:
            return result
        found = findings_by_file(first)
        fixed = {path: [one for one in self._work.fixed if _touches(one, path)] for path in worse}
        suspects = {path: self._suspects(path, found.get(path, []), fixed[path]) for path in worse}
        for path in worse:
            self._undo(path)
        self._carefully(worse, suspects, first)
        return self._again(result, worse)

    def _see_whole(self, first: Result) -> None:
        """Undoes what did good in the trials but does none where those did not look."""
        paths = sorted(self._partial & set(self._work.after))
        if paths:
            self._again(first, paths, whole=True)
            for path in set(paths) & set(self._worse(first)):
                self._undo(path)

    def _spare_others(self, first: Result) -> None:
        """Looks at everything once all is done: a fix may do harm in a file that has none, or that was last looked at before
        another one changed. Leaves out those that are to blame."""
        for _ in range(MAX_PASSES):
            result, harm = self._harm(first)
            if not harm:
                return
            for path, others in harm.items():
                watched = [*self._watched.get(path, ()), *sorted(others - {path})]
                self._watched[path] = list(dict.fromkeys(watched))[:MAX_WATCHED]
            self._mended(result, first)
        for path in self._harm(first)[1]:
            self._undo(path)

    def _harm(self, first: Result) -> tuple[Result, dict[str, set[str]]]:
        """What is found everywhere now; and the files that are the worse for it, by the changed files they rest on."""
        if not self._work.after:
            return first, {}
        seen, texts, now = self._last
        if texts != self._work.after or not seen >= (first.dependencies.keys() or set(self._paths)):
            now = self._check(self._paths, {**self._texts, **self._work.after})
        harm = harmed(first, now, self._work.after.keys())
        found = findings_by_file(now)
        for path in {*self._work.after, *(one for others in harm.values() for one in others)}:
            self._found[path] = found.get(path, [])
        return now, harm

    def _does_harm(self, path: str, found: Mapping[str, Sequence[Finding]]) -> bool:
        """Whether the files that are looked at with a changed one are worse than `found`."""
        others = self._watched.get(path, ())
        return any(is_worse(reports(found.get(one, ())), reports(self._found[one])) for one in others)

    def _until_stable(self, result: Result, only: AbstractSet[str] | None = None, whole: bool = False) -> Result:
        """The findings when no fix is left to apply.

        only: change these files alone. whole: the first look is from everywhere, and at the files that were looked at
        from some of their callers only, too.
        """
        for number in range(MAX_ROUNDS):
            chosen = self._choose(result, only)
            changed = self._apply(chosen) if chosen else []
            everywhere = whole and number == 0
            looked_at = sorted({*changed, *self._partial}) if everywhere else changed
            if not chosen and not looked_at:
                break
            before = _prints(result)
            if looked_at:
                result = self._again(result, looked_at, whole=everywhere)
            if changed:
                after = _prints(result)
                self._in_vain.update(one for one in map(_print_of, chosen) if after[one] >= before[one])
                self._failed |= {one for one, times in self._in_vain.items() if times >= MAX_IN_VAIN}
        return result

    def _again(self, result: Result, changed: Sequence[str], whole: bool = False) -> Result:
        """The findings of the changed files, found anew from wherever their functions are reached, and those of the
        files that are what they were.

        whole: look from everywhere, even where a few files lead to all that was found in the changed ones. (What is
        common to hundreds of models is not worth hundreds of models' time in every round.)
        """
        callers = callers_of(result, changed)
        known = list(dict.fromkeys((*callers, *callers_of(self._first, changed))))
        chosen = known if whole or len(known) <= MAX_CALLERS else covering(callers)
        if len(chosen) == len(known):
            self._partial.difference_update(changed)
        else:
            self._partial.update(changed)
        watched = [one for path in changed for one in self._watched.get(path, ())]
        paths = dict.fromkeys((*changed, *chosen, *watched))
        now = self._check(list(paths), {**self._texts, **self._work.after})
        self._last = paths.keys(), dict(self._work.after), now
        found = findings_by_file(now)
        for path in (*changed, *watched):
            self._found[path] = found.get(path, [])
        return renewed(result, now, paths)

    def _choose(self, result: Result, only: AbstractSet[str] | None) -> list[Finding]:
        chosen: list[Finding] = []
        taken: dict[str, list[Edit]] = {}
        inserted: set[tuple[str, str]] = set()
        for finding in result.findings:
            fix = finding.fix
            if fix is None or not applicable(fix, self._unsafe) or _print_of(finding) in self._failed:
                continue
            if only is not None and any(edit.path not in only for edit in fix.edits):
                continue
            if _inserts(fix) and (finding.path, fix.description) in inserted:
                continue  # an assertion further up may be all that is needed: the next round knows
            if all(compatible(edit, taken.get(edit.path, ())) for edit in fix.edits):
                chosen.append(finding)
                inserted.add((finding.path, fix.description))
                for edit in fix.edits:
                    taken.setdefault(edit.path, []).append(edit)
        return chosen

    def _apply(self, findings: Sequence[Finding]) -> list[str]:
        """Applies the findings' fixes; returns the files that are different now."""
        paths = dict.fromkeys(edit.path for one in findings for edit in edits_of(one))
        sound = {path: self._sound(path, [one for one in findings if _touches(one, path)]) for path in paths}
        kept = [one for one in findings if all(one in sound[edit.path] for edit in edits_of(one))]
        new: dict[str, bytes] = {}
        for path in paths:
            text = self._edited(path, kept)
            if text is not None:
                new[path] = text
        return self._keep(new, kept)

    def _sound(self, path: str, some: list[Finding]) -> list[Finding]:
        """Those fixes of a file that leave it Python, together. What breaks it alone is not tried again."""
        if not some or self._edited(path, some) is not None:
            return some
        if len(some) == 1:
            self._failed.add(_print_of(some[0]))
            return []
        half = len(some) // 2
        first, second = self._sound(path, some[:half]), self._sound(path, some[half:])
        both = [*first, *second]
        return both if self._edited(path, both) is not None else first

    def _edited(self, path: str, fixed: Iterable[Finding]) -> bytes | None:
        """The bytes of a file with some fixes; None where that is no Python, or cannot be written in its encoding."""
        edits = [edit for one in fixed for edit in edits_of(one) if edit.path == path]
        try:
            before = self._bytes(path)
            source = decode(before, path)
            after = edited(source, edits).encode(source.encoding)
            parse(decode(after, path))
        except (SourceError, ParseError, UnicodeError):
            return None
        return after

    def _keep(self, new: Mapping[str, bytes], findings: Sequence[Finding]) -> list[str]:
        changed = []
        for path, after in new.items():
            now = self._bytes(path)
            self._texts_seen.setdefault(path, set()).add(now)
            if after not in self._texts_seen[path]:  # fixes that undo each other lead back to where the file was
                self._note_homes(path, [one for one in findings if _touches(one, path)])
                self._work.before.setdefault(path, now)
                self._work.after[path] = after
                changed.append(path)
        for one in findings:
            if any(edit.path in changed for edit in edits_of(one)):
                self._work.fixed.append(one)
            else:
                self._failed.add(_print_of(one))
        return changed

    def _bytes(self, path: str) -> bytes:
        for texts in (self._work.after, self._texts):
            if path in texts:
                return texts[path]
        return read_bytes(path)

    # --- what made things worse ---------------------------------------------------------------------------------------

    def _worse(self, before: Result) -> list[str]:
        """The changed files that some fix did no good: there is more than before, or what it was for is still there."""
        found = findings_by_file(before)
        fixed: dict[str, set[tuple[str, str]]] = {}
        for one in self._work.fixed:
            fixed.setdefault(one.path, set()).add((one.code, one.message))
        worse: list[str] = []
        for path in self._work.after:
            was, now = found.get(path, []), self._found[path]
            first, last = messages(was), messages(now)
            unmended = any(0 < first[key] <= last[key] for key in fixed.get(path, ()))
            if unmended or is_worse(reports(was), reports(now)) or self._does_harm(path, found):
                worse.append(path)
        return worse

    def _undo(self, path: str) -> None:
        self._work.after.pop(path)
        self._work.before.pop(path)
        self._work.fixed = [finding for finding in self._work.fixed if not _touches(finding, path)]

    def _suspects(self, path: str, before: Sequence[Finding], fixed: Iterable[Finding]) -> set[Hashable]:
        """Which of the fixes that a file got since `before` may be to blame: those for what is reported as often as it
        was, and those in functions in which something is reported more often."""
        after = self._found[path]
        was, now = messages(before), messages(after)
        home_of = functions_by_line(decode(self._bytes(path), path))
        grown = {home_of(one.span.line) for one in after if now[one.code, one.message] > was[one.code, one.message]}
        grown |= {name.rpartition(".")[0] for name in grown if "." in name}  # what the class itself says
        return {
            _print_of(one)
            for one in fixed
            if 0 < was[one.code, one.message] <= now[one.code, one.message]
            or not grown.isdisjoint(self._homes.get(_print_of(one), ()))
        }

    def _note_homes(self, path: str, fixed: Iterable[Finding]) -> None:
        """Remember which functions some fixes are about to change."""
        home_of = functions_by_line(decode(self._bytes(path), path))
        for one in fixed:
            lines = [edit.span.line for edit in edits_of(one) if edit.path == path]
            self._homes.setdefault(_print_of(one), set()).update(map(home_of, lines))

    def _carefully(self, paths: Sequence[str], suspects: Mapping[str, set[Hashable]], first: Result) -> None:
        """Keeps of some files' fixes those that leave fewer findings, and no new ones: all at once but the suspects, then
        those; of what does harm together each half, down to the one that is left out. The files take their turns
        together."""
        self._again(first, paths)
        found = findings_by_file(first)
        current = {path: self._found[path] for path in paths}
        searches = {path: _Search(suspects[path]) for path in paths}
        for _ in range(MAX_TRIALS):
            tried: dict[str, list[Finding]] = {}
            kept = {path: self._work.after.get(path) for path in paths}
            for path in paths:
                some = searches[path].next(self._choose(Result(findings=tuple(current[path])), {path}))
                text = self._edited(path, some) if some else None
                if text is not None and text != self._bytes(path):
                    self._note_homes(path, some)
                    self._work.before.setdefault(path, self._bytes(path))
                    self._work.after[path] = text
                    tried[path] = some
                elif some:
                    self._refuse(some, searches[path], set())
            if not tried:
                if not any(self._choose(Result(findings=tuple(current[path])), {path}) for path in paths):
                    return
                continue
            self._again(first, list(tried))
            for path, some in tried.items():
                now = self._found[path]
                if is_help(current[path], now, some) and not self._does_harm(path, found):
                    current[path] = now
                    self._work.fixed.extend(some)
                    searches[path].succeeded(len(some))
                    continue
                suspected = self._suspects(path, current[path], some)
                old = kept[path]
                if old is None:
                    del self._work.after[path]
                    del self._work.before[path]
                else:
                    self._work.after[path] = old
                self._refuse(some, searches[path], suspected)

    def _refuse(self, some: Sequence[Finding], search: _Search, suspects: set[Hashable]) -> None:
        """What was tried did no good: the only one is not tried again, of several those that are not suspected, or half
        of them."""
        search.failed(some, suspects)
        if len(some) == 1:
            self._failed.add(_print_of(some[0]))


class _Search:
    """Which fixes of a file are tried next, by halves: of some that did harm together at least one is to blame."""

    def __init__(self, suspects: set[Hashable]) -> None:
        self._suspects = suspects
        self._bad = 0  # how many of the next fixes hold one that is to blame

    def next(self, chosen: Sequence[Finding]) -> list[Finding]:
        """Some of the fixes that go together."""
        others = [one for one in chosen if _print_of(one) not in self._suspects]
        if not others and self._suspects:
            self._suspects = set()
            self._bad = len(chosen)  # they have done harm before
        some = others or chosen
        return list(some[: max(1, self._bad // 2)] if self._bad else some)

    def succeeded(self, number: int) -> None:
        """So many fixes did good: who is to blame is among the rest."""
        self._bad = max(0, self._bad - number)

    def failed(self, some: Sequence[Finding], suspects: set[Hashable]) -> None:
        """Some fixes did harm together; one alone is out."""
        if suspects and not all(_print_of(one) in suspects for one in some):
            self._suspects = self._suspects | suspects
            self._bad = 0
        else:
            self._bad = len(some) if len(some) > 1 else 0


def edits_of(finding: Finding) -> tuple[Edit, ...]:
    return finding.fix.edits if finding.fix is not None else ()


def compatible(edit: Edit, others: Iterable[Edit]) -> bool:
    """Whether an edit can be applied beside others: it overlaps none, or is the same as one."""
    return all(edit == other or not overlap(edit, other) for other in others)


def overlap(a: Edit, b: Edit) -> bool:
    """Whether two edits of one file touch the same text, or insert at the same place."""
    first, second = sorted((a.span, b.span), key=lambda span: (span.line, span.column, span.end_line, span.end_column))
    start, end = (second.line, second.column), (first.end_line, first.end_column)
    return start < end or start == (first.line, first.column)


def edited(source: SourceFile, edits: Iterable[Edit]) -> str:
    """The text of a file with edits that do not overlap applied."""
    starts = line_starts(source)
    text = source.text
    places = {
        (starts[e.span.line - 1] + e.span.column - 1, starts[e.span.end_line - 1] + e.span.end_column - 1, e.content)
        for e in edits
    }
    for start, end, content in sorted(places, reverse=True):
        text = text[:start] + content + text[end:]
    return text


def line_starts(source: SourceFile) -> list[int]:
    """The offset of every line of a file; behind the last line end, too."""
    starts, at = [0], 0
    for line in source.lines[:-1]:
        at += len(line)
        at += 2 if source.text.startswith("\r\n", at) else 1
        starts.append(at)
    if source.text.endswith(("\n", "\r")):
        starts.append(len(source.text))
    return starts


def functions_by_line(source: SourceFile) -> Callable[[int], str]:
    """Gives the qualname of the outermost function that a line (1-based) stands in; of the class, outside of functions;
    '' outside of both."""
    names: dict[int, str] = {}
    left: list[tuple[ast.AST, str]] = [(parse(source), "")]
    while left:
        node, prefix = left.pop()
        for one in ast.iter_child_nodes(node):
            if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if isinstance(one, ast.stmt):
                    left.append((one, prefix))
                continue
            name = f"{prefix}.{one.name}" if prefix else one.name
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            names.update(dict.fromkeys(range(first, (one.end_lineno or one.lineno) + 1), name))
            if isinstance(one, ast.ClassDef):
                left.append((one, name))
    return lambda line: names.get(line, "")


def _print_of(finding: Finding) -> Hashable:
    """What a finding and its fix have in common with those of the same kind on another line of the file."""
    contents = tuple((edit.path, edit.content) for edit in finding.fix.edits) if finding.fix else ()
    return finding.path, finding.code, finding.message, contents


def _prints(result: Result) -> Counter[Hashable]:
    """How often findings of each kind come."""
    return Counter(_print_of(one) for one in result.findings if one.fix is not None)


def _inserts(fix: Fix) -> bool:
    """Whether a fix only adds something."""
    return all((edit.span.line, edit.span.column) == (edit.span.end_line, edit.span.end_column) for edit in fix.edits)


def _touches(finding: Finding, path: str) -> bool:
    return any(edit.path == path for edit in edits_of(finding))


def write(path: str, before: bytes, after: bytes) -> str:
    """Replace a file's content at one stroke, with its permissions kept; a link stays a link.

    Returns '' or, in words, why it was left as it is: it cannot be written, or is no longer what was checked.
    """
    target = os.path.realpath(path)
    try:
        if read_bytes(target) != before:
            return "it changed while it was being checked"
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".jitlint-")
        try:
            status = os.stat(target)
            with os.fdopen(handle, "wb") as file:
                file.write(after)
                file.flush()
                os.fsync(file.fileno())
            if not os.access(target, os.W_OK):
                raise PermissionError(13, "permission denied")
            os.chmod(temporary, status.st_mode & 0o7777)
            if hasattr(os, "chown"):
                with contextlib.suppress(OSError):
                    os.chown(temporary, status.st_uid, status.st_gid)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except SourceError as error:
        return error.message
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return ""
