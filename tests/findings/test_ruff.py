"""`jitlint ruff-ignores`: the rules are ruff's, what they ask for is rejected, and the block silences them."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.cli import app
from jitlint.config import parse_toml
from jitlint.findings.ruff import RULES, RuffRule, block

PREFIX = "import contextlib\nimport itertools\nimport math\nfrom typing import Dict, List\n\nimport torch\n\n\n@torch.jit.script\n"
needs_ruff = pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")


def ruff(folder: Path, *arguments: str) -> set[tuple[str, str]]:
    """The (file, code) of what the installed ruff reports."""
    command = ["ruff", "check", "--no-cache", "--preview", "--target-version", "py312", "--output-format", "json"]
    done = subprocess.run([*command, *arguments, "."], cwd=folder, capture_output=True, text=True)
    return {(Path(found["filename"]).name, found["code"]) for found in json.loads(done.stdout)}


@needs_ruff
def test_the_block_silences_what_ruff_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for rule in RULES:
        (tmp_path / f"{rule.code} [x].py").write_text(PREFIX + rule.before)
    (tmp_path / "pyproject.toml").write_text("")
    select = "--extend-select=" + ",".join(rule.code for rule in RULES)
    reported = {(f"{rule.code} [x].py", rule.code) for rule in RULES}
    assert reported <= ruff(tmp_path, select)
    got = CliRunner().invoke(app, ["ruff-ignores", "-j1"])
    assert got.exit_code == 0
    (tmp_path / "pyproject.toml").write_text(got.output)
    assert parse_toml(got.output)["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert not reported & ruff(tmp_path, select)


def test_a_file_of_ruffs_own() -> None:
    assert block(["/p/a.py", "/q/b.py"], "/p", own_file=True)[1:] == [
        "[lint.per-file-ignores]",
        '"a.py" = [' + ", ".join(f'"{rule.code}"' for rule in RULES) + "]",
    ]


def test_old_releases_do_not_know_the_newer_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text("import torch\n\n@torch.jit.script\ndef f(x):\n    return x\n")
    for version, wanted in (("1.12", True), ("1.13.1", True), ("2.0", False), ("2.13.0", False)):
        got = CliRunner().invoke(app, ["ruff-ignores", "-j1", "--config", f"torch-version='{version}'"])
        assert got.exit_code == 0
        ignored = parse_toml(got.output)["tool"]["ruff"]["lint"]["per-file-ignores"]["m.py"]
        assert ("UP007" in ignored) is wanted, version
        assert ignored == sorted(ignored)
        assert {rule.code for rule in RULES} <= set(ignored)


@pytest.mark.torch
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_compiler_takes_what_was_and_rejects_what_ruff_asks_for(rule: RuffRule, tmp_path: Path) -> None:
    def compiles(text: str) -> bool:
        path = tmp_path / f"m{len(list(tmp_path.iterdir()))}.py"
        path.write_text(PREFIX + text)
        spec = importlib.util.spec_from_file_location(f"{rule.code}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception:
            return False
        finally:
            del sys.modules[spec.name]
        return True

    assert compiles(rule.before) is rule.compiles
    assert not compiles(rule.after)
