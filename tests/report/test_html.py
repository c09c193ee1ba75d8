"""The page of `--output-format html`: what is in it, read as HTML. What it does is tested in a browser."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from page import Element, parse

import jitlint
from jitlint.findings.model import (
    Edit,
    Finding,
    Fix,
    Frame,
    Result,
    RunError,
    Unit,
    UnknownReason,
    Verification,
)
from jitlint.report import render
from jitlint.report.html.excerpt import difference, excerpt
from jitlint.report.html.markup import escape, markdown, prose
from jitlint.report.style import Style
from jitlint.source.problem import Span

NET = """\
class Net:
    def forward(self, x):
        é, y = '𐐀', f(x)
        return f(
            x)

class Plain:
    def forward(self, x):
        return x

def f(x):
    return {x}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pkg" / "inner").mkdir(parents=True)
    (tmp_path / "pkg" / "inner" / "net.py").write_text(NET, encoding="utf-8")
    (tmp_path / "pkg" / "top.py").write_text("class Top:\n    pass\n")
    return tmp_path / "pkg"


@pytest.fixture
def result(folder: Path) -> Result:
    net, top = str(folder / "inner" / "net.py"), str(folder / "top.py")
    findings = (
        Finding(
            "JIT203", "variable-changes-type", "error", "a `bold` message", "Torch says:\nmore", net,
            Span(3, 21, 3, 25), "do `this`", "file:///x", condition="act is None",
            fix=Fix("safe", "replace it", (Edit(net, Span(3, 21, 3, 25), "g(x)"),)),
            verdict="confirmed", verdict_reason="torch 2.13.0 rejects it",
        ),
        Finding("JIT308", "not-callable", "warning", "hm", "", net, Span(4, 16, 5, 15), verdict="masked"),
        Finding(
            "JIT110", "set", "error", "no sets", "no sets.", net, Span(12, 12, 12, 15),
            chain=(Frame(net, 4, "Net.forward"), Frame(net, 12, "f")), verdict="refuted",
        ),
    )  # fmt: skip
    units = (
        Unit("Net", "pkg.inner.net", "module", net, 1, "rejected", (), (0, 1, 2)),
        Unit("Plain", "pkg.inner.net", "module", net, 7, "accepted"),
        Unit(
            "Top", "pkg.top", "module", top, 1, "unknown",
            (UnknownReason("no source for x", top, 2), UnknownReason("no source for x", net, 3)), (2,),
        ),
    )  # fmt: skip
    verification = Verification("3.11", "2.13.0", "cpu", confirmed=1, refuted=1, masked=1, compiled=2)
    return Result(units, findings, (RunError("gone.py", "no such file"),), 3, "2.13.0", 1, verification=verification)


def html(result: Result, base: Path) -> str:
    return "\n".join(render(result, "html", Style(False, str(base)))) + "\n"


def page(result: Result, base: Path) -> Element:
    return parse(html(result, base))


def test_every_finding_stands_once_where_it_belongs(result: Result, folder: Path) -> None:
    shown = page(result, folder.parent)
    assert [card.attributes["id"] for card in shown.all("details", cls="f")] == ["f0", "f1", "f2"]
    net = shown.one(id="u0")
    assert [card.attributes["id"] for card in net.all("details", cls="f")] == ["f0", "f1"]
    elsewhere = net.one("section", cls="also")
    assert [link.attributes["href"] for link in elsewhere.all("a")] == ["#JIT110", "#f2"]
    assert elsewhere.one("a", href="#f2").text == "12"
    assert "JIT110 set line 12" in elsewhere.text
    loose = shown.one("section", cls="loose")
    assert [card.attributes["id"] for card in loose.all("details", cls="f")] == ["f2"]
    assert shown.one(id="u1").tag == "li"
    assert shown.one(id="u1").text.strip() == "Plain"


