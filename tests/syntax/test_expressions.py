"""Expressions: their trees, where they stand, and what has none."""

from __future__ import annotations

import pytest
from syntax.lowering import body, lowered

from jitlint.syntax import tree


def value(text: str) -> tree.Expr:
    found = body(f"return {text}")
    assert not found.problems
    (statement,) = found.definition.body
    assert isinstance(statement, tree.Return)
    assert statement.value is not None
    return statement.value


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("lambda: 1", "JIT106", "Lambda aren't supported"),
        ("(y := 1)", "JIT107", "NamedExpr aren't supported"),
        ("(yield)", "JIT108", "Yield aren't supported"),
        ("(yield from x)", "JIT108", "YieldFrom aren't supported"),
        ("{1}", "JIT110", "Set aren't supported"),
        ("{i for i in x}", "JIT110", "SetComp aren't supported"),
        ("[i for i in x if i]", "JIT111", "Comprehension ifs are not supported yet"),
        ("sum(i for i in x if i)", "JIT111", "Comprehension ifs are not supported yet"),
        ("{i: i for i in x if i}", "JIT111", "Comprehension ifs are not supported yet"),
        ("[i for j in x for i in j]", "JIT112", "Only a single generator is currently supported"),
        ("{**x}", "JIT113", "Dict expansion (e.g. `{**dict}`) is not supported"),
        ("{1: 2, **x}", "JIT113", "'NoneType' object has no attribute 'lineno'"),
        ("x(**y)", "JIT114", "keyword-arg expansion is not supported"),
        ("f'{x!r}'", "JIT115", "Don't support conversion in JoinedStr"),
        ("f'{x:3}'", "JIT115", "Don't support formatting in JoinedStr"),
        ("f'{x=}'", "JIT115", "Don't support conversion in JoinedStr"),
        ("t'{x}'", "JIT119", "TemplateStr aren't supported"),
        ("b'x'", "JIT122", "Unknown Constant expression type"),
        (r"'\ud800'", "JIT122", "_jit_tree_views.StringLiteral(arg0"),
        ("+x", "JIT123", "'UnaryOp' object has no attribute 'range'"),
        ("__jit_x", "JIT124", "names of variables used in JIT-ed functions can't start with __jit"),
    ],
)
def test_has_no_tree(text: str, code: str, message: str) -> None:
    (problem,) = body(f"return {text}").problems
    assert problem[:2] == (code, 2)
    assert message in problem[2]


def test_an_async_function_is_one_problem() -> None:
    assert lowered("async def f(x):\n    await x\n").codes == ["JIT109"]
    (problem,) = lowered("async def f(x):\n    await x\n").problems
    assert "Expected a single top-level function" in problem[2]


def test_several_problems_of_one_expression() -> None:
    assert body("return x(lambda: 1, {2}, k={3}, **y)").codes == ["JIT106", "JIT110", "JIT110", "JIT114"]
    assert body("return [{1} for {2}[0] in (lambda: x) if y]").codes == ["JIT111", "JIT110", "JIT110", "JIT106"]
    assert body("return (y := {1})").codes == ["JIT107", "JIT110"]
    assert body("return f'{ {1} !r:>3}'").codes == ["JIT115", "JIT115", "JIT110"]


def test_chained_comparison_shares_its_middle() -> None:
    chain = value("x < y.z <= 3")
    assert isinstance(chain, tree.Binary)
    assert chain.op == "and"
    assert isinstance(chain.left, tree.Binary)
    assert isinstance(chain.right, tree.Binary)
    assert (chain.left.op, chain.right.op) == ("<", "<=")
    assert chain.left.right is chain.right.left


@pytest.mark.parametrize(
    "operator",
    [
        *[
            "+",
            "-",
            "*",
            "/",
            "//",
            "%",
            "**",
            "@",
            "&",
            "|",
            "^",
            "<<",
            ">>",
            "==",
            "!=",
            "<",
            "<=",
            ">",
            ">=",
            "is",
            "in",
            "and",
            "or",
        ],
        "is not",
        "not in",
    ],
)
def test_binary_operators(operator: str) -> None:
    result = value(f"x {operator} y")
    assert isinstance(result, tree.Binary)
    assert result.op == operator


def test_and_or_nest_to_the_left() -> None:
    result = value("x and y and z")
    assert isinstance(result, tree.Binary)
    assert isinstance(result.left, tree.Binary)
    assert isinstance(result.right, tree.Var)


def test_subscripts() -> None:
    several = value("x[1, :, ..., 2:3:4]")
    assert isinstance(several, tree.Subscript)
    assert [type(index) for index in several.indices] == [tree.Const, tree.SliceExpr, tree.Dots, tree.SliceExpr]
    empty = value("x[()]")
    assert isinstance(empty, tree.Subscript)
    assert isinstance(empty.indices[0], tree.TupleLiteral)


def test_literals() -> None:
    assert [type(value(text)) for text in ("1", "1.5", "2j", "True", "None", "'a'", "...", "Ellipsis")] == [
        tree.Const,
        tree.Const,
        tree.Const,
        tree.BoolLiteral,
        tree.NoneLiteral,
        tree.StringLiteral,
        tree.Dots,
        tree.Dots,
    ]


def test_formatted_string_is_a_call_of_format() -> None:
    call = value("f'a{x}{{b}}{y}'")
    assert isinstance(call, tree.Apply)
    assert isinstance(call.func, tree.Select)
    assert call.func.name == "format"
    assert isinstance(call.func.value, tree.StringLiteral)
    assert call.func.value.value == "a{}{b}{}"
    assert [type(arg) for arg in call.args] == [tree.Var, tree.Var]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["return (", "    x", ").y"], 3),
        (["return (", "    x", ")(y)"], 3),
        (["return (", "    x", ")[0]"], 3),
        (["return (", "    x", ") + y"], 3),
        (["return (", "    x", ") < y"], 3),
        (["return (", "    x", ") and y"], 3),
        (["return ((", "    x", ") if y else", "z)"], 3),
        (["return (x", "    if y else z)"], 2),
        (["return (x", "    .y)"], 2),
        (["return [", "    x]"], 2),
    ],
)
def test_the_line_of_a_composite_is_that_of_its_first_operand(lines: list[str], line: int) -> None:
    (statement,) = body(*lines).definition.body
    assert isinstance(statement, tree.Return)
    assert getattr(statement.value.at, "lineno", None) == line  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["-" * 600 + "x", "x" + ".a" * 800, "+".join(["x"] * 900)])
def test_too_deep_is_one_problem(text: str) -> None:
    (problem,) = body(f"return {text}").problems
    assert problem[0] == "JIT126"


def test_deep_enough_is_no_problem() -> None:
    assert not body("return " + "+".join(["x"] * 300)).problems


def test_long_chain_of_branches() -> None:
    chain = ["if x == 0: pass", *(f"elif x == {n}: pass" for n in range(400))]
    assert body(*chain).codes == ["JIT126"]
    assert not body(*chain[:150]).problems
