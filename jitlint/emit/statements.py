"""Statements (``emitStatements`` and its callees in ``ir_emitter.cpp``)."""

from __future__ import annotations

import ast

from jitlint.emit import control_flow
from jitlint.emit.assignments import emit_assign, emit_aug_assign, emit_delete
from jitlint.emit.convert import as_val, convert
from jitlint.emit.emitter import Emitter
from jitlint.emit.evidence import Mismatch
from jitlint.emit.expressions import emit_expr, emit_val
from jitlint.emit.values import ExceptionInstance, ExceptionRef, Opaque, PythonValue, Val
from jitlint.emit.with_statement import emit_with
from jitlint.syntax import tree
from jitlint.types.model import NONE, UNKNOWN, ClassType, OptionalType
from jitlint.types.relations import contains_unknown, is_subtype, unify


def emit_block(e: Emitter, body: tuple[tree.Stmt, ...]) -> bool:
    """Types the statements in order; whether the block surely exits. What follows an exit is not looked at."""
    before = e.condition, e.doubt
    try:
        for position, statement in enumerate(body):
            if emit_statement(e, statement, body[position + 1 :]):
                return True
        return False
    finally:
        e.condition, e.doubt = before


def emit_statement(e: Emitter, statement: tree.Stmt, rest: tuple[tree.Stmt, ...]) -> bool:
    """`rest` is what follows in the same block: a branch that exits conditionally leaves it guarded."""
    match statement:
        case tree.Assign():
            emit_assign(e, statement)
        case tree.AugAssign():
            emit_aug_assign(e, statement)
        case tree.ExprStmt(value=value):
            emit_expr(e, value)
        case tree.If():
            return control_flow.emit_if(e, statement, rest)
        case tree.While():
            control_flow.emit_while(e, statement)
        case tree.For():
            return control_flow.emit_for(e, statement)
        case tree.Return():
            emit_return(e, statement)
            return True
        case tree.Raise():
            emit_raise(e, statement)
            return True
        case tree.Assert():
            return control_flow.emit_assert(e, statement)
        case tree.Delete(targets=targets):
            for target in targets:
                emit_delete(e, target)
        case tree.With():
            return emit_with(e, statement, rest)
        case tree.Break() | tree.Continue():
            _emit_loop_exit(e, statement)
        case tree.Hole(names=names):
            for name in names:
                e.frame.values[name] = Val(UNKNOWN)
        case tree.Pass():
            pass
    return False


def emit_return(e: Emitter, statement: tree.Return) -> None:
    declared = e.declared
    if statement.value is None:
        value = Val(NONE)
    else:
        value = emit_val(e, statement.value, declared)
    e.returns += 1
    if declared is not None:
        converted = value.type if declared == UNKNOWN else convert(value, declared)
        if not is_subtype(converted, declared):
            e.report(
                "JIT208",
                statement.at,
                f"Return value was annotated as having type {declared} but is actually of type {value.type}",
                f"The function is annotated to return {declared}, this returns {value.type}",
                Mismatch(declared, value.type),
            )
        return
    if e.returned is None:
        e.returned = value.type
        return
    joined = unify(e.returned, value.type)
    if joined is None:
        e.report(
            "JIT208",
            statement.at,
            f"Previous return statement returned a value of type {e.returned} but this return statement returns a "
            f"value of type {value.type}",
            f"An earlier return gives {e.returned}, this one gives {value.type}",
            Mismatch(e.returned, value.type),
        )
        joined = UNKNOWN
    e.returned = joined


def finish_returns(e: Emitter, exits: bool, node: ast.AST) -> None:
    """The end of the function: what falls off it returns None (``handleMaybeNoReturn``)."""
    declared = e.declared
    if exits:
        if e.declared is None and e.returned is None:
            e.returned = NONE
        return
    if declared is not None:
        if declared != NONE and declared != UNKNOWN and not e.condition and not e.uncertain_exit:
            e.report(
                "JIT209",
                node,
                "Function was not annotated as having type None, but does not return along all paths",
                f"The function returns {declared}, but not along all paths",
            )
        return
    if e.returned is None:
        e.returned = NONE
    elif e.returned != NONE and not contains_unknown(e.returned):
        joined = unify(e.returned, NONE)
        if joined is None and not e.uncertain_exit:
            e.report(
                "JIT209",
                node,
                "Function was not annotated as having type None, but does not return along all paths",
                "The function does not return along all paths",
            )
        e.returned = joined or UNKNOWN
    elif contains_unknown(e.returned):
        e.returned = OptionalType(e.returned) if e.returned != UNKNOWN else UNKNOWN


def emit_raise(e: Emitter, statement: tree.Raise) -> None:
    value = emit_expr(e, statement.value)
    match value:
        case ExceptionInstance() | ExceptionRef() | Opaque() | Val(type=ClassType() | ClassType()):
            return
        case Val(type=kind) if contains_unknown(kind):
            return
        case PythonValue(type_name=""):
            return
        case Val() | PythonValue():
            e.report(
                "JIT217",
                statement.at,
                "exceptions must derive from BaseException",
                "What is raised must be an exception class or an instance of one",
            )
        case _:
            as_val(e, statement.value.at, value)


def _emit_loop_exit(e: Emitter, statement: tree.Break | tree.Continue) -> None:
    if e.loops and e.loops[-1] == "unrolled":
        word = "break" if isinstance(statement, tree.Break) else "continue"
        e.report(
            "JIT214",
            statement.at,
            "Because we emit iteration over modulelists or tuples as unrolled loops, we do not support break or "
            "continue inside the body of these loops",
            f"A loop over modules or a tuple is unrolled and cannot hold a {word}",
        )
