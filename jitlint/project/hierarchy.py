"""Classes through any number of files: linearisation, what kind of class it is, who defines a member."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.targets import BoundValue, CheckingOnly, ExternalName, Target, Unresolved

if TYPE_CHECKING:
    from jitlint.project.project import Project

MODULE_BASES = frozenset(
    {
        "torch.nn.Module",
        "torch.nn.modules.Module",
        "torch.nn.modules.module.Module",
        "torch.jit.ScriptModule",
        "torch.jit.RecursiveScriptModule",
        "torch.jit._script.ScriptModule",
        "torch.fx.GraphModule",
        "lightning.LightningModule",
        "lightning.pytorch.LightningModule",
        "pytorch_lightning.LightningModule",
    }
)
SCRIPT_MODULE_BASES = frozenset(name for name in MODULE_BASES if name.endswith("ScriptModule"))
_FUNCTION_BASES = frozenset({"torch.autograd.Function", "torch.autograd.function.Function"})
_ENUM_BASES = frozenset(f"enum.{name}" for name in ("Enum", "IntEnum", "Flag", "IntFlag", "StrEnum", "ReprEnum"))
_TENSORS = frozenset({"torch.Tensor", "torch._tensor.Tensor", "torch.nn.Parameter", "torch.nn.parameter.Parameter"})
_NAMEDTUPLE = frozenset({"typing.NamedTuple", "collections.namedtuple", "typing_extensions.NamedTuple"})
_TRANSPARENT_BASES = frozenset({"builtins.object", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol"})


@dataclass(frozen=True, slots=True)
class Mro:
    """A class's linearisation, itself first; ``object`` is left out. `complete` is false where a base could not be
    found or the order is a guess; `reasons` says why."""

    classes: tuple[ClassDefinition | ExternalName, ...]
    complete: bool = True
    reasons: tuple[str, ...] = ()


def mro(project: Project, cls: ClassDefinition) -> Mro:
    """Python's C3 linearisation, as far as the bases can be found."""
    return project.cached(("mro", id(cls)), lambda: _mro(project, cls))


def bases(project: Project, cls: ClassDefinition) -> tuple[tuple[ast.expr, tuple[Target, ...]], ...]:
    """The base expressions of a class with what each can be. Subscripts (``Generic[T]``) are dropped; the bases
    behind ``six.with_metaclass`` come instead of the call; a call of ``namedtuple`` counts as that name."""
    return project.cached(("bases", id(cls)), lambda: tuple(_bases(project, cls)))


def is_module_class(project: Project, cls: ClassDefinition | ExternalName) -> bool | None:
    """Whether instances are nn.Modules; None where a base that could not be found decides it."""
    if isinstance(cls, ExternalName):
        return _external_is_module(project, cls.name)
    answer: bool | None = project.cached(("is-module", id(cls)), lambda: _is_module(project, cls))
    return answer


