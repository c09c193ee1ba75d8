"""The tree of a page: folders, their files, the units of each with the findings that lie within them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from jitlint.findings.identity import Sources
from jitlint.findings.model import Result, Unit
from jitlint.report.style import Style

_LOCALS = ".<locals>"


@dataclass(slots=True)
class Tally:
    """How many units have which verdict, and how many findings there are."""

    units: Counter[str] = field(default_factory=Counter)
    findings: int = 0

    @property
    def verdict(self) -> str:
        """The gravest verdict; '' where there is no unit."""
        return next((verdict for verdict in ("rejected", "unknown", "accepted") if self.units[verdict]), "")

    def add(self, other: Tally) -> None:
        """Count another one's, too."""
        self.units += other.units
        self.findings += other.findings

    def bar(self) -> str:
        """The shares of the verdicts, as a bar."""
        shares = [(verdict, self.units[verdict]) for verdict in ("rejected", "unknown", "accepted")]
        parts = "".join(f"<i class=v{verdict[0]} style=flex:{number}></i>" for verdict, number in shares if number)
        return f"<span class=bar aria-hidden=true>{parts}</span>"


@dataclass(frozen=True, slots=True)
class Entry:
    """A unit, by its number in the result. `own`: its findings that stand in its own text, `elsewhere`: its others."""

    number: int
    unit: Unit
    own: tuple[int, ...]
    elsewhere: tuple[int, ...]


@dataclass(slots=True)
class Module:
    """A file. `loose`: the findings in it that stand in none of its units' text."""

    path: str
    name: str
    entries: list[Entry] = field(default_factory=list)
    loose: list[int] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Folder:
    """A folder, with all below it; one that holds nothing but another one is shown as one with it (``a/b``)."""

    name: str
    folders: dict[str, Folder] = field(default_factory=dict)
    modules: list[Module] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


def title(tree: Folder, style: Style) -> str:
    """What the page is about: the folder that holds everything or, where it is only one, the file."""
    if not tree.folders and len(tree.modules) == 1:
        return tree.modules[0].name
    return _last(tree.name) or _last(style.base) or "jitlint"


def _last(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2]


def plant(result: Result, style: Style, sources: Sources) -> Folder:
    """The tree of a result. Paths are shown as `style` shows them."""
    modules: dict[str, Module] = {}
    homes = list(_homes(result, sources))
    own: dict[int, list[int]] = {}
    for number, home in enumerate(homes):
        if home is not None:
            own.setdefault(home, []).append(number)
    for number, unit in enumerate(result.units):
        inside = own.get(number, [])
        elsewhere = tuple(index for index in unit.findings if homes[index] != number)
        module = _module(modules, unit.path)
        module.entries.append(Entry(number, unit, tuple(inside), elsewhere))
        module.tally.units[unit.verdict] += 1
    for number, finding in enumerate(result.findings):
        module = _module(modules, finding.path)
        module.tally.findings += 1
        if homes[number] is None:
            module.loose.append(number)
    root = Folder("")
    for path in sorted(modules):
        folder = root
        *folders, name = _parts(style.path(path))
        for part in folders:
            folder = folder.folders.setdefault(part, Folder(part))
        modules[path].name = name
        folder.modules.append(modules[path])
    _close(root)
    return root


def blocked(result: Result) -> list[dict[int, Unit]]:
    """For each finding the units that have it, by their numbers."""
    units: list[dict[int, Unit]] = [{} for _ in result.findings]
    for number, unit in enumerate(result.units):
        for index in unit.findings:
            units[index][number] = unit
    return units


def _homes(result: Result, sources: Sources) -> Iterator[int | None]:
    """For each finding the unit that it stands in the text of, if that unit has it among its findings."""
    by_name: dict[tuple[str, str], list[int]] = {}
    for number, unit in enumerate(result.units):
        by_name.setdefault((unit.path, unit.qualname.replace(_LOCALS, "")), []).append(number)
    units_of = blocked(result)
    for index, finding in enumerate(result.findings):
        name = sources.qualname(finding.path, finding.span.line)
        home = None
        while name and home is None:
            here = by_name.get((finding.path, name), ())
            home = next((number for number in here if number in units_of[index]), None)
            name = name.rpartition(".")[0]
        yield home


def _module(modules: dict[str, Module], path: str) -> Module:
    return modules.setdefault(path, Module(path, ""))


def _parts(path: str) -> list[str]:
    """The parts of a path; a root stays with the folder below it."""
    path = path.replace("\\", "/")
    rest = path.lstrip("/")
    parts = rest.split("/")
    parts[0] = path[: len(path) - len(rest)] + parts[0]
    return parts


def _close(folder: Folder) -> None:
    """Count, and join folders that hold only one folder with that."""
    for inner in folder.folders.values():
        _close(inner)
        folder.tally.add(inner.tally)
    for module in folder.modules:
        folder.tally.add(module.tally)
    if len(folder.folders) == 1 and not folder.modules:
        (inner,) = folder.folders.values()
        folder.name = f"{folder.name}/{inner.name}" if folder.name else inner.name
        folder.folders, folder.modules = inner.folders, inner.modules
