"""Which blocks of a module's ``try`` and ``if`` statements run when it is imported, where that can be told.

``try: import fast_kernels / except ImportError: ...`` ends in its handler where the package is not installed; a condition
is asked of whoever can evaluate one (`Project.decide`). What is not certain is None, and both blocks count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.project.definitions import Binding, ModuleIndex, Scope
from jitlint.project.files import Missing, is_standard_library
from jitlint.project.index import absolute_name
from jitlint.project.targets import ExternalName, Unresolved

if TYPE_CHECKING:
    from jitlint.project.project import Project

_CATCHES = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How the body of a ``try`` ends: `line` is where it raises (0: it does not), `handler` the one that catches it."""

    line: int = 0
    handler: int = -1


def holds(project: Project, scope: Scope, binding: Binding) -> bool | None:
    """Whether a binding in a block of a module or class body is surely made, or surely not; None where nobody knows."""
    if scope.kind not in ("module", "class") or binding.guard not in ("try", "except", "if", "else"):
        return None
    branch = binding.branch
    answer: bool | None = True
    while branch is not None:
        node, arm = branch.node, branch.arm
        if isinstance(node, ast.If):
            taken = _condition(project, scope, node)
            here = None if taken is None else taken is (arm == "body")
        else:
            here = _runs(_trial(project, scope, node), arm, binding.line)
        if here is False:
            return False
        if here is None:
            answer = None
        branch = branch.outer
    return answer if binding.branch is not None else None


def _runs(outcome: _Outcome | None, arm: str | int, line: int) -> bool | None:
    if arm == "finally":
        return True
    if outcome is None:
        return None
    if arm == "body":
        return not outcome.line or line < outcome.line
    if arm == "else":
        return not outcome.line
    return arm == outcome.handler


def _condition(project: Project, scope: Scope, node: ast.If) -> bool | None:
    decide = project.decide
    if decide is None or _changes_later(scope, node):
        return None
    found = project.cached(("condition", id(node)), lambda: (decide(scope, node.test),))
    return found[0]


def _changes_later(scope: Scope, node: ast.If) -> bool:
    """Whether a name in the condition is bound again further down: what it holds in the end is not what is asked."""
    for inner in ast.walk(node.test):
        if isinstance(inner, ast.Name) and any(one.line >= node.lineno for one in scope.bindings.get(inner.id, ())):
            return True
    return False


def _trial(project: Project, scope: Scope, node: ast.Try) -> _Outcome | None:
    found = project.cached(("trial", id(node)), lambda: (_outcome(project, scope.module, node),))
    return found[0]


def _outcome(project: Project, module: ModuleIndex, node: ast.Try) -> _Outcome | None:
    doubt = 0
    for statement in node.body:
        state = _passes(project, module, statement)
        if state is False:
            handler = next((number for number, one in enumerate(node.handlers) if _catches(one.type)), None)
            return None if handler is None else _Outcome(doubt or statement.lineno, handler)
        if state is None:
            doubt = doubt or statement.lineno
    return None if doubt else _Outcome()


def _catches(handler: ast.expr | None) -> bool:
    """Whether a handler catches an ImportError."""
    match handler:
        case None:
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in _CATCHES
        case ast.Tuple(elts=items):
            return any(_catches(item) for item in items)
    return False


def _passes(project: Project, module: ModuleIndex, statement: ast.stmt) -> bool | None:
    """Whether a statement surely ends normally (True) or surely raises ImportError (False)."""
    match statement:
        case ast.Import(names=names):
            return _all(importable(project, module, alias.name) for alias in names)
        case ast.ImportFrom(names=names):
            name = absolute_name(module, statement.module, statement.level)
            state = importable(project, module, name)
            if state is not True:
                return state
            return True if all(_offers(project, module, name, alias.name) for alias in names) else None
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=ast.Constant()) | ast.AnnAssign(value=ast.Constant() | None):
            return True
        case ast.FunctionDef(decorator_list=[]) | ast.ClassDef(decorator_list=[], bases=[], keywords=[]):
            return True
    return None


def _all(states: Iterator[bool | None]) -> bool | None:
    """As the statement comes to them: the first that is not True decides."""
    return next((state for state in states if state is not True), True)


def _offers(project: Project, module: ModuleIndex, source: str, name: str) -> bool:
    """Whether ``from source import name`` surely finds the name."""
    if name == "*":
        return True
    index = project.module(source, module)
    if index is None:
        return False
    targets = project.member(index, name)
    return bool(targets) and not any(isinstance(target, Unresolved | ExternalName) for target in targets)


def importable(project: Project, module: ModuleIndex, name: str) -> bool | None:
    """Whether ``import name`` surely works in a module, or surely not.

    A package is missing for sure where the folders of the environment are known (they hold torch itself) and none has it;
    a module with source is taken to work unless it begins with the import of such a package."""
    found = project.locate(name, module)
    if isinstance(found, Missing):
        top = name.partition(".")[0]
        if not found.external or not top or is_standard_library(top) or top in project.finder.hidden:
            return None
        return False if project.finder.lacks(top) else None
    if not found.path:
        return None
    index = project.module(name, module)
    if index is None:
        return None
    return not any(_needs_missing(project, index, bindings) for bindings in index.scope.bindings.values())


def _needs_missing(project: Project, index: ModuleIndex, bindings: list[Binding]) -> bool:
    for binding in bindings:
        if binding.guard or binding.kind not in ("import", "from") or binding.branch is not None:
            continue
        name = binding.target.partition(":")[0]
        top = name.partition(".")[0]
        if not top or is_standard_library(top) or top in project.finder.hidden:
            continue
        if isinstance(project.locate(top, index), Missing) and project.finder.lacks(top):
            return True
    return False
