"""What a condition says about the variables in it, once it is known to hold or not to hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.shapes.heap import InstanceObject, Module, Store
from jitlint.shapes.joins import one_of
from jitlint.shapes.values import Absent, Constant, OneOf, Typed, Unknown, Value
from jitlint.types.model import BOOL

if TYPE_CHECKING:
    from jitlint.shapes.frames import Frame
    from jitlint.shapes.interpreter import Interpreter


def narrowings(run: Interpreter, test: ast.expr, holds: bool, frame: Frame) -> list[tuple[Store, str, Value]]:
    """The variables and attributes that hold less where `test` holds (or not), with what they hold then."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return narrowings(run, operand, not holds, frame)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) == holds:
            return [item for value in values for item in narrowings(run, value, holds, frame)]
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            none = isinstance(op, ast.Is) == holds
            return _narrow(run, left, frame, lambda option: _may_be_none(option, none))
        case ast.Compare(left=left, ops=[ast.Eq() as op], comparators=[ast.Constant(value=constant)]) if holds:
            return _narrow(run, left, frame, lambda option: _equal_to(option, constant))
        case ast.Name() | ast.Attribute():
            return _narrow(run, test, frame, lambda option: _true_or_not(run, option, holds))
    return []


def _narrow(run: Interpreter, node: ast.expr, frame: Frame, keep: object) -> list[tuple[Store, str, Value]]:
    place = _place(run, node, frame)
    if place is None:
        return []
    store, name = place
    value = store.get(name)
    if not isinstance(value, Value):
        return []
    options = value.options if isinstance(value, OneOf) else ((value, ""),)
    kept: list[tuple[Value, str]] = []
    for option, condition in options:
        narrowed = keep(option)  # type: ignore[operator]
        if narrowed is not None:
            kept.append((narrowed, condition))
    if not kept:
        return []
    result = one_of(kept) if len(kept) > 1 else kept[0][0]
    return [] if result is value else [(store, name, result)]


def _place(run: Interpreter, node: ast.expr, frame: Frame) -> tuple[Store, str] | None:
    """Where a name or an attribute of an object has its value."""
    match node:
        case ast.Name(id=name):
            inner: Frame | None = frame
            while inner is not None:
                if name in inner.locals:
                    return inner.locals, name
                inner = inner.parent
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            base = _place(run, node.value, frame)
            owner = base[0].get(base[1]) if base is not None else None
            if isinstance(owner, InstanceObject) or (isinstance(owner, Module) and not owner.sealed):
                if owner.attributes.born and attribute in owner.attributes:
                    return owner.attributes, attribute
    return None


def _may_be_none(option: Value, none: bool) -> Value | None:
    match option:
        case Constant(value=None):
            return option if none else None
        case Unknown():
            return Constant(None) if none else option
        case Absent():
            return None
    return None if none else option


def _equal_to(option: Value, constant: object) -> Value | None:
    match option:
        case Constant(value=value):
            return option if value == constant else None
        case Typed() if not isinstance(constant, bool | None):
            return Constant(constant)
    return option


def _true_or_not(run: Interpreter, option: Value, holds: bool) -> Value | None:
    if isinstance(option, Absent):
        return None
    truth = run.truth(option)
    if truth is not None:
        return option if truth == holds else None
    if isinstance(option, Typed) and option.type == BOOL:
        return Constant(holds)
    return option
