"""What all tests share: small trees of files, and an analysis that says what the files tell it to."""

from __future__ import annotations

import sys
import textwrap
import time
import types
from collections.abc import Mapping
from pathlib import Path

import pytest
from support import ScriptedSession, WriteTree


@pytest.fixture
def write_tree(tmp_path: Path) -> WriteTree:
    """write_tree({"pkg/a.py": "..."}) writes the files below a fresh folder and gives the folder."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
        time.sleep(0.01)  # what changes during a run is not cached, and the clock of files is coarse
        return tmp_path

    return write


@pytest.fixture(autouse=True)
def _no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "NO_COLOR", "FORCE_COLOR", "JITLINT_CACHE_DIR", "JITLINT_NO_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedSession]:
    """Replaces the analysis by ScriptedSession."""
    module = types.ModuleType("jitlint.analysis")
    module.Session = ScriptedSession  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jitlint.analysis", module)
    monkeypatch.setattr(ScriptedSession, "checked", [])
    monkeypatch.setattr(ScriptedSession, "made", [])
    return ScriptedSession
