"""Findings that the compiler reaches only by detours."""

from __future__ import annotations

import pytest
from support import WriteTree
from verification import run

from jitlint.source.problem import Span
from jitlint.verify.altered import alone
from jitlint.verify.errors import Place, Rejection
from jitlint.verify.judge import Judge
from jitlint.verify.plan import Texts
from jitlint.verify.stepping import _stays

MODEL = """\
import dataclasses
import functools
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn


class Raises(nn.Module):
    @property
    def name(self):
        raise ValueError("not connected")

    def forward(self, x):
        return x.behind_a_getter()


class Wrapped(nn.Module):
    @torch.no_grad()
    def forward(self, x):
        y = x.of_a_wrapped_function()
        return y + x.and_another()


try:
    from nowhere import fused
except ImportError:

    def fused(x, training=True):
        return x


class Defaults(nn.Module):
    def forward(self, x):
        return fused(x.behind_a_default())


class Overloaded(nn.Module):
    @torch.jit._overload_method
    def forward(self, x: Tensor, n: int) -> Tensor:
        pass

    @torch.jit._overload_method
    def forward(self, x: Tensor, n: str) -> Tensor:
        pass

    def forward(self, x, n):
        x.before_an_overload()
        return n.of_an_overload()


class Variadic(nn.Module):
    def forward(self, x, *args):
        return x + args


class Inner(nn.Module):
    def forward(self, x):
        x.in_the_inner_one()
        return x.and_after_it()


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def forward(self, x):
        self.inner(x)
        return x.in_the_outer_one()


@dataclasses.dataclass
class Options:
    n: int


class Held:
    def __init__(self, n: int):
        self.options: Options = Options(n)
        self.n = n

    def one(self) -> int:
        return self.n.behind_a_dataclass()


class UsesHeld(nn.Module):
    def forward(self, given: Held):
        return given.n


class Keys(nn.Module):
    def forward(self, x, keys: Dict[Tuple[int, int], int]):
        return x.behind_a_type()


class TwoKeys(nn.Module):
    def forward(
        self,
        x,
        one: Dict[Tuple[int, int], int],
        two: Dict[Tuple[int, int], int],
    ):
        return x.behind_two_types()


class Branches(nn.Module):
    def forward(self, x, flag: bool):
        if flag:
            first, second, third = x.of_a_branch(), x, x
        return first, second, third


class Lines(nn.Module):
    def forward(self, x):
        y = torch.relu(
            x.before_the_bracket(),
        )
        return x.after_the_bracket()


class Statement(nn.Module):
    def forward(self, x):
        return [*x.shape, x.first_of_them(), x.second_of_them()]


class Script:
    def __init__(self, *args):
        self.x = 1

    def one(self, *args) -> int:
        return self.x.in_one_method()

    def two(self, *, n: int = 3) -> int:
        return n.in_another_method()


class Uses(nn.Module):
    def forward(self, given: Script):
        return given.x


class Store:
    def __init__(self, n: int):
        self.n = n

    def find(self, key: str, *rest) -> Optional[int]:
        return self.n

    def __getitem__(self, key: str) -> List[int]:
        return key.in_an_operator()

    def both(self) -> int:
        self["a"].of_an_operators_result()
        return self.find("a").of_another_methods_result()

    def member(self, key: str) -> int:
        for one in [1] if key in self.nowhere.at_all else [2]:
            one.behind_a_membership_test()
        return 1


class UsesStore(nn.Module):
    def forward(self, given: Store):
        return given.n


class Stars(nn.Module):
    def forward(self, x, *args, flag: bool = False, **kwargs):
        return x
"""
STATEMENT = ("first_of_them", "second_of_them")
QUOTED = (
    "behind_a_getter",
    "of_a_wrapped_function",
    "and_another",
    "behind_a_default",
    "before_an_overload",
    "of_an_overload",
    "in_the_inner_one",
    "and_after_it",
    "in_the_outer_one",
    "behind_a_dataclass",
    "behind_a_type",
    "behind_two_types",
    "of_a_branch",
    "before_the_bracket",
    "after_the_bracket",
    "in_one_method",
    "in_another_method",
    "in_an_operator",
    "of_an_operators_result",
    "of_another_methods_result",
    "behind_a_membership_test",
)


