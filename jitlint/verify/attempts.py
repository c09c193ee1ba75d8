"""Compilations of one unit: of all of it or a part, as it is or with altered text, in forks of what holds it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from jitlint.verify.errors import Place, Rejection, real, rejection_of
from jitlint.verify.judge import Judge
from jitlint.verify.nodes import Ended, Node, TimedOut
from jitlint.verify.plan import Work

_MAX_ATTEMPTS = 60  # altered compilations of one unit
_CRASH = "compiler process killed by "


@dataclass(frozen=True, slots=True)
class Answer:
    """What one compilation gave: nothing where it succeeded, a rejection, or in words why it gave neither."""

    rejection: Rejection | None = None
    failure: str = ""

    @property
    def ok(self) -> bool:
        return self.rejection is None and not self.failure


@dataclass(frozen=True, slots=True)
class Part:
    """What of a unit is compiled: all, or a submodule (`target`), of either only a method, or one function, or one
    method of a script class, by file and qualified name."""

    target: str = ""
    method: str = ""
    function: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.function is not None:
            return ".".join(name for name in (self.function[1], self.method) if name)
        return f"the method {self.method}" if self.method else f"the submodule {self.target}"

    def holds(self, path: str, function: str) -> bool:
        """Whether a function, by file and qualified name, is what is compiled."""
        if self.function is not None:
            return (path, function) == (self.function[0], str(self))
        return bool(self.method) and function.endswith("." + self.method)


WHOLE = Part()


@dataclass(slots=True)
class Attempts:
    """All compilations of one built unit. `node` holds the built object and stays as it is: forks of it compile.

    without: getters (file and name) that are taken out of the classes first. generated: methods, by qualified name,
    that have no source and are taken out, too. defaults: functions (file and qualified name) that lose theirs. settled:
    whether a finding was confirmed in another unit."""

    node: Node
    work: Work
    judge: Judge
    timeout: float
    stopped: Callable[[], bool]
    overlay: Mapping[str, str]
    settled: Callable[[int], bool] = lambda index: False
    seconds: float = 0.0
    left: int = _MAX_ATTEMPTS
    asked: int = 0
    without: list[tuple[str, str]] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    defaults: list[tuple[str, str]] = field(default_factory=list)
    _fork: Node | None = None
    _given: dict[str, str] = field(default_factory=dict)  # the texts that it has

    def compile(self, overlay: Mapping[str, str] | None = None, part: Part = WHOLE) -> Answer:
        """Compile in a fork. Whatever happens is an answer."""
        started = time.monotonic()
        self.left -= 1
        self.asked += 1
        texts = {**self.overlay, **(overlay or {})}
        try:
            fork = self._forked()
            changed = {path: None if self._given.get(path) == text else text for path, text in texts.items()}
            self._given.update(texts)
            found = fork.call(
                "compile",
                self.timeout,
                kind=self.work.unit.kind,
                target=part.target,
                method=part.method,
                function=part.function,
                without=self.without,
                generated=self.generated,
                defaults=self.defaults,
                overlay=changed,
            )
            if found.get("spent", True):
                self._end()
        except TimedOut as error:
            self._end()
            return Answer(failure=f"compiling: {error}")
        except Ended as error:
            self._end()
            how = str(error).removeprefix("the process was killed by ")
            if how != str(error) and how != "SIGKILL":
                return Answer(Rejection("CRASH", _CRASH + how))
            return Answer(failure=f"compiling: {error}")
        finally:
            self.seconds += time.monotonic() - started
        if found.get("uncompiled"):
            return Answer(failure=str(found["uncompiled"]))
        return Answer() if found.get("ok") else Answer(self._relocated(rejection_of(found), texts))

    def drop_settled(self, left: list[int]) -> None:
        """Leave out of some findings, in place, what was confirmed in another unit meanwhile."""
        left[:] = [index for index in left if not self.settled(index)]

    def _forked(self) -> Node:
        """A process to compile in: the last one, unless it is spent."""
        if self._fork is None:
            self._fork = self.node.fork()
            self._given.clear()
        return self._fork

    def _end(self) -> None:
        if self._fork is not None:
            self._fork.end()
            self._fork = None

    def _relocated(self, rejection: Rejection, texts: Mapping[str, str]) -> Rejection:
        """A rejection with the files right: of a function with a wrapper around it the compiler shows the lines, but
        names the wrapper's file (``get_source_lines_and_file``: one is unwrapped, the other is not)."""

        def shows(place: Place, path: str) -> bool:
            if path in texts:
                lines = texts[path].splitlines()
                return place.line <= len(lines) and lines[place.line - 1].strip() == place.source.strip()
            return self.judge.texts.line(path, place.line).strip() == place.source.strip()

        def right(place: Place) -> Place:
            if not place.source.strip() or shows(place, place.path):
                return place
            candidates = (real(self.work.unit.path), *sorted(self.judge.paths()))
            return next((replace(place, path=path) for path in candidates if shows(place, path)), place)

        return replace(rejection, places=tuple(map(right, rejection.places)), chain=tuple(map(right, rejection.chain)))
