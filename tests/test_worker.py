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
from jitlint.worker import Analyst, resident


@pytest.mark.parametrize(
    ("sizes", "processes", "heavy_ends"),
    [
        ((None, None), 1, True),  # the system does not say: the session's own estimate counts
        ((1000, 1000), 1, False),  # it has grown by nothing
        ((1000, 10**9), 1, True),
        ((1000, 500 << 10), 1, False),  # the only process may take what two have to share
        ((1000, 500 << 10), 2, True),
    ],
)
def test_a_heavy_session_ends(
    write_tree: WriteTree,
    scripted: type[ScriptedSession],
    monkeypatch: pytest.MonkeyPatch,
    sizes: tuple[int | None, int | None],
    processes: int,
    heavy_ends: bool,
) -> None:
    root = write_tree(dict.fromkeys(("a.py", "b_heavy.py", "c.py"), "def f():\n    pass\n"))
    monkeypatch.setattr(jitlint.worker, "resident", lambda: sizes[0])
    analyst = Analyst({}, processes=processes)
    monkeypatch.setattr(jitlint.worker, "resident", lambda: sizes[1])
    task = task_for(Settings(root=str(root)), [str(root)])
    # Before the heavy file the session is light, and stays however large the process is.
    after = 2 if heavy_ends else 1
    for name, sessions in (("a.py", 1), ("b_heavy.py", 1), ("c.py", after)):
        analyst.record(task, str(root / name))
        assert len(scripted.made) == sessions


def test_the_resident_size_is_known_and_grows() -> None:
    before = resident()
    if before is None:
        pytest.skip("the system does not say")
    held = bytearray(b"held") * (16 << 20)
    after = resident()
    assert after is not None
    assert len(held) >> 10 <= after - before + 4096 < 200 << 10


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
        monkeypatch.setattr(jitlint.worker, "_LEAST", 0)
        monkeypatch.setattr(jitlint.worker, "resident", lambda: None)
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
