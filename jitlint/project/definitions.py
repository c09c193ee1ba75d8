"""Where things are defined: the nodes of functions and classes with the scope that gives their names meaning."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A block of an ``if`` or ``try``: `arm` is ``body``, ``else``, ``finally``, or the number of a handler; `outer` the
    branch that the statement itself stands in."""

    node: ast.If | ast.Try
    arm: str | int
    outer: Branch | None


@dataclass(slots=True)
class Binding:
    """One binding of a name in a scope, in source order.

    kind: ``import`` (``import a.b as c``: target ``a.b``), ``from`` (target ``pkg.mod:name``, absolute),
    ``function``, ``class``, ``assign`` (`node` is the value expression; `path` the unpacking indices into it),
    ``annotation`` (``x: T`` without value), ``parameter``, ``loop``, ``with``, ``except``, ``delete``, ``augment``.
    guard: why it may not hold at run time: ``""`` (always), ``type-checking``, ``try``, ``except``, ``if``, ``else``,
    ``loop``, ``global`` (assigned by a function that declares the name global or nonlocal). branch: the block of an
    ``if`` or ``try`` that it stands in.
    """

    name: str
    kind: str
    node: ast.AST | None
    target: str = ""
    guard: str = ""
    line: int = 0
    path: tuple[int, ...] = ()
    annotation: ast.expr | None = None
    branch: Branch | None = None


@dataclass(slots=True)
class Scope:
    """Names bound in a module, class or function. `parent` is the enclosing scope; a class scope is not searched
    from the functions inside it, as in Python."""

    kind: str  # module, class, function, or type-parameters (the scope that ``def f[T]`` puts around itself)
    module: ModuleIndex
    qualname: str  # '' for a module
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    parent: Scope | None = None
    stars: list[str] = field(default_factory=list)  # modules star-imported here (absolute names)
    checking_stars: list[str] = field(default_factory=list)  # those under ``if TYPE_CHECKING:``
    declared: dict[str, Scope] = field(default_factory=dict)  # names declared global or nonlocal: where they are bound


@dataclass(slots=True, eq=False)
class FunctionDefinition:
    """A function or method with source. Identity is the object's own (one per node, made by the index)."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    scope: Scope  # the scope the def statement stands in
    module: ModuleIndex
    qualname: str  # Python's __qualname__
    cls: ClassDefinition | None = None
    decorators: tuple[ast.expr, ...] = ()

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(slots=True, eq=False)
class ClassDefinition:
    """A class with source. `body` is its scope: methods, nested classes, class attributes, annotations."""

    node: ast.ClassDef
    scope: Scope
    body: Scope
    module: ModuleIndex
    qualname: str

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(slots=True, eq=False)
class ModuleIndex:
    """One Python file: its name, text lines, scope, and every function and class in it, nested ones included."""

    name: str
    path: str
    is_package: bool
    lines: list[str]
    digest: str
    scope: Scope = field(init=False)
    functions: list[FunctionDefinition] = field(default_factory=list)
    classes: list[ClassDefinition] = field(default_factory=list)
    future_annotations: bool = False
    functions_by_node: dict[int, FunctionDefinition] = field(default_factory=dict)
    classes_by_node: dict[int, ClassDefinition] = field(default_factory=dict)
    calls: list[ast.Call] = field(default_factory=list)  # calls of anything that ends in script/trace/... by last name
    call_scopes: dict[int, Scope] = field(default_factory=dict)  # by id of such a call: the scope it is evaluated in
    function_scopes: dict[int, Scope] = field(default_factory=dict)  # by id of the def; see `function_scope`
    lazy: bool = False  # puts a lazy loader in its place: what it imports for type checking is there
    dynamic: bool = False  # may bind names that its statements do not show (``globals()[...] = ``, ``exec``)
    hot_lines: list[int] = field(default_factory=list)  # where a nested class, a mark or a script call may be
    call_names: frozenset[str] = frozenset()  # last names of the calls that are collected
    annotated: dict[str, ast.expr] = field(default_factory=dict)  # ``Name.__annotations__ = ...`` at the top, by name
    python: tuple[int, int] | None = None  # the Python that the code is for, where that is known
