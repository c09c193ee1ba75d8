"""The analysis behind the server: checks open files, or all of a workspace, and types their expressions.

Everything here runs in one thread, one thing after the other; what it returns is not changed afterwards.
"""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from jitlint.analysis import Session
from jitlint.config import FILE_NAMES, ConfigError, Configuration
from jitlint.environment import package_root
from jitlint.findings import registry
from jitlint.findings.model import FileReport, Finding, Result
from jitlint.fixes import fix_for
from jitlint.lsp.documents import Buffer, opened, shift, shifted
from jitlint.lsp.memory import Memory, Stamp
from jitlint.records import stamp_on_disk
from jitlint.reveal import Typed, typed_functions
from jitlint.runner import check, task_for
from jitlint.source.discovery import is_excluded
from jitlint.source.parse import ParseError
from jitlint.source.problem import Span
from jitlint.source.text import SourceError, SourceFile, read_source
from jitlint.worker import (
    SYNTAX_ERROR,
    UNREADABLE_FILE,
    Interrupted,
    after_exception,
    allow_deep_code,
    new_session,
    own_finding,
)


def never() -> bool:
    """A check that is wanted whatever happens."""
    return False


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown of a file: its lines, its findings in these lines, and whether they are of an older text (`stale`)."""

    path: str
    lines: Sequence[str]
    findings: tuple[Finding, ...]
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check: a page for every open file, every other that has findings, and those that chains lead through.
    `problem` says, in a line, what is wrong with the configuration."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    problem: str = ""


class Engine:
    """folders: the workspace's, absolute."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = tuple(folders)
        self._memory = Memory()
        self._buffers: dict[str, Buffer] = {}
        self._configuration = Configuration()
        self._configuration_stamp: tuple[Stamp, ...] = ()
        self._types: dict[str, _Types] = {}
        allow_deep_code()

    # --- checking -----------------------------------------------------------------------------------------------------

    def check(
        self,
        texts: Mapping[str, str],
        configuration: str = "",
        everything: bool = False,
        stop: Callable[[], bool] = never,
    ) -> Checked:
        """Check the open files, whose texts these are, or `everything` in the workspace's folders.

        configuration: a file that holds for all. stop: says whether the answer is not wanted any more; then the check
        ends with Interrupted.
        """
        overlay = self._start(texts, stop)
        problem = self._configure(configuration, texts)
        paths = [path for path in texts if self._is_wanted(path)]
        named = [*paths, *(self.folders if everything else ())]
        result = self._result(named, overlay, fixes=False) if named else Result()
        if stop():
            raise Interrupted
        by_path: dict[str, list[Finding]] = {path: [] for path in texts}
        for finding in result.findings:
            by_path.setdefault(finding.path, []).append(finding)
            for frame in finding.chain:
                by_path.setdefault(frame.path, [])
        return Checked({path: self._page(path, found, path in paths) for path, found in by_path.items()}, problem)

    def fixed(self, texts: Mapping[str, str], configuration: str, path: str) -> tuple[str, str] | None:
        """A file's text before and after all its safe fixes; None where it has none."""
        from jitlint.fixes.apply import repair
        from jitlint.source.text import decode

        overlay = self._start(texts, never)
        self._configure(configuration, texts)
        buffer = self._buffers.get(path)
        if buffer is None or buffer.error is not None or not self._is_wanted(path):
            return None

        def again(some: Sequence[str], now: Mapping[str, bytes]) -> Result:
            self._memory.start(now, never, {})
            return self._result(list(some), now, fixes=True)

        work = repair(again, [path], overlay, unsafe=False)
        if path not in work.after:
            return None
        return decode(work.before[path], path).text, decode(work.after[path], path).text

    def _start(self, texts: Mapping[str, str], stop: Callable[[], bool]) -> dict[str, bytes]:
        self._buffers = {path: opened(path, text, self._buffers.get(path)) for path, text in texts.items()}
        overlay = {path: buffer.checked for path, buffer in self._buffers.items()}
        trees: dict[str, tuple[SourceFile, ast.Module]] = {}
        for path, buffer in self._buffers.items():
            if buffer.source is not None and buffer.tree is not None:
                trees[path] = (buffer.source, buffer.tree)
        self._memory.start(overlay, stop, trees)
        return overlay

    def _result(self, named: list[str], overlay: Mapping[str, bytes], fixes: bool) -> Result:
        try:
            return check(named, self._configuration, overlay=overlay, fixes=fixes, memory=self._memory)
        finally:
            self._memory.finish()

    def _configure(self, file: str, texts: Mapping[str, str]) -> str:
        """Reads the configuration anew where a file of it changed. Returns what is wrong with it: then what was right
        before holds, or the defaults."""
        folders = dict.fromkeys((*self.folders, *map(os.path.dirname, texts)))
        stamps = tuple(stamp_on_disk(path) for path in _configuration_files(file, folders))
        wanted = Configuration(file or None, working_directory=self.folders[0] if self.folders else os.getcwd())
        if stamps == self._configuration_stamp and self._configuration.file == wanted.file:
            return ""
        try:
            for folder in folders:
                wanted.for_folder(folder)
        except ConfigError as error:
            return str(error)
        self._configuration, self._configuration_stamp = wanted, stamps
        self._memory.forget()
        self._types.clear()
        return ""

    def _is_wanted(self, path: str) -> bool:
        """Whether an open file would be checked in a run over its folder."""
        try:
            return not is_excluded(path, self._configuration.for_folder(os.path.dirname(path)).filter)
        except ConfigError:
            return True

    def _page(self, path: str, findings: list[Finding], wanted: bool) -> Page:
        buffer = self._buffers.get(path)
        if buffer is None:
            return Page(path, self._lines_on_disk(path), tuple(findings))
        if not wanted or buffer.error is None or not buffer.stale or buffer.source is None:
            return Page(path, buffer.lines, tuple(findings))
        lines = buffer.lines
        kept = [*_error_finding(path, buffer.error), *shifted(findings, shift(buffer.source.lines, lines))]
        return Page(path, lines, tuple(sorted(kept, key=lambda one: (one.span.line, one.span.column))), stale=True)

    def _lines_on_disk(self, path: str) -> Sequence[str]:
        try:
            return read_source(path).lines
        except SourceError:
            return []

    # --- types and fixes ----------------------------------------------------------------------------------------------

    def types(self, texts: Mapping[str, str], configuration: str, path: str) -> tuple[Buffer, list[Typed]] | None:
        """The typed functions of an open file, of its last text that parses; None where there is none."""
        known = self._typed(texts, configuration, path)
        return (self._buffers[path], known.functions) if known is not None else None

    def fixes(
        self, texts: Mapping[str, str], configuration: str, path: str, findings: Sequence[Finding]
    ) -> tuple[list[Finding], dict[str, Sequence[str]]]:
        """Some findings of an open file, with their fixes; and the lines of the files that these change."""
        known = self._typed(texts, configuration, path)
        buffer = self._buffers.get(path)
        if known is None or buffer is None or buffer.stale:
            return list(findings), {}
        session = known.session
        reports = [session.check_file(path)]
        fixed = []
        for finding in findings:
            same = _same(finding, reports)
            if same is None and finding.chain:  # found on the way from another file
                with contextlib.suppress(SourceError, ParseError):
                    reports.append(session.check_file(finding.chain[0].path))
                same = _same(finding, reports)
            fixed.append(replace(finding, fix=fix_for(session, same)) if same is not None else finding)
        paths = {edit.path for one in fixed if one.fix is not None for edit in one.fix.edits}
        return fixed, {one: session.project.index_file(one).lines for one in paths}

    def _typed(self, texts: Mapping[str, str], configuration: str, path: str) -> _Types | None:
        self._start(texts, never)
        self._configure(configuration, texts)
        buffer = self._buffers.get(path)
        if buffer is None or buffer.source is None or not self._is_wanted(path):
            return None
        known = self._types.get(path)
        if known is not None and all(self._memory.stamp(one) == stamp for one, stamp in known.stamps.items()):
            return known
        settings = self._configuration.for_folder(os.path.dirname(path))
        task = replace(task_for(settings, (package_root(path),)), fixes=True)
        sources = {
            one: kept.source.text if kept.source is not None else kept.text for one, kept in self._buffers.items()
        }
        session = new_session(task, sources)
        session.compiler.sparing = False
        self._memory.prepare(task, session)
        try:
            session.project.start_recording()
            functions = typed_functions(session, path)
        except (SourceError, ParseError):
            return None
        finally:
            self._memory.finish()
        stamps = {one: self._memory.stamp(one) for one in (path, *session.project.dependencies)}
        self._types = {one: kept for one, kept in self._types.items() if one in texts}
        self._types[path] = _Types(session, stamps, functions)
        return self._types[path]


