"""Syntax trees of texts that differ little: what an alteration leaves as it was is not parsed again."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Sequence
from typing import TypeVar

_KEPT = 8  # texts whose trees later ones may have parts of

_Holder = TypeVar("_Holder", ast.Module, ast.ClassDef)

_recent: tuple[tuple[list[str], ast.Module], ...] = ()  # the latest first; replaced as a whole, for there are threads


@functools.lru_cache(maxsize=32)
def tree_of(text: str) -> ast.Module | None:
    """The syntax tree of a file, to be read only; None where it is no Python. The same few are asked for all the time."""
    global _recent
    lines = text.splitlines(keepends=True)
    tree = next((made for known in _recent if (made := _from(*known, lines)) is not None), None) or _parsed(text)
    if tree is not None:
        _recent = ((lines, tree), *_recent)[:_KEPT]
    return tree


def first_line(node: ast.stmt) -> int:
    """The line that a statement begins on, its decorators included."""
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _from(before: Sequence[str], tree: ast.Module, lines: Sequence[str]) -> ast.Module | None:
    """The tree of a text that differs from another in one function only, made from the other's; None where it does not,
    or where the function is not all that the difference concerns."""
    if len(lines) != len(before):
        return None
    different = [number for number, (old, new) in enumerate(zip(before, lines, strict=True), 1) if old != new]
    return _changed(tree, lines, different[0], different[-1]) if different else tree


def _changed(node: _Holder, lines: Sequence[str], first: int, last: int) -> _Holder | None:
    """A module or class with the function anew that these lines are in; None where they are not in one."""
    inside = [one for one in node.body if first_line(one) <= first and last <= (one.end_lineno or one.lineno)]
    new: ast.stmt | None = None
    match inside:
        case [ast.ClassDef() as owner]:
            new = _changed(owner, lines, first, last)
        case [ast.FunctionDef() as function]:
            new = _function(function, lines)
    if new is None:
        return None
    changed = copy.copy(node)
    changed.body = [new if one is inside[0] else one for one in node.body]
    if isinstance(changed, ast.ClassDef):
        changed.end_lineno, changed.end_col_offset = changed.body[-1].end_lineno, changed.body[-1].end_col_offset
    return changed


def _function(old: ast.FunctionDef, lines: Sequence[str]) -> ast.FunctionDef | None:
    """The function that now stands on the lines of another one."""
    first = first_line(old)
    # What it is indented for has to stand above it.
    above = "class _:" if old.col_offset else ""
    tree = _parsed("\n" * (first - 2) + above + "\n" * (first > 1) + "".join(lines[first - 1 : old.end_lineno]))
    match tree:
        case ast.Module(body=[ast.ClassDef(body=[ast.FunctionDef() as new])]) if above:
            return new
        case ast.Module(body=[ast.FunctionDef() as new]):
            return new
    return None
