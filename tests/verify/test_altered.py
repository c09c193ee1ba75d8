"""Text in which an offending piece is out of the way."""

from __future__ import annotations

import ast
import textwrap

import pytest

from jitlint.verify.altered import alterations, emptied, emptied_class, wanted
from jitlint.verify.errors import Place

SOURCE = """\
class A:
    def f(self, x, *args, y: int = 3,
          **kw):
        a, b = x.foo(1,
                     2), 3
        with open("x") as g, open(
                "y"):
            a = g
        if a is x.b(): return 3
        elif x.c(
           1):
            b = 2
        try:
            b = 1
        except ValueError:
            b = 2
        finally:
            b = 3
        for i, (j, k) in zip(x, y):
            print(i)
        e = "u"; x.after()
        return x.y(
            3)
"""
PLACES = [(2, 19), (4, 16), (6, 14), (9, 17), (10, 14), (13, 9), (16, 13), (19, 26), (20, 13), (21, 18), (22, 16)]


@pytest.mark.parametrize("place", PLACES)
def test_lines_stay_and_it_parses(place: tuple[int, int]) -> None:
    steps = list(alterations("p", SOURCE, Place("p", *place, 5)))
    assert steps
    for step in steps:
        ast.parse(step.text)
        assert step.text.count("\n") == SOURCE.count("\n")
        ast.parse(textwrap.dedent(step.text.partition("\n")[2]))  # as the compiler takes a method out of its class
        arm = "raise AssertionError('')" in step.text and place == (10, 14)  # an arm of the condition ends early
        star = place == (2, 19) and step.first == 3  # of a header that has several, the last goes first
        assert step.first <= place[0] <= step.last or arm or star
        before, after = SOURCE.split("\n"), step.text.split("\n")
        same = [number for number in range(len(before)) if before[number] == after[number]]
        if place != (13, 9):  # a try statement changes in several places
            assert set(range(len(before))) - set(same) <= set(range(step.first - 1, step.last + 1))


def first_line(place: tuple[int, int], **wanted: bool) -> str:
    for step in alterations("p", SOURCE, Place("p", *place, 5)):
        if all(getattr(step, name) == value for name, value in wanted.items()):
            return step.text.split("\n")[step.first - 1].strip()
    raise AssertionError("none")


def test_what_stands_in_its_place() -> None:
    assert any(
        "    def f(self, x, y: int = 3):\n" in step.text for step in alterations("p", SOURCE, Place("p", 2, 19, 5))
    )
    assert first_line((4, 16), whole=True) == "a = _jt.zeros([1]); b = _jt.zeros([1])"
    assert first_line((6, 14), whole=True) == "for g in [_jt.zeros([1])]:"
    assert first_line((10, 14), whole=True) == "elif bool(_jt.zeros([1])):"
    assert first_line((20, 13), whole=True) == "pass"
    assert first_line((22, 16), whole=True) == "raise AssertionError('')"
    assert first_line((21, 18), whole=False) == 'e = "u"; (_jt.zeros([1]))'  # a call goes as a whole
    assert first_line((21, 18), whole=True) == 'e = "u"; pass'


def test_nothing_to_alter() -> None:
    assert list(alterations("p", "x = 1\n", Place("p", 1, 1))) == []
    assert list(alterations("p", "def f(:\n", Place("p", 1, 1))) == []
    assert list(alterations("p", SOURCE, Place("p", 99, 1))) == []


def test_values_of_the_type_that_is_asked_for() -> None:
    assert (
        wanted("Variable 'x' previously had type List[int] but is now being assigned to a value of type str") == "[1]"
    )
    assert wanted("Expected a value of type 'Optional[Tuple[int, str]]' for argument 'a'") == "(1, '',)"
    assert (
        wanted("Return value was annotated as having type Dict[str, float] but is actually of type int") == "{'': 1.0}"
    )
    assert wanted("expected a value of type Thing, but got int") is None
    assert wanted("Unknown type name 'Foo'") is None


def test_a_function_emptied() -> None:
    steps = list(emptied("p", SOURCE, 10))
    assert steps
    for step in steps:
        tree = ast.parse(step.text)
        assert step.text.count("\n") == SOURCE.count("\n")
        method = tree.body[0].body[0]  # type: ignore[attr-defined]
        assert len(method.body) == 1


CLASS = """\
class A:
    def __init__(self):
        self.x = 1

    def one(self) -> int:
        y = self.x
        return y.a()

    @property
    def two(self):
        return self.x.b()

    def three(self): return 1


def f(x):
    return x
"""


def test_a_class_emptied() -> None:
    step = emptied_class("p", CLASS, 7)
    assert step is not None
    assert (
        step.text
        == """\
class A:
    def __init__(self):
        self.x = 1

    def one(self) -> int:
        raise AssertionError('')


    @property
    def two(self):
        return _jt.zeros([1])

    def three(self): return 1


def f(x):
    return x
"""
    )
    assert (step.first, step.last) == (1, 13)
    assert emptied_class("p", step.text, 5) is None  # nothing changes any more
    assert emptied_class("p", CLASS, 17) is None


def test_annotations_that_are_foretold_to_be_wrong_go_together() -> None:
    source = "def f(\n    a: A,\n    b: B,\n    c: C = 1,\n) -> D:\n    return a\n"
    headers = [step.text.splitlines()[0] for step in alterations("p", source, Place("p", 2, 5, 1), also={4})]
    assert headers == [
        "def f(a: A, b: B, c: C = 1) -> D:",
        "def f(a, b: B, c = 1):",
        "def f(a, b: B, c):",
        "def f(a, b, c = 1):",
        "def f(a, b, c):",
    ]


HEADERS = [
    ("def f(self, *args, **kwargs):", ["def f(self, *args,         ):"]),
    ("def f(self, *, y=1, **kw: int):", ["def f(self, *, y=1,          ):"]),
    ("def f(self, *args, y=1):", ["def f(self, *    , y=1):"]),
    (
        "def f(self, *args, y=1, **kw, ):",
        ["def f(self, *args, y=1,       ):", "def f(self, *    , y=1,       ):"],
    ),
    ("def f(self, *args):", []),
    ("def f(self, **kwargs):", []),
    ("def f(self, *, y, **kwargs):", []),
]


@pytest.mark.parametrize(("header", "wanted"), HEADERS)
def test_one_thing_after_another_leaves_a_header(header: str, wanted: list[str]) -> None:
    text = f"class A:\n    {header}\n        return 1\n"
    steps = list(alterations("p", text, Place("p", 2, 5, 3)))
    headers = [step.text.split("\n")[1].strip() for step in steps]
    for step in steps:
        ast.parse(step.text)
    assert headers[: len(wanted)] == wanted
    assert "*" not in headers[len(wanted)]
