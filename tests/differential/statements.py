"""Statements and blocks of them, which keep count of what their names hold."""

from __future__ import annotations

from dataclasses import dataclass

from differential.expressions import Expressions
from differential.kinds import (
    BOOL,
    FLOAT,
    FLOATS,
    INT,
    INTS,
    STR,
    TENSOR,
    TENSORS,
    Kind,
    of_list,
    spelled,
)

MISSING = 'raise ValueError("missing")'


@dataclass
class Statements(Expressions):
    """Writes statements: each method gives the lines of one."""

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
