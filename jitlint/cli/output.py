"""Where reports go: `--output-format` and `--output-file`, each of which may be repeated."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.cli.console import fail, one_of, print_lines, wants_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitlint.findings.model import Result

FORMATS = (
    "full", "concise", "grouped", "json", "json-lines", "github", "gitlab", "junit", "sarif", "azure", "pylint", "rdjson",
    "lsp", "html",
)  # fmt: skip
FORMAT_HELP = "One of: " + ", ".join(FORMATS) + ". May be repeated, see --output-file. [env: JITLINT_OUTPUT_FORMAT]"
FILE_HELP = (
    "Write the report here; repeated, the first file gets the first format, and so on, and a format without a file is "
    "printed. [env: JITLINT_OUTPUT_FILE]"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One report; `file` None for standard output."""

    format: str
    file: str | None


def targets(formats: Sequence[str], files: Sequence[str]) -> list[Target]:
    """What is to be written where. Without options the environment decides. Ends the run on a wrong combination."""
    formats = list(formats) or [name for name in [os.environ.get("JITLINT_OUTPUT_FORMAT")] if name]
    files = list(files) or [name for name in [os.environ.get("JITLINT_OUTPUT_FILE")] if name]
    formats = formats or ["full"]
    for name in formats:
        one_of(name, FORMATS, "--output-format")
    if len(files) > len(formats):
        fail(f"--output-file: {len(files)} files for {len(formats)} of --output-format; give one for each")
    if len(formats) > len(files) + 1:
        left = ", ".join(formats[len(files) :])
        fail(f"--output-format: {left} have no --output-file, and only one of them can be printed")
    if len(set(map(os.path.abspath, files))) < len(files):
        fail("--output-file: a file is named twice")
    return [Target(name, files[number] if number < len(files) else None) for number, name in enumerate(formats)]


def write(
    result: Result,
    wanted: Sequence[Target],
    color: str,
    *,
    quiet: bool = False,
    statistics: bool = False,
    to_error: bool = False,
) -> None:
    """Write the reports. quiet: without the lines that sum up. statistics: counts by rule instead of what would be
    printed. to_error: print on standard error."""
    from jitlint.report import TEXT, render
    from jitlint.report.style import Style
    from jitlint.report.summary import statistics as counted
    from jitlint.report.summary import summary, verification_lines

    for target in wanted:
        style = Style(wants_color(color, target.file is not None))
        if statistics and (target.file is None or len(wanted) == 1):
            lines = list(counted(result, style))
        else:
            lines = list(render(result, target.format, style))
            if quiet and target.format in TEXT:
                del lines[-len([summary(result, style), *verification_lines(result, style)]) :]
                while lines and not lines[-1]:
                    lines.pop()
        if target.file is None:
            print_lines(lines, to_error)
            continue
        try:
            with open(target.file, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(line + "\n" for line in lines)
        except OSError as error:
            fail(f"cannot write {target.file}: {error.strerror}")
