"""Text as HTML: escaping, the little Markdown that messages and rules are written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape as _escape

_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^*\s][^*\n]*)\*(?![\w*])")
_FENCE = "```"
_KINDS = {"bad": "rejected", "fixed": "fixed", "good": "accepted"}


def escape(text: str) -> str:
    """Text as HTML, for content and for quoted attributes, in ASCII. Control characters and those that change the
    direction of what stands beside them are replaced."""
    if not text.isprintable():
        text = "".join(char if char.isprintable() or char in "\t\n" else "\ufffd" for char in text)
    escaped = _escape(text, quote=True)
    return escaped if escaped.isascii() else escaped.encode("ascii", "xmlcharrefreplace").decode("ascii")


def count(number: int, noun: str) -> str:
    """``1 unit``, ``2 units``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def prose(text: str) -> str:
    """A sentence, on one line, with what stands in backquotes as code."""
    return _CODE.sub(r"<code>\1</code>", escape(" ".join(text.split())))


def markdown(text: str, link: Callable[[str], str]) -> Iterator[str]:
    """The Markdown of a rule: headings, paragraphs, lists, fenced programs. `link` gives the address of a link's
    target, '' for none."""
    block: list[str] = []
    fence: str | None = None
    for line in [*text.splitlines(), ""]:
        if fence is not None:
            if line.startswith(_FENCE):
                yield _program(fence, block)
                block, fence = [], None
            else:
                block.append(line)
        elif line.startswith(_FENCE):
            yield from _paragraph(block, link)
            block, fence = [], line[len(_FENCE) :]
        elif line.startswith("#"):
            yield from _paragraph(block, link)
            block = []
            yield f"<h4>{_inline(line.lstrip('#').strip(), link)}</h4>"
        elif line.strip():
            block.append(line)
        else:
            yield from _paragraph(block, link)
            block = []


def _paragraph(block: list[str], link: Callable[[str], str]) -> Iterator[str]:
    if not block:
        return
    if not block[0].startswith("- "):
        yield f"<p>{_inline(' '.join(block), link)}</p>"
        return
    items = re.split(r"(?:^|\n)- ", "\n".join(block))[1:]
    yield "<ul>" + "".join(f"<li>{_inline(' '.join(item.split()), link)}</li>" for item in items) + "</ul>"


def _program(info: str, block: list[str]) -> str:
    kind = next((_KINDS[word] for word in info.split() if word in _KINDS), "")
    label = f"<figcaption>{kind}</figcaption>" if kind else ""
    return f"<figure class='p-{kind or 'text'}'>{label}<pre><code>{escape(chr(10).join(block))}</code></pre></figure>"


def _inline(text: str, link: Callable[[str], str]) -> str:
    """What stands in backquotes is taken out first: nothing within it is markup."""
    parts = _CODE.split(text)
    return "".join(
        f"<code>{escape(part)}</code>" if number % 2 else _marked(part, link) for number, part in enumerate(parts)
    )


def _marked(text: str, link: Callable[[str], str]) -> str:
    def linked(found: re.Match[str]) -> str:
        address = link(found[2])
        return f'<a href="{address}">{found[1]}</a>' if address else found[1]

    return _EMPHASIS.sub(r"<em>\1</em>", _LINK.sub(linked, escape(text)))
