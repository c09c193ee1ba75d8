"""Functions without source that constructors call: Python's own here, in `builtin_sequences` and in `builtin_objects`,
torch's through `torch_modules`."""

from __future__ import annotations

import ast
import math
from typing import TYPE_CHECKING, Any

from jitlint.project.files import Missing
from jitlint.shapes import builtin_methods, builtin_objects, builtin_sequences, torch_modules
from jitlint.shapes.frames import Frame, PathEnds
from jitlint.shapes.heap import InstanceObject, Module
from jitlint.shapes.joins import is_tensor, one_of, scalar_type
from jitlint.shapes.module_methods import set_plainly
from jitlint.shapes.operators import binary
from jitlint.shapes.tuple_classes import MAKERS, tuple_class
from jitlint.shapes.values import NONE, UNKNOWN, Constant, External, Instance, OneOf, Sequence, Typed, Unknown, Value
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, STR, TENSOR

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

# What a call to one of these says nothing about: its arguments are left as they are.
_HARMLESS = (
    "warnings.", "logging.", "builtins.print", "builtins.repr", "builtins.id", "builtins.hash", "math.",
    "numpy.", "torch.", "inspect.", "typing.", "os.", "sys.", "time.", "random.", "re.", "json.", "types.",
    "builtins.", "string.", "operator.", "pathlib.", "copy.", "functools.", "itertools.", "collections.",
    "dataclasses.", "enum.", "weakref.", "threading.",
)  # fmt: skip


def call_external(
    run: Interpreter, name: str, args: list[Value], kwargs: dict[str, Value], frame: Frame | None, open_: bool
) -> Value:
    """A call of something known by name alone."""
    handler = _FUNCTIONS.get(name)
    if handler is not None:
        if open_ and any(isinstance(arg, Sequence) and arg.kind == "*" for arg in args):
            return _OPEN.get(name, UNKNOWN)
        if open_ and name in ("builtins.dict", "collections.OrderedDict", "typing.OrderedDict"):
            return run.heap.mapping(None)
        if open_ and name == "functools.partial":
            return Unknown("a partial with arguments that are not known")
        try:
            result: Value = handler(run, args, kwargs, frame)
            return result
        except (IndexError, KeyError):
            return UNKNOWN
    if name.startswith("math."):
        return _math(run, name, args)
    if name.endswith(".__init__") and args and isinstance(args[0], Module | InstanceObject):
        torch_modules.initialise(run, args[0], name[: -len(".__init__")], args[1:], kwargs, open_)
        return NONE
    if name.startswith("torch."):
        return torch_modules.call(run, name, args, kwargs, frame, open_)
    base, _, last = name.rpartition(".")
    if args and isinstance(args[0], Module) and name == "builtins.object.__setattr__":
        return set_plainly(run, args[0], args[1:])
    if args and isinstance(args[0], Module | InstanceObject) and base == "builtins.object":
        return builtin_methods.call_method(run, args[0], last, args[1:], kwargs, frame, open_)
    if args and isinstance(args[0], Module) and base.startswith("torch."):
        return builtin_methods.call_method(run, args[0], last, args[1:], kwargs, frame, open_)
    if name.startswith("operator."):
        return _operator(run, last, args)
    if not name.startswith(_HARMLESS):
        run.escape(args, kwargs)
    if name.startswith("builtins.") and (last.endswith(("Error", "Exception", "Warning")) or last == "StopIteration"):
        return Unknown("an exception")
    if name in MAKERS and (tuples := tuple_class(run, name, args, kwargs, frame)) is not None:
        return tuples
    if name in _CLASS_MAKERS:
        return Unknown(f"a class made by {last}")
    if last[:1].isupper():
        return Instance(External(name))
    if name in _MADE or (name.startswith("numpy.") and name.count(".") == 1 and last in _NUMPY_SCALARS):
        return Instance(External(_MADE.get(name, name)))
    return Unknown(f"the result of {name}")


# What some functions of libraries give back, by the class's name.
_MADE = {
    "builtins.slice": "builtins.slice",
    "logging.getLogger": "logging.Logger",
    "weakref.ref": "weakref.ReferenceType",
    "weakref.proxy": "weakref.ProxyType",
    **{
        f"numpy.{name}": "numpy.ndarray"
        for name in "array asarray ones zeros empty full arange linspace eye identity".split()
    },
}
_CLASS_MAKERS = frozenset(
    MAKERS | {"typing.TypedDict", "enum.Enum", "enum.IntEnum", "enum.Flag", "enum.IntFlag", "enum.StrEnum"}
)
_NUMPY_SCALARS = frozenset(
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128 bool_".split()
)


def _math(run: Interpreter, name: str, args: list[Value]) -> Value:
    function = getattr(math, name[5:], None)
    plain = [run.plain(arg) for arg in args]
    if function is not None and all(value is not NotImplemented for value in plain):
        try:
            result = function(*plain)
        except (TypeError, ValueError, OverflowError, ZeroDivisionError):
            return UNKNOWN
        if isinstance(result, int | float | bool) and (not isinstance(result, int) or abs(result) < 1 << 62):
            return Constant(result)
        return UNKNOWN
    if name in (
        "math.floor",
        "math.ceil",
        "math.trunc",
        "math.gcd",
        "math.factorial",
        "math.comb",
        "math.isqrt",
        "math.lcm",
    ):
        return Typed(INT)
    if name in ("math.isnan", "math.isinf", "math.isclose", "math.isfinite"):
        return Typed(BOOL)
    return UNKNOWN if name == "math.prod" else Typed(FLOAT)


