"""What the analysis says while it works: a problem at a node of a file.

A `Problem` is the raw material of a finding. It names its rule by code; everything else a user sees
(severity, name, help, link) comes from the rule's file when `findings` makes the finding.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A range of a file. Lines and columns are 1-based, columns count characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One rejection (or hazard) at one place.

    code: the rule, ``JIT203``.
    path: the file, as the project knows it.
    span: where.
    torch_message: what the compiler will print, as far as it is known; empty for a hazard.
    message: what jitlint says; one line.
    evidence: what the fixes want to know besides (`jitlint.emit.evidence`); None where types are not recorded.
    """

    code: str
    path: str
    span: Span
    torch_message: str
    message: str
    evidence: object = field(default=None, compare=False, repr=False)


def span_of(node: ast.AST, lines: list[str]) -> Span:
    """The range of a Python node, in characters (`ast` counts UTF-8 bytes, from 0).

    lines: the file's lines as `ast` numbers them, without line ends.
    """
    line = getattr(node, "lineno", 1)
    end_line = getattr(node, "end_lineno", None) or line
    column = _characters(lines, line, getattr(node, "col_offset", 0))
    end = _characters(lines, end_line, getattr(node, "end_col_offset", None) or 0)
    return Span(line, column + 1, end_line, end + 1)


def _characters(lines: list[str], line: int, offset: int) -> int:
    if not 0 < line <= len(lines):
        return offset
    text = lines[line - 1]
    return offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))
