"""What the rules' pages hold that others know: torch's own words, the releases a rule holds for, the neighbours.

``python tests/rules/pages.py`` writes the sections "What torch says" (from the installed torch) and "Related" (each link in
both directions, and to the sections of `TYPES.md` that name the rule) into the rules' files. Read the result in review.

``python tests/rules/pages.py PYTHON...`` puts the rules' examples to other releases of torch, too, those that these
interpreters (from 3.7 on) have, and writes them into ``torch_versions.json``: whether a release ``rejects`` what a rule is about, does
so with another message (``otherwise``), ``accepts`` it, or takes not even the good example (``unknown``: it has
nothing of the kind). `test_rule_pages` compares the front matter with that.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]  # as a script, this checkout's jitlint

from rule_examples import CASES, Case, has_message  # noqa: E402

from jitlint.findings import registry  # noqa: E402
from jitlint.findings.registry import Rule  # noqa: E402

VERSIONS = Path(__file__).with_name("torch_versions.json")
SAYS = "What torch says"
RELATED = "Related"
TODAY = "2.13.0"  # what the pages quote
ASKED = [case for case in CASES if not case.tool]
# Runs under Python 3.7: each program in a child of its own, a line of JSON for each.
RUNNER = r"""
import json, os, runpy, sys, warnings
import torch
print(json.dumps(torch.__version__.split("+")[0]))
for path in sys.argv[1:]:
    read_end, write_end = os.pipe()
    process = os.fork()
    if not process:
        os.close(read_end)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1), os.dup2(quiet, 2)
        said = {"ok": True, "type": "", "text": ""}
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                runpy.run_path(path, run_name="__main__")
            except BaseException as error:
                said = {"ok": False, "type": type(error).__name__, "text": str(error)}
        said["warnings"] = [[one.category.__name__, str(one.message)] for one in warned]
        data = json.dumps(said).encode()
        while data:
            data = data[os.write(write_end, data):]
        os._exit(0)
    os.close(write_end)
    data = b""
    while True:
        chunk = os.read(read_end, 65536)
        if not chunk:
            break
        data += chunk
    os.close(read_end)
    os.waitpid(process, 0)
    crash = {"ok": False, "type": "CRASH", "text": "killed by SIGSEGV", "warnings": []}
    print(json.dumps(dict(json.loads(data.decode()) if data else crash, path=path)), flush=True)
"""
# What Python or a missing part of torch says, before the compiler is asked.
NOT_THE_COMPILER = ("SyntaxError", "NameError", "ImportError", "ModuleNotFoundError")
Answers = dict[str, dict[str, Any]]  # by the cases' files


def ask(python: str, cases: Iterable[Case]) -> tuple[str, Answers]:
    """The release of torch that an interpreter has, and its answers to some cases."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for case in cases:
            path = Path(folder) / f"{case.file}.py"
            path.write_text(case.program, encoding="utf-8")
            paths.append(str(path))
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(
            [python, "-c", RUNNER, *paths],
            capture_output=True,
            text=True,
            env={**environment, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
            check=True,
        )
    version, *lines = map(json.loads, done.stdout.splitlines())
    return version, {Path(line["path"]).stem: line for line in lines}


# --- what torch says --------------------------------------------------------------------------------------------------

_CUT = re.compile(
    r""":?\n\s*File "|\s*(Invoked with|Graph diff|Detailed error):|\. At$|(?<=') here:\n|: SourceRange at|\(#define"""
)
_LINES = 4


def words(answer: dict[str, Any], rule: Rule) -> str:
    """The beginning of torch's message, or of its warning where it raised nothing; without places and addresses."""
    text = answer["text"]
    if answer["ok"]:
        told = [text for kind, text in answer["warnings"] if kind != "DeprecationWarning" or rule.code == "JIT710"]
        text = told[0] if told else ""
    elif answer["type"] == "CRASH":
        return "(the compiler's process is killed by SIGSEGV)"
    text = text.strip()
    cut = _CUT.search(text)
    text = text[: cut.start()] if cut else text
    text = re.sub(r" \(/[^)]*\.py\)", "", text).replace("/__w/pytorch/pytorch/", "")  # where torch was built
    text = re.sub(r"(/[\w.-]+)+/jit\d\w+\.py(:\d+)?", "model.py", text)
    text = re.sub(r"0x[0-9a-f]{6,}", "0x...", text)
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    return "\n".join([*lines[:_LINES], *(["..."] if len(lines) > _LINES else [])])


def says(rule: Rule, answers: Answers) -> str:
    """The section that quotes torch on a rule's bad examples."""
    bad = [answers[case.file] for case in ASKED if case.rule.code == rule.code and case.example.kind == "bad"]
    quoted = [text for text in dict.fromkeys(words(one, rule) for one in bad) if text]
    if not quoted or not holds_today(rule):
        return "Nothing: it is traced." if "JIT801" <= rule.code < "JIT840" else "Nothing: it compiles."
    return "\n\n".join(f"```text\n{text}\n```" for text in quoted)


def holds_today(rule: Rule) -> bool:
    """Whether the rule is one about the release that the pages quote."""
    return all(case.torch_version == TODAY for case in ASKED if case.rule.code == rule.code)


# --- the neighbours ---------------------------------------------------------------------------------------------------


def related(rules: Sequence[Rule]) -> dict[str, str]:
    """The section of every rule that links its neighbours: those that it links and those that link it."""
    edges: dict[str, set[str]] = {rule.code: set(rule.related) for rule in rules}
    for rule in rules:
        for code in rule.related:
            edges[code].add(rule.code)
    names = registry.names()
    sections = types_sections()
    return {
        code: "\n".join(
            [
                *(f"- [{one} {names[one]}]({one}-{names[one]}.md)" for one in sorted(found)),
                *(f"- [Types: {title}](TYPES.md#{anchor(title)})" for title, text in sections if code in text),
            ]
        )
        for code, found in edges.items()
    }


def types_sections() -> list[tuple[str, str]]:
    """The headings of `TYPES.md` and what stands below each."""
    page = registry.page("types")
    parts = re.split(r"^## (.+)\n", page.text if page is not None else "", flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2]))


