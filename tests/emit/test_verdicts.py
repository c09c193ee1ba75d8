"""`accepted` says that everything was seen: what hangs on something unresolved is `unknown`, and says what is missing.

Each program is checked twice: with ``U`` from a package that is not there, and with ``U`` replaced by `known`. Neither has
errors. `line` is that of the program.
"""

from __future__ import annotations

import re

import pytest

from jitlint.analysis import Session
from jitlint.findings.model import Unit

PRELUDE = "import torch, typing\nfrom typing import *\nfrom torch import Tensor, nn\n"
IMPORT = "from missing_package import U\n"
START = (PRELUDE + IMPORT).count("\n")
MODULE = (
    "class Entry(nn.Module):\n    def __init__(self):\n        super().__init__()\n        {0}\n"
    "    def forward(self, x: Tensor):\n        return {1}\n"
)
BASE = "class Base:\n    pass\n"
PART = "class Part(nn.Module):\n    def forward(self, x):\n        return x\n"
UNRESOLVED = [
    pytest.param(MODULE.format("self.f = U()", "self.f(x)"), "nn.ReLU", 6, "self.f", id="a module, called"),
    pytest.param(MODULE.format("self.f = U()", "x"), "nn.ReLU", 1, "'f' of Entry", id="a module that forward does not use"),
    pytest.param(MODULE.format("self.f = U.ones(3)", "x"), "torch", 1, "'f' of Entry", id="whatever a call gives"),
    pytest.param(MODULE.format("self.f = U.ones(3)", "x + self.f + self.f"), "torch", 6, "self.f", id="an object, read"),
    pytest.param(
        PART.replace("nn.Module", "U") + MODULE.format("self.part = Part()", "self.part(x)"),
        "nn.Module", 4, "base of Part", id="a submodule whose base is unresolved",
    ),
    pytest.param(
        MODULE.format("self.parts = nn.Sequential(nn.ReLU(), U())", "self.parts(x)"),
        "nn.ReLU", 1, "Sequential", id="a module in a container",
    ),
    pytest.param(
        MODULE.format("self.part = nn.ReLU() if torch.cuda.is_available() else U()", "self.part(x)"),
        "nn.Tanh", 1, "'part' of Entry", id="one of two modules",
    ),
    pytest.param(
        MODULE.format("self.f = U(3)", "x + self.f").replace("    def __init__", "    __constants__ = ['f']\n    def __init__"),
        "int", 7, "'f' of Entry", id="a constant, read",
    ),
    pytest.param(
        "class Outer(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.inner = Inner()\n"
        "    def forward(self, x: Tensor):\n        return x\n"
        + MODULE.format("self.f = U()", "x").replace("Entry", "Inner"),
        "nn.ReLU", 7, "'f' of Inner", id="a submodule's submodule",
    ),
    pytest.param(
        MODULE.format("setattr(self, U.name, nn.ReLU())", "x").replace("U.name", "U()"),
        "str", 1, "computed", id="a submodule of unknown name",
    ),
    pytest.param(
        f"{BASE}class Box(U):\n    def __init__(self, n: int):\n        self.n = n\n"
        "def entry(x: Tensor):\n    return x * Box(3).n\n",
        "object", 7, "Box", id="an object of a class whose base is unresolved",
    ),
    pytest.param(
        "class Box:\n    @U\n    def __init__(self, n: int):\n        self.n = n\n"
        "def entry(x: Tensor):\n    box = Box(3)\n    return x\n",
        "typing.final", 3, "__init__", id="a constructor that is decorated",
    ),
    pytest.param(
        "class Holder:\n    def __init__(self):\n        self.n = 1\n    f = U\ndef entry(x: Tensor):\n    return Holder.f(x)\n",
        "nn.functional.relu", 6, "Holder.f", id="what a class holds",
    ),
    pytest.param("def entry(x: U):\n    return x\n", "int", 1, "type `U`", id="a parameter's type"),
    pytest.param("def entry(x: List[U]):\n    return x\n", "int", 1, "type `List[U]`", id="a part of a parameter's type"),
    pytest.param(
        "def make(x: Tensor) -> U:\n    return x\ndef entry(x: Tensor):\n    return make(x)\n",
        "Tensor", 1, "type `U`", id="a result's type",
    ),
    pytest.param(
        "@torch.jit.ignore\ndef back(x: U) -> U:\n    return x\ndef entry(x: Tensor):\n    back(x)\n    return x\n",
        "Tensor", 5, "'back'", id="the types of what is called back",
    ),
    pytest.param(
        MODULE.format("self.n = 3", "x").replace("    def __init__", "    n: U\n    def __init__", 1),
        "int", 2, "type `U` of 'n'", id="an attribute's type",
    ),
    pytest.param("def entry(x: Tensor):\n    y: U = x\n    return y\n", "Tensor", 2, "type `U`", id="a local's type"),
    pytest.param(
        "class Pair(NamedTuple):\n    first: Tensor\n    second: U\ndef entry(x: Tensor):\n    return Pair(x, x)\n",
        "Tensor", 5, "Pair", id="a field's type",
    ),
]  # fmt: skip


