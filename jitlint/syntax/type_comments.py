"""Signatures in comments: ``# type: (Tensor, int) -> Tensor``.

The compiler looks for them in the raw text of a function, line by line, before it looks at anything else
(``get_type_line`` of ``torch/jit/annotations.py``); docstrings, strings and comments on local variables all count.
What it finds is read by the C++ parser (``parse_type_comment``), which wants the line to *begin* with the comment.
"""

from __future__ import annotations

import ast
import keyword
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

_MARK = "# type:"
_IGNORE = re.compile(r"# type: ignore(\[[a-zA-Z-]+\])?$")
_NEAR_MISS = re.compile(r"#[\t ]*type[\t ]*(?!: ignore(\[.*\])?$):")
_SEE = "PEP 484 (https://www.python.org/dev/peps/pep-0484/#suggested-syntax-for-python-2-7-and-straddling-code)"
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_TOKEN = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([()\[\]{}#:])""")
# The words that are tokens of their own to the C++ lexer; every other name is an identifier.
_WORDS = frozenset(keyword.kwlist) - {
    "lambda",
    "try",
    "yield",
    "nonlocal",
    "await",
    "async",
    "finally",
    "except",
    "from",
}


class TypeCommentError(Exception):
    """A comment the compiler takes for a signature and cannot read. `line` is 1-based, `message` the compiler's."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a signature's text: where it starts in that text, and in the file (1-based line, 0-based column)."""

    start: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class TypeLine:
    """The text that the compiler takes for a function's signature, and where it comes from."""

    text: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class TypeComment:
    """A signature read from a comment; its nodes stand where the comment does."""

    params: tuple[ast.expr, ...]
    returns: ast.expr | None


def source_range(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: Sequence[str]) -> tuple[int, int]:
    """First and last line (1-based) of what ``inspect.getsourcelines`` gives for a function.

    Decorators belong to it, and so do comments after the last statement that are indented like the body.
    """
    first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
    last = node.end_lineno or node.lineno
    body = node.body[0]
    if body.lineno > node.lineno:
        indent = body.col_offset
        for number in range(last + 1, len(lines) + 1):
            text = lines[number - 1].lstrip(" \t\f")
            if text.startswith("#"):
                if len(lines[number - 1]) - len(text) >= indent:
                    last = number
            elif text:
                break
    return first, last


def find_type_line(lines: Sequence[str], first: int, last: int) -> TypeLine | None:
    """The signature among the lines `first` to `last` (1-based, inclusive); TypeCommentError for a bad one."""
    candidates = [
        (number, lines[number - 1])
        for number in range(first, last + 1)
        if "#" in lines[number - 1] and "type" in lines[number - 1]
    ]
    if not candidates:
        return None
    marked = [(number, line) for number, line in candidates if _MARK in line and not _IGNORE.search(line)]
    if not marked:
        for number, line in candidates:
            if _NEAR_MISS.search(line):
                message = f"The annotation prefix in line {number - first} is probably invalid.\nIt must be '# type:'"
                raise TypeCommentError(f"{message}\nSee {_SEE}\nfor examples", number)
        return None
    if len(marked) == 1:
        number, line = marked[0]
        text = line.strip()
        return TypeLine(text, (Piece(0, number, line.index(text)),))
    return _join_lines(marked)


def _join_lines(marked: list[tuple[int, str]]) -> TypeLine:
    """One comment per parameter, then ``# type: (...) -> T``, whose dots stand for the ones before."""
    parts: list[tuple[str, int, int]] = []
    for number, line in marked:
        if "# type: (...) -> " in line:
            break
        start = line.index(_MARK) + len(_MARK)
        text = line[start:].strip()
        parts.append((text, number, line.index(text, start)))
    else:
        found = "\n".join(line for _, line in marked)
        message = "Return type line '# type: (...) -> ...' not found on multiline type annotation\nfor type lines:\n"
        raise TypeCommentError(f"{message}{found}\n(See {_SEE})", marked[0][0])
    before, _, after = line.partition("...")
    text, pieces = before, [Piece(0, number, 0)]
    for position, (part, part_line, column) in enumerate(parts):
        text += ", " if position else ""
        pieces.append(Piece(len(text), part_line, column))
        text += part
    pieces.append(Piece(len(text), number, len(before) + 3))
    return TypeLine(text + after.replace("...", ", ".join(part for part, _, _ in parts)), tuple(pieces))


def parse_type_comment(line: TypeLine) -> TypeComment:
    """Read a signature as the compiler's C++ parser does; TypeCommentError where that one stops."""
    text = line.text
    start = _skip(text, 0)
    if not text.startswith(_MARK, start):
        raise _error(line, start, f"expected type comment but found {_found(text[start:])} here")
    opening = _skip(text, start + len(_MARK))
    if not text.startswith("(", opening):
        raise _error(line, opening, f"expected ( but found {_found(text[opening:])} here")
    closing = _closing(line, opening + 1, ")")
    params = _read(line, opening + 1, closing, "[", "]")
    if not isinstance(params, ast.List):
        raise _error(line, opening, "expected ident but found ',' here")
    arrow = _skip(text, closing + 1)
    if not text.startswith("->", arrow):
        return TypeComment(tuple(params.elts), None)
    begin = _skip(text, arrow + 2)
    end = _closing(line, begin, "")
    # The C++ parser takes one expression and leaves what follows it unread.
    for stop in (end, *(position for position in range(end - 1, begin, -1) if text[position].isspace())):
        returns = _read(line, begin, stop, "(", ")")
        if returns is not None and stop > begin:
            return TypeComment(tuple(params.elts), returns)
    raise _error(line, begin, f"expected ident but found {_found(text[begin:])} here")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _closing(line: TypeLine, begin: int, outer: str) -> int:
    """Where the bracket `outer`, opened before `begin`, closes; without one, where the text or the expression ends."""
    text, stack = line.text, [outer]
    end = len(text)
    for match in _TOKEN.finditer(text, begin):
        token = match[2]
        if token == "#":
            end = match.start()
            break
        if token is None:
            continue
        if token in _PAIRS:
            stack.append(_PAIRS[token])
        elif token == stack[-1]:
            stack.pop()
            if not stack:
                return match.start()
        elif stack == [""]:
            return match.start()
        elif token in _PAIRS.values() or (token == ":" and stack[-1] == ")"):
            raise _error(line, match.start(), f"expected {stack[-1]} but found '{token}' here")
    if stack[-1]:
        raise _error(line, end, f"expected {stack[-1]} but found 'eof' here")
    return end


def _read(line: TypeLine, begin: int, end: int, left: str, right: str) -> ast.expr | None:
    """The expression in brackets, moved to its place in the file; None where it is not Python."""
    try:
        tree = ast.parse(left + line.text[begin:end] + right, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _move(tree, line, begin - 1)


def _move(tree: ast.expr, line: TypeLine, offset: int) -> ast.expr:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            first, column = _place(line, offset + node.col_offset)
            last, end_column = _place(line, offset + max((node.end_col_offset or 1) - 1, 0))
            node.lineno, node.col_offset, node.end_lineno, node.end_col_offset = first, column, last, end_column + 1
    return tree


def _place(line: TypeLine, position: int) -> tuple[int, int]:
    piece = [piece for piece in line.pieces if piece.start <= max(position, 0)][-1]
    return piece.line, max(piece.column + position - piece.start, 0)


def _error(line: TypeLine, position: int, message: str) -> TypeCommentError:
    return TypeCommentError(f"{message}:\n{line.text}", _place(line, position)[0])


def _found(text: str) -> str:
    """How the C++ lexer names the token at the start of `text`."""
    text = text.lstrip()
    if not text or text.startswith("#"):
        return "'eof'"
    word = re.match(r"[A-Za-z_]\w*", text)
    if word:
        return f"'{word[0]}'" if word[0] in _WORDS else "'ident'"
    if text[0].isdigit():
        return "'number'"
    if text[0] in "\"'":
        return "'string_literal'"
    return f"'{text[0]}'"


def alignment_error(lines: Sequence[str], first: int, last: int, node: ast.FunctionDef) -> str | None:
    """What Python says to a function's text as ``normalize_source_lines`` re-aligns it; None when it is fine.

    The text is aligned on its first line that starts with the letters ``def``. That is the header, except where a
    decorator spreads over lines, one of which is ``default=...``.
    """
    if first >= node.lineno:
        return None
    text = list(lines[first - 1 : last])
    line = next(line for line in text if line.lstrip().startswith("def") or line is lines[node.lineno - 1])
    if line is lines[node.lineno - 1]:
        return None
    margin = line.split("def")[0]
    aligned = [other if other is line else margin + other.removeprefix(margin) for other in text]
    try:
        module = ast.parse(textwrap.dedent("\n".join(aligned)))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return str(error)
    if len(module.body) != 1 or not isinstance(module.body[0], ast.FunctionDef):
        return "Expected a single top-level function"
    return None
