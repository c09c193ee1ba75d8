"""The command line. No logic of its own: it reads options, calls, prints; the commands load what is heavy."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from jitlint.config import Configuration
    from jitlint.findings.model import Result

app = typer.Typer(
    name="jitlint",
    help="Lists everything in a source tree that torch.jit.script will reject, without importing it and without torch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_FORMATS = ("full", "concise", "json", "json-lines")


def main() -> None:
    """The console script."""
    try:
        app()
    except BrokenPipeError:  # `jitlint check | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


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


@app.command()
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
    output_format: Annotated[
        str, typer.Option(help="One of: " + ", ".join(_FORMATS) + ".", envvar="JITLINT_OUTPUT_FORMAT")
    ] = "full",
    output_file: Annotated[
        str | None, typer.Option("--output-file", "-o", help="Write the report here.", envvar="JITLINT_OUTPUT_FILE")
    ] = None,
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
) -> None:
    """Check files and folders. Exits with 0 (nothing found), 1 (findings) or 2 (the run failed)."""
    from jitlint.config import ConfigError

    _one_of(output_format, _FORMATS, "--output-format")
    _one_of(color, ("auto", "always", "never"), "--color")
    overrides: dict[str, Any] = {
        "scope": scope,
        "torch-version": torch_version,
        "force-exclude": force_exclude,
        "respect-gitignore": respect_gitignore,
        "select": _split(select) or None,
        "ignore": _split(ignore) or None,
        "exclude": _split(exclude) or None,
    }
    extra = {"extend-select": _split(extend_select), "extend-exclude": _split(extend_exclude), "entry-points": entry}
    given = paths or ["."]
    try:
        configuration = _configuration(config, isolated, overrides, extra)
        if show_settings:
            _show_settings(configuration, given, stdin_filename)
        elif show_files:
            _show_files(configuration, given)
        else:
            result = _run(configuration, given, stdin_filename, jobs, not no_cache, cache_dir, quiet)
            _report(result, output_format, output_file, color, statistics, quiet)
            if result.errors:
                raise typer.Exit(2)
            raise typer.Exit(1 if result.findings and not exit_zero else 0)
    except ConfigError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted")


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="A rule's code or name.")],
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
) -> None:
    """Explain a rule: why the compiler rejects it, and what to write instead."""
    from jitlint.findings.registry import UnknownRule, find
    from jitlint.report.rules import explanation

    _one_of(color, ("auto", "always", "never"), "--color")
    try:
        found = find(rule)
    except UnknownRule as error:
        _fail(str(error))
    _print(explanation(found, _wants_color(color)))


@app.command()
def rules(
    output_format: Annotated[str, typer.Option(help="One of: text, json.")] = "text",
) -> None:
    """List all rules."""
    from jitlint.findings.registry import all_rules
    from jitlint.report.rules import listing

    _one_of(output_format, ("text", "json"), "--output-format")
    _print(listing(all_rules(), output_format))


def _configuration(
    config: list[str], isolated: bool, overrides: dict[str, Any], extra: dict[str, list[str]]
) -> Configuration:
    from jitlint.config import ConfigError, Configuration, parse_pair

    file: str | None = None
    pairs: dict[str, Any] = {}
    for item in config:
        if os.path.isfile(item) or ("=" not in item):
            if not os.path.isfile(item):
                raise ConfigError(f"--config {item}: no such file (and not KEY=VALUE)")
            if file is not None:
                raise ConfigError("--config: give one file only")
            file = item
        else:
            key, value = parse_pair(item)
            pairs[key] = value
    if file and isolated:
        raise ConfigError("--isolated and a --config file exclude each other")
    pairs |= {key: value for key, value in overrides.items() if value is not None}
    return Configuration(file, isolated, pairs, {key: values for key, values in extra.items() if values})


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
                _fail("- (standard input) cannot be combined with other paths")
            return check_stdin(sys.stdin.buffer.read(), stdin_filename or "stdin.py", configuration)
        return check(paths, configuration, jobs=jobs, use_cache=use_cache, cache_dir=cache_dir, progress=progress)
    finally:
        if progress:
            progress.close()


def _report(
    result: Result, output_format: str, output_file: str | None, color: str, statistics: bool, quiet: bool
) -> None:
    from jitlint.report import render
    from jitlint.report.style import Style
    from jitlint.report.summary import statistics as counted

    style = Style(_wants_color(color, output_file is not None))
    lines = list(counted(result, style)) if statistics else list(render(result, output_format, style))
    if quiet and not statistics and output_format in ("full", "concise"):
        lines.pop()
        while lines and not lines[-1]:
            lines.pop()
    if output_file:
        try:
            with open(output_file, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(line + "\n" for line in lines)
        except OSError as error:
            _fail(f"cannot write {output_file}: {error.strerror}")
    else:
        _print(lines)
    reported = {finding.path for finding in result.findings if finding.code == "JIT905"}
    for problem in result.errors:
        if problem.path not in reported:
            _warn(f"{problem.path}: {problem.message}")


def _show_files(configuration: Configuration, paths: list[str]) -> None:
    from jitlint.runner import files_to_check

    found = files_to_check(paths, configuration)
    _print(found.files)
    for path in found.missing:
        _warn(f"{path}: no such file or directory")
    if found.missing:
        raise typer.Exit(2)


def _show_settings(configuration: Configuration, paths: list[str], stdin_filename: str | None) -> None:
    import json

    from jitlint.config import as_table

    path = os.path.abspath((stdin_filename or ".") if paths[0] == "-" else paths[0])
    settings = configuration.for_folder(path if os.path.isdir(path) else os.path.dirname(path))
    _print([json.dumps(as_table(settings), indent=2)])


def _split(values: list[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _one_of(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        _fail(f"{option} {value}: choose one of {', '.join(allowed)}")


def _wants_color(color: str, to_file: bool = False) -> bool:
    if color != "auto":
        return color == "always"
    if to_file or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def _print(lines: list[str]) -> None:
    if not lines:
        return
    encoding = sys.stdout.encoding or "utf-8"
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _warn(message: str) -> None:
    sys.stderr.write(f"jitlint: {message}\n".encode("utf-8", "backslashreplace").decode("utf-8"))


def _fail(message: str) -> NoReturn:
    _warn(message)
    raise typer.Exit(2)
