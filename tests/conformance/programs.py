"""The catalogue's programs: their headers, and the judgement of what jitlint and the compiler say to them.

`<id>.bad.py` must be rejected (with `compiles: yes` in its header: is accepted, but deserves a warning), `<id>.good.py`
is the same program repaired, `<id>.ok.py` only looks wrong. Neither torch nor jitlint is imported here.
"""

from __future__ import annotations

import ast
import inspect
import io
import json
import re
import tokenize
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
AREAS = ("frontend", "emitter", "resolve")
TORCH = "2.13.0"  # the release whose verdicts the headers hold
EXPECTED_FAILURES = FOLDER / "expected_failures.txt"
FAILURES = ("flagged", "line", "reason", "alarm", "hazard")


@dataclass(frozen=True, slots=True)
class Program:
    """One program. `id` is ``area/name.kind``; `fields` are the header's ``key: value`` lines."""

    id: str
    path: Path
    kind: str  # bad, good or ok
    fields: Mapping[str, str]

    @property
    def hazard(self) -> bool:
        """Whether the compiler accepts it although it does not do what its author meant."""
        return self.fields.get("compiles") == "yes"

    @property
    def line(self) -> int | None:
        """The 1-based line where the compiler's error points; None where it names no line."""
        line = self.fields.get("line", "none")
        return int(line) if line.isdigit() else None

    @property
    def message(self) -> str:
        """The part of the compiler's message that is fixed; empty where the header has none."""
        message = self.fields.get("message", "")
        return "" if message.lower() == "none" else message


def _docstring(text: str) -> str:
    """The string that a program begins with; the program's grammar may be newer than the running Python's."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            return inspect.cleandoc(ast.literal_eval(token.string))
        if token.type not in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE):
            break
    return ""


def header(path: Path) -> dict[str, str]:
    """The ``key: value`` lines of a program's docstring; an indented or keyless line continues the one before."""
    docstring = _docstring(path.read_text(encoding="utf-8"))
    fields: dict[str, str] = {}
    key = ""
    for line in docstring.splitlines():
        if match := re.match(r"([a-z-]+): ?(.*)", line):
            key = match[1]
            fields[key] = match[2]
        elif key:
            fields[key] += " " + line.strip()
    return fields


def programs() -> list[Program]:
    """Every program of the folder, sorted by id."""
    found = []
    for area in AREAS:
        for path in (FOLDER / area).glob("*.py"):
            kind = path.name.split(".")[-2]
            found.append(Program(f"{area}/{path.name.removesuffix('.py')}", path, kind, header(path)))
    return sorted(found, key=lambda program: program.id)


def plain(text: str) -> str:
    """`text` without what may differ between two prints of one message: white space, quotes, case."""
    return re.sub(r"[\s'\"`]+", " ", text).strip().lower()


def run_jitlint() -> dict[Path, list[dict[str, Any]]]:
    """jitlint's findings on the whole folder, in one run of its command line, by file."""
    command = [
        sys.executable,
        "-m",
        "jitlint",
        "check",
        "--output-format",
        "json",
        "--exit-zero",
        "--isolated",
        "--no-cache",
    ]
    command += ["--torch-version", TORCH, *(str(FOLDER / area) for area in AREAS)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parents[1], timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(f"jitlint exited {done.returncode}: {done.stderr[-3000:]}")
    by_file: dict[Path, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        by_file.setdefault((FOLDER / finding["path"]).resolve(), []).append(finding)
    return by_file


def failures(program: Program, findings: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What is wrong with jitlint's `findings` (as in its JSON) on `program`; () when nothing is.

    ``flagged``: a bad program without an error; ``line``, ``reason``: it has errors, but none on the line, or none with
    the compiler's message; ``alarm``: an error where there is none; ``hazard``: nothing at all on a hazard.
    """
    errors = [finding for finding in findings if finding["severity"] == "error"]
    if program.kind != "bad":
        return ("alarm",) if errors else ()
    if program.hazard:
        return () if findings else ("hazard",)
    if not errors:
        return ("flagged",)
    on_line = errors
    if (line := program.line) is not None:
        on_line = [e for e in errors if e["range"]["start"]["line"] <= line <= e["range"]["end"]["line"]]
    wanted = plain(program.message)
    wrong = [] if on_line else ["line"]
    # The reason must be given where the compiler stops; without such a finding, any of the file's will do.
    if wanted and not any(wanted in plain(e.get("torch_message") or "") for e in on_line or errors):
        wrong.append("reason")
    return tuple(wrong)


def covers(expected: Iterable[str], actual: Iterable[str]) -> bool:
    """Whether a program known to fail in the `expected` ways may fail in the `actual` ones."""
    allowed = set(expected)
    if "flagged" in allowed:
        allowed |= {"line", "reason"}
    return allowed >= set(actual)


def read_expected_failures(path: Path = EXPECTED_FAILURES) -> dict[str, tuple[str, ...]]:
    """The known disagreements: ``id what what ...`` a line."""
    known = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, *what = line.split()
            known[name] = tuple(what)
    return known


def write_expected_failures(known: Mapping[str, Sequence[str]], path: Path = EXPECTED_FAILURES) -> None:
    """Write the list, sorted; programs that fail in no way are left out."""
    lines = ["# Programs on which jitlint still disagrees with the compiler: id, then what fails.\n"]
    lines += [f"{name} {' '.join(what)}\n" for name, what in sorted(known.items()) if what]
    path.write_text("".join(lines), encoding="utf-8")
