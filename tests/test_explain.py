"""`jitlint explain`: a rule's page, or a page beside the rules, on a terminal and elsewhere."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from jitlint.cli import app
from jitlint.findings import registry
from jitlint.report.rules import explanation, versions

ESCAPES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")
ROOT = Path(__file__).parents[1]


def explain(*arguments: str, **variables: str) -> str:
    done = CliRunner().invoke(app, ["explain", *arguments], env=variables)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_markdown_where_there_is_no_terminal() -> None:
    rule = registry.rule("JIT203")
    shown = explain("JIT203")
    assert shown.startswith(
        "# JIT203 variable-changes-type\n\nSeverity: error; a fix with `--unsafe-fixes`; torch 1.0 "
    )
    assert rule.body.strip() in shown
    assert "\x1b" not in shown
    assert explain("variable-changes-type", "--color", "never") == shown
    assert explain("JIT203", COLUMNS="40") == shown, "Markdown is not wrapped"


def test_laid_out_on_a_terminal() -> None:
    shown = explain("JIT203", "--color", "always", COLUMNS="90")
    plain = ESCAPES.sub("", shown)
    assert max(map(len, plain.split("\n"))) <= 90
    assert "```" not in plain
    assert "## " not in plain
    lines = [line.strip() for line in plain.split("\n")]
    assert (lines.count("Bad:"), lines.count("After the fix:")) == (2, 2)
    assert "Variable 'total' previously had type int but is now being assigned" in " ".join(plain.split())
    code = next(line for line in shown.split("\n") if ESCAPES.sub("", line).strip() == "def entry(xs: Tensor, n: int):")
    assert len(ESCAPES.findall(code)) > 5, "highlighted"
    # The neighbours can be clicked.
    assert f"{registry.rule_url('JIT204')}\x1b\\" in shown
    assert "JIT204 branch-type-mismatch" in plain
    wide = explain("JIT203", "--color", "always", COLUMNS="300")
    assert max(map(len, ESCAPES.sub("", wide).split("\n"))) <= 100


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
def test_a_real_terminal_gets_colours() -> None:
    import pty

    process, terminal = pty.fork()
    if not process:
        os.environ.update(PYTHONPATH=str(ROOT), TERM="xterm", COLUMNS="80")
        os.environ.pop("NO_COLOR", None)
        os.execv(sys.executable, [sys.executable, "-m", "jitlint", "explain", "JIT203"])
    said = b""
    try:
        while chunk := os.read(terminal, 65536):
            said += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(terminal)
    assert os.waitpid(process, 0)[1] == 0
    assert b"\x1b[" in said
    assert b"```" not in said


@pytest.mark.parametrize("rule", registry.all_rules(), ids=lambda rule: rule.code)
def test_every_page_can_be_laid_out(rule: registry.Rule) -> None:
    plain = ESCAPES.sub("", "\n".join(explanation(rule, color=True, width=80)))
    assert "```" not in plain
    assert ".md)" not in plain, "a link that is not laid out"
    shown = "".join(plain.split())
    for example in registry.examples(rule):
        first = example.text.strip().split("\n")[0]
        assert "".join(first.split())[:40] in shown


def test_json() -> None:
    found = json.loads(explain("jit203", "--output-format", "json"))
    assert found["code"] == "JIT203"
    assert "JIT204" in found["related"]
    assert found["explanation"] == registry.rule("JIT203").body
    page = json.loads(explain("types", "--output-format", "json"))
    assert page["title"] == "How TorchScript's types differ from Python's"
    assert page["url"].endswith("/rules/TYPES.md")


def test_a_page_beside_the_rules() -> None:
    assert explain("types") == (ROOT / "rules" / "TYPES.md").read_text(encoding="utf-8")
    assert explain("TYPES") == explain("types")
    assert "## Optional and refinement" in explain("types")
    assert "\x1b[" in explain("types", "--color", "always")
    assert registry.page_names() == ["types"]
    assert registry.page("readme") is None
    done = CliRunner().invoke(app, ["explain", "typs"])
    assert (done.exit_code, done.stderr) == (2, "jitlint: unknown rule: typs (did you mean types?)\n")
    assert CliRunner().invoke(app, ["explain", "JIT203", "--output-format", "yaml"]).exit_code == 2


@pytest.mark.parametrize(
    ("specifier", "said"),
    [
        (">=1.0", "torch 1.0 and later"),
        (">=1.0,<1.2", "torch 1.0 and later, before 1.2"),
        (">=1.4,!=1.5", "torch >=1.4,!=1.5"),
        ("<2", "torch <2"),
    ],
)
def test_releases_in_words(specifier: str, said: str) -> None:
    assert versions(specifier) == said


def test_what_the_weak_script_pages_answer() -> None:
    removed, lone = (" ".join(explain(code).split()) for code in ("JIT701", "JIT702"))
    for text in (removed, lone):
        assert "`@weak_module`" in text
        assert "subclass of `nn.Linear`" in text
    assert "write no decorator at all" in removed
    assert "`^<python_value>`" in lone
    assert "needs no decorator" in lone
