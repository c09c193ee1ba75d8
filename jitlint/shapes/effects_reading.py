"""The text of one function, and what a call of it may change: where `EffectsTable` has its answers from.

All of it is flow-insensitive and errs towards "may change". What is written to globals is not counted: the abstract run
does not follow that either. Attributes that the compiler never looks at (``__doc__`` and the like) may be written.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, Scope
from jitlint.project.files import is_standard_library
from jitlint.project.hierarchy import find_member
from jitlint.project.index import function_scope
from jitlint.project.targets import ExternalName, Target
from jitlint.source.nodes import ends, walk, walk_own

if TYPE_CHECKING:
    from jitlint.shapes.effects import EffectsTable

SURROUNDINGS = "*"  # among what is changed: a variable of a function around it
_BINDING = (
    *(ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension, ast.withitem),
    ast.Call,
)
_NOTHING: frozenset[str] = frozenset()
_AROUND = frozenset({SURROUNDINGS})
_IGNORED_ATTRIBUTES = frozenset({"__doc__", "__name__", "__qualname__", "__module__", "__signature__", "__wrapped__"})
_TEXTS = frozenset({"__doc__", "__name__", "__qualname__", "__module__"})
# Methods, told by their names alone where the object is not known. Those of str, of patterns and of loggers tell nothing
# of the object and change nothing; the others of lists, dicts and sets read what it holds, or change it and not the argument.
_FRESH_METHODS = (
    frozenset(name for name in dir(str) if not name.startswith("_"))
    | frozenset(dir(int)) & {"bit_length", "is_integer", "as_integer_ratio"}
    | frozenset("issubset numel search match fullmatch findall finditer sub group groups".split())
    | frozenset("debug info warning error exception critical log warning_once warning_advice info_once".split())
)
_STORING_METHODS = frozenset(
    "append extend insert update add setdefault pop popitem remove discard clear sort reverse".split()
)
_READING_METHODS = frozenset(
    "get items keys values copy union intersection difference symmetric_difference isdisjoint issuperset "
    "children named_children modules named_modules parameters named_parameters buffers named_buffers state_dict "
    "get_submodule get_parameter get_buffer size dim".split()
)
# torch's functions and the builtins that set something on what they are given.
_WRITERS = frozenset({"builtins.setattr", "builtins.delattr", "builtins.vars", "builtins.exec", "builtins.eval"})
_WRITING_PREFIXES = (
    "torch.nn.utils.",
    "torch.jit.",
    "torch._jit_internal.",
    "torch.ao.",
    "torch.fx.",
    "torch.quantization.",
)
_FRESH_CALLS = frozenset(
    f"builtins.{name}"
    for name in "len str repr int float bool isinstance issubclass hasattr any all range type id hash ord chr format "
    "print callable dir abs round sum".split()
)


@dataclass(frozen=True, slots=True)
class Effects:
    """Of a call. changed: the parameters that it may change; returned: those that its result may share with;
    passes: the parameter that is the result, the same object, on every path that ends."""

    changed: frozenset[str]
    returned: frozenset[str]
    passes: str | None = None


# Which member of the receiver's class was asked for, and above which class; and what that was.
Question = tuple[str, ClassDefinition | None]
Answer = FunctionDefinition | ExternalName | None


class Reading:
    """One function's text."""

    def __init__(
        self,
        table: EffectsTable,
        definition: FunctionDefinition,
        cls: ClassDefinition | None,
        asked: dict[Question, Answer],
    ) -> None:
        self.table = table
        self.project = table.project
        self.definition = definition
        self.cls = cls
        self.asked = asked
        self.scope = function_scope(definition)
        self.parameters = _all_parameters(definition)
        positional = parameter_names(definition)
        self.receiver = positional[0] if positional and cls is not None else None
        self.roots: dict[str, frozenset[str]] = {name: frozenset({name}) for name in self.parameters}
        for arg in _annotated_as_scalars(definition):
            self.roots[arg] = _NOTHING
        self.texts: set[str] = set()  # variables that hold strings
        self.held: dict[str, frozenset[str]] = {}  # what else hangs on a variable's object, by `+=` and `|=`
        self.changed: set[str] = set()
        self.rebound: set[str] = set()
        self.nested: set[str] = set()

    def effects(self) -> Effects:
        node = self.definition.node
        nodes = list(walk(*node.body))
        if any(isinstance(one, ast.Yield | ast.YieldFrom | ast.Await) or self._writes_around(one) for one in nodes):
            everything = everything_of(self.definition)
            return Effects(everything, everything)
        everything = frozenset(self.parameters)
        for one in nodes:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if not isinstance(one, ast.Lambda):
                    self.nested.add(one.name)
                spec = one.args
                for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg):
                    if arg is not None:
                        self._add(self.roots, arg.arg, everything)
        self.texts.update(_string_variables(nodes))
        self._aliases(nodes)
        for one in nodes:
            self._effect(one)
        returns = [one for one in walk_own(node.body) if isinstance(one, ast.Return)]
        returned: set[str] = set()
        for one in returns:
            if one.value is not None:
                returned |= self._of(one.value)
        return Effects(frozenset(self.changed), frozenset(returned), self._passes(returns))

    def _writes_around(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Nonlocal) and not all(name in self.scope.bindings for name in node.names)

    # --- what a variable may share with ---

    def _aliases(self, nodes: Iterable[ast.AST]) -> None:
        nodes = [one for one in nodes if isinstance(one, _BINDING)]
        for _ in range(8):
            before = (dict(self.roots), dict(self.held))
            for one in nodes:
                match one:
                    case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value):
                        self._add(self.held, name, self._of(value))
                    case ast.Assign(targets=targets, value=value):
                        for target in targets:
                            self._bind(target, self._of(value))
                    case ast.AnnAssign(target=target, value=ast.expr() as value):
                        self._bind(target, self._of(value))
                    case ast.NamedExpr(target=target, value=value):
                        self._bind(target, self._of(value))
                    case ast.AugAssign(target=ast.Name(id=name), value=value):
                        self._add(self.held, name, self._of(value))
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _STORING_METHODS:
                        self._add(self.held, name, _union(self._of(value) for value in _arguments(one)))
                    case (
                        ast.For(target=target, iter=value)
                        | ast.AsyncFor(target=target, iter=value)
                        | ast.comprehension(target=target, iter=value)
                    ):
                        self._bind(target, self._of(value))
                    case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                        self._bind(target, self._of(value))
            if before == (self.roots, self.held):
                return
        everything = frozenset(self.parameters)
        self.roots = dict.fromkeys(self.roots, everything)

    def _bind(self, target: ast.expr, roots: frozenset[str]) -> None:
        for one in ast.walk(target):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
                self._add(self.roots, one.id, roots)
                self.rebound.add(one.id)

    @staticmethod
    def _add(table: dict[str, frozenset[str]], name: str, roots: frozenset[str]) -> None:
        table[name] = table.get(name, _NOTHING) | roots

    def _of(self, node: ast.AST) -> frozenset[str]:
        """The parameters that a value may share something with."""
        match node:
            case ast.Name(id=name) if name in self.texts:
                return _NOTHING
            case ast.Name(id=name):
                found = self.roots.get(name, _NOTHING) | self.held.get(name, _NOTHING)
                return _AROUND if not found and self._is_free(name) else found
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return _NOTHING
            case ast.UnaryOp(op=ast.Not()):
                return _NOTHING
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
                return _NOTHING
            case ast.Attribute(attr=name) if name in _TEXTS:
                return _NOTHING
            case ast.IfExp(body=body, orelse=orelse):
                return self._of(body) | self._of(orelse)
            case ast.Call():
                return self._of_call(node)
            case _:
                found = _NOTHING
                for child in ast.iter_child_nodes(node):
                    found |= self._of(child)
                return found

    def _of_call(self, node: ast.Call) -> frozenset[str]:
        given = _union(self._of(value) for value in _arguments(node))
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in _FRESH_METHODS:
                return _NOTHING
            given |= self._of(node.func.value)
        targets = self._targets(node.func)
        if targets and all(isinstance(one, ExternalName) and _is_fresh(one.name) for one in targets):
            return _NOTHING
        if len(targets) == 1 and isinstance(targets[0], FunctionDefinition):
            effects = self.table.effects(targets[0], None)
            return _union(self._of(value) for name, value in _matched(targets[0], node) if name in effects.returned)
        return given

    # --- what is changed ---

    def _change(self, node: ast.AST, held: bool = True) -> None:
        """held: whether what a variable's object was only given later on is changed, too."""
        if not held and isinstance(node, ast.Name):
            self.changed |= _AROUND if self._is_free(node.id) else self.roots.get(node.id, _NOTHING)
        else:
            self.changed |= self._of(node)

    def _effect(self, node: ast.AST) -> None:
        match node:
            case ast.Attribute(value=value, attr=name, ctx=ast.Store() | ast.Del()):
                if name not in _IGNORED_ATTRIBUTES:
                    self._change(value, held=False)
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                self._change(value, held=False)
            case ast.AugAssign(target=ast.Name(id=name) as target) if name not in self.texts:
                self._change(target, held=False)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name == self.receiver:
                self._getter(attribute)
            case ast.Call():
                self._call(node)

    def _getter(self, name: str) -> None:
        """Reading an attribute of the receiver may run a property."""
        member = self._member(name)
        if isinstance(member, FunctionDefinition) and member.decorators and self.receiver is not None:
            inner = self._effects_of_method(member)
            if inner.changed:
                self.changed.add(self.receiver)

    def _member(self, name: str, above: ClassDefinition | None = None) -> Answer:
        answer = self.asked[name, above] = self.table.member(self.cls, name, above)
        return answer

    def _effects_of_method(self, member: FunctionDefinition) -> Effects:
        record = self.table.record(member, self.cls)
        self.asked.update(record.asked)
        return record.effects

    def _call(self, node: ast.Call) -> None:
        function = node.func
        if isinstance(function, ast.Attribute):
            owner = function.value
            if isinstance(owner, ast.Name) and owner.id == self.receiver and owner.id not in self.rebound:
                return self._method(node, self._member(function.attr))
            if self._is_super(owner):
                return self._method(node, self._member(function.attr, self.definition.cls))
        targets = self._targets(function)
        if not targets:
            if isinstance(function, ast.Name) and (function.id in self.nested or not self._is_local(function.id)):
                return None  # a function inside: its text is part of this one's
            return self._unknown(node)
        for target in targets:
            self._target(node, target)
        return None

    def _target(self, node: ast.Call, target: Target) -> None:
        match target:
            case FunctionDefinition():
                changed = self.table.effects(target, None).changed
                self.changed |= changed & _AROUND
                for name, value in _matched(target, node):
                    if name in changed:
                        self._change(value)
            case ExternalName(name=name):
                if name in _WRITERS and self._writes_text(node):
                    return
                writes = name in _WRITERS or name.startswith(_WRITING_PREFIXES) or not _is_harmless(name)
                if writes or self._is_method_that_writes(name):
                    self._change_arguments(node)
            case ClassDefinition():
                found = find_member(self.project, target, "__init__")
                definition = (
                    found[0].module.functions_by_node.get(id(found[1].node)) if isinstance(found, tuple) else None
                )
                if definition is not None:
                    changed = self.table.effects(definition, target).changed
                    self.changed |= changed & _AROUND
                    receiver = parameter_names(definition)[:1]
                    for name, value in _matched(definition, node, 1):
                        if name in changed and [name] != receiver:
                            self._change(value)
                elif not isinstance(found, ExternalName | None):
                    self._change_arguments(node)
            case _:
                self._unknown(node)

    def _is_method_that_writes(self, name: str) -> bool:
        """``nn.Linear.__init__(self, 3, 3)``, ``object.__setattr__(self, "x", 1)``: a method called through its class."""
        owner, _, last = name.rpartition(".")
        if last in _FRESH_METHODS or last in _READING_METHODS:
            return False
        return owner.startswith("builtins.") or bool(self.project.externals.is_module_class(owner))

    def _unknown(self, node: ast.Call) -> None:
        """Of a method of an object that is not known, its name tells something."""
        function = node.func
        if isinstance(function, ast.Attribute):
            name = function.attr
            if name in _FRESH_METHODS or name in _READING_METHODS or _is_in_place(name):
                return
            self._change(function.value, held=name not in _STORING_METHODS)
            if name in _STORING_METHODS:
                return
        elif not isinstance(function, ast.Name):
            self._change(function)
        self._change_arguments(node)

    def _writes_text(self, node: ast.Call) -> bool:
        """``setattr(x, "__doc__", …)``"""
        name = node.args[1] if len(node.args) == 3 else None
        return isinstance(name, ast.Constant) and name.value in _IGNORED_ATTRIBUTES

    def _method(self, node: ast.Call, member: Answer) -> None:
        receiver = self.receiver
        assert receiver is not None
        if isinstance(member, FunctionDefinition):
            static = any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in member.decorators)
            effects = self.table.effects(member, None) if static else self._effects_of_method(member)
            names = parameter_names(member)
            self.changed |= effects.changed & _AROUND
            if not static and names and names[0] in effects.changed:
                self.changed.add(receiver)
            for name, value in _matched(member, node, 0 if static else 1):
                if name in effects.changed:
                    self._change(value)
            return
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(member, ExternalName) and name in _READING_METHODS:
            return
        self.changed.add(receiver)
        self._change_arguments(node)

    def _is_super(self, node: ast.expr) -> bool:
        return (
            self.receiver is not None
            and isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "super"
        )

    def _change_arguments(self, node: ast.Call) -> None:
        for value in _arguments(node):
            self._change(value)

    # --- names ---

    def _is_local(self, name: str) -> bool:
        return name in self.scope.bindings

    def _is_free(self, name: str) -> bool:
        """Whether a name is a variable of a function around this one."""
        scope: Scope | None = self.definition.scope
        if name in self.scope.bindings:
            return False
        while scope is not None and scope.kind != "module":
            if scope.kind == "function" and name in scope.bindings:
                return True
            scope = scope.parent
        return False

    def _targets(self, node: ast.expr) -> tuple[Target, ...]:
        """What a called expression is, where it does not start from a variable."""
        root = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id in self.roots or root.id in self.nested:
            return ()
        return self.project.resolve_expr(self.scope, node)

    # --- what is handed back ---

    def _passes(self, returns: list[ast.Return]) -> str | None:
        if not returns or not ends(self.definition.node.body):
            return None
        found = {self._handed_back(one.value) for one in returns}
        name = found.pop() if len(found) == 1 else None
        return None if name is None or name in self.rebound else name

    def _handed_back(self, node: ast.expr | None) -> str | None:
        match node:
            case ast.Name(id=name) if name in self.parameters:
                return name
            case ast.Call(func=function):
                targets = self._targets(function)
                if len(targets) == 1 and isinstance(targets[0], FunctionDefinition) and not targets[0].decorators:
                    passed = self.table.effects(targets[0], None).passes
                    for name, value in _matched(targets[0], node):
                        if name == passed and isinstance(value, ast.Name) and value.id in self.parameters:
                            return value.id
        return None


