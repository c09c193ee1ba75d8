"""Fixes: what to write instead, as edits of the text.

`fix_for` makes the fix of one finding and `with_fixes` those of a file's report; both need a session that records types
(``Session(recording=True)``). They are pure: nothing is written (that is `apply`). libcst and the fixers are loaded when the
first finding that has one comes along; which rules have one stands in their front matter (``fix:``).

Applicability, as in ruff: *safe*: what the program does in Python surely stays the same. *unsafe*: it may change where the
code relies on something that is not seen. *display*: only shown; a person has to choose.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from jitlint.findings import registry

if TYPE_CHECKING:
    from jitlint.analysis import Session
    from jitlint.findings.model import FileReport, Finding, Fix
    from jitlint.source.problem import Span


def fix_for(session: Session, finding: Finding) -> Fix | None:
    """The fix of a finding that `session` has made; None where there is none. Never raises."""
    if not finding.path or registry.rule(finding.code).fix == "none":
        return None
    from jitlint.fixes.table import make_fix

    try:
        return make_fix(session, finding)
    except Exception:
        if os.environ.get("JITLINT_TRACEBACK"):
            raise
        return None  # a finding without a fix is better than no finding


def with_fixes(session: Session, report: FileReport) -> FileReport:
    """The report, its findings with their fixes. Findings in files that are not the user's have none: they show at the
    line that leads there, on which no fixer finds anything of its own."""
    # What several files lead to is found once per file.
    made: dict[tuple[str, str, Span, str], Fix | None] = session.beside.setdefault("fixes", {})
    fixes: dict[int, Fix | None] = {}
    for number, finding in sorted(enumerate(report.findings), key=lambda one: one[1].path):
        key = (finding.path, finding.code, finding.span, finding.torch_message)
        if key not in made:
            made[key] = fix_for(session, finding)
        fixes[number] = made[key]
    findings = tuple(
        replace(finding, fix=fixes[number], evidence=None) for number, finding in enumerate(report.findings)
    )
    return replace(report, findings=findings)
