"""The state of one function being typed, and the ways to say something about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from jitlint.emit.environment import Frame
from jitlint.emit.summary import Link, Located, PythonCall, Summary
from jitlint.emit.values import ModuleRef, Sugared
from jitlint.source.problem import Problem, span_of
from jitlint.syntax import tree
from jitlint.types.model import Type

if TYPE_CHECKING:
    from jitlint.emit.compiler import Compiler
    from jitlint.project.definitions import FunctionDefinition, ModuleIndex, Scope
    from jitlint.shapes.values import Function


# An `if` that may leave its block: the frame it stands in, what follows it there, whether it leaves (or goes on with) a loop.
Guard = tuple[Frame, tuple[tree.Stmt, ...], bool]


class Emitter:
    """Types one function. The rooms of `emit` are functions over this state.

    compiler: what all functions of a session share. index: the file the function stands in. scope: where its free
    names are looked up. module: the receiver where it is a method of an nn.Module. value: the function as a Python
    object, where it is a closure.
    """

    __slots__ = (
        "compiler",
        "condition",
        "declared",
        "definition",
        "doubt",
        "frame",
        "guards",
        "index",
        "loops",
        "module",
        "muted",
        "returned",
        "returns",
        "scope",
        "seen",
        "summary",
        "types",
        "uncertain_exit",
        "value",
    )

    def __init__(
        self,
        compiler: Compiler,
        index: ModuleIndex,
        scope: Scope,
        summary: Summary,
        definition: FunctionDefinition | None = None,
        module: ModuleRef | None = None,
        value: Function | None = None,
    ) -> None:
        self.compiler = compiler
        self.index = index
        self.scope = scope
        self.summary = summary
        self.definition = definition
        self.module = module
        self.value = value
        self.frame = Frame()
        self.condition = ""
        self.doubt = False  # nobody knows whether the compiler ever gets here: nothing is said
        self.declared: Type | None = None  # the annotated result, None where there is no annotation
        self.returned: Type | None = None  # the unified type of the returns so far
        self.returns = 0
        self.loops: list[str] = []  # enclosing loops: "real", "unrolled" or, not known, "either"
        self.guards: list[Guard] = []  # in the `with` around
        self.muted = 0
        self.uncertain_exit = False  # an arm that exits hangs on a condition that the compiler may decide
        self.seen: set[tuple[str, int, int]] = set()
        self.types: dict[ast.AST, Sugared] | None = {} if compiler.recording else None

    def report(self, code: str, node: ast.AST, torch_message: str, message: str = "", evidence: object = None) -> None:
        """A rejection at `node`. Said once per place and rule; `message` defaults to the compiler's first line."""
        if self.muted or self.doubt:
            return
        span = span_of(node, self.index.lines)
        key = (code, span.line, span.column)
        if key in self.seen:
            return
        self.seen.add(key)
        problem = Problem(code, self.index.path, span, torch_message, message or first_line(torch_message))
        if evidence is not None and self.types is not None:
            problem = replace(problem, evidence=evidence)
        self.summary.problems.append(Located(problem, self.condition))

    def unknown(self, node: ast.AST, reason: str) -> None:
        """Something could not be resolved here; the unit's verdict may not be definite."""
        if not self.muted:
            self.summary.unknown.append((self.index.path, getattr(node, "lineno", 1), reason))

    def link(self, node: ast.AST, callee: Summary) -> None:
        if not self.muted and not self.doubt:
            self.summary.links.append(Link(self.index.path, getattr(node, "lineno", 1), callee, self.condition))

    def python_call(self, kind: Literal["ignored", "unused", "python"], node: ast.AST, name: str) -> None:
        """A call here goes back to Python."""
        if not self.muted and not self.doubt:
            self.summary.python_calls.append(PythonCall(kind, node, name, self.condition))

    def record(self, node: ast.AST, value: Sugared) -> None:
        if self.types is not None:
            self.types[node] = value

    @contextmanager
    def under(self, condition: str, doubt: bool = False) -> Iterator[None]:
        """What is reported inside holds only under `condition`, in words ('' changes nothing). `doubt`: not even that
        can be said, so nothing is."""
        before = self.condition, self.doubt
        if condition:
            self.condition = condition
        self.doubt = self.doubt or doubt
        try:
            yield
        finally:
            self.condition, self.doubt = before

    @contextmanager
    def pushed(self) -> Iterator[Frame]:
        """A new frame around the current one."""
        outer = self.frame
        self.frame = Frame(outer)
        try:
            yield self.frame
        finally:
            self.frame = outer


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip(": ")
