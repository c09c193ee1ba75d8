"""The rules that a page speaks of, as their files have them: a reader may have no jitlint to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jitlint.findings import registry
from jitlint.report.html.markup import escape, markdown, prose

_CODE = re.compile(r"JIT\d{3}")


def rule_sections(codes: Sequence[str]) -> Iterator[str]:
    """A section with each of these rules."""
    if not codes:
        return
    known = set(codes)

    def link(target: str) -> str:
        if target.startswith(("https:", "http:")):
            return escape(target)
        found = _CODE.match(target)
        return f"#{found[0]}" if found and found[0] in known else ""

    yield "<section id=rules><h2>The rules</h2>"
    for code in codes:
        rule = registry.rule(code)
        facts = [rule.severity] + ([f"{rule.fix} fix"] if rule.fix != "none" else [])
        facts += [f"torch {rule.torch}"] if rule.torch else []
        yield f"<details class=rule id={escape(code)}>"
        yield f"<summary><span class=c>{escape(code)}</span> <span class=t>{escape(rule.name)}</span> <span class=at>{escape(', '.join(facts))}</span></summary>"
        yield "<div class=b>"
        for part in markdown(rule.body, link):
            yield from part.split("\n")
        if rule.torch_message:
            yield f"<p>The compiler's message: <code>{escape(rule.torch_message)}</code></p>"
        if rule.help:
            yield f"<p><b>In short:</b> {prose(rule.help)}</p>"
        yield "</div></details>"
    yield "</section>"
