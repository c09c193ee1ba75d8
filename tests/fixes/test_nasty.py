"""Fixes of real rules on files that are laid out in unusual ways, and on several findings close together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from jitlint.config import Settings
from jitlint.findings.model import Result
from jitlint.fixes.apply import repair
from jitlint.runner import check

HEAD = "import torch\nfrom torch import nn, Tensor\nfrom typing import Dict, List, Optional\n\n\n"


def fixed_files(folder: Path, files: Mapping[str, bytes], unsafe: bool = True) -> dict[str, bytes]:
    """The files' contents after all of their fixes, by name."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    settings = Settings(root=str(folder), torch_version="2.13.0")

    def again(paths: Iterable[str], overlay: Mapping[str, bytes]) -> Result:
        return check(list(paths), settings, overlay=overlay, fixes=True)

    work = repair(again, [str(folder / name) for name in files], {}, unsafe)
    return {name: work.after.get(str(folder / name), content) for name, content in files.items()}


def fixed(folder: Path, text: str, unsafe: bool = True) -> str:
    """A module's text after its fixes; `HEAD` stands above it before and after."""
    done = fixed_files(folder, {"net.py": (HEAD + text).encode()}, unsafe)["net.py"].decode()
    assert done.startswith(HEAD)
    return done[len(HEAD) :]


def test_a_file_whose_fixes_are_refused_holds_no_other_back(tmp_path: Path) -> None:
    # In the first file the fix would bring a character that its encoding does not have.
    ascii_only = '# -*- coding: ascii -*-\n@__import__("torch").jit.script\ndef f(n: int):\n    n //= 2\n    return n\n'
    files = {
        f"{name}.py": (HEAD + f"@torch.jit.script\ndef {name}(n: int):\n    n //= 2\n    return n\n").encode()
        for name in "abc"
    }
    done = fixed_files(tmp_path, {"first.py": ascii_only.encode(), **files})
    assert all(b"n = n // 2" in done[name] for name in files)


def test_tabs_and_blocks(tmp_path: Path) -> None:
    before = (
        "class A(nn.Module):\n\t@torch.no_grad()\n\tdef forward(self, x):\n\t\tif x.dim() > 0:\n\t\t\treturn x + \\\n  1\n"
        "\t\treturn x\n"
    )
    after = (
        "class A(nn.Module):\n\tdef forward(self, x):\n\t\twith torch.no_grad():\n\t\t\tif x.dim() > 0:\n"
        "\t\t\t\treturn x + \\\n\t  1\n\t\t\treturn x\n"
    )
    four = "class B(nn.Module):\n    def forward(self, x):\n        return x\n\n\n"
    assert fixed(tmp_path, four + before) == four + after


def test_carriage_returns_in_what_is_inserted(tmp_path: Path) -> None:
    text = HEAD + "@torch.jit.script\ndef f(xs: List[int]):\n    return [x for x in xs if x > 0]\n"
    done = fixed_files(tmp_path, {"net.py": text.replace("\n", "\r\n").encode()})["net.py"]
    assert done.count(b"\n") == done.count(b"\r\n") > text.count("\n")
    assert b"if x > 0:\r\n" in done


