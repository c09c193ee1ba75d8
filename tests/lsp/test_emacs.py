"""The language server in Emacs, without a window: Eglot opens a project, shows diagnostics and applies a code action."""

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
from test_neovim import MODEL

import jitlint

EMACS = shutil.which("emacs")
PACKAGES = ("project", "seq", "xref", "external-completion", "eglot")  # where Eglot is none of Emacs's own (before 29)
DEBIAN = Path("/usr/share/emacs/site-lisp/elpa")


def load_path() -> list[str]:
    """Where Debian puts Eglot and what it needs."""
    return [str(path) for name in PACKAGES for path in DEBIAN.glob(f"{name}-[0-9]*")]


def has_eglot() -> bool:
    paths = [argument for path in load_path() for argument in ("-L", path)]
    command = [EMACS or "emacs", "-Q", "--batch", *paths, "--eval", "(require 'eglot)"]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.mark.skipif(EMACS is None, reason="there is no emacs (Debian: apt-get install emacs-nox elpa-eglot)")
def test_in_emacs(tmp_path: Path) -> None:
    if not has_eglot():
        pytest.skip("there is no Eglot (Debian: apt-get install elpa-eglot)")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "blocks.py").write_text("def scale(x):\n    return x * 2\n", encoding="utf-8")
    output = tmp_path / "seen.json"
    done = subprocess.run(
        [EMACS or "emacs", "-Q", "--batch", "-l", str(Path(__file__).with_name("emacs.el"))],
        env={
            **environment(tmp_path),
            "LC_ALL": "C.UTF-8",
            "HOME": str(tmp_path),
            "JITLINT_COMMAND": json.dumps([sys.executable, "-m", "jitlint", "server"]),
            "JITLINT_FILE": str(tmp_path / "model.py"),
            "JITLINT_OUTPUT": str(output),
            "JITLINT_LOAD_PATH": json.dumps(load_path()),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert output.exists(), done.stderr
    seen = json.loads(output.read_text(encoding="utf-8"))
    assert "failed" not in seen, (seen, done.stderr)
    (finding,) = jitlint.check([str(tmp_path / "model.py")]).findings
    (before,) = seen["before"]
    assert (before["line"], before["column"]) == (finding.span.line, finding.span.column)
    assert f"jitlint [JIT223]: {finding.message}" in before["text"]
    assert "module-container-index" in seen["hover"]
    assert seen["offered"] == [
        "Loop over the modules themselves",
        "Ignore JIT223 (module-container-index) on this line",
    ]
    wanted = MODEL.replace("for i in range(len(self.layers)):", "for i, layer in enumerate(self.layers):")
    assert seen["fixed"] == wanted.replace("self.layers[i](x)", "layer(x)").split("\n")
    assert [one["line"] for one in seen["typed"]] == [15]
    assert "JIT301" in seen["typed"][0]["text"]
    assert not (tmp_path / ".trap" / "sprung").exists()
    assert (tmp_path / "model.py").read_text(encoding="utf-8") == MODEL  # the editor wrote nothing
