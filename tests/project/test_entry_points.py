"""Which units a file has."""

from __future__ import annotations

import textwrap

import pytest

from jitlint.project.entry_points import EntryPoint, entry_points

from .conftest import MakeProject

HEAD = "import torch, functools\nfrom torch import nn\n"


def points(make: MakeProject, text: str, scope: str = "all", **more: object) -> list[EntryPoint]:
    calls = more.get("script_calls", ())
    project = make({**OTHER, "main.py": HEAD + textwrap.dedent(text)}, call_names=calls)
    index = project.module("main")
    assert index is not None
    return entry_points(project, index, scope=scope, **more)  # type: ignore[arg-type]


def units(make: MakeProject, text: str, scope: str = "all", **more: object) -> list[str]:
    return [f"{point.kind} {point.qualname}" for point in points(make, text, scope, **more)]


OTHER = {
    "lib.py": HEAD
    + textwrap.dedent(
        """
        class Net(nn.Module):
            def forward(self, x): ...
        class Plain: ...
        def free(x): ...
        def make(flag):
            if flag:
                net = Net()
                return net
            return None
        def maybe_script(f):
            if flag:
                return torch.jit.script(f)
            return f
        compiled = torch.jit.script if flag else lambda f: f
        """
    )
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@torch.jit.script\ndef f(x): ...", ["function f"]),
        ("from torch.jit import script as s\n@s\ndef f(x): ...", ["function f"]),
        ("script = torch.jit.script\n@script\ndef f(x): ...", ["function f"]),
        ("@torch.jit.script_if_tracing\ndef f(x): ...", ["function f"]),
        ("@functools.partial(torch.jit.script, _rcb=None)\ndef f(x): ...", ["function f"]),
        ("from lib import maybe_script\n@maybe_script\ndef f(x): ...", ["function f"]),
        ("from lib import compiled\n@compiled\ndef f(x): ...", ["function f"]),
        ("@torch.jit.script\nclass C: ...", ["class C"]),
        ("@torch.jit.interface\nclass C: ...", ["class C"]),
        ("@torch.jit.export\ndef f(x): ...", []),
        ("@torch.jit.ignore\ndef f(x): ...", []),
        ("def f(x): ...\ng = torch.jit.script(f)", ["function f"]),
        ("def f(x): ...\ng = torch.jit.script(obj=f)", ["function f"]),
        ("def f(x): ...\nif __name__ == '__main__':\n    torch.jit.script(f)", ["function f"]),
        ("def f(x): ...\ndef test():\n    return torch.jit.script(f)", ["function f"]),
        ("def test():\n    @torch.jit.script\n    def f(x): ...", ["function test.<locals>.f"]),
        ("def test():\n    class C: ...\n    torch.jit.script(C)", ["class test.<locals>.C"]),
        ("class C: ...\ntorch.jit.script(C())", ["class C"]),
        ("import lib\ntorch.jit.script(lib.free)", ["function free"]),
        ("import lib\ntorch.jit.script(lib.make(1).eval())", ["module Net"]),
        ("import lib\nnet = lib.Net()\nnet.eval()\ntorch.jit.script(net)", ["module Net"]),
        ("import lib\ntorch.jit.script(nn.Sequential(lib.Net(), nn.ReLU()))", ["module Net"]),
        ("import lib\nfor net in [lib.Net()]:\n    torch.jit.script(net)", ["module Net"]),
        ("import lib\nfor n, net in [('a', lib.Net())]:\n    torch.jit.script(net)", ["module Net"]),
        ("class A(nn.Module):\n    class B(nn.Module): ...", ["module A", "module A.B"]),
        ("def f():\n    class A(nn.Module): ...", ["module f.<locals>.A"]),
        ("class A(Exception): ...\nclass B: ...\ndef f(): ...", []),
        ("from other import script\n@script\ndef f(x): ...", []),
        ("import lib\nclass A(lib.Net): ...\ntorch.jit.script(A)", ["module A"]),
    ],
)
def test_units(make: MakeProject, text: str, expected: list[str]) -> None:
    assert units(make, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A(nn.Module): ...", []),
        ("class A(nn.Module): ...\ntorch.jit.script(A())", ["module A"]),
        ("class A(nn.Module): ...\nclass B(nn.Module): ...\nb = B()\ntorch.jit.script(b)", ["module B"]),
        ("@torch.jit.script\ndef f(x): ...", ["function f"]),
    ],
)
def test_reachable(make: MakeProject, text: str, expected: list[str]) -> None:
    assert units(make, text, "reachable") == expected


def test_settings(make: MakeProject) -> None:
    text = "import lib\ndef f(x): ...\ndef g(x): ...\nself.checkScript(f)\nlib.jit.compile(g)\nclass A(nn.Module): ..."
    assert units(make, text, "reachable") == []
    assert units(make, text, "reachable", script_calls=["checkScript"]) == ["function f"]
    assert units(
        make, "from e3nn.util.jit import script\n@script\ndef f(x): ...", script_calls=["e3nn.util.jit.script"]
    ) == ["function f"]
    assert units(make, text, "reachable", wanted=["main:g", "main:A", "lib:Net"]) == ["function g", "module A"]


def test_flags(make: MakeProject) -> None:
    text = """
    import abc
    from unknown import Base
    class Abstract(nn.Module):
        def forward(self, x):
            '''Text.'''
            raise NotImplementedError("no")
    class Marked(nn.Module):
        @abc.abstractmethod
        def forward(self, x): ...
    class Inherits(Abstract): ...
    class Empty(nn.Module): ...
    class Real(Abstract):
        def forward(self, x): return x
    class Head(nn.Linear): ...
    class Old(torch.jit.ScriptModule):
        @torch.jit.script_method
        def forward(self, x): return x
    class Maybe(Base):
        def forward(self, x): return x
    class Other(Base): ...
    """
    found = {point.qualname: point for point in points(make, text)}
    assert {name for name, point in found.items() if point.abstract} == {"Abstract", "Marked", "Inherits", "Empty"}
    assert {name for name, point in found.items() if point.script_module} == {"Old"}
    assert {name for name, point in found.items() if point.unresolved} == {"Maybe"}
    assert "Other" not in found
    assert found["Real"].line == 15