def anchor(title: str) -> str:
    """The name by which a heading is linked, as renderers of Markdown make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def with_section(text: str, heading: str, content: str, before: str | None) -> str:
    """A page with a section, in place of the old one or before another heading (None: at the end)."""
    section = f"## {heading}\n{content}\n"
    found = re.search(rf"^## {heading}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found:
        tail = text[found.end() :]
        return text[: found.start()] + section + ("\n" + tail if tail else "")
    if before is None:
        return text.rstrip("\n") + "\n\n" + section
    place = text.index(f"## {before}\n")
    return text[:place] + section + "\n" + text[place:]


# --- releases ---------------------------------------------------------------------------------------------------------


def verdict(rule: Rule, answers: Answers) -> str:
    """What a release says to a rule's examples."""
    cases = [case for case in ASKED if case.rule.code == rule.code]
    bad = [answers[case.file] for case in cases if case.example.kind == "bad"]
    good = any(answers[case.file]["ok"] for case in cases if case.example.kind != "bad")
    asked = [one for one in bad if not one["ok"] and (one["type"] not in NOT_THE_COMPILER or rule.code == "JIT701")]
    if rule.severity != "error":  # the compiler takes what the rule warns of
        return "accepts" if any(one["ok"] for one in bad) else "otherwise" if good else "unknown"
    telling = rule.torch_message != "/.*/"
    if any(has_message(rule, text) for one in asked for text in _spellings(one["text"])) and (telling or good):
        return "rejects"
    if any(one["ok"] for one in bad):
        return "accepts"
    return "otherwise" if good and asked else "unknown"


def _spellings(message: str) -> tuple[str, str]:
    """Older releases begin their messages with a small letter."""
    message = message.strip()
    return message, message[:1].upper() + message[1:]


def main(pythons: Sequence[str]) -> None:
    """Write the sections; with interpreters, the table of releases too."""
    rules = registry.all_rules()
    version, today = ask(sys.executable, ASKED)
    links = related(rules)
    for rule in rules:
        path = Path(rule.path)
        text = path.read_text(encoding="utf-8")
        if not rule.code.startswith("JIT9"):
            text = with_section(text, SAYS, says(rule, today), "Write instead")
        text = with_section(text, RELATED, links[rule.code], None)
        path.write_text(text, encoding="utf-8")
    if not pythons:
        return
    answers = dict(ask(python, ASKED) for python in pythons)
    answers[version] = today
    known = json.loads(VERSIONS.read_text(encoding="utf-8"))
    rows: dict[str, dict[str, str]] = {}
    for rule in {case.rule.code: case.rule for case in ASKED if holds_today(case.rule)}.values():
        row = {**known.get(rule.code, {}), **{one: verdict(rule, said) for one, said in answers.items()}}
        rows[rule.code] = dict(sorted(row.items(), key=lambda one: tuple(map(int, one[0].split(".")))))
    text = ",\n".join(f'  "{code}": {json.dumps(row)}' for code, row in rows.items())
    VERSIONS.write_text("{\n" + text + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