def test_a_byte_order_mark_and_a_shebang(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf#!/usr/bin/env python\nimport torch\n\n\n@torch.jit.script\ndef f(n: int):\n    n //= 2\n    return n\n"
    done = fixed_files(tmp_path, {"net.py": text})["net.py"]
    assert done == text.replace(b"n //= 2", b"n = n // 2")


def test_two_comprehensions_of_one_statement_get_two_names(tmp_path: Path) -> None:
    before = (
        "@torch.jit.script\ndef f(xs: List[int], ts: List[Tensor]):\n"
        "    return len([q for q in xs if q > 2]) + len([q for q in ts if q.dim() > 1])\n"
    )
    after = (
        "@torch.jit.script\ndef f(xs: List[int], ts: List[Tensor]):\n"
        "    items: List[int] = []\n    for q in xs:\n        if q > 2:\n            items.append(q)\n"
        "    items_2: List[Tensor] = []\n    for q_2 in ts:\n        if q_2.dim() > 1:\n            items_2.append(q_2)\n"
        "    return len(items) + len(items_2)\n"
    )
    assert fixed(tmp_path, before) == after


def test_the_variable_of_a_comprehension_overwrites_no_other(tmp_path: Path) -> None:
    before = "@torch.jit.script\ndef f(x: Tensor, xs: List[int]):\n    y = [x for x in xs if x > 2]\n    return y, x\n"
    after = (
        "@torch.jit.script\ndef f(x: Tensor, xs: List[int]):\n    y: List[int] = []\n    for x_2 in xs:\n        if x_2 > 2:\n"
        "            y.append(x_2)\n    return y, x\n"
    )
    assert fixed(tmp_path, before) == after


def test_a_list_that_is_not_what_it_seems_is_annotated_before_it_is_used(tmp_path: Path) -> None:
    before = (
        "@torch.jit.script\ndef f(x: Tensor, n: int):\n    xs = []\n    for i in range(n):\n        xs.append(i)\n"
        "    return x * sum(xs)\n"
    )
    assert fixed(tmp_path, before) == before.replace("xs = []", "xs: List[int] = []")


LOOP = """\
class A(nn.Module):
    def __init__(self, n: int):
        super().__init__()
        self.n = n
        self.layers = nn.ModuleList([nn.Linear(3, 3) for _ in range(n)])

    def forward(self, x):
        for i in range({0}):
            x = self.layers[i](x)
        return x
"""


@pytest.mark.parametrize(("stop", "test"), [("self.n", ""), ("self.n - 1", "i < self.n - 1"), ("2", "i < 2")])
def test_a_loop_that_leaves_modules_out_still_does(stop: str, test: str, tmp_path: Path) -> None:
    head, body = "        for i in range({0}):\n", "            x = self.layers[i](x)\n"
    wanted = "        for i, layer in enumerate(self.layers):\n"
    wanted += f"            if {test}:\n                x = layer(x)\n" if test else "            x = layer(x)\n"
    assert fixed(tmp_path, LOOP.format(stop)) == LOOP.replace(head + body, wanted)


def test_loops_inside_each_other_get_two_names(tmp_path: Path) -> None:
    before = LOOP.replace(
        "        for i in range({0}):\n            x = self.layers[i](x)\n",
        "        for i in range(len(self.layers)):\n            for j in range(len(self.layers)):\n"
        "                x = self.layers[i](x) + self.layers[j](x)\n",
    )
    after = fixed(tmp_path, before)
    assert "for i, layer in enumerate(self.layers):" in after
    assert "x = layer(x) + layer_2(x)" in after


def test_only_text_gets_the_quotes_of_a_conversion(tmp_path: Path) -> None:
    before = 'def f(n: int, s: str):\n    return f"{n!r} {s!r} {n:>3} {s!s}"\n\n\ntorch.jit.script(f)\n'
    assert "return f\"{n} '{s}' {n} {s}\"" in fixed(tmp_path, before)


def test_who_loses_a_comment_is_asked(tmp_path: Path) -> None:
    before = (
        "@torch.jit.script\ndef f(xs: List[int]):\n    ys = [\n        x  # kept for a reason\n        for x in xs\n"
        "        if x > 0\n    ]\n    return ys\n"
    )
    assert fixed(tmp_path, before, unsafe=False) == before
    assert "ys.append(x)" in fixed(tmp_path, before)
    without = before.replace("  # kept for a reason", "")
    assert "ys.append(x)" in fixed(tmp_path, without, unsafe=False)


def test_an_expression_over_several_lines_stays_in_its_parentheses(tmp_path: Path) -> None:
    before = (
        "@torch.jit.script\ndef f(xs: List[int], more: List[int]):\n    ys = [x for x in (\n        xs\n        + more\n"
        "    ) if x > 0]\n    return ys\n"
    )
    assert "    for x in (\n        xs\n        + more\n    ):\n        if x > 0:\n" in fixed(tmp_path, before)


@pytest.mark.parametrize(
    ("line", "moves"),
    [("import math", True), ("from torch.nn import functional as F", True), ("import scipy.sparse", False),
     ("from .other import g", False), ("import net.other", False)],
)  # fmt: skip
def test_an_import_that_may_fail_stays_in_its_function(line: str, moves: bool, tmp_path: Path) -> None:
    before = f"@torch.jit.script\ndef f(x: Tensor):\n    {line}\n    return x\n"
    done = fixed_files(tmp_path, {"net.py": (HEAD + before).encode()})["net.py"].decode()
    assert (f"    {line}\n" not in done) == moves


def test_a_signature_names_no_class_that_is_not_there_yet(tmp_path: Path) -> None:
    before = (
        "@torch.jit.script\nclass Pair:\n    def __init__(self, n: int):\n        self.n = n\n\n"
        "    def twice(self) -> int:\n        return Pair(self.n * 2)\n"
    )
    assert fixed(tmp_path, before) == before


def test_no_quotes_come_into_an_f_string(tmp_path: Path) -> None:
    before = (
        "class Net(nn.Module):\n    def forward(self, x):\n        if x.dim() > 9:\n"
        '            raise ValueError(f"in {self.__class__.__name__}")\n        return x\n'
    )
    assert fixed(tmp_path, before) == before


UNPACKED = """\
def pair(x: Tensor) -> Tensor:
    return x, x + 1


class A(nn.Module):
    def pair(self, x) -> Tensor:
        return pair(x)

    def forward(self, x, edge_index: Tensor):
        a, b = pair(x)
        c, d = self.pair(x)
        row, col = {0}
        first, second = {1}
        return a + b + c + d + row + col + first + second
"""


def test_a_tuple_that_is_annotated_as_a_tensor_is_not_unbound(tmp_path: Path) -> None:
    text = HEAD + UNPACKED.format("edge_index", "x.sort()")
    done = fixed_files(tmp_path, {"net.py": text.encode()})["net.py"].decode()
    assert "a, b = pair(x)\n" in done
    assert "c, d = self.pair(x)\n" in done
    assert "row, col = edge_index[0], edge_index[1]\n" in done


def test_a_parameter_without_annotation_is_unpacked_by_index_on_request_only(tmp_path: Path) -> None:
    text = "@torch.jit.script\ndef f(x, y: Tensor):\n    a, b = x\n    c, d = y\n    return a + b + c + d\n"
    careful = text.replace("= y\n", "= y[0], y[1]\n")
    assert fixed(tmp_path, text, unsafe=False) == careful
    assert fixed(tmp_path, text) == careful.replace("= x\n", "= x[0], x[1]\n")


def test_a_condition_that_may_be_none_stays_false_where_it_was(tmp_path: Path) -> None:
    text = (
        "@torch.jit.script\ndef f(x: Tensor, mask: Optional[Tensor]):\n    if {0}:\n        x = x + 1\n"
        "    if {1}:\n        x = x - 1\n    return x\n"
    )
    done = fixed(tmp_path, text.format("mask", "not mask"))
    assert done == text.format("mask is not None and bool(mask)", "mask is None or not bool(mask)")


STARRED = """\
class A(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = 4

    def forward(self, x: Tensor, xs: List[Tensor]):
        sizes = x.shape[:-1]
        shape = {0}
        x = x.view(shape).transpose(1, 2).reshape({1})
        return torch.cat({2}) * {3}
"""


def test_starred_lists_among_other_elements(tmp_path: Path) -> None:
    before = STARRED.format("(*sizes, -1, self.width)", "*sizes, -1", "[x, *xs]", "len([*sizes, 1])")
    after = STARRED.format(
        "list(sizes) + [-1, self.width]", "list(sizes) + [-1]", "[x] + list(xs)", "len(list(sizes) + [1])"
    )
    assert fixed(tmp_path, before) == after


@pytest.mark.parametrize("use", ["x.shape == shape", "shape", "x.view(shape).view(shape + (1,))"])
def test_a_tuple_that_is_more_than_sizes_stays_one(tmp_path: Path, use: str) -> None:
    before = f"@torch.jit.script\ndef f(x: Tensor):\n    sizes = x.shape\n    shape = (*sizes, 1)\n    return {use}\n"
    assert fixed(tmp_path, before) == before


def test_only_methods_are_called_on_their_first_argument(tmp_path: Path) -> None:
    text = "@torch.jit.script\ndef f(x: Tensor, n: int):\n    a = {0}\n    b = {1}\n    return x\n"
    done = fixed(tmp_path, text.format("str.upper('a')", "dict.fromkeys(range(n), 1)"), unsafe=False)
    assert done == text.format("'a'.upper()", "dict.fromkeys(range(n), 1)")


OPTIONAL = """\
from elsewhere import Cache

class A(nn.Module):
    def inner(self, x, n: Optional[float] = None, cache: Cache | None = None):
        return x

    def forward(self, x, n: Optional[int] = None, cache: Optional[int] = None):
        return self.inner(x, n, cache)
"""


def test_what_is_optional_of_an_unknown_type_is_not_made_optional_again(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(HEAD + OPTIONAL)
    findings = check([str(tmp_path)], fixes=True).findings
    assert [(one.code, one.fix) for one in findings] == [("JIT303", None)]


def test_a_fix_that_does_harm_in_another_file_is_left_out(tmp_path: Path) -> None:
    lib = (
        "def sure(n: int) -> int:\n    return n / 2\n\n\n"
        "def part(x: Tensor) -> Tensor:\n    if x.dim() == 0:\n        return None\n    return x\n"
    )
    calls = "from lib import part, sure\n\n\n@torch.jit.script\ndef use(x: Tensor):\n    return {0}\n"
    done = fixed_files(
        tmp_path, {"lib.py": (HEAD + lib).encode(), "use.py": (HEAD + calls.format("part(x), sure(3)")).encode()}
    )
    assert b"Optional[Tensor]:\n    if" in done["lib.py"]
    # Where what it gives must be a Tensor, the annotation would only move the error.
    harmed = {
        "lib.py": (HEAD + lib).encode(),
        "use.py": (HEAD + calls.format("torch.stack([part(x), x]), sure(3)")).encode(),
    }
    done = fixed_files(tmp_path, harmed)
    assert done["lib.py"] == (HEAD + lib.replace("-> int:\n    return n / 2", "-> float:\n    return n / 2")).encode()
    assert done["use.py"] == harmed["use.py"]
