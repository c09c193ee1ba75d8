"""Rewriting f-strings, with libcst: the standard library's positions inside them are wrong before Python 3.12."""

from __future__ import annotations

from collections.abc import Container

import libcst as cst


def without_formats(text: str, strings: Container[str] = ()) -> str | None:
    """An f-string's source without conversions and format specifications, ``{x=}`` written out; None if it is none.
    `strings`: the names that hold text, which ``!r`` puts in quotes."""
    changed = cst.parse_expression(text).visit(_Plain(strings))
    return cst.Module([]).code_for_node(changed) if isinstance(changed, cst.BaseExpression) else None


class _Plain(cst.CSTTransformer):
    """Fields without conversion, format and equals sign."""

    def __init__(self, strings: Container[str]) -> None:
        super().__init__()
        self._strings = strings

    def leave_FormattedString(
        self, original_node: cst.FormattedString, updated_node: cst.FormattedString
    ) -> cst.BaseExpression:
        parts: list[cst.BaseFormattedStringContent] = []
        quote = original_node.end
        for part in updated_node.parts:
            if not isinstance(part, cst.FormattedStringExpression):
                parts.append(part)
                continue
            around = "'" if part.conversion == "r" and part.format_spec is None and "'" not in quote else ""
            if part.equal is not None:
                shown = cst.Module([]).code_for_node(part.expression)
                before = cst.Module([]).code_for_node(part.equal)
                space = cst.Module([]).code_for_node(part.whitespace_before_expression)
                text = (space + shown + before).replace("{", "{{").replace("}", "}}")
                parts.append(cst.FormattedStringText(text))
            elif around and isinstance(part.expression, cst.Name) and part.expression.value in self._strings:
                parts.append(cst.FormattedStringText(around))
            else:
                around = ""
            parts.append(part.with_changes(conversion=None, format_spec=None, equal=None))
            if around and part.equal is None:
                parts.append(cst.FormattedStringText(around))
        return updated_node.with_changes(parts=parts)
