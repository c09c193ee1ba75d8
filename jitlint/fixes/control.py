"""Fixes of control flow and of forms that need their statements rearranged (1xx, 2xx, 6xx)."""

from __future__ import annotations

import ast

from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import fresh_name, inserted_above, literal_lines, operand, replaced
from jitlint.fixes.imports import need, without_statement
from jitlint.fixes.legacy import decorator_line
from jitlint.types.model import FLOAT, INT, DictType, ListType

# --- loops and branches -----------------------------------------------------------------------------------------------


def flagged_loop(context: Context, finding: Finding) -> Draft | None:
    """The ``else`` of a loop: an ``if`` behind it, with a flag where the loop breaks."""
    loop = context.starting(finding.span, ast.For, ast.While)
    if not isinstance(loop, ast.For | ast.While) or not loop.orelse or not context.own_line_start(loop):
        return None
    breaks = _breaks(loop.body)
    if any(not context.own_line(one) for one in breaks) or literal_lines(context, loop):
        return None
    indent = context.indentation(loop)
    last = loop.body[-1].end_lineno or loop.body[-1].lineno
    line = next(
        (
            n
            for n in range(last + 1, loop.orelse[0].lineno + 1)
            if context.source.lines[n - 1].strip().startswith("else")
        ),
        None,
    )
    if line is None or context.source.lines[line - 1].strip() != "else:":
        return None
    start, end = context.line_start(line), context.line_end(line)
    if not breaks:
        # Nothing leaves the loop early: what the `else` holds always runs.
        changes = [Change(start, end, "")]
        inner = context.indentation(loop.orelse[0])
        for number in range(context.first_line(loop.orelse[0]), (loop.orelse[-1].end_lineno or 0) + 1):
            text = context.source.lines[number - 1]
            if text.startswith(inner):
                at = context.line_start(number)
                changes.append(Change(at, at + len(inner), indent))
        return Draft("safe", "Put the `else` behind the loop", tuple(changes))
    flag = fresh_name(context, loop, "found")
    above = inserted_above(context, loop, [f"{flag} = False"])
    if above is None:
        return None
    changes = [above, Change(start, end, f"{indent}if not {flag}:\n")]
    for one in breaks:
        at = context.line_start(one.lineno)
        changes.append(Change(at, at, f"{context.indentation(one)}{flag} = True\n"))
    return Draft("safe", "Remember whether the loop was left", tuple(changes))


def _breaks(body: list[ast.stmt]) -> list[ast.Break]:
    found: list[ast.Break] = []
    for statement in body:
        if isinstance(statement, ast.Break):
            found.append(statement)
        elif not isinstance(statement, ast.For | ast.While | ast.FunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                found += _breaks(getattr(statement, name, []))
        else:
            found += _breaks(getattr(statement, "orelse", []))
    return found


def branches_agree(context: Context, finding: Finding) -> Draft | None:
    """A variable that is an int in one branch and a float in the other, or an empty list in one of them."""
    node = context.at(finding.span, ast.Name) or context.around(finding.span, ast.If)
    function = context.function(node) if node is not None else None
    if node is None or function is None:
        return None
    name = node.id if isinstance(node, ast.Name) else _quoted(finding.message)
    assigned = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id == name
    ]
    kinds = [known_type(context, one.value) for one in assigned]
    if FLOAT in kinds:
        changes = [
            replaced(context, one.value, f"{context.code(one.value)}.0")
            for one, kind in zip(assigned, kinds)
            if kind == INT and isinstance(one.value, ast.Constant)
        ]
        return Draft("unsafe", "Make them all floats", tuple(changes)) if changes else None
    if ListType(FLOAT) in kinds:
        changes = []
        for one, kind in zip(assigned, kinds):
            if kind == ListType(INT) and isinstance(one.value, ast.List):
                changes += [
                    replaced(context, n, f"{context.code(n)}.0") for n in one.value.elts if isinstance(n, ast.Constant)
                ]
        return Draft("unsafe", "Make them all floats", tuple(changes)) if changes else None
    empty = [one for one in assigned if isinstance(one.value, ast.List) and not one.value.elts]
    filled = {kind for one, kind in zip(assigned, kinds) if one not in empty}
    if empty and len(filled) == 1:
        text, more = written(context, filled.pop())
        if text is None:
            return None
        annotate, imports = need(context, "torch.jit.annotate")
        changes = [replaced(context, one.value, f"{annotate}({text}, [])") for one in empty]
        return Draft("safe", "Annotate the empty list", (*changes, *more, *imports))
    return None


