"""What hangs on something that cannot be resolved is not said; the same with the thing resolved is.

Each program is checked twice: with ``U`` from a package that is not there, and with ``U`` replaced by `known`.
"""

from __future__ import annotations

import re

import pytest

from jitlint.analysis import Session

MODULE = "class Entry(nn.Module):\n    def __init__(self):\n        super().__init__()\n        "
PROGRAMS = [
    pytest.param(
        "def entry(x: U):\n    if x is None:\n        return missing\n    return x\n",
        "Optional[int]",
        "JIT301",
        id="none test",
    ),
    pytest.param(
        "def entry(x: Union[int, Tensor, List[int]]):\n    if isinstance(x, U):\n        return missing\n    return 1\n",
        "int",
        "JIT301",
        id="isinstance, the arm",
    ),
    pytest.param(
        "def entry(x: Any):\n    if isinstance(x, U):\n        return x[0]\n    return 1\n",
        "int",
        "JIT220",
        id="isinstance, the refinement",
    ),
    pytest.param(
        "def entry(x: Tensor):\n    if U():\n        return missing(x)\n    return x\n",
        "bool",
        "JIT301",
        id="a condition",
    ),
    pytest.param(
        "def entry(x: Tensor):\n    if U():\n        return x\n    return missing(x)\n",
        "bool",
        "JIT301",
        id="after an exit",
    ),
    pytest.param(
        f"{MODULE}self.layers = U\n    def forward(self, x: Tensor):\n        for layer in self.layers:\n"
        "            y = missing(x)\n        return x\n",
        "[1]",
        "JIT301",
        id="body of a loop",
    ),
    pytest.param(
        f"{MODULE}self.layers = U\n    def forward(self, x: Tensor):\n        for i in self.layers:\n"
        "            y = x\n        return y\n",
        "[1]",
        "JIT301",
        id="names that a loop leaves",
    ),
    pytest.param(
        "def entry(x: U, cache: Optional[Tensor]) -> Tensor:\n    if cache is None:\n        cache = x\n    return cache\n",
        "Optional[Tensor]",
        "JIT208",
        id="a narrower value",
    ),
    pytest.param(
        "def total(x: int, xs: U) -> int:\n    return x\ndef entry(x: Tensor):\n    return total(1, 2, 3)\n",
        "int",
        "JIT304",
        id="the rest of the arguments in a list",
    ),
    pytest.param(
        "def entry(x: Tensor):\n    v: Union[List[U], List[str]] = [1.5]\n", "int", "JIT218", id="a member of a Union"
    ),
    pytest.param(
        "def entry(x: Tensor):\n    return U(List[int], x)\n", "torch.add", "JIT306", id="an argument that is no value"
    ),
    pytest.param(
        "class Entry(nn.Module):\n    FLAG: U = 3\n    def forward(self, x: Tensor):\n        return x * self.FLAG\n",
        "int",
        "JIT401",
        id="an annotation that may be Final",
    ),
    pytest.param(
        "@U\nclass Step(nn.Module):\n    def forward(self, x: Tensor) -> Tensor:\n        pass\n",
        "functools.total_ordering",
        "JIT209",
        id="a class that may be an interface",
    ),
    pytest.param(
        f"{MODULE}self.layers = nn.ModuleList([nn.ReLU()])\n    def forward(self, x: Tensor, i: int):\n"
        "        layer: U = self.layers[i]\n        return x\n",
        "Tensor",
        "JIT223",
        id="an index for what may be an interface",
    ),
    pytest.param(
        "@torch.jit.script\n@U\nclass Box:\n    n: int\ndef entry(x: Tensor):\n    return Box(1).n\n",
        "functools.total_ordering",
        "JIT604",
        id="a class that may be a dataclass",
    ),
    pytest.param(
        "class Color(U):\n    RED = 1\nDEFAULT = Color.RED\ndef entry(x: Tensor):\n    return x if DEFAULT == 1 else x\n",
        "object",
        "JIT306",
        id="a class that may be an enum",
    ),
    pytest.param(
        "@U\ndef pick(x: int) -> int:\n    pass\ndef pick(x):\n    return x\ndef entry(x: int) -> int:\n    return pick(x)\n",
        "torch.no_grad()",
        "JIT303",
        id="a function that may be overloaded",
    ),
    pytest.param(
        "class Entry(nn.Module):\n    @U\n    def encode(self, x: Tensor):\n        return x\ntorch.jit.script(Entry())\n",
        "torch.jit.unused",
        "JIT422",
        id="a method that may be exported",
    ),
]


PRELUDE = "import functools, torch\nfrom typing import *\nfrom torch import Tensor, nn\n"


def said(program: str) -> list[tuple[str, str]]:
    """The code and severity of everything that is found in a program, advice aside."""
    path = "/unresolved/program.py"
    wanted = ("program:entry",)
    session = Session(roots=["/unresolved"], entry_points=wanted, overlay={path: PRELUDE + program})
    return [(one.code, one.severity) for one in session.check_file(path).findings if one.severity != "info"]


@pytest.mark.parametrize(("text", "known", "code"), PROGRAMS)
def test_unresolved_is_silent(text: str, known: str, code: str) -> None:
    assert said(f"from missing_package import U\n{text}") == []
    called = text.replace("U()", "U(x)")
    assert code in [one for one, _ in said(re.sub(r"\bU\b", known, called))]


def test_what_arguments_decide_is_said_with_its_condition() -> None:
    text = (
        "class Entry(nn.Module):\n    def __init__(self, norm):\n        super().__init__()\n        self.norm = norm\n"
        "    def forward(self, x: Tensor):\n        if self.norm is not None:\n            return missing(x)\n        return x\n"
    )
    assert said(text) == [("JIT301", "warning")]
