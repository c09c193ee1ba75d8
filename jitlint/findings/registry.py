"""The rules: one Markdown file each under ``rules/``, read only when a rule is asked for.

A rule's code and name stand in its file's name (``JIT203-variable-changes-type.md``), so that a list of them costs one
directory listing; the front matter is read when a finding or `jitlint explain` needs the rest.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal, cast

from jitlint.findings.model import Severity

_FILE = re.compile(r"(JIT\d{3})-([a-z0-9-]+)\.md$")
_FENCE = re.compile(r"^```python (bad|good|fixed)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXPECTED = re.compile(r"#\s*(error|warning|info): (JIT\d{3})")
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((JIT\d{3})-[a-z0-9-]+\.md\)")
_PAGE = re.compile(r"([A-Z]+)\.md$")
_INDEX = "README"  # the table of all rules, which `jitlint rules` prints better


class UnknownRule(LookupError):
    """No rule has this code or name. `nearest` is the closest one there is, '' if none is close."""

    def __init__(self, wanted: str, nearest: str) -> None:
        super().__init__(f"unknown rule: {wanted}" + (f" (did you mean {nearest}?)" if nearest else ""))
        self.wanted = wanted
        self.nearest = nearest


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, as its file says.

    fix: which fixes it offers (``none``, ``safe``, ``unsafe``, ``display``).
    torch: the torch versions it holds for, ``>=1.0,<1.2``.
    torch_message: a part of the compiler's message, or ``/regular expression/``; empty for a hazard.
    default: False for advice that has to be selected.
    body: the Markdown below the front matter.
    """

    code: str
    name: str
    severity: Severity
    fix: str
    torch: str
    torch_message: str
    help: str
    default: bool
    path: str
    body: str

    @property
    def summary(self) -> str:
        """The first paragraph, on one line."""
        return " ".join(self.body.strip().split("\n\n", 1)[0].split())

    def section(self, heading: str) -> str:
        """The Markdown below a second-level heading, '' where there is no such heading."""
        return next((text.strip() for found, text in _SECTION.findall(self.body) if found == heading), "")

    @property
    def related(self) -> tuple[str, ...]:
        """The codes of its neighbours, those that the section "Related" links."""
        return tuple(_LINK.findall(self.section("Related")))


@dataclass(frozen=True, slots=True)
class Page:
    """A text beside the rules, ``rules/TYPES.md``. name: ``types``. text: Markdown."""

    name: str
    path: str
    text: str

    @property
    def title(self) -> str:
        """Its first heading."""
        return self.text.partition("\n")[0].lstrip("# ")


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced program of a rule's file; a ``fixed`` one is what its fixes make of the ``bad`` one above it. `line` is the 1-based line of the file that its first line stands on;
    `expected` are the (line in the program, severity, code) of its ``# error: JITnnn`` comments."""

    kind: Literal["bad", "good", "fixed"]
    text: str
    line: int
    expected: tuple[tuple[int, str, str], ...]


@lru_cache(maxsize=1)
def rules_directory() -> str:
    """Where the rules' files are: inside the package in a wheel, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for candidate in (os.path.join(package, "rules"), os.path.join(os.path.dirname(package), "rules")):
        if os.path.isdir(candidate):
            return candidate
    return os.path.join(package, "rules")


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Code to name, of every rule, in the order of their codes."""
    try:
        files = sorted(os.listdir(rules_directory()))
    except OSError:
        return {}
    return {found[1]: found[2] for file in files if (found := _FILE.match(file))}


@cache
def rule(code: str) -> Rule:
    """The rule with this code. One without a file is an error without text, so that a run never fails for it."""
    name = names().get(code)
    if name is None:
        return Rule(code, code.lower(), "error", "none", "", "", "", True, "", "")
    path = os.path.join(rules_directory(), f"{code}-{name}.md")
    with open(path, encoding="utf-8") as file:
        return parse_rule(file.read(), path)


