"""The abstract run's state, what names and the members of classes hold in it, and writing attributes.

`Interpreter` is what the files of this room share: the heap, the limits, the memory of finished calls. How expressions
are evaluated is in `expressions`, statements in `statements`, reading attributes in `attributes`, calls in `calls`,
Python's own functions and methods in `builtin_functions` and `builtin_methods`, torch's modules in `torch_modules`.
"""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.hierarchy import find_member, is_enum, mro
from jitlint.project.index import function_scope
from jitlint.project.targets import BoundValue, CheckingOnly, ExternalName, Target, Unresolved
from jitlint.shapes import attributes, calls, decorators, expressions, items, torch_modules
from jitlint.shapes.afterwards import left_with
from jitlint.shapes.effects import EffectsTable
from jitlint.shapes.frames import MAX_STEPS, Frame, LimitReached, PathEnds
from jitlint.shapes.freezing import settle
from jitlint.shapes.functions import invoke
from jitlint.shapes.heap import (
    ABSENT,
    BuiltinMethod,
    DictObject,
    Heap,
    InstanceObject,
    ListObject,
    Module,
    Unshare,
    key_of,
)
from jitlint.shapes.joins import one_of, options_of
from jitlint.shapes.values import (
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    Function,
    Lambda,
    ModuleObject,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    TupleClass,
    Typed,
    Unknown,
    Value,
)
from jitlint.shapes.versions import TorchVersion
from jitlint.types.model import BOOL, DEVICE, FLOAT, INT, STR, TENSOR, Type

if TYPE_CHECKING:
    from jitlint.project.project import Project
    from jitlint.torch_api.api import TorchAPI

_ANNOTATED: dict[str, Type] = {
    "builtins.int": INT,
    "builtins.float": FLOAT,
    "builtins.bool": BOOL,
    "builtins.str": STR,
    "torch.Tensor": TENSOR,
    "torch.device": DEVICE,
}


