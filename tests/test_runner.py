"""A run, with an analysis that says what the files tell it to (see support.py)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support import ScriptedSession, WriteTree

import jitlint
from jitlint.config import Configuration, Settings
from jitlint.findings.model import Result
from jitlint.runner import check, check_stdin

pytestmark = pytest.mark.usefixtures("scripted")


def brief(result: Result, root: Path) -> list[str]:
    return [f"{os.path.relpath(f.path, root)}:{f.span.line} {f.code}" for f in result.findings]


def test_findings_are_joined_sorted_and_completed(write_tree: WriteTree) -> None:
    root = write_tree({
        "b.py": "def g():\n    pass  # find JIT203\n",
        "a.py": "def f():\n    pass  # elsewhere b.py JIT203\n    pass  # find JIT301 find JIT203\n",
    })  # fmt: skip
    result = jitlint.check([root])
    assert brief(result, root) == ["a.py:3 JIT301", "a.py:3 JIT203", "b.py:1 JIT203", "b.py:2 JIT203"]
    first, second, third, _ = result.findings
    assert (first.name, second.name) == ("undefined-name", "variable-changes-type")
    assert first.severity == "error"
    assert first.url.startswith("file:///")
    assert third.chain[0].qualname == "f"
    f, g = result.units
    assert (f.qualname, f.findings, g.findings) == ("f", (0, 1, 2), (3,))
    assert result.files == 2


def test_one_place_is_reported_once_by_its_shortest_way(write_tree: WriteTree) -> None:
    root = write_tree(
        {"a.py": "def f(): pass  # elsewhere c.py JIT203\n", "b.py": "def g(): pass  # elsewhere c.py JIT203\n"}
    )
    write_tree({"c.py": "x = 12345\n"})
    result = check([root])
    assert brief(result, root) == ["c.py:1 JIT203"]
    assert [unit.findings for unit in result.units] == [(0,), (0,)]


def test_selection(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": "def f(): pass  # find JIT203\n# find JIT301\n", "tests/b.py": "# find JIT301\n"})
    settings = Settings(root=str(root), ignore=("JIT203",), per_file_ignores=(("tests/*", ("JIT3",)),))
    result = check([root], settings)
    assert brief(result, root) == ["a.py:2 JIT301"]
    assert result.units[0].findings == (0,)
    assert result.units[0].verdict == "rejected", "what is not shown still is what the compiler says"


def test_suppressions(write_tree: WriteTree) -> None:
    root = write_tree({
        "a.py": """\
            x = 1  # find JIT203  # jitlint: ignore[JIT203]
            x = 1  # find JIT203  # noqa: JIT203
            x = 1  # find JIT203  # jitlint: ignore[variable-changes-type]
            x = 1  # find JIT203  # jitlint: ignore
            x = 1  # find JIT203  # noqa
            x = 1  # find JIT203  # jitlint: ignore[JIT301]
            x = 1  # jitlint: ignore
            x = 1  # noqa: JIT101
            x = 1  # noqa: JIT101, E501
            x = 1  # noqa
            x = 1  # jitlint: foo
        """,
        "b.py": "# jitlint: skip-file\nx = 1  # find JIT203  # crash\n",
        "c.py": "# elsewhere b.py JIT203\n# elsewhere d.py JIT203\n",
        "d.py": "x = 1  # jitlint: ignore[JIT203]\n",
    })  # fmt: skip
    result = check([root])
    assert brief(result, root) == [
        "a.py:6 JIT203", "a.py:6 JIT903", "a.py:7 JIT903", "a.py:8 JIT903", "a.py:11 JIT906"
    ]  # fmt: skip
    assert result.suppressed == 7
    assert result.findings[1].severity == "warning"


def test_unused_suppressions_in_a_file_by_itself(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": """\
        def unit():
            return 1  # jitlint: ignore[JIT203]
        x = 1  # jitlint: ignore[JIT203]
    """, "b.py": """\
        class C:
            def helper():
                return 1  # jitlint: ignore[JIT203]
    """})  # fmt: skip
    assert brief(check([root / "a.py", root / "b.py"]), root) == ["a.py:2 JIT903", "a.py:3 JIT903"]
    assert brief(check([root]), root) == ["a.py:2 JIT903", "a.py:3 JIT903", "b.py:3 JIT903"]


def test_a_crash_costs_one_file(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": "# crash\nx = 1  # jitlint: ignore[JIT203]\n", "b.py": "# find JIT203\n"})
    result = check([root])
    assert brief(result, root) == ["a.py:1 JIT905", "b.py:1 JIT203"]
    assert "ValueError: told to crash" in result.findings[0].message
    assert [error.path for error in result.errors] == [str(root / "a.py")]


def test_files_that_cannot_be_decoded(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": b"x = 1\ny = '\xff'\n", "b.py": "# find JIT203\n"})
    result = check([root])
    assert brief(result, root) == ["a.py:2 JIT902", "b.py:1 JIT203"]
    assert result.findings[0].message == "Cannot decode the file as utf-8: byte 0xff on line 2."


def test_missing_paths(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": "# find JIT203\n"})
    result = check([root, root / "nope.py"])
    assert brief(result, root) == ["a.py:1 JIT203"]
    assert [(error.path, error.message) for error in result.errors] == [
        (str(root / "nope.py"), "no such file or directory")
    ]


def test_nearest_settings_hold_for_each_file(write_tree: WriteTree, scripted: type[ScriptedSession]) -> None:
    root = write_tree({
        "a/jitlint.toml": "torch-version = '1.13.1'\nignore = ['JIT203']\n", "a/src/x.py": "# find JIT203\n",
        "b/jitlint.toml": "torch-version = '2.0'\nscope = 'reachable'\n", "b/x.py": "# find JIT203\n",
    })  # fmt: skip
    result = check([root])
    assert brief(result, root) == ["b/x.py:1 JIT203"]
    assert result.torch_version == "1.13.1, 2.0"
    first, second = scripted.made
    assert (first["torch_version"], second["torch_version"]) == ("1.13.1", "2.0")
    assert first["roots"] == (str(root / "a"), str(root / "a/src"), str(root))
    assert second["scope"] == "reachable"


def test_standard_input_and_overlays(write_tree: WriteTree) -> None:
    root = write_tree({"a.py": "# find JIT203\n"})
    assert brief(check_stdin(b"# find JIT301\n", str(root / "a.py")), root) == ["a.py:1 JIT301"]
    assert brief(check_stdin(b"\xff", str(root / "new.py")), root) == ["new.py:1 JIT902"]
    assert brief(check([root / "a.py"], overlay={str(root / "a.py"): "\n# find JIT301\n"}), root) == ["a.py:2 JIT301"]
    settings = Settings(root=str(root), exclude=("a.py",), force_exclude=True)
    assert check_stdin(b"# find JIT301\n", str(root / "a.py"), settings).files == 0


def test_entry_points_that_are_nowhere(write_tree: WriteTree) -> None:
    root = write_tree({
        "jitlint.toml": "scope = 'all'\nentry-points = ['m:f', 'm:C.g', 'm:nope', 'gone:f', 'other:x']\n",
        "m.py": "def f(): pass\ndef C(): pass\n", "other.py": "",
    })  # fmt: skip
    result = check([root / "m.py"])
    assert brief(result, root) == ["jitlint.toml:2 JIT904"] * 2
    assert ["no nope" in result.findings[0].message, "no module gone" in result.findings[1].message] == [True, True]


# --- several processes ------------------------------------------------------------------------------------------------


def test_processes_give_the_same(write_tree: WriteTree) -> None:
    root = write_tree({f"p{n % 7}/m{n}.py": f"def f{n}(): pass  # find JIT{200 + n % 5}\n# crash\n" if n % 31 == 5
                       else f"def f{n}(): pass  # find JIT203\n" for n in range(120)})  # fmt: skip
    steps: list[tuple[int, int]] = []
    many = check([root], jobs=3, progress=lambda done, total: steps.append((done, total)))
    assert many == check([root], jobs=1)
    assert len(many.findings) == 120
    assert steps[0] == (0, 120)
    assert steps[-1] == (120, 120)


def test_the_death_of_a_process_costs_one_file(write_tree: WriteTree) -> None:
    root = write_tree({f"m{n:03}.py": "# die\n" if n == 40 else "# find JIT203\n" for n in range(100)})
    result = check([root], jobs=2)
    assert [f.code for f in result.findings] == ["JIT203"] * 40 + ["JIT905"] + ["JIT203"] * 59
    assert "the process died" in result.findings[40].message


# --- cache ------------------------------------------------------------------------------------------------------------


def cached(root: Path, **options: object) -> Result:
    return check([root], Configuration(working_directory=str(root), **options), use_cache=True)  # type: ignore[arg-type]


@pytest.fixture
def project(write_tree: WriteTree) -> Path:
    return write_tree({
        "pyproject.toml": "[tool.jitlint]\n",
        "a.py": "def f(): pass  # find JIT203\n# needs b.py\n# needs new.py\n",
        "b.py": "x = 1\n",
        "c.py": "def g(): pass  # find JIT301 # jitlint: ignore[JIT301]\n",
    })  # fmt: skip


def test_the_cache_gives_the_same_without_analysis(project: Path, scripted: type[ScriptedSession]) -> None:
    first = cached(project)
    assert len(scripted.checked) == 3
    scripted.checked.clear()
    assert cached(project) == first
    assert scripted.checked == []
    assert (project / ".jitlint_cache" / ".gitignore").read_text().endswith("*\n")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"a.py": "def f(): pass\n"}, ["a.py"]),
        ({"b.py": "x = 2\n"}, ["a.py", "b.py"]),
        ({"new.py": "x = 2\n"}, ["a.py", "new.py"]),
        ({"c.py": "def g(): pass  # find JIT302 # jitlint: ignore[JIT301]\n"}, ["c.py"]),
        ({"pyproject.toml": "[tool.jitlint]\ntorch-version = '1.0'\n"}, ["a.py", "b.py", "c.py"]),
        ({"pyproject.toml": "[tool.jitlint]\nignore = ['JIT3']\n"}, []),
    ],
)
def test_what_changed_is_analysed_again(
    project: Path, write_tree: WriteTree, scripted: type[ScriptedSession], change: dict[str, str], again: list[str]
) -> None:
    cached(project)
    scripted.checked.clear()
    write_tree(change)
    result = cached(project)
    assert [os.path.basename(path) for path in scripted.checked] == again
    assert result == check([project])


def test_same_size_and_time_do_not_hide_a_change(project: Path, scripted: type[ScriptedSession]) -> None:
    path = project / "c.py"
    cached(project)
    status = path.stat()
    path.write_text(path.read_text().replace("find JIT301", "find JIT302"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)
    assert [f.code for f in cached(project).findings] == ["JIT203", "JIT302", "JIT903"]


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\xff", "cut", "flip"])
def test_a_damaged_cache_is_an_empty_one(project: Path, scripted: type[ScriptedSession], damage: bytes | str) -> None:
    first = cached(project)
    (file,) = (project / ".jitlint_cache").glob("*.jsonl")
    data = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case "flip":
            file.write_bytes(data.replace(b"told to find it", b"told to lose it"))
        case bytes():
            file.write_bytes(damage)
    scripted.checked.clear()
    assert cached(project) == first
    assert len(scripted.checked) == 3


def test_crashes_are_not_remembered(write_tree: WriteTree, scripted: type[ScriptedSession]) -> None:
    root = write_tree({"a.py": "# crash\n"})
    cached(root)
    scripted.checked.clear()
    assert [f.code for f in cached(root).findings] == ["JIT905"]
    assert len(scripted.checked) == 1


def test_a_cache_that_cannot_be_written_is_no_failure(project: Path) -> None:
    (project / ".jitlint_cache").write_text("in the way")
    assert [f.code for f in cached(project).findings] == ["JIT203"]


def test_checking_a_part_keeps_the_rest(project: Path, scripted: type[ScriptedSession]) -> None:
    options = {"use_cache": True, "cache_dir": str(project / "cache")}
    roots = Settings(root=str(project))
    check([project], roots, **options)  # type: ignore[arg-type]
    (project / "c.py").write_text("x = 3\n")
    check([project / "c.py"], roots, **options)  # type: ignore[arg-type]
    scripted.checked.clear()
    check([project], roots, **options)  # type: ignore[arg-type]
    assert [os.path.basename(path) for path in scripted.checked] in ([], ["c.py"])


def test_records_survive_json(project: Path) -> None:
    from jitlint.cache import _record_from, _record_to
    from jitlint.findings.model import Edit, FileReport, Finding, Fix, Frame, RunError, Unit, UnknownReason
    from jitlint.findings.registry import rule_url
    from jitlint.source.problem import Span
    from jitlint.source.suppressions import Suppression

    span = Span(1, 2, 3, 4)
    fix = Fix("safe", "do", (Edit("p", span, "text\n"),))
    finding = Finding(
        "JIT901", "n", "error", "m", "t", "p", span, "h", rule_url("JIT901"), (Frame("q", 1, "f"),), "when", fix
    )
    unit = Unit("f", "m", "function", "p", 1, "unknown", (UnknownReason("why", "p", 2),), (0,))
    record = (
        FileReport("p", (unit,), (finding,), (RunError("p", "e"),), ("d",)),
        (Suppression("ignore", 1, 2, 3, (1, 1), ("A1",)),),
    )
    assert _record_from(json.loads(json.dumps(_record_to(*record))), "p", ["d"]) == record
