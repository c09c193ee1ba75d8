"""The fix that corrects a return annotation is applied only where Python, too, returns what it then says (JIT208).

Each program is a signature, a body and arguments for it. What is `sure` is a fix; the rest is shown to people only.
"""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

from jitlint.config import Settings
from jitlint.findings.model import Finding
from jitlint.runner import check

HEAD = (
    "import math\nimport torch\nfrom torch import Tensor\nfrom typing import Dict, List, Optional, Tuple\n"
    "@torch.jit.ignore\ndef anything(x):\n    return 'a'\ndef plain(x: float):\n    return round(x)\n"
    "def told(x: float) -> Tuple[float, float]:\n    return x, x\n"
)
SURE = [
    ("a: int, b: int) -> int", "return a / b", "4, 2"),
    ("a: float) -> int", "return a // 2", "1.5"),
    ("a: int, b: float) -> int", "return a % b", "1, 1.5"),
    ("a: int, b: float) -> int", "c = a\n    c += 1\n    return c, c * b", "1, 1.5"),
    ("x: Tensor) -> Tensor", "return x.shape[0], x.dim()", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "y = torch.relu(x) + 1\n    return y, y.sum()", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "a, b = x.chunk(2)\n    return a, b", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "ys = [y + 1 for y in x.unbind()]\n    return ys", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "for i, y in enumerate(x):\n        return i, y\n    return 0, x", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "return x.device, x.is_cuda", "torch.ones(2)"),
    ("x: Tensor) -> Tensor", "if x.dim() == 0:\n        return None\n    return x", "torch.tensor(1)"),
    ("x: str) -> int", "return x.partition(',')", "'a,b'"),
    ("d: Dict[str, int]) -> int", "xs = [(k, v) for k, v in d.items()]\n    return xs", "{'a': 1}"),
    ("a: bool, b: bool, x: Tensor) -> Tensor", "return a or b, x", "True, False, torch.ones(1)"),
    ("xs: List[int]) -> Tensor", "return sorted(xs), max(xs[0], 1), sum(xs)", "[2, 1]"),
    ("x: float) -> Tensor", "return told(x)", "1.0"),
    ("x: float) -> Tensor", "y = math.floor(x), -x, not x\n    return y", "1.0"),
    ("x: Tensor) -> Tensor", "ys = []\n    for y in x:\n        ys.append(y)\n    return ys", "torch.ones(2)"),
]
UNSURE = [
    ("x: float) -> int", "return round(x)", "1.5"),
    ("x: float) -> int", "y = round(x)\n    return y", "1.5"),
    ("x: float) -> int", "return plain(x)", "1.5"),
    ("n: int) -> int", "return n ** 2 + 1", "3"),
    ("a: int, b: float) -> int", "return min(a, b)", "1, 2.0"),
    ("x: Tensor) -> Tuple[Tensor, Tensor]", "return x.chunk(2)", "torch.ones(4)"),
    ("x: Tensor) -> Tensor", "y = torch.unbind(x)\n    return y", "torch.ones(4)"),
    ("x: Tensor) -> Tensor", "return x.size()", "torch.ones(4)"),
    ("x: Tensor) -> Tensor", "return x.shape[1:]", "torch.ones(4)"),
    ("x: Tensor) -> str", "return x.dtype", "torch.ones(4)"),
    ("d: Dict[str, int]) -> Tensor", "return d.keys()", "{'a': 1}"),
    ("x: Tensor) -> str", "y = anything(x)\n    return y", "torch.ones(4)"),
    ("x) -> Tensor", "return x, x", "'a'"),
    ("x) -> Tensor", "y = x\n    return y, 1", "'a'"),
]


def program(parts: tuple[str, str, str], number: int) -> str:
    return f"@torch.jit.script\ndef f{number}({parts[0]}:\n    {parts[1]}\n"


def annotated(folder: Path, programs: list[tuple[str, str, str]]) -> list[Finding]:
    """What is found in each of the programs, each once."""
    path = folder / "net.py"
    path.write_text(HEAD + "".join(program(parts, number) for number, parts in enumerate(programs)))
    settings = Settings(root=str(folder), torch_version="2.13.0", ignore=("JIT7",))
    found = check([str(path)], settings, fixes=True).findings
    lines = path.read_text().splitlines()
    starts = [number for number, line in enumerate(lines, 1) if line.startswith("def f") and line[5].isdigit()]
    return [
        next(one for one in found if start < one.span.line < end and one.code == "JIT208")
        for start, end in zip(starts, [*starts[1:], len(lines) + 2], strict=True)
    ]


