"""What a finding is apart from its line number: its rule, the definition around it and the text that it marks.

A baseline and the fingerprints of reports recognise a finding by it after edits elsewhere in the file.
"""

from __future__ import annotations

import ast
import hashlib
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jitlint.findings.model import Finding
from jitlint.source.parse import ParseError, parse
from jitlint.source.text import SourceError, SourceFile, read_source

_LONGEST = 200


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """path: relative to some base, with ``/``. qualname: the innermost function or class around the finding, ''
    outside of all. text: what is marked, on its first line, with single spaces."""

    path: str
    code: str
    qualname: str
    text: str

    def fingerprint(self, ordinal: int = 0) -> str:
        """A short name for it; `ordinal` tells equals of one file apart."""
        parts = (self.path, self.code, self.qualname, self.text, str(ordinal))
        return hashlib.blake2b("\0".join(parts).encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()


@dataclass(slots=True)
class Sources:
    """The files that findings are in, read and parsed once each."""

    _lines: dict[str, list[str]] = field(default_factory=dict)
    _definitions: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)

    def lines(self, path: str) -> list[str]:
        """The lines of a file; none where it cannot be read."""
        if path not in self._lines:
            self._read(path)
        return self._lines[path]

    def qualname(self, path: str, line: int) -> str:
        """The innermost function or class that holds a 1-based line; '' for none."""
        if path not in self._definitions:
            self._read(path)
        definitions = self._definitions[path]
        found = ""
        for first, last, name in definitions[: bisect_right(definitions, (line, 1 << 60, ""))]:
            if first <= line <= last:
                found = name  # they come in the order of their first lines: a later one that holds it is further in
        return found

    def _read(self, path: str) -> None:
        self._lines[path], self._definitions[path] = [], []
        try:
            source = read_source(path)
        except SourceError:
            return
        self._lines[path] = source.lines
        self._definitions[path] = sorted(_definitions(source))


def identify(finding: Finding, base: str, sources: Sources) -> Identity:
    """The identity of a finding; `base` is the folder that its path is taken relative to."""
    span = finding.span
    lines = sources.lines(finding.path)
    text = ""
    if 0 < span.line <= len(lines):
        line = lines[span.line - 1]
        end = span.end_column - 1 if span.end_line == span.line else len(line)
        text = " ".join(line[span.column - 1 : end].split())[:_LONGEST]
    return Identity(relative(finding.path, base), finding.code, sources.qualname(finding.path, span.line), text)


def fingerprints(findings: Iterable[Finding], base: str, sources: Sources) -> Iterator[str]:
    """A fingerprint for each finding, no two alike; `findings` in the order of a result."""
    seen: dict[Identity, int] = {}
    for finding in findings:
        identity = identify(finding, base, sources)
        ordinal = seen[identity] = seen.get(identity, -1) + 1
        yield identity.fingerprint(ordinal)


def relative(path: str, base: str) -> str:
    """A path below `base` relative to it, any other as it is; with ``/`` on every system."""
    prefix = base.rstrip(os.sep) + os.sep
    return (path[len(prefix) :] if path.startswith(prefix) else path).replace(os.sep, "/")


def _definitions(source: SourceFile) -> Iterator[tuple[int, int, str]]:
    try:
        tree = parse(source)
    except (ParseError, RecursionError):
        return
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, name = waiting.pop()
        for child in ast.iter_child_nodes(node):
            inner = name
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                inner = f"{name}.{child.name}" if name else child.name
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                yield first, child.end_lineno or child.lineno, inner
            if isinstance(child, ast.stmt) or hasattr(child, "body"):
                waiting.append((child, inner))
