"""A remembered call stands for equal ones only: those with other arguments, or with arguments that have changed since, and
those that change something themselves, are run again."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from jitlint.project.project import Project
from jitlint.shapes.evaluator import Evaluator
from jitlint.shapes.values import Constant, ModuleInstance, ModuleShape
from jitlint.torch_api.api import load
from jitlint.torch_api.externals import TorchExternals

HELPERS = """
import torch
from dataclasses import dataclass
from torch import nn

class Part(nn.Module):
    def __init__(self, size=1):
        super().__init__()
        self.size = size
        self.double = size * 2
        self.child = nn.Linear(size, size)

class Owner(nn.Module):
    def __init__(self, part, note=None):
        super().__init__()
        self.part = part
        self.size = part.size

class Plain:
    def __init__(self, size):
        self.size = size
        self.inner = None

def size_of(thing):
    a = 1
    b = a + 1
    c = b + 1
    return thing.size

def inner_size(thing):
    a = 1
    b = a + 1
    c = b + 1
    return thing.inner.size

def first_size(things):
    a = 1
    b = a + 1
    c = b + 1
    return things[0].size

def grow(things):
    a = 1
    b = a + 1
    things.append(b)
    return len(things)

def itself(thing):
    a = 1
    b = a + 1
    c = b + 1
    return thing

def with_number(thing):
    a = 1
    b = a + 1
    c = b + 1
    return thing, c
"""


@pytest.fixture
def shape_of(tmp_path: Path) -> object:
    def make(body: str) -> ModuleShape:
        lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "        ")
        path = tmp_path / "program.py"
        path.write_text(
            f"{HELPERS}\nclass M(nn.Module):\n    def __init__(self):\n        super().__init__()\n{lines}\n"
        )
        api = load("2.13.0")
        project = Project([str(tmp_path)], externals=TorchExternals(api))
        index = project.index_file(str(path))
        return Evaluator(project, api).shape(next(cls for cls in index.classes if cls.qualname == "M"))

    return make


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("self.a = size_of(Part(1))\nself.b = size_of(Part(2))", (1, 2)),
        # A module under construction changes between two calls.
        ("self.size = 1\nself.a = size_of(self)\nself.size = 2\nself.b = size_of(self)", (1, 2)),
        # So does an instance, by itself, inside another one, in a list or a dict.
        ("p = Plain(1)\nself.a = size_of(p)\np.size = 2\nself.b = size_of(p)", (1, 2)),
        ("p = Plain(1)\np.inner = Plain(1)\nself.a = inner_size(p)\np.inner.size = 2\nself.b = inner_size(p)", (1, 2)),
        ("p = Plain(1)\nself.a = first_size([p])\np.size = 2\nself.b = first_size([p])", (1, 2)),
        ("p = Plain(1)\nself.a = first_size({0: p})\np.size = 2\nself.b = first_size({0: p})", (1, 2)),
        # Two that hold the same are two.
        ("p, q = Plain(1), Plain(1)\nitself(p)\nr = itself(q)\nq.size = 2\nself.a, self.b = p.size, q.size", (1, 2)),
        # A list counts by what it holds, and a call that changes one is made each time.
        ("things = []\nself.a = grow(things)\nself.b = grow(things)", (1, 2)),
        ("things = []\ngrow(things)\nself.a = len(things)\ngrow(things)\nself.b = len(things)", (1, 2)),
        # A constructor that is given an instance.
        ("p = Plain(1)\nself.a = Owner(p).size\np.size = 2\nself.b = Owner(p).size", (1, 2)),
        # One that differs in one argument alone.
        ("self.a = Part(1).double\nself.b = Part(size=2).double", (2, 4)),
    ],
)
def test_calls_that_differ_are_not_confused(shape_of, body: str, expected: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    attributes = shape_of(body).attributes
    assert (attributes["a"], attributes["b"]) == tuple(map(Constant, expected))


def test_equal_constructor_calls_give_one_shape(shape_of) -> None:  # type: ignore[no-untyped-def]
    attributes = shape_of(
        "p = Plain(1)\nself.a = Owner(p)\nself.b = Owner(p)\nself.c = Part(3)\nself.d = Part(3)"
    ).attributes
    for first, second in (("a", "b"), ("c", "d")):
        assert isinstance(attributes[first], ModuleInstance)
        assert attributes[first] == attributes[second]


def test_a_module_that_a_call_hands_back_can_still_be_written_to(shape_of) -> None:  # type: ignore[no-untyped-def]
    """A helper that is given `self` and returns it seals nothing: what is set afterwards is seen, and equal submodules
    keep being one shape."""
    shape = shape_of("self.number = with_number(self)[1]\nself.late = 1\nself.a = Part(3)\nself.b = Part(3)")
    assert shape.complete
    assert shape.attributes["late"] == Constant(1)
    assert shape.attributes["a"] == shape.attributes["b"]
