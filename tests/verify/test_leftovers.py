"""One process compiles again and again: what an earlier compilation has left behind must not be seen in a later one."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import WriteTree

from jitlint.verify import worker
from jitlint.verify.nodes import Node, Worker

pytestmark = pytest.mark.torch

MODEL = """\
import torch
from torch import nn


def helper(x):
    return x + 1


@torch.jit._overload
def either(x: torch.Tensor, n: int) -> torch.Tensor: ...


@torch.jit._overload
def either(x: torch.Tensor, n: str) -> torch.Tensor: ...


def either(x, n):
    return x


def uses_either(x):
    return either(x, 1)


class Pair:
    def __init__(self, x: torch.Tensor):
        self.x = x

    def first(self):
        return self.x

    def second(self):
        return self.x.no_such_method()

    def third(self):
        return self.first().neither()


class Tool:
    def __init__(self, n: int):
        self.n = n

    def use(self):
        return self.n.no_such_tool()


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.tool = Tool(1)

    @property
    def width(self) -> int:
        return 3

    def forward(self, x):
        return helper(x)


class Hooked(nn.Module):
    def forward(self, x):
        return x


def hook(self, inputs: int, result: int) -> int:
    return result


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner()
        self.again = Inner()

    def measured(self, x):
        return x + self.inner.width

    def used(self):
        return self.again.tool

    def bad(self, x):
        return x.no_such_method()

    def forward(self, x):
        return self.bad(self.inner(x))


class Holds(nn.Module):
    def __init__(self):
        super().__init__()
        self.hooked = Hooked()
        self.hooked.register_forward_hook(hook)

    def plain(self, x):
        return x

    def forward(self, x):
        return self.hooked(x)
"""


@pytest.fixture
def imported(write_tree: WriteTree) -> Iterator[tuple[Node, str]]:
    path = str(write_tree({"model.py": MODEL}) / "model.py")
    worker = Worker(sys.executable, str(Path(path).parent))
    try:
        node = worker.root.fork()
        assert node.call("setup", 60.0, paths=[str(Path(path).parent)], device="cpu")["ok"]
        assert node.call("import", 60.0, module="model", path=path)["ok"]
        yield node, path
    finally:
        worker.close()


@pytest.fixture
def built(imported: tuple[Node, str]) -> tuple[Node, str]:
    return made(imported, "Net")


def made(imported: tuple[Node, str], name: str) -> tuple[Node, str]:
    """A process to compile in, forked from one that holds an instance of a class, and the model's path."""
    node, path = imported[0].fork(), imported[1]
    assert node.call("build", 60.0, qualname=name, kind="module", module="model", path=path)["ok"]
    return node.fork(), path


def compiled(built: tuple[Node, str], *altered: tuple[str, str], **part: Any) -> dict[str, Any]:
    node, path = built
    text = MODEL
    for old, new in altered:
        assert old in text
        text = text.replace(old, new)
    return node.call("compile", 60.0, kind="module", overlay={path: text} if altered else {}, **part)


def test_each_compilation_says_what_it_would_say_first(built: tuple[Node, str]) -> None:
    right = ("return x.no_such_method()\n\n    def forward", "return x\n\n    def forward")
    first = compiled(built)
    assert "no_such_method" in first["text"]
    assert not first["spent"]
    assert compiled(built)["text"] == first["text"]
    assert compiled(built, right)["ok"]
    wrong = compiled(built, right, ("return helper(x)", "return helper(x).neither()"))
    assert "neither" in wrong["text"]
    assert "redefine" not in wrong["text"]
    assert compiled(built)["text"] == first["text"]


def test_a_function_that_compiled_is_read_again_where_its_file_has_other_text(built: tuple[Node, str]) -> None:
    right = ("return x.no_such_method()\n\n    def forward", "return x\n\n    def forward")
    assert compiled(built, right)["ok"]
    other = compiled(built, right, ("return x + 1", "return x.nothing()"))
    assert "nothing" in other["text"]
    assert compiled(built, right)["ok"]


