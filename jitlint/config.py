"""The configuration: ``[tool.jitlint]`` of pyproject.toml, or jitlint.toml, nearest to each file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from jitlint.findings import registry
from jitlint.source.discovery import DEFAULT_EXCLUDE, DEFAULT_INCLUDE, Filter

FILE_NAMES = (".jitlint.toml", "jitlint.toml", "pyproject.toml")
_PROJECT_MARKS = ("pyproject.toml", ".git", "setup.py", "setup.cfg")
_VERSION = re.compile(r"\d+(\.\d+)*([a-z0-9.+-]*)$")


class ConfigError(Exception):
    """A configuration that cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """``[tool.jitlint.verify]``: what `verify` needs to know of a project.

    instances: by ``module:Class``, an expression (or ``module:factory``) that makes one. inputs: by the same names or
    those of functions, an expression of example inputs, a tuple of arguments or a dict of keywords. python: the
    interpreter to verify with; timeout: seconds that a unit may take; memory_limit: MiB that it may use.
    """

    instances: tuple[tuple[str, str], ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()
    python: str = ""
    device: str = "cpu"
    timeout: float = 60.0
    memory_limit: int = 8192


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run does with a file; the fields are the keys of the configuration (with ``-`` for ``_``).

    root: the folder that patterns and `src` are relative to. config_file: where the settings come from, if anywhere.
    select: codes, prefixes of codes (``JIT2``), names or ``ALL``; empty for every rule that is on by default.
    torch_version: empty for the one of the user's environment or lock file, else the newest known.
    src: folders that absolute imports start from; empty for the root and its ``src``.
    baseline: the file of known findings, relative to the root.
    """

    root: str = ""
    config_file: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    include: tuple[str, ...] = DEFAULT_INCLUDE
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    respect_gitignore: bool = True
    force_exclude: bool = False
    torch_version: str = ""
    python_version: str = ""
    src: tuple[str, ...] = ()
    scope: str = "all"
    entry_points: tuple[str, ...] = ()
    script_calls: tuple[str, ...] = ()
    baseline: str = ""
    verify: VerifySettings = VerifySettings()

    @property
    def filter(self) -> Filter:
        """What discovery needs of it."""
        return Filter(
            self.root, self.include, self.exclude + self.extend_exclude, self.respect_gitignore, self.force_exclude
        )

    @property
    def source_roots(self) -> tuple[str, ...]:
        """The folders that absolute imports start from, absolute."""
        given = self.src or (".", "src")
        paths = [os.path.normpath(os.path.join(self.root, folder)) for folder in given]
        return tuple(dict.fromkeys(path for path in paths if os.path.isdir(path)))

    def selects(self, rule: registry.Rule, path: str) -> bool:
        """Whether findings of a rule in this file are reported."""
        return _selected(self, rule.code, rule.name, rule.default) and not self._ignored_in(rule, path)

    def _ignored_in(self, rule: registry.Rule, path: str) -> bool:
        from jitlint.source.discovery import matches_any

        return any(
            _specificity(rule.code, rule.name, codes) >= 0
            and matches_any(path, (pattern.removeprefix("!"),), self.root) != pattern.startswith("!")
            for pattern, codes in self.per_file_ignores
        )


# The rules of the tool itself: about the run rather than about the code. `--select JIT2` does not switch them off.
_ALWAYS = ("JIT901", "JIT902", "JIT904", "JIT905")


def _selected(settings: Settings, code: str, name: str, default: bool) -> bool:
    """The more specific selector wins: ``select = ["JIT2"], ignore = ["JIT203"]`` leaves JIT203 out, and
    ``select = ["JIT203"], ignore = ["JIT2"]`` leaves it in; at equal length, `ignore` wins."""
    ignored = _specificity(code, name, settings.ignore)
    chosen = max(_specificity(code, name, settings.select), _specificity(code, name, settings.extend_select))
    if not settings.select and default:
        chosen = max(chosen, 0)
    if code in _ALWAYS:
        chosen = max(chosen, 0)
    if not default and chosen <= 0 and "ALL" not in (*settings.select, *settings.extend_select):
        return False
    return chosen > ignored


def _specificity(code: str, name: str, selectors: Sequence[str]) -> int:
    """The length of the longest selector that takes in the rule, -1 for none."""
    best = -1
    for selector in selectors:
        if selector == "ALL":
            best = max(best, 0)
        elif selector == name:
            best = max(best, len(code))
        elif code.startswith(selector):
            best = max(best, len(selector))
    return best


# --- reading ----------------------------------------------------------------------------------------------------------

_LIST = "a list of strings"
_KEYS: dict[str, str] = {
    "select": _LIST,
    "ignore": _LIST,
    "extend-select": _LIST,
    "per-file-ignores": "a table of lists of strings",
    "include": _LIST,
    "exclude": _LIST,
    "extend-exclude": _LIST,
    "respect-gitignore": "true or false",
    "force-exclude": "true or false",
    "torch-version": "a string such as '2.13.0'",
    "python-version": "a string such as '3.11'",
    "src": _LIST,
    "scope": "'all' or 'reachable'",
    "entry-points": _LIST,
    "script-calls": _LIST,
    "baseline": "a string",
    "verify": "a table",
}
_VERIFY_KEYS: dict[str, str] = {
    "instances": "a table of strings",
    "inputs": "a table of strings",
    "python": "a string",
    "device": "a string such as 'cpu' or 'cuda:0'",
    "timeout": "a number of seconds above 0",
    "memory-limit": "a number of MiB above 0",
}
_SELECTORS = ("select", "ignore", "extend-select")


@dataclass(slots=True)
class Configuration:
    """Finds the settings of each file: its nearest configuration file, and what the command line says over it.

    file: a configuration file to take for everything. isolated: look at no file.
    overrides: values by key, which win; `extra` values by key are appended to lists.
    """

    file: str | None = None
    isolated: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    working_directory: str = field(default_factory=os.getcwd)
    _by_folder: dict[str, Settings] = field(default_factory=dict)
    _by_file: dict[str, Settings] = field(default_factory=dict)

    def for_folder(self, folder: str) -> Settings:
        """The settings of the files in a folder (an absolute path). Raises ConfigError."""
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = self._find(folder)
        return found

    def _find(self, folder: str) -> Settings:
        if self.file is not None:
            return self._read(os.path.abspath(self.file), self.working_directory)
        if self.isolated:
            return self._read(None, self.working_directory)
        for name in FILE_NAMES:
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                table = read_table(path)
                if table is not None:
                    return self._read(path, folder)
        parent = os.path.dirname(folder)
        if parent == folder:
            return self._read(None, self.working_directory)
        settings = self.for_folder(parent)
        if settings.config_file is None and _is_project(folder):
            return self._read(None, folder)
        return settings

    def _read(self, path: str | None, root: str) -> Settings:
        key = path or root + os.sep
        settings = self._by_file.get(key)
        if settings is None:
            table = (read_table(path) or {}) if path else {}
            settings = parse(table, path, Settings(root=root, config_file=path))
            settings = parse(self.overrides, None, settings)
            for name, values in self.extra.items():
                attribute = name.replace("-", "_")
                changes: dict[str, Any] = {attribute: (*getattr(settings, attribute), *values)}
                settings = replace(settings, **changes)
                if name in _SELECTORS:
                    _check_selectors(list(values), name, "command line")
            self._by_file[key] = settings
        return settings


def _is_project(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, mark)) for mark in _PROJECT_MARKS)


def read_table(path: str) -> dict[str, Any] | None:
    """The table of a configuration file; None for a pyproject.toml that does not mention jitlint."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"{shown(path)}: cannot read the configuration: {error.strerror}") from None
    whole = os.path.basename(path) != "pyproject.toml"
    if not whole and b"jitlint" not in data:
        return None
    try:
        table = parse_toml(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{shown(path)}: the configuration is not UTF-8") from None
    except ValueError as error:
        line = re.search(r"at line (\d+)", str(error))
        number = line[1] if line else data.rstrip().count(b"\n") + 1  # the parser says "at end of document"
        raise ConfigError(f"{shown(path)}:{number}: not valid TOML: {error}") from None
    if whole:
        return table
    tool = table.get("tool")
    ours = tool.get("jitlint") if isinstance(tool, dict) else None
    if ours is not None and not isinstance(ours, dict):
        raise ConfigError(f"{shown(path)}:{line_of(path, 'jitlint')}: tool.jitlint must be a table")
    return ours


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; a ValueError says where it is broken."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    table: dict[str, Any] = tomllib.loads(text)
    return table


def parse_pair(text: str) -> tuple[str, Any]:
    """One ``KEY=VALUE`` of ``--config``; the value is TOML."""
    try:
        table = parse_toml(text)
    except ValueError as error:
        raise ConfigError(f"--config {text!r}: neither a file nor KEY=VALUE in TOML: {error}") from None
    if len(table) != 1:
        raise ConfigError(f"--config {text!r}: give one KEY=VALUE")
    return next(iter(table.items()))


def parse(table: Mapping[str, Any], path: str | None, base: Settings) -> Settings:
    """`base` with the values of a table. Raises ConfigError with file, line, key and the nearest valid key."""
    changes: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{shown(path)}:{line_of(path, key)}" if path else "command line"
        if key not in _KEYS:
            near = registry.nearest(key.replace("_", "-"), list(_KEYS))
            hint = f" (did you mean '{near}'?)" if near else f" (known keys: {', '.join(_KEYS)})"
            raise ConfigError(f"{where}: unknown key '{key}'{hint}")
        changes[key.replace("-", "_")] = _value(key, value, where)
    return replace(base, **changes)


def _value(key: str, value: Any, where: str) -> Any:
    expected = _KEYS[key]
    problem = f"{where}: '{key}' must be {expected}, not {_described(value)}"
    if expected == _LIST:
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise ConfigError(problem)
        if key in _SELECTORS:
            _check_selectors(list(value), key, where)
        return tuple(value)
    match key:
        case "per-file-ignores":
            if not isinstance(value, Mapping):
                raise ConfigError(problem)
            for pattern, codes in value.items():
                if not isinstance(codes, (list, tuple)) or not all(isinstance(code, str) for code in codes):
                    raise ConfigError(f"{where}: '{key}.{pattern}' must be {_LIST}, not {_described(codes)}")
                _check_selectors(list(codes), f"{key}.{pattern}", where)
            return tuple((str(pattern), tuple(codes)) for pattern, codes in value.items())
        case "respect-gitignore" | "force-exclude":
            if not isinstance(value, bool):
                raise ConfigError(problem)
        case "torch-version" | "python-version":
            if not isinstance(value, str) or (value and not _VERSION.match(value)):
                raise ConfigError(problem)
        case "baseline":
            if not isinstance(value, str):
                raise ConfigError(problem)
        case "verify":
            if not isinstance(value, Mapping):
                raise ConfigError(problem)
            return _verify_settings(value, where)
        case "scope":
            if value not in ("all", "reachable"):
                raise ConfigError(problem)
    return value


def _verify_settings(table: Mapping[str, Any], where: str) -> VerifySettings:
    changes: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _VERIFY_KEYS:
            near = registry.nearest(key.replace("_", "-"), list(_VERIFY_KEYS))
            hint = f" (did you mean 'verify.{near}'?)" if near else f" (known keys: {', '.join(_VERIFY_KEYS)})"
            raise ConfigError(f"{where}: unknown key 'verify.{key}'{hint}")
        problem = f"{where}: 'verify.{key}' must be {_VERIFY_KEYS[key]}, not {_described(value)}"
        if key in ("instances", "inputs"):
            if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
                raise ConfigError(problem)
            value = tuple((str(name), text) for name, text in value.items())
        elif key in ("timeout", "memory-limit"):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise ConfigError(problem)
            value = float(value) if key == "timeout" else int(value)
        elif not isinstance(value, str):
            raise ConfigError(problem)
        changes[key.replace("-", "_")] = value
    return VerifySettings(**changes)


def _check_selectors(values: list[str], key: str, where: str) -> None:
    known = registry.names()
    for value in values:
        if value == "ALL" or value in known.values() or (value and any(code.startswith(value) for code in known)):
            continue
        if re.fullmatch(r"JIT\d{0,3}", value) and not known:
            continue
        near = registry.nearest(value, ["ALL", *known, *known.values()])
        raise ConfigError(
            f"{where}: '{key}' names an unknown rule '{value}'" + (f" (did you mean '{near}'?)" if near else "")
        )


def _described(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, (list, tuple)):
        other = next((item for item in value if not isinstance(item, str)), None)
        return f"a list with {_described(other)} in it" if other is not None else "a list"
    if isinstance(value, Mapping):
        return "a table"
    return f"{type(value).__name__} {value}"


def line_of(path: str | None, key: str) -> int:
    """The 1-based line of a configuration file on which a key of ours is set; 1 where it cannot be told."""
    if path is None:
        return 1
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return 1
    ours = os.path.basename(path) != "pyproject.toml"
    quoted = rf"[\"']?{re.escape(key)}[\"']?"
    setting = re.compile(rf"\s*{quoted}\s*[=.]")
    for number, line in enumerate(lines, 1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if header:
            ours = ours if os.path.basename(path) != "pyproject.toml" else header[1].startswith("tool.jitlint")
            if re.fullmatch(rf"(?:tool\.jitlint\.)?{quoted}(?:\..*)?", header[1]):
                return number
        elif ((ours or key == "jitlint") and setting.match(line)) or re.match(
            rf"\s*(?:tool\.)?jitlint\s*[.=].*\b{re.escape(key)}\b", line
        ):
            return number
    return 1


def shown(path: str | None) -> str:
    """A path as messages show it: relative to the working directory where it lies below that."""
    if not path:
        return "command line"
    here = os.getcwd().rstrip(os.sep) + os.sep
    return path[len(here) :] if path.startswith(here) else path


def as_table(settings: Settings) -> dict[str, Any]:
    """The settings by the keys of the configuration, for ``--show-settings``."""
    table = {
        item.name.replace("_", "-"): dict(value) if item.name == "per_file_ignores" else value
        for item in fields(settings)
        for value in [getattr(settings, item.name)]
    }
    table["verify"] = {
        item.name.replace("_", "-"): dict(value) if isinstance(value, tuple) else value
        for item in fields(settings.verify)
        for value in [getattr(settings.verify, item.name)]
    }
    return table
