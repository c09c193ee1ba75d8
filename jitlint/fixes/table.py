"""Which rule has which fixer, and how a fixer's draft becomes a fix."""

from __future__ import annotations

from collections.abc import Callable

from jitlint.analysis import Session
from jitlint.findings.model import Edit, Finding, Fix
from jitlint.fixes import annotating, conversions, legacy, optionals, spellings, starred, syntax
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
    "JIT203": (annotating.container_annotated, annotating.first_value),
    "JIT206": (optionals.optional_annotation, conversions.value_converted),
    "JIT207": (annotating.without_annotation,),
    "JIT208": (
        annotating.container_annotated,
        optionals.refined,
        spellings.tensors_and,
        conversions.value_converted,
        annotating.result_annotated,
    ),
    "JIT210": (optionals.plain_condition,),
    "JIT211": (optionals.refined,),
    "JIT213": (starred.unstarred,),
    "JIT218": (conversions.literal_converted,),
    "JIT220": (optionals.refined,),
    "JIT221": (optionals.refined, conversions.integral_index),
    "JIT302": (
        annotating.container_annotated,
        spellings.keyword,
        spellings.operator,
        optionals.compared,
        optionals.refined,
        conversions.integral_index,
        conversions.converted,
    ),
    "JIT303": (
        annotating.container_annotated,
        annotating.parameter_annotated,
        spellings.mapped,
        spellings.function,
        optionals.refined,
        conversions.converted,
    ),
    "JIT304": (spellings.keyword, conversions.converted),
    "JIT307": (spellings.function,),
    "JIT309": (optionals.refined, spellings.dtype_member, spellings.method),
    "JIT310": (spellings.mapped, spellings.function, spellings.as_list),
    "JIT313": (spellings.function,),
    "JIT314": (optionals.refined, conversions.value_converted),
    "JIT316": (spellings.function,),
    "JIT319": (annotating.tolist_annotated,),
    "JIT322": (spellings.function,),
    "JIT403": (conversions.value_converted,),
    "JIT512": (syntax.positional_too,),
    "JIT530": (annotating.readable, annotating.filled),
    "JIT531": (annotating.filled,),
    "JIT532": (annotating.readable,),
    "JIT540": (annotating.from_default,),
    "JIT541": (annotating.made_inside,),
    "JIT701": (legacy.delete_weak_script,),
    "JIT846": (annotating.filled,),
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
