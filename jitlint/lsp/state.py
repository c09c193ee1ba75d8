"""What the server knows at a moment: open texts, options, and the check that belongs to them.

Each change of anything begins a new generation. A check is made once per generation, in the one thread that analyses; one
that a newer generation makes useless is given up before the next file.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from jitlint.findings.model import Finding
from jitlint.lsp.documents import Buffer
from jitlint.lsp.engine import Checked, Engine
from jitlint.lsp.settings import Options
from jitlint.reveal import Typed
from jitlint.worker import Interrupted

T = TypeVar("T")
_STACK = 64 * 1024 * 1024  # bytes: deep code is walked by recursion
_IDLE = 2.0  # seconds without a check before garbage is collected


class State:
    """folders: the workspace's. Methods are called in the event loop's thread."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.engine = Engine(folders)
        self.options = Options()
        self.generation = 0
        self.texts: dict[str, str] = {}
        self.uris: dict[str, str] = {}  # as the editor spells them
        self.versions: dict[str, int | None] = {}
        self._checks: dict[bool, tuple[int, asyncio.Future[Checked]]] = {}
        self._collect: asyncio.TimerHandle | None = None
        threading.stack_size(_STACK)
        self._thread = ThreadPoolExecutor(1, "jitlint")
        gc.disable()  # a collection in the middle of a keystroke would show; see `_idle`

    def changed(self) -> None:
        """Something is different now: what is being checked is out of date."""
        self.generation += 1

    async def checked(self, everything: bool = False) -> Checked:
        """The check of what is open now, or of the whole workspace; when that changes meanwhile, of what it is then."""
        while True:
            generation = self.generation
            known = self._checks.get(everything)
            # Files that are not open may change without a word: a check of everything is used while it goes on only.
            if known is None or known[0] != generation or (everything and known[1].done()):
                known = self._checks[everything] = (generation, self._begin(everything))
            try:
                return await asyncio.shield(known[1])
            except Interrupted:
                if generation == self.generation:
                    raise

    def _begin(self, everything: bool) -> asyncio.Future[Checked]:
        generation = self.generation
        if not self.options.enable:
            nothing: asyncio.Future[Checked] = asyncio.get_running_loop().create_future()
            nothing.set_result(Checked())
            return nothing
        texts, file = dict(self.texts), self.options.configuration
        return self._submit(lambda: self.engine.check(texts, file, everything, lambda: generation != self.generation))

    async def types(self, path: str) -> tuple[Buffer, list[Typed]] | None:
        """The typed functions of an open file."""
        texts, file = dict(self.texts), self.options.configuration
        return await self._submit(lambda: self.engine.types(texts, file, path))

    async def fixes(self, path: str, findings: Sequence[Finding]) -> tuple[list[Finding], dict[str, Sequence[str]]]:
        """Some findings of an open file with their fixes, and the lines of the files that these change."""
        texts, file = dict(self.texts), self.options.configuration
        return await self._submit(lambda: self.engine.fixes(texts, file, path, findings))

    async def fixed(self, path: str) -> tuple[str, str] | None:
        """An open file's text before and after its safe fixes."""
        texts, file = dict(self.texts), self.options.configuration
        return await self._submit(lambda: self.engine.fixed(texts, file, path))

    def _submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        if self._collect is not None:
            self._collect.cancel()
        self._collect = loop.call_later(_IDLE, self._idle)
        future = asyncio.wrap_future(self._thread.submit(work))
        future.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may be waiting any more
        return future

    def _idle(self) -> None:
        self._collect = None
        self._thread.submit(gc.collect)

    def close(self) -> None:
        """End the thread; what waits in it is dropped."""
        if self._collect is not None:
            self._collect.cancel()
        self._thread.shutdown(wait=False, cancel_futures=True)
