"""One file after the other: whatever happens with a file, it has a record."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.cache import Record
from jitlint.findings.model import FileReport, Finding, RunError
from jitlint.source import suppressions
from jitlint.source.problem import Span
from jitlint.source.suppressions import Suppression
from jitlint.source.text import SourceError, SourceFile, decode, read_source

if TYPE_CHECKING:
    from jitlint.analysis import Session

SYNTAX_ERROR = "JIT901"
UNREADABLE_FILE = "JIT902"
UNUSED_SUPPRESSION = "JIT903"
UNRESOLVED_ENTRY_POINT = "JIT904"
INTERNAL_ERROR = "JIT905"
MALFORMED_SUPPRESSION = "JIT906"

_HEAVY = 640 << 10  # KiB that the processes of a run may grow by together before their sessions are dropped
# What each may grow by however many they are: what a large library's base classes need, and as much again.
_LEAST = 300 << 10
RECURSION_LIMIT = 4000  # of Python frames: deep code is walked by recursion


class Interrupted(Exception):
    """Nobody waits for the result any more."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a session of the analysis is made from: everything but the files."""

    roots: tuple[str, ...]
    environment: tuple[str, ...]
    torch_version: str
    scope: str
    script_calls: tuple[str, ...]
    entry_points: tuple[str, ...]
    python_version: str = ""
    fixes: bool = False


def new_session(task: Task, overlay: Mapping[str, str]) -> Session:
    """A session for a task; `overlay` holds texts by path."""
    from jitlint.analysis import Session

    session = Session(
        roots=task.roots,
        environment=task.environment,
        torch_version=task.torch_version,
        scope=task.scope,
        script_calls=task.script_calls,
        entry_points=task.entry_points,
        python_version=task.python_version,
        overlay=overlay,
        recording=task.fixes,
    )
    if task.fixes:
        session.compiler.sparing = True
    return session


class Analyst:
    """Analyses one file after the other, with a session per task. `prepare` is called with each new session. processes:
    how many share the memory that there is."""

    def __init__(
        self,
        overlay: Mapping[str, bytes],
        prepare: Callable[[Task, Session], None] | None = None,
        processes: int = 1,
    ) -> None:
        self._overlay = overlay
        self._prepare = prepare
        self._texts = _decoded(overlay)
        self._sessions: dict[Task, Session] = {}
        self._heavy = max(_HEAVY // processes, _LEAST)
        self._at_first = resident()

    def record(self, task: Task, path: str) -> Record:
        """The result for one file. Whatever happens, there is one."""
        record = self._record(task, path)
        if self._is_heavy():
            self._begin_anew()
        return record

    def revise(self, overlay: Mapping[str, bytes]) -> None:
        """Go on with other texts in the place of some files; what is on disk is as it was."""
        changed = {path for path in {*self._overlay, *overlay} if self._overlay.get(path) != overlay.get(path)}
        self._overlay = overlay
        if not changed:
            return
        self._texts = _decoded(overlay)
        for session in self._sessions.values():
            session.revise({path: self._texts.get(path) for path in changed})

    def _is_heavy(self) -> bool:
        """Whether the process has grown too much, and the sessions are to blame: of what earlier ones took, not all goes
        back to the system, but it is used again."""
        now = resident()
        if now is None or self._at_first is None:
            return self._weight() > self._heavy
        return now - self._at_first > self._heavy and self._weight() > self._heavy // 2

    def _weight(self) -> int:
        return sum(session.weight() for session in self._sessions.values())

    def _record(self, task: Task, path: str) -> Record:
        comments: tuple[Suppression, ...] = ()
        try:
            source = self._source(path)
            comments = suppressions.scan(source)
            if suppressions.skips_file(comments):
                return FileReport(path), comments
            session = self._sessions.get(task)
            if session is None:
                session = self._sessions[task] = new_session(task, self._texts)
                if self._prepare is not None:
                    self._prepare(task, session)
            report = session.check_file(path)
            if task.fixes and report.findings:
                from jitlint.fixes import with_fixes

                report = with_fixes(session, report)
            return report, comments
        except SourceError as error:
            span = Span(error.line, 1, error.line, 1)
            return FileReport(
                path, findings=(own_finding(UNREADABLE_FILE, path, span, _sentence(error.message)),)
            ), comments
        except Interrupted:
            raise
        except Exception as error:
            return after_exception(path, error), comments

    def _begin_anew(self) -> None:
        """Forget the sessions and what they have read: a result rests on none before it, and memory is finite."""
        import gc

        from jitlint.emit.schema_matching import forget_matches
        from jitlint.types.relations import forget_relations

        self._sessions.clear()
        forget_matches()
        forget_relations()
        gc.collect()

    def _source(self, path: str) -> SourceFile:
        data = self._overlay.get(path)
        return read_source(path) if data is None else decode(data, path)


def _decoded(overlay: Mapping[str, bytes]) -> dict[str, str]:
    """The texts of what can be read."""
    texts: dict[str, str] = {}
    for path, data in overlay.items():
        with contextlib.suppress(SourceError):
            texts[path] = decode(data, path).text
    return texts


def resident() -> int | None:
    """How many KiB of memory the process occupies; None where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 10
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def after_exception(path: str, error: Exception) -> FileReport:
    """A file that the analysis failed on: a syntax error that it passed on, or a bug of jitlint's."""
    if type(error).__name__ == "ParseError":
        line, column = getattr(error, "line", 1), getattr(error, "column", 1)
        message = getattr(error, "message", str(error))
        return FileReport(
            path, findings=(own_finding(SYNTAX_ERROR, path, Span(line, column, line, column), _sentence(message)),)
        )
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({os.path.basename(last[0].filename)}:{last[0].lineno})" if last else ""
    if os.environ.get("JITLINT_TRACEBACK"):
        traceback.print_exception(error)
    return internal_error(path, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}{where}")


def internal_error(path: str, what: str) -> FileReport:
    """The report of a file that jitlint could not analyse through a fault of its own."""
    message = f"Internal error while analysing this file: {what}"
    finding = own_finding(INTERNAL_ERROR, path, Span(1, 1, 1, 1), message)
    return FileReport(path, findings=(finding,), errors=(RunError(path, message),))


def _sentence(text: str) -> str:
    text = text.strip()
    return (text[:1].upper() + text[1:]).rstrip(".") + "." if text else text


def own_finding(code: str, path: str, span: Span, message: str) -> Finding:
    """A finding about the run itself; the runner adds what the rule's file says."""
    return Finding(code, "", "error", message, "", path, span)


def failed(report: FileReport) -> bool:
    return any(finding.code in (SYNTAX_ERROR, UNREADABLE_FILE, INTERNAL_ERROR) for finding in report.findings)


def freeze() -> None:
    """Spare the garbage collector what lives as long as the process: syntax trees come and go by reference counts."""
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000_000, 20, 50)


def allow_deep_code() -> None:
    """Let recursion go deeper than Python's default."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT))
