"""Comments that silence findings: ``# jitlint: ignore[JIT203]``, ``# noqa: JIT203`` and ``# jitlint: skip-file``.

Lines are searched as text first; only a file that has a candidate is put to the tokenizer, which tells comments from
strings.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from jitlint.source.text import SourceFile

# A ``noqa`` with the codes of other linters only says nothing to us.
_CANDIDATE = re.compile(r"#.*?(?:jitlint:|noqa(?![\w:])|noqa:.*?JIT)", re.IGNORECASE)
_OURS = re.compile(r"#\s*jitlint:\s*(?P<word>[\w-]+)?\s*(?:\[(?P<codes>[^\]#]*)\])?", re.IGNORECASE)
_NOQA = re.compile(r"#\s*noqa(?::[ \t]*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)|(?![\w:]))", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One comment.

    kind: ``ignore`` (ours), ``noqa`` (anybody's), ``skip-file``, or ``malformed`` (ours, but not understood).
    line, column, end_column: where the comment's directive stands.
    covers: the first and the last line whose findings it silences (a statement over several lines).
    codes: what it silences; () for everything.
    """

    kind: str
    line: int
    column: int
    end_column: int
    covers: tuple[int, int]
    codes: tuple[str, ...] = ()

    def silences(self, code: str, name: str) -> bool:
        """Whether it names this rule, by code or by name."""
        return not self.codes or code in self.codes or name in self.codes


def scan(source: SourceFile) -> tuple[Suppression, ...]:
    """Every suppression comment of a file, in order."""
    text = source.text
    lowered = text if text.islower() else text.lower()
    if "jitlint:" not in lowered and "noqa" not in lowered:
        return ()
    candidates = {number for number, line in enumerate(source.lines, 1) if "#" in line and _CANDIDATE.search(line)}
    if not candidates:
        return ()
    comments = _comments(source, candidates)
    return tuple(found for comment in comments for found in _read(*comment))


def skips_file(suppressions: Sequence[Suppression]) -> bool:
    """Whether the file says that it is not to be checked."""
    return any(found.kind == "skip-file" for found in suppressions)


def _comments(source: SourceFile, candidates: set[int]) -> list[tuple[int, int, str, tuple[int, int]]]:
    """The comments on candidate lines: (line, 0-based column, text, lines that the comment stands for).

    A comment stands for its own physical line, and one behind the end of a statement for all lines of the statement's
    last string or bracket, as a comment cannot stand inside a string.
    """
    found: list[tuple[int, int, str, tuple[int, int]]] = []
    last = max(candidates)
    string_start: int | None = None
    string_end = 0
    text = "\n".join(source.lines) + "\n"
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            line = token.start[0]
            if line > last:
                break
            if token.end[0] > line:  # a string over several lines: a comment behind it stands for all of them
                string_start, string_end = line, token.end[0]
            elif token.type == tokenize.COMMENT and line in candidates:
                first = string_start if string_start is not None and string_end == line else line
                while first > 1 and source.lines[first - 2].endswith("\\"):
                    first -= 1  # no comment can stand behind a backslash
                found.append((line, token.start[1], token.string, (first, line)))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass  # the syntax error is a finding of its own; what was read before it holds
    return found


def _read(line: int, column: int, comment: str, covers: tuple[int, int]) -> list[Suppression]:
    found = []
    for match in _OURS.finditer(comment):
        word = (match["word"] or "").lower()
        codes = match["codes"]
        kind = word if word in ("ignore", "skip-file") else "malformed"
        names = _names(codes) if codes is not None else ()
        if kind == "ignore" and codes is not None and not names:
            kind = "malformed"
        found.append(_at(kind, line, column, match, covers, names))
    for match in _NOQA.finditer(comment):
        names = _names(match["codes"] or "")
        found.append(_at("noqa", line, column, match, covers, names))
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(
        name.upper() if re.fullmatch(r"[A-Za-z]+[0-9]+", name) else name.lower()
        for name in _SEPARATOR.split(text.strip())
        if name
    )


def _at(
    kind: str, line: int, column: int, match: re.Match[str], covers: tuple[int, int], codes: tuple[str, ...]
) -> Suppression:
    end = match.start() + len(match[0].rstrip())
    return Suppression(kind, line, column + match.start() + 1, column + end + 1, covers, codes)
