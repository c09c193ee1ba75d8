"""Devices that a process may not share with its forks."""

from __future__ import annotations

import sys

import pytest
from support import WriteTree
from verification import run

from jitlint.verify.nodes import Worker

pytestmark = pytest.mark.torch

TOUCHES = """\
import os

import torch
from torch import nn

_HERE = os.getpid()
torch.cuda._is_in_bad_fork = lambda: os.getpid() != _HERE  # as after CUDA was initialised here


class Net(nn.Module):
    def forward(self, x):
        return x
"""


def test_a_process_that_touched_the_device_is_made_anew(write_tree: WriteTree) -> None:
    root = write_tree({"touches.py": TOUCHES})
    place = {"module": "touches", "path": str(root / "touches.py")}
    worker = Worker(sys.executable, str(root), "cuda")
    try:
        node = worker.root.fork()
        assert node.call("setup", 60.0, paths=[str(root)], device="cpu")["ok"]
        assert node.call("import", 60.0, **place)["ok"]
        child = node.fork()
        assert child.worker is not worker
        assert child.call("build", 60.0, qualname="Net", kind="module", **place)["ok"]
        assert child.call("compile", 60.0, kind="module")["ok"]
        child.end()
        assert child.worker in worker.copies
    finally:
        worker.close()


def cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


MODEL = """\
import torch
from torch import nn


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.GELU())
        self.where = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.layers(x).softmax(1) + self.where


class Rejected(nn.Module):
    def forward(self, x):
        return x.no_such_method()


class Elsewhere(nn.Module):
    def forward(self, x):
        if torch.jit.is_scripting():
            return x.cpu()
        return x


class Touches(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("there", torch.zeros(1, device="cuda"))

    def forward(self, x):
        return x + self.there
"""
CONFIG = """\
[verify.inputs]
"model:Layers" = "torch.rand(2, 3, 16, 16)"
"model:Elsewhere" = "torch.rand(2)"
"model:Touches" = "torch.rand(2)"
"""


def test_on_cuda(write_tree: WriteTree) -> None:
    if not cuda():
        pytest.skip("there is no CUDA device")
    root = write_tree({"model.py": MODEL, "jitlint.toml": CONFIG})
    status, report, said = run("model.py", "--device", "cuda", cwd=root)
    assert status == 1, said
    found = {f["code"]: f["message"] for f in report["findings"]}
    assert set(found) == {"JIT309", "JIT921"}, said
    assert "Elsewhere" in found["JIT921"]
    assert "is on cuda:0 in eager, on cpu here" in found["JIT921"]
    assert "were not run" not in said
    assert report["verification"]["device"] == "cuda"
