"""Constructors of the abstract run: of modules, of plain classes, and those that enums, NamedTuples and dataclasses have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import (
    is_dataclass,
    is_enum,
    is_exception,
    is_module_class,
    is_namedtuple,
    mro,
    own_member,
)
from jitlint.project.targets import ExternalName
from jitlint.shapes import torch_modules
from jitlint.shapes.frames import MAX_DEPTH, Frame
from jitlint.shapes.functions import invoke
from jitlint.shapes.heap import InstanceObject, Module, key_of
from jitlint.shapes.memory import remember
from jitlint.shapes.values import UNKNOWN, Class, Constant, Function, Sequence, Unknown, Value

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def construct(run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    """``Cls(*args, **kwargs)``."""
    cls = value.definition
    project = run.project
    if is_enum(project, cls):
        return _enum_member(run, value, args)
    if is_namedtuple(project, cls):
        return _namedtuple(run, value, args, kwargs, open_)
    is_module = is_module_class(project, cls)
    if is_module is None:
        run.escape(args, kwargs)
        reasons = mro(project, cls).reasons
        return Unknown(reasons[0] if reasons else f"the bases of {cls.qualname}")
    if not is_module and is_exception(project, cls):
        return Unknown("an exception")
    if isinstance(run.class_member(cls, "__new__"), Function):
        run.escape(args, kwargs)
        return Unknown(f"{cls.qualname} has a __new__", plain=not is_module)
    if any(keyword.arg == "metaclass" for keyword in cls.node.keywords) and not is_module:
        metaclass = next(keyword.value for keyword in cls.node.keywords if keyword.arg == "metaclass")
        if project.external_name(cls.scope, metaclass) not in ("abc.ABCMeta", "builtins.type"):
            run.escape(args, kwargs)
            return Unknown(f"{cls.qualname} has a metaclass", plain=True)
    if open_ or value.closure is not None:
        return build(run, value, args, kwargs, open_, is_module)
    key = (
        id(cls),
        "new",
        tuple([key_of(arg) for arg in args]),
        tuple([(name, key_of(arg)) for name, arg in kwargs.items()]),
    )
    if not is_module:
        return build(run, value, args, kwargs, open_, is_module)
    return remember(
        run, key, [*args, *kwargs.values()], lambda: build(run, value, args, kwargs, open_, is_module), value
    )


def build(
    run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool, is_module: bool
) -> Value:
    """Makes an instance and runs its constructor."""
    heap = run.heap
    made: Module | InstanceObject
    if is_module:
        made = heap.module(value, is_container(run, value.definition))
    else:
        made = heap.instance(value)
    if run.depth >= MAX_DEPTH:
        run.incomplete(made, "constructors nested too deeply")
        return made
    initialise(run, made, value, args, kwargs, open_)
    return made


def initialise(
    run: Interpreter,
    made: Module | InstanceObject,
    value: Class,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    """Runs the constructor that the class's MRO gives."""
    linear = mro(run.project, value.definition)
    if not linear.complete:
        run.incomplete(made, linear.reasons[0] if linear.reasons else "a base class that was not found")
    if is_dataclass(run.project, value.definition) and own_member(value.definition, "__init__") is None:
        _dataclass_init(run, made, value.definition, args, kwargs, open_)
        return
    for item in linear.classes:
        if isinstance(item, ExternalName):
            if torch_modules.has_constructor(run, item.name):
                torch_modules.initialise(run, made, item.name, args, kwargs, open_)
                return
            continue
        if item is not value.definition and is_dataclass(run.project, item) and own_member(item, "__init__") is None:
            _dataclass_init(run, made, item, args, kwargs, open_)
            return
        binding = own_member(item, "__init__")
        if binding is not None:
            function = run.member_of(item, binding)
            if isinstance(function, Function):
                if isinstance(made, Module):
                    _note_arguments(made, function, args, kwargs)
                closure = value.closure if function.closure is None else function.closure
                invoke(run, Function(function.definition, function.marks, made, closure), args, kwargs, open_)
            else:
                run.incomplete(made, f"the constructor of {item.qualname} is not a plain function")
            return


def _note_arguments(made: Module, function: Function, args: list[Value], kwargs: dict[str, Value]) -> None:
    spec = function.definition.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)][1:]
    made.arguments = {**dict(zip(names, args)), **kwargs}


