"""Lowering a piece of text, for the tests of this folder."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jitlint.project.index import build_index
from jitlint.source.parse import parse
from jitlint.source.text import decode
from jitlint.syntax import tree
from jitlint.syntax.lower import lower


@dataclass(frozen=True, slots=True)
class Lowered:
    """What came of the first function of a text. `problems` are (code, line, the compiler's message), in order."""

    definition: tree.Def
    problems: tuple[tuple[str, int, str], ...]

    @property
    def codes(self) -> list[str]:
        return [code for code, _, _ in self.problems]

    @property
    def lines(self) -> list[tuple[str, int]]:
        return [(code, line) for code, line, _ in self.problems]


def lowered(text: str, name: str | None = None, dropped: str | None = None) -> Lowered:
    """Lower the function called `name` (the first one, if None) of a file with this text."""
    source = decode(text.encode("utf-8", "surrogatepass"), "a.py")
    index = build_index("a", False, source, parse(source))
    definition = next(item for item in index.functions if name in (None, item.name))
    problems: list[tuple[str, int, str]] = []

    def report(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        assert message
        problems.append((code, node.lineno, torch_message))  # type: ignore[attr-defined]

    return Lowered(lower(definition.node, index, report, dropped), tuple(problems))


def body(*lines: str) -> Lowered:
    """Lower a function with these lines as its body; they stand on line 2 and following."""
    return lowered("def f(x, y):\n" + "".join(f"    {line}\n" for line in lines))
