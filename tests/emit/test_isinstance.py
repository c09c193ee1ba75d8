"""Classes that ``isinstance`` tests for: the compiler takes them for types, and compiles them where it can. Each verdict is
the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jitlint.analysis import Session

PRELUDE = "import torch\nfrom typing import *\nfrom torch import Tensor, nn\nfrom library import C\n"
ENTRY = "def entry(\n    x: Tensor,\n    y: int,\n):\n    z = y\n    if isinstance(x, {0}):\n        return 1\n    return 2\n"
LINE = PRELUDE.count("\n") + 6
INIT = "    def __init__(self, n: int):\n        self.n = n\n"


def said(library: str, tested: str = "C", more: Mapping[str, str] | None = None) -> tuple[str, list[tuple[str, int]]]:
    """The verdict on `ENTRY`, and the code and line of what is found, with a class `C` of an installed package."""
    overlay = {
        "/isinstance/program.py": PRELUDE + ENTRY.format(tested),
        "/installed/library.py": library,
        **(more or {}),
    }
    session = Session(
        roots=["/isinstance"], environment=["/installed"], entry_points=("program:entry",), overlay=overlay
    )
    report = session.check_file("/isinstance/program.py")
    return report.units[0].verdict, [(one.code, one.span.line) for one in report.findings]


@pytest.mark.parametrize(
    "library",
    [
        pytest.param(f"class C:\n{INIT}", id="a class that compiles"),
        pytest.param("class C:\n    pass\n", id="an empty class"),
        pytest.param(f"class C(dict):\n{INIT}", id="a dict"),
        pytest.param(f"def f(self):\n    return 1\nclass C:\n    f = f\n{INIT}", id="a function in another's place"),
        pytest.param("import enum\nclass C(enum.Enum):\n    RED = 1\n", id="an enum"),
        pytest.param("from typing import NamedTuple\nclass C(NamedTuple):\n    a: int\n", id="a named tuple"),
    ],
)
def test_types(library: str) -> None:
    assert said(library) == ("accepted", [])


@pytest.mark.parametrize(
    ("library", "code"),
    [
        pytest.param("class C(list):\n    pass\n", "JIT530", id="a list"),
        pytest.param("class B(tuple):\n    pass\nclass C(B):\n    pass\n", "JIT530", id="a tuple"),
        pytest.param("class C(Exception):\n    pass\n", "JIT530", id="an exception"),
        pytest.param(f"class C:\n    f = len\n{INIT}", "JIT530", id="a builtin function in it"),
        pytest.param(f"import torch\nclass C:\n    f = torch.relu\n{INIT}", "JIT530", id="an operator in it"),
        pytest.param(f"class C:\n{INIT}    def go(self):\n        try:\n            return 1\n        finally:\n            pass\n",
                     "JIT104", id="a method that does not compile"),
        pytest.param(f"class C:\n{INIT}    def go(self, *args):\n        return args\n", "JIT510", id="star arguments"),
    ],
)  # fmt: skip
def test_no_types(library: str, code: str) -> None:
    """Found where the compiler says that it was: at the call, not at the function's first line."""
    assert said(library) == ("rejected", [(code, LINE)])
    assert said(library, "(int, C)") == ("rejected", [(code, LINE)])


@pytest.mark.parametrize(
    "library",
    [
        pytest.param("from missing_package import C\n", id="a class that is not found"),
        pytest.param(f"from missing_package import Base\nclass C(Base):\n{INIT}", id="a base that is not found"),
    ],
)
def test_what_is_not_known_is_silent(library: str) -> None:
    assert said(library) == ("unknown", [])


@pytest.mark.parametrize(
    ("stub", "verdict"),
    [
        pytest.param("class C:\n    @property\n    def size(self) -> int: ...\n", "rejected", id="a class"),
        pytest.param("import enum\nclass C(enum.Enum):\n    RED = 1\n", "unknown", id="an enum"),
        pytest.param("C = int\n", "unknown", id="an alias"),
        pytest.param("class D: ...\n", "unknown", id="another class"),
    ],
)
def test_classes_of_compiled_modules(stub: str, verdict: str) -> None:
    """What the stub beside the compiled file says to be a class is one without code of Python's: no type."""
    package = {"/installed/native/__init__.py": "", "/installed/native/inner.pyi": stub}
    compiled = {"/installed/native/inner.cpython-311-x86_64-linux-gnu.so": ""}
    library = "from native.inner import C\n"
    found = said(library, more={**package, **compiled})
    assert found == (verdict, [("JIT530", LINE)] if verdict == "rejected" else [])
    assert said(library, more=package) == ("unknown", [])


def test_classes_of_modules_are_silent() -> None:
    """They are types as soon as an instance was compiled, anywhere in the process."""
    library = "from torch import nn\nclass C(nn.Module):\n    def forward(self, x):\n        return x\n"
    assert said(library)[1] == []
    assert said(library, "nn.Module")[1] == []


def test_an_instance_of_a_sequence_is_what_it_holds() -> None:
    text = (
        "import torch\nfrom torch import nn\nclass L(list):\n    pass\nclass A(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.f = L([1])\n    def forward(self, x):\n        return x + self.f[0]\n"
    )
    path = "/isinstance/program.py"
    report = Session(roots=["/isinstance"], overlay={path: text}).check_file(path)
    assert ([one.verdict for one in report.units], report.findings) == (["accepted"], ())
