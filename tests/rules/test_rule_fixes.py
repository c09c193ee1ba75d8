"""The round trip of every rule's fix: the bad example, fixed, is the ``python fixed`` program behind it.

That jitlint finds nothing in a fixed program and that the compiler takes it is `test_rule_examples`'s business.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fixing import program, repaired
from rule_examples import CASES, Case

from jitlint.findings import registry
from jitlint.findings.model import Finding
from jitlint.fixes.table import FIXERS

BAD = [case for case in CASES if case.example.kind == "bad"]
Repaired = tuple[dict[str, str], dict[str, list[Finding]]]


def pairs() -> list[tuple[Case, str]]:
    """Each bad example with the fixed one right behind it."""
    found = []
    for before, after in pairwise(CASES):
        if after.example.kind == "fixed":
            assert before.example.kind == "bad"
            assert before.rule.code == after.rule.code
            found.append((before, after.example.text))
    return found


PAIRS = pairs()


@pytest.fixture(scope="session")
def fixed() -> Repaired:
    return repaired(BAD)


@pytest.mark.parametrize(("case", "wanted"), PAIRS, ids=lambda value: value.id if isinstance(value, Case) else "")
def test_a_bad_example_is_fixed_as_the_file_says(case: Case, wanted: str, fixed: Repaired) -> None:
    assert fixed[0][case.file] == wanted


@pytest.mark.parametrize("code", sorted(FIXERS))
def test_a_rule_with_a_fixer_shows_what_it_does(code: str, fixed: Repaired) -> None:
    rule = registry.rule(code)
    assert rule.fix != "none"
    own = [case for case in BAD if case.rule.code == code]
    offered = {f.fix.applicability for case in own for f in fixed[1].get(case.file, []) if f.code == code and f.fix}
    if rule.fix == "display":
        assert offered == {"display"}
        return
    shown = [case for case, _ in PAIRS if case.rule.code == code]
    assert shown, "no fixed example"
    kinds = {f.fix.applicability for case in shown for f in fixed[1][case.file] if f.code == code and f.fix}
    assert rule.fix == ("unsafe" if "unsafe" in kinds else "safe")


def test_a_rule_that_promises_a_fix_has_a_fixer() -> None:
    assert {rule.code for rule in registry.all_rules() if rule.fix != "none"} == set(FIXERS)


def test_safe_fixes_come_with_a_reason_and_no_fix_is_empty(fixed: Repaired) -> None:
    for case in BAD:
        for finding in fixed[1].get(case.file, []):
            if finding.fix is not None:
                assert finding.fix.description
                assert not finding.fix.description.endswith(".")
                assert finding.fix.edits


def test_what_no_fix_repairs_is_left_alone(fixed: Repaired) -> None:
    untouched = [case for case in BAD if case.rule.fix == "none" and not case.rule.code.startswith("JIT9")]
    assert untouched
    same = sum(fixed[0][case.file] == program(case) for case in untouched)
    assert same > 0.8 * len(untouched)  # the rest holds something else that has a fix
