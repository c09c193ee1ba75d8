"""Hazards that definitions show. What each rule is about stands, with examples, in its file; here are its limits."""

from __future__ import annotations

import ast
import textwrap

import pytest

from jitlint.project.entry_points import entry_points
from jitlint.project.hazards import hazard_problems

from .conftest import MakeProject

HEAD = "import functools, torch\nfrom torch import nn\n"
SCRIPTED = "\ntorch.jit.script(A())\n"


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("class A(nn.Module):\n  @torch.no_grad()\n  def forward(self, x): ...", ["JIT410:4"]),
        ("class A(nn.Module):\n  @torch.no_grad()\n  def helper(self, x): ...", []),
        ("class A(nn.Module):\n  @torch.jit.export\n  @torch.no_grad()\n  def helper(self, x): ...", ["JIT410:5"]),
        ("class A(nn.Module):\n  @torch.jit.unused\n  @torch.no_grad()\n  def forward(self, x): ...", []),
        ("class A:\n  @torch.no_grad()\n  def forward(self, x): ...", []),
        ("@torch.jit.export\ndef f(x): ...", ["JIT421:3"]),
        ("class A(nn.Module): ...", []),
        ("class A(nn.Module): ..." + SCRIPTED, ["JIT422:3"]),
        ("class A(nn.Linear): ..." + SCRIPTED, []),
        ("class A(nn.Module):\n  @torch.jit.export\n  def f(self): ..." + SCRIPTED, []),
        ("class A(nn.Module):\n  @torch.jit.ignore\n  def forward(self): ..." + SCRIPTED, ["JIT422:3"]),
        ("class A(nn.Module):\n  @torch.jit.ignore(drop=True)\n  def forward(self): ...", []),
        ("class A(nn.Module):\n  __constants__ = 'n'\n  def forward(self): ...", []),
        ("class A(nn.Module):\n  __constants__ = 'no'\n  def forward(self): ...", ["JIT423:4"]),
        ("f = functools.partial(g, 1)\ntorch.jit.script(f)", ["JIT424:4"]),
        ("f = g(1)\ntorch.jit.script(f)", []),
    ],
)
def test_hazards(make: MakeProject, program: str, expected: list[str]) -> None:
    project = make({"main.py": HEAD + textwrap.dedent(program)})
    index = project.module("main")
    assert index is not None
    reports: list[str] = []

    def report(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        reports.append(f"{code}:{getattr(node, 'lineno', 0)}")

    hazard_problems(project, index, entry_points(project, index), (), report)
    assert reports == expected
