"""Inlay hints: the types of parameters and locals that have no annotation."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from lsprotocol import types as lsp

from jitlint.emit.values import Val
from jitlint.lsp.documents import Buffer
from jitlint.lsp.positions import exact_range, overlaps
from jitlint.reveal import Typed, spelling
from jitlint.source.nodes import walk
from jitlint.source.problem import Span, span_of
from jitlint.types.relations import contains_unknown


def inlay_hints(types: tuple[Buffer, Sequence[Typed]], place: lsp.Range, encoding: str) -> list[lsp.InlayHint]:
    """The hints in a range of a file. None while the file does not parse: they would jump about."""
    buffer, functions = types
    if buffer.stale:
        return []
    hints = []
    for typed in functions:
        for line, column, text in (*_parameters(typed), *_locals(typed)):
            at = exact_range(Span(line, column, line, column), buffer.lines, encoding)
            if overlaps(at, place):
                hints.append(
                    lsp.InlayHint(at.start, text, kind=lsp.InlayHintKind.Type, padding_left=False, padding_right=False)
                )
    return hints


def _parameters(typed: Typed) -> Iterator[tuple[int, int, str]]:
    if typed.schema is None:
        return
    definition = typed.definition
    kinds = {one.name: one.type for one in typed.schema.arguments}
    arguments = definition.node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        kind = kinds.get(argument.arg)
        if argument.annotation is None and kind is not None and not contains_unknown(kind):
            span = span_of(argument, definition.module.lines)
            yield span.end_line, span.end_column, f": {kind.inner()}"


def _locals(typed: Typed) -> Iterator[tuple[int, int, str]]:
    """Each local where it is first bound, and where it is bound to something of another type."""
    node = typed.definition.node
    annotated = {id(one.target) for one in walk(node) if isinstance(one, ast.AnnAssign)}
    annotated |= {id(one.target) for one in walk(node) if isinstance(one, ast.AugAssign)}
    last: dict[str, str] = {}
    places = [one for one in typed.types if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    for name in sorted(places, key=lambda one: (one.lineno, one.col_offset)):
        kinds = {spelling(one) for one in typed.types[name] if isinstance(one, Val) and not contains_unknown(one.type)}
        if len(kinds) != 1 or len(typed.types[name]) != sum(isinstance(one, Val) for one in typed.types[name]):
            continue
        kind = kinds.pop()
        if last.get(name.id) != kind and id(name) not in annotated:
            span = span_of(name, typed.definition.module.lines)
            yield span.end_line, span.end_column, f": {kind}"
        last[name.id] = kind
