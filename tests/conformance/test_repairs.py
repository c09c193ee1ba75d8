"""The catalogue's programs, fixed: none gets worse, and the compiler takes what jitlint calls repaired."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import TORCH, programs
from repairs import ask, outcomes

SHARE = 0.40  # of the bad programs


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
def test_no_program_gets_worse(unsafe: bool, tmp_path: Path) -> None:
    found = outcomes(programs()[::8], tmp_path, unsafe)
    assert {one.program.id: one.worse for one in found if one.worse} == {}
    assert sum(one.changed for one in found if one.program.kind == "bad") > 10
    assert not [one.program.id for one in found if one.changed and one.program.kind == "good" and not unsafe]


@pytest.mark.torch
def test_the_compiler_takes_what_is_repaired(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the programs are for torch {TORCH}; installed is {torch.__version__}")
    found = outcomes(programs(), tmp_path, True)
    ask(found, tmp_path)
    assert {one.program.id: one.worse for one in found if one.worse} == {}
    bad = [one for one in found if one.program.kind == "bad"]
    assert not [(one.program.id, one.said) for one in bad if one.changed and not one.left and not one.accepted]
    assert sum(one.repaired for one in bad) >= SHARE * len(bad)
