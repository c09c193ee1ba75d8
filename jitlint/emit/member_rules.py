"""Members of a module that need a second look: functions held as attributes, ``torch.jit.Attribute``, properties,
methods that are not plain functions (``infer_concrete_type_builder``, ``ModuleValue::attr``)."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from jitlint.emit.class_kinds import is_cached
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.module_facts import class_name, definition_of
from jitlint.emit.module_scan import attribute_type
from jitlint.emit.python_values import to_sugared
from jitlint.emit.summary import Located, Summary, outcome, pulled_in
from jitlint.emit.values import UNKNOWN_VAL, ModuleRef, Opaque, Sugared, Val
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import find_member
from jitlint.shapes import values as py
from jitlint.shapes.inference import Failure
from jitlint.source.problem import Problem, Span, span_of
from jitlint.types.model import InterfaceType


@dataclass(frozen=True, slots=True)
class FunctionFailure(Failure):
    """A function held as an attribute that does not compile: an error only where it is used."""

    @property
    def hint(self) -> str:
        return (
            "(This function exists as an attribute on the Python module, but we failed to compile it to a TorchScript "
            f"function. \nThe error stack is reproduced here:\n{self.reason})"
        )


def function_attribute(c: Compiler, value: py.Function | py.Lambda) -> Sugared | Failure:
    """A Python function that an instance holds: it is scripted on its own."""
    if isinstance(value, py.Lambda):
        return FunctionFailure("Expected a single top-level function", "function")
    found = to_sugared(c, value) or Opaque()
    if c.marked_only or value.marks & {"ignore", "unused", "drop", "opaque", "overload", "_overload"}:
        return found
    summary = c.compile_function(value.definition, value if value.closure is not None else None)
    if summary.done and outcome(summary) is False:
        return FunctionFailure(_first_problem(summary), "function")
    return found


def _first_problem(summary: Summary) -> str:
    first = next((located for current in pulled_in(summary) for located in current.problems), None)
    return first.problem.torch_message if first is not None else ""


def written_attribute(c: Compiler, shape: py.ModuleShape, value: py.Instance) -> Sugared:
    """``torch.jit.Attribute(value, T)``: of type T."""
    kind = attribute_type(c, definition_of(shape), dict(value.attributes or ()).get("type"))
    return Val(kind) if kind is not None else Opaque()


def hidden_property(c: Compiler, module: ModuleRef, function: FunctionDefinition) -> bool:
    """Whether a property is left out of the compiled module, which then has no such attribute."""
    definition = definition_of(module.shape)
    if definition is not None and function.name in c.unused_properties(definition):
        return True
    return bool(c.marks(function) & {"unused", "drop"})


def read_only(c: Compiler, module: ModuleRef, name: str) -> bool | None:
    """Whether the name is a property that cannot be set; None where it is no property."""
    definition = definition_of(module.shape)
    found = find_member(c.project, definition, name) if definition is not None else None
    if not isinstance(found, tuple):
        return None
    owner, binding = found
    function = owner.module.functions_by_node.get(id(binding.node)) if binding.kind == "function" else None
    if function is None or "property" not in c.marks(function) or "opaque" in c.marks(function):
        return None
    return setter_of(owner, function) is None and len(owner.body.bindings[name]) == 1


def setter_of(owner: ClassDefinition, function: FunctionDefinition) -> FunctionDefinition | None:
    """The function that ``@name.setter`` decorates, beside its getter."""
    for binding in owner.body.bindings.get(function.name, ()):
        other = owner.module.functions_by_node.get(id(binding.node))
        if other is None or other is function:
            continue
        if any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in other.decorators):
            return other
    return None


def odd_method(e: Emitter, node: ast.AST, function: FunctionDefinition) -> bool:
    """Reports a method that cannot be called through `self`: one without parameters, one in a cache."""
    c = e.compiler
    args = function.node.args
    if is_cached(c, function):
        text = "'functools._lru_cache_wrapper' object has no attribute '__globals__'"
        e.report("JIT313", node, text, f"'{function.name}' is cached by functools, which TorchScript cannot look into")
        return True
    if c.marks(function) & {"staticmethod", "opaque"} or args.args or args.posonlyargs or args.vararg:
        return False
    text = "methods must have a self argument"
    line = function.node.lineno
    span = Span(line, function.node.col_offset + 1, line, function.node.col_offset + 4)
    summary = Summary(function.qualname, function.module.path, line, done=True)
    problem = Problem(
        "JIT610", function.module.path, span, text, f"'{function.name}' has no parameter for the receiver"
    )
    summary.problems.append(Located(problem))
    e.link(node, summary)
    return True


def odd_member(e: Emitter, node: ast.AST, owner: ClassDefinition, binding: Binding) -> Sugared | None:
    """A lambda or builtin in the class body, which becomes a method in Python but not here; None for anything else."""
    if binding.kind != "assign" or binding.guard:
        return None
    value = binding.node
    if isinstance(value, ast.Lambda):
        text = "Expected a single top-level function"
        summary = Summary(owner.qualname, owner.module.path, value.lineno, done=True)
        problem = Problem(
            "JIT313", owner.module.path, span_of(value, owner.module.lines), text, "a lambda is no method"
        )
        summary.problems.append(Located(problem))
        e.link(node, summary)
        return UNKNOWN_VAL
    return None


def misfits_in(e: Emitter, node: ast.AST, module: ModuleRef, interface: InterfaceType) -> bool:
    """Reports the first element of a container that does not implement the interface it is indexed as."""
    from jitlint.emit.interfaces import misfit

    for key, value in (module.shape.children or {}).items():
        if not isinstance(value, py.ModuleInstance):
            continue
        found = misfit(e.compiler, value.shape, interface)
        if found is not None:
            text = f"Attribute {key} is not of annotated type {interface}: "
            short = interface.name.rpartition(".")[2]
            e.report("JIT608", node, text, f"'{class_name(value.shape)}' ({key}) does not implement {short}")
            return True
    return False
