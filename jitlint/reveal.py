"""The TorchScript types of parameters, locals, results and expressions, as inferred: for `jitlint reveal` and editors.

Types are spelt as the compiler spells them in annotations (``annotation_str``): ``List[int]``, ``Optional[Tensor]``.
What is no first-class value is named as its messages name it: ``module``, ``builtin``, ``python value of type 'int'``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from jitlint.analysis import Session
from jitlint.emit.module_units import compile_module
from jitlint.emit.values import ModuleRef, Sugared, Val, describe
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.hierarchy import is_module_class
from jitlint.shapes import values as py
from jitlint.source.nodes import walk
from jitlint.source.problem import Span, span_of
from jitlint.types.model import Schema


class NotFound(LookupError):
    """There is nothing of that name, or nothing that is compiled. The message is one line."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """The type of one expression at `span` (1-based). `text` is its source."""

    span: Span
    text: str
    type: str


@dataclass(frozen=True, slots=True)
class RevealedFunction:
    """A compiled function. `line` and `end_line` are its first and last; `parameters` (without the module that is `self`)
    and `locals` are (name, type), a local with all types that it has one after the other; `expressions` those on the
    line asked for."""

    path: str
    line: int
    end_line: int
    qualname: str
    parameters: tuple[tuple[str, str], ...]
    locals: tuple[tuple[str, str], ...]
    result: str
    expressions: tuple[Revealed, ...] = ()


@dataclass(slots=True)
class Typed:
    """A function that was compiled, once or for several receivers: its first schema, and what each node was found to mean."""

    definition: FunctionDefinition
    schema: Schema | None
    types: dict[ast.AST, list[Sugared]] = field(default_factory=dict)


def spelling(value: Sugared) -> str:
    """The type of a value, or what else it is, in the compiler's words."""
    return value.type.inner() if isinstance(value, Val) else describe(value)


def spellings(values: Iterable[Sugared]) -> str:
    """The same of what differs from one receiver (or moment) to the next."""
    return " or ".join(dict.fromkeys(map(spelling, values)))


def typed_functions(session: Session, path: str) -> list[Typed]:
    """The functions of a file that its units compile, in the file's order. Raises SourceError, ParseError."""
    index = session.project.index_file(path)
    for point in session.points(index):
        session.summary(point)
    return [one for one in _recorded(session) if one.definition.module is index]


def _recorded(session: Session) -> list[Typed]:
    assert session.compiler.recording
    found: dict[int, Typed] = {}
    for definition, types, _ in session.compiler.recorded:
        typed = found.get(id(definition))
        if typed is None:
            typed = found[id(definition)] = Typed(definition, session.schema_of(definition))
        for node, value in types.items():
            typed.types.setdefault(node, []).append(value)
    return sorted(found.values(), key=lambda one: (one.definition.module.path, one.definition.node.lineno))


def reveal_file(session: Session, path: str, line: int = 0) -> list[RevealedFunction]:
    """The functions that a file's units compile; with a 1-based `line` the innermost one that holds it, whether a unit
    reaches it or not. Raises SourceError, ParseError and, where no function holds the line, NotFound."""
    index = session.project.index_file(path)
    if not line:
        return [revealed(one) for one in typed_functions(session, path)]
    holding = [one for one in index.functions if one.node.lineno <= line <= (one.node.end_lineno or one.node.lineno)]
    if not holding:
        raise NotFound(f"line {line} is in no function")
    definition = max(holding, key=lambda one: one.node.lineno)
    found = [one for one in typed_functions(session, path) if one.definition is definition]
    return [revealed(one, line) for one in found or _alone(session, definition)]


def reveal_name(session: Session, index: ModuleIndex, qualname: str) -> list[RevealedFunction]:
    """The function, the method, or all compiled methods (``forward`` first) of the class or of the module instance of
    that name in a file. Raises NotFound."""
    definition = _definition(index, qualname)
    if isinstance(definition, FunctionDefinition):
        typed_functions(session, index.path)
        found = [one for one in _recorded(session) if one.definition is definition]
        return [revealed(one) for one in found or _alone(session, definition)]
    value: py.Value | None
    if definition is not None:
        value = py.Class(definition)
    else:
        first, *rest = qualname.split(".")
        value = _scripted(session, index, first) or session.evaluator.lookup(index.scope, first)
        for part in rest:
            value = session.evaluator.attribute(value, part) if value is not None else None
    return [revealed(one) for one in _of_value(session, index, value, qualname)]


