"""`--add-ignore`: comments that silence findings, written where jitlint reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from jitlint.findings.model import Finding
from jitlint.source import suppressions
from jitlint.source.text import SourceError, SourceFile, decode

_OWN = "JIT9"  # about files and comments: no comment silences them
_OURS = re.compile(r"#\s*jitlint:\s*ignore\s*\[([^\]#]*)\]", re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def silenced(source: SourceFile, findings: Iterable[Finding]) -> tuple[bytes, list[Finding], list[Finding]]:
    """A file's bytes with comments for its findings; which of them those silence, and which no comment can.

    A comment goes to the end of the finding's first line or, where that is inside a string or continued by a backslash,
    to the first line below at which it is read as covering the finding. Nothing but comments is added: encoding, line
    ends and everything else stay.
    """
    lines = _LINE.findall(source.text)
    done: list[Finding] = []
    left: list[Finding] = []
    before = _tokens(source.text)
    for finding in sorted(findings, key=lambda one: (one.span.line, one.code)):
        if finding.code.startswith(_OWN):
            continue
        if _is_silent(finding, lines, source):
            done.append(finding)
            continue
        for number in _candidates(finding, lines):
            tried = list(lines)
            tried[number - 1] = _commented(lines[number - 1], finding.code)
            if _is_silent(finding, tried, source) and _tokens("".join(tried)) == before:
                lines = tried
                done.append(finding)
                break
        else:
            left.append(finding)
    return "".join(lines).encode(source.encoding), done, left


def counted(findings: Sequence[Finding]) -> str:
    """``3 findings (JIT203, JIT302) in 2 files``."""
    files = len({finding.path for finding in findings})
    codes = ", ".join(sorted(Counter(finding.code for finding in findings)))
    one = "finding" if len(findings) == 1 else "findings"
    return f"{len(findings)} {one}{f' ({codes})' if codes else ''} in {files} {'file' if files == 1 else 'files'}"


def _candidates(finding: Finding, lines: Sequence[str]) -> Iterable[int]:
    first, last = finding.span.line, finding.span.end_line
    below = range(first + 1, len(lines) + 1)
    return [number for number in dict.fromkeys((first, last, *below[:40])) if 0 < number <= len(lines)]


def _commented(line: str, code: str) -> str:
    found = _OURS.search(line)
    if found:
        return f"{line[: found.end(1)].rstrip()}, {code}{line[found.end(1) :]}"
    bare = line.rstrip("\r\n")
    return f"{bare.rstrip()}  # jitlint: ignore[{code}]{line[len(bare) :]}"


def _is_silent(finding: Finding, lines: Sequence[str], source: SourceFile) -> bool:
    try:
        changed = decode("".join(lines).encode(source.encoding), source.path)
    except (SourceError, UnicodeError):
        return False
    return any(
        comment.kind == "ignore"
        and comment.silences(finding.code, finding.name)
        and (comment.covers[0] <= finding.span.line <= comment.covers[1] or comment.covers[1] == finding.span.end_line)
        for comment in suppressions.scan(changed)
    )


def _tokens(text: str) -> list[tuple[int, str]] | None:
    """The code of a text without its comments; None where it cannot be read."""
    import io
    import tokenize

    try:
        return [
            (token.type, token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
        ]
    except (tokenize.TokenError, SyntaxError):
        return None
