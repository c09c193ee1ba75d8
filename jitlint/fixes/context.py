"""A file as the fixers see it: its text, Python's tree of it with parents, and the types that the analysis inferred."""

from __future__ import annotations

import ast
import contextlib
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from jitlint.analysis import Session
from jitlint.emit.values import Sugared, Val
from jitlint.findings.model import Applicability
from jitlint.fixes.apply import line_starts
from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.index import closure_scope, function_scope
from jitlint.source.nodes import walk_parents
from jitlint.source.parse import parse
from jitlint.source.problem import Span
from jitlint.source.text import SourceFile, decode, read_source
from jitlint.types.model import Type

N = TypeVar("N", bound=ast.AST)
M = TypeVar("M", bound=ast.AST)
L = TypeVar("L", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Change:
    """Replace the characters from `start` up to `end` (0-based offsets into the file's text) by `content`, whose line
    ends are ``\\n``."""

    start: int
    end: int
    content: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A fix in offsets: what a fixer gives back."""

    applicability: Applicability
    description: str
    changes: tuple[Change, ...]


class Context:
    """One file. Offsets are 0-based, in characters; lines are 1-based."""

    def __init__(self, session: Session, source: SourceFile, index: ModuleIndex) -> None:
        self.session = session
        self.source = source
        self.index = index
        self.text = source.text
        self.tree = parse(source)
        self.parents: dict[ast.AST, ast.AST] = {}
        # The nodes that begin on a line, from the outside in.
        self._on_line: dict[int, list[ast.AST]] = {}
        self._by_kind: dict[type, list[ast.AST]] = {}
        for node in walk_parents(self.tree, self.parents):
            self._on_line.setdefault(getattr(node, "lineno", 0), []).append(node)
            self._by_kind.setdefault(node.__class__, []).append(node)
        self._starts = line_starts(source)
        self._types: dict[tuple[str, int, int, int, int], list[Sugared]] | None = None
        self._comments: list[tuple[int, str]] | None = None
        # The names that fixes bring along, by the function they are for: what each is for.
        self.given: dict[tuple[ast.AST, str], ast.AST] = {}

    def every(self, kind: type[N]) -> list[N]:
        """The nodes of a kind (a class of the grammar's, no base of several), from the outside in."""
        return self._by_kind.get(kind, [])  # type: ignore[return-value]

    # --- places -------------------------------------------------------------------------------------------------------

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and 1-based column (in characters)."""
        return self._starts[line - 1] + column - 1

    def _place(self, line: int, octets: int) -> int:
        text = self.source.lines[line - 1] if line <= len(self.source.lines) else ""
        column = octets if text.isascii() else len(text.encode()[:octets].decode(errors="replace"))
        return self._starts[line - 1] + column

    def start(self, node: ast.AST) -> int:
        """Where a node begins; of what is decorated, the ``def`` or ``class``."""
        return self._place(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self._place(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def code(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.text[self.start(node) : self.end(node)]

    def line_start(self, line: int) -> int:
        return self._starts[line - 1]

    def line_end(self, line: int) -> int:
        """Behind the line's end."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def indentation(self, node: ast.AST) -> str:
        """The white space that a statement stands behind."""
        line = self.source.lines[node.lineno - 1]  # type: ignore[attr-defined]
        return line[: len(line) - len(line.lstrip())]

    def comments(self) -> list[tuple[int, str]]:
        """Where comments begin, and what they are."""
        if self._comments is None:
            self._comments = []
            lines = iter([f"{line}\n" for line in self.source.lines])
            with contextlib.suppress(tokenize.TokenError, SyntaxError):
                for token in tokenize.generate_tokens(lambda: next(lines, "")):
                    if token.type == tokenize.COMMENT:
                        self._comments.append((self._starts[token.start[0] - 1] + token.start[1], token.string))
        return self._comments

    def step(self, node: ast.AST) -> str:
        """What a block is indented by, where a statement stands: as the function or class around it indents its body."""
        for one in (node, *self.ancestors(node)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                outer, inner = self.indentation(one), self.indentation(one.body[0])
                if inner.startswith(outer) and inner != outer and self.own_line_start(one.body[0]):
                    return inner[len(outer) :]
        return "    "

    def span(self, change: Change) -> Span:
        line, column = self._position(change.start)
        end_line, end_column = self._position(change.end)
        return Span(line, column, end_line, end_column)

    def _position(self, offset: int) -> tuple[int, int]:
        from bisect import bisect_right

        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def spans(self, node: ast.AST) -> Span:
        """The range of a node, 1-based."""
        return self.span(Change(self.start(node), self.end(node), ""))

    # --- nodes --------------------------------------------------------------------------------------------------------

    @overload
    def at(self, span: Span, one: type[N], /) -> N | None: ...
    @overload
    def at(self, span: Span, one: type[N], two: type[M], /) -> N | M | None: ...
    @overload
    def at(self, span: Span, one: type[N], two: type[M], three: type[L], /) -> N | M | L | None: ...

    def at(self, span: Span, *kinds: Any) -> Any:
        """The innermost node of one of these kinds that has exactly this range."""
        found: Any = None
        for node in self._on_line.get(span.line, ()):
            if isinstance(node, kinds) and self.spans(node) == span:
                found = node
        return found

    def starting(self, span: Span, *kinds: type[N]) -> N | None:
        """The outermost node of one of these kinds that begins where the range begins."""
        begin = self.offset(span.line, span.column)
        for node in self._on_line.get(span.line, ()):
            if isinstance(node, kinds) and self.start(node) == begin:
                return node
        return None

    @overload
    def around(self, span: Span, one: type[N], /) -> N | None: ...
    @overload
    def around(self, span: Span, one: type[N], two: type[M], /) -> N | M | None: ...
    @overload
    def around(self, span: Span, one: type[N], two: type[M], three: type[L], /) -> N | M | L | None: ...

    def around(self, span: Span, *kinds: Any) -> Any:
        """The innermost node of one of these kinds that holds the range."""
        begin, end = self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)
        found: Any = None
        layer: list[ast.AST] = [self.tree]
        while layer:
            inside: list[ast.AST] = []
            for node in layer:
                if hasattr(node, "lineno"):
                    if not (
                        self.first_line(node) <= span.line
                        and self.start_with_decorators(node) <= begin
                        and end <= self.end(node)
                    ):
                        continue  # what it holds lies within it
                    if isinstance(node, kinds):
                        found = node
                inside.extend(ast.iter_child_nodes(node))
            layer = inside
        return found

    def first_line(self, node: ast.AST) -> int:
        decorators = getattr(node, "decorator_list", ())
        line: int = node.lineno  # type: ignore[attr-defined]
        for decorator in decorators:
            line = min(line, decorator.lineno)
        return line

    def start_with_decorators(self, node: ast.AST) -> int:
        return min([self.start(node), *(self.start(one) for one in getattr(node, "decorator_list", ()))])

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What holds a node, from the inside out."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    @overload
    def enclosing(self, node: ast.AST, one: type[N], /) -> N | None: ...
    @overload
    def enclosing(self, node: ast.AST, one: type[N], two: type[M], /) -> N | M | None: ...
    @overload
    def enclosing(self, node: ast.AST, one: type[N], two: type[M], three: type[L], /) -> N | M | L | None: ...

    def enclosing(self, node: ast.AST, *kinds: Any) -> Any:
        """The innermost of these kinds around a node (or the node itself)."""
        for one in (node, *self.ancestors(node)):
            if isinstance(one, kinds):
                return one
        return None

    def statement(self, node: ast.AST) -> ast.stmt:
        found = self.enclosing(node, ast.stmt)
        assert found is not None
        return found

    def function(self, node: ast.AST) -> Function | None:
        """The function whose body (or signature) holds a node."""
        return self.enclosing(node, ast.FunctionDef, ast.AsyncFunctionDef)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The class that a method's node stands in."""
        function = self.function(node)
        holder = self.parents.get(function) if function is not None else None
        return holder if isinstance(holder, ast.ClassDef) else None

    def own_line(self, statement: ast.stmt) -> bool:
        """Whether a statement has its lines for itself: no ``;`` and no ``if x: y``."""
        before = self.text[self.line_start(statement.lineno) : self.start(statement)]
        after = self.text[self.end(statement) : self.line_end(statement.end_lineno or statement.lineno)].strip()
        return not before.strip() and (not after or after.startswith("#"))

    def own_line_start(self, statement: ast.stmt) -> bool:
        """Whether nothing stands before a statement on its line."""
        line = self.first_line(statement)
        return not self.text[self.line_start(line) : self.start_with_decorators(statement)].strip(" \t\f@")

    def sole(self, statement: ast.stmt) -> bool:
        """Whether the statement is all that its block holds."""
        block = self.block_of(statement)
        return block is not None and len(block) == 1

    def block_of(self, statement: ast.stmt) -> list[ast.stmt] | None:
        """The list of statements that a statement stands in."""
        parent = self.parents.get(statement)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                return block
        return None

    # --- what the analysis knows --------------------------------------------------------------------------------------

    def definition(self, function: ast.AST) -> FunctionDefinition | None:
        """The analysis's own object for a function of this file."""
        for definition in self.index.functions:
            if _key(definition.node) == _key(function):
                return definition
        return None

    def class_definition(self, cls: ast.ClassDef) -> ClassDefinition | None:
        for definition in self.index.classes:
            if _key(definition.node) == _key(cls):
                return definition
        return None

    def scope(self, node: ast.AST) -> Scope:
        """The scope in which the names of an expression are looked up."""
        for one in (node, *self.ancestors(node)):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one is not node:
                found = self.definition(one)
                if found is not None:
                    return function_scope(found)
            if isinstance(one, ast.ClassDef) and one is not node:
                cls = self.class_definition(one)
                if cls is not None:
                    return cls.body
        return self.index.scope

    def outer_scope(self, function: Function) -> Scope:
        found = self.definition(function)
        return closure_scope(found) if found is not None else self.index.scope

    def name_of(self, node: ast.expr) -> str | None:
        """The dotted name of what an expression refers to, where it is known by name (``torch.jit.script``)."""
        return self.session.project.external_name(self.scope(node), node)

    def values(self, node: ast.AST) -> list[Sugared]:
        """What an expression was found to mean, for every shape its function was compiled for."""
        if self._types is None:
            self._types = {}
            for definition, types, _ in self.session.compiler.recorded:
                if definition.module is self.index:
                    for typed, value in types.items():
                        if hasattr(typed, "lineno"):
                            self._types.setdefault(_key(typed), []).append(value)
        return self._types.get(_key(node), [])

    def type(self, node: ast.AST) -> Type | None:
        """The type of an expression, where it has one and the same in every shape."""
        found = self.values(node)
        types = {value.type if isinstance(value, Val) else None for value in found}
        return types.pop() if len(types) == 1 else None


def context_of(session: Session, path: str) -> Context:
    """The context of a file; the same one as long as the session and the file's text are the same."""
    known: dict[str, Context] = session.beside.setdefault("contexts of fixes", {})
    index = session.project.index_file(path)
    found = known.get(index.path)
    if found is None or found.index is not index:
        known.clear()  # findings come file by file
        text = session.project.overlay.get(index.path)
        source = read_source(path) if text is None else decode(text.encode("utf-8", "surrogatepass"), path)
        found = known[index.path] = Context(session, source, index)
    return found


def _key(node: ast.AST) -> tuple[str, int, int, int, int]:
    return (
        type(node).__name__,
        node.lineno,  # type: ignore[attr-defined]
        node.col_offset,  # type: ignore[attr-defined]
        getattr(node, "end_lineno", 0) or 0,
        getattr(node, "end_col_offset", 0) or 0,
    )


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    """Every identifier in some nodes."""
    return {node.id for one in nodes for node in ast.walk(one) if isinstance(node, ast.Name)}
