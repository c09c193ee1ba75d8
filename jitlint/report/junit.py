"""JUnit's XML, as Jenkins' schema has it: a suite per file, a failed case per finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from jitlint.findings.model import Finding, Result
from jitlint.report.style import Style
from jitlint.report.words import sentence, torch_says

# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def lines(result: Result, style: Style) -> Iterator[str]:
    """The document. Without findings it holds one case that passed: some servers take an empty one for a failure."""
    failures, errors = len(result.findings), len(result.errors)
    tests = failures + errors or 1
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<testsuites name="jitlint" tests="{tests}" failures="{failures}" errors="{errors}">'
    for path, group in groupby(result.findings, key=lambda finding: finding.path):
        findings = list(group)
        yield _suite(path, len(findings), len(findings), 0)
        for finding in findings:
            yield from _case(finding)
        yield "    </testsuite>"
    if errors:
        yield _suite("jitlint", errors, 0, errors)
        for error in result.errors:
            yield f"        <testcase name={_quoted(error.path)} classname={_quoted(_class(error.path))}>"
            yield f"            <error message={_quoted(error.message)}/>"
            yield "        </testcase>"
        yield "    </testsuite>"
    elif not failures:
        yield _suite("jitlint", 1, 0, 0)
        yield '        <testcase name="No findings" classname="jitlint"/>'
        yield "    </testsuite>"
    yield "</testsuites>"


def _suite(name: str, tests: int, failures: int, errors: int) -> str:
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}" skipped="0"'
    return f'    <testsuite name={_quoted(name)} {counts} package="org.jitlint">'


def _case(finding: Finding) -> Iterator[str]:
    span = finding.span
    said = sentence(finding)
    text = f"line {span.line}, col {span.column}, {said}"
    if theirs := torch_says(finding):
        text += f"\ntorch says: {theirs}"
    if finding.help:
        text += f"\nhelp: {finding.help}"
    yield f'        <testcase name="org.jitlint.{finding.code}" classname={_quoted(_class(finding.path))}>'
    kind = f"type={_quoted(finding.severity)} message={_quoted(said)}"
    yield f"            <failure {kind}>{escape(_clean(text))}</failure>"
    yield "        </testcase>"


def _class(path: str) -> str:
    return path.removesuffix(".py")


def _quoted(text: str) -> str:
    return quoteattr(_clean(text), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
