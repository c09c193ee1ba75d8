"""An analysis that says what the files tell it to, and types for fixtures."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

from jitlint.findings.model import FileReport, Finding, Frame, Unit
from jitlint.source.problem import Span

WriteTree = Callable[[Mapping[str, "str | bytes"]], Path]


class ScriptedSession:
    """Stands in for `jitlint.analysis.Session`: each line that has ``find JIT203`` in it is a finding there, in ``def f``
    on the line a unit begins, ``crash`` raises, ``die`` ends the process, ``needs PATH`` is a dependency, and
    ``elsewhere PATH JIT203`` is a finding on line 1 of another file."""

    checked: list[str] = []  # noqa: RUF012
    made: list[dict[str, object]] = []  # noqa: RUF012

    def __init__(
        self,
        *,
        roots: Sequence[str],
        environment: Sequence[str],
        torch_version: str,
        scope: str,
        script_calls: Sequence[str],
        entry_points: Sequence[str],
        python_version: str = "",
        overlay: Mapping[str, str] = {},
        recording: bool = False,
    ) -> None:
        self.overlay = overlay
        self.compiler = SimpleNamespace(sparing=False)
        self.beside: dict[str, object] = {}
        self.made.append({"roots": roots, "torch_version": torch_version, "scope": scope, "entry_points": entry_points})

    def weight(self) -> int:
        return 10**9 if any("heavy" in Path(path).name for path in self.checked) else 0

    def check_file(self, path: str) -> FileReport:
        self.checked.append(path)
        text = self.overlay[path] if path in self.overlay else Path(path).read_text(encoding="utf-8-sig")
        units, findings, needs = [], [], []
        for number, line in enumerate(text.splitlines(), 1):
            if "crash" in line:
                raise ValueError("told to crash")
            if "die" in line:
                os._exit(3)
            if found := re.search(r"needs (\S+)", line):
                needs.append(os.path.join(os.path.dirname(path), found[1]))
            if found := re.search(r"elsewhere (\S+) (JIT\d+)", line):
                other = os.path.join(os.path.dirname(path), found[1])
                chain = (Frame(path, number, "f"),)
                findings.append(
                    Finding(found[2], "", "error", "there", "torch: no", other, Span(1, 1, 1, 5), chain=chain)
                )
            for found in re.finditer(r"find (JIT\d+)", line):
                at = Span(number, found.start() + 1, number, found.end() + 1)
                findings.append(Finding(found[1], "", "error", "told to find it", "torch: no\nmore", path, at))
            if found := re.match(r"def (\w+)", line):
                units.append((found[1], number))
        indexes = tuple(range(len(findings)))
        verdict = "rejected" if findings else "accepted"
        name = os.path.basename(path).removesuffix(".py")
        made = tuple(Unit(unit, name, "function", path, line, verdict, (), indexes) for unit, line in units)  # type: ignore[arg-type]
        return FileReport(path, made, tuple(findings), (), tuple(needs))
