"""Which rule has which fixer, and how a fixer's draft becomes a fix."""

from __future__ import annotations

from collections.abc import Callable

from jitlint.analysis import Session
from jitlint.findings.model import Edit, Finding, Fix
from jitlint.fixes import legacy, syntax
from jitlint.fixes.context import Context, Draft, context_of

Fixer = Callable[[Context, Finding], Draft | None]

FIXERS: dict[str, tuple[Fixer, ...]] = {
    "JIT103": (syntax.import_outside,),
    "JIT107": (syntax.assigned_before,),
    "JIT111": (syntax.as_loop,),
    "JIT112": (syntax.as_loop,),
    "JIT115": (syntax.plain_format,),
    "JIT116": (syntax.spelled_out,),
    "JIT122": (syntax.without_bytes,),
    "JIT123": (syntax.without_plus,),
    "JIT512": (syntax.positional_too,),
    "JIT701": (legacy.delete_weak_script,),
}


def make_fix(session: Session, finding: Finding) -> Fix | None:
    """The first fix that one of the rule's fixers finds."""
    fixers = FIXERS.get(finding.code, ())
    if not fixers:
        return None
    context = context_of(session, finding.path)
    for fixer in fixers:
        draft = fixer(context, finding)
        if draft is not None and draft.changes:
            return as_fix(context, draft)
    return None


def as_fix(context: Context, draft: Draft) -> Fix:
    """Offsets to spans, line ends to the file's."""
    newline = context.source.newline
    changes = sorted(set(draft.changes), key=lambda change: (change.start, change.end))
    edits = tuple(
        Edit(
            context.index.path,
            context.span(change),
            change.content if newline == "\n" else change.content.replace("\n", newline),
        )
        for change in changes
    )
    return Fix(draft.applicability, draft.description, edits)
