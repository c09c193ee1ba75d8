"""Every rule's file: its form, and its examples put to jitlint and (marker `torch`) to the installed compiler.

A bad example is rejected by both with the rule's message, on the line that ``# error: JITnnn`` marks (where the compiler
names a line at all); one fenced as ``python bad crash`` brings the compiler itself down. A good one passes both. A rule of lesser severity marks what compiles and still deserves a word. What is compiled is the function `entry` or
the class `Entry`; examples of tracing (JIT801 to JIT839) run as they stand.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(Path(__file__).parent))

from rule_examples import CASES, COMPILED, OFFSET, ROOT, Case, assert_named, has_message

from jitlint.findings import registry
from jitlint.findings.model import Finding
from jitlint.findings.registry import Rule

KEYS = {"code", "name", "severity", "fix", "torch", "torch-message", "torch-line", "help", "default"}
WITHOUT_EXAMPLES = {"JIT902", "JIT904", "JIT905", "JIT920", "JIT921"}  # of files and configurations, not of programs


RULES = registry.all_rules()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_jitlint_says_what_the_example_says(case: Case, findings: dict[str, list[Finding]]) -> None:
    found = findings.get(case.file, [])
    said = [f"{f.span.line - OFFSET}: {f.severity} {f.code} {f.torch_message or f.message}" for f in found]
    if case.example.kind != "bad":
        assert not [f for f in found if f.severity == "error" or f.code == case.rule.code], said
        return
    for line, severity, code in case.example.expected:
        on_line = [f for f in found if f.code == code and f.span.line <= line + OFFSET <= f.span.end_line]
        assert on_line, f"no {code} on line {line}: {said}"
        assert {f.severity for f in on_line} == {severity}
        if code == case.rule.code and case.rule.torch_message and severity == "error":
            assert any(has_message(case.rule, f.torch_message) for f in on_line), said
    if case.rule.severity != "error":
        assert not [f for f in found if f.severity == "error"], said


# --- the compiler -----------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("case", COMPILED, ids=lambda case: case.id)
def test_the_compiler_says_what_the_example_says(case: Case, answers: dict[str, dict[str, Any]]) -> None:
    answer = answers[case.file]
    said = f"{answer['type']}: {answer['text'].strip()[:800]}"
    if case.example.kind != "bad" or case.rule.severity != "error":
        assert answer["ok"], said
        return
    assert not answer["ok"], "accepted"
    if "crash" in fence(case):
        return  # the compiler itself fails, with whatever it happens to say
    assert has_message(case.rule, answer["text"]), said
    assert_named(case, answer, said)


def fence(case: Case) -> str:
    lines = Path(case.rule.path).read_text(encoding="utf-8").split("\n")
    return lines[case.example.line - 2]


# --- the files --------------------------------------------------------------------------------------------------------


def front_matter(rule: Rule) -> dict[str, str]:
    front = Path(rule.path).read_text(encoding="utf-8").split("---\n")[1]
    return {key: value.strip() for key, _, value in (line.partition(":") for line in front.splitlines())}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_form_of_a_rule(rule: Rule) -> None:
    fields = front_matter(rule)
    assert set(fields) <= KEYS
    assert {"code", "name", "severity", "fix", "torch", "help"} <= set(fields)
    assert Path(rule.path).name == f"{rule.code}-{rule.name}.md"
    assert fields["severity"] in ("error", "warning", "info")
    assert fields["fix"] in ("none", "safe", "unsafe", "display")
    SpecifierSet(rule.torch)
    assert rule.help
    assert rule.summary
    assert not rule.summary.startswith("#")
    assert re.search(r"^## (Why TorchScript rejects it|What happens)$", rule.body, re.MULTILINE)
    assert re.search(r"^## Write instead$", rule.body, re.MULTILINE)
    if rule.torch_message.startswith("/"):
        re.compile(rule.torch_message.strip("/"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_examples(rule: Rule) -> None:
    examples = registry.examples(rule)
    kinds = {example.kind for example in examples}
    if rule.code in WITHOUT_EXAMPLES:
        assert not kinds
    else:
        assert kinds in ({"good", "bad"}, {"fixed", "bad"}, {"good", "fixed", "bad"})
    for example in examples:
        codes = {code for _, _, code in example.expected}
        assert (rule.code in codes) if example.kind == "bad" else not codes, f"line {example.line}"


def test_codes_and_names_are_unique() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    files = [path.name.split("-")[0] for path in (ROOT / "rules").glob("JIT*.md")]
    assert len(files) == len(set(files)) == len(RULES)


def raised_codes() -> set[str]:
    codes: set[str] = set()
    for path in (ROOT / "jitlint").rglob("*.py"):
        if path.name not in ("config.py", "registry.py", "cli.py"):
            codes.update(re.findall(r"""["'](JIT\d{3})["']""", path.read_text(encoding="utf-8")))
    return codes


def test_what_is_raised_has_a_file() -> None:
    assert raised_codes() - {rule.code for rule in RULES} == set()


def test_what_has_a_file_is_raised() -> None:
    assert {rule.code for rule in RULES} - raised_codes() == set()
