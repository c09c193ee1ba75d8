"""Subtyping, unification, unions and printing; the expectations are torch 2.13's answers."""

from __future__ import annotations

import pytest

from jitlint.types.model import (
    ANY,
    ANY_LIST,
    ANY_TUPLE,
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INFERRED_TENSOR,
    INT,
    NONE,
    NUMBER,
    STR,
    TENSOR,
    UNKNOWN,
    Argument,
    ClassType,
    DictType,
    EnumType,
    FutureType,
    InterfaceType,
    ListType,
    OptionalType,
    Schema,
    TupleType,
    Type,
    UnionType,
    VarType,
)
from jitlint.types.relations import (
    convert,
    is_subtype,
    optional_of,
    substitute,
    subtract,
    surely_subtype,
    unify,
    unify_all,
    union_of,
    union_problem,
    without_none,
)

INT_OR_STR = union_of((INT, STR))
COLOR = EnumType("__torch__.m.Color", INT)
POINT = TupleType((INT, INT), "__torch__.m.Point", ("x", "y"))


@pytest.mark.parametrize(
    ("type_", "spelling"),
    [
        (NUMBER, "number"),
        (INFERRED_TENSOR, "Tensor (inferred)"),
        (ListType(INFERRED_TENSOR), "List[Tensor]"),
        (DictType(STR, OptionalType(TENSOR)), "Dict[str, Optional[Tensor]]"),
        (TupleType(()), "Tuple[()]"),
        (POINT, "__torch__.m.Point"),
        (TupleType((INT, INT), None, ("values", "indices")), "Tuple[int, int]"),
        (COLOR, "Enum<__torch__.m.Color>"),
        (ListType(COLOR), "List[__torch__.m.Color]"),
        (InterfaceType("__torch__.m.I"), "__torch__.m.I"),
        (FutureType(INT), "Future[int]"),
        (union_of((STR, INT, NONE)), "Union[int, NoneType, str]"),
        (union_of((INT, FLOAT, COMPLEX, STR)), "Union[, str, number]"),
        (
            union_of((DEVICE, INT, STR, TENSOR, BOOL, NONE, DictType(STR, INT), ListType(INT), TupleType((INT, STR)))),
            "Union[Tensor, Tuple[int, str], List[int], Dict[str, int], int, NoneType, str, bool, Device]",
        ),
    ],
)
def test_spelling(type_: Type, spelling: str) -> None:
    assert str(type_) == spelling


def test_schema_spelling() -> None:
    arguments = (
        Argument("a", COLOR),
        Argument("i", InterfaceType("__torch__.m.I")),
        Argument("u", INT_OR_STR),
        Argument("n", NUMBER),
        Argument("size", OptionalType(ListType(INT)), "None", size=2),
        Argument("f", FutureType(INT), keyword_only=True),
    )
    schema = Schema("g", arguments, (TupleType((INT, POINT)),))
    assert str(schema) == (
        "g(Enum<__torch__.m.Color> a, InterfaceType<I> i, Union(int, str) u, Scalar n, int[2]? size=None, *, "
        "Future(int) f) -> ((int, __torch__.m.Point))"
    )


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        (BOOL, INT, False),
        (INT, FLOAT, False),
        (INT, NUMBER, True),
        (BOOL, NUMBER, False),
        (union_of((INT, FLOAT)), NUMBER, True),
        (NUMBER, union_of((INT, FLOAT, COMPLEX, STR)), True),
        (NONE, OptionalType(TENSOR), True),
        (OptionalType(INT), union_of((INT, STR, NONE)), True),
        (OptionalType(INT), INT_OR_STR, False),
        (ListType(INT), ListType(OptionalType(INT)), False),
        (TupleType((INT, NONE)), TupleType((INT, OptionalType(STR))), True),
        (POINT, TupleType((INT, INT)), True),
        (TupleType((INT, INT)), POINT, False),
        (ListType(INT), ANY_LIST, True),
        (POINT, ANY_TUPLE, True),
        (ANY, INT, False),
        (ClassType("__torch__.m.A"), ClassType("__torch__.m.B"), False),
        (ClassType("__torch__.m.A"), InterfaceType("__torch__.m.I"), True),
    ],
)
def test_subtype(first: Type, second: Type, fits: bool) -> None:
    assert is_subtype(first, second) is fits
    assert surely_subtype(first, second) is fits


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (UNKNOWN, INT),
        (INT, UNKNOWN),
        (ListType(UNKNOWN), ListType(INT)),
        (TupleType((UNKNOWN, INT)), TupleType((STR, INT))),
        (OptionalType(UNKNOWN), union_of((INT, STR, NONE))),
    ],
)
def test_what_is_not_known_fits_but_not_surely(first: Type, second: Type) -> None:
    assert is_subtype(first, second)
    assert not surely_subtype(first, second)


