"""The analysis of one file: its entry points, compiled one by one, and what was found on the way.

A `Session` shares what many files need (the project's index, the torch API, functions compiled already). Its results
are a pure function of the files and the settings.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from jitlint.emit.class_kinds import class_kind
from jitlint.emit.compiler import Compiler
from jitlint.emit.interfaces import interface_problems
from jitlint.emit.module_scan import class_span
from jitlint.emit.module_units import compile_root
from jitlint.emit.script_classes import class_facts_of, compile_class
from jitlint.emit.summary import Link, Summary, pulled_in
from jitlint.findings import registry
from jitlint.findings.model import FileReport, Finding, Frame, RunError, Unit, UnknownReason, Verdict
from jitlint.hazards.problems import judge, unit_hazards
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.entry_points import EntryPoint, entry_points, scripted_arguments
from jitlint.project.executed import made_by_exec
from jitlint.project.files import is_installed
from jitlint.project.hazards import hazard_problems
from jitlint.project.legacy import legacy_problems, only_marked
from jitlint.project.modules import top_package_folder_of
from jitlint.project.project import Project
from jitlint.shapes.evaluator import Evaluator
from jitlint.shapes.values import Function
from jitlint.source.problem import Problem, Span, span_of
from jitlint.torch_api.api import load
from jitlint.torch_api.externals import TorchExternals
from jitlint.tracing.problems import trace_problems
from jitlint.types.model import Schema

_KIB_OF_A_LINE = 1.25  # its text and its syntax tree
_KIB_OF_A_METHOD = 12
_KEPT_OF_THE_COMPILED = 4  # what was evaluated for a method that was compiled stays: a part of what it took


class Session:
    """What the files of a run share.

    roots: folders that absolute imports of the project resolve in. environment: folders of installed packages.
    torch_version: the target. scope: ``all`` or ``reachable``. script_calls: further functions whose argument is
    compiled. entry_points: ``module:qualname`` of further units. overlay: texts by path, instead of the files'.
    python_version: "3.11", say; where it is '', what depends on it is open.
    """

    def __init__(
        self,
        *,
        roots: Sequence[str],
        environment: Sequence[str] = (),
        torch_version: str = "",
        scope: str = "all",
        script_calls: Sequence[str] = (),
        entry_points: Sequence[str] = (),
        overlay: Mapping[str, str] | None = None,
        python_version: str = "",
        recording: bool = False,
    ) -> None:
        self.api = load(torch_version or None)
        self.torch_version = torch_version
        self.marked_only = only_marked(torch_version or self.api.version)
        self.scope = scope
        self.script_calls = tuple(script_calls)
        self.entry_points = tuple(entry_points)
        self.roots = tuple(roots)
        self._closures: dict[int, Function] = {}
        self.between_units: Callable[[], None] | None = None  # may raise, to end a check that nobody waits for
        self.beside: dict[str, Any] = {}  # what later rooms keep as long as the session lives, by their names
        self.environment = tuple(environment)
        self.project = Project(
            roots,
            environment,
            overlay or {},
            externals=TorchExternals(self.api),
            hidden=("torch", "numpy"),
            call_names=self.script_calls,
            python=_version_pair(python_version),
        )
        self.evaluator = Evaluator(self.project, self.api)
        self._recording = recording
        self.compiler = self._compiler()
        self._retired = 0  # KiB of what is not needed any more, but still held

    def _compiler(self) -> Compiler:
        return Compiler(self.project, self.api, self.evaluator, self._recording, self.marked_only)

    def revise(self, texts: Mapping[str, str | None]) -> None:
        """Replace the texts of files that exist (None: what is on disk holds again). What was read and evaluated stays
        where it does not rest on them; what was compiled goes, for what that rests on is not known."""
        sparing = self.compiler.sparing
        self._retired += int(_KIB_OF_A_METHOD * len(self.compiler.methods)) // _KEPT_OF_THE_COMPILED
        self.project.revise(texts)
        self.evaluator.forget_files({os.path.abspath(path) for path in texts})
        self._closures.clear()
        self.beside.clear()
        self.compiler = self._compiler()
        self.compiler.sparing = sparing

    def check_file(self, path: str) -> FileReport:
        """Everything found in a file. Raises SourceError and ParseError where it cannot be read or parsed."""
        self.project.start_recording()
        index = self.project.index_file(path)
        collector = _Collector(self, index)
        points = self.points(index)
        for point in points:
            if self.between_units is not None:
                self.between_units()
            collector.unit(point)
        points = [point for point in points if not point.left_alone]
        hazard_problems(self.project, index, points, self.script_calls, collector.report)
        for scope, node in scripted_arguments(self.project, index, self.script_calls):
            name = made_by_exec(scope, node)
            if name:
                text = f"Could not get qualified name for class '{name}': __module__ can't be None."
                collector.report("JIT313", node, text, f"'{name}' was made by exec and has no source to compile")
        legacy_problems(self.project, index, collector.torch_version, collector.report)
        trace_problems(self.project, index, collector.report)
        interface_problems(self.compiler, index, collector.report)
        for problem in unit_hazards(self.compiler, index, points):
            if registry.holds(problem.code, collector.torch_version):
                collector.add(problem, (), None)
        return collector.finish(tuple(sorted(self.project.dependencies | {path})))

    def weight(self) -> int:
        """About how many KiB the session holds: for the lines it has read and the methods it has compiled."""
        lines = sum(len(index.lines) for index in self.project.indexes().values()) + self.project.retired_lines()
        return int(_KIB_OF_A_LINE * lines + _KIB_OF_A_METHOD * len(self.compiler.methods)) + self._retired

    def points(self, index: ModuleIndex) -> list[EntryPoint]:
        """The file's entry points; functions that a script call gets from a factory included."""
        found = entry_points(
            self.project,
            index,
            scope=self.scope,
            script_calls=self.script_calls,
            wanted=self.entry_points,
            marked_only=self.marked_only,
        )
        known = {id(point.definition) for point in found}
        for scope, node in scripted_arguments(self.project, index, self.script_calls):
            if isinstance(node, ast.Lambda):
                continue
            value = self.evaluator.evaluate(node, scope, {})
            if isinstance(value, Function) and value.definition.module is index and id(value.definition) not in known:
                known.add(id(value.definition))
                self._closures[id(value.definition)] = value
                definition = value.definition
                found.append(
                    EntryPoint("function", definition, definition.qualname, definition.node.lineno, "scripted")
                )
        return found

    def _closure(self, definition: FunctionDefinition) -> Function | None:
        return self._closures.get(id(definition))

    def schema_of(self, definition: FunctionDefinition) -> Schema | None:
        """The schema of a function or method that was compiled; of a method, the first shape's; of a closure, the first's."""
        summary = self.compiler.functions.get(id(definition))
        if summary is None:
            found = [one for (_, key), one in self.compiler.methods.items() if key == id(definition)]
            found += [one for (key, _), one in self.compiler.closures.items() if key == id(definition)]
            summary = found[0] if found else None
        return summary.schema if summary is not None else None

    def summary(self, point: EntryPoint) -> Summary | None:
        """The unit, compiled; None where it is nothing to compile."""
        definition = point.definition
        compiler = self.compiler
        if isinstance(definition, FunctionDefinition):
            return compiler.compile_function(definition, self._closure(definition))
        if not isinstance(definition, ClassDefinition):
            return None
        kind = class_kind(compiler, definition)
        if point.kind == "module":
            return compile_root(compiler, self.evaluator.shape(definition))
        if kind == "script":
            return compile_class(compiler, class_facts_of(compiler, definition), direct=True)
        return None