def test_a_card_says_it_all(result: Result, folder: Path) -> None:
    card = page(result, folder.parent).one(id="f0")
    assert {key: card.attributes[f"data-{key}"] for key in "rsxk"} == {
        "r": "JIT203", "s": "error", "x": "confirmed", "k": "safe",
    }  # fmt: skip
    summary = card.one("summary")
    assert " ".join(summary.text.split()) == "error JIT203 a bold message confirmed safe fix 3:21"
    assert summary.one(cls="m").one("code").text == "bold"
    assert summary.one("a").attributes == {"class": "c", "href": "#JIT203", "title": "variable-changes-type"}
    assert "pkg/inner/net.py:3:21 in Net.forward" in card.text
    assert card.one("mark").text == "f(x)"
    source = card.one("div", cls="src").all("pre")
    assert source[0].text.split() == ["1", "2", "3", "4", "5"]
    assert source[1].text == "\n".join(NET.split("\n")[:5])
    facts = dict(zip([dt.text for dt in card.all("dt")], [dd.text.strip() for dd in card.all("dd")], strict=True))
    assert list(facts) == ["when", "torch says", "verdict", "help", "fix"]
    assert facts["torch says"] == "Torch says:\nmore"
    assert facts["verdict"] == "confirmed: torch 2.13.0 rejects it"
    assert facts["help"] == "do this"
    assert facts["fix"].startswith("replace it (safe)")
    assert card.one("del").text == "-        é, y = '𐐀', f(x)"
    assert card.one("ins").text == "+        é, y = '𐐀', g(x)"


def test_how_a_finding_is_reached_and_whom_it_concerns(result: Result, folder: Path) -> None:
    shown = page(result, folder.parent)
    card = shown.one(id="f2")
    assert [step.text for step in card.one("ol", cls="chain").all("li")] == [
        "Net.forward line 4", "f line 12",
    ]  # fmt: skip
    assert "2 units: Net, Top" in card.text
    assert [link.attributes["href"] for link in card.all("a")][1:] == ["#u0", "#u2"]
    assert "torch says" not in card.text  # it says what the message says
    ids = {element.attributes["id"] for element in shown.walk() if "id" in element.attributes}
    assert {link.attributes["href"][1:] for link in shown.all("a")} <= ids


def test_an_unknown_verdict_has_its_reasons(result: Result, folder: Path) -> None:
    top = page(result, folder.parent).one(id="u2")
    (reason,) = top.one("section", cls="why").all("li")
    assert reason.text == "no source for x line 2, inner/net.py:3"
    assert top.one("section", cls="why").one("h3").text == "Why its verdict is unknown"


def test_the_tree_is_that_of_the_folders(result: Result, folder: Path) -> None:
    shown = page(result, folder.parent)
    assert shown.one("h1").text == "pkg"
    nodes = shown.all("details", cls="n")
    assert [node.all("summary")[0].one(cls="t").text for node in nodes] == [
        "pkg/", "inner/", "net.py", "top.py",
    ]  # fmt: skip
    marks = [node.all("summary")[0].one(cls="v").attributes["aria-label"] for node in nodes]
    assert marks == ["rejected", "rejected", "rejected", "unknown"]
    assert [node.all("summary")[0].one(cls="q").text for node in nodes] == [
        "1 rejected, 1 unknown, 1 accepted", "1 rejected, 1 accepted", "1 rejected, 1 accepted", "1 unknown",
    ]  # fmt: skip
    assert [node.all("summary")[0].one(cls="number").text for node in nodes] == ["3", "3", "3", ""]
    assert "pkg.inner.net" in nodes[2].text


def test_paths_outside_stand_beside(result: Result, folder: Path) -> None:
    other = replace(result.findings[2], path="/else/where/b.py", chain=())
    shown = page(replace(result, findings=(*result.findings, other)), folder.parent)
    tops = [summary.one(cls="t").text for summary in shown.one(id="tree").all("summary") if summary.all(cls="q")]
    assert tops == ["/else/where/", "b.py", "pkg/", "inner/", "net.py", "top.py"]
    assert shown.one("h1").text == folder.parent.name
    assert not shown.one(id="f3").all("div", cls="src")  # the file cannot be read


