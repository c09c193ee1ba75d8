"""Programs with more around them: script classes, enums, globals, submodules, forks, and calls of all kinds of operators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from differential.generator import Writer
from differential.kinds import BOOL, FLOAT, INT, INTS, STR, STRS, TENSOR, TENSORS, Kind
from differential.operators import operator_call
from hypothesis import strategies as st

BOX, COLOR, INTERVAL = ("Box",), ("Color",), ("Interval",)
MAYBE_PAIR: Kind = ("Optional", ("Tuple", TENSOR, TENSOR))
GROUPS: Kind = ("Dict", STR, TENSORS)
KINDS: tuple[Kind, ...] = (
    BOX, COLOR, INTERVAL, MAYBE_PAIR, GROUPS, ("List", BOX), ("Optional", BOX), ("Optional", STR), ("Union", INT, FLOAT),
    ("Union", INT, STR, TENSOR), ("List", ("Tuple", INT, TENSOR)), ("Dict", STR, ("Optional", TENSOR)), ("List", INTS),
    ("Tuple", TENSOR, ("Optional", TENSOR)), ("Optional", ("List", TENSOR)), ("Tuple", INT, INT, INT), ("List", COLOR),
)  # fmt: skip

DECLARATIONS = """
LIMIT = 3
NAMES = ["a", "b"]
act = F.relu


class Color(Enum):
    RED = 1
    BLUE = 2


class Interval:
    def __init__(self, low: int, high: int = 9):
        self.low = low
        self.high = high

    def __enter__(self) -> int:
        return self.low

    def __exit__(self, kind: Any, value: Any, trace: Any):
        pass


class Box:
    def __init__(self, size: int, label: str = "b"):
        self.size = size
        self.label = label
        self.items: List[int] = [size]
        best: Optional[Tensor] = None
        self.best = best

    def grow(self, by: int) -> int:
        self.size += by
        return self.size

    def keep(self, x: Tensor):
        if self.best is None:
            self.best = x
        return self.best

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: int) -> int:
        return self.items[at]

    def __contains__(self, item: int) -> bool:
        return item in self.items

    def __add__(self, other: int) -> int:
        return self.size + other

    def __lt__(self, other: int) -> bool:
        return self.size < other

    @property
    def area(self) -> int:
        return self.size * self.size

    @staticmethod
    def unit(scale: float) -> float:
        return scale * 2


def untyped(a, b: Optional[Tensor] = None):
    if b is not None:
        return a + b
    return a
""".strip("\n").splitlines()

BLOCK = """
class Block(nn.Module):
    depth: Final[int] = 2

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.inner = nn.Linear(width, width)
        self.register_buffer("mean", None)
        self.best: Optional[Tensor] = None

    def forward(self, x: Tensor, scale: float = 1.0) -> Tuple[Tensor, Tensor]:
        return self.inner(x) * scale, x

    @torch.jit.export
    def sizes(self, xs: List[Tensor]) -> List[int]:
        return [x.size(0) for x in xs]

    @property
    def wide(self) -> bool:
        return self.width > 2

    @torch.jit.ignore
    def log(self, n: int) -> int:
        return n

    @torch.jit.unused
    def plot(self, x: Tensor) -> None:
        print(x)
