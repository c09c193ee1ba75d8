"""nn.Module instances in compiled code: reading and setting their members, and calling them (``ModuleValue``).

What an instance looks like comes from its shape (`shapes`), by `module_facts` and `module_attributes`; what its class
offers from the class hierarchy. `containers` has what only torch's containers can do, `module_units` compiles them whole.
"""

from __future__ import annotations

import ast

from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.evidence import Mismatch
from jitlint.emit.module_attributes import attribute_value, child_value, constant_value, resolved, torch_value
from jitlint.emit.module_facts import (
    MODULE_METHODS,
    class_name,
    container_kind,
    definition_of,
    is_settled,
    torch_attribute,
    torch_facts,
    torch_method,
    without_self,
)
from jitlint.emit.python_values import to_sugared
from jitlint.emit.values import (
    UNKNOWN_VAL,
    Builtin,
    FunctionRef,
    IgnoredRef,
    MethodRef,
    ModuleRef,
    ModuleView,
    Opaque,
    PythonValue,
    SchemaRef,
    Sugared,
    Val,
)
from jitlint.project.definitions import Binding, ClassDefinition
from jitlint.project.hierarchy import find_member
from jitlint.project.targets import ExternalName, Unresolved
from jitlint.shapes import values as py
from jitlint.shapes.inference import Failure
from jitlint.shapes.torch_modules import CONTAINERS
from jitlint.syntax import tree
from jitlint.types.model import BOOL, NONE, UNKNOWN
from jitlint.types.relations import contains_unknown, is_subtype

_ITERATORS = ("children", "modules", "named_children", "named_modules", "parameters", "named_parameters", "buffers")


# --- members -------------------------------------------------------------------------------------------------


def module_member(e: Emitter, node: ast.AST, module: ModuleRef, name: str) -> Sugared:
    """``module.name`` in compiled code (``ModuleValue::attr``); a problem where the compiler finds nothing."""
    if name == "__call__":
        e.report(
            "JIT510",
            node,
            "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults",
            "Call the module itself instead of its __call__",
        )
        return UNKNOWN_VAL
    known = e.frame.find_member((id(module.shape), name))
    if known is not None:
        return known
    found = find(e, node, module, name)
    if found is not None:
        return found
    shape = module.shape
    definition = definition_of(shape)
    elsewhere = definition is not None and e.compiler.may_be_assigned(definition, name, not is_settled(shape))
    with e.under(f"`{name}` is not set by the constructor" if elsewhere and not e.condition else ""):
        e.report(
            "JIT401",
            node,
            f"Module '{class_name(shape)}' has no attribute '{name}' ",
            f"'{class_name(shape)}' has no attribute '{name}' that TorchScript can see",
        )
    return UNKNOWN_VAL


def plain_member(e: Emitter, node: ast.AST, module: ModuleRef, name: str) -> Sugared:
    """An attribute of a module that became a plain object: the same, but a submodule is a plain object too."""
    found = module_member(e, node, module, name)
    return as_val(e, node, found) if isinstance(found, ModuleRef) else found


def find(e: Emitter, node: ast.AST, module: ModuleRef, name: str) -> Sugared | None:
    """The member, or None where there surely is none."""
    c = e.compiler
    shape = module.shape
    value = shape.attributes.get(name)
    if value is not None and not isinstance(value, py.Absent):
        return _attribute(e, node, module, name, value)
    if name == "training":
        return Val(BOOL)
    container = container_kind(c, shape)
    if container and name in ("keys", "values", "items") and container in ("ModuleDict", "ParameterDict"):
        return ModuleView(module, name)
    if shape.children is not None and name in shape.children:
        return child_value(e, module, shape.children[name])
    if container and shape.children is None and name not in MODULE_METHODS:
        return Opaque()
    if name in _ITERATORS and name != "parameters" and name != "buffers":
        return ModuleView(module, name)
    if isinstance(shape.cls, py.External) or not shape.complete or shape.bases:
        fact = torch_attribute(c, shape, name)
        if fact is not None and fact.kind != "absent":
            return torch_value(c, fact)
    member = _class_member(e, node, module, name)
    if member is not None:
        return member
    if not shape.complete:
        e.unknown(node, f"'{name}' of {class_name(shape)} could not be resolved")
        return Opaque()
    return None


