"""`jitlint verify`, and what `jitlint check --verify` does beyond checking."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitlint.cli.console import fail, one_of, print_lines, read_configuration, split, wants_color, warn
from jitlint.cli.output import FILE_HELP, FORMAT_HELP, targets, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jitlint.cli.output import Target
    from jitlint.config import Configuration, Settings
    from jitlint.findings.model import Finding, Result
    from jitlint.report.style import Style
    from jitlint.verify.run import Options

_STREAMED = ("full", "concise", "json-lines")


def verify(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files and folders. [default: .]", show_default=False)
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:N or mps.")] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="INTERPRETER", help="The Python whose torch is asked.", envvar="JITLINT_PYTHON"),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0.1, help="Seconds that an import, a construction or a compilation may take.")
    ] = None,
    memory_limit: Annotated[int | None, typer.Option(min=1, help="MiB that a process may use.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Units at a time; 0 for one per core.")] = 0,
    everything: Annotated[bool, typer.Option("--all", help="Compile what has no findings, too.")] = False,
    guess: Annotated[bool, typer.Option("--guess/--no-guess", help="Guess arguments of constructors.")] = True,
    train: Annotated[bool, typer.Option("--train/--eval", help="The mode that modules are compiled in.")] = False,
    from_tests: Annotated[
        str | None,
        typer.Option(
            metavar="ARGUMENTS",
            help="Run pytest with these, and compile the instances it makes of classes that there is no other of; "
            "--no-guess prefers them to guesses.",
        ),
    ] = None,
    select: Annotated[
        list[str], typer.Option(help="Codes, prefixes (JIT2) or names to report, comma-separated; ALL.")
    ] = [],
    ignore: Annotated[list[str], typer.Option(help="Codes, prefixes or names to leave out.")] = [],
    output_format: Annotated[list[str], typer.Option(help=FORMAT_HELP, show_default="full")] = [],
    output_file: Annotated[list[str], typer.Option("--output-file", "-o", help=FILE_HELP)] = [],
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 whatever is confirmed.")] = False,
    config: Annotated[
        list[str],
        typer.Option(help="A configuration file to use for everything, or KEY=VALUE in TOML; may be repeated."),
    ] = [],
    isolated: Annotated[bool, typer.Option("--isolated", help="Look at no configuration file.")] = False,
    entry: Annotated[list[str], typer.Option(metavar="MODULE:QUALNAME", help="Something more that is compiled.")] = [],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Findings only; no summary, no progress.")] = False,
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
) -> None:
    """Put findings to the real compiler. IMPORTS AND RUNS the project's code, in processes of its own.

    Exits with 0 (nothing confirmed), 1 (something is rejected indeed) or 2 (the run failed).
    """
    from jitlint.config import ConfigError

    wanted = targets(output_format, output_file)
    one_of(color, ("auto", "always", "never"), "--color")
    overrides: dict[str, Any] = {"select": split(select) or None, "ignore": split(ignore) or None}
    given = paths or ["."]
    try:
        configuration = read_configuration(config, isolated, overrides, {"entry-points": entry})
        chosen: dict[str, Any] = {
            "device": device,
            "python": python,
            "timeout": timeout,
            "memory_limit": memory_limit,
            "jobs": jobs,
            "everything": everything,
            "guess": guess,
            "train": train,
            "tests": from_tests,
        }
        verify_and_report(configuration, given, chosen, wanted, color, quiet, exit_zero)
    except ConfigError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("interrupted; nothing is left running")


def verify_and_report(
    configuration: Configuration,
    paths: list[str],
    chosen: dict[str, Any],
    wanted: Sequence[Target],
    color: str,
    quiet: bool,
    exit_zero: bool,
) -> None:
    """Check, verify, report, and end with the exit status. Raises ConfigError.

    chosen: the command line's options by name, None for those that the configuration is to decide.
    """
    from jitlint.environment import interpreter as surrounding
    from jitlint.report.style import Style
    from jitlint.verify.nodes import Worker, WorkerError
    from jitlint.verify.run import probe

    first = os.path.abspath(paths[0])
    folder = first if os.path.isdir(first) else os.path.dirname(first)
    settings = configuration.for_folder(folder)
    options = _options(chosen, settings)
    interpreter = chosen.get("python") or settings.verify.python or surrounding(settings.root or os.getcwd())
    if not quiet:
        warn(f"verify imports and runs the project's code, with {interpreter} on {options.device}")
    printed = next((target.format for target in wanted if target.file is None), None)
    with _interruptible():
        try:
            worker = Worker(interpreter, settings.root or os.getcwd(), options.device)
        except WorkerError as error:
            fail(str(error))
        try:
            if options.device != "cpu":
                probe(worker, options.device)
            shown = _Shown(printed, Style(wants_color(color))) if printed in _STREAMED else None
            result = _verified(configuration, paths, settings, worker, options, shown, quiet)
        except WorkerError as error:
            fail(str(error))
        finally:
            worker.close()
    if shown is not None:
        shown.close(result, quiet)
        wanted = [target for target in wanted if target.file is not None]
    write(result, wanted, color, quiet=quiet)
    for problem in result.errors:
        warn(f"{problem.path}: {problem.message}")
    if result.errors:
        raise typer.Exit(2)
    found = result.verification
    proven = found is not None and found.confirmed + found.missed + found.differing > 0
    raise typer.Exit(1 if proven and not exit_zero else 0)


def _options(chosen: dict[str, Any], settings: Settings) -> Options:
    import shlex

    from jitlint.config import ConfigError
    from jitlint.verify.run import Options

    tests = chosen.get("tests")
    try:
        arguments = tuple(shlex.split(tests)) if tests is not None else None
    except ValueError as error:
        raise ConfigError(f"--from-tests: {error}") from None
    of_project = settings.verify
    return Options(
        device=chosen.get("device") or of_project.device,
        timeout=chosen.get("timeout") or of_project.timeout,
        memory_limit=chosen.get("memory_limit") or of_project.memory_limit,
        jobs=chosen.get("jobs") or os.cpu_count() or 1,
        everything=bool(chosen.get("everything")),
        guess=bool(chosen.get("guess", True)),
        train=bool(chosen.get("train")),
        tests=arguments,
    )


def _verified(
    configuration: Configuration,
    paths: list[str],
    settings: Settings,
    worker: Any,
    options: Options,
    shown: _Shown | None,
    quiet: bool,
) -> Result:
    """Predict for the torch that will be asked, then ask it."""
    from dataclasses import replace

    from jitlint.report.progress import Progress
    from jitlint.runner import check
    from jitlint.verify.run import verify

    asked = str(worker.hello["torch"]).partition("+")[0]
    if settings.torch_version and settings.torch_version != asked:
        warn(f"torch-version is {settings.torch_version}, but the compiler asked is that of torch {asked}")
    elif not settings.torch_version:
        configuration = replace(
            configuration, overrides={**configuration.overrides, "torch-version": asked}, _by_folder={}, _by_file={}
        )
    result = check(paths, configuration, jobs=options.jobs, environment=worker.hello["site"])
    progress = Progress("units") if sys.stderr.isatty() and not quiet else None

    def emit(finding: Finding) -> None:
        if shown is not None:
            if progress:
                progress.close()
            shown.show(finding)

    try:
        return verify(result, settings, worker, options, emit=emit, progress=progress, warn=warn)
    finally:
        if progress:
            progress.close()


class _Shown:
    """Findings printed as their verdicts come, where the format has one piece of output for each."""

    def __init__(self, output_format: str, style: Style) -> None:
        self._format, self._style = output_format, style
        self._texts: dict[str, list[str]] = {}

    def show(self, finding: Finding) -> None:
        """Print one finding."""
        from jitlint.report import concise, full, json_lines

        match self._format:
            case "full":
                print_lines([*full.paragraph(finding, self._text(finding.path), self._style), ""])
            case "concise":
                print_lines([concise.line(finding, self._style)])
            case "json-lines":
                print_lines([json_lines.line(finding)])

    def close(self, result: Result, quiet: bool) -> None:
        """Print what stands below the findings."""
        from jitlint.report.summary import summary, verification_lines

        if self._format != "json-lines" and not quiet:
            print_lines([summary(result, self._style), *verification_lines(result, self._style)])

    def _text(self, path: str) -> list[str]:
        from jitlint.report.full import lines_of

        if path not in self._texts:
            self._texts[path] = lines_of(path)
        return self._texts[path]


@contextmanager
def _interruptible() -> Iterator[None]:
    """Being told to end is an interrupt, so that what was started is ended, too."""
    import signal

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