class Interpreter:
    """One abstract run after another over a project. `share`: equal constructor calls give one and the same module."""

    def __init__(self, project: Project, api: TorchAPI | None) -> None:
        self.project = project
        self.api = api
        self.heap = Heap()
        self.effects = EffectsTable(project)
        self.steps = 0
        self.limit = MAX_STEPS
        self.depth = 0
        self.share = True
        self.touched: set[int] = set()  # classes whose instances are written to from outside: each gets its own
        self.exploring = False  # the first round of a loop with an unknown number of rounds is running
        self.shortcuts = 0  # how often a loop was taken less seriously for that
        self.memory: dict[Any, tuple[Value, frozenset[str], int]] = {}
        self.generators: dict[int, tuple[FunctionDefinition, bool]] = {}  # whether a function is one, by identity
        self.used: set[Any] = set()  # what of the memory this run has used, and paid for
        self.running: dict[int, list[int]] = {}  # by function: the number of open journals at each of its running calls
        self.kept: list[Value] = []  # what memory's keys refer to by identity
        self.active: set[Any] = set()
        self._globals: dict[tuple[int, str], tuple[Value | None, frozenset[str]]] = {}
        self._members: dict[tuple[int, str], tuple[Value | None, frozenset[str]]] = {}
        self._functions: dict[int, tuple[Value, frozenset[str]]] = {}
        self._texts: dict[int, str] = {}
        self._knows_torch: dict[str, bool] = {}
        self.home: str | None = None  # the top-level package of the class whose constructor runs

    def forget_files(self, files: AbstractSet[str]) -> None:
        """Drop what rests on some of these files."""
        self.effects.forget_files(files)
        self.memory = {key: known for key, known in self.memory.items() if known[1].isdisjoint(files)}
        self._globals = {key: known for key, known in self._globals.items() if known[1].isdisjoint(files)}
        self._members = {key: known for key, known in self._members.items() if known[1].isdisjoint(files)}
        self._functions = {key: known for key, known in self._functions.items() if known[1].isdisjoint(files)}
        self._knows_torch.clear()

    # --- limits ---

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.limit:
            raise LimitReached("the constructor does too much to follow")

    @contextmanager
    def detached(self) -> Iterator[None]:
        """A run of its own in between: its writes are nobody else's, and no branch undoes them."""
        heap = self.heap
        saved = heap.journals, heap.oldest, self.limit, self.exploring
        heap.journals = []
        self.exploring = False
        self.limit = max(self.limit, self.steps + MAX_STEPS // 5)
        try:
            yield
        finally:
            heap.journals, heap.oldest, self.limit, self.exploring = saved

    def recorded(self, compute: Callable[[], Any]) -> tuple[Any, frozenset[str]]:
        """A result with the files it rests on."""
        project = self.project
        outer = project.dependencies
        project.dependencies = collected = set[str]()
        try:
            result = compute()
        finally:
            project.dependencies = outer
            outer |= collected
        return result, frozenset(collected)

    # --- names ---

    def name(self, frame: Frame, name: str) -> Value | None:
        inner: Frame | None = frame
        while inner is not None:
            value = inner.locals.get(name)
            if value is not None:
                return self.present(value)
            inner = inner.parent
        return self.global_value(frame.scope, name)

    def present(self, value: Value) -> Value:
        """A variable's value where it is read: it must have one."""
        if isinstance(value, OneOf):
            if any(isinstance(option, Absent) for option, _ in value.options):
                return one_of([item for item in value.options if not isinstance(item[0], Absent)])
        return value

    def global_value(self, scope: Scope, name: str) -> Value | None:
        """What a name holds in a scope when nothing is running: None where it is bound nowhere."""
        key = (id(scope), name)
        known = self._globals.get(key)
        if known is not None:
            self.project.dependencies |= known[1]
            return known[0]
        if key in self.active or len(self.active) > 120:
            return Unknown(f"{name} is defined in terms of itself")
        self.active.add(key)
        try:
            result, files = self.recorded(lambda: self._global_value(scope, name))
        finally:
            self.active.discard(key)
        if result is not None:
            settle(result)
        self._globals[key] = (result, files)
        return result  # type: ignore[no-any-return]

    def _global_value(self, scope: Scope, name: str) -> Value | None:
        if name == "__name__":
            return Constant(scope.module.name)
        targets = self.project.resolve(scope, name)
        found = [target for target in targets if not isinstance(target, CheckingOnly)]
        if not found:
            return None
        if len(found) > 1:
            # What functions assign with `global` counts where the module itself says None, or nothing.
            first = [
                target for target in found if not (isinstance(target, BoundValue) and target.binding.guard == "global")
            ]
            if (
                len(first) == 1
                and isinstance(value := self.target_value(first[0]), Constant)
                and value.value is not None
            ):
                return value
        if len(found) == 1:
            return self.target_value(found[0])
        if len(found) > 4:
            return Unknown(f"{name} is bound in several ways")
        return one_of([(self.target_value(target), "") for target in found])

    def target_value(self, target: Target) -> Value:
        match target:
            case ExternalName(name=name):
                return self.external(name)
            case FunctionDefinition():
                return self.function_value(target)
            case ClassDefinition():
                return self.class_value(target)
            case ModuleIndex(name=name):
                return ModuleObject(name)
            case BoundValue(scope=scope, binding=binding):
                owner = None
                if scope.kind == "class":
                    owner = next((one for one in scope.module.classes if one.body is scope), None)
                if owner is not None and is_enum(self.project, owner):
                    return self.member_of(owner, binding)
                value = self.bound_value(scope, binding)
                return self.class_constant(owner, value) if owner is not None else value
            case Unresolved(reason=reason):
                return Unknown(reason)
        return UNKNOWN

    def bound_value(self, scope: Scope, binding: Binding) -> Value:
        """The value that a statement of a module or class body binds, evaluated on its own."""
        if scope.kind == "function" or binding.kind == "parameter":
            return self.annotated(binding.annotation, scope) or Unknown(f"{binding.name} is a variable of a function")
        node = binding.node
        if binding.kind != "assign" or not isinstance(node, ast.expr) or binding.guard == "global":
            return self.annotated(binding.annotation, scope) or Unknown(f"{binding.name} is computed")
        with self.detached():
            frame = Frame(self.heap.store(), scope)
            if len(scope.bindings.get(binding.name, ())) > 1:
                self._bind_before(frame, binding.name, node)
            try:
                value = expressions.evaluate(self, node, frame)
                for index in binding.path:
                    value = items.item_of(self, value, Constant(index)) if index >= 0 else UNKNOWN
            except (PathEnds, LimitReached, Unshare, RecursionError):
                return Unknown(f"{binding.name} could not be evaluated")
            return left_with(self, scope, binding.name, value)

    def _bind_before(self, frame: Frame, name: str, node: ast.expr) -> None:
        """``f = wrap(f)``: what the name holds until then."""
        if any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node)):
            targets = [
                t for t in self.project.resolve(frame.scope, name, before=node) if not isinstance(t, CheckingOnly)
            ]
            if targets:
                frame.locals[name] = one_of([(self.target_value(target), "") for target in targets])

    def decide(self, scope: Scope, test: ast.expr) -> bool | None:
        """Whether a condition in a module or class body holds when it is run; None where nobody knows."""
        with self.detached():
            try:
                return self.truth(expressions.evaluate(self, test, Frame(self.heap.store(), scope)))
            except (PathEnds, LimitReached, Unshare, RecursionError):
                return None

    def text_of(self, module: ModuleIndex) -> str:
        text = self._texts.get(id(module))
        if text is None:
            text = self._texts[id(module)] = "\n".join(module.lines)
        return text

    def is_foreign(self, module: ModuleIndex) -> bool:
        """Whether a module is of another package than the class at hand and never mentions torch: what it does has no
        bearing on the shape of a module."""
        if self.home is None or module.name.partition(".")[0] == self.home:
            return False
        known = self._knows_torch.get(module.name)
        if known is None:
            known = self._knows_torch[module.name] = any("torch" in line for line in module.lines)
        return not known

    def function_value(self, definition: FunctionDefinition, closure: Frame | None = None) -> Value:
        """A function as its decorators leave it."""
        if not definition.decorators:
            return Function(definition, closure=closure)
        if closure is not None:
            return decorators.decorated(self, definition, closure)
        known = self._functions.get(id(definition))
        if known is None:
            self._functions[id(definition)] = Function(definition), frozenset()  # where a decorator leads back here
            with self.detached():
                value, files = self.recorded(lambda: decorators.decorated(self, definition, None))
            settle(value)
            known = self._functions[id(definition)] = value, files
        self.project.dependencies |= known[1]
        return known[0]

    def class_value(self, definition: ClassDefinition, closure: Frame | None = None) -> Value:
        if not definition.node.decorator_list:
            return Class(definition, closure)
        return decorators.decorated_class(self, definition, closure)

    def nested_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Value:
        """What a ``def`` inside a running function binds."""
        definition = self.nested_definition(frame, node)
        if isinstance(definition, FunctionDefinition):
            return self.function_value(definition, frame)
        return Unknown(f"{node.name} was not indexed")

    def nested_class(self, node: ast.ClassDef, frame: Frame) -> Value:
        definition = self.nested_definition(frame, node)
        if isinstance(definition, ClassDefinition):
            return self.class_value(definition, frame)
        return Unknown(f"{node.name} was not indexed")

    def nested_definition(self, frame: Frame, node: ast.stmt) -> FunctionDefinition | ClassDefinition | None:
        module = frame.scope.module
        found = module.functions_by_node.get(id(node)) or module.classes_by_node.get(id(node))
        if found is None and frame.definition is not None:
            function_scope(frame.definition)
            found = module.functions_by_node.get(id(node)) or module.classes_by_node.get(id(node))
        return found

    def annotated(self, annotation: ast.expr | None, scope: Scope) -> Value | None:
        """A value of the type that an annotation names, where it is a scalar or a tensor."""
        if annotation is None:
            return None
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError):
                return None
        if not isinstance(annotation, ast.Name | ast.Attribute):
            return None
        name = self.project.external_name(scope, annotation)
        type_ = _ANNOTATED.get(name) if name is not None else None
        return Typed(type_) if type_ is not None else None

    # --- evaluation, calls, attributes: the other files of this room ---

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        return expressions.evaluate(self, node, frame)

    def call(
        self,
        function: Value,
        args: list[Value],
        kwargs: Mapping[str, Value],
        frame: Frame | None = None,
        open_: bool = False,
    ) -> Value:
        return calls.call(self, function, args, dict(kwargs), frame, open_)

    def attribute(self, value: Value, name: str) -> Value | None:
        """``value.name``: None where it surely has no such attribute."""
        found = attributes.attribute(self, value, name)
        if found is None and name.startswith("__"):
            return Unknown(f"{name} of an object")
        return found

    # --- members ---

    def external(self, name: str) -> Value:
        """What is known by its dotted name alone."""
        if name in ("torch.__version__", "torch.version.__version__") and self.api is not None:
            return Constant(TorchVersion(self.api.version))
        return External("torch.ops" if name == "torch._ops.ops" else name)

    def class_member(self, cls: ClassDefinition, name: str) -> Value | None:
        """What a class attribute holds, unbound: functions with their marks, values evaluated in the class body.
        External where a base without source has it; None where no base of a complete MRO does."""
        key = (id(cls), name)
        known = self._members.get(key)
        if known is not None:
            self.project.dependencies |= known[1]
            return known[0]
        active = ("member", *key)
        if active in self.active:
            return Unknown(f"{cls.qualname}.{name} is defined in terms of itself")
        self.active.add(active)
        try:
            value, files = self.recorded(lambda: self._class_member(cls, name))
        finally:
            self.active.discard(active)
        if value is not None:
            settle(value)
        self._members[key] = (value, files)
        return value  # type: ignore[no-any-return]

    def _class_member(self, cls: ClassDefinition, name: str) -> Value | None:
        found = find_member(self.project, cls, name)
        if found is None:
            return None
        if isinstance(found, ExternalName):
            return External(found.name)
        if isinstance(found, Unresolved):
            return Unknown(found.reason)
        return self.member_of(*found)

    def member_of(self, owner: ClassDefinition, binding: Binding) -> Value:
        """What a binding of the class's body holds."""
        if is_enum(self.project, owner) and binding.kind == "assign" and not binding.name.startswith("_"):
            member = self.heap.instance(Class(owner))
            member.member = binding.name
            member.attributes["name"] = member.attributes["_name_"] = Constant(binding.name)
            member.attributes["value"] = member.attributes["_value_"] = self.bound_value(owner.body, binding)
            return member
        targets = self.project.follow(owner.body, binding)
        if len(targets) == 1 and isinstance(targets[0], BoundValue):
            return self.bound_value(targets[0].scope, targets[0].binding)
        return one_of([(self.target_value(target), "") for target in targets]) if targets else UNKNOWN

    def bind(self, member: Value, receiver: Value, cls: Value) -> Value:
        """A class's member reached through an instance or the class itself (`receiver` is then the class)."""
        if isinstance(member, Function):
            if "property" in member.marks or "cached_property" in member.marks:
                if receiver is cls:
                    return UNKNOWN
                return self.call(Function(member.definition, member.marks, receiver, member.closure), [], {})
            if "staticmethod" in member.marks:
                return member
            if "classmethod" in member.marks:
                return Function(member.definition, member.marks, cls, member.closure)
            return member if receiver is cls else Function(member.definition, member.marks, receiver, member.closure)
        if isinstance(member, External) and receiver is not cls:
            return BuiltinMethod(receiver, member.name.rpartition(".")[2])
        if isinstance(member, OneOf):
            return one_of([(self.bind(option, receiver, cls), text) for option, text in member.options])
        return member

    def class_constant(self, cls: ClassDefinition, value: Value) -> Value:
        """What ``Class.name`` gives for `value` in the class body: a class with unknown bases may be an enum."""
        if isinstance(value, Constant) and "forward" not in cls.body.bindings and not mro(self.project, cls).complete:
            return Unknown(f"{cls.qualname} may be an enum")
        return value

    # --- writing attributes ---

    def set_attribute(self, value: Value, name: str, item: Value) -> None:
        match value:
            case Module():
                self.set_module_attribute(value, name, item)
            case InstanceObject():
                self.heap.write(value.attributes, name, item)
            case OneOf(options=options):
                for option, condition in options:
                    if isinstance(option, Module) and option.sealed:
                        continue  # it may be this one; what it holds then is of the same kind as before
                    if isinstance(option, Module | InstanceObject):
                        old = option.attributes.get(name, ABSENT)
                        self.set_attribute(option, name, one_of([(item, condition), *options_of(old, "")]))
            case BuiltinMethod(receiver=receiver, name="__dict__"):
                self.set_attribute(receiver, name, item)

    def set_module_attribute(self, module: Module, name: str, item: Value) -> None:
        """``module.name = item``, by the class's own ``__setattr__`` where it has one."""
        setter = self.class_member(module.cls.definition, "__setattr__") if isinstance(module.cls, Class) else None
        if isinstance(setter, Function):
            invoke(self, Function(setter.definition, setter.marks, module), [Constant(name), item], {}, False)
        else:
            self.set_as_module(module, name, item)

    def set_as_module(self, module: Module, name: str, item: Value) -> None:
        """What ``nn.Module.__setattr__`` does."""
        if isinstance(module.cls, Class):
            member = self.class_member(module.cls.definition, name)
            if isinstance(member, Function) and "property" in member.marks:
                self._set_property(module, module.cls.definition, name, item)
                return
        old = module.attributes.get(name)
        if module.sealed:
            if old is not None and key_of(old) == key_of(item):
                return
            raise Unshare(module)
        if isinstance(old, Parameter) and isinstance(item, Typed | Unknown):
            item = old  # only a Parameter or None may take a parameter's place
        if isinstance(item, Module) and old is not None and not isinstance(old, Module | OneOf):
            self.heap.write(module.attributes, name, ABSENT)  # it moves to the end of _modules
        self.heap.write(module.attributes, name, item)
        if module.children is not None and isinstance(item, Module):
            self.heap.write(module.children, name, item)

    def _set_property(self, module: Module, cls: ClassDefinition, name: str, item: Value) -> None:
        for owner in mro(self.project, cls).classes:
            if not isinstance(owner, ClassDefinition):
                continue
            for binding in owner.body.bindings.get(name, ()):
                node = binding.node
                if isinstance(node, ast.FunctionDef) and any(
                    isinstance(decorator, ast.Attribute) and decorator.attr == "setter"
                    for decorator in node.decorator_list
                ):
                    definition = owner.module.functions_by_node.get(id(node))
                    if definition is not None:
                        invoke(self, Function(definition, bound=module), [item], {}, False)
                    return

    def delete_attribute(self, value: Value, name: str) -> None:
        if isinstance(value, Module):
            if value.sealed:
                raise Unshare(value)
            self.heap.write(value.attributes, name, ABSENT)
            if value.children is not None and name in value.children:
                self.heap.write(value.children, name, ABSENT)
        elif isinstance(value, InstanceObject):
            self.heap.write(value.attributes, name, ABSENT)

    def incomplete(self, value: Value, reason: str) -> None:
        """Something may have been set on an object that was not seen. reason: '' where that is no gap: only the name is not
        known, or the caller of the constructor decides it."""
        match value:
            case Module(state=state):
                if state["complete"] or reason not in state["reasons"]:
                    if value.sealed:
                        return
                    self.heap.write(state, "complete", False)
                    self.heap.write(state, "reasons", (*state["reasons"], reason)[:8])
            case InstanceObject(state=state):
                self.heap.write(state, "known", False)
            case OneOf(options=options):
                for option, _ in options:
                    self.incomplete(option, reason)

    def escape(
        self,
        args: Iterable[Value],
        kwargs: Mapping[str, Value],
        reason: str = "it is passed to a function that is not known",
    ) -> None:
        """Arguments reach code that is not seen: what it sets on them is not known."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Module) and not value.sealed:
                self.incomplete(value, reason)
            elif isinstance(value, ListObject | DictObject):
                self.heap.write(value.cell, "items", None)
            elif isinstance(value, InstanceObject) and value.member is None:
                self.incomplete(value, reason)
                if value.entries is not None:
                    self.heap.write(value.entries.cell, "items", None)

    # --- small facts ---

    def plain(self, value: Value) -> Any:
        """The Python constant behind a value, or `NotImplemented`: of a Constant, ``math.pi``, ``sys.maxsize``."""
        if isinstance(value, Constant):
            return value.value
        if isinstance(value, External) and value.name.startswith(("math.", "sys.")):
            module = math if value.name.startswith("math.") else sys
            found = getattr(module, value.name.partition(".")[2], NotImplemented)
            if isinstance(found, float | int | str):
                return found
        return NotImplemented

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true; None where that depends on what is not known."""
        match value:
            case Constant(value=constant):
                return bool(constant)
            case Sequence(items=items) | ListObject(items=items):
                return bool(items) if items is not None else None
            case DictObject(items=entries):
                return bool(entries) if entries is not None else None
            case Module():
                if isinstance(value.cls, Class) and value.children is None:
                    member = self.class_member(value.cls.definition, "__len__")
                    return True if member is None else None
                if value.children is not None:
                    return None if value.state["open"] else bool(value.children)
                return True
            case InstanceObject(cls=Class(definition=definition), member=None):
                has = self.class_member(definition, "__bool__") or self.class_member(definition, "__len__")
                return True if has is None else None
            case Class() | TupleClass() | Function() | Lambda() | Partial() | BuiltinMethod() | ModuleObject():
                return True
            case External(name=name):
                constant = self.plain(value)
                if constant is not NotImplemented:
                    return bool(constant)
                return True if torch_modules.is_object(self, name) else None
            case OneOf(options=options):
                answers = {self.truth(option) for option, _ in options}
                return answers.pop() if len(answers) == 1 else None
        return None
