"""What surrounds the code: the folders that its imports start from, the installed packages, the torch version."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

NEWEST_TORCH = "2.13.0"
"""The newest torch release that jitlint knows."""

_VERSION = re.compile(r"__version__\s*(?::[^=]+)?=\s*['\"]([^'\"]+)['\"]")
_LOCKED = re.compile(r"""\[\[packages?\]\]\s+name\s*=\s*["']torch["']\s+version\s*=\s*["']([^"']+)["']""")
_REQUIRED = re.compile(r"^\s*torch\s*(?:\[[^\]]*\])?\s*={2,3}\s*([0-9][\w.+!]*)", re.MULTILINE | re.IGNORECASE)
_LOCK_FILES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")


def site_packages(root: str) -> tuple[str, ...]:
    """The folders of installed packages of the user's environment: the active virtual environment, the project's
    ``.venv`` or ``venv``, the active conda environment, else the one that jitlint itself is installed in."""
    found = [folder for prefix in _prefixes(root) for folder in _sites(prefix)]
    return tuple(dict.fromkeys(found or _sites(sys.prefix)))


def interpreter(root: str) -> str:
    """The Python of that environment."""
    for prefix in _prefixes(root):
        for path in (os.path.join(prefix, "bin", "python"), os.path.join(prefix, "Scripts", "python.exe")):
            if os.path.isfile(path):
                return path
    return sys.executable


def _prefixes(root: str) -> list[str]:
    given = [os.environ.get("VIRTUAL_ENV", ""), os.environ.get("CONDA_PREFIX", "")]
    found = [given[0], os.path.join(root, ".venv"), os.path.join(root, "venv"), given[1]]
    return [prefix for prefix in found if prefix]


def _sites(prefix: str) -> list[str]:
    windows = os.path.join(prefix, "Lib", "site-packages")
    if os.path.isdir(windows):
        return [windows]
    library = os.path.join(prefix, "lib")
    try:
        versions = sorted((name for name in os.listdir(library) if re.fullmatch(r"python3\.\d+", name)), key=_minor)
    except OSError:
        return []
    found = (os.path.join(library, name, "site-packages") for name in reversed(versions))
    return [folder for folder in found if os.path.isdir(folder)]


def _minor(name: str) -> int:
    return int(name.rpartition(".")[2])


def torch_version(configured: str, root: str, environment: Iterable[str]) -> str:
    """The torch version to check against: the configured one, the installed one, the locked one, the newest known."""
    return configured or _installed(environment) or _locked(root) or NEWEST_TORCH


def _installed(environment: Iterable[str]) -> str:
    for folder in environment:
        found = _VERSION.search(_read(os.path.join(folder, "torch", "version.py")))
        if found:
            return _public(found[1])
    return ""


def _locked(root: str) -> str:
    for name in _LOCK_FILES:
        found = _LOCKED.search(_read(os.path.join(root, name)))
        if found:
            return _public(found[1])
    try:
        names = sorted(name for name in os.listdir(root) if name.startswith("requirements") and name.endswith(".txt"))
    except OSError:
        return ""
    for name in names:
        found = _REQUIRED.search(_read(os.path.join(root, name)))
        if found:
            return _public(found[1])
    return ""


def _public(version: str) -> str:
    """Without the build (``+cu124``): what scripts does not depend on it."""
    return version.partition("+")[0]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def package_root(path: str) -> str:
    """The folder that absolute imports of a path start from: above its top-most package, or its own."""
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        parent = os.path.dirname(folder)
        if parent == folder:
            break
        folder = parent
    return folder
