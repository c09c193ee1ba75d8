"""Reading a Python file: bytes to text, as Python's own tokenizer decodes them."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from hashlib import blake2b

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(rb"^[ \t\f]*(?:[#\r\n]|$)", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")


class SourceError(Exception):
    """A file that cannot be read as Python text. `message` is one line; `line` is 1-based."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """The text of a file.

    text: decoded, without a byte order mark, line ends as they are.
    lines: without line ends, split where Python's tokenizer splits (``\\n``, ``\\r\\n``, ``\\r`` and nothing else).
    digest: of the bytes.
    newline: the file's first line end, ``\\n`` where it has none.
    """

    path: str
    text: str
    lines: list[str]
    digest: str
    encoding: str
    newline: str


def read_source(path: str) -> SourceFile:
    """Read and decode a file. Raises SourceError where it cannot be read or decoded."""
    return decode(read_bytes(path), path)


def read_bytes(path: str) -> bytes:
    """The bytes of a file; SourceError, with a plain message, where there is no reading it."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"cannot read the file: {reason[:1].lower()}{reason[1:]}") from None


def decode(data: bytes, path: str) -> SourceFile:
    """Decode bytes by their byte order mark or declared encoding (PEP 263), UTF-8 otherwise."""
    if b"\0" in data:
        raise SourceError("source code cannot contain null bytes", _line_at(data, data.index(b"\0")))
    encoding = declared_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = _line_at(data, error.start)
        name = "utf-8" if encoding == "utf-8-sig" else encoding
        byte = data[error.start] if error.start < len(data) else 0
        raise SourceError(f"cannot decode the file as {name}: byte 0x{byte:02x} on line {line}", line) from None
    except (UnicodeError, LookupError, ValueError) as error:
        raise SourceError(f"cannot decode the file as {encoding}: {error}") from None
    if "\r" in text:
        lines = _LINE_END.split(text)
        first = _LINE_END.search(text)
        newline = first[0] if first else "\n"
    else:
        lines = text.split("\n")
        newline = "\n"
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return SourceFile(path, text, lines, digest(data), encoding, newline)


def digest(data: bytes) -> str:
    """A short content hash, the one every cache of jitlint uses."""
    return blake2b(data, digest_size=12).hexdigest()


def declared_encoding(data: bytes) -> str:
    """The encoding that Python reads this file with; ``utf-8-sig`` for a byte order mark."""
    bom = data.startswith(codecs.BOM_UTF8)
    default = "utf-8-sig" if bom else "utf-8"
    head = data[3 if bom else 0 :][:2000]
    if b"coding" not in head:
        return default
    for number, line in enumerate(re.split(rb"\r\n|\r|\n", head, maxsplit=2)[:2], 1):
        found = _COOKIE.match(line)
        if found:
            name = found[1].decode("ascii", "replace")
            try:
                canonical = codecs.lookup(name).name
            except LookupError:
                raise SourceError(f"unknown encoding: {name}", number) from None
            if bom and canonical != "utf-8":
                raise SourceError(f"the file begins with a UTF-8 byte order mark and declares {name}", number)
            return default if canonical == "utf-8" else canonical
        if not _BLANK.match(line):
            break
    return default


def _line_at(data: bytes, offset: int) -> int:
    before = data[:offset].replace(b"\r\n", b"\n")
    return before.count(b"\n") + before.count(b"\r") + 1
