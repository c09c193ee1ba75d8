"""jitlint against the compiler on generated programs.

The marker `differential` asks the installed compiler: 300 programs by default, `JITLINT_DIFFERENTIAL=2000 pytest -m
differential -s` for more (`JITLINT_DIFFERENTIAL_SEED` for others; the figures are printed). `python -m differential` in
the folder `tests` does the same outside pytest, and shows and shrinks what differs.
"""

from __future__ import annotations

import ast
import os

import pytest
from conformance.programs import TORCH
from differential.__main__ import AGREEMENT, described
from differential.compare import Comparison, Figures, compare, reason, written
from differential.generator import programs
from differential.oracle import Verdict, jitlint_verdicts
from differential.shrink import shrink
from differential.surroundings import wide_programs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jitlint.findings.model import Finding

PROGRAMS = int(os.environ.get("JITLINT_DIFFERENTIAL", "300"))
SEED = int(os.environ.get("JITLINT_DIFFERENTIAL_SEED", "3"))


@pytest.fixture(scope="module")
def figures() -> Figures:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"jitlint's data is that of torch {TORCH}; installed is {torch.__version__}")
    return compare(written(SEED, PROGRAMS))


@pytest.mark.differential
def test_the_verdicts_agree(figures: Figures) -> None:
    print(f"\nseed {SEED}: {figures.report()}")
    assert not figures.alarms, described(figures.alarms[0])
    assert figures.agreement >= AGREEMENT, "\n\n".join(map(described, figures.misses))


@pytest.mark.differential
def test_the_findings_are_where_the_compiler_stops(figures: Figures) -> None:
    named = [one for one in figures.rejected if one.lines]
    elsewhere = [one for one in named if not one.located]
    assert len(elsewhere) <= 0.01 * len(named), "\n\n".join(map(described, elsewhere))


@pytest.mark.differential
def test_the_programs_say_something(figures: Figures) -> None:
    """Neither all right nor all wrong, for many reasons of which none outweighs the others; nearly all are answered."""
    share = len(figures.rejected) / len(figures.judged)
    assert 1 / 3 <= share <= 4 / 5
    assert len(figures.mix) >= PROGRAMS / 15
    assert max(figures.mix.values()) <= len(figures.rejected) / 2
    assert len(figures.judged) >= 0.98 * len(figures.comparisons)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.one_of(programs(), wide_programs()))
def test_every_choice_gives_a_program(text: str) -> None:
    ast.parse(text)
    jitlint_verdicts([text])


def finding(text: str) -> Finding:
    ((found, *_),) = jitlint_verdicts([text])
    return found


WRONG = "import torch\n\ndef entry(x: int):\n    return x.a\n"
TOLD = "RuntimeError: \n'int' object has no attribute or method 'a'.:\n  File \"<program_0>.py\", line 4\n"


def test_the_judgement() -> None:
    found = finding(WRONG)
    agreed = Comparison(WRONG, (found,), Verdict(False, TOLD))
    elsewhere = Comparison(WRONG, (found,), Verdict(False, TOLD.replace("line 4", "line 3")))
    alarm = Comparison(WRONG, (found,), Verdict(True))
    miss = Comparison(WRONG, (), Verdict(False, TOLD))
    silent = Comparison(WRONG, (), Verdict(True))
    hung = Comparison(WRONG, (), Verdict(False, "ended", True))
    figures = Figures((agreed, elsewhere, alarm, miss, silent, hung))
    assert figures.alarms == [alarm]
    assert figures.misses == [miss]
    assert figures.rejected == [agreed, elsewhere, miss]
    assert [one.located for one in figures.rejected] == [True, False, False]
    assert figures.agreement == pytest.approx(3 / 5)
    assert "5 programs, 1 more without an answer" in figures.report()
    assert figures.mix == {"… object has no attribute or method …": 3}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("RuntimeError: \nundefined value v12:\n  File", "undefined value …"),
        ("RuntimeError: \n\naten::chr(int i) -> str:\nExpected", "the only schema does not match"),
        ("RuntimeError: \nList[int] cannot be used as a tuple:\n", "… cannot be used as a tuple"),
        ("NotSupportedError: Comprehension ifs are not supported yet:\n", "Comprehension ifs are not supported yet"),
    ],
)
def test_reasons(text: str, kind: str) -> None:
    assert reason(text) == kind


def test_a_program_gets_smaller() -> None:
    text = "def entry(x: int, y: int):\n    if x > 2:\n        z = f(x + y)\n    return x * 2\n"
    small = shrink(text, lambda texts: ["f(" in one for one in texts])
    assert "f(" in small
    assert len(small) < len(text) / 2
