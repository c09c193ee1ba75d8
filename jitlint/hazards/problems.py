"""The room's front: the hazards of what a unit pulls in, and those of a file's units taken by themselves.

What definitions alone show is in `project.hazards`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from jitlint.emit.compiler import Compiler
from jitlint.emit.summary import Located, Summary
from jitlint.hazards import bodies, calls, modules, signatures
from jitlint.hazards.reporting import Hazards
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.entry_points import EntryPoint
from jitlint.source.problem import Problem

_DROPPED = frozenset({"ignore", "unused", "drop"})


def judge(compiler: Compiler, summary: Summary) -> None:
    """Fills in the `hazards` of everything that a unit's summary leads to; each is judged once in a session."""
    stack = [summary]
    while stack:
        current = stack.pop()
        if current.hazards is not None:
            continue
        found = Hazards(compiler)
        current.hazards = found.found
        match current.definition:
            case FunctionDefinition() as definition if not compiler.marks(definition) & _DROPPED:
                found.adopt(
                    compiler.project.cached(("hazards", id(definition)), partial(_of_text, compiler, definition))
                )
                if all(located.condition for located in current.problems):  # else nothing comes of it anyway
                    calls.python_calls(found, definition, current.python_calls)
                if current.shape is not None:
                    bodies.attributes_of_other_type(found, definition, current.shape)
            case ClassDefinition() as definition if current.shape is not None:
                modules.constants(found, definition, current.shape)
        stack.extend(link.callee for link in current.links)


def _of_text(compiler: Compiler, definition: FunctionDefinition) -> tuple[Located, ...]:
    """What a function's text alone shows, whoever compiles it."""
    found = Hazards(compiler)
    signatures.bare_containers(found, definition)
    signatures.dropped_decorators(found, definition)
    bodies.repeated_operands(found, definition)
    bodies.dedented_strings(found, definition)
    bodies.exceptions(found, definition)
    return tuple(found.found)


def unit_hazards(compiler: Compiler, index: ModuleIndex, points: Sequence[EntryPoint]) -> Iterator[Problem]:
    """What torch says of the modules that it is given, and not of those inside them. Some may lie in the file of a base
    class."""
    found = Hazards(compiler)
    for point in points:
        definition = point.definition
        if point.kind != "module" or not isinstance(definition, ClassDefinition) or definition.module is not index:
            continue
        if not (point.unresolved or point.abstract or point.script_module):
            modules.instance_annotations(found, definition)
    for located in found.found:
        yield located.problem
