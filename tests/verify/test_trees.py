"""Trees of altered texts are those that Python makes of them."""

from __future__ import annotations

import ast
import textwrap

import pytest

from jitlint.verify import trees

TEXT = textwrap.dedent(
    '''\
    import torch


    def first(x):
        return x.one() + 1  # a remark


    class A:
        class B:
            @torch.jit.export
            def inner(self, x: int,
                      y=2):
                """Text
    of several lines."""
                if x:
                    return y

                return x

        def after(self): return 3


    @torch.jit.script
    def last(x):
        for one in x:
            pass
        return [
            x,
        ]
    '''
)
CHANGES = [
    ("x.one() + 1", "x.two()"),
    ("if x:", "if bool(x):"),
    ("of several lines", "of other lines"),
    ('of several lines."""', '"""; x = 1'),
    ("return 3", "pass"),
    ("y=2", "y"),
    ("@torch.jit.export", "@torch.jit.ignore"),
    ("        return [\n        x,\n    ]", "        return (\n        x)\n\n"),
    ("import torch", "import numpy"),
    ("class B:", "class C:"),
    ("            pass\n", "            pass;\n"),
]


def dump(tree: ast.AST | None) -> str:
    assert tree is not None
    return ast.dump(tree, include_attributes=True)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was parsed, of nothing known at first."""
    seen: list[str] = []
    plain = trees._parsed

    def counted(text: str) -> ast.Module | None:
        seen.append(text)
        return plain(text)

    monkeypatch.setattr(trees, "_parsed", counted)
    monkeypatch.setattr(trees, "_recent", ())
    trees.tree_of.cache_clear()
    return seen


@pytest.mark.parametrize("change", CHANGES)
def test_a_change(change: tuple[str, str], parsed: list[str]) -> None:
    trees.tree_of(TEXT)
    text = TEXT.replace(*change)
    assert dump(trees.tree_of(text)) == dump(ast.parse(text))


def test_one_change_after_another(parsed: list[str]) -> None:
    text = TEXT
    for change in CHANGES:
        text = text.replace(*change)
        assert dump(trees.tree_of(text)) == dump(ast.parse(text))


def test_only_the_function_is_parsed(parsed: list[str]) -> None:
    trees.tree_of(TEXT)
    trees.tree_of(TEXT.replace("if x:", "if bool(x):"))
    assert len(parsed) == 2
    assert "last" in parsed[0]
    assert "last" not in parsed[1]


@pytest.mark.parametrize(
    "change",
    [
        ("if x:", "if x"),
        ("if x:", "if (x:"),
        ("return y", "return (y"),
        ("return 3", 'return """'),
        ("        x,", "  x,\n)"),
    ],
)
def test_no_python(change: tuple[str, str], parsed: list[str]) -> None:
    trees.tree_of(TEXT)
    assert trees.tree_of(TEXT.replace(*change)) is None


def test_what_swallows_the_next_function(parsed: list[str]) -> None:
    text = TEXT.replace('of several lines."""', "of several lines.").replace("    x,", '   """,')
    trees.tree_of(TEXT)
    tree = trees.tree_of(text)
    assert (dump(tree) if tree else None) == _dump_of(text)


def _dump_of(text: str) -> str | None:
    try:
        return dump(ast.parse(text))
    except SyntaxError:
        return None
