"""The programs of `regressions.txt`: what jitlint says, and (marker `torch`) what the compiler says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from conformance.programs import TORCH, plain
from differential.oracle import HEADER, compiler_verdicts, jitlint_verdicts


@dataclass(frozen=True, slots=True)
class Regression:
    """`line`, from 1, is where a finding belongs, 0 in a program that compiles; `internal`: the compiler names none."""

    name: str
    text: str
    line: int
    message: str
    internal: bool


def regressions() -> list[Regression]:
    _, *parts = Path(__file__).with_name("regressions.txt").read_text(encoding="utf-8").split("\n--- ")
    found = []
    for part in parts:
        name, _, body = part.partition("\n")
        text = HEADER + body + "\n"
        line, kind, message = 0, "", ""
        for number, content in enumerate(text.splitlines(), 1):
            if match := re.search(r"# (error|internal): (.*)", content):
                assert not line, f"two comments in: {name}"
                line, kind, message = number, match[1], match[2]
        found.append(Regression(name, text, line, message, kind == "internal"))
    return found


REGRESSIONS = regressions()


@pytest.mark.parametrize("one", REGRESSIONS, ids=lambda one: one.name)
def test_jitlint_agrees(one: Regression) -> None:
    (findings,) = jitlint_verdicts([one.text])
    said = [(finding.span.line, finding.torch_message) for finding in findings]
    if not one.line:
        assert said == []
        return
    assert any(line == one.line and plain(one.message) in plain(text or "") for line, text in said), said


@pytest.mark.torch
def test_the_compiler_says_so() -> None:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the comments hold what torch {TORCH} says; installed is {torch.__version__}")
    wrong = {}
    for one, verdict in zip(REGRESSIONS, compiler_verdicts([one.text for one in REGRESSIONS]), strict=True):
        named = set(map(int, re.findall(r'File "<program_\d+>\.py", line (\d+)', verdict.text)))
        right = not verdict.accepted and plain(one.message) in plain(verdict.text)
        if (
            verdict.accepted == bool(one.line)
            or (one.line and not right)
            or (not one.internal and named and one.line not in named)
        ):
            wrong[one.name] = verdict.text or "accepted"
    assert wrong == {}
    assert len({one.name for one in REGRESSIONS}) == len(REGRESSIONS)
