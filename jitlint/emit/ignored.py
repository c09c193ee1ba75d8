"""Calls to functions and methods marked ``ignore`` or ``unused`` (``get_annotations`` in ``torch/jit/annotations.py``)."""

from __future__ import annotations

import ast

from jitlint.emit.calls import call_schemas, schema_text
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import UNKNOWN_VAL, IgnoredRef, Sugared, Val
from jitlint.types.model import TENSOR, UNKNOWN, Argument, Schema, Type


def call_ignored(
    c: Compiler, e: Emitter, at: ast.AST, callee: IgnoredRef, args: list[Val], kwargs: list[tuple[str, Val]]
) -> Sugared:
    """The signature comes from annotations, if there are any, else everything is a Tensor. An unused function is
    compiled, with its body replaced, so it keeps its defaults."""
    definition = callee.definition
    node = definition.node
    if callee.unused:
        return _call_unused(c, e, at, callee, args, kwargs)
    if _has_type_comment(definition.module.lines, node):
        return UNKNOWN_VAL
    if node.args.vararg or node.args.kwarg:
        e.report(
            "JIT325",
            at,
            "arg_types.size() == param_names.size() INTERNAL ASSERT FAILED",
            f"'{definition.name}' is ignored and has star parameters; the compiler cannot make a call to it",
        )
        return UNKNOWN_VAL
    positional = [*node.args.posonlyargs, *node.args.args]
    if callee.bound and positional:
        positional = positional[1:]
    parameters = [*positional, *node.args.kwonlyargs]
    annotated = node.returns is not None or any(one.annotation is not None for one in parameters)
    formals = []
    for one in parameters:
        kind: Type = TENSOR
        if one.annotation is not None:
            kind = c.annotation_in(one.annotation, definition.scope, definition.module)
        formals.append(Argument(one.arg, kind))
    result: Type = TENSOR
    if annotated:
        result = c.annotation_in(node.returns, definition.scope, definition.module) if node.returns else TENSOR
    if definition.module.future_annotations and annotated:
        result = UNKNOWN
        formals = [Argument(one.name, UNKNOWN) for one in formals]
    schema = Schema(
        definition.name, tuple(formals), (result,), text=schema_text(definition.name, tuple(formals), result)
    )
    call_schemas(e, at, (schema,), args, kwargs)
    return Val(result)


def _call_unused(
    c: Compiler, e: Emitter, at: ast.AST, callee: IgnoredRef, args: list[Val], kwargs: list[tuple[str, Val]]
) -> Sugared:
    del e, at, args, kwargs
    node = callee.definition.node
    if node.returns is None:
        return UNKNOWN_VAL
    return Val(c.annotation_in(node.returns, callee.definition.scope, callee.definition.module))


def _has_type_comment(lines: list[str], node: ast.AST) -> bool:
    first = getattr(node, "lineno", 1)
    body = getattr(node, "body", None)
    last = body[0].lineno if body else first
    return any("# type:" in line for line in lines[first - 1 : last])
