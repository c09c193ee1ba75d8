"""Python's operators on abstract values: folded where both are known, else of the type they give."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from jitlint.shapes.annotation_objects import is_type_object
from jitlint.shapes.frames import MAX_ITEMS, PathEnds
from jitlint.shapes.heap import DictObject, InstanceObject, ListObject
from jitlint.shapes.joins import element_of, is_tensor, join, one_of, options_of, scalar_type
from jitlint.shapes.limits import LONG, is_long_text
from jitlint.shapes.values import (
    UNKNOWN,
    Class,
    Constant,
    External,
    Function,
    OneOf,
    Sequence,
    Subscripted,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import BOOL, COMPLEX, FLOAT, INT, STR, TENSOR

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitlint.shapes.interpreter import Interpreter

_TYPE_OPERANDS = (Class, External, Subscripted, Constant)
_BIG = 1 << 64
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_DUNDERS: dict[type[ast.operator], str] = {
    ast.Add: "__add__",
    ast.Sub: "__sub__",
    ast.Mult: "__mul__",
    ast.Div: "__truediv__",
    ast.FloorDiv: "__floordiv__",
    ast.MatMult: "__matmul__",
}


def binary(run: Interpreter, op: ast.operator, left: Value, right: Value) -> Value:
    """``left op right``."""
    if isinstance(left, OneOf) or isinstance(right, OneOf):
        lefts, rights = options_of(left), options_of(right)
        if len(lefts) * len(rights) > 8:
            return _typed_binary(op, left, right)
        return one_of(
            [(binary(run, op, one, other), first or second) for one, first in lefts for other, second in rights]
        )
    first, second = run.plain(left), run.plain(right)
    if first is not NotImplemented and second is not NotImplemented:
        return _fold(op, first, second)
    if isinstance(first, str) and isinstance(op, ast.Mod):
        return _format(run, first, right)
    joined = _concatenate(run, op, left, right)
    if joined is not None:
        return joined
    if isinstance(left, InstanceObject):
        method = run.attribute(left, _DUNDERS.get(type(op), "__or__"))
        return run.call(method, [right], {}) if isinstance(method, Function) else UNKNOWN
    return _typed_binary(op, left, right)


def _fold(op: ast.operator, first: Any, second: Any) -> Value:
    function = _BINARY.get(type(op))
    if function is None:
        return UNKNOWN
    if isinstance(op, ast.Pow | ast.LShift) and isinstance(second, int) and abs(second) > 64:
        return UNKNOWN
    if isinstance(op, ast.Mod) and isinstance(first, str) and is_long_text("%", first, [second]):
        return Typed(STR)
    if isinstance(op, ast.Mult) and isinstance(first, str | bytes) and isinstance(second, int) and second > 1000:
        return Typed(STR)
    try:
        result = function(first, second)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError) as error:
        if isinstance(error, TypeError | ZeroDivisionError):
            raise PathEnds from error
        return UNKNOWN
    if isinstance(result, int) and abs(result) > _BIG:
        return Typed(INT)
    if isinstance(result, str) and len(result) > LONG:
        return Typed(STR)
    if isinstance(result, bytes) and len(result) > LONG:
        return UNKNOWN
    return Constant(result)


def _format(run: Interpreter, text: str, right: Value) -> Value:
    """``text % right``."""
    items = right.items if isinstance(right, Sequence) else (right,)
    plain = [run.plain(item) for item in items] if items is not None else [NotImplemented]
    if NotImplemented in plain or is_long_text("%", text, plain):
        return Typed(STR)
    try:
        return Constant(text % tuple(plain))
    except (TypeError, ValueError):
        return Typed(STR)


def _typed_binary(op: ast.operator, left: Value, right: Value) -> Value:
    if is_tensor(left) or is_tensor(right):
        return Typed(TENSOR)
    for operand in (left, right):
        if isinstance(operand, Unknown) and operand.configured:
            return operand
    first, second = scalar_type(left), scalar_type(right)
    if first == STR and (second == STR or isinstance(op, ast.Mod)):
        return Typed(STR)
    if first is None or second is None:
        return UNKNOWN
    numbers = {INT, FLOAT, BOOL, COMPLEX}
    if first in numbers and second in numbers:
        if isinstance(op, ast.Div):
            return Typed(COMPLEX if COMPLEX in (first, second) else FLOAT)
        if isinstance(op, ast.Pow) and FLOAT not in (first, second):
            return UNKNOWN
        for type_ in (COMPLEX, FLOAT):
            if type_ in (first, second):
                return Typed(type_)
        if isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor) and first == second == BOOL:
            return Typed(BOOL)
        return Typed(INT)
    return UNKNOWN


def _concatenate(run: Interpreter, op: ast.operator, left: Value, right: Value) -> Value | None:
    """Operators of lists, tuples, dicts and sets."""
    if is_tensor(left) or is_tensor(right):
        return None
    if isinstance(op, ast.Add):
        if isinstance(left, ListObject) and isinstance(right, ListObject):
            joined = _joined(left.items, right.items)
            if joined is not None:
                return run.heap.sequence(joined)
            return run.heap.sequence(
                None, _either(element_of(left.items, left.element), element_of(right.items, right.element))
            )
        if isinstance(left, Sequence) and isinstance(right, Sequence):
            joined = _joined(left.items, right.items)
            if joined is not None:
                return Sequence("tuple", joined)
            return Sequence(
                "tuple", None, _either(element_of(left.items, left.element), element_of(right.items, right.element))
            )
        if isinstance(left, ListObject) or isinstance(right, ListObject):
            return run.heap.sequence(None)
    if isinstance(op, ast.Mult):
        for sequence, count in ((left, right), (right, left)):
            number = run.plain(count)
            if isinstance(sequence, Sequence | ListObject):
                items = sequence.items
                if isinstance(number, int) and items is not None and len(items) * number <= MAX_ITEMS:
                    repeated = items * max(number, 0)
                    return _like(run, sequence, repeated, None)
                return _like(run, sequence, None, element_of(items, sequence.element))
    if isinstance(left, DictObject) and isinstance(right, DictObject) and isinstance(op, ast.BitOr):
        if left.items is None or right.items is None:
            return run.heap.mapping(None)
        merged = run.heap.mapping(None, left.ordered)
        merged.cell["items"] = {**left.items, **right.items}
        return merged
    if isinstance(left, ListObject) and isinstance(right, ListObject) and left.kind == right.kind == "set":
        return run.heap.sequence(None, None, "set")
    if isinstance(op, ast.BitOr) and isinstance(left, _TYPE_OPERANDS) and isinstance(right, _TYPE_OPERANDS):
        if not all(operand == Constant(None) or is_type_object(operand) for operand in (left, right)):
            return Unknown("a union type")
        return Subscripted(External("types.UnionType"), (left, right))
    return None


def _joined(first: tuple[Value, ...] | None, second: tuple[Value, ...] | None) -> tuple[Value, ...] | None:
    """The items of both; None where they are not known, or too many."""
    if first is None or second is None or len(first) + len(second) > MAX_ITEMS:
        return None
    return first + second


def _like(
    run: Interpreter, sequence: Sequence | ListObject, items: tuple[Value, ...] | None, inner: Value | None
) -> Value:
    return run.heap.sequence(items, inner) if isinstance(sequence, ListObject) else Sequence("tuple", items, inner)


def _either(first: Value | None, second: Value | None) -> Value | None:
    if first is None or second is None:
        return first or second
    return join(first, second)


def unary(run: Interpreter, op: ast.unaryop, value: Value) -> Value:
    if isinstance(value, OneOf):
        return one_of([(unary(run, op, option), text) for option, text in value.options])
    plain = run.plain(value)
    if plain is not NotImplemented:
        try:
            match op:
                case ast.USub():
                    return Constant(-plain)
                case ast.UAdd():
                    return Constant(+plain)
                case ast.Invert():
                    return Constant(~plain)
        except TypeError as error:
            raise PathEnds from error
    if is_tensor(value):
        return Typed(TENSOR)
    if isinstance(value, Typed) and value.type in (INT, FLOAT, COMPLEX):
        return value
    return UNKNOWN
