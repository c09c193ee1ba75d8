"""Functions without source that constructors call: Python's own, and torch's through `torch_modules`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from jitlint.project.files import Missing
from jitlint.project.hierarchy import is_namedtuple
from jitlint.shapes import builtin_methods, calls, torch_modules
from jitlint.shapes.frames import MAX_ITEMS, Frame, PathEnds
from jitlint.shapes.freezing import copy_value
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject, key_of
from jitlint.shapes.items import element, iterate
from jitlint.shapes.joins import element_of, is_tensor, one_of, options_of, scalar_type
from jitlint.shapes.operators import binary
from jitlint.shapes.stores import update
from jitlint.shapes.type_tests import isinstance_, issubclass_
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Lambda,
    ModuleObject,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, STR, TENSOR

if TYPE_CHECKING:
    import ast

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
    if args and isinstance(args[0], Module) and base.startswith("torch."):
        return builtin_methods.call_method(run, args[0], last, args[1:], kwargs, frame, open_)
    if name.startswith("operator."):
        return _operator(run, last, args)
    if not name.startswith(_HARMLESS):
        calls.escape(run, args, kwargs)
    if name.startswith("builtins.") and (last.endswith(("Error", "Exception", "Warning")) or last == "StopIteration"):
        return Unknown("an exception")
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
    {"typing.NamedTuple", "typing.TypedDict", "enum.Enum", "enum.IntEnum", "enum.Flag", "enum.IntFlag", "enum.StrEnum"}
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
    import ast

    ops: dict[str, ast.operator] = {"add": ast.Add(), "mul": ast.Mult(), "sub": ast.Sub(), "truediv": ast.Div()}
    if name in ops and len(args) == 2:
        return binary(run, ops[name], args[0], args[1])
    return UNKNOWN


# --- conversions ---------------------------------------------------------------------------------------------


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


def _sequence(kind: str) -> Any:
    def make(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        if not args:
            return Sequence("tuple", ()) if kind == "tuple" else run.heap.sequence((), None, kind)
        value = args[0]
        if isinstance(value, OneOf):
            return one_of(
                [
                    (make(run, [option], {}, frame), text)
                    for option, text in value.options
                    if not isinstance(option, Constant | Absent)
                ]
            )
        items = iterate(run, value)
        inner = element(run, value) if items is None else None
        if items is not None and kind in ("set", "frozenset"):
            items = list({key_of(item): item for item in items}.values())
        known = tuple(items) if items is not None else None
        if inner is not None and isinstance(inner, Unknown):
            inner = None
        return Sequence("tuple", known, inner) if kind == "tuple" else run.heap.sequence(known, inner, kind)

    return make


def _dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return make_dict(run, args, kwargs, False)


def _ordered_dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return make_dict(run, args, kwargs, True)


def make_dict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], ordered: bool) -> Value:
    result = run.heap.mapping([], ordered)
    if args:
        update(run, result, args[0])
    for name, value in kwargs.items():
        if result.items is not None:
            result.cell["items"] = {**result.items, key_of(Constant(name)): (Constant(name), value)}
    return result


def _defaultdict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return run.heap.mapping(None)


# --- sequences -----------------------------------------------------------------------------------------------


def _len(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    value = args[0]
    match value:
        case Constant(value=str() | bytes() as text):
            return Constant(len(text))
        case Constant():
            raise PathEnds
        case Sequence(items=tuple() as items) | ListObject(items=tuple() as items):
            return Constant(len(items))
        case DictObject(items=dict()):
            items_ = iterate(run, value)
            return Typed(INT) if items_ is None else Constant(len(items_))
        case Module() if value.children is not None and not value.state["open"]:
            if not any(isinstance(child, OneOf) for child in value.children.values()):
                return Constant(len(value.children))
        case InstanceObject(cls=Class(definition=definition)) | Module(cls=Class(definition=definition)):
            method = run.class_member(definition, "__len__")
            if isinstance(method, Function):
                return run.call(run.bind(method, value, Class(definition)), [], {})
            if is_namedtuple(run.project, definition) and isinstance(value, InstanceObject):
                return Constant(len(value.attributes))
        case Class():
            found = iterate(run, value)
            return Typed(INT) if found is None else Constant(len(found))
        case OneOf(options=options):
            kept = [
                (_len(run, [option], {}, frame), text)
                for option, text in options
                if not isinstance(option, Constant | Absent)
            ]
            return one_of(kept) if kept else UNKNOWN
    return Typed(INT)


def _range(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    plain = [run.plain(arg) for arg in args]
    if all(isinstance(value, int) for value in plain) and plain and (len(plain) < 3 or plain[2]):
        numbers = range(*plain)
        if len(numbers) <= MAX_ITEMS:
            return Sequence("range", tuple([Constant(number) for number in numbers]))
    elif any(value is not NotImplemented and not isinstance(value, int) for value in plain):
        raise PathEnds
    return Sequence("range", None, Typed(INT))


def _enumerate(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    first = run.plain(args[1] if len(args) > 1 else kwargs.get("start", Constant(0)))
    items = iterate(run, args[0])
    if items is None or not isinstance(first, int):
        return Sequence("iterator", None, Sequence("tuple", (Typed(INT), element(run, args[0]))))
    return Sequence(
        "iterator", tuple([Sequence("tuple", (Constant(first + number), item)) for number, item in enumerate(items)])
    )


def _zip(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    columns = [iterate(run, arg) for arg in args]
    if any(column is None for column in columns):
        return Sequence("iterator", None, Sequence("tuple", tuple([element(run, arg) for arg in args])))
    return Sequence("iterator", tuple([Sequence("tuple", row) for row in zip(*[c for c in columns if c is not None])]))


def _reversed(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items is None:
        return Sequence("iterator", None, element(run, args[0]))
    return Sequence("iterator", tuple(reversed(items)))


def _sorted(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    plain = [run.plain(item) for item in items or ()]
    if items is not None and not kwargs and all(value is not NotImplemented for value in plain):
        try:
            return run.heap.sequence(tuple([Constant(value) for value in sorted(plain)]))
        except TypeError:
            pass
    return run.heap.sequence(None, element(run, args[0]))


def _map(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    columns = [iterate(run, arg) for arg in args[1:]]
    if any(column is None for column in columns):
        inner = run.call(args[0], [element(run, arg) for arg in args[1:]], {}, frame)
        return Sequence("iterator", None, inner)
    rows = zip(*[column for column in columns if column is not None])
    return Sequence("iterator", tuple([run.call(args[0], list(row), {}, frame) for row in rows]))


def _filter(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[1])
    if items is None:
        return Sequence("iterator", None, element(run, args[1]))
    kept: list[Value] = []
    known = True
    for item in items:
        test = item if run.plain(args[0]) is None else run.call(args[0], [item], {}, frame)
        truth = run.truth(test)
        if truth is None:
            known = False
        if truth is not False:
            kept.append(item)
    return Sequence("iterator", tuple(kept) if known else None, None if known else element_of(tuple(kept), None))


def _sum(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    import ast

    items = iterate(run, args[0])
    total: Value = args[1] if len(args) > 1 else Constant(0)
    if items is None:
        inner = scalar_type(element(run, args[0]))
        return Typed(inner) if inner in (INT, FLOAT) else UNKNOWN
    for item in items:
        total = binary(run, ast.Add(), total, item)
    return total


def _extreme(function: Any) -> Any:
    def find(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        items = iterate(run, args[0]) if len(args) == 1 else args
        if items is None or "key" in kwargs:
            inner = scalar_type(element(run, args[0]))
            return Typed(inner) if inner is not None else UNKNOWN
        if not items:
            if "default" in kwargs:
                return kwargs["default"]
            raise PathEnds
        plain = [run.plain(item) for item in items]
        if all(value is not NotImplemented for value in plain):
            try:
                return Constant(function(plain))
            except TypeError as error:
                raise PathEnds from error
        types = {scalar_type(item) for item in items}
        only = types.pop() if len(types) == 1 else None
        return Typed(only) if only is not None else UNKNOWN

    return find


def _any_all(is_all: bool) -> Any:
    def test(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
        items = iterate(run, args[0])
        if items is None:
            return Typed(BOOL)
        truths = [run.truth(item) for item in items]
        if (False in truths) if is_all else (True in truths):
            return Constant(not is_all)
        return Typed(BOOL) if None in truths else Constant(is_all)

    return test


def _next(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items:
        return items[0] if len(items) == 1 else element_of(tuple(items), None) or UNKNOWN
    return UNKNOWN if items is None else args[1] if len(args) > 1 else UNKNOWN


def _chain(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    found: list[Value] = []
    for arg in args:
        items = iterate(run, arg)
        if items is None:
            return Sequence("iterator", None, one_of([(element(run, one), "") for one in args]))
        found.extend(items)
    return Sequence("iterator", tuple(found))


def _chain_iterable(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    return Sequence("iterator", None) if items is None else _chain(run, items, {}, frame)


def _repeat(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    count = run.plain(args[1]) if len(args) > 1 else NotImplemented
    if isinstance(count, int) and count <= MAX_ITEMS:
        return Sequence("iterator", (args[0],) * max(count, 0))
    return Sequence("iterator", None, args[0])


def _product(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    rows: list[tuple[Value, ...]] = [()]
    for arg in args:
        items = iterate(run, arg)
        if items is None or kwargs or len(rows) * len(items) > MAX_ITEMS:
            return Sequence("iterator", None, None)
        rows = [(*row, item) for row in rows for item in items]
    return Sequence("iterator", tuple([Sequence("tuple", row) for row in rows]))


def _accumulate(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[0])
    if items is None or len(args) > 1 or kwargs:
        return Sequence("iterator", None, None)
    found: list[Value] = []
    for item in items:
        import ast

        found.append(item if not found else binary(run, ast.Add(), found[-1], item))
    return Sequence("iterator", tuple(found))


def _reduce(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    items = iterate(run, args[1])
    if items is None:
        return UNKNOWN
    rest = [*args[2:], *items]
    if not rest:
        raise PathEnds
    total = rest[0]
    for item in rest[1:]:
        total = run.call(args[0], [total, item], {}, frame)
    return total


# --- objects -------------------------------------------------------------------------------------------------


def _getattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if not isinstance(name, str):
        return UNKNOWN
    value = run.attribute(args[0], name)
    if value is None:
        if len(args) > 2:
            return args[2]
        raise PathEnds
    if isinstance(args[0], External) and len(args) > 2 and not torch_modules.exists(run, f"{args[0].name}.{name}"):
        return UNKNOWN
    if isinstance(args[0], Module) and len(args) > 2:
        held = args[0].attributes.get(name)
        if isinstance(held, OneOf) and any(isinstance(option, Absent) for option, _ in held.options):
            return one_of([*options_of(value), *options_of(args[2])])
    return value


def _hasattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    target = args[0]
    if not isinstance(name, str):
        return Typed(BOOL)
    if isinstance(target, OneOf):
        answers = {run.plain(_hasattr(run, [option, args[1]], {}, frame)) for option, _ in target.options}
        only = answers.pop() if len(answers) == 1 else NotImplemented
        return Constant(only) if isinstance(only, bool) else Typed(BOOL)
    if isinstance(target, External):
        found = torch_modules.exists(run, f"{target.name}.{name}")
        return Typed(BOOL) if found is None else Constant(found)
    if isinstance(target, ListObject | DictObject | Sequence):
        kind = getattr(target, "kind", "dict")
        base = {"list": list, "dict": dict, "tuple": tuple, "set": set, "range": range}.get(kind)
        return Constant(hasattr(base, name)) if base is not None else Typed(BOOL)
    if isinstance(target, Typed | Parameter | Unknown | Partial | Lambda | Function):
        return Typed(BOOL)
    if isinstance(target, Module | InstanceObject):
        held = target.attributes.get(name)
        if isinstance(held, OneOf) and any(isinstance(option, Absent) for option, _ in held.options):
            return Typed(BOOL)
        cls = target.cls
        if held is None and isinstance(cls, Class):
            member = run.class_member(cls.definition, name)
            if isinstance(member, Function):
                return Constant(True)
    value = run.attribute(target, name)
    if value is None:
        return Constant(False)
    return Typed(BOOL) if isinstance(value, Unknown) else Constant(True)


def _setattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if isinstance(name, str):
        run.set_attribute(args[0], name, args[2])
    else:
        run.incomplete(args[0], "an attribute is set whose name is computed")
    return NONE


def _delattr(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    name = run.plain(args[1])
    if isinstance(name, str):
        run.delete_attribute(args[0], name)
    else:
        run.incomplete(args[0], "an attribute is deleted whose name is computed")
    return NONE


def _callable(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    match args[0]:
        case Function() | Class() | Lambda() | Partial() | Module() | BuiltinMethod():
            return Constant(True)
        case Constant() | Sequence() | ListObject() | DictObject() | ModuleObject():
            return Constant(False)
        case External(name=name) if name.startswith(("torch.nn.", "builtins.")):
            return Constant(True)
        case OneOf(options=options):
            answers = {run.plain(_callable(run, [option], {}, frame)) for option, _ in options}
            only = answers.pop() if len(answers) == 1 else NotImplemented
            return Constant(only) if isinstance(only, bool) else Typed(BOOL)
    return Typed(BOOL)


def _type(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if len(args) != 1:
        return Unknown("a class made by type()")
    match args[0]:
        case Module(cls=cls) | InstanceObject(cls=cls):
            return cls
        case Constant(value=constant):
            return External(f"builtins.{type(constant).__name__}")
        case Typed(type=type_) if type_ in (INT, FLOAT, BOOL, STR):
            return External(f"builtins.{type_}")
        case ListObject(kind=kind) | Sequence(kind=kind) if kind != "iterator":
            return External(f"builtins.{kind}")
        case DictObject():
            return External("builtins.dict")
    return UNKNOWN


def _super(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if len(args) >= 2:
        return SuperObject(args[0], args[1])
    inner = frame
    while inner is not None and (inner.owner is None or inner.receiver is None):
        inner = inner.parent
    if inner is None or inner.owner is None or inner.receiver is None:
        return UNKNOWN
    return SuperObject(Class(inner.owner), inner.receiver)


def _locals(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if args or frame is None:
        return _vars(run, args, kwargs, frame)
    return run.heap.mapping([(Constant(name), run.present(value)) for name, value in frame.root.locals.items()])


def _vars(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if not args:
        return _locals(run, args, kwargs, frame) if frame is not None else UNKNOWN
    return run.attribute(args[0], "__dict__") or UNKNOWN


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


def _partial(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    function = args[0]
    if isinstance(function, OneOf):
        return one_of([(_partial(run, [option, *args[1:]], kwargs, frame), text) for option, text in function.options])
    if isinstance(function, Partial):
        return Partial(
            function.function, (*function.args, *args[1:]), tuple({**dict(function.kwargs), **kwargs}.items())
        )
    return Partial(function, tuple(args[1:]), tuple(kwargs.items()))


def _copy(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return copy_value(run.heap, args[0], True)


def _shallow(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return copy_value(run.heap, args[0], isinstance(args[0], Module))


def _second(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return args[1]


def _first(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    return args[0]


def _replace(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    made = copy_value(run.heap, args[0], False)
    if isinstance(made, InstanceObject) and made is not args[0]:
        for name, value in kwargs.items():
            made.attributes[name] = value
        return made
    return UNKNOWN


def _asdict(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    if isinstance(args[0], InstanceObject) and args[0].state["known"]:
        return run.heap.mapping([(Constant(name), value) for name, value in args[0].attributes.items()])
    return run.heap.mapping(None)


def _namespace(run: Interpreter, args: list[Value], kwargs: dict[str, Value], frame: Frame | None) -> Value:
    made = run.heap.instance(External("types.SimpleNamespace"))
    made.attributes.update(kwargs)
    return made


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
    "builtins.len": _len,
    "builtins.range": _range,
    "builtins.int": _convert(int),
    "builtins.float": _convert(float),
    "builtins.str": _convert(str),
    "builtins.bool": _convert(bool),
    "builtins.complex": _convert(complex),
    "builtins.list": _sequence("list"),
    "builtins.tuple": _sequence("tuple"),
    "builtins.set": _sequence("set"),
    "builtins.frozenset": _sequence("frozenset"),
    "builtins.dict": _dict,
    "collections.OrderedDict": _ordered_dict,
    "typing.OrderedDict": _ordered_dict,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _sequence("deque"),
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.reversed": _reversed,
    "builtins.sorted": _sorted,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.sum": _sum,
    "builtins.max": _extreme(max),
    "builtins.min": _extreme(min),
    "builtins.any": _any_all(False),
    "builtins.all": _any_all(True),
    "builtins.next": _next,
    "builtins.iter": _first,
    "builtins.isinstance": isinstance_,
    "builtins.issubclass": issubclass_,
    "builtins.getattr": _getattr,
    "builtins.hasattr": _hasattr,
    "builtins.setattr": _setattr,
    "builtins.delattr": _delattr,
    "builtins.callable": _callable,
    "builtins.type": _type,
    "builtins.super": _super,
    "builtins.locals": _locals,
    "builtins.vars": _vars,
    "builtins.print": _none,
    "builtins.round": _round,
    "builtins.abs": _pure(abs),
    "builtins.divmod": _pure(divmod),
    "builtins.pow": _pure(pow),
    "builtins.ord": _pure(ord, INT),
    "builtins.chr": _pure(chr, STR),
    "builtins.repr": _str_typed,
    "builtins.format": _str_typed,
    "functools.partial": _partial,
    "functools.reduce": _reduce,
    "functools.wraps": _wraps,
    "importlib.util.find_spec": _find_spec,
    "copy.deepcopy": _copy,
    "copy.copy": _shallow,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": _chain_iterable,
    "itertools.repeat": _repeat,
    "itertools.product": _product,
    "itertools.accumulate": _accumulate,
    "torch.linspace": _linspace,
    "numpy.linspace": _linspace,
    "os.environ.get": _environment,
    "os.getenv": _environment,
    "typing.cast": _second,
    "warnings.warn": _none,
    "dataclasses.replace": _replace,
    "dataclasses.asdict": _asdict,
    "types.SimpleNamespace": _namespace,
}
_OPEN: dict[str, Value] = {
    "builtins.int": Typed(INT),
    "builtins.float": Typed(FLOAT),
    "builtins.len": Typed(INT),
    "builtins.print": NONE,
}
