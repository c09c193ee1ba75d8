"""What is seen behind less direct spellings: the program is accepted, and an error put into what is seen is found.

The first text of each is right; the others, put for `{0}` in it, are wrong. `test_against_torch` asks the compiler.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from jitlint.analysis import Session

PRELUDE = """\
import collections, torch
from typing import *
import torch.nn.functional as F
from torch import Tensor, nn
"""
OF_TYPE = """
class Named(nn.Module):
    @property
    def {0}(self):
        return self.__class__.__qualname__
class Entry(Named):
    def forward(self, x):
        return x
"""
MIXIN = """
class Part(nn.Module):
    def forward(self, x):
        return x{1}
class Mixin(nn.Module):
    def __init__(self, scale=2.0):
        super().__init__()
        self.part, self.scale = Part(), scale
class Entry(nn.Linear, Mixin):
    def __init__(self):
        super().__init__(3, 3)
    def forward(self, x):
        return self.part(F.linear(x, self.weight, self.bias)) * {0}
"""
PACKED = """
from torch.nn.utils.rnn import PackedSequence
class Entry(nn.Module):
    def forward(self, x: PackedSequence) -> Tuple[PackedSequence, Tensor]:
        data, sizes, order, back = x
        return PackedSequence(data, sizes, order, back), x.{0}