def _attribute(e: Emitter, node: ast.AST, module: ModuleRef, name: str, value: py.Value) -> Sugared | None:
    """An instance attribute as `infer_concrete_type_builder` takes it."""
    c = e.compiler
    if name == "forward" and isinstance(value, py.Function):
        # ``self.forward = self.forward_slicing``: the bound method is compiled as forward.
        return MethodRef(module, value.definition) if value.bound is not None else Opaque()
    found = c.attribute_value(module.shape, name, value)
    if isinstance(found, Failure):
        of_function = "failed to compile" in found.hint
        # ``self.f = torch.jit.script(f)`` fails itself, before the module is compiled.
        if not (isinstance(value, py.Function) and "script" in value.marks):
            e.report(
                "JIT416" if of_function else "JIT402",
                node,
                f"Module '{class_name(module.shape)}' has no attribute '{name}' {found.hint}",
                f"'{name}' holds a {'function that does not compile' if of_function else 'value that has no TorchScript type'}",
            )
        if of_function and isinstance(value, py.Function):
            # What is wrong with it shows where it stands, too.
            e.link(node, c.compile_function(value.definition))
        return UNKNOWN_VAL
    if isinstance(found, Val) and found.type == UNKNOWN and not resolved(c, value):
        e.unknown(node, f"'{name}' of {class_name(module.shape)} could not be resolved")  # a constant
    return found


def _class_member(e: Emitter, node: ast.AST, module: ModuleRef, name: str) -> Sugared | None:
    """Methods, properties and class attributes: what the Python class has under that name."""
    c = e.compiler
    definition = definition_of(module.shape)
    if definition is None:
        return _torch_member(e, node, module, name)
    found = find_member(c.project, definition, name)
    match found:
        case None:
            return None
        case Unresolved():
            e.unknown(node, f"'{name}' of {definition.name}: a base class could not be resolved")
            return Opaque()
        case ExternalName():
            return _torch_member(e, node, module, name)
        case (owner, binding):
            return _bound_member(e, node, module, name, owner, binding)


def _bound_member(
    e: Emitter, node: ast.AST, module: ModuleRef, name: str, owner: ClassDefinition, binding: Binding
) -> Sugared | None:
    c = e.compiler
    function = owner.module.functions_by_node.get(id(binding.node)) if binding.node is not None else None
    from jitlint.emit.member_rules import hidden_property, odd_member, odd_method

    if function is None or binding.kind != "function":
        odd = odd_member(e, node, owner, binding)
        if odd is not None:
            return odd
        if name in c.constants(module.shape):
            value = c.class_constant(owner, binding)
            constant = constant_value(value) if value is not None else None
            return constant if constant is not None else Opaque()
        if c.attribute_annotation(module.shape, name) == UNKNOWN:
            return Opaque()  # it may be a Final
        if binding.kind in ("assign", "class", "import", "from") and binding.guard == "":
            value = c.class_constant(owner, binding)
            if isinstance(value, (py.Unknown, py.Function, py.External, py.OneOf, py.Class, py.Partial, py.Lambda)):
                return Opaque()
            if value is None:
                return Opaque()
            return None
        return Opaque()
    definition = definition_of(module.shape)
    if definition is not None and name in c.rebound_names(definition):
        e.unknown(node, f"'{name}' is replaced at run time")
        return Opaque()
    if odd_method(e, node, function):
        return UNKNOWN_VAL
    marks = c.marks(function)
    if "opaque" in marks:
        replaced = c.replaced(module.shape, name)
        if replaced is not None:
            return MethodRef(module, replaced.definition, replaced)
        e.unknown(node, f"a decorator of '{name}' could not be seen through")
        return Opaque()
    if "cached_property" in marks:
        return Opaque()  # its value is an ordinary attribute by now
    if "property" in marks:
        if hidden_property(c, module, function):
            return None
        summary = c.method(e, node, module, function)
        return Val(summary.result)
    if "staticmethod" in marks:
        return to_sugared(c, py.Function(function, marks))
    if marks & {"ignore", "unused", "drop"}:
        return IgnoredRef(function, bound=True, unused="ignore" not in marks)
    return MethodRef(module, function)


