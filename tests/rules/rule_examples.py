"""The examples on the rules' pages as programs, put to jitlint and to the compiler: what their tests and scripts share."""

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
COMPILED = [case for case in CASES if not case.tool and case.torch_version == TORCH]


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


def has_message(rule: Rule, text: str) -> bool:
    """Whether the text is one that the rule's pattern describes, white space aside."""
    plain = " ".join(text.split())
    wanted = rule.torch_message
    if len(wanted) > 1 and wanted.startswith("/") and wanted.endswith("/"):
        return re.search(wanted[1:-1], text) is not None or re.search(wanted[1:-1], plain) is not None
    return " ".join(wanted.split()) in plain


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


def assert_named(case: Case, answer: dict[str, Any], said: str) -> None:
    """The line that the compiler names, where it names one, is the one that is marked."""
    named = re.findall(rf'{case.file}\.py", line (\d+)', answer["text"])
    lines = [str(line + OFFSET) for line, severity, _ in case.example.expected if severity == "error"]
    assert not named or set(named) & set(lines), f"not on line {lines}: {said}"
