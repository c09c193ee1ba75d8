"""Names that a fix needs, and imports that it makes superfluous."""

from __future__ import annotations

import ast

from jitlint.fixes.context import Change, Context
from jitlint.project.targets import ExternalName


def need(context: Context, dotted: str) -> tuple[str, tuple[Change, ...]]:
    """How to write ``typing.List`` (or any other dotted name) in this file, and what has to be imported for it."""
    home, _, name = dotted.rpartition(".")
    if _means(context, name, dotted):
        return name, ()
    modules = _modules(context)
    for bound, target in modules:
        if target == home:
            return f"{bound}.{name}", ()
    for bound, target in sorted(modules, key=lambda pair: -len(pair[1])):
        if home.startswith(target + ".") and target.partition(".")[0] == "torch":
            return f"{bound}.{home[len(target) + 1 :]}.{name}", ()
    if name in context.index.scope.bindings or home in ("torch", "math"):
        return f"{home}.{name}", (_new_import(context, f"import {home}"),)
    for node in context.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == home and not node.level and node.names[0].name != "*":
            return name, (_added(context, node, name),)
    return name, (_new_import(context, f"from {home} import {name}"),)


def resolvable(context: Context, annotation: str) -> bool:
    """Whether the names of an annotation mean something when the file is run, at its top level."""
    try:
        tree = ast.parse(annotation.strip(), mode="eval")
    except SyntaxError:
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if not context.session.project.resolve(context.index.scope, node.id):
                return False
            if any(binding.guard for binding in context.index.scope.bindings.get(node.id, [])):
                return False
    return True


def _means(context: Context, name: str, dotted: str) -> bool:
    targets = context.session.project.resolve(context.index.scope, name)
    if len(targets) != 1 or not isinstance(targets[0], ExternalName) or targets[0].name != dotted:
        return False
    bindings = context.index.scope.bindings.get(name, [])
    return all(not binding.guard for binding in bindings)


def _modules(context: Context) -> list[tuple[str, str]]:
    """The modules that the file imports whole: the name bound, and what it is."""
    found = []
    for node in context.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append(
                    (
                        alias.asname or alias.name.partition(".")[0],
                        alias.name if alias.asname else alias.name.partition(".")[0],
                    )
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.extend((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return found


def _added(context: Context, node: ast.ImportFrom, name: str) -> Change:
    """One more name in a ``from`` import, where the alphabet puts it if the others are in order."""
    for alias in node.names:
        if alias.name.lower() > name.lower() and _ordered(node):
            at = context.start(alias)
            return Change(at, at, f"{name}, ")
    at = context.end(node.names[-1])
    return Change(at, at, f", {name}")


def _ordered(node: ast.ImportFrom) -> bool:
    names = [alias.name.lower() for alias in node.names]
    return names == sorted(names)


def _new_import(context: Context, text: str) -> Change:
    """A line of its own: above the first import that is not from ``__future__``, else below the docstring."""
    body = context.tree.body
    after: ast.stmt | None = None
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            after = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            at = context.line_start(node.lineno)
            return Change(at, at, f"{text}\n")
        elif node is body[0] and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            after = node
        else:
            break
    if after is None:
        at = context.line_start(body[0].lineno) if body and not getattr(body[0], "decorator_list", None) else 0
        return Change(at, at, f"{text}\n")
    at = context.line_end(after.end_lineno or after.lineno)
    return Change(at, at, f"{text}\n" if context.text[at - 1 : at] in ("\n", "\r") else f"\n{text}\n")


def without_names(context: Context, node: ast.ImportFrom, dropped: set[str]) -> Change | None:
    """The import without some of its names (as imported); the whole statement goes where none is left."""
    if all(alias.name in dropped for alias in node.names):
        return without_statement(context, node)
    import libcst as cst  # takes longer to load than a small file to check

    start, end = context.start(node), context.end(node)
    statement = cst.parse_statement(context.text[start:end])
    assert isinstance(statement, cst.SimpleStatementLine)
    found = statement.body[0]
    assert isinstance(found, cst.ImportFrom)
    assert not isinstance(found.names, cst.ImportStar)
    kept = [alias for alias in found.names if alias.evaluated_name not in dropped]
    last = found.names[-1]
    kept[-1] = kept[-1].with_changes(comma=last.comma)
    changed = statement.with_changes(body=[found.with_changes(names=kept)])
    return Change(start, end, cst.Module([]).code_for_node(changed).rstrip("\r\n"))


def without_statement(context: Context, node: ast.stmt) -> Change | None:
    """The statement's lines gone; None where it shares them. In a block of its own it becomes ``pass``."""
    if not context.own_line(node):
        return None
    if context.sole(node) and not isinstance(context.parents.get(node), ast.Module):
        return Change(context.start(node), context.end(node), "pass")
    return Change(context.line_start(node.lineno), context.line_end(node.end_lineno or node.lineno), "")
