"""From dotted names to files, as Python's path finder would, without importing or running anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NATIVE = (".so", ".pyd", ".dll")
_COMPILED = (*_NATIVE, ".pyi")
_STANDARD_LIBRARY = frozenset(sys.stdlib_module_names) | {"__future__", "__main__", "_typeshed"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a module's source is. `path` is '' for a namespace package; `folders` are where submodules are."""

    path: str
    is_package: bool
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """`external`: known by name alone, its source is not to be had (or not wanted). Otherwise a module that ought
    to be in a package that was found, but is not. `candidates`: the paths where it would have been found."""

    external: bool
    candidates: tuple[str, ...] = ()


def top_package_folder(path: str) -> str:
    """The folder above the top-most package that holds a file: what must be on ``sys.path`` to import it."""
    folder = os.path.dirname(os.path.abspath(path))
    while os.path.exists(os.path.join(folder, "__init__.py")):
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    return folder


def module_name_for(path: str, roots: Iterable[str]) -> tuple[str, bool]:
    """The dotted name of a file, and whether it is a package's ``__init__.py``.

    Relative to the deepest of `roots` that holds its top-most package; to the folder above that package where no
    root does.
    """
    path = os.path.abspath(path)
    base = top_package_folder(path)
    inside = [
        root for root in map(os.path.abspath, roots) if base == root or base.startswith(root.rstrip(os.sep) + os.sep)
    ]
    root = max(inside, key=len, default=base)
    parts = os.path.relpath(path, root).split(os.sep)
    parts[-1] = parts[-1].removesuffix(".py").removesuffix(".pyi")
    is_package = parts[-1] == "__init__" and len(parts) > 1
    if is_package:
        parts.pop()
    return ".".join(parts), is_package


class Finder:
    """Looks modules up in `roots`, then in `environment` (folders like ``site-packages``).

    `overlay`: files that exist in an editor, perhaps not on disk. `hidden`: top-level packages never read from source.
    """

    def __init__(self, roots: Sequence[str], environment: Sequence[str], overlay: Iterable[str], hidden: Iterable[str]):
        self.roots = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        self.environment = tuple(dict.fromkeys(os.path.abspath(folder) for folder in environment))
        self.hidden = frozenset(hidden)
        self._listings: dict[str, frozenset[str]] = {}
        self._names: dict[tuple[str, str], Found | Missing] = {}
        self._overlay: dict[str, set[str]] = {}
        for path in overlay:
            self.add_overlay(path)

    def add_overlay(self, path: str) -> None:
        """Take a file into account that may not be on disk."""
        while (folder := os.path.dirname(path)) != path:
            self._overlay.setdefault(folder, set()).add(os.path.basename(path))
            path = folder
        self.forget()

    def forget(self) -> None:
        """Look at the disk again for what is asked from now on."""
        self._listings.clear()
        self._names.clear()

    def find(self, name: str, base: str = "") -> Found | Missing:
        """Where module `name` (absolute) is. base: a folder to look in after the roots, that of the importer."""
        if base in self.roots:
            base = ""
        key = (name, base)
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = self._find(name, base)
        return found

    def stub_of(self, name: str) -> str:
        """The path of the stub that stands beside the compiled file of module `name`; '' where there are not both."""
        package, _, last = name.rpartition(".")
        found = self.find(package) if package else Found("", True, (*self.roots, *self.environment))
        for folder in found.folders if isinstance(found, Found) else ():
            names = [one for one in self._listing(folder) if one.startswith(last + ".")]
            if f"{last}.pyi" in names and any(one.endswith(_NATIVE) for one in names):
                return os.path.join(folder, f"{last}.pyi")
        return ""

    def find_below(self, folder: str, name: str) -> Found | Missing:
        """Where ``name`` (perhaps dotted, perhaps empty for the folder's own package) is, relative to a folder."""
        found: Found | Missing = Found(os.path.join(folder, "__init__.py"), True, (folder,))
        if "__init__.py" not in self._listing(folder):
            found = Found("", True, (folder,))
        for part in name.split(".") if name else ():
            if not isinstance(found, Found):
                return found
            found = self._step(found.folders, part) or Missing(False, _candidates(found.folders, part))
        return found

    def lacks(self, top: str) -> bool:
        """Whether a top-level package is surely not installed: the environment is known, for it holds torch, and neither
        its folders nor what its ``.pth`` files point to have the package."""
        folders = (*self.roots, *self.environment)
        if not any("torch" in self._listing(folder) for folder in folders):
            return False
        for folder in folders:
            for name in self._listing(folder):
                if name.startswith("__editable__") and top.lower() in name.lower().replace("-", "_"):
                    return False
                if name.endswith(".pth") and self._step(self._pointed_to(folder, name), top) is not None:
                    return False
        return True

    def _pointed_to(self, folder: str, name: str) -> tuple[str, ...]:
        """The folders that a ``.pth`` file adds."""
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                lines = [line.strip() for line in file]
        except OSError:
            return ()
        return tuple(os.path.join(folder, line) for line in lines if line and not line.startswith(("#", "import ")))

    def _find(self, name: str, base: str) -> Found | Missing:
        package, _, last = name.rpartition(".")
        if package:
            parent = self.find(package, base)
            if isinstance(parent, Missing):
                return parent
            return self._step(parent.folders, last) or Missing(False, _candidates(parent.folders, last))
        if name in _STANDARD_LIBRARY or name in self.hidden or not name.isidentifier():
            return Missing(external=True)
        folders = (*self.roots, base, *self.environment) if base else (*self.roots, *self.environment)
        return self._step(folders, name) or Missing(True, _candidates(folders, name))

    def _step(self, folders: Sequence[str], part: str) -> Found | Missing | None:
        portions: list[str] = []
        for folder in folders:
            names = self._listing(folder)
            if part in names:
                inner = os.path.join(folder, part)
                inside = self._listing(inner)
                if "__init__.py" in inside:
                    return Found(os.path.join(inner, "__init__.py"), True, (inner,))
                if any(name.startswith("__init__.") and name.endswith(_COMPILED) for name in inside):
                    return Missing(external=True)
                if inside:
                    portions.append(inner)
            if f"{part}.py" in names:
                return Found(os.path.join(folder, f"{part}.py"), False)
            prefix = part + "."
            if any(name.startswith(prefix) and name.endswith(_COMPILED) for name in names):
                return Missing(external=True)
        return Found("", True, tuple(portions)) if portions else None

    def _listing(self, folder: str) -> frozenset[str]:
        listing = self._listings.get(folder)
        if listing is None:
            try:
                names = os.listdir(folder)
            except (OSError, ValueError):
                names = []
            listing = self._listings[folder] = frozenset(names) | self._overlay.get(folder, set())
        return listing


def _candidates(folders: Iterable[str], part: str) -> tuple[str, ...]:
    return tuple(os.path.join(folder, part + ending) for folder in folders for ending in ("", ".py"))


def is_installed(path: str) -> bool:
    """Whether a file was installed with a package, into whichever environment: then it is not the user's code."""
    return any(f"{os.sep}{name}{os.sep}" in path for name in ("site-packages", "dist-packages"))


def is_standard_library(top: str) -> bool:
    """Whether a top-level module name is Python's own."""
    return top in _STANDARD_LIBRARY
