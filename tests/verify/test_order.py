"""In which order units are verified, and what of them is left to others."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from support import WriteTree

from jitlint.config import Settings
from jitlint.runner import check
from jitlint.verify import run, unit
from jitlint.verify.attempts import WHOLE, Answer, Attempts, Part
from jitlint.verify.nodes import Worker

pytestmark = pytest.mark.torch

MODEL = """\
from torch import nn


def shared(x):
    x.first()
    return x.second()


class One(nn.Module):
    def forward(self, x):
        return x.of_one()


class Most(nn.Module):
    def forward(self, x):
        x.of_most()
        return shared(x)


class Two(nn.Module):
    def forward(self, x):
        return shared(x)
"""


def verified(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, list[Part]], set[Any]]:
    """By unit, in the order that they are begun: the parts that are compiled; and the verdicts on errors."""
    asked: dict[str, list[Part]] = {}
    verify_unit, compile_part = unit.verify_unit, Attempts.compile

    def begun(parent: Any, work: Any, *rest: Any, **named: Any) -> unit.Outcome:
        asked[work.unit.qualname] = []
        return verify_unit(parent, work, *rest, **named)

    def compiled(self: Attempts, overlay: Any = None, part: Part = WHOLE) -> Answer:
        asked[self.work.unit.qualname].append(part)
        return compile_part(self, overlay, part)

    monkeypatch.setattr(run, "verify_unit", begun)
    monkeypatch.setattr(Attempts, "compile", compiled)
    root = write_tree({"model.py": MODEL})
    settings = Settings(root=str(root))
    worker = Worker(sys.executable, str(root))
    try:
        result = run.verify(check([root], settings), settings, worker, run.Options())
    finally:
        worker.close()
    verdicts = {one.verdict for one in result.findings if one.severity == "error"}
    return asked, verdicts


def test_the_longest_begins_and_the_rest_is_inner_first(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, verdicts = verified(write_tree, monkeypatch)
    assert verdicts == {"confirmed"}
    assert list(asked) == ["Most", "One", "Two"]
    assert len(asked["Two"]) == 1  # all that it shares is confirmed by then


def test_what_is_confirmed_elsewhere_meanwhile_is_not_sought(
    write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another unit, verified at the same time, had confirmed everything between two compilations."""
    before = len(verified(write_tree, monkeypatch)[0]["Most"])
    monkeypatch.undo()
    times: list[int] = []

    def confirmed(self: Any, index: int) -> bool:
        times.append(index)
        return len(times) > 3  # of each of its findings that it has not met it is asked first when it looks for parts

    monkeypatch.setattr(run.Verdicts, "is_confirmed", confirmed)
    after = verified(write_tree, monkeypatch)[0]["Most"]
    assert 0 < len(after) < before
