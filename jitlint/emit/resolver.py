"""How annotations find names, and what the classes that they name are to the compiler (``PythonResolver``)."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition, Scope
from jitlint.shapes import values as py
from jitlint.shapes.annotation_objects import AnnotationError
from jitlint.shapes.annotations import field_type
from jitlint.torch_api import entries
from jitlint.types.model import UNKNOWN, TupleType, Type

if TYPE_CHECKING:
    from jitlint.emit.compiler import Compiler
    from jitlint.emit.emitter import Emitter


class PythonResolver:
    """The names around a function, found as the compiler's resolution callback finds them. `e` is the function that is typed,
    None where nothing is to be compiled; `at` is where what is named is compiled, if not at the function as a whole."""

    def __init__(self, compiler: Compiler, scope: Scope, e: Emitter | None = None, at: ast.AST | None = None) -> None:
        self.compiler = compiler
        self.scope = scope
        self.e = e
        self.at = at

    def lookup(self, name: str) -> py.Value | None:
        """The abstract value of a dotted name; None where it is bound nowhere."""
        head, _, rest = name.partition(".")
        value = self.compiler.evaluator.lookup(self.scope, head)
        while value is not None and rest:
            head, _, rest = rest.partition(".")
            value = self.compiler.evaluator.attribute(value, head)
        return value

    def class_type(self, definition: ClassDefinition) -> Type | None:
        from jitlint.emit.class_kinds import class_kind
        from jitlint.emit.classes import class_type
        from jitlint.emit.script_classes import class_facts_of, compile_class

        kind = class_type(self.compiler, definition)
        if self.e is None:
            return kind
        match class_kind(self.compiler, definition):
            case "namedtuple":
                self._check_fields(definition)
            case "enum":
                self._check_values(definition)
            case "script" if not self.e.muted:
                node = self.e.definition.node if self.e.definition else definition.node
                self.e.link(self.at or node, compile_class(self.compiler, class_facts_of(self.compiler, definition)))
        return kind

    def tuple_type(self, made: py.TupleClass) -> Type:
        from jitlint.emit.value_classes import made_tuple_type

        return made_tuple_type(self.compiler, made)

    def external_type(self, name: str) -> Type | None:
        """Of what has no source: the data knows which of Python's and torch's own classes are no types."""
        match self.compiler.api.entry(name):
            case entries.ClassEntry(kind="namedtuple", annotation=TupleType() as kind):
                return kind
            case entries.ClassEntry(kind="other", annotation=None, error=error):
                if error:
                    raise AnnotationError("JIT530", error)
                return None
            case entries.Function() | entries.Operator() | entries.Namespace():
                return None
            case entries.ConstantValue(value=value) if value is not None:
                return None
            case None if self.compiler.project.is_native_class(name):
                return None  # its methods have no code of Python's
        return UNKNOWN

    def _check_values(self, definition: ClassDefinition) -> None:
        """Raises `AnnotationError` for an enum whose values have no type in common, or a wrong one."""
        from jitlint.emit.value_classes import enum_refusal

        refusal = enum_refusal(self.compiler, definition)
        if refusal:
            raise AnnotationError("JIT606", refusal)

    def _check_fields(self, definition: ClassDefinition) -> None:
        """Raises `AnnotationError` for a NamedTuple with a field of no type."""
        owner, future = PythonResolver(self.compiler, definition.body), definition.module.future_annotations
        for bindings in definition.body.bindings.values():
            if bindings[-1].annotation is not None:
                field_type(bindings[-1].annotation, owner, self, definition.name, future)