"""
OPS = """
from torch._ops import ops
class Entry(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return ops.aten.{0}
"""
LIMITS = """
class Entry(nn.Module):
    def __init__(self, dtype=torch.float16):
        super().__init__()
        self.info = torch.finfo(torch.float32)
        self.most = torch.iinfo(torch.int64).max
        self.eps, self.other = torch.finfo(torch.float32).eps, torch.finfo(dtype).tiny
    def forward(self, x: Tensor):
        n: int = {0}
        return x * self.eps + self.other + n
"""
REBOUND = """
class Box:
    def __init__(self, size: int):
        self.size = size
Box = torch.jit.script(Box)
def double(x):
    return x * 2
double = torch.jit.script(double)
class Entry(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return double({0}) * Box({1}).size
"""
REGISTRY = """
class Bad(nn.Module):
    def forward(self, x):
        return x.nothing()
class Registry(collections.OrderedDict):
    def __getitem__(self, name):
        found = super().__getitem__(name)
        cls, options = found if isinstance(found, tuple) else (found, {{}})
        return cls(**options)
LAYERS = Registry({{"relu": nn.ReLU, "leaky": (nn.LeakyReLU, {{"negative_slope": 0.2}}), "bad": Bad}})
class Filled(dict):
    def __init__(self):
        super().__init__()
        self["tanh"] = nn.Tanh
        self.update(bad=Bad)
    def __missing__(self, name):
        return nn.Sigmoid
FILLED = Filled()
class Entry(nn.Module):
    def __init__(self, name="leaky"):
        super().__init__()
        self.first, self.second, self.third = LAYERS[{0}], FILLED[{1}](), FILLED["other"]()
    def forward(self, x):
        return self.third(self.second(self.first(x))) * self.first.negative_slope
"""
CONV = """
from torch.nn.modules.conv import _ConvNd
class Conv(_ConvNd):
    def __init__(self):
        _ConvNd.__init__(self, 3, 4, (3,), (1,), (0,), (1,), False, (0,), 1, True, "zeros")
class Entry(Conv, nn.Conv1d):
    def __init__(self):
        Conv.__init__(self)
    def forward(self, x: Tensor) -> Tensor:
        return self._conv_forward(x, self.weight, self.{0}) * self.kernel_size[0]
"""
TUPLES = """
Pair = collections.namedtuple("Pair", "first, second", defaults=(None,))
Pair.__annotations__ = {{"first": Tensor, "second": Optional[Tensor]}}
Plain = collections.namedtuple("Plain", ["x", "y"])
Typed = NamedTuple("Typed", [("x", Tensor), ("n", int)])
class Entry(nn.Module):
    def __init__(self):
        super().__init__()
        self.made = Plain
    def forward(self, x: Tensor, given: Optional[Pair]) -> Tuple[Pair, Typed]:
        one = Pair(first=x)
        if given is not None:
            one = given
        other = Plain(x, {0}).y
        return one, Typed(x, {1})
"""
BY_CLASS = """
class Base(nn.Linear):
    def __init__(self):
        nn.Linear.__init__(self, 3, 3)
        self.fill()
    def fill(self):
        object.__setattr__(self, "width", 2)
        nn.Module.register_buffer(self, "mask", torch.ones(3))
class Entry(Base):
    def __init__(self):
        {0}.__init__({1})
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias) * self.width + self.mask
"""
UNNAMED = """
class Part(nn.Module):
    def __init__(self, fails=False):
        super().__init__()
    def forward(self, x):
        return x{1}
class Tensors(nn.Module):
    def __init__(self, count):
        super().__init__()
        for number in range(count):
            self.register_parameter(f"weight{{number}}", nn.Parameter(torch.ones(3)))
            self.register_buffer(f"mask{{number}}", torch.ones(3))
    def forward(self, x):
        return x
class Entry({0}):
    def __init__(self):
        super().__init__()
        self.count = torch.randint(2, 5, (1,)).item()
        for number in range(int(self.count)):
            {2}
        self.tensors = Tensors(int(self.count))
    def forward(self, x):
        return self.tensors(x)
"""
TENSOR = """
class Sparse(Tensor):
    def nothing(self):
        return 3
class Entry(nn.Module):
    def forward(self, x: Union[Tensor, List[Sparse]], other: Optional[Sparse] = None) -> Tensor:
        if isinstance(x, Sparse):
            return x{0}
        return x[0] if other is None else other{1}
"""
HOOKED = """
class Part(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        if width < 0:
            self.register_forward_pre_hook(self.fill)
    def fill(self, module, given):
        self.width = given[0].size(-1)
    def forward(self, x: Tensor) -> Tensor:
        return x
class Entry(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.part = Part(width)
    def forward(self, x: Tensor) -> Tensor:
        return self.part(x){0}
"""
CHOSEN = """
class Part(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x{0}
class Entry(nn.Module):
    def __init__(self, width: int = 3, ratios: Optional[List[float]] = None):
        super().__init__()
        if torch.cuda.device_count() < 0 or ratios is not None:
            ratios = []
        else:
            ratios = [2.0]
        self.width = width * ratios[0]
        self.part = Part()
    def forward(self, x: Tensor) -> Tensor:
        return self.part(x) * self.width
"""
ONE_OF_MANY = """
class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = 2
    def forward(self, x: Tensor) -> Tensor:
        return x
class Entry(nn.Module):
    def __init__(self):
        super().__init__()
        count = torch.randint(2, 3, (1,)).item()
        self.parts = nn.ModuleList([Part() for _ in range(count)])
        self.named = nn.ModuleDict({{"first": nn.ReLU()}})
        for number in range(count):
            self.named[f"part{{number}}"] = nn.ReLU()
    def forward(self, x: Tensor) -> Tensor:
        return self.parts[0](x) * self.parts[1].{0} + self.named["first"](x).{1}()
"""
SETTER = """
class Entry(nn.Module):
    def __setattr__(self, name, value):
        if isinstance(value, int):
            value = float(value)
        if isinstance(value, nn.Module):
            self.add_module("the_" + name, value)
        elif name != "dropped":
            super().__setattr__(name, value)
    def __init__(self):
        super().__init__()
        self.part, self.scale, self.dropped = nn.ReLU(), 2, 3
    def forward(self, x: Tensor) -> Tensor:
        n: {0} = self.scale
        return self.{1}(x) * n
"""
WRAPPED = """
def plus_one(f):
    def inner(x):
        return f(x) + 1
    return inner
@plus_one
def fails(x):
    return x.nothing()
@plus_one
def works(x):
    return x * 2
def later(x):
    return x.nothing()
def double(x):
    return x * 2
later, double = plus_one(later), plus_one(double)
class Other(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return fails(x)
class Entry(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return {0}(x) + {1}(x)
"""
AUTOGRAD = """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, n: int):
        return x * n
    @staticmethod
    def backward(ctx, grad):
        return grad * 2, None
    @staticmethod
    def call(x, n: int):
        if torch.jit.is_scripting():
            return Double.forward(torch.empty(0), x, n)
        return Double.apply(x, n)
class Entry(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return Double.call(x, {0})
"""
CHILDREN = """
class Part(nn.Module):
    def __init__(self, scale: int):
        super().__init__()
        self.scale = scale
    def forward(self, x: Tensor) -> Tensor:
        return x{0}
class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.width, self.first, self.second = 3, nn.Sequential(nn.ReLU()), Part(3)
        self.again, self.third = self.first, nn.ReLU()
        self.first = Part(2)
class Entry(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*list(Whole().children())[:2])
    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) * self.body[{1}].scale
"""
SEEN = [
    pytest.param(OF_TYPE, ["__name__"], ["name"], id="a property whose name every class has"),
    pytest.param(OF_TYPE, ["__bases__"], ["bases_"], id="another"),
    pytest.param(MIXIN, ["self.scale", ""], ["self.shift", ""], id="what the constructor of a mixin sets"),
    pytest.param(MIXIN, ["self.scale", ""], ["self.scale", ".nothing()"], id="the module that a mixin makes"),
    pytest.param(PACKED, ["batch_sizes"], ["sizes"], id="a NamedTuple of torch's"),
    pytest.param(OPS, ["relu(x)"], ["relu(x, x)"], id="torch.ops by its other name"),
    pytest.param(LIMITS, ["self.most"], ["self.eps"], id="limits of a dtype"),
    pytest.param(LIMITS, ["self.most"], ["self.info"], id="the limits as an attribute"),
    pytest.param(REBOUND, ["x", "3"], ["3", "3"], id="a function scripted under its own name"),
    pytest.param(REBOUND, ["x", "3"], ["x", "None"], id="a class scripted under its own name"),
    pytest.param(REGISTRY, ["name", '"tanh"'], ['"bad"', '"tanh"'], id="an item made by a dict of one's own"),
    pytest.param(REGISTRY, ["name", '"tanh"'], ['"relu"', '"tanh"'], id="an attribute of such an item"),
    pytest.param(REGISTRY, ["name", '"tanh"'], ["name", '"bad"'], id="an item of a dict that fills itself"),
    pytest.param(TUPLES, ["x", "3"], ["3", "3"], id="fields without annotation"),
    pytest.param(TUPLES, ["x", "3"], ["one.second", "3"], id="what annotates the fields later"),
    pytest.param(TUPLES, ["x", "3"], ["x", "None"], id="fields with annotation"),
    pytest.param(TUPLES, ["x", "3"], ["self.made(x, x).x", "3"], id="such a class as an attribute"),
    pytest.param(BY_CLASS, ["Base", "self"], ["nn.Module", "self"], id="methods called through their class"),
    pytest.param(BY_CLASS, ["super()", ""], ["super(Base, self)", "3, 3"], id="the same behind super"),
    *[
        pytest.param(
            UNNAMED, [base, "", stored], [base, ".nothing()", stored], id=f"modules without a known name: {how}"
        )
        for how, base, stored in [
            ("setattr", "nn.Module", 'setattr(self, f"part{number}", Part())'),
            ("add_module", "nn.Module", 'self.add_module("part" + str(number), Part())'),
            ("of a container", "nn.Sequential", 'setattr(self, f"part{number}", Part())'),
            ("of a dict", "nn.ModuleDict", 'self[f"part{number}"] = Part()'),
        ]
    ],
    pytest.param(TENSOR, ["", ""], [".nothing()", ""], id="isinstance with a class of tensors"),
    pytest.param(TENSOR, ["", ""], ["", ".nothing()"], id="a class of tensors as a type"),
    pytest.param(HOOKED, [""], [".nothing()"], id="the result of a module with a pre-hook"),
    pytest.param(CHOSEN, [""], [".nothing()"], id="an item of one of two lists"),
    pytest.param(ONE_OF_MANY, ["scale", "abs"], ["shift", "abs"], id="an item of a list of unknown length"),
    pytest.param(ONE_OF_MANY, ["scale", "abs"], ["scale", "nothing"], id="an item of a dict of unknown length"),
    pytest.param(SETTER, ["float", "the_part"], ["int", "the_part"], id="what a __setattr__ makes of a value"),
    pytest.param(SETTER, ["float", "the_part"], ["float", "part"], id="what a __setattr__ sets elsewhere"),
    pytest.param(SETTER, ["float", "the_part"], ["float", "dropped"], id="what a __setattr__ leaves out"),
    pytest.param(WRAPPED, ["works", "double"], ["fails", "double"], id="one of two functions in one wrapper"),
    pytest.param(WRAPPED, ["works", "double"], ["works", "later"], id="one of two that were wrapped later"),
    pytest.param(AUTOGRAD, ["3"], ["None"], id="a static method of an autograd function"),
    pytest.param(CHILDREN, ["", "1"], [".nothing()", "1"], id="some of a module's children"),
    pytest.param(CHILDREN, ["", "0"], ["", "2"], id="how many children were taken"),
    pytest.param(CONV, ["bias"], ["padding"], id="a private base of torch's convolutions"),
]


def verdict(program: str) -> str:
    path = "/seen/program.py"
    session = Session(roots=["/seen"], entry_points=("program:Entry",), overlay={path: PRELUDE + program})
    return next(unit.verdict for unit in session.check_file(path).units if unit.qualname == "Entry")


@pytest.mark.parametrize(("text", "right", "wrong"), SEEN)
def test_what_is_seen_is_accepted_or_rejected(text: str, right: list[str], wrong: list[str]) -> None:
    assert verdict(text.format(*right)) == "accepted"
    assert verdict(text.format(*wrong)) == "rejected"


def test_what_may_have_taken_the_place_of_a_module_is_unknown() -> None:
    program = """
class Entry(nn.Module):
    def __init__(self):
        super().__init__()
        {0}
        for name, _ in list(self.named_children()):
            setattr(self, name, nn.ReLU())
    def forward(self, x):
        return x
"""
    assert verdict(program.format("self.first = nn.Tanh()")) == "unknown"
    assert verdict(program.format("self.first = 3")) == "accepted"


@pytest.mark.parametrize("filled", ['LAYERS.register("first")(nn.ReLU)', 'LAYERS["first"] = nn.ReLU', ""])
def test_a_dict_that_others_fill_is_not_known(filled: str) -> None:
    program = f"""
class Bad(nn.Module):
    def forward(self, x):
        return x.nothing()
class Layers(dict):
    def register(self, name):
        def decorate(cls):
            self[name] = cls
            return cls
        return decorate
LAYERS = Layers({{"first": Bad}})
{filled}
class Entry(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = LAYERS["{"first" if filled else "second"}"]()
    def forward(self, x):
        return self.first(x)
"""
    assert verdict(program) == "unknown"


@pytest.mark.torch
@pytest.mark.parametrize(("text", "right", "wrong"), SEEN)
def test_against_torch(
    text: str, right: list[str], wrong: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def entry(name: str, fillings: list[str]) -> torch.nn.Module:
        path = tmp_path / f"{name}.py"
        path.write_text(PRELUDE + text.format(*fillings))
        spec = importlib.util.spec_from_file_location(f"{tmp_path.name}_{name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        made: torch.nn.Module = module.Entry()
        return made

    torch.jit.script(entry("right", right))
    with pytest.raises((RuntimeError, AttributeError)):
        torch.jit.script(entry("wrong", wrong))
