"""The abstract run of constructors, and what names hold: programs in strings."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jitlint.project.definitions import ModuleIndex
from jitlint.project.project import Project
from jitlint.shapes.evaluator import Evaluator, submodule
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Mapping,
    ModuleInstance,
    ModuleShape,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.torch_api.api import load
from jitlint.torch_api.externals import TorchExternals
from jitlint.types.model import BOOL, INT, TENSOR

HEADER = """\
import copy, enum, functools, math
import torch
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, List, NamedTuple, Optional
from torch import nn
"""


class Program:
    """One file of a project, and an evaluator over it."""

    def __init__(self, folder: Path, text: str, **others: str) -> None:
        for name, other in others.items():
            (folder / f"{name}.py").write_text(HEADER + textwrap.dedent(other))
        path = folder / "program.py"
        path.write_text(HEADER + text)
        api = load("2.13.0")
        self.project = Project([str(folder)], externals=TorchExternals(api))
        self.index: ModuleIndex = self.project.index_file(str(path))
        self.evaluator = Evaluator(self.project, api)

    def lookup(self, name: str) -> Value | None:
        return self.evaluator.lookup(self.index.scope, name)

    def shape(self, name: str = "M", *args: object, **kwargs: object) -> ModuleShape:
        cls = next(cls for cls in self.index.classes if cls.qualname == name)
        if not args and not kwargs:
            return self.evaluator.shape(cls)
        return self.evaluator.shape(
            cls, [Constant(arg) for arg in args], {key: Constant(arg) for key, arg in kwargs.items()}
        )


Make = Callable[..., Program]


@pytest.fixture
def program(tmp_path: Path) -> Make:
    return lambda *parts, **others: Program(tmp_path, "\n".join(map(textwrap.dedent, parts)), **others)


def init(body: str, parameters: str = "", rest: str = "") -> str:
    """A module `M` whose constructor has this body."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "        ")
    return (
        f"class M(nn.Module):\n    def __init__(self{', ' + parameters if parameters else ''}):\n"
        f"        super().__init__()\n{lines}\n{textwrap.indent(textwrap.dedent(rest), '    ')}"
    )


def cls_name(value: Value | None) -> str:
    assert isinstance(value, ModuleInstance), value
    cls = value.shape.cls
    return cls.name if isinstance(cls, External) else cls.definition.name


def options(value: Value | None) -> dict[str, Value]:
    assert isinstance(value, OneOf), value
    return {condition: option for option, condition in value.options}


# --- names ---------------------------------------------------------------------------------------------------


def test_lookup_of_globals(program: Make) -> None:
    p = program(
        """
        if TYPE_CHECKING:
            from somewhere import Hidden
        N = None
        EPS = 1e-6 * 2
        A, B = 1, (2, "x")
        act = nn.ReLU
        make = partial(nn.LayerNorm, eps=EPS)
        def f(): ...
        @torch.jit.ignore
        def g(): ...
        class Color(enum.Enum):
            RED = "red"
        color = Color.RED
        table = {"a": nn.ReLU}
        registry = {}
        """
    )
    assert p.lookup("Hidden") is None
    assert p.lookup("nowhere") is None
    assert p.lookup("N") == Constant(None)
    assert p.lookup("EPS") == Constant(2e-6)
    assert p.lookup("B") == Sequence("tuple", (Constant(2), Constant("x")))
    assert p.lookup("act") == External("torch.nn.ReLU")
    assert p.lookup("len") == External("builtins.len")
    assert p.lookup("make") == Partial(External("torch.nn.LayerNorm"), (), (("eps", Constant(2e-6)),))
    assert isinstance(p.lookup("f"), Function)
    g = p.lookup("g")
    assert isinstance(g, Function)
    assert g.marks == {"ignore"}
    color = p.lookup("color")
    assert isinstance(color, Instance)
    assert color.member == "RED"
    assert p.lookup("table") == Mapping(((Constant("a"), External("torch.nn.ReLU")),))
    registry = p.lookup("registry")
    assert isinstance(registry, Mapping)
    assert registry.items is None, "an empty registry is filled by somebody"


def test_a_global_bound_by_a_condition_is_one_of(program: Make) -> None:
    p = program(
        """
        try:
            import apex
            HAS = True
        except ImportError:
            HAS = None
        """
    )
    value = p.lookup("HAS")
    assert isinstance(value, OneOf)
    assert {option for option, _ in value.options} == {Constant(True), Constant(None)}