def _quoted(text: str) -> str:
    return text.partition("'")[2].partition("'")[0]


def same_arms(context: Context, finding: Finding) -> Draft | None:
    """``1 if c else 0.5``: both floats."""
    node = context.around(finding.span, ast.IfExp)
    if node is None:
        return None
    for one, other in ((node.body, node.orelse), (node.orelse, node.body)):
        if isinstance(one, ast.Constant) and type(one.value) is int and known_type(context, other) == FLOAT:
            return Draft("unsafe", "Make both floats", (replaced(context, one, f"{context.code(one)}.0"),))
        if known_type(context, one) == INT and known_type(context, other) == FLOAT:
            return Draft("unsafe", "Make both floats", (replaced(context, one, f"float({context.code(one)})"),))
    return None


def explicit_end(context: Context, finding: Finding) -> Draft | None:
    """A function that can end without a return: behind ``while True`` it cannot, elsewhere it returns None."""
    function = context.starting(finding.span, ast.FunctionDef)
    if function is None or not context.own_line(function.body[-1]):
        return None
    last = function.body[-1]
    end = context.end(last)
    indent = context.indentation(last)
    if (
        isinstance(last, ast.While)
        and isinstance(last.test, ast.Constant)
        and last.test.value
        and not _breaks(last.body)
    ):
        text = f'\n{indent}raise AssertionError("unreachable")'
        return Draft("safe", "Say that the loop does not end", (Change(end, end, text),))
    if isinstance(last, ast.Pass | ast.Expr) or function.returns is None:
        return None
    if any(isinstance(one, ast.Try | ast.Match) for one in function.body):
        return None
    outer, more = need(context, "typing.Optional")
    annotation = context.code(function.returns)
    if "Optional" in annotation or "None" in annotation:
        changed: tuple[Change, ...] = ()
    else:
        changed = (replaced(context, function.returns, f"{outer}[{annotation}]"), *more)
    return Draft("unsafe", "Return None at the end", (Change(end, end, f"\n{indent}return None"), *changed))


def match_as_if(context: Context, finding: Finding) -> Draft | None:
    """``match`` on literals as ``if`` and ``elif``."""
    node = context.starting(finding.span, ast.Match)
    if node is None or not isinstance(node.subject, ast.Name | ast.Attribute) or literal_lines_of_bodies(context, node):
        return None
    if not context.own_line_start(node):
        return None
    subject, indent = context.code(node.subject), context.indentation(node)
    lines: list[str] = []
    for number, case in enumerate(node.cases):
        test = _test(context, subject, case.pattern)
        if test is None or (test == "" and number == 0):
            return None
        if case.guard is not None:
            test = f"{test} and {operand(context, case.guard)}" if test else context.code(case.guard)
        word = "if" if number == 0 else "elif"
        lines.append(f"{indent}{word} {test}:" if test else f"{indent}else:")
        inner = context.indentation(case.body[0])
        if not inner.startswith(indent) or context.own_line_start(case.body[0]) is False:
            return None
        for line in range(context.first_line(case.body[0]), (case.body[-1].end_lineno or 0) + 1):
            text = context.source.lines[line - 1]
            lines.append(f"{indent}{context.step(node)}{text[len(inner) :]}" if text.startswith(inner) else text)
    start, end = context.line_start(node.lineno), context.end(node)
    applicability: Applicability = "safe" if isinstance(node.subject, ast.Name) else "unsafe"
    return Draft(applicability, "Write `if` and `elif`", (Change(start, end, "\n".join(lines)),))


def literal_lines_of_bodies(context: Context, node: ast.Match) -> bool:
    return any(literal_lines(context, statement) for case in node.cases for statement in case.body)


def _test(context: Context, subject: str, pattern: ast.pattern) -> str | None:
    """The condition that a pattern of literals stands for; '' for ``_``, None for any other pattern."""
    match pattern:
        case ast.MatchValue(value=ast.Constant() as value):
            return f"{subject} == {context.code(value)}"
        case ast.MatchSingleton(value=None):
            return f"{subject} is None"
        case ast.MatchSingleton(value=bool() as flag):
            return f"{subject} is {flag}"
        case ast.MatchOr(patterns=patterns):
            tests = [_test(context, subject, one) for one in patterns]
            if any(not test for test in tests):
                return None
            return " or ".join(test for test in tests if test)
        case ast.MatchAs(pattern=None, name=None):
            return ""
    return None


