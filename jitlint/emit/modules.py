"""nn.Module instances: their members, calls, containers, and compiling them whole (``ModuleValue``, ``_recursive.py``).

What an instance looks like comes from its shape (`shapes`); what its class offers from the class hierarchy.
"""

from __future__ import annotations

import ast

from jitlint.emit.compiler import Compiler
from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.evidence import Mismatch
from jitlint.emit.python_values import constant_type, external, to_sugared
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
    SugaredList,
    SugaredTuple,
    Val,
)
from jitlint.project.definitions import Binding, ClassDefinition
from jitlint.project.hierarchy import find_member, mro
from jitlint.project.targets import ExternalName, Unresolved
from jitlint.shapes import values as py
from jitlint.shapes.inference import Failure, infer_value_type
from jitlint.syntax import tree
from jitlint.torch_api import entries as api
from jitlint.types.model import (
    ANY,
    BOOL,
    NONE,
    NUMBER,
    STR,
    TENSOR,
    UNKNOWN,
    ClassType,
    InterfaceType,
    OptionalType,
    Schema,
    TupleType,
    Type,
    UnionType,
)
from jitlint.types.relations import contains_unknown, is_subtype

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
_ITERATORS = ("children", "modules", "named_children", "named_modules", "parameters", "named_parameters", "buffers")


# --- what an instance has ----------------------------------------------------------------------------------


def raw_member(e: Emitter, module: ModuleRef, name: str) -> py.Value | None:
    """The abstract value of an instance attribute; None where the instance has none of that name."""
    return module.shape.attributes.get(name)


def class_name(shape: py.ModuleShape) -> str:
    match shape.cls:
        case py.Class(definition=definition):
            return definition.name
        case py.External(name=name):
            return name.rpartition(".")[2]


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


def definition_of(shape: py.ModuleShape) -> ClassDefinition | None:
    return shape.cls.definition if isinstance(shape.cls, py.Class) else None


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
            match _variant_holds(variant, arguments, facts):
                case True:
                    found = variant.attributes[name]
                case None:
                    return api.Attribute(name, "unknown")
        if found is not None:
            return found
    return None


def _variant_holds(variant: api.Variant, arguments: dict[str, py.Value], facts: api.ModuleClassFacts) -> bool | None:
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


def torch_method(c: Compiler, shape: py.ModuleShape, name: str) -> api.Method | None:
    for facts in torch_facts(c, shape):
        arguments = shape.arguments if isinstance(shape.cls, py.External) else shape.bases.get(facts.name, {})
        found = facts.methods.get(name)
        for variant in facts.variants:
            if name in variant.methods:
                match _variant_holds(variant, arguments, facts):
                    case True:
                        found = variant.methods[name]
                    case None:
                        return api.Method(name, None)
        if found is None and name not in ("forward", "__init__"):
            found = c.api.module_method(facts.name, name)
        if found is not None:
            return found
    return None


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
        return _child(e, module, shape.children[name])
    if container and shape.children is None and name not in _MODULE_METHODS:
        return Opaque()
    if name in _ITERATORS and name != "parameters" and name != "buffers":
        return ModuleView(module, name)
    if isinstance(shape.cls, py.External) or not shape.complete or shape.bases:
        fact = torch_attribute(c, shape, name)
        if fact is not None and fact.kind != "absent":
            return _torch_attribute(c, fact)
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
    return found


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
            return Val(annotated) if annotated is not None and annotated != UNKNOWN else Opaque(value.configured)
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
                return Opaque()
    if name in c.constants(shape):
        constant = _constant(value)
        if constant is not None:
            return constant
        options = value.options if isinstance(value, py.OneOf) else ()
        kinds = {found.type for option, _ in options if (found := _constant(option)) is not None}
        kind = next(iter(kinds)) if len(kinds) == 1 else UNKNOWN
        return Val(kind, maybe_constant=True, configured=True)
    annotated = c.attribute_annotation(shape, name)
    if annotated is not None:
        # What is not known may be a Final.
        return Val(annotated, maybe_constant=annotated == UNKNOWN)
    inferred = infer_value_type(value, c.value_class_type)
    if isinstance(inferred, Failure):
        return inferred
    return Val(inferred) if inferred != UNKNOWN else Opaque()


def _constant(value: py.Value) -> Val | None:
    match value:
        case py.Constant(value=constant):
            kind = constant_type(constant)
            return Val(kind, constant) if kind is not None else None
        case py.Sequence(kind="list" | "tuple", items=items) if items is not None:
            parts = [_constant(item) for item in items]
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
        if isinstance(one, Failure):
            return Opaque(configured=True)
        found.append(one)
    types = {one.type if isinstance(one, Val) else None for one in found}
    if len(types) == 1 and None not in types:
        kind = next(iter(types))
        assert kind is not None
        return Val(kind, maybe_constant=name in c.constants(shape), configured=True)
    return Opaque(configured=True)


