"""Every function of torch.nn, lowered here and by the compiler's own front end: the same tree, or the same error.

The comparison is of the compiler's printed trees, and of the lines it gives to every expression.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

from jitlint.project.definitions import FunctionDefinition
from jitlint.project.index import build_index
from jitlint.source.parse import parse
from jitlint.source.text import read_source
from jitlint.syntax import expressions, signature, statements, tree
from jitlint.syntax import lower as lowering
from jitlint.syntax.context import Context, silent

_WORDS = {"**": "pow operator", "//": "floordiv", "==": "eq", "!=": "ne", "<=": "le", ">=": "ge"}
_LISTS = {"ListLiteral": "list-literal", "TupleLiteral": "tuple-literal"}


def _ident(name: str) -> str:
    return f"(ident {name})"


def _list(items: Any) -> str:
    return "(list" + "".join(f" {item if isinstance(item, str) else shown(item)}" for item in items) + ")"


def _option(node: tree.Node | ast.expr | None) -> str:
    return f"(option {shown(node)})" if node is not None else "(option)"


def shown(node: Any) -> str:
    """The tree as the compiler prints it, on one line."""
    if isinstance(node, ast.expr):
        return shown(expressions.lower_expression(node, Context(silent, "")))
    name = type(node).__name__
    match node:
        case tree.Var():
            return f"(variable {_ident(node.name)})"
        case tree.Const():
            return f"(const {node.value})"
        case tree.BoolLiteral():
            return f"({node.value})"
        case tree.StringLiteral():
            return f"(string_literal {node.value})"
        case tree.NoneLiteral() | tree.Dots() | tree.Pass() | tree.Break() | tree.Continue():
            return {"NoneLiteral": "(None)"}.get(name, f"({name.lower()})")
        case tree.Select():
            return f"(. {shown(node.value)} {_ident(node.name)})"
        case tree.Apply():
            kwargs = [f"(attribute {_ident(word.name)} {shown(word.value)})" for word in node.kwargs]
            return f"(apply {shown(node.func)} {_list(node.args)} {_list(kwargs)})"
        case tree.Starred():
            return f"(starred {shown(node.value)})"
        case tree.SliceExpr():
            return f"(slice expr {_option(node.start)} {_option(node.end)} {_option(node.step)})"
        case tree.Subscript():
            return f"(subscript {shown(node.value)} {_list(node.indices)})"
        case tree.Unary():
            return f"({'unary minus' if node.op == '-' else node.op} {shown(node.value)})"
        case tree.Binary(op="not in"):
            return f"(not (in {shown(node.left)} {shown(node.right)}))"
        case tree.Binary():
            return f"({_WORDS.get(node.op, node.op)} {shown(node.left)} {shown(node.right)})"
        case tree.TernaryIf():
            return f"(if {shown(node.cond)} {shown(node.true)} {shown(node.false)})"
        case tree.ListLiteral() | tree.TupleLiteral():
            return f"({_LISTS[name]} {_list(node.elements)})"
        case tree.DictLiteral():
            return f"(dict-literal {_list(node.keys)} {_list(node.values)})"
        case tree.ListComp():
            return f"(list comprehension {shown(node.element)} {shown(node.target)} {shown(node.iter)})"
        case tree.DictComp():
            parts = (node.key, node.value, node.target, node.iter)
            return f"(dict comprehension {' '.join(map(shown, parts))})"
        case tree.Assign():
            return f"(assign {_list(node.targets)} {_option(node.value)} {_option(node.annotation)})"
        case tree.AugAssign():
            return f"(aug_assign {shown(node.target)} ({_WORDS.get(node.op, node.op)}) {shown(node.value)})"
        case tree.ExprStmt():
            return f"(expression statement {shown(node.value)})"
        case tree.If():
            return f"(if {shown(node.cond)} {_list(node.true)} {_list(node.false)})"
        case tree.While():
            return f"(while {shown(node.cond)} {_list(node.body)})"
        case tree.For():
            return f"(for {_list([node.target])} {_list([node.iter])} {_list(node.body)})"
        case tree.Return():
            return f"(return {shown(node.value) if node.value is not None else '(None)'})"
        case tree.Raise():
            return f"(raise {shown(node.value)})"
        case tree.Assert():
            return f"(assert {shown(node.test)} {_option(node.message)})"
        case tree.Delete():
            return f"(del {_list(node.targets)})"
        case tree.With():
            items = [f"(withitem {shown(item.value)} {_option(item.var)})" for item in node.items]
            return f"(with {_list(items)} {_list(node.body)})"
        case tree.Def():
            params = [
                f"(param {_ident(param.name)} {_option(param.annotation)} (option) ({param.keyword_only}))"
                for param in node.params
            ]
            return f"(def {_ident(node.name)} (decl {_list(params)} {_option(node.returns)}) {_list(node.body)})"
    raise AssertionError(f"unexpected {name}")


def _plain(text: str) -> str:
    return re.sub(r"\s+", "", text)


class _Theirs:
    """The compiler's front end on one function, and the lines of the expressions it builds, in order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from torch._sources import ParsedDef, make_source_context, normalize_source_lines
        from torch.jit import frontend

        self.frontend: Any = frontend
        self.parsed: Any = ParsedDef
        self.context: Any = make_source_context
        self.normalized: Any = normalize_source_lines
        self.lines: list[tuple[str, int]] = []
        self.source, self.first = b"", 0
        build = frontend.ExprBuilder.__call__

        def recorded(builder: Any, ctx: Any, node: ast.AST) -> Any:
            result = build(builder, ctx, node)
            line = self.source.count(b"\n", 0, result.range().start) + self.first
            self.lines.append((type(node).__name__, line))
            return result

        monkeypatch.setattr(frontend.ExprBuilder, "__call__", recorded)

    def definition(self, block: list[str], first: int, name: str) -> str:
        source = "".join(self.normalized(block))
        self.source, self.first, self.lines = source.encode(), first, []
        dedented = textwrap.dedent(source)
        module = ast.parse(dedented)
        if len(module.body) != 1 or not isinstance(module.body[0], ast.FunctionDef):
            raise RuntimeError("Expected a single top-level function")
        margin = len(source.split("\n", 1)[0]) - len(dedented.split("\n", 1)[0])
        parsed = self.parsed(module, self.context(source, "f.py", first, margin, True, name), source, "f.py", first)
        return str(self.frontend.get_jit_def(parsed, name))


