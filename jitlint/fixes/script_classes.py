"""Fixes of classes: constructors, values in the class body, NamedTuples."""

from __future__ import annotations

import ast

from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import replaced


def constructor_added(context: Context, finding: Finding) -> Draft | None:
    """A script class without ``__init__``: an empty one."""
    call = context.at(finding.span, ast.Call)
    name = getattr(call.func, "id", "") if call is not None else ""
    cls = next((one for one in ast.walk(context.tree) if isinstance(one, ast.ClassDef) and one.name == name), None)
    if cls is None or cls.bases or call is None or call.args or not context.own_line_start(cls.body[0]):
        return None
    first = cls.body[0]
    if isinstance(first, ast.Expr) and len(cls.body) > 1:
        first = cls.body[1]
    indent = context.indentation(first)
    at = context.line_start(context.first_line(first))
    text = f"{indent}def __init__(self):\n{indent}{context.step(first)}pass\n\n"
    return Draft("safe", "Add an `__init__`", (Change(at, at, text),))


def super_called(context: Context, finding: Finding) -> Draft | None:
    """A module's constructor that forgets the base's."""
    cls = context.starting(finding.span, ast.ClassDef)
    init = next(
        (one for one in (cls.body if cls else []) if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None
    )
    if init is None or not context.own_line_start(init.body[0]):
        return None
    first = init.body[0]
    if isinstance(first, ast.Pass) and len(init.body) == 1:
        return Draft(
            "safe",
            "Call the base's constructor",
            (Change(context.start(first), context.end(first), "super().__init__()"),),
        )
    at = context.line_start(context.first_line(first))
    line = f"{context.indentation(first)}super().__init__()\n"
    return Draft("unsafe", "Call the base's constructor", (Change(at, at, line),))


def class_value_in_init(context: Context, finding: Finding) -> Draft | None:
    """A script class's own attribute: set in the constructor instead, where TorchScript sees it."""
    node = context.at(finding.span, ast.Attribute)
    if node is None:
        return None
    for cls in ast.walk(context.tree):
        if not isinstance(cls, ast.ClassDef) or cls.bases:
            continue
        init = next((one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
        for statement in cls.body:
            if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name) or init is None:
                continue
            if statement.targets[0].id == node.attr and isinstance(statement.value, ast.Constant):
                first = init.body[0]
                if not context.own_line_start(first):
                    return None
                at = context.line_start(context.first_line(first))
                line = f"{context.indentation(first)}self.{node.attr} = {context.code(statement.value)}\n"
                return Draft("unsafe", f"Set `{node.attr}` in __init__", (Change(at, at, line),))
    return None


def tuple_replaced(context: Context, finding: Finding) -> Draft | None:
    """``pair._replace(b=2)`` as a new one."""
    node = context.at(finding.span, ast.Attribute)
    call = context.parents.get(node) if node is not None else None
    if (
        node is None
        or node.attr != "_replace"
        or not isinstance(call, ast.Call)
        or not isinstance(node.value, ast.Name)
    ):
        return None
    kind = known_type(context, node.value)
    fields: tuple[str, ...] = getattr(kind, "fields", ())
    name = str(kind).rpartition(".")[2]
    if not fields or call.args or name not in context.index.scope.bindings:
        return None
    given = {one.arg: context.code(one.value) for one in call.keywords}
    parts = [given.get(field, f"{node.value.id}.{field}") for field in fields]
    return Draft("safe", "Make a new one", (replaced(context, call, f"{name}({', '.join(parts)})"),))
