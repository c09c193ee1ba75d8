"""What the commands share: printing, failing, and reading the options that several of them have."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from jitlint.config import Configuration


def read_configuration(
    config: list[str], isolated: bool, overrides: dict[str, Any], extra: dict[str, list[str]]
) -> Configuration:
    """What `--config`, `--isolated` and the options of a command say; `extra` adds to lists. Raises ConfigError."""
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


def split(values: list[str]) -> list[str]:
    """The parts of comma-separated values."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def relative(path: str) -> str:
    """A path as it is shown: from the working folder on, where it lies below that."""
    try:
        shown = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if shown.startswith("..") else shown


def one_of(value: str, allowed: tuple[str, ...], option: str) -> None:
    """Ends the run where `value` is not among those allowed."""
    if value not in allowed:
        fail(f"{option} {value}: choose one of {', '.join(allowed)}")


def wants_color(color: str, to_file: bool = False) -> bool:
    """Whether to colour what is printed, after `--color`, the terminal and the usual variables."""
    if color != "auto":
        return color == "always"
    if to_file or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def print_lines(lines: list[str], error: bool = False) -> None:
    """Print lines, on standard error if `error`; what the terminal cannot show is escaped."""
    if not lines:
        return
    stream = sys.stderr if error else sys.stdout
    encoding = stream.encoding or "utf-8"
    text = "\n".join(lines) + "\n"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()


def warn(message: str) -> None:
    """A line on standard error."""
    sys.stderr.write(f"jitlint: {message}\n".encode("utf-8", "backslashreplace").decode("utf-8"))


def fail(message: str) -> NoReturn:
    """A line on standard error; the run ends with status 2."""
    warn(message)
    raise typer.Exit(2)
