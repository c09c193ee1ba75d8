"""What an editor can set: as ``initializationOptions``, and later as its section ``jitlint``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """enable: whether anything is checked. configuration: a configuration file for everything. inlay_hints: whether there
    are any. workspace: whether all files are checked, or only those that are open (and what they lead to). debounce:
    milliseconds without a keystroke before a check begins."""

    enable: bool = True
    configuration: str = ""
    inlay_hints: bool = False
    workspace: bool = False
    debounce: float = 10.0


def read_options(given: object, before: Options = Options()) -> tuple[Options, list[str]]:
    """The options that an editor sends, in whatever shape editors do, and what is wrong with them."""
    if isinstance(given, Mapping) and isinstance(given.get("jitlint"), Mapping):
        given = given["jitlint"]
    if isinstance(given, Mapping) and isinstance(given.get("settings"), Mapping):
        given = given["settings"]
    if given is None:
        return before, []
    if not isinstance(given, Mapping):
        return before, [f"the settings must be a table, not {given!r}"]
    wrong: list[str] = []

    def value(name: str, kind: type | tuple[type, ...], old: object) -> object:
        found = given.get(name, old)
        if found is None:
            return old
        if not isinstance(found, kind) or (isinstance(found, bool) and kind is not bool):
            wrong.append(f"{name}: {found!r} is not what is expected here")
            return old
        return found

    hints = given.get("inlayHints")
    if isinstance(hints, Mapping):
        hints = hints.get("enable")
    mode = value("diagnosticMode", str, "workspace" if before.workspace else "openFilesOnly")
    if mode not in ("workspace", "openFilesOnly"):
        wrong.append(f"diagnosticMode: {mode!r} is neither 'openFilesOnly' nor 'workspace'")
    for name in given:
        if name not in ("enable", "configuration", "inlayHints", "diagnosticMode", "debounce"):
            wrong.append(f"{name}: there is no such setting")
    debounce = value("debounce", (int, float), before.debounce)
    assert isinstance(debounce, (int, float))
    return Options(
        bool(value("enable", bool, before.enable)),
        str(value("configuration", str, before.configuration)),
        hints if isinstance(hints, bool) else before.inlay_hints,
        mode == "workspace",
        min(max(float(debounce), 0.0), 5000.0),
    ), wrong
