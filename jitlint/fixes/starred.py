"""Fixes of starred lists (JIT213): torch's functions take the list itself."""

from __future__ import annotations

import ast

from jitlint.emit.values import ModuleRef
from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import replaced
from jitlint.types.model import INT, ListType, TensorType, TupleType

# Functions and methods that take either several ints or one list of them.
_SIZES = frozenset(
    "view reshape permute expand repeat tile new_zeros new_ones new_empty new_full zeros ones empty rand randn flip "
    "zero sum_to_size movedim squeeze".split()
)
_TENSORS = frozenset({"torch.meshgrid", "torch.broadcast_tensors", "torch.block_diag", "torch.cartesian_prod"})


def unstarred(context: Context, finding: Finding) -> Draft | None:
    """``x.view(*sizes, -1)`` as ``x.view(list(sizes) + [-1])``; ``x[*idx]`` with the items of the tuple."""
    node = context.around(finding.span, ast.Starred)
    if node is None:
        target = context.at(finding.span, ast.Tuple)
        return _unpacked(context, target) if target is not None else None
    parent = context.parents.get(node)
    kind = known_type(context, node.value)
    if isinstance(parent, ast.Call) and node in parent.args:
        return _call(context, parent, node)
    holder = context.parents.get(parent) if isinstance(parent, ast.Tuple) else None
    if isinstance(holder, ast.Subscript) and isinstance(kind, TupleType) and isinstance(node.value, ast.Name):
        text = ", ".join(f"{node.value.id}[{n}]" for n in range(len(kind.elements)))
        return Draft("safe", "Name the items", (replaced(context, node, text),))
    return None


def _call(context: Context, call: ast.Call, node: ast.Starred) -> Draft | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    kind = known_type(context, node.value)
    if isinstance(kind, ListType) and kind.element == INT and name in _SIZES:
        parts: list[str] = []
        plain: list[str] = []
        for one in call.args:
            if isinstance(one, ast.Starred):
                if plain:
                    parts.append(f"[{', '.join(plain)}]")
                    plain = []
                inner = context.code(one.value)
                # In Python a Size is a tuple, which cannot be added to a list.
                parts.append(inner if len(call.args) == 1 else f"list({context.code(one.value)})")
            else:
                plain.append(context.code(one))
        if plain:
            parts.append(f"[{', '.join(plain)}]")
        text = " + ".join(parts)
        start, end = context.start(call.args[0]), context.end(call.args[-1])
        return Draft("safe", "Pass the list", (Change(start, end, text),))
    if isinstance(kind, ListType) and isinstance(kind.element, TensorType) and len(call.args) == 1:
        if context.name_of(call.func) in _TENSORS:
            return Draft("safe", "Pass the list", (replaced(context, node, context.code(node.value)),))
        count = _inputs(context, call)
        if count and isinstance(node.value, ast.Name):
            text = ", ".join(f"{node.value.id}[{n}]" for n in range(count))
            return Draft("unsafe", "Name the items", (replaced(context, node, text),))
    return None


def _inputs(context: Context, call: ast.Call) -> int:
    """How many inputs the module or function that is called takes, where none of them has a default."""
    from jitlint.emit.values import FunctionRef

    for value in context.values(call.func):
        schema = None
        if isinstance(value, FunctionRef):
            schema = context.session.schema_of(value.definition)
        elif isinstance(value, ModuleRef):
            entry = context.session.api.entry(getattr(value.shape.cls, "name", ""))
            del entry
        if schema is not None and all(one.default is None for one in schema.arguments):
            return len(schema.arguments)
    return 0


def _unpacked(context: Context, target: ast.Tuple) -> Draft | None:
    """``b, *rest = x.shape`` as two assignments."""
    statement = context.parents.get(target)
    if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Name | ast.Attribute):
        return None
    if not isinstance(target.elts[-1], ast.Starred) or not context.own_line(statement):
        return None
    value = context.code(statement.value)
    names = [context.code(one) for one in target.elts[:-1]]
    rest = context.code(target.elts[-1].value)
    sources = [f"{value}[{n}]" for n in range(len(names))]
    text = f"{', '.join([*names, rest])} = {', '.join([*sources, f'{value}[{len(names)}:]'])}"
    return Draft("unsafe", "Unpack by index", (Change(context.start(statement), context.end(statement), text),))