def test_constants_of_different_types_differ() -> None:
    assert Constant(1) != Constant(True)
    assert Constant(1) != Constant(1.0)


def test_decorators(program: Make) -> None:
    p = program(
        """
        def register(f): return f
        def wrapping(f):
            @functools.wraps(f)
            def inner(*args): return f(*args)
            return inner
        def replacing(f):
            def inner(x): return f(x)
            return inner
        @register
        def a(x): ...
        @wrapping
        def b(x): ...
        @replacing
        def c(x): ...
        @torch.no_grad()
        def d(x): ...
        """
    )
    a, b, c, d = (p.lookup(name) for name in "abcd")
    assert isinstance(a, Function)
    assert a.definition.name == "a"
    assert not a.marks
    assert isinstance(b, Function)
    assert b.definition.name == "b"
    assert b.marks == {"wrapped"}
    assert isinstance(c, Function)
    assert c.definition.name == "inner"
    assert isinstance(d, Function)
    assert d.marks == {"wrapped"}
    closed = p.evaluator.closed_over(c, "f")
    assert isinstance(closed, Function)
    assert closed.definition.name == "c"


# --- attributes ----------------------------------------------------------------------------------------------


def test_plain_attributes(program: Make) -> None:
    shape = program(
        init(
            """
            self.a, (self.b, self.c) = 1, ("x", 2.5)
            self.d = self.e = [n * 2 for n in range(3)]
            self.d.append(10)
            self.a += 4
            if (n := len(self.d)) > 3: self.n = n
            setattr(self, "f", math.sqrt(4.0))
            self.register_buffer("buf", torch.zeros(3))
            self.register_parameter("nothing", None)
            self.p = nn.Parameter(torch.zeros(1))
            self.t = torch.arange(3)
            self.gone = 1
            del self.gone
            self.size = int(dim * 1.5)
            self.flag = not dim
            """,
            "dim: int",
        )
    ).shape()
    assert shape.complete
    assert {name: value for name, value in shape.attributes.items() if name != "training"} == {
        "a": Constant(5),
        "b": Constant("x"),
        "c": Constant(2.5),
        "d": Sequence("list", (Constant(0), Constant(2), Constant(4), Constant(10))),
        "e": Sequence("list", (Constant(0), Constant(2), Constant(4), Constant(10))),
        "n": Constant(4),
        "f": Constant(2.0),
        "buf": Parameter(buffer=True),
        "nothing": Constant(None),
        "p": Parameter(),
        "t": Typed(TENSOR),
        "size": Typed(INT),
        "flag": Typed(BOOL),
    }


def test_unknown_condition_keeps_both_outcomes(program: Make) -> None:
    shape = program(
        init(
            """
            if norm_layer is None:
                norm_layer = partial(nn.LayerNorm, eps=1e-6)
            self.norm = norm_layer(3)
            self.act = nn.ReLU() if act else None
            if act:
                self.extra = 1
            """,
            "norm_layer, act: bool",
        )
    ).shape()
    norm = options(shape.attributes["norm"])
    assert cls_name(norm["`norm_layer` is None"]) == "torch.nn.LayerNorm"
    assert isinstance(norm["`norm_layer` is not None"], Unknown)
    act = options(shape.attributes["act"])
    assert cls_name(act["`act` is true"]) == "torch.nn.ReLU"
    assert act["`act` is false"] == Constant(None)
    assert options(shape.attributes["extra"]) == {"`act` is true": Constant(1), "`act` is false": Absent()}
    assert shape.complete


def test_arguments_decide_conditions(program: Make) -> None:
    p = program(init("self.x = nn.Linear(2, 2) if deep else nn.Identity()\nself.n = n", "deep=False, n=3"))
    assert cls_name(p.shape().attributes["x"]) == "torch.nn.Identity"
    assert cls_name(p.shape("M", True).attributes["x"]) == "torch.nn.Linear"
    assert p.shape("M", n=7).attributes["n"] == Constant(7)


