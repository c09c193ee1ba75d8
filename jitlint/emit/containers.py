"""Torch's containers in compiled code: their elements, subscripts, lengths, and the sequences that ``items()`` and
``children()`` stand for (``ModuleValue::getitem``, ``ModuleDictMethod``)."""

from __future__ import annotations

from jitlint.emit.convert import as_val
from jitlint.emit.emitter import Emitter
from jitlint.emit.module_attributes import child_value
from jitlint.emit.module_facts import class_name, container_kind, definition_of
from jitlint.emit.values import UNKNOWN_VAL, ModuleRef, Opaque, Sugared, SugaredList, SugaredTuple, Val
from jitlint.project.hierarchy import find_member
from jitlint.shapes import values as py
from jitlint.syntax import tree
from jitlint.types.model import BOOL, STR, UNKNOWN, ClassType, InterfaceType, TupleType, Type


def container_elements(e: Emitter, module: ModuleRef, kind: str) -> tuple[Sugared, ...] | None:
    """What iterating the container yields; None where its contents are not known."""
    children = module.shape.children
    if children is None:
        return None
    if kind in ("ModuleDict", "ParameterDict"):
        return tuple(Val(STR, key) for key in children)
    return tuple(child_value(e, module, value) for value in children.values())


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
        return _any_element(e, module)
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
        return _any_element(e, module)
    if found.constant not in children:
        if module.shape.complete:
            e.report("JIT223", node.at, f"Key Error, {found.constant}")
        return Opaque()
    return child_value(e, module, children[found.constant])


def _any_element(e: Emitter, module: ModuleRef) -> Sugared:
    """What is known of each module in a container whose contents are not."""
    element = module.shape.element
    return Opaque() if element is None else child_value(e, module, element)


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
        values = [child_value(e, module, value) for value in children.values()]
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