def _definition(index: ModuleIndex, qualname: str) -> FunctionDefinition | ClassDefinition | None:
    found: list[FunctionDefinition | ClassDefinition] = [*index.functions, *index.classes]
    return next((one for one in reversed(found) if one.qualname == qualname), None)


def _scripted(session: Session, index: ModuleIndex, name: str) -> py.Value | None:
    """What ``name = torch.jit.script(...)`` was given."""
    for binding in index.scope.bindings.get(name, ())[-1:]:
        match binding.node:
            case ast.Call(func=function, args=[argument, *_]):
                if session.project.external_name(index.scope, function) == "torch.jit.script":
                    return session.evaluator.evaluate(argument, index.scope, {})
    return None


def _of_value(session: Session, index: ModuleIndex, value: py.Value | None, name: str) -> list[Typed]:
    match value:
        case py.Function(definition=definition):
            session.compiler.compile_function(definition, value if value.closure is not None else None)
            return [one for one in _recorded(session) if one.definition is definition]
        case py.ModuleInstance(shape=shape):
            return _methods(session, shape)
        case py.Class(definition=definition):
            for point in session.points(definition.module):
                if point.definition is definition:
                    session.summary(point)
            methods = _methods(session, session.evaluator.shape(definition))
            inside = definition.qualname + "."
            return methods or [
                one
                for one in _recorded(session)
                if one.definition.module is definition.module and one.definition.qualname.startswith(inside)
            ]
    raise NotFound(f"{index.name} has no {name} that the compiler could be given")


def _methods(session: Session, shape: py.ModuleShape) -> list[Typed]:
    """The methods compiled of an instance, inherited ones too; forward, under whatever name it was written, is first."""
    compile_module(session.compiler, shape)
    summaries = [one for one in session.compiler.methods.values() if one.shape is shape]
    forward = session.evaluator.attribute(py.ModuleInstance(shape), "forward")
    called = forward.definition if isinstance(forward, py.Function) else None
    known = {id(one.definition): one for one in summaries}
    found = [one for one in _recorded(session) if id(one.definition) in known]
    for one in found:
        one.schema = known[id(one.definition)].schema
    return sorted(found, key=lambda one: one.definition is not called)


def _alone(session: Session, definition: FunctionDefinition) -> list[Typed]:
    """A function that no unit reaches, as if it were scripted. Raises NotFound for what is never compiled."""
    compiler = session.compiler
    if (
        definition.cls is not None
        and definition.name == "__init__"
        and is_module_class(session.project, definition.cls)
    ):
        raise NotFound(f"{definition.qualname} runs in Python; it is never compiled")
    if definition.cls is None:
        compiler.compile_function(definition)
    else:
        compiler.compile_method(ModuleRef(session.evaluator.shape(definition.cls)), definition)
    return [one for one in _recorded(session) if one.definition is definition]


def revealed(typed: Typed, line: int = 0) -> RevealedFunction:
    """What is to be shown of a function, with the expressions on a 1-based `line`."""
    definition, schema = typed.definition, typed.schema
    lines = definition.module.lines
    return RevealedFunction(
        definition.module.path,
        definition.node.lineno,
        definition.node.end_lineno or definition.node.lineno,
        definition.qualname,
        tuple((one.name, one.type.inner()) for one in schema.arguments) if schema is not None else (),
        tuple((name, spellings(values)) for name, values in local_types(typed).items()),
        ", ".join(one.inner() for one in schema.returns) if schema is not None else "Unknown",
        tuple(_expressions(typed, line, lines)) if line else (),
    )


def local_types(typed: Typed) -> dict[str, list[Sugared]]:
    """What each name that the function binds stands for, in the order of the bindings. Parameters are left out."""
    arguments = {one.arg for one in walk(typed.definition.node.args) if isinstance(one, ast.arg)}
    found: dict[str, list[Sugared]] = {}
    for node, values in typed.types.items():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in arguments:
            found.setdefault(node.id, []).extend(values)
    return found


def _expressions(typed: Typed, line: int, lines: list[str]) -> Iterator[Revealed]:
    found = []
    for node, values in typed.types.items():
        if not isinstance(node, ast.expr) or isinstance(node, ast.Constant):
            continue
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            found.append(Revealed(span_of(node, lines), " ".join(ast.unparse(node).split()), spellings(values)))
    found.sort(key=lambda one: (one.span.line, one.span.column, -one.span.end_line, -one.span.end_column))
    yield from dict.fromkeys(found)
