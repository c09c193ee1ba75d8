"""Suppression comments: found in comments only."""

from __future__ import annotations

import pytest

from jitlint.source.suppressions import scan, skips_file
from jitlint.source.text import decode


def kinds(text: str) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(found.kind, found.line, found.codes) for found in scan(decode(text.encode(), "a.py"))]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("# jitlint: ignore[JIT203]", [("ignore", 1, ("JIT203",))]),
        ("#jitlint:ignore[jit203, JIT101]", [("ignore", 1, ("JIT203", "JIT101"))]),
        ("# jitlint: ignore[variable-changes-type]", [("ignore", 1, ("variable-changes-type",))]),
        ("# jitlint: ignore", [("ignore", 1, ())]),
        ("# type: ignore  # jitlint: ignore[JIT203]", [("ignore", 1, ("JIT203",))]),
        ("# jitlint: skip-file", [("skip-file", 1, ())]),
        ("# jitlint: ignroe[JIT203]", [("malformed", 1, ("JIT203",))]),
        ("# jitlint: ignore[]", [("malformed", 1, ())]),
        ("# jitlint:", [("malformed", 1, ())]),
        ("# noqa: JIT203", [("noqa", 1, ("JIT203",))]),
        ("# noqa: E501,JIT203 because", [("noqa", 1, ("E501", "JIT203"))]),
        ("# NOQA", [("noqa", 1, ())]),
        ("# noqa: because", []),
        ("# noqaish", []),
        ("# ruff: noqa", []),
        ("# nothing", []),
    ],
)
def test_comments(comment: str, expected: list[object]) -> None:
    assert kinds(f"x = 1  {comment}\n") == expected


def test_strings_are_no_comments() -> None:
    text = 'x = "# jitlint: ignore[JIT203]"\ny = """\n# noqa: JIT101\n"""  # noqa: JIT102\n'
    assert kinds(text) == [("noqa", 4, ("JIT102",))]


def test_a_comment_behind_a_long_string_stands_for_all_of_it() -> None:
    found = scan(decode(b'f("""\n\n""")  # noqa: JIT102\n', "a.py"))
    assert [comment.covers for comment in found] == [(1, 3)]


def test_columns_are_those_of_the_directive() -> None:
    (found,) = scan(decode("é = 1  # why  # jitlint: ignore[JIT203] so\n".encode(), "a.py"))
    assert (found.line, found.column, found.end_column) == (1, 15, 40)


def test_what_precedes_a_syntax_error_holds() -> None:
    assert kinds("x = 1  # jitlint: ignore\ny = (\n") == [("ignore", 1, ())]


def test_skip_file() -> None:
    assert skips_file(scan(decode(b"# jitlint: skip-file\n", "a.py")))
    assert not skips_file(scan(decode(b"# jitlint: ignore\n", "a.py")))