def _operator(run: Interpreter, name: str, args: list[Value]) -> Value:
    ops: dict[str, ast.operator] = {"add": ast.Add(), "mul": ast.Mult(), "sub": ast.Sub(), "truediv": ast.Div()}
    if name in ops and len(args) == 2:
        return binary(run, ops[name], args[0], args[1])
    return UNKNOWN


def _convert(target: type) -> Any:
    type_ = {int: INT, float: FLOAT, str: STR, bool: BOOL, complex: COMPLEX}[target]

    def convert(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        if not args:
            return Constant(target())
        value = args[0]
        if isinstance(value, OneOf) and len(args) == 1:
            options: list[tuple[Value, str]] = []
            for option, text in value.options:
                try:
                    options.append((convert(run, [option], {}, frame), text))
                except PathEnds:
                    continue
            if options:
                return one_of(options)
        if target is bool:
            truth = run.truth(value)
            return Typed(BOOL) if truth is None else Constant(truth)
        plain = run.plain(value)
        if plain is not NotImplemented and len(args) == 1:
            if target is str and not isinstance(plain, str | int | float | bool | type(None)):
                return Typed(STR)
            try:
                return Constant(target(plain))
            except (TypeError, ValueError, OverflowError) as error:
                raise PathEnds from error
        return Typed(type_)

    return convert


def _none(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return NONE


def _round(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    plain = [run.plain(arg) for arg in args]
    if all(value is not NotImplemented for value in plain):
        try:
            return Constant(round(*plain))
        except (TypeError, ValueError, OverflowError):
            return UNKNOWN
    return Typed(INT) if len(args) == 1 else Typed(FLOAT) if scalar_type(args[0]) == FLOAT else UNKNOWN


def _pure(function: Any, type_: Any = None) -> Any:
    def apply(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        plain = [run.plain(arg) for arg in args]
        if all(value is not NotImplemented for value in plain) and not kwargs:
            try:
                result = function(*plain)
            except (TypeError, ValueError, OverflowError, ZeroDivisionError):
                return UNKNOWN
            if isinstance(result, tuple):
                return Sequence("tuple", tuple([Constant(item) for item in result]))
            return Constant(result)
        if type_ is not None:
            return Typed(type_)
        if args and is_tensor(args[0]):
            return Typed(TENSOR)
        inner = scalar_type(args[0]) if args else None
        return Typed(inner) if inner in (INT, FLOAT) else UNKNOWN

    return apply


def _second(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return args[1]


def _str_typed(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return Typed(STR)


def _linspace(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    """A row of numbers: what stochastic depth is made of everywhere."""
    named = [kwargs.get(name) for name in ("start", "end", "steps")]
    plain = [run.plain(value) if value is not None else NotImplemented for value in [*args[:3], *named[len(args) :]]]
    first, last, count = (*plain, NotImplemented, NotImplemented, NotImplemented)[:3]
    if isinstance(first, int | float) and isinstance(last, int | float) and isinstance(count, int) and 0 < count <= 512:
        step = (last - first) / max(count - 1, 1)
        return Sequence("tensor", tuple([Constant(float(first + step * number)) for number in range(count)]))
    return Typed(TENSOR)


def _environment(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    """``os.environ.get``: a variable that is set is no default configuration."""
    default = args[1] if len(args) > 1 else kwargs.get("default", NONE)
    return default if isinstance(default, Constant) else UNKNOWN


def _find_spec(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    """``importlib.util.find_spec``: None for a package that is not installed."""
    name = run.plain(args[0])
    if not isinstance(name, str) or not name or name.startswith("."):
        return UNKNOWN
    top = name.partition(".")[0]
    found = run.project.locate(top, None)
    if not isinstance(found, Missing):
        return Instance(External("importlib.machinery.ModuleSpec")) if top == name else UNKNOWN
    if run.project.is_standard_library(top) or top in run.project.finder.hidden:
        return UNKNOWN
    return NONE if run.project.finder.lacks(top) else UNKNOWN


def _wraps(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return Unknown("a decorator")


_FUNCTIONS: dict[str, Any] = {
    **builtin_sequences.FUNCTIONS,
    **builtin_objects.FUNCTIONS,
    "builtins.int": _convert(int),
    "builtins.float": _convert(float),
    "builtins.str": _convert(str),
    "builtins.bool": _convert(bool),
    "builtins.complex": _convert(complex),
    "builtins.print": _none,
    "builtins.round": _round,
    "builtins.abs": _pure(abs),
    "builtins.divmod": _pure(divmod),
    "builtins.pow": _pure(pow),
    "builtins.ord": _pure(ord, INT),
    "builtins.chr": _pure(chr, STR),
    "builtins.repr": _str_typed,
    "builtins.format": _str_typed,
    "functools.wraps": _wraps,
    "importlib.util.find_spec": _find_spec,
    "torch.linspace": _linspace,
    "numpy.linspace": _linspace,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "typing.cast": _second,
    "warnings.warn": _none,
}
_OPEN: dict[str, Value] = {
    "builtins.int": Typed(INT),
    "builtins.float": Typed(FLOAT),
    "builtins.len": Typed(INT),
    "builtins.print": NONE,
}
