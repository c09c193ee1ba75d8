"""Programs that nobody wrote: the nodes of real ones removed, doubled, swapped and wrapped, their text cut and damaged.

Everything follows from a seed. What comes out need not run, compile or even parse; that is the point.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator, Sequence

Fields = list[tuple[ast.AST, str, int]]


def damaged(texts: Sequence[str], seed: int) -> Iterator[bytes]:
    """Files without end, made of `texts`: two thirds of them changed as trees, the others as text."""
    chance = random.Random(seed)
    while True:
        text = chance.choice(texts)
        if chance.random() < 0.67:
            changed = changed_tree(text, chance.choice(texts), chance)
            if changed is not None:
                yield changed.encode("utf-8", "surrogatepass")
        else:
            yield chance.choice(_TEXTUAL)(text, chance)


# --- trees -------------------------------------------------------------------------------------------------------


def changed_tree(text: str, other: str, chance: random.Random) -> str | None:
    """The program with one to four changes of its tree, some of them pieces of the `other`; None where that cannot be
    written down."""
    try:
        tree, donor = ast.parse(text), ast.parse(other)
    except (SyntaxError, ValueError):
        return None
    for _ in range(chance.choice((1, 1, 2, 4))):
        chance.choice(_STRUCTURAL)(tree, donor, chance)
    try:
        return ast.unparse(ast.fix_missing_locations(tree))
    except (ValueError, AttributeError, TypeError, RecursionError, AssertionError, IndexError):
        return None


def _expressions(tree: ast.AST) -> Fields:
    """Where expressions stand: the node, its field, and the index in it (-1 where it is no list)."""
    found: Fields = []
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                found.append((node, name, -1))
            elif isinstance(value, list):
                found.extend((node, name, i) for i, one in enumerate(value) if isinstance(one, ast.expr))
    return found


def _bodies(tree: ast.AST) -> list[list[ast.stmt]]:
    return [
        value
        for node in ast.walk(tree)
        for value in (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
        if isinstance(value, list) and value
    ]


def _get(place: tuple[ast.AST, str, int]) -> ast.expr:
    node, name, index = place
    value = getattr(node, name)
    return value if index < 0 else value[index]  # type: ignore[no-any-return]


def _put(place: tuple[ast.AST, str, int], value: ast.expr) -> None:
    node, name, index = place
    if index < 0:
        setattr(node, name, value)
    elif index < len(getattr(node, name)):
        getattr(node, name)[index] = value


def _delete_statement(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    body = chance.choice(_bodies(tree))
    del body[chance.randrange(len(body))]
    if not body:
        body.append(ast.Pass())


def _double_statement(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    body = chance.choice(_bodies(tree))
    body.insert(chance.randrange(len(body) + 1), copy.deepcopy(chance.choice(body)))


def _swap_statements(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    one, two = chance.choice(_bodies(tree)), chance.choice(_bodies(tree))
    i, j = chance.randrange(len(one)), chance.randrange(len(two))
    one[i], two[j] = copy.deepcopy(two[j]), copy.deepcopy(one[i])


def _graft_statement(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    body = chance.choice(_bodies(tree))
    body.insert(chance.randrange(len(body) + 1), copy.deepcopy(chance.choice(chance.choice(_bodies(donor)))))


def _swap_expressions(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    places = _expressions(tree)
    if len(places) > 1:
        one, two = chance.sample(places, 2)
        first, second = copy.deepcopy(_get(one)), copy.deepcopy(_get(two))
        _put(one, second)
        _put(two, first)


def _graft_expression(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    places, others = _expressions(tree), _expressions(donor)
    if places and others:
        _put(chance.choice(places), copy.deepcopy(_get(chance.choice(others))))


def _delete_expression(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    places = _expressions(tree)
    if places:
        node, name, index = chance.choice(places)
        if index >= 0:
            del getattr(node, name)[index]
        else:
            _put((node, name, index), chance.choice((ast.Constant(None), ast.Constant(...), ast.Tuple([], ast.Load()))))


def _double_expression(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    listed = [place for place in _expressions(tree) if place[2] >= 0]
    if listed:
        node, name, index = chance.choice(listed)
        getattr(node, name).insert(index, copy.deepcopy(getattr(node, name)[index]))


def _wrap_expression(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    places = _expressions(tree)
    if places:
        place = chance.choice(places)
        _put(place, chance.choice(_WRAPPERS)(copy.deepcopy(_get(place))))


def _rename(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.arg | ast.Attribute | ast.alias)]
    words = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if names:
        node = chance.choice(names)
        word = chance.choice([*words, "self", "super", "torch", "None_", "isinstance", "__init__", "forward"])
        for field in ("id", "arg", "attr", "name"):
            if hasattr(node, field):
                setattr(node, field, word)


def _derive(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    """A class gets a base: any class of the program, itself included."""
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    if classes:
        chance.choice(classes).bases.insert(0, ast.Name(chance.choice(classes).name, ast.Load()))


def _asynchronous(tree: ast.AST, donor: ast.AST, chance: random.Random) -> None:
    for body in _bodies(tree):
        for i, one in enumerate(body):
            if isinstance(one, ast.FunctionDef) and chance.random() < 0.5:
                fields = {name: getattr(one, name) for name in one._fields if hasattr(one, name)}
                body[i] = ast.AsyncFunctionDef(**fields)


def _comprehension(value: ast.expr) -> list[ast.comprehension]:
    return [ast.comprehension(ast.Name("i", ast.Store()), value, [], 0)]


_WRAPPERS: list[Callable[[ast.expr], ast.expr]] = [
    lambda value: ast.Await(value),
    lambda value: ast.Yield(value),
    lambda value: ast.YieldFrom(value),
    lambda value: ast.Starred(value, ast.Load()),
    lambda value: ast.Lambda(ast.arguments([], [], None, [], [], None, []), value),
    lambda value: ast.NamedExpr(ast.Name("walrus", ast.Store()), value),
    lambda value: ast.IfExp(value, value, value),
    lambda value: ast.ListComp(value, _comprehension(value)),
    lambda value: ast.DictComp(value, value, _comprehension(value)),
    lambda value: ast.SetComp(value, _comprehension(value)),
    lambda value: ast.GeneratorExp(value, _comprehension(value)),
    lambda value: ast.JoinedStr([ast.FormattedValue(value, -1, None)]),
    lambda value: ast.Subscript(value, value, ast.Load()),
    lambda value: ast.Subscript(value, ast.Slice(value, None, value), ast.Load()),
    lambda value: ast.Call(value, [ast.Starred(value, ast.Load())], [ast.keyword(None, value)]),
    lambda value: ast.Attribute(value, "forward", ast.Load()),
    lambda value: ast.Compare(value, [ast.Is(), ast.NotIn()], [value, value]),
    lambda value: ast.BinOp(value, ast.MatMult(), value),
    lambda value: ast.UnaryOp(ast.Not(), value),
    lambda value: ast.BoolOp(ast.And(), [value, value]),
    lambda value: ast.Dict([None, value], [value, value]),
    lambda value: ast.Set([value]),
]
_STRUCTURAL = [
    _delete_statement,
    _double_statement,
    _swap_statements,
    _graft_statement,
    _swap_expressions,
    _graft_expression,
    _delete_expression,
    _double_expression,
    _wrap_expression,
    _wrap_expression,
    _rename,
    _derive,
    _asynchronous,
]


# --- text --------------------------------------------------------------------------------------------------------


def _truncated(text: str, chance: random.Random) -> bytes:
    data = text.encode()
    return data[: chance.randrange(len(data) + 1)]


def _beheaded(text: str, chance: random.Random) -> bytes:
    data = text.encode()
    return data[chance.randrange(len(data) + 1) :]


def _without_a_piece(text: str, chance: random.Random) -> bytes:
    data = text.encode()
    start = chance.randrange(len(data) + 1)
    return data[:start] + data[start + chance.randrange(40) :]


def _with_bytes(text: str, chance: random.Random) -> bytes:
    data = text.encode()
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randrange(1, 5)) + data[at:]


def _with_a_sign(text: str, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    sign = chance.choice(["(", ")", "[", "]", "{", "}", ":", '"""', "'", "\\", "\\\n", "\t", "\x0c", "\r", "\u2028", "\ufeff",
                          "#", "@", "*", "**", "é", "𝕩", "# type: ignore", "# type: (int) -> int", "# jitlint: ignore"])  # fmt: skip
    return (text[:at] + sign + text[at:]).encode()


def _swapped_lines(text: str, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    if len(lines) > 1:
        i, j = chance.sample(range(len(lines)), 2)
        lines[i], lines[j] = lines[j], lines[i]
    return "".join(lines).encode()


def _other_newlines(text: str, chance: random.Random) -> bytes:
    return "".join(
        line.rstrip("\n") + chance.choice(["\n", "\r\n", "\r", "\n"]) for line in text.splitlines(keepends=True)
    ).encode()


def _other_encoding(text: str, chance: random.Random) -> bytes:
    encoding = chance.choice(["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp037", "ascii", "utf-7"])
    declared = chance.choice(["", f"# coding: {encoding}\n", "# -*- coding: latin-1 -*-\n", "# coding: rot13\n"])
    return (declared + text).encode(encoding, "replace")


_TEXTUAL = [
    _truncated,
    _beheaded,
    _without_a_piece,
    _with_bytes,
    _with_a_sign,
    _swapped_lines,
    _other_newlines,
    _other_encoding,
]
