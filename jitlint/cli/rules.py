"""`jitlint explain` and `jitlint rules`."""

from __future__ import annotations

from typing import Annotated

import typer

from jitlint.cli.console import fail, one_of, print_lines, wants_color


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's code or name.")],
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
) -> None:
    """Explain a rule: why the compiler rejects it, and what to write instead."""
    from jitlint.findings.registry import UnknownRule, find
    from jitlint.report.rules import explanation

    one_of(color, ("auto", "always", "never"), "--color")
    try:
        found = find(rule)
    except UnknownRule as error:
        fail(str(error))
    print_lines(explanation(found, wants_color(color)))


def rules(
    output_format: Annotated[str, typer.Option(help="One of: text, json.")] = "text",
) -> None:
    """List all rules."""
    from jitlint.findings.registry import all_rules
    from jitlint.report.rules import listing

    one_of(output_format, ("text", "json"), "--output-format")
    print_lines(listing(all_rules(), output_format))
