"""A progress bar on standard error, for runs that take longer than a second on a terminal."""

from __future__ import annotations

import sys
import time

_DELAY = 1.0
_INTERVAL = 0.1
_WIDTH = 30


class Progress:
    """Call it with (files done, files in all); `close` wipes the line. `noun`: what is counted."""

    def __init__(self, noun: str = "files") -> None:
        self._noun = noun
        self._started = time.monotonic()
        self._shown_at = 0.0
        self._visible = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._started < _DELAY or now - self._shown_at < _INTERVAL or not total:
            return
        self._shown_at = now
        self._visible = True
        filled = _WIDTH * done // total
        sys.stderr.write(f"\r[{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total} {self._noun}")
        sys.stderr.flush()

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._visible:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self._visible = False
