"""How fast and how definite `jitlint verify` is on a package, beside a fresh Python process for each class.

Usage: python benchmarks/verify.py FOLDER [FOLDER ...] [--python INTERPRETER] [--device DEVICE] [--fresh N] [--jobs N]

FOLDER is an installed package, such as .../site-packages/timm; --python (default: this one) is the interpreter whose
torch is asked and in which the package can be imported. What is printed:

- of the findings in units that could be built, the share with a definite verdict (aim: 0.90), and the share of those
  that are refuted (aim: at most 0.02);
- the seconds per flagged unit and per question put to the compiler, beside the seconds of ``python -c "import torch, MODULE;
  torch.jit.script(CLASS())"`` for N of the same classes, in the same run and as many at a time (aim: 10 x faster).

A fresh process gives one error of one class; `verify` takes each unit through all its findings.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# Without the unit's name: it is given as arguments. A class that needs arguments is still imported and looked up.
FRESH = """
import importlib, sys, torch
module, name, device = sys.argv[1:]
found = importlib.import_module(module)
for part in name.split("."):
    found = getattr(found, part)
torch.jit.script(found().to(device) if isinstance(found, type) and issubclass(found, torch.nn.Module) else found)
"""
CANNOT = (
    "the import fails",
    "importing:",
    "constructing:",
    "guess",
    "its constructor takes",
    "it is abstract",
    "cannot be reached",
)
OWN = ("JIT920", "JIT921")


def is_asked(finding: dict[str, Any]) -> bool:
    """Whether a finding is one that the compiler can answer for."""
    return finding["code"] not in OWN and finding["severity"] == "error"


def is_put(finding: dict[str, Any]) -> bool:
    """Whether a finding is put to the compiler: of those that hang on a condition it may confirm some."""
    return is_asked(finding) or (finding["code"] not in OWN and finding["condition"] is not None)


def verified(folder: Path, python: str, device: str, jobs: int) -> tuple[dict[str, Any], float]:
    """The report on a package, and the wall seconds of the whole command."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "report.json"
        command = [sys.executable, "-m", "jitlint", "verify", str(folder), "--isolated", "--exit-zero", "--quiet"]
        command += ["--python", python, "--device", device, "-j", str(jobs)]
        command += ["--output-format", "json", "-o", str(report)]
        started = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            sys.exit(f"jitlint verify exited {done.returncode}:\n{done.stderr[-2000:]}")
        return json.loads(report.read_text()), seconds


def fresh(units: list[dict[str, Any]], python: str, device: str, folder: Path, jobs: int) -> float:
    """Wall seconds per unit with a process for each."""

    def one(unit: dict[str, Any]) -> None:
        command = [python, "-c", FRESH, unit["module"], unit["qualname"], device]
        subprocess.run(command, cwd=folder.parent, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, units))
    return (time.perf_counter() - started) / len(units)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--python", default=sys.executable, metavar="INTERPRETER")
    parser.add_argument("--device", default="cpu", help="where the modules are put before they are compiled")
    parser.add_argument("--fresh", type=int, default=10, metavar="N", help="classes to give a process of their own")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    for folder in (path.resolve() for path in options.folders):
        report, wall = verified(folder, options.python, options.device, options.jobs)
        findings = [finding for finding in report["findings"] if is_asked(finding)]
        counts = Counter(f["verdict"] for f in findings)
        unbuilt = sum(
            f["verdict"] == "unverifiable" and any(w in f["verdict_reason"] for w in CANNOT) for f in findings
        )
        definite = counts["confirmed"] + counts["refuted"]
        asked = report["verification"]
        print(
            f"{folder.name}: torch {asked['torch']} on {options.device}, {len(findings)} findings: {dict(counts)}, {asked['missed']} missed"
        )
        built = len(findings) - unbuilt
        print(f"  definite, of {built} in units that could be built   {definite / max(1, built):.2f} (aim 0.90)")
        print(f"  refuted, of the definite ones                  {counts['refuted'] / max(1, definite):.3f} (aim 0.02)")
        flagged = [unit for unit in report["units"] if unit["verdict"] == "rejected" and "<" not in unit["qualname"]]
        chosen = flagged[:: max(1, len(flagged) // options.fresh)][: options.fresh]
        if not chosen or not asked["compiled"]:
            continue
        alone = fresh(chosen, options.python, options.device, folder, options.jobs)
        # Of the same population as the fresh processes: those that no instance can be made of are tried, too.
        tried = sum(any(is_put(report["findings"][i]) for i in unit["findings"]) for unit in report["units"])
        each = asked["seconds"]["total"] / tried
        question = asked["seconds"]["total"] / max(1, asked["questions"])
        print(f"  a fresh process per class                 {alone:8.2f} s per class")
        print(
            f"  verify, {tried:4} units, {asked['compiled']:4} compiled       {each:8.2f} s per unit: {alone / each:.1f} x faster"
        )
        print(
            f"  verify, {asked['questions']:4} questions to the compiler {question:8.3f} s each: {alone / question:.1f} x faster"
        )
        print(f"  whole command, with what `check` takes    {wall:8.2f} s")


if __name__ == "__main__":
    main()