@pytest.mark.torch
def test_they_are_reached(write_tree: WriteTree) -> None:
    report = run("model.py", "--isolated", cwd=write_tree({"model.py": MODEL}))[1]
    found = {f["message"]: (f["verdict"], f["verdict_reason"]) for f in report["findings"] if f["code"] == "JIT309"}
    by_name = {name: verdict for name in QUOTED for message, (verdict, _) in found.items() if f"'{name}'" in message}
    assert by_name == dict.fromkeys(QUOTED, "confirmed")
    assert {f["verdict"] for f in report["findings"] if f["severity"] == "error"} == {"confirmed"}
    reasons = {name: why for name in STATEMENT for message, (_, why) in found.items() if f"'{name}'" in message}
    # The statement is rejected for its star already, which says nothing of the rest.
    assert set(reasons.values()) == {"taken out of its statement"}


TOOL = "class Tool:\n    def __init__(self, n: int):\n        self.n = n\n" + "".join(
    f"\n    def method_{number}(self, *args, n: int = 1):\n        return self.n\n" for number in range(20)
)
USER = """\
import os
import sys

from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))  # check knows nothing of what is there
from tool import Tool


class Uses(nn.Module):
    def forward(self, x):
        tool = Tool(1)
        return x.behind_other_peoples_code()
"""


@pytest.mark.torch
def test_what_other_peoples_code_is_behind_is_reached(write_tree: WriteTree) -> None:
    root = write_tree({"model.py": USER, "lib/tool.py": TOOL})
    report, said = run("model.py", cwd=root)[1:]
    verdicts = {f["verdict"] for f in report["findings"] if "behind_other_peoples_code" in f["message"]}
    assert verdicts == {"confirmed"}, said


LATE = """\
import os
import sys

from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))  # check knows nothing of what is there
from tool import unforeseen


class Late(nn.Module):
    def forward(self, x):
        y = x + unforeseen
        z = {1, 2}
        return x.below_what_the_frontend_rejects()
"""


@pytest.mark.torch
def test_what_the_compiler_says_after_its_frontend_is_progress(write_tree: WriteTree) -> None:
    """Although it is said of a line above: not all that may stand for the set is tried."""
    root = write_tree({"model.py": LATE, "lib/tool.py": "unforeseen = object()\n"})
    report = run("model.py", cwd=root)[1]
    assert {f["verdict"] for f in report["findings"]} == {"confirmed"}
    assert report["verification"]["questions"] <= 6  # one for each thing in the way, and of each part


def test_an_error_without_a_place_may_be_the_same() -> None:
    judge = Judge([], Texts())
    placed = Rejection("E", "text", (Place("p", 1, 1),))
    assert _stays(judge, Rejection("E", "text"), placed)
    assert _stays(judge, placed, Rejection("E", "text"))
    assert not _stays(judge, Rejection("E", "other"), placed)


SOURCE = """\
def f(x):
    if g(x.a(),
         x.b):
        y = 1
    return h(x)
"""


def test_an_expression_alone() -> None:
    step = alone("p", SOURCE, SOURCE, Span(3, 10, 3, 13))
    assert step is not None
    assert step.text == "def f(x):\n    (\n         x.b)\n\n    return h(x)\n"
    step = alone("p", SOURCE, SOURCE, Span(2, 10, 2, 15))
    assert step is not None
    assert step.text == "def f(x):\n    (    x.a())\n\n\n    return h(x)\n"
    assert alone("p", SOURCE, SOURCE, Span(5, 5, 5, 16)) is None  # a statement is no expression
    assert alone("p", SOURCE, SOURCE + "\n", Span(5, 12, 5, 16)) is None  # the lines are others
