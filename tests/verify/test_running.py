"""`jitlint verify` runs what the configuration gives example inputs for, and compares with eager."""

from __future__ import annotations

from typing import Any

import pytest
from support import WriteTree
from verification import run

pytestmark = pytest.mark.torch

MODEL = """\
import functools

import torch
from torch import nn


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args) * 2

    return wrapper


class Dropped(nn.Module):
    @doubled
    def forward(self, x):
        return x + 1


class Counts(nn.Module):
    steps: int

    def __init__(self):
        super().__init__()
        self.steps = 0
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x):
        self.steps += 1
        self.seen += 1
        return x * self.steps + self.seen


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())

    def forward(self, x):
        return {"out": (self.layers(x) + torch.rand(1), [x.shape[0]])}


class Baked(nn.Module):
    def forward(self, x, flag: bool = True):
        if torch.jit.is_scripting():
            return x.to(torch.float64)
        return x


class WrongInputs(nn.Module):
    def forward(self, x):
        return x + 1


class NotBuilt(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.width = config.width

    def forward(self, x):
        return x + 1


@torch.jit.script_if_tracing
def function(x, n: int = 2):
    return x * n


def plain(x: int):
    return x + 1 if torch.jit.is_scripting() else x


scripted = lambda: torch.jit.script(plain)
"""
CONFIG = """\
[verify.inputs]
"model:Dropped" = "torch.ones(3)"
"model:Counts" = "(torch.ones(3),)"
"model:Noisy" = "{'x': torch.ones(2, 3, 8, 8)}"
"model:Baked" = "(torch.ones(2), False)"
"model:WrongInputs" = "(1, 2, 3)"
"model:NotBuilt" = "torch.ones(2)"
"model:function" = "(torch.ones(2), 3)"
"model:plain" = "4"
"""


def differences(report: dict[str, Any]) -> dict[str, str]:
    """What is said of a unit, by its name."""
    return {f["message"].split()[0]: f["message"] for f in report["findings"] if f["code"] == "JIT921"}


def test_outputs_are_compared(write_tree: WriteTree) -> None:
    status, report, said = run("model.py", cwd=write_tree({"model.py": MODEL, "jitlint.toml": CONFIG}))
    assert status == 1
    found = differences(report)
    assert set(found) == {"Dropped", "Baked", "plain"}, said
    assert "the output differs from eager's in 3 of 3 values" in found["Dropped"]
    assert "the output is torch.float32 in eager, torch.float64 here" in found["Baked"]
    assert "the output is 4 in eager, 5 here" in found["plain"]
    assert report["verification"]["differing"] == 3
    assert "WrongInputs: its example inputs were not run: TypeError" in said
    assert "NotBuilt: its example inputs were not run: guessed arguments do not fit it" in said


def test_frozen_and_trained(write_tree: WriteTree) -> None:
    model = "from torch import nn\n\n\nclass Tells(nn.Module):\n    def forward(self, x):\n        return x + 1 if self.training else x\n"
    root = write_tree({"model.py": model, "jitlint.toml": '[verify.inputs]\n"model:Tells" = "torch.ones(2)"\n'})
    assert differences(run("model.py", cwd=root)[1]) == {}
    assert differences(run("model.py", "--train", cwd=root)[1]) == {}
