"""What checks of the same files keep from one to the next, while fixes change some of them.

A record holds wherever the file and everything that its result rests on have the texts that they had; several are kept of a
file, for a fix that does no good is undone. The session lives on, too, and so do those of other processes: what they have
read and evaluated stays where it does not rest on a file that changed.
"""

from __future__ import annotations

from collections.abc import Mapping

from jitlint.pool import Pool
from jitlint.records import Kept, Records, stamp_on_disk
from jitlint.source.text import SourceError, digest, read_bytes
from jitlint.worker import Analyst, Task, allow_deep_code, freeze

_KEPT = 4  # records of one file


class Repeat:
    """One for a series of checks, each begun with `start`; `close` ends it. It is the runner's `Memory`."""

    def __init__(self) -> None:
        self.pool = Pool()
        self._tops: tuple[str, ...] | None = None
        self._records: dict[Task, Kept] = {}
        self._analyst: Analyst | None = None
        self._overlay: Mapping[str, bytes] = {}
        self._stamps: dict[str, str] = {}  # by path, as found in this check
        self._on_disk: dict[str, tuple[tuple[int, ...], str]] = {}

    def start(self, overlay: Mapping[str, bytes]) -> None:
        """Begin a check, with these texts in the place of what some files contain."""
        self._overlay = overlay
        self._stamps = {}

    def close(self) -> None:
        """End the processes that were begun."""
        self.pool.close()

    def tops(self, tops: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the first check: what is checked again is some of the same files, and means what it meant."""
        if self._tops is None:
            self._tops = tops
        return self._tops

    def records(self, task: Task) -> Records:
        """The records of a task."""
        return Records(self.stamp, self._records.setdefault(task, {}), _KEPT)

    def analyst(self, overlay: Mapping[str, bytes]) -> Analyst:
        """The one analyst, who now sees `overlay`."""
        if self._analyst is None:
            allow_deep_code()
            freeze()
            self._analyst = Analyst(overlay)
        else:
            self._analyst.revise(overlay)
        return self._analyst

    def stamp(self, path: str) -> str:
        """The digest of what a file contains in this check; '' of one that is not there."""
        known = self._stamps.get(path)
        if known is None:
            text = self._overlay.get(path)
            known = self._stamps[path] = digest(text) if text is not None else self._stamp_on_disk(path)
        return known

    def _stamp_on_disk(self, path: str) -> str:
        key = stamp_on_disk(path)
        if not key:
            return ""
        known = self._on_disk.get(path)
        if known is None or known[0] != key:
            try:
                known = key, digest(read_bytes(path))
            except SourceError:
                return ""
            self._on_disk[path] = known
        return known[1]