def test_what_a_branch_builds_stays_whole(program: Make) -> None:
    shape = program(
        init(
            """
            if deep:
                layers = []
                for n in range(2):
                    layers.append(nn.Linear(n, n))
                self.body = nn.Sequential(*layers)
            else:
                self.body = nn.Identity()
            """,
            "deep",
        )
    ).shape()
    body = options(shape.attributes["body"])["`deep` is true"]
    assert isinstance(body, ModuleInstance)
    assert list(body.shape.children or ()) == ["0", "1"]


def test_early_returns_of_a_factory(program: Make) -> None:
    shape = program(
        """
        def make(kind, n):
            if kind is None:
                return nn.Identity()
            if n > 3:
                return nn.Linear(n, n)
            raise ValueError(kind)
        """,
        init("self.a = make(kind, 5)\nself.b = make(None, 1)\nself.c = make('x', 9)", "kind"),
    ).shape()
    a = options(shape.attributes["a"])
    assert {cls_name(value) for value in a.values()} == {"torch.nn.Identity", "torch.nn.Linear"}
    assert cls_name(a["`kind` is None"]) == "torch.nn.Identity"
    assert cls_name(shape.attributes["b"]) == "torch.nn.Identity"
    assert cls_name(shape.attributes["c"]) == "torch.nn.Linear"


def test_break_and_continue_behind_unknown_conditions(program: Make) -> None:
    shape = program(
        init(
            """
            self.last = 0
            self.seen = 0
            for n in range(4):
                if flag:
                    continue
                self.last = n
                if other:
                    break
            """,
            "flag, other",
        )
    ).shape()
    last = shape.attributes["last"]
    assert isinstance(last, OneOf)
    assert {option for option, _ in last.options} == {Constant(0), Constant(1), Constant(2), Constant(3)}
    assert shape.attributes["seen"] == Constant(0)


# --- containers ----------------------------------------------------------------------------------------------


def test_containers(program: Make) -> None:
    shape = program(
        init(
            """
            self.seq = nn.Sequential(OrderedDict([("conv", nn.Conv2d(3, 4, 1)), ("act", nn.ReLU())]))
            self.seq.add_module("drop", nn.Dropout(0.5))
            self.list = nn.ModuleList()
            self.list.append(nn.Linear(1, 2)).append(nn.Linear(2, 3))
            self.list += [nn.ReLU()]
            self.list.insert(0, nn.Identity())
            self.dict = nn.ModuleDict({"a": nn.ReLU()})
            self.dict["b"] = nn.GELU()
            self.params = nn.ParameterList([nn.Parameter(torch.zeros(1)) for _ in range(2)])
            """
        )
    ).shape()

    def children(name: str) -> dict[str, Value]:
        value = shape.attributes[name]
        assert isinstance(value, ModuleInstance)
        assert value.shape.children is not None
        return value.shape.children

    assert list(children("seq")) == ["conv", "act", "drop"]
    assert [cls_name(child) for child in children("list").values()] == [
        "torch.nn.Identity",
        "torch.nn.Linear",
        "torch.nn.Linear",
        "torch.nn.ReLU",
    ]
    assert list(children("dict")) == ["a", "b"]
    assert children("params") == {"0": Parameter(), "1": Parameter()}


def test_a_loop_of_unknown_length_leaves_the_element(program: Make) -> None:
    shape = program(
        init(
            """
            self.blocks = nn.ModuleList()
            self.count = 0
            for n in depths:
                self.blocks.append(nn.Linear(4, n))
                self.count += 1
            self.more = nn.Sequential(*[nn.ReLU() for _ in range(depth)])
            """,
            "depths, depth: int",
        )
    ).shape()
    blocks, more = shape.attributes["blocks"], shape.attributes["more"]
    assert isinstance(blocks, ModuleInstance)
    assert blocks.shape.children is None
    assert cls_name(blocks.shape.element) == "torch.nn.Linear"
    assert isinstance(more, ModuleInstance)
    assert more.shape.children is None
    assert cls_name(more.shape.element) == "torch.nn.ReLU"
    assert shape.attributes["count"] == Typed(INT)
    assert shape.complete


# --- classes -------------------------------------------------------------------------------------------------


