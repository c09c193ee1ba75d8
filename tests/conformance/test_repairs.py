"""The catalogue's programs, fixed: none gets worse, and the compiler takes what jitlint calls repaired."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import TORCH, programs
from repairs import ask, meanings, outcomes

SHARE = 0.40  # of the bad programs
# Repaired so that they compute something else in Python: what was written cannot have been meant.
CHANGED = {
    "emitter/annotation-mismatch-tensor-for-int.bad": "a Tensor, annotated as an int: becomes one",
    "emitter/enumerate-used-as-value.bad": "an iterator that is returned: the list of what it gives",
    "emitter/invert-bool.bad": "`~` of a bool, which is never false: `not`",
    "resolve/dim-compared-uncalled.bad": "a method compared with a number: its result",
    "resolve/set-tensor-data.bad": "`x.data = y`, of any shape: copied into it, which takes the same shape",
    "resolve/dtype-equals-string.bad": "a dtype compared with a text, which is never true: the dtype",
}


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
    repaired = {one.program.id: one for one in bad if one.repaired}
    assert len(repaired) >= SHARE * len(bad)
    means = meanings(list(repaired.values()), tmp_path)
    assert sorted(name for name, what in means.items() if what == "different") == sorted(CHANGED)
    assert sum(what == "same" for what in means.values()) > 0.8 * len(repaired)
