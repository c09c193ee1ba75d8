"""`jitlint check`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitlint.cli.console import fail, one_of, print_lines, read_configuration, split, warn
from jitlint.cli.output import FILE_HELP, FORMAT_HELP, targets, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jitlint.cli.fixing import Options
    from jitlint.cli.output import Target
    from jitlint.config import Configuration
    from jitlint.findings.model import Result


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files and folders; - for standard input. [default: .]", show_default=False),
    ] = None,
    select: Annotated[
        list[str], typer.Option(help="Codes, prefixes (JIT2) or names to report, comma-separated; ALL.")
    ] = [],
    ignore: Annotated[list[str], typer.Option(help="Codes, prefixes or names to leave out.")] = [],
    extend_select: Annotated[list[str], typer.Option(help="Like --select, in addition to what is selected.")] = [],
    output_format: Annotated[list[str], typer.Option(help=FORMAT_HELP, show_default="full")] = [],
    output_file: Annotated[list[str], typer.Option("--output-file", "-o", help=FILE_HELP)] = [],
    fix: Annotated[bool, typer.Option("--fix/--no-fix", help="Apply the fixes of findings that have one.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes/--no-unsafe-fixes", help="Include fixes that may change what the code does."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what --fix would change. Exits with 1 if anything.")
    ] = False,
    fix_only: Annotated[
        bool, typer.Option("--fix-only", help="Apply fixes and report nothing that is left; exits with 0.")
    ] = False,
    show_fixes: Annotated[bool, typer.Option("--show-fixes", help="List the fixes that were applied.")] = False,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Leave out the findings that are known; '' for no baseline.")
    ] = None,
    strict_baseline: Annotated[
        bool, typer.Option("--strict-baseline", help="Exit with 1 where the baseline knows what is found no more.")
    ] = False,
    add_ignore: Annotated[
        bool, typer.Option("--add-ignore", help="Write a comment that silences it to every finding; report nothing.")
    ] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 even where there are findings.")] = False,
    config: Annotated[
        list[str],
        typer.Option(help="A configuration file to use for everything, or KEY=VALUE in TOML; may be repeated."),
    ] = [],
    isolated: Annotated[bool, typer.Option("--isolated", help="Look at no configuration file.")] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither read nor write the cache.", envvar="JITLINT_NO_CACHE")
    ] = False,
    cache_dir: Annotated[str | None, typer.Option(help="Where the cache is kept.", envvar="JITLINT_CACHE_DIR")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 for one per core.")] = 0,
    stdin_filename: Annotated[str | None, typer.Option(help="The name of what comes on standard input.")] = None,
    statistics: Annotated[bool, typer.Option("--statistics", help="Count findings by rule.")] = False,
    show_files: Annotated[bool, typer.Option("--show-files", help="List the files that would be checked.")] = False,
    show_settings: Annotated[bool, typer.Option("--show-settings", help="Show the settings in force.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Report findings only; no summary, no progress.")
    ] = False,
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
    entry: Annotated[list[str], typer.Option(metavar="MODULE:QUALNAME", help="Something more that is compiled.")] = [],
    scope: Annotated[
        str | None, typer.Option(help="all: every forward; reachable: what the project scripts itself.")
    ] = None,
    torch_version: Annotated[str | None, typer.Option(help="The torch release to check against.")] = None,
    force_exclude: Annotated[
        bool | None,
        typer.Option("--force-exclude/--no-force-exclude", help="Apply `exclude` to paths named here, too."),
    ] = None,
    exclude: Annotated[list[str], typer.Option(help="Patterns to leave out, instead of the default ones.")] = [],
    extend_exclude: Annotated[list[str], typer.Option(help="Patterns to leave out in addition.")] = [],
    respect_gitignore: Annotated[
        bool | None, typer.Option("--respect-gitignore/--no-respect-gitignore", help="Honour .gitignore.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Put the findings to the compiler, too: RUNS the project's code.")
    ] = False,
) -> None:
    """Check files and folders. Exits with 0 (nothing found), 1 (findings) or 2 (the run failed)."""
    from dataclasses import replace

    from jitlint.cli.fixing import Options
    from jitlint.config import ConfigError

    wanted = targets(output_format, output_file)
    one_of(color, ("auto", "always", "never"), "--color")
    overrides: dict[str, Any] = {
        "scope": scope,
        "torch-version": torch_version,
        "force-exclude": force_exclude,
        "respect-gitignore": respect_gitignore,
        "select": split(select) or None,
        "ignore": split(ignore) or None,
        "exclude": split(exclude) or None,
    }
    extra = {"extend-select": split(extend_select), "extend-exclude": split(extend_exclude), "entry-points": entry}
    given = paths or ["."]
    try:
        configuration = read_configuration(config, isolated, overrides, extra)
        if show_settings:
            _show_settings(configuration, given, stdin_filename)
        elif show_files:
            _show_files(configuration, given)
        elif verify:
            if "-" in given or fix or diff or fix_only:
                fail("--verify needs files as they are: neither standard input nor fixes")
            from jitlint.cli.verify import verify_and_report

            verify_and_report(configuration, given, {"jobs": jobs}, wanted, color, quiet, exit_zero)
        else:
            cached = not no_cache
            if fix or diff or fix_only:
                result = _fixed(
                    configuration,
                    given,
                    stdin_filename,
                    jobs,
                    cached,
                    cache_dir,
                    Options(diff, fix_only, unsafe_fixes, show_fixes),
                )
            else:
                result = _run(configuration, given, stdin_filename, jobs, cached, cache_dir, quiet)
            from jitlint.cli.baseline import add_ignores, subtract

            if "-" in given and add_ignore:
                fail("--add-ignore needs a file to write to, not standard input")
            result, stale = subtract(result, baseline, configuration, given, strict_baseline)
            if add_ignore:
                add_ignores(result)
            result = replace(result, unsafe_fixes=unsafe_fixes)
            to_error = fix and "-" in given  # standard output holds the fixed text
            _report(result, wanted, color, statistics, quiet, to_error)
            if result.errors:
                raise typer.Exit(2)
            raise typer.Exit(1 if stale or (result.findings and not exit_zero) else 0)
    except ConfigError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted")


def _run(
    configuration: Configuration,
    paths: list[str],
    stdin_filename: str | None,
    jobs: int,
    use_cache: bool,
    cache_dir: str | None,
    quiet: bool,
) -> Result:
    from jitlint.report.progress import Progress
    from jitlint.runner import check, check_stdin

    progress = Progress() if sys.stderr.isatty() and not quiet else None
    try:
        if "-" in paths:
            if len(paths) > 1:
                fail("- (standard input) cannot be combined with other paths")
            return check_stdin(sys.stdin.buffer.read(), stdin_filename or "stdin.py", configuration, fixes=True)
        return check(
            paths, configuration, jobs=jobs, use_cache=use_cache, cache_dir=cache_dir, progress=progress, fixes=True
        )
    finally:
        if progress:
            progress.close()


def _fixed(
    configuration: Configuration,
    paths: list[str],
    stdin_filename: str | None,
    jobs: int,
    use_cache: bool,
    cache_dir: str | None,
    options: Options,
) -> Result:
    from jitlint.cli.fixing import run
    from jitlint.repeat import Repeat
    from jitlint.runner import check

    memory = Repeat()

    def again(some: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        memory.start(texts)
        return check(
            some,
            configuration,
            jobs=jobs,
            use_cache=use_cache,
            cache_dir=cache_dir,
            overlay=texts,
            fixes=True,
            memory=memory,
        )

    try:
        return run(again, paths, stdin_filename, options)
    finally:
        memory.close()


def _report(
    result: Result, wanted: Sequence[Target], color: str, statistics: bool, quiet: bool, to_error: bool = False
) -> None:
    write(result, wanted, color, quiet=quiet, statistics=statistics, to_error=to_error)
    reported = {finding.path for finding in result.findings if finding.code == "JIT905"}
    for problem in result.errors:
        if problem.path not in reported:
            warn(f"{problem.path}: {problem.message}")


def _show_files(configuration: Configuration, paths: list[str]) -> None:
    from jitlint.runner import files_to_check

    found = files_to_check(paths, configuration)
    print_lines(found.files)
    for path in found.missing:
        warn(f"{path}: no such file or directory")
    if found.missing:
        raise typer.Exit(2)


def _show_settings(configuration: Configuration, paths: list[str], stdin_filename: str | None) -> None:
    import json

    from jitlint.config import as_table

    path = os.path.abspath((stdin_filename or ".") if paths[0] == "-" else paths[0])
    settings = configuration.for_folder(path if os.path.isdir(path) else os.path.dirname(path))
    print_lines([json.dumps(as_table(settings), indent=2)])
