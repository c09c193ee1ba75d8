"""Fixes of comments that the compiler reads as signatures (514, 515)."""

from __future__ import annotations

import ast

from jitlint.findings.model import Finding
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.imports import resolvable


def comment_read(context: Context, finding: Finding) -> Draft | None:
    """A comment that the compiler takes for a signature: spelled as one, an annotation, or no longer like one."""
    import re

    function = context.around(finding.span, ast.FunctionDef)
    first = finding.span.line
    line = context.source.lines[first - 1]
    found = re.search(r"#\s*type\s*:", line)
    if found is None:
        return None
    base = context.line_start(first)
    start, rest = base + found.start(), line[found.end() :].strip()
    end = base + len(line.rstrip())
    if re.match(r"\(.*\)\s*->", rest):
        text = f"# type: {rest}"
        if text == context.text[start:end]:
            return None
        return Draft("safe", "Spell the type comment as the compiler reads it", (Change(start, end, text),))
    if rest.startswith("ignore["):
        return Draft("safe", "Write `# type: ignore`", (Change(start, end, "# type: ignore"),))
    statement = next(
        (
            one
            for one in ast.walk(context.tree)
            if isinstance(one, ast.Assign) and one.end_lineno == first and isinstance(one.targets[0], ast.Name)
        ),
        None,
    )
    if statement is not None and re.fullmatch(r"[\w.\[\], ]+", rest):
        at = context.end(statement.targets[0])
        changes = [Change(at, at, f": {rest}"), Change(context.end(statement), end, "")]
        if not resolvable(context, rest):
            return None
        return Draft("safe", "Annotate the variable", tuple(changes))
    parameters = _parameter_comments(context, first)
    if parameters:
        return Draft("safe", "Annotate the parameters", tuple(parameters))
    if function is None and rest:
        text = f"# {rest}"
    else:
        text = f"# (type) {rest}"
    if found.start() and line[: found.start()].strip() and statement is None:
        text = text.lstrip("# ")  # inside a string
    return Draft("unsafe", "Reword the comment", (Change(start, end, text),))


def _parameter_comments(context: Context, first: int) -> list[Change]:
    """Comments behind the parameters, one a line, as annotations."""
    import re

    function = next(
        (
            one
            for one in ast.walk(context.tree)
            if isinstance(one, ast.FunctionDef) and one.lineno <= first < one.body[0].lineno
        ),
        None,
    )
    changes: list[Change] = []
    for arg in function.args.args if function is not None else []:
        line = context.source.lines[arg.lineno - 1]
        found = re.search(r"\s*#\s*type:\s*([\w.\[\], ]+)$", line)
        if arg.annotation is not None or found is None or not resolvable(context, found[1]):
            continue
        at, base = context.end(arg), context.line_start(arg.lineno)
        changes += [Change(at, at, f": {found[1].strip()}"), Change(base + found.start(), base + len(line), "")]
    return changes


def comment_arity(context: Context, finding: Finding) -> Draft | None:
    """A method's type comment that counts `self`, too."""
    import re

    function = context.starting(finding.span, ast.FunctionDef)
    if function is None or context.class_of(function.body[0]) is None:
        return None
    for number in range(function.lineno, function.body[0].lineno):
        line = context.source.lines[number - 1]
        found = re.search(r"#\s*type:\s*\(([^,()\[\]]+),\s*", line)
        if found and line.count(",") == len(function.args.args) - 1:
            base = context.line_start(number)
            start = base + found.start(1)
            return Draft("safe", "Leave out `self`", (Change(start, base + found.end(), ""),))
    return None
