"""Where paths meet: joining the values of both, widening what a loop changes, and the words for a condition."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jitlint.shapes.heap import ABSENT, DictObject, ListObject, Module, key_of
from jitlint.shapes.values import Absent, Constant, External, OneOf, Parameter, Sequence, Typed, Unknown, Value
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, STR, TENSOR, Type

if TYPE_CHECKING:
    from jitlint.shapes.heap import Delta, Heap

MAX_OPTIONS = 6
_FEW = 16  # children: containers of more are told apart
_TYPES: dict[type, Type] = {bool: BOOL, int: INT, float: FLOAT, complex: COMPLEX, str: STR}


def type_of_constant(value: object) -> Type | None:
    """The TorchScript type of a Python constant; None for None, bytes and Ellipsis."""
    return _TYPES.get(type(value))


def scalar_type(value: Value) -> Type | None:
    """The type of a number, string or tensor, whether its value is known or not."""
    match value:
        case Constant(value=constant):
            return _TYPES.get(type(constant))
        case Typed(type=type_):
            return type_
        case OneOf(options=options):
            types = {scalar_type(option) for option, _ in options}
            return types.pop() if len(types) == 1 else None
    return None


def hanging_on(result: Value, given: Iterable[Value]) -> Value:
    """What is made of some values in a way that cannot be followed: the caller's to decide where one of them is."""
    if isinstance(result, Unknown) and not result.configured:
        return replace(result, configured=any(isinstance(one, Unknown) and one.configured for one in given))
    return result


def options_of(value: Value, condition: str = "") -> list[tuple[Value, str]]:
    """The options of a value under a condition, flattened."""
    if isinstance(value, OneOf):
        return [(option, both(condition, inner)) for option, inner in value.options]
    return [(value, condition)]


def both(first: str, second: str) -> str:
    """The conjunction of two conditions, or the nearer of them where it would get long."""
    if not first or first == second:
        return second
    if not second:
        return first
    if second in first:
        return first
    if first in second:
        return second
    return f"{second} and {first}" if len(first) + len(second) < 80 else first


def join(first: Value, second: Value, condition: str = "", otherwise: str = "") -> Value:
    """What holds where `first` does under `condition` and `second` `otherwise`."""
    if first is second or merge_key(first) == merge_key(second):
        return first
    return one_of([*options_of(first, condition), *options_of(second, otherwise)])


def one_of(options: list[tuple[Value, str]]) -> Value:
    """The union of options, without repetitions; scalars of one type collapse where there are too many."""
    merged: dict[Any, tuple[Value, str]] = {}
    for value, condition in options:
        key = merge_key(value)
        if key in merged:
            merged[key] = (value, shared(merged[key][1], condition))
        else:
            merged[key] = (value, condition)
    distinct = list(merged.values())
    if len(distinct) == 1:
        return distinct[0][0]
    if len(distinct) > MAX_OPTIONS:
        types = {scalar_type(value) for value, _ in distinct}
        if len(types) == 1 and (only := types.pop()) is not None:
            return Typed(only)
        return Unknown("too many possible values", configured=True)
    if distinct and all(isinstance(value, Unknown) for value, _ in distinct):
        return distinct[0][0]
    return OneOf(tuple(distinct))


def merge_key(value: Value) -> Any:
    """Like `key_of`, but equal for modules of torch's that were built alike, and for its containers of such."""
    if not isinstance(value, Module) or value.attributes or not isinstance(value.cls, External):
        return key_of(value)
    if value.children is None:
        arguments = tuple([(name, key_of(argument)) for name, argument in value.arguments.items()])
        return ("module", value.cls.name, arguments)
    if not 0 < len(value.children) <= _FEW or value.state["open"]:
        return key_of(value)  # an empty one may be about to be filled
    return ("modules", value.cls.name, tuple([(name, merge_key(child)) for name, child in value.children.items()]))


def shared(first: str, second: str) -> str:
    """The condition of an option that holds under either of two: their common part, or none."""
    if first == second:
        return first
    if first and first in second:
        return first
    if second and second in first:
        return second
    return ""


def widen(before: Value, after: Value) -> Value:
    """A value that fits `before`, `after` and whatever further rounds of a loop make of it."""
    if before is after or key_of(before) == key_of(after):
        return before
    if isinstance(before, Absent):
        return widen_one(after)
    old, new = scalar_type(before), scalar_type(after)
    if old is not None and new is not None:
        if old == new:
            return Typed(old)
        if {old, new} <= {INT, FLOAT}:
            return OneOf(((Typed(INT), ""), (Typed(FLOAT), "")))
    joined = join(before, widen_one(after))
    return joined


