"""Checks that go on from where an earlier one was: they must say what a check from scratch says."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest
from support import WriteTree

from jitlint.config import Settings
from jitlint.findings.model import Result
from jitlint.repeat import Repeat
from jitlint.runner import check
from jitlint.worker import Analyst, Task

FILES = {
    "lib/__init__.py": "",
    "far/__init__.py": "",
    "far/away.py": "def grow(xs):\n    xs.append('a')\n",
    "lib/notes.py": "def note(f):\n    return f\n",
    "lib/marks.py": "from lib.notes import note\n\ndef mark(f):\n    return note(f)\n",
    "lib/tidy.py": "import torch.nn as nn\n\nclass Tidy(nn.Module):\n    def tidy(self, xs):\n        return len(xs)\n",
    "lib/survey.py": """
import os
from far.away import grow
from lib.tidy import Tidy

class Survey(Tidy):
    def __init__(self):
        super().__init__()
        kept = ['a', 'b']
        self.look(kept, os.getpid())
        self.kept = kept
        self.grown = []
        grow(self.grown)

    def look(self, names, hint):  # more than is followed of what changes nothing
        for i in range(100):
            hint = i + 1
        self.tidy(names)

    def forward(self, x):
        for name in self.kept:
            x = x + len(name)
        for name in self.grown:
            x = x + len(name.upper())
        return x
""",
    "lib/sizes.py": "WIDTH = 3\nDEEP = True\n\ndef clean(xs):\n    return len(xs)\n",
    "lib/base.py": """
import torch.nn as nn
from lib.sizes import WIDTH, clean

class Base(nn.Module):
    scale = WIDTH

    def __init__(self, names=('a', 'b'), wide=WIDTH):
        super().__init__()
        kept = list(names)
        clean(kept)
        self.names = kept
        self.width = wide
        self.doubled = self.scale
        self.part = Part(wide)

    def helper(self, x):
        return x + self.width + self.doubled + self.scale + self.part(x)

class Part(nn.Module):
    def __init__(self, wide):
        super().__init__()
        self.count = clean([wide, wide])

    def forward(self, x):
        return x + self.count
""",
    "lib/model.py": """
import torch
from lib.base import Base
from lib.marks import mark
from lib import sizes

class Model(Base):
    @mark
    def scaled(self, x):
        return x * self.width

    def forward(self, x):
        if sizes.DEEP:
            x = self.helper(x)
        for name in self.names:
            x = x + len(name)
        return self.scaled(x)
""",
    "lib/other.py": """
from lib.model import Model

class Other(Model):
    def forward(self, x):
        return self.helper(x)
""",
}
# Of each file, texts that change what is found in it or in others.
CHANGES = {
    "lib/marks.py": [
        "import torch\n\ndef mark(f):\n    return torch.jit.unused(f)\n",
        "import functools\n\ndef mark(f):\n    @functools.wraps(f)\n    def inner(*args):\n        return f(*args)\n"
        "    return inner\n",
    ],
    "lib/sizes.py": [
        "WIDTH = None\nDEEP = True\n\ndef clean(xs):\n    return len(xs)\n",
        "WIDTH = 3\nDEEP = False\n\ndef clean(xs):\n    xs.append(4)\n",
        "WIDTH = object()\nDEEP = True\n\ndef clean(xs):\n    xs.clear()\n",
    ],
    "lib/base.py": [
        FILES["lib/base.py"].replace("x + self.width", "x + self.missing"),
        FILES["lib/base.py"].replace("self.width = wide", "self.width = 'wide'"),
        "x = 1\n",
        "def (:\n",
    ],
    "lib/notes.py": ["import torch\n\ndef note(f):\n    return torch.jit.unused(f)\n"],
    "lib/tidy.py": [FILES["lib/tidy.py"].replace("return len(xs)", "xs.append(4)")],
    "far/away.py": ["import torch\n\ndef grow(xs):\n    xs.append(4)\n"],
    "lib/model.py": [FILES["lib/model.py"].replace("x * self.width", "f'{x:>3}'")],
    "lib/other.py": ["\n\n" + FILES["lib/other.py"]],
}
SETTINGS = {"torch_version": "2.13.0"}


def fresh(root: Path, overlay: Mapping[str, bytes]) -> Result:
    return check([root], Settings(root=str(root), **SETTINGS), overlay=overlay, environment=[], fixes=True)  # type: ignore[arg-type]


def again(repeat: Repeat, root: Path, overlay: Mapping[str, bytes], jobs: int = 1, part: str = "") -> Result:
    repeat.start(overlay)
    settings = Settings(root=str(root), **SETTINGS)  # type: ignore[arg-type]
    return check([root / part], settings, overlay=overlay, environment=[], fixes=True, memory=repeat, jobs=jobs)


def states() -> list[dict[str, str]]:
    """Every pair of changes, one after the other, so that each is made, and taken back, beside others."""
    single = [{path: text} for path, texts in CHANGES.items() for text in texts]
    pairs = [a | b for a, b in itertools.combinations(single, 2) if not a.keys() & b.keys()]
    return [{}, *single, *pairs[::3], {}, *pairs[1::3]]


@pytest.mark.parametrize("recalled", [True, False])
def test_what_goes_on_says_what_a_fresh_check_says(
    write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch, recalled: bool
) -> None:
    if not recalled:  # the session alone
        monkeypatch.setattr("jitlint.records.Records.get", lambda self, path: None)
    root = write_tree(FILES)
    repeat = Repeat()
    seen = set()
    for state in states():
        overlay = {str(root / path): text.encode() for path, text in state.items()}
        expected = fresh(root, overlay)
        assert again(repeat, root, overlay) == expected, state
        seen.add(tuple((one.path, one.code, one.message) for one in expected.findings))
    assert len(seen) > 10, "the changes make a difference"


def test_a_fix_goes_by_the_types_of_its_own_check(write_tree: WriteTree) -> None:
    """What a fixer knows of a file is read off the compiler, which another file's change may have made anew."""
    net = (
        "import torch.nn as nn\nfrom torch import Tensor\nfrom consts import K\n\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.k = K\n\n    def forward(self, x: Tensor) -> str:\n"
        "        return self.k\n"
    )
    root = write_tree({"consts.py": "K = 1\n", "net.py": net})
    repeat = Repeat()
    written = []
    for text in ("K = 1\n", "K = [1]\n", "K = 2.5\n"):
        overlay = {str(root / "consts.py"): text.encode()}
        found = again(repeat, root, overlay)
        assert found == fresh(root, overlay)
        written.append([edit.content for one in found.findings if one.fix is not None for edit in one.fix.edits])
    assert written[0] != written[2]


