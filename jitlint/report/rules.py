"""Rules for reading: ``jitlint explain`` and ``jitlint rules``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jitlint.findings.registry import Rule, rule_url


def explanation(rule: Rule, color: bool) -> list[str]:
    """The text of a rule; laid out by `rich` where colour is wanted, as Markdown otherwise."""
    title = f"# {rule.code} {rule.name}"
    facts = [f"Severity: {rule.severity}", f"fix: {rule.fix}"]
    if rule.torch:
        facts.append(f"torch {rule.torch}")
    if not rule.default:
        facts.append("off by default")
    parts = [title, "; ".join(facts) + ".", rule.body.strip()]
    if rule.torch_message:
        parts.append(f"The compiler's message: `{rule.torch_message}`")
    text = "\n\n".join(parts)
    if not color:
        return text.split("\n")
    import io
    import re

    from rich.console import Console
    from rich.markdown import Markdown

    out = io.StringIO()
    Console(file=out, force_terminal=True, width=100).print(
        Markdown(re.sub("^```python (bad|good|fixed)", "```python", text, flags=re.MULTILINE))
    )
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
        "explanation": rule.body,
        "url": rule_url(rule.code),
    }
