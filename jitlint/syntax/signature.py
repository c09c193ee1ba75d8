"""Parameters and return type: ``build_param_list``, ``build_param`` and the merge of a type comment."""

from __future__ import annotations

import ast
from dataclasses import replace

from jitlint.syntax import tree
from jitlint.syntax.context import Context, keyword
from jitlint.syntax.expressions import lower_expression
from jitlint.syntax.type_comments import TypeComment

_STARS = "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults"


def lower_parameters(args: ast.arguments, cx: Context, dropped: str | None) -> tuple[tree.Param, ...]:
    """The parameters that the compiler sees: positional-only ones are not, star parameters cannot be.

    dropped: set for a function whose body is never compiled. Its star parameters are cut without a word, and its
    parameters are `Any` whatever they say.
    """
    if dropped is None:
        _report_stars(args, cx)
    for arg in args.posonlyargs:
        message = f"the compiled function lacks the positional-only parameter `{arg.arg}`"
        cx.report("JIT513", arg, "", message)
    params = []
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
    defaults += args.defaults
    for arg, default in zip(args.args, defaults[len(args.posonlyargs) :], strict=True):
        params.append(_parameter(arg, default, False, cx, dropped))
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        params.append(_parameter(arg, default, True, cx, dropped))
    return tuple(params)


def _report_stars(args: ast.arguments, cx: Context) -> None:
    if args.kwarg is not None:
        cx.report("JIT511", args.kwarg, _STARS, f"`**{args.kwarg.arg}` cannot be compiled")
    if args.vararg is not None:
        cx.report("JIT510", args.vararg, _STARS, f"`*{args.vararg.arg}` cannot be compiled")
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            place = lower_expression(default, cx).at  # the one default whose text is ever looked at
            cx.report("JIT512", place, _STARS, f"the keyword-only parameter `{arg.arg}` cannot have a default")


def _parameter(
    arg: ast.arg, default: ast.expr | None, keyword_only: bool, cx: Context, dropped: str | None
) -> tree.Param:
    annotation = arg.annotation
    if dropped is not None:
        annotation = ast.copy_location(ast.Name("Any", ast.Load()), annotation or arg)
    elif annotation is not None:
        lower_expression(annotation, cx)
    return tree.Param(arg, arg.arg, annotation, default, keyword_only)


def merge_type_comment(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    params: tuple[tree.Param, ...],
    comment: TypeComment,
    is_method: bool,
    cx: Context,
) -> tuple[tree.Param, ...] | None:
    """The parameters with the comment's types (``mergeTypesFromTypeComment``); None if their number differs."""
    skipped = 1 if is_method else 0
    expected = len(params) - skipped
    if expected != len(comment.params):
        kind = "method" if is_method else "function"
        message = (
            f"Number of type annotations ({len(comment.params)}) did not match "
            f"the number of {kind} parameters ({expected})"
        )
        ours = f"the type comment has {len(comment.params)} types for {expected} parameters"
        cx.report("JIT515", keyword(node), message, ours)
        return None
    merged = list(params[:skipped])
    for param, annotation in zip(params[skipped:], comment.params, strict=True):
        merged.append(replace(param, annotation=annotation))
    return tuple(merged)
