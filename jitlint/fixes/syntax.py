"""Fixes of forms that the front end has no tree for (1xx), each by the same thing in another form."""

from __future__ import annotations

import ast
import sys

from jitlint.emit.values import Val
from jitlint.findings.model import Finding
from jitlint.fixes.annotations import element_types, written
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import fresh_name, grouped, literal_lines, operand, replaced
from jitlint.fixes.imports import need, without_statement
from jitlint.types.model import COMPLEX, FLOAT, INT, STR, TensorType

# --- f-strings --------------------------------------------------------------------------------------------------------


def plain_format(context: Context, finding: Finding) -> Draft | None:
    """``f"{x!r:>5}"``: the braces without conversion and format; ``{x=}`` written out. The text changes."""
    node = context.at(finding.span, ast.JoinedStr)
    if node is None:
        return None
    # The standard library places what is inside an f-string wrongly before Python 3.12; libcst does not.
    from jitlint.fixes.fstrings import without_formats  # libcst takes longer to load than a small file to check

    text = context.code(node)
    new = without_formats(text, _strings(context, node))
    if new is None or new == text:
        return None
    return Draft("unsafe", "Leave out conversions and format specifications", (replaced(context, node, new),))


def _strings(context: Context, node: ast.JoinedStr) -> set[str]:
    """The names in an f-string that hold text, for all that is known of them elsewhere in the function."""
    function = context.function(node)
    whole: ast.AST = node  # a format specification is an f-string of its own, at the same place
    for one in context.ancestors(node):
        if not isinstance(one, ast.JoinedStr | ast.FormattedValue):
            break
        whole = one
    names = {one.id for one in ast.walk(whole) if isinstance(one, ast.Name)}
    arguments = {
        one.arg
        for one in (ast.walk(function.args) if function is not None else ())
        if isinstance(one, ast.arg) and isinstance(one.annotation, ast.Name) and one.annotation.id == "str"
    }
    others = [one for one in ast.walk(function or context.tree) if isinstance(one, ast.Name) and one.id in names]
    return (names & arguments) | {one.id for one in others if context.type(one) == STR}


# --- operators --------------------------------------------------------------------------------------------------------

_OPERATORS: dict[type[ast.operator], str] = {ast.FloorDiv: "//", ast.MatMult: "@"}


def spelled_out(context: Context, finding: Finding) -> Draft | None:
    """``n //= 2`` as ``n = n // 2``. A number cannot tell the difference, a tensor that has a second name can."""
    node = context.at(finding.span, ast.AugAssign)
    if node is None:
        return None
    operator = _OPERATORS.get(type(node.op))
    if operator is None or not _repeatable(node.target):
        return None
    target = context.code(node.target)
    value = operand(context, node.value)
    kinds = [value.type if isinstance(value, Val) else None for value in context.values(node.target)]
    number = bool(kinds) and all(kind in (INT, FLOAT) for kind in kinds)
    annotated = _annotated_number(context, node.target)
    return Draft(
        "safe" if number or annotated or isinstance(node.op, ast.MatMult) else "unsafe",
        f"Write `{operator}=` out",
        (Change(context.start(node), context.end(node), f"{target} = {target} {operator} {value}"),),
    )


def _annotated_number(context: Context, target: ast.expr) -> bool:
    """Whether a name is a parameter that is annotated as a number."""
    function = context.function(target)
    if not isinstance(target, ast.Name) or function is None:
        return False
    args = function.args
    for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
        if arg.arg == target.id:
            return isinstance(arg.annotation, ast.Name) and arg.annotation.id in ("int", "float")
    return False


def _repeatable(node: ast.expr) -> bool:
    """Whether an expression can be written twice: it calls nothing."""
    return all(
        isinstance(one, ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.expr_context)
        for one in ast.walk(node)
    )


def without_plus(context: Context, finding: Finding) -> Draft | None:
    """``+x`` as ``x``: the same for numbers and tensors."""
    node = context.at(finding.span, ast.UnaryOp)
    if node is None or not isinstance(node.op, ast.UAdd):
        return None
    kinds = {value.type if isinstance(value, Val) else None for value in context.values(node.operand)}
    known = bool(kinds) and all(kind in (INT, FLOAT, COMPLEX) or isinstance(kind, TensorType) for kind in kinds)
    text = context.text[context.start(node) + 1 : context.end(node)].lstrip()
    return Draft("safe" if known else "unsafe", "Leave out the `+`", (replaced(context, node, text),))


# --- signatures -------------------------------------------------------------------------------------------------------


