"""Hovering: the rule of a squiggle, and the TorchScript type of an expression."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lsprotocol import types as lsp

from jitlint.findings import registry
from jitlint.findings.model import Finding
from jitlint.lsp.documents import Buffer, shift
from jitlint.lsp.engine import Page
from jitlint.lsp.positions import contains, from_position, to_range
from jitlint.project.definitions import FunctionDefinition
from jitlint.reveal import Typed, spellings
from jitlint.source.nodes import walk
from jitlint.source.problem import Span, span_of


def hover(
    page: Page, types: tuple[Buffer, Sequence[Typed]] | None, position: lsp.Position, encoding: str
) -> lsp.Hover | None:
    """What to show at a position; None for nothing."""
    here = [one for one in page.findings if contains(to_range(one.span, page.lines, encoding), position)]
    parts = [about(one) for one in here]
    place: lsp.Range | None = None
    typed = _type_at(page, types, position, encoding) if types is not None else None
    if typed is not None:
        text, place = typed
        parts.insert(0, f"```python\n{text}\n```")
    elif here:
        place = to_range(here[0].span, page.lines, encoding)
    if not parts:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(parts)), place)


def about(finding: Finding) -> str:
    """A finding and its rule, in Markdown."""
    rule = registry.rule(finding.code)
    link = f"[{rule.code}]({finding.url})" if finding.url else rule.code
    parts = [f"**{link}** {rule.name}", finding.message]
    if finding.torch_message.strip():
        parts.append(f"torch says:\n```text\n{finding.torch_message.strip()}\n```")
    if rule.summary:
        parts.append(rule.summary)
    if finding.help:
        parts.append(f"*{finding.help}*")
    return "\n\n".join(parts)


def _type_at(
    page: Page, types: tuple[Buffer, Sequence[Typed]], position: lsp.Position, encoding: str
) -> tuple[str, lsp.Range] | None:
    """The innermost expression, parameter or function's name at a position, with its type."""
    buffer, functions = types
    line, column = from_position(position, page.lines, encoding)
    moved = 0
    if buffer.stale and buffer.source is not None:
        old = shift(buffer.source.lines, page.lines).back(line)
        if old is None:
            return None
        moved, line = line - old, old
    shown = [
        one
        for typed in functions
        if typed.definition.node.lineno <= line <= (typed.definition.node.end_lineno or typed.definition.node.lineno)
        for one in _shown(typed)
    ]
    # The character under the pointer counts: the parenthesis behind a name is the call's. At an end, the name's will do.
    at = (line, column)
    inside = [one for one in shown if _start(one[1]) <= at < _end(one[1])] or [
        one for one in shown if _start(one[1]) <= at <= _end(one[1])
    ]
    best = min(reversed(inside), key=lambda one: _size(one[1]), default=None)
    if best is None:
        return None
    span = best[1]
    span = Span(span.line + moved, span.column, span.end_line + moved, span.end_column)
    return best[0], to_range(span, page.lines, encoding)


def _start(span: Span) -> tuple[int, int]:
    return span.line, span.column


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def _size(span: Span) -> tuple[int, int]:
    lines = span.end_line - span.line
    return lines, span.end_column - (span.column if not lines else 0)


def _shown(typed: Typed) -> list[tuple[str, Span]]:
    definition = typed.definition
    lines = definition.module.lines
    found = [
        (f"{_text(node)}: {spellings(values)}", span_of(node, lines))
        for node, values in typed.types.items()
        if isinstance(node, ast.expr)
    ]
    found += [(f"{_text(node)}: bool", span_of(node, lines)) for node in _conditions(typed)]
    if typed.schema is not None:
        kinds = {one.name: one.type.inner() for one in typed.schema.arguments}
        arguments = definition.node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg in kinds:
                span = span_of(argument, lines)
                name = Span(span.line, span.column, span.line, span.column + len(argument.arg))
                found.append((f"{argument.arg}: {kinds[argument.arg]}", name))
        found.append((signature(typed), _name(definition)))
    return found


def _conditions(typed: Typed) -> list[ast.expr]:
    """What is a `bool` whatever stands in it, and has no value of its own to the compiler: ``and``, ``or``, ``not``, ``is``;
    as far as it was compiled."""
    return [
        node
        for node in walk(typed.definition.node)
        if node not in typed.types
        and (
            isinstance(node, ast.BoolOp)
            or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
            or (isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)))
        )
        and any(child in typed.types for child in walk(node))
    ]


def signature(typed: Typed) -> str:
    """A function's schema, as a ``def``."""
    assert typed.schema is not None
    parameters = ", ".join(f"{one.name}: {one.type.inner()}" for one in typed.schema.arguments)
    result = ", ".join(one.inner() for one in typed.schema.returns)
    return f"def {typed.definition.name}({parameters}) -> {result}"


def _name(definition: FunctionDefinition) -> Span:
    """Where the name of a function stands."""
    line = definition.node.lineno
    lines = definition.module.lines
    text = lines[line - 1] if line <= len(lines) else ""
    at = text.find(definition.name, definition.node.col_offset + len("def"))
    return Span(line, at + 1, line, at + 1 + len(definition.name)) if at >= 0 else Span(line, 1, line, 1)


def _text(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else text[:79] + "…"
