"""What lowering carries along: where to report, which function it is in, and how deep it is."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from jitlint.syntax import tree


class Report(Protocol):
    """Takes one problem. `torch_message` is what the compiler prints, empty for a hazard (which it accepts)."""

    def __call__(self, code: str, node: ast.AST, torch_message: str, message: str = "") -> None: ...


# The compiler's front end is recursive Python: at least two of its frames per expression and three per nested
# statement, out of CPython's default of 1000. A tree deeper than that cannot be compiled by anyone, and cutting it
# here keeps every later walk of the tree within bounds.
DEPTH_LIMIT = 980
EXPRESSION_DEPTH = 2
STATEMENT_DEPTH = 3


@dataclass(slots=True)
class Context:
    """The state of lowering one function.

    function_name: the name of the function, as the compiler's messages give it.
    depth: frames of the compiler's own recursion down to here; see DEPTH_LIMIT.
    is_async: below an ``async def``: the function itself was reported, so its awaits are not.
    too_deep: the depth limit was reported once already.
    """

    report: Report
    function_name: str
    depth: int = 0
    is_async: bool = False
    too_deep: bool = False


def silent(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
    """A report that drops everything."""


def cut(node: ast.AST, cx: Context) -> tree.Hole:
    """The hole for code nested deeper than the compiler can follow; reported once in a function."""
    if not cx.too_deep:
        cx.too_deep = True
        cx.report("JIT126", node, "maximum recursion depth exceeded", "code is nested too deeply for the compiler")
    return tree.Hole(node, bound_names([node]))


_KEYWORDS = {
    "FunctionDef": "def",
    "AsyncFunctionDef": "async def",
    "ClassDef": "class",
    "Try": "try",
    "TryStar": "try",
    "For": "for",
    "AsyncFor": "async for",
    "While": "while",
    "AsyncWith": "async with",
    "Match": "match",
}


def keyword(node: ast.stmt) -> ast.stmt:
    """The place of the word that a compound statement begins with, as the compiler underlines it; else the node."""
    word = _KEYWORDS.get(type(node).__name__)
    if word is None:
        return node
    line, column = node.lineno, node.col_offset
    return ast.Pass(lineno=line, col_offset=column, end_lineno=line, end_col_offset=column + len(word))


def bound_names(nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """The local names that these statements or expressions bind, in the order met; nested scopes aside."""
    found: dict[str, None] = {}
    pending = list(nodes)[::-1]
    while pending:
        node = pending.pop()
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found[name] = None
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found[name] = None
                continue
            case ast.Lambda():
                continue
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    found[alias.asname or alias.name.partition(".")[0]] = None
                continue
            case ast.Global() | ast.Nonlocal():
                found.update(dict.fromkeys(node.names))
                continue
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found[name] = None
            case ast.MatchMapping(rest=str(name)):
                found[name] = None
        pending.extend(reversed(list(ast.iter_child_nodes(node))))
    return tuple(found)
