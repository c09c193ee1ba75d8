"""The baseline: what is known is silent, what is new is not, what is known in vain is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.baseline import Baseline, BaselineError, compare, load, of, save
from jitlint.cli import app
from jitlint.config import Settings
from jitlint.runner import check

PROGRAM = """\
import torch
from torch import nn


class Net(nn.Module):
    def forward(self, x):
        print({x})
        print({x})
        return x


class Other(nn.Module):
    def forward(self, x):
        return {x}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(PROGRAM)
    (tmp_path / "b.py").write_text(PROGRAM)
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    got = CliRunner().invoke(app, [*arguments, "--isolated", "-j1"])
    return got.exit_code, got.output


def found(*arguments: str) -> list[str]:
    status, said = run("check", "--output-format", "concise", "--quiet", "--baseline", "known.json", *arguments)
    lines = [line for line in said.splitlines() if ": JIT" in line and "stale" not in line]
    assert status == (1 if lines else 0)
    return lines


def write() -> None:
    assert run("baseline", "write", "--baseline", "known.json")[0] == 0


def test_known_findings_are_silent_and_survive_edits_above(project: Path) -> None:
    write()
    assert found() == []
    text = (project / "a.py").read_text().replace("    def forward", "    a = 1\n\n    def forward", 1)
    (project / "a.py").write_text("# more\n\n" + text)
    assert found() == []


def test_new_findings_are_not(project: Path) -> None:
    write()
    text = (project / "a.py").read_text()
    (project / "a.py").write_text(text.replace("        return x\n", "        print({x})\n        return x\n", 1))
    (line,) = found()  # the same text a third time
    assert line.startswith("a.py:9:15: JIT110")
    (project / "a.py").write_text(text.replace("class Other", "class Renamed"))
    (line,) = found()
    assert line.startswith("a.py:14:16: JIT110")


def test_units_still_point_to_their_findings(project: Path) -> None:
    result = check([str(project)], Settings(root=str(project)))
    baseline = of(result, str(project / "known.json"))
    (project / "a.py").write_text(PROGRAM.replace("return {x}", "return {x, x}"))
    now = compare(check([str(project)], Settings(root=str(project))), baseline, lambda: ())
    (unit,) = [unit for unit in now.new.units if unit.findings]
    assert unit.qualname == "Other"
    assert [now.new.findings[number].path for number in unit.findings] == [unit.path]
    assert now.known == now.new.baselined == 5


def test_stale_entries_are_told_and_an_error_where_wanted(project: Path) -> None:
    write()
    (project / "b.py").write_text("x = 1\n")
    arguments = ("check", "--baseline", "known.json")
    status, said = run(*arguments)
    assert status == 0
    assert "b.py: stale in the baseline, 2 times: JIT110 in Net.forward at `{x}`" in said
    assert "6 in the baseline" not in said
    assert "3 in the baseline" in said
    assert run(*arguments, "--strict-baseline")[0] == 1
    assert "stale" not in run(*arguments, "a.py")[1]  # b.py was not looked at
    assert "stale" not in run(*arguments, "--select", "JIT2")[1]
    (project / "b.py").unlink()
    assert "b.py: stale" in run(*arguments, "a.py")[1]
    assert run("baseline", "prune", "--baseline", "known.json")[1] == "known.json: 3 known findings (-3)\n"
    assert run(*arguments, "--strict-baseline")[0] == 0


def test_update_grows_and_prune_does_not(project: Path) -> None:
    write()
    (project / "c.py").write_text(PROGRAM)
    (project / "b.py").unlink()
    assert run("baseline", "prune", "--baseline", "known.json")[1].endswith("3 known findings (-3)\n")
    assert len(found()) == 3
    assert run("baseline", "update", "--baseline", "known.json")[1].endswith("6 known findings (+3)\n")
    assert found() == []


def test_the_configuration_names_it(project: Path) -> None:
    (project / "jitlint.toml").write_text('baseline = "sub/known.json"\n')
    (project / "sub").mkdir()

    def plain(*arguments: str) -> int:
        return CliRunner().invoke(app, arguments).exit_code

    assert plain("check") == 2  # there is none yet
    assert plain("baseline", "write") == 0
    assert sorted(json.loads((project / "sub" / "known.json").read_text())["findings"])[0].endswith("a.py")
    assert plain("check") == 0
    assert plain("check", "--baseline", "") == 1


def test_a_file_that_is_none(project: Path) -> None:
    for content in ("{", "[]", '{"version": 2, "findings": {}}', '{"version": 1, "findings": {"a": [{}]}}'):
        (project / "known.json").write_text(content)
        with pytest.raises(BaselineError, match=r"known\.json"):
            load("known.json")
        assert run("check", "--baseline", "known.json")[0] == 2
    assert run("check", "--strict-baseline")[0] == 2
    with pytest.raises(BaselineError, match="cannot write"):
        save(Baseline(""), "no/folder/x.json")


def test_an_entry_a_line(project: Path) -> None:
    write()
    text = (project / "known.json").read_text()
    assert text.splitlines()[4] == '      {"code": "JIT110", "qualname": "Net.forward", "text": "{x}", "count": 2},'
    baseline = load("known.json")
    save(baseline, "again.json")
    assert (project / "again.json").read_text() == text
