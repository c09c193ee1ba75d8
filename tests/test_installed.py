"""Code that is not the user's: its problems show at the user's line that leads there."""

from __future__ import annotations

import os

import pytest
from support import WriteTree

from jitlint.config import Settings
from jitlint.runner import check

SITE = "elsewhere/lib/python3.11/site-packages"
NET = """\
from torch import nn
from theirs import f


class Net(nn.Module):
    def forward(self, x):
        return f(x)
"""


@pytest.mark.parametrize("active", [True, False])
def test_packages_beside_a_checked_one_are_not_the_users(write_tree: WriteTree, active: bool) -> None:
    """Neither in the active environment nor in another one that a path is named in."""
    files = {"mine/__init__.py": "", "mine/net.py": NET, "theirs.py": "def f(x):\n    return x.no_such_method()\n"}
    root = write_tree({f"{SITE}/{name}": text for name, text in files.items()})
    environment = [str(root / SITE)] if active else []
    result = check([root / SITE / "mine"], Settings(root=str(root)), environment=environment)
    assert [(os.path.basename(f.path), f.span.line, len(f.chain)) for f in result.findings] == [("net.py", 7, 1)]
