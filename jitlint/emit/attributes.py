"""``value.name``: modules, classes, tensors, Python modules (``SugaredValue::attr``), and storing attributes."""

from __future__ import annotations

import ast

from jitlint.emit.class_kinds import function_of
from jitlint.emit.conditions import Condition
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.python_values import module_attribute, to_sugared
from jitlint.emit.values import (
    UNKNOWN_VAL,
    Builtin,
    ClassRef,
    EnumRef,
    ModuleRef,
    NamedTupleRef,
    Opaque,
    PythonModule,
    PythonValue,
    SchemaRef,
    Special,
    Sugared,
    SugaredList,
    Val,
    describe,
)
from jitlint.emit.variables import named
from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import find_member
from jitlint.shapes import values as py
from jitlint.syntax import tree
from jitlint.types.model import (
    UNKNOWN,
    ClassType,
    EnumType,
    InterfaceType,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown


def emit_select(e: Emitter, node: tree.Select) -> Sugared:
    from jitlint.emit.expressions import emit_expr

    value = emit_expr(e, node.value)
    if isinstance(node.value, tree.Apply) and isinstance(node.value.func, tree.Var) and node.value.func.name == "super":
        return _of_super(e, node, value)
    return attribute(e, node.at, value, node.name)


def _of_super(e: Emitter, node: tree.Select, value: Sugared) -> Sugared:
    """``super().name``: the call of `super` goes to Python and gives a Tensor, which has no such method."""
    if (
        isinstance(value, Val)
        and isinstance(value.type, TensorType)
        and not e.compiler.api.method_ops(value.type, node.name)
    ):
        e.report(
            "JIT324",
            node.at,
            f"'{value.type}' object has no attribute or method '{node.name}'.",
            "TorchScript does not know super()",
        )
        return UNKNOWN_VAL
    return attribute(e, node.at, value, node.name)


def attribute(e: Emitter, node: ast.AST, value: Sugared, name: str) -> Sugared:
    """What ``value.name`` means; a problem where there is no such attribute."""
    match value:
        case ModuleRef():
            from jitlint.emit.modules import module_member

            return module_member(e, node, value, name)
        case Val():
            return _value_attribute(e, node, value, name)
        case PythonModule():
            found = module_attribute(e.compiler, value, name)
            if found is None:
                e.report(
                    "JIT316",
                    node,
                    f"object has no attribute {name}",
                    f"Module '{value.name}' has no attribute '{name}'",
                )
                return UNKNOWN_VAL
            return named(e, node, f"{value.name}.{name}", found)
        case EnumRef(type=kind):
            if name in kind.members:
                return Val(kind)
            e.report("JIT606", node, f"type object '{kind}' has no attribute '{name}'")
            return UNKNOWN_VAL
        case Opaque():
            return value
        case SugaredList(elements=None):
            return Opaque()
        case Special(name=form) if form.startswith("torch.cuda"):
            return Opaque()
        case PythonValue(type_name=""):
            return Opaque()
        case PythonValue(definition=definition) if value.callable_as == "class" and definition is not None:
            e.report("JIT323", node, "attribute lookup is not defined on python value of type 'type'")
            return UNKNOWN_VAL
        case PythonValue(callable_as="autograd-class", definition=ClassDefinition() as definition):
            found_member = find_member(e.compiler.project, definition, name)
            if name == "apply" and not isinstance(found_member, tuple):
                return PythonValue("method", "autograd", definition.name)
            static = function_of(*found_member) if isinstance(found_member, tuple) else None
            if static is not None and "staticmethod" in (marks := e.compiler.marks(static)) and "opaque" not in marks:
                return to_sugared(e.compiler, py.Function(static, marks)) or Opaque()
            e.unknown(node, f"'{name}' of the autograd function {definition.name} could not be resolved")
            return Opaque()
        case ClassRef(type=kind):
            from jitlint.emit.class_members import class_member

            return class_member(e.compiler, e, node, kind, name)
        case PythonValue():
            e.report(
                "JIT323",
                node,
                f"attribute lookup is not defined on {describe(value)}",
                f"'{name}' is looked up on a Python object that TorchScript cannot see into",
            )
            return UNKNOWN_VAL
        case Builtin():
            e.report("JIT323", node, "attribute lookup is not defined on builtin")
            return UNKNOWN_VAL
        case NamedTupleRef(type=named_type):
            e.report("JIT607", node, f"attribute lookup is not defined on {named_type}")
            return UNKNOWN_VAL
    e.report("JIT323", node, f"attribute lookup is not defined on {describe(value)}")
    return UNKNOWN_VAL


def _value_attribute(e: Emitter, node: ast.AST, value: Val, name: str) -> Sugared:
    """``SimpleValue::attr``."""
    kind = value.type
    if kind == UNKNOWN:
        return UNKNOWN_VAL
    match kind:
        case TensorType():
            found = e.compiler.api.tensor_attribute(name)
            if found is not None:
                return Val(found)
        case TupleType(fields=fields) if name in fields:
            return Val(kind.elements[fields.index(name)])
        case TupleType() if contains_unknown(kind):
            return UNKNOWN_VAL
        case ClassType(is_module=True, definition=shape) if isinstance(shape, py.ModuleShape):
            from jitlint.emit.modules import plain_member

            return plain_member(e, node, ModuleRef(shape), name)
        case ClassType():
            from jitlint.emit.class_members import instance_attribute

            return instance_attribute(e.compiler, e, node, kind, name)
        case InterfaceType():
            from jitlint.emit.interfaces import interface_attribute

            return interface_attribute(e, node, kind, name)
        case EnumType(value=inner):
            if name == "name":
                from jitlint.types.model import STR

                return Val(STR)
            if name == "value":
                return Val(inner)
    other = e.compiler.api.value_attribute(kind, name)
    if other is not None:
        return Val(other)
    if isinstance(kind, TensorType) and e.compiler.api.tensor_cast(name) is not None:
        return Special("tensor_cast")
    if isinstance(kind, TensorType) and name == "type":
        return Builtin("aten::to", value)
    if name == "tolist":
        return Special("tolist") if isinstance(kind, TensorType) else _missing(e, node, kind, name)
    schemas = e.compiler.api.method_ops(kind, name)
    if schemas:
        return SchemaRef(f"aten::{name}", schemas, value)
    if contains_unknown(kind):
        return UNKNOWN_VAL
    return _missing(e, node, kind, name)


def _missing(e: Emitter, node: ast.AST, kind: Type, name: str) -> Val:
    text = f"'{kind}' object has no attribute or method '{name}'."
    if isinstance(kind, ClassType):
        text += " Did you forget to initialize an attribute in __init__()?"
    code = "JIT607" if isinstance(kind, TupleType) and kind.name else "JIT309"
    e.report(code, node, text, f"A value of type {kind} has no attribute or method '{name}' in TorchScript")
    return UNKNOWN_VAL


def set_attribute(e: Emitter, target: tree.Select, value: Sugared) -> None:
    """``base.name = value`` (``SugaredValue::setAttr``)."""
    from jitlint.emit.expressions import emit_expr

    base = emit_expr(e, target.value)
    match base:
        case ModuleRef():
            from jitlint.emit.modules import set_module_attribute

            set_module_attribute(e, target, base, value)
        case Val(type=ClassType(is_module=False) as kind):
            from jitlint.emit.class_members import set_instance_attribute

            set_instance_attribute(e.compiler, e, target, kind, as_val(e, target.at, value))
        case Val(type=kind) if kind == UNKNOWN or contains_unknown(kind) or isinstance(kind, InterfaceType):
            return
        case Val(type=ClassType()):
            return
        case Val(type=kind):
            e.report(
                "JIT417",
                target.at,
                f"Tried to set an attribute: {target.name} on a non-class: {kind}",
                f"An attribute cannot be set on a value of type {kind}",
            )
        case Opaque():
            return
        case _:
            e.report("JIT417", target.at, f"attribute assignment is not defined on {describe(base)}")


def member_options(e: Emitter, node: tree.Select) -> Condition | None:
    """``self.x is None`` where `x` is one of several values, depending on how the module was built: which options are
    left in each arm, and the words for it. None where that does not apply."""
    from jitlint.emit.expressions import emit_expr

    e.muted += 1
    try:
        base = emit_expr(e, node.value)
    finally:
        e.muted -= 1
    if not isinstance(base, ModuleRef):
        return None
    found = base.shape.attributes.get(node.name)
    if not isinstance(found, py.OneOf):
        return None
    if e.compiler.attribute_annotation(base.shape, node.name) not in (None, UNKNOWN):
        return None  # it is of the type that the class gives it, however the module was built
    none = [one for one in found.options if isinstance(one[0], py.Constant) and one[0].value is None]
    other = [one for one in found.options if one not in none]
    if any(isinstance(one[0], py.Unknown) for one in other):
        text = ast.unparse(node.at) if isinstance(node.at, ast.expr) else node.name
        when_none, when_not = f"`{text}` is None", f"`{text}` is not None"
    else:
        when_none = next((words for _, words in none if words), f"`{node.name}` is None")
        when_not = next((words for _, words in other if words), f"`{node.name}` is not None")
    if not none or not other:
        return None
    key = (id(base.shape), node.name)
    from jitlint.emit.module_attributes import member_value

    true = member_value(e, _one(none), node.name)
    false = member_value(e, _one(other), node.name)
    return Condition({key: true}, {key: false}, None, True, when_none, when_not)


def _one(options: list[tuple[py.Value, str]]) -> py.Value:
    return options[0][0] if len(options) == 1 else py.OneOf(tuple(options))
