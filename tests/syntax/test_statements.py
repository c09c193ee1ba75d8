"""Statements: their trees, and what has none."""

from __future__ import annotations

import pytest
from syntax.lowering import body, lowered

from jitlint.syntax import tree


@pytest.mark.parametrize(
    ("lines", "code", "line", "message"),
    [
        (["def g(): pass"], "JIT101", 2, "function definitions aren't supported"),
        (["@wrap", "def g(): pass"], "JIT101", 3, "function definitions aren't supported"),
        (["async def g(): pass"], "JIT101", 2, "async function definitions aren't supported"),
        (["class C: pass"], "JIT102", 2, "class definitions aren't supported"),
        (["import a"], "JIT103", 2, "import statements aren't supported"),
        (["from a import b"], "JIT103", 2, "import statements aren't supported"),
        (["try:", "    pass", "finally:", "    pass"], "JIT104", 2, "try blocks aren't supported"),
        (["try:", "    pass", "except* E:", "    pass"], "JIT104", 2, "TryStar aren't supported"),
        (["global g"], "JIT105", 2, "global variables aren't supported"),
        (["n = 1", "n //= 2"], "JIT116", 3, "unsupported kind of augmented assignment: FloorDiv"),
        (["x @= y"], "JIT116", 2, "unsupported kind of augmented assignment: MatMult"),
        (["for i in x: pass", "else: pass"], "JIT117", 2, "else branches of for loops aren't supported"),
        (["while x: pass", "else: pass"], "JIT117", 2, "Invoked with: None"),
        (["raise"], "JIT118", 2, "'NoneType' object has no attribute 'lineno'"),
        (["match x:", "    case 1: pass"], "JIT119", 2, "Match aren't supported"),
        (["type T = int"], "JIT119", 2, "TypeAlias aren't supported"),
        (["z: int"], "JIT120", 2, "annotated assignments without assigned value aren't supported"),
        (["x.y.z: int = 1"], "JIT121", 2, "'Attribute' object has no attribute 'id'"),
        (["x[0].z: int = 1"], "JIT121", 2, "'Subscript' object has no attribute 'id'"),
        (["with x as (a, b): pass"], "JIT125", 2, "_jit_tree_views.WithItem(arg0"),
        (["with x as a.b: pass"], "JIT125", 2, "_jit_tree_views.WithItem(arg0"),
    ],
)
def test_has_no_tree(lines: list[str], code: str, line: int, message: str) -> None:
    found = body(*lines, "return x")
    assert found.lines == [(code, line)]
    assert message in found.problems[0][2]
    assert isinstance(found.definition.body[-1], tree.Return)  # the analysis goes on behind it


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>"])
def test_augmented_operators(operator: str) -> None:
    found = body(f"x {operator}= y")
    assert not found.problems
    statement = found.definition.body[0]
    assert isinstance(statement, tree.AugAssign)
    assert statement.op == operator


def test_unsupported_augmented_assignment_still_assigns() -> None:
    (statement,) = body("x //= y").definition.body
    assert isinstance(statement, tree.Assign)
    assert isinstance(statement.value, tree.Binary)
    assert statement.value.op == "//"


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["import a.b, c as d"], ("a", "d")),
        (["from a import b, c as d"], ("b", "d")),
        (["def g(p): q = 1"], ("g",)),
        (["class C: q = 1"], ("C",)),
        (["try:", "    p = 1", "except E as e:", "    (q, *r) = x"], ("p", "e", "q", "r")),
        (["match x:", "    case [p, *q]: pass", "    case {'a': 1, **r}: pass"], ("p", "q", "r")),
        (["z: int"], ("z",)),
        (["with torch.jit._IgnoreContextManager(a='inp:int', b='out:int'):", "    b = a"], ("b",)),
    ],
)
def test_holes_bind_names(lines: list[str], names: tuple[str, ...]) -> None:
    hole = body(*lines).definition.body[0]
    assert isinstance(hole, tree.Hole)
    assert hole.names == names


def test_every_problem_is_reported_in_source_order() -> None:
    found = body(
        "import a", "try:", "    import b", "except E:", "    z = {1}", "if x:", "    y = lambda: 1", "return +x"
    )
    assert found.lines == [
        ("JIT103", 2),
        ("JIT104", 3),
        ("JIT103", 4),
        ("JIT110", 6),
        ("JIT106", 8),
        ("JIT123", 9),
    ]


def test_the_cause_of_a_raise_is_never_looked_at() -> None:
    assert not body("raise ValueError('x') from (lambda: {1})").problems


def test_assignment_visits_the_value_first() -> None:
    assert body("x[{1}] = lambda: 1").codes == ["JIT106", "JIT110"]
    assert body("x[{1}] += lambda: 1").codes == ["JIT110", "JIT106"]
    assert body("x: {1} = lambda: 1").codes == ["JIT106", "JIT110"]


def test_attributes_are_annotated_in_init_only() -> None:
    text = "class C:\n    def {}(self):\n        self.x: int = 1\n"
    assert lowered(text.format("__init__")).problems == ()
    (problem,) = lowered(text.format("forward")).problems
    assert problem[:2] == ("JIT121", 3)
    assert "must be declared in __init__, not 'forward'" in problem[2]


def test_ignored_block_is_not_read() -> None:
    found = body("with torch.jit._IgnoreContextManager(a='inp:int'):", "    z = {1}")
    assert not found.problems
    assert body("with jit._IgnoreContextManager():", "    z = {1}").codes == ["JIT110"]


def test_loop_else_may_bind() -> None:
    loop, hole, _ = body("for i in x:", "    pass", "else:", "    z = 1", "return x").definition.body
    assert isinstance(loop, tree.For)
    assert isinstance(hole, tree.Hole)
    assert hole.names == ("z",)


def test_docstring_stays() -> None:
    (statement,) = body("'''doc'''").definition.body
    assert isinstance(statement, tree.ExprStmt)
    assert isinstance(statement.value, tree.StringLiteral)
