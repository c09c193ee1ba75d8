"""The TorchScript tree: what the compiler's Python front end turns a function into.

The classes carry the names of the compiler's own tree views (``torch._C._jit_tree_views``,
``torch/csrc/jit/frontend/tree_views.h``). Every node keeps the Python node it was lowered from, which
holds its place in the file; the tree itself is immutable. Where the front end has no tree for a piece of
Python, the piece becomes a `Hole`, so that everything around it can still be analysed.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree; `at` is the Python node it stands for (its position is the file's own)."""

    at: ast.AST


# --- expressions -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Var(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Const(Node):
    """A number: int, float or complex (bools are `BoolLiteral`)."""

    value: int | float | complex


@dataclass(frozen=True, slots=True)
class BoolLiteral(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class NoneLiteral(Node):
    pass


@dataclass(frozen=True, slots=True)
class StringLiteral(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Dots(Node):
    """``...``"""


@dataclass(frozen=True, slots=True)
class Select(Node):
    """``value.name``"""

    value: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Keyword:
    name: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """``func(*args, **kwargs)``; an argument may be `Starred`."""

    func: Expr
    args: tuple[Expr, ...]
    kwargs: tuple[Keyword, ...]


@dataclass(frozen=True, slots=True)
class Starred(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class SliceExpr(Node):
    start: Expr | None
    end: Expr | None
    step: Expr | None


@dataclass(frozen=True, slots=True)
class Subscript(Node):
    """``value[indices]``; several indices where the subscript is a bare tuple.

    ``x[(a, b)]`` and ``x[a, b]`` are the same to Python and to the front end.
    """

    value: Expr
    indices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """op: ``-``, ``not`` or ``~``."""

    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """op as Python spells it: ``+ - * / // % ** @ & | ^ << >> == != < <= > >= is, is not, in, not in, and, or``.

    A chained comparison is a conjunction whose middle operand occurs twice, as in the compiler.
    """

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class TernaryIf(Node):
    cond: Expr
    true: Expr
    false: Expr


@dataclass(frozen=True, slots=True)
class ListLiteral(Node):
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class TupleLiteral(Node):
    elements: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class DictLiteral(Node):
    keys: tuple[Expr, ...]
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ListComp(Node):
    """A list comprehension or a generator expression (the front end does not tell them apart)."""

    element: Expr
    target: Expr
    iter: Expr


@dataclass(frozen=True, slots=True)
class DictComp(Node):
    key: Expr
    value: Expr
    target: Expr
    iter: Expr


@dataclass(frozen=True, slots=True)
class Hole(Node):
    """Stands where the front end has no tree; a problem was reported for it. Its value is Unknown.

    `names` are the local names that the hole may bind (an unsupported statement's targets). `parts` are what inside it
    has a tree; the fixes want to know its types.
    """

    names: tuple[str, ...] = ()
    parts: tuple[Expr, ...] = ()


Expr = (
    Var
    | Const
    | BoolLiteral
    | NoneLiteral
    | StringLiteral
    | Dots
    | Select
    | Apply
    | Starred
    | SliceExpr
    | Subscript
    | Unary
    | Binary
    | TernaryIf
    | ListLiteral
    | TupleLiteral
    | DictLiteral
    | ListComp
    | DictComp
    | Hole
)


# --- statements ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign(Node):
    """``a = b = value`` (targets in source order) or ``target: annotation = value`` (one target).

    `annotation` is the Python expression: it is read by `types.annotations`, not lowered.
    """

    targets: tuple[Expr, ...]
    value: Expr
    annotation: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class AugAssign(Node):
    """op without the equals sign: ``+ - * / % ** & | ^ << >>``."""

    target: Expr
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class ExprStmt(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class If(Node):
    cond: Expr
    true: tuple[Stmt, ...]
    false: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class While(Node):
    cond: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class For(Node):
    target: Expr
    iter: Expr
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Return(Node):
    value: Expr | None


@dataclass(frozen=True, slots=True)
class Raise(Node):
    value: Expr


@dataclass(frozen=True, slots=True)
class Assert(Node):
    test: Expr
    message: Expr | None


@dataclass(frozen=True, slots=True)
class Pass(Node):
    pass


@dataclass(frozen=True, slots=True)
class Break(Node):
    pass


@dataclass(frozen=True, slots=True)
class Continue(Node):
    pass


@dataclass(frozen=True, slots=True)
class Delete(Node):
    targets: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class WithItem(Node):
    value: Expr
    var: Var | None


@dataclass(frozen=True, slots=True)
class With(Node):
    items: tuple[WithItem, ...]
    body: tuple[Stmt, ...]


Stmt = (
    Assign
    | AugAssign
    | ExprStmt
    | If
    | While
    | For
    | Return
    | Raise
    | Assert
    | Pass
    | Break
    | Continue
    | Delete
    | With
    | Hole
)


# --- functions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Param(Node):
    """A parameter the compiler sees. `annotation` is Python's own node (or one parsed from a type comment).

    `default` is the default's Python expression: the compiler takes the live value, never this text.
    """

    name: str
    annotation: ast.expr | None
    default: ast.expr | None
    keyword_only: bool = False


@dataclass(frozen=True, slots=True)
class Def(Node):
    """A function after the tree stage.

    `params` lack positional-only parameters (the front end does not read them) and star parameters.
    `returns` is the return annotation or None. `dropped` says why the body was replaced, if it was:
    ``"unused"`` (``torch.jit.unused``, ``ignore(drop=True)``).
    """

    name: str
    params: tuple[Param, ...]
    returns: ast.expr | None
    body: tuple[Stmt, ...]
    dropped: str | None = None
