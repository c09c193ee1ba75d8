"""The process in which a folder's modules are imported, once for all their units.

An import may fail, hang, or end the process. Then the process is made anew without that module; where it happens often,
each import is tried in a fork first. A module whose import the compiler itself stops (a decorated function that it
rejects) is imported with altered text, which only the compiler sees.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jitlint.verify.altered import alterations
from jitlint.verify.errors import Rejection, rejection_of
from jitlint.verify.nodes import Node, NodeError, Worker
from jitlint.verify.plan import Texts

_DEATHS = 2  # of the importing process, before imports are tried in a fork
_PING = 30.0  # seconds for an idle process to answer
_MAX_STEPS = 40  # altered imports of one module


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a module cannot be imported; `rejection` is the error, where there was one."""

    reason: str
    rejection: Rejection | None = None


@dataclass(slots=True)
class Imported:
    """A process that holds a module. overlay: texts that were altered for the import; steps: which lines of them."""

    node: Node
    overlay: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class Imports:
    """The modules of one folder. `setup` is what a process is told before it imports anything."""

    def __init__(self, worker: Worker, setup: Mapping[str, Any], timeout: float, texts: Texts) -> None:
        self._worker, self._setup, self._timeout, self._texts = worker, setup, timeout, texts
        self._base: Node | None = None
        self._alone: dict[str, Imported | Failure] = {}
        self._failures: dict[str, Failure] = {}
        self._done: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self.seconds = 0.0

    def start(self, modules: Sequence[tuple[str, str]], stopped: Callable[[], bool]) -> None:
        """Import modules, given as (name, path). What fails is remembered."""
        started = time.monotonic()
        deaths = 0
        try:
            self._base = self._fresh()
            for name, path in modules:
                if stopped():
                    return
                try:
                    if deaths >= _DEATHS:
                        with self._base.fork() as trial:
                            trial.call("import", self._timeout, module=name, path=path)
                except NodeError as error:
                    self._failures[path] = Failure(f"importing: {error}")
                    continue
                try:
                    answer = self._base.call("import", self._timeout, module=name, path=path)
                except NodeError as error:
                    self._failures[path] = Failure(f"importing: {error}")
                    deaths += 1
                    self._base.end()
                    self._base = self._again()
                    continue
                if answer.get("ok"):
                    self._done.append((name, path))
                else:
                    self._fail(path, rejection_of(answer))
        except NodeError as error:
            for _, path in modules:
                if (_, path) not in self._done:
                    self._failures.setdefault(path, Failure(f"importing: {error}"))
        finally:
            self.seconds += time.monotonic() - started

    def _fail(self, path: str, rejection: Rejection) -> None:
        reason = f"the import fails: {rejection.kind}: {rejection.headline}"
        self._failures[path] = Failure(reason[:300], rejection)

    def _fresh(self) -> Node:
        node = self._worker.root.fork()
        node.call("setup", self._timeout, **self._setup)
        return node

    def _again(self) -> Node:
        """The process anew, with what could be imported so far."""
        node = self._fresh()
        for name, path in self._done:
            node.call("import", self._timeout, module=name, path=path)
        return node

    def of(self, name: str, path: str) -> Imported | Failure:
        """A process that holds a module, or why there is none. May be called from several threads."""
        with self._lock:
            if path in self._alone:
                return self._alone[path]
            if path in self._failures:
                return self._failures[path]
            base = self._base
            if base is not None and self._alive(base):
                return Imported(base)
            # Something of what was imported ended the process: each module gets one of its own.
            started = time.monotonic()
            found: Imported | Failure
            try:
                node = self._fresh()
                answer = node.call("import", self._timeout, module=name, path=path)
                found = Imported(node)
                if not answer.get("ok"):
                    rejection = rejection_of(answer)
                    found = Failure(f"the import fails: {rejection.kind}: {rejection.headline}"[:300], rejection)
            except NodeError as error:
                found = Failure(f"importing: {error}")
            self._alone[path] = found
            self.seconds += time.monotonic() - started
            return found

    @staticmethod
    def _alive(node: Node) -> bool:
        try:
            node.call("ping", _PING)
        except NodeError:
            return False
        return True

    def step_over(
        self, name: str, path: str, failure: Failure, met: Callable[[Rejection], bool], stopped: Callable[[], bool]
    ) -> Imported | Failure:
        """Import a module that the compiler stops with what it stops at out of its way.

        met: is told each rejection, and says whether it is one that was looked for.
        """
        rejection = failure.rejection
        base = self._base
        if rejection is None or not rejection.places or base is None:
            return failure
        started = time.monotonic()
        found = Imported(base)
        found.rejections.append(rejection)
        left = _MAX_STEPS
        try:
            while left > 0 and not stopped():
                moved = self._step(name, path, rejection, found, met, left)
                if moved is None:
                    return failure
                tried, following = moved
                left -= tried
                if following is None:
                    with self._lock:
                        self._alone[path] = found
                    return found
                rejection = following
                found.rejections.append(rejection)
        except NodeError:
            return failure
        finally:
            self.seconds += time.monotonic() - started
        return failure

    def _step(
        self, name: str, path: str, rejection: Rejection, found: Imported, met: Callable[[Rejection], bool], left: int
    ) -> tuple[int, Rejection | None] | None:
        """One more place out of the way: how many tries it took, and what the import fails with then, if it does."""
        place = next(
            (one for one in rejection.places if found.overlay.get(one.path) or self._texts.text(one.path)), None
        )
        if place is None or self._base is None:
            return None
        text = found.overlay.get(place.path) or self._texts.text(place.path) or ""
        fallback: tuple[tuple[str, str, int, int], Rejection] | None = None
        tried = 0
        for step in alterations(place.path, text, place):
            tried += 1
            if tried > left:
                break
            overlay = {**found.overlay, step.path: step.text}
            node = self._base.fork()
            answer = node.call("import", self._timeout, module=name, path=path, overlay=overlay)
            if answer.get("ok"):
                found.node, found.overlay = node, overlay
                found.steps.append((step.path, step.first, step.last))
                return tried, None
            node.end()
            following = rejection_of(answer)
            if following.places[:1] and (following.places[0].path, following.places[0].line) == (
                place.path,
                place.line,
            ):
                continue
            if not following.places:
                continue
            if met(following):
                found.overlay = overlay
                found.steps.append((step.path, step.first, step.last))
                return tried, following
            fallback = fallback or ((step.path, step.text, step.first, step.last), following)
        if fallback is None:
            return None
        (where, changed, first, last), following = fallback
        found.overlay = {**found.overlay, where: changed}
        found.steps.append((where, first, last))
        return tried, following

    def close(self) -> None:
        """End the processes."""
        for found in self._alone.values():
            if isinstance(found, Imported):
                found.node.end()
        if self._base is not None:
            self._base.end()