def test_one_file_needs_no_folder(result: Result, folder: Path) -> None:
    one = replace(result, units=result.units[:2])
    shown = page(one, folder.parent)
    assert shown.one("h1").text == "net.py"
    assert len(shown.all("details", cls="n")) == 1


def test_everything_is_counted(result: Result, folder: Path) -> None:
    shown = page(result, folder.parent)
    header = shown.one("header").text
    assert "Found 2 errors, 1 warning, 1 suppressed (3 units in 3 files" in header
    assert "Verified with torch 2.13.0 (Python 3.11) on cpu: 1 confirmed, 1 refuted, 1 masked" in header
    assert [tile.text for tile in shown.one("ul", cls="tiles").all("li")] == ["1 rejected", "1 unknown", "1 accepted"]
    assert "gone.py no such file" in shown.one("section", cls="errors").text
    options = {
        (box.attributes["name"], box.attributes["value"])
        for box in shown.one(id="filters").all("input", type="checkbox")
    }
    assert options == {
        ("verdict", "rejected"), ("verdict", "unknown"), ("verdict", "accepted"), ("severity", "error"),
        ("severity", "warning"), ("compiler", "confirmed"), ("compiler", "refuted"), ("compiler", "masked"),
        ("fix", "safe"), ("rule", "JIT203"), ("rule", "JIT308"), ("rule", "JIT110"),
    }  # fmt: skip
    unasked = replace(result, findings=tuple(replace(finding, verdict=None) for finding in result.findings))
    assert not page(unasked, folder.parent).all("input", name="compiler")


def test_rules_come_with_it(result: Result, folder: Path) -> None:
    shown = page(result, folder.parent)
    rules = shown.one(id="rules").all("details", cls="rule")
    assert [rule.attributes["id"] for rule in rules] == ["JIT110", "JIT203", "JIT308"]
    assert "Why TorchScript rejects it" in rules[1].text
    captions = [caption.text for figure in rules[1].all("figure") for caption in figure.all("figcaption")]
    assert captions[0] == "rejected"
    assert "total = total + 0.5" in rules[1].text


def test_an_empty_result() -> None:
    for empty in (Result(), Result(files=2, torch_version="1.0"), Result(errors=(RunError("a.py", "gone"),))):
        shown = parse("\n".join(render(empty, "html", Style(False, "/somewhere/project"))))
        assert shown.one("h1").text == "project"
        assert not shown.all("details", cls="n")


def test_it_stands_alone(result: Result, folder: Path) -> None:
    text = html(result, folder.parent)
    shown = parse(text)
    assert text.isascii()
    for element in shown.walk():
        assert element.tag not in ("img", "iframe", "object", "embed", "base")
        assert not {name for name in element.attributes if name.startswith("on") or name in ("src", "srcset", "action")}
        if "href" in element.attributes:
            assert element.attributes["href"].startswith(("#", "data:,"))
    style = shown.one("style").text
    assert "url(" not in style
    assert "@import" not in style
    script = shown.one("script").text
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|fetch\(|XMLHttp|new Function", script
    )
    policy = shown.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")


EVIL = "</script></pre></style>--><img src=x onerror=alert(1)>'\"`&lt;\u202e\x1b[1m\udc80`<b>`"


