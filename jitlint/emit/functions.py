"""Typing one function or method: signature, body, schema (``emitDef``, ``emitFormalArguments``)."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from jitlint.emit.calls import schema_text
from jitlint.emit.emitter import Emitter
from jitlint.emit.statements import emit_block, finish_returns
from jitlint.emit.summary import Summary
from jitlint.emit.values import ModuleRef, Sugared, Val
from jitlint.project.wrapping import autocast_decorator
from jitlint.shapes.defaults import default_fits, is_mutable_default
from jitlint.syntax import tree
from jitlint.syntax.lower import lower
from jitlint.types.model import ANY, INFERRED_TENSOR, NONE, TENSOR, UNKNOWN, Argument, Schema, Type

if TYPE_CHECKING:
    from jitlint.emit.compiler import Compiler
    from jitlint.project.definitions import FunctionDefinition
    from jitlint.shapes.values import Function


def emit_definition(
    compiler: Compiler,
    summary: Summary,
    definition: FunctionDefinition,
    receiver: Sugared | None = None,
    dropped: str | None = None,
    value: Function | None = None,
    overload: FunctionDefinition | None = None,
) -> None:
    """Types the function and fills `summary`. `receiver` is what its first parameter stands for, where it is a method;
    `overload` the declaration whose signature takes the place of the function's own.

    The compiler's order: the tree stage of the whole function, the signature, the body.
    """
    module = receiver if isinstance(receiver, ModuleRef) else None
    summary.definition, summary.shape = definition, module.shape if module is not None else None
    e = Emitter(compiler, definition.module, definition.scope, summary, definition, module, value)
    refused = autocast_decorator(compiler.project, definition) if receiver is None else None
    if refused is not None:
        e.report("JIT420", refused, "TorchScript error: @autocast() decorator is not supported in script mode")
    definition_tree = lower(definition.node, definition.module, e.report, dropped)
    if overload is not None:
        definition_tree = _declared_as(e, definition_tree, overload, receiver is not None)
    arguments = _parameters(e, definition, definition_tree, receiver, dropped, overload is not None)
    e.declared = _declared(e, definition_tree)
    if dropped is None:
        exits = emit_block(e, definition_tree.body)
        finish_returns(e, exits, _signature_node(definition.node))
        result = e.declared if e.declared is not None else e.returned or NONE
    else:
        result = e.declared if e.declared is not None else NONE
    if not e.summary.problems or e.declared is not None:
        summary.result = result
    else:
        summary.result = result if e.declared is not None or result != NONE else UNKNOWN
    summary.schema = Schema(
        definition.name,
        arguments,
        (summary.result,),
        text=schema_text(definition.name, arguments, summary.result),
    )
    if e.types is not None and (summary.problems or not compiler.sparing):
        compiler.recorded.append((definition, e.types, definition_tree))
    summary.done = True


def _declared_as(e: Emitter, implementation: tree.Def, overload: FunctionDefinition, is_method: bool) -> tree.Def:
    """The implementation with a declaration's signature (``mergeDefaultsAndExtraParametersToOverloadDecl``). A function's
    defaults are the implementation's, and so are the parameters that the declaration leaves out."""
    declaration = lower(overload.node, overload.module, e.report)
    if is_method:
        return replace(implementation, params=declaration.params, returns=declaration.returns)
    own = {param.name: param for param in implementation.params}
    params = [
        replace(param, default=own[param.name].default if param.name in own else None) for param in declaration.params
    ]
    params.extend(implementation.params[len(params) :])
    return replace(implementation, params=tuple(params), returns=declaration.returns)


def declare(compiler: Compiler, summary: Summary, definition: FunctionDefinition, receiver: Sugared | None) -> None:
    """Only the signature, silently: what a recursive call sees of a function that is being typed."""
    e = Emitter(compiler, definition.module, definition.scope, Summary("", "", 0), definition)
    e.muted = 1
    definition_tree = lower(definition.node, definition.module, e.report)
    arguments = _parameters(e, definition, definition_tree, receiver, None)
    declared = _declared(e, definition_tree)
    result = declared if declared is not None else UNKNOWN
    summary.schema = Schema(definition.name, arguments, (result,), text=schema_text(definition.name, arguments, result))
    summary.result = result