def parameter_names(definition: FunctionDefinition) -> list[str]:
    """The names of positional parameters, in order."""
    spec = definition.node.args
    return [arg.arg for arg in (*spec.posonlyargs, *spec.args)]


def _all_parameters(definition: FunctionDefinition) -> list[str]:
    spec = definition.node.args
    rest = [arg.arg for arg in (spec.vararg, spec.kwarg) if arg is not None]
    return [*parameter_names(definition), *(arg.arg for arg in spec.kwonlyargs), *rest]


def everything_of(definition: FunctionDefinition) -> frozenset[str]:
    """All that a call of a function can change: variables of a function around it only where there is one."""
    scope: Scope | None = definition.scope
    while scope is not None and scope.kind != "function":
        scope = scope.parent
    return frozenset(_all_parameters(definition)) | (_NOTHING if scope is None else _AROUND)


def _annotated_as_scalars(definition: FunctionDefinition) -> Iterator[str]:
    """Parameters that are said to be of types without anything to change."""
    spec = definition.node.args
    for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        parts = [one.id for one in ast.walk(arg.annotation) if isinstance(one, ast.Name)] if arg.annotation else []
        if parts and all(part in ("str", "int", "float", "bool", "Optional", "Union") for part in parts):
            yield arg.arg


def _string_variables(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Variables that are once given a string that is written out, or lengthened by one."""
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=value)
            ) if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                yield name


def _arguments(node: ast.Call) -> Iterator[ast.expr]:
    yield from node.args
    for keyword in node.keywords:
        yield keyword.value


def _matched(definition: FunctionDefinition, node: ast.Call, skip: int = 0) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a call with the parameters they go to; one that may go to any is there for each."""
    names = parameter_names(definition)[skip:]
    spec = definition.node.args
    for number, value in enumerate(node.args):
        if isinstance(value, ast.Starred):
            for name in _all_parameters(definition)[skip:]:
                yield name, value
        elif number < len(names):
            yield names[number], value
        elif spec.vararg is not None:
            yield spec.vararg.arg, value
    keywords = {*names, *(arg.arg for arg in spec.kwonlyargs)}
    for keyword in node.keywords:
        if keyword.arg is None:
            for name in _all_parameters(definition)[skip:]:
                yield name, keyword.value
        elif keyword.arg in keywords:
            yield keyword.arg, keyword.value
        elif spec.kwarg is not None:
            yield spec.kwarg.arg, keyword.value


def _union(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*sets)


def _is_in_place(name: str) -> bool:
    """A tensor's method that changes its numbers, which no shape holds."""
    return name.endswith("_") and not name.startswith("_")


def _is_harmless(name: str) -> bool:
    top = name.partition(".")[0]
    return top in ("builtins", "torch", "numpy") or is_standard_library(top)


def _is_fresh(name: str) -> bool:
    return name in _FRESH_CALLS or name.partition(".")[0] in ("inspect", "re", "os", "math", "textwrap", "warnings")
