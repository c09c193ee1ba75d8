"""Python's functions that make, measure and go through sequences and dicts, those of ``itertools`` with them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from jitlint.project.hierarchy import is_namedtuple
from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.heap import DictObject, InstanceObject, ListObject, Module, key_of
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import element_of, one_of, scalar_type
from jitlint.shapes.operators import binary
from jitlint.shapes.stores import update
from jitlint.shapes.values import UNKNOWN, Absent, Class, Constant, Function, OneOf, Sequence, Typed, Unknown, Value
from jitlint.types.model import BOOL, FLOAT, INT

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def _sequence(kind: str) -> Any:
    def make(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        if not args:
            return Sequence("tuple", ()) if kind == "tuple" else run.heap.sequence((), None, kind)
        value = args[0]
        if isinstance(value, OneOf):
            return one_of(
                [
                    (make(run, [option], {}, frame), text)
                    for option, text in value.options
                    if not isinstance(option, Constant | Absent)
                ]
            )
        items = iterate(run, value)
        inner = element(run, value) if items is None else None
        if items is not None and kind in ("set", "frozenset"):
            items = list({key_of(item): item for item in items}.values())
        known = tuple(items) if items is not None else None
        if inner is not None and isinstance(inner, Unknown):
            inner = None
        return Sequence("tuple", known, inner) if kind == "tuple" else run.heap.sequence(known, inner, kind)

    return make


def _dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return make_dict(run, args, kwargs, False)


def _ordered_dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return make_dict(run, args, kwargs, True)


def make_dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], ordered: bool) -> Value:
    result = run.heap.mapping([], ordered)
    if args:
        update(run, result, args[0])
    for name, value in kwargs.items():
        if result.items is not None:
            result.cell["items"] = {**result.items, key_of(Constant(name)): (Constant(name), value)}
    return result


def _defaultdict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return run.heap.mapping(None)


def _len(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    value = args[0]
    match value:
        case Constant(value=str() | bytes() as text):
            return Constant(len(text))
        case Constant():
            raise PathEnds
        case Sequence(items=tuple() as items) | ListObject(items=tuple() as items):
            return Constant(len(items))
        case DictObject(items=dict()):
            items_ = iterate(run, value)
            return Typed(INT) if items_ is None else Constant(len(items_))
        case Module() if value.children is not None and not value.state["open"]:
            if not any(isinstance(child, OneOf) for child in value.children.values()):
                return Constant(len(value.children))
        case InstanceObject(cls=Class(definition=definition)) | Module(cls=Class(definition=definition)):
            method = run.class_member(definition, "__len__")
            if isinstance(method, Function):
                return run.call(run.bind(method, value, Class(definition)), [], {})
            if is_namedtuple(run.project, definition) and isinstance(value, InstanceObject):
                return Constant(len(value.attributes))
        case Class():
            found = iterate(run, value)
            return Typed(INT) if found is None else Constant(len(found))
        case OneOf(options=options):
            kept = [
                (_len(run, [option], {}, frame), text)
                for option, text in options
                if not isinstance(option, Constant | Absent)
            ]
            return one_of(kept) if kept else UNKNOWN
    return Typed(INT)


def _range(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    plain = [run.plain(arg) for arg in args]
    if all(isinstance(value, int) for value in plain) and plain and (len(plain) < 3 or plain[2]):
        numbers = range(*plain)
        if len(numbers) <= MAX_ITEMS:
            return Sequence("range", tuple([Constant(number) for number in numbers]))
    elif any(value is not NotImplemented and not isinstance(value, int) for value in plain):
        raise PathEnds
    return Sequence("range", None, Typed(INT))


def _enumerate(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    first = run.plain(args[1] if len(args) > 1 else kwargs.get("start", Constant(0)))
    items = iterate(run, args[0])
    if items is None or not isinstance(first, int):
        return Sequence("iterator", None, Sequence("tuple", (Typed(INT), element(run, args[0]))))
    return Sequence(
        "iterator", tuple([Sequence("tuple", (Constant(first + number), item)) for number, item in enumerate(items)])
    )


def _zip(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    columns = [iterate(run, arg) for arg in args]
    if any(column is None for column in columns):
        return Sequence("iterator", None, Sequence("tuple", tuple([element(run, arg) for arg in args])))
    return Sequence("iterator", tuple([Sequence("tuple", row) for row in zip(*[c for c in columns if c is not None])]))


def _reversed(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items is None:
        return Sequence("iterator", None, element(run, args[0]))
    return Sequence("iterator", tuple(reversed(items)))


def _sorted(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    plain = [run.plain(item) for item in items or ()]
    if items is not None and not kwargs and all(value is not NotImplemented for value in plain):
        try:
            return run.heap.sequence(tuple([Constant(value) for value in sorted(plain)]))
        except TypeError:
            pass
    return run.heap.sequence(None, element(run, args[0]))


def _map(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    columns = [iterate(run, arg) for arg in args[1:]]
    if any(column is None for column in columns):
        inner = run.call(args[0], [element(run, arg) for arg in args[1:]], {}, frame)
        return Sequence("iterator", None, inner)
    rows = zip(*[column for column in columns if column is not None])
    return Sequence("iterator", tuple([run.call(args[0], list(row), {}, frame) for row in rows]))


def _filter(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[1])
    if items is None:
        return Sequence("iterator", None, element(run, args[1]))
    kept: list[Value] = []
    known = True
    for item in items:
        test = item if run.plain(args[0]) is None else run.call(args[0], [item], {}, frame)
        truth = run.truth(test)
        if truth is None:
            known = False
        if truth is not False:
            kept.append(item)
    return Sequence("iterator", tuple(kept) if known else None, None if known else element_of(tuple(kept), None))


def _sum(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    total: Value = args[1] if len(args) > 1 else Constant(0)
    if items is None:
        inner = scalar_type(element(run, args[0]))
        return Typed(inner) if inner in (INT, FLOAT) else UNKNOWN
    for item in items:
        total = binary(run, ast.Add(), total, item)
    return total


def _extreme(function: Any) -> Any:
    def find(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        items = iterate(run, args[0]) if len(args) == 1 else args
        if items is None or "key" in kwargs:
            inner = scalar_type(element(run, args[0]))
            return Typed(inner) if inner is not None else UNKNOWN
        if not items:
            if "default" in kwargs:
                return kwargs["default"]
            raise PathEnds
        plain = [run.plain(item) for item in items]
        if all(value is not NotImplemented for value in plain):
            try:
                return Constant(function(plain))
            except TypeError as error:
                raise PathEnds from error
        types = {scalar_type(item) for item in items}
        only = types.pop() if len(types) == 1 else None
        return Typed(only) if only is not None else UNKNOWN

    return find


def _any_all(is_all: bool) -> Any:
    def test(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        items = iterate(run, args[0])
        if items is None:
            return Typed(BOOL)
        truths = [run.truth(item) for item in items]
        if (False in truths) if is_all else (True in truths):
            return Constant(not is_all)
        return Typed(BOOL) if None in truths else Constant(is_all)

    return test


def _next(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items:
        return items[0] if len(items) == 1 else element_of(tuple(items), None) or UNKNOWN
    return UNKNOWN if items is None else args[1] if len(args) > 1 else UNKNOWN


def _first(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return args[0]


def _chain(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    found: list[Value] = []
    for arg in args:
        items = iterate(run, arg)
        if items is None:
            return Sequence("iterator", None, one_of([(element(run, one), "") for one in args]))
        found.extend(items)
    return Sequence("iterator", tuple(found))


def _chain_iterable(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    return Sequence("iterator", None) if items is None else _chain(run, items, {}, frame)


def _repeat(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    count = run.plain(args[1]) if len(args) > 1 else NotImplemented
    if isinstance(count, int) and count <= MAX_ITEMS:
        return Sequence("iterator", (args[0],) * max(count, 0))
    return Sequence("iterator", None, args[0])


def _product(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    rows: list[tuple[Value, ...]] = [()]
    for arg in args:
        items = iterate(run, arg)
        if items is None or kwargs or len(rows) * len(items) > MAX_ITEMS:
            return Sequence("iterator", None, None)
        rows = [(*row, item) for row in rows for item in items]
    return Sequence("iterator", tuple([Sequence("tuple", row) for row in rows]))


def _accumulate(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items is None or len(args) > 1 or kwargs:
        return Sequence("iterator", None, None)
    found: list[Value] = []
    for item in items:
        found.append(item if not found else binary(run, ast.Add(), found[-1], item))
    return Sequence("iterator", tuple(found))


def _reduce(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[1])
    if items is None:
        return UNKNOWN
    rest = [*args[2:], *items]
    if not rest:
        raise PathEnds
    total = rest[0]
    for item in rest[1:]:
        total = run.call(args[0], [total, item], {}, frame)
    return total


FUNCTIONS: dict[str, Any] = {
    "builtins.len": _len,
    "builtins.range": _range,
    "builtins.list": _sequence("list"),
    "builtins.tuple": _sequence("tuple"),
    "builtins.set": _sequence("set"),
    "builtins.frozenset": _sequence("frozenset"),
    "builtins.dict": _dict,
    "collections.OrderedDict": _ordered_dict,
    "typing.OrderedDict": _ordered_dict,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _sequence("deque"),
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.sum": _sum,
    "builtins.max": _extreme(max),
    "builtins.min": _extreme(min),
    "builtins.any": _any_all(False),
    "builtins.all": _any_all(True),
    "builtins.next": _next,
    "builtins.iter": _first,
    "functools.reduce": _reduce,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_iterable,
    "itertools.repeat": _repeat,
    "itertools.product": _product,
    "itertools.accumulate": _accumulate,
}
