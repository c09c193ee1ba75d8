"""Fixes of annotations: those that TorchScript cannot read, and those that it misses (5xx)."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jitlint.emit.evidence import Mismatch, RefusedCall
from jitlint.emit.values import ClassRef, FunctionRef, MethodRef, Val
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.context import Change, Context, Draft, Function
from jitlint.fixes.edits import replaced
from jitlint.fixes.imports import need
from jitlint.project.definitions import FunctionDefinition
from jitlint.project.legacy import version_tuple
from jitlint.types.model import ANY, NONE, UNKNOWN, OptionalType, TensorType, TupleType, Type
from jitlint.types.relations import unify

# --- annotations that are no types ------------------------------------------------------------------------------------

_LISTS = frozenset(
    "typing.Sequence typing.MutableSequence typing.Iterable typing.Collection typing.Iterator typing.Container "
    "collections.abc.Sequence collections.abc.MutableSequence collections.abc.Iterable collections.abc.Collection "
    "collections.abc.Iterator".split()
)
_DICTS = frozenset(
    "typing.Mapping typing.MutableMapping typing.OrderedDict typing.DefaultDict collections.abc.Mapping "
    "collections.abc.MutableMapping collections.OrderedDict collections.defaultdict".split()
)
_SIMPLE = {
    "torch.tensor": "torch.Tensor",
    "builtins.object": "typing.Any",
    "torch.nn.Parameter": "torch.Tensor",
    "torch.nn.parameter.Parameter": "torch.Tensor",
    "torch.FloatTensor": "torch.Tensor",
    "torch.LongTensor": "torch.Tensor",
    "torch.BoolTensor": "torch.Tensor",
    "torch.IntTensor": "torch.Tensor",
    "torch.autograd.Variable": "torch.Tensor",
    "torch.autograd.variable.Variable": "torch.Tensor",
}
_GENERIC = frozenset(
    "typing.List typing.Dict typing.Tuple typing.Optional builtins.list builtins.dict builtins.tuple "
    "torch.jit.Future torch.futures.Future".split()
)
_SURE = frozenset({"torch.tensor"})  # the spelling is wrong in Python, too


class _NoSpelling(Exception):
    """An annotation that has no counterpart."""


class _Writer:
    """An annotation in TorchScript's types, and the imports it takes."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.changes: list[Change] = []
        self.applicability: Applicability = "safe"

    def need(self, dotted: str) -> str:
        text, more = need(self.context, dotted)
        self.changes.extend(more)
        return text

    def unsure(self) -> None:
        self.applicability = "unsafe"

    def text(self, node: ast.expr) -> str:
        context = self.context
        match node:
            case ast.Constant(value=None):
                return "None"
            case ast.Tuple(elts=elements) if elements:
                return f"{self.need('typing.Tuple')}[{', '.join(map(self.text, elements))}]"
            case ast.List(elts=[element]):
                return f"{self.need('typing.List')}[{self.text(element)}]"
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.union([left, right])
            case ast.Subscript(value=value, slice=inner):
                return self.subscripted(node, context.name_of(value) or "", inner)
            case ast.Name() | ast.Attribute():
                return self.named(node)
        raise _NoSpelling

    def subscripted(self, node: ast.Subscript, name: str, inner: ast.expr) -> str:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in ("typing.Annotated", "typing_extensions.Annotated"):
            self.unsure()
            return self.text(parts[0])
        if name in ("typing.Final", "typing_extensions.Final", "typing.ClassVar", "typing.Required"):
            return self.text(parts[0])
        if name in ("typing.Literal", "typing_extensions.Literal"):
            kinds = {type(part.value) for part in parts if isinstance(part, ast.Constant)}
            if len(kinds) == 1 and all(isinstance(part, ast.Constant) for part in parts):
                self.unsure()
                kind = kinds.pop()
                if kind in (str, int, bool):
                    return str(kind.__name__)
            raise _NoSpelling
        if name in _LISTS and len(parts) == 1:
            self.unsure()
            return f"{self.need('typing.List')}[{self.text(parts[0])}]"
        if name in _DICTS and len(parts) == 2:
            self.unsure()
            return f"{self.need('typing.Dict')}[{', '.join(map(self.text, parts))}]"
        if name in ("typing.Tuple", "builtins.tuple") and len(parts) == 2 and _dots(parts[1]):
            self.unsure()
            return f"{self.need('typing.List')}[{self.text(parts[0])}]"
        if name == "typing.Union":
            return self.union(parts)
        if name not in _GENERIC:
            raise _NoSpelling
        outer = self.context.code(node.value)
        return f"{outer}[{', '.join(map(self.text, parts))}]"

    def union(self, parts: Iterable[ast.expr]) -> str:
        texts = []
        for part in parts:
            try:
                texts.append(self.text(part))
            except _NoSpelling:
                self.unsure()
        texts = list(dict.fromkeys(texts))
        others = [text for text in texts if text != "None"]
        if not others:
            raise _NoSpelling
        if len(others) == 1:
            return f"{self.need('typing.Optional')}[{others[0]}]" if len(texts) > 1 else others[0]
        return f"{self.need('typing.Union')}[{', '.join(texts)}]"

    def named(self, node: ast.expr) -> str:
        context = self.context
        name = context.name_of(node)
        if name in _SIMPLE:
            if name not in _SURE:
                self.unsure()
            return self.need(_SIMPLE[name])
        if name == "torch.Size":
            self.unsure()
            return f"{self.need('typing.List')}[int]"
        if name in ("torch.memory_format", "torch.layout"):
            self.unsure()
            return "int"
        if name in ("builtins.int", "builtins.float", "builtins.bool", "builtins.str", "builtins.complex"):
            return context.code(node)
        if name is not None and name.startswith("torch.") and name in ("torch.Tensor", "torch.device", "torch.dtype"):
            return context.code(node)
        if name in ("typing.Any", "torch.Generator", "torch.Stream"):
            return context.code(node)
        if name is not None and not name.startswith(("builtins.", "typing.", "collections.")):
            raise _NoSpelling
        if isinstance(node, ast.Name):
            value = _assigned(context, node.id)
            if isinstance(value, ast.Call):
                maker = context.name_of(value.func)
                if maker == "typing.NewType" and len(value.args) == 2:
                    self.unsure()
                    return self.text(value.args[1])
                if maker == "typing.TypeVar":
                    bound = next((one.value for one in value.keywords if one.arg == "bound"), None)
                    if bound is not None:
                        self.unsure()
                        return self.text(bound)
                    raise _NoSpelling
            if name is None and value is None and context.index.scope.bindings.get(node.id):
                return node.id  # a class of the file's own
        raise _NoSpelling