def test_nothing_of_the_users_is_markup(tmp_path: Path) -> None:
    """Every text of a result that could come from what is checked, and the source itself."""
    path = tmp_path / "<b onclick=alert(1)>'&amp;.py"
    path.write_text(f"class A:\n    x = '''{EVIL[:-12]}'''\n", encoding="utf-8")
    where = str(path)
    finding = Finding(
        "JIT301", "undefined-name", "error", EVIL, EVIL + "\n" + EVIL, where, Span(2, 5, 2, 30), EVIL, EVIL,
        (Frame(where, 1, EVIL),), EVIL, Fix("unsafe", EVIL, (Edit(where, Span(2, 5, 2, 6), EVIL),)), None,
        "unverifiable", EVIL,
    )  # fmt: skip
    units = tuple(
        Unit(EVIL, EVIL, "module", where, 1, "unknown", (UnknownReason(EVIL, EVIL, 1),), (0, 1)) for _ in range(3)
    )
    evil = Result(units, (finding, replace(finding, path=EVIL)), (RunError(EVIL, EVIL),), 1, EVIL)
    text = html(evil, tmp_path / "no")
    shown = parse(text)
    assert text.isascii()
    assert not shown.all("img")
    assert len(shown.all("script")) == len(shown.all("style")) == 1
    assert not shown.all("b", onclick="alert(1)")
    assert [element for element in shown.walk() if any(name.startswith("on") for name in element.attributes)] == []
    marks = [card for card in shown.all("details", cls="f") if card.all("mark")]
    assert marks[0].one("mark").text == "x = '''</script></pre></s"
    assert "</script></pre></style>--><img src=x onerror=alert(1)>" in marks[0].one("ins").text
    for forbidden in ("\u202e", "\x1b", "&#8238;", "&#x202e;"):
        assert forbidden not in text
    text.encode("utf-8")


def test_sources_do_not_repeat(folder: Path, result: Result) -> None:
    """A finding that many units have costs each of them a link."""
    net = result.units[2].path
    many = tuple(Unit(f"U{number}", "pkg.top", "module", net, 1, "rejected", (), (2,)) for number in range(300))
    before, after = (
        len(html(result, folder.parent)),
        len(html(replace(result, units=result.units + many), folder.parent)),
    )
    assert (after - before) / 300 < 700


def test_a_real_run(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def forward(self, x):\n"
        "        total = 0\n        for i in range(3):\n            total = total + 0.5\n        return {x: 'x</pre>'}, lambda: 1\n"
    )
    found = jitlint.check([str(tmp_path)])
    assert found.findings
    shown = page(found, tmp_path)
    assert len(shown.all("details", cls="f")) == len(found.findings)
    assert len(shown.one(id="u0").all("details", cls="f")) == len(found.units[0].findings)


LINES = ["def f(x):", "", "    y = g(x,", "          z)", "", "    return y", ""]


@pytest.mark.parametrize(
    ("span", "numbers", "marked"),
    [
        (Span(3, 9, 3, 10), "1 2 3 4", ["g"]),
        (Span(3, 9, 4, 13), "1 2 3 4 5 6", ["g(x,", "z)"]),
        (Span(3, 9, 4, 1), "1 2 3 4", ["g(x,"]),  # ends before the first character of the next line
        (Span(1, 10, 1, 10), "1 2 3", [" "]),  # behind the end
        (Span(6, 5, 6, 5), "4 5 6", ["r"]),  # empty
        (Span(3, 5, 99, 1), "1 2 3 4 5 6 7", ["y = g(x,", "z)", "return y"]),  # beyond the file
        (Span(7, 1, 7, 1), "6 7", [" "]),
    ],
)
def test_excerpts(span: Span, numbers: str, marked: list[str]) -> None:
    shown = parse(excerpt(span, LINES))
    assert shown.all("pre")[0].text.split() == numbers.split()
    assert [mark.text for mark in shown.all("mark")] == marked
    lines = numbers.split()
    text = "\n".join(LINES[int(lines[0]) - 1 : int(lines[-1])])
    assert [line.rstrip() for line in shown.all("pre")[1].text.split("\n")] == text.split("\n")