def member_value(e: Emitter, value: py.Value, name: str) -> Sugared:
    """An option of an attribute that a condition chose."""
    shape = py.ModuleShape(py.External("torch.nn.Module"))
    found = attribute_value(e.compiler, shape, name, value)
    return Opaque() if isinstance(found, Failure) else found


def _torch_attribute(c: Compiler, fact: api.Attribute) -> Sugared | None:
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
            constant = _constant(value) if value is not None else None
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
        return Opaque() if hasattr_module(name) else None
    if method.overloads:
        return SchemaRef(name, tuple(without_self(schema) for schema in method.overloads))
    if method.schema is not None:
        return SchemaRef(name, (without_self(method.schema),))
    if method.error:
        return PythonValue("method", "refused", name=method.error)
    return Opaque()


def hasattr_module(name: str) -> bool:
    """Names that every nn.Module has in Python; what compiling them does is not in the data."""
    return name in _MODULE_METHODS


_MODULE_METHODS = frozenset(
    "add_module apply bfloat16 buffers children compile cpu cuda double eval extra_repr float forward get_buffer "
    "get_extra_state get_parameter get_submodule half ipu load_state_dict modules named_buffers named_children "
    "named_modules named_parameters parameters register_backward_hook register_buffer register_forward_hook "
    "register_forward_pre_hook register_full_backward_hook register_module register_parameter requires_grad_ "
    "set_extra_state share_memory state_dict to to_empty train type xpu zero_grad".split()
)


def without_self(schema: Schema) -> Schema:
    if schema.arguments and schema.arguments[0].name == "self":
        return Schema(schema.name, schema.arguments[1:], schema.returns, schema.overload, schema.vararg, schema.text)
    return schema


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


# --- containers ----------------------------------------------------------------------------------------------


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


def container_elements(e: Emitter, module: ModuleRef, kind: str) -> tuple[Sugared, ...] | None:
    """What iterating the container yields; None where its contents are not known."""
    children = module.shape.children
    if children is None:
        return None
    if kind in ("ModuleDict", "ParameterDict"):
        return tuple(Val(STR, key) for key in children)
    return tuple(_child(e, module, value) for value in children.values())


def _child(e: Emitter, module: ModuleRef, value: py.Value) -> Sugared:
    found = attribute_value(e.compiler, module.shape, "", value)
    return Opaque() if isinstance(found, Failure) else found


def has_length(e: Emitter, kind: ClassType) -> bool:
    """Whether ``len(module)`` may compile: a container's does, and a class's that defines ``__len__``."""
    shape = kind.definition
    if not isinstance(shape, py.ModuleShape) or container_kind(e.compiler, shape) != "":
        return True
    definition = definition_of(shape)
    return definition is not None and find_member(e.compiler.project, definition, "__len__") is not None


def subscript_module(e: Emitter, node: tree.Subscript, module: ModuleRef, hint: Type | None) -> Sugared:
    """``self.layers[i]`` (``ModuleValue::getitem``)."""
    from jitlint.emit.expressions import emit_val
    from jitlint.emit.subscripts import constant_int, index_values, slice_bounds

    c = e.compiler
    kind = container_kind(c, module.shape)
    index = node.indices[0]
    if kind is None:
        index_values(e, node)
        return Opaque()
    if kind == "":
        if _has_getitem(e, module):
            return Opaque()
        index_values(e, node)
        e.report(
            "JIT220",
            node.at,
            "Only ModuleList, Sequential, ModuleDict, ParameterList, and ParameterDict are subscriptable: module is "
            "not subscriptable",
            f"'{class_name(module.shape)}' is not subscriptable in TorchScript",
        )
        return UNKNOWN_VAL
    if isinstance(index, tree.SliceExpr):
        if kind in ("ModuleDict", "ParameterDict"):
            e.report("JIT223", node.at, f"Unable to extract string literal index. {_dict_hint(kind)}")
            return UNKNOWN_VAL
        elements = container_elements(e, module, kind)
        bounds = slice_bounds(e, index)
        if elements is None or bounds is None:
            return SugaredList(None)
        # A slice of modules is a tuple of plain objects.
        return Val(TupleType(tuple(as_val(e, node.at, element).type for element in elements[bounds])))
    found = emit_val(e, index)
    if hint == UNKNOWN:
        return Opaque()  # it may be an interface
    if isinstance(hint, InterfaceType):
        from jitlint.emit.member_rules import misfits_in

        misfits_in(e, node.at, module, hint)
        return Val(hint)
    if kind in ("ModuleDict", "ParameterDict"):
        return _keyed(e, node, module, kind, found)
    position = constant_int(e, index)
    if position is None:
        if found.maybe_constant or found.type == UNKNOWN:
            return Opaque()
        if kind == "ParameterList":
            what = "ParameterList"
        else:
            what = "ModuleList/Sequential"
        e.report(
            "JIT223",
            node.at,
            f"Expected integer literal for index but got a variable or non-integer. {what} indexing is only supported "
            "with integer literals. For example, 'i = 4; self.layers[i](x)' will fail because i is not a literal. "
            "Enumeration is supported, e.g. 'for index, v in enumerate(self): out = v(inp)'",
            "Modules can be indexed only with an integer literal; iterate over the list instead",
        )
        return Opaque()
    elements = container_elements(e, module, kind)
    if elements is None:
        return Opaque()
    if not -len(elements) <= position < len(elements):
        if module.shape.complete:
            e.report("JIT223", node.at, f"Index {position} out of range of length {len(elements)}")
        return Opaque()
    return elements[position]