def _dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _assigned(context: Context, name: str) -> ast.expr | None:
    """The value that the file gives to a name, where it gives it one, once."""
    bindings = context.index.scope.bindings.get(name, [])
    if len(bindings) == 1 and bindings[0].kind == "assign" and isinstance(bindings[0].node, ast.expr):
        node = bindings[0].node
        for one in ast.walk(context.tree):
            if isinstance(one, type(node)) and getattr(one, "lineno", 0) == node.lineno:
                if one.col_offset == node.col_offset:
                    return one
    return None


def readable(context: Context, finding: Finding) -> Draft | None:
    """An annotation in types that TorchScript has."""
    node = _annotation_at(context, finding)
    if node is None:
        return None
    before = context.code(node)
    writer = _Writer(context)
    try:
        text = writer.text(node)
    except (_NoSpelling, SyntaxError):
        return None
    if text == before:
        return None
    return Draft(writer.applicability, f"Annotate as `{text}`", (replaced(context, node, text), *writer.changes))


def _annotation_at(context: Context, finding: Finding) -> ast.expr | None:
    """The whole annotation that holds a finding."""
    node = context.around(finding.span, ast.expr)
    while node is not None:
        parent = context.parents.get(node)
        if isinstance(parent, ast.arg | ast.AnnAssign) and parent.annotation is node:
            return node
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and parent.returns is node:
            return node
        node = parent if isinstance(parent, ast.expr) else None
    return None


_BARE = {
    "typing.List": "typing.List",
    "builtins.list": "typing.List",
    "typing.Optional": "typing.Optional",
    "typing.Dict": "typing.Dict",
    "builtins.dict": "typing.Dict",
}


