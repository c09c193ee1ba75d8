"""Parameters, return types, and functions whose body is dropped."""

from __future__ import annotations

import ast

from syntax.lowering import lowered

from jitlint.syntax import tree

STARS = "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults"


def test_parameters() -> None:
    definition = lowered("def f(a, b: int = 1, *, c: str) -> float:\n    return 1.0\n").definition
    assert [(param.name, param.keyword_only) for param in definition.params] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]
    assert [param.annotation and ast.unparse(param.annotation) for param in definition.params] == [None, "int", "str"]
    assert [param.default and ast.unparse(param.default) for param in definition.params] == [None, "1", None]
    assert definition.returns is not None
    assert ast.unparse(definition.returns) == "float"


def test_stars_in_the_compilers_order() -> None:
    found = lowered("def f(\n    x,\n    *args,\n    k=1,\n    m=lambda: 1,\n    **kwargs,\n):\n    pass\n")
    assert found.lines == [("JIT511", 6), ("JIT510", 3), ("JIT512", 4), ("JIT106", 5), ("JIT512", 5)]
    assert {message for code, _, message in found.problems if code != "JIT106"} == {STARS}
    assert [param.name for param in found.definition.params] == ["x", "k", "m"]


def test_keyword_only_without_default() -> None:
    assert not lowered("def f(x, *, k): pass\n").problems


def test_defaults_are_not_read() -> None:
    assert not lowered("def f(x=lambda: {1}): pass\n").problems


def test_positional_only_parameters_vanish_with_a_warning() -> None:
    found = lowered("def f(a, b=1, /, c=2): pass\n")
    assert found.problems == (("JIT513", 1, ""), ("JIT513", 1, ""))
    (param,) = found.definition.params
    assert param.name == "c"
    assert ast.unparse(param.default) == "2"  # type: ignore[arg-type]


def test_annotations_are_read() -> None:
    assert lowered("def f(x: {1}, *, y: (lambda: 1)) -> b'x': pass\n").codes == ["JIT110", "JIT106", "JIT122"]


def test_unused_keeps_the_return_annotation_only() -> None:
    text = "def f(x: {1}, *args, k=1, **kwargs) -> int:\n    import a\n"
    found = lowered(text, dropped="unused")
    assert not found.problems
    definition = found.definition
    assert [ast.unparse(param.annotation) for param in definition.params if param.annotation] == ["Any", "Any"]
    assert definition.returns is not None
    assert isinstance(definition.body[0], tree.Raise)
    assert definition.dropped == "unused"
    assert lowered("def f(x) -> {1}: pass\n", dropped="unused").codes == ["JIT110"]
    assert lowered("def f(x) -> {1}: pass\n", dropped="drop").codes == []


def test_decorators_are_not_read() -> None:
    assert not lowered("@wrap(lambda: {1})\ndef f(x): pass\n").problems


def test_decorator_line_that_starts_with_def() -> None:
    text = "@wrap(\n    level=1,\n    default=3,\n)\ndef f(x):\n    return x\n"
    (problem,) = lowered(text).problems
    assert problem[:2] == ("JIT127", 5)
    assert "expected an indented block" in problem[2]
    assert not lowered(text.replace("default", "standard")).problems
    # Aligned on the margin, the text is still Python.
    assert not lowered("@wrap(\ndefault=3,\n)\ndef f(x):\n    return x\n").problems
