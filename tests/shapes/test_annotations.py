"""Annotations and the compiler's words about them; the expectations are torch 2.13's answers."""

from __future__ import annotations

import ast

import pytest

from jitlint.project.definitions import ClassDefinition
from jitlint.shapes.annotations import (
    annotation_type,
    attribute_annotation_type,
    is_final_annotation,
    parameter_type,
    result_type,
)
from jitlint.shapes.values import Constant, External, OneOf, Subscripted, Unknown, Value
from jitlint.types.model import UNKNOWN, Argument, Type

NAMES: dict[str, Value] = {
    "Tensor": External("torch.Tensor"),
    "torch.Tensor": External("torch.Tensor"),
    "torch.dtype": External("torch.dtype"),
    "torch.Size": External("torch.Size"),
    "torch.LongTensor": External("torch.LongTensor"),
    "nn.Module": External("torch.nn.Module"),
    "nn.Parameter": External("torch.nn.Parameter"),
    "np.ndarray": External("numpy.ndarray"),
    "lib.Thing": External("lib.Thing"),
    "TensorList": Subscripted(External("typing.List"), (External("torch.Tensor"),)),
    "MaybeInt": Subscripted(External("types.UnionType"), (External("builtins.int"), Constant(None))),
    "Either": OneOf(((External("builtins.int"), "a"), (External("builtins.str"), "b"))),
    "Nothing": Constant(None),
    "five": Constant(5),
    "mystery": Unknown(),
    "_size_2_t": External("torch.nn.common_types._size_2_t"),
    "BroadcastingList2": External("torch._jit_internal.BroadcastingList2"),
    **{f"typing.{name}": External(f"typing.{name}") for name in ("Optional", "List", "Tuple", "Union")},
    **{
        name: External(f"typing.{name}")
        for name in (
            "Any", "List", "Dict", "Tuple", "Optional", "Union", "Callable", "Sequence", "Literal", "Final", "ClassVar"
        )
    },
    **{name: External(f"builtins.{name}") for name in ("int", "float", "complex", "str", "bool", "list", "dict", "tuple")},
}  # fmt: skip


class Names:
    """The names above, and no classes."""

    def lookup(self, name: str, /) -> Value | None:
        return NAMES.get(name)

    def class_type(self, definition: ClassDefinition, /) -> Type | None:
        raise AssertionError(definition)

    def external_type(self, name: str, /) -> Type | None:
        return UNKNOWN


class Reports(list[tuple[str, str, str]]):
    """What was reported: code, the text of the node, the compiler's message."""

    def __call__(self, code: str, node: ast.AST, torch_message: str, message: str) -> None:
        self.append((code, ast.unparse(node), torch_message))


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("list[int]", "int[] x"),
        ("Dict[str, List[Tensor]]", "Dict(str, Tensor[]) x"),
        ("Tuple[()]", "() x"),
        ("Optional[int]", "int? x"),
        ("None | int", "int? x"),
        ("Union[int, float, complex]", "Scalar x"),
        ("Union[int, Optional[str]]", "Union(int, NoneType, str) x"),
        ("Union[int, int]", "int x"),
        ("List[Union[int, None]]", "int?[] x"),
        ("TensorList", "Tensor[] x"),
        ("Optional[TensorList]", "Tensor[]? x"),
        ("MaybeInt", "int? x"),
        ("'List[int]'", "int[] x"),
        ("Optional['int']", "int? x"),
        ("torch.dtype", "int x"),
        ("torch.LongTensor", "Tensor x"),
        ("nn.Parameter", "Tensor x"),
        ("list", "list x"),
        ("list | None", "list? x"),
        ("int()", "int x"),
        ("_size_2_t", "int[2] x"),
        ("BroadcastingList2[float]", "float[2] x"),
        ("Optional[BroadcastingList2[int]]", "int[2]? x"),
        ("None", "NoneType x"),
    ],
)
def test_types(text: str, schema: str) -> None:
    reports = Reports()
    type_, size = parameter_type(expression(text), Names(), reports)
    assert not reports
    assert str(Argument("x", type_, size=size)) == schema


@pytest.mark.parametrize(
    "text", ["mystery", "List[mystery]", "Either", "lib.Thing", "Optional[lib.Thing]", "lambda: 1"]
)
def test_what_is_not_known_is_silent(text: str) -> None:
    reports = Reports()
    type_ = annotation_type(expression(text), Names(), reports)
    assert not reports
    assert "Unknown" in str(type_)


