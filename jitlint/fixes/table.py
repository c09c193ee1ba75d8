"""Which rule has which fixer, and how a fixer's draft becomes a fix."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from jitlint.analysis import Session
from jitlint.findings.model import Edit, Finding, Fix
from jitlint.fixes import (
    annotating,
    attributes,
    calls,
    comments,
    constants,
    control,
    conversions,
    legacy,
    module_loops,
    modules,
    optionals,
    parameters,
    reading,
    script_classes,
    spellings,
    starred,
    syntax,
    variables,
)
from jitlint.fixes.context import Change, Context, Draft, context_of

Fixer = Callable[[Context, Finding], Draft | None]

FIXERS: dict[str, tuple[Fixer, ...]] = {
    "JIT103": (syntax.import_outside,),
    "JIT107": (syntax.assigned_before,),
    "JIT111": (syntax.as_loop,),
    "JIT112": (syntax.as_loop,),
    "JIT113": (control.built_up,),
    "JIT115": (syntax.plain_format,),
    "JIT116": (syntax.spelled_out,),
    "JIT117": (control.flagged_loop,),
    "JIT119": (control.match_as_if,),
    "JIT121": (control.without_attribute_annotation,),
    "JIT122": (syntax.without_bytes,),
    "JIT123": (syntax.without_plus,),
    "JIT124": (control.renamed,),
    "JIT125": (control.target_unpacked,),
    "JIT127": (control.joined_lines,),
    "JIT203": (
        variables.container_annotated,
        variables.first_value,
    ),
    "JIT204": (control.branches_agree,),
    "JIT205": (control.same_arms,),
    "JIT206": (
        optionals.optional_annotation,
        conversions.value_converted,
    ),
    "JIT207": (variables.without_annotation,),
    "JIT208": (
        variables.container_annotated,
        optionals.refined,
        spellings.tensors_and,
        conversions.value_converted,
        annotating.result_annotated,
    ),
    "JIT209": (control.explicit_end,),
    "JIT210": (optionals.plain_condition,),
    "JIT211": (
        optionals.refined,
        constants.unbound,
    ),
    "JIT213": (starred.unstarred,),
    "JIT214": (module_loops.without_jump,),
    "JIT216": (modules.grad_context,),
    "JIT217": (control.error_class,),
    "JIT218": (conversions.literal_converted,),
    "JIT220": (optionals.refined,),
    "JIT221": (
        optionals.refined,
        calls.items_indexed,
        conversions.integral_index,
    ),
    "JIT222": (modules.literal_index,),
    "JIT223": (
        module_loops.enumerated,
        modules.found_otherwise,
    ),
    "JIT225": (control.power_written_out,),
    "JIT226": (control.without_del,),
    "JIT229": (control.any_list,),
    "JIT301": (reading.misspelt,),
    "JIT302": (
        variables.container_annotated,
        spellings.keyword,
        spellings.operator,
        optionals.compared,
        optionals.refined,
        conversions.integral_index,
        spellings.variable,
        conversions.converted,
    ),
    "JIT303": (
        variables.container_annotated,
        parameters.parameter_annotated,
        parameters.optional_parameter,
        spellings.mapped,
        spellings.function,
        optionals.refined,
        conversions.converted,
    ),
    "JIT304": (
        calls.cast_with_to,
        spellings.keyword,
        conversions.converted,
    ),
    "JIT305": (
        modules.grad_context,
        constants.left_to_python,
    ),
    "JIT306": (constants.written_out,),
    "JIT307": (
        modules.first_parameter,
        spellings.function,
        constants.left_to_python,
    ),
    "JIT308": (
        calls.called_wrongly,
        module_loops.slice_of_modules,
        modules.either,
    ),
    "JIT309": (
        optionals.refined,
        spellings.dtype_member,
        spellings.method,
    ),
    "JIT310": (
        spellings.called,
        spellings.mapped,
        spellings.function,
        spellings.as_list,
        constants.left_to_python,
    ),
    "JIT312": (modules.functional,),
    "JIT313": (
        modules.first_parameter,
        constants.as_function,
        spellings.function,
        constants.left_to_python,
    ),
    "JIT314": (
        optionals.refined,
        conversions.value_converted,
    ),
    "JIT316": (spellings.function,),
    "JIT319": (variables.tolist_annotated,),
    "JIT320": (constants.plain_print,),
    "JIT322": (
        spellings.function,
        constants.left_to_python,
    ),
    "JIT323": (
        constants.left_to_python,
        modules.method_of,
        constants.written_out,
    ),
    "JIT324": (modules.through_method,),
    "JIT325": (
        constants.default_passed,
        parameters.parameter_annotated,
    ),
    "JIT401": (
        reading.final_value,
        reading.plain_read,
        reading.final_flag,
        reading.misspelt,
    ),
    "JIT402": (
        attributes.held_otherwise,
        constants.left_to_python,
        reading.read_otherwise,
        attributes.declared,
    ),
    "JIT403": (
        attributes.optional_attribute,
        attributes.float_attribute,
        conversions.value_converted,
    ),
    "JIT404": (attributes.set_in_init,),
    "JIT405": (attributes.not_constant,),
    "JIT406": (attributes.plain_annotation,),
    "JIT407": (attributes.plain_annotation,),
    "JIT410": (modules.with_inside,),
    "JIT411": (script_classes.super_called,),
    "JIT412": (attributes.annotation_moved,),
    "JIT415": (attributes.of_value,),
    "JIT416": (reading.read_otherwise,),
    "JIT417": (control.in_place,),
    "JIT419": (
        module_loops.slice_of_modules,
        modules.either,
    ),
    "JIT421": (control.without_decorator,),
    "JIT423": (attributes.constants_list,),
    "JIT512": (syntax.positional_too,),
    "JIT513": (control.without_slash,),
    "JIT514": (comments.comment_read,),
    "JIT515": (comments.comment_arity,),
    "JIT530": (
        annotating.readable,
        annotating.filled,
    ),
    "JIT531": (annotating.filled,),
    "JIT532": (annotating.readable,),
    "JIT540": (parameters.from_default,),
    "JIT541": (parameters.made_inside,),
    "JIT602": (script_classes.class_value_in_init,),
    "JIT604": (script_classes.constructor_added,),
    "JIT607": (script_classes.tuple_replaced,),
    "JIT701": (legacy.delete_weak_script,),
    "JIT840": (attributes.constants_list,),
    "JIT846": (annotating.filled,),
    "JIT847": (control.once,),
}


def make_fix(session: Session, finding: Finding) -> Fix | None:
    """The first fix that one of the rule's fixers finds."""
    fixers = FIXERS.get(finding.code, ())
    if not fixers:
        return None
    context = context_of(session, finding.path)
    for fixer in fixers:
        draft = fixer(context, finding)
        if draft is None or not draft.changes:
            continue
        if not any(_too_early(context, one) or _quotes_inside(context, one) for one in draft.changes):
            return as_fix(context, draft)
    return None


