"""Types as annotations in the file's own spelling."""

from __future__ import annotations

import ast

from jitlint.emit.values import Val
from jitlint.fixes.context import Change, Context
from jitlint.fixes.imports import need
from jitlint.project.targets import ExternalName
from jitlint.types.model import (
    ANY,
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INT,
    STR,
    UNKNOWN,
    ClassType,
    DictType,
    EnumType,
    FutureType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
    UnionType,
)

_PLAIN = {INT: "int", FLOAT: "float", BOOL: "bool", STR: "str", COMPLEX: "complex"}

Written = tuple[str | None, tuple[Change, ...]]


def written(context: Context, kind: Type | None) -> Written:
    """A type as it is written in this file, with the imports that takes; None where it has no spelling."""
    match kind:
        case None:
            return None, ()
        case _ if kind in _PLAIN:
            return _PLAIN[kind], ()
        case _ if kind == ANY:
            return need(context, "typing.Any")
        case _ if kind == DEVICE:
            return need(context, "torch.device")
        case TensorType():
            return need(context, "torch.Tensor")
        case ListType(element):
            return _of(context, "typing.List", (element,))
        case OptionalType(element):
            return _of(context, "typing.Optional", (element,))
        case DictType(key, value):
            return _of(context, "typing.Dict", (key, value))
        case TupleType(elements, name=None, fields=()):
            return _of(context, "typing.Tuple", elements) if elements else (None, ())
        case UnionType(members):
            return _of(context, "typing.Union", members)
        case FutureType(element):
            return _of(context, "torch.jit.Future", (element,))
        case ClassType(is_module=False) | EnumType() | TupleType():
            return _class(context, kind)
    return ("None", ()) if str(kind) == "NoneType" else (None, ())


def _of(context: Context, outer: str, inner: tuple[Type, ...]) -> Written:
    text, changes = need(context, outer)
    parts = []
    for kind in inner:
        part, more = written(context, kind)
        if part is None:
            return None, ()
        parts.append(part)
        changes = (*changes, *more)
    return f"{text}[{', '.join(parts)}]", tuple(dict.fromkeys(changes))


def _class(context: Context, kind: Type) -> Written:
    """A class of this file, by its name."""
    name = str(kind).removeprefix("Enum<").removesuffix(">").rpartition(".")[2]
    targets = context.session.project.resolve(context.index.scope, name)
    if len(targets) == 1 and not isinstance(targets[0], ExternalName) and hasattr(targets[0], "node"):
        return name, ()
    return None, ()


def known_type(context: Context, node: ast.expr) -> Type | None:
    """The type of an expression: as it was inferred, or, where nothing was, as far as its form tells."""
    found = context.type(node)
    if found is not None and str(found) != "Unknown" and "Unknown" not in str(found):
        return None if isinstance(node, ast.Name) and _made_up(context, node, found) else found
    match node:
        case ast.Constant(value=bool()):
            return BOOL
        case ast.Constant(value=int()):
            return INT
        case ast.Constant(value=float()):
            return FLOAT
        case ast.Constant(value=str()) | ast.JoinedStr():
            return STR
        case ast.Name(id=name):
            return _of_name(context, node, name)
        case ast.Tuple(elts=elements):
            kinds = [known_type(context, element) for element in elements]
            return None if None in kinds else TupleType(tuple(kind for kind in kinds if kind is not None))
    return None


def _made_up(context: Context, node: ast.Name, kind: Type) -> bool:
    """Whether a list is one of Tensors only because it begins empty: something else is put into it."""
    if not isinstance(kind, ListType) or not isinstance(kind.element, TensorType):
        return False
    for one in ast.walk(context.function(node) or context.tree):
        match one:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[item]) if name == node.id:
                found = context.type(item)
                if found is not None and found != UNKNOWN and not isinstance(found, TensorType):
                    return True
    return False


def _of_name(context: Context, node: ast.expr, name: str) -> Type | None:
    """The type that a name has wherever else it occurs in the function; None where that is not one."""
    function = context.function(node)
    if function is None:
        return None
    kinds = {
        value.type if isinstance(value, Val) else None
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and one.id == name
        for value in context.values(one)
    }
    kinds = {kind for kind in kinds if kind is None or str(kind) != "Unknown"}
    return kinds.pop() if len(kinds) == 1 else None


def element_types(context: Context, node: ast.ListComp | ast.DictComp | ast.GeneratorExp) -> tuple[Type, ...] | None:
    """Of what a comprehension collects: (element,), or (key, value)."""
    parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    kinds = []
    for part in parts:
        kind = _from_iterable(context, node, part)
        if kind is None:
            kind = known_type(context, part)
        if kind is None:
            return None
        if isinstance(kind, OptionalType) and _tested(node, part):
            kind = kind.element
        kinds.append(kind)
    return tuple(kinds)


def _tested(node: ast.ListComp | ast.DictComp | ast.GeneratorExp, part: ast.expr) -> bool:
    """Whether ``if x is not None`` stands in the comprehension for this element."""
    return any(
        isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot) and ast.dump(test.left) == ast.dump(part)
        for generator in node.generators
        for test in generator.ifs
    )


def _from_iterable(
    context: Context, node: ast.ListComp | ast.DictComp | ast.GeneratorExp, part: ast.expr
) -> Type | None:
    """The type of a loop variable, after what it runs over."""
    names: dict[str, Type | None] = {}
    for generator in node.generators:
        over: Type | None
        if isinstance(generator.iter, ast.Name) and generator.iter.id in names:
            over = names[generator.iter.id]
        else:
            over = known_type(context, generator.iter)
        if isinstance(over, TensorType):
            item: Type | None = over
        else:
            item = over.element if isinstance(over, ListType) else over.key if isinstance(over, DictType) else None
        if isinstance(generator.target, ast.Name):
            names[generator.target.id] = item
        elif isinstance(generator.target, ast.Tuple) and isinstance(item, TupleType):
            for target, kind in zip(generator.target.elts, item.elements):
                if isinstance(target, ast.Name):
                    names[target.id] = kind
    return names.get(part.id) if isinstance(part, ast.Name) else None
