"""Small programs over TorchScript's constructs, mostly well-typed, from a source of choices.

A `Writer` asks `pick(n)` for a number below n and nothing else, so that Hypothesis can drive it (0 is always the simplest
choice). It keeps a rough idea of the types of its variables; now and then it forgets it on purpose, and
the program may then be wrong: which of them are is for the compiler to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from differential import oracle
from hypothesis import strategies as st

T = TypeVar("T")
Kind = tuple[
    object, ...
]  # ("int",), ("List", Kind), ("Dict", Kind, Kind), ("Tuple", Kind, ...), ("Optional", Kind), ...

TENSOR: Kind = ("Tensor",)
INT: Kind = ("int",)
FLOAT: Kind = ("float",)
BOOL: Kind = ("bool",)
STR: Kind = ("str",)
MINUS_INF, EQUATION, MISSING = 'float("-inf")', '"ij,jk->ik"', 'raise ValueError("missing")'
ON_CPU = 'device == torch.device("cpu")'
SPLITS = ("split()", 'split(",")', "splitlines()", 'rsplit(",")')
SCALARS = (INT, FLOAT, BOOL, STR)


def of_list(kind: Kind) -> Kind:
    return ("List", kind)


INTS, FLOATS, TENSORS, STRS = of_list(INT), of_list(FLOAT), of_list(TENSOR), of_list(STR)
KINDS: tuple[Kind, ...] = (
    TENSOR, TENSOR, TENSOR, INT, INT, FLOAT, BOOL, STR, INTS, INTS, FLOATS, TENSORS, TENSORS, STRS, of_list(BOOL), of_list(INTS),
    ("Dict", STR, INT), ("Dict", STR, TENSOR), ("Dict", INT, FLOAT), ("Dict", STR, INTS),
    ("Tuple", INT, FLOAT), ("Tuple", TENSOR, TENSOR), ("Tuple", STR, INTS), ("Tuple", INT, TENSOR, BOOL),
    ("Optional", INT), ("Optional", TENSOR), ("Optional", INTS), ("Optional", STR), ("Optional", FLOAT),
    ("Union", INT, STR), ("Union", TENSOR, TENSORS), ("Union", FLOAT, INTS), ("Any",), ("complex",), ("device",),
    of_list(("Tuple", STR, INT)), of_list(("Optional", TENSOR)), ("Pair",),
)  # fmt: skip


def spelled(kind: Kind) -> str:
    """The kind as an annotation."""
    name, *parts = kind
    if name == "device":
        return "torch.device"
    if not parts:
        return str(name)
    return f"{name}[{', '.join(spelled(part) for part in parts)}]"  # type: ignore[arg-type]


@dataclass
class Writer:
    """Writes one program. `slips` in a thousand expressions are of another kind than asked for."""

    pick: Callable[[int], int]
    slips: int = 12
    scope: dict[str, Kind] = field(default_factory=dict)
    attributes: dict[str, Kind] = field(default_factory=dict)
    helpers: list[tuple[str, list[tuple[str, Kind, bool]], Kind]] = field(default_factory=list)
    count: int = 0
    loops: int = 0
    result: Kind = TENSOR

    # --- choices ----------------------------------------------------------------------------------------------

    def one(self, items: Sequence[T]) -> T:
        return items[self.pick(len(items))]

    def chance(self, thousandths: int) -> bool:
        """True in so many of a thousand cases; False is the simpler choice."""
        return self.pick(1000) >= 1000 - thousandths

    def kind(self) -> Kind:
        return self.one(KINDS)

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def variables(self, kind: Kind) -> list[str]:
        return [name for name, known in self.scope.items() if known == kind]

    # --- expressions ----------------------------------------------------------------------------------------------

    def expr(self, kind: Kind, depth: int = 2) -> str:
        if self.chance(self.slips):
            return self.slip(kind, depth)
        known = self.variables(kind)
        if known and (depth <= 0 or self.chance(450)):
            return self.one(known)
        attributes = [name for name, one in self.attributes.items() if one == kind]
        if attributes and self.chance(300):
            return self.one(attributes)
        if depth > 0 and self.chance(60):
            calls = [one for one in self.helpers if one[2] == kind]
            if calls:
                return self.call(self.one(calls), depth)
        if depth > 0 and self.chance(60):
            return f"({self.expr(kind, depth - 1)} if {self.expr(BOOL, depth - 1)} else {self.expr(kind, depth - 1)})"
        if depth > 0 and self.chance(40):
            return f"{self.expr(of_list(kind), depth - 1)}[{self.one(['0', '-1', self.expr(INT, 0)])}]"
        return self.made(kind, depth)

    def slip(self, kind: Kind, depth: int) -> str:
        """Something that may well be wrong here."""
        match self.pick(7):
            case 0:
                return self.one([*self.scope, "None", "1", "1.5", "'s'", "[]", "{}", "True"])
            case 1:
                op = self.one(
                    ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "==", "<", "in", "and", "is"]
                )
                return f"({self.expr(self.kind(), 0)} {op} {self.expr(self.kind(), 0)})"
            case 2:
                method = self.one(
                    "size sum item append keys upper split get pop copy index tolist to view mean values items count join "
                    "lower strip replace startswith format isdigit clear extend insert remove reverse sort update setdefault "
                    "contiguous bool unsqueeze nonexistent shape dtype T is_cuda find real conjugate".split()
                )
                given = ", ".join(self.expr(self.kind(), 0) for _ in range(self.pick(3)))
                return f"{self.expr(self.kind(), 0)}.{method}({given})"
            case 3:
                function = self.one(
                    "len int float str bool abs min max sum sorted list range round ord chr tuple zip enumerate isinstance "
                    "torch.relu torch.cat torch.stack torch.zeros torch.tensor torch.add F.softmax F.relu math.sqrt divmod any all "
                    "reversed set type hash dict print hex map torch.device complex pow torch.where torch.is_tensor".split()
                )
                given = ", ".join(self.expr(self.kind(), 0) for _ in range(self.pick(3)))
                return f"{function}({given})"
            case 4:
                return (
                    f"{self.expr(self.kind(), 0)}[{self.one(['0', '1:', ':, 0', 'None', self.expr(self.kind(), 0)])}]"
                )
            case 5:
                return self.expr(self.kind(), depth - 1)
            case _:
                unary = self.one(["-", "not ", "~", "+"])
                return f"({unary}{self.expr(self.kind(), 0)})"

    def call(self, helper: tuple[str, list[tuple[str, Kind, bool]], Kind], depth: int) -> str:
        name, parameters, _ = helper
        given = []
        keywords = False
        for parameter, kind, default in parameters:
            if default and not keywords and self.chance(400):
                keywords = True
                continue
            keywords = keywords or self.chance(150)
            text = self.expr(kind, depth - 1)
            given.append(f"{parameter}={text}" if keywords else text)
        return f"{name}({', '.join(given)})"

    def made(self, kind: Kind, depth: int) -> str:
        """An expression that is no plain variable."""
        d = depth - 1
        match kind:
            case ("Tensor",):
                return self.tensor(depth)
            case ("int",):
                return self.integer(depth)
            case ("float",):
                return self.number(depth)
            case ("bool",):
                return self.truth(depth)
            case ("str",):
                return self.string(depth)
            case ("complex",):
                return self.one(["1j", "complex(1.0, 2.0)", "(2j + 1)", "(1j * 2)"])
            case ("device",):
                return self.one(["torch.device('cpu')", f"{self.expr(TENSOR, 0)}.device"])
            case ("Pair",):
                return f"Pair({self.expr(INT, 0)}, {self.expr(TENSOR, 0)})"
            case ("Any",):
                return self.expr(self.one((*SCALARS, TENSOR)), 0)
            case ("Optional", inner):
                return "None" if self.chance(400) else self.expr(inner, d)  # type: ignore[arg-type]
            case ("Union", *members):
                return self.expr(self.one(members), d)  # type: ignore[arg-type]
            case ("Tuple", *members):
                return f"({', '.join(self.expr(one, d) for one in members)})"  # type: ignore[arg-type]
            case ("List", element):
                return self.listed(element, depth)  # type: ignore[arg-type]
            case ("Dict", key, value):
                return self.mapping(key, value, depth)  # type: ignore[arg-type]
        raise AssertionError(kind)

    def tensor(self, depth: int) -> str:
        if depth <= 0:
            known = self.variables(TENSOR)
            return self.one([*known, "torch.zeros(2)", "torch.ones([2, 3])", "torch.empty(3, 4)"])
        d = depth - 1
        x = self.expr(TENSOR, d)
        forms: list[Callable[[], str]] = [
            lambda: f"{x}.relu()",
            lambda: (
                f"({x} {self.one(['+', '-', '*', '/', '//', '%', '**', '@', '&', '|', '==', '<', '>=', '!='])} {self.expr(TENSOR, d)})"
            ),
            lambda: (
                f"({x} {self.one(['+', '-', '*', '/', '//', '%', '**', '==', '>'])} {self.expr(self.one([INT, FLOAT]), d)})"
            ),
            lambda: (
                f"({self.expr(self.one([INT, FLOAT, BOOL]), d)} {self.one(['+', '-', '*', '/', '**', '<', '//', '%'])} {x})"
            ),
            lambda: (
                f"torch.{self.one(['relu', 'sigmoid', 'exp', 'abs', 'sum', 'mean', 'neg', 'ones_like', 'argmax', 'sqrt'])}({x})"
            ),
            lambda: f"F.{self.one(['relu', 'gelu', 'silu', 'elu'])}({x})",
            lambda: f"F.dropout({x}, p={self.expr(FLOAT, 0)}, training={self.expr(BOOL, 0)})",
            lambda: f"F.softmax({x}, {self.one(['-1', 'dim=1', self.expr(INT, 0)])})",
            lambda: f"F.pad({x}, {self.expr(INTS, 0)})",
            lambda: f"F.linear({x}, {self.expr(TENSOR, 0)}{self.one(['', ', ' + self.expr(('Optional', TENSOR), 0)])})",
            lambda: f"F.interpolate({x}, scale_factor={self.one(['2.0', '2', self.expr(FLOAT, 0)])}, mode='nearest')",
            lambda: (
                f"torch.{self.one(['cat', 'stack'])}({self.expr(TENSORS, d)}{self.one(['', ', dim=0', ', 1', ', dim=' + self.expr(INT, 0)])})"
            ),
            lambda: f"torch.{self.one(['cat', 'stack'])}(({self.expr(TENSOR, d)}, {self.expr(TENSOR, d)}))",
            lambda: (
                f"{x}.{self.one(['view', 'reshape', 'permute', 'repeat', 'expand'])}({self.expr(INT, 0)}, {self.one(['-1', self.expr(INT, 0)])})"
            ),
            lambda: (
                f"{x}.{self.one(['view', 'reshape', 'permute', 'repeat', 'new_zeros'])}({self.one([self.expr(INTS, d), '(2, -1)'])})"
            ),
            lambda: (
                f"{x}.sum({self.one(['', 'dim=0', '-1', 'dim=[0, 1]', 'dim=' + self.expr(INT, 0), '1, keepdim=True'])})"
            ),
            lambda: (
                f"{x}.{self.one(['mean', 'softmax', 'unsqueeze', 'squeeze', 'cumsum', 'argmax'])}({self.one(['0', '-1', 'dim=1', self.expr(INT, 0)])})"
            ),
            lambda: (
                f"{x}.{self.one(['max', 'min', 'median'])}({self.one(['1', 'dim=0', self.expr(INT, 0)])}){self.one(['[0]', '.values', '.indices', '[1]'])}"
            ),
            lambda: (
                f"{x}.{self.one(['t', 'clone', 'detach', 'float', 'long', 'contiguous', 'flatten', 'cpu', 'bool', 'max'])}()"
            ),
            lambda: (
                f"{x}.to({self.one(['torch.float32', 'dtype=torch.int64', self.expr(TENSOR, 0), self.expr(TENSOR, 0) + '.dtype', self.expr(('device',), 0)])})"
            ),
            lambda: f"{x}.transpose({self.one(['0, 1', '-2, -1', self.expr(INT, 0) + ', ' + self.expr(INT, 0)])})",
            lambda: f"{x}[{self.index(d)}]",
            lambda: f"{x}[{self.index(d)}, {self.index(d)}]",
            lambda: f"(-{x})",
            lambda: f"torch.tensor({self.expr(self.one([INT, FLOAT, INTS, FLOATS, BOOL]), 0)})",
            lambda: (
                f"torch.{self.one(['zeros', 'ones', 'rand'])}({self.one([self.expr(INTS, d), '2, 3', self.expr(INT, 0), x + '.shape', x + '.size(0), dtype=torch.float'])})"
            ),
            lambda: (
                f"torch.arange({self.expr(INT, 0)}{self.one(['', ', device=' + x + '.device', ', dtype=torch.float'])})"
            ),
            lambda: f"torch.full({self.one([self.expr(INTS, 0), '(2, 3)'])}, {self.expr(self.one([INT, FLOAT]), 0)})",
            lambda: f"torch.where({self.expr(TENSOR, 0)} > 0, {x}, {self.expr(self.one([TENSOR, FLOAT]), 0)})",
            lambda: (
                f"torch.{self.one(['max', 'min', 'matmul', 'mul', 'maximum', 'bmm', 'atan2'])}({x}, {self.expr(TENSOR, d)})"
            ),
            lambda: (
                f"torch.{self.one(['add', 'sub', 'mul', 'div', 'pow', 'clamp', 'eq'])}({x}, {self.expr(self.one([INT, FLOAT, TENSOR]), 0)})"
            ),
            lambda: (
                f"{x}.masked_fill({self.expr(TENSOR, 0)} > 0, {self.one(['0', '-1.0', MINUS_INF, self.expr(FLOAT, 0)])})"
            ),
            lambda: f"{x}.clamp(min={self.expr(self.one([INT, FLOAT]), 0)}{self.one(['', ', max=1.0'])})",
            lambda: (
                f"{x}.{self.one(['add_', 'mul_', 'sub', 'pow', 'fill_', 'div'])}({self.expr(self.one([INT, FLOAT, TENSOR]), 0)})"
            ),
            lambda: f"torch.einsum({self.one([EQUATION, self.expr(STR, 0)])}, {x}, {self.expr(TENSOR, 0)})",
            lambda: f"{x}.{self.one(['T', 'data', 'shape[0]', 'mT', 'grad'])}",
            lambda: f"{x}.index_select({self.one(['0', self.expr(INT, 0)])}, {self.expr(TENSOR, 0)})",
            lambda: f"torch.split({x}, {self.one(['2', self.expr(INT, 0), self.expr(INTS, 0)])}, dim=0)[0]",
            lambda: f"{self.expr(('Dict', STR, TENSOR), d)}[{self.expr(STR, 0)}]",
            lambda: f"{self.expr(('Tuple', TENSOR, TENSOR), d)}[{self.one(['0', '1', '-1'])}]",
            lambda: f"{self.expr(('Pair',), d)}.{self.one(['second', 'second', 'second', 'first'])}",
        ]
        if self.attributes:
            forms += [
                lambda: f"self.linear({x})",
                lambda: f"self.layers[{self.one(['0', '1', '-1'])}]({x})",
                lambda: f"self.seq({x})",
            ] * 3
        return self.one(forms)()

    def index(self, depth: int) -> str:
        return self.one(
            ["0", ":", "1:", "None", "...", "-1", "::2", ":-1", self.expr(INT, 0), f"{self.expr(INT, 0)}:", f":{self.expr(INT, 0)}",
             f"{self.expr(TENSOR, 0)} > 0", self.expr(TENSOR, 0), self.expr(INTS, 0), "[0, 1]", f"{self.expr(INT, 0)}:{self.expr(('Optional', INT), 0)}", "True"]
        )  # fmt: skip

    def integer(self, depth: int) -> str:
        if depth <= 0:
            return self.one(["1", "0", "2", "-1", "3"])
        d = depth - 1
        forms: list[Callable[[], str]] = [
            lambda: self.one(["1", "0", "7", "-3"]),
            lambda: f"len({self.expr(self.one([INTS, TENSORS, STR, ('Dict', STR, INT), TENSOR, STRS]), d)})",
            lambda: (
                f"{self.expr(TENSOR, d)}.{self.one(['size(0)', 'size(-1)', 'shape[0]', 'shape[-1]', 'dim()', 'numel()', 'ndim', 'size()[1]', 'stride(0)', 'element_size()'])}"
            ),
            lambda: (
                f"({self.expr(INT, d)} {self.one(['+', '-', '*', '//', '%', '&', '|', '^', '<<', '>>'])} {self.expr(INT, d)})"
            ),
            lambda: f"int({self.expr(self.one([FLOAT, BOOL, STR, TENSOR, INT]), d)})",
            lambda: f"{self.one(['min', 'max'])}({self.expr(INT, d)}, {self.expr(INT, d)})",
            lambda: f"{self.one(['min', 'max', 'sum'])}({self.expr(INTS, d)})",
            lambda: f"abs({self.expr(INT, d)})",
            lambda: f"(-{self.expr(INT, d)})",
            lambda: f"{self.expr(INTS, d)}.{self.one(['pop()', 'pop(0)', 'index(1)', 'count(1)'])}",
            lambda: f"{self.expr(('Dict', STR, INT), d)}[{self.expr(STR, 0)}]",
            lambda: f"{self.expr(('Dict', STR, INT), d)}.get({self.expr(STR, 0)}, {self.expr(INT, 0)})",
            lambda: f"{self.expr(('Tuple', INT, FLOAT), d)}[0]",
            lambda: f"{self.expr(('Pair',), d)}.first",
            lambda: f"ord({self.expr(STR, 0)})",
            lambda: f"{self.expr(STR, d)}.{self.one(['find', 'count', 'index', 'rfind'])}({self.expr(STR, 0)})",
            lambda: f"math.{self.one(['floor', 'ceil', 'gcd'])}({self.expr(FLOAT, 0)})",
            lambda: f"{self.expr(TENSOR, d)}.{self.one(['item()', 'size(0)', 'argmax().item()'])}",
            lambda: f"round({self.expr(FLOAT, 0)})",
            lambda: f"({self.expr(INT, d)} ** {self.expr(INT, 0)})",
            lambda: f"({self.expr(INT, d)} or {self.expr(INT, 0)})",
            lambda: f"({self.expr(INT, d)} + {self.expr(BOOL, 0)})",
            lambda: f"divmod({self.expr(INT, d)}, {self.expr(INT, 0)})[0]",
        ]
        return self.one(forms)()

    def number(self, depth: int) -> str:
        if depth <= 0:
            return self.one(["1.0", "0.5", "-2.0", "0.001"])
        d = depth - 1
        forms: list[Callable[[], str]] = [
            lambda: self.one(["1.0", "0.5", "0.001"]),
            lambda: f"float({self.expr(self.one([INT, FLOAT, TENSOR, STR, BOOL]), d)})",
            lambda: f"({self.expr(INT, d)} / {self.expr(self.one([INT, FLOAT]), d)})",
            lambda: (
                f"({self.expr(FLOAT, d)} {self.one(['+', '-', '*', '/', '//', '%', '**'])} {self.expr(self.one([INT, FLOAT]), d)})"
            ),
            lambda: f"math.{self.one(['sqrt', 'exp', 'sin', 'log', 'fabs'])}({self.expr(self.one([INT, FLOAT]), d)})",
            lambda: "math.pi",
            lambda: f"{self.one(['min', 'max'])}({self.expr(FLOAT, d)}, {self.expr(FLOAT, d)})",
            lambda: f"{self.one(['min', 'max', 'sum'])}({self.expr(FLOATS, d)})",
            lambda: f"abs({self.expr(FLOAT, d)})",
            lambda: f"{self.expr(('Dict', INT, FLOAT), d)}[{self.expr(INT, 0)}]",
            lambda: f"{self.expr(TENSOR, d)}.item()",
            lambda: f"{self.expr(FLOATS, d)}.pop()",
            lambda: f"{self.expr(('Tuple', INT, FLOAT), d)}[1]",
            lambda: f"(-{self.expr(FLOAT, d)})",
            lambda: f"round({self.expr(FLOAT, d)}, {self.expr(INT, 0)})",
            lambda: f"math.pow({self.expr(FLOAT, 0)}, {self.expr(INT, 0)})",
        ]
        return self.one(forms)()

    def truth(self, depth: int) -> str:
        if depth <= 0:
            return self.one(["True", "False"])
        d = depth - 1
        optional = [name for name, kind in self.scope.items() if kind[0] == "Optional"]
        union = [name for name, kind in self.scope.items() if kind[0] in ("Union", "Any", "Optional")]
        compare = ["==", "<", ">", "!=", "<=", ">="]
        forms: list[Callable[[], str]] = [
            lambda: self.one(["True", "False"]),
            lambda: f"({self.expr(INT, d)} {self.one(compare)} {self.expr(self.one([INT, FLOAT]), d)})",
            lambda: f"({self.expr(FLOAT, d)} {self.one(compare)} {self.expr(FLOAT, d)})",
            lambda: f"({self.expr(STR, d)} {self.one(compare)} {self.expr(STR, d)})",
            lambda: f"not {self.expr(self.one([BOOL, INT, TENSOR]), d)}",
            lambda: f"({self.expr(BOOL, d)} {self.one(['and', 'or'])} {self.expr(BOOL, d)})",
            lambda: f"({self.expr(INT, 0)} {self.one(['in', 'not in'])} {self.expr(INTS, d)})",
            lambda: (
                f"({self.expr(STR, 0)} {self.one(['in', 'not in'])} {self.expr(self.one([STRS, STR, ('Dict', STR, INT)]), d)})"
            ),
            lambda: f"bool({self.expr(self.one([INT, TENSOR, FLOAT]), d)})",
            lambda: (
                f"{self.expr(TENSOR, d)}.{self.one(['requires_grad', 'is_cuda', 'is_floating_point()', 'is_contiguous()'])}"
            ),
            lambda: f"{self.expr(STR, d)}.{self.one(['startswith', 'endswith'])}({self.expr(STR, 0)})",
            lambda: f"{self.expr(STR, d)}.{self.one(['isdigit', 'isupper', 'isalpha'])}()",
            lambda: f"({self.one(optional or ['None'])} {self.one(['is', 'is not', '==', '!='])} None)",
            lambda: f"isinstance({self.one(union or [*self.scope, '1'])}, {self.type_name()})",
            lambda: f"({self.expr(TENSOR, 0)} > 0).{self.one(['any()', 'all()'])}",
            lambda: (
                f"({self.expr(TENSOR, 0)}.{self.one(['dtype == torch.float32', 'shape == ' + self.expr(TENSOR, 0) + '.shape', ON_CPU])})"
            ),
            lambda: f"{self.one(['any', 'all'])}({self.expr(self.one([of_list(BOOL), INTS, FLOATS]), d)})",
            lambda: f"({self.expr(INT, 0)} < {self.expr(INT, 0)} <= {self.expr(INT, 0)})",
            lambda: f"({self.expr(INTS, 0)} == {self.expr(INTS, 0)})",
            lambda: f"torch.equal({self.expr(TENSOR, 0)}, {self.expr(TENSOR, 0)})",
            lambda: f"({self.expr(TENSOR, 0)} {self.one(['is', 'is not'])} {self.expr(TENSOR, 0)})",
            lambda: self.one(["self.training", "self.flag"]) if self.attributes else "True",
        ]
        return self.one(forms)()

    def type_name(self) -> str:
        return self.one(
            [
                "int",
                "str",
                "Tensor",
                "torch.Tensor",
                "float",
                "List[int]",
                "(int, float)",
                "list",
                "tuple",
                "bool",
                "Optional[int]",
                "List[Tensor]",
                "Dict[str, int]",
            ]
        )

    def string(self, depth: int) -> str:
        if depth <= 0:
            return self.one(["'a'", "'key'", "''"])
        d = depth - 1
        forms: list[Callable[[], str]] = [
            lambda: self.one(["'a'", "'key'"]),
            lambda: f"({self.expr(STR, d)} + {self.expr(STR, d)})",
            lambda: f"str({self.expr(self.kind(), d)})",
            lambda: f"f'{{{self.one([*self.scope, '1'])}}} and {{{self.one([*self.scope, '1'])}}}'",
            lambda: f"'{{}} {{}}'.format({self.expr(self.kind(), 0)}, {self.expr(INT, 0)})",
            lambda: f"('%d' % {self.expr(self.one([INT, STR]), 0)})",
            lambda: f"{self.expr(STR, d)}.{self.one(['upper', 'lower', 'strip', 'capitalize', 'title'])}()",
            # Not of the empty string: folding that, the compiler never comes to an end.
            lambda: f"{self.expr(STR, d)}.replace('k', {self.expr(STR, 0)})",
            lambda: f"{self.expr(STR, d)}.join({self.expr(STRS, 0)})",
            lambda: f"{self.expr(STR, d)}[{self.one(['0', '1:', ':-1', '::2', self.expr(INT, 0)])}]",
            lambda: f"({self.expr(STR, d)} * {self.expr(INT, 0)})",
            lambda: f"{self.expr(('Tuple', STR, INTS), d)}[0]",
            lambda: f"{self.expr(STRS, d)}[0]",
            lambda: f"chr({self.expr(INT, 0)})",
            lambda: f"{self.expr(('device',), 0)}.type",
        ]
        return self.one(forms)()

    def listed(self, element: Kind, depth: int) -> str:
        kind = of_list(element)
        d = depth - 1
        if depth <= 0:
            return f"[{self.expr(element, -1)}]"
        forms: list[Callable[[], str]] = [
            lambda: f"[{', '.join(self.expr(element, d) for _ in range(1 + self.pick(3)))}]",
            lambda: f"({self.expr(kind, d)} + {self.expr(kind, d)})",
            lambda: f"{self.expr(kind, d)}[{self.one(['1:', ':-1', '::2', self.expr(INT, 0) + ':'])}]",
            lambda: self.comprehension(element, d),
            lambda: self.comprehension(element, d),
            lambda: f"([{self.expr(element, d)}] * {self.expr(INT, 0)})",
            lambda: f"({self.expr(kind, d)} * 2)",
            lambda: f"{self.expr(kind, d)}.copy()",
            lambda: f"list({self.expr(kind, d)})",
        ]
        match element:
            case ("int",):
                forms += [
                    lambda: (
                        f"{self.expr(TENSOR, d)}.{self.one(['size()', 'shape', 'shape[1:]', 'shape[:-1]', 'tolist()', 'stride()'])}"
                    ),
                    lambda: f"list(range({self.expr(INT, 0)}))",
                    lambda: f"sorted({self.expr(kind, d)})",
                    lambda: f"list({self.expr(('Dict', STR, INT), d)}.values())",
                    lambda: f"list({self.expr(TENSOR, d)}.{self.one(['shape', 'size()'])})",
                    lambda: f"list({self.expr(('Dict', INT, FLOAT), d)}.keys())",
                ]
            case ("str",):
                forms += [
                    lambda: f"{self.expr(STR, d)}.{self.one(SPLITS)}",
                    lambda: f"list({self.expr(('Dict', STR, INT), d)}{self.one(['.keys()', ''])})",
                    lambda: f"list({self.expr(STR, d)})",
                    lambda: f"sorted({self.expr(kind, d)})",
                ]
            case ("Tensor",):
                forms += [
                    lambda: (
                        f"{self.expr(TENSOR, d)}.{self.one(['split', 'chunk', 'unbind'])}({self.one(['2', self.expr(INT, 0)])})"
                    ),
                    lambda: f"torch.{self.one(['split', 'chunk'])}({self.expr(TENSOR, d)}, 2, dim=0)",
                    lambda: f"torch.meshgrid({self.expr(TENSOR, d)}, {self.expr(TENSOR, 0)})",
                    lambda: f"torch.nonzero({self.expr(TENSOR, d)}, as_tuple=True)",
                    lambda: f"list({self.expr(('Dict', STR, TENSOR), d)}.values())",
                    lambda: f"list({self.expr(TENSOR, d)})",
                ]
            case ("Tuple", ("str",), ("int",)):
                forms += [
                    lambda: f"list(zip({self.expr(STRS, d)}, {self.expr(INTS, d)}))",
                    lambda: f"{self.expr(('Dict', STR, INT), d)}.items()",
                    lambda: f"list({self.expr(('Dict', STR, INT), d)}.items())",
                ]
        return self.one(forms)()

    def comprehension(self, element: Kind, depth: int) -> str:
        names, source, bound = self.iterated(depth)
        before = dict(self.scope)
        self.scope.update(bound)
        value = self.expr(element, depth)
        test = f" if {self.expr(BOOL, 0)}" if self.chance(30) else ""
        self.scope = before
        return f"[{value} for {names} in {source}{test}]"

    def mapping(self, key: Kind, value: Kind, depth: int) -> str:
        kind: Kind = ("Dict", key, value)
        d = depth - 1
        if depth <= 0:
            return f"{{{self.expr(key, -1)}: {self.expr(value, -1)}}}"
        forms: list[Callable[[], str]] = [
            lambda: f"{{{', '.join(self.expr(key, 0) + ': ' + self.expr(value, d) for _ in range(1 + self.pick(2)))}}}",
            lambda: f"{self.expr(kind, d)}.copy()",
            lambda: f"dict({self.expr(kind, d)})",
            lambda: f"dict([({self.expr(key, 0)}, {self.expr(value, 0)})])",
            lambda: self.dict_comprehension(key, value, d),
        ]
        return self.one(forms)()

    def dict_comprehension(self, key: Kind, value: Kind, depth: int) -> str:
        names, source, bound = self.iterated(depth)
        before = dict(self.scope)
        self.scope.update(bound)
        text = f"{{{self.expr(key, depth)}: {self.expr(value, depth)} for {names} in {source}}}"
        self.scope = before
        return text

    def iterated(self, depth: int) -> tuple[str, str, dict[str, Kind]]:
        """Loop targets, what is iterated over, and what the targets then are."""
        i, j = self.fresh(), self.fresh()
        match self.pick(14):
            case 0:
                return i, f"range({self.expr(INT, depth)})", {i: INT}
            case 1:
                return i, self.expr(INTS, depth), {i: INT}
            case 2:
                return i, self.expr(TENSORS, depth), {i: TENSOR}
            case 3:
                return f"{i}, {j}", f"enumerate({self.expr(TENSORS, depth)})", {i: INT, j: TENSOR}
            case 4:
                return f"{i}, {j}", f"zip({self.expr(INTS, depth)}, {self.expr(FLOATS, depth)})", {i: INT, j: FLOAT}
            case 5:
                return f"{i}, {j}", f"{self.expr(('Dict', STR, INT), depth)}.items()", {i: STR, j: INT}
            case 6:
                return i, f"{self.expr(('Dict', STR, TENSOR), depth)}{self.one(['', '.keys()'])}", {i: STR}
            case 7:
                return i, f"{self.expr(('Dict', STR, TENSOR), depth)}.values()", {i: TENSOR}
            case 8:
                return i, self.expr(TENSOR, depth), {i: TENSOR}
            case 9:
                return i, self.expr(STR, depth), {i: STR}
            case 10:
                return i, f"range({self.expr(INT, 0)}, {self.expr(INT, 0)}, {self.one(['1', '-1', '2'])})", {i: INT}
            case 11:
                return i, self.expr(self.one([("Tuple", TENSOR, TENSOR), ("Tuple", INT, FLOAT)]), depth), {i: TENSOR}
            case 12 if self.attributes:
                return i, self.one(["self.layers", "self.seq"]), {i: ("module",)}
            case 12:
                return (
                    f"{i}, ({j}, {i}_)",
                    f"enumerate(zip({self.expr(INTS, 0)}, {self.expr(TENSORS, 0)}))",
                    {i: INT, j: INT, f"{i}_": TENSOR},
                )
            case _:
                kind = self.kind()
                return i, self.expr(of_list(kind), depth), {i: kind}

    # --- statements ----------------------------------------------------------------------------------------------

    def block(self, depth: int, most: int = 3) -> list[str]:
        lines: list[str] = []
        for _ in range(1 + self.pick(most)):
            lines += self.statement(depth)
        return lines

    def nested(self, depth: int, bound: dict[str, Kind] | None = None) -> tuple[list[str], dict[str, Kind]]:
        """An indented block and the names it binds first."""
        before = dict(self.scope)
        self.scope.update(bound or {})
        lines = ["    " + line for line in self.block(depth - 1, 2)]
        new = {name: kind for name, kind in self.scope.items() if name not in before}
        self.scope = before
        return lines, new

    def statement(self, depth: int) -> list[str]:
        match self.pick(26 if depth > 0 else 12):
            case 0 | 1 | 2:
                return self.assign()
            case 3:
                kind = self.kind()
                name = self.fresh()
                value = self.one(["[]", "[]", "{}", "None", "1"]) if self.chance(80) else self.expr(kind)
                self.scope[name] = kind
                return [f"{name}: {spelled(kind)} = {value}"]
            case 4 | 5:
                return self.rebind()
            case 6:
                return self.augment()
            case 7:
                return self.unpack()
            case 8:
                return self.store()
            case 9 | 10:
                return self.bare()
            case 11:
                if self.loops and self.chance(400):
                    return [self.one(["break", "continue"])]
                return self.assign()
            case 12 | 13 | 14:
                return self.branch(depth)
            case 15 | 16 | 17:
                return self.refine(depth)
            case 18 | 19 | 20 | 21:
                return self.loop(depth)
            case 22:
                return self.while_loop(depth)
            case 23:
                return [f"if {self.expr(BOOL)}:", f"    return {self.expr(self.result)}"]
            case 24:
                return self.raising()
            case _:
                return self.rare(depth)

    def assign(self) -> list[str]:
        kind = self.kind()
        name = self.fresh()
        value = self.expr(kind)
        self.scope[name] = kind
        return [f"{name} = {value}"]

    def rebind(self) -> list[str]:
        if not self.scope:
            return self.assign()
        name = self.one(list(self.scope))
        kind = self.scope[name]
        if kind == ("module",):
            return self.assign()
        if self.chance(60):
            kind = self.kind()
            value = self.expr(kind)
            self.scope[name] = kind
            return [f"{name} = {value}"]
        return [f"{name} = {self.expr(kind)}"]

    def augment(self) -> list[str]:
        usable = [n for n, kind in self.scope.items() if kind in (TENSOR, INT, FLOAT, STR, INTS, TENSORS, FLOATS, BOOL)]
        if not usable:
            return self.assign()
        name = self.one(usable)
        kind = self.scope[name]
        if kind in (TENSOR, INT, FLOAT):
            op = self.one(["+=", "-=", "*=", "/=", "%=", "**=", "//=", "|=", "&=", "<<="]) if self.chance(500) else "+="
            other = kind if self.chance(600) else self.one([INT, FLOAT, TENSOR])
            return [f"{name} {op} {self.expr(other)}"]
        return [f"{name} += {self.expr(kind)}"]

    def unpack(self) -> list[str]:
        a, b = self.fresh(), self.fresh()
        match self.pick(9):
            case 0:
                text, kinds = self.expr(("Tuple", INT, FLOAT)), (INT, FLOAT)
            case 1:
                text, kinds = self.expr(("Tuple", TENSOR, TENSOR)), (TENSOR, TENSOR)
            case 2:
                text, kinds = f"{self.expr(INT)}, {self.expr(TENSOR)}", (INT, TENSOR)
            case 3:
                text, kinds = f"{self.expr(TENSOR)}.{self.one(['shape', 'size()', 'shape[:2]'])}", (INT, INT)
            case 4:
                text, kinds = f"{self.expr(TENSOR)}.chunk(2)", (TENSOR, TENSOR)
            case 5:
                text, kinds = (
                    f"torch.{self.one(['max', 'topk', 'sort'])}({self.expr(TENSOR)}, {self.expr(INT, 0)})",
                    (TENSOR, TENSOR),
                )
            case 6:
                text, kinds = self.expr(INTS), (INT, INT)
            case 7:
                text, kinds = self.expr(self.kind()), (TENSOR, TENSOR)
            case _:
                text, kinds = self.expr(("Pair",)), (INT, TENSOR)
        self.scope[a], self.scope[b] = kinds
        if self.chance(80):
            self.scope[b] = of_list(kinds[1])
            return [f"{a}, *{b} = {text}"]
        if self.chance(80):
            return [f"{a} = {b} = {text}"]
        return [self.one([f"{a}, {b} = {text}", f"({a}, {b}) = {text}"])]

    def store(self) -> list[str]:
        lists = [(n, k) for n, k in self.scope.items() if k[0] in ("List", "Dict") or k == TENSOR]
        if not lists:
            return self.assign()
        name, kind = self.one(lists)
        op = self.one(["=", "=", "=", "+="])
        match kind:
            case ("List", element):
                return [f"{name}[{self.one(['0', '-1', self.expr(INT, 0), '1:'])}] {op} {self.expr(element)}"]  # type: ignore[arg-type]
            case ("Dict", key, value):
                return [f"{name}[{self.expr(key, 0)}] {op} {self.expr(value)}"]  # type: ignore[arg-type]
        return [f"{name}[{self.index(0)}] {op} {self.expr(self.one([TENSOR, INT, FLOAT]))}"]

    def bare(self) -> list[str]:
        lists = [(n, k) for n, k in self.scope.items() if k[0] == "List"]
        if lists and self.chance(700):
            name, kind = self.one(lists)
            element: Kind = kind[1]  # type: ignore[assignment]
            return [
                self.one(
                    [
                        f"{name}.append({self.expr(element)})",
                        f"{name}.extend({self.expr(kind)})",
                        f"{name}.insert(0, {self.expr(element)})",
                        f"{name}.clear()",
                        f"{name}.reverse()",
                        f"{name}.remove({self.expr(element)})",
                        f"{name}.sort()",
                        f"del {name}[0]",
                    ]
                )
            ]
        dicts = [(n, k) for n, k in self.scope.items() if k[0] == "Dict"]
        if dicts and self.chance(600):
            name, kind = self.one(dicts)
            key: Kind = kind[1]  # type: ignore[assignment]
            return [
                self.one(
                    [
                        f"{name}.update({self.expr(kind)})",
                        f"{name}.pop({self.expr(key, 0)})",
                        f"{name}.clear()",
                        f"del {name}[{self.expr(key, 0)}]",
                        f"{name}.setdefault({self.expr(key, 0)}, {self.expr(kind[2])})",  # type: ignore[arg-type]
                    ]
                )
            ]
        return [
            self.one(
                [
                    f"print({self.expr(self.kind())})",
                    "pass",
                    f"{self.expr(TENSOR)}",
                    f"assert {self.expr(BOOL)}, {self.expr(STR, 0)}",
                    f"assert {self.expr(BOOL)}",
                ]
            )
        ]

    def branch(self, depth: int) -> list[str]:
        test = self.expr(self.one([BOOL, BOOL, BOOL, INT, TENSOR]))
        then, new_then = self.nested(depth)
        lines = [f"if {test}:", *then]
        if self.chance(600):
            other, new_other = self.nested(depth)
            if new_then and self.chance(400):
                name, kind = next(iter(new_then.items()))
                other.append(f"    {name} = {self.expr(kind)}")
                self.scope[name] = kind
            elif self.chance(60):
                self.scope.update(new_other)
            lines += ["else:", *other]
        elif self.chance(40):
            self.scope.update(new_then)
        return lines

    def refine(self, depth: int) -> list[str]:
        optional = [(n, k) for n, k in self.scope.items() if k[0] == "Optional"]
        union = [(n, k) for n, k in self.scope.items() if k[0] == "Union"]
        if union and (not optional or self.chance(400)):
            name, kind = self.one(union)
            first: Kind = kind[1]  # type: ignore[assignment]
            second: Kind = kind[2]  # type: ignore[assignment]
            then, _ = self.nested(depth, {name: first})
            form = self.pick(4)
            if form == 3:
                self.scope[name] = first
                return [f"assert isinstance({name}, {spelled(first)})"]
            lines = [f"if isinstance({name}, {spelled(first)}):", *then]
            if form:
                other, _ = self.nested(depth, {name: second})
                lines += ["else:", *other]
            return lines
        if not optional:
            return self.branch(depth)
        name, kind = self.one(optional)
        inner: Kind = kind[1]  # type: ignore[assignment]
        match self.pick(7):
            case 0:
                then, _ = self.nested(depth, {name: inner})
                return [f"if {name} is not None:", *then]
            case 1:
                then, _ = self.nested(depth)
                other, _ = self.nested(depth, {name: inner})
                return [f"if {name} is None:", *then, "else:", *other]
            case 2:
                value = self.expr(inner)
                self.scope[name] = inner
                return [f"if {name} is None:", f"    {name} = {value}"]
            case 3:
                self.scope[name] = inner
                return [f"assert {name} is not None"]
            case 4:
                value = self.expr(self.result)
                self.scope[name] = inner
                return [f"if {name} is None:", f"    {self.one(['return ' + value, MISSING])}"]
            case 5:
                before = dict(self.scope)
                self.scope[name] = inner
                test = self.expr(BOOL)
                self.scope = before
                then, _ = self.nested(depth, {name: inner})
                return [f"if {name} is not None {self.one(['and', 'and', 'or'])} {test}:", *then]
            case _:
                before = dict(self.scope)
                self.scope[name] = inner
                value = self.expr(inner)
                self.scope = before
                new = self.fresh()
                self.scope[new] = inner
                return [f"{new} = {value} if {name} is not None else {self.expr(inner)}"]

    def loop(self, depth: int) -> list[str]:
        names, source, bound = self.iterated(1)
        self.loops += 1
        body, new = self.nested(depth, bound)
        self.loops -= 1
        module = next((name for name, kind in bound.items() if kind == ("module",)), "")
        if module:
            known = self.variables(TENSOR)
            body.append(f"    {self.one(known or [self.fresh()])} = {module}({self.expr(TENSOR)})")
        if self.chance(30):
            self.scope.update({**bound, **new})
        return [f"for {names} in {source}:", *body]

    def while_loop(self, depth: int) -> list[str]:
        test = self.expr(self.one([BOOL, BOOL, INT, TENSOR]))
        self.loops += 1
        body, _ = self.nested(depth)
        self.loops -= 1
        return [f"while {test}:", *body]

    def raising(self) -> list[str]:
        error = self.one(["ValueError", "RuntimeError", "NotImplementedError"])
        return [
            f"if {self.expr(BOOL)}:",
            f"    raise {error}({self.one([self.expr(STR), '', self.expr(self.kind())])})",
        ]

    def rare(self, depth: int) -> list[str]:
        match self.pick(10):
            case 0:
                body, new = self.nested(depth)
                self.scope.update(new)
                return [f"with torch.no_grad():", *body]  # noqa: F541
            case 1:
                if self.attributes:
                    name = self.one(list(self.attributes))
                    return [f"{name} = {self.expr(self.attributes[name])}"]
                return ["del " + self.one([*self.scope])] if self.scope else ["pass"]
            case 2:
                body, _ = self.nested(depth)
                return (
                    ["for _ in range(2):", *body, "else:", "    pass"]
                    if self.chance(100)
                    else ["for _ in range(2):", *body]
                )
            case 3:
                name = self.fresh()
                kind = self.kind()
                self.scope[name] = kind
                return [f"{name} = torch.jit.annotate({spelled(kind)}, {self.expr(kind)})"]
            case 4:
                kind = self.kind()
                name = self.fresh()
                self.scope[name] = kind
                return [f"{name} = torch.jit._unwrap_optional({self.expr(('Optional', kind))})"]
            case 5:
                return [f"return {self.expr(self.result)}"]
            case 6:
                name = self.fresh()
                return [f"{name}: {spelled(self.kind())}"] if self.chance(200) else self.assign()
            case 7:
                return [
                    "if torch.jit.is_scripting():",
                    "    pass",
                    "else:",
                    f"    {self.one(['import os', 'x.numpy()', 'undefined()'])}",
                ]
            case 8:
                return [f"assert isinstance({self.one([*self.scope, '1'])}, {self.type_name()})"]
            case _:
                return self.unpack()

    # --- programs ----------------------------------------------------------------------------------------------

    def program(self) -> str:
        lines = [
            oracle.HEADER.rstrip("\n"),
            "",
            "",
            "class Pair(NamedTuple):",
            "    first: int",
            "    second: Tensor",
            "",
            "",
        ]
        lines += self.declarations()
        for _ in range(self.pick(3)):
            lines += [*self.helper(), "", ""]
        lines += self.module() if self.chance(250) else self.entry()
        # A method of an int's literal needs parentheses.
        return re.sub(r"(?<![\w.])(\d+)\.(?=[A-Za-z])", r"(\1).", "\n".join(lines) + "\n")

    def declarations(self) -> list[str]:
        """Lines with what the functions may use."""
        return []

    def parameters(self, most: int, defaults: int = 150) -> list[tuple[str, Kind, bool, str]]:
        made = []
        default = False
        for _ in range(most):
            kind = self.kind()
            default = default or self.chance(defaults)
            text = ""
            if default:
                self.scope = {}
                text = " = " + ("None" if kind[0] == "Optional" else self.literal(kind))
                if text == " = " and kind == TENSOR and self.chance(250):
                    text = " = None"
                elif text == " = ":
                    kind, text = INT, " = 1"
            made.append((self.fresh(), kind, default, text))
        return made

    def literal(self, kind: Kind) -> str:
        return {INT: "1", FLOAT: "0.5", BOOL: "False", STR: "'mode'", INTS: "[1, 2]"}.get(kind, "")

    def function(self, name: str, method: bool, untyped: int) -> tuple[list[str], list[tuple[str, Kind, bool]], Kind]:
        parameters = self.parameters(1 + self.pick(3))
        self.scope = {}
        spell = []
        for one, kind, _, default in parameters:
            bare = self.chance(untyped) and not default
            self.scope[one] = TENSOR if bare else kind
            spell.append(one if bare else f"{one}: {spelled(kind)}{default}")
        self.result = self.kind()
        shown = f" -> {spelled(self.result)}" if self.chance(500) else ""
        head = f"def {name}({', '.join((['self'] if method else []) + spell)}){shown}:"
        body = self.block(1 if name == "helper" else 2, 2 if name == "helper" else 6)
        body.append(f"return {self.expr(self.result)}")
        typed = [(one, kind, bool(default)) for one, kind, default, _ in parameters]
        return [head, *("    " + line for line in body)], typed, self.result

    def helper(self) -> list[str]:
        name = f"helper{len(self.helpers)}"
        slips, self.slips = self.slips, self.slips // 2
        lines, parameters, result = self.function(name, False, 30)
        self.slips = slips
        self.helpers.append((name, parameters, result))
        return lines

    def entry(self) -> list[str]:
        return self.function("entry", False, 50)[0]

    def module(self) -> list[str]:
        lines = [
            "class Entry(nn.Module):",
            "    limit: Optional[int]",
            "",
            "    def __init__(self) -> None:",
            "        super().__init__()",
            "        self.linear = nn.Linear(3, 3)",
            "        self.layers = nn.ModuleList([nn.Linear(3, 3), nn.ReLU()])",
            "        self.seq = nn.Sequential(nn.Linear(3, 3), nn.ReLU())",
            "        self.size = 4",
            "        self.scale = 0.5",
            "        self.flag = True",
            "        self.name = 'name'",
            "        self.sizes = [1, 2]",
            "        self.limit = None",
            "        self.table = {'a': 1}",
            "        self.pair = (1, 2.0)",
            "        self.register_buffer('buffer', torch.zeros(3))",
            "        self.weight = nn.Parameter(torch.ones(3))",
            "",
        ]
        known = {
            "size": INT, "scale": FLOAT, "flag": BOOL, "name": STR, "sizes": INTS, "limit": ("Optional", INT),
            "table": ("Dict", STR, INT), "pair": ("Tuple", INT, FLOAT), "buffer": TENSOR, "weight": TENSOR,
        }  # fmt: skip
        self.attributes = {f"self.{name}": kind for name, kind in known.items()}
        methods: list[str] = []
        if self.chance(400):
            made, parameters, result = self.function("step", True, 30)
            methods = [*("    " + line for line in made), ""]
            self.helpers.append(("self.step", parameters, result))
        made, _, _ = self.function("forward", True, 50)
        return [*lines, *methods, *("    " + line for line in made)]


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A strategy for programs."""
    return Writer(lambda n: draw(st.integers(0, n - 1)) if n > 1 else 0).program()
