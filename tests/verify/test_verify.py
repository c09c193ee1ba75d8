"""`jitlint verify` with the torch of this environment."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from support import WriteTree
from verification import ENVIRONMENT, HANGS, MARK, ROOT, run

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def mark() -> str:
    """What tells this test's processes from those of others: everything they start inherits it."""
    return uuid.uuid4().hex


def processes(mark: str, text: str = "") -> list[str]:
    """The command lines, holding a text, of the running processes that a marked run has started."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line and wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(line)
        except OSError:
            continue
    return found


def waited_for(true: Callable[[], bool]) -> bool:
    """Whether something comes true before a test counts as hanging."""
    deadline = time.monotonic() + HANGS
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


# --- without torch ----------------------------------------------------------------------------------------------------


def test_an_interpreter_that_is_none() -> None:
    status, _, said = run(str(FIXTURES), "--python", "/no/such/python")
    assert status == 2
    assert "cannot start /no/such/python" in said


def test_an_interpreter_without_torch(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    fake.chmod(0o755)
    status, _, said = run(str(FIXTURES), "--python", str(fake))
    assert status == 2
    assert "cannot import torch: No module named 'torch'" in said


def test_the_worker_is_for_old_pythons() -> None:
    import ast

    text = (ROOT / "jitlint" / "verify" / "worker.py").read_text()
    tree = ast.parse(text, feature_version=(3, 7))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - set(sys.stdlib_module_names) == {"torch", "pytest"}


# --- with torch -------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_each_way_to_misbehave_has_its_result(mark: str) -> None:
    limits = ("--timeout", "12", "--memory-limit", "700")
    status, report, said = run(str(FIXTURES / "misbehaving"), "--isolated", *limits, "-j", "2", mark=mark)
    assert status == 1, said
    found = {Path(f["path"]).stem: (f["verdict"], f["verdict_reason"]) for f in report["findings"]}
    confirmed = {
        "fine",
        "prints_a_megabyte",
        "starts_threads",
        "starts_processes",
        "starts_a_daemon",
        "forks",
        "crashes_the_compiler",
        "crashes_the_compiler_too",
        "stopped_at_import",
    }
    assert {name for name, (verdict, _) in found.items() if verdict == "confirmed"} == confirmed
    expected = {
        "fails_to_import": "ImportError: there is no such thing",
        "loops_at_import": "importing: it took more than 12 s",
        "exits": "the import fails: SystemExit",
        "exits_at_once": "importing: the process exited with status 0",
        "raises_base_exception": "the import fails: Odd",
        "eats_memory": "MemoryError",
        "loops_in_constructor": "constructing: it took more than 12 s",
        "exits_in_constructor": "constructing: the process exited with status 7",
        "is_killed": "constructing: the process was killed by SIGKILL",
        "closes_descriptors": "importing: the process exited with status 0",
        "loops_while_compiled": "compiling: it took more than 12 s",
    }
    assert {name for name, (verdict, _) in found.items() if verdict == "unverifiable"} == set(expected)
    for name, reason in expected.items():
        assert reason in found[name][1], name
    assert report["verification"]["confirmed"] == 10
    assert waited_for(lambda: not processes(mark))


MODEL = """\
import torch
from torch import nn


