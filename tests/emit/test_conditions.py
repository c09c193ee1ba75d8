"""Which conditions leave an arm out, and what is said of arms that hang on values nobody can resolve: each verdict is the
compiler's (torch 2.13), which the second test asks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Check = Callable[[str], list[tuple[str, str]]]

ENTRY = """
class Colour(enum.Enum):
    RED = 1
    BLUE = 2

class Entry(nn.Module):
    flag: Final[bool]
    number: Final[int]
    def __init__(self, colour: Colour, given):
        super().__init__()
        self.colour = colour
        self.flag, self.number, self.text, self.none = False, 4, "s", None
        self.pair, self.table = (False, True), {"a": 1}
        self.some = nn.ModuleList([nn.ReLU()])
        self.named = nn.ModuleDict({"a": nn.ReLU()})
        self.register_buffer("given", given)
    def forward(self, x: Tensor):
        rows, columns = self.given.shape
        if CONDITION:
            return x.no_such_method()
        return x
"""
BUILT = "Entry(Colour.RED, torch.ones(2, 3))"
COMPILED = [
    "self.colour == Colour.RED",
    "self.colour != Colour.RED or rows == 7",
    "rows >= columns and rows % 2 == 1",
    "rows + 1 > 7",
    "self.number == 3",
    "self.number - 4",
    "self.text in ('q', 'r')",
    "'z' in self.named",
    "len(self.some) > 7",
    "self.flag == True",
    "self.flag & True",
    "self.pair[0]",
    "not self.flag",
    "self.none is None",
]
LEFT_OUT = ["self.flag", "self.flag and rows > 1", "bool(self.flag)", "self.none is not None", "False"]


@pytest.mark.parametrize("condition", COMPILED)
def test_what_an_operator_gives_is_no_constant(check: Check, condition: str) -> None:
    assert [code for code, _ in check(ENTRY.replace("CONDITION", condition))] == ["JIT309"]


@pytest.mark.parametrize("condition", LEFT_OUT)
def test_constants_leave_an_arm_out(check: Check, condition: str) -> None:
    assert check(ENTRY.replace("CONDITION", condition)) == []


@pytest.mark.torch
@pytest.mark.parametrize("condition", [*COMPILED, *LEFT_OUT])
def test_the_compiler_agrees(condition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from emit.conftest import PRELUDE

    (tmp_path / "asked.py").write_text(PRELUDE + ENTRY.replace("CONDITION", condition))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "asked", raising=False)
    import asked  # type: ignore[import-not-found]

    module = eval(BUILT, {**vars(asked)})
    if condition in LEFT_OUT:
        torch.jit.script(module)
    else:
        with pytest.raises(RuntimeError, match="no_such_method"):
            torch.jit.script(module)
