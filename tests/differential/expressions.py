"""Expressions of a wanted kind, from a source of choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from differential.kinds import (
    BOOL,
    FLOAT,
    FLOATS,
    INT,
    INTS,
    KINDS,
    SCALARS,
    STR,
    STRS,
    TENSOR,
    TENSORS,
    Kind,
    of_list,
)

T = TypeVar("T")
MINUS_INF, EQUATION = 'float("-inf")', '"ij,jk->ik"'
ON_CPU = 'device == torch.device("cpu")'
SPLITS = ("split()", 'split(",")', "splitlines()", 'rsplit(",")')


@dataclass
class Expressions:
    """Writes expressions. `pick(n)` is asked for a number below n and nothing else; `slips` in a thousand expressions are
    of another kind than asked for. `scope` and `attributes` are the names that can be read, with the kinds they have as
    far as is known; `helpers` the functions that can be called, with parameters (name, kind, whether it has a default)
    and result."""

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