def test_bases_helpers_and_other_files(program: Make) -> None:
    p = program(
        """
        from other import Base, conv
        """,
        init("self.layers = self._make(2)", rest="def _make(self, n):\n    return [conv(k) for k in range(n)]"),
        """
class Child(M, Base):
    scale = 2
    def __init__(self, dim=8):
        super(Child, self).__init__()
        Base.__init__(self, dim * self.scale)
        self.apply(self._init)
    def _init(self, m):
        m.touched = True
""",
        other="""
        def conv(k): return nn.Conv2d(k, k, 1)
        class Base(nn.Module):
            def __init__(self, dim):
                nn.Module.__init__(self)
                self.dim = dim
        """,
    )
    shape = p.shape("Child")
    assert shape.attributes["dim"] == Constant(16)
    layers = shape.attributes["layers"]
    assert isinstance(layers, Sequence)
    assert [cls_name(item) for item in layers.items or ()] == ["torch.nn.Conv2d"] * 2
    assert shape.complete
    assert "touched" not in shape.attributes


def test_submodules_have_the_shape_their_parent_gives_them(program: Make) -> None:
    p = program(
        """
        class Block(nn.Module):
            def __init__(self, dim, act=nn.ReLU, drop=0.):
                super().__init__()
                self.dim = dim
                self.act = act()
                self.drop = nn.Dropout(drop) if drop > 0. else nn.Identity()
        """,
        init(
            """
            rates = [x.item() for x in torch.linspace(0, 0.1, 3)]
            self.blocks = nn.ModuleList([Block(4, partial(nn.LeakyReLU, 0.1), drop=r) for r in rates])
            self.same = nn.ModuleList([Block(7) for _ in range(2)])
            """
        ),
    )
    shape = p.shape()
    blocks = submodule(p.evaluator, shape, "blocks")
    assert blocks is not None
    assert blocks.shape.children is not None
    drops = [
        cls_name(block.shape.attributes["drop"])
        for block in blocks.shape.children.values()
        if isinstance(block, ModuleInstance)
    ]
    assert drops == ["torch.nn.Identity", "torch.nn.Dropout", "torch.nn.Dropout"]
    same = submodule(p.evaluator, shape, "same")
    assert same is not None
    assert same.shape.children is not None
    assert same.shape.children["0"] == same.shape.children["1"], "equal blocks share their shape"


def test_writing_to_a_shared_submodule_touches_that_one_only(program: Make) -> None:
    p = program(
        """
        class Block(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.act = nn.ReLU()
        """,
        init("self.a = Block(3)\nself.b = Block(3)\nself.b.act = nn.GELU()"),
    )
    shape = p.shape()
    a, b = submodule(p.evaluator, shape, "a"), submodule(p.evaluator, shape, "b")
    assert a is not None
    assert cls_name(a.shape.attributes["act"]) == "torch.nn.ReLU"
    assert b is not None
    assert cls_name(b.shape.attributes["act"]) == "torch.nn.GELU"


def test_what_torch_bases_set(program: Make) -> None:
    p = program(
        """
        class M(nn.Conv2d):
            def __init__(self, n=4):
                super().__init__(n, n * 2, 3, bias=False)
                self.total = self.in_channels + self.out_channels
        """
    )
    shape = p.shape()
    assert shape.attributes["weight"] == Parameter()
    assert shape.attributes["bias"] == Constant(None)
    assert shape.attributes["total"] == Constant(12)
    assert shape.bases["torch.nn.Conv2d"]["in_channels"] == Constant(4)


def test_what_torch_bases_keep_as_it_is_given(program: Make) -> None:
    p = program(
        """
        class M(nn.MaxPool2d):
            def __init__(self):
                super().__init__(3, 1, (0, 0), (1, 1))
        """
    )
    # A probe with the defaults has seen ints.
    assert isinstance(p.shape().attributes["dilation"], Unknown)


def test_values_of_plain_classes(program: Make) -> None:
    p = program(
        """
        @dataclass
        class Config:
            dim: int = 3
            names: List[str] = field(default_factory=lambda: ["a"])
        class Pair(NamedTuple):
            x: int
            y: int = 2
        class Holder:
            def __init__(self, value):
                self.value = value
            @property
            def double(self):
                return self.value * 2
        """,
        init(
            """
            config = Config(dim=5)
            self.dim = config.dim
            self.names = config.names
            self.y = Pair(1).y
            self.double = Holder(21).double
            self.copied = copy.deepcopy(self.names)
            self.copied.append("b")
            """
        ),
    )
    attributes = p.shape().attributes
    assert attributes["dim"] == Constant(5)
    assert attributes["names"] == Sequence("list", (Constant("a"),))
    assert attributes["y"] == Constant(2)
    assert attributes["double"] == Constant(42)
    assert attributes["copied"] == Sequence("list", (Constant("a"), Constant("b")))


