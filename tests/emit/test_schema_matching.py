"""Overload resolution; the texts are torch 2.13's."""

from __future__ import annotations

import pytest

from jitlint.emit.schema_matching import ArgValue, Failure, Match, match_schemas
from jitlint.types.model import (
    ANY,
    BOOL,
    FLOAT,
    INFERRED_TENSOR,
    INT,
    NONE,
    NUMBER,
    STR,
    TENSOR,
    UNKNOWN,
    Argument,
    ListType,
    OptionalType,
    Schema,
    TupleType,
    Type,
    VarType,
)

T = VarType("t")
RELU = (
    Schema("aten::relu", (Argument("self", TENSOR),), (TENSOR,)),
    Schema(
        "aten::relu",
        (Argument("self", TENSOR), Argument("out", TENSOR, keyword_only=True)),
        (TENSOR,),
        "out",
        text="aten::relu.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!)",
    ),
)
ADD = (
    Schema("aten::add", (Argument("self", TENSOR), Argument("other", TENSOR)), (TENSOR,), "Tensor"),
    Schema("aten::add", (Argument("self", TENSOR), Argument("other", NUMBER)), (TENSOR,), "Scalar"),
    Schema("aten::add", (Argument("a", ListType(T)), Argument("b", ListType(T))), (ListType(T),), "t"),
    Schema("aten::add", (Argument("a", INT), Argument("b", INT)), (INT,), "int"),
    Schema("aten::add", (Argument("a", FLOAT), Argument("b", FLOAT)), (FLOAT,), "float"),
)
ZEROS = (Schema("aten::zeros", (Argument("size", ListType(INT)), Argument("n", INT, "0", True)), (TENSOR,)),)
POOL = (Schema("aten::pool", (Argument("self", TENSOR), Argument("k", ListType(INT), size=2)), (TENSOR,)),)
LEN = (Schema("aten::len", (Argument("a", ListType(T)),), (INT,), "t"),)


def args(*types: Type) -> list[ArgValue]:
    return [ArgValue(type_) for type_ in types]


def result(found: Match | Failure) -> Type:
    assert isinstance(found, Match), found
    return found.result_type


def reason(found: Match | Failure) -> str:
    assert isinstance(found, Failure), found
    return found.torch_message


@pytest.mark.parametrize(
    ("schemas", "types", "expected"),
    [
        (ADD, (TENSOR, TENSOR), TENSOR),
        (ADD, (TENSOR, INT), TENSOR),
        (ADD, (INT, INT), INT),
        (ADD, (ListType(STR), ListType(STR)), ListType(STR)),
        (ADD, (TupleType((INT, INT)), ListType(INT)), ListType(INT)),
        (ADD, (BOOL, INT), INT),
        (ADD, (INT, TENSOR), INT),
        (ZEROS, (INT, INT), TENSOR),
        (ZEROS, (TupleType((INT, TENSOR)),), None),
        (POOL, (TENSOR, INT), TENSOR),
        (POOL, (TENSOR, FLOAT), None),
        (LEN, (TupleType((INT, INT)),), INT),
        (LEN, (STR,), None),
    ],
)
def test_match(schemas: tuple[Schema, ...], types: tuple[Type, ...], expected: Type | None) -> None:
    found = match_schemas(schemas, args(*types))
    assert (found.result_type if isinstance(found, Match) else None) == expected


def test_bindings() -> None:
    schema = Schema(
        "f", (Argument("self", TENSOR), Argument("a", INT), Argument("b", INT, "1"), Argument("c", INT)), (NONE,)
    )
    found = match_schemas((schema,), args(INT), [("c", ArgValue(INT))], ArgValue(TENSOR))
    assert isinstance(found, Match)
    assert found.bindings == (-1, 0, None, "c")


def test_input_is_self_for_operators() -> None:
    assert isinstance(match_schemas(RELU, [], [("input", ArgValue(TENSOR))]), Match)


