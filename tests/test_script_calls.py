"""Units that only a script call of another file makes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import WriteTree

from jitlint.config import Settings
from jitlint.runner import check

SITE = ".venv/lib/python3.11/site-packages"
FILES = {
    "lib.py": "def f(x):\n    return x.no_such_method()\n\ndef g(x):\n    return x.nor_this_one()\n",
    "net.py": "from torch import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x.no_such_method()\n",
    "export.py": "import torch\nfrom lib import f\nfrom net import Net\nfrom other import h\n\n"
    "torch.jit.script(f)\ntorch.jit.script(Net())\ntorch.jit.script(h)\n",
    f"{SITE}/other.py": "def h(x):\n    return x.no_such_method()\n",
}


def found(root: Path, paths: list[str], scope: str) -> tuple[list[tuple[str, str]], list[tuple[str, int]]]:
    """File and name of each unit, file and line of each finding."""
    settings = Settings(root=str(root), scope=scope)
    result = check([root / path for path in paths], settings, environment=[str(root / SITE)])
    units = [(os.path.basename(unit.path), unit.qualname) for unit in result.units]
    return units, [(os.path.basename(f.path), f.span.line) for f in result.findings]


@pytest.mark.parametrize(
    ("paths", "scope", "expected"),
    [
        (["export.py"], "all", ([("lib.py", "f")], [("lib.py", 2)])),  # Net is a unit of its own file
        (["export.py"], "reachable", ([("lib.py", "f"), ("net.py", "Net")], [("lib.py", 2), ("net.py", 5)])),
        (["."], "all", ([("lib.py", "f"), ("net.py", "Net")], [("lib.py", 2), ("net.py", 5)])),
        (["."], "reachable", ([("lib.py", "f"), ("net.py", "Net")], [("lib.py", 2), ("net.py", 5)])),
        (["lib.py"], "all", ([], [])),
    ],
)
def test_what_another_file_scripts(write_tree: WriteTree, paths: list[str], scope: str, expected: object) -> None:
    assert found(write_tree(FILES), paths, scope) == expected


def test_what_a_constructor_scripts_fails_there(write_tree: WriteTree) -> None:
    """Not where the module uses it: there the compiler does not come."""
    text = (
        "import torch\nfrom torch import nn\n\ndef f(x):\n    return x.no_such_method()\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.f = {}\n\n"
        "    def forward(self, x):\n        return self.f(x)\n"
    )
    root = write_tree({"scripted.py": text.format("torch.jit.script(f)"), "plain.py": text.format("f")})
    assert found(root, ["scripted.py"], "all")[1] == [("scripted.py", 5)]
    assert found(root, ["plain.py"], "all")[1] == [("plain.py", 5), ("plain.py", 13)]
