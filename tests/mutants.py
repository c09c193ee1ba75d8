"""Variants of a program in which one piece cannot be resolved: it comes from a package that is not there.

The name is bound (by an import), so nobody can say that it is an error; what it stands for is unknown.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

PACKAGE = "missing_package"
NAME = "Unresolvable"
IMPORTS = f"import {PACKAGE}; from {PACKAGE} import {NAME}"


@dataclass(frozen=True, slots=True)
class Mutant:
    """`what` was replaced, at `line` (1-based); every other line of `text` is where it was in the program."""

    what: str
    line: int
    text: str


def mutants(text: str) -> Iterator[Mutant]:
    """Every variant of a program, in the order of the places."""
    tree = ast.parse(text)
    source = _Source(text, _head(tree))
    for node in ast.walk(tree):
        match node:
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                yield from _annotation(source, annotation)
            case ast.FunctionDef():
                yield from _function(source, node)
            case ast.ClassDef():
                for base in node.bases:
                    yield source.replaced("base class", base, f"{PACKAGE}.Base")
                for decorator in node.decorator_list:
                    yield source.replaced("decorator", decorator, f"{PACKAGE}.decorate")
            case ast.Import(names=names):
                for alias in names:
                    bound = alias.asname or alias.name.partition(".")[0]
                    others = [f"import {_spelled(one)}" for one in names if one is not alias]
                    yield source.replaced("import", node, "; ".join([*others, f"from {PACKAGE} import {bound}"]))
                yield source.replaced("star", node, f"from {PACKAGE} import *")
            case ast.ImportFrom(module=module, names=names) if module != "__future__":
                for alias in names:
                    rest = [one for one in names if one is not alias]
                    where = "." * node.level + (module or "")
                    kept = f"from {where} import {', '.join(map(_spelled, rest))}; " if rest else ""
                    yield source.replaced("import", node, f"{kept}from {PACKAGE} import {_spelled(alias)}")
                yield source.replaced("star", node, f"from {PACKAGE} import *")
            case ast.Call(func=callee, keywords=keywords):
                match callee:
                    case ast.Name(id=name) | ast.Attribute(attr=name) if name[:1].isupper():
                        yield source.replaced("constructor", callee, f"{PACKAGE}.make")
                for keyword in keywords:
                    if keyword.arg is not None:
                        yield source.replaced("keyword value", keyword.value, NAME)
    last = ast.Module(tree.body[: source.imports], [])
    if last.body:
        yield source.star(last.body[-1])


def _annotation(source: _Source, annotation: ast.expr) -> Iterator[Mutant]:
    """The annotation replaced, and each of the types it is made of."""
    yield source.replaced("annotation", annotation, NAME)
    for node in ast.walk(annotation):
        match node:
            case ast.Subscript(slice=ast.Tuple(elts=parts)):
                for part in parts:
                    yield source.replaced("part of annotation", part, NAME)
            case ast.Subscript(slice=part):
                yield source.replaced("part of annotation", part, NAME)
            case ast.BinOp(left=left, right=right, op=ast.BitOr()):
                yield source.replaced("part of annotation", left, NAME)
                yield source.replaced("part of annotation", right, NAME)


def _function(source: _Source, node: ast.FunctionDef) -> Iterator[Mutant]:
    """Result, decorators, defaults, and the attributes that a constructor sets."""
    if node.returns is not None:
        yield from _annotation(source, node.returns)
    for decorator in node.decorator_list:
        yield source.replaced("decorator", decorator, f"{PACKAGE}.decorate")
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            yield source.replaced("default value", default, NAME)
    if node.name != "__init__":
        return
    for inner in ast.walk(node):
        match inner:
            case (
                ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"))], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Attribute(value=ast.Name(id="self")), value=ast.expr() as value)
            ):
                yield source.replaced("attribute value", value, f"{PACKAGE}.make()")


def _spelled(alias: ast.alias) -> str:
    return f"{alias.name} as {alias.asname}" if alias.asname else alias.name


def _head(tree: ast.Module) -> list[ast.stmt]:
    """The docstring and ``from __future__`` statements a module starts with."""
    head: list[ast.stmt] = []
    for statement in tree.body:
        docstring = not head and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not docstring and not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        head.append(statement)
    return head


class _Source:
    """A program's text, which starts with the statements `head`."""

    def __init__(self, text: str, head: list[ast.stmt]) -> None:
        tree = ast.parse(text)
        self.lines = [line.encode() for line in text.splitlines(keepends=True)]
        self.head = head[-1] if head else None
        self.imports = len(head)
        for statement in tree.body[len(head) :]:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                break
            self.imports += 1

    def replaced(self, what: str, node: ast.stmt | ast.expr, by: str) -> Mutant:
        """The text with `by` in the place of `node`, on as many lines, and the imports it needs."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        lines = list(self.lines)
        start = lines[node.lineno - 1][: node.col_offset] + by.encode()
        end = lines[node.end_lineno - 1][node.end_col_offset :]
        more = node.end_lineno - node.lineno
        if more:
            start += b" \\\n"
        lines[node.lineno - 1 : node.end_lineno] = [start, *[b"\\\n"] * (more - 1), end] if more else [start + end]
        return Mutant(what, node.lineno, self._with(lines, self.head, IMPORTS))

    def star(self, after: ast.stmt) -> Mutant:
        """The text with a star import after the statement `after`."""
        assert after.end_lineno is not None
        return Mutant("star", after.end_lineno, self._with(list(self.lines), after, f"from {PACKAGE} import *"))

    @staticmethod
    def _with(lines: list[bytes], after: ast.stmt | None, statement: str) -> str:
        """The text with `statement` on the line where the statement `after` ends (None: on a line before all)."""
        if after is None:
            lines[0] = statement.encode() + b"; " + lines[0]
        else:
            assert after.end_lineno is not None
            assert after.end_col_offset is not None
            line = lines[after.end_lineno - 1]
            at = after.end_col_offset
            lines[after.end_lineno - 1] = line[:at] + b"; " + statement.encode() + line[at:]
        return b"".join(lines).decode()
