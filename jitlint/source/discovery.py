"""Which files to check: those below the paths, without what ``.gitignore`` and the configuration leave out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

DEFAULT_INCLUDE = ("*.py",)
DEFAULT_EXCLUDE = (
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".jitlint_cache", ".mypy_cache",
    ".nox", ".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode",
    "__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip

_LITERAL_SUFFIX = re.compile(r"\*\.([A-Za-z0-9_]+)$")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a configuration says about files. `root` is the folder that its patterns are relative to."""

    root: str
    include: tuple[str, ...] = DEFAULT_INCLUDE
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    respect_gitignore: bool = True
    force_exclude: bool = False


@dataclass(slots=True)
class Discovered:
    """files: absolute paths, sorted within each folder; explicit: those of them that were named themselves;
    missing: the paths, as given, where nothing is."""

    files: list[str] = field(default_factory=list)
    explicit: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)


class _IgnoreSpec(Protocol):
    def check_file(self, file: str) -> _Checked: ...


class _Checked(Protocol):
    @property
    def include(self) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One ``.gitignore``: `folder` ends with a separator; `files` is `all` without what cannot fit a Python file."""

    folder: str
    all: _IgnoreSpec
    files: _IgnoreSpec


def discover(paths: Sequence[str], filter_for: Callable[[str], Filter]) -> Discovered:
    """The files to check below `paths`, in their order, each once.

    filter_for: the filter that holds for what lies in a folder (given as an absolute path).
    A path named here is taken even where a pattern leaves out it or a folder above it, unless `force_exclude`.
    Folders that are symbolic links are not entered, so that loops end; a folder named here may be one.
    """
    result = Discovered()
    seen: set[str] = set()
    for given in paths:
        path = os.path.abspath(given)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError):
            if os.path.islink(path):  # a loop or a dangling link: reading it will say so
                result.explicit.add(path)
                _add(path, seen, result)
            else:
                result.missing.append(given)
            continue
        if stat.S_ISDIR(mode):
            rules = filter_for(path)
            if not (rules.force_exclude and is_excluded(path, rules)):
                _walk(path, filter_for, seen, result)
        else:
            rules = filter_for(os.path.dirname(path))
            if not (rules.force_exclude and is_excluded(path, rules)):
                result.explicit.add(path)
                _add(path, seen, result)
    return result


def is_excluded(path: str, rules: Filter) -> bool:
    """Whether `exclude` matches the path or a folder above it, up to the filter's root."""
    matcher = _matcher(rules.exclude, rules.root)
    current = path
    while True:
        if matcher(os.path.basename(current), current):
            return True
        parent = os.path.dirname(current)
        if parent == current or current == rules.root:
            return False
        current = parent


def _add(path: str, seen: set[str], result: Discovered) -> None:
    if path not in seen:
        seen.add(path)
        result.files.append(path)


def _walk(top: str, filter_for: Callable[[str], Filter], seen: set[str], result: Discovered) -> None:
    waiting: list[tuple[str, tuple[_Ignore, ...] | None]] = [(top, None)]
    while waiting:
        folder, inherited = waiting.pop()
        rules = filter_for(folder)
        included = _matcher(rules.include, rules.root)
        excluded = _matcher(rules.exclude, rules.root)
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            continue
        ignores: tuple[_Ignore, ...] = ()
        if rules.respect_gitignore:
            ignores = _ignores_above(folder) if inherited is None else inherited
            if any(entry.name == ".gitignore" for entry in found):
                ignores += _read_ignore(folder)
        below = []
        for entry in found:
            name, path = entry.name, entry.path
            try:
                if entry.is_dir(follow_symlinks=False):
                    if not excluded(name, path) and not (ignores and _ignored(path, True, ignores)):
                        below.append((path, ignores))
                    continue
            except OSError:
                continue
            if not included(name, path) or excluded(name, path) or (ignores and _ignored(path, False, ignores)):
                continue
            if entry.is_symlink() or not entry.is_file():
                if not _is_readable_link(path):
                    continue
            _add(path, seen, result)
        waiting.extend(reversed(below))