def filled(context: Context, finding: Finding) -> Draft | None:
    """``List``, ``Dict``, ``Optional``, ``Tuple`` without what is inside. A result is annotated with what is returned;
    a parameter with Tensors, as early TorchScript understood it."""
    node = _annotation_at(context, finding)
    if node is None:
        return None
    holder = context.parents.get(node)
    if isinstance(holder, ast.FunctionDef | ast.AsyncFunctionDef):
        kind = returned_type(context, holder)
        text, changes = written(context, kind)
        if text is None:
            return None
        return Draft("unsafe", f"Annotate as `{text}`", (replaced(context, node, text), *changes))
    name = context.name_of(node)
    if name in ("collections.defaultdict", "collections.OrderedDict"):
        name = "typing.Dict"
    if name not in _BARE or not isinstance(holder, ast.arg):
        return None
    tensor, changes = need(context, "torch.Tensor")
    outer, more = (
        (context.code(node), ())
        if name.startswith("typing.") and "." not in context.code(node)
        else need(context, _BARE[name])
    )
    inner = f"str, {tensor}" if _BARE[name] == "typing.Dict" else tensor
    text = f"{outer}[{inner}]"
    return Draft("unsafe", f"Annotate as `{text}`", (replaced(context, node, text), *changes, *more))


def returned_type(context: Context, function: Function) -> Type | None:
    """The type of everything that a function returns, as inferred; None where one of them is not known."""
    found: list[Type] = []
    for node in own_nodes(function):
        if isinstance(node, ast.Return):
            if node.value is None:
                found.append(NONE)
                continue
            if _misread(node.value):
                return None
            kind = known_type(context, node.value)
            if kind is None or "Unknown" in str(kind):
                return None
            found.append(kind)
    if not found:
        return None
    joined: Type | None = found[0]
    for kind in found[1:]:
        joined = unify(joined, kind) if joined is not None else None
    if joined is None and NONE in found:
        rest = {str(kind): kind for kind in found if kind != NONE}
        if len(rest) == 1:
            only = next(iter(rest.values()))
            return only if isinstance(only, OptionalType) else OptionalType(only)
    return joined


def _misread(node: ast.expr) -> bool:
    """What the compiler takes for something else than it is in Python."""
    return isinstance(node, ast.BoolOp) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
    )


def own_nodes(function: ast.AST) -> Iterable[ast.AST]:
    """The nodes of a function, those of functions and classes inside it left out."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def result_annotated(context: Context, finding: Finding) -> Draft | None:
    """A return annotation that is not what the function returns. Nothing changes when the function runs."""
    function = context.around(finding.span, ast.FunctionDef)
    evidence = finding.evidence
    if function is None or function.returns is None or not isinstance(evidence, Mismatch):
        return None
    if any(isinstance(one, ast.Call) and getattr(one.func, "id", "") == "divmod" for one in ast.walk(function)):
        return None
    if not isinstance(evidence.expected, TensorType) and _taken_for_tensors(context, function):
        return None
    kind = returned_type(context, function)
    if kind is None or kind in (NONE, ANY) or str(kind) == "number":
        return None
    text, changes = written(context, kind)
    if text is None or text == context.code(function.returns):
        return None
    return Draft("unsafe", f"Annotate the result as `{text}`", (replaced(context, function.returns, text), *changes))


def _taken_for_tensors(context: Context, function: Function) -> bool:
    """Whether a parameter has no annotation, so that the compiler takes it for a Tensor: what is returned may be
    another type then."""
    args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if context.class_of(function.body[0]) is not None:
        args = args[1:]
    return any(arg.annotation is None for arg in args) and not _type_comment(context, function)


# --- defaults ---------------------------------------------------------------------------------------------------------


def from_default(context: Context, finding: Finding) -> Draft | None:
    """Parameters whose default shows their type, or is None where the annotation allows no None."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None or _type_comment(context, function):
        return None
    changes: list[Change] = []
    applicability: Applicability = "safe"
    names = []
    for arg, default in _defaults(function):
        if f'"{arg.arg}"' not in finding.torch_message:
            continue
        if isinstance(default, ast.Constant) and default.value is None:
            outer, more = need(context, "typing.Optional")
            if arg.annotation is not None:
                text = f"{outer}[{context.code(arg.annotation)}]"
                changes += [replaced(context, arg.annotation, text), *more]
            else:
                tensor, imports = need(context, "torch.Tensor")
                changes += [*_annotate(context, arg, default, f"{outer}[{tensor}]"), *more, *imports]
                applicability = "unsafe"
        elif arg.annotation is None:
            text_or_none, more = written(context, _literal_type(default))
            if text_or_none is None:
                continue
            changes += [*_annotate(context, arg, default, text_or_none), *more]
        elif isinstance(default, ast.Constant) and type(default.value) is float:
            new = _with_float(context, arg.annotation)
            if new is None:
                continue
            changes.append(replaced(context, arg.annotation, new))
            applicability = "unsafe"
        elif isinstance(default, ast.Constant) and type(default.value) is int:
            if context.name_of(arg.annotation) != "builtins.float":
                continue
            changes.append(replaced(context, default, f"{context.code(default)}.0"))
            applicability = "unsafe"
        else:
            continue
        names.append(arg.arg)
    if not changes:
        return None
    return Draft(applicability, f"Annotate {', '.join(f'`{name}`' for name in names)}", tuple(changes))


