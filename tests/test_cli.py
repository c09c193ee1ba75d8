"""The command line: options, output, exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import WriteTree
from typer.testing import CliRunner, Result

from jitlint import __version__
from jitlint.cli import app


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture
def project(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch, scripted: object) -> Path:
    root = write_tree({
        "pyproject.toml": "[tool.jitlint]\nexclude = ['gen']\n",
        "bad.py": "def f(): pass  # find JIT203\nx = 1  # find JIT301\n",
        "good.py": "def g(): pass\n", "gen/x.py": "x = 1  # find JIT203\n",
    })  # fmt: skip
    monkeypatch.chdir(root)
    return root


def test_exit_status(project: Path) -> None:
    assert run("check", "good.py").exit_code == 0
    assert run("check").exit_code == 1
    assert run("check", "--exit-zero").exit_code == 0
    assert run("check", "nope.py").exit_code == 2
    assert run("check", "nope.py", "--exit-zero").exit_code == 2
    assert run("check", "--no-such-option").exit_code == 2
    assert run("check", "--output-format", "xml").exit_code == 2
    assert run("check", "--config", "zzz=1").exit_code == 2
    assert run("check", "--config", "missing.toml").exit_code == 2
    (project / "bad.py").write_text("# crash\n")
    assert run("check", "--exit-zero").exit_code == 2


def test_messages_go_to_standard_error(project: Path) -> None:
    done = run("check", "--config", "selct=[]")
    assert done.stderr == "jitlint: command line: unknown key 'selct' (did you mean 'select'?)\n"
    assert done.stdout == ""
    done = run("check", "nope.py", "good.py", "--output-format", "json")
    assert done.stderr == "jitlint: nope.py: no such file or directory\n"
    assert json.loads(done.stdout)["errors"] == [{"path": "nope.py", "message": "no such file or directory"}]


def test_selection(project: Path) -> None:
    def codes(*arguments: str) -> list[str]:
        done = run("check", "--output-format", "json-lines", *arguments)
        return [json.loads(line)["code"] for line in done.stdout.splitlines()]

    assert codes() == ["JIT203", "JIT301"]
    assert codes("--select", "JIT2") == ["JIT203"]
    assert codes("--select", "JIT2,JIT301") == ["JIT203", "JIT301"]
    assert codes("--select", "JIT4", "--extend-select", "undefined-name") == ["JIT301"]
    assert codes("--ignore", "variable-changes-type") == ["JIT301"]
    assert codes("--config", "ignore = ['JIT3']") == ["JIT203"]
    assert codes("--isolated") == ["JIT203", "JIT301", "JIT203"]
    assert codes("gen/x.py") == ["JIT203"]
    assert codes("gen/x.py", "--force-exclude") == []
    assert codes("--extend-exclude", "bad.py") == []


def test_standard_input(project: Path) -> None:
    done = run("check", "-", "--stdin-filename", "bad.py", "--output-format", "concise", stdin=b"# find JIT302\n")
    assert done.stdout.splitlines()[0].startswith("bad.py:1:3: JIT302")
    assert run("check", "-", "good.py", stdin=b"").exit_code == 2
    assert run("check", "-", stdin=b"\xff").exit_code == 1


def test_output(project: Path) -> None:
    assert run("check", "-o", "out.json", "--output-format", "json").stdout == ""
    assert len(json.loads((project / "out.json").read_text())["findings"]) == 2
    assert run("check", "-o", "no/such/folder").exit_code == 2
    assert run("check", "--statistics").stdout == "1  JIT203  variable-changes-type\n1  JIT301  undefined-name\n"
    assert run("check", "good.py", "--quiet").stdout == ""
    assert "Found" not in run("check", "--quiet").stdout
    assert "\033[" in run("check", "--color", "always").stdout
    assert "\033[" not in run("check").stdout


def test_showing(project: Path) -> None:
    assert run("check", "--show-files").stdout.split() == [str(project / "bad.py"), str(project / "good.py")]
    settings = json.loads(run("check", "--show-settings", "--torch-version", "1.13.1").stdout)
    assert settings["exclude"] == ["gen"]
    assert settings["torch-version"] == "1.13.1"
    assert settings["config-file"] == str(project / "pyproject.toml")


def test_the_cache_is_where_it_was_asked_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("check", "--no-cache")
    assert not (project / ".jitlint_cache").exists()
    run("check", "--cache-dir", "a")
    monkeypatch.setenv("JITLINT_CACHE_DIR", "b")
    run("check")
    assert [(project / folder / ".gitignore").exists() for folder in ("a", "b", ".jitlint_cache")] == [
        True,
        True,
        False,
    ]


def test_rules_and_explain() -> None:
    assert run("explain", "JIT901").stdout.startswith("# JIT901 syntax-error")
    assert run("explain", "syntax-error").stdout == run("explain", "jit901").stdout
    done = run("explain", "sintax-error")
    assert (done.exit_code, done.stderr) == (2, "jitlint: unknown rule: sintax-error (did you mean syntax-error?)\n")
    assert "JIT901  syntax-error" in run("rules").stdout
    assert {"code", "name", "severity", "help"} <= set(json.loads(run("rules", "--output-format", "json").stdout)[0])


def test_version_and_help() -> None:
    assert run("--version").stdout == f"jitlint {__version__}\n"
    assert run().exit_code == 2
    for command in ([], ["check"], ["explain"], ["rules"]):
        assert run(*command, "--help").exit_code == 0


def test_a_path_that_no_terminal_can_show(project: Path) -> None:
    name = b"caf\xe9.py".decode("utf-8", "surrogateescape")
    (project / name).write_text("# find JIT203\n")
    assert run("check", "--output-format", "concise").exit_code == 1
    assert name in [
        Path(f["path"]).name for f in json.loads(run("check", "--output-format", "json").stdout)["findings"]
    ]


def imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[1:] = []\n{code}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    assert not imported_by("import jitlint") & {"typer", "rich", "libcst", "torch", "ast"}
    assert not imported_by("import jitlint.cli") & {"libcst", "torch", "jitlint.runner", "jitlint.config"}
    assert not imported_by("import jitlint; jitlint.check([])") & {"torch", "rich", "typer"}


def _piped(arguments: list[str], stdout: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jitlint", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [["rules"], ["check", "."], ["--version"]])
def test_a_disk_that_is_full(project: Path, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        done = _piped(arguments, full.fileno())
    assert done.returncode == 2
    assert done.stderr.startswith("jitlint: ")
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_gone(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = _piped(["rules"], writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
