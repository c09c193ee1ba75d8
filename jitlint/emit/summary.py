"""What is left of a function once it was typed: its schema, its problems, and the functions it pulls in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.shapes.values import ModuleShape
from jitlint.source.problem import Problem
from jitlint.types.model import UNKNOWN, Schema, Type


@dataclass(frozen=True, slots=True)
class Located:
    """A problem, and in words the configuration under which the compiler reaches it ('' : always)."""

    problem: Problem
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A callee (or submodule) pulled in at a line (1-based) of a file, under a condition ('' : always)."""

    path: str
    line: int
    callee: Summary
    condition: str = ""


@dataclass(frozen=True, slots=True)
class PythonCall:
    """A call that stays a call into Python: of a function marked ``ignore``, or of an object that is no function to the
    compiler. ``unused``: it is a raise instead. `name`: what is called; `condition` as in `Located`."""

    kind: Literal["ignored", "unused", "python"]
    node: ast.AST
    name: str
    condition: str = ""


@dataclass(slots=True, eq=False)
class Summary:
    """One compiled function, method or module. `types` records the type of every name and expression met, by
    node, for `reveal` and hover; it is filled only when asked for. `unknown` lists (path, line, reason).
    `definition` is what was compiled, `shape` the module's or the receiver's; `hazards` is filled by the room of that
    name, None until then."""

    qualname: str
    path: str
    line: int
    schema: Schema | None = None
    result: Type = UNKNOWN
    problems: list[Located] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    unknown: list[tuple[str, int, str]] = field(default_factory=list)
    done: bool = False
    abstract: bool = False
    definition: FunctionDefinition | ClassDefinition | None = None
    shape: ModuleShape | None = None
    python_calls: list[PythonCall] = field(default_factory=list)
    hazards: list[Located] | None = None


def pulled_in(summary: Summary) -> Iterator[Summary]:
    """A summary and all that it pulls in, each once."""
    seen: set[int] = set()
    stack = [summary]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        stack.extend(link.callee for link in current.links)


def outcome(summary: Summary) -> bool | None:
    """Whether what a summary stands for compiles, by all that it pulls in; None where that is not known."""
    uncertain = False
    seen: set[int] = set()
    stack = [(summary, False)]
    while stack:
        current, conditional = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        for located in current.problems:
            if located.problem.code == "JIT412":
                continue
            if not conditional and not located.condition:
                return False
            uncertain = True
        uncertain = uncertain or bool(current.unknown) or not current.done
        stack.extend((link.callee, conditional or bool(link.condition)) for link in current.links)
    return None if uncertain else True