class Part(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.width = width

    def forward(self, x):
        return x.not_there(self.width)


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part(3, 4)

    def forward(self, x):
        with open("x") as file:
            x = x + 1
        y = x + "a"
        for i in unknown(x):
            x = x + i
        return self.part(x) + y.missing


class Guessed(nn.Module):
    def __init__(self, dim, bias):
        super().__init__()
        self.layer = nn.Linear(dim, dim, bias)

    def forward(self, x):
        return self.layer(x).missing_too()


class Impossible(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.layer = nn.Linear(config.width, 3)

    def forward(self, x):
        return self.layer(x).missing_as_well()


class Fine(nn.Module):
    def forward(self, x):
        return x


def hidden():
    def inner(x):
        return x.nowhere()

    return inner


def function(x):
    return x.gone()


scripted = lambda: torch.jit.script(function)
"""


@pytest.mark.torch
def test_findings_behind_others_are_reached(write_tree: WriteTree) -> None:
    root = write_tree({"model.py": MODEL})
    status, report, said = run("model.py", "--isolated", cwd=root)
    assert status == 1, said
    assert "imports and runs the project's code" in said
    by_line = {f["range"]["start"]["line"]: (f["verdict"], f["verdict_reason"]) for f in report["findings"]}
    assert {line: verdict for line, (verdict, _) in by_line.items()} == {
        11: "confirmed",
        20: "confirmed",
        22: "confirmed",
        23: "confirmed",
        34: "confirmed",
        43: "unverifiable",
        59: "confirmed",
    }
    assert by_line[22][1] == "with line 20 out of the way"
    assert "guessed arguments: dim=8, bias=False" in by_line[34][1]
    assert "config" in by_line[43][1]
    assert (root / "model.py").read_text() == MODEL
    assert [path.name for path in root.iterdir()] == ["model.py"]
    schema = json.loads((ROOT / "jitlint" / "report" / "schema.json").read_text())
    pytest.importorskip("jsonschema").validate(report, schema)


@pytest.mark.torch
def test_no_guesses_and_configured_instances(write_tree: WriteTree) -> None:
    root = write_tree({
        "model.py": MODEL,
        "make.py": "import model\n\nclass Config:\n    width = 4\n\ndef impossible():\n    return model.Impossible(Config)\n",
        "jitlint.toml": '[verify.instances]\n"model:Impossible" = "make:impossible"\n"model:Part" = "Part(1, depth=2)"\n',
    })  # fmt: skip
    _, report, _ = run("model.py", "--no-guess", cwd=root)
    by_line = {f["range"]["start"]["line"]: (f["verdict"], f["verdict_reason"]) for f in report["findings"]}
    assert by_line[43] == ("confirmed", "from the configuration")
    assert by_line[11] == ("confirmed", "from the configuration")
    assert by_line[34] == ("unverifiable", "its constructor takes arguments: dim, bias")


@pytest.mark.torch
def test_a_missed_rejection_and_a_refuted_finding(write_tree: WriteTree, monkeypatch: pytest.MonkeyPatch) -> None:
    from jitlint.config import Settings
    from jitlint.findings.model import Finding, Result, Unit
    from jitlint.source.problem import Span
    from jitlint.verify.nodes import Worker
    from jitlint.verify.run import Options, verify

    root = write_tree({"model.py": MODEL})
    path = str(root / "model.py")
    wrong = Finding(
        "JIT309", "n", "error", "m", "'Tensor' object has no attribute or method 'x'", path, Span(48, 16, 48, 17)
    )
    units = (
        Unit("Fine", "model", "module", path, 45, "rejected", (), (0,)),
        Unit("function", "model", "function", path, 57, "accepted"),
    )
    worker = Worker(sys.executable, str(root))
    try:
        shown: list[Finding] = []
        result = verify(
            Result(units, (wrong,)), Settings(root=str(root)), worker, Options(everything=True), emit=shown.append
        )
    finally:
        worker.close()
    assert [(f.code, f.span.line, f.verdict) for f in result.findings] == [
        ("JIT309", 48, "refuted"),
        ("JIT920", 59, "confirmed"),
    ]
    assert sorted(f.code for f in shown) == ["JIT309", "JIT920"]
    assert "has no attribute or method 'gone'" in result.findings[1].message
    assert result.units[1].findings == (1,)
    found = result.verification
    assert found is not None
    assert (found.refuted, found.missed, found.compiled) == (1, 1, 2)


@pytest.mark.torch
def test_check_with_verdicts(write_tree: WriteTree) -> None:
    root = write_tree({"model.py": MODEL})
    status, report, said = run("model.py", "--isolated", "--verify", "--no-cache", cwd=root, command="check")
    assert status == 1, said
    assert {f["verdict"] for f in report["findings"]} == {"confirmed", "unverifiable"}
    plain = run("model.py", "--isolated", "--no-cache", cwd=root, command="check")[1]
    assert {f["verdict"] for f in plain["findings"]} == {None}
    assert "verification" not in plain


@pytest.mark.torch
def test_a_device_that_is_not_there() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    status, report, said = run(str(FIXTURES), "--device", "cuda")
    assert status == 2
    assert "the device cuda cannot be used" in said
    assert not report


@pytest.mark.torch
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupt_leaves_nothing_behind(write_tree: WriteTree, number: signal.Signals, mark: str) -> None:
    root = write_tree({"stuck.py": (FIXTURES / "misbehaving" / "loops_in_constructor.py").read_text()})
    process = subprocess.Popen(
        [sys.executable, "-m", "jitlint", "verify", "stuck.py", "--isolated", "--timeout", "3600"],
        cwd=root,
        env={**ENVIRONMENT, MARK: mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A suite in the background of a shell ignores the interrupt, and what it starts would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # The one with torch, the one that imports, the one that constructs.
    assert waited_for(lambda: len(processes(mark, "jitlint/verify/worker.py")) >= 3)
    time.sleep(0.5)
    process.send_signal(number)
    assert process.wait(HANGS) == (-signal.SIGKILL if number == signal.SIGKILL else 2)
    assert waited_for(lambda: not processes(mark))
