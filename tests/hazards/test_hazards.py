"""Hazards of compiled code. What each rule is about stands, with examples, in its file; here are its limits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from jitlint.analysis import Session
from jitlint.hazards.reporting import Hazards
from jitlint.source.problem import Problem

HEAD = (
    "import functools, torch\n"
    "from typing import Dict, Final, List, Optional\n"
    "from torch import Tensor, nn\n"
    "class Base(nn.Module):\n"
    "    def forward(self, x: Tensor): return x\n"
)
LINES = HEAD.count("\n")
OURS = ("JIT410", "JIT412", *(f"JIT84{digit}" for digit in range(10)))


def check(folder: Path, text: str, name: str = "program.py") -> list[str]:
    """``code:line`` of each hazard (lines below the head), sorted; the program must have no error."""
    path = folder / name
    path.write_text(HEAD + text, encoding="utf-8")
    report = Session(roots=[str(folder)]).check_file(str(path))
    assert not [one for one in report.findings if one.severity == "error"], [one.message for one in report.findings]
    return sorted(f"{one.code}:{one.span.line - LINES}" for one in report.findings if one.code in OURS)


def module(init: str = "", forward: str = "return x", head: str = "", more: str = "") -> str:
    """A module `A`; the constructor's statements begin on the line after ``super().__init__()``."""
    lines = ["class A(nn.Module):", *(f"    {line}" for line in head.splitlines())]
    if init:
        lines += ["    def __init__(self):", "        super().__init__()"]
        lines += [f"        {line}" for line in init.splitlines()]
    lines += [f"    {line}" for line in more.splitlines()]
    lines += ["    def forward(self, x: Tensor):", *(f"        {line}" for line in forward.splitlines())]
    return "\n".join(lines) + "\n"