def _with_float(context: Context, node: ast.expr) -> str | None:
    """``int`` as ``float``, also inside an Optional."""
    if context.name_of(node) == "builtins.int":
        return "float"
    if isinstance(node, ast.Subscript) and context.name_of(node.value) == "typing.Optional":
        inner = _with_float(context, node.slice)
        return f"{context.code(node.value)}[{inner}]" if inner is not None else None
    return None


def _literal_type(node: ast.expr) -> Type | None:
    from jitlint.types.model import BOOL, FLOAT, INT, STR

    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if not isinstance(node, ast.Constant):
        return None
    return {bool: BOOL, int: INT, float: FLOAT, str: STR}.get(type(node.value))


def _defaults(function: Function) -> list[tuple[ast.arg, ast.expr]]:
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    pairs = list(zip(positional[len(positional) - len(args.defaults) :], args.defaults))
    pairs += [(arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults) if default is not None]
    return pairs


def _annotate(context: Context, arg: ast.arg, default: ast.expr | None, text: str) -> list[Change]:
    """An annotation for a parameter; the equals sign of its default gets its spaces."""
    at = context.end(arg)
    if default is None:
        return [Change(at, at, f": {text}")]
    between = context.text[at : context.start(default)]
    if between.strip() == "=":
        return [Change(at, context.start(default), f": {text} = ")]
    return [Change(at, at, f": {text}")]


def _type_comment(context: Context, function: Function) -> bool:
    """Whether the signature stands in a comment."""
    last = function.body[0].lineno if function.body else function.lineno
    return any("# type:" in line for line in context.source.lines[function.lineno - 1 : last])


def made_inside(context: Context, finding: Finding) -> Draft | None:
    """A mutable default: None instead, and the value made in the function."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None:
        return None
    for arg, default in _defaults(function):
        if not isinstance(default, ast.List | ast.Dict | ast.Call | ast.ListComp) or arg.annotation is None:
            continue
        annotation = context.code(arg.annotation)
        outer, more = need(context, "typing.Optional")
        first = function.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            if len(function.body) == 1:
                return None
            first = function.body[1]
        if not context.own_line_start(first):
            return None
        indent = context.indentation(first)
        at = context.line_start(context.first_line(first))
        body = f"{indent}if {arg.arg} is None:\n{indent}    {arg.arg} = {context.code(default)}\n"
        changes = [
            replaced(context, arg.annotation, f"{outer}[{annotation}]"),
            replaced(context, default, "None"),
            Change(at, at, body),
            *more,
        ]
        return Draft("unsafe", f"Make the default of `{arg.arg}` in the function", tuple(changes))
    return None


# --- parameters that calls tell about ---------------------------------------------------------------------------------


def parameter_annotated(context: Context, finding: Finding) -> Draft | None:
    """An unannotated parameter, which is taken for a Tensor, and a call that passes something else: annotated with that."""
    node = context.at(finding.span, ast.Call)
    call = finding.evidence
    if node is None or not isinstance(call, RefusedCall) or len(call.schemas) != 1:
        return None
    callee = _callee(context, node)
    if callee is None:
        return None
    function = _function_node(context, callee)
    if function is None or _type_comment(context, function):
        return None
    formals = {argument.name: argument for argument in call.schemas[0].arguments}
    given = _given(call)
    changes: list[Change] = []
    names = []
    for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        kind = given.get(arg.arg)
        formal = formals.get(arg.arg)
        if kind is None or formal is None or arg.annotation is not None or isinstance(kind, TensorType):
            continue
        if not isinstance(formal.type, TensorType) or kind in (UNKNOWN, NONE) or isinstance(kind, TupleType):
            continue
        text, more = written(context, kind)
        if text is None:
            continue
        default = next((value for one, value in _defaults(function) if one is arg), None)
        changes += [*_annotate(context, arg, default, text), *more]
        names.append(f"`{arg.arg}: {text}`")
    if not changes:
        return None
    return Draft("unsafe", f"Annotate {', '.join(names)}", tuple(dict.fromkeys(changes)))


def optional_parameter(context: Context, finding: Finding) -> Draft | None:
    """A call that passes what may be None for a parameter that is None by default, but is annotated without."""
    node = context.at(finding.span, ast.Call)
    call = finding.evidence
    if node is None or not isinstance(call, RefusedCall) or len(call.schemas) != 1:
        return None
    callee = _callee(context, node)
    function = _function_node(context, callee) if callee is not None else None
    if function is None or _type_comment(context, function):
        return None
    given = _given(call)
    changes: list[Change] = []
    names = []
    for arg, default in _defaults(function):
        if not isinstance(given.get(arg.arg), OptionalType) or not isinstance(default, ast.Constant):
            continue
        formal = next((one for one in call.schemas[0].arguments if one.name == arg.arg), None)
        if (
            default.value is not None
            or arg.annotation is None
            or formal is None
            or isinstance(formal.type, OptionalType)
        ):
            continue
        outer, more = need(context, "typing.Optional")
        changes += [replaced(context, arg.annotation, f"{outer}[{context.code(arg.annotation)}]"), *more]
        names.append(f"`{arg.arg}`")
    if not changes:
        return None
    return Draft("safe", f"Annotate {', '.join(names)} as Optional", tuple(dict.fromkeys(changes)))


def _given(call: RefusedCall) -> dict[str, Type]:
    """The types that a call passes, by the names of the only schema's parameters."""
    positional = [argument.name for argument in call.schemas[0].arguments if not argument.keyword_only]
    if call.receiver is not None or (positional and positional[0] == "self"):
        positional = positional[1:]
    given = dict(zip(positional, (value.type for value in call.args)))
    return given | {name: value.type for name, value in call.kwargs}


