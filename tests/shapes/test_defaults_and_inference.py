"""Default values and inferred types; the expectations are torch 2.13's answers."""

from __future__ import annotations

import pytest

from jitlint.shapes.defaults import default_fits
from jitlint.shapes.inference import Failure, infer_value_type
from jitlint.shapes.values import (
    Constant,
    External,
    Instance,
    Lambda,
    Mapping,
    ModuleInstance,
    ModuleShape,
    OneOf,
    Parameter,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import (
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INFERRED_TENSOR,
    INT,
    NUMBER,
    STR,
    TENSOR,
    UNKNOWN,
    ClassType,
    ListType,
    OptionalType,
    TupleType,
    Type,
)
from jitlint.types.relations import union_of

NONE = Constant(None)
DTYPE = Instance(External("torch.dtype"))


def tuple_of(*items: Value) -> Sequence:
    return Sequence("tuple", items)


def list_of(*items: Value) -> Sequence:
    return Sequence("list", items)


@pytest.mark.parametrize(
    ("type_", "value", "fits"),
    [
        (INT, Constant(True), True),
        (INT, Constant(1.0), False),
        (INT, NONE, False),
        (INT, DTYPE, True),
        (FLOAT, Constant(1), True),
        (FLOAT, Constant(1j), False),
        (BOOL, NONE, True),
        (BOOL, Constant("a"), False),
        (COMPLEX, Constant(1), True),
        (NUMBER, NONE, False),
        (STR, Constant(b"a"), True),
        (DEVICE, Constant("cuda:0"), True),
        (DEVICE, Constant("gpu"), False),
        (TENSOR, NONE, True),
        (TENSOR, Constant(1), False),
        (OptionalType(INT), NONE, True),
        (OptionalType(INT), Constant(1.5), False),
        (union_of((FLOAT, STR)), Constant(1), False),
        (ListType(INT), tuple_of(Constant(1), Constant(2)), True),
        (ListType(INT), Constant(1), False),
        (ListType(FLOAT), tuple_of(Constant(1)), True),
        (TupleType((INT, FLOAT)), tuple_of(Constant(1), Constant(2)), True),
        (TupleType((INT, FLOAT)), tuple_of(Constant(1)), False),
        (INT, Unknown(), True),
        (INT, OneOf(((Constant(1), "a"), (Constant("x"), "b"))), True),
        (INT, OneOf(((Constant(1.5), "a"), (Constant("x"), "b"))), False),
        (UNKNOWN, Constant(1), True),
    ],
)
def test_default_fits(type_: Type, value: Value, fits: bool) -> None:
    assert (default_fits(type_, value, "x") is None) is fits


def test_default_messages() -> None:
    assert default_fits(INT, Constant(1.5), "k") == 'Expected a default value of type int on parameter "k".'
    assert default_fits(INFERRED_TENSOR, Constant(1), "k") == (
        'Expected a default value of type Tensor (inferred) on parameter "k".Because "k" was not annotated with an '
        "explicit type it is assumed to be type 'Tensor'."
    )
    mutable = "Mutable default parameters are not supported because Python binds them to the function"
    for type_, value in (
        (ListType(INT), list_of(Constant(1))),
        (OptionalType(STR), Mapping(())),
        (TENSOR, tuple_of(list_of())),
        (ClassType("__torch__.m.K"), NONE),
    ):
        message = default_fits(type_, value, "k")
        assert message is not None
        assert message.startswith(mutable)
        assert message.endswith("on parameter k")


def test_broadcasting_default() -> None:
    assert default_fits(ListType(INT), Constant(1), "k", 2) is None
    assert default_fits(ListType(INT), Constant(1.0), "k", 2) is not None


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        (list_of(Constant(1), NONE), "List[Optional[int]]"),
        (tuple_of(Constant(1), Constant("a")), "Tuple[int, str]"),
        (tuple_of(), "Tuple[()]"),
        (Mapping(((Constant("a"), NONE), (Constant("b"), Constant(1)))), "Dict[str, Optional[int]]"),
        (Constant(b"a"), "str"),
        (Parameter(), "Tensor"),
        (DTYPE, "int"),
        (Typed(FLOAT), "float"),
        (list_of(Unknown()), "List[Unknown]"),
        (OneOf(((Constant(1), ""), (Constant(2), ""))), "int"),
        (OneOf(((Constant(1), ""), (NONE, ""))), "Unknown"),
    ],
)
def test_inferred(value: Value, spelling: str) -> None:
    assert str(infer_value_type(value)) == spelling


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (list_of(), "List trace inputs must have elements"),
        (Mapping(()), "Dictionary inputs must have entries"),
        (tuple_of(Mapping(())), "Dictionary inputs must have entries"),
        (list_of(list_of()), "Could not infer type of list element: List trace inputs must have elements"),
        (
            list_of(Constant(1), Constant(1.0)),
            "List inputs to traced functions must have consistent element type. Found int and float",
        ),
        (
            Mapping(((Constant("a"), Constant(1)), (Constant(2), Constant(3)))),
            "Dictionary inputs to traced functions must have consistent type. Found str and int",
        ),
        (ModuleInstance(ModuleShape(External("torch.nn.Linear"))), "Cannot infer concrete type of torch.nn.Module"),
        (Lambda(None), "instead got value of type function."),  # type: ignore[arg-type]
        (Sequence("set", ()), "instead got value of type set."),
    ],
)
def test_not_inferred(value: Value, reason: str) -> None:
    found = infer_value_type(value)
    assert isinstance(found, Failure)
    assert found.reason.endswith(reason)


def test_hint_of_a_failed_attribute() -> None:
    found = infer_value_type(Sequence("set", ()))
    assert isinstance(found, Failure)
    assert found.hint == (
        "(This attribute exists on the Python module, but we failed to convert Python type: 'set' to a TorchScript "
        "type. Only tensors and (possibly nested) tuples of tensors, lists, or dicts are supported as inputs or outputs "
        "of traced functions, but instead got value of type set.. Its type was inferred; try adding a type annotation "
        "for the attribute.)"
    )


def test_a_key_no_dict_can_have_raises() -> None:
    found = infer_value_type(Mapping(((tuple_of(Constant(1)), Constant(1)),)))
    assert isinstance(found, Failure)
    assert found.raises
