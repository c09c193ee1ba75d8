"""What ``value.name`` gives, for every kind of abstract value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition, ModuleIndex
from jitlint.project.hierarchy import find_member, mro, own_member
from jitlint.project.targets import BoundValue, CheckingOnly, ExternalName, Target
from jitlint.shapes import torch_modules
from jitlint.shapes.dtypes import LIMITS
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject
from jitlint.shapes.joins import one_of, options_of, scalar_type
from jitlint.shapes.values import (
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
from jitlint.types.model import BOOL, DEVICE, INT, TENSOR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter


def attribute(run: Interpreter, value: Value, name: str) -> Value | None:
    """``value.name``; None where it has none of that name, as far as the source shows it."""
    match value:
        case Module():
            return _module_attribute(run, value, name)
        case InstanceObject():
            return _instance_attribute(run, value, name)
        case External(name=full):
            return _external_attribute(run, full, name)
        case Class(definition=definition):
            return _class_attribute(run, value, definition, name)
        case ModuleObject(name=full):
            return _package_attribute(run, full, name)
        case OneOf(options=options):
            return _option_attribute(run, options, name)
        case SuperObject():
            return _super_attribute(run, value, name)
        case Unknown() | Absent():
            return value if isinstance(value, Unknown) else None
        case Function() | Lambda() | Partial():
            return _function_attribute(run, value, name)
        case Parameter() | Typed():
            return _typed_attribute(run, value, name)
        case Constant(value=constant):
            if not hasattr(constant, name):
                return BuiltinMethod(value, name) if isinstance(constant, float) and name == "item" else None
            if isinstance(constant, int | float | complex) and name in ("real", "imag"):
                return Constant(getattr(constant, name))
            return BuiltinMethod(value, name)
        case Sequence(kind="tensor"):
            return _typed_attribute(run, value, name)
        case BuiltinMethod(name="__dict__" | "_modules" | "_parameters" | "_buffers"):
            return BuiltinMethod(value, name)
        case ListObject() | DictObject() | Sequence():
            return BuiltinMethod(value, name)
    return UNKNOWN


def _module_attribute(run: Interpreter, module: Module, name: str) -> Value | None:
    value = module.attributes.get(name)
    cls = module.cls
    if value is not None:
        return run.present(value)
    if name == "__class__":
        return cls
    if module.children is not None and name in module.children:
        return module.children[name]  # type: ignore[no-any-return]
    if isinstance(cls, External):
        found = torch_modules.attribute(run, module, cls.name, name)
        return found
    member = run.class_member(cls.definition, name)
    if member is not None and not isinstance(member, Unknown):
        if isinstance(member, External):
            if isinstance(find_member(run.project, cls.definition, name), tuple):
                # A class attribute that holds a class of torch's; a function would be bound.
                return member if torch_modules.is_class(run, member.name) else UNKNOWN
            known = torch_modules.attribute(run, module, member.name.rpartition(".")[0], name)
            return known if known is not None else BuiltinMethod(module, name)
        return run.bind(member, module, cls)
    if name == "__dict__":
        return BuiltinMethod(module, "__dict__")
    if member is None and module.state["complete"] and not (module.children is not None and module.state["open"]):
        if run.class_member(cls.definition, "__getattr__") is None or not isinstance(
            run.class_member(cls.definition, "__getattr__"), Function
        ):
            return None
    return Unknown(f"the attribute {name} of {cls.definition.qualname}")


def _instance_attribute(run: Interpreter, instance: InstanceObject, name: str) -> Value | None:
    value = instance.attributes.get(name)
    if value is not None:
        return run.present(value)
    cls = instance.cls
    if name == "__class__":
        return cls
    if isinstance(cls, External):
        return None if cls.name in LIMITS and not name.startswith("__") else UNKNOWN
    member = run.class_member(cls.definition, name)
    if member is None:
        if name == "__dict__":
            return BuiltinMethod(instance, "__dict__")
        if instance.state["known"] and mro(run.project, cls.definition).complete:
            getter = run.class_member(cls.definition, "__getattr__")
            if getter is None:
                return None
        return Unknown(f"the attribute {name} of {cls.definition.qualname}")
    return run.bind(member, instance, cls)


def _class_attribute(run: Interpreter, value: Class, cls: ClassDefinition, name: str) -> Value | None:
    if name in ("__name__", "__qualname__"):
        return Constant(cls.name if name == "__name__" else cls.qualname)
    if name == "__module__":
        return Constant(cls.module.name)
    if name == "__class__":
        return External("builtins.type")
    member = run.class_member(cls, name)
    if member is None:
        return None if mro(run.project, cls).complete and not cls.node.keywords else UNKNOWN
    return run.bind(run.class_constant(cls, member), value, value)


def _super_attribute(run: Interpreter, value: SuperObject, name: str) -> Value | None:
    receiver = value.receiver
    cls = receiver if isinstance(receiver, Class) else getattr(receiver, "cls", None)
    if not isinstance(cls, Class) or not isinstance(value.owner, Class):
        return UNKNOWN
    linear = mro(run.project, cls.definition)
    rest = list(linear.classes)
    if value.owner.definition in rest:
        rest = rest[rest.index(value.owner.definition) + 1 :]
    for item in rest:
        if isinstance(item, ExternalName):
            if run.project.externals.has_member(item.name, name) is not False or name == "__init__":
                return BuiltinMethod(SuperObject(External(item.name), receiver), name)
            continue
        binding = own_member(item, name)
        if binding is not None:
            return run.bind(run.member_of(item, binding), receiver, cls)
    if not linear.complete:
        return Unknown("a base class that was not found")
    return BuiltinMethod(SuperObject(External("builtins.object"), receiver), name)


def _option_attribute(run: Interpreter, options: tuple[tuple[Value, str], ...], name: str) -> Value | None:
    found: list[tuple[Value, str]] = []
    for option, condition in options:
        item = run.attribute(option, name)
        if item is not None:
            found.extend(options_of(item, condition))
    return one_of(found) if found else None


def _external_attribute(run: Interpreter, full: str, name: str) -> Value | None:
    if name in ("__name__", "__qualname__"):
        return Constant(full.rpartition(".")[2])
    if name == "__module__":
        return Constant(full.rpartition(".")[0])
    return run.external(f"{full}.{name}")


def _package_attribute(run: Interpreter, full: str, name: str) -> Value | None:
    module = run.project.module(full)
    if module is None:
        return Unknown(f"{full} cannot be read")
    if name == "__name__":
        return Constant(full)
    targets = [target for target in run.project.member(module, name) if not isinstance(target, CheckingOnly)]
    if not targets:
        return None
    return one_of([(_global_member(run, module, target, name), "") for target in targets[:4]])


def _global_member(run: Interpreter, module: ModuleIndex, target: Target, name: str) -> Value:
    if isinstance(target, BoundValue) and target.scope is module.scope:
        return run.global_value(module.scope, name) or UNKNOWN
    return run.target_value(target)


def _function_attribute(run: Interpreter, value: Value, name: str) -> Value | None:
    if name == "__name__":
        if isinstance(value, Function):
            return Constant(value.definition.name)
        return Constant("<lambda>") if isinstance(value, Lambda) else None
    if isinstance(value, Partial):
        match name:
            case "func":
                return value.function
            case "args":
                return Sequence("tuple", value.args)
            case "keywords":
                return run.heap.mapping([(Constant(key), item) for key, item in value.kwargs])
    if isinstance(value, Function) and name == "__wrapped__" and "wrapped" in value.marks:
        return value
    return UNKNOWN


def _typed_attribute(run: Interpreter, value: Value, name: str) -> Value | None:
    type_ = TENSOR if isinstance(value, Parameter | Sequence) else scalar_type(value)
    if type_ is None:
        return UNKNOWN
    if type_ == TENSOR:
        if name in ("data", "grad", "T", "mT", "H", "real", "imag"):
            return Typed(TENSOR)
        if name == "requires_grad":
            return Typed(BOOL)
        if name == "ndim":
            return Typed(INT)
        if name == "device":
            return Typed(DEVICE)
        if name in ("shape", "dtype"):
            return Unknown(f"the {name} of a tensor")
    return BuiltinMethod(value, name)