def is_script_module_class(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from ``torch.jit.ScriptModule``."""
    return _derives(project, cls, SCRIPT_MODULE_BASES)


def is_enum(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from one of `enum`'s classes."""
    return _derives(project, cls, _ENUM_BASES)


def is_namedtuple(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from ``typing.NamedTuple`` or from the result of a ``namedtuple`` call."""
    return _derives(project, cls, _NAMEDTUPLE)


def is_exception(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from a builtin exception."""
    return any(
        isinstance(item, ExternalName) and _is_builtin_exception(item.name) for item in mro(project, cls).classes
    )


def is_autograd_function(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from ``torch.autograd.Function``."""
    return _derives(project, cls, _FUNCTION_BASES)


def is_tensor_class(project: Project, cls: ClassDefinition) -> bool:
    """Whether it derives from ``torch.Tensor``."""
    return _derives(project, cls, _TENSORS)


def is_dataclass(project: Project, cls: ClassDefinition) -> bool:
    """Whether ``dataclasses.dataclass`` decorates it (a base's decorator does not count)."""
    return has_decorator(project, cls, frozenset({"dataclasses.dataclass"}))


def is_interface(project: Project, cls: ClassDefinition) -> bool:
    """Whether ``torch.jit.interface`` decorates it."""
    return has_decorator(project, cls, frozenset({"torch.jit.interface", "torch.jit._script.interface"}))


def has_decorator(project: Project, definition: ClassDefinition | FunctionDefinition, names: frozenset[str]) -> bool:
    """Whether a decorator, called or not, is one of these external names."""
    for decorator in definition.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        targets = project.resolve_expr(definition.scope, function, before=definition.node)
        if any(isinstance(target, ExternalName) and target.name in names for target in targets):
            return True
    return False


def is_obscured(project: Project, definition: ClassDefinition | FunctionDefinition) -> bool:
    """Whether a decorator cannot be looked up, so that nobody knows what it makes of the definition."""
    for decorator in definition.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        targets = project.resolve_expr(definition.scope, function, before=definition.node)
        for target in targets or (None,):
            if isinstance(target, ExternalName):
                top = target.name.partition(".")[0]
                if top not in ("torch", "builtins") and not project.is_standard_library(top):
                    return True
            elif not isinstance(target, FunctionDefinition | ClassDefinition):
                return True
    return False


def may_be_interface(project: Project, cls: ClassDefinition) -> bool:
    """Whether an unknown decorator may be ``torch.jit.interface``: no method of the class does anything."""
    if not is_obscured(project, cls):
        return False
    bodies = [node.body for node in cls.node.body if isinstance(node, ast.FunctionDef)]
    return bool(bodies) and all(all(map(_does_nothing, body)) for body in bodies)


def _does_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def find_member(
    project: Project, cls: ClassDefinition, name: str
) -> tuple[ClassDefinition, Binding] | ExternalName | Unresolved | None:
    """Who defines an attribute of a class: the class and its (last) binding; the external class's member by dotted
    name; None where no class of a complete linearisation has it; Unresolved where that cannot be said.

    Of a property with a setter it is the getter's binding.
    """
    linear = mro(project, cls)
    for item in linear.classes:
        if isinstance(item, ExternalName):
            has = project.externals.has_member(item.name, name)
            if has:
                return ExternalName(f"{item.name}.{name}")
            if has is None:
                return Unresolved(f"the members of {item.name} are not known")
            continue
        binding = own_member(item, name)
        if binding is not None:
            return item, binding
    if not linear.complete:
        return Unresolved(linear.reasons[0] if linear.reasons else f"a base of {cls.qualname} is not known")
    return None


def own_member(cls: ClassDefinition, name: str) -> Binding | None:
    """The binding that a class body leaves for a name, or None. A mere annotation binds nothing."""
    bindings = cls.body.bindings.get(name)
    if not bindings:
        return None
    for number in range(len(bindings) - 1, -1, -1):
        binding = bindings[number]
        if binding.kind == "annotation" or binding.guard == "type-checking":
            continue
        if binding.kind == "delete":
            return None
        if binding.kind == "function" and _is_accessor(binding.node, name) and number:
            continue
        return binding
    return None


def _is_accessor(node: ast.AST | None, name: str) -> bool:
    """``@name.setter`` and the like: it adds to the property defined before."""
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(decorator, ast.Attribute)
        and isinstance(decorator.value, ast.Name)
        and decorator.value.id == name
        and decorator.attr in ("setter", "getter", "deleter")
        for decorator in node.decorator_list
    )


def _bases(project: Project, cls: ClassDefinition) -> list[tuple[ast.expr, tuple[Target, ...]]]:
    expressions: list[ast.expr] = []
    for base in cls.node.bases:
        while isinstance(base, ast.Subscript):
            base = base.value
        if isinstance(base, ast.Call) and base.args:
            last = base.func.attr if isinstance(base.func, ast.Attribute) else getattr(base.func, "id", "")
            if last == "with_metaclass":
                expressions.extend(base.args[1:])
                continue
        expressions.append(base)
    return [(base, tuple(_class_targets(project, cls, base))) for base in expressions]


def _class_targets(project: Project, cls: ClassDefinition, base: ast.expr) -> list[Target]:
    if isinstance(base, ast.Starred):
        return [Unresolved(f"the bases of {cls.qualname} are computed")]
    function = base.func if isinstance(base, ast.Call) else None
    targets = project.resolve_expr(cls.scope, function or base, before=cls.node)
    if function is not None:
        made = [target for target in targets if isinstance(target, ExternalName) and target.name in _NAMEDTUPLE]
        return [*made] or [Unresolved(f"a base of {cls.qualname} is the result of a call")]
    found: list[Target] = []
    for target in targets:
        match target:
            case BoundValue(scope=scope, binding=Binding(node=ast.Call(func=maker))):
                made = [
                    item
                    for item in project.resolve_expr(scope, maker)
                    if isinstance(item, ExternalName) and item.name in _NAMEDTUPLE
                ]
                found.extend(made or [target])
            case CheckingOnly():
                found.append(Unresolved(f"a base of {cls.qualname} is imported for type checking only"))
            case ExternalName(name="typing.NamedTuple" | "typing_extensions.NamedTuple"):
                found.append(target)
            case _:
                found.append(target)
    return found or [Unresolved(f"the base {ast.unparse(base)} of {cls.qualname} is not defined")]


_MAX_BASES = 200  # how long a chain of bases may be


def _mro(project: Project, cls: ClassDefinition) -> Mro:
    if id(cls) in project.linearising or len(project.linearising) > _MAX_BASES:
        return Mro((cls,), False, (f"{cls.qualname} is among its own bases",))
    project.linearising.add(id(cls))
    try:
        return _linearise(project, cls)
    finally:
        project.linearising.discard(id(cls))


def _linearise(project: Project, cls: ClassDefinition) -> Mro:
    complete, reasons = True, list[str]()
    chains: list[list[ClassDefinition | ExternalName]] = []
    direct: list[ClassDefinition | ExternalName] = []
    for expression, targets in bases(project, cls):
        known = [target for target in targets if isinstance(target, ClassDefinition | ExternalName)]
        if len(targets) > 1 and len(set(map(id, known))) != 1:
            complete = False
            reasons.append(f"the base {_text(expression)} of {cls.qualname} depends on a condition")
        if not known:
            complete = False
            reasons.extend(target.reason for target in targets if isinstance(target, Unresolved))
            if not reasons:
                reasons.append(f"the base {_text(expression)} of {cls.qualname} is not a class that could be found")
            continue
        base = known[0]
        if isinstance(base, ExternalName):
            if base.name in _TRANSPARENT_BASES:
                continue
            if project.externals.is_class(base.name) is None:
                complete = False
                reasons.append(f"the source of {base.name}, a base of {cls.qualname}, was not found")
            chains.append([base])
        else:
            inner = mro(project, base)
            complete = complete and inner.complete
            reasons.extend(inner.reasons)
            chains.append(list(inner.classes))
        direct.append(base)
    merged = _merge(project, [*chains, direct])
    if merged is None:
        complete = False
        reasons.append(f"the bases of {cls.qualname} have no consistent order")
        merged = list(dict.fromkeys(item for chain in chains for item in chain))
    return Mro((cls, *merged), complete, tuple(dict.fromkeys(reasons)))


def _merge(
    project: Project, chains: list[list[ClassDefinition | ExternalName]]
) -> list[ClassDefinition | ExternalName] | None:
    """Python's own order (C3). Behind a class without source come its bases, though they are not in its chain."""
    merged: list[ClassDefinition | ExternalName] = []
    while chains := [chain for chain in chains if chain]:
        outside = {item.name for chain in chains for item in chain if isinstance(item, ExternalName)}
        for chain in chains:
            head = chain[0]
            if isinstance(head, ExternalName) and len(outside) > 1:
                if any(project.externals.derives(other, head.name) for other in outside):
                    continue
            if not any(head in other[1:] for other in chains):
                break
        else:
            return None
        merged.append(head)
        chains = [chain[1:] if chain[0] == head else chain for chain in chains]
    return merged


def _is_module(project: Project, cls: ClassDefinition) -> bool | None:
    if not cls.node.bases:
        return False
    linear = mro(project, cls)
    unknown = not linear.complete
    for item in linear.classes:
        if isinstance(item, ExternalName):
            answer = _external_is_module(project, item.name)
            if answer:
                return None if _conditional(project, cls) else True
            unknown = unknown or answer is None
    return None if unknown else False


def _conditional(project: Project, cls: ClassDefinition) -> bool:
    """Whether a base along the way is one of several that disagree on being modules."""
    for item in mro(project, cls).classes:
        if not isinstance(item, ClassDefinition):
            continue
        for _, targets in bases(project, item):
            if len(targets) > 1:
                answers = {
                    is_module_class(project, target) if isinstance(target, ClassDefinition | ExternalName) else None
                    for target in targets
                    if target is not item
                }
                if True in answers and len(answers) > 1:
                    return True
    return False


def _external_is_module(project: Project, name: str) -> bool | None:
    if name in MODULE_BASES:
        return True
    top = name.partition(".")[0]
    if top == "torch":
        return project.externals.is_module_class(name)
    if name.startswith(("builtins.", "typing.", "abc.", "enum.", "collections.")) or project.is_standard_library(top):
        return False
    return None


def _derives(project: Project, cls: ClassDefinition, names: frozenset[str]) -> bool:
    return any(isinstance(item, ExternalName) and item.name in names for item in mro(project, cls).classes)


def _is_builtin_exception(name: str) -> bool:
    module, _, last = name.rpartition(".")
    found = getattr(builtins, last, None) if module == "builtins" else None
    return isinstance(found, type) and issubclass(found, BaseException)


def _text(node: ast.expr) -> str:
    return ast.unparse(node)
