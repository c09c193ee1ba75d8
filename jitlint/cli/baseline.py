"""`jitlint baseline`, and what `jitlint check` does with `--baseline` and `--add-ignore`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitlint.cli.console import fail, print_lines, read_configuration, split, warn

if TYPE_CHECKING:
    from jitlint.baseline import Baseline, Comparison
    from jitlint.config import Configuration
    from jitlint.findings.model import Result

app = typer.Typer(no_args_is_help=True, help="Findings that are put off: `check` reports only what is new.")

_Paths = Annotated[list[str] | None, typer.Argument(help="Files and folders. [default: .]", show_default=False)]
_File = Annotated[
    str | None, typer.Option("--baseline", help="The file. [default: the key `baseline`, else .jitlint-baseline.json]")
]
_Config = Annotated[list[str], typer.Option(help="A configuration file, or KEY=VALUE in TOML; may be repeated.")]
_Isolated = Annotated[bool, typer.Option("--isolated", help="Look at no configuration file.")]
_Select = Annotated[list[str], typer.Option(help="Codes, prefixes or names, comma-separated; ALL.")]
_Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per core.")]


@app.command()
def write(
    paths: _Paths = None,
    baseline: _File = None,
    select: _Select = [],
    config: _Config = [],
    isolated: _Isolated = False,
    jobs: _Jobs = 0,
) -> None:
    """Begin anew: what is found now is known from now on."""
    _change(paths, baseline, select, config, isolated, jobs, "write")


@app.command()
def update(
    paths: _Paths = None,
    baseline: _File = None,
    select: _Select = [],
    config: _Config = [],
    isolated: _Isolated = False,
    jobs: _Jobs = 0,
) -> None:
    """Add what is new in the files checked, and drop what is found no more."""
    _change(paths, baseline, select, config, isolated, jobs, "update")


@app.command()
def prune(
    paths: _Paths = None,
    baseline: _File = None,
    select: _Select = [],
    config: _Config = [],
    isolated: _Isolated = False,
    jobs: _Jobs = 0,
) -> None:
    """Drop what is found no more, and add nothing."""
    _change(paths, baseline, select, config, isolated, jobs, "prune")


def _change(
    paths: list[str] | None,
    file: str | None,
    select: list[str],
    config: list[str],
    isolated: bool,
    jobs: int,
    how: str,
) -> None:
    from jitlint import baseline as baselines
    from jitlint.config import ConfigError
    from jitlint.runner import check

    given = paths or ["."]
    overrides: dict[str, Any] = {"select": split(select) or None}
    try:
        configuration = read_configuration(config, isolated, overrides, {})
        path = file or _configured(configuration, given) or baselines.DEFAULT_NAME
        old = baselines.load(path) if how != "write" else baselines.Baseline("")
        result = check(given, configuration, jobs=jobs, use_cache=True)
        if how == "write":
            new = baselines.of(result, path)
        else:
            found = _compared(result, old, configuration, given)
            new = baselines.updated(old, found.new, found.stale, grow=how == "update")
        baselines.save(new, path)
    except (ConfigError, baselines.BaselineError) as error:
        fail(str(error))
    for problem in result.errors:
        warn(f"{problem.path}: {problem.message}")
    count, before = sum(new.known.values()), sum(old.known.values())
    change = "" if how == "write" else f" ({count - before:+d})"
    print_lines([f"{path}: {count} known {'finding' if count == 1 else 'findings'}{change}"])
    if result.errors:
        raise typer.Exit(2)


def subtract(
    result: Result, file: str | None, configuration: Configuration, paths: list[str], strict: bool
) -> tuple[Result, bool]:
    """The result without what the baseline knows, and whether the run fails for stale entries. `file` None: the one that
    the configuration names, if any; '': none. Ends the run where the baseline cannot be read."""
    from jitlint.baseline import BaselineError, load

    path = _configured(configuration, paths) if file is None else file
    if not path:
        if strict:
            fail("--strict-baseline: there is no baseline; name one with --baseline or the key `baseline`")
        return result, False
    try:
        found = _compared(result, load(path), configuration, paths)
    except BaselineError as error:
        fail(str(error))
    for identity, count in found.stale:
        where = f" in {identity.qualname}" if identity.qualname else ""
        times = f", {count} times" if count > 1 else ""
        warn(f"{identity.path}: stale in the baseline{times}: {identity.code}{where} at `{identity.text}`")
    if found.stale:
        warn("`jitlint baseline prune` removes stale entries")
    return found.new, strict and bool(found.stale)


def _compared(result: Result, baseline: Baseline, configuration: Configuration, paths: list[str]) -> Comparison:
    from jitlint.baseline import compare
    from jitlint.findings import registry

    def selects(code: str, path: str) -> bool:
        return configuration.for_folder(os.path.dirname(path)).selects(registry.rule(code), path)

    return compare(result, baseline, _checked(configuration, paths), selects)


def _checked(configuration: Configuration, paths: list[str]) -> Callable[[], Collection[str]]:
    """The files below the folders that are checked. Those named one by one may be compiled from others that this run did
    not look at: that nothing is found in them says little."""
    from jitlint.runner import files_to_check

    def checked() -> Collection[str]:
        folders = [path for path in paths if os.path.isdir(path)]
        return files_to_check(folders, configuration).files if folders else ()

    return checked


def _configured(configuration: Configuration, paths: list[str]) -> str | None:
    first = os.path.abspath("." if paths[0] == "-" else paths[0])
    settings = configuration.for_folder(first if os.path.isdir(first) else os.path.dirname(first))
    return os.path.join(settings.root, settings.baseline) if settings.baseline else None


def add_ignores(result: Result) -> None:
    """Write a suppression comment for every finding, and end the run: 0, 1 where some have none, 2 where it failed."""
    from jitlint.findings.model import Finding
    from jitlint.fixes.apply import write as write_file
    from jitlint.fixes.ignores import counted, silenced
    from jitlint.source.text import SourceError, decode, read_bytes

    by_path: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_path.setdefault(finding.path, []).append(finding)
    done: list[Finding] = []
    left: list[Finding] = []
    failed = bool(result.errors)
    for path, findings in by_path.items():
        try:
            before = read_bytes(path)
            after, silent, rest = silenced(decode(before, path), findings)
        except SourceError as error:
            warn(f"{path}: {error.message}")
            failed = True
            continue
        why = write_file(path, before, after) if after != before else ""
        if why:
            warn(f"{path}: no comments were added: {why}")
            failed = True
            continue
        done += silent
        left += rest
    print_lines([f"Silenced {counted(done)}."])
    for finding in left:
        warn(f"{finding.path}:{finding.span.line}: {finding.code}: no comment can stand there")
    raise typer.Exit(2 if failed else 1 if left else 0)