def is_container(run: Interpreter, cls: ClassDefinition) -> bool:
    return any(
        isinstance(item, ExternalName) and torch_modules.container(run, item.name)
        for item in mro(run.project, cls).classes
    )


def _enum_member(run: Interpreter, value: Class, args: list[Value]) -> Value:
    wanted = run.plain(args[0]) if len(args) == 1 else NotImplemented
    if args and isinstance(args[0], InstanceObject) and args[0].member is not None:
        return args[0]
    if wanted is NotImplemented:
        return Unknown(f"a member of {value.definition.qualname}")
    for name in value.definition.body.bindings:
        member = run.attribute(value, name) if not name.startswith("_") else None
        if isinstance(member, InstanceObject) and member.member is not None:
            held = member.attributes.get("value")
            if isinstance(held, Constant) and held.value == wanted:
                return member
    return Unknown(f"a member of {value.definition.qualname}")


def fields_of(run: Interpreter, cls: ClassDefinition) -> list[tuple[str, ast.expr | None, ClassDefinition]]:
    """The annotated names of a class body, in order, with their default expressions; bases first."""
    found: dict[str, tuple[str, ast.expr | None, ClassDefinition]] = {}
    for item in reversed(mro(run.project, cls).classes):
        if not isinstance(item, ClassDefinition):
            continue
        if item is not cls and not (is_dataclass(run.project, item) or is_namedtuple(run.project, item)):
            continue
        for name, bindings in item.body.bindings.items():
            annotation = next((binding.annotation for binding in bindings if binding.annotation is not None), None)
            if annotation is None or "ClassVar" in ast.dump(annotation)[:80]:
                continue
            node = next((binding.node for binding in reversed(bindings) if binding.kind == "assign"), None)
            found[name] = (name, node if isinstance(node, ast.expr) else None, item)
    return list(found.values())


def _namedtuple(run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    fields = fields_of(run, value.definition)
    if not fields or open_:
        return run.heap.instance(value, False)
    made = run.heap.instance(value)
    _fill_fields(run, made, fields, args, kwargs)
    return made


def _dataclass_init(
    run: Interpreter,
    made: Module | InstanceObject,
    cls: ClassDefinition,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    if open_:
        run.incomplete(made, "arguments that are not known")
        return
    _fill_fields(run, made, fields_of(run, cls), args, kwargs)
    after = run.class_member(cls, "__post_init__")
    if isinstance(after, Function):
        invoke(run, Function(after.definition, after.marks, made, after.closure), [], {}, False)


def _fill_fields(
    run: Interpreter,
    made: Module | InstanceObject,
    fields: list[tuple[str, ast.expr | None, ClassDefinition]],
    args: list[Value],
    kwargs: dict[str, Value],
) -> None:
    rest = list(args)
    for name, default, owner in fields:
        if name in kwargs:
            value = kwargs[name]
        elif rest and isinstance(rest[0], Sequence) and rest[0].kind == "*":
            value = rest[0].element or UNKNOWN
        elif default is not None and isinstance(default, ast.Call) and _is_field(run, default, owner):
            value, takes_argument = _field_default(run, default, owner)
            if takes_argument and rest:
                value = rest.pop(0)
        elif rest:
            value = rest.pop(0)
        elif default is not None:
            frame = Frame(run.heap.store(), owner.body)
            value = run.evaluate(default, frame)
        else:
            annotation = next((b.annotation for b in owner.body.bindings[name] if b.annotation is not None), None)
            value = run.annotated(annotation, owner.body) or Unknown(f"the field {name}")
        run.set_attribute(made, name, value)


def _is_field(run: Interpreter, node: ast.Call, owner: ClassDefinition) -> bool:
    return run.project.external_name(owner.body, node.func) == "dataclasses.field"


def _field_default(run: Interpreter, node: ast.Call, owner: ClassDefinition) -> tuple[Value, bool]:
    frame = Frame(run.heap.store(), owner.body)
    takes_argument = True
    value: Value = Unknown("a field")
    for keyword in node.keywords:
        if keyword.arg == "default":
            value = run.evaluate(keyword.value, frame)
        elif keyword.arg == "default_factory":
            value = run.call(run.evaluate(keyword.value, frame), [], {})
        elif keyword.arg == "init" and isinstance(keyword.value, ast.Constant):
            takes_argument = bool(keyword.value.value)
    return value, takes_argument