def widen_one(value: Value) -> Value:
    """The value without what one round of a loop has made particular in it."""
    match value:
        case Constant(value=constant):
            type_ = _TYPES.get(type(constant))
            return value if type_ is None or type_ is BOOL else Typed(type_)
        case Sequence(kind=kind, items=tuple() as items):
            return Sequence(kind, tuple([widen_one(item) for item in items]))
    return value


def join_delta(heap: Heap, delta: Delta, condition: str, otherwise: str) -> None:
    """Joins writes that happened under `condition` into the present state, which holds `otherwise`."""
    for store, name, value in delta.values():
        present = store.get(name, ABSENT)
        if present is value:
            continue
        heap.write(store, name, join_cell(name, value, present, condition, otherwise))


def join_cell(name: str, first: Any, second: Any, condition: str, otherwise: str) -> Any:
    """Joins two contents of a store's slot: a Value, or one of the raw slots of a heap object."""
    if isinstance(first, Value) and isinstance(second, Value):
        return join(first, second, condition, otherwise)
    if name == "items":
        return _join_items(first, second, condition, otherwise)
    if isinstance(first, bool) and isinstance(second, bool):
        return first or second if name == "open" else first and second
    if name == "reasons" and isinstance(first, tuple) and isinstance(second, tuple):
        return first + tuple([item for item in second if item not in first])
    if name in ("hooks", "pre_hooks") and isinstance(first, tuple) and isinstance(second, tuple):
        # A hook that only one of the two has registered may be absent.
        mine = [item if item in second else join(item, ABSENT, condition, otherwise) for item in first]
        return (*mine, *[join(ABSENT, item, condition, otherwise) for item in second if item not in first])
    if name == "element":
        return first if second is None else second if first is None else join(first, second)
    if name == "aliases":
        return None
    return first


def _join_items(first: Any, second: Any, condition: str, otherwise: str) -> Any:
    if isinstance(first, tuple) and isinstance(second, tuple) and len(first) == len(second):
        return tuple([join(one, other, condition, otherwise) for one, other in zip(first, second)])
    if isinstance(first, dict) and isinstance(second, dict):
        joined = {}
        for key in [*first, *(key for key in second if key not in first)]:
            name = (first.get(key) or second[key])[0]
            one = first[key][1] if key in first else ABSENT
            other = second[key][1] if key in second else ABSENT
            joined[key] = (name, join(one, other, condition, otherwise))
        return joined
    return None


def element_of(items: tuple[Value, ...] | None, element: Value | None) -> Value | None:
    """What is known of each item of a sequence."""
    if items is None:
        return element
    return one_of([(widen_one(item), "") for item in items]) if items else None


def blur(value: Value) -> None:
    """Forgets how many items a list or dict holds, in place and without the journal's knowledge."""
    if isinstance(value, ListObject):
        value.cell["element"] = element_of(value.items, value.element)
        value.cell["items"] = None
    elif isinstance(value, DictObject):
        value.cell["items"] = None


# --- conditions in words -------------------------------------------------------------------------------------


def condition_text(test: ast.expr, holds: bool) -> str:
    """A condition of the source in words: ```norm_layer` is None``, ```bias` is false``."""
    attribute = "_jitlint_true" if holds else "_jitlint_false"  # kept on the node: the same tests are met often
    text: str | None = getattr(test, attribute, None)
    if text is None:
        text = _condition_text(test, holds)
        setattr(test, attribute, text)
    return text


def _condition_text(test: ast.expr, holds: bool) -> str:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return condition_text(operand, not holds)
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            positive = isinstance(op, ast.Is) == holds
            return f"`{_short(left)}` is {'None' if positive else 'not None'}"
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
            positive = isinstance(op, ast.Eq) == holds
            return f"`{_short(left)}` is {'' if positive else 'not '}{_short(right)}"
        case ast.Name() | ast.Attribute():
            return f"`{_short(test)}` is {'true' if holds else 'false'}"
        case ast.BoolOp(op=ast.And(), values=values) if holds and len(values) == 2:
            return both(condition_text(values[0], True), condition_text(values[1], True))
        case ast.BoolOp(op=ast.Or(), values=values) if not holds and len(values) == 2:
            return both(condition_text(values[0], False), condition_text(values[1], False))
    return f"`{_short(test)}`" if holds else f"not `{_short(test)}`"


def _short(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    try:
        text = " ".join(ast.unparse(node).split())
    except (ValueError, RecursionError):
        return "..."
    return text if len(text) <= 60 else text[:57] + "..."


def is_tensor(value: Value) -> bool:
    """Whether it is surely a tensor, a parameter or a buffer."""
    if isinstance(value, Sequence):
        return value.kind == "tensor"
    return isinstance(value, Parameter) or (isinstance(value, Typed) and value.type == TENSOR)


def is_class_like(value: Value) -> bool:
    """Whether an external name looks like a class: its last part is capitalised."""
    return isinstance(value, External) and value.name.rpartition(".")[2][:1].isupper()
