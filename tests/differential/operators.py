"""Calls of torch's operators with arguments made to fit one of their schemas, as functions and as methods."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jitlint.torch_api.api import load
from jitlint.types.model import Argument, ListType, OptionalType, Schema, TensorType, Type

if TYPE_CHECKING:
    from differential.generator import Writer
    from differential.kinds import Kind

NAMES = """
abs add addcmul addmm all allclose amax amin any arange argmax argmin argsort as_strided baddbmm bernoulli bincount bmm
broadcast_to bucketize cat cdist ceil chunk clamp clamp_min clone complex conv1d conv2d cos count_nonzero cross cummax
cumprod cumsum diag diagonal diff dist div dot dropout embedding empty empty_like eq erf exp expand_as eye
fft_fft flatten flip floor_divide fmod full full_like gather ge group_norm gt histc hstack index_add index_fill
index_select isclose isfinite isin isnan kthvalue layer_norm lerp linspace log log_softmax logical_and logical_not logspace
logsumexp lt masked_fill masked_select matmul max maximum mean median meshgrid min mm mode movedim mul multinomial mv
nan_to_num narrow ne neg norm normal nonzero numel ones ones_like outer permute pow prod quantile rand rand_like randint
randn randperm reciprocal relu repeat_interleave reshape roll round rsqrt scatter scatter_add searchsorted select sigmoid sign
sin softmax sort split sqrt square squeeze stack std std_mean sub sum swapaxes t take tanh tensor_split tensordot tile
topk trace transpose tril triu true_divide unbind unfold unsqueeze var var_mean view_as vstack where zeros zeros_like
""".split()
TENSOR: Kind = ("Tensor",)
SIMPLE: dict[str, Kind] = {
    "int": ("int",), "float": ("float",), "bool": ("bool",), "str": ("str",), "Device": ("device",), "number": ("float",),
}  # fmt: skip
DTYPES = ("torch.float32", "torch.int64", "torch.bool", "torch.float")


@cache
def schemas(name: str) -> tuple[Schema, ...]:
    """The overloads that a program can call: none that writes into `out`, none with names of dimensions."""
    return tuple(
        one
        for one in load("2.13.0").schemas(f"aten::{name}")
        if "out" not in {argument.name for argument in one.arguments} and "Dimname" not in one.text
    )


def operator_call(writer: Writer, depth: int) -> str:
    """A call of an operator on tensors, numbers and what else it takes; sometimes with an argument of another kind."""
    known = schemas(writer.one(NAMES))
    if not known:
        return "torch.relu(torch.ones([2, 3]))"
    schema = writer.one(known)
    arguments = list(schema.arguments)
    name = schema.name.removeprefix("aten::")
    text = f"torch.{name}"
    if arguments and isinstance(arguments[0].type, TensorType) and writer.chance(400):
        text = f"{writer.expr(TENSOR, depth - 1)}.{name}"
        arguments = arguments[1:]
    given: list[str] = []
    named = False
    for argument in arguments:
        optional = argument.default is not None
        if optional and writer.chance(650):
            named = True
            continue
        named = named or argument.keyword_only or writer.chance(150)
        value = _value(writer, argument, depth - 1)
        given.append(f"{argument.name}={value}" if named else value)
    return f"{text}({', '.join(given)})"


def _value(writer: Writer, argument: Argument, depth: int) -> str:
    kind: Type = argument.type
    if writer.chance(25):
        return writer.expr(writer.kind(), 0)
    if isinstance(kind, OptionalType):
        if writer.chance(250):
            return writer.expr(("Optional", _kind(writer, kind.element)), 0)
        kind = kind.element
    if isinstance(kind, ListType) and writer.chance(300):
        element = _kind(writer, kind.element)
        return writer.one([writer.expr(element, 0), f"({writer.expr(element, 0)}, {writer.expr(element, 0)})"])
    if argument.name == "dtype":
        return writer.one(DTYPES)
    return writer.expr(_kind(writer, kind), depth)


def _kind(writer: Writer, kind: Type) -> Kind:
    if isinstance(kind, TensorType):
        return TENSOR
    if isinstance(kind, OptionalType):
        return ("Optional", _kind(writer, kind.element))
    if isinstance(kind, ListType):
        return ("List", _kind(writer, kind.element))
    if str(kind) == "number":
        return writer.one([("int",), ("float",)])
    return SIMPLE.get(str(kind), ("int",))
