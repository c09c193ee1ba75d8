"""What of a file the compiler would be given: its module classes, and whatever a script call or decorator reaches.

Mirrors the ways into ``torch.jit.script``: an nn.Module instance, a function, a class; ``torch.jit.interface`` and
``torch.jit.script_if_tracing`` beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jitlint.project import hierarchy
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition, ModuleIndex, Scope
from jitlint.project.index import function_scope
from jitlint.project.legacy import has_weak_methods, is_marked_module
from jitlint.project.project import Project
from jitlint.project.targets import BoundValue, ExternalName, Target

SCRIPT = frozenset({"torch.jit.script", "torch.jit._script.script"})
# weak_script: what the compiler of torch 1.0 and 1.1 compiles where it is used.
_SCRIPT_DECORATORS = SCRIPT | {
    "torch.jit.script_if_tracing",
    "torch._jit_internal.weak_script",
    "torch.jit.weak_script",
}
_INTERFACE = frozenset({"torch.jit.interface", "torch.jit._script.interface"})

# Methods of an nn.Module that return it, and functions that return (a copy of) what they are given.
_FLUENT = frozenset(
    {"eval", "train", "to", "cuda", "cpu", "float", "half", "double", "bfloat16", "requires_grad_", "apply", "type"}
)
_PASSING = frozenset({"copy.copy", "copy.deepcopy", "torch.compile", "torch.jit.freeze"})
_DEPTH = 6

EntryKind = Literal["module", "function", "class"]


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """One unit.

    why: what makes the compiler see it, in words. abstract: a module whose ``forward`` is missing or only raises
    NotImplementedError. unresolved: why it is not certain to be an nn.Module (then nothing it holds is a finding).
    script_module: a ``torch.jit.ScriptModule``, of which only the methods marked script_method are compiled. left_alone: an
    nn.Module that is asked for, but that the target leaves to Python (before torch 1.2). The
    definition may stand in another file than the script call that reaches it: `definition.module` says in which.
    """

    kind: EntryKind
    definition: FunctionDefinition | ClassDefinition
    qualname: str
    line: int
    why: str
    abstract: bool = False
    unresolved: tuple[str, ...] = ()
    script_module: bool = False
    left_alone: bool = False


def entry_points(
    project: Project,
    index: ModuleIndex,
    *,
    scope: str = "all",
    script_calls: Sequence[str] = (),
    wanted: Sequence[str] = (),
    marked_only: bool = False,
) -> list[EntryPoint]:
    """The units of a file, by line; those that its script calls reach in other files come last.

    scope: ``all`` for every nn.Module class, ``reachable`` for those that a script call names. script_calls: further
    functions that compile their argument, by qualified name or last attribute (the project must have been told to
    collect their calls). wanted: further units of any file, ``module:qualname``. marked_only: the target is one before
    torch 1.2, to which a plain nn.Module is no unit.
    """
    search = _Search(project, script_calls, marked_only)
    for item in wanted:
        module, _, qualname = item.partition(":")
        if module == index.name:
            search.wanted(index, qualname)
    for call in index.calls:
        search.call(call, index.call_scopes[id(call)])
    for function in index.functions:
        why = search.decorated(function)
        if why:
            search.add(function, why)
    for cls in index.classes:
        why = search.decorated(cls)
        if why:
            search.add(cls, why)
        elif scope != "reachable":
            search.module_class(cls)
    own = [point for point in search.found.values() if point.definition.module is index]
    others = [point for point in search.found.values() if point.definition.module is not index]
    return [*sorted(own, key=lambda point: point.line), *others]


def is_abstract_method(function: FunctionDefinition) -> bool:
    """Whether a body does nothing but raise NotImplementedError (docstring aside), or is marked abstract."""
    for decorator in function.decorators:
        if (isinstance(decorator, ast.Name) and decorator.id == "abstractmethod") or (
            isinstance(decorator, ast.Attribute) and decorator.attr == "abstractmethod"
        ):
            return True
    body = [node for node in function.node.body if not _is_docstring(node)]
    match body:
        case [ast.Raise(exc=ast.Name(id="NotImplementedError") | ast.Call(func=ast.Name(id="NotImplementedError")))]:
            return True
    return False


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Search:
    """Collects the units of one file, each once."""

    def __init__(self, project: Project, script_calls: Sequence[str], marked_only: bool = False) -> None:
        self.project = project
        self.marked_only = marked_only
        self.qualified = frozenset(name for name in script_calls if "." in name)
        self.last_names = frozenset(name for name in script_calls if "." not in name)
        self.found: dict[int, EntryPoint] = {}

    # -- adding

    def add(self, definition: FunctionDefinition | ClassDefinition, why: str, *, class_itself: bool = True) -> None:
        """A definition that the compiler is given; an instance of it where not `class_itself`."""
        if isinstance(definition, FunctionDefinition):
            self._keep(EntryPoint("function", definition, definition.qualname, definition.node.lineno, why))
        elif hierarchy.is_module_class(self.project, definition) is not False:
            if not class_itself:
                self.module_class(definition, why)
        else:
            self._keep(EntryPoint("class", definition, definition.qualname, definition.node.lineno, why))

    def module_class(self, cls: ClassDefinition, why: str = "") -> None:
        """A class, if it is one of nn.Modules, or may be and has a forward of its own."""
        project = self.project
        is_module = hierarchy.is_module_class(project, cls)
        if not is_module and (is_module is False or "forward" not in cls.body.bindings):
            return
        left_alone = bool(self.marked_only and is_module and not is_marked_module(project, cls))
        if left_alone and not why and not has_weak_methods(project, cls):
            return
        reasons = () if is_module else hierarchy.mro(project, cls).reasons or ("its bases depend on a condition",)
        if hierarchy.may_be_interface(project, cls):
            reasons = ("a decorator that is not known may make an interface of it",)
        self._keep(
            EntryPoint(
                "module",
                cls,
                cls.qualname,
                cls.node.lineno,
                why or "an nn.Module class",
                abstract=self._is_abstract(cls),
                unresolved=reasons,
                script_module=hierarchy.is_script_module_class(project, cls),
                left_alone=left_alone,
            )
        )

    def wanted(self, index: ModuleIndex, qualname: str) -> None:
        """A unit that the settings name; one inside a function is found if the index looked there."""
        definitions: list[FunctionDefinition | ClassDefinition] = [*index.functions, *index.classes]
        for definition in definitions:
            if definition.qualname == qualname:
                self.add(definition, "named in the settings", class_itself=False)

    def _keep(self, point: EntryPoint) -> None:
        self.found.setdefault(id(point.definition), point)

    def _is_abstract(self, cls: ClassDefinition) -> bool:
        found = hierarchy.find_member(self.project, cls, "forward")
        if isinstance(found, tuple):
            function = found[0].module.functions_by_node.get(id(found[1].node))
            return function is not None and is_abstract_method(function)
        return isinstance(found, ExternalName) and found.name in {f"{base}.forward" for base in hierarchy.MODULE_BASES}

    # -- decorators

    def decorated(self, definition: FunctionDefinition | ClassDefinition) -> str:
        """Why a decorator has the compiler see a definition; '' where none does."""
        for decorator in definition.node.decorator_list:
            target = decorator
            if isinstance(decorator, ast.Call):
                target = decorator.func
                name = self.project.external_name(definition.scope, target, before=definition.node)
                if name == "functools.partial" and decorator.args:
                    target = decorator.args[0]
            for found in self.project.resolve_expr(definition.scope, target, before=definition.node):
                name = self._compiles(found, target, _SCRIPT_DECORATORS | _INTERFACE)
                if name:
                    return f"decorated with {name}"
                if (
                    isinstance(found, FunctionDefinition)
                    and decorator is target
                    and isinstance(definition, FunctionDefinition)
                    and self._scripts_parameter(found)
                ):
                    return f"decorated with {found.name}, which scripts it"
        return ""

    def _compiles(self, target: Target, written: ast.expr, names: frozenset[str]) -> str:
        """The name of a function that compiles its argument; '' if it is none."""
        if isinstance(target, ExternalName) and (target.name in names or target.name in self.qualified):
            return target.name
        if isinstance(target, FunctionDefinition):
            name = f"{target.module.name}.{target.qualname}"
            if name in self.qualified:
                return name
        last = written.attr if isinstance(written, ast.Attribute) else getattr(written, "id", "")
        return last if last in self.last_names else ""

    def _scripts_parameter(self, function: FunctionDefinition) -> bool:
        """Whether a decorator's body scripts the function that it is given: ``return torch.jit.script(f)``."""
        parameters = [*function.node.args.posonlyargs, *function.node.args.args]
        if not parameters or not function.module.calls:
            return False
        inside = function_scope(function)
        for call in function.module.calls:
            if function.module.call_scopes[id(call)] is inside and call.args:
                argument = call.args[0]
                if (
                    isinstance(argument, ast.Name)
                    and argument.id == parameters[0].arg
                    and self._script_call(call, inside)
                ):
                    return True
        return False

    # -- calls

    def call(self, call: ast.Call, scope: Scope) -> None:
        """A call that may be a script call: what its argument leads to is a unit."""
        name = self._script_call(call, scope)
        if not name:
            return
        argument = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "obj"), None)
        if argument is None or isinstance(argument, ast.Starred):
            return
        why = f"given to {name} on line {call.lineno}"
        for definition, instance in self.reached(argument, scope, 0):
            self.add(definition, why, class_itself=not instance)

    def _script_call(self, call: ast.Call, scope: Scope) -> str:
        for target in self.project.resolve_expr(scope, call.func):
            name = self._compiles(target, call.func, SCRIPT)
            if name:
                return name
        if self.last_names:  # ``self.checkScript(f)``: whatever it resolves to
            last = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            return last if last in self.last_names else ""
        return ""

    def reached(
        self, expression: ast.expr, scope: Scope, depth: int
    ) -> Iterator[tuple[FunctionDefinition | ClassDefinition, bool]]:
        """The functions and classes that a value consists of, and whether it holds instances of the class."""
        if depth > _DEPTH:
            return
        match expression:
            case ast.Name() | ast.Attribute():
                for target in self.project.resolve_expr(scope, expression):
                    if isinstance(target, FunctionDefinition | ClassDefinition):
                        yield target, False
                    elif isinstance(target, BoundValue):
                        yield from self._bound(target.scope, target.binding, depth)
            case ast.Call(func=function):
                yield from self._called(expression, function, scope, depth)
            case ast.IfExp(body=body, orelse=orelse):
                yield from self.reached(body, scope, depth + 1)
                yield from self.reached(orelse, scope, depth + 1)
            case ast.NamedExpr(value=value):
                yield from self.reached(value, scope, depth + 1)

    def _bound(
        self, scope: Scope, binding: Binding, depth: int
    ) -> Iterator[tuple[FunctionDefinition | ClassDefinition, bool]]:
        value = binding.node
        if binding.kind == "assign" and isinstance(value, ast.expr) and not binding.path:
            yield from self.reached(value, scope, depth + 1)
        elif binding.kind == "loop" and isinstance(value, ast.List | ast.Tuple):
            for item in value.elts:
                for step in binding.path:
                    inside = item.elts if isinstance(item, ast.List | ast.Tuple) else []
                    if not 0 <= step < len(inside):
                        break
                    item = inside[step]
                else:
                    yield from self.reached(item, scope, depth + 1)

    def _called(
        self, call: ast.Call, function: ast.expr, scope: Scope, depth: int
    ) -> Iterator[tuple[FunctionDefinition | ClassDefinition, bool]]:
        """What a call returns: an instance, a factory's result, its receiver or argument where it passes that on."""
        if isinstance(function, ast.Attribute) and function.attr in _FLUENT:
            yield from self.reached(function.value, scope, depth + 1)
            return
        for target in self.project.resolve_expr(scope, function):
            match target:
                case ClassDefinition():
                    yield target, True
                case FunctionDefinition():
                    yield from self._returned(target, depth)
                case ExternalName(name=name) if name in _PASSING or name.startswith("torch.nn."):
                    for argument in call.args:  # nn.Sequential(A(), B()): its parts are compiled with it
                        if isinstance(argument, ast.Call | ast.Name):
                            yield from (found for found in self.reached(argument, scope, depth + 1) if found[1])

    def _returned(
        self, function: FunctionDefinition, depth: int
    ) -> Iterator[tuple[FunctionDefinition | ClassDefinition, bool]]:
        inside = function_scope(function)
        stack: list[ast.AST] = list(function.node.body)
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Return) and node.value is not None:
                yield from (found for found in self.reached(node.value, inside, depth + 2) if found[1])
            elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
                stack.extend(ast.iter_child_nodes(node))


def scripted_arguments(
    project: Project, index: ModuleIndex, script_calls: Sequence[str] = ()
) -> list[tuple[Scope, ast.expr]]:
    """The first arguments of the file's script calls, with the scope that each is evaluated in."""
    search = _Search(project, script_calls)
    found = []
    for call in index.calls:
        scope = index.call_scopes.get(id(call), index.scope)
        if call.args and not isinstance(call.args[0], ast.Starred) and search._script_call(call, scope):
            found.append((scope, call.args[0]))
    return found
