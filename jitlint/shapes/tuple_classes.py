"""Classes that a call makes: ``collections.namedtuple("Point", "x y")``, ``typing.NamedTuple("Point", [("x", int)])``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from jitlint.shapes.frames import Frame
from jitlint.shapes.heap import DictObject, ListObject
from jitlint.shapes.values import Constant, Sequence, TupleClass, Value

if TYPE_CHECKING:
    from jitlint.project.definitions import Scope
    from jitlint.shapes.interpreter import Interpreter

MAKERS = frozenset({"collections.namedtuple", "typing.NamedTuple", "typing_extensions.NamedTuple"})


def tuple_class(
    run: Interpreter, maker: str, args: list[Value], kwargs: dict[str, Value], frame: Frame | None
) -> TupleClass | None:
    """The class that such a call gives; None where not all of it is known."""
    typed = maker != "collections.namedtuple"
    options = dict(kwargs)
    given = [*args, *(options.pop(name) for name in ("typename", "field_names")[len(args) :] if name in options)]
    if frame is None or len(given) != 2 or (options.keys() - {"defaults"}) or (typed and options):
        return None
    name, listed = run.plain(given[0]), given[1]
    fields: list[tuple[str, Value | None]] = []
    if isinstance(text := run.plain(listed), str) and not typed:
        fields = [(field, None) for field in text.replace(",", " ").split()]
    elif isinstance(listed, Sequence | ListObject) and listed.items is not None:
        for item in listed.items:
            pair = item.items if typed and isinstance(item, Sequence | ListObject) else (item, None)
            if pair is None or len(pair) != 2 or not isinstance(field := run.plain(pair[0]), str):
                return None
            fields.append((field, pair[1]))
    else:
        return None
    if not isinstance(name, str) or not fields:
        return None
    defaults = options.get("defaults", Constant(None))
    count = 0 if defaults == Constant(None) else _length(defaults)
    if count is None:
        return None
    return TupleClass(
        name, tuple(field for field, _ in fields), tuple(kind for _, kind in fields), count, frame.scope.module.scope
    )


def annotated(run: Interpreter, made: TupleClass, scope: Scope, name: str) -> TupleClass | None:
    """The same with what the module sets as ``Name.__annotations__``; None where that is not known."""
    node = scope.module.annotated.get(name) if scope is scope.module.scope else None
    if node is None:
        return made
    value = run.evaluate(node, Frame(run.heap.store(), scope))
    if not isinstance(value, DictObject) or value.items is None:
        return None
    kinds = {run.plain(key): kind for key, kind in value.items.values()}
    return replace(made, types=tuple(kinds.get(field) for field in made.fields))


def _length(value: Value) -> int | None:
    return len(value.items) if isinstance(value, Sequence | ListObject) and value.items is not None else None
