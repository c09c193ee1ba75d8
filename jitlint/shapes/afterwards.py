"""What the rest of a module's text makes of the value that one of its names was given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jitlint.shapes.heap import DictObject, InstanceObject, ListObject
from jitlint.shapes.tuple_classes import annotated
from jitlint.shapes.values import TupleClass, Unknown, Value

if TYPE_CHECKING:
    from jitlint.project.definitions import Scope
    from jitlint.shapes.interpreter import Interpreter

_MUTATED = (
    r"(?m)\b{name}\s*(?:\[[^\n]*\]\s*(?:[-+|*]?=)(?!=)|[+|]="
    r"|\.(?:append|extend|update|insert|add|setdefault|pop|popitem|remove|clear|discard)\()"
)
# The same of an object of a class that derives from dict: any method but those that read may write to it.
_CALLED = r"\b{name}\s*\.\s*(?!(?:get|keys|values|items|copy)\b)\w+\s*\("


def left_with(run: Interpreter, scope: Scope, name: str, value: Value) -> Value:
    """What `name`, given `value` in a module or class body, holds when that was run; values that are empty to begin with
    are filled by somebody."""
    match value:
        case ListObject() | DictObject():
            if (value.items is not None and not value.items) or _changes(run, scope, name, _MUTATED):
                return (
                    run.heap.sequence(None, None, value.kind)
                    if isinstance(value, ListObject)
                    else run.heap.mapping(None)
                )
        case TupleClass():
            return annotated(run, value, scope, name) or Unknown(f"the fields of {name}")
        case InstanceObject():
            held = value.entries
            if held is not None and (not held.items or _changes(run, scope, name, _MUTATED, _CALLED)):
                run.heap.write(held.cell, "items", None)
    return value


def _changes(run: Interpreter, scope: Scope, name: str, *patterns: str) -> bool:
    """Whether the module's text seems to change what the name holds."""
    text = run.text_of(scope.module)
    return any(re.search(one.format(name=re.escape(name)), text) for one in patterns)
