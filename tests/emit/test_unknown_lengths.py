"""Containers whose length a constructor's argument decides: an instance that is compiled has some of what they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from emit.conftest import PRELUDE

from jitlint.analysis import Session

HEAD = """
class Bad(nn.Module):
    def __init__(self, width):
        super().__init__()
    def forward(self, x, **rest):
        return x

class Entry(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
"""
FLAT = "\n    def forward(self, x):\n        for one in self.layers:\n            x = one(x)\n        return x\n"
PAIRS = "\n    def forward(self, x):\n        for one, two in self.layers:\n            x = one(x) + two(x)\n        return x\n"
BUILT = [
    ("self.layers = nn.ModuleList([{0}(width) for _ in range(depth)])", FLAT),
    ("self.layers = nn.ModuleList()\n        for _ in range(depth):\n            self.layers.append({0}(width))", FLAT),
    (
        "self.layers = nn.ModuleList([])\n        for _ in range(depth):\n"
        "            self.layers.append(nn.ModuleList([{0}(width), nn.Linear(width, width)]))",
        PAIRS,
    ),
    (
        "self.layers = nn.ModuleList()\n        for size in depth:\n"
        "            self.layers.append(nn.Sequential({0}(size), nn.ReLU()))",
        FLAT,
    ),
]


def verdict(folder: Path, constructor: str, forward: str) -> str:
    """Of `Entry`."""
    path = folder / "program.py"
    path.write_text(PRELUDE + HEAD + "        " + constructor + forward)
    report = Session(roots=[str(folder)]).check_file(str(path))
    return next(unit.verdict for unit in report.units if unit.qualname == "Entry")


@pytest.mark.parametrize(("constructor", "forward"), BUILT)
def test_what_the_elements_hold_is_compiled(tmp_path: Path, constructor: str, forward: str) -> None:
    assert verdict(tmp_path, constructor.format("Bad"), forward) == "rejected"
    assert verdict(tmp_path, constructor.format("nn.ReLU"), forward.replace("width", "")) != "rejected"


def test_a_container_that_is_filled_later_is_its_own(tmp_path: Path) -> None:
    constructor = (
        "self.layers = nn.ModuleList()\n"
        "        for size in depth:\n"
        "            inner = nn.ModuleList([nn.ReLU()])\n"
        "            self.layers.append(inner)\n"
        "            inner.append(nn.Identity())\n"
    )
    assert verdict(tmp_path, constructor, PAIRS) != "rejected"
