"""What a judge of hazards sees of one compiled thing, and how it tells of one."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from jitlint.emit.compiler import Compiler
from jitlint.emit.summary import Located
from jitlint.project.definitions import FunctionDefinition, ModuleIndex, Scope
from jitlint.project.index import function_scope
from jitlint.project.project import Project
from jitlint.source.problem import Problem, Span, span_of


@dataclass(slots=True)
class Hazards:
    """The hazards of one function or module. `said`: places that a rule spoke of already."""

    compiler: Compiler
    found: list[Located] = field(default_factory=list)
    said: set[tuple[str, str, Span]] = field(default_factory=set)

    @property
    def project(self) -> Project:
        return self.compiler.project

    def report(self, code: str, index: ModuleIndex, node: ast.AST, message: str, condition: str = "") -> None:
        """A hazard at `node` of the file; torch says nothing of it."""
        self.report_span(code, index, span_of(node, index.lines), message, condition)

    def adopt(self, located: Iterable[Located]) -> None:
        """Hazards that were found before."""
        for one in located:
            self.said.add((one.problem.code, one.problem.path, one.problem.span))
            self.found.append(one)

    def report_span(self, code: str, index: ModuleIndex, span: Span, message: str, condition: str = "") -> None:
        key = (code, index.path, span)
        if key not in self.said:
            self.said.add(key)
            self.found.append(Located(Problem(code, index.path, span, "", message), condition))


def body_scope(definition: FunctionDefinition) -> Scope:
    """The scope that names in a function's body are looked up in."""
    return function_scope(definition)


def self_attribute(node: ast.AST) -> str:
    """``x`` of ``self.x``; '' for anything else."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name
    return ""
