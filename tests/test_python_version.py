"""`python-version`: which branch of a comparison with Python's version is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitlint.config import Settings
from jitlint.runner import check

MODEL = """\
import sys
import torch

if sys.version_info >= (3, 12):
    def helper(x):
        return lambda: x
else:
    def helper(x):
        return x


class Model(torch.nn.Module):
    def forward(self, x: torch.Tensor):
        return helper(x)
"""


@pytest.mark.parametrize(("version", "verdict"), [("3.11", "accepted"), ("3.12", "rejected"), ("", "unknown")])
def test_branches_on_pythons_version(tmp_path: Path, version: str, verdict: str) -> None:
    (tmp_path / "model.py").write_text(MODEL)
    result = check([tmp_path], Settings(python_version=version, root=str(tmp_path)))
    assert [unit.verdict for unit in result.units if unit.qualname == "Model"] == [verdict]
