"""The command line, one module per command. No logic of its own: it reads options, calls, prints.

The commands load what is heavy inside their functions: start-up is paid by every run.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from jitlint.cli.baseline import app as baseline
from jitlint.cli.check import check
from jitlint.cli.reveal import reveal
from jitlint.cli.ruff import ruff_ignores
from jitlint.cli.rules import explain, rules
from jitlint.cli.server import server
from jitlint.cli.verify import verify

app = typer.Typer(
    name="jitlint",
    help="Lists everything in a source tree that torch.jit.script will reject, without importing it and without torch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The console script."""
    try:
        app()
        status = 0
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        status = end.code or 0
    except OSError as error:
        status = _unwritten(error)
    _leave(status)


def _unwritten(error: OSError) -> int:
    """The status of a run whose output cannot be written: its reader has gone (`jitlint check | head`), or a full disk."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return 1
    print(f"jitlint: {error}", file=sys.stderr)
    return 2


def _leave(status: int) -> NoReturn:
    """End the process without taking down what it holds: for the syntax trees of a library that is half of the run."""
    try:
        sys.stdout.flush()
    except OSError as error:
        status = _unwritten(error)
    sys.stderr.flush()
    if sys.getprofile() is not None or sys.gettrace() is not None:
        sys.exit(status)  # what a profiler or a coverage tool has seen is written at exit
    os._exit(status)


def _version(wanted: bool) -> None:
    if wanted:
        from jitlint.version import __version__

        print(f"jitlint {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Lists everything in a source tree that torch.jit.script will reject."""


for _command in (check, verify, reveal, server, explain, rules, ruff_ignores):
    app.command()(_command)
app.add_typer(baseline, name="baseline")
