"""`rules/TYPES.md`: its examples put to jitlint and (marker `torch`) to the installed compiler, as those of the rules are."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pages import types_sections
from rule_examples import OFFSET, TORCH, Case, assert_named, has_message

from jitlint.findings import registry
from jitlint.findings.model import Finding
from jitlint.findings.registry import Rule

PAGE = registry.page("types")
assert PAGE is not None
# The examples belong to the page, not to a rule: what is expected of each stands in its comments.
RULE = Rule("TYPES", "types", "error", "none", "", "", "", True, PAGE.path, PAGE.text)
CASES = [
    Case(f"types_{example.kind}_{example.line}", RULE, example, TORCH) for example in registry.examples_in(PAGE.text)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_jitlint_says_what_the_page_says(case: Case, findings: dict[str, list[Finding]]) -> None:
    found = findings.get(case.file, [])
    said = {(f.span.line - OFFSET, f.severity, f.code) for f in found if f.severity == "error"}
    assert said == set(case.example.expected), [f.message for f in found]
    assert (case.example.kind == "bad") == bool(said)


@pytest.mark.torch
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_compiler_says_what_the_page_says(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    answer = answers[case.file]
    said = f"{answer['type']}: {answer['text'].strip()[:800]}"
    assert answer["ok"] == (case.example.kind == "good"), said
    if case.example.kind == "bad":
        assert any(has_message(registry.rule(code), answer["text"]) for _, _, code in case.example.expected), said
        assert_named(case, answer, said)


def test_every_program_is_marked() -> None:
    assert len(re.findall("^```python", PAGE.text, re.MULTILINE)) == len(CASES)
    assert all("def entry(" in case.example.text or "class Entry" in case.example.text for case in CASES)


@pytest.mark.parametrize(("title", "text"), types_sections(), ids=lambda value: value[:20])
def test_a_section_shows_and_links(title: str, text: str) -> None:
    assert "```python good" in text
    assert re.search(r"\]\(JIT\d{3}-", text), "no rule is linked"
    named = set(re.findall(r"JIT\d{3}", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    marked = set(re.findall(r"# error: (JIT\d{3})", text))
    assert marked <= named, "an example's rule is not linked"
