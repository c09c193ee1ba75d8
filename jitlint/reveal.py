"""`jitlint reveal`: the TorchScript types of parameters, locals, results and expressions, as inferred."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from jitlint.analysis import Session
from jitlint.emit.values import Sugared, Val, describe
from jitlint.project.definitions import FunctionDefinition
from jitlint.source.problem import Span, span_of
from jitlint.types.model import Schema


@dataclass(frozen=True, slots=True)
class Revealed:
    """The type of one expression (or parameter) at `span` (1-based). `text` is its source."""

    span: Span
    text: str
    type: str


@dataclass(frozen=True, slots=True)
class RevealedFunction:
    """A compiled function: where it is, its schema as the compiler writes it, and every typed expression in it."""

    path: str
    line: int
    qualname: str
    schema: Schema | None
    expressions: tuple[Revealed, ...]
    variables: tuple[tuple[str, str], ...]


def describe_value(value: Sugared) -> str:
    return str(value.type) if isinstance(value, Val) else describe(value)


def reveal_file(session: Session, path: str, qualname: str = "", line: int = 0) -> Iterator[RevealedFunction]:
    """The functions that the units of a file compile. `qualname` keeps one function, method or class; `line` (1-based)
    keeps the functions that hold the line, and of their expressions those on it. Raises SourceError, ParseError."""
    compiler = session.compiler
    assert compiler.recording
    index = session.project.index_file(path)
    for point in session.points(index):
        session.summary(point)
    seen: set[str] = set()
    for definition, types, _ in sorted(compiler.recorded, key=lambda one: one[0].node.lineno):
        if definition.module is not index or definition.qualname in seen:
            continue
        if qualname and definition.qualname != qualname and not definition.qualname.startswith(qualname + "."):
            continue
        end = definition.node.end_lineno or definition.node.lineno
        if line and not definition.node.lineno <= line <= end:
            continue
        seen.add(definition.qualname)
        yield _reveal(session, definition, types, index.lines, line)


def _reveal(
    session: Session,
    definition: FunctionDefinition,
    types: dict[ast.AST, Sugared],
    lines: list[str],
    line: int,
) -> RevealedFunction:
    expressions: list[Revealed] = []
    variables: dict[str, str] = {}
    for node, value in types.items():
        if not isinstance(node, ast.expr):
            continue
        if isinstance(node, ast.Name):
            variables[node.id] = describe_value(value)
        if line and not node.lineno <= line <= (node.end_lineno or node.lineno):
            continue
        if isinstance(node, ast.Constant):
            continue
        expressions.append(Revealed(span_of(node, lines), ast.unparse(node), describe_value(value)))
    expressions.sort(key=lambda one: (one.span.line, one.span.column, -one.span.end_column))
    return RevealedFunction(
        definition.module.path,
        definition.node.lineno,
        definition.qualname,
        session.schema_of(definition),
        tuple(dict.fromkeys(expressions)),
        tuple(variables.items()),
    )
