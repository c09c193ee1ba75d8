"""Annotations as Python objects, and the TorchScript types they become.

`evaluate` makes the object that Python would make of an annotation's expression, as an abstract value;
`object_type` is ``torch.jit.annotations.try_ann_to_type``; `describe` is Python's ``repr`` of it, for messages.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from jitlint.shapes.limits import is_heavy
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    OneOf,
    Sequence,
    Subscripted,
    TupleClass,
    Unknown,
    Value,
)
from jitlint.types.model import (
    ANY,
    BOOL,
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
    DictType,
    FutureType,
    ListType,
    RRefType,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import is_huge, optional_of, union_of, union_problem

if TYPE_CHECKING:
    from jitlint.project.definitions import ClassDefinition


class AnnotationContext(Protocol):
    """What the names in an annotation mean where it stands."""

    def lookup(self, name: str, /) -> Value | None:
        """The value of a dotted name; None where the compiler finds nothing by it."""

    def class_type(self, definition: ClassDefinition, /) -> Type | None:
        """The type of a class with source: of a script class, an enum, a NamedTuple, an interface; None for one that
        the compiler does not take for a type (an nn.Module), `UNKNOWN` where that is not known."""

    def tuple_type(self, made: TupleClass, /) -> Type:
        """The same for a NamedTuple that a call made."""

    def external_type(self, name: str, /) -> Type | None:
        """The same for what has no source, by its dotted name; AnnotationError where torch cannot compile it."""


class AnnotationError(Exception):
    """An annotation on which torch's Python code raises. `code` is the rule, the text is torch's message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


DICT_KEYS: Final = (INT, FLOAT, COMPLEX, BOOL, STR, TENSOR, DEVICE, ANY, UNKNOWN)
_FINAL_ALIASES: Final = frozenset({"torch.jit.Final", "torch._jit_internal.Final"})
UNION: Final = External("typing.Union")
NONE_CLASS: Final = External("types.NoneType")
_UNION_BASES: Final = frozenset({"typing.Union", "types.UnionType"})
_LISTS: Final = frozenset({"typing.List", "builtins.list"})
_DICTS: Final = frozenset({"typing.Dict", "builtins.dict"})
_TUPLES: Final = frozenset({"typing.Tuple", "builtins.tuple"})
_FUTURES: Final = frozenset({"torch.jit.Future", "torch.futures.Future", "torch._C.Future"})
_AWAITS: Final = frozenset({"torch.jit._Await", "torch._awaits._Await", "torch._jit_internal._Await"})
_RREFS: Final = frozenset({"torch.distributed.rpc.RRef", "torch.distributed.rpc.api.RRef"})
# ``isinstance(ann, typing._SpecialForm)``: without arguments, each of them counts as Final to the compiler.
_SPECIAL_FORMS: Final = frozenset(
    f"typing.{name}"
    for name in [
        "Final",
        "ClassVar",
        "Optional",
        "Union",
        "Literal",
        "NoReturn",
        "Never",
        "Self",
        "LiteralString",
        "Concatenate",
        "TypeAlias",
        "TypeGuard",
        "Required",
        "NotRequired",
        "Unpack",
        "ReadOnly",
        "TypeIs",
    ]
)

