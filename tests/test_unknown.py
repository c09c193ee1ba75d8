"""What cannot be resolved is no reason to complain: programs that compile stay silent with a piece of them unknown.

Every `good` and `ok` program of the catalogue is taken, and one piece of it (an annotation, an import, a constructor, a
base class ...: tests/mutants.py) replaced by something from a package that is not there. Whatever jitlint then says, it
must have said before.
"""

from __future__ import annotations

import pytest
from conformance.programs import programs
from mutants import Mutant, mutants

from jitlint.analysis import Session

EVERY = 10  # one of so many mutants is looked at in a default run
BATCH = 300  # files of one session


def findings(texts: list[str]) -> list[dict[tuple[str, int], str]]:
    """What jitlint says to each of the programs: the message of every code and line."""
    overlay = {f"/mutants/mutant_{number}.py": text for number, text in enumerate(texts)}
    said = []
    for start in range(0, len(texts), BATCH):
        part = dict(list(overlay.items())[start : start + BATCH])
        session = Session(roots=["/mutants"], overlay=part)
        for path in part:
            report = session.check_file(path)
            assert not report.errors, report.errors
            said.append({(one.code, one.span.line): one.message for one in report.findings})
    return said


def violations(texts: dict[str, str], every: int = 1, first: int = 0) -> tuple[int, list[str]]:
    """How many mutants of the programs were looked at, and a line for each finding that its program has not.

    texts: the programs by name. Mutant `first` and every `every`-th after it is looked at.
    """
    chosen: list[tuple[str, Mutant]] = []
    number = -first
    for name, text in texts.items():
        for mutant in mutants(text):
            if number % every == 0:
                chosen.append((name, mutant))
            number += 1
    names = list(dict.fromkeys(name for name, _ in chosen))
    before = dict(zip(names, findings([texts[name] for name in names]), strict=True))
    after = findings([mutant.text for _, mutant in chosen])
    found = [
        f"{name}: {mutant.what} of line {mutant.line}: {place[1]} {place[0]} {message}"
        for (name, mutant), said in zip(chosen, after, strict=True)
        for place, message in said.items()
        if place not in before[name]
    ]
    return len(chosen), found


def compiling() -> dict[str, str]:
    """The texts of the catalogue's programs that the compiler accepts."""
    return {one.id: one.path.read_text(encoding="utf-8") for one in programs() if one.kind != "bad"}


def test_a_sample_of_mutants_has_no_new_findings() -> None:
    count, found = violations(compiling(), EVERY)
    assert count > 1000
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(4))
def test_no_mutant_has_new_findings(first: int) -> None:
    count, found = violations(compiling(), 4, first)
    assert count > 2500
    assert not found, "\n".join(found)


def test_a_violation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judgement itself: what is found in a mutant and not in its program counts."""
    text = '"""A program."""\nimport torch\n\n@torch.jit.script\ndef f(x: int):\n    return x\n'
    told: list[dict[tuple[str, int], str]] = [{("JIT101", 5): "old"}, {("JIT101", 5): "old", ("JIT102", 6): "new"}]
    monkeypatch.setitem(globals(), "findings", lambda texts: told[:1] if texts == [text] else told[1:] * len(texts))
    count, found = violations({"one": text})
    assert count == 5
    assert [one.rpartition(": ")[2] for one in found] == ["6 JIT102 new"] * 5


def test_mutants_replace_each_place_once() -> None:
    text = (
        '"""A program."""\nfrom __future__ import annotations\nimport torch, os.path\nfrom torch import (nn as n,\nTensor)\n\n'
        "def f(x: list[int] = (), *, k=1) -> Tensor:\n    y: str = 'é'; return n.Linear(1, bias=k)(x)\n\n"
        "@n.deco\nclass A(n.Module):\n    def __init__(self):\n        self.a = 1\n"
    )
    made = list(mutants(text))
    assert sorted((one.line, one.what) for one in made) == [
        (3, "import"), (3, "import"), (3, "star"), (4, "import"), (4, "import"), (4, "star"), (5, "star"), (7, "annotation"),
        (7, "annotation"), (7, "default value"), (7, "default value"), (7, "part of annotation"), (8, "annotation"),
        (8, "constructor"), (8, "keyword value"), (10, "decorator"), (11, "base class"), (13, "attribute value"),
    ]  # fmt: skip
    lines = [one.text.splitlines() for one in made]
    assert all(len(one) == len(text.splitlines()) for one in lines)
    new = sorted({line for one in lines for line in one} - set(text.splitlines()))
    assert new == sorted(
        [
            "    y: Unresolvable = 'é'; return n.Linear(1, bias=k)(x)",
            "    y: str = 'é'; return missing_package.make(1, bias=k)(x)",
            "    y: str = 'é'; return n.Linear(1, bias=Unresolvable)(x)",
            "        self.a = missing_package.make()",
            "@missing_package.decorate",
            "Tensor); from missing_package import *",
            "class A(missing_package.Base):",
            "def f(x: Unresolvable = (), *, k=1) -> Tensor:",
            "def f(x: list[Unresolvable] = (), *, k=1) -> Tensor:",
            "def f(x: list[int] = (), *, k=1) -> Unresolvable:",
            "def f(x: list[int] = (), *, k=Unresolvable) -> Tensor:",
            "def f(x: list[int] = Unresolvable, *, k=1) -> Tensor:",
            "from __future__ import annotations; import missing_package; from missing_package import Unresolvable",
            "from missing_package import * \\",
            "from torch import Tensor; from missing_package import nn as n \\",
            "from torch import nn as n; from missing_package import Tensor \\",
            "import os.path; from missing_package import torch",
            "import torch; from missing_package import os",
            "from missing_package import *",
        ]
    )
