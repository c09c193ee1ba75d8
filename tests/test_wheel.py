"""The wheel, in an empty environment outside the checkout: it brings its rules along and needs no torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd=cwd, env=environment, timeout=600
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of executables of an environment that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed") / "env"
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    done = run(scripts / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return scripts


def test_the_wheel_holds_what_a_run_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    rules = {f"jitlint/rules/{path.name}" for path in (ROOT / "rules").glob("*.md")}
    assert {"jitlint/rules/TYPES.md", "jitlint/rules/README.md"} < rules
    assert rules <= names
    assert {"jitlint/py.typed", "jitlint/report/schema.json"} <= names
    assert {"jitlint/report/html/page.css", "jitlint/report/html/page.js"} <= names
    data = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "jitlint" / "torch_api").rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert data <= names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/")) or "__pycache__" in name]


def test_it_runs_outside_the_checkout(scripts: Path, tmp_path: Path) -> None:
    assert run(scripts / "python", "-c", "import torch").returncode != 0
    (tmp_path / "net.py").write_text(
        "import torch\n\nclass Net(torch.nn.Module):\n    def forward(self, *xs):\n        return xs[0]\n"
    )
    done = run(scripts / "jitlint", "check", "--output-format", "json", ".", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["findings"][0]["range"]["start"]["line"] == 4
    assert result["findings"][0]["help"], "from the rule's file"
    assert run(scripts / "jitlint", "explain", "JIT901", cwd=tmp_path).stdout.startswith("# JIT901 syntax-error")
    assert "## Optional and refinement" in run(scripts / "jitlint", "explain", "types", cwd=tmp_path).stdout
    listed = run(scripts / "jitlint", "rules", cwd=tmp_path).stdout.splitlines()
    assert len(listed) == len(list((ROOT / "rules").glob("JIT*.md")))


def test_the_lower_bounds_are_enough(wheel: Path, tmp_path: Path) -> None:
    """The oldest versions that pyproject.toml allows, in an environment of their own."""
    import re

    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("\ndependencies = [") : text.index("[project.optional-dependencies]")]
    oldest = [f"{name}=={version}" for name, version in re.findall(r'"(\w+)>=([\d.]+)"', block)]
    assert len(oldest) == 4
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = run(python, "-m", "pip", "install", "--quiet", wheel, *oldest)
    assert done.returncode == 0, done.stderr
    (tmp_path / "net.py").write_text("x = (\n")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / "ignored.py").write_text("x = (\n")
    done = run(python, "-m", "jitlint", "check", "--output-format", "concise", ".", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.startswith("net.py:1:"), done.stdout
    assert "ignored.py" not in done.stdout
    assert run(python, "-m", "jitlint", "explain", "JIT901", "--color", "always").returncode == 0
    assert run(python, "-m", "jitlint", "check", "--help").returncode == 0