def test_so_is_one_with_overloads(built: tuple[Node, str]) -> None:
    uses = {"function": (built[1], "uses_either")}
    for _ in range(2):
        assert compiled(built, **uses)["ok"]
        wrong = compiled(
            built, ("def either(x, n):\n    return x", "def either(x, n):\n    return x.neither()"), **uses
        )
        assert "has no attribute or method 'neither'" in wrong["text"]


def test_a_class_is_read_again_where_its_file_has_other_text(built: tuple[Node, str]) -> None:
    first = {"function": (built[1], "Pair"), "method": "first"}
    other = ("    def first(self):\n        return self.x\n", "    def first(self):\n        return self.y\n")
    for _ in range(2):
        assert compiled(built, **first)["ok"]
        wrong = compiled(built, other, **first)
        assert "'y'" in wrong["text"] or "attribute: y" in wrong["text"] or "method 'y'" in wrong["text"]
        assert "return self.y" in wrong["text"]


def test_a_method_that_another_calls_stays_without_its_body(built: tuple[Node, str]) -> None:
    typed = ("first(self):\n        return self.x", "first(self) -> int:\n        return self.x.no_such_method()")
    first, third = ({"function": (built[1], "Pair"), "method": name} for name in ("first", "third"))
    for _ in range(2):
        assert "'int' object has no attribute or method 'neither'" in compiled(built, typed, **third)["text"]
        assert "no_such_method" in compiled(built, typed, **first)["text"]


RIGHT = ("return x.no_such_method()\n\n    def forward", "return x\n\n    def forward")


def test_what_one_unit_needed_the_next_one_has_and_with_the_text_that_it_is_given(imported: tuple[Node, str]) -> None:
    uses = {"function": (imported[1], "uses_either")}
    altered = ("def either(x, n):\n    return x", "def either(x, n):\n    return x.neither()")
    for _ in range(3):  # the second is forked when the first has told what it needed
        node = made(imported, "Net")
        assert "no_such_method" in compiled(node)["text"]
        assert compiled(node, RIGHT)["ok"]
        node = made(imported, "Net")
        assert "nothing" in compiled(node, RIGHT, ("return x + 1", "return x.nothing()"))["text"]
        assert compiled(made(imported, "Net"), **uses)["ok"]
        assert "'neither'" in compiled(made(imported, "Net"), altered, **uses)["text"]


LEARNS = """
import importlib.util, json, os, sys, torch, model
spec = importlib.util.spec_from_file_location("worker", sys.argv[1])
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)


def in_fork(state):
    read, write = os.pipe()
    if not os.fork():
        with os.fdopen(write, "w") as out:
            json.dump(worker.compile_object({**state, "object": model.Net()}, {"kind": "module"}), out)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        return json.load(said)


parent = {}
first = in_fork(parent)
worker.learn(parent, first["learnt"])
second = in_fork(parent)
print(sorted(function.__name__ for function in parent["ahead"].functions), "learnt" in second)
print(first["text"] == second["text"])
"""


def test_what_a_unit_needed_is_told_once(imported: tuple[Node, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEARNS, worker.__file__],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(imported[1]).parent)},
    )
    assert done.stdout.splitlines() == ["['helper'] False", "True"], done.stderr


def test_a_text_is_given_once(built: tuple[Node, str]) -> None:
    node, path = built
    assert compiled(built, RIGHT)["ok"]
    assert not compiled(built)["ok"]
    assert node.call("compile", 60.0, kind="module", overlay={path: None})["ok"]


def test_a_method_alone_may_use_the_properties_of_submodules(built: tuple[Node, str]) -> None:
    for _ in range(2):
        assert compiled(built, method="measured")["ok"]
        wrong = compiled(built, ("return 3", "return self.neither"), method="measured")
        assert "'neither'" in wrong["text"]


def test_hooks_are_left_alone_where_a_method_is(imported: tuple[Node, str]) -> None:
    node = made(imported, "Holds")
    assert "Hook 'hook'" in compiled(node)["text"]
    assert compiled(node, method="plain")["ok"]