def unit(program: str) -> Unit:
    """The last unit of a program without errors: what is compiled last pulls the others in."""
    path = "/verdicts/program.py"
    session = Session(roots=["/verdicts"], entry_points=("program:entry",), overlay={path: PRELUDE + program})
    report = session.check_file(path)
    assert not [one for one in report.findings if one.severity == "error"]
    names = ("entry", "Entry", "Outer")
    return next(one for one in report.units if one.qualname in names)


@pytest.mark.parametrize(("text", "known", "line", "what"), UNRESOLVED)
def test_unresolved_is_unknown(text: str, known: str, line: int, what: str) -> None:
    found = unit(f"{IMPORT}{text}")
    assert found.verdict == "unknown"
    assert len([one for one in found.unknown if one.line == START + line and what in one.reason]) == 1, found.unknown
    assert unit("\n" + re.sub(r"\bU\b", known, text)).verdict == "accepted"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("self.f = f", id="an argument"),
        pytest.param("self.f = f()", id="what an argument makes"),
        pytest.param("self.f = torch.max(torch.ones(3), 0)[0]", id="what an operator gives"),
        pytest.param("self.f = nn.ReLU() if f else nn.Tanh()", id="one of two modules"),
        pytest.param("self.f = CHOICE[f](3)", id="what a choice of its makes"),
        pytest.param("self.register_buffer('f', CHOICE.call())", id="a buffer, which is a tensor or None"),
        pytest.param("self.add_module(str(f), nn.ReLU()); self.f = f", id="a module whose name is computed"),
        pytest.param("self.f = torch.jit.script(nn.ReLU())", id="what is compiled already"),
        pytest.param("self.f = torch.float32", id="a constant of torch"),
    ],
)
def test_what_the_caller_decides_is_no_gap(text: str) -> None:
    program = MODULE.format(text, "self.f").replace("__init__(self)", "__init__(self, f)", 1)
    assert unit(program.replace("return self.f", "self.f\n        return x")).verdict == "accepted"


def test_a_call_back_into_python_is_unknown() -> None:
    program = "class Box:\n    def __call__(self, x):\n        return x\nbox = Box()\ndef entry(x: Tensor):\n    return box(x)\n"
    found = unit(program)
    assert (found.verdict, [one.line for one in found.unknown]) == ("unknown", [9])
    assert "'Box'" in found.unknown[0].reason


def test_what_torchs_modules_import_from_typing_is_that() -> None:
    program = "from torch.jit.annotations import List as Several\ndef entry(x: Several[int]) -> int:\n    return x[0]\n"
    assert unit(program).verdict == "accepted"
    assert unit(program.replace("List", "Nothing")).verdict == "unknown"


def test_an_operator_that_torch_has_as_a_packet_is_called() -> None:
    program = (
        "def entry(x: Tensor, hx: Tensor, parts: List[Tensor]):\n"
        "    return torch.quantized_gru(x, hx, parts, True, 1, 0.1, False, False, False)[0]\n"
    )
    assert unit(program).verdict == "accepted"
