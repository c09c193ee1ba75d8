"""Subscripts, slices and iteration of the abstract run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from jitlint.project.hierarchy import is_enum, is_namedtuple, mro
from jitlint.project.targets import ExternalName
from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.heap import (
    DictObject,
    InstanceObject,
    ListObject,
    Module,
    key_of,
)
from jitlint.shapes.joins import element_of, hanging_on, is_tensor, one_of, scalar_type
from jitlint.shapes.values import (
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    Function,
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


def item_of(run: Interpreter, base: Value, index: Value) -> Value:
    """``base[index]``."""
    match base:
        case OneOf(options=options):
            found: list[tuple[Value, str]] = []
            raised = False
            for option, text in options:
                if not isinstance(option, Absent | Constant):
                    try:
                        found.append((item_of(run, option, index), text))
                    except PathEnds:
                        raised = True  # then it was another one
            if raised and not found:
                raise PathEnds
            return one_of(found) if found else UNKNOWN
        case Sequence() | ListObject():
            number = run.plain(index)
            if base.items is None:
                return base.element if base.element is not None else UNKNOWN
            if not isinstance(number, int):
                return element_of(base.items, None) or UNKNOWN
            if not -len(base.items) <= number < len(base.items):
                raise PathEnds
            return base.items[number]
        case DictObject():
            return _entry(base, index)
        case Constant(value=str() as text):
            number = run.plain(index)
            try:
                return Constant(text[number]) if isinstance(number, int) else Typed(STR)
            except IndexError as error:
                raise PathEnds from error
        case Module():
            return _module_item(run, base, index)
        case InstanceObject(cls=Class(definition=definition)):
            fields = tuple(base.attributes.values())
            number = run.plain(index)
            if (
                isinstance(number, int)
                and is_namedtuple(run.project, definition)
                and -len(fields) <= number < len(fields)
            ):
                return fields[number]  # type: ignore[no-any-return]
            method = run.class_member(definition, "__getitem__")
            if base.entries is not None:
                if isinstance(index, Unknown | Typed):
                    # Any of them: too many to follow what each would give.
                    return hanging_on(Unknown(f"an item of a {definition.name}"), (index,))
                if not isinstance(method, Function):
                    return entry_of(run, base, base.entries, index)
            if isinstance(method, Function):
                return run.call(run.bind(method, base, base.cls), [index], {})
        case Class(definition=definition):
            name = run.plain(index)
            if isinstance(name, str) and is_enum(run.project, definition):
                return run.attribute(base, name) or UNKNOWN
            return base  # Generic[...]
        case Parameter() | Typed() if is_tensor(base):
            return Typed(TENSOR)
        case Typed(type=type_) if type_ == STR:
            return Typed(STR)
        case Unknown():
            return hanging_on(base, (index,))
    return UNKNOWN


def entry_of(run: Interpreter, base: InstanceObject, entries: DictObject, index: Value) -> Value:
    """What ``dict.__getitem__`` gives for an instance of a class that derives from dict."""
    cls = base.cls
    if isinstance(cls, Class) and (entries.items is None or key_of(index) not in entries.items):
        missing = run.class_member(cls.definition, "__missing__")
        if isinstance(missing, Function):
            return UNKNOWN if entries.items is None else run.call(run.bind(missing, base, cls), [index], {})
        if any(not name.startswith("__") for name in cls.definition.body.bindings):
            # A method of its own may have added it, for another module.
            return Unknown(f"an item of a {cls.definition.name}")
    return _entry(entries, index)


def _entry(base: DictObject, index: Value) -> Value:
    if base.items is None:
        return base.element if base.element is not None else UNKNOWN
    if isinstance(index, OneOf):
        found = [(_entry(base, option), text) for option, text in index.options]
        return one_of(found)
    entry = base.items.get(key_of(index))
    if entry is not None:
        value = entry[1]
        if isinstance(value, OneOf) and any(isinstance(option, Absent) for option, _ in value.options):
            return one_of([item for item in value.options if not isinstance(item[0], Absent)])
        return value
    if isinstance(index, Unknown | Typed):
        return one_of([(value, "") for _, value in base.items.values()]) if base.items else UNKNOWN
    if all(isinstance(key, Constant | Class | Function) for key, _ in base.items.values()) and isinstance(
        index, Constant
    ):
        raise PathEnds
    return UNKNOWN


def _module_item(run: Interpreter, module: Module, index: Value) -> Value:
    if module.children is None:
        cls = module.cls
        method = run.class_member(cls.definition, "__getitem__") if isinstance(cls, Class) else None
        return run.call(run.bind(method, module, cls), [index], {}) if isinstance(method, Function) else UNKNOWN
    if module.state["open"]:
        return module.state["element"] or UNKNOWN
    key = run.plain(index)
    if isinstance(key, str):
        child = module.children.get(key)
    elif isinstance(key, int) and -len(module.children) <= key < len(module.children):
        child = list(module.children.values())[key]
    elif key is NotImplemented:
        return one_of([(child, "") for child in module.children.values()]) if module.children else UNKNOWN
    else:
        child = None
    if child is None:
        raise PathEnds
    return child  # type: ignore[no-any-return]


def sliced(run: Interpreter, base: Value, node: ast.Slice, frame: Frame) -> Value:
    parts = []
    for part in (node.lower, node.upper, node.step):
        parts.append(None if part is None else run.plain(run.evaluate(part, frame)))
    if isinstance(base, OneOf):
        return one_of([(_slice(run, option, parts), text) for option, text in base.options])
    return _slice(run, base, parts)


def _slice(run: Interpreter, base: Value, parts: list[Any]) -> Value:
    known = all(part is None or isinstance(part, int) for part in parts) and parts[2] != 0
    span = slice(*parts) if known else None
    match base:
        case Sequence():
            if base.items is not None and span is not None:
                return Sequence(base.kind, base.items[span])
            return Sequence("tuple", None, element_of(base.items, base.element))
        case ListObject():
            if base.items is not None and span is not None:
                return run.heap.sequence(base.items[span])
            return run.heap.sequence(None, element_of(base.items, base.element))
        case Constant(value=str() as text):
            return Constant(text[span]) if span is not None else Typed(STR)
        case Module() if base.children is not None:
            part = run.heap.module(base.cls, True)
            if span is not None and not base.state["open"]:
                assert part.children is not None
                children = list(base.children.items())[span]
                keep = isinstance(base.cls, External) and base.cls.name.endswith("Sequential")
                for number, (key, child) in enumerate(children):
                    part.children[key if keep else str(number)] = child
            else:
                part.state["open"] = True
            return part
    if is_tensor(base):
        return Typed(TENSOR)
    return UNKNOWN


def iterate(run: Interpreter, value: Value) -> list[Value] | None:
    """The items that iterating over a value gives, or None where they are not all known."""
    match value:
        case Sequence(items=items) | ListObject(items=items):
            return list(items) if items is not None else None
        case DictObject(items=entries):
            if entries is None:
                return None
            if any(
                isinstance(item, OneOf) and any(isinstance(o, Absent) for o, _ in item.options)
                for _, item in entries.values()
            ):
                return None
            return [key for key, _ in entries.values()]
        case Constant(value=str() as text):
            return [Constant(letter) for letter in text] if len(text) <= MAX_ITEMS else None
        case Constant():
            raise PathEnds
        case Module() if value.children is not None:
            if value.state["open"] or any(isinstance(child, OneOf | Absent) for child in value.children.values()):
                return None
            if container_kind(run, value) in ("ModuleDict", "ParameterDict"):
                return [Constant(name) for name in value.children]
            return list(value.children.values())
        case InstanceObject(cls=Class(definition=definition)):
            if is_namedtuple(run.project, definition):
                return list(value.attributes.values())
            method = run.class_member(definition, "__iter__")
            if isinstance(method, Function):
                return iterate(run, run.call(run.bind(method, value, value.cls), [], {}))
        case Class(definition=definition) if is_enum(run.project, definition):
            members = []
            for name, bindings in definition.body.bindings.items():
                if bindings[-1].kind == "assign" and not name.startswith("_"):
                    members.append(run.attribute(value, name) or UNKNOWN)
            return members
        case OneOf(options=options):
            found = [iterate(run, option) for option, _ in options if not isinstance(option, Constant | Absent)]
            if len(found) == 1:
                return found[0]
    return None


def container_kind(run: Interpreter, module: Module) -> str:
    """``Sequential``, ``ModuleList``... for a container."""
    if isinstance(module.cls, External):
        return module.cls.name.rpartition(".")[2]
    for item in mro(run.project, module.cls.definition).classes:
        if isinstance(item, ExternalName):
            last = item.name.rpartition(".")[2]
            if last in ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"):
                return last
    return ""


def element(run: Interpreter, value: Value) -> Value:
    """What is known of each item that iterating over a value gives."""
    match value:
        case Unknown():
            return value
        case Sequence(items=items, element=inner) | ListObject(items=items, element=inner):
            return element_of(items, inner) or UNKNOWN
        case Constant(value=str()) | Typed(type=_) if scalar_type(value) == STR:
            return Typed(STR)
        case DictObject(items=None):
            return UNKNOWN
        case Module() if value.children is not None:
            if container_kind(run, value) in ("ModuleDict", "ParameterDict"):
                return Typed(STR)
            return (
                value.state["element"] or UNKNOWN
                if value.state["open"]
                else element_of(tuple(value.children.values()), None) or UNKNOWN
            )
        case OneOf(options=options):
            return one_of([(element(run, option), "") for option, _ in options])
    if is_tensor(value):
        return Typed(TENSOR)
    return UNKNOWN