def _callee(context: Context, node: ast.Call) -> FunctionDefinition | None:
    """The one function of this file that a call runs."""
    found: set[FunctionDefinition] = set()
    for value in context.values(node.func):
        match value:
            case FunctionRef(definition=definition) | MethodRef(definition=definition):
                found.add(definition)
            case ClassRef():
                made = getattr(value.type, "definition", None)
                inner = getattr(made, "definition", made)
                for one in context.index.functions:
                    if one.cls is not None and one.name == "__init__" and one.cls is inner:
                        found.add(one)
            case Val():
                return None
    if len(found) != 1:
        return None
    only = found.pop()
    return only if only.module is context.index else None


def _function_node(context: Context, definition: FunctionDefinition) -> Function | None:
    for node in ast.walk(context.tree):
        if isinstance(node, ast.FunctionDef) and node.lineno == definition.node.lineno and node.name == definition.name:
            return node
    return None


# --- variables --------------------------------------------------------------------------------------------------------


def container_annotated(context: Context, finding: Finding) -> Draft | None:
    """``xs = []``, which is a list of Tensors to the compiler, annotated with what is put in."""
    name, kinds = _put_in(context, finding)
    if name is None or kinds is None:
        return None
    function = context.function(context.around(finding.span, ast.expr, ast.stmt) or context.tree)
    if function is None:
        return None
    assigned = [
        node
        for node in own_nodes(function)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == name
        and _empty(node.value)
    ]
    if not assigned:
        return None
    statement = min(assigned, key=lambda node: node.lineno)
    is_dict = (
        isinstance(statement.value, ast.Dict) or getattr(getattr(statement.value, "func", None), "id", "") == "dict"
    )
    if is_dict != (len(kinds) == 2):
        return None
    texts: list[str] = []
    changes: list[Change] = []
    for kind in kinds:
        text, more = written(context, kind)
        if text is None:
            return None
        texts.append(text)
        changes += more
    outer, more = need(context, "typing.Dict" if is_dict else "typing.List")
    text = f"{outer}[{', '.join(texts)}]"
    if _annotated_before(context, function, name):
        return None
    at = context.end(statement.targets[0])
    old = version_tuple(context.session.torch_version) < (1, 2)  # has no annotations of variables
    nested = any(isinstance(one, ast.For | ast.While | ast.If) for one in context.ancestors(statement))
    if old or (nested and len(assigned) > 1):
        start, end = context.start(statement.value), context.end(statement.value)
        call, more_still = need(context, "torch.jit.annotate")
        new = f"{call}({text}, {context.text[start:end]})"
        return Draft("safe", f"Annotate: `{new}`", (Change(start, end, new), *changes, *more, *more_still))
    return Draft("safe", f"Annotate `{name}: {text}`", (Change(at, at, f": {text}"), *changes, *more))


def _empty(node: ast.expr) -> bool:
    match node:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="list" | "dict"), args=[], keywords=[]):
            return True
    return False