def as_fix(context: Context, draft: Draft) -> Fix:
    """Offsets to spans, line ends to the file's."""
    newline = context.source.newline
    changes = sorted(set(draft.changes), key=lambda change: (change.start, change.end, change.content))
    applicability = draft.applicability
    if applicability == "safe" and any(_loses_comment(context, change) for change in changes):
        applicability = "unsafe"
    edits = tuple(
        Edit(
            context.index.path,
            context.span(change),
            change.content if newline == "\n" else change.content.replace("\n", newline),
        )
        for change in changes
    )
    return Fix(applicability, draft.description, edits)


def _too_early(context: Context, change: Change) -> bool:
    """Whether a change names a class of the file where that does not exist yet: in a signature or a class body, which
    Python evaluates, above the class's end."""
    if context.index.future_annotations:
        return False
    old = set(re.findall(r"\w+", context.text[change.start : change.end]))
    new = set(re.findall(r"\w+", change.content)) - old
    late = [one for one in context.every(ast.ClassDef) if one.name in new]
    if not any(change.start < context.end(one) for one in late):
        return False
    bodies: list[tuple[ast.stmt, ast.stmt]] = [(one.body[0], one) for one in context.every(ast.FunctionDef)]
    bodies += [(one.body[0], one) for one in context.every(ast.AsyncFunctionDef)]
    return not any(context.start(first) <= change.start <= context.end(one) for first, one in bodies)


def _quotes_inside(context: Context, change: Change) -> bool:
    """Whether a change brings quotes, or a backslash, into an f-string: only Python from 3.12 on reads those."""
    if not set("'\"\\") & set(change.content):
        return False
    texts = context.every(ast.JoinedStr)
    return any(context.start(one) < change.start and change.end < context.end(one) for one in texts)


def _loses_comment(context: Context, change: Change) -> bool:
    """Whether something new stands where a comment was. What is deleted takes its comments along, and some fixes are
    of comments."""
    old = context.text[change.start : change.end]
    if not change.content.strip() or "#" not in old or old.lstrip().startswith("#"):
        return False
    lost = (text for at, text in context.comments() if change.start <= at < change.end)
    return any(comment not in change.content for comment in lost)
