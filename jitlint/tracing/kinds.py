"""What an expression of a traced function gives while it is traced, as far as the code shows it.

While tracing, sizes are tensors in disguise: ``x.size(0)`` and everything computed from it is recorded, until Python
asks for a number or a truth value.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import Enum

from jitlint.project.definitions import Scope
from jitlint.project.project import Project


class Kind(Enum):
    TENSOR = "tensor"
    SIZE = "size"  # a recorded number: an element of a shape
    SHAPE = "shape"
    INPUT = "input"  # an example input: a tensor, or a container of tensors
    PLAIN = "plain"  # a number, a string or a bool of Python's own
    NONE = "none"
    UNKNOWN = "unknown"


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set of names."""
    return frozenset(text.split())


# Methods of a tensor, and functions of torch, whose result is one tensor. Those marked by the second set give several
# tensors once they get arguments.
_TENSOR_NAMES = words(
    """
    abs add addmm all amax amin any argmax argmin bmm clamp clone contiguous cos cumsum detach div double eq exp
    expand flatten float floor gather ge gt index_select int isnan le log log_softmax logsumexp long lt
    masked_fill matmul max mean min mm mul ne neg norm permute pow prod reshape round rsqrt scatter sigmoid sin
    softmax sqrt square squeeze std sub sum tanh to transpose tril triu unsqueeze var view where
    """
)
_SEVERAL_WITH_ARGUMENTS = frozenset({"max", "min"})
_FUNCTIONS = _TENSOR_NAMES | words(
    """
    arange as_tensor bincount cat einsum empty eye from_numpy full full_like linspace ones ones_like rand rand_like
    randn randn_like relu stack tensor zeros zeros_like
    """
)
_LAYERS = words(
    """
    Linear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d BatchNorm1d BatchNorm2d BatchNorm3d LayerNorm
    GroupNorm ReLU GELU SiLU Sigmoid Tanh Softmax Dropout Embedding Flatten AvgPool2d AdaptiveAvgPool2d
    """
)
_PLAIN_METHODS = frozenset({"dim", "item", "is_contiguous", "is_floating_point", "get_device", "element_size"})
_PLAIN_CALLS = frozenset({"int", "float", "bool", "str", "len"})


class Kinds:
    """The kinds of the names of one function, and of the expressions over them."""

    def __init__(self, project: Project, scope: Scope, names: dict[str, Kind], layers: Mapping[str, str]) -> None:
        self.project = project
        self.scope = scope
        self.names = names
        self.layers = layers  # attributes of self that hold layers: the class's dotted name

    def external(self, expr: ast.expr) -> str:
        """The dotted name of something from another package, '' for anything else."""
        root = expr
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.names:
            return ""
        return self.project.external_name(self.scope, expr) or ""

    def of(self, expr: ast.expr) -> Kind:
        """The kind of an expression."""
        match expr:
            case ast.Name(id=name):
                return self.names.get(name, Kind.UNKNOWN)
            case ast.Constant(value=None):
                return Kind.NONE
            case ast.Constant(value=bool() | int() | float() | complex() | str()) | ast.JoinedStr():
                return Kind.PLAIN
            case ast.BinOp(left=left, right=right):
                return _combined((self.of(left), self.of(right)))
            case ast.UnaryOp(op=ast.USub() | ast.Invert() | ast.UAdd(), operand=operand):
                return self.of(operand)
            case ast.UnaryOp():
                return Kind.PLAIN
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                if any(isinstance(op, ast.Is | ast.IsNot | ast.In | ast.NotIn) for op in ops):
                    return Kind.PLAIN if len(ops) == 1 else Kind.UNKNOWN
                if len(ops) > 1:
                    return Kind.UNKNOWN
                return _combined((self.of(left), self.of(comparators[0])), shape=Kind.SIZE)
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self.of(body), self.of(orelse)
                return one if one is other else Kind.UNKNOWN
            case ast.Attribute(value=value, attr=attr):
                return self._attribute(self.of(value), attr)
            case ast.Subscript(value=value, slice=index):
                return self._element(self.of(value), index)
            case ast.Call():
                return self._call(expr)
        return Kind.UNKNOWN

    def _attribute(self, base: Kind, attr: str) -> Kind:
        if base in (Kind.TENSOR, Kind.INPUT):
            if attr == "shape":
                return Kind.SHAPE
            if attr in ("data", "T", "mT") and base is Kind.TENSOR:
                return Kind.TENSOR
        return Kind.UNKNOWN

    def _element(self, base: Kind, index: ast.expr) -> Kind:
        if base is Kind.SHAPE:
            return Kind.SHAPE if isinstance(index, ast.Slice) else Kind.SIZE
        return Kind.TENSOR if base is Kind.TENSOR else Kind.UNKNOWN

    def _call(self, call: ast.Call) -> Kind:
        function = call.func
        name = self.external(function)
        if name:
            module, _, last = name.rpartition(".")
            if module == "builtins":
                return Kind.PLAIN if last in _PLAIN_CALLS else Kind.UNKNOWN
            if module in ("torch", "torch.nn.functional", "torch.functional"):
                several = last in _SEVERAL_WITH_ARGUMENTS and len(call.args) + len(call.keywords) > 1
                known = last in _FUNCTIONS or name == "torch.nn.functional.dropout"
                return Kind.TENSOR if known and not several else Kind.UNKNOWN
            return Kind.UNKNOWN
        if not isinstance(function, ast.Attribute):
            return Kind.UNKNOWN
        if isinstance(function.value, ast.Name) and function.value.id == "self":
            layer = self.layers.get(function.attr, "")
            return Kind.TENSOR if layer.rpartition(".")[2] in _LAYERS else Kind.UNKNOWN
        base, method = self.of(function.value), function.attr
        if base not in (Kind.TENSOR, Kind.INPUT):
            return Kind.UNKNOWN
        if method == "size":
            return Kind.SIZE if call.args or call.keywords else Kind.SHAPE
        if method in _PLAIN_METHODS:
            return Kind.PLAIN
        if method == "numel":
            return Kind.SIZE
        several = method in _SEVERAL_WITH_ARGUMENTS and bool(call.args or call.keywords)
        return Kind.TENSOR if method in _TENSOR_NAMES and not several else Kind.UNKNOWN


def _combined(kinds: tuple[Kind, Kind], shape: Kind = Kind.SHAPE) -> Kind:
    """The kind of an operation on two values."""
    if Kind.TENSOR in kinds:
        return Kind.TENSOR
    if Kind.UNKNOWN in kinds or Kind.INPUT in kinds:
        return Kind.UNKNOWN
    if Kind.SHAPE in kinds:
        return shape
    return Kind.SIZE if Kind.SIZE in kinds else Kind.PLAIN