# --- what is not known ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "setattr(self, name, 1)",
        "for key, value in kwargs.items(): setattr(self, key, value)",
        "self.__dict__.update(options)",
        "unknown.configure(self)",
        "from nowhere import configure\nconfigure(self)",
        "torch.nn.utils.parametrizations.weight_norm(self)",
    ],
)
def test_unseen_writes_make_a_shape_incomplete(program: Make, body: str) -> None:
    p = program(init(body, "name, options, unknown, kwargs"))
    shape = p.shape()
    assert not shape.complete
    assert shape.reasons


def test_locals_are_known(program: Make) -> None:
    shape = program(init("self.__dict__.update({'a': 1})\nfor k, v in kwargs.items(): setattr(self, k, v)", "**kwargs"))
    assert shape.shape().complete
    assert shape.shape().attributes["a"] == Constant(1)


def test_a_constructor_that_raises(program: Make) -> None:
    p = program(
        init("raise NotImplementedError"),
        """
class Needs(nn.Module):
    def __init__(self, make=None):
        super().__init__()
        self.x = make()
        self.y = 1
""",
    )
    assert p.shape().raises
    assert not p.shape().complete
    needs = p.shape("Needs")
    assert not needs.raises, "None is no default that anybody uses"
    assert needs.attributes["y"] == Constant(1)


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "self.x = M()",
        "def f(n): return f(n + 1)\nself.x = f(0)",
        "self.x = self.x.y.z",
        "self.x = [1, 2][5]",
        "x = 'a' * 10 ** 9\nself.x = x",
        "self.x = 2 ** 10 ** 10",
        "self.a = [0]\nself.a.append(self.a)\nself.b = self",
        "for a in range(100):\n  for b in range(100):\n    for c in range(100): self.x = a",
        "match n:\n  case 1: self.x = 1\n  case _: self.x = 2",
        "try:\n  self.x = f()\nexcept Exception as error:\n  self.x = None\nfinally:\n  self.y = 1",
        "with torch.no_grad() as g: self.x = (yield)",
        "lambda: (yield)\nglobal q\nq = self\nself.x: int = ~n",
        "d = {**n, 'a': 1}\nself.x = d['a'], d.get('b'), *n",
    ],
)
def test_nothing_raises_and_nothing_runs_forever(program: Make, body: str) -> None:
    shape = program(init(body, "n")).shape()
    assert isinstance(shape, ModuleShape)
    assert isinstance(shape.cls, Class)


def test_a_try_keeps_both_outcomes(program: Make) -> None:
    shape = program(init("try:\n    self.x = load()\nexcept OSError:\n    self.x = None", "load")).shape()
    assert Constant(None) in options(shape.attributes["x"]).values()


def test_dependencies_are_recorded_again_from_memory(program: Make) -> None:
    p = program("from other import A", init("self.a = A()"), other=init("self.n = 1").replace("class M", "class A"))
    p.shape()
    p.project.start_recording()
    p.shape()
    assert {Path(path).name for path in p.project.dependencies} >= {"other.py", "program.py"}


def test_hooks(program: Make) -> None:
    shape = program("def hook(self, inputs, output): return output", init("self.register_forward_hook(hook)")).shape()
    assert [hook.definition.name for hook in shape.hooks if isinstance(hook, Function)] == ["hook"]


def test_optional_annotation(program: Make) -> None:
    shape = program(init("self.x = x", "x: Optional[int]")).shape()
    assert isinstance(shape.attributes["x"], Unknown)


def test_an_attribute_of_a_computed_name_leaves_a_module_open(program: Make) -> None:
    """Also where it is one of several that gets it, which may be the one at hand."""
    helper = """
        def pick(module, name):
            if "." in name:
                module = module.get_submodule(name.rpartition(".")[0])
            return module, name
        """
    for setting in (
        "parent, last = pick(self, key)\nsetattr(parent, last, torch.zeros(1))",
        "setattr(self, key, torch.zeros(1))",
    ):
        assert not program(helper, init(setting, "key: str")).shape().complete
