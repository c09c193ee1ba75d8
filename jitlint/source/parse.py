"""Python text to Python's own syntax tree, for every grammar: the running Python's, or what libcst can read."""

from __future__ import annotations

import ast
import warnings

from jitlint.source.text import SourceFile


class ParseError(Exception):
    """Text that is no Python. `line` and `column` are 1-based, columns count characters."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


def parse(source: SourceFile) -> ast.Module:
    """The tree of a file, with positions as `ast` counts them.

    Grammar newer than the running Python is read with libcst (see `jitlint.source.modern`). Raises ParseError, and
    nothing else, whatever the text is.
    """
    try:
        return parse_text(source.text)
    except SyntaxError as error:
        failure = error
    except ValueError:
        line = next((number for number, text in enumerate(source.lines, 1) if _odd(text)), 1)
        raise ParseError("source code cannot contain null bytes or lone surrogates", line) from None
    except (RecursionError, MemoryError):
        raise ParseError("the code is nested too deeply to be parsed") from None

    from jitlint.source.modern import parse_modern  # libcst takes long to import, and few files need it

    tree = parse_modern(source.text)
    if tree is not None:
        return tree
    line = min(max(failure.lineno or 1, 1), max(len(source.lines), 1))
    raise ParseError(failure.msg or "invalid syntax", line, max(failure.offset or 1, 1))


def parse_text(text: str) -> ast.Module:
    """`ast.parse` without the warnings (about escapes, comparisons by `is`) that it prints on the way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _odd(text: str) -> bool:
    return "\0" in text or not (text.isascii() or text.encode(errors="replace").decode() == text)
