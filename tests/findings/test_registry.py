"""The registry of rules."""

from __future__ import annotations

import pytest

from jitlint.findings import registry

TEXT = """---
code: JIT999
name: some-name
severity: warning
fix: none
torch: ">=1.0,<1.2"
torch-message: "say \\"no\\": never"
help: write: something else
default: off
---
The summary, on
two lines.

## Why TorchScript rejects it
Because.

```python bad
x = 1
y = 2  # error: JIT999
```

```python good
x = 1
```
"""


def test_a_file_is_read(tmp_path: pytest.TempPathFactory) -> None:
    path = tmp_path / "JIT999-some-name.md"  # type: ignore[operator]
    path.write_text(TEXT)
    rule = registry.parse_rule(TEXT, str(path))
    assert (rule.code, rule.name, rule.severity, rule.default) == ("JIT999", "some-name", "warning", False)
    assert rule.torch == ">=1.0,<1.2"
    assert rule.torch_message == 'say "no": never'
    assert rule.help == "write: something else"
    assert rule.summary == "The summary, on two lines."
    bad, good = registry.examples(rule)
    assert (bad.kind, good.kind) == ("bad", "good")
    assert bad.expected == ((2, "error", "JIT999"),)
    assert TEXT.splitlines()[bad.line - 1] == "x = 1"
    assert good.expected == ()


def test_a_code_without_a_file_is_an_error() -> None:
    rule = registry.rule("JIT000")
    assert (rule.code, rule.severity, rule.default) == ("JIT000", "error", True)
    assert registry.rule_url("JIT000") == ""


def test_rules_are_found_by_code_and_name() -> None:
    assert registry.find("jit901").name == "syntax-error"
    assert registry.find("Syntax-Error").code == "JIT901"
    with pytest.raises(registry.UnknownRule, match=r"unknown rule: sintax-error \(did you mean syntax-error\?\)"):
        registry.find("sintax-error")


def test_links_open_the_rule() -> None:
    import urllib.request

    with urllib.request.urlopen(registry.rule_url("JIT901")) as page:
        assert b"code: JIT901" in page.read()


@pytest.mark.parametrize(
    ("code", "torch_version", "expected"),
    [
        ("JIT217", "1.6.0", False),  # `raise` of what is no exception compiles there
        ("JIT217", "1.7", True),
        ("JIT217", "2.13.0+cpu", True),
        ("JIT702", "1.1.0", True),
        ("JIT702", "1.2.0", False),
        ("JIT000", "1.0", True),
    ],
)
def test_a_rule_holds_for_some_releases(code: str, torch_version: str, expected: bool) -> None:
    assert registry.holds(code, torch_version) is expected
