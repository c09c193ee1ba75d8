"""Small edits that many fixers make, and the parentheses they need."""

from __future__ import annotations

import ast

from jitlint.fixes.context import Change, Context

_ATOMS = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Call,
    ast.Constant,
    ast.List,
    ast.Dict,
    ast.ListComp,
    ast.DictComp,
    ast.JoinedStr,
)
_KEYWORDS = frozenset(
    {"return", "in", "if", "elif", "while", "not", "and", "or", "is", "else", "assert", "for", "yield"}
)


def replaced(context: Context, node: ast.expr, text: str) -> Change:
    """`node` replaced by `text`; a keyword stays apart from it."""
    return Change(context.start(node), context.end(node), text)


def operand(context: Context, node: ast.expr) -> str:
    """The text of an expression, in parentheses where it may not stand beside an operator."""
    text = context.code(node)
    return text if isinstance(node, _ATOMS) and not _bare_number(node) else f"({text})"


def _bare_number(node: ast.expr) -> bool:
    return False if not isinstance(node, ast.Constant) else isinstance(node.value, complex)


def receiver(context: Context, node: ast.expr) -> str:
    """The text of an expression, in parentheses where a dot may not follow it."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return f"({context.code(node)})"
    return operand(context, node)


def grouped(context: Context, node: ast.expr) -> tuple[int, int]:
    """The range of a node with the parentheses that are its own, if it has any."""
    start, end = context.start(node), context.end(node)
    text = context.text
    while True:
        before = len(text[:start].rstrip())
        after = len(text) - len(text[end:].lstrip())
        if before == 0 or text[before - 1] != "(" or text[after : after + 1] != ")":
            return start, end
        ahead = text[: before - 1].rstrip()
        word = ahead[len(ahead.rstrip("abcdefghijklmnopqrstuvwxyz")) :]
        joined = bool(ahead) and (ahead[-1].isalnum() or ahead[-1] in "_)]}'\"") and before - 1 == len(ahead)
        if joined and word not in _KEYWORDS:
            return start, end  # the parentheses of a call
        start, end = before - 1, after + 1


def inserted_above(context: Context, statement: ast.stmt, lines: list[str]) -> Change | None:
    """Lines, without indentation, above a statement; None where there is no room for them."""
    if not context.own_line_start(statement):
        return None
    if isinstance(statement, ast.If) and context.text.startswith("elif", context.start(statement)):
        return None
    indent = context.indentation(statement)
    at = context.line_start(context.first_line(statement))
    return Change(at, at, "".join(f"{indent}{line}\n" for line in lines))


def fresh_name(context: Context, node: ast.AST, wanted: str, user: ast.AST | None = None) -> str:
    """A name that the function around a node (or the file) does not use: `wanted`, or `wanted` and a number. Two fixes
    that are applied together never get the same one, unless they are for the same `user` (the node itself, if none)."""
    around: ast.AST = context.function(node) or context.tree
    taken = {one.id for one in ast.walk(around) if isinstance(one, ast.Name)}
    taken |= {one.arg for one in ast.walk(around) if isinstance(one, ast.arg)}
    number, name = 1, wanted
    while name in taken or context.given.setdefault((around, name), user or node) is not (user or node):
        number += 1
        name = f"{wanted}_{number}"
    return name


def literal_lines(context: Context, node: ast.AST) -> bool:
    """Whether a string that spans lines is part of a node: its text cannot be indented."""
    return any(isinstance(one, ast.Constant | ast.JoinedStr) and one.lineno != one.end_lineno for one in ast.walk(node))