def test_empty_literal_fits_every_list() -> None:
    assert result(match_schemas(ZEROS, [ArgValue(ListType(TENSOR), empty_list=True)])) == TENSOR
    assert isinstance(match_schemas(ZEROS, args(ListType(TENSOR))), Failure)


def test_named_results() -> None:
    schema = Schema(
        "aten::max", (Argument("self", TENSOR),), (TENSOR, TENSOR), "dim", return_names=("values", "indices")
    )
    assert result(match_schemas((schema,), args(TENSOR))) == TupleType((TENSOR, TENSOR), None, ("values", "indices"))
    assert result(match_schemas((Schema("aten::warn", (), ()),), [])) == TupleType(())


def test_messages_of_several() -> None:
    assert reason(match_schemas(RELU, args(STR))) == (
        "Arguments for call are not valid.\n"
        "The following variants are available:\n"
        "  \n"
        "  aten::relu(Tensor self) -> Tensor:\n"
        "  Expected a value of type 'Tensor' for argument 'self' but instead found type 'str'.\n"
        "  \n"
        "  aten::relu.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!):\n"
        "  Expected a value of type 'Tensor' for argument 'self' but instead found type 'str'.\n"
        "\nThe original call is"
    )
    assert "Could not match type str to List[t] in argument 'a': Cannot match List[t] to str." in reason(
        match_schemas(ADD, args(STR, STR))
    )


@pytest.mark.parametrize(
    ("formal", "actual", "text"),
    [
        (STR, INT, "Expected a value of type 'str' for argument 'a' but instead found type 'int'.\n"),
        (
            INFERRED_TENSOR,
            INT,
            "Expected a value of type 'Tensor (inferred)' for argument 'a' but instead found type 'int'.\n"
            "Inferred 'a' to be of type 'Tensor' because it was not annotated with an explicit type.\n",
        ),
        (
            STR,
            INFERRED_TENSOR,
            "Expected a value of type 'str' for argument 'a' but instead found type 'Tensor (inferred)'.\n"
            "Inferred the value for argument 'a' to be of type 'Tensor' because it was not annotated with an explicit "
            "type.\n",
        ),
    ],
)
def test_message_of_one(formal: Type, actual: Type, text: str) -> None:
    schema = Schema("g", (Argument("a", formal),), (INT,))
    assert reason(match_schemas((schema,), args(actual))) == f"\n{schema}:\n{text}"


@pytest.mark.parametrize(
    ("types", "keywords", "text"),
    [
        ((TENSOR, TENSOR), (), "Expected at most 1 arguments but found 2 positional arguments."),
        ((), (), "Argument x not provided."),
        ((TENSOR,), ("foo",), "Keyword argument foo unknown."),
        ((TENSOR,), ("x",), "Keyword argument x specified twice."),
    ],
)
def test_arity(types: tuple[Type, ...], keywords: tuple[str, ...], text: str) -> None:
    schema = Schema("g", (Argument("x", TENSOR),), (INT,))
    assert text in reason(match_schemas((schema,), args(*types), [(name, ArgValue(INT)) for name in keywords]))


def test_unknown_matches_what_it_could() -> None:
    one = match_schemas(ADD, args(TENSOR, UNKNOWN))
    assert isinstance(one, Match)
    assert (one.result_type, one.certain) == (TENSOR, False)
    assert result(match_schemas(ADD, args(INT, UNKNOWN))) == INT
    assert result(match_schemas(ADD, args(UNKNOWN, UNKNOWN))) == UNKNOWN
    assert isinstance(match_schemas(RELU, args(UNKNOWN, UNKNOWN)), Failure)
    anything = (Schema("f", (Argument("a", ANY),), (STR,)),)
    assert match_schemas(anything, args(UNKNOWN)) == Match(anything[0], STR, (0,), True)
    assert result(match_schemas(LEN, args(ListType(UNKNOWN)))) == INT
    assert result(match_schemas(ZEROS, args(UNKNOWN))) == TENSOR
    assert isinstance(match_schemas(POOL, args(TENSOR, OptionalType(UNKNOWN))), Failure)
