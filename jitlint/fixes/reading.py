"""Fixes of attributes where they are read (401, 402, 416): what TorchScript can read instead."""

from __future__ import annotations

import ast
from difflib import get_close_matches

from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.attributes import (
    annotated_in_class,
    assignments,
    class_annotation,
    has_method,
    held_value,
    in_init,
    is_self,
    self_attribute,
    set_once,
)
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import literal_lines, operand, replaced
from jitlint.fixes.imports import need
from jitlint.shapes import values as py
from jitlint.types.model import ListType, Type


def read_otherwise(context: Context, finding: Finding) -> Draft | None:
    """JIT402, JIT416: a call of an attribute that holds a bound method, a partial or a lambda; a field of an object."""
    found = self_attribute(context, finding)
    if found is None:
        return None
    node, cls = found
    statement = set_once(context, cls, node.attr)
    value = statement.value if statement is not None else None
    if statement is None or value is None:
        return None
    parent = context.parents.get(node)
    call = parent if isinstance(parent, ast.Call) and parent.func is node else None
    match value:
        case ast.Attribute(value=ast.Name(id="self"), attr=method) if call is not None:
            if has_method(cls, method):
                return Draft("unsafe", f"Call `{method}` itself", (replaced(context, node, f"self.{method}"),))
        case ast.Lambda(args=args, body=body) if not literal_lines(context, value) and context.own_line(statement):
            target = node.attr.lstrip("_") or "function"
            indent = context.indentation(statement)
            start, end = context.start(args) if hasattr(args, "lineno") else 0, 0
            del start, end
            signature = ", ".join(arg.arg for arg in args.args)
            if args.vararg or args.kwarg or args.kwonlyargs or args.defaults:
                return None
            if set(_free_names(body)) & {"self"}:
                return None
            text = f"def {target}({signature}):\n{indent}{context.step(statement)}return {context.code(body)}\n\n{indent}self.{node.attr} = {target}"
            return Draft("safe", "Define a function", (Change(context.start(statement), context.end(statement), text),))
        case ast.Call(func=maker, args=[function, *bound], keywords=keywords) if call is not None:
            if context.name_of(maker) != "functools.partial" or not isinstance(function, ast.Name | ast.Attribute):
                return None
            if not all(_literal(one) for one in (*bound, *(keyword.value for keyword in keywords))):
                return None
            parts = [*map(context.code, bound), *map(context.code, call.args)]
            parts += [context.code(one) for one in call.keywords]
            given = {one.arg for one in call.keywords}
            parts += [context.code(one) for one in keywords if one.arg not in given]
            text = f"{context.code(function)}({', '.join(parts)})"
            return Draft("unsafe", f"Call `{context.code(function)}` itself", (replaced(context, call, text),))
    if (
        isinstance(parent, ast.Attribute)
        and isinstance(parent.ctx, ast.Load)
        and isinstance(value, ast.Call | ast.Name)
    ):
        return _field(context, cls, statement, node, parent)
    return None


def _free_names(node: ast.AST) -> list[str]:
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name)]


def _literal(node: ast.expr) -> bool:
    return all(
        isinstance(one, ast.Constant | ast.List | ast.Tuple | ast.UnaryOp | ast.USub | ast.expr_context)
        for one in ast.walk(node)
    )


def _field(
    context: Context, cls: ast.ClassDef, statement: ast.stmt, node: ast.Attribute, parent: ast.Attribute
) -> Draft | None:
    """``self.config.scale``: read once, in the constructor."""
    grand = context.parents.get(parent)
    if (isinstance(grand, ast.Call) and grand.func is parent) or isinstance(grand, ast.Attribute):
        return None
    value = held_value(context, cls, node.attr)
    if not isinstance(value, py.Instance | py.Unknown | py.OneOf | py.External | py.Typed):
        return None
    field = context.session.evaluator.attribute(value, parent.attr)
    if field is not None and not isinstance(field, py.Unknown | py.Constant | py.Typed):
        return None
    name = f"{node.attr}_{parent.attr}"
    if any(isinstance(one, ast.Attribute) and one.attr == name for one in ast.walk(cls)):
        used = replaced(context, parent, f"self.{name}")
        return Draft("unsafe", f"Read `{name}`", (used,)) if assignments(cls, name) else None
    if not context.own_line(statement):
        return None
    at = context.line_end(statement.end_lineno or statement.lineno)
    line = f"{context.indentation(statement)}self.{name} = self.{node.attr}.{parent.attr}\n"
    uses = [
        replaced(context, one, f"self.{name}")
        for one in ast.walk(cls)
        if isinstance(one, ast.Attribute) and context.code(one) == context.code(parent) and not in_init(context, one)
        and isinstance(one.ctx, ast.Load)
    ]  # fmt: skip
    return Draft("unsafe", f"Read `{node.attr}.{parent.attr}` in __init__", (Change(at, at, line), *uses))