def test_excerpts_of_long_things() -> None:
    line = "x = [" + ", ".join(map(str, range(3000))) + "]"
    at = line.index(" 2000,") + 1
    shown = parse(excerpt(Span(1, at + 1, 1, at + 5), [line]))
    assert shown.one("mark").text == "2000"
    assert len(shown.all("pre")[1].text) < 300
    assert shown.all("pre")[1].text.startswith("…")
    shown = parse(excerpt(Span(2, 1, 900, 2), ["    a"] * 1000))
    assert len(shown.all("pre")[0].text.split()) <= 15
    assert excerpt(Span(3, 1, 3, 2), ["a"]) == excerpt(Span(0, 1, 0, 2), ["a"]) == excerpt(Span(1, 1, 1, 2), []) == ""


def edits(*changes: tuple[int, int, int, int, str]) -> list[Edit]:
    return [Edit("a.py", Span(*change[:4]), change[4]) for change in changes]


def test_differences() -> None:
    def shown(*changes: tuple[int, int, int, int, str]) -> list[str]:
        return [
            "\n".join(
                f"{number:>2} {line}".rstrip()
                for number, line in zip(*(pre.text.split("\n") for pre in parse(one).all("pre")), strict=True)
            )
            for one in difference(edits(*changes), LINES)
        ]

    assert shown((3, 9, 3, 10, "h")) == [" 1  def f(x):\n 2\n 3 -    y = g(x,\n   +    y = h(x,\n 4            z)\n 5"]
    assert shown((1, 1, 1, 1, "import a\r\n"), (1, 5, 1, 6, "k")) == [
        " 1 -def f(x):\n   +import a\n   +def k(x):\n 2\n 3      y = g(x,"
    ]
    # A line less, and two lines for one.
    assert shown((3, 5, 4, 13, "y = 1")) == [
        " 1  def f(x):\n 2\n 3 -    y = g(x,\n 4 -          z)\n   +    y = 1\n 5\n 6      return y"
    ]
    far = [f"line {number}" for number in range(1, 31)]
    assert len(list(difference(edits((2, 1, 2, 2, "L"), (28, 1, 28, 2, "L")), far))) == 2
    assert len(list(difference(edits((2, 1, 2, 2, "L"), (4, 1, 4, 2, "L")), far))) == 1
    # At the very end, and of a file that is no longer what it was.
    assert "+new" in shown((7, 1, 7, 1, "new\n"))[0]
    assert shown((9, 1, 9, 1, "new\n")) == []


def test_markup() -> None:
    assert prose("a `b<c>` & 'd'\n e") == "a <code>b&lt;c&gt;</code> &amp; &#x27;d&#x27; e"
    assert escape("é\ud800") == "&#233;&#65533;"
    text = "First *one* and `*a*` **x**.\nNext [J](JIT1.md) [K](other).\n\n## Head\n- a\n- b\n  c\n\n```python bad\n<x>\n\n- y\n```\nend"
    shown = "\n".join(markdown(text, lambda target: "#J" if target == "JIT1.md" else ""))
    assert shown == (
        '<p>First <em>one</em> and <code>*a*</code> **x**. Next <a href="#J">J</a> K.</p>\n<h4>Head</h4>\n'
        "<ul><li>a</li><li>b c</li></ul>\n"
        "<figure class='p-rejected'><figcaption>rejected</figcaption><pre><code>&lt;x&gt;\n\n- y</code></pre></figure>\n<p>end</p>"
    )


def test_every_rule_can_be_shown() -> None:
    from jitlint.findings import registry
    from jitlint.report.html.rules import rule_sections

    codes = list(registry.names())
    shown = parse("\n".join(rule_sections(codes)))
    assert [rule.attributes["id"] for rule in shown.all("details", cls="rule")] == codes
    assert "```" not in shown.text
    ids = set(codes)
    assert {link.attributes["href"][1:] for link in shown.all("a") if link.attributes["href"].startswith("#")} <= ids
