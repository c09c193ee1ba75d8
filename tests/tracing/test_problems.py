"""Tracing hazards: the rules' own examples, and what must stay silent."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jitlint.findings import registry
from jitlint.project.project import Project
from jitlint.tracing.problems import trace_problems

PREAMBLE = "import torch\nfrom torch import Tensor, nn\nimport torch.nn.functional as F\nfrom typing import *\n"
EXAMPLES = [
    pytest.param(example, id=f"{code}-{number}-{example.kind}")
    for code in registry.names()
    if "JIT801" <= code < "JIT840"
    for number, example in enumerate(registry.examples(registry.rule(code)))
]


def problems(tmp_path: Path, text: str) -> list[tuple[int, str, str]]:
    """(line below the preamble, code, torch's message) of each problem."""
    path = tmp_path / "program.py"
    path.write_text(PREAMBLE + text, encoding="utf-8")
    project = Project([str(tmp_path)])
    found: list[tuple[int, str, str]] = []

    def report(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        found.append((node.lineno - PREAMBLE.count("\n"), code, torch_message))  # type: ignore[attr-defined]

    trace_problems(project, project.index_file(str(path)), report)
    return found


@pytest.mark.parametrize("example", EXAMPLES)
def test_rule_examples(example: registry.Example, tmp_path: Path) -> None:
    found = {(line, code) for line, code, _ in problems(tmp_path, example.text)}
    assert found == {(line, code) for line, _, code in example.expected}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    return x.shape, x.size(0)\n", []),
        ("    return ()\n", []),
        ("    if x.dim() > 1:\n        return x\n    return x * 2\n", []),
        ("    if x is None:\n        return x * 2\n    return x\n", []),
        ("    if x.dim() > 1:\n        return x, None\n    return x, x\n", []),
        ("    if x.dim() > 1:\n        raise ValueError\n", []),
        ("    yield x\n", []),
        ("    x + 1\n", [(1, "JIT801")]),
        ("    return None\n", [(2, "JIT801")]),
        ("    return x, float(x.shape[0])\n", [(2, "JIT801"), (2, "JIT812")]),
        ("    return x * 2 if x.shape[0] > 1 else x\n", [(2, "JIT811")]),
        (
            "    for y in x:\n        x = y\n    return x * 2 if x else x\n",
            [(2, "JIT813"), (4, "JIT811")],
        ),
        ("    while not x.sum() > 3 and x.any():\n        x = x * 2\n    return x\n", [(2, "JIT811"), (2, "JIT811")]),
        ("    n = 1\n    for i in range(3):\n        n = x.sum()\n    if n:\n        return x\n    return x * n\n", []),
        ("    a, b = x\n    return a + b\n", [(2, "JIT813")]),
        ("    return x * len(x)\n", [(2, "JIT812")]),
        ("    def inner(y):\n        return None\n    return x * 2\n", []),
        ("    random = x\n    return random * 2\n", []),
        ("    if x.dim() > 1:\n        return x\n    return x * random.random()\n", []),
        ("    f = lambda y: None\n    return f(x) or x\n", []),
    ],
)
def test_bodies(body: str, expected: list[tuple[int, str]], tmp_path: Path) -> None:
    text = f"def entry(x):\n{body}\nimport random\ntorch.jit.trace(entry, torch.ones(2))\n"
    assert sorted((line, code) for line, code, _ in problems(tmp_path, text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "def entry(x):\n    return x, None\nmodel.trace(entry, torch.ones(2))\n",
        "def entry(x):\n    return x, None\ntrace = print\ntrace(entry, torch.ones(2))\n",
        "def entry(x):\n    return x, 1\nif x:\n    entry = print\ntorch.jit.trace(entry, torch.ones(2))\n",
        "@decorated\ndef entry(x):\n    return x, 1\ntorch.jit.trace(entry, torch.ones(2))\n",
        "def entry(x):\n    return x, 1\ntorch.jit.trace(wrap(entry), torch.ones(2))\n",
        "def entry(*xs):\n    return xs\ntorch.jit.trace(entry, *inputs, **options)\n",
        "torch.jit.trace()\ntorch.jit.trace(*a)\ntorch.jit.trace_module(m, inputs)\ntorch.jit.trace(f)\n",
        "class M(nn.Module):\n    def forward(self, x):\n        return x\ntorch.jit.trace(M(), **options)\n",
        "class M(nn.Module):\n    def forward(self, **x):\n        return x['y']\n"
        "torch.jit.trace(M(), example_kwarg_inputs={'y': torch.ones(2)})\n",
        "class M(nn.Module):\n    def forward(self, x):\n        return x\ntorch.jit.trace(M().forward, torch.ones(2))\n",
        "W = torch.ones(2, requires_grad=True)\nW.requires_grad_(False)\n"
        "def entry(x):\n    return x * W\ntorch.jit.trace(entry, torch.ones(2))\n",
        "class M(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.d = nn.Dropout()\n"
        "    def forward(self, x):\n        return self.d(x)\nm = M()\nm.eval()\ntorch.jit.trace(m, torch.ones(2))\n",
    ],
)
def test_silent(text: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text) == []


def test_the_type_of_untraceable_inputs_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, "def entry(x, n):\n    return x\ntorch.jit.trace(entry, (torch.ones(2), 1))\n")
    assert [(line, code) for line, code, _ in found] == [(3, "JIT802")]
    assert found[0][2].startswith("Type 'Tuple[Tensor, int]' cannot be traced.")


def test_a_place_is_reported_once(tmp_path: Path) -> None:
    text = "def entry(x):\n    return x, None\n" + "torch.jit.trace(entry, torch.ones(2))\n" * 2
    assert len(problems(tmp_path, text)) == 1
