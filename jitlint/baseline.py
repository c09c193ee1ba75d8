"""The findings that a project knows of and has put off: a file of them, which `check` subtracts.

An entry names a rule, the definition around the finding and the text that it marks, never a line number: edits elsewhere
in the file change nothing. Equal findings are counted; one more than the baseline knows is new.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jitlint.findings.identity import Identity, Sources, identify, relative
from jitlint.findings.model import Finding, Result

DEFAULT_NAME = ".jitlint-baseline.json"
VERSION = 1
_OWN = "JIT9"  # about the run and its comments, not about the code: never put off


class BaselineError(Exception):
    """A baseline that cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """root: the absolute folder that the entries' paths are relative to. known: how often each finding is known."""

    root: str
    known: Mapping[Identity, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A result against a baseline: what is new, how much is known, and what the baseline knows in vain."""

    new: Result
    known: int
    stale: tuple[tuple[Identity, int], ...]


def load(path: str) -> Baseline:
    """Read a baseline. Raises BaselineError."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            data = json.load(file)
    except OSError as error:
        raise BaselineError(f"{path}: cannot read the baseline: {error.strerror}") from None
    except ValueError as error:
        raise BaselineError(f"{path}: the baseline is not valid JSON: {error}") from None
    try:
        if data["version"] != VERSION:
            raise BaselineError(f"{path}: version {data['version']} of a baseline is not one that this jitlint reads")
        known = Counter[Identity]()
        for name, entries in data["findings"].items():
            for entry in entries:
                known[Identity(name, entry["code"], entry["qualname"], entry["text"])] += int(entry.get("count", 1))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BaselineError(f"{path}: not a baseline of jitlint: {type(error).__name__}: {error}") from None
    return Baseline(_root(path), known)


def save(baseline: Baseline, path: str) -> None:
    """Write a baseline, an entry per line, sorted, so that its changes can be read. Raises BaselineError."""
    by_path: dict[str, list[dict[str, Any]]] = {}
    for identity, count in sorted(baseline.known.items()):
        entry: dict[str, Any] = {"code": identity.code, "qualname": identity.qualname, "text": identity.text}
        by_path.setdefault(identity.path, []).append(entry | ({"count": count} if count > 1 else {}))
    files = []
    for name, entries in by_path.items():
        shown = ",\n".join("      " + json.dumps(entry) for entry in entries)
        files.append(f"    {json.dumps(name)}: [\n{shown}\n    ]")
    body = "{\n" + ",\n".join(files) + "\n  }" if files else "{}"
    text = f'{{\n  "version": {VERSION},\n  "findings": {body}\n}}\n'
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise BaselineError(f"{path}: cannot write the baseline: {error.strerror}") from None


def of(result: Result, path: str) -> Baseline:
    """The baseline that knows every finding of a result; `path` is where it is going to be."""
    root, sources = _root(path), Sources()
    return Baseline(root, Counter(identify(finding, root, sources) for finding in result.findings if _counts(finding)))


def compare(
    result: Result,
    baseline: Baseline,
    checked: Callable[[], Collection[str]],
    selects: Callable[[str, str], bool] = lambda code, path: True,
) -> Comparison:
    """What of a result is new.

    checked: gives the absolute paths of the files that the run looked at; only their entries can be stale, and those of
    files that are gone. It is asked only where some entry was not found.
    selects: whether a rule (by code) is reported in a file (by absolute path); what is not selected is not stale.
    """
    sources, left = Sources(), Counter(baseline.known)
    kept: list[int] = []
    for number, finding in enumerate(result.findings):
        identity = identify(finding, baseline.root, sources) if _counts(finding) else None
        if identity is not None and left[identity] > 0:
            left[identity] -= 1
        else:
            kept.append(number)
    left = +left
    stale: list[tuple[Identity, int]] = []
    if left:
        looked = {relative(path, baseline.root) for path in checked()}
        for identity, count in sorted(left.items()):
            path = os.path.join(baseline.root, identity.path)
            if not os.path.exists(path) or (identity.path in looked and selects(identity.code, path)):
                stale.append((identity, count))
    position = {old: new for new, old in enumerate(kept)}
    units = tuple(
        replace(unit, findings=tuple(position[number] for number in unit.findings if number in position))
        for unit in result.units
    )
    known = len(result.findings) - len(kept)
    new = replace(
        result,
        units=units,
        findings=tuple(result.findings[number] for number in kept),
        baselined=result.baselined + known,
    )
    return Comparison(new, known, tuple(stale))


def updated(baseline: Baseline, result: Result, stale: tuple[tuple[Identity, int], ...], grow: bool) -> Baseline:
    """The baseline without what is stale and, if `grow`, with what is new in `result` (a comparison's)."""
    known = Counter(baseline.known)
    known.subtract(dict(stale))
    if grow:
        sources = Sources()
        known.update(identify(finding, baseline.root, sources) for finding in result.findings if _counts(finding))
    return Baseline(baseline.root, +known)


def _counts(finding: Finding) -> bool:
    return not finding.code.startswith(_OWN)


def _root(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))