_TYPES: Final[dict[str, Type]] = {
    "builtins.int": INT,
    "builtins.float": FLOAT,
    "builtins.complex": COMPLEX,
    "builtins.str": STR,
    "builtins.bool": BOOL,
    "builtins.NoneType": NONE,
    "types.NoneType": NONE,
    "typing.Any": ANY,
    "typing.Text": STR,
    "torch.SymInt": INT,
    "torch.device": DEVICE,
    "torch.dtype": INT,
    "torch.qscheme": INT,
    "torch.Generator": GENERATOR,
    "torch.Stream": STREAM,
    "torch.Tensor": TENSOR,
    "torch._tensor.Tensor": TENSOR,
    **{
        f"torch.{kind}Tensor": TENSOR
        for kind in ["Long", "Float", "Double", "Int", "Short", "Half", "Char", "Byte", "Bool", "BFloat16"]
    },
    **{
        f"torch.nn.{module}{name}": TENSOR
        for module in ("", "parameter.")
        for name in ("Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer")
    },
}
# External names that surely are no types: nothing in them that torch could compile as a class.
_NO_TYPES: Final = frozenset(
    [
        "torch.Size",
        "torch.layout",
        "torch.memory_format",
        "torch.finfo",
        "torch.iinfo",
        "torch.jit.ScriptModule",
        "torch.jit.ScriptFunction",
        "torch.distributed.ProcessGroup",
        "torch.distributed.Work",
        "torch._C.ScriptModule",
        "torch.distributed.distributed_c10d.ProcessGroup",
        "enum.Enum",
        "types.FunctionType",
        "types.ModuleType",
        "types.MethodType",
        "types.BuiltinFunctionType",
        "torch._jit_internal.BroadcastingList2",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.deque",
    ]
)
_NO_TYPE_PREFIXES: Final = ("builtins.", "typing.", "numpy.", "functools.", "math.")
# Where Python says that classes of torch.nn live.
TORCH_HOMES: Final = {
    "torch.nn.Module": "torch.nn.modules.module.Module",
    "torch.nn.Linear": "torch.nn.modules.linear.Linear",
    "torch.jit.ScriptModule": "torch.jit._script.ScriptModule",
    **{f"torch.nn.{name}": f"torch.nn.modules.container.{name}" for name in ("ModuleList", "ModuleDict", "Sequential")},
    **{
        f"torch.nn.{name}": f"torch.nn.modules.activation.{name}"
        for name in ("ReLU", "GELU", "SiLU", "MultiheadAttention")
    },
    **{f"torch.nn.Conv{n}d": f"torch.nn.modules.conv.Conv{n}d" for n in (1, 2, 3)},
    **{f"torch.nn.BatchNorm{n}d": f"torch.nn.modules.batchnorm.BatchNorm{n}d" for n in (1, 2, 3)},
}


# --- evaluation --------------------------------------------------------------------------------------------


