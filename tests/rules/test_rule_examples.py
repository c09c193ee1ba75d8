"""Every rule's file: its form, and its examples put to jitlint and (marker `torch`) to the installed compiler.

A bad example is rejected by both with the rule's message, on the line that ``# error: JITnnn`` marks (where the compiler
names a line at all); one fenced as ``python bad crash`` brings the compiler itself down. A good one passes both. A rule of lesser severity marks what compiles and still deserves a word. What is compiled is the function `entry` or
the class `Entry`; examples of tracing (JIT801 to JIT839) run as they stand.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from jitlint.config import Settings
from jitlint.findings import registry
from jitlint.findings.model import Finding
from jitlint.findings.registry import Example, Rule
from jitlint.runner import check

ROOT = Path(__file__).parents[2]
TORCH = "2.13.0"
OLD_TORCH = "1.1.0"  # for rules that no longer hold
PREFIX = "import torch\nfrom torch import Tensor, nn\nimport torch.nn.functional as F\nfrom typing import *\n"
OFFSET = PREFIX.count("\n")
KEYS = {"code", "name", "severity", "fix", "torch", "torch-message", "torch-line", "help", "default"}
WITHOUT_EXAMPLES = {"JIT902", "JIT904", "JIT905", "JIT920", "JIT921"}  # of files and configurations, not of programs


@dataclass(frozen=True)
class Case:
    """One example: `file` is its name without suffix, `program` what is checked and compiled."""

    file: str
    rule: Rule
    example: Example
    torch_version: str

    @property
    def id(self) -> str:
        return f"{self.rule.code}-{self.example.kind}-{self.example.line}"

    @property
    def program(self) -> str:
        return PREFIX + self.example.text + compile_call(self.rule, self.example.text)

    @property
    def tool(self) -> bool:
        """Whether the rule is about the run, which the compiler knows nothing of."""
        return self.rule.code.startswith("JIT9")


def compile_call(rule: Rule, text: str) -> str:
    """What puts `entry` or `Entry` to the compiler."""
    if rule.code.startswith("JIT9") or "JIT801" <= rule.code < "JIT840":
        return ""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return ""
    if any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "entry" for node in body):
        return "\n\ntorch.jit.script(entry)\n"
    classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
    if "Entry" not in classes:
        return ""
    waiting, seen = ["Entry"], set()
    while waiting:
        name = waiting.pop()
        if name.startswith(("nn.", "torch.nn.", "torch.jit.ScriptModule")):
            return "\n\ntorch.jit.script(Entry())\n"
        if name in classes and name not in seen:
            seen.add(name)
            waiting.extend(ast.unparse(base) for base in classes[name].bases)
    return "\n\ntorch.jit.script(Entry)\n"


def all_cases() -> list[Case]:
    cases = []
    for rule in registry.all_rules():
        version = TORCH if not rule.torch or TORCH in SpecifierSet(rule.torch) else OLD_TORCH
        for number, example in enumerate(registry.examples(rule)):
            cases.append(Case(f"{rule.code.lower()}_{example.kind}_{number}", rule, example, version))
    return cases


CASES = all_cases()
RULES = registry.all_rules()


def write_out(cases: Iterable[Case], folder: Path) -> None:
    """Write the cases' programs, those for one release into one folder."""
    for case in cases:
        (folder / case.torch_version).mkdir(exist_ok=True)
        (folder / case.torch_version / f"{case.file}.py").write_text(case.program, encoding="utf-8")


def found_in(cases: Iterable[Case], folder: Path) -> dict[str, list[Finding]]:
    """What jitlint finds in the cases written to a folder, by their files."""
    by_file: dict[str, list[Finding]] = {}
    for version in {case.torch_version for case in cases}:
        root = str(folder / version)
        for finding in check([root], Settings(root=root, select=("ALL",), torch_version=version)).findings:
            by_file.setdefault(Path(finding.path).stem, []).append(finding)
    return by_file


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    write_out(CASES, folder)
    return folder


@pytest.fixture(scope="session")
def findings(folder: Path) -> dict[str, list[Finding]]:
    return found_in(CASES, folder)


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


def has_message(rule: Rule, text: str) -> bool:
    """Whether the text is one that the rule's pattern describes, white space aside."""
    plain = " ".join(text.split())
    wanted = rule.torch_message
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        return re.search(wanted[1:-1], text) is not None or re.search(wanted[1:-1], plain) is not None
    return " ".join(wanted.split()) in plain


# --- the compiler -----------------------------------------------------------------------------------------------------


def answers_to(cases: Iterable[Case], folder: Path) -> dict[str, dict[str, Any]]:
    """What the installed compiler says to the cases written to a folder, by their files."""
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the examples were made with torch {TORCH}; installed is {torch.__version__}")
    paths = [str(folder / TORCH / f"{case.file}.py") for case in cases]
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "conformance" / "compiler.py"), *paths],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {Path(line["path"]).stem: line for line in lines}


@pytest.fixture(scope="session")
def answers(folder: Path) -> dict[str, dict[str, Any]]:
    return answers_to(COMPILED, folder)


COMPILED = [case for case in CASES if not case.tool and case.torch_version == TORCH]


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


def assert_named(case: Case, answer: dict[str, Any], said: str) -> None:
    """The line that the compiler names, where it names one, is the one that is marked."""
    named = re.findall(rf'{case.file}\.py", line (\d+)', answer["text"])
    lines = [str(line + OFFSET) for line, severity, _ in case.example.expected if severity == "error"]
    assert not named or set(named) & set(lines), f"not on line {lines}: {said}"


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
