"""How fast jitlint is, as ratios measured in one run on one machine.

Usage: python benchmarks/measure.py [FOLDER] [--repeat N] [--beside "torchfix=ENV/bin/torchfix"] [--beside "fixit=ENV/bin/fixit lint"]

FOLDER defaults to the ``nn`` package of the installed torch. ``--beside`` times other linters on the same files in the
same run (``pip install torchfix fixit`` in an environment of their own: they pin libcst). Times are CPU seconds of processes with their children,
the least of N runs, except where it says wall. The budgets: start-up < 3, cold < 1, one file < 0.5 s wall, warm < 0.05.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PARSE = """
import sys, libcst
for path in sys.stdin.read().split("\\n"):
    with open(path, "rb") as file:
        libcst.parse_module(file.read())
"""


def cost(command: list[str], repeat: int, stdin: str = "", exits: tuple[int, ...] = (0, 1)) -> tuple[float, float]:
    """CPU and wall seconds of a command, the least of several runs."""
    cpu, wall = [], []
    # As installed: pip compiles what it installs, while a checkout under this variable would be compiled in every run.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, env=environment)
        wall.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in exits:
            sys.exit(f"{' '.join(command)} exited {done.returncode}:\n{done.stderr[-2000:]}")
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(cpu), min(wall)


def default_folder() -> Path:
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        sys.exit("torch is not installed: name a folder")
    return Path(found.origin).parent / "nn"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=COMMAND", help="another linter to time")
    options = parser.parse_args()
    folder = (options.folder or default_folder()).resolve()
    files = sorted(str(path) for path in folder.rglob("*.py"))
    lines = sum(Path(path).read_bytes().count(b"\n") for path in files)
    print(f"{folder.name}: {len(files)} files, {lines} lines, {os.cpu_count()} cores")

    python, repeat = sys.executable, options.repeat
    typer, _ = cost([python, "-c", "import typer"], repeat)
    version, _ = cost([python, "-m", "jitlint", "--version"], repeat)
    libcst_import, _ = cost([python, "-c", "import libcst"], repeat)
    parse = cost([python, "-c", PARSE], repeat, "\n".join(files))[0] - libcst_import
    with tempfile.TemporaryDirectory() as cache:
        check = [python, "-m", "jitlint", "check", "--isolated", "--exit-zero", "--statistics", "--cache-dir", cache]
        one_job, _ = cost([*check, "--no-cache", "-j", "1", str(folder)], repeat)
        cold, cold_wall = cost([*check, "--no-cache", str(folder)], repeat)
        cost([*check, str(folder)], 1)
        warm, warm_wall = cost([*check, str(folder)], repeat)
        _, one_wall = cost([*check, files[len(files) // 2]], repeat)

    others = {
        name: cost([*shlex.split(command), str(folder)], repeat, exits=tuple(range(8)))
        for name, _, command in (one.partition("=") for one in options.beside)
    }

    def row(name: str, seconds: float, ratio: str) -> None:
        print(f"{name:<44}{seconds:8.2f} s   {ratio}")

    row("import typer", typer, "")
    row("jitlint --version", version, f"{version / typer:.2f} x import typer (budget 3)")
    row("libcst.parse_module of all files", parse, "")
    row("check, cold, one process", one_job, f"{one_job / parse:.2f} x parsing (budget 1)")
    row("check, cold, all cores", cold, f"{cold / parse:.2f} x parsing; {cold_wall:.2f} s wall")
    for name, (seconds, wall) in others.items():
        ratio = f"{seconds / parse:.2f} x parsing, {seconds / one_job:.1f} x jitlint cold in one process"
        row(name, seconds, f"{ratio}; {wall:.2f} s wall")
    row("check, warm", warm, f"{warm / cold:.3f} x cold (budget 0.05); {warm_wall:.2f} s wall")
    row("check of one file, warm (wall)", one_wall, "(budget 0.5 s)")


if __name__ == "__main__":
    main()