def _torch_member(e: Emitter, node: ast.AST, module: ModuleRef, name: str) -> Sugared | None:
    """A method that torch's own class defines."""
    method = torch_method(e.compiler, module.shape, name)
    if method is None:
        facts = torch_facts(e.compiler, module.shape)
        if not facts or not all(one.probed for one in facts):
            return Opaque()
        if name in ("forward",):
            return Opaque()
        return Opaque() if name in MODULE_METHODS else None
    if method.overloads:
        return SchemaRef(name, tuple(without_self(schema) for schema in method.overloads))
    if method.schema is not None:
        return SchemaRef(name, (without_self(method.schema),))
    if method.error:
        return PythonValue("method", "refused", name=method.error)
    return Opaque()


def has_member(e: Emitter, module: ModuleRef, name: str) -> bool | None:
    """``hasattr(module, name)`` as the compiler answers it; None where that is not known."""
    value = module.shape.attributes.get(name)
    if isinstance(value, py.OneOf) and any(isinstance(option, py.Absent) for option, _ in value.options):
        return None
    e.muted += 1
    before = len(e.summary.links)
    try:
        found = find(e, tree_node(e), module, name)
    finally:
        e.muted -= 1
        del e.summary.links[before:]
    if found is None:
        return False
    if isinstance(found, Opaque):
        return True if value is not None and not isinstance(value, (py.Unknown, py.OneOf)) else None
    return True


def tree_node(e: Emitter) -> ast.AST:
    return e.definition.node if e.definition is not None else ast.Pass(lineno=1, col_offset=0)


# --- calls and stores ------------------------------------------------------------------------------------------


def call_module(
    e: Emitter, at: ast.AST, module: ModuleRef, args: list[Val] | None, kwargs: list[tuple[str, Val]] | None
) -> Sugared:
    """``module(...)``: its forward (pre-hooks and hooks wrap it)."""
    from jitlint.emit.calls import call_value

    container = container_kind(e.compiler, module.shape)
    definition = definition_of(module.shape)
    if container == "Sequential" and not _own_forward(e, definition):
        return _call_sequential(e, at, module, args, kwargs)
    if container in CONTAINERS[1:] and not _own_forward(e, definition):
        return _no_forward(e, at, module)
    forward = find(e, at, module, "forward")
    match forward:
        case MethodRef() | SchemaRef() | IgnoredRef() | FunctionRef():
            if module.shape.pre_hooks or module.shape.hooks:
                # What forward is given is a pre-hook's to say, and what comes back a hook's.
                result = call_value(e, at, forward, None, None) if isinstance(forward, MethodRef) else Opaque()
                return Opaque() if module.shape.hooks else result
            return call_value(e, at, forward, args, kwargs)
        case PythonValue(callable_as="refused", name=error):
            e.report("JIT418", at, error, f"torch's own {class_name(module.shape)} cannot be scripted")
            return UNKNOWN_VAL
    return Opaque()


def _no_forward(e: Emitter, at: ast.AST, module: ModuleRef) -> Sugared:
    """The placeholder of nn.Module is compiled, whose star parameter is refused."""
    e.report(
        "JIT308",
        at,
        "Compiled functions can't take variable number of arguments or use keyword-only arguments with defaults",
        f"'{class_name(module.shape)}' has no forward, so it cannot be called",
    )
    return UNKNOWN_VAL


