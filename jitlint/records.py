"""Records kept in memory, each with what tells whether the files that it rests on are what they were."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable

from jitlint.cache import Record

Kept = dict[str, list[tuple[Record, tuple[tuple[str, Hashable], ...]]]]
"""By path, the latest first: a record, and each file that it rests on with its stamp."""


class Records:
    """The records of one task, as the runner's cache. stamp: what is the same as long as a file is; known: where they
    are kept; limit: how many of each file."""

    def __init__(self, stamp: Callable[[str], Hashable], known: Kept, limit: int = 1) -> None:
        self._stamp = stamp
        self._known = known
        self._limit = limit

    def get(self, path: str) -> Record | None:
        """The record of a file, if there is one that holds."""
        for record, stamps in self._known.get(path, ()):
            if all(self._stamp(one) == stamp for one, stamp in stamps):
                return record
        return None

    def put(self, path: str, record: Record) -> None:
        """Keep a record, beside the latest ones."""
        some = self._known.setdefault(path, [])
        some.insert(0, (record, tuple((one, self._stamp(one)) for one in (path, *record[0].dependencies))))
        del some[self._limit :]

    def save(self) -> None:
        """Nothing is written."""


def stamp_on_disk(path: str) -> tuple[int, ...]:
    """Times and size of a file, or of the folder that a missing module would be; nothing where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size
