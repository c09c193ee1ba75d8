"""Script classes: their fields and methods, and compiling them whole (``_recursive_compile_class``, ``get_jit_class_def``,
``ir_emitter.cpp``'s class definitions)."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from jitlint.emit.class_kinds import PLAIN_BASES, class_kind, function_of
from jitlint.emit.compiler import Compiler
from jitlint.emit.functions import emit_definition
from jitlint.emit.generated import fields_of, generated_methods, is_scripted
from jitlint.emit.summary import Link, Located, Summary, outcome
from jitlint.emit.value_classes import qualified
from jitlint.emit.values import ClassRef, Val
from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.source.problem import Problem, span_of
from jitlint.types.model import BOOL, NONE, Argument, ClassType, Schema, Type

# Methods that Python makes static or class methods by their name.
IMPLICIT = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


@dataclass(slots=True, eq=False)
class ClassFacts:
    """A script class: its fields, in the order ``__init__`` sets them, and the methods its body defines. `setters` are
    the properties' second functions. `made` holds the schemas (without self) of methods made for a dataclass."""

    definition: ClassDefinition
    type: ClassType
    summary: Summary
    fields: dict[str, Type] = field(default_factory=dict)
    methods: dict[str, FunctionDefinition] = field(default_factory=dict)
    setters: dict[str, FunctionDefinition] = field(default_factory=dict)
    made: dict[str, Schema] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    complete: bool = True
    compiled: bool = False


def class_facts_of(c: Compiler, definition: ClassDefinition) -> ClassFacts:
    found = c.classes.get(id(definition))
    if found is None:
        kind = ClassType(qualified(c, definition), definition)
        summary = Summary(definition.qualname, definition.module.path, definition.node.lineno)
        found = c.classes[id(definition)] = ClassFacts(definition, kind, summary)
        for name, bindings in definition.body.bindings.items():
            function = function_of(definition, hierarchy.own_member(definition, name))
            if function is None:
                continue
            found.methods[name] = function
            for binding in bindings:
                other = function_of(definition, binding)
                if other is not None and other is not function and _is_setter(other):
                    found.setters[name] = other
        if generated_methods(c, definition) and is_scripted(c, definition):
            _synthesise(c, found)
    return found


def _is_setter(function: FunctionDefinition) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr == "setter" for one in function.decorators)


def _synthesise(c: Compiler, found: ClassFacts) -> None:
    """The methods that torch writes for a dataclass that is scripted itself."""
    definition = found.definition
    fields = fields_of(c, definition)
    names = generated_methods(c, definition)
    if fields is None or any(one.name in found.methods for one in fields):
        found.complete = False
        return
    arguments: list[Argument] = []
    for one in fields:
        kind = c.annotation_in(one.annotation, definition.scope)
        if "__init__" in names:
            found.fields[one.name] = kind
        arguments.append(Argument(one.name, kind, None if one.default is None else ast.unparse(one.default)))
    for name in names:
        if name == "__init__":
            found.made[name] = Schema(name, tuple(arguments), (NONE,))
            if any(one.factory for one in fields):
                text = "Default factory initializers are not supported in TorchScript dataclasses"
                at_class(found, "JIT609", text, f"a field of '{definition.name}' has a default factory")
        elif name == "__eq__" or name in ("__lt__", "__le__", "__gt__", "__ge__"):
            found.made[name] = Schema(name, (Argument("other", found.type),), (BOOL,))


def facts(c: Compiler, kind: ClassType) -> ClassFacts | None:
    if isinstance(kind.definition, ClassDefinition) and class_kind(c, kind.definition) == "script":
        found = class_facts_of(c, kind.definition)
        initialise(c, found)
        return found
    return None


def initialise(c: Compiler, found: ClassFacts) -> None:
    """Types ``__init__``, which gives the class its fields."""
    init = found.methods.get("__init__")
    if init is None or "__init__" in found.summaries or "opaque" in c.marks(init):
        return
    summary = found.summaries["__init__"] = Summary(init.qualname, init.module.path, init.node.lineno)
    emit_definition(c, summary, init, Val(found.type))


def compile_class(c: Compiler, found: ClassFacts, direct: bool = False) -> Summary:
    """All methods of the class, in the order of their names; the class's own problems. `direct`: it is itself what is
    scripted."""
    if found.compiled:
        return found.summary
    found.compiled = True
    _compile(c, found, direct or is_scripted(c, found.definition))
    found.summary.done = True
    return found.summary


