"""What calls gave before: an equal call of the abstract run takes it from here.

A call is remembered where it wrote to nothing that is older than itself, and where its arguments say by their keys all that
it may have read: constants, lists and dicts do by what they hold, a finished module does by being the same one. An instance
counts with what it holds at the time; a module under construction may change from one call to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.shapes.freezing import copy_value, seal
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject, key_of
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Lambda,
    ModuleObject,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from jitlint.shapes.interpreter import Interpreter

_IMMUTABLE = frozenset({Constant, Unknown, Absent, Typed, External, Class, Parameter, ModuleObject, Lambda})
_LOOKED_AT = 1000  # values


def remember(run: Interpreter, key: Any, holding: list[Value], compute: Callable[[], Value], owner: Value) -> Value:
    """The result of a call with no effect on its surroundings, computed once."""
    instances = instances_in(holding)
    if instances is None:
        return compute()
    if instances:
        key = (key, tuple([_contents(one) for one in instances]))
    known = run.memory.get(key)
    heap = run.heap
    if known is not None:
        run.project.dependencies |= known[1]
        if key not in run.used:
            # What a run can afford must not depend on what was run before it.
            run.used.add(key)
            run.steps += known[2]
            run.step()
        return copy_value(heap, known[0], _own_copy(run, known[0]))
    serial, oldest = heap.serial, heap.oldest
    heap.oldest = 1 << 60
    steps, shortcuts = run.steps, run.shortcuts
    try:
        result, files = run.recorded(compute)
    finally:
        pure = heap.oldest > serial
        heap.oldest = min(oldest, heap.oldest)
    if pure and run.shortcuts == shortcuts and run.steps - steps > 3 and not _in_progress(result):
        run.kept.extend(holding)
        run.kept.append(owner)
        for one in instances:
            run.kept.extend(one.attributes.values())
        kept = copy_value(heap, result, _own_copy(run, result))
        seal(kept)
        run.memory[key] = (kept, files, run.steps - steps)
        run.used.add(key)
    return result  # type: ignore[no-any-return]


def _own_copy(run: Interpreter, result: Value) -> bool:
    """Whether everyone who asks for a remembered result gets modules of their own."""
    if not run.share:
        return True
    return isinstance(result, Module) and isinstance(result.cls, Class) and id(result.cls.definition) in run.touched


def _in_progress(result: Value) -> bool:
    """Whether a result holds frames that still run."""
    return isinstance(result, Function | Lambda) and result.closure is not None


def _contents(instance: InstanceObject) -> Hashable:
    known = instance.state["known"]
    return (id(instance), known, tuple([(name, key_of(item)) for name, item in instance.attributes.items()]))


def instances_in(values: Iterable[Value]) -> list[InstanceObject] | None:
    """The instances in values, and in one another, which their keys tell apart by identity alone although they may change.
    None where a module under construction is among them, or where there is too much to look at."""
    found: list[InstanceObject] = []
    seen: set[int] = set()
    left = list(values)
    while left:
        value = left.pop()
        if value.__class__ in _IMMUTABLE or id(value) in seen:
            continue
        seen.add(id(value))
        if len(seen) > _LOOKED_AT:
            return None
        match value:
            case Module():
                if not value.sealed:
                    return None
            case InstanceObject(member=None, attributes=attributes) if attributes.born:
                found.append(value)
                left.extend(attributes.values())
            case ListObject(items=items, element=element) | Sequence(items=items, element=element):
                left.extend(items or ())
                if element is not None:
                    left.append(element)
            case DictObject(items=entries, element=element):
                left.extend([item for _, item in (entries or {}).values()])
                if element is not None:
                    left.append(element)
            case OneOf(options=options):
                left.extend([option for option, _ in options])
            case Partial(function=function, args=args, kwargs=kwargs):
                left.extend([function, *args, *(item for _, item in kwargs)])
            case (
                Function(bound=Value() as receiver) | BuiltinMethod(receiver=receiver) | SuperObject(receiver=receiver)
            ):
                left.append(receiver)
    return found