def _dict_hint(kind: str) -> str:
    return f"{kind} indexing is only supported with string literals."


def _keyed(e: Emitter, node: tree.Subscript, module: ModuleRef, kind: str, found: Val) -> Sugared:
    if not isinstance(found.constant, str):
        if found.maybe_constant or found.type == UNKNOWN:
            return Opaque()
        e.report(
            "JIT223",
            node.at,
            f"Unable to extract string literal index. {_dict_hint(kind)} For example, 'i = \"a\"; self.layers[i](x)' "
            "will fail because i is not a literal. Enumeration of ModuleDict is supported, e.g. 'for k, v in "
            "self.items(): out = v(inp)'",
            "A ModuleDict can be indexed only with a string literal",
        )
        return Opaque()
    children = module.shape.children
    if children is None:
        return Opaque()
    if found.constant not in children:
        if module.shape.complete:
            e.report("JIT223", node.at, f"Key Error, {found.constant}")
        return Opaque()
    return _child(e, module, children[found.constant])


def _has_getitem(e: Emitter, module: ModuleRef) -> bool:
    definition = definition_of(module.shape)
    return definition is not None and find_member(e.compiler.project, definition, "__getitem__") is not None


def container_has(e: Emitter, module: ModuleRef, key: Val, negated: bool) -> Val:
    """``key in self.modules_by_name``, decided at compile time."""
    children = module.shape.children
    if children is None or not isinstance(key.constant, str):
        return Val(BOOL, maybe_constant=True, configured=True)
    return Val(BOOL, (key.constant in children) is not negated)


def call_view(e: Emitter, module: ModuleRef, name: str) -> Sugared:
    """The static sequence that ``module.name()`` gives."""
    children = module.shape.children
    kind = container_kind(e.compiler, module.shape)
    if name in ("keys", "values", "items") and kind:
        if children is None:
            return SugaredList(None)
        keys = [Val(STR, key) for key in children]
        values = [_child(e, module, value) for value in children.values()]
        if name == "keys":
            return SugaredList(tuple(keys))
        if name == "values":
            return SugaredList(tuple(values))
        return SugaredList(tuple(SugaredTuple((key, value)) for key, value in zip(keys, values, strict=True)))
    if name in ("children", "named_children") and module.shape.complete:
        submodules = [
            (key, value)
            for key, value in (children or module.shape.attributes).items()
            if isinstance(value, py.ModuleInstance)
        ]
        uncertain = any(isinstance(value, (py.OneOf, py.Unknown)) for value in module.shape.attributes.values())
        if uncertain:
            return SugaredList(None)
        found = [(Val(STR, key), ModuleRef(value.shape)) for key, value in submodules]
        if name == "children":
            return SugaredList(tuple(ref for _, ref in found))
        return SugaredList(tuple(SugaredTuple(pair) for pair in found))
    return SugaredList(None)


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
                if isinstance(forward, MethodRef):
                    call_value(e, at, forward, None, None)
                return Opaque()
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
            current_value: Sugared | None = _torch_attribute(c, fact)
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
            e.report(
                "JIT404",
                target.at,
                f"Tried to set nonexistent attribute: {name}. Did you forget to initialize it in __init__()?",
                f"'{name}' is not an attribute that __init__ sets",
            )
            return
    else:
        found = attribute_value(c, shape, name, current)
        if isinstance(found, Failure):
            e.report(
                "JIT404",
                target.at,
                f"Tried to set nonexistent attribute: {name}. Did you forget to initialize it in __init__()?",
                f"'{name}' has no TorchScript type, so it cannot be set",
            )
            return
        current_value = found
    if name in c.constants(shape):
        e.report(
            "JIT404",
            target.at,
            f"Tried to set nonexistent attribute: {name}. Did you forget to initialize it in __init__()?",
            f"'{name}' is a constant and cannot be set",
        )
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
