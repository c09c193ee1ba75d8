"""The cache of results: one file per kind of run, a line per checked file.

A record holds for as long as the file, everything its result depends on, the settings that matter, and jitlint itself
are unchanged. Contents are compared by digest; a file whose size and times (of its content and of its inode, which
nothing can set back) are as recorded is taken to be unchanged, except where it changed so shortly before the record was
written that a second change could hide behind the same time.

Records are JSON: reading a cache that somebody else wrote executes nothing, and a broken line is a miss.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from jitlint.findings.model import Edit, FileReport, Finding, Fix, Frame, RunError, Unit, UnknownReason
from jitlint.source.problem import Span
from jitlint.source.suppressions import Suppression
from jitlint.source.text import digest
from jitlint.version import __version__

FORMAT = 1
_RACY_NANOSECONDS = 2_000_000_000
_CLOCK_NANOSECONDS = 5_000_000
_KEPT_FILES = 24

Record = tuple[FileReport, tuple[Suppression, ...]]


class Cache:
    """The records of one kind of run. Without a folder, or with one that cannot be written, it remembers nothing."""

    def __init__(self, folder: str | None, key: Sequence[object]) -> None:
        self._folder = folder
        name = blake2b(json.dumps([FORMAT, fingerprint(), *key]).encode(), digest_size=12).hexdigest()
        self._path = os.path.join(folder, name + ".jsonl") if folder else ""
        self._paths: list[str] = []
        self._lines: dict[str, str] = {}
        self._known: dict[str, tuple[int, int, int, str]] = {}  # path -> times of change, size, digest
        self._now: dict[str, str] = {}  # path -> digest, as found in this run
        self._started = time.time_ns()
        self._written_at = 0
        self._changed = False
        self._moving: set[str] = set()  # files that changed while this run was reading them
        if self._path:
            self._load()
        self._numbers = {known: number for number, known in enumerate(self._paths)}

    def _load(self) -> None:
        try:
            self._written_at = os.stat(self._path).st_mtime_ns
            with open(self._path, encoding="utf-8", newline="\n") as file:
                lines = file.read().split("\n")
            if lines[-1] != _seal(lines[:-1]):
                raise ValueError("cut short or damaged")
            head = json.loads(lines[0])
            self._paths = [str(path) for path in head["paths"]]
            for path, known in zip(self._paths, head["known"], strict=True):
                if known is not None:
                    modified, changed, size, content = known
                    self._known[path] = (int(modified), int(changed), int(size), str(content))
            for line in lines[1:-1]:
                number, _, record = line.partition(" ")
                self._lines[self._paths[int(number)]] = record
        except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
            self._paths, self._lines, self._known = [], {}, {}

    def get(self, path: str) -> Record | None:
        """The record of a file, if it still holds."""
        line = self._lines.get(path)
        if line is None:
            return None
        try:
            dependencies, joint, record = json.loads(line)
            if joint != self._joint([path, *(self._paths[number] for number in dependencies)]):
                return None
            return _record_from(record, path, [self._paths[number] for number in dependencies])
        except (ValueError, TypeError, IndexError, KeyError, RecursionError):
            return None

    def put(self, path: str, record: Record) -> None:
        """Remember what was found."""
        if not self._path:
            return
        report, suppressions = record
        dependencies = sorted({dependency for dependency in report.dependencies if dependency != path})
        numbers = [self._number(dependency) for dependency in dependencies]
        self._number(path)
        body = [numbers, self._joint([path, *dependencies]), _record_to(report, suppressions)]
        if not self._moving.isdisjoint((path, *dependencies)):
            return
        self._lines[path] = json.dumps(body, separators=(",", ":"))
        self._changed = True

    def save(self) -> None:
        """Write the file, all of it or nothing. A folder that cannot be written is no reason to fail."""
        if not self._path or not self._folder or not self._changed:
            return
        known = [self._known.get(path) for path in self._paths]
        head = json.dumps({"paths": self._paths, "known": known}, separators=(",", ":"))
        records = [f"{self._numbers[path]} {line}" for path, line in self._lines.items()]
        try:
            os.makedirs(self._folder, exist_ok=True)
            ignore = os.path.join(self._folder, ".gitignore")
            if not os.path.exists(ignore):
                with open(ignore, "w", encoding="utf-8") as file:
                    file.write("# Made by jitlint.\n*\n")
            handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                    file.write("\n".join([head, *records, _seal([head, *records])]))
                os.replace(temporary, self._path)
            except BaseException:
                os.unlink(temporary)
                raise
            self._sweep()
        except (OSError, UnicodeError):
            return

    def _sweep(self) -> None:
        """Drop the oldest files: each version and each set of settings leaves one behind."""
        assert self._folder is not None
        with os.scandir(self._folder) as entries:
            files = sorted(
                ((entry.stat().st_mtime, entry.path) for entry in entries if entry.name.endswith(".jsonl")),
                reverse=True,
            )
        for _, path in files[_KEPT_FILES:]:
            os.unlink(path)

    def _number(self, path: str) -> int:
        number = self._numbers.get(path)
        if number is None:
            number = self._numbers[path] = len(self._paths)
            self._paths.append(path)
        return number

    def _joint(self, paths: list[str]) -> str:
        return digest("".join([self._digest(path) for path in paths]).encode())

    def _digest(self, path: str) -> str:
        found = self._now.get(path)
        if found is None:
            found = self._now[path] = self._look(path)
        return found

    def _look(self, path: str) -> str:
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            self._known.pop(path, None)
            return "-"
        if not stat.S_ISREG(status.st_mode):
            self._known.pop(path, None)
            return "d" if stat.S_ISDIR(status.st_mode) else "?"
        known = self._known.get(path)
        if (
            known is not None
            and known[:3] == (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            and status.st_ctime_ns < self._written_at - _RACY_NANOSECONDS
        ):
            return known[3]
        try:
            with open(path, "rb") as file:
                content = digest(file.read())
        except OSError:
            self._known.pop(path, None)
            return "?"
        if status.st_ctime_ns > self._started - _CLOCK_NANOSECONDS:
            self._moving.add(path)
        found = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, content)
        if known != found:
            self._known[path] = found
        return content


def _seal(lines: list[str]) -> str:
    """The last line: a digest of all others, so that a damaged cache is an empty one."""
    return digest("\n".join(lines).encode("utf-8", "surrogatepass"))


def fingerprint() -> str:
    """What of jitlint itself a result depends on: its version, and in a checkout the state of its files."""
    parts = [__version__, "{}.{}".format(*sys.version_info)]
    package = os.path.dirname(os.path.abspath(__file__))
    waiting = [package]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif not entry.name.endswith((".pyc", ".md")):
                    status = entry.stat()
                    parts.append(f"{entry.name} {status.st_mtime_ns} {status.st_size}")
    return digest("\n".join(sorted(parts)).encode())


# --- records as JSON --------------------------------------------------------------------------------------------------


def _span_to(span: Span) -> list[int]:
    return [span.line, span.column, span.end_line, span.end_column]


def _record_to(report: FileReport, suppressions: tuple[Suppression, ...]) -> list[Any]:
    units = [
        [
            u.qualname,
            u.module,
            u.kind,
            u.path,
            u.line,
            u.verdict,
            [[r.reason, r.path, r.line] for r in u.unknown],
            u.findings,
        ]
        for u in report.units
    ]
    findings = [
        [
            f.code, f.name, f.severity, f.message, f.torch_message, f.path, _span_to(f.span), f.help,
            [[c.path, c.line, c.qualname] for c in f.chain], f.condition,
            None if f.fix is None else [
                f.fix.applicability, f.fix.description, [[e.path, _span_to(e.span), e.content] for e in f.fix.edits]
            ],
        ]
        for f in report.findings
    ]  # fmt: skip
    errors = [[e.path, e.message] for e in report.errors]
    comments = [[s.kind, s.line, s.column, s.end_column, s.covers, s.codes] for s in suppressions]
    return [units, findings, errors, comments]


def _record_from(record: list[Any], path: str, dependencies: list[str]) -> Record:
    from jitlint.findings.registry import rule_url

    units, findings, errors, comments = record
    report = FileReport(
        path,
        tuple(
            Unit(name, module, kind, at, line, verdict, tuple(UnknownReason(*why) for why in unknown), tuple(indexes))
            for name, module, kind, at, line, verdict, unknown, indexes in units
        ),
        tuple(
            Finding(
                code, name, severity, message, torch_message, at, Span(*span), help_, rule_url(code),
                tuple(Frame(*frame) for frame in chain), condition, None if fix is None else _fix_from(fix),
            )
            for code, name, severity, message, torch_message, at, span, help_, chain, condition, fix in findings
        ),
        tuple(RunError(*error) for error in errors),
        tuple(dependencies),
    )  # fmt: skip
    suppressions = tuple(
        Suppression(kind, line, column, end, (covers[0], covers[1]), tuple(codes))
        for kind, line, column, end, covers, codes in comments
    )
    return report, suppressions


def _fix_from(fix: list[Any]) -> Fix:
    applicability, description, edits = fix
    return Fix(applicability, description, tuple(Edit(path, Span(*span), content) for path, span, content in edits))
