"""The hook, run by the real pre-commit on a small repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("git") is None, reason="needs git")]


def run(*command: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=cwd, env={**os.environ, **more}, timeout=600
    )


def git(cwd: Path, *arguments: str) -> None:
    done = run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr


def test_try_repo(tmp_path: Path) -> None:
    # The hook's repository: what git tracks of this one, with what is not committed yet.
    hook = tmp_path / "hook"
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout.splitlines()
    for name in tracked:
        if name.startswith(("jitlint/", "rules/")) or "/" not in name:
            if (ROOT / name).is_file():
                (hook / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, hook / name)
    git(hook, "init", "--quiet")
    git(hook, "add", "-A")
    git(hook, "commit", "--quiet", "-m", "hook")

    user = tmp_path / "user"
    (user / "gen").mkdir(parents=True)
    (user / "pyproject.toml").write_text("[tool.jitlint]\nextend-exclude = ['gen']\n")
    (user / "good.py").write_text("def f(x):\n    return x\n")
    (user / "gen" / "broken.py").write_text("x = (\n")
    (user / "notes.txt").write_text("x = (\n")
    git(user, "init", "--quiet")
    git(user, "add", "-A")
    command = (sys.executable, "-m", "pre_commit", "try-repo", hook, "jitlint", "--all-files", "--verbose")
    home = {"PRE_COMMIT_HOME": str(tmp_path / "home")}
    passed = run(*command, cwd=user, **home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "in 1 file" in passed.stdout, "explicit names still honour exclude"

    (user / "bad.py").write_text("x = (\n")
    git(user, "add", "-A")
    failed = run(*command, cwd=user, **home)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "JIT901" in failed.stdout
    assert "broken.py" not in failed.stdout
