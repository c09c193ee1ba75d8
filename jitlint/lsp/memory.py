"""What the server keeps from one check to the next: records that still hold, and files that were read.

A record holds while every file that its result depends on is as it was: an editor's text by its digest, a file on disk by
its size and times. Compiled functions are not kept: what they rest on would have to be known for each.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace

from jitlint.analysis import Session
from jitlint.project.definitions import ModuleIndex
from jitlint.records import Kept, Records, stamp_on_disk
from jitlint.source.text import SourceFile, digest
from jitlint.worker import Analyst, Interrupted, Task

Stamp = tuple[object, ...]


class Memory:
    """One for a server. `start` begins a check; until the next one, what is on disk is looked at once."""

    pool = None

    def __init__(self) -> None:
        self._kept_records: dict[Task, Kept] = {}
        self._kept_indexes: dict[Task, dict[str, tuple[ModuleIndex, Stamp]]] = {}
        self._overlay: Mapping[str, bytes] = {}
        self._trees: Mapping[str, tuple[SourceFile, ast.Module]] = {}
        self._stamps: dict[str, Stamp] = {}
        self._stop: Callable[[], bool] = lambda: False
        self._sessions: list[tuple[Task, Session]] = []

    def start(
        self,
        overlay: Mapping[str, bytes],
        stop: Callable[[], bool],
        trees: Mapping[str, tuple[SourceFile, ast.Module]],
    ) -> None:
        """Begin a check of what is on disk and in `overlay`, of which `trees` are parsed. `stop` says whether it is still
        wanted."""
        self._overlay = overlay
        self._trees = trees
        self._stamps = {}
        self._stop = stop

    def finish(self) -> None:
        """Keep what the check's sessions have read."""
        for task, session in self._sessions:
            indexes = self._indexes(task)
            for path, index in session.project.indexes().items():
                if path not in indexes or indexes[path][0] is not index:
                    indexes[path] = (index, self.stamp(path))
        self._sessions.clear()

    def forget(self) -> None:
        """Keep nothing of what there is."""
        self._kept_records.clear()
        self._kept_indexes.clear()

    def stamp(self, path: str) -> Stamp:
        """What is the same as long as the file is."""
        known = self._stamps.get(path)
        if known is None:
            text = self._overlay.get(path)
            known = self._stamps[path] = (digest(text),) if text is not None else stamp_on_disk(path)
        return known

    # --- what the runner asks for -------------------------------------------------------------------------------------

    def tops(self, tops: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the files that are checked."""
        return tops

    def records(self, task: Task) -> Records:
        """The records of a task."""
        return Records(self.stamp, self._kept_records.setdefault(task, {}))

    def analyst(self, overlay: Mapping[str, bytes]) -> Analyst:
        """An analyst whose sessions begin with the files that did not change."""
        return Analyst(overlay, self.prepare)

    def prepare(self, task: Task, session: Session) -> None:
        """Give a new session what is known."""
        indexes = self._indexes(task)
        for path in [path for path, (_, stamp) in indexes.items() if stamp != self.stamp(path)]:
            del indexes[path]
        session.project.share({path: index for path, (index, _) in indexes.items()})
        for path, (source, tree) in self._trees.items():
            if path not in indexes:
                session.project.adopt(source, tree)
        self._sessions.append((task, session))
        session.between_units = self._go_on

    def _go_on(self) -> None:
        """Raises Interrupted where the check is not wanted any more."""
        if self._stop():
            raise Interrupted

    def _indexes(self, task: Task) -> dict[str, tuple[ModuleIndex, Stamp]]:
        return self._kept_indexes.setdefault(replace(task, fixes=False), {})