@pytest.mark.parametrize("large", [False, True])
def test_processes_that_go_on_say_what_a_fresh_check_says(
    write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:  # whatever changes is too much to tell
        monkeypatch.setattr("jitlint.pool._LARGE", 0)
    monkeypatch.setattr("jitlint.records.Records.get", lambda self, path: None)
    monkeypatch.setattr("jitlint.runner._FILES_PER_WORKER", 3)
    root = write_tree(FILES)
    repeat = Repeat()
    executors: list[object] = []
    for state in states()[::7]:
        overlay = {str(root / path): text.encode() for path, text in state.items()}
        assert again(repeat, root, overlay, jobs=2) == fresh(root, overlay), state
        executors.append(repeat.pool._executor)
    assert all(one is executors[0] for one in executors) != large
    assert repeat.pool.is_running
    repeat.close()
    assert not repeat.pool.is_running


def test_after_the_death_of_a_process_others_go_on(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitlint.runner._FILES_PER_WORKER", 3)
    root = write_tree(FILES)
    repeat = Repeat()
    again(repeat, root, {}, jobs=2)
    assert repeat.pool._executor is not None
    for process in list(repeat.pool._executor._processes.values()):
        process.kill()
        process.join()
    overlay = {str(root / "lib/sizes.py"): CHANGES["lib/sizes.py"][0].encode()}
    assert again(repeat, root, overlay, jobs=2) == fresh(root, overlay)
    overlay = {str(root / "lib/sizes.py"): CHANGES["lib/sizes.py"][1].encode()}
    assert again(repeat, root, overlay, jobs=2) == fresh(root, overlay)
    repeat.close()


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are analysed from now on."""
    names: list[str] = []
    record = Analyst.record

    def noted(self: Analyst, task: Task, path: str) -> object:
        names.append(Path(path).name)
        return record(self, task, path)

    monkeypatch.setattr(Analyst, "record", noted)
    return names


def test_only_what_rests_on_a_change_is_analysed(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(FILES)
    repeat = Repeat()
    names = counted(monkeypatch)
    again(repeat, root, {})
    assert len(names) == len(FILES)
    names.clear()
    changed = {str(root / "lib/model.py"): CHANGES["lib/model.py"][0].encode()}
    again(repeat, root, changed)
    assert sorted(names) == ["model.py", "other.py"]
    names.clear()
    again(repeat, root, {})  # what was, is known
    again(repeat, root, changed)
    assert names == []
    (root / "lib/model.py").write_bytes(changed[str(root / "lib/model.py")])
    again(repeat, root, {})
    assert names == [], "what is written is what was checked"


def test_of_a_part_the_same_is_known_as_of_all(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree({f"code/{path}": text for path, text in FILES.items()})
    repeat = Repeat()
    again(repeat, root, {})
    names = counted(monkeypatch)
    again(repeat, root, {}, part="code/lib/model.py")
    assert names == []


def test_a_change_on_disk_is_seen(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(FILES)
    repeat = Repeat()
    again(repeat, root, {})
    names = counted(monkeypatch)
    (root / "lib/other.py").write_text("x = 1\n")
    again(repeat, root, {})
    assert names == ["other.py"]
