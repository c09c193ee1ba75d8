"""Forks of the abstract run: both sides of a decision that is not known, and where their states meet again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from jitlint.shapes.frames import Exit, Frame, PathEnds
from jitlint.shapes.heap import ABSENT, Delta, Store
from jitlint.shapes.joins import both, element_of, join, join_cell, one_of, widen
from jitlint.shapes.narrowing import narrowings
from jitlint.shapes.values import Absent, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitlint.shapes.interpreter import Interpreter


def fork(
    run: Interpreter,
    frame: Frame,
    first: Callable[[], bool],
    second: Callable[[], bool],
    condition_: str,
    otherwise: str,
    test: ast.expr | None = None,
) -> bool:
    """Runs both sides of a decision that is not known and joins what they leave. True where neither goes on.

    test: the condition itself, for what it says about variables on either side.
    """
    heap = run.heap
    variables, frame = frame, frame.root
    if frame.level < 0:
        frame.level = len(heap.journals)
        heap.open()
    conditions = len(frame.conditions)
    frame.forks += 1
    narrowed: list[dict[tuple[int, str], Value]] = [{}, {}]
    ended = [False, False]
    deltas: list[Delta] = []
    for number, (side, words) in enumerate(((first, condition_), (second, otherwise))):
        heap.open()
        frame.conditions.append(words)
        try:
            if test is not None:
                for store, name, value in narrowings(run, test, number == 0, variables):
                    heap.write(store, name, value)
                    narrowed[number][id(store), name] = value
            ended[number] = side()
        except PathEnds:
            ended[number] = True
        del frame.conditions[conditions:]
        if number == 0:
            deltas.append(heap.rollback())
    frame.forks -= 1
    if ended[1]:
        heap.rollback()
        if ended[0]:
            return True
        heap.apply(deltas[0])
        frame.conditions.append(condition_)
        return False
    if ended[0]:
        heap.commit()
        frame.conditions.append(otherwise)
        return False
    _meet(run, deltas[0], narrowed, condition_, otherwise)
    heap.commit()
    return False


def _meet(
    run: Interpreter, delta: Delta, narrowed: list[dict[tuple[int, str], Value]], condition_: str, otherwise: str
) -> None:
    """Joins the first side's writes with the present state, the second side's, whose journal is open."""
    heap = run.heap
    journal = heap.journals[-1]
    for key in [*delta, *(key for key in journal if key not in delta)]:
        if key in delta:
            store, name, one = delta[key]
        else:
            store, name, one = journal[key]  # the first side left it as it was
        other = store.get(name, ABSENT)
        if one is other:
            continue
        if one is narrowed[0].get(key, one) and other is narrowed[1].get(key, other):
            if key in narrowed[0] or key in narrowed[1]:
                old = journal[key][2] if key in journal else other
                if (key not in narrowed[0] or one is narrowed[0][key]) and (key in narrowed[1] or other is old):
                    untouched_one = key in narrowed[0] or one is old
                    if untouched_one:
                        heap.write(store, name, old)
                        continue
        merge(run, store, name, one, other, condition_, otherwise)


def merge(run: Interpreter, store: Store, name: str, one: Any, other: Any, condition_: str, otherwise: str) -> None:
    """Writes the join of two contents of a slot."""
    joined = join_cell(name, one, other, condition_, otherwise)
    if name == "items" and joined is None:
        inner = [_inner(store, part) for part in (one, other)]
        found = [part for part in inner if part is not None]
        if found:
            run.heap.write(store, "element", one_of([(part, "") for part in found]))
    run.heap.write(store, name, joined)


def _inner(store: Store, items: Any) -> Value | None:
    if isinstance(items, tuple):
        return element_of(items, None)
    if isinstance(items, dict):
        return element_of(tuple(value for _, value in items.values()), None)
    element_: Value | None = store.get("element")
    return element_


def snapshot(run: Interpreter, frame: Frame, forks: int) -> Delta | None:
    """The present state, to be joined where the region ends; None where no fork is open inside the region, so that the
    present state stays as it is until then."""
    if frame.forks <= forks:
        return None
    return run.heap.since(frame.level)


def rejoin(run: Interpreter, frame: Frame, delta: Delta, words: str) -> None:
    """Joins a state taken by `snapshot` into the present one."""
    heap = run.heap
    journals = heap.journals[frame.level :]
    for store, name, value in delta.values():
        present = store.get(name, ABSENT)
        if present is not value:
            merge(run, store, name, value, present, words, "")
    seen = set(delta)
    for journal in journals:
        for key, (store, name, old) in list(journal.items()):
            if key not in seen:
                seen.add(key)
                present = store.get(name, ABSENT)
                if present is not old:
                    merge(run, store, name, old, present, words, "")


def settle_exits(run: Interpreter, frame: Frame, exits: list[Exit], reached: bool) -> bool:
    """Joins the states of several exits with the present one, where that is `reached`. True where there is none."""
    if not reached:
        if not exits:
            return True
        last = exits[-1][0]
        if last is not None:
            heap = run.heap
            # the present state is that of a fork's base: put the last exit's in its place
            written = set(last)
            for journal in heap.journals[frame.level :]:
                for key, (store, name, old) in list(journal.items()):
                    if key not in written:
                        written.add(key)
                        heap.write(store, name, old)
            heap.apply(last)
        exits = exits[:-1]
    for delta, words in exits:
        if delta is not None:
            rejoin(run, frame, delta, words)
    return False


def words_of(frame: Frame) -> str:
    """The conditions of the present path, the nearest first, kept short."""
    text = ""
    for words in reversed(frame.conditions):
        longer = both(words, text)
        if len(longer) > 90:
            break
        text = longer
    return text


def widen_slot(run: Interpreter, store: Store, name: str, old: Any, new: Any) -> None:
    """Writes what a slot may hold after any number of rounds, whose content one round changes from `old` to `new`."""
    heap = run.heap
    if isinstance(old, Value) and isinstance(new, Value):
        if store.owner is not None and isinstance(old, Absent):
            # a container's child: how many there are is not known
            state = store.owner
            if isinstance(new, Absent):
                return
            element_ = state["element"]
            heap.write(state, "open", True)
            heap.write(state, "element", new if element_ is None else join(element_, new))
            heap.write(store, name, ABSENT)
            return
        heap.write(store, name, widen(old, new))
    elif name == "items":
        if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
            heap.write(store, name, tuple([widen(one, other) for one, other in zip(old, new)]))
        elif isinstance(old, dict) and isinstance(new, dict) and set(old) == set(new):
            heap.write(store, name, {key: (old[key][0], widen(old[key][1], new[key][1])) for key in old})
        else:
            found = [part for part in (_inner(store, old), _inner(store, new)) if part is not None]
            if found:
                heap.write(store, "element", one_of([(part, "") for part in found]))
            heap.write(store, name, None)
    else:
        heap.write(store, name, join_cell(name, old, new, "", ""))
