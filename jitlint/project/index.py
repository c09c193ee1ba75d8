"""The index of one file: what each of its scopes binds, and every function and class a unit may come from.

One pass over the statements of the module and its classes. The body of a function is looked at when somebody asks
(`function_scope`), or when its text may hold a nested class, a ``torch.jit`` mark or a script call: a look at the
lines decides, so that most bodies cost nothing.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from jitlint.project.definitions import Binding, Branch, ClassDefinition, FunctionDefinition, ModuleIndex, Scope

if TYPE_CHECKING:
    from jitlint.source.text import SourceFile

CALL_NAMES = frozenset({"script", "trace", "trace_module"})

# Statements inside a function that bind more than its own names.
_BINDERS = ("class ", "global ", "nonlocal ")
DYNAMIC = ("globals()", "vars()", "exec(", "setattr(sys.modules", "sys.modules[__name__]")
_REPLACED = re.compile(r"^[ \t]*(?:\w+[ \t]*=[ \t]*)?sys\.modules\[__name__\][ \t]*=", re.M)
_ALIAS = re.compile(
    r"\b(?:script|trace|trace_module)\b[ \t]+as[ \t]+(\w+)|^[ \t]*(\w+)[ \t]*=[ \t]*[\w.]*\b(?:script|trace)[ \t]*$"
)


def build_index(
    name: str,
    is_package: bool,
    source: SourceFile,
    tree: ast.Module,
    call_names: Iterable[str] = (),
    python: tuple[int, int] | None = None,
) -> ModuleIndex:
    """Index a parsed file.

    python: the version that the code is for, where that is known.
    name: its absolute dotted name, the anchor of its relative imports. call_names: the last names of further
    functions whose calls are to be collected (the `script-calls` setting).
    """
    text = source.text
    index = ModuleIndex(name, source.path, is_package, source.lines, source.digest)
    index.scope = Scope("module", index, "")
    names = CALL_NAMES.union(call.rpartition(".")[2] for call in call_names)
    index.hot_lines, aliases = _hot_lines(source, names)
    index.call_names = names | aliases
    index.python = python
    if any(word in text for word in DYNAMIC):
        index.dynamic = True
        index.lazy = _REPLACED.search(text) is not None
    builder = _Builder(index, walrus=":=" in text)
    builder.block(tree.body, index.scope, None)
    return index


def function_scope(function: FunctionDefinition) -> Scope:
    """The scope inside a function: its parameters, what its statements bind, its nested functions and classes."""
    scope = function.module.function_scopes.get(id(function.node))
    if scope is None:
        scope = _Builder(function.module, walrus=True, lazily=True).function(function)
    return scope


def closure_scope(function: FunctionDefinition) -> Scope:
    """The scope where names of a function's body that are not its own are looked up: Python skips the classes."""
    scope = function.scope
    while scope.kind in ("class", "type-parameters") and scope.parent is not None:
        scope = scope.parent
    return scope


def absolute_name(index: ModuleIndex, module: str | None, level: int) -> str:
    """The absolute name that a (relative) import asks for. One that leaves the known packages keeps its leading
    dots, to be looked up from the file's own folder."""
    if not level:
        return module or ""
    parts = index.name.split(".") if index.name else []
    if not index.is_package:
        parts = parts[:-1]
    drop = level - 1
    if drop >= len(parts) and not (drop == 0 and parts):
        return "." * (level - len(parts)) + (module or "")
    kept = ".".join(parts[: len(parts) - drop])
    return f"{kept}.{module}" if module else kept


def _hot_lines(source: SourceFile, names: frozenset[str]) -> tuple[list[int], set[str]]:
    """The 1-based lines, ascending, for which it is worth looking into a function: those where a nested class or an
    outward binding starts, and those that mention one of `names` or another name given to it (the second result)."""
    text = source.text
    places: set[int] = set()
    for word in _BINDERS:
        for at in _occurrences(text, word):
            before = at - 1
            while before >= 0 and text[before] in " \t":
                before -= 1
            if before >= 0 and (text[before] in ":;" or (text[before] in "\r\n" and before != at - 1)):
                places.add(at)
    aliases: set[str] = set()
    for name in names:
        for at in _occurrences(text, name):
            places.add(at)
            if match := _ALIAS.search(_line_at(text, at)):
                aliases.add(match[1] or match[2])
    for name in aliases - names:
        places.update(_occurrences(text, name))
    return _line_numbers(text, sorted(places)), aliases


