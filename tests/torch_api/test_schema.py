"""Schema text to schemas."""

from __future__ import annotations

import json

import pytest

from jitlint.torch_api.api import TorchAPI, available, load
from jitlint.torch_api.schema import SchemaError, parse_schema, parse_type, split
from jitlint.types import model
from jitlint.types.model import DictType, ListType, OptionalType, TupleType, VarType


@pytest.fixture(params=available())
def api(request: pytest.FixtureRequest) -> TorchAPI:
    return load(request.param)


def test_operator() -> None:
    text = "aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"
    schema = parse_schema(text)
    assert (schema.name, schema.overload, schema.text, schema.vararg) == ("aten::add", "Tensor", text, False)
    assert [argument.name for argument in schema.arguments] == ["self", "other", "alpha"]
    assert [argument.keyword_only for argument in schema.arguments] == [False, False, True]
    assert schema.arguments[2].type == model.NUMBER
    assert schema.arguments[2].default == "1"
    assert schema.returns == (model.TENSOR,)


def test_named_results() -> None:
    schema = parse_schema("aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)")
    assert schema.returns == (model.TENSOR, model.TENSOR)
    assert schema.return_names == ("values", "indices")


def test_a_tuple_is_one_result() -> None:
    schema = parse_schema("f(Tensor x) -> ((Tensor, int[]))")
    assert schema.returns == (TupleType((model.TENSOR, ListType(model.INT))),)


def test_no_result() -> None:
    assert parse_schema("aten::warn(str message, int stacklevel=2) -> ()").returns == ()


def test_varargs() -> None:
    schema = parse_schema("aten::format(str self, ...) -> str")
    assert schema.vararg
    assert len(schema.arguments) == 1


def test_commas_and_quotes_in_defaults() -> None:
    schema = parse_schema('f(str mode="a, \\"b)", int[2] size=[1, 0], str? end=None) -> Tensor')
    assert [argument.default for argument in schema.arguments] == ['"a, \\"b)"', "[1, 0]", "None"]
    assert schema.arguments[1].size == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tensor(a!)", model.TENSOR),
        ("Tensor(a -> *)", model.TENSOR),
        ("Tensor(a)[]", ListType(model.TENSOR)),
        ("Tensor?[]", ListType(OptionalType(model.TENSOR))),
        ("t[](a!)", ListType(VarType("t"))),
        ("Tensor(a!)[]?", OptionalType(ListType(model.TENSOR))),
        ("SymInt[2]", ListType(model.INT)),
        ("int[1]?", OptionalType(ListType(model.INT))),
        ("Dict(str, tVal)", DictType(model.STR, VarType("tVal"))),
        ("Dict(int, t)(a!)", DictType(model.INT, VarType("t"))),
        ("Future(t)", model.FutureType(VarType("t"))),
        ("RRef(t)", model.RRefType(VarType("t"))),
        ("(int, Tensor)[]", ListType(TupleType((model.INT, model.TENSOR)))),
        ("Optional[List[Tensor]]", OptionalType(ListType(model.TENSOR))),
        ("Tuple[Tensor, Dict[str, int]]", TupleType((model.TENSOR, DictType(model.STR, model.INT)))),
        ("Tuple[()]", TupleType(())),
        ("ScalarType?", OptionalType(model.INT)),
        ("Dimname[]", ListType(model.STR)),
        ("__torch__.torch.classes.quantized.Conv2dPackedParamsBase", None),
    ],
)
def test_types(text: str, expected: model.Type | None) -> None:
    assert parse_type(text) == (expected or model.ClassType(text))


def test_size_is_kept_behind_alias_and_optional() -> None:
    schema = parse_schema("f(int[3]? a, SymInt[2] b, Tensor(a!)[] c, int[] d) -> Tensor")
    assert [argument.size for argument in schema.arguments] == [3, 2, None, None]


@pytest.mark.parametrize("text", ["f", "f(int a", "f(int a)", "f(Unheard a) -> int"])
def test_what_is_no_schema(text: str) -> None:
    with pytest.raises(SchemaError):
        parse_schema(text)


def test_every_schema_of_the_data(api: TorchAPI) -> None:
    """All of them are read, with as many arguments as the text has and no type left over."""
    count = 0
    for op in api.operator_names():
        for schema, text in zip(api.schemas(op), json.loads(api._operators[op]), strict=True):
            assert schema.text == text
            inside = text[text.index("(") + 1 : text.rindex(") -> ")]
            written = [part for part in split(inside) if part not in ("*", "...")]
            assert len(schema.arguments) == len(written)
            assert [argument.name for argument in schema.arguments] == [
                part.partition("=")[0].split()[-1] for part in written
            ]
            assert all(argument.type != model.UNKNOWN for argument in schema.arguments)
            count += 1
    assert count > 3500