def without_del(context: Context, finding: Finding) -> Draft | None:
    """``del tmp`` of a name that a loop's body or a branch binds anew: memory is freed a little later."""
    node = context.at(finding.span, ast.Name)
    statement = context.parents.get(node) if node is not None else None
    function = context.function(node) if node is not None else None
    if node is None or not isinstance(statement, ast.Delete) or statement.targets != [node] or function is None:
        return None
    bound = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and one.id == node.id and isinstance(one.ctx, ast.Store)
    ]
    if not bound:
        return None
    gone = without_statement(context, statement)
    return Draft("safe", "Leave out the `del`", (gone,)) if gone is not None else None


def error_class(context: Context, finding: Finding) -> Draft | None:
    """``raise NotImplemented`` as ``raise NotImplementedError``."""
    node = context.around(finding.span, ast.Raise)
    if node is None or not isinstance(node.exc, ast.Name) or node.exc.id != "NotImplemented":
        return None
    return Draft("safe", "Raise NotImplementedError", (replaced(context, node.exc, "NotImplementedError"),))


# --- displays ---------------------------------------------------------------------------------------------------------


def built_up(context: Context, finding: Finding) -> Draft | None:
    """``{**d, "extra": 1}`` as a dict that is filled above."""
    node = context.around(finding.span, ast.Dict)
    statement = context.statement(node) if node is not None else None
    if node is None or statement is None or None not in node.keys or not isinstance(statement, ast.Return | ast.Assign):
        return None
    if statement.value is not node:
        return None
    kind = next((known_type(context, value) for key, value in zip(node.keys, node.values) if key is None), None)
    if not isinstance(kind, DictType):
        return None
    text, changes = written(context, kind)
    name = fresh_name(context, node, "items")
    if text is None or literal_lines(context, node):
        return None
    lines = [f"{name}: {text} = {{}}"]
    for key, value in zip(node.keys, node.values):
        if key is None:
            lines.append(f"{name}.update({context.code(value)})")
        else:
            lines.append(f"{name}[{context.code(key)}] = {context.code(value)}")
    above = inserted_above(context, statement, lines)
    if above is None:
        return None
    return Draft("safe", "Fill the dict above", (above, replaced(context, node, name), *changes))


def any_list(context: Context, finding: Finding) -> Draft | None:
    """A list where Any is expected: bound to a name first."""
    node = context.at(finding.span, ast.List, ast.ListComp)
    statement = context.parents.get(node) if node is not None else None
    if node is None or not isinstance(statement, ast.Return | ast.AnnAssign):
        return None
    name = fresh_name(context, node, "items")
    above = inserted_above(context, statement, [f"{name} = {context.code(node)}"])
    if above is None or literal_lines(context, node):
        return None
    return Draft("safe", "Bind the list to a name first", (above, replaced(context, node, name)))


def once(context: Context, finding: Finding) -> Draft | None:
    """``a < f() < b``: the call's value bound first."""
    node = context.at(finding.span, ast.Call)
    parent = context.parents.get(node) if node is not None else None
    statement = context.statement(node) if node is not None else None
    if (
        node is None
        or not isinstance(parent, ast.Compare)
        or not isinstance(statement, ast.If | ast.Return | ast.Assign)
    ):
        return None
    first = statement.test if isinstance(statement, ast.If) else statement.value
    if not isinstance(parent.left, ast.Name | ast.Constant) or first is not parent:
        return None
    name = fresh_name(context, node, "value")
    above = inserted_above(context, statement, [f"{name} = {context.code(node)}"])
    return None if above is None else Draft("safe", "Call it once", (above, replaced(context, node, name)))


# --- signatures and places --------------------------------------------------------------------------------------------