def _occurrences(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _line_at(text: str, at: int) -> str:
    end = text.find("\n", at)
    return text[text.rfind("\n", 0, at) + 1 : end if end >= 0 else len(text)]


def _line_numbers(text: str, places: list[int]) -> list[int]:
    old_ends = "\r" in text
    lines: list[int] = []
    line, position = 1, 0
    for place in places:
        line += text.count("\n", position, place)
        if old_ends:
            line += text.count("\r", position, place) - text.count("\r\n", position, place)
        position = place
        lines.append(line)
    return lines


class _Builder:
    """One walk. `lazily` made scopes do not extend the index's lists, which the first walk completes."""

    def __init__(self, index: ModuleIndex, *, walrus: bool, lazily: bool = False) -> None:
        self.index = index
        self.walrus = walrus
        self.lazily = lazily
        self.branch: Branch | None = None

    # -- definitions

    def function(self, function: FunctionDefinition) -> Scope:
        """The scope of a function's inside, filled."""
        node = function.node
        scope = Scope("function", self.index, function.qualname, parent=function.scope)
        self.index.function_scopes[id(node)] = scope
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            self.bind(
                scope, Binding(argument.arg, "parameter", argument, "", "", argument.lineno, (), argument.annotation)
            )
        for star in (arguments.vararg, arguments.kwarg):
            if star is not None:
                self.bind(scope, Binding(star.arg, "parameter", star, "", "", star.lineno, (), star.annotation))
        self.block(node.body, scope, None)
        return scope

    def define_function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, cls: ClassDefinition | None, guard: str
    ) -> None:
        outer = self.type_parameters(node, scope)
        qualname = _qualname(scope, node.name)
        function = FunctionDefinition(node, outer, self.index, qualname, cls, tuple(node.decorator_list))
        self.index.functions_by_node[id(node)] = function
        if not self.lazily:
            self.index.functions.append(function)
        self.bind(scope, Binding(node.name, "function", node, "", guard, node.lineno))
        if self.hot(_first_line(node.body[0]), node.end_lineno):
            self.function(function)
        if node.decorator_list and self.hot(node.decorator_list[0].lineno, node.lineno):
            for decorator in node.decorator_list:
                self.collect(decorator, outer)

    def define_class(self, node: ast.ClassDef, scope: Scope, guard: str) -> ClassDefinition:
        outer = self.type_parameters(node, scope)
        qualname = _qualname(scope, node.name)
        body = Scope("class", self.index, qualname, parent=outer)
        definition = ClassDefinition(node, outer, body, self.index, qualname)
        self.index.classes_by_node[id(node)] = definition
        if not self.lazily:
            self.index.classes.append(definition)
        self.bind(scope, Binding(node.name, "class", node, "", guard, node.lineno))
        return definition

    def type_parameters(self, node: ast.AST, scope: Scope) -> Scope:
        parameters: list[ast.AST] = getattr(node, "type_params", None) or []
        if not parameters:
            return scope
        outer = Scope("type-parameters", self.index, scope.qualname, parent=scope)
        for parameter in parameters:
            name: str = getattr(parameter, "name", "")
            self.bind(outer, Binding(name, "parameter", parameter, "", "", getattr(parameter, "lineno", 0)))
        return outer

    # -- statements

    def block(self, statements: list[ast.stmt], scope: Scope, cls: ClassDefinition | None) -> None:
        """Bind what the statements bind, in source order, blocks and class bodies included."""
        # An explicit stack: a chain of a thousand `elif` nests as deep in the tree.
        outside, self.branch = self.branch, None
        stack: list[tuple[Iterator[ast.stmt], Scope, ClassDefinition | None, str, Branch | None]] = [
            (iter(statements), scope, cls, "", None)
        ]
        while stack:
            iterator, scope, cls, guard, branch = stack[-1]
            self.branch = branch
            for node in iterator:
                blocks = self.statement(node, scope, cls, guard)
                if blocks:
                    stack.extend(
                        (iter(body), inner, owner, why, _branch(node, body, branch))
                        for body, inner, owner, why in reversed(blocks)
                        if body
                    )
                    break
            else:
                stack.pop()
        self.branch = outside

    def statement(
        self, node: ast.stmt, scope: Scope, cls: ClassDefinition | None, guard: str
    ) -> list[tuple[list[ast.stmt], Scope, ClassDefinition | None, str]] | None:
        """Bind what one statement binds; the blocks inside it come back with the guard they stand under."""
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self.define_function(node, scope, cls, guard)
                return None
            case ast.ClassDef():
                definition = self.define_class(node, scope, guard)
                for expression in (*node.decorator_list, *node.bases):
                    self.expression(expression, definition.scope)
                return [(node.body, definition.body, definition, "")]
            case ast.Expr(value=ast.Constant()):
                return None
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                self.expression(value, scope)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.target(target, "assign", value, scope, guard)
                self.expression(value, scope)
            case ast.AnnAssign(target=ast.Name(id=name), value=value, annotation=annotation):
                kind = "annotation" if value is None else "assign"
                self.bind(scope, Binding(name, kind, value, "", guard, node.lineno, (), annotation))
                if value is not None:
                    self.expression(value, scope)
            case ast.Import(names=names):
                for alias in names:
                    target_name = alias.name if alias.asname else alias.name.partition(".")[0]
                    bound = alias.asname or target_name
                    self.bind(scope, Binding(bound, "import", node, target_name, guard, node.lineno))
            case ast.ImportFrom():
                self.import_from(node, scope, guard)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                self.bind(scope, Binding(name, "augment", node, "", guard, node.lineno))
                self.expression(value, scope)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.target(target, "delete", None, scope, guard)
            case ast.If():
                return self.condition(node, scope, cls, guard)
            case ast.Try():
                return self.trial(node, scope, cls, guard)
            case ast.For() | ast.AsyncFor():
                self.target(node.target, "loop", node.iter, scope, _inner(guard, "loop"))
                self.expression(node.iter, scope)
                return [
                    (node.body, scope, cls, _inner(guard, "loop")),
                    (node.orelse, scope, cls, _inner(guard, "loop")),
                ]
            case ast.While():
                self.expression(node.test, scope)
                return [
                    (node.body, scope, cls, _inner(guard, "loop")),
                    (node.orelse, scope, cls, _inner(guard, "loop")),
                ]
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self.expression(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self.target(item.optional_vars, "with", item.context_expr, scope, guard)
                return [(node.body, scope, cls, guard)]
            case ast.Match():
                self.expression(node.subject, scope)
                for case in node.cases:
                    for pattern in ast.walk(case.pattern):
                        captured = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                        if isinstance(captured, str):
                            line = getattr(pattern, "lineno", node.lineno)
                            self.bind(scope, Binding(captured, "assign", None, "", _inner(guard, "if"), line))
                return [(case.body, scope, cls, _inner(guard, "if")) for case in node.cases]
            case ast.Global(names=names):
                for name in names:
                    scope.declared[name] = self.index.scope
            case ast.Nonlocal(names=names):
                for name in names:
                    scope.declared[name] = _enclosing_function(scope, name)
            case ast.Assert(test=test):
                self.expression(test, scope)
            case _:
                self.newer(node, scope, cls, guard)
                if type(node).__name__ == "TryStar":
                    return self.trial(node, scope, cls, guard)  # type: ignore[arg-type]
        return None

    def newer(self, node: ast.stmt, scope: Scope, cls: ClassDefinition | None, guard: str) -> None:
        """Statements that older versions of `ast` do not have."""
        name = getattr(node, "name", None)
        if type(node).__name__ == "TypeAlias" and isinstance(name, ast.Name):
            self.bind(scope, Binding(name.id, "assign", getattr(node, "value", None), "", guard, node.lineno))

    def condition(
        self, node: ast.If, scope: Scope, cls: ClassDefinition | None, guard: str
    ) -> list[tuple[list[ast.stmt], Scope, ClassDefinition | None, str]]:
        self.expression(node.test, scope)
        test, negated = node.test, False
        while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test, negated = test.operand, not negated
        if _is_type_checking(test):
            hidden, shown = (node.orelse, node.body) if negated else (node.body, node.orelse)
            blocks = [(hidden, scope, cls, "type-checking"), (shown, scope, cls, guard)]
            return blocks[::-1] if negated else blocks
        known = _constant_condition(test, self.index.python)
        if known is not None:
            return [(node.body if known != negated else node.orelse, scope, cls, guard)]
        return [(node.body, scope, cls, _inner(guard, "if")), (node.orelse, scope, cls, _inner(guard, "else"))]

    def trial(
        self, node: ast.Try, scope: Scope, cls: ClassDefinition | None, guard: str
    ) -> list[tuple[list[ast.stmt], Scope, ClassDefinition | None, str]]:
        # Where every handler raises, what the body binds is bound afterwards.
        certain = all(handler.body and isinstance(handler.body[-1], ast.Raise) for handler in node.handlers)
        tried = guard if certain else _inner(guard, "try")
        blocks = [(node.body, scope, cls, tried), (node.orelse, scope, cls, tried)]
        for handler in node.handlers:
            why = _inner(guard, "except")
            if handler.name:
                self.bind(scope, Binding(handler.name, "except", handler.type, "", why, handler.lineno))
            blocks.append((handler.body, scope, cls, why))
        blocks.append((node.finalbody, scope, cls, guard))
        return blocks

    def import_from(self, node: ast.ImportFrom, scope: Scope, guard: str) -> None:
        module = absolute_name(self.index, node.module, node.level)
        for alias in node.names:
            if alias.name == "*":
                (scope.checking_stars if guard == "type-checking" else scope.stars).append(module)
                continue
            if module == "__future__" and alias.name == "annotations":
                self.index.future_annotations = True
            self.bind(
                scope, Binding(alias.asname or alias.name, "from", node, f"{module}:{alias.name}", guard, node.lineno)
            )

    # -- names

    def target(
        self, target: ast.expr, kind: str, value: ast.expr | None, scope: Scope, guard: str, path: tuple[int, ...] = ()
    ) -> None:
        """Bind the names of an assignment target; unpacking a display of as many items binds each item."""
        match target:
            case ast.Name(id=name):
                self.bind(scope, Binding(name, kind, value, "", guard, target.lineno, path))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                items: list[ast.expr] | None = None
                if kind == "assign" and not path and isinstance(value, ast.Tuple | ast.List):
                    items = value.elts
                    if len(items) != len(targets) or any(isinstance(item, ast.Starred) for item in (*items, *targets)):
                        items = None
                for number, element in enumerate(targets):
                    if items is not None:
                        self.target(element, kind, items[number], scope, guard)
                    else:
                        self.target(element, kind, value, scope, guard, (*path, number))
            case ast.Starred(value=inner):
                self.target(inner, kind, value, scope, guard, (*path, -1))
            case ast.Attribute(value=ast.Name(id=name), attr="__annotations__") if scope.kind == "module" and value:
                scope.module.annotated[name] = value

    def bind(self, scope: Scope, binding: Binding) -> None:
        if scope.declared:
            owner = scope.declared.get(binding.name)
            if owner is not None:
                scope = owner
                binding.guard = "global"
        binding.branch = self.branch
        bindings = scope.bindings.get(binding.name)
        if bindings is None:
            scope.bindings[binding.name] = [binding]
        else:
            bindings.append(binding)

    # -- expressions

    def hot(self, first: int, last: int | None) -> bool:
        lines = self.index.hot_lines
        at = bisect_left(lines, first)
        return at < len(lines) and lines[at] <= (last or first)

    def expression(self, node: ast.expr, scope: Scope) -> None:
        """Collect the calls and the names that ``:=`` binds; a look at the lines first."""
        if self.walrus or self.hot(node.lineno, node.end_lineno):
            self.collect(node, scope)

    def collect(self, node: ast.expr, scope: Scope) -> None:
        names = self.index.call_names
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                function = inner.func
                last = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if last in names and not self.lazily:
                    self.index.calls.append(inner)
                    self.index.call_scopes[id(inner)] = scope
            elif isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name):
                self.bind(scope, Binding(inner.target.id, "assign", inner.value, "", "if", inner.lineno))