class _Collector:
    """Gathers the units and findings of one file; the same problem of several units is one finding."""

    def __init__(self, session: Session, index: ModuleIndex) -> None:
        self.session = session
        self.index = index
        self.units: list[Unit] = []
        self.findings: list[Finding] = []
        self.positions: dict[tuple[str, str, Span, str], int] = {}
        self.errors: list[RunError] = []
        self.torch_version = session.torch_version or session.api.version
        self.package = os.path.join(top_package_folder_of(index), index.name.partition(".")[0]) + os.sep

    def report(self, code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        """A problem of the file itself, of no unit in particular."""
        if not registry.holds(code, self.torch_version):
            return
        span = span_of(node, self.index.lines)
        self.add(Problem(code, self.index.path, span, torch_message, message or torch_message), (), None)

    def unit(self, point: EntryPoint) -> None:
        definition = point.definition
        module = definition.module
        if module is not self.index and not self._reached_from_here(point):
            return
        if point.left_alone:
            reason = "a plain nn.Module, which torch before 1.2 leaves to Python"
            self._say(point, "unknown", (UnknownReason(reason, module.path, point.line),))
            return
        if point.unresolved or (point.abstract and not self._compiles(point)):
            # Whether the compiler ever meets it is not known: what it holds is no finding.
            reason = (
                "a base class is not known: " + "; ".join(point.unresolved)
                if point.unresolved
                else ("an abstract base, which is never compiled itself")
            )
            self._say(point, "unknown", (UnknownReason(reason, module.path, point.line),))
            return
        summary = self.session.summary(point)
        found: list[int] = []
        unknown: list[UnknownReason] = []
        definite = False
        elsewhere: set[tuple[str, Span]] = set()
        if summary is not None:
            judge(self.session.compiler, summary)
            for problem, frames, condition in reached(summary):
                advice = registry.rule(problem.code).severity != "error"
                if advice and (condition is not None or not self._ours(problem.path)):
                    continue  # on what may never be compiled, or on code that is not the user's
                if not registry.holds(problem.code, self.torch_version):
                    if not advice and condition is None:
                        reason = f"{problem.code} is known of torch {registry.rule(problem.code).torch} only"
                        unknown.append(UnknownReason(reason, problem.path, problem.span.line))
                    continue
                placed = self._place(problem, frames, definition)
                if placed is not problem and condition is None:
                    # The compiler stops at the first problem of code that the user does not change: one is enough.
                    if (placed.path, placed.span) in elsewhere:
                        continue
                    elsewhere.add((placed.path, placed.span))
                number = self.add(placed, frames, condition)
                if number not in found:
                    found.append(number)
                definite = definite or (condition is None and self.findings[number].severity == "error")
            for path, line, reason in unresolved(summary):
                # What one of torch's own containers holds has no place of its own.
                unknown.append(UnknownReason(reason, path or module.path, line if path else point.line))
        else:
            unknown.append(UnknownReason("what it is could not be resolved", module.path, point.line))
        verdict: Verdict = "rejected" if definite else "unknown" if unknown else "accepted"
        self._say(point, verdict, tuple(dict.fromkeys(unknown))[:20] if verdict == "unknown" else (), tuple(found))

    def _say(
        self, point: EntryPoint, verdict: Verdict, unknown: tuple[UnknownReason, ...], findings: tuple[int, ...] = ()
    ) -> None:
        """The verdict on a unit."""
        module = point.definition.module
        self.units.append(
            Unit(point.qualname, module.name, point.kind, module.path, point.line, verdict, unknown, findings)
        )

    def _compiles(self, point: EntryPoint) -> bool:
        """Whether a unit surely compiles as it stands."""
        summary = self.session.summary(point)
        return summary is not None and not any(reached(summary)) and not any(unresolved(summary))

    def _place(self, problem: Problem, frames: tuple[Frame, ...], definition: object) -> Problem:
        """A problem in code that was not asked about shows at the user's line that pulls it in."""
        if problem.path and self._ours(problem.path):
            return problem
        for frame in reversed(frames):
            if self._ours(frame.path):
                span = Span(frame.line, 1, frame.line, 1)
                return Problem(problem.code, frame.path, span, problem.torch_message, problem.message)
        if isinstance(definition, ClassDefinition):
            span = class_span(definition)
        else:
            assert isinstance(definition, FunctionDefinition)
            span = Span(definition.node.lineno, 1, definition.node.lineno, 1)
        return Problem(problem.code, definition.module.path, span, problem.torch_message, problem.message)

    def _reached_from_here(self, point: EntryPoint) -> bool:
        """Whether a unit of another file, that a script call of this one reaches, is to be checked here: one of the
        user's files, in which nothing else makes it a unit."""
        alone = point.kind == "module" and self.session.scope != "reachable"
        return not alone and self._ours(point.definition.module.path)

    def _ours(self, path: str) -> bool:
        """Whether problems in this file are shown where they are: the project's files, and the package being checked."""
        if path == self.index.path:
            return True
        if path.startswith(self.package):
            return True
        session = self.session
        return (
            any(path.startswith(root + os.sep) for root in session.roots)
            and not any(path.startswith(folder + os.sep) for folder in session.environment)
            and not is_installed(path)
        )

    def add(self, problem: Problem, frames: tuple[Frame, ...], condition: str | None) -> int:
        key = (problem.code, problem.path, problem.span, condition or "")
        number = self.positions.get(key)
        if number is None:
            number = self.positions[key] = len(self.findings)
            rule = registry.rule(problem.code)
            severity = rule.severity
            if condition is not None and severity == "error":
                severity = "warning"
            self.findings.append(
                Finding(
                    problem.code,
                    rule.name,
                    severity,
                    problem.message,
                    problem.torch_message,
                    problem.path,
                    problem.span,
                    rule.help,
                    registry.rule_url(problem.code),
                    frames,
                    condition,
                    evidence=problem.evidence,
                )
            )
        return number

    def finish(self, dependencies: tuple[str, ...]) -> FileReport:
        return FileReport(self.index.path, tuple(self.units), tuple(self.findings), tuple(self.errors), dependencies)


def reached(summary: Summary) -> Iterator[tuple[Problem, tuple[Frame, ...], str | None]]:
    """Every problem of a unit with the chain that leads to it and the condition it hangs on (None: always).

    What is reached both always and under a condition is reached always.
    """
    seen: set[tuple[int, bool]] = set()
    for unconditional in (True, False):
        stack: list[tuple[Summary, tuple[Frame, ...], str | None]] = [(summary, (), None)]
        while stack:
            current, frames, condition = stack.pop()
            if (id(current), condition is None) in seen or (condition is not None and (id(current), True) in seen):
                continue
            seen.add((id(current), condition is None))
            for located in (*current.problems, *(current.hazards or ())):
                holds = condition or located.condition or None
                if unconditional is (holds is None):
                    yield located.problem, frames, holds
            for link in reversed(current.links):
                holds = condition or link.condition or None
                if unconditional and holds is not None:
                    continue
                if len(frames) < 40:
                    stack.append((link.callee, _through(frames, current, link, summary), holds))
        if unconditional:
            # The second walk starts anew, for what only a condition leads to.
            always = {key for key in seen if key[1]}
            seen = set()
            yield from _conditional(summary, always)
            return


def _through(frames: tuple[Frame, ...], current: Summary, link: Link, root: Summary) -> tuple[Frame, ...]:
    """The chain one step further in. From a module or class to its own methods is no step worth telling."""
    if current is root and root.schema is None and link.callee.schema is not None:
        return frames
    return (*frames, Frame(link.path, link.line, current.qualname))


def _conditional(
    summary: Summary, always: set[tuple[int, bool]]
) -> Iterator[tuple[Problem, tuple[Frame, ...], str | None]]:
    seen: set[tuple[int, bool]] = set()
    stack: list[tuple[Summary, tuple[Frame, ...], str | None]] = [(summary, (), None)]
    while stack:
        current, frames, condition = stack.pop()
        key = (id(current), condition is None)
        if key in seen:
            continue
        seen.add(key)
        for located in (*current.problems, *(current.hazards or ())):
            holds = condition or located.condition or None
            if holds is None or (not located.condition and (id(current), True) in always):
                continue
            yield located.problem, frames, holds
        for link in reversed(current.links):
            if len(frames) < 40:
                holds = condition or link.condition or None
                stack.append((link.callee, _through(frames, current, link, summary), holds))


def unresolved(summary: Summary) -> Iterator[tuple[str, int, str]]:
    """What could not be resolved in a unit and what it pulls in."""
    for current in pulled_in(summary):
        yield from current.unknown


def _version_pair(text: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None