def without_slash(context: Context, finding: Finding) -> Draft | None:
    """Positional-only parameters: without the ``/``."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None or not function.args.posonlyargs or function.args.kwarg is not None:
        return None
    start = context.end(function.args.posonlyargs[-1])
    if function.args.defaults and len(function.args.defaults) > len(function.args.args):
        start = context.end(function.args.defaults[len(function.args.defaults) - len(function.args.args) - 1])
    slash = context.text.find("/", start)
    if slash < 0 or context.text[start:slash].strip() != ",":
        return None
    return Draft("safe", "Let it be passed by name, too", (Change(start, slash + 1, ""),))


def without_attribute_annotation(context: Context, finding: Finding) -> Draft | None:
    """``self.last: int = n`` outside the constructor: without the annotation."""
    node = context.at(finding.span, ast.AnnAssign)
    if node is None or node.value is None:
        return None
    gone = Change(context.end(node.target), context.end(node.annotation), "")
    return Draft("safe", "Delete the annotation", (gone,))


def renamed(context: Context, finding: Finding) -> Draft | None:
    """A variable whose name begins with ``__jit``."""
    node = context.at(finding.span, ast.Name)
    function = context.function(node) if node is not None else None
    if node is None or function is None:
        return None
    name = fresh_name(context, node, node.id.lstrip("_"))
    uses = [one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id == node.id]
    if not any(isinstance(one.ctx, ast.Store) for one in uses):
        return None
    return Draft("safe", f"Rename to `{name}`", tuple(replaced(context, one, name) for one in uses))


def target_unpacked(context: Context, finding: Finding) -> Draft | None:
    """``with f() as (a, b):`` with the unpacking on a line of its own."""
    node = context.around(finding.span, ast.With)
    if node is None or not context.own_line_start(node.body[0]):
        return None
    for item in node.items:
        target = item.optional_vars
        if isinstance(target, ast.Tuple | ast.List):
            name = fresh_name(context, node, "value")
            first = node.body[0]
            at = context.line_start(context.first_line(first))
            start, end = context.start(target), context.end(target)
            inner = context.text[start:end].strip("()[]")
            line = f"{context.indentation(first)}{inner} = {name}\n"
            return Draft("safe", "Unpack on a line of its own", (Change(start, end, name), Change(at, at, line)))
    return None


def joined_lines(context: Context, finding: Finding) -> Draft | None:
    """A line of a decorator that begins with ``def``: joined with the line before."""
    function = context.starting(finding.span, ast.FunctionDef)
    if function is None:
        return None
    for decorator in function.decorator_list:
        for line in range(decorator.lineno + 1, (decorator.end_lineno or 0) + 1):
            text = context.source.lines[line - 1]
            before = context.source.lines[line - 2]
            if text.lstrip().startswith("def") and "#" not in before:
                start = context.line_start(line - 1) + len(before.rstrip())
                end = context.line_start(line) + len(text) - len(text.lstrip())
                return Draft("safe", "Join the lines", (Change(start, end, " "),))
    return None


def without_decorator(context: Context, finding: Finding) -> Draft | None:
    """A decorator that does nothing here."""
    node = context.around(finding.span, ast.Attribute, ast.Name)
    holder = context.parents.get(node) if node is not None else None
    if node is None or node not in getattr(holder, "decorator_list", ()):
        function = context.around(finding.span, ast.FunctionDef)
        found = [
            one
            for one in (function.decorator_list if function is not None else [])
            if (context.name_of(one) or "") == "torch.jit.export"
        ]
        if not found:
            return None
        node = found[0]  # type: ignore[assignment]
    assert node is not None
    gone = decorator_line(context, node)
    return Draft("safe", "Delete the decorator", (gone,)) if gone is not None else None


def in_place(context: Context, finding: Finding) -> Draft | None:
    """``x.requires_grad = True`` as ``x.requires_grad_(True)``; ``x.data = y`` as ``x.detach().copy_(y)``."""
    node = context.at(finding.span, ast.Attribute)
    statement = context.parents.get(node) if node is not None else None
    if node is None or not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    value = context.code(statement.value)
    subject = operand(context, node.value)
    if node.attr == "requires_grad":
        return Draft(
            "safe",
            "Call `requires_grad_`",
            (Change(context.start(statement), context.end(statement), f"{subject}.requires_grad_({value})"),),
        )
    if node.attr == "data":
        text = f"{subject}.detach().copy_({value})"
        return Draft("unsafe", "Copy into it", (Change(context.start(statement), context.end(statement), text),))
    return None


def power_written_out(context: Context, finding: Finding) -> Draft | None:
    """``a **= 2`` of a class: ``a = a ** 2``."""
    node = context.at(finding.span, ast.AugAssign)
    if node is None or not isinstance(node.target, ast.Name):
        return None
    found = {ast.Pow: "**", ast.Mod: "%", ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
    sign = found.get(type(node.op))
    if sign is None:
        return None
    text = f"{node.target.id} = {node.target.id} {sign} {operand(context, node.value)}"
    return Draft("unsafe", "Write the operation out", (Change(context.start(node), context.end(node), text),))
