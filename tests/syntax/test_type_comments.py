"""Signatures in comments: where the compiler finds them, and how it reads them. What it says was asked of 2.13."""

from __future__ import annotations

import ast

import pytest
from syntax.lowering import Lowered, lowered

from jitlint.syntax.type_comments import Piece, TypeCommentError, TypeLine, parse_type_comment


def annotations(found: Lowered) -> list[str]:
    return [ast.unparse(param.annotation) if param.annotation else "" for param in found.definition.params]


def test_types_go_to_the_parameters() -> None:
    found = lowered(
        "def f(x, n: str = '') -> str:\n    # type: (Tensor, List[int]) -> Tuple[int, float]\n    return x\n"
    )
    assert not found.problems
    assert annotations(found) == ["Tensor", "List[int]"]
    assert ast.unparse(found.definition.returns) == "Tuple[int, float]"  # type: ignore[arg-type]


def test_the_nodes_stand_where_the_comment_does() -> None:
    line = "    # type: (Tensor, List[int]) -> int  # more"
    found = lowered(f"def f(x, n):\n{line}\n    return x\n")
    nodes = [param.annotation for param in found.definition.params] + [found.definition.returns]
    texts = [line[node.col_offset : node.end_col_offset] for node in nodes if node is not None]
    assert texts == ["Tensor", "List[int]", "int"]
    assert {node.lineno for node in nodes if node is not None} == {2}


def test_one_line_for_each_parameter() -> None:
    text = "def f(x,  # type: Tensor\n      n,  # type: int\n      ):\n    # type: (...) -> List[int]\n    return x\n"
    found = lowered(text)
    assert annotations(found) == ["Tensor", "int"]
    lines = text.splitlines()
    for param, expected in zip(found.definition.params, ("Tensor", "int"), strict=True):
        node = param.annotation
        assert node is not None
        assert lines[node.lineno - 1][node.col_offset : node.end_col_offset] == expected
    returns = found.definition.returns
    assert returns is not None
    assert lines[3][returns.col_offset : returns.end_col_offset] == "List[int]"


def test_methods_leave_self_out() -> None:
    text = "class C:\n{}    def f(self, x):\n        # type: {} -> int\n        return x\n"
    assert not lowered(text.format("", "(int)")).problems
    (problem,) = lowered(text.format("", "(C, int)")).problems
    assert problem == (
        "JIT515",
        2,
        "Number of type annotations (2) did not match the number of method parameters (1)",
    )
    assert not lowered(text.format("    @staticmethod\n", "(C, int)")).problems


def test_wrong_number_is_met_after_the_parameters() -> None:
    found = lowered("def f(x: {1}, y):\n    # type: (int) -> int\n    return {2}\n")
    assert found.lines == [("JIT110", 1), ("JIT515", 1), ("JIT110", 3)]


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        ("x = []  # type: List[int]", 2, "expected type comment but found 'ident' here"),
        ("'''\n    # type: int\n    '''", 3, "expected ( but found 'ident' here"),
        ("return x  # type: ignore  # more", 2, "expected type comment but found 'return' here"),
        ("return x  # type: ignore[a, b]", 2, "expected type comment but found 'return' here"),
        ("a = 1  # type: int\n    b = 2  # type: int", 2, "Return type line '# type: (...) -> ...' not found"),
        ("#type: (int) -> int", 2, "The annotation prefix in line 1 is probably invalid"),
        ("# type : (int) -> int", 2, "The annotation prefix in line 1 is probably invalid"),
    ],
)
def test_what_cannot_be_read(body: str, line: int, message: str) -> None:
    (problem,) = lowered(f"def f(x):\n    {body}\n    return x\n").problems
    assert problem[:2] == ("JIT514", line)
    assert message in problem[2]


@pytest.mark.parametrize(
    "comment",
    ["# type: ignore", "# type: ignore[arg-type]", "# the type is: int", "# types: int", "# type", "# a type:"],
)
def test_what_is_no_type_comment(comment: str) -> None:
    assert not lowered(f"def f(x):\n    return x  {comment}\n").problems


def test_only_the_functions_own_lines_count() -> None:
    text = "x = []  # type: List[int]\n@wrap\ndef f(x):\n    return x\n{}y = []  # type: List[int]\n"
    assert not lowered(text.format("")).problems
    assert not lowered(text.format("# type: int\n")).problems
    assert lowered(text.format("    # comment\n\n    # type: int\n")).lines == [("JIT514", 7)]
    assert lowered(text.replace("@wrap", "@wrap  # type: int").format("")).lines == [("JIT514", 2)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(x):  # type: (int) -> int", "expected type comment but found 'def' here"),
        ("# type: (int, Tensor", "expected ) but found 'eof' here"),
        ("# type: (List[int) -> int", "expected ] but found ')' here"),
        ("# type: (int) -> List[int", "expected ] but found 'eof' here"),
        ("# type: (x: int) -> int", "expected ) but found ':' here"),
        ("# type: (int) ->", "expected ident but found 'eof' here"),
        ("# type: (int, , int) -> int", "expected ident but found ',' here"),
        ("#type: (int) -> int", "expected type comment but found 'eof' here"),
        ("3  # type: (int) -> int", "expected type comment but found 'number' here"),
        ("'a'  # type: (int) -> int", "expected type comment but found 'string_literal' here"),
    ],
)
def test_parser_stops(text: str, message: str) -> None:
    with pytest.raises(TypeCommentError) as caught:
        parse_type_comment(TypeLine(text, (Piece(0, 7, 0),)))
    assert caught.value.message.startswith(message)
    assert caught.value.line == 7


@pytest.mark.parametrize(
    ("text", "params", "returns"),
    [
        ("# type: () -> int", [], "int"),
        ("# type:(int,)  -> None", ["int"], "None"),
        ("  # type: (int)", ["int"], None),
        ("# type: (int) -> int  # more", ["int"], "int"),
        ("# type: (int) -> int trailing", ["int"], "int"),
        ("# type: (int) -> int) foo", ["int"], "int"),
        ("# type: (Dict[str, 'a)b'], x.Y | None) -> (int, str)", ["Dict[str, 'a)b']", "x.Y | None"], "(int, str)"),
    ],
)
def test_parser_reads(text: str, params: list[str], returns: str | None) -> None:
    comment = parse_type_comment(TypeLine(text, (Piece(0, 7, 0),)))
    assert [ast.unparse(node) for node in comment.params] == params
    assert (comment.returns and ast.unparse(comment.returns)) == returns
