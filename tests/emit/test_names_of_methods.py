"""Where the names in a method's body are looked up."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitlint.analysis import Session

PROGRAM = """
import functools
import torch
from torch import nn
import torch.nn.functional as F
def shift(x): return x + 1
def wraps(f):
    @functools.wraps(f)
    def inner(*a): return f(*a)
    return inner
class Entry(nn.Module):
    scale = 3
    def shift(self, x): return shift(x)
    {decorator}
    def forward(self, x): return {result}
"""


@pytest.mark.parametrize(
    ("decorator", "result", "codes"),
    [
        ("", "self.shift(x)", []),  # the function of that name, not the method
        ("", "x * scale", ["JIT301"]),
        ("@torch.no_grad()", "x.relu()", []),
        ("@torch.no_grad()", "torch.relu(x)", ["JIT301"]),
        ("@torch.no_grad()", "shift(x)", ["JIT301"]),
        ("@wraps", "F.relu(shift(x))", []),
        ("@torch.autocast('cpu')", "torch.relu(x)", []),
        ("@torch.autocast('cpu')", "shift(x)", ["JIT301"]),
    ],
)
def test_names(tmp_path: Path, decorator: str, result: str, codes: list[str]) -> None:
    path = tmp_path / "main.py"
    path.write_text(PROGRAM.replace("{decorator}", decorator).replace("{result}", result), encoding="utf-8")
    report = Session(roots=[str(tmp_path)]).check_file(str(path))
    assert [finding.code for finding in report.findings if finding.severity == "error"] == codes
