"""Reports: what each format says of the same result."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import jitlint.report
from jitlint.findings.model import Edit, Finding, Fix, Frame, Result, RunError, Unit, UnknownReason
from jitlint.report import render
from jitlint.report.rules import explanation, listing
from jitlint.report.style import Style
from jitlint.report.summary import statistics, summary
from jitlint.source.problem import Span

SCHEMA = json.loads((Path(jitlint.report.__file__).parent / "schema.json").read_text())


@pytest.fixture
def result(tmp_path: Path) -> Result:
    path = tmp_path / "net.py"
    path.write_text("class Net:\n\tdef forward(self, é, 数字):\n\t\treturn f(\n\t\t\té)\n\n\n# end\n")
    first = Finding(
        "JIT203",
        "variable-changes-type",
        "error",
        "a message",
        "Torch says:\nmore",
        str(path),
        Span(2, 23, 2, 25),
        "do this",
        "file:///x",
    )
    second = Finding(
        "JIT704", "some-hazard", "warning", "two\nlines", "", str(path), Span(3, 10, 4, 6), condition="act is None",
        chain=(Frame(str(path), 2, "Net.forward"), Frame("/elsewhere/b.py", 9, "helper")),
        fix=Fix("safe", "replace it", (Edit(str(path), Span(3, 1, 3, 2), "\n"),)),
    )  # fmt: skip
    units = (
        Unit("Net", "net", "module", str(path), 1, "rejected", (), (0, 1)),
        Unit("g", "net", "function", str(path), 9, "unknown", (UnknownReason("no source for x", str(path), 3),)),
    )
    return Result(units, (first, second), (RunError("gone.py", "no such file"),), 3, "2.13.0", 1)


def text(result: Result, output_format: str, tmp_path: Path, color: bool = False) -> str:
    return "\n".join(render(result, output_format, Style(color, str(tmp_path))))


def test_full(result: Result, tmp_path: Path) -> None:
    assert text(result, "full", tmp_path).split("\n") == [
        "error[JIT203] a message",
        "  --> net.py:2:23",
        "  |",
        "1 | class Net:",
        "2 |     def forward(self, é, 数字):",
        "  |                          ^^^^",
        "3 |         return f(",
        "  |",
        "  = torch says: Torch says:",
        "  = help: do this",
        "",
        "warning[JIT704] [*] two lines",
        "  --> net.py:3:10",
        "  |",
        "2 |     def forward(self, é, 数字):",
        "3 |         return f(",
        "  |                ^^",
        "4 |             é)",
        "  |",
        "  = when: act is None",
        "  = reached from Net.forward (net.py:2)",
        "  = reached from helper (/elsewhere/b.py:9)",
        "  = fix: replace it",
        "",
        "Found 1 error, 1 warning, 1 suppressed (2 units in 3 files: 1 rejected, 1 unknown; torch 2.13.0)."
        " [*] 1 fixable with the `--fix` option.",
    ]


def test_concise(result: Result, tmp_path: Path) -> None:
    assert text(result, "concise", tmp_path).split("\n")[:2] == [
        "net.py:2:23: JIT203 a message",
        "net.py:3:10: JIT704 [*] two lines [act is None]",
    ]


def test_unsafe_fixes_are_hidden_until_asked_for(result: Result, tmp_path: Path) -> None:
    fix = result.findings[1].fix
    assert fix is not None
    hidden = replace(result, findings=(replace(result.findings[1], fix=replace(fix, applicability="unsafe")),))
    said = text(hidden, "concise", tmp_path)
    assert "[*]" not in said
    assert said.endswith("No fixes available (1 hidden fix can be enabled with the `--unsafe-fixes` option).")
    assert "  = fix: replace it (unsafe)" in text(hidden, "full", tmp_path)
    asked = text(replace(hidden, unsafe_fixes=True), "concise", tmp_path)
    assert "JIT704 [*] two" in asked
    assert asked.endswith("[*] 1 fixable with the `--fix` option.")
    shown = replace(hidden, findings=(replace(hidden.findings[0], fix=replace(fix, applicability="display")),))
    assert "fix" not in text(shown, "concise", tmp_path)


@pytest.mark.parametrize("output_format", ["full", "concise"])
def test_colours_change_nothing_else(result: Result, tmp_path: Path, output_format: str) -> None:
    import re

    coloured = text(result, output_format, tmp_path, color=True)
    assert "\033[1;31m" in coloured
    assert re.sub(r"\033\[[0-9;]*m", "", coloured) == text(result, output_format, tmp_path)


def test_json_keeps_the_contract(result: Result, tmp_path: Path) -> None:
    data = json.loads(text(result, "json", tmp_path))
    jsonschema.validate(data, SCHEMA)
    assert data["findings"][0]["range"] == {"start": {"line": 2, "column": 23}, "end": {"line": 2, "column": 25}}
    assert data["findings"][1]["fix"]["edits"][0]["content"] == "\n"
    assert data["findings"][1]["chain"][0] == {"path": str(tmp_path / "net.py"), "line": 2, "qualname": "Net.forward"}
    assert data["units"][0]["findings"] == [0, 1]
    assert data["units"][1]["unknown"][0]["reason"] == "no source for x"
    assert data["errors"] == [{"path": "gone.py", "message": "no such file"}]
    assert data["summary"] == {"files": 3, "suppressed": 1, "baselined": 0}


def test_the_schema_rejects_what_breaks_the_contract(result: Result, tmp_path: Path) -> None:
    for break_it in (lambda d: d["units"][0].pop("verdict"), lambda d: d["findings"][0].update(severity="bad")):
        data = json.loads(text(result, "json", tmp_path))
        break_it(data)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(data, SCHEMA)


def test_an_empty_result(tmp_path: Path) -> None:
    empty = Result(files=2, torch_version="1.0")
    jsonschema.validate(json.loads(text(empty, "json", tmp_path)), SCHEMA)
    assert text(empty, "json-lines", tmp_path) == ""
    assert text(empty, "full", tmp_path) == "No findings (0 units in 2 files; torch 1.0)."


def test_json_lines(result: Result, tmp_path: Path) -> None:
    lines = text(result, "json-lines", tmp_path).split("\n")
    assert [json.loads(line) for line in lines] == json.loads(text(result, "json", tmp_path))["findings"]


def test_findings_whose_file_is_gone_or_shorter(result: Result, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("short\n")
    assert "  --> net.py:2:23" in text(result, "full", tmp_path)
    (tmp_path / "net.py").unlink()
    assert "  --> net.py:2:23" in text(result, "full", tmp_path)


def test_very_long_lines_and_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = '" + "a" * 5000 + "'  # \x1b[31m\n\x0cy = 1\n")
    finding = Finding("JIT203", "n", "error", "m", "", str(path), Span(1, 4990, 1, 5000))
    shown = text(Result(findings=(finding,)), "full", tmp_path)
    assert max(map(len, shown.split("\n"))) < 200
    assert "\x1b" not in shown
    assert "\x0c" not in shown


def test_statistics(result: Result) -> None:
    assert list(statistics(result, Style())) == ["1  JIT203  variable-changes-type", "1  JIT704  some-hazard"]
    assert summary(Result(files=1, torch_version="2.0"), Style()) == "No findings (0 units in 1 file; torch 2.0)."


def test_explanations() -> None:
    from jitlint.findings.registry import find

    rule = find("JIT901")
    plain = "\n".join(explanation(rule, color=False))
    assert plain.startswith("# JIT901 syntax-error\n\nSeverity: error")
    assert "```python bad" in plain
    assert "\033[" in "\n".join(explanation(rule, color=True))
    assert listing([rule], "text") == ["JIT901  syntax-error  error"]
    (as_object,) = json.loads("\n".join(listing([rule], "json")))
    assert (as_object["code"], as_object["summary"][:8]) == ("JIT901", "The file")
