"""Put the catalogue's programs to the installed torch, each in a forked child, and print a JSON line for each.

Usage: python compiler.py [program.py ...]   (all of the folder's without arguments)
A program runs as a script. A line of the answer holds `path`, `ok`, and for what raised its `type` and `text`; a
program that brings the compiler's process down has the type ``CRASH``.
"""

from __future__ import annotations

import json
import os
import runpy
import select
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from programs import programs

TIMEOUT = 60.0  # seconds a program may take
JOBS = 2


def child(path: str, pipe: int) -> NoReturn:
    """Run one program, silently, write its outcome to `pipe` and leave without any clean-up."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    warnings.simplefilter("ignore")
    outcome: dict[str, Any] = {"ok": True, "type": "", "text": ""}
    try:
        runpy.run_path(path, run_name="__main__")
    except BaseException as error:  # the program may raise anything, SystemExit included
        outcome = {"ok": False, "type": type(error).__name__, "text": str(error)}
    data = json.dumps(outcome).encode()
    while data:
        data = data[os.write(pipe, data) :]
    os._exit(0)


def run(paths: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The outcome of each program, in the order in which they end."""
    import torch.distributed.rpc  # noqa: F401  # imported once, before the forks

    waiting = list(paths)[::-1]
    living: dict[int, tuple[str, int, float, bytearray]] = {}  # read end -> path, process, deadline, what it said
    while waiting or living:
        while waiting and len(living) < JOBS:
            path = waiting.pop()
            read_end, write_end = os.pipe()
            process = os.fork()
            if process == 0:
                os.close(read_end)
                child(path, write_end)
            os.close(write_end)
            living[read_end] = (path, process, time.monotonic() + TIMEOUT, bytearray())
        ready, _, _ = select.select(list(living), [], [], 0.5)
        for read_end in ready:
            path, process, _, said = living[read_end]
            if chunk := os.read(read_end, 65536):
                said += chunk
                continue
            del living[read_end]
            os.close(read_end)
            _, status = os.waitpid(process, 0)
            yield {"path": path, **outcome_of(bytes(said), status)}
        for _, process, deadline, said in living.values():
            if time.monotonic() > deadline:
                said.clear()
                os.kill(process, signal.SIGKILL)


def outcome_of(said: bytes, status: int) -> dict[str, Any]:
    """What a child told, or how it died."""
    try:
        outcome: dict[str, Any] = json.loads(said)
    except ValueError:
        died = os.WIFSIGNALED(status)
        how = f"killed by {signal.Signals(os.WTERMSIG(status)).name}" if died else f"exited {status}"
        outcome = {"ok": False, "type": "CRASH", "text": f"compiler process {how}"}
    return outcome


if __name__ == "__main__":
    for answer in run(sys.argv[1:] or [str(program.path) for program in programs()]):
        print(json.dumps(answer), flush=True)