def _signature_node(node: ast.AST) -> ast.AST:
    """The line of the ``def``, without the body, as the place of what concerns the whole function."""
    body = getattr(node, "body", None)
    place = ast.Pass()
    place.lineno = getattr(node, "lineno", 1)
    place.col_offset = getattr(node, "col_offset", 0)
    place.end_lineno = place.lineno
    place.end_col_offset = place.col_offset + 3
    del body
    return place


def _declared(e: Emitter, definition_tree: tree.Def) -> Type | None:
    if definition_tree.returns is None:
        return None
    return e.compiler.result_annotation(e, definition_tree.returns)


def _parameters(
    e: Emitter,
    definition: FunctionDefinition,
    definition_tree: tree.Def,
    receiver: Sugared | None,
    dropped: str | None,
    overloaded: bool = False,
) -> tuple[Argument, ...]:
    """The schema's arguments. Of an overload, a default that is not of the declared type is no default."""
    arguments: list[Argument] = []
    for position, param in enumerate(definition_tree.params):
        if position == 0 and receiver is not None and param.annotation is None:
            e.frame.values[param.name] = receiver
            if isinstance(receiver, Val):
                e.frame.stored[param.name] = receiver.type
            continue
        size = None
        if param.annotation is None:
            # The state is whatever __getstate__ returns.
            stateful = definition.name == "__setstate__"
            kind: Type = UNKNOWN if stateful else INFERRED_TENSOR if dropped is None else ANY
        else:
            kind, size = e.compiler.parameter_annotation(e, param.annotation)
        default = None
        if param.default is not None:
            if not overloaded or not _misfit(e, definition, param, kind, size):
                default = _default(e, definition, param, kind, size)
        elif not overloaded and _has_default(definition, param.name):
            default = "..."
        arguments.append(Argument(param.name, kind, default, param.keyword_only, size))
        e.frame.values[param.name] = Val(kind)
        e.frame.stored[param.name] = kind
    return tuple(arguments)


def _has_default(definition: FunctionDefinition, name: str) -> bool:
    args = definition.node.args
    positional = [*args.posonlyargs, *args.args]
    with_default = positional[len(positional) - len(args.defaults) :] if args.defaults else []
    return any(arg.arg == name for arg in with_default)


def _misfit(e: Emitter, definition: FunctionDefinition, param: tree.Param, kind: Type, size: int | None) -> bool:
    """Whether a default surely is not of the parameter's type."""
    assert param.default is not None
    value = e.compiler.evaluator.evaluate(param.default, definition.scope, {})
    return bool(default_fits(kind, value, param.name, size))


def _default(e: Emitter, definition: FunctionDefinition, param: tree.Param, kind: Type, size: int | None) -> str:
    """The default's text for the schema; a problem where its live value does not fit the parameter's type."""
    assert param.default is not None
    if kind != UNKNOWN and not e.muted:
        value = e.compiler.evaluator.evaluate(param.default, definition.scope, {})
        message = default_fits(kind, value, param.name, size)
        if message:
            e.report(
                "JIT541" if is_mutable_default(kind, value) else "JIT540", _signature_node(definition.node), message
            )
    try:
        return ast.unparse(param.default)
    except (ValueError, AttributeError, RecursionError):
        return "..."


def signature(c: Compiler, definition: FunctionDefinition, skip_self: bool) -> Schema | None:
    """The schema of a function by its annotations alone; None where it has star parameters."""
    args = definition.node.args
    if args.vararg or args.kwarg:
        return None
    positional = [*args.posonlyargs, *args.args][1 if skip_self else 0 :]
    optional = {one.arg for one in positional[len(positional) - len(args.defaults) :]} if args.defaults else set()
    formals = tuple(
        Argument(
            one.arg,
            c.annotation_in(one.annotation, definition.scope) if one.annotation is not None else TENSOR,
            "..." if one.arg in optional else None,
        )
        for one in [*positional, *args.kwonlyargs]
    )
    result = (
        c.annotation_in(definition.node.returns, definition.scope) if definition.node.returns is not None else TENSOR
    )
    return Schema(definition.name, formals, (result,), text=schema_text(definition.name, formals, result))
