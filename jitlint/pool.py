"""The analysis in several processes, each with a session of its own; the death of one costs one file."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from jitlint.cache import Record
from jitlint.worker import Analyst, Task, allow_deep_code, freeze, internal_error

_analyst: Analyst | None = None  # of a worker process
_begun_with: dict[str, bytes] = {}  # the texts that the process was started with
_version = 0  # of the texts that its analyst sees

_CHUNKS_PER_WORKER = 6
_LARGE = 16 << 20  # bytes of changed texts above which new processes take less than telling the old ones

Texts = tuple[int, bytes]  # a version, and what differs from the texts that the processes were started with, pickled


class Pool:
    """Processes that may live from one analysis to the next, and go on from what they know."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._workers = 0
        self._begun_with: dict[str, bytes] = {}
        self._version = 0

    @property
    def is_running(self) -> bool:
        """Whether there are processes, who have read things."""
        return self._executor is not None

    def close(self) -> None:
        """End the processes."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def analyse(
        self, work: Sequence[tuple[Task, list[str]]], workers: int, overlay: Mapping[str, bytes]
    ) -> Iterable[Record]:
        """The records of all files, in the order in which they are finished.

        Neighbouring files go to the same worker: they import the same things.
        """
        total = sum(len(files) for _, files in work)
        size = max(1, min(64, total // (workers * _CHUNKS_PER_WORKER)))
        chunks = [(task, files[at : at + size]) for task, files in work for at in range(0, len(files), size)]
        executor, texts = self._ready(workers, overlay)
        left: list[tuple[Task, list[str]]] = []
        finished = False
        futures: dict[Future[list[Record]], tuple[Task, list[str]]] = {}
        try:
            try:
                for chunk in chunks:
                    futures[executor.submit(_records, *chunk, texts)] = chunk
            except BrokenProcessPool:
                left.extend(chunks[len(futures) :])
            for future in as_completed(futures):
                try:
                    yield from future.result()
                except BrokenProcessPool:
                    left.append(futures[future])
            finished = not left
        finally:
            if not finished:
                self.close()
        for task, files in left:
            for path in files:
                yield _alone(task, path, overlay)

    def _ready(self, workers: int, overlay: Mapping[str, bytes]) -> tuple[ProcessPoolExecutor, Texts]:
        """The processes, and what they have to know to see `overlay`."""
        before = self._begun_with
        changed = {path: overlay.get(path) for path in {*before, *overlay} if before.get(path) != overlay.get(path)}
        large = sum(len(text or b"") for text in changed.values()) > _LARGE
        if self._executor is None or workers > self._workers or large:
            self.close()
            _warm_up()
            self._executor = _executor(workers, overlay)
            self._workers = workers
            self._begun_with = dict(overlay)
            self._version = 0
            return self._executor, (0, b"")
        self._version += 1
        return self._executor, (self._version, pickle.dumps(changed))


def _alone(task: Task, path: str, overlay: Mapping[str, bytes]) -> Record:
    """One file in a process of its own, after another process died over it or one of its neighbours."""
    with _executor(1, overlay) as executor:
        try:
            return executor.submit(_records, task, [path], (0, b"")).result()[0]
        except BrokenProcessPool:
            return internal_error(path, "the process died"), ()


def _executor(workers: int, overlay: Mapping[str, bytes]) -> ProcessPoolExecutor:
    # A fork shares what is loaded; elsewhere than on Linux it is unsafe or does not exist.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(dict(overlay), workers))


def _warm_up() -> None:
    """Load in the parent what every child needs."""
    try:
        from jitlint import analysis
    except ImportError:
        return
    warm_up = getattr(analysis, "warm_up", None)
    if warm_up is not None:
        warm_up()
    freeze()


def _start(overlay: Mapping[str, bytes], processes: int) -> None:
    import signal

    global _analyst, _begun_with, _version
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_deep_code()
    freeze()
    _analyst = Analyst(overlay, processes=processes)
    _begun_with, _version = dict(overlay), 0


def _records(task: Task, files: list[str], texts: Texts) -> list[Record]:
    global _version
    assert _analyst is not None
    version, changed = texts
    if version != _version:
        known = {**_begun_with, **pickle.loads(changed)}
        _analyst.revise({path: text for path, text in known.items() if text is not None})
        _version = version
    return [_analyst.record(task, path) for path in files]
