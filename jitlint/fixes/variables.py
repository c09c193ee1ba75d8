"""Fixes of variables: annotated with what they hold, or begun with a value of the type that they come to have."""

from __future__ import annotations

import ast

from jitlint.emit.evidence import Mismatch
from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.context import Change, Context, Draft, Function
from jitlint.fixes.edits import replaced
from jitlint.fixes.imports import need
from jitlint.project.legacy import version_tuple
from jitlint.source.nodes import walk_own
from jitlint.types.model import OptionalType, TensorType, Type


def container_annotated(context: Context, finding: Finding) -> Draft | None:
    """``xs = []``, which is a list of Tensors to the compiler, annotated with what is put in."""
    name, kinds = _put_in(context, finding)
    if name is None or kinds is None:
        return None
    function = context.function(context.around(finding.span, ast.expr, ast.stmt) or context.tree)
    if function is None:
        return None
    assigned = [
        node
        for node in walk_own(function.body)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
        and _empty(node.value)
    ]
    if not assigned:
        return None
    statement = min(assigned, key=lambda node: node.lineno)
    is_dict = (
        isinstance(statement.value, ast.Dict) or getattr(getattr(statement.value, "func", None), "id", "") == "dict"
    )
    if is_dict != (len(kinds) == 2):
        return None
    texts: list[str] = []
    changes: list[Change] = []
    for kind in kinds:
        text, more = written(context, kind)
        if text is None:
            return None
        texts.append(text)
        changes += more
    outer, more = need(context, "typing.Dict" if is_dict else "typing.List")
    text = f"{outer}[{', '.join(texts)}]"
    if _annotated_before(context, function, name):
        return None
    at = context.end(statement.targets[0])
    old = version_tuple(context.session.torch_version) < (1, 2)  # has no annotations of variables
    nested = any(isinstance(one, ast.For | ast.While | ast.If) for one in context.ancestors(statement))
    if old or (nested and len(assigned) > 1):
        start, end = context.start(statement.value), context.end(statement.value)
        call, more_still = need(context, "torch.jit.annotate")
        new = f"{call}({text}, {context.text[start:end]})"
        return Draft("safe", f"Annotate: `{new}`", (Change(start, end, new), *changes, *more, *more_still))
    return Draft("safe", f"Annotate `{name}: {text}`", (Change(at, at, f": {text}"), *changes, *more))


def _empty(node: ast.expr) -> bool:
    match node:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="list" | "dict"), args=[], keywords=[]):
            return True
    return False


def _annotated_before(context: Context, function: Function, name: str) -> bool:
    return any(
        isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name
        for node in walk_own(function.body)
    )


def _put_in(context: Context, finding: Finding) -> tuple[str | None, tuple[Type, ...] | None]:
    """What a finding says is put into which variable: (element,) or (key, value)."""
    node = context.at(finding.span, ast.stmt, ast.expr)
    if isinstance(node, ast.Expr):
        node = node.value
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item]):
            kind = known_type(context, item)
            return name, None if kind is None else (kind,)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert"), args=[_, item]):
            kind = known_type(context, item)
            return name, None if kind is None else (kind,)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="extend"), args=[items]):
            kind = known_type(context, items)
            element = getattr(kind, "element", None)
            return name, None if element is None else (element,)
        case ast.Subscript(value=ast.Name(id=name), slice=key):
            statement = context.parents.get(node)
            if isinstance(statement, ast.Assign):
                kinds = known_type(context, key), known_type(context, statement.value)
                if kinds[0] is not None and kinds[1] is not None:
                    return name, (kinds[0], kinds[1])
        case ast.Return(value=ast.Name(id=name)):
            evidence = finding.evidence
            if isinstance(evidence, Mismatch):
                return name, _inside(evidence.expected)
        case ast.Name(id=name):
            evidence = finding.evidence
            if isinstance(evidence, Mismatch):
                return name, _inside(evidence.found)
    return None, None


def _inside(kind: Type) -> tuple[Type, ...] | None:
    from jitlint.types.model import DictType, ListType

    if isinstance(kind, ListType):
        return (kind.element,)
    return (kind.key, kind.value) if isinstance(kind, DictType) else None


def first_value(context: Context, finding: Finding) -> Draft | None:
    """A variable that changes its type: its first value, or its annotation, becomes what the last one is."""
    evidence = finding.evidence
    node = context.at(finding.span, ast.Name)
    if node is None or not isinstance(evidence, Mismatch):
        return None
    function = context.function(node)
    if function is None:
        return None
    assigned = [
        one
        for one in walk_own(function.body)
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id == node.id
        and one.lineno < node.lineno
    ]
    if not assigned:
        return None
    first = min(assigned, key=lambda one: one.lineno)
    name = node.id
    if str(evidence.expected) == "NoneType" or str(evidence.found) == "NoneType":
        kind = evidence.found if str(evidence.expected) == "NoneType" else evidence.expected
        text, changes = written(context, kind if isinstance(kind, OptionalType) else OptionalType(kind))
        if text is None or (str(evidence.found) == "NoneType" and not isinstance(first.value, ast.Constant | ast.Call)):
            return None
        at = context.end(first.targets[0])
        return Draft("safe", f"Annotate `{name}: {text}`", (Change(at, at, f": {text}"), *changes))
    if str(evidence.expected) == "int" and str(evidence.found) == "float" and isinstance(first.value, ast.Constant):
        return Draft(
            "unsafe", "Begin with a float", (replaced(context, first.value, f"{context.code(first.value)}.0"),)
        )
    if str(evidence.expected) in ("int", "float") and isinstance(evidence.found, TensorType):
        if isinstance(first.value, ast.Constant):
            tensor, changes = need(context, "torch.tensor")
            value = context.code(first.value)
            return Draft(
                "unsafe", "Begin with a tensor", (replaced(context, first.value, f"{tensor}({value})"), *changes)
            )
    return None


def without_annotation(context: Context, finding: Finding) -> Draft | None:
    """An annotation of a variable that was annotated outside already."""
    target = context.at(finding.span, ast.Name)
    statement = context.parents.get(target) if target is not None else None
    if not isinstance(statement, ast.AnnAssign) or statement.value is None or target is None:
        return None
    start = context.end(target)
    end = context.end(statement.annotation)
    return Draft("safe", "Delete the second annotation", (Change(start, end, ""),))


def tolist_annotated(context: Context, finding: Finding) -> Draft | None:
    """``xs = x.tolist()``: only the author knows the type."""
    node = context.at(finding.span, ast.Call)
    statement = context.parents.get(node) if node is not None else None
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    outer, changes = need(context, "typing.List")
    at = context.end(statement.targets[0])
    return Draft("unsafe", "Annotate the list, of floats", (Change(at, at, f": {outer}[float]"), *changes))