def _own_forward(e: Emitter, definition: ClassDefinition | None) -> bool:
    if definition is None:
        return False
    found = find_member(e.compiler.project, definition, "forward")
    return not isinstance(found, ExternalName)


def _call_sequential(
    e: Emitter, at: ast.AST, module: ModuleRef, args: list[Val] | None, kwargs: list[tuple[str, Val]] | None
) -> Sugared:
    """Sequential's forward takes one input and hands it through: typed for this input as the compiler would, since its
    own forward is compiled with ``input`` as a Tensor."""
    if args is not None and kwargs is not None and len(args) + len(kwargs) != 1:
        schema_error = (
            f"forward(__torch__.torch.nn.modules.container.Sequential self, Tensor input) -> Tensor:\nExpected at most "
            f"2 arguments but found {len(args) + 1} positional arguments."
        )
        e.report(
            "JIT304",
            at,
            schema_error,
            "A Sequential takes exactly one input",
        )
        return UNKNOWN_VAL
    summary = e.compiler.sequential(e, at, module)
    if args and summary.schema is not None and summary.done:
        from jitlint.emit.calls import call_schemas

        call_schemas(e, at, (summary.schema,), args, kwargs or [])
    return Val(summary.result)


def set_module_attribute(e: Emitter, target: tree.Select, module: ModuleRef, value: Sugared) -> None:
    """``self.name = value`` (``ModuleValue::setAttr``): the attribute must exist, its type is fixed."""
    c = e.compiler
    name = target.name
    shape = module.shape
    current = shape.attributes.get(name)
    if current is None:
        fact = torch_attribute(c, shape, name)
        if fact is not None:
            current_value: Sugared | None = torch_value(c, fact)
        else:
            from jitlint.emit.member_rules import read_only

            if read_only(c, module, name):
                text = f"Tried to set read-only attribute: {name}"
                e.report("JIT404", target.at, text, f"the property '{name}' has no setter")
                return
            member = _class_member(e, target.at, module, name)
            if member is not None or not shape.complete:
                return
            if name == "training":
                return
            _refuse_store(e, target, f"'{name}' is not an attribute that __init__ sets")
            return
    else:
        found = attribute_value(c, shape, name, current)
        if isinstance(found, Failure):
            _refuse_store(e, target, f"'{name}' has no TorchScript type, so it cannot be set")
            return
        current_value = found
    if name in c.constants(shape):
        _refuse_store(e, target, f"'{name}' is a constant and cannot be set")
        return
    if isinstance(current_value, ModuleRef):
        expected, given = as_val(e, target.at, current_value).type, as_val(e, target.at, value).type
        if given != UNKNOWN and str(expected) != str(given):
            e.report(
                "JIT403",
                target.at,
                f"Wrong type for attribute assignment. Expected {expected} but got {given}",
                f"'{name}' is a submodule and cannot be replaced in compiled code",
            )
        return
    if isinstance(current_value, (Builtin, FunctionRef, SchemaRef)):
        as_val(e, target.at, value)
        return
    if not isinstance(current_value, Val) or current_value.type == UNKNOWN or isinstance(value, Opaque):
        return
    if current_value.maybe_constant:
        return
    new = as_val(e, target.at, value).type
    if not is_subtype(new, current_value.type) and not contains_unknown(new):
        e.report(
            "JIT403",
            target.at,
            f"Wrong type for attribute assignment. Expected {current_value.type} but got {new}",
            f"'{name}' is {current_value.type}"
            + ("" if current_value.type != NONE else " (None in __init__)")
            + f" and cannot be set to {new}",
            Mismatch(current_value.type, new),
        )


def _refuse_store(e: Emitter, target: tree.Select, message: str) -> None:
    text = f"Tried to set nonexistent attribute: {target.name}. Did you forget to initialize it in __init__()?"
    e.report("JIT404", target.at, text, message)
