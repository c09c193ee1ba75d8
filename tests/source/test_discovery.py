"""Which files are found."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support import WriteTree

from jitlint.source.discovery import Filter, discover, glob_regex, is_excluded, matches_any


def found(root: Path, *paths: str, **options: object) -> list[str]:
    rules = Filter(str(root), **options)  # type: ignore[arg-type]
    result = discover([str(root / path) for path in paths or ("",)], lambda folder: rules)
    return [os.path.relpath(path, root) for path in result.files]


def test_python_files_in_order(write_tree: WriteTree) -> None:
    root = write_tree({"b.py": "", "a.py": "", "a/z.py": "", "a/b/c.py": "", "n.txt": "", "s.pyi": ""})
    assert found(root) == ["a.py", "b.py", "a/z.py", "a/b/c.py"]


def test_default_and_own_exclusions(write_tree: WriteTree) -> None:
    root = write_tree(
        {"a.py": "", ".venv/b.py": "", "build/c.py": "", "gen/d.py": "", "gen/deep/e.py": "", "x/gen.py": ""}
    )
    assert found(root) == ["a.py", "gen/d.py", "gen/deep/e.py", "x/gen.py"]
    assert found(root, exclude=("gen",)) == ["a.py", ".venv/b.py", "build/c.py", "x/gen.py"]
    assert found(root, exclude=("gen/deep", ".*")) == ["a.py", "build/c.py", "gen/d.py", "x/gen.py"]
    assert found(root, exclude=("**/deep", ".*", "b*")) == ["a.py", "gen/d.py", "x/gen.py"]
    assert found(root, include=("d.*",)) == ["gen/d.py"]


def test_a_named_path_is_taken_in_spite_of_exclude(write_tree: WriteTree) -> None:
    root = write_tree({".venv/lib/site-packages/p/a.py": "", ".venv/lib/site-packages/p/build/b.py": ""})
    inside = ".venv/lib/site-packages/p"
    assert found(root, inside) == [f"{inside}/a.py"]
    assert found(root, f"{inside}/build/b.py") == [f"{inside}/build/b.py"]
    assert found(root, inside, f"{inside}/a.py", force_exclude=True) == []


def test_gitignore(write_tree: WriteTree) -> None:
    root = write_tree({
        ".git/HEAD": "", ".gitignore": "gen/\n*.pyc\nskip_*.py\n!skip_not.py\n# note\n/top.py\n",
        "a.py": "", "top.py": "", "gen/b.py": "", "sub/top.py": "", "sub/skip_me.py": "", "skip_not.py": "",
        "sub/.gitignore": "local.py\n!skip_me.py\n", "sub/local.py": "", "local.py": "",
    })  # fmt: skip
    assert found(root) == ["a.py", "local.py", "skip_not.py", "sub/skip_me.py", "sub/top.py"]
    assert "gen/b.py" in found(root, respect_gitignore=False)
    assert found(root, "gen") == ["gen/b.py"], "named, so wanted"
    assert found(root, "sub") == ["sub/skip_me.py", "sub/top.py"], "rules of the folders above hold"
    assert found(root, "top.py") == ["top.py"]


def test_a_broken_gitignore_is_read_as_far_as_it_goes(write_tree: WriteTree) -> None:
    root = write_tree({".git/HEAD": "", ".gitignore": b"gen/\n!\n\xff\n[\n", "gen/b.py": "", "a.py": ""})
    assert found(root) == ["a.py"]


def test_symbolic_links(write_tree: WriteTree) -> None:
    root = write_tree({"pkg/a.py": ""})
    os.symlink(root / "pkg", root / "pkg" / "loop")
    os.symlink(root / "pkg" / "a.py", root / "pkg" / "linked.py")
    os.symlink(root / "nowhere", root / "pkg" / "lock.py")
    os.symlink(root / "pkg" / "round.py", root / "pkg" / "round.py")
    os.mkfifo(root / "pkg" / "pipe.py")
    assert found(root) == ["pkg/a.py", "pkg/linked.py", "pkg/round.py"]
    assert found(root, "pkg/loop") == ["pkg/loop/a.py", "pkg/loop/linked.py", "pkg/loop/round.py"]


def test_missing_and_repeated_paths(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": "", "b.txt": ""})
    rules = Filter(str(root))
    result = discover([str(root), str(root / "a.py"), "no-such-file.py", str(root / "b.txt")], lambda folder: rules)
    assert result.files == [str(root / "a.py"), str(root / "b.txt")]
    assert result.explicit == set(result.files)
    assert result.missing == ["no-such-file.py"]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.py", "a.py", True),
        ("a/*.py", "a/b/c.py", False),
        ("a/**/c.py", "a/b/d/c.py", True),
        ("a/**/c.py", "a/c.py", True),
        ("**/c.py", "c.py", True),
        ("a?c", "abc", True),
        ("[!a]b", "ab", False),
        ("[!a]b", "cb", True),
        ("{x,y}.py", "y.py", True),
        ("a.py", "axpy", False),
    ],
)
def test_globs(pattern: str, path: str, matches: bool) -> None:
    import re

    assert bool(re.fullmatch(glob_regex(pattern), path)) is matches


def test_patterns_with_a_slash_are_relative_to_the_root(tmp_path: Path) -> None:
    rules = Filter(str(tmp_path), exclude=("a/b",))
    assert is_excluded(str(tmp_path / "a/b/c.py"), rules)
    assert not is_excluded(str(tmp_path / "x/a/b/c.py"), rules)
    assert matches_any(str(tmp_path / "tests/x/a.py"), ("tests",), str(tmp_path))
    assert matches_any(str(tmp_path / "tests/x/a.py"), ("tests/**/*.py",), str(tmp_path))
    assert not matches_any(str(tmp_path / "src/a.py"), ("tests/*",), str(tmp_path))


def test_a_large_tree_is_found_quickly(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("".join(f"*.x{n}\nfolder{n}/\nname{n}\n" for n in range(25)))
    for folder in range(100):
        (tmp_path / f"p{folder}").mkdir()
        for file in range(20):
            (tmp_path / f"p{folder}" / f"m{file}.py").touch()
    started = time.process_time()
    assert len(found(tmp_path)) == 2000
    ours = time.process_time() - started
    started = time.process_time()
    for folder, _, files in os.walk(tmp_path):
        for file in files:
            os.stat(os.path.join(folder, file))
    assert ours < 40 * (time.process_time() - started)