def test_unknown_does_not_reach_beyond_its_place() -> None:
    assert not is_subtype(ListType(UNKNOWN), DictType(STR, INT))
    assert not is_subtype(TupleType((UNKNOWN, INT)), TupleType((UNKNOWN, STR)))


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (INT, FLOAT, None),
        (INT, NONE, OptionalType(INT)),
        (OptionalType(INT), INT, OptionalType(INT)),
        (OptionalType(TupleType((INT,))), TupleType((NONE,)), OptionalType(TupleType((OptionalType(INT),)))),
        (TupleType((INT, NONE)), TupleType((NONE, STR)), TupleType((OptionalType(INT), OptionalType(STR)))),
        (TupleType((INT,)), TupleType((INT, INT)), None),
        (ListType(INT), ListType(FLOAT), None),
        (ListType(UNKNOWN), ListType(FLOAT), ListType(FLOAT)),
        (UNKNOWN, FLOAT, UNKNOWN),
        (TENSOR, INFERRED_TENSOR, TENSOR),
    ],
)
def test_unify(first: Type, second: Type, joined: Type | None) -> None:
    assert unify(first, second) == joined


def test_unify_falls_back() -> None:
    assert unify(INT, STR, default_to_union=True) == INT_OR_STR
    interface = InterfaceType("__torch__.m.I")
    assert unify(ClassType("__torch__.m.A"), ClassType("__torch__.m.B"), hint=interface) == interface


def test_unify_all_says_why() -> None:
    assert unify_all([INT, INT, STR]) == (
        None,
        "Could not unify type list since element 2 of type str did not match the types before it (int)",
    )


def test_unions_are_flat_and_without_subtypes() -> None:
    assert union_of((OptionalType(INT), NONE)) == OptionalType(INT)
    assert union_of((OptionalType(INT), STR)) == UnionType((INT, NONE, STR))
    assert union_of((INT, FLOAT, COMPLEX, NONE)) == OptionalType(NUMBER)
    assert optional_of(OptionalType(INT)) == OptionalType(INT)
    assert union_problem((INT, STR)) is None
    assert union_problem((ANY, INT, STR)) == (
        "After type unification was performed, the Union with the original types {Any int, str, } has the single type "
        "Any. Use the common supertype instead of creating a Uniontype"
    )


def test_refinement() -> None:
    assert without_none(union_of((INT, STR, NONE))) == INT_OR_STR
    assert subtract(union_of((INT, STR, NONE)), (STR, NONE)) == INT
    assert subtract(OptionalType(INT), (INT, NONE)) is None


def test_substitute() -> None:
    assert substitute(DictType(STR, ListType(VarType("t"))), {"t": INT}) == DictType(STR, ListType(INT))
    assert substitute(VarType("t"), {}) is None


@pytest.mark.parametrize(
    ("type_", "wanted", "result"),
    [
        (TENSOR, INT, INT),
        (TENSOR, BOOL, TENSOR),
        (BOOL, FLOAT, FLOAT),
        (BOOL, COMPLEX, BOOL),
        (NUMBER, OptionalType(FLOAT), FLOAT),
        (STR, DEVICE, DEVICE),
        (INT, FLOAT, INT),
        (TupleType((INT, INT)), OptionalType(ListType(INT)), ListType(INT)),
        (TupleType((TENSOR, BOOL)), TupleType((INT, INT)), TupleType((INT, INT))),
    ],
)
def test_convert(type_: Type, wanted: Type, result: Type) -> None:
    assert convert(type_, wanted) == result
