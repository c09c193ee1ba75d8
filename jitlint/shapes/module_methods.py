"""What the methods of nn.Module, and of torch's containers, do to a module under construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.heap import ABSENT, DictObject, ListObject, Module, Unshare
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import element_of, join, one_of, options_of
from jitlint.shapes.namespaces import namespace_entries
from jitlint.shapes.stores import update
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
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
from jitlint.types.model import STR, TENSOR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

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
            name_ = run.plain(args[0])
            if isinstance(name_, str):
                run.set_as_module(module, name_, args[1])
                return NONE
            return set_plainly(run, module, args)
        case "__delattr__":
            key = run.plain(args[0])
            if isinstance(key, str):
                run.delete_attribute(module, key)
            return NONE
        case "__getattr__":
            return run.attribute(module, str(run.plain(args[0]))) or UNKNOWN if args else UNKNOWN
        case "register_forward_hook":
            run.heap.write(module.state, "hooks", (*module.state["hooks"], args[0] if args else UNKNOWN))
            return Unknown("a handle", plain=True)
        case "register_forward_pre_hook":
            run.heap.write(module.state, "pre_hooks", (*module.state["pre_hooks"], args[0] if args else UNKNOWN))
            return Unknown("a handle", plain=True)
        case "apply" if args and isinstance(module.cls, Class):
            return module
        case "parameters" | "buffers":
            return Sequence("iterator", None, Parameter(name == "buffers"))
        case "named_parameters" | "named_buffers":
            return Sequence("iterator", None, Sequence("tuple", (Typed(STR), Parameter(name == "named_buffers"))))
        case "children" if (held := _held_modules(module)) is not None:
            return Sequence("iterator", held)
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


def _held_modules(module: Module) -> tuple[Value, ...] | None:
    """The submodules of what is no container, each once; None where they are not all known."""
    if not isinstance(module.cls, Class) or module.bases or module.children is not None:
        return None
    entries = namespace_entries(module, "_modules")
    return None if entries is None else tuple({id(value): value for _, value in entries}.values())


def _as_buffer(value: Value) -> Value:
    match value:
        case Typed() | Parameter():
            return Parameter(buffer=True)
        case Constant(value=None):
            return value
        case OneOf(options=options):
            return one_of([(_as_buffer(option), text) for option, text in options])
        case Unknown(reason=reason):
            tensor = Parameter(buffer=True)  # it takes nothing else, but None
            return tensor if "tensor" in reason else one_of([(tensor, ""), (NONE, "")])
    return value


def _register(run: Interpreter, module: Module, name: Value, value: Value) -> None:
    key = run.plain(name)
    if module.sealed:
        raise Unshare(module)
    if not isinstance(key, str):
        set_unnamed(run, module, value, "something is registered under a computed name")
        return
    run.heap.write(module.attributes, key, value)
    if module.children is not None and isinstance(value, Module | OneOf):
        run.heap.write(module.attributes, key, ABSENT)
        run.heap.write(module.children, key, value)


COMPUTED = "an attribute is set whose name is computed"


def set_anywhere(run: Interpreter, module: Module, value: Value) -> None:
    """``setattr(module, f"layer{i}", value)``: it may take the place of what is known."""
    if module.sealed:
        raise Unshare(module)
    options = [option for option, _ in options_of(value)]
    held = [option for item in module.attributes.values() for option, _ in options_of(item)]
    alone = not any(isinstance(one, Module) for one in options) or not any(isinstance(one, Module) for one in held)
    if alone:
        set_unnamed(run, module, value, COMPUTED)
    else:
        run.incomplete(module, COMPUTED)


def set_unnamed(run: Interpreter, module: Module, value: Value, reason: str) -> None:
    """Sets something under a name that is not known: of a module or a tensor that is known nothing else is unseen."""
    options = [option for option, _ in options_of(value)]
    seen = all(isinstance(option, Module | Parameter) or option == NONE for option in options)
    run.incomplete(module, "" if seen else reason)
    if any(isinstance(option, Module) for option in options) or (module.children is not None and not seen):
        _add_element(run, module, value)
    elif module.children is not None:
        run.heap.write(module.state, "open", True)


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


def set_plainly(run: Interpreter, receiver: Value, args: list[Value]) -> Value:
    """``object.__setattr__(receiver, *args)``, past what nn.Module makes of an assignment."""
    name = run.plain(args[0])
    if isinstance(name, str) and isinstance(receiver, Module):
        run.heap.write(receiver.attributes, name, args[1])
    elif isinstance(name, str):
        run.set_attribute(receiver, name, args[1])
    else:
        run.incomplete(receiver, COMPUTED)
    return NONE


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
    inner = element_of(tuple((module.children or {}).values()), module.state["element"])
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
