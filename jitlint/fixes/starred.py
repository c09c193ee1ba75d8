"""Fixes of starred lists (JIT213): torch's functions take the list itself."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import groupby

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
    if isinstance(kind, ListType) and isinstance(parent, ast.List | ast.Tuple):
        return _display(context, parent, kind)
    return None


def _display(context: Context, node: ast.List | ast.Tuple, kind: ListType) -> Draft | None:
    """``[x, *xs]`` as ``[x] + list(xs)``; ``(*sizes, -1)``, too, where all that is asked of it is to be sizes."""
    if isinstance(node, ast.Tuple) and not (kind.element == INT and _only_sizes(context, node)):
        return None
    start, end = context.start(node), context.end(node)
    parent = context.parents.get(node)
    text = _joined(context, node.elts)
    if not isinstance(parent, ast.Assign | ast.Return | ast.keyword | ast.Call):
        text = f"({text})"
    return Draft("safe", "Add the lists", (Change(start, end, text),))


def _joined(context: Context, elements: Sequence[ast.expr]) -> str:
    """Some arguments or elements as a sum of lists. In Python a Size is a tuple, which cannot be added to a list."""
    parts: list[str] = []
    for starred, some in groupby(elements, lambda one: isinstance(one, ast.Starred)):
        if starred:
            parts += [f"list({context.code(one.value)})" for one in some if isinstance(one, ast.Starred)]
        else:
            parts.append(f"[{', '.join(context.code(one) for one in some)}]")
    return " + ".join(parts)


def _only_sizes(context: Context, node: ast.Tuple) -> bool:
    """Whether a tuple goes nowhere but into functions that take sizes, be it by way of a variable that is nothing else."""
    parent = context.parents.get(node)
    if _as_sizes(context, node):
        return True
    function = context.function(node)
    if function is None or not isinstance(parent, ast.Assign) or not isinstance(parent.targets[0], ast.Name):
        return False
    name = parent.targets[0].id
    uses = [one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id == name]
    loads = [one for one in uses if isinstance(one.ctx, ast.Load)]
    return len(uses) == len(loads) + 1 and len(parent.targets) == 1 and all(_as_sizes(context, one) for one in loads)


def _as_sizes(context: Context, node: ast.expr) -> bool:
    """Whether an expression is what a method or function takes for its sizes (by itself, or starred among others)."""
    outer = context.parents.get(node)
    inner: ast.AST = node
    if isinstance(outer, ast.Starred):
        inner, outer = outer, context.parents.get(outer)
    if not isinstance(outer, ast.Call) or not isinstance(outer.func, ast.Attribute) or inner not in outer.args:
        return False
    return outer.func.attr in _SIZES and (isinstance(inner, ast.Starred) or outer.args[0] is inner)


def _call(context: Context, call: ast.Call, node: ast.Starred) -> Draft | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    kind = known_type(context, node.value)
    if isinstance(kind, ListType) and kind.element == INT and name in _SIZES:
        first = call.args[0]
        alone = len(call.args) == 1 and isinstance(first, ast.Starred)
        text = context.code(node.value) if alone else _joined(context, call.args)
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
