"""The types that annotations stand for.

In signatures, at local variables and in ``torch.jit.annotate`` the compiler reads an annotation's *text*: it asks
Python for the object behind the whole expression (``resolutionCallback``), and where that gives no type, parses the
expression itself (``torch/csrc/jit/frontend/script_type_parser.cpp``) and asks for the names in it. Annotations of a
module's attributes, in the class body, are live objects (`attribute_annotation_type`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Final

from jitlint.shapes.annotation_objects import (
    AnnotationContext,
    AnnotationError,
    checked_union,
    describe,
    dict_of,
    dotted,
    evaluate,
    is_final,
    is_no_type,
    object_type,
    typing_name,
)
from jitlint.shapes.limits import is_heavy
from jitlint.shapes.values import Class, Constant, External, OneOf, Sequence, Subscripted, Unknown, Value
from jitlint.types.model import (
    ANY,
    ANY_LIST,
    ANY_TUPLE,
    BOOL,
    CAPSULE,
    COMPLEX,
    DEVICE,
    FLOAT,
    GENERATOR,
    INT,
    NONE,
    NUMBER,
    STR,
    STREAM,
    TENSOR,
    UNKNOWN,
    AwaitType,
    FutureType,
    ListType,
    OptionalType,
    RRefType,
    TupleType,
    Type,
)
from jitlint.types.relations import optional_of

Report = Callable[[str, ast.AST, str, str], None]
"""Takes a rule's code, the node, the compiler's message and ours."""

_TENSORS: Final = frozenset(
    ["Tensor", *(f"{k}Tensor" for k in ("Long", "Float", "Double", "Int", "Short", "Half", "Char", "Byte", "Bool"))]
)
# ``string_to_type_lut``: the names that the C++ parser knows by itself.
_NAMES: Final[dict[str, Type]] = {
    **dict.fromkeys(_TENSORS, TENSOR),
    "int": INT,
    "float": FLOAT,
    "bool": BOOL,
    "complex": COMPLEX,
    "str": STR,
    "Device": DEVICE,
    "Stream": STREAM,
    "Generator": GENERATOR,
    "number": NUMBER,
    "None": NONE,
    "NoneType": NONE,
    "Any": ANY,
    "Capsule": CAPSULE,
    "list": ANY_LIST,
    "tuple": ANY_TUPLE,
}
_OPERATORS: Final[dict[type[ast.AST], str]] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.And: "and",
    ast.Or: "or",
}


class _Rejected(Exception):
    """An annotation that the C++ parser rejects, at a node of its own."""

    def __init__(self, code: str, node: ast.AST, message: str, ours: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.node = node
        self.message = message
        self.ours = ours


def annotation_type(node: ast.expr | None, context: AnnotationContext, report: Report) -> Type:
    """The type of a local annotation, a parameter's or a result's; `UNKNOWN` where it is reported or not known.

    An absent annotation is a Tensor (a parameter's; an absent result is for the caller to infer).
    """
    if node is None:
        return TENSOR
    try:
        return _parse_text(node, context)
    except _Rejected as rejected:
        report(rejected.code, rejected.node, rejected.message, rejected.ours)
    except AnnotationError as error:
        report(error.code, node, error.message, _ours(node, error))
    except RecursionError:
        pass
    return UNKNOWN


def parameter_type(node: ast.expr, context: AnnotationContext, report: Report) -> tuple[Type, int | None]:
    """The type of a parameter and the length of its broadcasting list: ``BroadcastingList2[int]`` is ``int[2]``
    (``parseBroadcastList``)."""
    try:
        found = _broadcasting_list(node)
    except _Rejected as rejected:
        report(rejected.code, rejected.node, rejected.message, rejected.ours)
        return UNKNOWN, None
    return found if found is not None else (annotation_type(node, context, report), None)


def result_type(node: ast.expr, context: AnnotationContext, report: Report) -> Type:
    """The type of a written result."""
    try:
        if _broadcasting_list(node) is not None:
            message = "Broadcastable lists cannot appear as a return type"
            report("JIT532", node, message, "A broadcasting list is for parameters alone")
            return UNKNOWN
    except _Rejected:
        return UNKNOWN
    return annotation_type(node, context, report)


def attribute_annotation_type(
    node: ast.expr,
    context: AnnotationContext,
    report: Report,
    future_annotations: bool = False,
    name: str = "",
    code: str = "JIT406",
) -> Type:
    """The type of a class-level annotation of an attribute that the instance has (``infer_type`` of
    ``torch/jit/_recursive.py``); `UNKNOWN` where it is reported or not known.

    future_annotations: under ``from __future__ import annotations`` each annotation is a string, which torch does not
    read. `name` is the attribute's. Ask `is_final_annotation` first: such an attribute is a constant; an attribute
    that holds a Python function or a builtin is taken for that, whatever its annotation. `code` is the rule to report
    under: the annotations of a function that is called in Python (``torch.jit.ignore``) are read the same way.
    """
    value = Constant(ast.unparse(node)) if future_annotations else evaluate(node, context.lookup)
    if _may_be(value, _FORWARD):
        return UNKNOWN
    try:
        found = object_type(value, context)
        if found is None:
            text = describe(value, quoted=False)
            ours = f"`{ast.unparse(node)}` is no type to TorchScript"
            if isinstance(value, Constant) and isinstance(value.value, str):
                why = "under `from __future__ import annotations`" if future_annotations else "in quotes"
                ours = f"an attribute's annotation {why} is not read by TorchScript"
            report(code, node, f"Unknown type annotation: '{text}' at ", ours)
            return UNKNOWN
        return found
    except AnnotationError as error:
        # A RuntimeError is raised again with the name and the object, which is not known here.
        where = "" if error.message.startswith("Un") or not name else f"Error inferring type for {name}: "
        report(code, node, where + error.message, _ours(node, error))
    except RecursionError:
        pass
    return UNKNOWN


def field_type(
    node: ast.expr, owner: AnnotationContext, user: AnnotationContext, name: str, future_annotations: bool = False
) -> Type:
    """The type of a NamedTuple's field, read when the NamedTuple `name` is met in an annotation. Raises
    `AnnotationError` (``_get_named_tuple_properties``).

    owner: the names around the NamedTuple; user: those of the function, in which a quoted annotation is read.
    """
    value = Constant(ast.unparse(node)) if future_annotations else evaluate(node, owner.lookup)
    if isinstance(value, Constant) and isinstance(value.value, str):
        try:
            found = _python_object(ast.parse(value.value, mode="eval").body, user)
        except (SyntaxError, ValueError):
            found = None
        if found is None:
            message = (
                f"Unknown type annotation: '{describe(value)}' in NamedTuple {name}. Likely due to partial support for "
                "ForwardRef parameters in NamedTuples, see #95858. Issue occurred at "
            )
            raise AnnotationError("JIT607", message)
        value = found
    type_ = object_type(value, owner)
    if type_ is None:
        raise AnnotationError("JIT607", f"Unknown type annotation: '{describe(value, quoted=False)}' at ")
    return type_


# The annotation of nn.Module's own `forward`: torch passes over an annotation that equals it.
_FORWARD: Final = Subscripted(External("collections.abc.Callable"), (Constant(...), External("typing.Any")))


def _may_be(value: Value, wanted: Value) -> bool:
    """Whether an annotation is `wanted`, as far as it is known."""
    if isinstance(value, Subscripted) and isinstance(wanted, Subscripted) and len(value.args) == len(wanted.args):
        return _may_be(value.base, wanted.base) and all(map(_may_be, value.args, wanted.args))
    if isinstance(value, OneOf):
        return any(_may_be(option, wanted) for option, _ in value.options)
    if value == wanted or isinstance(value, Unknown):
        return True
    known = ("torch.", "builtins.", "typing.", "collections.")
    return isinstance(value, External) and not value.name.startswith(known) and not is_no_type(value.name)


def is_final_annotation(node: ast.expr, context: AnnotationContext, future_annotations: bool = False) -> bool:
    """Whether the annotation makes an attribute a constant: ``Final``, ``Final[int]`` and, as it happens, every bare
    special form of ``typing`` (``Optional``, ``ClassVar``)."""
    return not future_annotations and is_final(evaluate(node, context.lookup))


def _ours(node: ast.expr, error: AnnotationError) -> str:
    text = ast.unparse(node)
    match error.code:
        case "JIT531":
            return f"`{text}` does not say what it contains"
        case "JIT533":
            return error.message.rstrip()
        case "JIT534":
            return f"`{text}` is one type to TorchScript, not several"
    return f"`{text}` holds something that is no type to TorchScript"


# --- the text --------------------------------------------------------------------------------------------------


def _parse_text(node: ast.expr, context: AnnotationContext) -> Type:
    """``parseTypeFromExpr``: Python first, for the expression as a whole."""
    found = _resolved(node, context)
    return _parse(node, context) if found is None else found


def _resolved(node: ast.expr, context: AnnotationContext) -> Type | None:
    """``PythonResolver::resolveType``: the type of the object behind a text; None where there is none."""
    value = _python_object(node, context)
    return None if value is None or value == Constant(None) else object_type(value, context)


def _python_object(node: ast.expr, context: AnnotationContext) -> Value | None:
    """What the resolution callback makes of a text: names, dots and brackets are all that it reads
    (``createResolutionCallbackFromEnv``)."""
    match node:
        case ast.Call(func=func):
            return _python_object(func, context)  # the range of a call ends before its parentheses
        case ast.Name() | ast.Attribute():
            name = dotted(node)
            found = context.lookup(name) if name is not None else None
            return None if found == Constant(None) else found
        case ast.Subscript(value=base, slice=index):
            generic = _python_object(base, context) if dotted(base) is not None else None
            if generic is None or isinstance(generic, Unknown):
                return generic
            if isinstance(index, ast.Tuple) and not index.elts:
                return _subscripted(generic, (Sequence("tuple", ()),))
            args = []
            for arg in index.elts if isinstance(index, ast.Tuple) else [index]:
                value = _python_object(arg, context)
                if value is None:
                    return None
                args.append(value)
            return _subscripted(generic, tuple(args))
    return None


def _subscripted(base: Value, args: tuple[Value, ...]) -> Value | None:
    """`base` with its arguments; None where Python raises, or gives None as a broadcasting list does."""
    name = typing_name(base)
    if name.rpartition(".")[2].startswith("BroadcastingList"):
        return None
    if name in ("typing.List", "typing.Optional") and len(args) != 1:
        return None
    if name == "typing.Dict" and len(args) != 2:
        return None
    if isinstance(base, External) and name in _NO_ARGUMENTS:
        return None
    return Unknown("a type of very many parts") if is_heavy(args) else Subscripted(base, args)


_NO_ARGUMENTS: Final = frozenset(
    [
        "typing.Any",
        "torch.Tensor",
        *(f"builtins.{name}" for name in ("int", "float", "bool", "str", "complex", "object")),
    ]
)


# --- the C++ parser ----------------------------------------------------------------------------------------------


def _parse(node: ast.expr, context: AnnotationContext) -> Type:
    """``parseTypeFromExprImpl``."""
    match node:
        case ast.Subscript(value=base, slice=index):
            name = _base_name(base)
            if name is None:
                raise _Rejected("JIT532", base, "Subscripted type must be a type identifier")
            args = index.elts if isinstance(index, ast.Tuple) and index.elts else [index]
            return _generic(name, args, node, context)
        case ast.BinOp(op=ast.BitOr()):
            return checked_union([_parse(member, context) for member in _alternatives(node)])
        case ast.Constant(value=str() as text):
            return _quoted(text, node, context)
    name = _base_name(node)
    if name is None:
        kind = _kind(node)
        if not kind:
            return UNKNOWN  # an expression that the front end has rejected already
        ours = "A tuple of any length is no type to TorchScript" if kind == "dots" else ""
        message = f"Expression of type {kind} cannot be used in a type expression"
        raise _Rejected("JIT532", node, message, ours)
    if name in _NAMES:
        return _NAMES[name]
    value = context.lookup(name)
    if value is not None and value != Constant(None):
        found = object_type(value, context)
        if found is not None:
            return found
    raise _Rejected("JIT530", node, f"Unknown type name '{name}'", _unknown_name(name, value))


def _unknown_name(name: str, value: Value | None) -> str:
    match value:
        case None:
            return f"`{name}` is not known where TorchScript reads this annotation"
        case Class() | External() | Subscripted() | OneOf():
            return f"`{name}` is no type to TorchScript"
    return f"`{name}` is a value, not a type"


def _quoted(text: str, node: ast.expr, context: AnnotationContext) -> Type:
    """A string is one name to the parser, whatever is in it; Python reads what it can of it."""
    if text.startswith(("torch.classes.", "torch.cuda.Stream", "torch.cuda.Event")):
        return UNKNOWN
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        expression = None
    if expression is not None and not isinstance(expression, ast.Call):
        found = _resolved(expression, context)
        if found is not None:
            return found
    bare = text.isidentifier()
    ours = "" if bare else f'`"{text}"` cannot be read inside quotes'
    raise _Rejected("JIT530" if bare else "JIT535", node, f"Unknown type name '{text}'", ours)


def _base_name(node: ast.expr) -> str | None:
    """``parseBaseTypeName``."""
    if isinstance(node, ast.Constant) and node.value is None:
        return "None"
    name = dotted(node)
    if name is not None and name.startswith("torch.") and name[6:] in _TENSORS:
        return name[6:]
    return name


def _alternatives(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_alternatives(node.left), *_alternatives(node.right)]
    return [node]


def _generic(name: str, args: list[ast.expr], node: ast.Subscript, context: AnnotationContext) -> Type:
    """``subscriptToType``."""
    match name:
        case "Tuple" | "tuple":
            if len(args) == 1 and isinstance(args[0], ast.Tuple):
                if args[0].elts:
                    message = "Tuple literal in Tuple type annotation must not have any elements!"
                    raise _Rejected("JIT532", args[0], message)
                return TupleType(())
            return TupleType(tuple(_parse(arg, context) for arg in args))
        case "Union":
            return checked_union([_parse(arg, context) for arg in args])
        case "Dict" | "dict":
            if len(args) != 2:
                message = f" expected exactly 2 element types but found {len(args)}"
                raise _Rejected("JIT532", node, message, f"`{name}` takes two types, not {len(args)}")
            return dict_of(_parse(args[0], context), _parse(args[1], context))
        case "List" | "list" | "Optional" | "Future" | "torch.jit.Future" | "Await" | "RRef":
            if len(args) != 1:
                message = f" expected exactly one element type but found {len(args)}"
                raise _Rejected("JIT532", node, message, f"`{name}` takes one type, not {len(args)}")
            element = _parse(args[0], context)
            match name:
                case "List" | "list":
                    return ListType(element)
                case "Optional":
                    if element == NONE:
                        return checked_union([NONE, NONE])
                    return optional_of(element)
                case "Await":
                    return AwaitType(element)
                case "RRef":
                    return RRefType(element)
            return FutureType(element)
    value = context.lookup(name)
    ours = f"`{name}[...]` is no type to TorchScript"
    if value is not None and typing_name(value) in _CONSTRUCTORS:
        # Spelled in full (``typing.Optional``) it is understood only where Python can read all of it.
        short = name.rpartition(".")[2]
        ours = f"`{name}[...]` is not understood here; import `{short}` itself"
    raise _Rejected("JIT530", node, f"Unknown type constructor {name}", ours)


_CONSTRUCTORS: Final = frozenset(f"typing.{name}" for name in ("List", "Dict", "Tuple", "Optional", "Union"))


def _broadcasting_list(node: ast.expr) -> tuple[Type, int] | None:
    """``parseBroadcastList``."""
    if isinstance(node, ast.Name):
        name = node.id
        if len(name) == 9 and name.startswith("_size_") and name.endswith("_t") and name[6].isdigit():
            return ListType(INT), int(name[6])
        return None
    if not isinstance(node, ast.Subscript) or not isinstance(node.value, ast.Name):
        return None
    name, args = node.value.id, node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Optional":
        inner = _broadcasting_list(args[0]) if args else None
        return None if inner is None else (OptionalType(inner[0]), inner[1])
    if not name.startswith("BroadcastingList"):
        return None
    if len(args) != 1:
        message = "BroadcastingList/Optional[BroadcastingList] must be subscripted with a type"
        raise _Rejected("JIT532", node.slice, message)
    if not isinstance(args[0], ast.Name):
        raise _Rejected("JIT532", node.value, "Subscripted type must be a type identifier")
    if args[0].id not in ("int", "float"):
        raise _Rejected("JIT532", node.value, "Broadcastable lists only supported for int or float")
    count = name[len("BroadcastingList") :]
    if count and not count.isdigit():
        raise _Rejected("JIT532", node.slice, "subscript of Broadcastable list must be a positive integer")
    return ListType(INT if args[0].id == "int" else FLOAT), int(count or 0)


def _kind(node: ast.expr) -> str:
    """``kindToString`` of the tree that the front end makes of an expression."""
    match node:
        case ast.Constant(value=bool() as value):
            return str(value)
        case ast.Constant(value=value):
            return "dots" if value is Ellipsis else "const"
        case ast.Tuple():
            return "tuple-literal"
        case ast.List():
            return "list-literal"
        case ast.Dict():
            return "dict-literal"
        case ast.IfExp():
            return "if"
        case ast.ListComp() | ast.GeneratorExp():
            return "list comprehension"
        case ast.DictComp():
            return "dict comprehension"
        case ast.Call() | ast.JoinedStr():
            return "apply"
        case ast.UnaryOp(op=op):
            return {ast.Not: "not", ast.USub: "unary minus", ast.Invert: "~"}.get(type(op), "")
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            return _OPERATORS.get(type(op), "")
    return ""