""".strip("\n").splitlines()

MORE_IN_INIT = [
    "        self.block = Block(3)",
    "        self.named = nn.ModuleDict({'one': nn.Linear(3, 3), 'two': nn.ReLU()})",
    "        self.params = nn.ParameterList([nn.Parameter(torch.ones(3))])",
    "        self.down = None",
    "        self.blocks = nn.ModuleList([Block(3) for _ in range(2)])",
    "        self.act = F.relu",
    "        self.colour = Color.RED",
]


@dataclass
class WideWriter(Writer):
    """A writer that also knows what `DECLARATIONS` and `BLOCK` define."""

    wide_module: bool = False

    def kind(self) -> Kind:
        return self.one(KINDS) if self.chance(250) else super().kind()

    def made(self, kind: Kind, depth: int) -> str:
        d = depth - 1
        match kind:
            case ("Box",):
                return f"Box({self.expr(INT, 0)}{self.one(['', ', ' + self.expr(STR, 0), ', label=' + self.expr(STR, 0)])})"
            case ("Interval",):
                return f"Interval({self.expr(INT, 0)})"
            case ("Color",):
                known = ["Color.RED", "Color.BLUE"]
                return self.one([*known, "self.colour"] if self.wide_module else known)
        if depth > 0 and self.chance(220):
            made = self.more(kind, d)
            if made:
                return made
        return super().made(kind, depth)

    def more(self, kind: Kind, d: int) -> str:
        """An expression of a kind that uses what is declared around; empty where there is none."""
        forms: list[Callable[[], str]] = []
        module = self.wide_module
        match kind:
            case ("Tensor",):
                x = self.expr(TENSOR, d)
                forms = [
                    lambda: operator_call(self, d + 1),
                    lambda: operator_call(self, d + 1),
                    lambda: operator_call(self, d + 1),
                    lambda: f"untyped({x}{self.one(['', ', ' + self.expr(TENSOR, 0), ', b=' + self.expr(TENSOR, 0)])})",
                    lambda: f"act({x})",
                    lambda: f"torch.jit.wait(torch.jit.fork({self.one(['torch.relu', 'untyped'])}, {x}))",
                    lambda: f"{self.expr(BOX, 0)}.keep({x})",
                    lambda: f"torch.cat([{x}, *{self.expr(TENSORS, 0)}])",
                    lambda: f"({x} * {self.expr(('Union', INT, FLOAT), 0)})",
                    lambda: f"{self.expr(GROUPS, 0)}[{self.expr(STR, 0)}][{self.expr(INT, 0)}]",
                ]
                if module:
                    forms += [
                        lambda: (
                            f"self.block({x}{self.one(['', ', ' + self.expr(FLOAT, 0), ', scale=' + self.expr(FLOAT, 0)])})[0]"
                        ),
                        lambda: f"self.named[{self.one(['STR', 'STR', self.expr(STR, 0)])}]({x})".replace(
                            "STR", "'one'"
                        ),
                        lambda: f"self.act({x})",
                        lambda: f"self.params[{self.one(['0', self.expr(INT, 0)])}]",
                        lambda: f"self.block.inner.weight + {x}",
                        lambda: f"self.blocks[0].forward({x})[1]",
                        lambda: f"({x} if self.down is None else self.down({x}))",
                        lambda: f"getattr(self, {self.one(['WEIGHT', 'WEIGHT', self.expr(STR, 0)])})".replace(
                            "WEIGHT", "'weight'"
                        ),
                        lambda: f"self.seq[:1]({x})",
                    ] * 2
            case ("int",):
                forms = [
                    lambda: (
                        f"{self.expr(BOX, d)}.{self.one(['size', 'area', 'grow(' + self.expr(INT, 0) + ')', 'items[0]'])}"
                    ),
                    lambda: f"len({self.expr(BOX, d)})",
                    lambda: f"({self.expr(BOX, d)} + {self.expr(INT, 0)})",
                    lambda: f"{self.expr(BOX, d)}[{self.expr(INT, 0)}]",
                    lambda: f"{self.expr(COLOR, d)}.value",
                    lambda: f"{self.expr(INTERVAL, 0)}.high",
                    lambda: f"len({self.expr(GROUPS, 0)}.get({self.expr(STR, 0)}, []))",
                    lambda: f"({self.expr(INTS, d)} + {self.expr(INTS, 0)})[{self.expr(INT, 0)}]",
                    lambda: self.one(["LIMIT", "len(NAMES)", "torch.iinfo(torch.int32).max"]),
                    lambda: f"max(*{self.expr(INTS, 0)})",
                    lambda: f"len({self.expr(('Tuple', INT, INT, INT), d)}[1:])",
                ]
                if module:
                    forms += [
                        lambda: f"self.block.{self.one(['width', 'depth', 'log(' + self.expr(INT, 0) + ')'])}",
                        lambda: f"self.block.sizes({self.expr(TENSORS, 0)})[0]",
                        lambda: f"len(self.{self.one(['layers', 'named', 'params', 'blocks'])})",
                    ]
            case ("float",):
                forms = [
                    lambda: f"Box.unit({self.expr(FLOAT, 0)})",
                    lambda: f"{self.expr(BOX, 0)}.unit({self.expr(FLOAT, 0)})",
                    lambda: f"float({self.expr(('Union', INT, FLOAT), 0)})",
                    lambda: "math.inf",
                ]
            case ("bool",):
                forms = [
                    lambda: f"({self.expr(INT, 0)} in {self.expr(BOX, 0)})",
                    lambda: f"({self.expr(BOX, 0)} {self.one(['<', '<', '>'])} {self.expr(INT, 0)})",
                    lambda: f"({self.expr(COLOR, 0)} {self.one(['==', '!=', 'is'])} {self.expr(COLOR, 0)})",
                    lambda: (
                        f"hasattr({self.one([self.expr(BOX, 0), 'self' if module else self.expr(BOX, 0)])}, {self.one(['SIZE', 'SIZE', self.expr(STR, 0)])})".replace(
                            "SIZE", "'size'"
                        )
                    ),
                    lambda: (
                        f"isinstance({self.expr(self.kind(), 0)}, {self.one(['Box', 'Color', 'Tuple[Tensor, Tensor]', '(list, tuple)', 'float', 'Pair'])})"
                    ),
                    lambda: f"({self.expr(('Tuple', INT, INT, INT), 0)} == {self.expr(('Tuple', INT, INT, INT), 0)})",
                    lambda: f"any({self.expr(BOOL, 0)} for v in {self.expr(INTS, 0)})",
                ]
                if module:
                    forms += [
                        lambda: self.one(
                            [
                                "self.block.wide",
                                "self.down is None",
                                "self.block.mean is None",
                                "self.block.best is not None",
                            ]
                        )
                    ]
            case ("str",):
                forms = [
                    lambda: f"{self.expr(BOX, d)}.label",
                    lambda: f"{self.expr(COLOR, d)}.name",
                    lambda: f"f'{{{self.expr(INT, 0)}{self.one(['', '', ':d', '!r'])}}}'",
                    lambda: f"{self.one(['NAMES[0]', 'str(LIMIT)'])}",
                ]
            case ("List", ("Tensor",)):
                forms = [
                    lambda: f"{self.expr(GROUPS, d)}[{self.expr(STR, 0)}]",
                    lambda: f"[y for x, y in {self.expr(('List', ('Tuple', INT, TENSOR)), 0)}]",
                ]
            case ("List", ("Color",)):
                forms = [lambda: "list(Color)", lambda: "[c for c in Color]"]
            case ("Tuple", ("Tensor",), ("Tensor",)) if module:
                forms = [lambda: f"self.block({self.expr(TENSOR, 0)})"]
            case ("Tuple", ("int",), ("int",), ("int",)):
                forms = [
                    lambda: f"(({self.expr(INT, 0)},) + ({self.expr(INT, 0)}, {self.expr(INT, 0)}))",
                    lambda: f"tuple([{self.expr(INT, 0)}, {self.expr(INT, 0)}, {self.expr(INT, 0)}])",
                ]
        return self.one(forms)() if forms else ""

    def statement(self, depth: int) -> list[str]:
        if not self.chance(160):
            return super().statement(depth)
        forms: list[Callable[[], list[str]]] = [
            lambda: [
                f"{self.expr(BOX, 0)}.{self.one(['size', 'label', 'best', 'items', 'lost'])} {self.one(['=', '='])} {self.expr(self.one([INT, STR, TENSOR]), 0)}"
            ],
            lambda: self.box_field(),
            lambda: self.spelled_anew(),
        ]
        if depth > 0:
            forms += [
                lambda: self.within(depth),
                lambda: self.over_colours(depth),
                lambda: self.searching(depth),
                lambda: ["try:", "    pass", "except ValueError:", "    pass"] if self.chance(50) else ["pass"],
            ]
        if self.wide_module:
            forms += [
                lambda: [f"self.block.best = {self.expr(self.one([TENSOR, ('Optional', TENSOR), INT]), 0)}"],
                lambda: [f"self.block.plot({self.expr(TENSOR, 0)})"],
                lambda: self.cached(),
                lambda: self.over_modules(depth),
            ]
        return self.one(forms)()

    def box_field(self) -> list[str]:
        boxes = self.variables(BOX)
        if not boxes:
            return self.assign()
        name = self.one(boxes)
        return self.one(
            [
                [f"{name}.size += {self.expr(INT, 0)}"],
                [f"{name}.items[0] = {self.expr(INT, 0)}"],
                [f"{name}.best = {self.expr(('Optional', TENSOR), 0)}"],
                [f"{name}.items.append({self.expr(INT, 0)})"],
                [f"if {name}.best is not None:", f"    print({name}.best + 1)"],
                [f"best = {name}.best", "if best is not None:", "    print(best + 1)"],
            ]
        )

    def spelled_anew(self) -> list[str]:
        """An annotation in newer or older spelling."""
        name, value = self.fresh(), ""
        spellings: list[tuple[str, Kind]] = [
            ("list[int]", INTS), ("dict[str, Tensor]", ("Dict", STR, TENSOR)), ("tuple[int, float]", ("Tuple", INT, FLOAT)),
            ("int | None", ("Optional", INT)), ("Optional[list[str]]", ("Optional", STRS)), ("'Box'", BOX), ("Final[int]", INT),
            ("Union[int, None]", ("Optional", INT)), ("torch.FloatTensor", TENSOR), ("Sequence[int]", INTS), ("Union[int, int]", INT),
        ]  # fmt: skip
        text, kind = self.one(spellings)
        value = self.expr(kind, 1)
        self.scope[name] = kind
        return [f"{name}: {text} = {value}"]

    def within(self, depth: int) -> list[str]:
        bound = {self.fresh(): INT} if self.chance(500) else {}
        body, new = self.nested(depth, bound)
        self.scope.update({**bound, **new})
        target = "".join(f" as {name}" for name in bound)
        manager = self.one(
            [f"Interval({self.expr(INT, 0)})", "torch.no_grad()", self.expr(self.kind(), 0)]
            if self.chance(80)
            else ["Interval(1)"]
        )
        return [f"with {manager}{target}:", *body]

    def over_colours(self, depth: int) -> list[str]:
        name = self.fresh()
        body, _ = self.nested(depth, {name: COLOR})
        return [f"for {name} in Color:", *body]

    def searching(self, depth: int) -> list[str]:
        """A loop with an exit in it."""
        name, kind = self.fresh(), self.one([INT, TENSOR, STR])
        self.loops += 1
        body, _ = self.nested(depth, {name: kind})
        self.loops -= 1
        leave = self.one(["break", "continue", f"return {self.expr(self.result, 0)}", "return"])
        return [
            f"for {name} in {self.expr(('List', kind), 0)}:",
            f"    if {self.expr(BOOL, 0)}:",
            f"        {leave}",
            *body,
        ]

    def cached(self) -> list[str]:
        name = self.fresh()
        self.scope[name] = TENSOR
        return self.one(
            [
                [f"{name} = self.block.best", f"if {name} is None:", f"    {name} = {self.expr(TENSOR, 0)}"],
                [f"{name} = {self.expr(TENSOR, 0)}", "if self.limit is not None:", f"    {name} = {name} * self.limit"],
                [f"{name} = {self.expr(TENSOR, 0)}", "if self.down is not None:", f"    {name} = self.down({name})"],
                [
                    f"{name} = {self.expr(TENSOR, 0)}",
                    "if self.block.mean is not None:",
                    f"    {name} = {name} + self.block.mean",
                ],
            ]
        )

    def over_modules(self, depth: int) -> list[str]:
        known = self.variables(TENSOR)
        name = self.one(known) if known else self.fresh()
        start = [] if known else [f"{name} = torch.ones(3)"]
        self.scope[name] = TENSOR
        return [
            *start,
            *self.one(
                [
                    ["for block in self.blocks:", f"    {name}, _ = block({name})"],
                    ["for key, layer in self.named.items():", f"    {name} = layer({name})"],
                    ["for i, block in enumerate(self.blocks):", f"    {name} = block({name}, {self.expr(FLOAT, 0)})[0] + i"],
                    ["for p in self.params:", f"    {name} = {name} + p"],
                    ["for i in range(len(self.blocks)):", f"    {name} = self.blocks[i]({name})[0]"],
                    ["for layer, size in zip(self.layers, self.sizes):", f"    {name} = layer({name})"],
                    ["for layer in self.layers[:1]:", f"    {name} = layer({name})"],
                    ["for key in self.named:", f"    {name} = self.named[key]({name})"],
                    ["for layer in self.layers:", f"    if {self.expr(BOOL, 0)}:", "        break", f"    {name} = layer({name})"],
                ]
            ),
        ]  # fmt: skip

    def declarations(self) -> list[str]:
        return [*DECLARATIONS, "", "", *BLOCK, "", ""]

    def module(self) -> list[str]:
        self.wide_module = True
        lines = super().module()
        at = next(number for number, line in enumerate(lines) if "self.weight = " in line)
        return [*lines[: at + 1], *MORE_IN_INIT, *lines[at + 1 :]]


@st.composite
def wide_programs(draw: st.DrawFn) -> str:
    """A strategy for programs."""
    return WideWriter(lambda n: draw(st.integers(0, n - 1)) if n > 1 else 0).program()
