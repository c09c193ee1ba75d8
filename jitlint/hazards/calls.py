"""Calls that compile into something else than a call of compiled code."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from jitlint.emit.summary import PythonCall
from jitlint.hazards.reporting import Hazards
from jitlint.project.definitions import FunctionDefinition

_NOT_ALWAYS = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.Try, ast.Assert, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_OBJECTS = {
    "Module": "a module held in a global",
    "functools.partial": "a partial",
    "functools._lru_cache_wrapper": "a cached function",
}


def python_calls(found: Hazards, definition: FunctionDefinition, calls: Sequence[PythonCall]) -> None:
    """Calls back into Python, which keep the result from being saved, and calls that raise when they run."""
    always: set[tuple[int, int]] | None = None
    for call in calls:
        match call.kind:
            case "ignored":
                code = "JIT843"
                text = f"'{call.name}' is ignored: the call goes back to Python, and the result cannot be saved"
            case "python":
                if call.name == "builtins.super":
                    continue  # refused, or seen through, where the method is looked up
                code = "JIT842"
                what = _OBJECTS.get(call.name, f"'{call.name}'")
                text = f"the call of {what} goes back to Python, and the result cannot be saved"
            case "unused":
                if always is None:
                    always = {(node.lineno, node.col_offset) for node in certain_calls(definition.node.body)}
                place = (getattr(call.node, "lineno", 0), getattr(call.node, "col_offset", 0))
                if place not in always:
                    continue  # behind a condition that may well keep it from running
                code, text = "JIT844", f"'{call.name}' is unused: compiled, this call raises"
        found.report(code, definition.module, call.node, text, call.condition)


def certain_calls(body: Sequence[ast.stmt]) -> Iterator[ast.Call]:
    """The calls of a function's body that run whenever it runs: those in branches and loops, and after a branch that may
    return, are left out."""
    for statement in body:
        yield from _certain(statement)
        if not isinstance(statement, ast.Return) and any(isinstance(node, ast.Return) for node in ast.walk(statement)):
            return


def _certain(statement: ast.stmt) -> Iterator[ast.Call]:
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Call):
            yield node
        match node:
            case ast.If(test=first) | ast.While(test=first) | ast.IfExp(test=first) | ast.For(iter=first):
                stack.append(first)
            case ast.BoolOp(values=values):
                stack.append(values[0])
            case _ if isinstance(node, _NOT_ALWAYS):
                continue
            case _:
                stack.extend(ast.iter_child_nodes(node))
