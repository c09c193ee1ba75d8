"""The analysis in several processes, each with a session of its own; the death of one costs one file."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from jitlint.cache import Record
from jitlint.worker import Analyst, Task, allow_deep_code, freeze, internal_error

_analyst: Analyst | None = None  # of a worker process

_CHUNKS_PER_WORKER = 6


def analyse_in_processes(
    work: Sequence[tuple[Task, list[str]]], workers: int, overlay: Mapping[str, bytes]
) -> Iterable[Record]:
    """The records of all files, in the order in which they are finished.

    Neighbouring files go to the same worker: they import the same things.
    """
    total = sum(len(files) for _, files in work)
    size = max(1, min(64, total // (workers * _CHUNKS_PER_WORKER)))
    chunks = [(task, files[at : at + size]) for task, files in work for at in range(0, len(files), size)]
    _warm_up()
    left: list[tuple[Task, list[str]]] = []
    with _executor(workers, overlay) as executor:
        futures: dict[Future[list[Record]], tuple[Task, list[str]]] = {}
        try:
            for chunk in chunks:
                futures[executor.submit(_records, *chunk)] = chunk
        except BrokenProcessPool:
            left.extend(chunks[len(futures) :])
        for future in as_completed(futures):
            try:
                yield from future.result()
            except BrokenProcessPool:
                left.append(futures[future])
    for task, files in left:
        for path in files:
            yield _alone(task, path, overlay)


def _alone(task: Task, path: str, overlay: Mapping[str, bytes]) -> Record:
    """One file in a process of its own, after another process died over it or one of its neighbours."""
    with _executor(1, overlay) as executor:
        try:
            return executor.submit(_records, task, [path]).result()[0]
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

    global _analyst
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    allow_deep_code()
    freeze()
    _analyst = Analyst(overlay, processes=processes)


def _records(task: Task, files: list[str]) -> list[Record]:
    assert _analyst is not None
    return [_analyst.record(task, path) for path in files]
