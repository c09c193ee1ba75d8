"""Whatever a file holds, it is analysed, in time, or said to be unreadable; nothing makes jitlint fail."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from itertools import islice
from pathlib import Path

import pytest
from conformance.programs import programs
from fuzz import damaged

from jitlint.worker import INTERNAL_ERROR, Analyst, Task, allow_deep_code

SECONDS = 20.0  # of CPU for one file; the slowest takes well below one
BATCH = 100  # files of one session


def failures(texts: list[str], seed: int, count: int, fixes: bool = False) -> list[str]:
    """What went wrong with `count` files made of `texts`: the error, and the file."""
    allow_deep_code()
    task = Task(("/fuzz",), (), "", "all", (), (), fixes=fixes)
    found = []
    files = damaged(texts, seed)
    for start in range(0, count, BATCH):
        overlay = {
            f"/fuzz/file_{start + number}.py": data
            for number, data in enumerate(islice(files, min(BATCH, count - start)))
        }
        analyst = Analyst(overlay)
        for path, data in overlay.items():
            began = time.process_time()
            report, _ = analyst.record(task, path)
            took = time.process_time() - began
            wrong = [one.message for one in report.findings if one.code == INTERNAL_ERROR]
            if took > SECONDS:
                wrong.append(f"took {took:.1f} s")
            if wrong:
                found.append(f"{'; '.join(wrong)}\n{data.decode(errors='backslashreplace')}")
    return found


def conformance_texts() -> list[str]:
    return [one.path.read_text(encoding="utf-8") for one in programs()]


def library_texts(limit: int = 20_000) -> list[str]:
    """Files of the standard library that are not long."""
    found = []
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        if path.stat().st_size < limit:
            found.append(path.read_text(encoding="utf-8"))
    return found


def torch_texts(limit: int = 40_000) -> list[str]:
    """Modules and functions of the installed torch, which is not imported."""
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    files = [*package.glob("nn/modules/*.py"), *package.glob("nn/utils/*.py"), *package.glob("jit/*.py")]
    return [path.read_text(encoding="utf-8") for path in sorted(files) if path.stat().st_size < limit]


def test_damaged_programs() -> None:
    found = failures(conformance_texts(), 20250, 600)
    assert not found, "\n\n".join(found)


def test_damaged_programs_are_fixed() -> None:
    found = failures(conformance_texts(), 20253, 300, fixes=True)
    assert not found, "\n\n".join(found)


def test_damaged_library_files() -> None:
    found = failures(library_texts(), 20251, 60)
    assert not found, "\n\n".join(found)


@pytest.mark.torch
def test_damaged_torch_files() -> None:
    found = failures(torch_texts(), 20252, 60)
    assert not found, "\n\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_more_damaged_files(seed: int) -> None:
    found = failures([*conformance_texts(), *library_texts()], seed, 1500)
    assert not found, "\n\n".join(found)


def test_a_failure_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("jitlint.analysis.Session.check_file", broken)
    assert re.search("ZeroDivisionError: on purpose", failures(["x = 1\n"], 1, 20)[0])


def test_the_seed_says_it_all() -> None:
    texts = conformance_texts()[:50]
    first, again, other = (list(islice(damaged(texts, seed), 40)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
