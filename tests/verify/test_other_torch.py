"""`jitlint verify` with other releases of torch, under their own Pythons.

They are looked for in JITLINT_TEST_PYTHONS (paths of interpreters, separated like PATH) and where systems have one. The
one with weak script, torch 1.1.0 under Python 3.7, is installed where there is such a Python (pyenv's or on PATH), once,
into pytest's cache; where there is none, or it cannot be installed, its tests are skipped.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import WriteTree
from verification import run

from jitlint.config import Settings
from jitlint.findings.model import Finding, Result, Unit
from jitlint.source.problem import Span
from jitlint.verify.nodes import Worker
from jitlint.verify.run import Options, verify

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def torch_of(python: str) -> str:
    """The release of torch that an interpreter has; '' for none."""
    command = [python, "-c", "import torch; print(torch.__version__)"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def others() -> list[str]:
    given = [path for path in os.environ.get("JITLINT_TEST_PYTHONS", "").split(os.pathsep) if path]
    system = ["/usr/bin/python3"] if Path("/usr/bin/python3").exists() else []
    return [python for python in given + system if os.path.realpath(python) != os.path.realpath(sys.executable)]


def python_3_7() -> str | None:
    found = sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python3.7"))
    return str(found[-1]) if found else shutil.which("python3.7")


@pytest.fixture(scope="module")
def weak(pytestconfig: pytest.Config) -> str:
    """An interpreter with torch 1.1.0."""
    for python in others():
        if torch_of(python).startswith("1.1."):
            return python
    base = python_3_7()
    if base is None:
        pytest.skip("there is no Python 3.7 here, and torch 1.1.0 is for no later one")
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("torch-1.1.0")
    python = str(folder / "bin" / "python")
    # xdist's workers share the folder, and each has this fixture: one installs while the others wait.
    with (folder.parent / "torch-1.1.0.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not torch_of(python):
            for command in (
                [base, "-m", "venv", "--clear", str(folder)],
                [python, "-m", "pip", "install", "-q", "torch==1.1.0", "numpy<1.20"],
            ):
                done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
                if done.returncode:
                    pytest.skip(f"torch 1.1.0 cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    return python


WEAK = """\
from torch import nn
from torch._jit_internal import weak_module, weak_script_method


class Lone(nn.Linear):
    @weak_script_method
    def forward(self, x):
        return x + self.bias


@weak_module
class Both(nn.Linear):
    @weak_script_method
    def forward(self, x, n):
        # type: (Tensor, int) -> Tensor
        return x * n


@weak_module
class Rejected(nn.Linear):
    @weak_script_method
    def forward(self, x):
        y = x + 1
        return y.no_such_method()


class Plain(nn.Linear):
    def forward(self, x):
        return x.nor_this_one()
"""


def test_weak_script_for_real(weak: str, write_tree: WriteTree) -> None:
    root = write_tree({"weak.py": WEAK})
    status, report, said = run("weak.py", "--isolated", "--all", "--python", weak, cwd=root)
    assert status == 1, said
    found = {(f["code"], f["range"]["start"]["line"]): (f["verdict"], f["verdict_reason"]) for f in report["findings"]}
    assert found["JIT702", 6] == ("confirmed", "in the graph of a ScriptModule the call stays a call into Python")
    assert found["JIT309", 24][0] == "confirmed"
    assert len(found) == 2  # a plain module is left to Python
    assert report["verification"]["missed"] == 0


def test_weak_script_with_an_effect(weak: str, write_tree: WriteTree) -> None:
    """What the graph of a caller refutes: nothing that `check` would say."""
    root = write_tree({"weak.py": WEAK})
    path = str(root / "weak.py")
    wrong = Finding("JIT702", "n", "warning", "it has no effect", "", path, Span(13, 6, 13, 24))
    units = (Unit("Both", "weak", "module", path, 12, "accepted"),)
    worker = Worker(weak, str(root))
    try:
        result = verify(Result(units, (wrong,)), Settings(root=str(root)), worker, Options())
    finally:
        worker.close()
    assert [(f.verdict, f.verdict_reason) for f in result.findings] == [
        ("refuted", "a ScriptModule that calls it has the method inlined in its graph")
    ]


MODEL = """\
from torch import nn


class Net(nn.Module):
    def __init__(self, width=3):
        super(Net, self).__init__()
        self.width = width

    def forward(self, x):
        y = x + "a"
        with open("z"):
            x = x + 1
        for k in x.not_here():
            x = x + k
        return x.no_such_method() + self.width.bar
"""


@pytest.mark.parametrize("python", others() or [None])
def test_the_same_command_line(python: str | None, write_tree: WriteTree) -> None:
    release = torch_of(python) if python else ""
    if python is None or not release:
        pytest.skip(f"{python or 'no other interpreter'} has no torch")
    root = write_tree({"model.py": MODEL})
    status, report, said = run("model.py", "--isolated", "--all", "--python", python, cwd=root)
    assert report["verification"]["torch"] == release, said
    found: list[Any] = [(f["range"]["start"]["line"], f["verdict"]) for f in report["findings"]]
    plain = tuple(map(int, release.split(".")[:2])) >= (1, 2)
    assert status == (1 if plain else 0)
    assert found == ([(line, "confirmed") for line in (10, 11, 13, 15, 15)] if plain else [])
