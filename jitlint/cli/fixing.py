"""What `jitlint check` does with fixes: `--fix`, `--fix-only`, `--diff`, `--show-fixes`."""

from __future__ import annotations

import difflib
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from jitlint.cli.console import fail, print_lines, relative, warn

if TYPE_CHECKING:
    from jitlint.findings.model import Finding, Result
    from jitlint.fixes.apply import Repair

Check = Callable[[Sequence[str], Mapping[str, bytes]], "Result"]
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Options:
    """How fixes are wanted: as files (`diff` False) or as a diff; whether what is left is reported."""

    diff: bool
    only: bool
    unsafe: bool
    show: bool


def run(check: Check, paths: list[str], stdin_filename: str | None, options: Options) -> Result:
    """Fixes files, or shows how they would change (then it ends the run). Returns what is left to report."""
    from jitlint.fixes.apply import repair

    texts: dict[str, bytes] = {}
    stdin = ""
    if STDIN in paths:
        if len(paths) > 1:
            fail("- (standard input) cannot be combined with other paths")
        stdin = os.path.abspath(stdin_filename or "stdin.py")
        texts[stdin] = sys.stdin.buffer.read()
        paths = [stdin]
    work = repair(check, paths, texts, options.unsafe)
    if stdin:
        # Of other files nothing is written: what came in is all that goes out.
        work.before = {path: text for path, text in work.before.items() if path == stdin}
        work.after = {path: text for path, text in work.after.items() if path == stdin}
    if options.diff:
        _print_diff(work, stdin)
        raise typer.Exit(2 if work.result.errors else 1 if work.after else 0)
    if stdin:
        sys.stdout.buffer.write(work.after.get(stdin, texts[stdin]))
        sys.stdout.flush()
        texts[stdin] = work.after.get(stdin, texts[stdin])
    else:
        _write(work)
    if options.show:
        print_lines(_shown(work.fixed), error=bool(stdin))
    if options.only:
        if not options.show and work.fixed:
            warn(f"fixed {_count(len(work.fixed))}")
        raise typer.Exit(2 if work.result.errors else 0)
    result = check(paths, texts) if work.after else work.result
    return replace(result, fixed=len(work.fixed))


def _write(work: Repair) -> None:
    from jitlint.fixes.apply import write

    for path in list(work.after):
        why = write(path, work.before[path], work.after[path])
        if why:
            warn(f"{path}: not fixed: {why}")
            del work.after[path]
            work.fixed = [finding for finding in work.fixed if finding.path != path]


def _print_diff(work: Repair, stdin: str) -> None:
    from jitlint.source.text import decode

    out: list[str] = []
    for path in sorted(work.after):
        shown = STDIN if path == stdin else relative(path)
        old = decode(work.before[path], path).text.splitlines(keepends=True)
        new = decode(work.after[path], path).text.splitlines(keepends=True)
        for line in difflib.unified_diff(old, new, shown, shown):
            out.append(line.rstrip("\r\n"))
            if not line.endswith(("\n", "\r")):
                out.append("\\ No newline at end of file")
    print_lines(out)
    if work.fixed:
        warn(f"would fix {_count(len(work.fixed))}")


def _shown(fixed: Sequence[Finding]) -> list[str]:
    """How many findings of which rule were fixed in which file."""
    lines = [f"Fixed {_count(len(fixed))}:"] if fixed else []
    for path in sorted({finding.path for finding in fixed}):
        lines.append(f"- {relative(path)}:")
        counts = Counter((finding.code, finding.name) for finding in fixed if finding.path == path)
        width = max(len(str(count)) for count in counts.values())
        lines.extend(f"    {count:>{width}} × {code} ({name})" for (code, name), count in sorted(counts.items()))
    return lines


def _count(number: int) -> str:
    return f"{number} finding" + ("" if number == 1 else "s")
