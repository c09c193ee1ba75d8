"""What is known of an nn.Module instance before any of its code is typed: its class, what torch's data says of it, and
whether it is one of torch's containers."""

from __future__ import annotations

import ast

from jitlint.emit.compiler import Compiler
from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import mro
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py
from jitlint.shapes.torch_modules import CONTAINERS
from jitlint.torch_api import entries as api
from jitlint.types.model import Schema

MODULE_METHODS = frozenset(
    "add_module apply bfloat16 buffers children compile cpu cuda double eval extra_repr float forward get_buffer "
    "get_extra_state get_parameter get_submodule half ipu load_state_dict modules named_buffers named_children "
    "named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook "
    "register_forward_pre_hook register_full_backward_hook register_module register_parameter requires_grad_ "
    "set_extra_state share_memory state_dict to to_empty train type xpu zero_grad".split()
)


def class_name(shape: py.ModuleShape) -> str:
    match shape.cls:
        case py.Class(definition=definition):
            return definition.name
        case py.External(name=name):
            return name.rpartition(".")[2]


def definition_of(shape: py.ModuleShape) -> ClassDefinition | None:
    return shape.cls.definition if isinstance(shape.cls, py.Class) else None


def is_settled(shape: py.ModuleShape) -> bool:
    """Whether the instance is one that its constructor makes by default; not so where an argument has to be given."""
    if not shape.complete or not isinstance(shape.cls, py.Class):
        return False
    bindings = shape.cls.definition.body.bindings.get("__init__")
    node = bindings[-1].node if bindings else None
    if not isinstance(node, ast.FunctionDef):
        return True
    positional = [*node.args.posonlyargs, *node.args.args][1:]
    return len(positional) <= len(node.args.defaults) and None not in node.args.kw_defaults


def container_kind(c: Compiler, shape: py.ModuleShape) -> str | None:
    """Which container of torch.nn the instance is ('' for none, None where that is not known)."""
    definition = definition_of(shape)
    if definition is None:
        name = class_name(shape)
        return name if name in CONTAINERS else ""
    for item in mro(c.project, definition).classes:
        if isinstance(item, ExternalName):
            name = item.name.rpartition(".")[2]
            if name in CONTAINERS and item.name.startswith("torch.nn"):
                return name
        elif item.module.name == "torch.nn.modules.container" and item.name in CONTAINERS:
            return item.name
    return "" if mro(c.project, definition).complete else None


def torch_facts(c: Compiler, shape: py.ModuleShape) -> tuple[api.ModuleClassFacts, ...]:
    """What the API data says of the torch.nn classes that an instance's class is or derives from, nearest first."""
    match shape.cls:
        case py.External(name=name):
            facts = c.api.module_class(name)
            return (facts,) if facts is not None else ()
        case py.Class(definition=definition):
            found = []
            for item in mro(c.project, definition).classes:
                if isinstance(item, ExternalName):
                    facts = c.api.module_class(item.name)
                    if facts is not None:
                        found.append(facts)
            return tuple(found)


def torch_attribute(c: Compiler, shape: py.ModuleShape, name: str) -> api.Attribute | None:
    """An attribute that a torch.nn constructor set; the variant chosen by the instance's arguments. An attribute whose
    nature hangs on an argument we do not know comes back with type None and kind ``unknown``."""
    for facts in torch_facts(c, shape):
        if not facts.probed:
            continue
        arguments = shape.arguments if isinstance(shape.cls, py.External) else shape.bases.get(facts.name, {})
        found = facts.attributes.get(name)
        for variant in facts.variants:
            if name not in variant.attributes:
                continue
            match variant_holds(variant, arguments, facts):
                case True:
                    found = variant.attributes[name]
                case None:
                    return api.Attribute(name, "unknown")
        if found is not None:
            return found
    return None


def torch_method(c: Compiler, shape: py.ModuleShape, name: str) -> api.Method | None:
    for facts in torch_facts(c, shape):
        arguments = shape.arguments if isinstance(shape.cls, py.External) else shape.bases.get(facts.name, {})
        found = facts.methods.get(name)
        for variant in facts.variants:
            if name in variant.methods:
                match variant_holds(variant, arguments, facts):
                    case True:
                        found = variant.methods[name]
                    case None:
                        return api.Method(name, None)
        if found is None and name not in ("forward", "__init__"):
            found = c.api.module_method(facts.name, name)
        if found is not None:
            return found
    return None


def variant_holds(variant: api.Variant, arguments: dict[str, py.Value], facts: api.ModuleClassFacts) -> bool | None:
    """Whether an instance was built as the variant was; None where that is not known."""
    holds: bool | None = True
    for name, value in variant.arguments:
        given = arguments.get(name)
        if given is None:
            default = next((one.default for one in facts.constructor if one.name == name), api.REQUIRED)
            if default is api.REQUIRED or default is api.NOT_LITERAL or not arguments:
                holds = None if not arguments and default is api.REQUIRED else holds
            if default != value:
                return False
            continue
        if isinstance(given, py.Constant):
            if given.value != value or type(given.value) is not type(value):
                return False
        else:
            holds = None
    return holds


def without_self(schema: Schema) -> Schema:
    if schema.arguments and schema.arguments[0].name == "self":
        return Schema(schema.name, schema.arguments[1:], schema.returns, schema.overload, schema.vararg, schema.text)
    return schema