@cache
def holds(code: str, torch_version: str) -> bool:
    """Whether a rule holds for a release of torch. The ranges were measured: `tests/rules/torch_versions.json`."""
    from jitlint.project.legacy import version_tuple

    target = version_tuple(torch_version)
    for part in filter(None, rule(code).torch.split(",")):
        bound = version_tuple(part.lstrip("<>="))
        if part.startswith(">=") and target < bound:
            return False
        if part.startswith("<") and target >= bound:
            return False
    return True


def find(wanted: str) -> Rule:
    """A rule by code or name, whatever the case. Raises UnknownRule."""
    known = names()
    if wanted.upper() in known:
        return rule(wanted.upper())
    for code, name in known.items():
        if name == wanted.lower():
            return rule(code)
    raise UnknownRule(wanted, nearest(wanted, [*known, *known.values(), *page_names()]))


def page_names() -> list[str]:
    """The names of the pages beside the rules: ``types``."""
    try:
        files = sorted(os.listdir(rules_directory()))
    except OSError:
        return []
    return [found[1].lower() for file in files if (found := _PAGE.match(file)) and found[1] != _INDEX]


def page(wanted: str) -> Page | None:
    """The page with a name, whatever the case; None where there is none."""
    name = wanted.lower()
    if name not in page_names():
        return None
    path = os.path.join(rules_directory(), f"{name.upper()}.md")
    with open(path, encoding="utf-8") as file:
        return Page(name, path, file.read())


def all_rules() -> list[Rule]:
    """Every rule, in the order of their codes."""
    return [rule(code) for code in names()]


def rule_url(code: str) -> str:
    """A link to the rule's text: the file that came with this installation, so that it opens without a network."""
    name = names().get(code)
    if name is None:
        return ""
    return file_url(os.path.join(rules_directory(), f"{code}-{name}.md"))


def file_url(path: str) -> str:
    """The URL of an absolute path."""
    from urllib.parse import quote

    path = path.replace(os.sep, "/")
    return "file://" + quote(path if path.startswith("/") else "/" + path)


def parse_rule(text: str, path: str) -> Rule:
    """Read a rule's file. The front matter is ``key: value`` lines between two ``---`` lines."""
    fields: dict[str, str] = {}
    body = text
    if text.startswith("---\n"):
        front, _, body = text[4:].partition("\n---\n")
        for line in front.splitlines():
            key, separator, value = line.partition(":")
            if separator:
                fields[key.strip()] = _unquote(value.strip())
    found = _FILE.search(os.path.basename(path))
    severity = fields.get("severity", "error")
    return Rule(
        code=fields.get("code", found[1] if found else ""),
        name=fields.get("name", found[2] if found else ""),
        severity=cast(Severity, severity) if severity in ("error", "warning", "info") else "error",
        fix=fields.get("fix", "none"),
        torch=fields.get("torch", ""),
        torch_message=fields.get("torch-message", ""),
        help=fields.get("help", ""),
        default=fields.get("default", "on") not in ("off", "false"),
        path=path,
        body=body.strip() + "\n",
    )


def examples(rule: Rule) -> list[Example]:
    """The fenced ``python bad``, ``good`` and ``fixed`` programs of a rule, in order."""
    with open(rule.path, encoding="utf-8") as file:
        return examples_in(file.read())


def examples_in(text: str) -> list[Example]:
    """The same of any Markdown."""
    result = []
    for found in _FENCE.finditer(text):
        program = found[2]
        expected = tuple(
            (number, mark[1], mark[2])
            for number, line in enumerate(program.split("\n"), 1)
            for mark in _EXPECTED.finditer(line)
        )
        kind = cast(Literal["bad", "good", "fixed"], found[1])
        result.append(Example(kind, program, text.count("\n", 0, found.start(2)) + 1, expected))
    return result


def nearest(wanted: str, known: list[str]) -> str:
    """The known word closest to `wanted`, '' if none is close."""
    from difflib import get_close_matches

    close = get_close_matches(wanted, known, 1, 0.6)
    return close[0] if close else ""


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        quoted = value[1:-1]
        return quoted.replace('\\"', '"').replace("\\\\", "\\") if value[0] == '"' else quoted.replace("''", "'")
    return value
