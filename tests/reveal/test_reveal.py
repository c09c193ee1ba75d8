"""`jitlint reveal`: what it prints, of what."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.cli import app

RUNNER = CliRunner()

MODEL = """
from typing import Optional
import torch
from torch import Tensor, nn

def helper(x, n: int = 2):
    xs = []
    for i in range(n):
        xs.append(x + i)
    return torch.stack(xs), n

def lonely(a: float):
    b = "é" + str(a); c = a
    return b

class Base(nn.Module):
    def forward(self, x: Tensor, mask: Optional[Tensor] = None) -> Tensor:
        if mask is not None:
            x = x * mask
        return helper(x)[0] * self.scale

class Head(Base):
    def __init__(self, scale: float = 2.0):
        super().__init__()
        self.scale = scale

class Fast(nn.Module):
    def _run(self, x):
        y = x.size()
        return y

    forward = _run

def make(k):
    def inner(x: Tensor):
        z = x + 1
        return z
    return inner

entry = torch.jit.script(make(3))
other = make(4)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reveal(*arguments: str) -> tuple[int, str]:
    done = RUNNER.invoke(app, ["reveal", "--isolated", *arguments])
    return done.exit_code, done.output


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(MODEL.splitlines(), 1) if text in line)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "helper",
            "    x: Tensor\n    n: int\n    -> Tuple[Tensor, int]\n  locals\n    xs: List[Tensor]\n    i: int\n",
        ),
        ("lonely", "    a: float\n    -> str\n  locals\n    b: str\n    c: float\n"),
        ("Base.forward", "    x: Tensor\n    mask: Optional[Tensor]\n    -> Tensor\n"),
        ("Head", "    x: Tensor\n    mask: Optional[Tensor]\n    -> Tensor\n"),
        ("Fast", "    x: Tensor\n    -> List[int]\n  locals\n    y: List[int]\n"),
        ("entry", "    x: Tensor\n    -> Tensor\n  locals\n    z: Tensor\n"),
        ("other", "    x: Tensor\n    -> Tensor\n  locals\n    z: Tensor\n"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_by_name(name: str, text: str) -> None:
    code, output = reveal(f"model:{name}")
    assert code == 0, output
    assert output.partition("\n")[2] == text


@pytest.mark.usefixtures("folder")
def test_a_file_shows_the_functions_that_its_units_compile() -> None:
    code, output = reveal("model.py")
    assert code == 0
    heads = [line.rpartition(": ")[2] for line in output.splitlines() if line and not line.startswith(" ")]
    assert heads == ["helper", "Base.forward", "Fast._run", "make.<locals>.inner"]


@pytest.mark.usefixtures("folder")
def test_a_line_shows_its_expressions_at_character_columns() -> None:
    number = line_of("str(a)")
    code, output = reveal(f"model.py:{number}", "--output-format", "json")
    assert code == 0
    (function,) = json.loads(output)
    assert function["qualname"] == "lonely"
    shown = [(one["text"], one["range"]["start"]["column"], one["type"]) for one in function["expressions"]]
    assert shown == [
        ("b", 5, "str"),
        ("'é' + str(a)", 9, "str"),
        ("str(a)", 15, "str"),
        ("str", 15, "__str__"),
        ("a", 19, "float"),
        ("c", 23, "float"),
        ("a", 27, "float"),
    ]


@pytest.mark.usefixtures("folder")
def test_a_refined_variable() -> None:
    _, output = reveal(f"model.py:{line_of('mask is not None')}")
    assert "  mask  Optional[Tensor]\n" in output
    _, output = reveal(f"model.py:{line_of('x * mask')}")
    assert "  mask      Tensor\n" in output


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nothing.py", "nothing.py: cannot read the file: no such file or directory"),
        ("model.py:1", "line 1 is in no function"),
        ("model:nix", "model has no nix that the compiler could be given"),
        ("model:Head.__init__", "Head.__init__ runs in Python; it is never compiled"),
        ("missing:f", "missing: no such file, nor a module below the source roots"),
    ],
)
def test_what_is_not_there(target: str, message: str) -> None:
    code, output = reveal(target)
    assert code == 2
    assert message in output


def test_a_syntax_error_ends_the_run(folder: Path) -> None:
    (folder / "broken.py").write_text(textwrap.dedent("def f(:\n"))
    code, output = reveal("broken.py")
    assert code == 2
    assert "broken.py:1: " in output
