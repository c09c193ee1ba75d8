"""What is put to the compiler, and what the findings are about: units with their settings, and the text around a line."""

from __future__ import annotations

import ast
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

from jitlint.config import VerifySettings
from jitlint.environment import package_root
from jitlint.findings import registry
from jitlint.findings.model import Finding, Result, Unit
from jitlint.source.text import SourceError, read_source
from jitlint.verify.errors import real

WEAK_WITHOUT_EFFECT = "JIT702"


@dataclass(frozen=True, slots=True)
class Work:
    """One unit to be verified. `number` is its index in the result; `findings` those of its findings that the compiler
    can answer for, by index. configured: the expression for an instance, inputs: the one for example inputs; '' if none."""

    number: int
    unit: Unit
    findings: tuple[int, ...]
    configured: str = ""
    inputs: str = ""

    @property
    def key(self) -> str:
        """The name of its class among those of other files."""
        return class_key(self.unit.path, self.unit.qualname)


def class_key(path: str, qualname: str) -> str:
    """What a class is known by, to the worker too."""
    return f"{os.path.realpath(path)}:{qualname}"


def work_of(result: Result, settings: VerifySettings, everything: bool, texts: Texts) -> list[Work]:
    """The units to verify: those with findings the compiler can answer for, those with example inputs, or all."""
    instances, inputs = dict(settings.instances), dict(settings.inputs)
    weak_in: dict[tuple[str, str], list[int]] = {}
    for index, finding in enumerate(result.findings):
        if finding.code == WEAK_WITHOUT_EFFECT:
            weak_in.setdefault((finding.path, texts.class_at(finding.path, finding.span.line)), []).append(index)
    found = []
    for number, unit in enumerate(result.units):
        about = tuple(index for index in unit.findings if is_rejection(result.findings[index]))
        weak = tuple(weak_in.get((unit.path, unit.qualname), ()))
        names = _names(unit)
        configured = next((instances[name] for name in names if name in instances), "")
        given = next((inputs[name] for name in names if name in inputs), "")
        if about or weak or given or everything:
            found.append(Work(number, unit, about + weak, configured, given))
    return found


def _names(unit: Unit) -> tuple[str, ...]:
    """How the configuration may name a unit: ``pkg.mod:Class``, or with fewer packages in front."""
    parts = unit.module.split(".")
    return tuple(f"{'.'.join(parts[at:])}:{unit.qualname}" for at in range(len(parts)))


def is_rejection(finding: Finding) -> bool:
    """Whether a finding says that the compiler rejects: not a hazard, and not about the run itself."""
    return registry.rule(finding.code).severity == "error" and not finding.code.startswith("JIT9")


def groups_of(work: Sequence[Work]) -> dict[str, list[Work]]:
    """The units by the folder that their imports start from: what shares an import process."""
    groups: dict[str, list[Work]] = {}
    for item in work:
        groups.setdefault(package_root(item.unit.path), []).append(item)
    return groups


class Texts:
    """The text of files, and which function or class a line belongs to. May be asked from several threads."""

    def __init__(self) -> None:
        self._texts: dict[str, str | None] = {}
        self._paths: frozenset[str] | None = None
        self._lines: dict[str, list[str]] = {}
        self._trees: dict[str, list[tuple[int, int, str, bool]]] = {}
        self._silenced: dict[str, list[tuple[int, int]]] = {}

    def text(self, path: str) -> str | None:
        """The text of a file; None where it cannot be read."""
        if path not in self._texts:
            try:
                self._texts[path] = read_source(path).text
            except SourceError:
                self._texts[path] = None
        return self._texts[path]

    def line(self, path: str, number: int) -> str:
        """A line of a file (1-based); empty where there is none."""
        if path not in self._lines:
            self._lines[path] = (self.text(path) or "").splitlines()
        lines = self._lines[path]
        return lines[number - 1] if 1 <= number <= len(lines) else ""

    def paths_of(self, findings: Sequence[Finding]) -> frozenset[str]:
        """The files, without links, that the findings of a run are in."""
        if self._paths is None:
            self._paths = frozenset(real(finding.path) for finding in findings)
        return self._paths

    def _definitions(self, path: str) -> list[tuple[int, int, str, bool]]:
        """First line, last line, qualified name, whether it is a class; outer ones first."""
        found = self._trees.get(path)
        if found is None:
            found = []
            text = self.text(path)
            if text is not None:
                with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
                    _collect(ast.parse(text).body, "", found)
            self._trees[path] = found  # only now: other threads look, too
        return found

    def function_at(self, path: str, line: int) -> str:
        """The qualified name of the outermost function (or method) around a line; empty for none."""
        name = ""
        for first, last, qualname, is_class in self._definitions(path):
            if not is_class and first <= line <= last and "<locals>" not in qualname:
                name = qualname
        return name

    def class_at(self, path: str, line: int) -> str:
        """The qualified name of the innermost class around a line; empty for none."""
        name = ""
        for first, last, qualname, is_class in self._definitions(path):
            if is_class and first <= line <= last:
                name = qualname
        return name

    def silenced(self, path: str, line: int) -> bool:
        """Whether a comment silences jitlint on a line."""
        from jitlint.source import suppressions

        found = self._silenced.get(path)
        if found is None:
            found = []
            try:
                comments = suppressions.scan(read_source(path))
            except SourceError:
                comments = ()
            for comment in comments:
                if comment.kind == "skip-file":
                    found.append((1, 1 << 30))
                elif comment.kind in ("ignore", "noqa"):
                    if not comment.codes or any(_ours(code) for code in comment.codes):
                        found.append(comment.covers)
            self._silenced[path] = found
        return any(first <= line <= last for first, last in found)


def _ours(code: str) -> bool:
    return code.startswith("JIT") or code in registry.names().values()


def _collect(body: list[ast.stmt], prefix: str, found: list[tuple[int, int, str, bool]]) -> None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            is_class = isinstance(node, ast.ClassDef)
            qualname = prefix + node.name
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found.append((first, node.end_lineno or node.lineno, qualname, is_class))
            _collect(node.body, qualname + ("." if is_class else ".<locals>."), found)
        else:
            for block in (node, *getattr(node, "handlers", ())):
                for name in ("body", "orelse", "finalbody"):
                    inner = [child for child in getattr(block, name, []) if isinstance(child, ast.stmt)]
                    _collect(inner, prefix, found)