def final_value(context: Context, finding: Finding) -> Draft | None:
    """JIT401: a class's plain value, declared Final, is a constant of the module."""
    node = context.at(finding.span, ast.Attribute)
    if node is None or not isinstance(node.value, ast.Name):
        return None
    cls = context.class_of(node)
    if cls is None:
        return None
    for statement in cls.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id != node.attr:
            continue
        kind = known_type(context, statement.value) or _display_type(context, statement.value)
        text, changes = written(context, kind)
        if text is None:
            return None
        final, more = need(context, "typing.Final")
        at = context.end(target)
        return Draft("safe", f"Declare `{node.attr}` Final", (Change(at, at, f": {final}[{text}]"), *changes, *more))
    return None


def _display_type(context: Context, node: ast.expr) -> Type | None:
    if isinstance(node, ast.List) and node.elts:
        kinds = {known_type(context, one) for one in node.elts}
        only = kinds.pop() if len(kinds) == 1 else None
        return ListType(only) if only is not None else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return known_type(context, node.operand)
    return None


def final_flag(context: Context, finding: Finding) -> Draft | None:
    """JIT401 below ``if self.flag:``, where the flag decides and is a plain attribute: Final, the dead branch is skipped."""
    node = context.at(finding.span, ast.Attribute)
    cls = context.class_of(node) if node is not None else None
    if node is None or cls is None:
        return None
    current: ast.AST = node
    for parent in context.ancestors(node):
        if isinstance(parent, ast.If):
            test, negated = parent.test, False
            if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                test, negated = test.operand, True
            if isinstance(test, ast.Attribute) and is_self(test.value):
                held = held_value(context, cls, test.attr)
                inside = current in parent.body
                if (
                    isinstance(held, py.Constant)
                    and isinstance(held.value, bool)
                    and class_annotation(context, cls, test.attr) is None
                ):
                    runs = (held.value != negated) == inside
                    if not runs and len(assignments(cls, test.attr)) == 1:
                        final, changes = need(context, "typing.Final")
                        change = annotated_in_class(context, cls, test.attr, f"{final}[bool]")
                        if change is not None:
                            return Draft("safe", f"Declare `{test.attr}` Final", (change, *changes))
        current = parent
    return None


def plain_read(context: Context, finding: Finding) -> Draft | None:
    """``self.__dict__["a"]`` and ``self._modules["fc"]`` as attributes; the class's name as a string."""
    node = context.at(finding.span, ast.Attribute)
    if node is None:
        return None
    parent = context.parents.get(node)
    match parent:
        case ast.Subscript(slice=ast.Constant(value=str() as name)) if node.attr in (
            "__dict__",
            "_modules",
            "_parameters",
            "_buffers",
        ):
            if name.isidentifier():
                text = f"{operand(context, node.value)}.{name}"
                return Draft("safe", f"Write `{text}`", (replaced(context, parent, text),))
        case ast.Attribute(attr="__name__") if node.attr == "__class__" and is_self(node.value):
            cls = context.class_of(node)
            if cls is not None:
                return Draft("unsafe", "Write the name", (replaced(context, parent, f'"{cls.name}"'),))
    return None


def misspelt(context: Context, finding: Finding) -> Draft | None:
    """A name close to one that there is: shown only, since which one was meant is a guess."""
    node = context.at(finding.span, ast.Attribute, ast.Name)
    if isinstance(node, ast.Attribute) and is_self(node.value):
        cls = context.class_of(node)
        definition = context.class_definition(cls) if cls is not None else None
        if definition is None:
            return None
        known = [name for name in context.session.evaluator.shape(definition).attributes if not name.startswith("_")]
        close = get_close_matches(node.attr, known, 1, 0.75)
        if close:
            return Draft("display", f"Did you mean `{close[0]}`?", (replaced(context, node, f"self.{close[0]}"),))
    if isinstance(node, ast.Name):
        function = context.function(node)
        names = {
            one.id for one in ast.walk(function or context.tree) if isinstance(one, ast.Name) and one.id != node.id
        }
        names |= {one.arg for one in ast.walk(function or context.tree) if isinstance(one, ast.arg)}
        close = get_close_matches(node.id, sorted(names), 1, 0.8)
        if close:
            return Draft("display", f"Did you mean `{close[0]}`?", (replaced(context, node, close[0]),))
    return None
