"""What all functions of a session share: caches of what was compiled, and the way to names and annotations.

One `Compiler` serves many units; a function is typed once, a method once per shape of its receiver.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from jitlint.emit import class_texts
from jitlint.emit.resolver import PythonResolver
from jitlint.emit.summary import Summary
from jitlint.emit.values import ModuleRef, Sugared, Val
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.hierarchy import mro
from jitlint.project.index import closure_scope
from jitlint.project.project import Project
from jitlint.project.targets import ExternalName
from jitlint.project.wrapping import body_scope
from jitlint.shapes import values as py
from jitlint.shapes.annotations import (
    annotation_type,
    attribute_annotation_type,
    is_final_annotation,
    parameter_type,
    result_type,
)
from jitlint.syntax import tree
from jitlint.torch_api import entries
from jitlint.torch_api.api import TorchAPI
from jitlint.types.model import UNKNOWN, ClassType, InterfaceType, Type
from jitlint.types.relations import contains_unknown

if TYPE_CHECKING:
    from jitlint.emit.emitter import Emitter
    from jitlint.emit.script_classes import ClassFacts
    from jitlint.shapes.evaluator import Evaluator
    from jitlint.shapes.inference import Failure

# What every class has of `type`, whatever its body defines: ``getattr(cls, name)`` never gives a property of this name.
_OF_TYPE = frozenset({"__name__", "__base__", "__bases__", "__mro__", "__basicsize__", "__itemsize__", "__flags__"})
_MAX_CALLS = 100  # how deep a chain of calls is followed; the compiler's own recursion ends not far beyond


class Compiler:
    """evaluator, api and project of the session, and everything compiled so far. `recording` keeps the type of every
    expression, for `reveal`, hover and fixes; where it is `sparing`, only in functions that have problems. `marked_only`: the
    target compiles only what is marked (`emit.marked`)."""

    def __init__(
        self,
        project: Project,
        api: TorchAPI,
        evaluator: Evaluator,
        recording: bool = False,
        marked_only: bool = False,
    ) -> None:
        self.project = project
        self.api = api
        self.evaluator = evaluator
        self.recording = recording
        self.marked_only = marked_only
        self.sparing = False
        self.recorded: list[tuple[FunctionDefinition, dict[ast.AST, Sugared], tree.Def]] = []
        self.functions: dict[int, Summary] = {}
        self.closures: dict[tuple[int, int], Summary] = {}  # by definition and the frame around it
        self.methods: dict[tuple[int, int], Summary] = {}
        self.modules: dict[int, Summary] = {}
        self.classes: dict[int, ClassFacts] = {}
        self.class_kinds: dict[int, str] = {}
        self.namedtuples: dict[int, Type] = {}
        self.interfaces: dict[int, InterfaceType] = {}
        self.active: list[object] = []
        self._globals: dict[tuple[int, str], Sugared | None] = {}
        self._annotations: dict[int, dict[str, tuple[ast.expr, ClassDefinition]]] = {}
        self._attribute_types: dict[tuple[int, str], Type | None] = {}
        self._constants: dict[int, frozenset[str]] = {}
        self._assigned: dict[int, frozenset[str]] = {}
        self._rebound: dict[int, frozenset[str]] = {}
        self._torch_shapes: dict[str, py.ModuleShape] = {}
        self._scripts: dict[str, bool] = {}
        self._values: dict[tuple[int, str], tuple[py.Value, Sugared | Failure]] = {}
        self._keep: list[object] = []  # what caches know by id() must stay alive

    # --- names -------------------------------------------------------------------------------------------------

    def global_value(self, e: Emitter, name: str) -> Sugared | None:
        """A name of the Python scope around the function; None where the compiler finds no value for it."""
        from jitlint.emit.python_values import to_sugared

        wrapper = self._wrapper_scope(e)
        if e.value is not None and wrapper is None:
            found = self.evaluator.closed_over(e.value, name)
            return None if found is None else to_sugared(self, found)
        # A method does not see the names of its class.
        scope = wrapper or (closure_scope(e.definition) if e.definition is not None else e.scope)
        key = (id(scope), name)
        if key not in self._globals:
            self._keep.append(scope)
            found = self.evaluator.lookup(scope, name)
            self._globals[key] = None if found is None else to_sugared(self, found)
        return self._globals[key]

    def _wrapper_scope(self, e: Emitter) -> Scope | None:
        """The names around the wrapper of the function, where a decorator put one there that keeps ``__wrapped__``."""
        if e.definition is None or self.api.version.startswith("1."):  # there the wrappers live elsewhere
            return None
        return body_scope(self.project, e.definition)

    def is_script_file(self, index: ModuleIndex) -> bool:
        """Whether the file is run as a script (``__main__``): then its classes have no module in their name."""
        known = self._scripts.get(index.path)
        if known is None:
            known = any(line.startswith("if __name__ ==") and "__main__" in line for line in index.lines)
            known = known and any("script(" in line for line in index.lines)
            self._scripts[index.path] = known
        return known

    def marks(self, definition: FunctionDefinition) -> frozenset[str]:
        return self.evaluator.marks(definition)

    def replaced(self, shape: py.ModuleShape, name: str) -> py.Function | None:
        """The function that a decorator without ``__wrapped__`` put in the place of a method: what is compiled."""
        if not isinstance(shape.cls, py.Class):
            return None
        found = self.evaluator.member(shape.cls.definition, name)
        return found if isinstance(found, py.Function) and not found.marks else None

    # --- annotations -----------------------------------------------------------------------------------------------

    def _context(self, e: Emitter, at: ast.AST | None = None) -> PythonResolver:
        return PythonResolver(self, self._wrapper_scope(e) or e.scope, e, at)

    def annotation(self, e: Emitter, node: ast.expr) -> Type:
        """The type of a signature's or local annotation; its problems are the function's."""
        return _noted(e, node, lambda: annotation_type(node, self._context(e), e.report))

    def annotation_in(self, node: ast.expr, scope: Scope) -> Type:
        """The same, silently; Unknown where it is no type."""
        return annotation_type(node, PythonResolver(self, scope), _silent)

    def annotation_of(self, e: Emitter, node: tree.Expr) -> Type:
        """A type given as an argument (``torch.jit.annotate(T, x)``)."""
        return self.annotation(e, node.at) if isinstance(node.at, ast.expr) else UNKNOWN

    def isinstance_type(self, e: Emitter, node: tree.Expr, at: ast.AST) -> Type | None:
        """A type that a value is tested for, None for a class of modules; `at` is where a class is compiled that way."""
        from jitlint.emit.class_kinds import class_kind

        if isinstance(node, tree.Var) and isinstance(e.frame.find(node.name), Val):
            e.report("JIT315", node.at, f"Unknown type name '{node.name}'")
            return None
        if not isinstance(node.at, ast.expr):
            return None
        if isinstance(node, (tree.Var, tree.Select)):
            value = self._context(e).lookup(ast.unparse(node.at))
            if self._is_module_class(value):
                if isinstance(value, py.Class) and class_kind(self, value.definition) == "unknown":
                    e.unknown(node.at, f"the type `{ast.unparse(node.at)}` could not be resolved")
                return None
            if isinstance(value, py.External):
                match self.api.entry(value.name):
                    case entries.ClassEntry(kind="script", annotation=ClassType() as kind):
                        return kind  # its members are not known, but nothing else is an instance of it
        annotation = node.at
        return _noted(e, annotation, lambda: annotation_type(annotation, self._context(e, at), e.report))

    def _is_module_class(self, value: py.Value | None) -> bool:
        """A class of modules: it is a type for isinstance if some instance of it was compiled."""
        from jitlint.emit.class_kinds import class_kind

        match value:
            case py.Class(definition=definition):
                return class_kind(self, definition) in ("module", "unknown")
            case py.External(name=name):
                return self.api.module_class(name) is not None or name == "torch.nn.Module"
        return False

    def parameter_annotation(self, e: Emitter, node: ast.expr) -> tuple[Type, int | None]:
        """A parameter's type, and N of ``BroadcastingListN[int]``, which takes a single number too."""
        size: int | None = None

        def find() -> Type:
            nonlocal size
            kind, size = parameter_type(node, self._context(e), e.report)
            return kind

        return _noted(e, node, find), size

    def result_annotation(self, e: Emitter, node: ast.expr) -> Type:
        return _noted(e, node, lambda: result_type(node, self._context(e), e.report))

    def attribute_annotation(self, shape: py.ModuleShape, name: str) -> Type | None:
        """The type that a class-level annotation gives to an instance attribute; None where there is none."""
        if not name or not isinstance(shape.cls, py.Class):
            return None
        definition = shape.cls.definition
        key = (id(definition), name)
        if key not in self._attribute_types:
            found = self.class_annotations(definition).get(name)
            self._attribute_types[key] = None
            if found is not None:
                node, owner = found
                future = owner.module.future_annotations
                kind = attribute_annotation_type(node, PythonResolver(self, owner.scope), _silent, future)
                self._attribute_types[key] = kind
        return self._attribute_types[key]

    # --- what classes say of their instances --------------------------------------------------------------------------

    def class_annotations(self, definition: ClassDefinition) -> dict[str, tuple[ast.expr, ClassDefinition]]:
        """Annotations of the nearest class in the MRO that has any of its own (they are not merged)."""
        known = self._annotations.get(id(definition))
        if known is None:
            self._keep.append(definition)
            known = self._annotations[id(definition)] = class_texts.annotations_of(self.project, definition)
        return known

    def constants(self, shape: py.ModuleShape) -> frozenset[str]:
        """Names that are compile-time constants of the module: ``__constants__`` and ``Final``."""
        if not isinstance(shape.cls, py.Class):
            return frozenset()
        definition = shape.cls.definition
        known = self._constants.get(id(definition))
        if known is None:
            known = self._constants[id(definition)] = self._find_constants(definition)
        return known

    def _find_constants(self, definition: ClassDefinition) -> frozenset[str]:
        names = set(self._strings(definition, "__constants__"))
        bases = mro(self.project, definition).classes
        if not any(isinstance(one, ClassDefinition) and "__constants__" in one.body.bindings for one in bases):
            # The nearest list counts: that of a class of torch's is in the data, attribute by attribute.
            known = (self.api.module_class(one.name) for one in bases if isinstance(one, ExternalName))
            facts = next((one for one in known if one is not None), None)
            if facts is not None:
                names.update(name for name, one in facts.attributes.items() if one.kind == "constant")
        for name, (annotation, owner) in self.class_annotations(definition).items():
            if self.is_final(annotation, owner):
                names.add(name)
        return frozenset(names)

    def is_final(self, annotation: ast.expr, owner: ClassDefinition) -> bool:
        """Whether a class-level annotation is a ``Final``."""
        return is_final_annotation(annotation, PythonResolver(self, owner.scope), owner.module.future_annotations)

    def assigned_names(self, definition: ClassDefinition) -> frozenset[str]:
        """Names that the constructor of the class or of a base, or a method it calls, may set on `self`."""
        known = self._assigned.get(id(definition))
        if known is None:
            self._keep.append(definition)
            known = self._assigned[id(definition)] = class_texts.assigned_names(self.project, definition)
        return known

    def may_be_assigned(self, definition: ClassDefinition, name: str, configured: bool) -> bool:
        """Whether another instance has ``self.name``: one that is `configured` otherwise, if that can be, or one of a class
        of the same file that derives from this one."""
        if configured and name in self.assigned_names(definition):
            return True
        return any(
            name in self.assigned_names(other)
            for other in definition.module.classes
            if other is not definition and definition in mro(self.project, other).classes
        )

    def rebound_names(self, definition: ClassDefinition) -> frozenset[str]:
        """Class attributes that some method replaces at run time (``self.__class__.propagate = ...``)."""
        known = self._rebound.get(id(definition))
        if known is None:
            self._keep.append(definition)
            names: set[str] = set()
            for item in mro(self.project, definition).classes:
                if isinstance(item, ClassDefinition):
                    names |= self._rebound_in(item)
            known = self._rebound[id(definition)] = frozenset(names)
        return known

    def _rebound_in(self, item: ClassDefinition) -> frozenset[str]:
        """The same, of one class's own text."""
        key = id(item.node)
        known = self._rebound.get(key)
        if known is None:
            known = self._rebound[key] = class_texts.rebound_names(item)
        return known

    def ignored_attributes(self, definition: ClassDefinition) -> frozenset[str]:
        return self._strings(definition, "__jit_ignored_attributes__")

    def unused_properties(self, definition: ClassDefinition) -> frozenset[str]:
        """The properties that the scan of the class leaves out."""
        return self._strings(definition, "__jit_unused_properties__") | _OF_TYPE

    def _strings(self, definition: ClassDefinition, name: str) -> frozenset[str]:
        """A class attribute that is a list of names, inherited."""
        for item in mro(self.project, definition).classes:
            if isinstance(item, ClassDefinition) and name in item.body.bindings:
                binding = item.body.bindings[name][-1]
                if isinstance(binding.node, ast.expr):
                    value = self.evaluator.evaluate(binding.node, item.body, {})
                    if isinstance(value, py.Sequence) and value.items is not None:
                        return frozenset(
                            one.value
                            for one in value.items
                            if isinstance(one, py.Constant) and isinstance(one.value, str)
                        )
                return frozenset()
        return frozenset()

    # --- values of modules ----------------------------------------------------------------------------------------------

    def attribute_value(self, shape: py.ModuleShape, name: str, value: py.Value) -> Sugared | Failure:
        from jitlint.emit.module_attributes import attribute_value

        key = (id(shape), name)
        known = self._values.get(key)
        if known is None or known[0] is not value:
            self._keep.append(shape)
            known = self._values[key] = (value, attribute_value(self, shape, name, value))
        return known[1]

    def value_class_type(self, definition: ClassDefinition) -> Type | None:
        """The type that is inferred for an instance of a class, for `infer_value_type`."""
        from jitlint.emit.classes import instance_type

        return instance_type(self, definition)

    def class_constant(self, owner: ClassDefinition, binding: Binding) -> py.Value | None:
        if isinstance(binding.node, ast.expr):
            return self.evaluator.evaluate(binding.node, owner.body, {})
        return None

    def torch_shape(self, name: str) -> py.ModuleShape:
        """An instance of a torch class of which only the class is known."""
        shape = self._torch_shapes.get(name)
        if shape is None:
            shape = self._torch_shapes[name] = py.ModuleShape(py.External(name))
        return shape

    # --- compiling ------------------------------------------------------------------------------------------------------

    def function(
        self, e: Emitter, at: ast.AST, definition: FunctionDefinition, value: py.Function | None = None
    ) -> Summary:
        """A called function, compiled on first use, linked to its caller."""
        from jitlint.emit.functions import declare

        summary = (
            self.functions.get(id(definition))
            if value is None
            else self.closures.get((id(definition), id(value.closure)))
        )
        if summary is None:
            summary = self.compile_function(definition, value)
        elif not summary.done and definition in self.active:
            self._recursive(e, at, definition, "function")
            if summary.schema is None:
                declare(self, summary, definition, None)
        e.link(at, summary)
        return summary

    def compile_function(
        self,
        definition: FunctionDefinition,
        value: py.Function | None = None,
        overload: FunctionDefinition | None = None,
    ) -> Summary:
        """A function, compiled; `value` where it is a closure, whose names then have the values captured; `overload` where
        a declaration says its types."""
        from jitlint.emit.functions import emit_definition

        key = (id(definition), id(value.closure) if value is not None else 0)
        known = id(overload or definition)
        summary = self.functions.get(known) if value is None else self.closures.get(key)
        if summary is not None:
            return summary
        summary = Summary(definition.qualname, definition.module.path, definition.node.lineno)
        if self._too_deep(summary):
            return summary
        if value is None:
            self.functions[known] = summary
        else:
            self.closures[key] = summary
            self._keep.append(value)
        self._keep.append(definition)
        self.active.append(definition)
        try:
            emit_definition(self, summary, definition, value=value, overload=overload)
        finally:
            self.active.pop()
        return summary

    def _too_deep(self, summary: Summary) -> bool:
        """Whether what `summary` stands for is so far down a chain of calls that it is left alone, as not known."""
        if len(self.active) < _MAX_CALLS:
            return False
        summary.unknown.append((summary.path, summary.line, f"the chain of calls to {summary.qualname} is too long"))
        summary.done = True
        return True

    def _recursive(self, e: Emitter, at: ast.AST, definition: FunctionDefinition, what: str) -> None:
        if (self.active and self.active[-1] is definition) or what == "method":
            text = f"{what} '{definition.name}' is called recursively. Recursive calls are not supported"
        else:
            text = "maximum recursion depth exceeded while calling a Python object"
        e.report("JIT311", at, text, f"'{definition.name}' calls itself; TorchScript does not support recursion")

    def method(
        self,
        e: Emitter,
        at: ast.AST,
        module: ModuleRef,
        definition: FunctionDefinition,
        value: py.Function | None = None,
    ) -> Summary:
        from jitlint.emit.functions import declare

        key = (id(module.shape), id(definition))
        summary = self.methods.get(key)
        if summary is not None and not summary.done:
            self._recursive(e, at, definition, "method")
            if summary.schema is None:
                declare(self, summary, definition, module)
        else:
            summary = self.compile_method(module, definition, value)
        e.link(at, summary)
        return summary

    def compile_method(
        self,
        module: ModuleRef,
        definition: FunctionDefinition,
        value: py.Function | None = None,
        overload: FunctionDefinition | None = None,
    ) -> Summary:
        from jitlint.emit.functions import emit_definition

        key = (id(module.shape), id(overload or definition))
        summary = self.methods.get(key)
        if summary is None:
            summary = Summary(definition.qualname, definition.module.path, definition.node.lineno)
            if self._too_deep(summary):
                return summary
            self.methods[key] = summary
            self._keep.extend((module.shape, definition))
            marks = self.marks(definition)
            dropped = "unused" if marks & {"unused", "drop"} else None
            self.active.append(definition)
            try:
                emit_definition(self, summary, definition, module, dropped, value, overload)
            finally:
                self.active.pop()
        return summary

    def sequential(self, e: Emitter, at: ast.AST, module: ModuleRef) -> Summary:
        """Sequential's own forward: its input, unannotated, goes through the children in order."""
        from jitlint.emit.module_units import compile_sequential

        key = (id(module.shape), 0)
        summary = self.methods.get(key)
        if summary is None:
            summary = self.methods[key] = Summary("Sequential.forward", e.index.path, 1)
            self._keep.append(module.shape)
            compile_sequential(self, e, at, module, summary)
        e.link(at, summary)
        return summary


def _noted(e: Emitter, node: ast.expr, find: Callable[[], Type]) -> Type:
    """The type that `find` gives for an annotation; where part of it is not known and nothing was said of it, that is
    noted."""
    before = len(e.summary.problems)
    kind = find()
    if contains_unknown(kind) and len(e.summary.problems) == before:
        e.unknown(node, f"the type `{ast.unparse(node)}` could not be resolved")
    return kind


def _silent(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
    del code, node, torch_message, message
