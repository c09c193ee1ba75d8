"""How `jitlint verify` comes by instances, and in which order it tries."""

from __future__ import annotations

from typing import Any

import pytest
from support import WriteTree
from verification import run, verdicts

from jitlint.verify import worker

pytestmark = pytest.mark.torch

MODEL = """\
from torch import nn


class Part(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.width = width

    def forward(self, x):
        return x.not_there()


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part(3)

    def forward(self, x):
        return x


class Guessed(nn.Module):
    def __init__(self, dim: int):
        super().__init__()

    def forward(self, x):
        return x.missing()


class Wanting(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.width = config.width

    def forward(self, x):
        return x.missing_too()


class Tells(nn.Module):
    def __init__(self):
        super().__init__()
        self.extra = nn.Linear(3, 3)

    def forward(self, x):
        if self.training:
            return x.only_in_training()
        return x
"""
TESTS = """\
import torch
from model import Guessed, Wanting


class Config:
    width = 3


def test_wanting():
    Wanting(Config)
    Guessed(5)
    assert False, "what fails has made its instances all the same"
"""
FILES = {"model.py": MODEL, "test_model.py": TESTS}


def reasons(report: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Verdict and reason by the attribute that the compiler does not know."""
    return {f["message"].split("'")[1]: (f["verdict"], f["verdict_reason"]) for f in report["findings"]}


def test_inside_another_one_before_a_guess(write_tree: WriteTree) -> None:
    found = reasons(run("model.py", "--isolated", cwd=write_tree(FILES))[1])
    assert found["not_there"] == ("confirmed", "")  # a guess would say so
    assert found["missing"] == ("confirmed", "with guessed arguments: dim=8")
    assert found["missing_too"][0] == "unverifiable"


def test_from_the_tests(write_tree: WriteTree) -> None:
    pytest.importorskip("pytest")
    root = write_tree(FILES)
    found = reasons(run("model.py", "--isolated", "--from-tests", "test_model.py", cwd=root)[1])
    assert found["missing"] == ("confirmed", "with guessed arguments: dim=8")
    assert found["missing_too"] == ("confirmed", "from the tests")
    found = reasons(run("model.py", "--isolated", "--no-guess", "--from-tests", "test_model.py -q", cwd=root)[1])
    assert found["missing"] == ("confirmed", "from the tests")


def test_tests_that_cannot_run(write_tree: WriteTree) -> None:
    status, report, said = run("model.py", "--isolated", "--from-tests", "no_such_test.py", cwd=write_tree(FILES))
    assert status == 1
    assert "the tests: pytest ended with status 4" in said
    assert reasons(report)["missing_too"][0] == "unverifiable"


def test_the_mode(write_tree: WriteTree) -> None:
    root = write_tree(FILES)
    wanted = ("--isolated", "--all", "--select", "JIT9")
    assert verdicts(run("model.py", *wanted, cwd=root)[1]) == verdicts(run("model.py", "--train", *wanted, cwd=root)[1])
    dropout = "from torch import nn\n\n\nclass Odd(nn.Module):\n    def __init__(self):\n        super().__init__()\n\n"
    dropout += "    def train(self, mode=True):\n        self.told = [1, ''] if mode else 1\n        return super().train(mode)\n\n"
    dropout += "    def forward(self, x):\n        return x + self.told\n"
    root = write_tree({"odd.py": dropout})
    assert run("odd.py", *wanted, cwd=root)[1]["verification"]["missed"] == 0
    assert run("odd.py", "--train", *wanted, cwd=root)[1]["verification"]["missed"] == 1


def test_without_forks(write_tree: WriteTree) -> None:
    report = run("model.py", "--isolated", cwd=write_tree(FILES), JITLINT_VERIFY_NO_FORK="1")[1]
    found = reasons(report)
    assert found["not_there"] == ("confirmed", "")
    assert found["missing"] == ("confirmed", "with guessed arguments: dim=8")
    assert found["missing_too"][0] == "unverifiable"


COMPILES = """\
import torch
from torch import nn


def helper(x):
    return x.no_such_method()


class Scripts(nn.Module):
    def __init__(self):
        super().__init__()
        self.helper = torch.jit.script(helper)

    def forward(self, x):
        return self.helper(x) + x.gone()


class Old(torch.jit.ScriptModule):
    @torch.jit.script_method
    def forward(self, x):
        return x.neither_this()
"""


def test_constructors_that_compile(write_tree: WriteTree) -> None:
    report = run("compiles.py", "--isolated", cwd=write_tree({"compiles.py": COMPILES}))[1]
    found = {name: verdict for name, (verdict, _) in reasons(report).items()}
    assert found == {"no_such_method": "confirmed", "gone": "masked", "neither_this": "confirmed"}
    assert report["verification"]["missed"] == 0


def test_weights_are_filled_only_for_what_is_run_or_needs_them() -> None:
    torch = pytest.importorskip("torch")

    class Weighted(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, picky: bool = False) -> None:
            super().__init__()
            self.weight = torch.nn.init.normal_(torch.nn.Parameter(torch.zeros(9)))
            if picky and not self.weight.any():
                raise ValueError("no weights")

    assert worker.constructed(Weighted, {}, runs=True).weight.any()
    assert not worker.constructed(Weighted, {}, runs=False).weight.any()
    assert worker.constructed(Weighted, {"picky": True}, runs=False).weight.any()
    assert torch.zeros(9).normal_().any()