def positional_too(context: Context, finding: Finding) -> Draft | None:
    """Keyword-only parameters with defaults: without the ``*`` in front of them. Who passes keywords still can."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None or function.args.vararg is not None or not function.args.kwonlyargs:
        return None
    args = function.args
    defaults = [default is not None for default in args.kw_defaults]
    # No parameter without a default may follow one with.
    if (args.defaults and not all(defaults)) or sorted(defaults) != defaults:
        return None
    first = context.start(args.kwonlyargs[0])
    star = context.text.rindex("*", 0, first)
    if context.text[star:first].strip(" \t\r\n*,") or "#" in context.text[star:first]:
        return None
    return Draft("safe", "Let it be passed by position, too", (Change(star, first, ""),))


# --- statements -------------------------------------------------------------------------------------------------------


def import_outside(context: Context, finding: Finding) -> Draft | None:
    """An import inside a function moves to the top of the file."""
    node = context.at(finding.span, ast.Import, ast.ImportFrom)
    if node is None or context.function(node) is None or not context.own_line(node):
        return None
    bound = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    if "*" in bound or any(name in context.index.scope.bindings for name in bound):
        same = isinstance(node, ast.Import) and all(_imports_already(context, alias) for alias in node.names)
        if not same:
            return None
        gone = without_statement(context, node)
        return Draft("safe", "Delete the import: the file has it already", (gone,)) if gone is not None else None
    gone = without_statement(context, node)
    if gone is None or not _surely_there(context, node):
        return None
    at = _below_imports(context)
    return Draft("unsafe", "Import at the top of the file", (Change(at, at, f"{context.code(node)}\n"), gone))


def _surely_there(context: Context, node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import cannot fail where the file is imported: of the standard library, or of a package that the file
    imports at its top. What stands inside a function may not be installed, or import this very file."""
    if isinstance(node, ast.ImportFrom) and (node.level or node.module is None):
        return False
    own = context.index.name.partition(".")[0]
    tops = {_top(alias.name) for one in context.tree.body if isinstance(one, ast.Import) for alias in one.names}
    tops |= {_top(one.module or "") for one in context.tree.body if isinstance(one, ast.ImportFrom) and not one.level}
    wanted = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    optional = ("torch.utils.tensorboard",)  # needs more than torch
    return all(
        _top(one) != own
        and (_top(one) in sys.stdlib_module_names or _top(one) in tops)
        and not one.startswith(optional)
        for one in wanted
    )


def _top(name: str) -> str:
    return name.partition(".")[0]


def _imports_already(context: Context, alias: ast.alias) -> bool:
    return any(
        isinstance(node, ast.Import)
        and any(other.name == alias.name and other.asname == alias.asname for other in node.names)
        for node in context.tree.body
    )


def _below_imports(context: Context) -> int:
    """The offset below the last of the imports (or docstring) that the file begins with."""
    last = 0
    for number, node in enumerate(context.tree.body):
        docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
            break
        last = node.end_lineno or node.lineno
    return context.line_end(last) if last else 0


def without_bytes(context: Context, finding: Finding) -> Draft | None:
    """A bytes literal that stands as a statement does nothing."""
    node = context.at(finding.span, ast.Constant)
    parent = context.parents.get(node) if node is not None else None
    if not isinstance(parent, ast.Expr):
        return None
    gone = without_statement(context, parent)
    return Draft("safe", "Delete the literal, which does nothing", (gone,)) if gone is not None else None


def assigned_before(context: Context, finding: Finding) -> Draft | None:
    """``if (n := f(x)) > 3:`` with the assignment on a line above, where nothing is evaluated before it."""
    node = context.at(finding.span, ast.NamedExpr)
    if node is None or not isinstance(node.target, ast.Name):
        return None
    statement = context.statement(node)
    if not context.own_line_start(statement) or isinstance(statement, ast.While) or _elif(context, statement):
        return None
    if not _evaluated_first(context, node, statement):
        return None
    name, indent = node.target.id, context.indentation(statement)
    at = context.line_start(context.first_line(statement))
    start, end = grouped(context, node)
    line = f"{indent}{name} = {context.code(node.value)}\n"
    return Draft("safe", f"Assign `{name}` on a line of its own", (Change(at, at, line), Change(start, end, name)))


