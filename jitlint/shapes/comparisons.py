"""Comparisons of the abstract run: whether they hold, do not, or might."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from jitlint.shapes.frames import PathEnds
from jitlint.shapes.heap import (
    BuiltinMethod,
    DictObject,
    InstanceObject,
    ListObject,
    Module,
    key_of,
)
from jitlint.shapes.items import iterate
from jitlint.shapes.joins import options_of
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
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
from jitlint.types.model import BOOL, FLOAT, INT, STR, TENSOR, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from jitlint.shapes.interpreter import Interpreter

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def compare(run: Interpreter, op: ast.cmpop, left: Value, right: Value) -> bool | None:
    """Whether a comparison holds; None where that is not known."""
    if isinstance(left, OneOf) or isinstance(right, OneOf):
        answers = {compare(run, op, one, other) for one, _ in options_of(left) for other, _ in options_of(right)}
        return answers.pop() if len(answers) == 1 else None
    if isinstance(op, ast.In | ast.NotIn):
        found = contains(run, right, left)
        return found if found is None or isinstance(op, ast.In) else not found
    if isinstance(op, ast.Is | ast.IsNot):
        same = identical(run, left, right)
        return same if same is None or isinstance(op, ast.Is) else not same
    first, second = run.plain(left), run.plain(right)
    if first is not NotImplemented and second is not NotImplemented:
        try:
            return bool(_COMPARE[type(op)](first, second))
        except TypeError as error:
            raise PathEnds from error
    if isinstance(op, ast.Eq | ast.NotEq):
        equal = equals(run, left, right)
        return equal if equal is None or isinstance(op, ast.Eq) else not equal
    if (
        isinstance(left, Sequence)
        and isinstance(right, Sequence)
        and left.items is not None
        and right.items is not None
    ):
        pairs = [(run.plain(one), run.plain(other)) for one, other in zip(left.items, right.items)]
        if all(one is not NotImplemented and other is not NotImplemented for one, other in pairs):
            try:
                return bool(
                    _COMPARE[type(op)](
                        tuple(run.plain(item) for item in left.items), tuple(run.plain(item) for item in right.items)
                    )
                )
            except TypeError:
                return None
    return None


_COMPARABLE: dict[Type, tuple[type, ...]] = {
    INT: (int, float, bool),
    FLOAT: (int, float, bool),
    BOOL: (bool, int, float),
    STR: (str,),
}
_DISTINCT = (Class, Function, Lambda, Partial, Module, ListObject, DictObject, Sequence, ModuleObject, BuiltinMethod)


def identical(run: Interpreter, left: Value, right: Value) -> bool | None:
    """``left is right``."""
    if isinstance(left, Unknown | Absent) or isinstance(right, Unknown | Absent):
        return None
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Constant) and (one.value is None or isinstance(one.value, bool) or one.value is ...):
            if isinstance(other, Constant):
                return one.value is other.value
            if isinstance(other, Typed):
                return None if other.type == BOOL and one.value is not None else False
            if isinstance(other, External):
                return None if one.value is not None else not run_external_is_object(run, other)
            return False
    if isinstance(left, Class | Function | External | ModuleObject) and isinstance(
        right, Class | Function | External | ModuleObject
    ):
        return _same_definition(run, left, right)
    if isinstance(left, InstanceObject) and isinstance(right, InstanceObject) and left.member and right.member:
        return left.member == right.member and key_of(left.cls) == key_of(right.cls)
    if isinstance(left, _DISTINCT) and isinstance(right, _DISTINCT):
        return True if left is right else None if type(left) is type(right) else False
    return None


def run_external_is_object(run: Interpreter, value: External) -> bool | None:
    """Whether an external name is surely something other than None."""
    constant = run.plain(value)
    return constant is not None if constant is not NotImplemented else True


def _same_definition(run: Interpreter, left: Value, right: Value) -> bool | None:
    if isinstance(left, External) and isinstance(right, External):
        canonical = run.api.canonical if run.api is not None else str
        if left.name == right.name or canonical(left.name) == canonical(right.name):
            return True
        return (
            False
            if left.name.startswith(("torch.nn.", "builtins.")) and right.name.startswith(("torch.nn.", "builtins."))
            else None
        )
    if type(left) is not type(right):
        return False
    return key_of(left) == key_of(right)


def equals(run: Interpreter, left: Value, right: Value) -> bool | None:
    """``left == right`` where they are not both plain constants."""
    if isinstance(left, Unknown | Typed | Parameter | External) or isinstance(
        right, Unknown | Typed | Parameter | External
    ):
        if isinstance(left, External | Class | Function) and isinstance(right, External | Class | Function):
            return _same_definition(run, left, right)
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Constant) and one.value is None and isinstance(other, Typed) and other.type != TENSOR:
                return False
            if isinstance(one, Constant) and isinstance(other, Typed):
                allowed = _COMPARABLE.get(other.type)
                if allowed is not None and not isinstance(one.value, allowed):
                    return False
        return None
    if isinstance(left, ListObject | Sequence) and isinstance(right, ListObject | Sequence):
        if isinstance(left, ListObject) != isinstance(right, ListObject) and "range" not in (left.kind, right.kind):
            return False
        if left.items is None or right.items is None:
            return None
        if len(left.items) != len(right.items):
            return False
        answers = [compare(run, ast.Eq(), one, other) for one, other in zip(left.items, right.items)]
        return None if None in answers and False not in answers else False not in answers
    if isinstance(left, DictObject) and isinstance(right, DictObject):
        if left.items is None or right.items is None:
            return None
        return True if key_of(left) == key_of(right) else None
    if isinstance(left, InstanceObject) and isinstance(right, InstanceObject):
        return identical(run, left, right) if left.member and right.member else None
    if isinstance(left, InstanceObject) or isinstance(right, InstanceObject):
        instance, other = (left, right) if isinstance(left, InstanceObject) else (right, left)
        assert isinstance(instance, InstanceObject)
        if isinstance(other, Constant) and other.value is None:
            return False
        if instance.member is not None and isinstance(other, Constant):
            value = instance.attributes.get("value")
            if isinstance(value, Constant) and value.value == other.value:
                return None  # a str or int Enum is equal, a plain one is not
            return False
        return None
    return identical(run, left, right)


def contains(run: Interpreter, container: Value, item: Value) -> bool | None:
    """``item in container``."""
    if isinstance(item, Unknown | Typed):
        if (
            isinstance(container, Sequence | ListObject | DictObject)
            and container.items is not None
            and not container.items
        ):
            return False
        return None
    plain = run.plain(container)
    if isinstance(plain, str):
        text = run.plain(item)
        return text in plain if isinstance(text, str) else None
    if isinstance(container, DictObject):
        if container.items is None:
            return None
        entry = container.items.get(key_of(item))
        if entry is not None:
            return (
                None
                if isinstance(entry[1], OneOf) and any(isinstance(o, Absent) for o, _ in entry[1].options)
                else True
            )
        return (
            False
            if all(isinstance(key, Constant | Class | Function | External) for key, _ in container.items.values())
            else None
        )
    if isinstance(container, Module) and container.children is not None:
        name = run.plain(item)
        return name in container.children if isinstance(name, str) and not container.state["open"] else None
    items = iterate(run, container) if isinstance(container, Sequence | ListObject) else None
    if items is None:
        return None
    answers = [compare(run, ast.Eq(), item, other) for other in items]
    return True if True in answers else None if None in answers else False
