"""Methods without source: of lists, dicts, strings, tensors, instances and their dicts; `module_methods` has nn.Module's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.freezing import copy_value
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, key_of
from jitlint.shapes.items import entry_of, iterate
from jitlint.shapes.joins import element_of, is_tensor, join, one_of, options_of
from jitlint.shapes.limits import is_long_text
from jitlint.shapes.module_methods import module_method, set_plainly
from jitlint.shapes.namespaces import namespace_entries
from jitlint.shapes.stores import extend, store_item, update
from jitlint.shapes.values import NONE, UNKNOWN, Absent, Constant, OneOf, Parameter, Sequence, Typed, Unknown, Value
from jitlint.types.model import BOOL, INT, STR, TENSOR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

_TO_NUMBER = {"item": None, "dim": INT, "numel": INT, "ndimension": INT, "element_size": INT, "is_floating_point": BOOL}
_OF_DICTS = frozenset("get pop setdefault items keys values update copy clear __contains__".split())
_STRING_RESULTS = frozenset(
    "lower upper strip lstrip rstrip replace capitalize title format join split rsplit startswith endswith find rfind "
    "index count isdigit isalpha partition rpartition removeprefix removesuffix zfill splitlines isnumeric islower "
    "isupper isalnum ljust rjust center swapcase encode".split()
)


def call_method(
    run: Interpreter,
    receiver: Value,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    frame: Frame | None,
    open_: bool,
) -> Value:
    """``receiver.name(*args, **kwargs)`` for a method that has no source."""
    try:
        match receiver:
            case ListObject():
                return _list_method(run, receiver, name, args)
            case DictObject():
                return _dict_method(run, receiver, name, args, kwargs)
            case Constant(value=str() as text):
                return _string_method(run, text, name, args, kwargs)
            case Constant(value=constant):
                return _number_method(run, constant, name, args)
            case Typed(type=type_) if type_ == STR:
                return _typed_string_method(run, name)
            case Sequence(kind="tensor", items=tuple() as items):
                return _row_method(run, items, name, args)
            case Sequence():
                return _tuple_method(run, receiver, name, args)
            case Module():
                return module_method(run, receiver, name, args, kwargs, frame, open_)
            case BuiltinMethod(name="__dict__" | "_modules" | "_parameters" | "_buffers"):
                return _namespace_method(run, receiver, name, args, kwargs)
            case InstanceObject():
                return _instance_method(run, receiver, name, args, kwargs)
            case OneOf(options=options):
                return one_of(
                    [
                        pair
                        for option, text in options
                        if not isinstance(option, Absent)
                        for pair in options_of(call_method(run, option, name, args, kwargs, frame, open_), text)
                    ]
                )
    except (IndexError, KeyError):
        return UNKNOWN
    if is_tensor(receiver):
        return _tensor_method(receiver, name)
    run.escape(args, kwargs)
    return Unknown(f"the result of {name}")


# --- lists ---------------------------------------------------------------------------------------------------


def _list_method(run: Interpreter, target: ListObject, name: str, args: list[Value]) -> Value:
    items = target.items
    cell = target.cell
    write = run.heap.write
    match name:
        case "append" | "add":
            if items is not None and len(items) < MAX_ITEMS:
                if name == "add" and any(key_of(item) == key_of(args[0]) for item in items):
                    return NONE
                write(cell, "items", (*items, args[0]))
            else:
                inner = element_of(items, target.element)
                write(cell, "element", args[0] if inner is None else join(inner, args[0]))
                write(cell, "items", None)
            return NONE
        case "extend" | "update":
            for arg in args:
                extend(run, target, arg)
            return NONE
        case "insert":
            where = run.plain(args[0])
            if items is not None and isinstance(where, int):
                changed = list(items)
                changed.insert(where, args[1])
                write(cell, "items", tuple(changed))
            else:
                write(cell, "element", join(element_of(items, target.element) or args[1], args[1]))
                write(cell, "items", None)
            return NONE
        case "pop":
            where = run.plain(args[0]) if args else -1
            if items is not None and isinstance(where, int):
                if not -len(items) <= where < len(items):
                    raise PathEnds
                value = items[where]
                where %= len(items)
                write(cell, "items", (*items[:where], *items[where + 1 :]))
                return value
            inner = element_of(items, target.element)
            write(cell, "element", inner)
            write(cell, "items", None)
            return inner or UNKNOWN
        case "copy":
            return run.heap.sequence(items, target.element, target.kind)
        case "reverse" if items is not None:
            write(cell, "items", items[::-1])
            return NONE
        case "clear":
            write(cell, "items", ())
            return NONE
        case "index" if items is not None:
            for number, item in enumerate(items):
                if key_of(item) == key_of(args[0]):
                    return Constant(number)
            return Typed(INT)
        case "count":
            return Typed(INT)
        case "sort" | "remove" | "discard" | "reverse":
            write(cell, "element", element_of(items, target.element))
            write(cell, "items", None)
            return NONE
    return UNKNOWN


def _row_method(run: Interpreter, items: tuple[Value, ...], name: str, args: list[Value]) -> Value:
    """Methods of a one-dimensional tensor whose numbers are known (``torch.linspace``)."""
    if name == "tolist":
        return run.heap.sequence(items)
    if name in ("split", "chunk") and args:
        sizes = (
            [run.plain(size) for size in iterate(run, args[0]) or ()]
            if isinstance(args[0], ListObject | Sequence)
            else None
        )
        if sizes and all(isinstance(size, int) for size in sizes) and sum(sizes) == len(items):
            parts: list[Value] = []
            start = 0
            for size in sizes:
                parts.append(Sequence("tensor", items[start : start + size]))
                start += size
            return Sequence("tuple", tuple(parts))
        return Unknown("parts of a tensor")
    return Unknown("the result of numel") if name in _TO_NUMBER else Typed(TENSOR)


def _tuple_method(run: Interpreter, target: Sequence, name: str, args: list[Value]) -> Value:
    if name == "index" and target.items is not None:
        for number, item in enumerate(target.items):
            if key_of(item) == key_of(args[0]):
                return Constant(number)
    if name == "count" and target.items is not None:
        if all(run.plain(item) is not NotImplemented for item in (*target.items, args[0])):
            return Constant([run.plain(item) for item in target.items].count(run.plain(args[0])))
    return Typed(INT) if name in ("index", "count") else UNKNOWN


# --- dicts ---------------------------------------------------------------------------------------------------


def _dict_method(run: Interpreter, target: DictObject, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    entries = target.items
    write = run.heap.write
    inner = target.element
    match name:
        case "get" | "pop" | "setdefault":
            default = args[1] if len(args) > 1 else kwargs.get("default", NONE)
            found = _entry(run, target, args[0], default, len(args) > 1 or name != "pop")
            if name == "pop":
                if entries is not None and not isinstance(args[0], Unknown | Typed | OneOf):
                    write(
                        target.cell, "items", {key: entry for key, entry in entries.items() if key != key_of(args[0])}
                    )
                else:
                    write(target.cell, "items", None)
            elif name == "setdefault" and entries is not None:
                if not isinstance(args[0], Unknown | Typed | OneOf):
                    write(target.cell, "items", {**entries, key_of(args[0]): (args[0], found)})
                else:
                    write(target.cell, "items", None)
            return found
        case "items":
            if iterate(run, target) is not None and entries is not None:
                return Sequence("iterator", tuple([Sequence("tuple", (key, value)) for key, value in entries.values()]))
            return Sequence("iterator", None, Sequence("tuple", (UNKNOWN, inner or UNKNOWN)))
        case "keys":
            keys = iterate(run, target)
            return Sequence("iterator", None if keys is None else tuple(keys))
        case "values":
            if iterate(run, target) is not None and entries is not None:
                return Sequence("iterator", tuple([value for _, value in entries.values()]))
            return Sequence("iterator", None, inner)
        case "update":
            if args:
                update(run, target, args[0])
            for key, value in kwargs.items():
                if target.items is not None:
                    write(target.cell, "items", {**target.items, key_of(Constant(key)): (Constant(key), value)})
            return NONE
        case "copy":
            copied = run.heap.mapping(None, target.ordered, inner)
            copied.cell["items"] = None if entries is None else dict(entries)
            return copied
        case "clear":
            write(target.cell, "items", {})
            return NONE
        case "popitem" | "move_to_end":
            write(target.cell, "items", None)
            return UNKNOWN
        case "__contains__":
            return Typed(BOOL)
    return UNKNOWN


def _entry(run: Interpreter, target: DictObject, key: Value, default: Value, has_default: bool) -> Value:
    entries = target.items
    if entries is None:
        return one_of([(target.element, ""), (default, "")]) if target.element is not None and has_default else UNKNOWN
    if isinstance(key, OneOf):
        return one_of(
            [
                pair
                for option, text in key.options
                for pair in options_of(_entry(run, target, option, default, True), text)
            ]
        )
    entry = entries.get(key_of(key))
    if entry is not None:
        value = entry[1]
        if isinstance(value, OneOf) and any(isinstance(option, Absent) for option, _ in value.options):
            return one_of(
                [(default, text) if isinstance(option, Absent) else (option, text) for option, text in value.options]
            )
        return value
    if isinstance(key, Unknown | Typed):
        return UNKNOWN
    if not has_default:
        raise PathEnds
    return default


# --- strings and numbers -------------------------------------------------------------------------------------


def _string_method(run: Interpreter, text: str, name: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
    if name not in _STRING_RESULTS:
        return UNKNOWN
    plain: list[Any] = []
    for arg in args:
        value = run.plain(arg)
        if value is NotImplemented:
            items = iterate(run, arg) if isinstance(arg, Sequence | ListObject | DictObject) else None
            inner = [run.plain(item) for item in items] if items is not None else [NotImplemented]
            if NotImplemented in inner:
                return _typed_string_method(run, name)
            value = tuple(inner)
        plain.append(value)
    named = {key: run.plain(value) for key, value in kwargs.items()}
    if NotImplemented in named.values():
        return _typed_string_method(run, name)
    if is_long_text(name, text, (*plain, *named.values())):
        return _typed_string_method(run, name)
    try:
        result = getattr(text, name)(*plain, **named)
    except (TypeError, ValueError, KeyError, IndexError):
        return _typed_string_method(run, name)
    if isinstance(result, list):
        return run.heap.sequence(tuple([Constant(part) for part in result]))
    if isinstance(result, tuple):
        return Sequence("tuple", tuple([Constant(part) for part in result]))
    return Constant(result)


def _typed_string_method(run: Interpreter, name: str) -> Value:
    if name in ("split", "rsplit", "splitlines"):
        return run.heap.sequence(None, Typed(STR))
    if name in ("partition", "rpartition"):
        return Sequence("tuple", (Typed(STR),) * 3)
    if name.startswith("is") or name in ("startswith", "endswith"):
        return Typed(BOOL)
    if name in ("find", "rfind", "index", "count"):
        return Typed(INT)
    return Typed(STR) if name in _STRING_RESULTS and name != "encode" else UNKNOWN


def _number_method(run: Interpreter, constant: object, name: str, args: list[Value]) -> Value:
    if name == "item":
        return Constant(constant)
    if name in ("bit_length", "is_integer", "conjugate") and not args and hasattr(constant, name):
        return Constant(getattr(constant, name)())
    return UNKNOWN


def _tensor_method(receiver: Value, name: str) -> Value:
    if name in _TO_NUMBER:
        type_ = _TO_NUMBER[name]
        return Typed(type_) if type_ is not None else UNKNOWN
    if name in (
        "tolist",
        "size",
        "numpy",
        "stride",
        "type",
        "storage",
        "data_ptr",
        "unbind",
        "split",
        "chunk",
        "max",
        "min",
    ):
        return Unknown(f"the result of {name} of a tensor")
    if isinstance(receiver, Parameter) and (
        (name.endswith("_") and not name.endswith("__")) or name in ("requires_grad_", "data")
    ):
        return receiver
    return Typed(TENSOR)


# --- instances -----------------------------------------------------------------------------------------------


def _instance_method(
    run: Interpreter, receiver: InstanceObject, name: str, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    if receiver.entries is not None:
        match name:
            case "__getitem__":
                return entry_of(run, receiver, receiver.entries, args[0])
            case "__setitem__":
                store_item(run, receiver.entries, args[0], args[1])
                return NONE
            case _ if name in _OF_DICTS:
                return _dict_method(run, receiver.entries, name, args, kwargs)
    match name:
        case "_replace":
            made = copy_value(run.heap, receiver, False)
            if isinstance(made, InstanceObject):
                for key, value in kwargs.items():
                    made.attributes[key] = value
            return made
        case "_asdict":
            return run.heap.mapping([(Constant(key), value) for key, value in receiver.attributes.items()])
        case "__setattr__":
            return set_plainly(run, receiver, args)
        case "__init__" | "__init_subclass__" | "__post_init__":
            return NONE
    run.escape([receiver, *args], kwargs)
    return Unknown(f"the result of {name}")


def _namespace_method(
    run: Interpreter, namespace: BuiltinMethod, name: str, args: list[Value], kwargs: dict[str, Value]
) -> Value:
    """Methods of ``self.__dict__``."""
    receiver = namespace.receiver
    match name:
        case "update":
            found = args[0] if args else run.heap.mapping([])
            if isinstance(found, DictObject) and found.items is not None:
                for key, value in found.items.values():
                    if isinstance(key, Constant) and isinstance(key.value, str):
                        run.set_attribute(receiver, key.value, value)
                for key_, value in kwargs.items():
                    run.set_attribute(receiver, key_, value)
                return NONE
            run.incomplete(receiver, "its __dict__ is updated with what is not known")
            return NONE
        case "get" | "pop" | "setdefault":
            key_name = run.plain(args[0])
            default = args[1] if len(args) > 1 else NONE
            if not isinstance(key_name, str) or not isinstance(receiver, Module | InstanceObject):
                run.incomplete(receiver, "its __dict__ is changed")
                return UNKNOWN
            held: Value | None = receiver.attributes.get(key_name)
            if name == "pop" and held is not None:
                run.delete_attribute(receiver, key_name)
            return held if held is not None else default
        case "items" | "keys" | "values":
            entries = namespace_entries(receiver, namespace.name)
            if entries is None:
                return Sequence("iterator", None)
            if name == "items":
                return Sequence("iterator", tuple([Sequence("tuple", (Constant(key), one)) for key, one in entries]))
            return Sequence("iterator", tuple([Constant(key) if name == "keys" else one for key, one in entries]))
        case "copy":
            entries = namespace_entries(receiver, namespace.name)
            return run.heap.mapping(None if entries is None else [(Constant(key), one) for key, one in entries])
    run.incomplete(receiver, "its __dict__ is changed")
    return UNKNOWN
