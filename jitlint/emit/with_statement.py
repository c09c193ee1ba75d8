"""``with`` (``emitWith``), and the compiler's crash where an early exit meets one (``exit_transforms.cpp``)."""

from __future__ import annotations

from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.values import UNKNOWN_VAL, Opaque, PythonValue, Sugared, Val
from jitlint.emit.variables import set_variable
from jitlint.syntax import tree
from jitlint.types.model import ANY, UNKNOWN, ClassType


def emit_with(e: Emitter, statement: tree.With, rest: tuple[tree.Stmt, ...]) -> bool:
    """`rest` is what follows the statement in its block."""
    from jitlint.emit.exits import check_with
    from jitlint.emit.statements import emit_block

    for item in statement.items:
        entered = _enter(e, item)
        if item.var is not None:
            set_variable(e, item.var.at, item.var.name, entered)
    # No frame of its own: names set inside are there after it.
    around, e.guards = e.guards, []
    exits = emit_block(e, statement.body)
    inside, e.guards = e.guards, around
    if not exits:
        check_with(e, statement, inside, rest)
        e.guards += inside  # of a `with` around this one, too
    return exits


def _enter(e: Emitter, item: tree.WithItem) -> Sugared:
    from jitlint.emit.expressions import emit_expr

    value = emit_expr(e, item.value)
    match value:
        case Opaque():
            return UNKNOWN_VAL
        case PythonValue(type_name=""):
            return UNKNOWN_VAL
    found = as_val(e, item.value.at, value) if not isinstance(value, PythonValue) else UNKNOWN_VAL
    if isinstance(value, PythonValue):
        as_val(e, item.value.at, value)
        return UNKNOWN_VAL
    kind = found.type
    if kind == UNKNOWN:
        return UNKNOWN_VAL
    if not isinstance(kind, ClassType) or kind.is_module:
        e.report(
            "JIT216",
            item.value.at,
            "With item expression must return an object",
            f"A with item must be an object with __enter__ and __exit__, not {kind}",
        )
        return UNKNOWN_VAL
    from jitlint.emit.class_members import has_method, method_schema

    for name in ("__enter__", "__exit__"):
        if has_method(e.compiler, kind, name) is False:
            e.report(
                "JIT216",
                item.value.at,
                "Object returned by with item expression does not define __enter__ and __exit__ methods",
            )
            return UNKNOWN_VAL
    enter = method_schema(e.compiler, kind, "__enter__")
    leave = method_schema(e.compiler, kind, "__exit__")
    if enter is not None and len(enter.arguments) != 1:
        e.report("JIT216", item.value.at, "__enter__ must have only one argument and one return value")
    if leave is not None:
        if len(leave.arguments) != 4:
            e.report("JIT216", item.value.at, "__exit__ must have four arguments")
        else:
            for position, one in enumerate(leave.arguments[1:], 1):
                if one.type not in (ANY, UNKNOWN):
                    e.report("JIT216", item.value.at, f"argument {position} of __exit__ must have Any type")
                    break
    return Val(enter.result if enter is not None else UNKNOWN)
