"""Files whose grammar is newer than the running Python, made readable for its `ast`.

libcst reads every grammar whatever Python it runs on. It tells where the new constructs are; they are blanked out,
or put in older words, without moving anything else; `ast` reads that; and the nodes concerned are put in place. So
positions are exact, and everything that is not new is Python's own work:

- type parameters (3.12) vanish: they have no meaning at run time;
- ``type X = T`` (3.12) becomes a `TypeAlias`, ``except*`` (3.11) a `TryStar`, ``t"..."`` (3.14) a `TemplateStr`: where
  the running `ast` has no such class, one of that name stands in, which is all that messages need;
- f-strings as 3.12 allows them (quotes, backslashes, comments and line ends inside the braces) become `JoinedStr`;
- ``a[*b]`` and ``*args: *Ts`` (3.11) get their `Starred`; ``except A, B:`` (3.14) loses its comma.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from jitlint.source.parse import parse_text


class _TryStar(ast.stmt):
    _fields = ("body", "handlers", "orelse", "finalbody")


class _TypeAlias(ast.stmt):
    _fields = ("name", "type_params", "value")


class _TemplateStr(ast.expr):
    _fields = ("values",)


# Messages carry the name of a node's class.
_TryStar.__name__, _TypeAlias.__name__, _TemplateStr.__name__ = "TryStar", "TypeAlias", "TemplateStr"

TryStar: Any = getattr(ast, "TryStar", _TryStar)
TypeAlias: Any = getattr(ast, "TypeAlias", _TypeAlias)
TemplateStr: Any = getattr(ast, "TemplateStr", _TemplateStr)

Place = tuple[int, int]  # a node's line (1-based) and column (0-based, UTF-8 bytes), as `ast` has them


def parse_modern(text: str) -> ast.Module | None:
    """The tree of a file in newer grammar, or None where libcst cannot read it either."""
    if _is_too_deep(text):
        return None
    try:
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        visitor = _NewGrammar(wrapper.resolve(PositionProvider), text)
        wrapper.module.visit(visitor)
        tree = parse_text(visitor.plan.text())
        return _patch(tree, visitor.plan)
    except (cst.ParserSyntaxError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    except Exception:  # libcst raises what it likes on odd input, and none of it is worth a crash
        return None


# libcst's parser recurses without a limit: deep nesting ends the process. It also takes quadratic time for long chains.
_MAX_BRACKETS = 100
_MAX_CHAIN = 1000
_OPAQUE = re.compile(r"""(\"{3}|'{3})(?:.|\n)*?\1|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|#[^\n]*""")
_TOKEN = re.compile(r"\w+|[^\w \t\f]")


def _is_too_deep(text: str) -> bool:
    """Whether brackets, operators or `elif` nest deeper than libcst is sure to survive, at a rough count."""
    if text.count("elif ") > _MAX_CHAIN:
        return True
    depth = chain = 0
    for match in _TOKEN.finditer(_OPAQUE.sub("0", text)):
        token = match[0]
        chain += 1
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth = max(depth - 1, 0)
        elif token in ",;" or (token in "\r\n" and not depth):
            chain = 0
        if depth > _MAX_BRACKETS or chain > _MAX_CHAIN:
            return True
    return False


@dataclass(slots=True)
class _Plan:
    """Edits of the text that keep every other character in its place, and what to do to the nodes afterwards."""

    lines: list[list[str]]  # characters, each line with its end
    strings: dict[Place, ast.expr] = field(default_factory=dict)  # place of the stand-in -> the node
    aliases: dict[Place, ast.Name] = field(default_factory=dict)
    try_stars: set[Place] = field(default_factory=set)
    stars: dict[Place, bool] = field(default_factory=dict)  # place of the value -> whether it is the whole subscript

    def text(self) -> str:
        return "".join("".join(line) for line in self.lines)

    def place(self, line: int, column: int) -> Place:
        return line, len("".join(self.lines[line - 1][:column]).encode())

    def put(self, where: CodeRange, before: str, after: str = "", fill: str = "") -> None:
        """Replace a range by `before`, spaces and `after`; `fill` ends each of its lines but the last."""
        start, end = where.start, where.end
        for number in range(start.line, end.line + 1):
            line = self.lines[number - 1]
            first = start.column if number == start.line else 0
            last = end.column if number == end.line else len(line) - 1
            width = line[first:last]
            # A character may be several bytes wide; columns behind it count bytes.
            blank = [" " * len(char.encode()) for char in width]
            if number != end.line and fill and blank:
                blank[-1] = fill
            line[first:last] = blank
        self._write(self.lines[start.line - 1], start.column, before)
        if after:
            self._write(self.lines[end.line - 1], end.column - len(after), after)

    @staticmethod
    def _write(line: list[str], column: int, text: str) -> None:
        for offset, char in enumerate(text):
            width = len(line[column + offset])
            line[column + offset] = char + " " * (width - 1)