def dotted(node: ast.expr) -> str | None:
    """``a.b.c`` of a chain of names; None for any other expression."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))


def evaluate(node: ast.expr, lookup: Callable[[str], Value | None]) -> Value:
    """The object that Python makes of an annotation; `Unknown` where it would not get that far (an unbound name) or
    where the expression is no annotation."""
    match node:
        case ast.Constant(value=value):
            return Constant(value)
        case ast.Name() | ast.Attribute():
            name = dotted(node)
            found = lookup(name) if name is not None else None
            return Unknown(f"`{name}` is not bound") if found is None else found
        case ast.Subscript(value=base, slice=index):
            generic = evaluate(base, lookup)
            args = index.elts if isinstance(index, ast.Tuple) else [index]
            if isinstance(generic, Unknown):
                return generic
            if isinstance(index, ast.Tuple) and not args:
                return Subscripted(generic, (Sequence("tuple", ()),))
            found_args = tuple(evaluate(arg, lookup) for arg in args)
            return Unknown("a type of very many parts") if is_heavy(found_args) else Subscripted(generic, found_args)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Subscripted(External("types.UnionType"), (evaluate(left, lookup), evaluate(right, lookup)))
        case ast.List(elts=elements):
            return Sequence("list", tuple(evaluate(element, lookup) for element in elements))
    return Unknown("an expression that is no annotation")


def is_generic(value: Value) -> bool:
    """Whether brackets after the object hold types: ``List[...]``, ``tuple[...]``."""
    name = typing_name(value)
    return name.startswith("typing.") or name in _LISTS or name in _DICTS or name in _TUPLES or name in _FUTURES


def is_type_object(value: Value) -> bool:
    """Whether the object is a type, so that ``|`` makes a Union of it."""
    if isinstance(value, (Class, TupleClass, Subscripted)):
        return True
    name = typing_name(value)
    return name in _TYPES or is_generic(value)


# What torch's own modules import from typing, and others from there.
_TORCHS_TYPING = frozenset({"torch.jit.annotations", "torch._jit_internal"})
_AGAIN = frozenset({"Any", "Dict", "List", "Optional", "Tuple", "Union"})


def typing_name(value: Value) -> str:
    """The dotted name of an external object, under which ``typing`` has it; '' for anything else."""
    if not isinstance(value, External):
        return ""
    name = value.name
    if name in _FINAL_ALIASES:
        return "typing.Final"
    home, _, last = name.rpartition(".")
    again = home == "typing_extensions" or (home in _TORCHS_TYPING and last in _AGAIN)
    return f"typing.{last}" if again else name


def is_final(value: Value) -> bool:
    """``torch._jit_internal.is_final``: Final, Final[...], and every bare special form of ``typing``."""
    if isinstance(value, Subscripted):
        return typing_name(value.base) == "typing.Final"
    return typing_name(value) in _SPECIAL_FORMS


def union_members(value: Value) -> tuple[Value, ...] | None:
    """The members of a Union, Optional or ``|``, flat and without repetitions, as Python keeps them; None for
    anything else."""
    if not isinstance(value, Subscripted):
        return None
    name = typing_name(value.base)
    if name == "typing.Optional":
        given: tuple[Value, ...] = (*value.args, NONE_CLASS)
    elif name in _UNION_BASES:
        given = value.args
    else:
        return None
    members: list[Value] = []
    for arg in given:
        if arg == Constant(None):
            arg = NONE_CLASS
        for member in union_members(arg) or (arg,):
            if member not in members:
                members.append(member)
    return tuple(members)


# --- from objects to types -----------------------------------------------------------------------------------


def object_type(value: Value, context: AnnotationContext) -> Type | None:
    """The type that an object stands for as an annotation; None where torch finds none, `UNKNOWN` where we do not
    know. Raises `AnnotationError` where torch raises (``try_ann_to_type``)."""
    match value:
        case Unknown() | Absent():
            return UNKNOWN
        case OneOf(options=options):
            return _one_of([option for option, _ in options], context)
        case Constant(value=None):
            return NONE
        case Class(definition=definition):
            return context.class_type(definition)
        case TupleClass():
            return context.tuple_type(value)
        case Subscripted():
            made = _subscripted(value, context)
            return UNKNOWN if made is not None and is_huge(made) else made
        case External():
            return _external(typing_name(value), context)
    return None


def _one_of(options: list[Value], context: AnnotationContext) -> Type | None:
    types: list[Type | None] = []
    for option in options:
        try:
            found = object_type(option, context)
        except AnnotationError:
            return UNKNOWN
        types.append(found)
    return types[0] if all(type_ == types[0] for type_ in types) else UNKNOWN


def _external(name: str, context: AnnotationContext) -> Type | None:
    found = _TYPES.get(name)
    if found is not None:
        return found
    short = name.rpartition(".")[2]
    if name in ("typing.List", "typing.Tuple", "typing.Dict", "typing.Optional", "typing.Union"):
        raise missing_argument(short)
    if name in _FUTURES or name in _RREFS:
        raise missing_argument(short)
    if name in _AWAITS:
        return AwaitType(ANY)
    if name.startswith(("torch.nn.common_types.", "torch.types.")):
        return _common_type(short)
    if is_no_type(name):
        return None
    return context.external_type(name)


def is_no_type(name: str) -> bool:
    """Whether an external name surely is nothing that could be an annotation for the compiler."""
    if name in _NO_TYPES or name.startswith(_NO_TYPE_PREFIXES):
        return True
    if name.startswith("torch.nn."):
        return not name.startswith(("torch.nn.parallel", "torch.nn.utils"))
    return False


def missing_argument(name: str) -> AnnotationError:
    """``raise_error_container_parameter_missing``."""
    if name.endswith("ict"):
        what = f"{name} without contained types. Please add contained type, e.g. {name}[int, int]"
    else:
        what = f"{name} without a contained type. Please add a contained type, e.g. {name}[int]"
    return AnnotationError("JIT531", f"Attempted to use {what}")


def _common_type(name: str) -> Type | None:
    """The aliases of ``torch.nn.common_types`` and ``torch.types``: an int or a tuple of that many."""
    if name in ("_dtype", "_qscheme", "_int"):
        return INT
    if name in ("_bool", "_float", "_device", "Tensor"):
        return {"_bool": BOOL, "_float": FLOAT, "_device": DEVICE, "Tensor": TENSOR}[name]
    if name in ("_layout", "_size", "_dispatchkey"):
        return None if name == "_layout" else UNKNOWN
    if name.endswith("_any_t") or name == "_maybe_indices_t":
        raise AnnotationError("JIT530", "Can not create tuple with None type")
    for prefix, element in (("_size_", INT), ("_ratio_", FLOAT)):
        count = name[len(prefix) : -2]
        if name.startswith(prefix) and name.endswith("_t") and count.isdigit():
            return union_of((element, TupleType((element,) * int(count))))
    return UNKNOWN


def _subscripted(value: Subscripted, context: AnnotationContext) -> Type | None:
    name, args = typing_name(value.base), value.args
    if isinstance(value.base, (Unknown, OneOf)):
        return UNKNOWN
    if name in _TUPLES:
        if args == (Sequence("tuple", ()),):
            return TupleType(())
        elements = []
        for arg in args:
            element = object_type(arg, context)
            if element is None:
                raise AnnotationError("JIT530", "Can not create tuple with None type")
            elements.append(element)
        return TupleType(tuple(elements))
    if name in _LISTS:
        element = object_type(args[0], context)
        return ListType(element) if element is not None else None
    if name in _DICTS:
        if len(args) != 2:
            return None
        found = [object_type(arg, context) for arg in args]
        for arg, type_ in zip(args, found, strict=True):
            if type_ is None:
                raise AnnotationError("JIT530", f"Unknown type annotation: '{describe(arg)}' at ")
        return dict_of(found[0] or UNKNOWN, found[1] or UNKNOWN)
    members = union_members(value)
    if members is not None:
        return _union(value, members, context)
    if name in _FUTURES or name in _RREFS or name in _AWAITS:
        element = object_type(args[0], context) or UNKNOWN
        return FutureType(element) if name in _FUTURES else (RRefType if name in _RREFS else AwaitType)(element)
    if isinstance(value.base, Class) or is_no_type(name):
        return None
    return UNKNOWN if name and not name.startswith("collections.abc.") else None


def _union(value: Subscripted, members: tuple[Value, ...], context: AnnotationContext) -> Type | None:
    if len(members) == 1:
        return object_type(members[0], context)
    if {typing_name(member) for member in members} == {"builtins.int", "builtins.float", "builtins.complex"}:
        return NUMBER
    optional = len(members) == 2 and NONE_CLASS in members
    types = []
    for member in members:
        type_ = object_type(member, context)
        if type_ is None:
            raise AnnotationError(
                "JIT530",
                f"Unsupported annotation {describe(value)} could not be resolved because "
                f"{describe(member)} could not be resolved. At\n",
            )
        types.append(type_)
    if optional:
        element = types[0] if types[1] == NONE else types[1]
        return optional_of(element)
    return checked_union(types)


def checked_union(types: list[Type]) -> Type:
    """The Union of what was written, or the compiler's assertion where its members are one type."""
    problem = union_problem(types)
    if problem is not None:
        raise AnnotationError("JIT534", problem)
    return union_of(types)