def _compile(c: Compiler, found: ClassFacts, direct: bool) -> None:
    definition = found.definition
    if direct:
        bases = hierarchy.mro(c.project, definition).classes[1:]
        if any(isinstance(one, ClassDefinition) or one.name in PLAIN_BASES - {"builtins.object"} for one in bases):
            text = "TorchScript classes does not support inheritance yet. Please directly inherit from 'object'."
            at_class(found, "JIT605", text, f"'{definition.name}' has a base class; a class that is scripted may not")
            return
    elif _without_source(c, found):
        return
    if found.summary.problems:
        return
    for name in sorted(found.methods):
        function = found.methods[name]
        marks = c.marks(function)
        if name in IMPLICIT or marks & {"staticmethod", "drop"}:
            continue
        if marks & {"opaque", "ignore"}:
            if "ignore" not in marks:
                found.summary.unknown.append(
                    (definition.module.path, function.node.lineno, f"'{name}' is not what its text shows")
                )
            continue
        args = function.node.args
        if not args.args and not args.posonlyargs and "unused" not in marks:
            span = span_of(function.node, function.module.lines)
            text = "methods must have a self argument"
            found.summary.problems.append(Located(Problem("JIT610", function.module.path, span, text, text)))
            continue
        _link(found, method_summary(c, found, name))
        if name in found.setters and not marks & {"unused"}:
            _link(found, _setter_summary(c, found, name))


def _link(found: ClassFacts, summary: Summary | None) -> None:
    if summary is not None:
        found.summary.links.append(Link(found.definition.module.path, found.definition.node.lineno, summary))


def _without_source(c: Compiler, found: ClassFacts) -> bool:
    """What is asked of all routines of a class before it is compiled on the way (``get_type_hint_captures``): a text
    that is a function."""
    definition = found.definition
    for name in definition.body.bindings:
        binding = hierarchy.own_member(definition, name)
        node = binding.node if binding is not None else None
        if isinstance(node, ast.Lambda):
            text = f"Expected <function {definition.qualname}.<lambda>> to be a function"
            at_class(found, "JIT601", text, f"'{name}' of '{definition.name}' is a lambda: the class does not compile")
            return True
        if isinstance(node, ast.AsyncFunctionDef):
            text = f"Expected <function {definition.qualname}.{name}> to be a function"
            at_class(found, "JIT601", text, f"'{name}' of '{definition.name}' is async; the class cannot be compiled")
            return True
    generated = generated_methods(c, definition)
    if generated:
        text = f"Failed to get source for <function {definition.qualname}.{generated[0]}> using inspect.getsource"
        ours = (
            f"'{definition.name}' is a dataclass: its generated {generated[0]} has no source, so the class cannot be "
            "compiled on the way"
        )
        at_class(found, "JIT601", text, ours)
        return True
    return False


def at_class(found: ClassFacts, code: str, torch_message: str, message: str) -> None:
    """A problem of the class as a whole."""
    place = ast.Pass()
    node = found.definition.node
    place.lineno, place.col_offset = node.lineno, node.col_offset
    place.end_lineno, place.end_col_offset = node.lineno, node.col_offset + len("class ") + len(node.name)
    span = span_of(place, found.definition.module.lines)
    problem = Problem(code, found.definition.module.path, span, torch_message, message)
    found.summary.problems.append(Located(problem))


def method_summary(c: Compiler, found: ClassFacts, name: str) -> Summary | None:
    """A method, typed on first use; None where the class has none of that name in its text."""
    initialise(c, found)
    summary = found.summaries.get(name)
    function = found.methods.get(name)
    if summary is not None or function is None or "opaque" in c.marks(function):
        return summary
    summary = found.summaries[name] = Summary(function.qualname, function.module.path, function.node.lineno)
    marks = c.marks(function)
    dropped = "unused" if marks & {"unused", "drop"} else None
    # A class method is a method whose first line is ``cls = TheClass``.
    receiver = ClassRef(found.type) if "classmethod" in marks else Val(found.type)
    emit_definition(c, summary, function, receiver, dropped)
    return summary


def _setter_summary(c: Compiler, found: ClassFacts, name: str) -> Summary:
    key = f"{name}.setter"
    summary = found.summaries.get(key)
    if summary is None:
        function = found.setters[name]
        summary = found.summaries[key] = Summary(function.qualname, function.module.path, function.node.lineno)
        emit_definition(c, summary, function, Val(found.type))
    return summary


def compiles(c: Compiler, found: ClassFacts) -> bool | None:
    """Whether the class compiles; None where that is not known."""
    if found.compiled and not found.summary.done:
        return True  # it holds itself; that is another matter
    return outcome(compile_class(c, found))
