"""Python's functions that look into objects, change them or make them: ``getattr``, ``type``, ``super``, copies, partials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.shapes import module_methods, torch_modules
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.freezing import copy_value
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject
from jitlint.shapes.joins import one_of, options_of
from jitlint.shapes.type_tests import isinstance_, issubclass_
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
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
from jitlint.types.model import BOOL, FLOAT, INT, STR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def _getattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if not isinstance(name, str):
        return UNKNOWN
    value = run.attribute(args[0], name)
    if value is None:
        if len(args) > 2:
            return args[2]
        raise PathEnds
    if isinstance(args[0], External) and len(args) > 2 and not torch_modules.exists(run, f"{args[0].name}.{name}"):
        return UNKNOWN
    if isinstance(args[0], Module) and len(args) > 2:
        held = args[0].attributes.get(name)
        if isinstance(held, OneOf) and any(isinstance(option, Absent) for option, _ in held.options):
            return one_of([*options_of(value), *options_of(args[2])])
    return value


def _hasattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    target = args[0]
    if not isinstance(name, str):
        return Typed(BOOL)
    if isinstance(target, OneOf):
        answers = {run.plain(_hasattr(run, [option, args[1]], {}, frame)) for option, _ in target.options}
        only = answers.pop() if len(answers) == 1 else NotImplemented
        return Constant(only) if isinstance(only, bool) else Typed(BOOL)
    if isinstance(target, External):
        found = torch_modules.exists(run, f"{target.name}.{name}")
        return Typed(BOOL) if found is None else Constant(found)
    if isinstance(target, ListObject | DictObject | Sequence):
        kind = getattr(target, "kind", "dict")
        base = {"list": list, "dict": dict, "tuple": tuple, "set": set, "range": range}.get(kind)
        return Constant(hasattr(base, name)) if base is not None else Typed(BOOL)
    if isinstance(target, Typed | Parameter | Unknown | Partial | Lambda | Function):
        return Typed(BOOL)
    if isinstance(target, Module | InstanceObject):
        held = target.attributes.get(name)
        if isinstance(held, OneOf) and any(isinstance(option, Absent) for option, _ in held.options):
            return Typed(BOOL)
        cls = target.cls
        if held is None and isinstance(cls, Class):
            member = run.class_member(cls.definition, name)
            if isinstance(member, Function):
                return Constant(True)
    value = run.attribute(target, name)
    if value is None:
        return Constant(False)
    return Typed(BOOL) if isinstance(value, Unknown) else Constant(True)


def _setattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if isinstance(name, str):
        run.set_attribute(args[0], name, args[2])
    elif isinstance(args[0], Module) and (isinstance(args[1], Typed) or getattr(args[1], "configured", False)):
        module_methods.set_anywhere(run, args[0], args[2])
    else:
        run.incomplete(args[0], module_methods.COMPUTED)
    return NONE


def _delattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if isinstance(name, str):
        run.delete_attribute(args[0], name)
    else:
        run.incomplete(args[0], "an attribute is deleted whose name is computed")
    return NONE


def _callable(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    match args[0]:
        case Function() | Class() | Lambda() | Partial() | Module() | BuiltinMethod():
            return Constant(True)
        case Constant() | Sequence() | ListObject() | DictObject() | ModuleObject():
            return Constant(False)
        case External(name=name) if name.startswith(("torch.nn.", "builtins.")):
            return Constant(True)
        case OneOf(options=options):
            answers = {run.plain(_callable(run, [option], {}, frame)) for option, _ in options}
            only = answers.pop() if len(answers) == 1 else NotImplemented
            return Constant(only) if isinstance(only, bool) else Typed(BOOL)
    return Typed(BOOL)


def _type(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if len(args) != 1:
        return Unknown("a class made by type()")
    match args[0]:
        case Module(cls=cls) | InstanceObject(cls=cls):
            return cls
        case Constant(value=constant):
            return External(f"builtins.{type(constant).__name__}")
        case Typed(type=type_) if type_ in (INT, FLOAT, BOOL, STR):
            return External(f"builtins.{type_}")
        case ListObject(kind=kind) | Sequence(kind=kind) if kind != "iterator":
            return External(f"builtins.{kind}")
        case DictObject():
            return External("builtins.dict")
    return UNKNOWN


def _super(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if len(args) >= 2:
        return SuperObject(args[0], args[1])
    inner = frame
    while inner is not None and (inner.owner is None or inner.receiver is None):
        inner = inner.parent
    if inner is None or inner.owner is None or inner.receiver is None:
        return UNKNOWN
    return SuperObject(Class(inner.owner), inner.receiver)


def _locals(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if args or frame is None:
        return _vars(run, args, kwargs, frame)
    return run.heap.mapping([(Constant(name), run.present(value)) for name, value in frame.root.locals.items()])


def _vars(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if not args:
        return _locals(run, args, kwargs, frame) if frame is not None else UNKNOWN
    return run.attribute(args[0], "__dict__") or UNKNOWN


def _partial(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    function = args[0]
    if isinstance(function, OneOf):
        return one_of([(_partial(run, [option, *args[1:]], kwargs, frame), text) for option, text in function.options])
    if isinstance(function, Partial):
        return Partial(
            function.function, (*function.args, *args[1:]), tuple({**dict(function.kwargs), **kwargs}.items())
        )
    return Partial(function, tuple(args[1:]), tuple(kwargs.items()))


def _copy(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return copy_value(run.heap, args[0], True)


def _shallow(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return copy_value(run.heap, args[0], isinstance(args[0], Module))


def _replace(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    made = copy_value(run.heap, args[0], False)
    if isinstance(made, InstanceObject) and made is not args[0]:
        for name, value in kwargs.items():
            made.attributes[name] = value
        return made
    return UNKNOWN


def _asdict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if isinstance(args[0], InstanceObject) and args[0].state["known"]:
        return run.heap.mapping([(Constant(name), value) for name, value in args[0].attributes.items()])
    return run.heap.mapping(None)


def _namespace(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    made = run.heap.instance(External("types.SimpleNamespace"))
    made.attributes.update(kwargs)
    return made


FUNCTIONS: dict[str, Any] = {
    "builtins.isinstance": isinstance_,
    "builtins.issubclass": issubclass_,
    "builtins.getattr": _getattr,
    "builtins.hasattr": _hasattr,
    "builtins.setattr": _setattr,
    "builtins.delattr": _delattr,
    "builtins.callable": _callable,
    "builtins.type": _type,
    "builtins.super": _super,
    "builtins.locals": _locals,
    "builtins.vars": _vars,
    "functools.partial": _partial,
    "copy.deepcopy": _copy,
    "copy.copy": _shallow,
    "dataclasses.replace": _replace,
    "dataclasses.asdict": _asdict,
    "types.SimpleNamespace": _namespace,
}
