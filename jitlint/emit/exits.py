"""The compiler's crash where an early exit guards a ``with`` (``torch/csrc/jit/frontend/exit_transforms.cpp``).

`return` under an `if` moves the rest of the block under a guard. An if whose one arm exits is merged with the guard
right after it by copying the guarded code; a `with` in that code is a block without outputs, so a value computed inside
it and used outside of it is lost, and an internal assertion fails. The same happens where the `if` stands in the `with`
itself, to the values that are computed behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jitlint.emit.emitter import Emitter, Guard
from jitlint.emit.values import Val
from jitlint.syntax import tree

_MESSAGE = "outputs_[i]->uses().empty() INTERNAL ASSERT FAILED"
_OURS = (
    "An earlier conditional exit and a value that leaves this `with` make the compiler fail with an internal assertion"
)


def check_guarded(
    e: Emitter, statement: tree.If, true_exits: bool, false_exits: bool, rest: tuple[tree.Stmt, ...]
) -> None:
    """After an `if` (not static) whose one arm exits: is there a ``with`` in `rest` that the guard breaks?"""
    arm, other = (statement.true, statement.false) if true_exits else (statement.false, statement.true)
    if true_exits == false_exits or not _leaves_by_return(arm) or any(_exits_inside(other)):
        return
    _check(e, rest)
    e.guards.append((e.frame, rest, False))


def check_loop_guard(e: Emitter, statement: tree.If, rest: tuple[tree.Stmt, ...]) -> None:
    """The same for ``break`` and ``continue`` in a real loop."""
    jumps = [
        arm for arm in (statement.true, statement.false) if arm and isinstance(arm[-1], (tree.Break, tree.Continue))
    ]
    if len(jumps) == 1 and e.loops and e.loops[-1] == "real":
        _check(e, rest, carried=True)
        e.guards.append((e.frame, rest, True))


def check_with(e: Emitter, statement: tree.With, guards: list[Guard], rest: tuple[tree.Stmt, ...]) -> None:
    """Whether a value that is computed in a ``with`` behind a conditional exit is used outside of it. `rest`: what
    follows the ``with`` in its block."""
    used = _needed(rest)
    for frame, guarded, of_loop in guards:
        if frame is not e.frame:
            continue
        made = {name for name, value in _last_values(guarded).items() if _computed(e, value)}
        carried = {name for name in made if of_loop and e.frame.loop and e.frame.parent and e.frame.parent.find(name)}
        if made & used or carried:
            e.report("JIT219", statement.at, _MESSAGE, _OURS)
            return


def _last_values(body: tuple[tree.Stmt, ...]) -> dict[str, tree.Expr | None]:
    """What each name holds at the end of a block: the value that the block itself assigns last; None where something
    nested in it may assign another."""
    found: dict[str, tree.Expr | None] = {}
    for one in body:
        match one:
            case tree.Assign(targets=targets, value=value):
                for target in targets:
                    found.update(dict.fromkeys(_loaded([target])))
                    if isinstance(target, tree.Var):
                        found[target.name] = value
            case tree.AugAssign(target=tree.Var(name=name) as target, op=op, value=value):
                found[name] = tree.Binary(one.at, op, target, value)
            case tree.ExprStmt() | tree.Pass() | tree.Assert():
                pass
            case _:
                found = dict.fromkeys(found)
    return found


# Calls that may give back their argument, a constant, or nothing that is a value.
_NO_NODE = frozenset(
    "annotate bool complex enumerate float getattr hasattr int isinstance range str tuple unchecked_cast zip".split()
)


def _computed(e: Emitter, value: tree.Expr | None) -> bool:
    """Whether a value surely is one of a node of its own: of an operator, a display or a call with variables in it."""
    match value:
        case tree.Binary(op=op):
            computes = op not in ("and", "or")
        case tree.Unary(op=op):
            computes = op != "not"
        case tree.TupleLiteral() | tree.ListLiteral():
            computes = True
        case tree.Subscript(value=tree.Var(name=name)):
            computes = isinstance(e.frame.find(name), Val)
        case tree.Apply(func=tree.Var(name=name)):
            computes = name not in _NO_NODE
        case tree.Apply(func=tree.Select(name=name)):
            computes = name not in ("annotate", "unchecked_cast")
        case _:
            return False
    return computes and any(_loaded([value]))


def _needed(rest: tuple[tree.Stmt, ...]) -> set[str]:
    """The names that are read in statements before they are surely assigned anew."""
    needed: set[str] = set()
    replaced: set[str] = set()
    for one in rest:
        needed.update(name for name in _loaded([one]) if name not in replaced)
        if isinstance(one, tree.Assign):
            replaced.update(target.name for target in one.targets if isinstance(target, tree.Var))
    return needed


def _leaves_by_return(arm: tuple[tree.Stmt, ...]) -> bool:
    return any(isinstance(one, tree.Return) for one in arm)


def _exits_inside(body: Iterable[tree.Stmt]) -> Iterator[bool]:
    for one in body:
        match one:
            case tree.Return() | tree.Break() | tree.Continue():
                yield True
            case tree.If(true=true, false=false):
                yield from _exits_inside(true)
                yield from _exits_inside(false)
            case tree.With(body=inner) | tree.For(body=inner) | tree.While(body=inner):
                yield from _exits_inside(inner)


def _check(e: Emitter, rest: tuple[tree.Stmt, ...], carried: bool = False) -> None:
    for position, one in enumerate(rest):
        if not isinstance(one, tree.With):
            continue
        made = {name for name, value in _last_values(one.body).items() if _computed(e, value)}
        returned = [inner.value for inner in one.body if isinstance(inner, tree.Return)]
        carries = carried and e.frame.loop and e.frame.parent is not None
        outer = {name for name in made if carries and e.frame.parent is not None and e.frame.parent.find(name)}
        if any(_computed(e, value) for value in returned) or made & _needed(rest[position + 1 :]) or outer:
            e.report("JIT219", one.at, _MESSAGE, _OURS)
            return


def _loaded(body: Iterable[object]) -> Iterator[str]:
    """Every name that occurs in statements, other than as the target of an assignment."""
    stack: list[object] = list(body)
    while stack:
        one = stack.pop()
        match one:
            case tree.Var(name=name):
                yield name
            case tree.Assign(targets=targets, value=value):
                stack.append(value)
                stack.extend(target for target in targets if not isinstance(target, tree.Var))
            case tree.Node() | tree.Keyword():
                for field in one.__dataclass_fields__:
                    if field != "at":
                        stack.append(getattr(one, field))
            case tuple():
                stack.extend(one)