def test_a_class_that_does_not_compile_is_so_until_its_text_is_another(built: tuple[Node, str]) -> None:
    right = ("return self.n.no_such_tool()", "return self.n")
    whole, wrong = compiled(built)["text"], compiled(built, method="used")["text"]
    assert "has no attribute 'tool'" in wrong
    for _ in range(2):
        assert compiled(built, method="used")["text"] == wrong  # and says nothing of the compilations before
        assert compiled(built, right, method="used")["ok"]
        assert compiled(built)["text"] == whole


def test_methods_alone_leave_nothing_behind(built: tuple[Node, str]) -> None:
    for _ in range(2):
        assert "no_such_method" in compiled(built, method="bad")["text"]
        assert "no_such_method" in compiled(built)["text"]
        assert compiled(built, target="inner")["ok"]
        assert compiled(built, target="inner", method="forward")["ok"]


def test_what_was_taken_out_is_there_again(built: tuple[Node, str]) -> None:
    for _ in range(2):
        assert compiled(built, function=(built[1], "Pair"), method="first")["ok"]
        assert "no_such_method" in compiled(built, function=(built[1], "Pair"), method="second")["text"]
    right = ("return x.no_such_method()\n\n    def forward", "return x\n\n    def forward")
    assert not compiled(built, right, generated=["Net.bad"])["ok"]
    assert compiled(built, right)["ok"]


def test_types_are_called_by_their_own_names(built: tuple[Node, str]) -> None:
    wrong = ("self.bad(self.inner(x))", "self + x")
    texts = {compiled(built, wrong)["text"] for _ in range(3)}
    assert len(texts) == 1
    assert "__torch__.model.Net" in texts.pop()


def test_where_torch_has_no_such_tables_each_compilation_is_of_a_new_process(write_tree: WriteTree) -> None:
    text = MODEL + "\n\ndel torch.jit._state._jit_caching_layer\n"
    root = write_tree({"model.py": text})
    worker = Worker(sys.executable, str(root))
    try:
        node = worker.root.fork()
        place = {"module": "model", "path": str(root / "model.py")}
        assert node.call("setup", 60.0, paths=[str(root)], device="cpu")["ok"]
        assert node.call("import", 60.0, **place)["ok"]
        assert node.call("build", 60.0, qualname="Net", kind="module", **place)["ok"]
        with node.fork() as fork:
            assert fork.call("compile", 60.0, kind="module", method="bad", overlay={})["spent"]
    finally:
        worker.close()


CRASH = """\
def crash(context, item):
    raise AttributeError(item.context_expr.no_such_field)


def taken_item_by_item(context, stmt):
    crash(context, stmt.items[0])
"""


def test_a_crash_of_the_compilers_python_half_is_at_the_node_it_was_at(monkeypatch: pytest.MonkeyPatch) -> None:
    frontend = pytest.importorskip("torch.jit.frontend")

    names: dict[str, Any] = {}
    exec(compile(CRASH, frontend.__file__, "exec"), names)
    monkeypatch.setattr(frontend.StmtBuilder, "build_With", staticmethod(names["taken_item_by_item"]))
    with pytest.raises(AttributeError) as caught:
        frontend.get_jit_def(Opens.forward, "forward", self_name="Opens")
    lines, first = inspect.getsourcelines(Opens.forward)
    path, line, column, _ = worker.place_of_function(caught.value) or []
    assert (path, line, column) == (os.path.realpath(__file__), first + 2, 9)
    assert lines[2].lstrip().startswith("with ")


class Opens:
    def forward(self, x: int) -> int:
        x = x + 1
        with open("file"):
            x = x + 1
        return x


def test_a_class_is_parsed_again_where_more_than_functions_changed() -> None:
    trees = worker.ClassTrees()
    text = "class A:\n    x: int = 1\n\n    def f(self):\n        return 1\n"
    tree = trees.parsed(text)
    assert trees.parsed(text.replace("return 1", "return 2")) is tree
    for old, new in (("x: int = 1", "x: int = 2"), ("def f(self)", "def g(self)"), ("return 1\n", "return 1\n\n")):
        assert trees.parsed(text.replace(old, new)) is not tree
        assert trees.parsed(text) is not None
    assert trees.parsed("x = 1").body
