"""From Python's tree of a function to the TorchScript tree: the first half of the compiler's front end.

Mirrors ``get_jit_def`` and ``build_def`` of ``torch/jit/frontend.py``, with one difference: the compiler stops at the
first problem, this goes on behind it, with a `Hole` where there is no tree.
"""

from __future__ import annotations

import ast
import sys

from jitlint.project.definitions import ModuleIndex
from jitlint.syntax import tree
from jitlint.syntax.context import Context, Report, keyword
from jitlint.syntax.expressions import lower_expression
from jitlint.syntax.signature import lower_parameters, merge_type_comment
from jitlint.syntax.statements import lower_statements
from jitlint.syntax.type_comments import (
    TypeComment,
    TypeCommentError,
    alignment_error,
    find_type_line,
    parse_type_comment,
    source_range,
)

_RECURSION_LIMIT = 6000


Function = ast.FunctionDef | ast.AsyncFunctionDef


def lower(
    node: Function | ast.Lambda,
    index: ModuleIndex,
    report: Report,
    dropped: str | None = None,
) -> tree.Def:
    """The TorchScript tree of a function of `index`; any function gives one.

    report: called for every problem, in the order in which the compiler would meet them: what it prints is the first
        one that has a `torch_message`. The node given is on the line that the compiler names.
    dropped: ``"unused"`` for a function marked ``torch.jit.unused`` or ``ignore(drop=True)``: its body is not looked
        at, its parameters are `Any`, its return annotation stays. ``"drop"`` (``torch.jit._drop``) loses that too.
    """
    if isinstance(node, ast.Lambda):
        return _lambda(node, index, report)
    limit = sys.getrecursionlimit()
    if limit < _RECURSION_LIMIT:
        sys.setrecursionlimit(_RECURSION_LIMIT)
    try:
        return _lower(node, index, Context(report, node.name), dropped)
    finally:
        if limit < _RECURSION_LIMIT:
            sys.setrecursionlimit(limit)


def _lambda(node: ast.Lambda, index: ModuleIndex, report: Report) -> tree.Def:
    """A lambda handed to the compiler (a hook, a property): it wants a `def`."""
    where = f"Expected a single top-level function: {index.path}:{node.lineno}"
    report("JIT106", node, where, "a lambda cannot be compiled")
    arguments = [*node.args.args, *node.args.kwonlyargs]
    params = tuple(tree.Param(arg, arg.arg, None, None) for arg in arguments)
    return tree.Def(node, "<lambda>", params, None, (tree.Hole(node),))


def _lower(node: Function, index: ModuleIndex, cx: Context, dropped: str | None) -> tree.Def:
    type_comment = _read_text(node, index, cx)
    params = lower_parameters(node.args, cx, dropped)
    returns = None if dropped == "drop" else node.returns
    if returns is not None:
        lower_expression(returns, cx)
    if isinstance(type_comment, TypeCommentError):
        _report_type_comment(type_comment, cx)
    elif type_comment is not None:
        merged = merge_type_comment(node, params, type_comment, _is_method(node, index), cx)
        if merged is not None:
            params, returns = merged, type_comment.returns
    body = lower_statements(node.body, cx) if dropped is None else (_raise_unused(node),)
    return tree.Def(node, node.name, params, returns, body, dropped)


def _read_text(node: Function, index: ModuleIndex, cx: Context) -> TypeComment | TypeCommentError | None:
    """What the compiler reads in the raw text of a function before it looks at the tree.

    A type comment that cannot be read is returned, not reported: the compiler meets it after the parameters.
    """
    first, last = source_range(node, index.lines)
    if isinstance(node, ast.AsyncFunctionDef):
        cx.is_async = True
        where = f"Expected a single top-level function: {index.path}:{first}"
        cx.report("JIT109", keyword(node), where, "an `async` function cannot be compiled")
    else:
        error = alignment_error(index.lines, first, last, node)
        if error is not None:
            cx.report(
                "JIT127",
                keyword(node),
                error,
                "a decorator's line starts with `def`: the compiler misreads the function",
            )
    try:
        line = find_type_line(index.lines, first, last)
    except TypeCommentError as error:
        _report_type_comment(error, cx)
        return None
    try:
        return parse_type_comment(line) if line is not None else None
    except TypeCommentError as error:
        return error


def _report_type_comment(error: TypeCommentError, cx: Context) -> None:
    place = ast.Pass(lineno=error.line, col_offset=0, end_lineno=error.line, end_col_offset=0)
    cx.report("JIT514", place, error.message, "a comment that is read as the function's signature, and is none")


def _is_method(node: Function, index: ModuleIndex) -> bool:
    """Whether the function is compiled with a `self` (static methods are compiled as plain functions)."""
    definition = index.functions_by_node.get(id(node))
    if definition is None or definition.cls is None:
        return False
    return not any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)


def _raise_unused(node: Function) -> tree.Stmt:
    message = tree.StringLiteral(node, "Cannot call @unused methods")
    return tree.Raise(node, tree.Apply(node, tree.Var(node, "RuntimeError"), (message,), ()))
