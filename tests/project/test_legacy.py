"""Legacy API by target version."""

from __future__ import annotations

import ast
import textwrap

import pytest

from jitlint.project.legacy import legacy_problems, version_tuple

from .conftest import MakeProject

BOTH = "from torch._jit_internal import weak_module, weak_script_method\nimport torch\n"
CLASS = "class A(torch.nn.Linear):\n    @weak_script_method\n    def forward(self, x): ...\n"
SHIM = """
import torch
try:
    from torch._jit_internal import weak_script_method
except ImportError:
    def weak_script_method(f): return f
"""


def found(make: MakeProject, program: str, version: str) -> list[str]:
    project = make({"main.py": textwrap.dedent(program)})
    index = project.module("main")
    assert index is not None
    reports: list[str] = []

    def report(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        assert message
        reports.append(f"{code}:{getattr(node, 'lineno', 0)}")

    legacy_problems(project, index, version, report)
    return reports


@pytest.mark.parametrize(
    ("program", "version", "expected"),
    [
        (BOTH, "2.13.0", ["JIT701:1", "JIT701:1"]),
        (BOTH, "1.2", ["JIT701:1", "JIT701:1"]),
        (BOTH, "1.1.0", []),
        (BOTH + CLASS, "1.1.0", ["JIT702:4"]),
        (BOTH + CLASS, "1.0", ["JIT702:4"]),
        (BOTH + "@weak_module\n" + CLASS, "1.1.0", []),
        ("from torch.jit import weak_module", "2.0", ["JIT701:1"]),
        ("import torch\n@torch._jit_internal.weak_script\ndef f(x): ...", "2.0", ["JIT701:2"]),
        ("import torch\n@torch._jit_internal.weak_script\ndef f(x): ...", "1.1", []),
        (SHIM, "2.13.0", []),
        (SHIM + CLASS, "2.13.0", []),
        (SHIM + CLASS, "1.1.0", ["JIT702:8"]),
        ("from torch import old\nif old:\n    from torch._jit_internal import weak_module", "2.13.0", []),
        ("from _jit_internal import weak_module", "2.13.0", []),
        ("from mine import weak_module", "2.13.0", []),
        (
            "import torch\nclass A(torch.jit.ScriptModule):\n    @torch.jit.script_method\n    def f(self): ...",
            "1.13",
            ["JIT703:3"],
        ),
        (
            "import torch\nclass A(torch.nn.Module):\n    @torch.jit.script_method\n    def f(self): ...",
            "1.13",
            ["JIT704:3"],
        ),
        (
            "import torch, x\nclass A(x.Base):\n    @torch.jit.script_method\n    def f(self): ...",
            "1.13",
            ["JIT703:3"],
        ),
        ("import torch\nclass A(torch.nn.Module):\n    __constants__ = ['a']", "2.13", ["JIT705:3"]),
        ("import torch\nclass A:\n    __constants__ = ['a']", "2.13", []),
        ("import torch\ntorch.jit.script(f)\n@torch.jit.script\ndef f(): ...", "2.13", ["JIT710:2", "JIT710:3"]),
        ("import torch\ntorch.jit.script(f)\n@torch.jit.script\ndef f(): ...", "2.4", []),
    ],
)
def test_legacy(make: MakeProject, program: str, version: str, expected: list[str]) -> None:
    assert found(make, program, version) == expected


def test_versions() -> None:
    assert version_tuple("1.13.1+cpu") == (1, 13)
    assert version_tuple("2") == (2, 0)
    assert version_tuple("nightly") == (99, 0)
