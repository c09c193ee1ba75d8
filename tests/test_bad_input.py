"""Input that no one wants to meet, through the whole check: a diagnostic each, and the rest of the run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import WriteTree

from jitlint.findings.model import Result
from jitlint.runner import check

BAD = b"import torch\nclass Net(torch.nn.Module):\n    def forward(self, *xs):\n        return 1\n"
BAD_LINE = 3


def at(result: Result, name: str) -> list[tuple[int, str]]:
    return [(f.span.line, f.code) for f in result.findings if os.path.basename(f.path) == name]


@pytest.mark.parametrize(
    ("data", "line", "code"),
    [
        (b"x = (\n", 1, "JIT901"),
        (b"def f(:\n    pass\n", 1, "JIT901"),
        (b"x = 1\n  y = 2\n", 2, "JIT901"),
        (b"if x:\n\ty = 1\n        z = 2\n", 3, "JIT901"),
        (b"x = 'abc\n", 1, "JIT901"),
        (b"x = " + b"(" * 1000 + b"1" + b")" * 1000 + b"\n", 1, "JIT901"),
        (b"x = 1\ny = '\xff'\n", 2, "JIT902"),
        (b"# coding: nonsense\n", 1, "JIT902"),
        (b"# coding: utf-16\nx = 1\n", 2, "JIT902"),
        (b"x = 1\ny = '\0'\n", 2, "JIT902"),
        (b"\xff\xfex\0=\0", 1, "JIT902"),
    ],
)
def test_a_diagnostic_at_the_place(write_tree: WriteTree, data: bytes, line: int, code: str) -> None:
    root = write_tree({"broken.py": data, "net.py": BAD})
    result = check([root])
    assert at(result, "broken.py") == [(line, code)]
    assert (BAD_LINE, "JIT510") in at(result, "net.py")
    assert not result.errors


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xef\xbb\xbf" + BAD, BAD_LINE),
        (BAD.replace(b"\n", b"\r\n"), BAD_LINE),
        (BAD.replace(b"\n", b"\r"), BAD_LINE),
        (BAD.replace(b"    ", b"\t"), BAD_LINE),
        (b"\x0c\n" + BAD, BAD_LINE + 1),
        (BAD.replace(b"    def", b"\x0c    def"), BAD_LINE),
        (b"# -*- coding: latin-1 -*-\n# \xe9\n" + BAD, BAD_LINE + 2),
        (BAD.rstrip(b"\n"), BAD_LINE),
        (BAD + b"x = '\xe2\x80\xa8 \x0b'\n", BAD_LINE),
        (b"x = '''\x0c \xe2\x80\xa8\n'''\n" + BAD, BAD_LINE + 2),
        (BAD + b"x = " + b"(" * 90 + b"1" + b")" * 90 + b"\n", BAD_LINE),
        (BAD + b"x = " + b"-" * 900 + b"1\n", BAD_LINE),
        (BAD + b"x = " + b"+".join([b"1"] * 3000) + b"\n", BAD_LINE),
        (BAD + b"x = a" + b".b" * 3000 + b"\n", BAD_LINE),
    ],
)
def test_unusual_but_valid(write_tree: WriteTree, data: bytes, line: int) -> None:
    root = write_tree({"net.py": data})
    result = check([root])
    try:
        compile(data, "net.py", "exec", dont_inherit=True)
    except RecursionError:  # more than this Python's own parser takes
        assert (1, "JIT901") in at(result, "net.py")
        return
    assert (line, "JIT510") in at(result, "net.py"), result.findings
    assert not [f for f in result.findings if f.code.startswith("JIT9")]


def test_columns_count_characters(write_tree: WriteTree) -> None:
    text = "import torch\nclass Net(torch.nn.Module):\n    def forward(self, é, *数字):\n        return 1\n"
    root = write_tree({"net.py": text})
    (finding,) = [f for f in check([root]).findings if f.code == "JIT510"]
    assert text.splitlines()[2][finding.span.column - 1 : finding.span.end_column - 1] in ("数字", "*数字")


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b"# only a comment", b"\x0c", b"\\\n"])
def test_nothing_to_say(write_tree: WriteTree, data: bytes) -> None:
    result = check([write_tree({"a.py": data})])
    assert (result.files, result.errors) == (1, ())
    assert [f.code for f in result.findings] in ([], ["JIT901"] if data == b"\\\n" else [])


def test_deep_code_inside_a_compiled_function(write_tree: WriteTree) -> None:
    head = "import torch\n@torch.jit.script\ndef f(x: torch.Tensor):\n"
    nested = (
        "".join("    " * depth + "if x.sum() > 0:\n" for depth in range(1, 90))
        + "    " * 90
        + "x = x + 1\n    return x\n"
    )
    root = write_tree({
        "sum.py": head + "    return " + " + ".join(["x"] * 2000) + "\n",
        "minus.py": head + "    return " + "-" * 800 + "x\n",
        "calls.py": head + "    return x" + ".relu()" * 1000 + "\n",
        "blocks.py": head + nested,
        "net.py": BAD,
    })  # fmt: skip
    result = check([root])
    assert (BAD_LINE, "JIT510") in at(result, "net.py")
    assert result.files == 5
    assert not result.errors


def test_paths(write_tree: WriteTree) -> None:
    root = write_tree({"net.py": BAD, "secret.py": "x = 1\n"})
    os.symlink(root, root / "around")
    os.symlink(root / "loop.py", root / "loop.py")
    result = check([root, root / "missing.py"])
    assert at(result, "loop.py") == [(1, "JIT902")]
    assert (BAD_LINE, "JIT510") in at(result, "net.py")
    assert result.files == 3
    assert [os.path.basename(error.path) for error in result.errors] == ["missing.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(write_tree: WriteTree) -> None:
    root = write_tree({"net.py": BAD, "secret.py": "x = 1\n"})
    (root / "secret.py").chmod(0)
    assert at(check([root]), "secret.py") == [(1, "JIT902")]


def test_a_file_that_turns_unreadable(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    root = write_tree({"net.py": BAD, "secret.py": "x = 1\n"})
    real = builtins.open

    def denied(file: object, *arguments: object, **options: object) -> object:
        if str(file).endswith("secret.py"):
            raise PermissionError(13, "Permission denied")
        return real(file, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(builtins, "open", denied)
    result = check([root])
    assert at(result, "secret.py") == [(1, "JIT902")]
    assert (BAD_LINE, "JIT510") in at(result, "net.py")


@pytest.mark.slow
def test_a_file_of_five_megabytes(write_tree: WriteTree) -> None:
    big = b"".join(b"value_%d = [%d, 'text', (1, 2), {'a': 3}]\n" % (n, n) for n in range(115_000)) + BAD
    assert len(big) > 5_000_000
    result = check([write_tree({"big.py": big})])
    assert at(result, "big.py")[0] == (115_000 + BAD_LINE, "JIT510")


def test_the_command_line_shows_no_traceback(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": b"x = (\n", "b.py": b"\xff", "c.py": b"\0", "net.py": BAD})
    done = subprocess.run(
        [sys.executable, "-m", "jitlint", "check", "--output-format", "json", ".", "missing.py"],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=60,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stdout + done.stderr
    data = json.loads(done.stdout)
    assert [(Path(f["path"]).name, f["code"]) for f in data["findings"]][:3] == [
        ("a.py", "JIT901"),
        ("b.py", "JIT902"),
        ("c.py", "JIT902"),
    ]
    assert data["summary"]["files"] == 4