def _is_readable_link(path: str) -> bool:
    """Whether to read a link: to a file, or in a loop (worth a diagnostic). Dangling ones are an editor's locks."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


# --- patterns of the configuration ------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _matcher(patterns: tuple[str, ...], root: str) -> Callable[[str, str], bool]:
    """A test of (name, absolute path). A pattern without a slash is for names at any depth, one with a slash for
    paths relative to the root (or absolute)."""
    names: set[str] = set()
    suffixes: list[str] = []
    regexes: list[str] = []
    paths: list[str] = []
    for pattern in patterns:
        pattern = pattern.replace(os.sep, "/").rstrip("/")
        if pattern.startswith("./"):
            pattern = pattern[2:]
        if "/" in pattern:
            absolute = pattern if os.path.isabs(pattern) else root.replace(os.sep, "/").rstrip("/") + "/" + pattern
            paths.append(glob_regex(absolute, literal=0 if os.path.isabs(pattern) else len(absolute) - len(pattern)))
        elif re.fullmatch(r"\*\.\w+", pattern):
            suffixes.append(pattern[1:])
        elif any(c in pattern for c in "*?["):
            regexes.append(glob_regex(pattern))
        else:
            names.add(pattern)
    ends = tuple(suffixes)
    by_name = re.compile("|".join(regexes)).fullmatch if regexes else None
    by_path = re.compile("|".join(paths)).fullmatch if paths else None

    def matches(name: str, path: str) -> bool:
        return (
            name in names
            or (bool(ends) and name.endswith(ends))
            or (by_name is not None and by_name(name) is not None)
            or (by_path is not None and by_path(path.replace(os.sep, "/")) is not None)
        )

    return matches


def matches_any(path: str, patterns: Iterable[str], root: str) -> bool:
    """Whether a pattern, as in `per-file-ignores`, matches the absolute path or a folder above it below the root."""
    matcher = _matcher(tuple(patterns), root)
    current = path
    while True:
        if matcher(os.path.basename(current), current):
            return True
        parent = os.path.dirname(current)
        if parent == current or current == root or not current.startswith(root):
            return False
        current = parent


def glob_regex(pattern: str, literal: int = 0) -> str:
    """A glob with ``**`` as a regular expression; its first `literal` characters are taken as they are."""
    out = [re.escape(pattern[:literal])]
    at = literal
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**/", at):
            out.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            out.append(".*")
            at += 2
        elif char == "*":
            out.append("[^/]*")
            at += 1
        elif char == "?":
            out.append("[^/]")
            at += 1
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            inside = pattern[at + 1 : end].replace("\\", "\\\\")
            out.append("[" + ("^" + inside[1:] if inside[0] in "!^" else inside) + "]")
            at = end + 1
        elif char == "{" and (end := pattern.find("}", at)) > 0:
            out.append("(?:" + "|".join(glob_regex(part) for part in pattern[at + 1 : end].split(",")) + ")")
            at = end + 1
        else:
            out.append(re.escape(char))
            at += 1
    return "".join(out)


# --- .gitignore -------------------------------------------------------------------------------------------------------


def _ignores_above(folder: str) -> tuple[_Ignore, ...]:
    """The ``.gitignore`` files of the folders above, up to the repository. One that ignores the folder itself is
    left out: the folder was named, so it is wanted."""
    found: list[_Ignore] = []
    current = folder
    above: list[tuple[_Ignore, ...]] = []
    while not os.path.exists(os.path.join(current, ".git")):
        parent = os.path.dirname(current)
        if parent == current:
            return ()  # in no repository: what lies above is somebody else's
        current = parent
        above.append(_read_ignore(current))
    for ignores in reversed(above):
        found.extend(ignores)
    return tuple(ignore for ignore in found if not _ignored(folder, True, (ignore,)))


def _read_ignore(folder: str) -> tuple[_Ignore, ...]:
    try:
        with open(os.path.join(folder, ".gitignore"), encoding="utf-8", errors="replace") as file:
            lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith("#")]
    except OSError:
        return ()
    if not lines:
        return ()
    from pathspec import GitIgnoreSpec

    try:
        spec = GitIgnoreSpec.from_lines(lines)
        files = GitIgnoreSpec.from_lines([line for line in lines if _can_match_python(line)])
    except ValueError:  # a pattern that git itself would skip
        kept = [line for line in lines if _is_valid(line)]
        spec = files = GitIgnoreSpec.from_lines(kept)
    return (_Ignore(folder.rstrip(os.sep) + os.sep, spec, files),)


def _is_valid(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _can_match_python(line: str) -> bool:
    """Whether a pattern can match a Python file in a folder that no pattern matches: neither those for folders
    nor those for another suffix can, and there are hundreds of these in the usual templates."""
    pattern = line.rstrip()
    if pattern.startswith("!"):
        return True
    if pattern.endswith("/"):
        return False
    suffix = _LITERAL_SUFFIX.search(pattern)
    return not (suffix and suffix[1] not in ("py", "pyi"))


def _ignored(path: str, folder: bool, ignores: tuple[_Ignore, ...]) -> bool:
    for ignore in reversed(ignores):  # the innermost file that says something decides
        relative = path[len(ignore.folder) :].replace(os.sep, "/")
        if folder:
            verdict = ignore.all.check_file(relative + "/").include
        else:
            verdict = ignore.files.check_file(relative).include
        if verdict is not None:
            return verdict
    return False
