"""Methods without source: of lists, dicts, strings, tensors, and what nn.Module's own methods do to a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.shapes import calls
from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.freezing import copy_value
from jitlint.shapes.heap import ABSENT, BuiltinMethod, DictObject, InstanceObject, ListObject, Module, Unshare, key_of
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import element_of, is_tensor, join, one_of, options_of
from jitlint.shapes.limits import is_long_text
from jitlint.shapes.namespaces import namespace_entries
from jitlint.shapes.stores import extend, update
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    OneOf,
    Parameter,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import BOOL, INT, STR, TENSOR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

_TO_NUMBER = {"item": None, "dim": INT, "numel": INT, "ndimension": INT, "element_size": INT, "is_floating_point": BOOL}
_STRING_RESULTS = frozenset(
    "lower upper strip lstrip rstrip replace capitalize title format join split rsplit startswith endswith find rfind "
    "index count isdigit isalpha partition rpartition removeprefix removesuffix zfill splitlines isnumeric islower "
    "isupper isalnum ljust rjust center swapcase encode".split()
)
# Methods of nn.Module that leave what the compiler sees as it is, with what they return: the module, or something else.
_RETURN_SELF = frozenset(
    (
        "apply eval train to half float double bfloat16 cuda cpu requires_grad_ to_empty type share_memory xpu compile "
        "_apply"
    ).split()
)
_QUIET = frozenset(
    "load_state_dict zero_grad extra_repr register_state_dict_pre_hook _register_state_dict_hook _load_from_state_dict "
    "_register_load_state_dict_pre_hook register_load_state_dict_pre_hook register_load_state_dict_post_hook "
    "register_full_backward_hook register_backward_hook register_full_backward_pre_hook register_state_dict_post_hook "
    "set_extra_state _get_name __repr__ __setstate__ reset_parameters _reset_parameters".split()
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
    calls.escape(run, args, kwargs)
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


# --- instances and modules -----------------------------------------------------------------------------------


def _instance_method(
    run: Interpreter, receiver: InstanceObject, name: str, args: list[Value], kwargs: dict[str, Value]
) -> Value:
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
            return call_method_setattr(run, receiver, args)
        case "__init__" | "__init_subclass__" | "__post_init__":
            return NONE
    calls.escape(run, [receiver, *args], kwargs)
    return Unknown(f"the result of {name}")


def call_method_setattr(run: Interpreter, receiver: Value, args: list[Value]) -> Value:
    name = run.plain(args[0])
    if isinstance(name, str) and isinstance(receiver, Module):
        run.heap.write(receiver.attributes, name, args[1])
    elif isinstance(name, str):
        run.set_attribute(receiver, name, args[1])
    else:
        run.incomplete(receiver, "an attribute is set whose name is computed")
    return NONE


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


def module_method(
    run: Interpreter,
    module: Module,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    frame: Frame | None,
    open_: bool,
) -> Value:
    """What a method of nn.Module, or of one of torch's containers, does to the module."""
    if module.children is not None:
        found = _container_method(run, module, name, args, kwargs)
        if found is not None:
            return found
    match name:
        case "add_module" | "register_module":
            child = args[1] if len(args) > 1 else kwargs.get("module", NONE)
            _register(run, module, args[0] if args else kwargs.get("name", UNKNOWN), child)
            return NONE
        case "register_parameter":
            value = args[1] if len(args) > 1 else kwargs.get("param", NONE)
            if isinstance(value, Typed):
                value = Parameter()
            _register(run, module, args[0] if args else kwargs.get("name", UNKNOWN), value)
            return NONE
        case "register_buffer":
            value = args[1] if len(args) > 1 else kwargs.get("tensor", NONE)
            _register(run, module, args[0] if args else kwargs.get("name", UNKNOWN), _as_buffer(value))
            return NONE
        case "__setattr__":
            return call_method_setattr(run, module, args)
        case "__delattr__":
            key = run.plain(args[0])
            if isinstance(key, str):
                run.delete_attribute(module, key)
            return NONE
        case "__getattr__":
            return run.attribute(module, str(run.plain(args[0]))) or UNKNOWN if args else UNKNOWN
        case "register_forward_hook":
            run.heap.write(module.state, "hooks", (*module.state["hooks"], args[0] if args else UNKNOWN))
            return Unknown("a handle")
        case "register_forward_pre_hook":
            run.heap.write(module.state, "pre_hooks", (*module.state["pre_hooks"], args[0] if args else UNKNOWN))
            return Unknown("a handle")
        case "apply" if args and isinstance(module.cls, Class):
            return module
        case "parameters" | "buffers":
            return Sequence("iterator", None, Parameter(name == "buffers"))
        case "named_parameters" | "named_buffers":
            return Sequence("iterator", None, Sequence("tuple", (Typed(STR), Parameter(name == "named_buffers"))))
        case "children" | "modules":
            return Sequence("iterator", None, Unknown("a submodule"))
        case "named_children" | "named_modules":
            return Sequence("iterator", None, Sequence("tuple", (Typed(STR), Unknown("a submodule"))))
        case "state_dict":
            return run.heap.mapping(None)
        case "get_submodule" if args:
            return _submodule(run, module, args[0])
        case "get_parameter" | "get_buffer" | "get_submodule":
            return Parameter(name == "get_buffer") if name != "get_submodule" else UNKNOWN
        case "get_extra_state" | "_named_members" | "_get_backward_hooks":
            return UNKNOWN
        case "set_submodule" | "__setstate__" | "_replicate_for_data_parallel":
            run.incomplete(module, f"{name} is called")
            return NONE
        case "__call__" | "forward":
            return UNKNOWN
        case "__dir__":
            return run.heap.sequence(None, Typed(STR))
        case "__init__":
            return NONE
    if name in _RETURN_SELF:
        return module
    if name in _QUIET:
        return NONE
    if isinstance(module.cls, External):
        return UNKNOWN  # a method of one of torch's modules: none sets attributes by names of its own
    run.incomplete(module, f"{name} is called, which is not known")
    return UNKNOWN


