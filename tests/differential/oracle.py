"""The two verdicts on small programs: jitlint's, in this process, and the compiler's, in forked children.

A program is the text of a module whose ``entry`` (a function) or ``Entry`` (an nn.Module class built without arguments)
is compiled.
"""

from __future__ import annotations

import json
import linecache
import os
import select
import signal
import sys
import time
import types
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from jitlint.analysis import Session
from jitlint.findings.model import Finding

TIMEOUT = 20.0  # seconds for one program
HEADER = """from enum import Enum
from typing import Any, Dict, Final, List, NamedTuple, Optional, Sequence, Tuple, Union
import math
import torch
import torch.nn.functional as F
from torch import Tensor, nn

"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`text` is the compiler's message, empty for what it accepts; a program that kills it has one, too. `timed_out`:
    there is no verdict, the compiler never came to an end (`"key".replace("", "")` is such a program)."""

    accepted: bool
    text: str = ""
    timed_out: bool = False


def jitlint_verdicts(texts: Sequence[str]) -> list[list[Finding]]:
    """jitlint's errors on each program."""
    found = []
    for start in range(0, len(texts), 200):
        part = texts[start : start + 200]
        paths = [f"/differential/program_{start + number}.py" for number in range(len(part))]
        overlay = {path: text + _scripting(text) for path, text in zip(paths, part, strict=True)}
        session = Session(roots=["/differential"], overlay=overlay)
        for path in paths:
            report = session.check_file(path)
            found.append([one for one in report.findings if one.severity == "error"])
    return found


def _scripting(text: str) -> str:
    """What makes the entry one, and the file a script; it goes after the text, whose lines stay where they are."""
    entry = "Entry()" if "\nclass Entry" in text else "entry"
    return f'\n\nif __name__ == "__main__":\n    torch.jit.script({entry})\n'


def compiler_verdicts(texts: Sequence[str], jobs: int = 2) -> list[Verdict]:
    """The compiler's verdict on each program. What ends its process counts as rejected, unless it had to be stopped."""
    import torch  # noqa: F401  # once, before the forks

    verdicts: list[Verdict | None] = [None] * len(texts)
    chunks = [list(range(start, min(start + 50, len(texts)))) for start in range(0, len(texts), 50)][::-1]
    living: dict[int, tuple[int, list[int], bytearray, float]] = {}
    while chunks or living:
        while chunks and len(living) < jobs:
            numbers = chunks.pop()
            read_end, write_end = os.pipe()
            process = os.fork()
            if process == 0:
                os.close(read_end)
                _child(texts, numbers, write_end)
            os.close(write_end)
            living[read_end] = (process, numbers, bytearray(), time.monotonic() + TIMEOUT)
        ready, _, _ = select.select(list(living), [], [], 0.5)
        for read_end in ready:
            process, numbers, said, _ = living[read_end]
            chunk = os.read(read_end, 65536)
            if chunk:
                said += chunk
                living[read_end] = (process, numbers, said, time.monotonic() + TIMEOUT)
                continue
            del living[read_end]
            os.close(read_end)
            _, status = os.waitpid(process, 0)
            for line in said.split(b"\n"):
                try:
                    number, accepted, text = json.loads(line)
                except ValueError:
                    continue
                verdicts[number] = Verdict(accepted, text)
            left = [number for number in numbers if verdicts[number] is None]
            if left:
                stopped = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                verdicts[left[0]] = Verdict(False, f"the compiler's process ended with {status}", stopped)
                if left[1:]:
                    chunks.append(left[1:])
        for process, *_, deadline in living.values():
            if time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
    return [verdict or Verdict(False, "no answer", True) for verdict in verdicts]


def _child(texts: Sequence[str], numbers: Sequence[int], pipe: int) -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    try:
        for number in numbers:
            verdict = ask(texts[number], f"program_{number}")
            data = json.dumps([number, verdict.accepted, verdict.text]).encode() + b"\n"
            while data:
                data = data[os.write(pipe, data) :]
    finally:
        os._exit(0)


def ask(text: str, name: str) -> Verdict:
    """The compiler's verdict, in this process."""
    import torch

    path = f"<{name}>.py"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    try:
        exec(compile(text, path, "exec", dont_inherit=True), module.__dict__)
        torch.jit.script(module.Entry() if hasattr(module, "Entry") else module.entry)
    except Exception as error:
        return Verdict(False, f"{type(error).__name__}: {error}")
    return Verdict(True)
