"""Parsing: any text gives a tree or a ParseError, and newer grammar gives the same tree as a newer Python would."""

from __future__ import annotations

import ast
import contextlib
import sys
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jitlint.source.modern import parse_modern
from jitlint.source.parse import ParseError, parse
from jitlint.source.text import SourceFile, decode


def source(text: str) -> SourceFile:
    return SourceFile("a.py", text, text.split("\n"), "", "utf-8", "\n")


def modern(text: str) -> ast.Module:
    tree = parse_modern(text)
    assert tree is not None
    return tree


def places(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    """Names with their places, in order: enough to see whether anything moved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node.lineno, node.col_offset


def assert_in_place(text: str, tree: ast.Module) -> None:
    lines = [line.encode() for line in text.split("\n")]
    found = list(places(tree))
    assert found
    for name, line, column in found:
        assert lines[line - 1][column:].startswith(name.encode())


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("x = 1\ny = (\n", 2, 5),
        ("def f(:\n    pass\n", 1, 7),
        ("if x:\n\ty\n        z\n", 3, 1),
        ("print 'x'\n", 1, 1),
        ("x = 'a\n", 1, 5),
        ("é = ?\n", 1, 5),
        ("\n\nclass\n", 3, 6),
        ("x = 1\ry = (", 2, 5),
    ],
)
def test_an_error_has_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        parse(decode(text.encode(), "a.py"))
    assert caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + ")" * 1000,
        "(" * 150 + ")" * 149,
        "x = ?" + "(" * 100_000,
        "-" * 100_000 + "1",
        "x = ?\ny = x" + ".a" * 20_000,
        "x = ?\nif a: b\n" + "elif a: b\n" * 30_000,
        "".join(" " * depth + "if x:\n" for depth in range(200)),
        "x = '\ud800'",
        "x = 1\0",
        "\ufeff\ufeffx = 1",
        "x = ?\n" + "y = [" + "1, " * 1000 + "]\n",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_never_anything_but_a_parse_error(text: str) -> None:
    with pytest.raises(ParseError):
        parse(source(text))


def test_what_only_some_pythons_can_parse() -> None:
    with contextlib.suppress(ParseError):
        parse(source("x = " + "+".join(["a"] * 100_000)))


@pytest.mark.parametrize(
    "text",
    ["", "\n", "\x0cx = 1\n", "if x:\n\ty\n\tz\n", "x = 1\r\ny = 2\r", "x = '\u2028'\n", "'''a\x0cb'''", "return 1"],
)
def test_odd_but_fine(text: str) -> None:
    parse(decode(text.encode(), "a.py"))


@given(st.text(alphabet=st.sampled_from("abf{}()[]:='\"\\\n *,.!@#0")))
def test_any_text_is_answered(text: str) -> None:
    failure = None
    try:
        assert isinstance(parse(source(text)), ast.Module)
    except ParseError as error:
        failure = error
    assert failure is None or (failure.message and failure.line >= 1 and failure.column >= 1)


def test_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse(source("x = '\\d'\nx is 1\n"))
        modern("type T = int\nx = f'{'\\d'}\\d'\n")


def test_an_ordinary_file_needs_no_libcst() -> None:
    loaded = sys.modules.pop("jitlint.source.modern")
    try:
        parse(source("x = 1\n"))
        assert "jitlint.source.modern" not in sys.modules
    finally:
        sys.modules["jitlint.source.modern"] = loaded


def test_type_parameters_vanish() -> None:
    text = "é = 0\ndef f[T: int, *Ts](x: T, /) -> T: return x\nclass C[\n  T = int,\n](B): y = z\n"
    tree = modern(text)
    assert_in_place(text, tree)
    function, cls = tree.body[1:]
    assert isinstance(function, ast.FunctionDef)
    assert isinstance(cls, ast.ClassDef)
    assert (function.name, cls.name) == ("f", "C")


def test_type_statement() -> None:
    text = "if x:\n    type Pair[T = int] = (  # a = b\n        tuple[T, T]); y = z\n"
    tree = modern(text)
    assert_in_place(text, tree)
    (branch,) = tree.body
    assert isinstance(branch, ast.If)
    alias = branch.body[0]
    assert type(alias).__name__ == "TypeAlias"
    assert alias.name.id == "Pair"  # type: ignore[attr-defined]
    assert (alias.lineno, alias.col_offset) == (2, 4)
    assert ast.unparse(alias.value) == "tuple[T, T]"  # type: ignore[attr-defined]


def test_exception_groups() -> None:
    text = "try:\n    a\nexcept* E as e:\n    b\nexcept  *(F, G):\n    c\nelse: d\n"
    tree = modern(text)
    assert_in_place(text, tree)
    (statement,) = tree.body
    assert type(statement).__name__ == "TryStar"
    assert len(statement.handlers) == 2  # type: ignore[attr-defined]


def test_except_without_parentheses() -> None:
    text = "try:\n    a\nexcept E, F:\n    b\n"
    (statement,) = modern(text).body
    assert isinstance(statement, ast.Try)
    assert_in_place(text, modern(text))


def test_stars_in_subscripts() -> None:
    for text in ("a[*b]", "a[*b, c]", "a[c, *b.d]", "a[*(b, c), d]", "a[*b,]", "def f(*args: *a): pass"):
        tree = modern(text)
        assert_in_place(text, tree)
        if sys.version_info >= (3, 11):
            assert ast.dump(tree) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("text", "older"),
    [
        ('x = f"{x["a"]}" + y', "x = f'{x[\"a\"]}' + y"),
        ('f"{"\\n".join(x)}!"', None),
        ('f"{f"{f"{x}"}"}"', "f'''{f\"{f'{x}'}\"}'''"),
        ('(f"{x["a"]}" "b" r"\\d", y)', None),
        ('z = f"{\n  x  # why\n\n}"; y', None),
        ('z = f"""{x["é"]}\n{y["""b"""]!r:{z}}\n"""; y', None),
        ('f"é{x["a"]=}é"; y', None),
        ('f"{{}}{x["a"]}"', "f'{{}}{x[\"a\"]}'"),
        ('é = g(f"é{x["é"]}", é)', None),
        ('f"{(lambda: x["a"])()}"', None),
    ],
)
def test_formatted_strings(text: str, older: str | None) -> None:
    tree = modern(text)
    assert_in_place(text, tree)
    assert any(isinstance(node, ast.JoinedStr) for node in ast.walk(tree))
    if older is not None:
        assert ast.dump(tree) == ast.dump(ast.parse(older))


def test_formatted_string_with_everything() -> None:
    (statement,) = modern('f"{{a}}{x["k"]!r:>{w["n"]}}{y=}"').body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.JoinedStr)
    text, first, label, second = statement.value.values
    assert isinstance(text, ast.Constant)
    assert text.value == "{a}"
    assert isinstance(first, ast.FormattedValue)
    assert first.conversion == ord("r")
    assert first.format_spec is not None
    assert isinstance(label, ast.Constant)
    assert label.value == "y="
    assert isinstance(second, ast.FormattedValue)
    assert second.conversion == ord("r")


def test_template_string() -> None:
    text = "x = t'{a['b']}' if y else z"
    tree = modern(text)
    assert [type(node).__name__ for node in ast.walk(tree) if type(node).__name__ == "TemplateStr"] == ["TemplateStr"]


def test_neither_grammar() -> None:
    assert parse_modern("def f[T(x): pass") is None
    with pytest.raises(ParseError):
        parse(source("type X = = 1"))
