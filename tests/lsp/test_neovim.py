"""The language server in a real editor: headless Neovim opens a project, shows diagnostics and applies a code action."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed")
sys.path.insert(0, str(Path(__file__).parent))

from editor import environment

import jitlint

NVIM = shutil.which("nvim")
MODEL = """\
import torch
from torch import nn
from blocks import scale


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.names = "ä😀"
        self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x):
        for i in range(len(self.layers)):
            x = self.layers[i](x)
        return scale(x)
"""


@pytest.mark.skipif(NVIM is None, reason="there is no nvim (Debian: apt-get install neovim)")
def test_in_neovim(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "blocks.py").write_text("def scale(x):\n    return x * 2\n", encoding="utf-8")
    output = tmp_path / "seen.json"
    done = subprocess.run(
        [NVIM or "nvim", "--headless", "--clean", "-n", "-S", str(Path(__file__).with_name("neovim.lua"))],
        env={
            **environment(tmp_path),
            "JITLINT_COMMAND": json.dumps([sys.executable, "-m", "jitlint", "server"]),
            "JITLINT_FOLDER": str(tmp_path),
            "JITLINT_FILE": str(tmp_path / "model.py"),
            "JITLINT_OUTPUT": str(output),
            "XDG_STATE_HOME": str(tmp_path / "state"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert output.exists(), done.stderr
    seen = json.loads(output.read_text(encoding="utf-8"))
    assert "failed" not in seen, seen
    (finding,) = jitlint.check([str(tmp_path / "model.py")]).findings
    (before,) = seen["before"]
    assert (before["code"], before["line"], before["column"]) == ("JIT223", finding.span.line, finding.span.column)
    assert before["text"].startswith(finding.message)
    assert before["source"] == "jitlint"
    assert "module-container-index" in seen["hover"]
    assert seen["offered"][0] == "Loop over the modules themselves"
    assert seen["offered"][1] == "Ignore JIT223 (module-container-index) on this line"
    wanted = MODEL.replace("for i in range(len(self.layers)):", "for i, layer in enumerate(self.layers):")
    assert seen["fixed"] == wanted.replace("self.layers[i](x)", "layer(x)").splitlines()
    assert seen["after"] == []
    assert [(one["code"], one["line"]) for one in seen["typed"]] == [("JIT301", 15)]
    assert seen["messages"] == []
    assert not (tmp_path / ".trap" / "sprung").exists()
    assert (tmp_path / "model.py").read_text(encoding="utf-8") == MODEL  # the editor wrote nothing