def dict_of(key: Type, value: Type) -> Type:
    """A Dict, or the compiler's error about the type of its keys (``DictType::create``)."""
    if key not in DICT_KEYS and not isinstance(key, TensorType):
        raise AnnotationError(
            "JIT533",
            f"Cannot create dict for key type '{key.short()}', only int, float, complex, Tensor, device and string "
            "keys are supported",
        )
    return DictType(key, value)


# --- in words ------------------------------------------------------------------------------------------------


def describe(value: Value, quoted: bool = True) -> str:
    """``repr`` of the object (``str`` of a bare string with `quoted` false), as messages have it."""
    match value:
        case Constant(value=str() as text) if not quoted:
            return text
        case Constant(value=str()):
            return _argument(value)
        case Constant(value=constant):
            return repr(constant)
        case Class() | External():
            name = _argument(value)
            is_class = isinstance(value, Class) or not name.startswith("typing.")
            home = f"builtins.{name}" if typing_name(value).startswith("builtins.") else name
            return f"<class '{home.removeprefix('builtins.')}'>" if is_class else name
    return _argument(value)


def _argument(value: Value) -> str:
    """How the object looks inside another's brackets (``typing._type_repr``)."""
    match value:
        case Constant(value=str() as text):
            return f"ForwardRef({text!r})"
        case Constant(value=None):
            return "None"
        case Constant(value=constant):
            return "..." if constant is Ellipsis else repr(constant)
        case External():
            name = typing_name(value)
            name = "NoneType" if value == NONE_CLASS else TORCH_HOMES.get(name, name)
            return name.removeprefix("builtins.")
        case Class(definition=definition):
            return f"{definition.module.name}.{definition.qualname}"
        case Sequence(kind="list", items=items) if items is not None:
            return f"[{', '.join(map(_argument, items))}]"
        case Sequence(kind="tuple"):
            return "()"
        case Subscripted(base=base, args=args):
            members = union_members(value)
            if typing_name(base) == "typing.Literal":
                return f"typing.Literal[{', '.join(repr(a.value) for a in args if isinstance(a, Constant))}]"
            if members is None:
                return f"{_argument(base)}[{', '.join(map(_argument, args))}]"
            if typing_name(base) == "types.UnionType":
                return " | ".join("None" if member == NONE_CLASS else _argument(member) for member in members)
            if len(members) == 2 and NONE_CLASS in members:
                return f"typing.Optional[{_argument(members[0] if members[1] == NONE_CLASS else members[1])}]"
            return f"typing.Union[{', '.join(map(_argument, members))}]"
    return "?"
