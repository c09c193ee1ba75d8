"""The room's front: what a name holds, and what an nn.Module looks like after its constructor ran.

    evaluator = Evaluator(project, api)
    evaluator.lookup(scope, "EPS")           # Constant(1e-6); None where the name is bound nowhere
    evaluator.shape(cls)                     # ModuleShape: the constructor run with its defaults
    evaluator.shape(cls, args, kwargs)       # ... with these arguments

Results are immutable values; nothing raises, what is not understood is `Unknown`. An evaluator belongs to one project
and must be dropped (or `forget` called) when a file changes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, Scope
from jitlint.project.index import closure_scope
from jitlint.shapes import arguments, constructors, expressions, torch_modules
from jitlint.shapes.frames import MAX_STEPS, Frame, LimitReached, PathEnds
from jitlint.shapes.freezing import freeze, freeze_module, thaw
from jitlint.shapes.heap import Module, Unshare, key_of
from jitlint.shapes.interpreter import Interpreter
from jitlint.shapes.values import (
    Class,
    External,
    Function,
    Lambda,
    ModuleInstance,
    ModuleShape,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Sequence as Items
    from collections.abc import Set as AbstractSet

    from jitlint.project.project import Project
    from jitlint.torch_api.api import TorchAPI

_RECURSION = 9000


class Evaluator:
    """Abstract evaluation over one project and one version of torch's API (None: nothing is known of torch)."""

    def __init__(self, project: Project, api: TorchAPI | None) -> None:
        self.project = project
        self.api = api
        self.run = Interpreter(project, api)
        self._shapes: dict[object, tuple[ModuleShape, frozenset[str]]] = {}
        project.decide = lambda scope, test: self.run.decide(scope, test)

    def forget(self) -> None:
        """Drops all results, after a file of the project changed."""
        self.run = Interpreter(self.project, self.api)
        self._shapes.clear()

    def forget_files(self, files: AbstractSet[str]) -> None:
        """Drops the results that rest on some of these files (absolute paths), after they changed; what they defined must
        live on, see `Project.revise`."""
        self.run.forget_files(files)
        self._shapes = {key: known for key, known in self._shapes.items() if known[1].isdisjoint(files)}

    # --- values ---

    def lookup(self, scope: Scope, name: str) -> Value | None:
        """What a name holds at run time in a scope; None where it is bound nowhere, not even in ``builtins``. A
        function's scope stands for its closure: see `closed_over`."""
        with self._quietly():
            value = self.run.global_value(scope, name)
            return None if value is None else freeze(value)
        return Unknown(f"{name} could not be evaluated")

    def closed_over(self, function: Function | Lambda | Class, name: str) -> Value | None:
        """What a name that a function, lambda or class does not bind itself holds for it: a captured variable of the
        functions around it, else a global. None where it is bound nowhere."""
        with self._quietly():
            closure = function.closure
            if isinstance(closure, Frame):
                value = self.run.name(closure, name)
            elif isinstance(function, Lambda):
                return Unknown("a name in a lambda")
            elif isinstance(function, Class):
                value = self.run.global_value(function.definition.scope, name)
            else:
                value = self.run.global_value(closure_scope(function.definition), name)
            return None if value is None else freeze(value)
        return Unknown(f"{name} could not be evaluated")

    def evaluate(self, expr: ast.expr, scope: Scope, env: Mapping[str, Value] | None = None) -> Value:
        """The value of an expression; `env` holds variables that come before the scope's names."""
        with self._quietly():
            frame = Frame(self.run.heap.store(), scope)
            for name, value in (env or {}).items():
                frame.locals[name] = thaw(self.run.heap, value)
            return freeze(expressions.evaluate(self.run, expr, frame))
        return Unknown("an expression that could not be evaluated")

    def attribute(self, value: Value, name: str) -> Value | None:
        """``value.name``; None where it surely has none. Methods come bound, properties are run."""
        with self._quietly():
            found = self.run.attribute(thaw(self.run.heap, value), name)
            return None if found is None else freeze(found)
        return Unknown(f"{name} could not be evaluated")

    def call(self, value: Value, args: Items[Value] = (), kwargs: Mapping[str, Value] | None = None) -> Value:
        """``value(*args, **kwargs)``."""
        with self._quietly():
            heap = self.run.heap
            return freeze(
                self.run.call(
                    thaw(heap, value),
                    [thaw(heap, arg) for arg in args],
                    {name: thaw(heap, arg) for name, arg in (kwargs or {}).items()},
                )
            )
        return Unknown("a call that could not be evaluated")

    def instance(
        self, cls: ClassDefinition, args: Items[Value] = (), kwargs: Mapping[str, Value] | None = None
    ) -> Value:
        """``Cls(*args, **kwargs)``: a ModuleInstance, an Instance, an enum's member..."""
        return self.call(Class(cls), args, kwargs)

    def default_value(self, function: FunctionDefinition, parameter: str) -> Value | None:
        """The default of a parameter, evaluated where the function is defined; None where it has none."""
        with self._quietly():
            value = arguments.default_value(self.run, function, parameter)
            return None if value is None else freeze(value)
        return Unknown("a default that could not be evaluated")

    def marks(self, function: FunctionDefinition) -> frozenset[str]:
        """The marks that its decorators put on a function (see `values.Function`); {"opaque"} where its name holds
        something else in the end."""
        with self._quietly():
            value = self.run.function_value(function)
            if isinstance(value, Function):
                return value.marks if value.definition is function else value.marks | {"opaque"}
        return frozenset({"opaque"})

    def member(self, cls: ClassDefinition, name: str) -> Value | None:
        """What a class attribute holds, unbound and along the MRO: None where no class has it, External for one of a
        base without source."""
        with self._quietly():
            value = self.run.class_member(cls, name)
            return None if value is None else freeze(value)
        return Unknown(f"{name} could not be evaluated")

    # --- shapes ---

    def shape(
        self,
        cls: ClassDefinition,
        args: Items[Value] | None = None,
        kwargs: Mapping[str, Value] | None = None,
        *,
        defaults: bool = True,
    ) -> ModuleShape:
        """What an instance looks like after its constructor ran with these arguments.

        Without any (None), parameters take their defaults, and those that have none are unknown, of the type that they
        are annotated with; where the constructor raises so, defaults of None count as unknown, and then all defaults.
        With `defaults` false all are unknown to begin with: what any configuration may look like.
        """
        unknown = args is None and kwargs is None
        key = (
            id(cls),
            unknown,
            defaults,
            tuple([key_of(arg) for arg in args or ()]),
            tuple([(name, key_of(arg)) for name, arg in (kwargs or {}).items()]),
        )
        known = self._shapes.get(key)
        if known is not None:
            self.project.dependencies |= known[1]
            return known[0]
        shape, files = self.run.recorded(lambda: self._shape(cls, args, kwargs, unknown, defaults))
        self._shapes[key] = (shape, files)
        return shape  # type: ignore[no-any-return]

    def _shape(
        self,
        cls: ClassDefinition,
        args: Items[Value] | None,
        kwargs: Mapping[str, Value] | None,
        unknown: bool,
        defaults: bool,
    ) -> ModuleShape:
        trusts = ["all", "not None", "none"] if unknown and defaults else ["none"] if unknown else ["all"]
        first: Module | None = None
        for trust in trusts:
            made = None
            for share in (True, True, False):
                made = self._build(cls, list(args or ()), dict(kwargs or {}), trust, share)
                if made is not None:
                    break
            first = first or made
            if made is not None and not made.raises:
                return freeze_module(made).shape
        if first is not None:
            return freeze_module(first).shape
        shape = ModuleShape(Class(cls), complete=False)
        shape.reasons.append("the constructor could not be followed")
        return shape

    def _build(
        self,
        cls: ClassDefinition,
        args: list[Value],
        kwargs: dict[str, Value],
        trust: str,
        share: bool,
    ) -> Module | None:
        run = self.run
        heap = run.heap
        made: Module | None = None
        run.share = share
        if not share:
            run.memory = {
                key: entry for key, entry in run.memory.items() if isinstance(key, tuple) and key[0] == "default"
            }
        run.steps, run.limit, run.depth, run.exploring = 0, MAX_STEPS, 0, False
        run.used, run.running, run.home = set(), {}, cls.module.name.partition(".")[0]
        journals, heap.journals = heap.journals, []
        with _recursion():
            try:
                value = Class(cls)
                made = heap.module(value, constructors.is_container(run, cls))
                given = [thaw(heap, arg) for arg in args]
                named = {name: thaw(heap, arg) for name, arg in kwargs.items()}
                if trust != "all":
                    named = self._unknown_arguments(cls, trust == "not None")
                constructors.initialise(run, made, value, given, named, False)
            except PathEnds:
                if made is not None:
                    made.raises = True
                    run.incomplete(made, "its constructor raises with these arguments")
            except LimitReached as limit:
                if made is not None:
                    run.incomplete(made, str(limit))
            except RecursionError:
                if made is not None:
                    run.incomplete(made, "its constructor nests too deeply")
            except Unshare as unshare:
                made = None
                written = unshare.args[0] if unshare.args else None
                if isinstance(written, Module) and isinstance(written.cls, Class):
                    self._give_each_its_own(written.cls.definition)
            finally:
                heap.journals = journals
                run.depth, run.home = 0, None
                run.active.clear()
                if not share:
                    run.share = True
                    run.memory = {
                        key: entry
                        for key, entry in run.memory.items()
                        if isinstance(key, tuple) and key[0] == "default"
                    }
        return made

    def _give_each_its_own(self, cls: ClassDefinition) -> None:
        """From now on instances of a class are not shared: constructors of others write to them."""
        run = self.run
        run.touched.add(id(cls))
        for key, (value, _, _) in list(run.memory.items()):
            if isinstance(value, Module) and isinstance(value.cls, Class) and value.cls.definition is cls:
                del run.memory[key]

    def _unknown_arguments(self, cls: ClassDefinition, trusting: bool) -> dict[str, Value]:
        """Unknown values for a constructor's parameters: all, or where `trusting` those that are None by default."""
        run = self.run
        constructor = run.class_member(cls, "__init__")
        if not isinstance(constructor, Function):
            return {}
        spec = constructor.definition.node.args
        found: dict[str, Value] = {}
        for parameter in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs][1:]:
            if trusting:
                default = arguments.default_node(constructor.definition, parameter.arg)
                if not isinstance(default, ast.Constant) or default.value is not None:
                    continue
            found[parameter.arg] = arguments.missing(run, constructor.definition, parameter)
        return found

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """A run of its own; what ends it early is swallowed, and the caller's fallback counts."""
        run = self.run
        run.steps, run.limit, run.used, run.running = 0, MAX_STEPS, set(), {}
        with _recursion(), run.detached():
            depth = run.depth
            try:
                yield
            except (PathEnds, LimitReached, Unshare, RecursionError):
                run.active.clear()
            finally:
                run.depth = depth


@contextmanager
def _recursion() -> Iterator[None]:
    """The abstract run nests deeper than Python does by itself."""
    old = sys.getrecursionlimit()
    if old >= _RECURSION:
        yield
        return
    sys.setrecursionlimit(_RECURSION)
    try:
        yield
    finally:
        sys.setrecursionlimit(old)


def submodule(evaluator: Evaluator, shape: ModuleShape, name: str) -> ModuleInstance | None:
    """The submodule that an attribute or a container's key holds, where it surely holds one."""
    value = shape.attributes.get(name)
    if value is None and shape.children is not None:
        value = shape.children.get(name)
    if value is None and isinstance(shape.cls, External):
        value = torch_modules.attributes_of(evaluator.run, shape.cls.name, shape.arguments).get(name)
        value = None if value is None else freeze(value)
    return value if isinstance(value, ModuleInstance) else None