class _NewGrammar(cst.CSTVisitor):
    """Collects what is newer than Python 3.10 into a plan."""

    def __init__(self, ranges: Any, text: str) -> None:
        super().__init__()
        self.ranges = ranges
        self.source = _lines(text)
        self.plan = _Plan([list(line) for line in self.source])

    def at(self, node: cst.CSTNode) -> CodeRange:
        where: CodeRange = self.ranges[node]
        return where

    def code(self, where: CodeRange) -> str:
        lines = self.source[where.start.line - 1 : where.end.line]
        lines[-1] = lines[-1][: where.end.column]
        lines[0] = lines[0][where.start.column :]
        return "".join(lines)

    def visit_TypeParameters(self, node: cst.TypeParameters) -> bool:
        self.plan.put(self.at(node), "", fill="\\")
        return False

    def visit_TypeAlias(self, node: cst.TypeAlias) -> bool:
        whole, name = self.at(node), self.at(node.name)
        head = self.at(node.type_parameters) if node.type_parameters is not None else name
        gap = self.source[head.end.line - 1].index("=", head.end.column) - head.end.column
        equals = CodeRange(whole.start, type(whole.start)(head.end.line, head.end.column + gap))
        start = self.plan.place(whole.start.line, whole.start.column)
        alias = ast.Name(node.name.value, ast.Store())
        alias.lineno, alias.col_offset = self.plan.place(name.start.line, name.start.column)
        alias.end_lineno, alias.end_col_offset = self.plan.place(name.end.line, name.end.column)
        self.plan.aliases[start] = alias
        # `type X[T] =` becomes `t       =`, as wide as it was.
        self.plan.put(equals, "t", fill="\\")
        node.value.visit(self)
        return False

    def visit_TryStar(self, node: cst.TryStar) -> None:
        start = self.at(node).start
        self.plan.try_stars.add(self.plan.place(start.line, start.column))

    def visit_ExceptStarHandler(self, node: cst.ExceptStarHandler) -> None:
        start = self.at(node).start
        line = self.plan.lines[start.line - 1]
        line[line.index("*", start.column)] = " "
        self._join_types(node)

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        self._join_types(node)

    def _join_types(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> None:
        """``except A, B:`` as ``except A+ B:``; what a handler catches is of no interest."""
        if isinstance(node.type, cst.Tuple) and not node.type.lpar:
            for element in node.type.elements:
                if isinstance(element.comma, cst.Comma):
                    where = self.at(element.comma)
                    line = self.plan.lines[where.start.line - 1]
                    line[line.index(",", where.start.column)] = "+"

    def visit_Subscript(self, node: cst.Subscript) -> None:
        for element in node.slice:
            if isinstance(element.slice, cst.Index) and element.slice.star:
                alone = len(node.slice) == 1 and not isinstance(element.comma, cst.Comma)
                self._star(self.at(element.slice.value).start, self.at(element).start, alone)

    def visit_Annotation(self, node: cst.Annotation) -> None:
        if isinstance(node.annotation, cst.StarredElement):
            self._star(self.at(node.annotation.value).start, self.at(node.annotation).start, False)

    def _star(self, value: Any, star: Any, alone: bool) -> None:
        line = self.plan.lines[star.line - 1]
        column = line.index("*", star.column)
        line[column] = " "
        self.plan.stars[self.plan.place(value.line, value.column)] = alone
        # libcst has a tuple begin behind its parenthesis, `ast` before it.
        while column + 1 < len(line) and line[column].isspace():
            column += 1
        self.plan.stars[self.plan.place(star.line, column)] = alone

    def visit_ConcatenatedString(self, node: cst.ConcatenatedString) -> bool:
        return self._string(node)

    def visit_FormattedString(self, node: cst.FormattedString) -> bool:
        return self._string(node)

    def visit_TemplatedString(self, node: cst.CSTNode) -> bool:
        return self._string(node)

    def _string(self, node: cst.CSTNode) -> bool:
        """Put an empty string in parentheses for a string that `ast` cannot read, and keep what it should become."""
        where = self.at(node)
        try:
            parse_text(f"({self.code(where)})")
            return False
        except (SyntaxError, ValueError):
            pass
        if any(type(part).__name__ == "TemplatedString" for part in _parts(node)):
            result: ast.expr = TemplateStr(values=[])
        else:
            result = ast.JoinedStr(self._values(_parts(node)))
        result.lineno, result.col_offset = self.plan.place(where.start.line, where.start.column)
        result.end_lineno, result.end_col_offset = self.plan.place(where.end.line, where.end.column)
        self.plan.strings[self.plan.place(where.start.line, where.start.column + 1)] = result
        self.plan.put(where, '(""', ")")
        return False

    def _values(self, parts: Sequence[cst.CSTNode]) -> list[ast.expr]:
        values: list[ast.expr] = []
        for part in parts:
            if isinstance(part, cst.FormattedString):
                prefix = part.prefix.lower().replace("f", "")
                for piece in part.parts:
                    if isinstance(piece, cst.FormattedStringExpression):
                        values += self._formatted(piece)
                    else:
                        assert isinstance(piece, cst.FormattedStringText)
                        raw = piece.value.replace("{{", "{").replace("}}", "}")
                        values.append(self._text(piece, _evaluate(f"{prefix}{part.quote}{raw}{part.quote}", raw)))
            else:
                code = self.code(self.at(part))
                values.append(self._text(part, _evaluate(code, code)))
        return values

    def _formatted(self, node: cst.FormattedStringExpression) -> list[ast.expr]:
        expression, where = self.at(node.expression), self.at(node)
        conversion = ord(node.conversion) if node.conversion else -1
        values: list[ast.expr] = []
        if node.equal is not None:
            values.append(self._text(node, self.code(expression) + "="))
            if conversion == -1 and node.format_spec is None:
                conversion = ord("r")
        spec = None
        if node.format_spec is not None:
            texts: list[ast.expr] = [self._text(node, "")]
            spec = self._placed(ast.JoinedStr(texts), where)
        value = self._expression(expression)
        values.append(self._placed(ast.FormattedValue(value, conversion, spec), where))
        return values

    def _expression(self, where: CodeRange) -> ast.expr:
        """The expression inside a pair of braces, read by itself and put at its place."""
        line, column = self.plan.place(where.start.line, where.start.column)
        text = "(\n" + " " * column + self.code(where) + "\n)"
        try:
            module: ast.Module | None = parse_text(text)
        except SyntaxError:
            module = parse_modern(text)
        if module is None or not isinstance(module.body[0], ast.Expr):
            raise ValueError("an f-string's expression cannot be read")
        return _shifted(module.body[0].value, line - 2)

    def _text(self, node: cst.CSTNode, value: Any) -> ast.expr:
        return self._placed(ast.Constant(value), self.at(node))

    def _placed(self, node: ast.expr, where: CodeRange) -> ast.expr:
        node.lineno, node.col_offset = self.plan.place(where.start.line, where.start.column)
        node.end_lineno, node.end_col_offset = self.plan.place(where.end.line, where.end.column)
        return node


def _parts(node: cst.CSTNode) -> list[cst.CSTNode]:
    """The strings of an implicit concatenation, in order."""
    parts = []
    while isinstance(node, cst.ConcatenatedString):
        parts.append(node.left)
        node = node.right
    return [*parts, node]


def _evaluate(literal: str, otherwise: str) -> Any:
    try:
        return ast.literal_eval(parse_text(literal).body[0].value)  # type: ignore[attr-defined]
    except (SyntaxError, ValueError):
        return otherwise


def _shifted(node: ast.expr, lines: int) -> ast.expr:
    for child in ast.walk(node):
        if isinstance(child, (ast.expr, ast.arg, ast.keyword)):
            child.lineno += lines
            child.end_lineno = (child.end_lineno or child.lineno) + lines
    return node


def _lines(text: str) -> list[str]:
    """The lines with their ends, split as Python's tokenizer does."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line + "\n" for line in lines[:-1]] + lines[-1:]


def _patch(tree: ast.Module, plan: _Plan) -> ast.Module:
    """Put the new nodes where their stand-ins are."""
    for parent in list(ast.walk(tree)):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, list):
                value[:] = [_replaced(item, plan, name) for item in value]
            elif isinstance(value, (ast.expr, ast.stmt)):
                setattr(parent, name, _replaced(value, plan, name))
    return tree


def _replaced(node: Any, plan: _Plan, role: str) -> Any:
    """What stands in the field `role` of its parent instead of `node`: mostly `node`."""
    if not isinstance(node, (ast.stmt, ast.expr)):
        return node
    place = (node.lineno, node.col_offset)
    if isinstance(node, ast.Constant) and node.value == "" and place in plan.strings:
        return plan.strings[place]
    if isinstance(node, ast.Assign) and place in plan.aliases:
        alias = TypeAlias(name=plan.aliases[place], type_params=[], value=_replaced(node.value, plan, "value"))
        return ast.copy_location(alias, node)
    if isinstance(node, ast.Try) and place in plan.try_stars:
        fields = {name: getattr(node, name) for name in node._fields}
        return ast.copy_location(TryStar(**fields), node)
    # `a[*b, c]`: the tuple and its first element begin at the same place.
    if isinstance(node, ast.expr) and place in plan.stars and role in ("slice", "elts", "annotation"):
        alone = plan.stars[place]
        if role != "slice" or alone:
            del plan.stars[place]
            if isinstance(node, ast.Tuple) and node.elts:
                plan.stars.pop((node.elts[0].lineno, node.elts[0].col_offset), None)
            star: ast.expr = ast.copy_location(ast.Starred(_replaced(node, plan, "value"), ast.Load()), node)
            return ast.copy_location(ast.Tuple([star], ast.Load()), node) if alone else star
    return node
