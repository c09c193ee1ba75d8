"""What the abstract run does not try: values whose making or walking would take long, however short the program is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from jitlint.shapes.heap import DictObject, ListObject
from jitlint.shapes.values import Mapping, Sequence, Subscripted, Value

LONG = 1 << 16  # characters of a text
_HEAVY = 4096  # containers inside one another, shared ones counted each time
_PADDED = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs"})


def is_heavy(values: Iterable[Value]) -> bool:
    """Whether values hold so many containers that nothing should be made of them: ``t = (t, t)``, some times over."""
    left = _HEAVY
    stack = [value for value in values if isinstance(value, _CONTAINERS)]
    while stack:
        left -= 1
        if left < 0:
            return True
        stack.extend([inner for inner in _inside(stack.pop()) if isinstance(inner, _CONTAINERS)])
    return False


_CONTAINERS = (Sequence, ListObject, DictObject, Mapping, Subscripted)


def _inside(value: Value) -> Iterable[Value]:
    match value:
        case Sequence(items=items) | ListObject(items=items):
            return items or ()
        case DictObject(items=entries):
            return [item for _, item in (entries or {}).values()]
        case Mapping(items=pairs):
            return [item for _, item in pairs or ()]
        case Subscripted(args=args):
            return args
    return ()


def is_long_text(name: str, text: str, given: Iterable[Any]) -> bool:
    """Whether ``text.name(*given)`` may give a text that is too long to be made. `name` is ``%`` for that operator and
    ``format`` for what is put into an f-string, too."""
    given = list(given)
    if name in _PADDED or "*" in text or re.search(r"\{[^{}]*\{", text):
        return any(isinstance(one, int) and abs(one) > LONG for one in given)
    if name in ("%", "format", "format_map"):
        return any(len(digits) > 4 for digits in re.findall(r"\d+", text))
    if name == "replace" and len(given) > 1:
        return (len(text) + 1) * len(str(given[1])) > LONG
    if name == "join":
        parts = given[0] if given and isinstance(given[0], tuple | list) else ()
        return len(text) * len(parts) + sum(len(str(part)) for part in parts) > LONG
    return False
