"""Walking Python's syntax trees. `ast.walk` goes through `_fields` by name; the analysis walks enough for that to show."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def walk(*roots: ast.AST) -> Iterator[ast.AST]:
    """The nodes and everything below them but contexts, operators and imported names, in the order of the grammar."""
    return _walk(roots, ())


def walk_own(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Every node of a body; of functions, lambdas and classes inside it the node, and nothing that it holds."""
    return _walk(body, SCOPES)


def ends(body: Sequence[ast.stmt]) -> bool:
    """Whether a block surely returns, raises or goes on for ever, as far as its form tells."""
    match body[-1] if body else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.If(body=then, orelse=other):
            return ends(then) and ends(other)
        case ast.With(body=inner):
            return ends(inner)
        case ast.While(test=ast.Constant(value=True)) as loop:
            return not any(isinstance(one, ast.Break) for one in walk(loop))
    return False


def walk_parents(root: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """What `walk` gives and imported names, layer by layer from the outside in; `parents` is told what each hangs on."""
    layer = [root]
    while layer:
        yield from layer
        below: list[ast.AST] = []
        for node in layer:
            kind = node.__class__
            for name in _IMPORTED if kind is ast.Import or kind is ast.ImportFrom else _fields(kind):
                value = getattr(node, name, None)
                if value.__class__ is list:
                    for one in value:
                        if isinstance(one, ast.AST):
                            parents[one] = node
                            below.append(one)
                elif isinstance(value, ast.AST):
                    parents[value] = node
                    below.append(value)
        layer = below


def _walk(roots: Iterable[ast.AST], closed: tuple[type, ...]) -> Iterator[ast.AST]:
    stack = [*roots]
    stack.reverse()
    pop, push = stack.pop, stack.append
    while stack:
        node = pop()
        yield node
        kind = node.__class__
        if kind in closed:
            continue
        for name in reversed(_fields(kind)):
            value = getattr(node, name, None)
            if value.__class__ is list:
                stack += [one for one in reversed(value) if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST):
                push(value)


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    found = _CHILDREN.get(kind)
    if found is None:
        found = _CHILDREN[kind] = tuple(name for name in kind._fields if name not in _LEAVES)
    return found


# Fields that hold names, constants, or nodes without anything of their own (``Load()``, ``Add()``).
_LEAVES = frozenset("id attr arg name names ctx op ops n s kind type_comment simple is_async level module".split())
_IMPORTED = ("names",)
_CHILDREN: dict[type, tuple[str, ...]] = {ast.Constant: (), ast.Name: (), ast.Import: (), ast.ImportFrom: ()}
