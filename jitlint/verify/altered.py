"""Sources in which an offending piece is replaced by one that compiles. Lines stay where they are; no file is touched.

What stands for a value is written with ``_jt``, which the worker makes a name for torch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from jitlint.verify.errors import Place

TENSOR = "_jt.zeros([1])"
# What may stand for a value of unknown type, the likeliest first.
VALUES = (TENSOR, "1", "1.0", f"[{TENSOR}]", "[1]", f"({TENSOR}, {TENSOR})", "True", "''", "None")
_CONDITION = f"bool({TENSOR})"


@dataclass(frozen=True, slots=True)
class Alteration:
    """A file's text with one piece replaced; `first` and `last` are the lines (1-based) that the piece stood on.
    `whole`: the whole statement (or header) is gone, not only an expression in it."""

    path: str
    text: str
    first: int
    last: int
    whole: bool


def alterations(path: str, text: str, place: Place) -> Iterator[Alteration]:
    """Ways to get what stands at a place out of the compiler's way, the smallest change first."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.splitlines(keepends=True)
    found = _innermost(tree, place.line, place.column or 1)
    if found is None:
        return
    function, statement = found
    if statement is None:
        yield from _signatures(path, lines, function, place)
        return
    for node in _expressions(lines, statement, place):
        for value in VALUES:
            yield _replaced(path, lines, node, f"({value}{_breaks(node)})", False)
    yield from _statements(path, lines, statement)


def _innermost(tree: ast.Module, line: int, column: int) -> tuple[ast.FunctionDef, ast.stmt | None] | None:
    """The function around a place, and the innermost statement of it there; None for the function's own header."""
    function: ast.FunctionDef | None = None
    statement: ast.stmt | None = None
    body: list[ast.stmt] = tree.body
    while True:
        around = [node for node in body if _first_line(node) <= line <= (node.end_lineno or node.lineno)]
        # Of several on one line, the last that begins before the column.
        before = [node for node in around if node.lineno < line or node.col_offset < column]
        inside = before[-1] if before else next(iter(around), None)
        if inside is None:
            return (function, statement) if function is not None else None
        if isinstance(inside, ast.FunctionDef) and function is None:
            function, statement = inside, None
            body = inside.body
            if line < body[0].lineno:
                return function, None
            continue
        if isinstance(inside, ast.ClassDef) and function is None:
            body = inside.body
            continue
        statement = inside
        if isinstance(inside, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return (function, statement) if function is not None else None
        body = [
            child
            for name in ("body", "orelse", "finalbody")
            for child in getattr(inside, name, [])
            if isinstance(child, ast.stmt)
        ]
        for handler in getattr(inside, "handlers", []):
            body.extend(handler.body)


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(decorator.lineno for decorator in decorators)]))


def _expressions(lines: list[str], statement: ast.stmt, place: Place) -> list[ast.expr]:
    """The expressions of a statement (of a compound one: of its header) that begin at a place, best fit first."""
    if not place.column:
        return []
    found: list[tuple[int, ast.expr]] = []
    for node in _header_nodes(statement):
        if not isinstance(node, ast.expr) or node.lineno != place.line:
            continue
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(node, ast.Starred):
            continue
        line = lines[node.lineno - 1]
        start = len(line.encode()[: node.col_offset].decode(errors="replace")) + 1
        if start != place.column:
            continue
        width = (node.end_col_offset or 0) - node.col_offset if node.end_lineno == node.lineno else 1 << 20
        found.append((abs(width - place.width), node))
    return [node for _, node in sorted(found, key=lambda pair: pair[0])][:2]


def _header_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [
        child
        for name, field in ast.iter_fields(statement)
        if name not in ("body", "orelse", "finalbody", "handlers", "targets", "target", "annotation", "type_comment")
        for child in (field if isinstance(field, list) else [field])
        if isinstance(child, ast.AST)
    ]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def _breaks(node: ast.expr | ast.stmt) -> str:
    return "\n" * ((node.end_lineno or node.lineno) - node.lineno)


def _replaced(path: str, lines: list[str], node: ast.expr | ast.stmt, by: str, whole: bool) -> Alteration:
    """The text with a node's place taken by other text; `by` has the line breaks that the node had."""
    last = node.end_lineno or node.lineno
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode(errors="replace")
    after = lines[last - 1].encode()[node.end_col_offset or 0 :].decode(errors="replace")
    return Alteration(
        path, "".join([*lines[: node.lineno - 1], before, by, after, *lines[last:]]), node.lineno, last, whole
    )


def _statements(path: str, lines: list[str], node: ast.stmt) -> Iterator[Alteration]:
    """A statement replaced; of a compound one only its header, so that what it holds is still compiled."""
    match node:
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in targets for name in _names(target)]
            for value in VALUES if names else ():
                text = "; ".join(f"{name} = {value}" for name in names)
                yield _replaced(path, lines, node, text + _breaks(node), True)
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
        case ast.Return():
            yield _replaced(path, lines, node, "raise AssertionError('')" + _breaks(node), True)
            for value in VALUES:
                yield _replaced(path, lines, node, f"return {value}" + _breaks(node), True)
        case ast.Import() | ast.ImportFrom():
            names = [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
            yield _replaced(path, lines, node, "; ".join(f"{n} = {TENSOR}" for n in names) + _breaks(node), True)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
        case ast.If() | ast.While():
            yield _header(path, lines, node, f"{'if' if isinstance(node, ast.If) else 'while'} {_CONDITION}:")
        case ast.For() | ast.AsyncFor():
            for value in VALUES[:5]:
                yield _header(path, lines, node, f"for {_target(node.target)} in [{_shaped(node.target, value)}]:")
        case ast.With() | ast.AsyncWith():
            bound = [
                name for item in node.items if item.optional_vars is not None for name in _names(item.optional_vars)
            ]
            if bound:
                values = ", ".join([TENSOR] * len(bound)) + ("," if len(bound) > 1 else "")
                inner = f"({values})" if len(bound) > 1 else values
                yield _header(path, lines, node, f"for {', '.join(bound)} in [{inner}]:")
            else:
                yield _header(path, lines, node, f"if {_CONDITION}:")
        case ast.Try():
            yield from _try(path, lines, node)
        case _:
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)