IGNORED = "@torch.jit.ignore\ndef extra(self, x: Tensor) -> Tensor: return x"
UNUSED = "@torch.jit.unused\ndef extra(self, x: Tensor) -> Tensor: return x"
DROPPED = "@torch.jit.ignore(drop=True)\ndef extra(self, x: Tensor) -> Tensor: return x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(module(more=IGNORED, forward="return self.extra(x)"), ["JIT843:5"], id="ignored"),
        pytest.param(
            module(more=IGNORED, forward="if x.sum() > 0:\n    x = self.extra(x)\nreturn x"),
            ["JIT843:6"],
            id="anywhere",
        ),
        pytest.param(module(more=IGNORED), [], id="ignored, not called"),
        pytest.param(
            module(more=IGNORED, forward="if not torch.jit.is_scripting():\n    x = self.extra(x)\nreturn x"),
            [],
            id="ignored, not compiled",
        ),
        pytest.param(module(more=UNUSED, forward="return self.extra(x)"), ["JIT844:5"], id="unused"),
        pytest.param(module(more=DROPPED, forward="return self.extra(x)"), ["JIT844:5"], id="dropped"),
        pytest.param(
            module(more=UNUSED, forward="if x.sum() > 0:\n    x = self.extra(x)\nreturn x"), [], id="in a branch"
        ),
        pytest.param(
            module(more=UNUSED, forward="if x.sum() > 0:\n    return x\nreturn self.extra(x)"), [], id="after a return"
        ),
        pytest.param(module(more=UNUSED, forward="for y in [x]:\n    x = self.extra(x)\nreturn x"), [], id="in a loop"),
        pytest.param(
            module(more=UNUSED, forward="if self.extra(x).sum() > 0:\n    x = x + 1\nreturn x"),
            ["JIT844:5"],
            id="a test",
        ),
        pytest.param("L = Base()\n" + module(forward="return L(x)"), ["JIT842:4"], id="global module"),
        pytest.param(
            "@functools.lru_cache\ndef f(n: int) -> int: return n\n" + module(forward="f(3)\nreturn x"),
            ["JIT842:5"],
            id="cached",
        ),
        pytest.param("def f(n: int) -> int: return n\n" + module(forward="f(3)\nreturn x"), [], id="a plain function"),
    ],
)
def test_calls(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert check(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(module("self.a: List[int] = []"), ["JIT412:4"], id="empty list"),
        pytest.param(module("self.a: List[int] = [1]"), [], id="filled list"),
        pytest.param(module("self.a: list[int] = [1]"), ["JIT412:4"], id="lower case"),
        pytest.param(module("self.a: Dict[str, int] = {}"), ["JIT412:4"], id="empty dict"),
        pytest.param(module("self.a: Optional[Tensor] = None"), ["JIT412:4"], id="None"),
        pytest.param(module("self.a: Optional[int] = 0"), ["JIT412:4"], id="any false constant"),
        pytest.param(module("self.a: Optional[nn.Module] = None"), [], id="a module to come"),
        pytest.param(module("self.a: Optional[Base] = None"), [], id="a module of the project to come"),
        pytest.param(module("self.a: int = 0"), [], id="a base type"),
        pytest.param(module("a: List[int] = []\nself.b = a"), [], id="a local"),
        pytest.param(module("self.a: List[int] = []", head="a: List[int]"), [], id="annotated in the class too"),
        pytest.param("class B:\n    def __init__(self):\n        self.a: List[int] = []\n", [], id="no module"),
    ],
)
def test_annotations_of_instances(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert check(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(module("self.n = 1", head="__constants__ = ['n']"), [], id="set"),
        pytest.param(module("self.n = 1", head="__constants__ = ['m']"), ["JIT840:2"], id="set nowhere"),
        pytest.param(module("self.n = 1", head="m: Final[int]"), ["JIT840:2"], id="Final, set nowhere"),
        pytest.param(module("self.n = 1", head="__constants__ = ['m']\nm = 3"), [], id="of the class"),
        pytest.param(module("self.n = Base()", head="__constants__ = ['n']"), ["JIT840:2"], id="a submodule"),
        pytest.param(
            module("self.n = nn.Parameter(torch.ones(1))", head="__constants__ = ['n']"), ["JIT840:2"], id="a parameter"
        ),
        pytest.param(
            "class A(nn.Linear):\n    __constants__ = ['in_features', 'out_features']\n",
            [],
            id="set by a base of torch",
        ),
        pytest.param(
            module("self.n = 1\nif x: self.m = 1", head="__constants__ = ['m']").replace(
                "(self):", "(self, x: bool = False):"
            ),
            [],
            id="set by another configuration",
        ),
        pytest.param(
            module("self.n = [1]", head="n: Final[List[int]]", forward="return self.n"),
            ["JIT841:7"],
            id="list returned",
        ),
        pytest.param(
            module("self.n = [1]", head="n: Final[List[int]]", forward="return x, self.n"),
            ["JIT841:7"],
            id="in a tuple",
        ),
        pytest.param(
            module("self.n = [1]", head="n: Final[List[int]]", forward="return x + self.n[0]"), [], id="list used"
        ),
        pytest.param(module("self.n = [1]", forward="return self.n"), [], id="no constant"),
        pytest.param(module("self.n = b'a'", forward="return self.n"), ["JIT845:6"], id="bytes"),
        pytest.param(module("self.n = b'a'"), [], id="bytes not read"),
    ],
)
def test_attributes(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert check(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("def f(x: list) -> int: return len(x)\ntorch.jit.script(f)\n", ["JIT846:1"], id="parameter"),
        pytest.param("def f(x: Tensor) -> tuple: return x, x\ntorch.jit.script(f)\n", ["JIT846:1"], id="result"),
        pytest.param("def f(x: list) -> int: return len(x)\n", [], id="not compiled"),
        pytest.param("def f(x: list[int]) -> int: return len(x)\ntorch.jit.script(f)\n", [], id="with elements"),
        pytest.param(
            "@torch.no_grad()\ndef f(x: Tensor): return x\n" + module(forward="return f(x)"),
            ["JIT410:1"],
            id="a callee",
        ),
        pytest.param("@torch.no_grad()\ndef f(x: Tensor): return x\n" + module(), [], id="not called"),
    ],
)
def test_signatures(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert check(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("assert 0 < self.f() < 3\nreturn x", ["JIT847:5"], id="user code"),
        pytest.param("assert 0 < x.size(0) < 3\nreturn x", [], id="a pure operation"),
        pytest.param("assert 0 < self.f()\nreturn x", [], id="one comparison"),
        pytest.param("assert 0 < 1 < self.f()\nreturn x", [], id="the last operand"),
        pytest.param("assert bool((0 < x.add_(1)).all())\nreturn x", [], id="no chain"),
        pytest.param('s = """a\n          b"""\nprint(s)\nreturn x', ["JIT848:5"], id="string"),
        pytest.param('"""a\n          b"""\nreturn x', [], id="docstring"),
        pytest.param('raise ValueError("""a\n          b""")', ["JIT849:5"], id="message"),
        pytest.param('s = ("a"\n     "b")\nprint(s)\nreturn x', [], id="two literals"),
        pytest.param('raise ValueError("no") from None', ["JIT849:5"], id="cause"),
        pytest.param('raise RuntimeError("no")', [], id="RuntimeError"),
    ],
)
def test_bodies(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert check(tmp_path, module(more="def f(self) -> int:\n    return 1", forward=text)) == expected


def test_a_string_at_the_margin_of_a_function_keeps_its_text(tmp_path: Path) -> None:
    text = 'def f(x: Tensor):\n    s = """a\n      b"""\n    print(s)\n    return x\ntorch.jit.script(f)\n'
    assert check(tmp_path, text) == []


def test_hazards_of_a_callee_show_in_its_file_whatever_was_checked_before(tmp_path: Path) -> None:
    helpers = tmp_path / "helpers.py"
    helpers.write_text("@torch.no_grad()\ndef f(x): return x\n".replace("@", "import torch\n@", 1), encoding="utf-8")
    main = tmp_path / "main.py"
    main.write_text(HEAD + "from helpers import f\n" + module(forward="return f(x)"), encoding="utf-8")

    def found(session: Session, path: Path) -> list[tuple[str, str, int]]:
        return [(one.code, Path(one.path).name, one.span.line) for one in session.check_file(str(path)).findings]

    session = Session(roots=[str(tmp_path)])
    assert found(session, main) == found(session, main) == [("JIT410", "helpers.py", 2)]
    # Alone, nothing says that it is compiled.
    assert found(session, helpers) == found(Session(roots=[str(tmp_path)]), helpers) == []


def test_advice_on_installed_code_is_not_given(tmp_path: Path) -> None:
    installed, project = tmp_path / "site", tmp_path / "project"
    for folder in (installed, project):
        folder.mkdir()
    (installed / "other.py").write_text("import torch\n@torch.no_grad()\ndef f(x): return x\n", encoding="utf-8")
    main = project / "main.py"
    main.write_text(HEAD + "from other import f\n" + module(forward="return f(x)"), encoding="utf-8")
    session = Session(roots=[str(project)], environment=[str(installed)])
    assert session.check_file(str(main)).findings == ()


def test_what_hangs_on_a_configuration_is_not_warned_about(tmp_path: Path) -> None:
    text = module(
        "self.fast = fast",
        more=IGNORED,
        forward="if self.fast:\n    x = self.extra(x)\nreturn x",
        head="fast: Final[bool]",
    ).replace("(self):", "(self, fast: bool):")
    assert check(tmp_path, text) == []


def test_a_place_is_reported_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n", encoding="utf-8")
    session = Session(roots=[str(tmp_path)])
    index = session.project.index_file(str(path))
    found = Hazards(session.compiler)
    for _ in range(2):
        found.report("JIT841", index, ast.parse("x = 1").body[0], "said")
    (located,) = found.found
    assert isinstance(located.problem, Problem)
    assert (located.problem.code, located.problem.span.line, located.problem.torch_message) == ("JIT841", 1, "")
