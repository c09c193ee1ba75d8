"""Fixes of annotations: those that TorchScript cannot read, and those that it misses (5xx)."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jitlint.emit.evidence import Mismatch
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.context import Change, Context, Draft, Function
from jitlint.fixes.eager import agrees
from jitlint.fixes.edits import replaced
from jitlint.fixes.imports import need
from jitlint.fixes.parameters import has_type_comment
from jitlint.shapes.decorators import leaves_alone
from jitlint.source.nodes import ends, walk_own
from jitlint.types.model import ANY, NONE, OptionalType, TensorType, Type
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
        applicability: Applicability = "unsafe" if _is_sure(context, finding, holder) else "display"
        return Draft(applicability, f"Annotate as `{text}`", (replaced(context, node, text), *changes))
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
    for node in walk_own(function.body):
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


def result_annotated(context: Context, finding: Finding) -> Draft | None:
    """A return annotation that is not what the function returns. Nothing changes when the function runs. Where Python may
    return something else than the compiler infers, it is only shown."""
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
    applicability: Applicability = "unsafe" if _is_sure(context, finding, function) else "display"
    return Draft(
        applicability, f"Annotate the result as `{text}`", (replaced(context, function.returns, text), *changes)
    )


def _is_sure(context: Context, finding: Finding, function: Function) -> bool:
    """Whether Python, too, gives whoever calls the function what the compiler infers that it returns."""
    returned = [one.value for one in walk_own(function.body) if isinstance(one, ast.Return) and one.value is not None]
    return (
        finding.condition is None
        and ends(function.body)
        and _says_what_callers_get(context, function)
        and agrees(context, function, returned)
    )


def _says_what_callers_get(context: Context, function: Function) -> bool:
    """Whether the return annotation is for the type checker and the compiler only: some decorators read it, and fail at
    import where they do not know what it names; others change what is returned."""
    return all(
        leaves_alone(context.name_of(one.func if isinstance(one, ast.Call) else one))
        or (isinstance(one, ast.Attribute) and one.attr in ("setter", "getter", "deleter"))
        for one in function.decorator_list
    )


def _taken_for_tensors(context: Context, function: Function) -> bool:
    """Whether a parameter has no annotation, so that the compiler takes it for a Tensor: what is returned may be
    another type then."""
    args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    if context.class_of(function.body[0]) is not None:
        args = args[1:]
    return any(arg.annotation is None for arg in args) and not has_type_comment(context, function)