def _branch(node: ast.stmt, body: list[ast.stmt], outer: Branch | None) -> Branch | None:
    """The branch that a block of a statement is."""
    match node:
        case ast.If():
            return Branch(node, "body" if body is node.body else "else", outer)
        case ast.Try():
            for number, handler in enumerate(node.handlers):
                if handler.body is body:
                    return Branch(node, number, outer)
            return Branch(node, "body" if body is node.body else "else" if body is node.orelse else "finally", outer)
        case ast.ClassDef():
            return None
    return outer


def _qualname(scope: Scope, name: str) -> str:
    match scope.kind:
        case "module":
            return name
        case "class":
            return f"{scope.qualname}.{name}"
        case _:
            return f"{scope.qualname}.<locals>.{name}"


def _first_line(node: ast.stmt) -> int:
    """Where a statement starts, its decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return decorators[0].lineno if decorators else node.lineno


def _enclosing_function(scope: Scope, name: str) -> Scope:
    outer = scope.parent
    while outer is not None and not (outer.kind == "function" and name in outer.bindings):
        outer = outer.parent
    return outer or scope


def _inner(guard: str, why: str) -> str:
    """The guard of a block inside a block: nothing undoes ``type-checking``."""
    return guard if guard == "type-checking" else why


def _is_type_checking(test: ast.expr) -> bool:
    match test:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == "TYPE_CHECKING"
    return False


def _constant_condition(test: ast.expr, python: tuple[int, int] | None) -> bool | None:
    """The value of a condition that does not depend on the run: a constant, or a comparison with Python's version where
    that is known, or the other one long gone."""
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="sys"), attr="version_info"),
            ops=[operator],
            comparators=[ast.Tuple(elts=[ast.Constant(value=int() as major), *rest])],
        ):
            minor = rest[0].value if rest and isinstance(rest[0], ast.Constant) else 0
            if not isinstance(minor, int) or (python is None and (major, minor) > (3, 6)):
                return None
            # Of the version in force the patch is not known: (3, 9, 7), say.
            known = (*(python or (3, 7)), 1)
            match operator:
                case ast.GtE() | ast.Gt():
                    return known > (major, minor)
                case ast.Lt() | ast.LtE():
                    return known < (major, minor)
    return None
