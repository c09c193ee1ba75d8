"""`jitlint explain` and `jitlint rules`."""

from __future__ import annotations

from typing import Annotated

import typer

from jitlint.cli.console import fail, one_of, print_lines, wants_color


def explain(
    rule: Annotated[str, typer.Argument(help="A rule's code or name; or `types`: how TorchScript's types differ.")],
    output_format: Annotated[str, typer.Option(help="One of: text, json.")] = "text",
    color: Annotated[str, typer.Option(help="auto, always or never.")] = "auto",
) -> None:
    """Explain a rule: why the compiler rejects it, and what to write instead. Laid out on a terminal, else Markdown."""
    import json
    import shutil

    from jitlint.findings.registry import UnknownRule, find, page
    from jitlint.report.rules import explanation, page_object, page_text, rule_object

    one_of(output_format, ("text", "json"), "--output-format")
    one_of(color, ("auto", "always", "never"), "--color")
    width = shutil.get_terminal_size().columns
    beside = page(rule)
    if beside is not None:
        as_json = output_format == "json"
        print_lines(
            [json.dumps(page_object(beside), indent=2)] if as_json else page_text(beside, wants_color(color), width)
        )
        return
    try:
        found = find(rule)
    except UnknownRule as error:
        fail(str(error))
    if output_format == "json":
        print_lines([json.dumps(rule_object(found), indent=2)])
    else:
        print_lines(explanation(found, wants_color(color), width))


def rules(
    output_format: Annotated[str, typer.Option(help="One of: text, json.")] = "text",
) -> None:
    """List all rules."""
    from jitlint.findings.registry import all_rules
    from jitlint.report.rules import listing

    one_of(output_format, ("text", "json"), "--output-format")
    print_lines(listing(all_rules(), output_format))
