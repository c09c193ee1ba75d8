"""Overloaded functions and methods, class methods, autograd functions: each verdict is the compiler's (torch 2.13)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Check = Callable[[str], list[tuple[str, str]]]

FUNCTION = """\
@torch.jit._overload
def pick(x, y):
    # type: (Tensor, str) -> Tensor
    pass
@torch.jit._overload
def pick(x, y):
    # type: (Tensor, Optional[Tensor]) -> int
    pass
def pick(x: Tensor, y: Union[Optional[Tensor], str] = "no"):
    if isinstance(y, str):
        return x
    else:
        return 1
"""
METHOD = """\
class Entry(nn.Module):
    @torch.jit._overload_method
    def pick(self, x):
        # type: (List[Tensor]) -> Tensor
        pass
    @torch.jit._overload_method
    def pick(self, x):
        # type: (Tensor) -> Tensor
        pass
    def pick(self, x) -> Tensor:
        if isinstance(x, Tensor):
            return x
        return x[0]
"""
CLASS = """\
class Pair:
    def __init__(self, x: Tensor):
        self.x = x
    @classmethod
    def made(cls, x: Tensor) -> "Pair":
        return {body}
"""
AUTOGRAD = """\
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, *rest):
        import os
        return x * 2
"""
ACCEPTED = {
    "the declaration's types": FUNCTION + "def entry(x: Tensor):\n    a: int = pick(x, x)\n    return pick(x, 'a'), a",
    "the default is that of the declaration it fits": FUNCTION + "def entry(x: Tensor):\n    return pick(x).relu()",
    "a method": METHOD + "    def forward(self, x: Tensor):\n        return self.pick(x) + self.pick([x, x])",
    "a class method, whose first line is cls = Pair": CLASS.format(body="cls(x)")
    + "def entry(x: Tensor, y: Optional[Pair] = None):\n    return x",
    "an autograd function": AUTOGRAD
    + "def entry(x: Tensor):\n    a, b = Twice.apply(x, 3, None)\n    return Twice.apply(a) + b.relu()",
    "a loop over what is not known": """\
class Entry(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.last = nn.ReLU()
    def forward(self, x: Tensor):
        y = None
        for layer in self.layers:
            if y is None:
                y = layer(x)
        return self.last(y)
""",
    "a constant of torch's base": """\
class Entry(nn.MaxPool2d):
    def __init__(self, kernel_size: int = 3, return_indices: bool = False):
        super().__init__(kernel_size, return_indices=return_indices)
    def forward(self, x: Tensor):
        return F.max_pool2d(x, self.kernel_size, return_indices=self.return_indices)
""",
    "__prepare_scriptable__ gives what is compiled": """\
class Old(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.size = size
    def forward(self, x: Tensor):
        return x * self.size
class Entry(nn.Module):
    _old = Old
    def __init__(self, size: int = 3):
        super().__init__()
        self.size = size
    def __prepare_scriptable__(self):
        common = nn.Module().__dict__.keys()
        return self._old(**{k: v for k, v in self.__dict__.items() if not k.startswith("_") and k not in common})
    def forward(self, *inputs):
        return inputs
""",
}
REJECTED = {
    "one declaration fails": (
        FUNCTION.replace("return 1", "return undefined") + "def entry(x: Tensor):\n    return pick(x, 'a')",
        "JIT301",
    ),
    "a method's declaration fails, called or not": (
        METHOD.replace("return x[0]", "return x") + "    def forward(self, x: Tensor):\n        return x",
        "JIT208",
    ),
    "a subclass of another name has no overloads": (
        METHOD.replace("Entry", "Base")
        + "class Entry(Base):\n    def forward(self, x: Tensor):\n        return self.pick([x])",
        "JIT303",
    ),
    "a class method's body": (
        CLASS.format(body="self") + "def entry(x: Tensor, y: Optional[Pair] = None):\n    return x",
        "JIT301",
    ),
    "what an autograd function gives is a Tensor": (
        AUTOGRAD + "def entry(x: Tensor):\n    return Twice.apply(x).foo()",
        "JIT309",
    ),
    "the modules of a list whose length is not known": (
        """\
class Layer(nn.Module):
    def forward(self, x: Tensor):
        return undefined
class Entry(nn.Module):
    def __init__(self, depth: int = 2):
        super().__init__()
        self.parts = nn.ModuleList([Layer() for _ in range(int(str(depth).strip()))])
    def forward(self, x: Tensor):
        return x
""",
        "JIT301",
    ),
    "what __prepare_scriptable__ gives": (
        ACCEPTED["__prepare_scriptable__ gives what is compiled"].replace("x * self.size", "x.foo(self.size)"),
        "JIT309",
    ),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(check: Check, name: str) -> None:
    assert check(ACCEPTED[name]) == []


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(check: Check, name: str) -> None:
    program, code = REJECTED[name]
    assert code in [found for found, _ in check(program)]


@pytest.mark.torch
@pytest.mark.parametrize("name", [*ACCEPTED, *REJECTED])
def test_the_compiler_says_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    import torch

    from .conftest import PRELUDE

    program = ACCEPTED.get(name) or REJECTED[name][0]
    if "layers" in program:
        program += "made = Entry(nn.ModuleList([nn.ReLU()]))"
    elif "class Entry" in program:
        program += "\nmade = Entry()"
    else:
        program += "\nmade = entry"
    path = tmp_path / "program.py"
    path.write_text(PRELUDE + program, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "program", module)
    spec.loader.exec_module(module)
    if name in ACCEPTED:
        torch.jit.script(module.made)
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011
            torch.jit.script(module.made)
