"""The table of rules says what the rules' files say."""

from __future__ import annotations

from pathlib import Path

from jitlint.findings import registry, rule_index


def test_the_page_is_up_to_date() -> None:
    expected = rule_index.render(registry.all_rules())
    assert Path(rule_index.path()).read_text(encoding="utf-8") == expected, "run python -m jitlint.findings.rule_index"


def test_every_rule_stands_in_the_page_once() -> None:
    page = rule_index.render(registry.all_rules())
    for code, name in registry.names().items():
        assert page.count(f"({code}-{name}.md)") == 1