def _annotated_before(context: Context, function: Function, name: str) -> bool:
    return any(
        isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name
        for node in own_nodes(function)
    )


def _put_in(context: Context, finding: Finding) -> tuple[str | None, tuple[Type, ...] | None]:
    """What a finding says is put into which variable: (element,) or (key, value)."""
    node = context.at(finding.span, ast.stmt, ast.expr)
    if isinstance(node, ast.Expr):
        node = node.value
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item]):
            kind = known_type(context, item)
            return name, None if kind is None else (kind,)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert"), args=[_, item]):
            kind = known_type(context, item)
            return name, None if kind is None else (kind,)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="extend"), args=[items]):
            kind = known_type(context, items)
            element = getattr(kind, "element", None)
            return name, None if element is None else (element,)
        case ast.Subscript(value=ast.Name(id=name), slice=key):
            statement = context.parents.get(node)
            if isinstance(statement, ast.Assign):
                kinds = known_type(context, key), known_type(context, statement.value)
                if kinds[0] is not None and kinds[1] is not None:
                    return name, (kinds[0], kinds[1])
        case ast.Return(value=ast.Name(id=name)):
            evidence = finding.evidence
            if isinstance(evidence, Mismatch):
                return name, _inside(evidence.expected)
        case ast.Name(id=name):
            evidence = finding.evidence
            if isinstance(evidence, Mismatch):
                return name, _inside(evidence.found)
    return None, None


def _inside(kind: Type) -> tuple[Type, ...] | None:
    from jitlint.types.model import DictType, ListType

    if isinstance(kind, ListType):
        return (kind.element,)
    return (kind.key, kind.value) if isinstance(kind, DictType) else None


def first_value(context: Context, finding: Finding) -> Draft | None:
    """A variable that changes its type: its first value, or its annotation, becomes what the last one is."""
    evidence = finding.evidence
    node = context.at(finding.span, ast.Name)
    if node is None or not isinstance(evidence, Mismatch):
        return None
    function = context.function(node)
    if function is None:
        return None
    assigned = [
        one
        for one in own_nodes(function)
        if isinstance(one, ast.Assign)
        and len(one.targets) == 1
        and isinstance(one.targets[0], ast.Name)
        and one.targets[0].id == node.id
        and one.lineno < node.lineno
    ]
    if not assigned:
        return None
    first = min(assigned, key=lambda one: one.lineno)
    name = node.id
    if str(evidence.expected) == "NoneType" or str(evidence.found) == "NoneType":
        kind = evidence.found if str(evidence.expected) == "NoneType" else evidence.expected
        text, changes = written(context, kind if isinstance(kind, OptionalType) else OptionalType(kind))
        if text is None or (str(evidence.found) == "NoneType" and not isinstance(first.value, ast.Constant | ast.Call)):
            return None
        at = context.end(first.targets[0])
        return Draft("safe", f"Annotate `{name}: {text}`", (Change(at, at, f": {text}"), *changes))
    if str(evidence.expected) == "int" and str(evidence.found) == "float" and isinstance(first.value, ast.Constant):
        return Draft(
            "unsafe", "Begin with a float", (replaced(context, first.value, f"{context.code(first.value)}.0"),)
        )
    if str(evidence.expected) in ("int", "float") and isinstance(evidence.found, TensorType):
        if isinstance(first.value, ast.Constant):
            tensor, changes = need(context, "torch.tensor")
            value = context.code(first.value)
            return Draft(
                "unsafe", "Begin with a tensor", (replaced(context, first.value, f"{tensor}({value})"), *changes)
            )
    return None


def without_annotation(context: Context, finding: Finding) -> Draft | None:
    """An annotation of a variable that was annotated outside already."""
    target = context.at(finding.span, ast.Name)
    statement = context.parents.get(target) if target is not None else None
    if not isinstance(statement, ast.AnnAssign) or statement.value is None or target is None:
        return None
    start = context.end(target)
    end = context.end(statement.annotation)
    return Draft("safe", "Delete the second annotation", (Change(start, end, ""),))


def tolist_annotated(context: Context, finding: Finding) -> Draft | None:
    """``xs = x.tolist()``: only the author knows the type."""
    node = context.at(finding.span, ast.Call)
    statement = context.parents.get(node) if node is not None else None
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return None
    outer, changes = need(context, "typing.List")
    at = context.end(statement.targets[0])
    return Draft("unsafe", "Annotate the list, of floats", (Change(at, at, f": {outer}[float]"), *changes))
