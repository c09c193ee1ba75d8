"""One file after the other: sessions end where they hold much, and nothing of them stays."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from support import ScriptedSession, WriteTree

import jitlint.worker
from jitlint.config import Settings
from jitlint.runner import task_for
from jitlint.worker import Analyst


def test_a_heavy_session_ends(write_tree: WriteTree, scripted: type[ScriptedSession]) -> None:
    root = write_tree(dict.fromkeys(("a.py", "b_heavy.py", "c.py"), "def f():\n    pass\n"))
    analyst = Analyst({})
    task = task_for(Settings(root=str(root)), [str(root)])
    for name, sessions in (("a.py", 1), ("b_heavy.py", 1), ("c.py", 2)):
        analyst.record(task, str(root / name))
        assert len(scripted.made) == sessions


def test_nothing_holds_on_to_a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Model(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.part = nn.Linear(2, 2)\n\n"
        "    def forward(self, x, y: int = None):\n        z = torch.add(self.part(x), y)\n        z //= 2\n        return z\n"
    )
    found = []
    for heavy in (10**9, 0):
        monkeypatch.setattr(jitlint.worker, "_HEAVY", heavy)
        analyst = Analyst({})
        task = task_for(Settings(root=str(tmp_path)), [str(tmp_path)], fixes=True)
        found.append(analyst.record(task, str(path)))
        if heavy:
            session = weakref.ref(next(iter(analyst._sessions.values())))
            assert session() is not None
            analyst._begin_anew()
            gc.collect()
            assert session() is None
    assert found[0][0].findings
    assert found[0][0].findings == found[1][0].findings
