"""`--add-ignore`: the comments it writes silence what they stand for, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.cli import app
from jitlint.config import Settings
from jitlint.runner import check

HEAD = "import torch\n\n\n@torch.jit.script\ndef f(x, y: int = 1):\n"
CASES = {
    "plain": ("    return {x}\n", "    return {x}  # jitlint: ignore[JIT110]\n"),
    "behind a comment": ("    return {x}  # why\n", "    return {x}  # why  # jitlint: ignore[JIT110]\n"),
    "two of a line": (
        "    return {x}, (lambda: 1)\n",
        "    return {x}, (lambda: 1)  # jitlint: ignore[JIT106, JIT110]\n",
    ),
    "beside another of ours": (
        "    return {x}, (lambda: 1)  # jitlint: ignore[JIT106]  # why\n",
        "    return {x}, (lambda: 1)  # jitlint: ignore[JIT106, JIT110]  # why\n",
    ),
    "inside brackets": (
        "    return (\n        {x}\n    )\n",
        "    return (\n        {x}  # jitlint: ignore[JIT110]\n    )\n",
    ),
    "continued by a backslash": (
        "    z = {x} \\\n        or \\\n        x\n    return z\n",
        "    z = {x} \\\n        or \\\n        x  # jitlint: ignore[JIT110]\n    return z\n",
    ),
    "a string over several lines": (
        '    print({x}, """a\n    b\n""", x)\n    return x\n',
        '    print({x}, """a\n    b\n""", x)  # jitlint: ignore[JIT110]\n    return x\n',
    ),
    "no line end": ("    return {x}", "    return {x}  # jitlint: ignore[JIT110]"),
}


def run(path: Path, *arguments: str) -> tuple[int, str]:
    got = CliRunner().invoke(app, ["check", "--isolated", "--no-cache", "-j1", str(path), *arguments])
    return got.exit_code, got.output


@pytest.mark.parametrize("case", CASES)
def test_comments_stand_where_they_are_read(tmp_path: Path, case: str) -> None:
    path = tmp_path / "a.py"
    before, after = CASES[case]
    path.write_text(HEAD + before)
    assert run(path, "--add-ignore")[0] == 0
    assert path.read_text() == HEAD + after
    left = check([str(path)], Settings(root=str(tmp_path)))
    assert left.findings == ()  # neither what was silenced nor a comment that silences nothing


@pytest.mark.parametrize(
    ("encoding", "head", "newline"),
    [
        ("utf-8", b"", "\r\n"),
        ("utf-8", b"\xef\xbb\xbf", "\n"),
        ("latin-1", b"# coding: latin-1\n", "\n"),
        ("utf-8", b"", "\r"),
    ],
)
def test_encoding_newlines_and_permissions_stay(tmp_path: Path, encoding: str, head: bytes, newline: str) -> None:
    path = tmp_path / "a.py"
    text = (HEAD + "    print('é')\x0c\n    return {x}\n").replace("\n", newline)
    path.write_bytes(head + text.encode(encoding))
    path.chmod(0o750)
    assert run(path, "--add-ignore")[0] == 0
    wanted = text.replace("{x}", "{x}  # jitlint: ignore[JIT110]")
    assert path.read_bytes() == head + wanted.encode(encoding)
    assert path.stat().st_mode & 0o777 == 0o750


def test_what_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(HEAD + "    return {x}\n")
    assert run(path, "--add-ignore")[1] == "Silenced 1 finding (JIT110) in 1 file.\n"
    assert run(path, "--add-ignore")[1] == "Silenced 0 findings in 0 files.\n"
    assert run(tmp_path / "gone.py", "--add-ignore")[0] == 2


def test_a_file_that_does_not_parse_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("def f(:\n")
    run(path, "--add-ignore")
    assert path.read_text() == "def f(:\n"