def test_what_python_returns_too_is_a_fix(tmp_path: Path) -> None:
    for parts, one in zip(SURE, annotated(tmp_path, SURE), strict=True):
        assert one.fix is not None, parts
        assert (one.fix.applicability, one.fix.description[:8]) == ("unsafe", "Annotate"), (parts, one.fix)


def test_what_python_may_not_return_is_shown_only(tmp_path: Path) -> None:
    for parts, one in zip(UNSURE, annotated(tmp_path, UNSURE), strict=True):
        assert one.fix is None or one.fix.applicability == "display", (parts, one.fix)


@pytest.mark.parametrize(
    ("decorator", "applicability"),
    [
        ("", "unsafe"),
        ("@torch.no_grad()", "unsafe"),
        ("@torch.jit.export", "unsafe"),
        ("@documented", "display"),
        ("@torch.no_grad()\n    @documented", "display"),
    ],
)
@pytest.mark.parametrize("before", ["Tensor", "Tuple"])
def test_what_a_decorator_may_read_is_shown_only(
    tmp_path: Path, decorator: str, applicability: str, before: str
) -> None:
    """Such a decorator may fail at import, where it does not know what the annotation then names."""
    path = tmp_path / "net.py"
    path.write_text(
        "import torch\nfrom typing import Tuple\nfrom torch import nn, Tensor\n\n\n"
        "def documented(method):\n    method.doc = str(method.__annotations__)\n    return method\n\n\n"
        f"class A(nn.Module):\n    {decorator}\n    def forward(self, x: Tensor) -> {before}:\n        return x, x\n"
    )
    found = check([str(path)], Settings(root=str(tmp_path), torch_version="2.13.0", ignore=("JIT7",)), fixes=True)
    (fix,) = [one.fix for one in found.findings if one.code in ("JIT208", "JIT531")]
    assert fix is not None
    assert fix.applicability == applicability


def test_an_end_without_return_is_no_result(tmp_path: Path) -> None:
    parts = ("x: Tensor, c: bool) -> Tensor", "if c:\n        return 1", "torch.ones(1), False")
    (one,) = annotated(tmp_path, [parts])
    assert one.fix is not None
    assert one.fix.applicability == "display"


def test_what_only_some_configurations_return_is_shown_only(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(
        "from torch import nn, Tensor\nclass A(nn.Module):\n    def __init__(self, both):\n        super().__init__()\n"
        "        self.both = both\n    def forward(self, x: Tensor) -> Tensor:\n        if self.both is None:\n"
        "            return x, x\n        return x, x\n"
    )
    found = check([str(path)], Settings(root=str(tmp_path), torch_version="2.13.0"), fixes=True).findings
    under = [one for one in found if one.code == "JIT208" and one.condition is not None]
    assert under
    assert all(one.fix is None or one.fix.applicability == "display" for one in under)


@pytest.mark.torch
def test_python_returns_what_the_fix_says(tmp_path: Path) -> None:
    """The programs' own claim: of the sure ones, and of the others."""
    import torch

    for programs, sure in ((SURE, True), (UNSURE, False)):
        found = annotated(tmp_path, programs)
        for number, (parts, one) in enumerate(zip(programs, found, strict=True)):
            text = HEAD + program(parts, number).replace("@torch.jit.script\n", "")
            if one.fix is None:
                continue
            new = one.fix.description.split("`")[1]
            names: dict[str, object] = {}
            signature = parts[0].partition(") -> ")[2]
            exec(text.replace(f") -> {signature}:\n", f") -> {new}:\n"), names)
            function = names[f"f{number}"]
            assert callable(function)
            value = function(*eval(f"[{parts[2]}]", {"torch": torch}))
            assert fits(value, typing.get_type_hints(function)["return"]) is sure, (parts, new, value)


def fits(value: object, kind: object) -> bool:
    """Whether a value is of the type that an annotation names."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        return any(fits(value, part) for part in parts)
    if origin is list:
        return type(value) is list and all(fits(one, parts[0]) for one in value)
    if origin is tuple:
        return (
            isinstance(value, tuple)
            and len(value) == len(parts)
            and all(fits(one, part) for one, part in zip(value, parts, strict=True))
        )
    if origin is dict:
        return type(value) is dict and all(fits(k, parts[0]) and fits(v, parts[1]) for k, v in value.items())
    return type(value) is kind
