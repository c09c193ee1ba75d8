"""What ``self.__dict__`` and the dicts of an nn.Module's own hold, as far as the abstract run knows."""

from __future__ import annotations

from jitlint.shapes.heap import InstanceObject, Module
from jitlint.shapes.joins import options_of
from jitlint.shapes.values import UNKNOWN, Absent, Parameter, Unknown, Value

_MODULE_FIELDS = tuple(
    "training _parameters _buffers _non_persistent_buffers_set _backward_pre_hooks _backward_hooks _is_full_backward_hook "
    "_forward_hooks _forward_hooks_with_kwargs _forward_hooks_always_called _forward_pre_hooks "
    "_forward_pre_hooks_with_kwargs _state_dict_hooks _state_dict_pre_hooks _load_state_dict_pre_hooks "
    "_load_state_dict_post_hooks _modules".split()
)


def namespace_entries(receiver: Value, namespace: str) -> list[tuple[str, Value]] | None:
    """What ``self.__dict__`` (or one of the dicts of an nn.Module's) holds; None where that is not known."""
    if isinstance(receiver, InstanceObject):
        known = receiver.state["known"] and InstanceObject.ENTRIES not in receiver.attributes
        return list(receiver.attributes.items()) if known else None
    if not isinstance(receiver, Module) or not receiver.state["complete"]:
        return None
    found: list[tuple[str, Value]] = []
    if namespace == "__dict__":
        found.extend((name, UNKNOWN) for name in _MODULE_FIELDS if name not in receiver.attributes)
    for name, value in receiver.attributes.items():
        places = {_namespace_of(option) for option, _ in options_of(value)}
        if len(places) > 1 or None in places:
            return None
        if namespace in places:
            found.append((name, value))
    return found


def _namespace_of(value: Value) -> str | None:
    match value:
        case Unknown() | Absent():
            return None
        case Module():
            return "_modules"
        case Parameter(buffer=buffer):
            return "_buffers" if buffer else "_parameters"
    return "__dict__"
