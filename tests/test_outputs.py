"""Several reports of one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.cli import app

PROGRAM = "import torch\n\n\n@torch.jit.script\ndef f(x):\n    lambda: 1\n    return {x}\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("JITLINT_OUTPUT_FORMAT", "JITLINT_OUTPUT_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "a.py").write_text(PROGRAM)

    def run(*arguments: str) -> tuple[int, str]:
        got = CliRunner().invoke(app, ["check", "--isolated", "--no-cache", "-j1", "a.py", *arguments])
        return got.exit_code, got.output

    return run


def test_files_beside_text(run, tmp_path: Path) -> None:
    status, said = run(
        "--output-format", "sarif", "--output-file", "x.sarif",
        "--output-format", "junit", "-o", "x.xml", "--output-format", "concise",
    )  # fmt: skip
    assert status == 1
    assert said.startswith("a.py:6:5: JIT")
    results = json.loads((tmp_path / "x.sarif").read_text())["runs"][0]["results"]
    assert len(results) == (tmp_path / "x.xml").read_text().count("<failure") == said.count("a.py:")


def test_a_single_pair_prints_nothing(run, tmp_path: Path) -> None:
    assert run("--output-format", "json", "-o", "x.json") == (1, "")
    assert json.loads((tmp_path / "x.json").read_text())["findings"]


def test_a_page_for_the_browser(run, tmp_path: Path) -> None:
    status, said = run("--output-format", "html", "--output-file", "report.html", "--output-format", "concise")
    assert status == 1
    page = (tmp_path / "report.html").read_text(encoding="ascii")
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("</html>\n")
    assert page.count("<details class=f ") == said.count("a.py:") > 0
    assert run("--output-format", "html", "--quiet")[1] == page


def test_the_environment_decides_where_options_do_not(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JITLINT_OUTPUT_FORMAT", "pylint")
    assert run()[1].startswith("a.py:6: [JIT")
    assert run("--output-format", "grouped")[1].startswith("a.py:\n")


def test_statistics_beside_a_file(run, tmp_path: Path) -> None:
    _, said = run("--statistics", "--output-format", "json", "-o", "x.json", "--output-format", "full")
    assert said.splitlines()[0].split()[1].startswith("JIT")
    assert json.loads((tmp_path / "x.json").read_text())["findings"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-o", "a", "-o", "b"], "2 files for 1"),
        (["--output-format", "json", "--output-format", "full"], "only one of them can be printed"),
        (["--output-format", "json", "-o", "a", "--output-format", "full", "-o", "./a"], "named twice"),
        (["--output-format", "html5"], "choose one of"),
        (["-o", "no/such/folder"], "cannot write"),
    ],
)
def test_wrong_combinations(run, arguments: list[str], why: str) -> None:
    status, said = run(*arguments)
    assert status == 2
    assert why in said


@pytest.mark.parametrize("output_format", ["full", "concise", "grouped"])
def test_quiet_leaves_out_the_summary(run, output_format: str) -> None:
    said = run("--quiet", "--output-format", output_format)[1]
    assert "Found" not in said
    assert "JIT" in said
    assert not said.endswith("\n\n")
