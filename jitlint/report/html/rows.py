"""The rows of the tree: folders, files, units with what they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from jitlint.findings.model import UnknownReason
from jitlint.report.html.cards import Cards, by_advice
from jitlint.report.html.markup import count, escape, prose
from jitlint.report.html.tree import Entry, Folder, Module, Tally

_MOST_OPEN_ROWS = 40  # about what two screens hold
_MOST_OPEN_FINDINGS = 20
_PLACES = 8
_NO_NUMBER = "<span class=number></span>"


def folder_rows(tree: Folder, cards: Cards) -> Iterator[str]:
    """All of the tree. As much of it is open as a reader sees at one go."""
    small = len(cards.result.findings) <= _MOST_OPEN_FINDINGS
    opened = _opened(tree)
    yield from _folder(tree, cards, opened, small, root=True)


def _opened(tree: Folder) -> set[int]:
    """The folders, by identity, to show open: from the top down, those with something to say, while there is room."""
    opened = {id(tree)}
    rows = len(tree.folders) + len(tree.modules)
    level = [tree]
    while level:
        level = [
            inner
            for folder in level
            for inner in folder.folders.values()
            if inner.tally.findings or inner.tally.verdict != "accepted"
        ]
        rows += sum(len(folder.folders) + len(folder.modules) for folder in level)
        if rows > _MOST_OPEN_ROWS:
            break
        opened.update(map(id, level))
    return opened


def _folder(folder: Folder, cards: Cards, opened: set[int], small: bool, root: bool = False) -> Iterator[str]:
    shown = bool(folder.name) and not (root and not folder.folders and len(folder.modules) == 1)
    if shown:
        above, _, name = folder.name.rpartition("/")
        label = f"<span class=dim>{escape(above)}/</span>" if above else ""
        yield f"<details class='n d'{' open' if id(folder) in opened else ''}>"
        yield f"<summary>{_mark(folder.tally)} <span class=t>{label}{escape(name)}/</span>{_tally(folder.tally)}</summary>"
        yield "<div class=b>"
    for inner in folder.folders.values():
        yield from _folder(inner, cards, opened, small)
    for module in folder.modules:
        yield from _module(module, cards, small)
    if shown:
        yield "</div></details>"


def _module(module: Module, cards: Cards, small: bool) -> Iterator[str]:
    said = [entry for entry in module.entries if not _plain(entry)]
    opened = small and bool(said or module.loose)
    yield f"<details class='n p'{' open' if opened else ''}>"
    yield f"<summary>{_mark(module.tally)} <span class=t>{escape(module.name)}</span>{_tally(module.tally)}</summary>"
    dotted = next(
        (f" &middot; <code>{escape(entry.unit.module)}</code>" for entry in module.entries if entry.unit.module), ""
    )
    yield f"<div class=b><p class=at>{escape(cards.style.path(module.path))}{dotted}</p>"
    for entry in said:
        yield from _unit(entry, cards, small)
    plain = [entry for entry in module.entries if _plain(entry)]
    if plain:
        yield "<ul class='plain g'>"
        for entry in plain:
            unit = entry.unit
            yield f"<li class=u id=u{entry.number} data-v={unit.verdict}>{_sign(unit.verdict)} <code>{escape(unit.qualname)}</code></li>"
        yield "</ul>"
    if module.loose:
        yield "<section class='loose g'>"
        if module.entries:
            yield "<h3>Elsewhere in this file</h3>"
        for number in module.loose:
            yield from cards.card(number)
        yield "</section>"
    yield "</div></details>"


def _plain(entry: Entry) -> bool:
    """Whether there is nothing to say of a unit but its verdict."""
    return not (entry.unit.findings or entry.unit.unknown)


def _unit(entry: Entry, cards: Cards, small: bool) -> Iterator[str]:
    unit = entry.unit
    numbers = " ".join(map(str, unit.findings))
    severities = Counter(cards.finding(number).severity for number in unit.findings)
    counts = [count(severities[one], one) for one in ("error", "warning") if severities[one]]
    counts += [f"{severities['info']} info"] if severities["info"] else []
    counts += [count(len(unit.unknown), "open question")] if unit.unknown else []
    yield f"<details class=u id=u{entry.number} data-v={unit.verdict} data-f='{numbers}'{' open' if small else ''}>"
    yield (
        f"<summary>{_sign(unit.verdict)} <span class=kind>{unit.kind}</span> <code class=t>{escape(unit.qualname)}</code>"
        f" <span class=at>line {unit.line}</span> <span class=need>{', '.join(counts)}</span></summary><div class=b>"
    )
    if unit.unknown:
        yield (
            "<section class=why><h3>Why its verdict is unknown</h3>"
            if unit.verdict == "unknown"
            else "<section class=why><h3>What is not known</h3>"
        )
        yield from _reasons(unit.unknown, unit.path, cards)
        yield "</section>"
    for number in entry.own:
        yield from cards.card(number)
    if entry.elsewhere:
        yield "<section class=also><h3>In what it calls or inherits</h3><ul>"
        for (code, advice), group in by_advice(cards, entry.elsewhere).items():
            places = cards.links(group, unit.path)
            yield f"<li><a class=c href=#{escape(code)}>{escape(code)}</a> {prose(advice)} <span class=at>{places}</span></li>"
        yield "</ul></section>"
    yield "</div></details>"


def _reasons(reasons: Sequence[UnknownReason], path: str, cards: Cards) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    for why in reasons:
        places.setdefault(why.reason, []).append(cards.near(why.path, why.line, path))
    yield "<ul>"
    for reason, where in places.items():
        where = list(dict.fromkeys(where))
        more = f" and {len(where) - _PLACES} more" if len(where) > _PLACES else ""
        yield f"<li>{prose(reason)} <span class=at>{', '.join(where[:_PLACES])}{more}</span></li>"
    yield "</ul>"


def _sign(verdict: str) -> str:
    """The verdict, for eyes as a sign and a colour, for a screen reader as a word."""
    return f"<span class='v v-{verdict}' role=img aria-label={verdict}></span>"


def _mark(tally: Tally) -> str:
    return _sign(tally.verdict) if tally.verdict else "<span class=v></span>"


def _tally(tally: Tally) -> str:
    numbers = [
        f"{tally.units[verdict]} {verdict}" for verdict in ("rejected", "unknown", "accepted") if tally.units[verdict]
    ]
    told = f"<span class=q>{', '.join(numbers)}</span>"
    found = f"<span class=number data-n={tally.findings}>{tally.findings}</span>" if tally.findings else _NO_NUMBER
    return f"{told}{tally.bar()}{found}"
