"""Small programs over TorchScript's constructs, mostly well-typed, from a source of choices.

A `Writer` asks `pick(n)` for a number below n and nothing else, so that Hypothesis can drive it (0 is always the simplest
choice). It keeps a rough idea of the types of its variables; now and then it forgets it on purpose, and
the program may then be wrong: which of them are is for the compiler to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from differential import oracle
from differential.kinds import (
    BOOL,
    FLOAT,
    INT,
    INTS,
    STR,
    TENSOR,
    Kind,
    spelled,
)
from differential.statements import Statements
from hypothesis import strategies as st


@dataclass
class Writer(Statements):
    """Writes one program: functions, or a module, over what `declarations` gives them to use."""

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
