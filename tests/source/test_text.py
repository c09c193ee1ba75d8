"""Decoding: as Python's own tokenizer does it."""

from __future__ import annotations

import io
import os
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitlint.source.text import SourceError, decode, read_source


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"x = 1\n", "x = 1\n", "utf-8"),
        ("x = 'é'\n".encode(), "x = 'é'\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n", "utf-8-sig"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n", "iso8859-1"),
        (b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", None, "cp1252"),
        (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n", "utf-8"),
        (b"\xef\xbb\xbf# coding: utf-8\n", "# coding: utf-8\n", "utf-8-sig"),
        (b"", "", "utf-8"),
    ],
)
def test_decodes(data: bytes, text: str | None, encoding: str) -> None:
    source = decode(data, "a.py")
    assert source.encoding == encoding
    if text is not None:
        assert source.text == text


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"x = 1\ny = '\xff'\n", "cannot decode the file as utf-8: byte 0xff on line 2", 2),
        (b"# coding: nonsense\n", "unknown encoding: nonsense", 1),
        (b"\n# coding: rot13\n", "cannot decode", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "byte order mark", 1),
        (b"x = 1\r\ny = '\0'\n", "null bytes", 2),
    ],
)
def test_says_what_is_wrong(data: bytes, message: str, line: int) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        decode(data, "a.py")
    assert caught.value.line == line
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "lines", "newline"),
    [
        ("a\nb\n", ["a", "b"], "\n"),
        ("a\r\nb\r\n", ["a", "b"], "\r\n"),
        ("a\rb", ["a", "b"], "\r"),
        ("a\x0cb\x0b\u2028c\n", ["a\x0cb\x0b\u2028c"], "\n"),
        ("", [""], "\n"),
        ("a\n\n", ["a", ""], "\n"),
    ],
)
def test_lines_are_the_tokenizers(text: str, lines: list[str], newline: str) -> None:
    source = decode(text.encode(), "a.py")
    assert (source.lines, source.newline) == (lines, newline)


@given(st.text(alphabet="ab#\r\n\x0c\u2028é", max_size=20))
def test_lines_join_to_the_text(text: str) -> None:
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "\n".join(decode(text.encode(), "a").lines) == normal.removesuffix("\n")


@given(st.sampled_from(["utf-8", "latin-1", "cp1252", "ascii", "koi8-r", "UTF_8", "iso-8859-15"]), st.integers(0, 3))
def test_declared_encodings_are_found_where_python_finds_them(name: str, before: int) -> None:
    data = b"# x\n" * before + f"# -*- coding: {name} -*-\n".encode()
    wanted, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    assert "x".encode(decode(data, "a").encoding) == "x".encode(wanted)
    assert decode(data, "a").encoding.replace("-", "") in (
        wanted.replace("-", ""),
        decode(b"#coding:" + wanted.encode(), "b").encoding.replace("-", ""),
    )


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        read_source(str(tmp_path / "missing.py"))
    with pytest.raises(SourceError, match="directory"):
        read_source(str(tmp_path))
    loop = tmp_path / "loop.py"
    os.symlink(loop, loop)
    with pytest.raises(SourceError, match=r"cannot read the file: too many levels"):
        read_source(str(loop))