@pytest.mark.torch
def test_the_same_trees_lines_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    theirs = _Theirs(monkeypatch)
    ours: list[tuple[str, int]] = []
    lower_expression = expressions.lower_expression

    def recorded(node: ast.expr, cx: Context) -> tree.Expr:
        result = lower_expression(node, cx)
        if not isinstance(node, ast.Slice):  # the front end does not build slices by themselves
            ours.append((type(node).__name__, getattr(result.at, "lineno", 0)))
        return result

    for module in (expressions, statements, signature, lowering):
        monkeypatch.setattr(module, "lower_expression", recorded)
    monkeypatch.setattr(lowering, "_is_method", lambda node, index: False)

    compared = 0
    for path in sorted((Path(torch.__file__).parent / "nn").rglob("*.py")):
        source = read_source(str(path))
        index = build_index("a", False, source, parse(source))
        text = [line + "\n" for line in source.lines]
        for definition in index.functions:
            compared += 1
            _compare(definition, text, theirs, ours)
    assert compared > 1000


def _compare(definition: FunctionDefinition, text: list[str], theirs: _Theirs, ours: list[tuple[str, int]]) -> None:
    node = definition.node
    where = f"{definition.module.path}:{node.lineno}"
    first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
    problems: list[tuple[int, str]] = []
    ours.clear()

    def report(code: str, at: ast.AST, torch_message: str, message: str = "") -> None:
        if torch_message:
            problems.append((getattr(at, "lineno", 0), torch_message))

    lowered = lowering.lower(node, definition.module, report)
    lines = list(ours)
    try:
        printed = theirs.definition(inspect.getblock(text[first - 1 :]), first, node.name)
    except Exception as error:
        message = str(error)
        assert problems, (where, message)
        line, said = problems[0]
        assert said.split(":")[0] in message, where
        named = re.search(r'File "f.py", line (\d+)', message)
        assert named is None or int(named[1]) == line, where
        return
    assert not problems, where
    assert _plain(shown(lowered)) == _plain(printed), where
    assert lines == theirs.lines, where
