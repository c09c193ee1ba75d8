"""The table of all rules, ``rules/README.md``, made from the rules' own files.

``python -m jitlint.findings.rule_index`` writes it; a test compares it with what stands there.
"""

from __future__ import annotations

import os

from jitlint.findings import registry
from jitlint.findings.registry import Rule

HEADINGS = {
    "1": "Syntax that the front end has no tree for",
    "2": "Control flow and types",
    "3": "Names, calls and operators",
    "4": "Attributes and structure of modules",
    "5": "Annotations and signatures",
    "6": "Script classes, enumerations, named tuples and interfaces",
    "7": "Legacy and removed interfaces",
    "8": "Tracing, and what compiles into something else",
    "9": "The tool's own",
}

INTRODUCTION = """\
# The rules

One file each: what is rejected, why, what to write instead, and examples that the tests put to jitlint and to the real
compiler. `jitlint explain CODE` prints one. [How TorchScript's types differ from Python's](TYPES.md) is a page of its
own. This page is made by `python -m jitlint.findings.rule_index`.
"""


def render(rules: list[Rule]) -> str:
    """The page, in Markdown; `rules` in the order of their codes."""
    parts = [INTRODUCTION]
    for digit, heading in HEADINGS.items():
        family = [rule for rule in rules if rule.code.startswith(f"JIT{digit}")]
        if family:
            parts.append(f"\n## {digit}xx: {heading}\n\n| code | name | | torch | |\n| --- | --- | --- | --- | --- |\n")
            parts.extend(_row(rule) for rule in family)
    return "".join(parts)


def path() -> str:
    """Where the page stands."""
    return os.path.join(registry.rules_directory(), "README.md")


def _row(rule: Rule) -> str:
    severity = rule.severity if rule.default else f"{rule.severity}, off"
    cells = (f"[{rule.code}]({os.path.basename(rule.path)})", rule.name, severity, rule.torch, rule.summary)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    with open(path(), "w", encoding="utf-8") as file:
        file.write(render(registry.all_rules()))
