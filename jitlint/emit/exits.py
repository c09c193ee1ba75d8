"""The compiler's crash where an early exit guards a ``with`` (``torch/csrc/jit/frontend/exit_transforms.cpp``).

`return` under an `if` moves the rest of the block under a guard. An if whose one arm exits is merged with the guard
right after it by copying the guarded code; a `with` in that code is a block without outputs, so a value computed inside
it and used outside of it is lost, and an internal assertion fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jitlint.emit.emitter import Emitter
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


def check_loop_guard(e: Emitter, statement: tree.If, rest: tuple[tree.Stmt, ...]) -> None:
    """The same for ``break`` and ``continue`` in a real loop."""
    jumps = [
        arm for arm in (statement.true, statement.false) if arm and isinstance(arm[-1], (tree.Break, tree.Continue))
    ]
    if len(jumps) == 1 and e.loops and e.loops[-1] == "real":
        _check(e, rest, carried=True)


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
        made = set(_stored(one.body))
        used = set(_loaded(rest[position + 1 :]))
        outer = {name for name in made if carried and e.frame.parent is not None and e.frame.parent.find(name)}
        if (
            any(isinstance(inner, tree.Return) and inner.value is not None for inner in one.body)
            or made & used
            or outer
        ):
            e.report("JIT219", one.at, _MESSAGE, _OURS)
            return


def _stored(body: Iterable[tree.Stmt]) -> Iterator[str]:
    for one in body:
        match one:
            case tree.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, tree.Var):
                        yield target.name
            case tree.AugAssign(target=tree.Var(name=name)):
                yield name


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