def _names(target: ast.expr) -> list[str]:
    match target:
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [name for item in items for name in _names(item)]
        case ast.Starred(value=value):
            return _names(value)
    return []


def _target(target: ast.expr) -> str:
    return ast.unparse(target)


def _shaped(target: ast.expr, value: str) -> str:
    if isinstance(target, (ast.Tuple, ast.List)):
        return "(" + ", ".join(_shaped(item, value) for item in target.elts) + ",)"
    return value


def _header(
    path: str, lines: list[str], node: ast.If | ast.While | ast.For | ast.AsyncFor | ast.With | ast.AsyncWith, by: str
) -> Alteration:
    """A compound statement with another header; its body stays."""
    body = node.body[0]
    last = _colon_line(lines, node, body)
    kept = "".join(lines[last:])
    indent = lines[node.lineno - 1][: len(lines[node.lineno - 1]) - len(lines[node.lineno - 1].lstrip())]
    word = lines[node.lineno - 1].lstrip()
    if word.startswith("elif") and by.startswith("if"):
        by = "el" + by
    tail = ""
    if body.lineno == last:  # on the header's line
        tail = " " + lines[last - 1].encode()[body.col_offset :].decode(errors="replace").rstrip("\r\n")
    text = "".join(lines[: node.lineno - 1]) + indent + by + tail + "\n" * (last - node.lineno + 1) + kept
    return Alteration(path, text, node.lineno, last, True)


def _colon_line(lines: list[str], node: ast.stmt, body: ast.stmt) -> int:
    """The last line of a header: the body's own where it stands there, else the one its colon is on."""
    first = _first_line(body)
    if first == node.lineno:
        return first
    for number in range(first - 1, node.lineno - 1, -1):
        plain = lines[number - 1].split("#")[0].rstrip()
        if plain.endswith(":"):
            return number
    return first


def _try(path: str, lines: list[str], node: ast.Try) -> Iterator[Alteration]:
    """``try`` becomes a branch that is taken; the handlers go, ``finally`` becomes one more branch."""
    changed = list(lines)

    def put(number: int, text: str) -> None:
        line = lines[number - 1]
        changed[number - 1] = line[: len(line) - len(line.lstrip())] + text + "\n"

    if node.body[0].lineno == node.lineno:
        return
    put(node.lineno, f"if {_CONDITION}:")
    for handler in node.handlers:
        for number in range(handler.lineno, (handler.end_lineno or handler.lineno) + 1):
            changed[number - 1] = "\n"
    for block in (node.orelse, node.finalbody):
        if block:
            number = block[0].lineno - 1
            while number > node.lineno and lines[number - 1].strip().partition(":")[0] not in ("else", "finally"):
                number -= 1
            put(number, f"if {_CONDITION}:")
    yield Alteration(path, "".join(changed), node.lineno, node.lineno, True)


def _signatures(path: str, lines: list[str], function: ast.FunctionDef, place: Place) -> Iterator[Alteration]:
    """A function's header without what the compiler does not take: star arguments, keyword-only ones, annotations."""
    body = function.body[0]
    last = _first_line(body) - 1
    if body.lineno <= function.lineno:
        return
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    keyword_only = list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
    line = lines[function.lineno - 1]
    indent = line[: len(line) - len(line.lstrip())]
    for annotated, defaulted in ((True, True), (False, True), (False, False)):
        parts = []
        for argument, default in [*zip(positional, defaults, strict=True), *keyword_only]:
            part = argument.arg
            here = argument.lineno <= place.line <= (argument.end_lineno or argument.lineno)
            if argument.annotation is not None and (annotated or not here):
                part += f": {ast.unparse(argument.annotation)}"
            if default is not None and defaulted:
                part += f" = {ast.unparse(default)}"
            parts.append(part)
        stars = [star.arg for star in (given.vararg, given.kwarg) if star is not None]
        returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None and annotated else ""
        text = f"{indent}def {function.name}({', '.join(parts)}){returns}:"
        bound = "".join(f"{name} = {TENSOR}; " for name in stars)
        header_end = _colon_line(lines, function, body)
        rest = list(lines[header_end:last])
        changed = [*lines[: function.lineno - 1], text + "\n" * (header_end - function.lineno + 1), *rest]
        first_body = lines[last]
        if bound and isinstance(body, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return, ast.Pass)):
            width = len(first_body) - len(first_body.lstrip())
            first_body = first_body[:width] + bound + first_body[width:]
        yield Alteration(path, "".join([*changed, first_body, *lines[last + 1 :]]), function.lineno, header_end, True)
