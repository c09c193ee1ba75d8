"""Every program of the catalogue, put to jitlint and (marker `torch`) to the installed compiler."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import (
    FAILURES,
    FOLDER,
    TORCH,
    Program,
    covers,
    failures,
    plain,
    programs,
    read_expected_failures,
    run_jitlint,
)

PROGRAMS = programs()
EXPECTED = read_expected_failures()


@pytest.fixture(scope="session")
def findings() -> dict[Path, list[dict[str, Any]]]:
    return run_jitlint()


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_jitlint_agrees(program: Program, findings: dict[Path, list[dict[str, Any]]]) -> None:
    found = findings.get(program.path, [])
    wrong = failures(program, found)
    expected = EXPECTED.get(program.id, ())
    said = [f"{f['range']['start']['line']}: {f['code']} {f.get('torch_message') or f['message']}" for f in found]
    assert covers(expected, wrong), (
        f"fails in {wrong}, expected {program.line}: {program.message!r}; jitlint said {said}"
    )
    assert set(wrong) >= set(expected), (
        f"now fails only in {wrong}, not in {expected}: remove it from the list (python tests/conformance/bless.py)"
    )


def test_expected_failures_name_programs_and_failures() -> None:
    assert set(EXPECTED) <= {program.id for program in PROGRAMS}
    assert {what for whats in EXPECTED.values() for what in whats} <= set(FAILURES)


def finding(line: int, message: str, severity: str = "error") -> dict[str, Any]:
    place = {"line": line, "column": 1}
    return {"severity": severity, "torch_message": message, "range": {"start": place, "end": place}}


BAD = Program("emitter/x.bad", Path("x"), "bad", {"line": "7", "message": "undefined value 'y'"})
HAZARD = Program("frontend/x.bad", Path("x"), "bad", {"line": "7", "compiles": "yes"})
GOOD = Program("emitter/x.good", Path("x"), "good", {})


@pytest.mark.parametrize(
    ("program", "found", "wrong"),
    [
        (BAD, [], ("flagged",)),
        (BAD, [finding(7, "undefined value y", "warning")], ("flagged",)),
        (BAD, [finding(7, 'undefined   value "y":')], ()),
        (BAD, [finding(6, "undefined value y")], ("line",)),
        (BAD, [finding(7, "other"), finding(6, "undefined value y")], ("reason",)),
        (BAD, [finding(6, "other")], ("line", "reason")),
        (HAZARD, [], ("hazard",)),
        (HAZARD, [finding(1, "", "warning")], ()),
        (GOOD, [finding(1, "", "warning")], ()),
        (GOOD, [finding(1, "")], ("alarm",)),
    ],
)
def test_the_judgement(program: Program, found: list[dict[str, Any]], wrong: tuple[str, ...]) -> None:
    assert failures(program, found) == wrong


@pytest.fixture(scope="session")
def answers() -> dict[Path, dict[str, Any]]:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the headers hold the verdicts of torch {TORCH}; installed is {torch.__version__}")
    done = subprocess.run(
        [sys.executable, str(FOLDER / "compiler.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["path"]): line for line in lines}


@pytest.mark.torch
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
def test_the_compiler_says_what_the_header_says(program: Program, answers: dict[Path, dict[str, Any]]) -> None:
    answer = answers[program.path]
    said = f"{answer['type']}: {answer['text'].strip()[:600]}"
    if program.kind != "bad" or program.hazard:
        assert answer["ok"], said
        return
    assert not answer["ok"], "accepted"
    assert plain(program.message) in plain(answer["text"]), said
    if program.line is not None:
        assert f'{program.path.name}", line {program.line}' in answer["text"], said
