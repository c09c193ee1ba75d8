"""Writing into what has items: lists, dicts, torch's containers, and the dicts of an object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.shapes.frames import MAX_ITEMS
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, Unshare, key_of
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import element_of, join, one_of
from jitlint.shapes.values import Constant, Function, OneOf, Sequence, Typed, Unknown, Value

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def store_item(run: Interpreter, base: Value, key: Value, value: Value) -> None:
    """``base[key] = value``."""
    heap = run.heap
    match base:
        case DictObject():
            if isinstance(key, Unknown | OneOf) or base.items is None or not isinstance(key_of(key), tuple | str | int):
                inner = element_of(tuple(item for _, item in base.items.values()), None) if base.items else base.element
                heap.write(base.cell, "element", value if inner is None else join(inner, value))
                heap.write(base.cell, "items", None)
            elif key_of(key) is not None:
                heap.write(base.cell, "items", {**base.items, key_of(key): (key, value)})
        case ListObject():
            number = run.plain(key)
            items = base.items
            if items is not None and isinstance(number, int) and -len(items) <= number < len(items):
                number %= len(items)
                heap.write(base.cell, "items", (*items[:number], value, *items[number + 1 :]))
            elif items is not None:
                heap.write(base.cell, "items", tuple([join(item, value) for item in items]))
            elif base.element is not None:
                heap.write(base.cell, "element", join(base.element, value))
        case Module() if base.children is not None:
            name = run.plain(key)
            if base.sealed:
                raise Unshare(base)
            if isinstance(name, int) and not base.state["open"]:
                keys = list(base.children)
                if -len(keys) <= name < len(keys):
                    heap.write(base.children, keys[name], value)
            elif isinstance(name, str) and not base.state["open"]:
                heap.write(base.children, name, value)
            else:
                inner = base.state["element"]
                if not base.state["open"]:
                    inner = element_of(tuple(base.children.values()), inner)
                heap.write(base.state, "open", True)
                heap.write(base.state, "element", value if inner is None else join(inner, value))
        case BuiltinMethod(receiver=receiver, name="__dict__" | "_modules" | "_buffers" | "_parameters"):
            name = run.plain(key)
            if isinstance(name, str):
                run.set_attribute(receiver, name, value)
            else:
                run.incomplete(receiver, "an attribute whose name is computed")
        case InstanceObject() | Module():
            method = run.attribute(base, "__setitem__")
            if isinstance(method, Function):
                run.call(method, [key, value], {})
            elif isinstance(base, InstanceObject) and base.entries is not None:
                store_item(run, base.entries, key, value)


def extend(run: Interpreter, target: ListObject, more: Value) -> None:
    """``target.extend(more)``."""
    items = iterate(run, more)
    if items is not None and target.items is not None and len(items) + len(target.items) <= MAX_ITEMS:
        run.heap.write(target.cell, "items", (*target.items, *items))
        return
    found = [part for part in (element_of(target.items, target.element), element(run, more)) if part is not None]
    run.heap.write(target.cell, "element", one_of([(part, "") for part in found]))
    run.heap.write(target.cell, "items", None)


def update(run: Interpreter, target: DictObject, more: Value) -> None:
    """``target.update(more)``."""
    write = run.heap.write
    entries = target.items
    if isinstance(more, DictObject):
        if entries is not None and more.items is not None:
            write(target.cell, "items", {**entries, **more.items})
            return
        write(target.cell, "items", None)
        return
    pairs = iterate(run, more) if not isinstance(more, Constant) else None
    if pairs is not None and entries is not None:
        changed = dict(entries)
        for pair in pairs:
            row = iterate(run, pair) if isinstance(pair, Sequence | ListObject) else None
            if row is None or len(row) != 2 or isinstance(row[0], Unknown | Typed | OneOf):
                break
            changed[key_of(row[0])] = (row[0], row[1])
        else:
            write(target.cell, "items", changed)
            return
    inner = element(run, more)
    if isinstance(inner, Sequence) and inner.items is not None and len(inner.items) == 2:
        write(target.cell, "element", inner.items[1])
    write(target.cell, "items", None)
