"""The analysis behind the server: what it keeps from one check to the next changes no answer."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

pytest.importorskip("lsprotocol", reason="the extra `lsp` is not installed")

import jitlint
from jitlint.lsp.documents import opened, shift, split
from jitlint.lsp.engine import Engine
from jitlint.worker import Interrupted

BASE = """\
import torch
from torch import Tensor, nn


class Base(nn.Module):
    def __init__(self, width: int = 4, flag: bool = True):
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.flag = flag

    def helper(self, x: Tensor):
        return self.linear(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.helper(x)
"""
TOOLS = """\
from typing import List, Optional
from torch import Tensor

LIMIT = 3


def clip(x: Tensor, limit: int = LIMIT) -> Tensor:
    return x.clamp(max=limit)


def total(xs: List[int]):
    n = 0
    for x in xs:
        n += x
    return n
"""
MODEL = """\
import torch
from torch import Tensor, nn
from base import Base
from tools import clip, total


class Head(Base):
    def __init__(self):
        super().__init__(8, flag=False)
        self.sizes = [1, 2]

    def forward(self, x: Tensor) -> Tensor:
        x = clip(self.helper(x), total(self.sizes))
        return x if self.flag else -x  # jitlint: ignore[JIT203]


@torch.jit.script
def entry(x):
    return clip(x)
"""
FILES = {"base.py": BASE, "tools.py": TOOLS, "model.py": MODEL}
# What a user may do to a line, and undo.
EDITS = [
    ("tools.py", "    return x.clamp(max=limit)", "    return x.nothing(limit)"),
    ("tools.py", "    n = 0", "    n = 0.0"),
    ("tools.py", "LIMIT = 3", "LIMIT = 'three'"),
    ("tools.py", "def total(xs: List[int]):", "def total(xs: List[str]):"),
    ("tools.py", "def clip(x: Tensor, limit: int = LIMIT) -> Tensor:", "def clipped(x: Tensor, limit: int = LIMIT):"),
    ("base.py", "        return self.linear(x)", "        return self.linear"),
    ("base.py", "class Base(nn.Module):", "class Base:"),
    ("base.py", "        self.flag = flag", "        self.flag = object()"),
    ("base.py", "    def helper(self, x: Tensor):", "    def helper(self, x: int):"),
    ("model.py", "        self.sizes = [1, 2]", "        self.sizes = [1, 'two']"),
    ("model.py", "from tools import clip, total", "from tools import clip, total as summed"),
    ("model.py", "    return clip(x)", "    return clip(x, undefined)"),
    ("model.py", "        return x if self.flag else -x", "        return x if self.flag else None"),
]


def found(findings: object) -> list[tuple[object, ...]]:
    return [(f.path, f.code, f.span, f.severity, f.message, f.chain, f.condition) for f in findings]  # type: ignore[attr-defined]


def fresh(folder: Path, texts: dict[str, str]) -> list[tuple[object, ...]]:
    paths = {str(folder / name): text for name, text in texts.items()}
    return found(jitlint.check(list(paths), overlay=paths).findings)


def kept(engine: Engine, folder: Path, texts: dict[str, str]) -> list[tuple[object, ...]]:
    checked = engine.check({str(folder / name): text for name, text in texts.items()})
    return [one for path in sorted(checked.pages) for one in found(checked.pages[path].findings)]


@pytest.mark.parametrize("seed", range(4))
def test_after_any_edits_the_findings_are_those_of_a_fresh_check(tmp_path: Path, seed: int) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    generator = random.Random(seed)
    engine = Engine([str(tmp_path)])
    done: set[int] = set()
    seen = set()
    for _ in range(25):
        done ^= {generator.randrange(len(EDITS))}
        texts = dict(FILES)
        for number in done:
            name, old, new = EDITS[number]
            assert old in FILES[name]
            texts[name] = texts[name].replace(old, new)
        if generator.random() < 0.3:
            texts["base.py"] = "\n" + texts["base.py"]
        now = kept(engine, tmp_path, texts)
        assert now == fresh(tmp_path, texts), sorted(done)
        seen.add(tuple(now))
    assert len(seen) > 8


def test_files_on_disk_are_looked_at_again(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    engine = Engine([str(tmp_path)])
    texts = {"model.py": MODEL}
    (unused,) = kept(engine, tmp_path, texts)
    assert unused[1] == "JIT903"
    (tmp_path / "tools.py").write_text(TOOLS.replace("x.clamp(max=limit)", "x.nothing(limit, 1)"), encoding="utf-8")
    (wrong, _) = sorted(kept(engine, tmp_path, texts), key=lambda one: one[0] == unused[0])
    assert wrong[0] == str(tmp_path / "tools.py")
    (tmp_path / "tools.py").unlink()
    assert kept(engine, tmp_path, texts) == fresh(tmp_path, texts)


def test_a_check_that_is_not_wanted_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "model.py")
    engine = Engine([str(tmp_path)])
    asked = []

    def stop() -> bool:
        asked.append(1)
        return True

    with pytest.raises(Interrupted):
        engine.check({path: "import torch\n@torch.jit.script\ndef f(x):\n    return nowhere\n"}, stop=stop)
    assert asked
    assert len(engine.check({path: "import torch\n@torch.jit.script\ndef f(x):\n    return nowhere\n"}).pages) == 1


def test_a_declared_encoding_does_not_move_anything(tmp_path: Path) -> None:
    path = str(tmp_path / "model.py")
    text = "# -*- coding: latin-1 -*-\nimport torch\n@torch.jit.script\ndef f(x):\n    y = 'ä'; return nowhere\n"
    engine = Engine([str(tmp_path)])
    (one,) = engine.check({path: text}).pages[path].findings
    assert (one.code, one.span.line, one.span.column) == ("JIT301", 5, 21)


@pytest.mark.parametrize(
    ("old", "new", "forward", "back"),
    [
        ("a b c", "a b c", {1: 1, 2: 2, 3: 3}, {1: 1, 3: 3}),
        ("a b c", "x a b c", {1: 2, 2: 3, 3: 4}, {1: None, 2: 1, 4: 3}),
        ("a b c", "a b c x", {1: 1, 2: 2, 3: 3}, {4: None}),
        ("a b c", "a x y c", {1: 1, 2: None, 3: 4}, {1: 1, 2: None, 3: None, 4: 3}),
        ("a b c", "a c", {1: 1, 2: None, 3: 2}, {2: 3}),
        ("a a", "a a a", {1: 1, 2: 2}, {3: None}),
        ("a", "", {1: None}, {}),
    ],
)
def test_lines_move(old: str, new: str, forward: dict[int, int | None], back: dict[int, int | None]) -> None:
    moved = shift(old.split(), new.split())
    for line, expected in forward.items():
        by = moved.forward(line, line)
        assert (by if by is None else line + by) == expected, line
    for line, expected in back.items():
        assert moved.back(line) == expected, line


def test_lines_of_a_text() -> None:
    assert split("a\r\nb\rc\n\x0cd\u2028e") == ["a", "b", "c", "\x0cd\u2028e"]
    good = opened("x.py", "x = 1\n", None)
    broken = opened("x.py", "x = (\n", good)
    assert (good.stale, broken.stale, broken.lines) == (False, True, ["x = ("])
    assert opened("x.py", "x = (\n", broken) is broken
    assert "torch" not in sys.modules
