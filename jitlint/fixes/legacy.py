"""Fixes of what torch has removed or replaced (7xx)."""

from __future__ import annotations

import ast

from jitlint.findings.model import Finding
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.imports import without_names


def delete_weak_script(context: Context, finding: Finding) -> Draft | None:
    """Deletes a weak-script import with the decorators it serves, or one dotted decorator."""
    alias = context.at(finding.span, ast.alias)
    if alias is not None:
        statement = context.parents[alias]
        assert isinstance(statement, ast.ImportFrom)
        bound = alias.asname or alias.name
        uses = [node for node in ast.walk(context.tree) if isinstance(node, ast.Name) and node.id == bound]
        gone = [_decorator(context, use) for use in uses]
        changed = without_names(context, statement, {alias.name})
        if changed is None or any(one is None for one in gone) or bound in _exported(context):
            return None
        return Draft(
            "safe",
            f"Delete `{bound}` and its import" if gone else f"Delete the import of `{bound}`",
            (changed, *(one for one in gone if one is not None)),
        )
    decorator = context.at(finding.span, ast.Attribute)
    change = _decorator(context, decorator) if decorator is not None else None
    if change is None or decorator is None:
        return None
    return Draft("safe", f"Delete `@{context.code(decorator)}`", (change,))


def _decorator(context: Context, node: ast.expr) -> Change | None:
    """A decorator's line gone; None where the expression is no decorator, or a part of one."""
    holder = context.parents.get(node)
    if node not in getattr(holder, "decorator_list", ()):
        return None
    return decorator_line(context, node)


def decorator_line(context: Context, node: ast.expr) -> Change | None:
    """The line of a decorator gone; None where something else stands on it."""
    line, last = node.lineno, node.end_lineno or node.lineno
    if context.text[context.line_start(line) : context.start(node)].strip() != "@":
        return None
    after = context.text[context.end(node) : context.line_end(last)].strip()
    if after and not after.startswith("#"):
        return None
    return Change(context.line_start(line), context.line_end(last), "")


def _exported(context: Context) -> set[str]:
    """The strings of ``__all__``."""
    return {
        text.value
        for node in context.tree.body
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets)
        for text in ast.walk(node.value)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }
