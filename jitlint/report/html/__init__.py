"""One page that shows a result as a tree of files coloured by verdict, for reading in a browser and for passing on.

It stands alone: style and script are within, nothing is loaded, and it is whole with scripting off. What comes from the
code that was checked is escaped, and should that ever fail, the page's own policy lets no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator

from jitlint.findings.identity import Sources
from jitlint.findings.model import Result, RunError
from jitlint.report.html.cards import Cards
from jitlint.report.html.markup import count, escape, prose
from jitlint.report.html.rows import folder_rows
from jitlint.report.html.rules import rule_sections
from jitlint.report.html.sidebar import filters
from jitlint.report.html.tree import Tally, plant, title
from jitlint.report.style import Style
from jitlint.report.summary import summary, verification_lines
from jitlint.version import __version__

_BEGIN_WITH = 5
_FOLDER = os.path.dirname(os.path.abspath(__file__))


def lines(result: Result, style: Style) -> Iterator[str]:
    """The page. It is ASCII throughout, so that it reads the same whatever encoding a server or a shell gives it."""
    plain = Style(False, style.base)
    sources = Sources()
    tree = plant(result, plain, sources)
    name = title(tree, plain)
    cards = Cards(result, plain, sources)
    yield from _head(name)
    yield f"<header><p class=tool>jitlint {escape(__version__)} &middot; torch {escape(result.torch_version)}</p>"
    yield f"<h1>{escape(name)}</h1>"
    yield f"<p>{prose(summary(result, plain))}</p>"
    for line in verification_lines(result, plain):
        yield f"<p>{escape(line)}</p>"
    yield from _tiles(tree.tally)
    yield "</header>"
    yield "<div class=page>"
    yield from filters(result)
    yield "<main id=main tabindex=-1>"
    yield from _errors(result.errors, plain)
    yield from _begin(cards)
    yield "<section id=tree aria-label=Modules>"
    yield from folder_rows(tree, cards)
    yield "<p id=nothing hidden>Nothing matches. <button type=button class=clear>Clear the filters</button></p>"
    yield "</section>"
    yield from rule_sections(sorted({finding.code for finding in result.findings}))
    yield "</main></div>"
    yield "<script>"
    yield from _asset("page.js")
    yield "</script>"
    yield "</body></html>"


def _head(title: str) -> Iterator[str]:
    script = "\n" + "\n".join(_asset("page.js")) + "\n"  # what stands between the tags, to the letter
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    yield "<!doctype html>"
    yield "<html lang=en><head><meta charset=utf-8>"
    yield f'<meta http-equiv=Content-Security-Policy content="{policy}">'
    yield "<meta name=viewport content='width=device-width, initial-scale=1'>"
    yield "<meta name=color-scheme content='light dark'>"
    yield "<link rel=icon href='data:,'>"
    yield f"<title>{escape(title)} &middot; jitlint</title>"
    yield "<style>"
    yield from _asset("page.css")
    yield "</style></head><body>"
    yield "<a class=skip href=#main>Skip to the modules</a>"


def _tiles(tally: Tally) -> Iterator[str]:
    """How many units have which verdict, as numbers and as a bar."""
    verdicts = [verdict for verdict in ("rejected", "unknown", "accepted") if tally.units[verdict]]
    if not verdicts:
        return
    yield "<ul class=tiles>"
    for verdict in verdicts:
        yield f"<li class=v-{verdict}><b>{tally.units[verdict]}</b> {verdict}</li>"
    yield "</ul>"
    yield f"<div class=wide>{tally.bar()}</div>"


def _errors(errors: tuple[RunError, ...], style: Style) -> Iterator[str]:
    if not errors:
        return
    yield "<section class=errors><h2>Not checked</h2><ul>"
    for error in errors:
        yield f"<li><code>{escape(style.path(error.path))}</code> {escape(error.message)}</li>"
    yield "</ul></section>"


def _begin(cards: Cards) -> Iterator[str]:
    """The findings that stand in the way of most."""
    found = [(number, blocked) for number, blocked in cards.most_blocking(_BEGIN_WITH) if blocked > 2]
    if len(found) < 2:
        return
    yield "<details class=begin open><summary><h2>Where to begin</h2></summary>"
    yield "<p>These findings stand in the way of most units.</p><ol>"
    for number, blocked in found:
        yield f"<li><a href=#f{number}>{cards.title(number)}</a> <span class=dim>{cards.place(number)}</span> <b>{count(blocked, 'unit')}</b></li>"
    yield "</ol></details>"


def _asset(name: str) -> list[str]:
    with open(os.path.join(_FOLDER, name), encoding="ascii") as file:
        return file.read().rstrip("\n").split("\n")
