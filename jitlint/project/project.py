"""The project: which file a name leads to, through any number of imports, without running anything."""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar

from jitlint.project.branches import holds
from jitlint.project.definitions import Binding, ClassDefinition, ModuleIndex, Scope
from jitlint.project.externals import Externals
from jitlint.project.files import Missing
from jitlint.project.hierarchy import find_member
from jitlint.project.modules import Modules
from jitlint.project.targets import BoundValue, CheckingOnly, ExternalName, Target, Unresolved

T = TypeVar("T")
_BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__path__",
    "__builtins__",
    "__annotations__",
    "__dict__",
    "__class__",
}
_CIRCULAR = Unresolved("a circular definition")
Targets = tuple[Target, ...]


class Project(Modules):
    """The files of a run, and what the names in them mean.

    externals: what is known of names without source. The rest is as `Modules` takes it.
    """

    def __init__(
        self,
        roots: Sequence[str],
        environment: Sequence[str] = (),
        overlay: Mapping[str, str] | None = None,
        *,
        call_names: Sequence[str] = (),
        python: tuple[int, int] | None = None,
        externals: Externals | None = None,
        hidden: Sequence[str] = ("torch",),
    ) -> None:
        super().__init__(roots, environment, overlay, call_names, python, hidden)
        self.externals = externals or Externals()
        self.decide: Callable[[Scope, ast.expr], bool | None] | None = None
        """Says whether a condition of a module's body holds; set by whoever can evaluate one."""
        self._cache: dict[Hashable, tuple[Any, frozenset[str]]] = {}
        self._active: set[Hashable] = set()
        self._tainted = False
        self.linearising: set[int] = set()  # the classes whose bases are being put in order

    def update(self, path: str, text: str | None) -> None:
        """Replace a file's text (None: what is on disk holds again) and forget every answer that was given."""
        super().update(path, text)
        self._cache.clear()

    def revise(self, texts: Mapping[str, str | None]) -> None:
        """Replace the texts of files that exist (None: what is on disk holds again), and forget what rests on them; the
        other answers stay. What the files defined before lives on, for answers are known by the identity of what they
        are about, which must not come again."""
        super().revise(texts)
        changed = {os.path.abspath(path) for path in texts}
        self._cache = {key: known for key, known in self._cache.items() if known[1].isdisjoint(changed)}

    # -- names

    def resolve(self, scope: Scope, name: str, *, before: ast.AST | None = None) -> Targets:
        """What a name means in a scope: one target; several where a condition decides, the run time's likeliest
        first; none where it is bound nowhere, not even in ``builtins``.

        before: only what `scope` itself binds above this node counts (for what is evaluated on the spot: bases,
        decorators, values); the enclosing scopes count whole, as they do in Python.
        """
        key = ("resolve", id(scope), name, id(before) if before is not None else 0)
        return self._guarded(key, lambda: self._resolve(scope, name, before))

    def resolve_expr(self, scope: Scope, expr: ast.expr, *, before: ast.AST | None = None) -> Targets:
        """What a dotted expression means: names, attributes of modules and classes, ``getattr`` with a literal."""
        match expr:
            case ast.Name(id=name):
                return self.resolve(scope, name, before=before)
            case ast.Attribute(value=value, attr=attribute):
                return self._attributes(self.resolve_expr(scope, value, before=before), attribute)
            case ast.Call(
                func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str() as attribute)], keywords=[]
            ):
                return self._attributes(self.resolve_expr(scope, value, before=before), attribute)
            case ast.Constant(value=str() as text):  # a quoted annotation
                inner = _parsed(text)
                return (Unresolved(f"{text!r} is no name"),) if inner is None else self.resolve_expr(scope, inner)
        return (Unresolved("it is computed"),)

    def external_name(self, scope: Scope, expr: ast.expr, *, before: ast.AST | None = None) -> str | None:
        """The dotted name of what is known by name alone; None where it is anything else, or might be.

        Of several the torch one counts: ``try: from torch.jit import unused / except ImportError: def unused...``.
        """
        targets = self.resolve_expr(scope, expr, before=before)
        names = {target.name for target in targets if isinstance(target, ExternalName)}
        if len(names) == 1 and len(targets) == 1:
            return names.pop()
        if isinstance(targets[0] if targets else None, ExternalName):
            first: ExternalName = targets[0]  # type: ignore[assignment]
            if first.name.startswith("torch."):
                return first.name
        return None

    def member(self, target: Target, attribute: str) -> Targets:
        """What ``target.attribute`` is."""
        return self._attribute(target, attribute)

    def follow(self, scope: Scope, binding: Binding) -> Targets:
        """What one binding of a scope binds its name to."""
        return self._follow(scope, binding)

    def cached(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Compute once; the files that the answer rests on are recorded each time. Objects that `key` identifies
        by ``id`` must live as long as the project (definitions and scopes do)."""
        hit = self._cache.get(key)
        if hit is not None:
            self.dependencies |= hit[1]
            value: T = hit[0]
            return value
        with self.collecting() as collected:
            value = compute()
            if not (self._tainted and self._active):
                self._cache[key] = (value, frozenset(collected))
        return value

    def _guarded(self, key: Hashable, compute: Callable[[], Targets]) -> Targets:
        """`cached`, for definitions that may be circular: what is met again while it is being computed is left out.
        Answers on which such a gap has a bearing are not kept, except the outermost."""
        hit = self._cache.get(key)
        if hit is not None:
            self.dependencies |= hit[1]
            found: Targets = hit[0]
            return found
        if key in self._active or len(self._active) > 60:
            self._tainted = True
            return (_CIRCULAR,)
        self._active.add(key)
        try:
            with self.collecting() as collected:
                targets = _unique(compute())
            self._active.discard(key)
            if not (self._tainted and self._active):
                self._cache[key] = (targets, frozenset(collected))
        finally:
            self._active.discard(key)
            if not self._active:
                self._tainted = False
        return targets

    # -- scopes

    def _resolve(self, scope: Scope, name: str, before: ast.AST | None) -> Targets:
        inner: Scope | None = scope
        classes_count = True
        while inner is not None:
            if inner.kind != "class" or classes_count:
                declared = inner.declared.get(name)
                if declared is not None and declared is not inner:
                    inner, before = declared, None
                found = self._in_scope(inner, name, before if inner is scope else None)
                if found is not None:
                    return found
            if inner.kind in ("class", "function"):
                classes_count = False
            inner = inner.parent
        if name in _BUILTINS:
            return (ExternalName(f"builtins.{name}"),)
        if scope.module.dynamic or scope.module.lazy:
            return (Unresolved(f"{scope.module.name} may define {name} dynamically"),)
        return ()

    def _in_scope(self, scope: Scope, name: str, before: ast.AST | None) -> Targets | None:
        """What the scope itself binds a name to; None where it does not."""
        if scope.module.path:
            self.dependencies.add(scope.module.path)
        bindings = scope.bindings.get(name, ())
        if before is not None:
            bindings = [binding for binding in bindings if _is_above(binding, before)]
        chosen, certain = _effective(bindings, scope.module.lazy, lambda binding: holds(self, scope, binding))
        targets: list[Target] = []
        for binding in chosen:
            targets.extend(self._follow(scope, binding))
        if not certain:
            targets.extend(self._starred(scope, name, scope.stars))
            if scope.module.lazy and not any(binding.guard == "type-checking" for binding in chosen):
                # A lazy loader's table has one entry for a name: where it is imported by itself, no star is asked.
                targets.extend(self._starred(scope, name, scope.checking_stars))
            if chosen and scope.kind == "module" and not _exhaustive(chosen) and name in _BUILTINS:
                targets.append(ExternalName(f"builtins.{name}"))
        if targets:
            return tuple(targets)
        hidden = [
            target
            for binding in bindings
            if binding.guard == "type-checking"
            for target in self._follow(scope, binding)
        ]
        if not certain:
            hidden.extend(self._starred(scope, name, scope.checking_stars))
        if hidden and name not in _BUILTINS:
            return (CheckingOnly(tuple(hidden)),)
        if any(binding.kind == "annotation" for binding in bindings) and scope.kind != "class":
            return (Unresolved(f"{name} is annotated, but never assigned here"),)
        return None

    def _starred(self, scope: Scope, name: str, modules: list[str]) -> list[Target]:
        """What star imports bind a name to, the last import first."""
        targets: list[Target] = []
        for module_name in reversed(modules):
            if self._surely_lacks(module_name, scope.module, name):
                continue
            module = self._module(module_name, scope.module)
            match module:
                case ModuleIndex():
                    key = ("star", id(module), name)
                    targets.extend(
                        target
                        for target in self._guarded(key, lambda m=module: self._exported(m, name))  # type: ignore[misc]
                        if target is not _CIRCULAR
                    )
                    if targets and not isinstance(targets[-1], Unresolved):
                        return targets
                case ExternalName():
                    names = self.externals.public_names(module.name)
                    if names is None and not name.startswith("_"):
                        if name in _BUILTINS:
                            targets.append(ExternalName(f"builtins.{name}"))
                        targets.append(ExternalName(f"{module.name}.{name}"))
                    elif names is not None and name in names:
                        targets.append(ExternalName(f"{module.name}.{name}"))
                        return targets
                case Unresolved() if name not in _BUILTINS:
                    targets.append(module)
        return targets

    def _exported(self, module: ModuleIndex, name: str) -> Targets:
        """What ``from module import *`` binds a name to."""
        names = self.exports(module)
        if names is not None and name not in names:
            return ()
        if names is None and name.startswith("_"):
            return ()
        if names is not None:
            return self._module_attribute(module, name)
        found = self._in_scope(module.scope, name, None) or ()
        return tuple(_renamed(target, module, name) for target in found)

    def exports(self, module: ModuleIndex) -> frozenset[str] | None:
        """The names in a module's ``__all__``; None where it has none or it is computed."""
        key = ("exports", id(module))
        if key in self._active:
            return None
        self._active.add(key)
        try:
            return self.cached(key, lambda: self._exports(module))
        finally:
            self._active.discard(key)

    def _exports(self, module: ModuleIndex) -> frozenset[str] | None:
        bindings = module.scope.bindings.get("__all__")
        if not bindings:
            return None
        names: set[str] = set()
        for binding in bindings:
            node = binding.node.value if isinstance(binding.node, ast.AugAssign) else binding.node
            if binding.kind == "from":
                source = self._module(binding.target.partition(":")[0], module)
                more = self.exports(source) if isinstance(source, ModuleIndex) else None
            elif binding.kind in ("assign", "augment") and isinstance(node, ast.expr) and not binding.path:
                more = self._name_list(module, node)
            else:
                more = None
            if more is None:
                return None
            names = set(more) if binding.kind != "augment" and not binding.guard else names | more
        if module.dynamic:
            return None
        return frozenset(names)

    def _name_list(self, module: ModuleIndex, node: ast.expr) -> frozenset[str] | None:
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                names: set[str] = set()
                for item in items:
                    if isinstance(item, ast.Constant) and isinstance(item.value, str):
                        names.add(item.value)
                    elif isinstance(item, ast.Starred) and (more := self._name_list(module, item.value)) is not None:
                        names |= more
                    elif (
                        isinstance(item, ast.Attribute) and item.attr == "__name__" and isinstance(item.value, ast.Name)
                    ):
                        names.add(item.value.id)
                    else:
                        return None
                return frozenset(names)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self._name_list(module, left), self._name_list(module, right)
                return None if first is None or second is None else first | second
            case ast.Attribute(value=value, attr="__all__"):
                targets = self.resolve_expr(module.scope, value)
                if len(targets) == 1 and isinstance(targets[0], ModuleIndex):
                    return self.exports(targets[0])
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted"), args=[inner], keywords=[]):
                return self._name_list(module, inner)
            case ast.Name(id="__all__"):
                return frozenset()
        return None

    # -- bindings and attributes

    def _follow(self, scope: Scope, binding: Binding) -> Targets:
        module = scope.module
        node = binding.node
        match binding.kind:
            case "import":
                return (self._module(binding.target, module),)
            case "from":
                name, _, attribute = binding.target.partition(":")
                source = self._module(name, module)
                if source is module and module.is_package:  # `from . import part` in the package itself
                    part = self._submodule(module, attribute)
                    if part is not None:
                        return (part,)
                if isinstance(source, ModuleIndex):
                    return self._attribute(source, attribute)
                return (ExternalName(f"{name}.{attribute}") if isinstance(source, ExternalName) else source,)
            case "function":
                return (module.functions_by_node[id(node)],)
            case "class":
                return (module.classes_by_node[id(node)],)
            case "assign" if not binding.path and isinstance(node, ast.expr):
                return self._alias(scope, binding, node)
        return (BoundValue(scope, binding),)

    def _alias(self, scope: Scope, binding: Binding, value: ast.expr) -> Targets:
        """An assignment: of a dotted name it is another name for the same thing, of anything else a value."""
        match value:
            case ast.IfExp(body=body, orelse=orelse) if _is_dotted(body) or _is_dotted(orelse):
                return (*self._alias(scope, binding, body), *self._alias(scope, binding, orelse))
            case ast.Name() | ast.Attribute() | ast.Call(func=ast.Name(id="getattr")) if _is_dotted(value):
                targets = self.resolve_expr(scope, value, before=value)
                if targets and not any(isinstance(target, Unresolved) for target in targets):
                    return targets
        return (BoundValue(scope, binding),)

    def _attributes(self, targets: Targets, attribute: str) -> Targets:
        return _unique(tuple(found for target in targets for found in self._attribute(target, attribute)))

    def _attribute(self, target: Target, attribute: str) -> Targets:
        match target:
            case ModuleIndex():
                key = ("attribute", id(target), attribute)
                return self._guarded(key, lambda: self._module_attribute(target, attribute))
            case ExternalName(name=name):
                return (ExternalName(f"{name}.{attribute}"),)
            case ClassDefinition():
                found = find_member(self, target, attribute)
                if found is None:
                    return (Unresolved(f"{target.qualname} has no {attribute} that could be found"),)
                return self._follow(found[0].body, found[1]) if isinstance(found, tuple) else (found,)
            case CheckingOnly(targets=targets):
                return (CheckingOnly(self._attributes(targets, attribute)),)
            case Unresolved():
                return (target,)
        return (Unresolved(f"{attribute} is an attribute of a value"),)

    def _module_attribute(self, module: ModuleIndex, attribute: str) -> Targets:
        """What ``module.attribute`` is: what the module binds, else its submodule of that name."""
        if module.lazy and module.is_package and attribute not in module.scope.bindings:
            # Of hundreds of stars under TYPE_CHECKING none is asked where a file of that name answers.
            submodule = self._submodule(module, attribute)
            if submodule is not None:
                return (submodule,)
        found = self._in_scope(module.scope, attribute, None)
        if found is not None and any(target is not _CIRCULAR for target in found):
            return tuple(_renamed(target, module, attribute) for target in found)
        if module.is_package:
            name = f"{module.name}.{attribute}"
            submodule = self._submodule(module, attribute)
            if submodule is not None:
                return (submodule,)
            if not module.path:
                return (Unresolved(f"there is no module {name}"),)
        if "__getattr__" in module.scope.bindings or module.dynamic:
            return (Unresolved(f"{module.name} makes {attribute} when it is asked for"),)
        return (Unresolved(f"{module.name} has no {attribute}"),)

    def _submodule(self, module: ModuleIndex, attribute: str) -> Target | None:
        if module.path:
            found = self.finder.find_below(os.path.dirname(module.path), attribute)
        else:
            found = self.finder.find(f"{module.name}.{attribute}")
        if isinstance(found, Missing):
            return ExternalName(f"{module.name}.{attribute}") if found.external else None
        return self._found(f"{module.name}.{attribute}", found)


def _effective(
    bindings: Sequence[Binding], lazy: bool, holds: Callable[[Binding], bool | None]
) -> tuple[list[Binding], bool]:
    """The bindings that may be in force once the scope has run, in source order, and whether one of them surely is."""
    chosen: list[Binding] = []
    for binding in reversed(bindings):
        if binding.kind == "annotation" or (binding.guard == "type-checking" and not lazy):
            continue
        made = holds(binding) if binding.guard else True
        if made is False:
            continue
        if binding.kind == "delete":
            if not made:
                continue
            break
        chosen.append(binding)
        if made:
            return chosen[::-1], True
    return chosen[::-1], False


def _exhaustive(bindings: Sequence[Binding]) -> bool:
    guards = {binding.guard for binding in bindings}
    return {"if", "else"} <= guards or {"try", "except"} <= guards or "" in guards


def _is_above(binding: Binding, node: ast.AST) -> bool:
    """Whether a binding is made before the statement that `node` stands in is through."""
    line: int = getattr(node, "lineno", 0)
    if binding.node is node or binding.line > line:
        return False
    if binding.line < line:
        return True
    own: int = getattr(binding.node, "col_offset", 0)
    return own < getattr(node, "col_offset", 0)


def _is_dotted(node: ast.expr) -> bool:
    while True:
        match node:
            case ast.Name():
                return True
            case ast.Attribute(value=node):
                pass
            case ast.Call(func=ast.Name(id="getattr"), args=[node, ast.Constant(value=str())], keywords=[]):
                pass
            case _:
                return False


def _renamed(target: Target, module: ModuleIndex, attribute: str) -> Target:
    """A package's name for what comes out of its own compiled parts: ``numpy.ndarray``, wherever it is made."""
    if isinstance(target, ExternalName):
        top = module.name.partition(".")[0]
        if target.name.startswith(top + "."):
            return ExternalName(f"{module.name}.{attribute}")
    return target


def _unique(targets: Targets) -> Targets:
    if len(targets) < 2:
        return targets
    seen: list[Target] = []
    for target in targets:
        if target is _CIRCULAR and len(targets) > 1:
            continue
        if not any(
            target is other or (isinstance(target, ExternalName | Unresolved) and target == other) for other in seen
        ):
            seen.append(target)
    return tuple(seen) or (_CIRCULAR,)


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