@pytest.mark.parametrize(
    ("text", "code", "node", "message"),
    [
        ("missing", "JIT530", "missing", "Unknown type name 'missing'"),
        ("Nothing", "JIT530", "Nothing", "Unknown type name 'Nothing'"),
        ("five", "JIT530", "five", "Unknown type name 'five'"),
        ("dict", "JIT530", "dict", "Unknown type name 'dict'"),
        ("nn.Module", "JIT530", "nn.Module", "Unknown type name 'nn.Module'"),
        ("List[np.ndarray]", "JIT530", "np.ndarray", "Unknown type name 'np.ndarray'"),
        ("np.ndarray | None", "JIT530", "np.ndarray", "Unknown type name 'np.ndarray'"),
        ("Sequence[int]", "JIT530", "Sequence[int]", "Unknown type constructor Sequence"),
        ("Callable[[int], int]", "JIT530", "Callable[[int], int]", "Unknown type constructor Callable"),
        ("Literal['a']", "JIT530", "Literal['a']", "Unknown type constructor Literal"),
        ("typing.Optional['int']", "JIT530", "typing.Optional['int']", "Unknown type constructor typing.Optional"),
        ("Tuple[Callable, int]", "JIT530", "Tuple[Callable, int]", "Can not create tuple with None type"),
        ("Dict[str, list]", "JIT530", "Dict[str, list]", "Unknown type annotation: '<class 'list'>' at "),
        (
            "Optional[nn.Module]",
            "JIT530",
            "Optional[nn.Module]",
            "Unsupported annotation typing.Optional[torch.nn.modules.module.Module] could not be resolved because "
            "<class 'torch.nn.modules.module.Module'> could not be resolved. At\n",
        ),
        (
            "Union[int, Sequence[str], None]",
            "JIT530",
            "Sequence[str]",
            "Unknown type constructor Sequence",
        ),
        (
            "List",
            "JIT531",
            "List",
            "Attempted to use List without a contained type. Please add a contained type, e.g. List[int]",
        ),
        (
            "Optional[Dict]",
            "JIT531",
            "Optional[Dict]",
            "Attempted to use Dict without contained types. Please add contained type, e.g. Dict[int, int]",
        ),
        ("Tuple[int, ...]", "JIT532", "...", "Expression of type dots cannot be used in a type expression"),
        ("(int, str)", "JIT532", "(int, str)", "Expression of type tuple-literal cannot be used in a type expression"),
        ("Dict[str]", "JIT532", "Dict[str]", " expected exactly 2 element types but found 1"),
        ("List[int, str]", "JIT532", "List[int, str]", " expected exactly one element type but found 2"),
        (
            "BroadcastingList2[str]",
            "JIT532",
            "BroadcastingList2",
            "Broadcastable lists only supported for int or float",
        ),
        (
            "Dict[Tuple[int, int], int]",
            "JIT533",
            "Dict[Tuple[int, int], int]",
            "Cannot create dict for key type '(int, int)', only int, float, complex, Tensor, device and string keys are "
            "supported",
        ),
        (
            "Union[Any, int]",
            "JIT534",
            "Union[Any, int]",
            "After type unification was performed, the Union with the original types {Any int, } has the single type "
            "Any. Use the common supertype instead of creating a Uniontype",
        ),
        ("'int | None'", "JIT535", "'int | None'", "Unknown type name 'int | None'"),
        ("'missing'", "JIT530", "'missing'", "Unknown type name 'missing'"),
    ],
)
def test_problems(text: str, code: str, node: str, message: str) -> None:
    reports = Reports()
    parameter_type(expression(text), Names(), reports)
    assert reports == [(code, node, message)]


def test_broadcasting_list_as_result() -> None:
    reports = Reports()
    result_type(expression("_size_2_t"), Names(), reports)
    assert reports == [("JIT532", "_size_2_t", "Broadcastable lists cannot appear as a return type")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("'int'", "Unknown type annotation: 'int' at "),
        ("list", "Unknown type annotation: '<class 'list'>' at "),
        ("List['int']", "Unknown type annotation: 'typing.List[ForwardRef('int')]' at "),
        ("Callable[[Tensor], Tensor]", "Unknown type annotation: 'typing.Callable[[torch.Tensor], torch.Tensor]' at "),
        ("Dict[str, 'int']", "Unknown type annotation: 'ForwardRef('int')' at "),
        ("Tuple[int, ...]", "Error inferring type for a: Can not create tuple with None type"),
    ],
)
def test_attribute_problems(text: str, message: str) -> None:
    reports = Reports()
    attribute_annotation_type(expression(text), Names(), reports, name="a")
    assert [(code, words) for code, _, words in reports] == [("JIT406", message)]


def test_attribute_annotations_are_objects() -> None:
    reports = Reports()
    assert (
        str(attribute_annotation_type(expression("Optional[TensorList]"), Names(), reports)) == "Optional[List[Tensor]]"
    )
    assert not reports
    attribute_annotation_type(expression("int"), Names(), reports, future_annotations=True)
    assert reports == [("JIT406", "int", "Unknown type annotation: 'int' at ")]


@pytest.mark.parametrize(
    ("text", "final"),
    [("Final", True), ("Final[int]", True), ("Optional", True), ("ClassVar[int]", False), ("int", False)],
)
def test_final(text: str, final: bool) -> None:
    assert is_final_annotation(expression(text), Names()) is final
