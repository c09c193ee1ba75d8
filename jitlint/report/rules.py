"""Rules for reading: ``jitlint explain`` and ``jitlint rules``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from typing import Any

from jitlint.findings.registry import Page, Rule, file_url, rule_url

WIDTH = 100  # columns: longer lines of prose are hard to read
_FENCE = re.compile(r"^```python (bad|good|fixed)\b.*$", re.MULTILINE)
_LABELS = {"bad": "Bad:", "good": "Good:", "fixed": "After the fix:"}
_FIXES = {
    "none": "no fix",
    "safe": "a safe fix",
    "unsafe": "a fix with `--unsafe-fixes`",
    "display": "a suggestion, which has to be made by hand",
}


def explanation(rule: Rule, color: bool, width: int = WIDTH) -> list[str]:
    """The text of a rule; laid out by `rich` in so many columns where colour is wanted, as Markdown otherwise."""
    return _laid_out(f"# {rule.code} {rule.name}\n\n{_facts(rule)}\n\n{rule.body.strip()}", rule.path, color, width)


def page_text(page: Page, color: bool, width: int = WIDTH) -> list[str]:
    """A page beside the rules, in the same way."""
    return _laid_out(page.text.strip(), page.path, color, width)


def _facts(rule: Rule) -> str:
    facts = [f"Severity: {rule.severity}", _FIXES.get(rule.fix, rule.fix)]
    if rule.torch and not rule.code.startswith("JIT9"):
        facts.append(versions(rule.torch))
    if not rule.default:
        facts.append("off unless selected")
    return "; ".join(facts) + "."


def versions(specifier: str) -> str:
    """A range of torch's releases in words: ``>=1.0,<1.2`` is "torch 1.0 and later, before 1.2"."""
    words = [part.strip() for part in specifier.split(",")]
    since = next((word[2:] for word in words if word.startswith(">=")), "")
    until = next((word[1:] for word in words if re.match(r"<\d", word)), "")
    if not since or len(words) > 1 + bool(until):
        return f"torch {specifier}"
    return f"torch {since} and later" + (f", before {until}" if until else "")


def _laid_out(text: str, path: str, color: bool, width: int) -> list[str]:
    if not color:
        return text.split("\n")
    import io

    from rich.console import Console
    from rich.markdown import Markdown

    document = Markdown(_FENCE.sub(lambda fence: f"*{_LABELS[fence[1]]}*\n\n```python", text))
    tokens: object = document.parsed
    for token in (
        tokens if isinstance(tokens, list) else ()
    ):  # before rich 13.3 there are none, and links stay as they are
        for child in token.children or ():
            target = child.attrs.get("href")
            if isinstance(target, str) and "://" not in target:  # a page beside this one
                child.attrs["href"] = file_url(os.path.join(os.path.dirname(path), target.partition("#")[0]))
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=min(width, WIDTH)).print(document)
    return out.getvalue().rstrip("\n").split("\n")


def listing(rules: Sequence[Rule], output_format: str) -> list[str]:
    """All rules: a line each, or one JSON array."""
    if output_format == "json":
        return [json.dumps([rule_object(rule) for rule in rules], indent=2)]
    width = max((len(rule.name) for rule in rules), default=0)
    return [
        f"{rule.code}  {rule.name:<{width}}  {rule.severity}{'' if rule.default else ' (off by default)'}"
        for rule in rules
    ]


def rule_object(rule: Rule) -> dict[str, Any]:
    """A rule as a JSON object."""
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "default": rule.default,
        "fix": rule.fix,
        "torch": rule.torch,
        "torch_message": rule.torch_message,
        "help": rule.help,
        "summary": rule.summary,
        "related": list(rule.related),
        "explanation": rule.body,
        "url": rule_url(rule.code),
    }


def page_object(page: Page) -> dict[str, Any]:
    """A page as a JSON object."""
    return {"name": page.name, "title": page.title, "explanation": page.text, "url": file_url(page.path)}
