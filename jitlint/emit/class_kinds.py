"""What kind of class a class is to the compiler: module, exception, enum, NamedTuple, interface, script class, or none."""

from __future__ import annotations

import ast
import builtins
import types

from jitlint.emit.compiler import Compiler
from jitlint.emit.generated import generated_methods, is_scripted, plainly_decorated
from jitlint.project import hierarchy
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.targets import ExternalName
from jitlint.torch_api.entries import Operator

# Bases without source that add no method to the class itself.
PLAIN_BASES = frozenset(
    {f"builtins.{name}" for name in ("object", "dict", "str", "int", "float", "set")}
    | {"typing.Generic", "typing.Protocol", "typing.TypedDict", "typing_extensions.TypedDict", "abc.ABC"}
    | {"typing_extensions.Protocol"}
)
_SEQUENCES = frozenset({"builtins.list", "builtins.tuple"})  # whose subclasses torch does not compile
_METACLASSES = frozenset({"abc.ABCMeta"})
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})


def class_kind(c: Compiler, definition: ClassDefinition) -> str:
    """exception, enum, namedtuple, module, interface, function (autograd), tensor (as a type, torch.Tensor), script,
    python and sequence (not to be compiled; an instance of the latter is what it holds), or unknown."""
    known = c.class_kinds.get(id(definition))
    if known is None:
        c._keep.append(definition)
        known = c.class_kinds[id(definition)] = _class_kind(c, definition)
    return known


def _class_kind(c: Compiler, definition: ClassDefinition) -> str:
    project = c.project
    if hierarchy.is_interface(project, definition):
        return "interface"
    if hierarchy.may_be_interface(project, definition):
        return "unknown"
    if hierarchy.is_module_class(project, definition) is not False:
        return "module" if hierarchy.is_module_class(project, definition) else "unknown"
    if hierarchy.is_exception(project, definition):
        return "exception"
    if hierarchy.is_enum(project, definition):
        return "enum"
    if hierarchy.is_namedtuple(project, definition):
        return "namedtuple"
    if hierarchy.is_autograd_function(project, definition):
        return "function"
    if hierarchy.is_obscured(project, definition):
        return "unknown"
    if hierarchy.is_tensor_class(project, definition):
        return "tensor"
    linear = hierarchy.mro(project, definition)
    if generated_methods(c, definition):
        # Its generated methods refuse it, whatever its bases are (tuples, lists and exceptions are no dataclasses).
        return "script" if plainly_decorated(c, definition) or is_scripted(c, definition) else "unknown"
    if not linear.complete:
        return "unknown"
    externals = [item.name for item in linear.classes if isinstance(item, ExternalName)]
    if not _SEQUENCES.isdisjoint(externals):
        return "sequence"
    if any(name not in PLAIN_BASES for name in externals):
        return "unknown"
    for keyword in definition.node.keywords:
        if keyword.arg != "metaclass" or project.external_name(definition.scope, keyword.value) not in _METACLASSES:
            return "unknown"
    if definition.node.decorator_list and not is_scripted(c, definition):
        return "unknown"
    for base in linear.classes[1:]:
        if isinstance(base, ClassDefinition) and hierarchy.own_member(base, "__init_subclass__") is not None:
            return "unknown"
    for name in definition.body.bindings:
        binding = hierarchy.own_member(definition, name)
        found = function_of(definition, binding)
        if (found is not None and is_cached(c, found)) or _is_native(c, definition, binding):
            return "python"
    return "script"


def _is_native(c: Compiler, definition: ClassDefinition, binding: Binding | None) -> bool:
    """Whether a class attribute is a function without code of Python's own: such a class torch does not compile
    (``_can_compile_class``)."""
    if binding is None or binding.kind != "assign" or binding.guard or binding.path or binding.node is None:
        return False
    if not isinstance(binding.node, ast.Name | ast.Attribute):
        return False
    name = c.project.external_name(definition.scope, binding.node) or ""
    if name.startswith("builtins."):
        return isinstance(getattr(builtins, name.removeprefix("builtins."), None), types.BuiltinFunctionType)
    return name.startswith("torch.") and isinstance(c.api.entry(name), Operator)


def is_cached(c: Compiler, function: FunctionDefinition) -> bool:
    """Whether ``lru_cache`` made a C object of it."""
    for decorator in function.decorators:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if c.project.external_name(function.scope, target) in _CACHES:
            return True
    return False


def function_of(definition: ClassDefinition, binding: Binding | None) -> FunctionDefinition | None:
    """The function that a binding of the class's body binds; None for anything else."""
    if binding is None or binding.kind != "function" or binding.node is None:
        return None
    return definition.module.functions_by_node.get(id(binding.node))
