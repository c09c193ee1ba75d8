"""A run: discover, analyse each file (or recall its result), merge, select, suppress.

`check` is the Python interface; the command line, the language server and `verify` are its clients.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from jitlint.cache import Cache, Record
from jitlint.config import Configuration, Settings
from jitlint.environment import package_root, site_packages, torch_version
from jitlint.findings import registry
from jitlint.findings.model import FileReport, Finding, Result, RunError, Unit
from jitlint.source import discovery, suppressions
from jitlint.source.problem import Span
from jitlint.source.suppressions import Suppression
from jitlint.source.text import SourceError, decode, read_source
from jitlint.worker import (
    MALFORMED_SUPPRESSION,
    UNRESOLVED_ENTRY_POINT,
    UNUSED_SUPPRESSION,
    Analyst,
    Task,
    allow_deep_code,
    failed,
    freeze,
    own_finding,
)

if TYPE_CHECKING:
    from jitlint.pool import Pool

CACHE_FOLDER = ".jitlint_cache"
_FILES_PER_WORKER = 24  # below this many, a second process costs more than it brings


@dataclass(slots=True)
class _Group:
    """The files that share settings."""

    settings: Settings
    task: Task
    files: list[str]
    cache: Keeper


class Keeper(Protocol):
    """Keeps the records of files; `get` gives one that still holds."""

    def get(self, path: str) -> Record | None: ...

    def put(self, path: str, record: Record) -> None: ...

    def save(self) -> None: ...


class _Layers:
    """Records kept in several places; what one has, those before it get, too, and those behind it."""

    def __init__(self, layers: Sequence[Keeper]) -> None:
        self._layers = layers

    def get(self, path: str) -> Record | None:
        for layer in self._layers:
            record = layer.get(path)
            if record is not None:
                for other in self._layers:
                    if other is not layer:
                        other.put(path, record)
                return record
        return None

    def put(self, path: str, record: Record) -> None:
        for layer in self._layers:
            layer.put(path, record)

    def save(self) -> None:
        for layer in self._layers:
            layer.save()


class Memory(Protocol):
    """What a long-lived process keeps: records by task, and whatever spares the next analyst work. pool: processes that
    go on, too; None where those that are needed end with the check."""

    @property
    def pool(self) -> Pool | None: ...

    def tops(self, tops: tuple[str, ...]) -> tuple[str, ...]:
        """The folders above the packages of what is checked, of which these are named now."""
        ...

    def records(self, task: Task) -> Keeper: ...

    def analyst(self, overlay: Mapping[str, bytes]) -> Analyst: ...


def check(
    paths: Sequence[str | os.PathLike[str]] = (".",),
    config: Settings | Configuration | None = None,
    *,
    jobs: int = 1,
    use_cache: bool = False,
    cache_dir: str | None = None,
    overlay: Mapping[str, str | bytes] | None = None,
    progress: Callable[[int, int], None] | None = None,
    fixes: bool = False,
    environment: Sequence[str] | None = None,
    memory: Memory | None = None,
) -> Result:
    """Check files and folders; nothing of theirs is executed.

    config: settings for all files, or where to look for them; the default looks beside each file.
    jobs: processes to use; 0 for as many as there are cores.
    use_cache, cache_dir: whether to keep results on disk, and where (the default: ``.jitlint_cache`` of the project).
    overlay: texts by path, to be taken for what the files contain (an editor's unsaved buffers, standard input).
    progress: is called with (files done, files in all).
    fixes: whether findings carry their fix. It costs time for files with findings, and more memory.
    environment: the folders of installed packages, where they are not to be looked for.
    memory: what a long-lived process keeps from one check to the next.

    Findings and units come sorted by path, line and column; paths are absolute. Raises ConfigError.
    """
    return _Run(config, jobs, use_cache, cache_dir, overlay or {}, progress, fixes, environment, memory).run(
        [os.fspath(path) for path in paths]
    )


def check_stdin(
    data: bytes, filename: str, config: Settings | Configuration | None = None, *, fixes: bool = False
) -> Result:
    """Check what came on standard input, as if it were the content of `filename` (which need not exist)."""
    path = os.path.abspath(filename)
    return check([path], config, overlay={path: data}, fixes=fixes)


def files_to_check(paths: Sequence[str], config: Configuration | None = None) -> discovery.Discovered:
    """The files that `check` would look at, for ``--show-files``."""
    configuration = config or Configuration()
    return discovery.discover(paths, lambda folder: configuration.for_folder(folder).filter)


def task_for(
    settings: Settings, tops: Sequence[str], environment: Sequence[str] | None = None, fixes: bool = False
) -> Task:
    """What the files that `settings` hold for are analysed with. tops: folders above the packages of what is checked.
    environment: folders of installed packages; None to look for them."""
    installed = site_packages(settings.root) if environment is None else tuple(environment)
    return Task(
        tuple(dict.fromkeys((*settings.source_roots, *tops))),
        installed,
        torch_version(settings.torch_version, settings.root, installed),
        settings.scope,
        settings.script_calls,
        settings.entry_points,
        settings.python_version,
        fixes,
    )


class _Run:
    def __init__(
        self,
        config: Settings | Configuration | None,
        jobs: int,
        use_cache: bool,
        cache_dir: str | None,
        overlay: Mapping[str, str | bytes],
        progress: Callable[[int, int], None] | None,
        fixes: bool,
        environment: Sequence[str] | None = None,
        memory: Memory | None = None,
    ) -> None:
        if isinstance(config, Settings):
            fixed = config if config.root else replace(config, root=os.getcwd())
            self._settings_of: Callable[[str], Settings] = lambda folder: fixed
        else:
            self._settings_of = (config or Configuration()).for_folder
        self._jobs = jobs or os.cpu_count() or 1
        self._use_cache = use_cache
        self._cache_dir = cache_dir
        self._overlay = {
            os.path.abspath(path): text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            for path, text in overlay.items()
        }
        self._progress = progress
        self._fixes = fixes
        self._environment = tuple(environment) if environment is not None else None
        self._memory = memory
        self._suppressions: dict[str, tuple[Suppression, ...]] = {}

    def run(self, paths: Sequence[str]) -> Result:
        on_disk = [path for path in paths if os.path.abspath(path) not in self._overlay]
        found = discovery.discover(on_disk, lambda folder: self._settings_of(folder).filter)
        for path in map(os.path.abspath, paths):
            if path in self._overlay and path not in found.files and self._wanted(path):
                found.files.append(path)
                found.explicit.add(path)
        groups = self._groups(found.files, paths)
        total = len(found.files)
        done = 0
        records: dict[str, Record] = {}
        waiting: list[tuple[Task, list[str]]] = []
        for group in groups:
            missed = []
            for path in group.files:
                record = group.cache.get(path)
                if record is None:
                    missed.append(path)
                else:
                    records[path] = record
            done += len(group.files) - len(missed)
            waiting.append((group.task, missed))
        if self._progress:
            self._progress(done, total)
        for record in analyse(waiting, self._jobs, self._overlay, self._memory):
            records[record[0].path] = record
            done += 1
            if self._progress:
                self._progress(done, total)
        for group, (_, missed) in zip(groups, waiting, strict=True):
            for path in missed:
                if not failed(records[path][0]):
                    group.cache.put(path, records[path])
            group.cache.save()
        errors = [RunError(path, "no such file or directory") for path in found.missing]
        return self._merge(groups, records, errors, found.explicit)

    def _wanted(self, path: str) -> bool:
        rules = self._settings_of(os.path.dirname(path)).filter
        return not (rules.force_exclude and discovery.is_excluded(path, rules))

    def _groups(self, files: Sequence[str], named: Sequence[str]) -> list[_Group]:
        by_settings: dict[int, tuple[Settings, list[str]]] = {}
        settings: Settings | None = None
        folder = ""
        for path in files:
            if settings is None or os.path.dirname(path) != folder:
                folder = os.path.dirname(path)
                settings = self._settings_of(folder)
            by_settings.setdefault(id(settings), (settings, []))[1].append(path)
        tops = tuple(dict.fromkeys(package_root(os.path.abspath(path)) for path in named))
        if self._memory is not None:
            tops = self._memory.tops(tops)
        groups = []
        for settings, below in by_settings.values():
            task = task_for(settings, tops, self._environment, self._fixes)
            cache_folder = self._cache_dir or os.path.join(settings.root, CACHE_FOLDER)
            key = [getattr(task, name) for name in Task.__slots__]
            layers: list[Keeper] = [self._memory.records(task)] if self._memory is not None else []
            if self._use_cache and not self._overlay:  # what is on disk rests on the files
                layers.append(Cache(cache_folder, key))
            groups.append(_Group(settings, task, below, _Layers(layers)))
        return groups

    # --- merging ------------------------------------------------------------------------------------------------------

    def _merge(
        self, groups: list[_Group], records: Mapping[str, Record], errors: list[RunError], explicit: set[str]
    ) -> Result:
        for path, (_, comments) in records.items():
            self._suppressions[path] = comments
        reports = [records[path][0] for group in groups for path in group.files]
        findings, remap = _joined(reports)
        findings += self._entry_point_findings(groups, reports)
        errors += [error for report in reports for error in report.errors]
        used: set[tuple[str, int]] = set()
        kept: list[Finding | None] = [self._kept(finding, used) for finding in findings]
        suppressed = sum(
            1 for finding, now in zip(findings, kept, strict=True) if now is None and self._selects(finding)
        )
        units = [unit for report in reports for unit in report.units]
        kept += [self._kept(finding, used) for finding in self._comment_findings(records, used, explicit, units)]

        order = sorted((i for i, finding in enumerate(kept) if finding is not None), key=lambda i: _place(kept[i]))
        position = {old: new for new, old in enumerate(order)}
        merged: dict[tuple[str, str, int], Unit] = {}
        for report, numbers in zip(reports, remap, strict=True):
            for unit in report.units:
                indexes = sorted({position[numbers[i]] for i in unit.findings if numbers[i] in position})
                merged.setdefault((unit.path, unit.qualname, unit.line), replace(unit, findings=tuple(indexes)))
        versions = dict.fromkeys(group.task.torch_version for group in groups)
        return Result(
            units=tuple(sorted(merged.values(), key=lambda unit: (unit.path, unit.line, unit.qualname))),
            findings=tuple(finding for i in order if (finding := kept[i]) is not None),
            errors=tuple(dict.fromkeys(errors)),
            files=len(reports),
            torch_version=", ".join(versions) or torch_version("", os.getcwd(), site_packages(os.getcwd())),
            suppressed=suppressed,
            dependencies={report.path: report.dependencies for report in reports},
        )

    def _selects(self, finding: Finding) -> bool:
        settings = self._settings_of(os.path.dirname(finding.path))
        return settings.selects(registry.rule(finding.code), finding.path)

    def _kept(self, finding: Finding, used: set[tuple[str, int]]) -> Finding | None:
        """The finding with what its rule says of it; None where it is not selected or a comment silences it."""
        if not self._selects(finding):
            return None
        rule = registry.rule(finding.code)
        if finding.code != UNUSED_SUPPRESSION:
            silenced = False
            for number, comment in enumerate(self._comments(finding.path)):
                if comment.kind == "skip-file":
                    return None
                first, last = comment.covers
                if comment.kind not in ("ignore", "noqa") or not comment.silences(rule.code, rule.name):
                    continue
                if first <= finding.span.line <= last or last == finding.span.end_line:
                    used.add((finding.path, number))
                    silenced = True
            if silenced:
                return None
        return replace(
            finding,
            name=rule.name,
            severity=finding.severity if finding.condition else rule.severity,
            help=finding.help or rule.help,
            url=registry.rule_url(rule.code),
        )

    def _comments(self, path: str) -> tuple[Suppression, ...]:
        found = self._suppressions.get(path)
        if found is None:
            try:
                found = suppressions.scan(read_source(path))
            except SourceError:
                found = ()
            self._suppressions[path] = found
        return found

    def _comment_findings(
        self, records: Mapping[str, Record], used: set[tuple[str, int]], explicit: set[str], units: Sequence[Unit]
    ) -> Iterable[Finding]:
        """Suppressions that silenced nothing, or that cannot be understood."""
        unchecked = {path for path, (report, _) in records.items() if failed(report)}
        for path, (_, comments) in records.items():
            if not comments or suppressions.skips_file(comments) or path in unchecked:
                continue
            for number, comment in enumerate(comments):
                span = Span(comment.line, comment.column, comment.line, comment.end_column)
                if comment.kind == "malformed":
                    yield own_finding(
                        MALFORMED_SUPPRESSION, path, span, "This comment is not one that jitlint understands."
                    )
                elif (path, number) not in used and _is_ours(comment):
                    if path in explicit and not self._was_analysed(path, comment.line, units):
                        continue
                    named = ", ".join(comment.codes) or "anything"
                    yield own_finding(
                        UNUSED_SUPPRESSION, path, span, f"Unused suppression: nothing here reports {named}."
                    )

    def _was_analysed(self, path: str, line: int, units: Sequence[Unit]) -> bool:
        """Whether a line of a file that was named by itself was compiled for a unit in it, or stands in no function.
        The function around it may be reached from a file that this run did not look at."""
        import ast

        try:
            data = self._overlay.get(path)
            tree = ast.parse((read_source(path) if data is None else decode(data, path)).text)
        except (SourceError, SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        starts = {unit.line for unit in units if unit.path == path}
        inside = False
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                last = node.end_lineno or node.lineno
                if first <= line <= last:
                    if any(first <= start <= node.body[0].lineno for start in starts):
                        return True
                    inside = inside or not isinstance(node, ast.ClassDef)
        return not inside

    def _entry_point_findings(self, groups: Iterable[_Group], reports: Sequence[FileReport]) -> list[Finding]:
        """Configured entry points (``module:qualname``) that are nowhere to be found."""
        known = {report.path for report in reports}
        units = {(unit.path, unit.qualname) for report in reports for unit in report.units}
        found: dict[str, Finding] = {}
        for group in groups:
            for entry in group.task.entry_points:
                module, _, qualname = entry.partition(":")
                files = _module_files(module, (*group.task.roots, *group.task.environment))
                if not files:
                    message = (
                        f"The entry point {entry} cannot be found: there is no module {module} below the source roots."
                    )
                elif any(path not in known for path in files) or any(
                    path == where and (qualname == name or qualname.startswith(name + "."))
                    for where, name in units
                    for path in files
                ):
                    continue
                else:
                    message = (
                        f"The entry point {entry} cannot be found: {module} has no {qualname} that can be compiled."
                    )
                where, line = self._where_configured(group.settings)
                found[entry] = own_finding(UNRESOLVED_ENTRY_POINT, where, Span(line, 1, line, 1), message)
        return list(found.values())

    def _where_configured(self, settings: Settings) -> tuple[str, int]:
        from jitlint.config import line_of

        if settings.config_file is None:
            return settings.root, 1
        return settings.config_file, line_of(settings.config_file, "entry-points")


def _is_ours(comment: Suppression) -> bool:
    """Whether jitlint answers for it: a ``noqa`` for other tools' codes, or for everything, is none of its business."""
    if comment.kind == "ignore":
        return True
    return comment.kind == "noqa" and bool(comment.codes) and all(code.startswith("JIT") for code in comment.codes)


def _module_files(module: str, roots: Iterable[str]) -> list[str]:
    inner = module.replace(".", os.sep)
    for root in roots:
        for tail in (os.path.join(inner, "__init__.py"), inner + ".py"):
            path = os.path.join(root, tail)
            if os.path.isfile(path):
                return [path]
    return []


def _joined(reports: Sequence[FileReport]) -> tuple[list[Finding], list[list[int]]]:
    """All findings, each place and rule once, and for each report where its findings went.

    Of several chains to one place the shortest is kept, and one without a condition before one with.
    """
    findings: list[Finding] = []
    places: dict[tuple[str, str, Span], int] = {}
    remap: list[list[int]] = []
    for report in reports:
        numbers = []
        for finding in report.findings:
            key = (finding.path, finding.code, finding.span)
            number = places.get(key)
            if number is None:
                number = places[key] = len(findings)
                findings.append(finding)
            else:
                other = findings[number]
                if (finding.condition is not None, len(finding.chain)) < (
                    other.condition is not None,
                    len(other.chain),
                ):
                    findings[number] = finding
            numbers.append(number)
        remap.append(numbers)
    return findings, remap


def _place(finding: Finding | None) -> tuple[str, int, int, str]:
    assert finding is not None
    return finding.path, finding.span.line, finding.span.column, finding.code


# --- all files --------------------------------------------------------------------------------------------------------


def analyse(
    work: Sequence[tuple[Task, list[str]]], jobs: int, overlay: Mapping[str, bytes], memory: Memory | None = None
) -> Iterable[Record]:
    """The records of all files, as they come. Several processes only where there is enough to do."""
    total = sum(len(files) for _, files in work)
    kept = memory.pool if memory is not None else None
    workers = min(jobs, total if kept is not None and kept.is_running else total // _FILES_PER_WORKER)
    if workers > 1:
        from jitlint.pool import Pool

        pool = kept or Pool()
        try:
            yield from pool.analyse(work, workers, overlay)
        finally:
            if pool is not kept:
                pool.close()
        return
    if memory is not None:
        analyst = memory.analyst(overlay)
    else:
        analyst = Analyst(overlay)
        if total > _FILES_PER_WORKER:
            freeze()
        allow_deep_code()
    for task, files in work:
        for path in files:
            yield analyst.record(task, path)