def _elif(context: Context, statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and context.text.startswith("elif", context.start(statement))


def _evaluated_first(context: Context, node: ast.expr, statement: ast.stmt) -> bool:
    """Whether an expression is what its statement evaluates first: it stands leftmost, under no condition or loop."""
    current: ast.AST = node
    for parent in context.ancestors(node):
        if isinstance(parent, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            return False
        if parent is statement:
            return isinstance(statement, ast.If | ast.Assign | ast.Return | ast.Expr | ast.Assert) and current in (
                getattr(statement, "test", None),
                getattr(statement, "value", None),
            )
        match parent:
            case ast.Compare(left=left) | ast.BinOp(left=left):
                first: ast.AST = left
            case ast.BoolOp(values=[left, *_]) | ast.IfExp(test=left):
                first = left
            case ast.Call(func=ast.Name(), args=[left, *_]):
                first = left
            case (
                ast.Call(func=left) | ast.Attribute(value=left) | ast.Subscript(value=left) | ast.UnaryOp(operand=left)
            ):
                first = left
            case _:
                return False
        if first is not current:
            return False
        current = parent
    return False


# --- comprehensions ---------------------------------------------------------------------------------------------------


def as_loop(context: Context, finding: Finding) -> Draft | None:
    """A comprehension with a condition, or several loops, as the loops above the statement that uses it."""
    node = context.at(finding.span, ast.ListComp, ast.DictComp, ast.GeneratorExp)
    if node is None:
        return None
    statement = context.statement(node)
    if not isinstance(
        statement, ast.Assign | ast.Return | ast.Expr | ast.AugAssign | ast.AnnAssign | ast.Assert | ast.If
    ):
        return None
    if not context.own_line_start(statement) or _elif(context, statement) or _postponed(context, node, statement):
        return None
    if any(generator.is_async for generator in node.generators):
        return None
    indent = context.indentation(statement)
    simple = (
        isinstance(statement, ast.Assign)
        and statement.value is node
        and len(statement.targets) == 1
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id not in {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    )
    function = context.function(node)
    if simple:
        assert isinstance(statement, ast.Assign)
        assert isinstance(statement.targets[0], ast.Name)
        name = statement.targets[0].id
    else:
        name = fresh_name(context, node, "items")
    loop_names = {
        one.id for generator in node.generators for one in ast.walk(generator.target) if isinstance(one, ast.Name)
    }
    # The comprehension's own variable would overwrite one of the function's.
    used = sorted(one for one in loop_names if function is not None and _used_outside(function, node, {one}))
    if used and any(isinstance(one, ast.arg | ast.JoinedStr) for one in ast.walk(node)):
        return None
    names = {one: fresh_name(context, node, one) for one in used}
    annotation, changes = _collection_annotation(context, node)
    if annotation is None:
        return None
    lines = [f"{indent}{name}: {annotation} = {'{}' if isinstance(node, ast.DictComp) else '[]'}"]
    depth = indent
    for number, generator in enumerate(node.generators):
        over = _with_names(context, generator.iter, names if number else {})  # the first one is evaluated outside
        lines.append(f"{depth}for {_with_names(context, generator.target, names)} in {over}:")
        depth += context.step(statement)
        for test in generator.ifs:
            lines.append(f"{depth}if {_with_names(context, test, names)}:")
            depth += context.step(statement)
    if isinstance(node, ast.DictComp):
        key, value = (_with_names(context, one, names) for one in (node.key, node.value))
        lines.append(f"{depth}{name}[{key}] = {value}")
    else:
        lines.append(f"{depth}{name}.append({_with_names(context, node.elt, names)})")
    above = "\n".join(lines) + "\n"
    if literal_lines(context, node):
        return None
    line = context.line_start(statement.lineno)
    if simple:
        whole = Change(line, context.end(statement), above.rstrip("\n"))
        return Draft("safe", "Write a loop", (whole, *changes))
    start, end = context.start(node), context.end(node)
    if isinstance(node, ast.GeneratorExp) and isinstance(context.parents[node], ast.Call):
        call = context.parents[node]
        assert isinstance(call, ast.Call)
        if len(call.args) == 1 and not call.keywords and context.text[start] == "(":
            name = f"({name})"
    return Draft(
        "unsafe", "Write a loop above the statement", (Change(line, line, above), Change(start, end, name), *changes)
    )


def _with_names(context: Context, node: ast.expr, names: dict[str, str]) -> str:
    """The text of an expression with some names replaced."""
    begin, end = grouped(context, node) if node.lineno != node.end_lineno else (context.start(node), context.end(node))
    text = context.text[begin:end]
    found = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in names]
    for one in sorted(found, key=context.start, reverse=True):
        at = context.start(one) - begin
        text = text[:at] + names[one.id] + text[at + len(one.id) :]
    return text


def _postponed(context: Context, node: ast.expr, statement: ast.stmt) -> bool:
    """Whether an expression may not be evaluated, or not only once, when its statement runs."""
    current: ast.AST = node
    for parent in context.ancestors(node):
        if isinstance(
            parent, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.comprehension
        ):
            return True
        if isinstance(parent, ast.IfExp) and current is not parent.test:
            return True
        if isinstance(parent, ast.BoolOp) and current is not parent.values[0]:
            return True
        if parent is statement:
            return isinstance(statement, ast.If) and current is not statement.test
        current = parent
    return False


def _used_outside(function: ast.AST, node: ast.expr, names: set[str]) -> bool:
    """Whether some names occur in a function outside of an expression (other comprehensions aside)."""
    inside = {id(one) for one in ast.walk(node)}
    for one in ast.walk(function):
        if isinstance(one, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) and id(one) not in inside:
            inside |= {id(inner) for inner in ast.walk(one)}
    for one in ast.walk(function):
        if id(one) in inside:
            continue
        if isinstance(one, ast.Name) and one.id in names:
            return True
        if isinstance(one, ast.arg) and one.arg in names:
            return True
    return False


def _collection_annotation(
    context: Context, node: ast.ListComp | ast.DictComp | ast.GeneratorExp
) -> tuple[str | None, tuple[Change, ...]]:
    """``List[int]`` for what a comprehension makes."""
    kinds = element_types(context, node)
    if kinds is None:
        return None, ()
    texts: list[str] = []
    changes: list[Change] = []
    for kind in kinds:
        text, more = written(context, kind)
        if text is None:
            return None, ()
        texts.append(text)
        changes.extend(more)
    outer, more = need(context, "typing.Dict" if len(kinds) == 2 else "typing.List")
    return f"{outer}[{', '.join(texts)}]", (*changes, *more)
