"""`jitlint ruff-ignores`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from jitlint.cli.console import fail, print_lines, read_configuration, warn


def ruff_ignores(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and folders. [default: .]", show_default=False)
    ] = None,
    ruff_toml: Annotated[
        bool, typer.Option("--ruff-toml", help="For ruff.toml. [default: if there is one beside the configuration]")
    ] = False,
    config: Annotated[
        list[str], typer.Option(help="A configuration file, or KEY=VALUE in TOML; may be repeated.")
    ] = [],
    isolated: Annotated[bool, typer.Option("--isolated", help="Look at no configuration file.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per core.")] = 0,
) -> None:
    """Print ruff's per-file-ignores for files that hold compiled code: some of its fixes leave TorchScript."""
    from jitlint.config import ConfigError
    from jitlint.findings.ruff import block, files
    from jitlint.runner import check

    given = paths or ["."]
    try:
        configuration = read_configuration(config, isolated, {}, {})
        result = check(given, configuration, jobs=jobs, use_cache=True)
        first = os.path.abspath(given[0])
        root = configuration.for_folder(first if os.path.isdir(first) else os.path.dirname(first)).root
    except ConfigError as error:
        fail(str(error))
    own = ruff_toml or any(os.path.isfile(os.path.join(root, name)) for name in ("ruff.toml", ".ruff.toml"))
    print_lines(block(files(result), root, own, result.torch_version))
    for problem in result.errors:
        warn(f"{problem.path}: {problem.message}")
    if result.errors:
        raise typer.Exit(2)
