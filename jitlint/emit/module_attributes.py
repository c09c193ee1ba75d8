"""What an attribute of an nn.Module instance is to compiled code (``infer_concrete_type_builder`` of ``_recursive.py``)."""

from __future__ import annotations

from jitlint.emit.class_kinds import class_kind
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.python_values import constant_type, external
from jitlint.emit.values import Builtin, ModuleRef, Opaque, PythonValue, SchemaRef, Sugared, Val
from jitlint.shapes import values as py
from jitlint.shapes.inference import Failure, infer_value_type
from jitlint.torch_api import entries as api
from jitlint.types.model import ANY, NUMBER, TENSOR, UNKNOWN, InterfaceType, OptionalType, TupleType, Type, UnionType


def attribute_value(c: Compiler, shape: py.ModuleShape, name: str, value: py.Value) -> Sugared | Failure:
    """What an instance attribute is to compiled code; Failure for one that has no TorchScript type."""
    match value:
        case py.ModuleInstance(shape=inner):
            interface = c.attribute_annotation(shape, name)
            if isinstance(interface, InterfaceType):
                return Val(interface)
            return ModuleRef(inner)
        case py.Unknown(configured=configured) if name in c.constants(shape):
            return Val(UNKNOWN, maybe_constant=True, configured=configured)
        case py.Typed(type=kind) if _vague(kind) and c.attribute_annotation(shape, name) is None:
            return Val(UNKNOWN, maybe_constant=True, configured=True)
        case py.Unknown():
            annotated = c.attribute_annotation(shape, name)
            if annotated is not None and annotated != UNKNOWN:
                return Val(annotated)
            return Opaque(value.configured, told=resolved(c, value))
        case py.Parameter():
            return Val(TENSOR)
        case py.OneOf(options=options):
            if name not in c.constants(shape):
                return _one_of(c, shape, name, [option for option, _ in options])
        case py.Function(bound=None) | py.Lambda() if name not in c.constants(shape):
            from jitlint.emit.member_rules import function_attribute

            return function_attribute(c, value)
        case py.Instance(cls=py.External(name="torch.jit.Attribute")):
            from jitlint.emit.member_rules import written_attribute

            return written_attribute(c, shape, value)
        case py.External(name=dotted):
            found = external(c, dotted)
            if isinstance(found, (Builtin, SchemaRef)):
                return found
            if not isinstance(found, (Val, PythonValue)):
                return Opaque(told=resolved(c, value))
    if name in c.constants(shape):
        constant = constant_value(value)
        if constant is not None:
            return constant
        options = value.options if isinstance(value, py.OneOf) else ()
        kinds = {found.type for option, _ in options if (found := constant_value(option)) is not None}
        kind = next(iter(kinds)) if len(kinds) == 1 else UNKNOWN
        return Val(kind, maybe_constant=True, configured=True)
    annotated = c.attribute_annotation(shape, name)
    if annotated is not None:
        # What is not known may be a Final.
        return Val(annotated, maybe_constant=annotated == UNKNOWN)
    inferred = infer_value_type(value, c.value_class_type)
    if isinstance(inferred, Failure):
        return inferred
    return Val(inferred) if inferred != UNKNOWN else Opaque(told=resolved(c, value))


def resolved(c: Compiler, value: py.Value) -> bool:
    """Whether nothing in a value is unresolved. What an argument of a constructor decides is not, nor is what was
    computed out of it."""
    match value:
        case py.Unknown(reason=reason, configured=configured):
            return configured or not reason
        case py.External(name=name) | py.Instance(cls=py.External(name=name)):
            return c.project.externals.is_class(name) is not None
        case py.Instance(cls=py.Class(definition=definition)):
            return class_kind(c, definition) != "unknown"
        case py.Sequence(items=items, element=element):
            return all(resolved(c, item) for item in (items if items is not None else (element or py.UNKNOWN,)))
        case py.Mapping(items=items, element=element):
            values = [item for _, item in items] if items is not None else [element or py.UNKNOWN]
            return all(resolved(c, item) for item in values)
        case py.OneOf(options=options):
            return all(resolved(c, option) for option, _ in options)
    return True


def constant_value(value: py.Value) -> Val | None:
    match value:
        case py.Constant(value=constant):
            kind = constant_type(constant)
            return Val(kind, constant) if kind is not None else None
        case py.Sequence(kind="list" | "tuple", items=items) if items is not None:
            parts = [constant_value(item) for item in items]
            if all(part is not None for part in parts):
                return Val(
                    TupleType(tuple(part.type for part in parts if part is not None)),
                    tuple(part.constant for part in parts if part is not None),
                )
        case py.Typed(type=kind):
            return Val(UNKNOWN if _vague(kind) else kind, maybe_constant=True, configured=True)
    return None


def _vague(kind: Type) -> bool:
    """A type that a constructor's annotation may have, but never the value itself."""
    return isinstance(kind, (OptionalType, UnionType)) or kind in (ANY, NUMBER)


def _one_of(c: Compiler, shape: py.ModuleShape, name: str, options: list[py.Value]) -> Sugared:
    """One of several values: what they have in common, else nothing is known."""
    annotated = c.attribute_annotation(shape, name)
    if annotated is not None and annotated != UNKNOWN:
        return Val(annotated, maybe_constant=True, configured=True)
    found: list[Sugared] = []
    for option in options:
        one = attribute_value(c, shape, name, option)
        found.append(one if not isinstance(one, Failure) else Opaque())
    types = {one.type if isinstance(one, Val) else None for one in found}
    if len(types) == 1 and None not in types:
        kind = next(iter(types))
        assert kind is not None
        return Val(kind, maybe_constant=name in c.constants(shape), configured=True)
    return Opaque(configured=True, told=all(resolved(c, option) for option in options))


def member_value(e: Emitter, value: py.Value, name: str) -> Sugared:
    """An option of an attribute that a condition chose."""
    shape = py.ModuleShape(py.External("torch.nn.Module"))
    found = attribute_value(e.compiler, shape, name, value)
    return Opaque() if isinstance(found, Failure) else found


def child_value(e: Emitter, module: ModuleRef, value: py.Value) -> Sugared:
    found = attribute_value(e.compiler, module.shape, "", value)
    return Opaque() if isinstance(found, Failure) else found


def torch_value(c: Compiler, fact: api.Attribute) -> Sugared | None:
    match fact.kind:
        case "constant":
            kind = fact.type
            if kind is None:
                return Opaque()
            return Val(kind, maybe_constant=True, configured=True)
        case "parameter" | "buffer" | "attribute":
            return Val(fact.type) if fact.type is not None else Opaque()
        case "module":
            return ModuleRef(c.torch_shape(fact.class_name))
        case "builtin" | "function":
            return external(c, fact.class_name) or Opaque()
    return Opaque()
