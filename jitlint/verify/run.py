"""A whole verification: imports, units in several processes at a time, one pass per way to make an instance."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from jitlint.config import Settings
from jitlint.findings import registry
from jitlint.findings.model import Finding, Result, Verification
from jitlint.verify.errors import Rejection
from jitlint.verify.imports import Failure, Imported, Imports
from jitlint.verify.judge import Judge
from jitlint.verify.nodes import Node, NodeError, Worker, WorkerError
from jitlint.verify.plan import Texts, Work, class_key, groups_of, work_of
from jitlint.verify.unit import Outcome, build_unit, verify_unit
from jitlint.verify.verdicts import Verdicts

_MAX_HOSTS = 40  # units that are built only for what they hold, per folder
_TESTS_TIMEOUT = 30  # times the limit of a unit


@dataclass(frozen=True, slots=True)
class Options:
    """How to verify. timeout: seconds per import, construction and compilation; memory_limit: MiB per process;
    everything: units without findings, too; guess: whether to guess constructors' arguments; tests: arguments for
    pytest, to catch instances in the user's tests."""

    device: str = "cpu"
    timeout: float = 60.0
    memory_limit: int = 8192
    jobs: int = 1
    everything: bool = False
    guess: bool = True
    train: bool = False
    tests: tuple[str, ...] | None = None


def probe(worker: Worker, device: str) -> str:
    """The name of a device. Raises WorkerError where there is none, with what torch says."""
    try:
        with worker.root.fork() as node:
            found = node.call("probe", 120.0, device=device)
    except NodeError as error:
        raise WorkerError(f"the device {device} cannot be used: {error}") from None
    if not found.get("ok"):
        lines = str(found.get("text", "")).strip().splitlines()
        raise WorkerError(f"the device {device} cannot be used: {lines[0] if lines else found.get('type')}")
    return str(found["name"])


