"""Functions that ``exec`` made from a text: they have no source for the compiler to read."""

from __future__ import annotations

import ast
import re

from jitlint.project.definitions import ModuleIndex, Scope


def made_by_exec(scope: Scope, node: ast.AST | None) -> str:
    """The name of the function where `node` takes it, by a literal key, from a dict that a module-level
    ``exec("def name(...)...", namespace)`` filled; '' for anything else."""
    match node:
        case ast.Name(id=name):
            bindings = scope.bindings.get(name) or scope.module.scope.bindings.get(name)
            inner = bindings[-1].node if bindings else None
            return made_by_exec(scope, inner) if isinstance(inner, ast.Subscript) else ""
        case ast.Subscript(value=ast.Name(id=namespace), slice=ast.Constant(value=str() as key)):
            return key if any(_defines(scope.module, namespace, key)) else ""
    return ""


def _defines(index: ModuleIndex, namespace: str, key: str) -> list[bool]:
    if not any("exec(" in line for line in index.lines):
        return []
    found = []
    for statement in _parsed(index):
        match statement:
            case ast.Expr(
                value=ast.Call(
                    func=ast.Name(id="exec"), args=[ast.Constant(value=str() as text), ast.Name(id=given), *_]
                )
            ) if given == namespace:
                found.append(re.search(rf"^def {re.escape(key)}\(", text, re.MULTILINE) is not None)
    return found


def _parsed(index: ModuleIndex) -> list[ast.stmt]:
    try:
        return ast.parse("\n".join(index.lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