@dataclass(frozen=True, slots=True)
class _Types:
    """A session that has typed a file, which holds while the stamps of what it read are the same."""

    session: Session
    stamps: Mapping[str, Stamp]
    functions: list[Typed]


def _same(finding: Finding, reports: Sequence[FileReport]) -> Finding | None:
    """A finding as a session reported it: with what its fixers want to know."""
    for report in reports:
        for one in report.findings:
            if (one.code, one.path, one.span) == (finding.code, finding.path, finding.span):
                return one
    return None


def _configuration_files(file: str, folders: Sequence[str] | Mapping[str, None]) -> list[str]:
    """Every file that may configure some folders."""
    found = dict.fromkeys([file] if file else [])
    for folder in folders:
        while True:
            found.update(dict.fromkeys(os.path.join(folder, name) for name in FILE_NAMES))
            parent = os.path.dirname(folder)
            if parent == folder:
                break
            folder = parent
    return list(found)


def _error_finding(path: str, error: ParseError | SourceError) -> list[Finding]:
    """What `check` says of a text that cannot be parsed."""
    if isinstance(error, SourceError):
        span = Span(error.line, 1, error.line, 1)
        found = [own_finding(UNREADABLE_FILE, path, span, error.message)]
    else:
        found = list(after_exception(path, error).findings)
    rule = registry.rule(SYNTAX_ERROR if isinstance(error, ParseError) else UNREADABLE_FILE)
    return [
        replace(one, name=rule.name, severity=rule.severity, help=rule.help, url=registry.rule_url(rule.code))
        for one in found
    ]
