"""`jitlint check --fix` and its kin, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from jitlint.cli import app

BAD = """\
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x, n: int):
        n //= 2  # halve
        return f"{n:d}"
"""
SAFE = BAD.replace("n //= 2", "n = n // 2")
ALL = SAFE.replace("{n:d}", "{n}")


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["check", "--isolated", *arguments], input=stdin)


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.py"
    path.write_text(BAD)
    return path


def test_reports_say_what_can_be_fixed(net: Path) -> None:
    done = run("--output-format", "concise")
    assert "net.py:7:9: JIT116 [*] " in done.stdout
    assert "net.py:8:16: JIT115 conversions" in done.stdout
    more = "(1 hidden fix can be enabled with the `--unsafe-fixes` option)"
    assert done.stdout.endswith(f"[*] 1 fixable with the `--fix` option {more}.\n")
    assert run("--unsafe-fixes", "-q", "--output-format", "concise").stdout.count("[*]") == 2
    fixes = [finding["fix"] for finding in json.loads(run("--output-format", "json").stdout)["findings"]]
    assert [fix["applicability"] for fix in fixes] == ["safe", "unsafe"]
    assert fixes[0]["edits"] == [
        {
            "path": str(net),
            "range": {"start": {"line": 7, "column": 9}, "end": {"line": 7, "column": 16}},
            "content": "n = n // 2",
        }
    ]


def test_fix(net: Path) -> None:
    done = run("--fix")
    assert done.exit_code == 1
    assert net.read_text() == SAFE
    assert "Found 1 error, 1 fixed" in done.stdout
    assert run("--fix", "--unsafe-fixes").exit_code == 0
    assert net.read_text() == ALL
    assert run("--fix", "--unsafe-fixes").stdout.startswith("No findings")


def test_fix_only_reports_nothing(net: Path) -> None:
    done = run("--fix-only", "--show-fixes")
    assert (done.exit_code, net.read_text()) == (0, SAFE)
    assert done.stdout == "Fixed 1 finding:\n- net.py:\n    1 × JIT116 (augmented-operator)\n"


def test_diff_writes_nothing(net: Path) -> None:
    done = run("--diff")
    assert (done.exit_code, net.read_text()) == (1, BAD)
    assert done.stdout.splitlines()[:2] == ["--- net.py", "+++ net.py"]
    assert "-        n //= 2  # halve\n+        n = n // 2  # halve\n" in done.stdout
    assert done.stderr == "jitlint: would fix 1 finding\n"
    net.write_text(ALL)
    assert (run("--diff").exit_code, run("--diff").stdout) == (0, "")


def test_what_is_not_selected_or_suppressed_is_not_fixed(net: Path) -> None:
    run("--fix", "--ignore", "JIT116")
    assert net.read_text() == BAD
    net.write_text(BAD.replace("# halve", "# jitlint: ignore[JIT116]"))
    run("--fix")
    assert "n //= 2" in net.read_text()


def test_standard_input(net: Path) -> None:
    done = run("-", "--fix", "--stdin-filename", "net.py", stdin=BAD.encode())
    assert done.stdout == SAFE
    assert done.exit_code == 1
    assert "JIT115" in done.stderr
    assert net.read_text() == BAD
    done = run("-", "--diff", stdin=BAD.encode())
    assert done.stdout.splitlines()[:2] == ["--- -", "+++ -"]
    assert done.exit_code == 1
    assert run("-", "--fix-only", stdin=ALL.encode()).stdout == ALL


def test_line_ends_encoding_and_tabs_stay(net: Path) -> None:
    text = "# -*- coding: latin-1 -*-\r\n# \xe9\r\n" + SAFE.replace("n = n // 2", "n //= 2").replace("\n", "\r\n")
    net.write_bytes(text.replace("        ", "\t\t").replace("    def", "\tdef").encode("latin-1"))
    run("--fix", "--unsafe-fixes")
    wanted = text.replace("n //= 2", "n = n // 2").replace("{n:d}", "{n}")
    assert net.read_bytes() == wanted.replace("        ", "\t\t").replace("    def", "\tdef").encode("latin-1")


def test_a_fix_in_another_file_of_the_call_chain(net: Path) -> None:
    net.write_text(
        "import torch\nfrom helper import halve\n\n\n@torch.jit.script\ndef f(n: int):\n    return halve(n)\n"
    )
    helper = net.parent / "helper.py"
    helper.write_text("def halve(n: int):\n    n //= 2\n    return n\n")
    assert run("net.py", "--fix").exit_code == 0
    assert helper.read_text() == "def halve(n: int):\n    n = n // 2\n    return n\n"
