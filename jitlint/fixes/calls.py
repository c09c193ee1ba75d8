"""Fixes of calls and subscripts that need their arguments in another form."""

from __future__ import annotations

import ast

from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import operand, replaced
from jitlint.fixes.imports import need


def items_indexed(context: Context, finding: Finding) -> Draft | None:
    """A tensor indexed with a variable that holds a tuple: with its items."""
    from jitlint.types.model import TupleType

    node = context.at(finding.span, ast.Subscript)
    if node is None or not isinstance(node.slice, ast.Name):
        return None
    kind = known_type(context, node.slice)
    if not isinstance(kind, TupleType):
        return None
    text = ", ".join(f"{node.slice.id}[{n}]" for n in range(len(kind.elements)))
    return Draft("safe", "Index with the items", (replaced(context, node.slice, text),))


def called_wrongly(context: Context, finding: Finding) -> Draft | None:
    """``x.shape(0)`` and ``x.shape()[0]`` with brackets; ``fork(f(x))`` as ``fork(f, x)``; ``x.is_cuda()``."""
    node = context.at(finding.span, ast.Call)
    if node is None:
        return None
    func = node.func
    if isinstance(func, ast.Attribute) and func.attr in ("shape", "is_cuda", "dtype", "device", "requires_grad", "T"):
        if not node.args and not node.keywords:
            return Draft("unsafe", "It is no method", (Change(context.end(func), context.end(node), ""),))
        if func.attr == "shape" and len(node.args) == 1:
            change = Change(context.end(func), context.end(node), f"[{context.code(node.args[0])}]")
            return Draft("unsafe", "Index the shape", (change,))
    if (context.name_of(func) or "").endswith("jit.fork") or (context.name_of(func) or "").endswith("._fork"):
        inner = node.args[0] if len(node.args) == 1 else None
        if isinstance(inner, ast.Call):
            parts = [context.code(inner.func), *(context.code(one) for one in (*inner.args, *inner.keywords))]
            return Draft("unsafe", "Fork the function", (replaced(context, inner, ", ".join(parts)),))
    return None


def cast_with_to(context: Context, finding: Finding) -> Draft | None:
    """``x.float(copy=True)`` and ``x.cuda(0)`` as ``x.to(...)``."""
    node = context.at(finding.span, ast.Call)
    if node is None or not isinstance(node.func, ast.Attribute):
        return None
    name, subject = node.func.attr, operand(context, node.func.value)
    extra = [context.code(one) for one in node.keywords]
    names = {one.arg for one in node.keywords}
    casts = {
        "float": "float32",
        "double": "float64",
        "half": "float16",
        "int": "int32",
        "long": "int64",
        "bool": "bool",
    }
    if name in casts and not node.args and names and names <= {"copy", "memory_format", "non_blocking"}:
        dtype, changes = need(context, f"torch.{casts[name]}")
        text = f"{subject}.to({', '.join([dtype, *extra])})"
        return Draft("safe", f"Write `{text}`", (replaced(context, node, text), *changes))
    if name == "cuda" and len(node.args) <= 1 and names <= {"non_blocking"}:
        if node.args and not (isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, int)):
            return None
        device = f'"cuda:{context.code(node.args[0])}"' if node.args else '"cuda"'
        text = f"{subject}.to({', '.join([device, *extra])})"
        return Draft("safe", f"Write `{text}`", (replaced(context, node, text),))
    return None
