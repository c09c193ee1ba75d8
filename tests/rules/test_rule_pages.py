"""A rule's page is complete: torch's own words, the releases it holds for, its neighbours. `pages` writes most of that."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

sys.path.insert(0, str(Path(__file__).parent))

from pages import ASKED, RELATED, SAYS, VERSIONS, Answers, anchor, ask, holds_today, related, says, with_section
from rule_examples import ROOT, TORCH, has_message

from jitlint.findings import registry
from jitlint.findings.registry import Rule

HOW = "run python tests/rules/pages.py"
RULES = registry.all_rules()
ABOUT_CODE = [rule for rule in RULES if not rule.code.startswith("JIT9")]
PAGES = sorted((ROOT / "rules").glob("*.md"))
MEASURED: dict[str, dict[str, str]] = json.loads(VERSIONS.read_text(encoding="utf-8"))
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def neighbours() -> dict[str, str]:
    return related(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_links_its_neighbours(rule: Rule, neighbours: dict[str, str]) -> None:
    assert rule.related
    assert rule.code not in rule.related
    for code in rule.related:
        assert rule.code in registry.rule(code).related, HOW
    assert rule.section(RELATED) == neighbours[rule.code], HOW
    named = set(re.findall(r"JIT\d{3}", re.sub(r"`[^`]*`", "", FENCED.sub("", rule.body))))
    assert named - {rule.code} <= set(rule.related)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem[:6])
def test_links_lead_somewhere(path: Path) -> None:
    for name, fragment in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", FENCED.sub("", path.read_text(encoding="utf-8"))):
        target = path.parent / name
        assert target.is_file(), name
        if fragment:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings)


@pytest.mark.parametrize("rule", ABOUT_CODE, ids=lambda rule: rule.code)
def test_a_rule_quotes_torch(rule: Rule) -> None:
    section = rule.section(SAYS)
    quoted = re.findall(r"^```text\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    if rule.severity == "error":
        assert any(has_message(rule, text) for text in quoted)
    else:
        assert quoted or section.startswith("Nothing: it ")
    assert not re.search(r"(^|[\s\"(])/\w+/|0x[0-9a-f]{4}", section), "a path or an address"


@pytest.mark.parametrize("rule", [rule for rule in ABOUT_CODE if holds_today(rule)], ids=lambda rule: rule.code)
def test_the_releases_are_those_that_were_asked(rule: Rule) -> None:
    holds = SpecifierSet(rule.torch)
    for version, said in MEASURED.get(rule.code, {}).items():
        if rule.severity == "error":
            assert not (said == "rejects" and version not in holds), f"{version} rejects it, too"
            assert not (said in ("accepts", "unknown") and version in holds), f"{version}: {said}"
        elif said in ("otherwise", "unknown"):
            assert version not in holds, f"{version}: {said}"


def test_the_releases_are_written_as_a_range() -> None:
    for rule in RULES:
        assert re.fullmatch(r">=\d+\.\d+(,<\d+\.\d+)?", rule.torch), rule.code


def test_a_rule_claims_no_release_that_was_not_asked() -> None:
    about_today = {rule.code: rule for rule in ABOUT_CODE if holds_today(rule)}
    assert set(MEASURED) <= set(about_today)
    for code in set(about_today) - set(MEASURED):
        assert about_today[code].torch == ">=2.13", f"{code}: {HOW} with interpreters of older releases"


def test_sections_are_put_in_their_places() -> None:
    page = "Summary.\n\n## Why\nBecause.\n\n## Write instead\nThis.\n"
    once = with_section(page, SAYS, "no", "Write instead")
    assert once == f"Summary.\n\n## Why\nBecause.\n\n## {SAYS}\nno\n\n## Write instead\nThis.\n"
    assert with_section(once, SAYS, "no", "Write instead") == once
    last = with_section(once, RELATED, "- x", None)
    assert last == once + f"\n## {RELATED}\n- x\n"
    assert with_section(last, RELATED, "- y", None) == last.replace("- x", "- y")


@pytest.fixture(scope="session")
def today() -> Answers:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the pages quote torch {TORCH}; installed is {torch.__version__}")
    return ask(sys.executable, ASKED)[1]


@pytest.mark.torch
@pytest.mark.parametrize("rule", ABOUT_CODE, ids=lambda rule: rule.code)
def test_torch_says_what_is_quoted(rule: Rule, today: Answers) -> None:
    assert rule.section(SAYS) == says(rule, today), HOW