def verify(
    result: Result,
    settings: Settings,
    worker: Worker,
    options: Options,
    *,
    emit: Callable[[Finding], None] = lambda finding: None,
    progress: Callable[[int, int], None] | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> Result:
    """Put a result's findings to the compiler. emit: is given each finding with its verdict as soon as that is known;
    progress: is called with (units done, units in all); warn: with what went wrong besides. All from this thread."""
    return _Run(result, settings, worker, options, emit, progress, warn).run()


class _Run:
    def __init__(
        self,
        result: Result,
        settings: Settings,
        worker: Worker,
        options: Options,
        emit: Callable[[Finding], None],
        progress: Callable[[int, int], None] | None,
        warn: Callable[[str], None],
    ) -> None:
        self.warn = warn
        self.result, self.settings, self.worker, self.options = result, settings, worker, options
        self.texts = Texts()
        self.work = work_of(result, settings.verify, options.everything, self.texts)
        self.verdicts = Verdicts(result, self.work, emit)
        self.progress = progress
        self.done = 0
        self.compiled = 0
        self.questions = 0
        self.seconds = {"imports": 0.0, "construction": 0.0, "compilation": 0.0}
        self.stop = threading.Event()
        self.outcomes: dict[int, tuple[Outcome, dict[str, Any], Work]] = {}

    def run(self) -> Result:
        started = time.monotonic()
        self._progress()
        try:
            with ThreadPoolExecutor(max(1, self.options.jobs)) as pool:
                try:
                    for root, items in groups_of(self.work).items():
                        self._group(pool, root, items)
                except BaseException:
                    self.stop.set()
                    self.worker.close()
                    pool.shutdown(cancel_futures=True)
                    raise
        finally:
            self.stop.set()
        hello = self.worker.hello
        return self.verdicts.result(
            Verification(
                str(hello["python"]),
                str(hello["torch"]),
                self.options.device,
                compiled=self.compiled,
                questions=self.questions,
                imports=self.seconds["imports"],
                construction=self.seconds["construction"],
                compilation=self.seconds["compilation"],
                total=time.monotonic() - started,
            )
        )

    def _progress(self) -> None:
        if self.progress:
            self.progress(self.done, len(self.work))

    # --- a folder -----------------------------------------------------------------------------------------------------

    def _group(self, pool: ThreadPoolExecutor, root: str, items: Sequence[Work]) -> None:
        limited = not self.options.device.startswith("cuda")  # a GPU's driver reserves address space without end
        setup = {
            "paths": list(dict.fromkeys([root, *self.settings.source_roots])),
            "device": self.options.device,
            "train": self.options.train,
            "runs": any(item.inputs for item in self.work),
            "memory": self.options.memory_limit << 20 if limited else None,
        }
        imports = Imports(self.worker, setup, self.options.timeout, self.texts)
        tests: Node | None = None
        try:
            modules = dict.fromkeys((item.unit.module, item.unit.path) for item in items)
            imports.start(list(modules), self.stop.is_set)
            items = self._importable(imports, items)
            lacking = self._pass(pool, [(item, imports, {}) for item in items])
            lacking = self._from_holders(pool, imports, lacking, _holders(self.outcomes))
            if lacking:
                lacking = self._from_holders(pool, imports, lacking, self._other_holders(pool, imports, lacking))
            if lacking and self.options.guess:
                modules_first = [(item, imports, {"guess": True}) for item in lacking if item.unit.kind == "module"]
                others = [item for item in lacking if item.unit.kind != "module"]
                lacking = self._pass(pool, modules_first) + others
                lacking = self._from_holders(pool, imports, lacking, _holders(self.outcomes))
            if lacking and self.options.tests is not None:
                tests, caught = self._caught(setup, lacking)
                if tests is not None:
                    jobs = [(item, Imported(tests), {"caught": item.key}) for item in lacking if item.key in caught]
                    lacking = self._pass(pool, jobs) + [item for item in lacking if item.key not in caught]
            for item in lacking:
                self._final(item, self.outcomes[item.number][0])
        finally:
            self.seconds["imports"] += imports.seconds
            imports.close()
            if tests is not None:
                tests.end()

    def _importable(self, imports: Imports, items: Sequence[Work]) -> list[Work]:
        """The units whose modules can be imported; what the imports of the others say is a verdict, too."""
        self.outcomes.clear()
        kept: list[Work] = []
        stepped: dict[str, Imported | Failure] = {}
        for item in items:
            unit = item.unit
            found = imports.of(unit.module, unit.path)
            if isinstance(found, Imported):
                kept.append(item)
                continue
            others = [other for other in items if other.unit.path == unit.path]
            if unit.path not in stepped:
                stepped[unit.path] = self._step_over_import(imports, item, others, found)
            found = stepped[unit.path]
            if isinstance(found, Imported):
                kept.append(item)
                continue
            outcome = Outcome("failed", found.reason)
            if found.rejection is not None:
                met = Judge(self.result.findings, self.texts).match(found.rejection, item.findings)
                for index in met:
                    outcome.verdicts[index] = ("confirmed", "the import of the module fails with it")
                if not met and found.rejection.from_compiler and item is others[0]:
                    if not self._known(found.rejection):
                        outcome.misses.append(found.rejection)
            self._final(item, outcome)
        return kept

    def _known(self, rejection: Rejection) -> bool:
        return bool(Judge(self.result.findings, self.texts).match(rejection, range(len(self.result.findings))))

    def _step_over_import(
        self, imports: Imports, item: Work, others: Sequence[Work], failure: Failure
    ) -> Imported | Failure:
        """A module whose import the compiler stops, imported with altered text; findings met on the way are said."""
        judge = Judge(self.result.findings, self.texts)
        candidates = sorted({index for other in others for index in other.findings})
        altered = False

        def met(rejection: Rejection) -> bool:
            found = judge.match(rejection, candidates, strict=altered)
            for index in found:
                self.verdicts.say(index, "confirmed", "the import of the module fails with it")
            return bool(found)

        if failure.rejection is None or not failure.rejection.from_compiler:
            return failure
        if not met(failure.rejection) and not self._known(failure.rejection):
            outcome = Outcome("rejected", misses=[failure.rejection])
            for miss in outcome.misses:
                self.verdicts.miss(item, miss, outcome, self.texts, self._selected)
        altered = True
        return imports.step_over(item.unit.module, item.unit.path, failure, met, self.stop.is_set)

    # --- units --------------------------------------------------------------------------------------------------------

    def _pass(
        self, pool: ThreadPoolExecutor, jobs: Sequence[tuple[Work, Imports | Imported, dict[str, Any]]]
    ) -> list[Work]:
        """Verify units, several at a time. Those that no instance could be made of come back."""
        # What is inside others has fewer findings, and what is confirmed there need not be sought in the others.
        inner_first = sorted(jobs, key=lambda job: (len(job[0].findings), job[0].number))
        # The one with most to do begins at once, or it would be waited for at the end, alone.
        longest_first = [*inner_first[-1:], *inner_first[:-1]]
        futures = {pool.submit(self._unit, *job): (job[0], job[2]) for job in longest_first}
        lacking: list[Work] = []
        for future in as_completed(futures):
            work, build = futures[future]
            outcome = future.result()
            self.seconds["construction"] += outcome.construction
            self.seconds["compilation"] += outcome.compilation
            self.questions += outcome.questions
            known = self.outcomes.get(work.number)
            built = outcome.state in ("compiled", "rejected") or outcome.compilation > 0
            if not built and known is not None:
                if build.get("guess"):
                    self.outcomes[work.number] = (outcome, build, work)
                lacking.append(work)  # of the other ways, an earlier reason says more
                continue
            self.outcomes[work.number] = (outcome, build, work)
            if not built and work.unit.kind == "module" and outcome.state in ("no instance", "failed"):
                lacking.append(work)
            else:
                self._final(work, outcome)
        return sorted(lacking, key=lambda work: work.number)

    def _unit(self, work: Work, imports: Imports | Imported, build: dict[str, Any]) -> Outcome:
        """In a thread of the pool: one unit, one way to make the instance."""
        if self.stop.is_set():
            return Outcome("failed", "interrupted")
        host: _Host | None = build.get("host")
        unit = host.work.unit if host is not None else work.unit
        found = imports.of(unit.module, unit.path) if isinstance(imports, Imports) else imports
        if isinstance(found, Failure):
            return Outcome("failed", found.reason)
        with contextlib.ExitStack() as stack:
            try:
                parent = found.node if host is None else stack.enter_context(host.on(found.node))
            except NodeError as error:
                return Outcome("failed", f"constructing: {error}")
            given = (
                {"configured": work.configured, **build} if host is None else {"built": True, "inside": build["inside"]}
            )
            outcome = verify_unit(
                parent,
                work,
                self.result.findings,
                self.texts,
                timeout=self.options.timeout,
                build=given,
                overlay=found.overlay,
                stopped=self.stop.is_set,
                settled=self.verdicts.is_confirmed,
            )
        for index, (verdict, _) in list(outcome.verdicts.items()):
            if verdict == "refuted" and self._was_altered(index, found):
                outcome.verdicts[index] = ("masked", "the module's import is stopped by the compiler earlier")
        return outcome

    def _was_altered(self, index: int, found: Imported) -> bool:
        finding = self.result.findings[index]
        here = self.texts.function_at(finding.path, finding.span.line)
        return any(
            os.path.realpath(finding.path) == path and self.texts.function_at(path, first) == here
            for path, first, _ in found.steps
        )

    def _final(self, work: Work, outcome: Outcome) -> None:
        if work.inputs and not outcome.ran:
            why = outcome.reason or "the compiler rejects it"
            self.warn(f"{work.unit.qualname}: its example inputs were not run: {why}")
        self.verdicts.outcome(work, outcome, self.texts, self._selected)
        self.done += 1
        if outcome.state in ("compiled", "rejected"):
            self.compiled += 1
        self._progress()

    def _selected(self, code: str, path: str) -> bool:
        return self.settings.selects(registry.rule(code), path)

    # --- instances from elsewhere -------------------------------------------------------------------------------------

    def _from_holders(
        self, pool: ThreadPoolExecutor, imports: Imports, lacking: Sequence[Work], holders: dict[str, _Holder]
    ) -> list[Work]:
        """Units of which an instance is inside another one's."""
        jobs: list[tuple[Work, Imports | Imported, dict[str, Any]]] = []
        hosts: dict[int, _Host] = {}
        for item in lacking:
            holder = holders.get(item.key)
            if holder is not None and item.unit.kind == "module":
                host = hosts.setdefault(holder.work.number, _Host(holder.work, holder.build, self.options.timeout))
                host.users += 1
                jobs.append((item, imports, {**holder.build, "host": host, "inside": holder.path}))
        given = {job[0].number for job in jobs}
        return self._pass(pool, jobs) + [item for item in lacking if item.number not in given]

    def _other_holders(self, pool: ThreadPoolExecutor, imports: Imports, lacking: Sequence[Work]) -> dict[str, _Holder]:
        """What the instances of units without findings hold: of those in the files of the units that lack one."""
        paths = {item.unit.path for item in lacking}
        known = {item.number for item in self.work}
        others = [
            Work(number, unit, ())
            for number, unit in enumerate(self.result.units)
            if number not in known and unit.kind == "module" and unit.path in paths
        ]
        futures = {pool.submit(self._inside, imports, item): item for item in others[:_MAX_HOSTS]}
        found: dict[str, _Holder] = {}
        for future in as_completed(futures):
            seconds, classes = future.result()
            self.seconds["construction"] += seconds
            for path, key in classes:
                if path:
                    found.setdefault(key, _Holder(futures[future], {}, path))
        return found

    def _inside(self, imports: Imports, item: Work) -> tuple[float, list[tuple[str, str]]]:
        """In a thread of the pool: what an instance holds."""
        started = time.monotonic()
        unit = item.unit
        found = imports.of(unit.module, unit.path)
        if isinstance(found, Failure) or self.stop.is_set():
            return 0.0, []
        try:
            with found.node.fork() as node:
                built = build_unit(node, unit, self.options.timeout, {})
        except NodeError:
            return time.monotonic() - started, []
        classes = [(str(path), class_key(file, name)) for path, _, name, file in built.get("classes", [])]
        return time.monotonic() - started, classes

    def _caught(self, setup: dict[str, Any], lacking: Iterable[Work]) -> tuple[Node | None, set[str]]:
        """A process in which the user's tests ran, and the classes that it holds instances of."""
        wanted = [
            [item.unit.qualname, os.path.realpath(item.unit.path)] for item in lacking if item.unit.kind == "module"
        ]
        started = time.monotonic()
        node: Node | None = None
        try:
            node = self.worker.root.fork()
            node.call("setup", self.options.timeout, **setup)
            limit = self.options.timeout * _TESTS_TIMEOUT
            found = node.call("tests", limit, arguments=list(self.options.tests or ()), classes=wanted)
        except NodeError as error:
            self.warn(f"the tests: {error}")
            if node is not None:
                node.end()
            return None, set()
        finally:
            self.seconds["construction"] += time.monotonic() - started
        if not found.get("ok"):
            self.warn(f"the tests: {str(found.get('text', '')).strip()[:300]}")
            node.end()
            return None, set()
        if found["status"] not in (0, 1):
            self.warn(f"the tests: pytest ended with status {found['status']}")
        return node, set(found["caught"])


@dataclass(frozen=True, slots=True)
class _Holder:
    """A unit whose instance, built in this way, holds another class's at `path`."""

    work: Work
    build: dict[str, Any]
    path: str


class _Host:
    """An instance that others are inside of: made when the first of them is verified, ended after the last."""

    def __init__(self, work: Work, build: dict[str, Any], timeout: float) -> None:
        self.work = work
        self.users = 0
        self._build = build
        self._timeout = timeout
        self._lock = threading.Lock()
        self._node: Node | None = None
        self._error: NodeError | None = None

    @contextlib.contextmanager
    def on(self, parent: Node) -> Iterator[Node]:
        """The process that holds the instance. Raises NodeError where it cannot be made."""
        try:
            with self._lock:
                if self._node is None and self._error is None:
                    self._make(parent)
            if self._node is None:
                raise self._error or NodeError("there is no instance")
            yield self._node
        finally:
            with self._lock:
                self.users -= 1
                if not self.users and self._node is not None:
                    self._node.end()

    def _make(self, parent: Node) -> None:
        node = parent.fork()
        try:
            more = {"configured": self.work.configured, **self._build}
            built = build_unit(node, self.work.unit, self._timeout, more)
            if not built.get("ok"):
                raise NodeError(str(built.get("no_instance") or built.get("text", "")).strip()[:300])
            self._node = node
        except NodeError as error:
            node.end()
            self._error = error


def _holders(outcomes: dict[int, tuple[Outcome, dict[str, Any], Work]]) -> dict[str, _Holder]:
    """Where instances of classes are inside those that were built; surer ones first."""
    found: dict[str, _Holder] = {}
    for outcome, build, work in sorted(outcomes.values(), key=lambda one: one[0].guessed):
        if "host" in build or "caught" in build:
            continue
        for path, key in outcome.classes:
            if path:
                found.setdefault(key, _Holder(work, build, path))
    return found