def _as_buffer(value: Value) -> Value:
    match value:
        case Typed() | Parameter():
            return Parameter(buffer=True)
        case Constant(value=None):
            return value
        case OneOf(options=options):
            return one_of([(_as_buffer(option), text) for option, text in options])
    return Parameter(buffer=True) if isinstance(value, Unknown) and "tensor" in value.reason else value


def _register(run: Interpreter, module: Module, name: Value, value: Value) -> None:
    key = run.plain(name)
    if not isinstance(key, str):
        run.incomplete(module, "something is registered under a computed name")
        if module.children is not None:
            run.heap.write(module.state, "open", True)
        return
    if module.sealed:
        raise Unshare(module)
    run.heap.write(module.attributes, key, value)
    if module.children is not None and isinstance(value, Module | OneOf):
        run.heap.write(module.attributes, key, ABSENT)
        run.heap.write(module.children, key, value)


def _submodule(run: Interpreter, module: Module, path: Value) -> Value:
    text = run.plain(path)
    if not isinstance(text, str):
        return UNKNOWN
    value: Value | None = module
    for part in text.split(".") if text else ():
        value = run.attribute(value, part) if value is not None else None
    if value is None:
        raise PathEnds
    return value


def _container_method(
    run: Interpreter, module: Module, name: str, args: list[Value], kwargs: dict[str, Value]
) -> Value | None:
    children = module.children
    assert children is not None
    open_ = module.state["open"]
    write = run.heap.write
    if name in ("append", "extend", "insert", "add_module", "update", "pop", "clear", "__iadd__") and module.sealed:
        raise Unshare(module)
    match name:
        case "append":
            if open_:
                _add_element(run, module, args[0])
            else:
                write(children, str(len(children)), _as_item(run, module, args[0]))
            return module
        case "extend" | "__iadd__":
            add_items(run, module, args[0])
            return module
        case "insert":
            where = run.plain(args[0])
            if isinstance(where, int) and not open_:
                items = list(children.values())
                items.insert(where, args[1])
                for number, item in enumerate(items):
                    write(children, str(number), item)
            else:
                _add_element(run, module, args[1])
            return module
        case "update":
            add_mapping(run, module, args[0])
            return NONE
        case "pop":
            key = run.plain(args[0])
            if isinstance(key, int) and not open_ and -len(children) <= key < len(children):
                items = list(children.values())
                last: Value = items.pop(key)
                for number, item in enumerate(items):
                    write(children, str(number), item)
                write(children, str(len(items)), ABSENT)
                return last
            if isinstance(key, str) and key in children:
                named: Value = children[key]
                write(children, key, ABSENT)
                return named
            _forget(run, module)
            return UNKNOWN
        case "clear":
            for key in list(children):
                write(children, key, ABSENT)
            return NONE
        case "keys":
            return Sequence("iterator", None if open_ else tuple([Constant(key) for key in children]), Typed(STR))
        case "values":
            return Sequence("iterator", None if open_ else tuple(children.values()), module.state["element"])
        case "items":
            if open_:
                return Sequence("iterator", None, Sequence("tuple", (Typed(STR), module.state["element"] or UNKNOWN)))
            return Sequence(
                "iterator", tuple([Sequence("tuple", (Constant(key), child)) for key, child in children.items()])
            )
        case "children" if not open_:
            return Sequence("iterator", tuple(children.values()))
        case "named_children" if not open_:
            return Sequence(
                "iterator", tuple([Sequence("tuple", (Constant(key), child)) for key, child in children.items()])
            )
        case "__len__" if not open_:
            return Constant(len(children))
    return None


def _forget(run: Interpreter, module: Module) -> None:
    assert module.children is not None
    inner = element_of(tuple(module.children.values()), module.state["element"])
    run.heap.write(module.state, "element", inner)
    run.heap.write(module.state, "open", True)


def _add_element(run: Interpreter, module: Module, value: Value) -> None:
    if not module.state["open"]:
        _forget(run, module)
    inner = module.state["element"]
    run.heap.write(module.state, "element", value if inner is None else join(inner, value))


def _as_item(run: Interpreter, module: Module, value: Value) -> Value:
    if isinstance(value, Typed) and value.type == TENSOR:
        return Parameter()
    return value


def add_items(run: Interpreter, module: Module, more: Value) -> None:
    """Appends what iterating over a value gives."""
    assert module.children is not None
    items = iterate(run, more)
    if items is None or module.state["open"]:
        _add_element(run, module, element(run, more))
        return
    if isinstance(more, Sequence | ListObject) and len(items) + len(module.children) > MAX_ITEMS:
        _forget(run, module)
        return
    for item in items:
        run.heap.write(module.children, str(len(module.children)), _as_item(run, module, item))


def add_mapping(run: Interpreter, module: Module, more: Value) -> None:
    """``ModuleDict.update``: of a mapping or of pairs."""
    assert module.children is not None
    collected = run.heap.mapping([])
    if isinstance(more, DictObject):
        collected = more
    elif isinstance(more, Module) and more.children is not None and not more.state["open"]:
        for child_name, child in more.children.items():
            run.heap.write(module.children, child_name, child)
        return
    else:
        update(run, collected, more)
    if collected.items is None:
        _add_element(run, module, collected.element or UNKNOWN)
        return
    for key, value in collected.items.values():
        name = run.plain(key)
        if isinstance(name, str):
            run.heap.write(module.children, name, value)
        else:
            _add_element(run, module, value)
