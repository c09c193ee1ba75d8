"""What ``torch.iinfo`` and ``torch.finfo`` say of a dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jitlint.shapes.values import Constant, External, Typed, Value
from jitlint.types.model import FLOAT, INT, STR

if TYPE_CHECKING:
    from jitlint.shapes.heap import Heap, InstanceObject

LIMITS = frozenset({"torch.iinfo", "torch.finfo"})
# Bits, and whether there is a sign.
_INTEGERS = {
    "uint8": (8, False), "int8": (8, True), "int16": (16, True), "short": (16, True), "int32": (32, True),
    "int": (32, True), "int64": (64, True), "long": (64, True),
}  # fmt: skip
# Bits, those of the fraction, and the largest exponent.
_FLOATS = {
    "float16": (16, 10, 15), "half": (16, 10, 15), "bfloat16": (16, 7, 127), "float32": (32, 23, 127),
    "float": (32, 23, 127), "float64": (64, 52, 1023), "double": (64, 52, 1023),
}  # fmt: skip


def limits_of_dtype(heap: Heap, function: str, dtype: Value) -> InstanceObject:
    """The object that ``torch.iinfo(dtype)`` or ``torch.finfo(dtype)`` makes: of a dtype that is not known its
    attributes have types alone."""
    made = heap.instance(External(function))
    name = dtype.name.removeprefix("torch.") if isinstance(dtype, External) else ""
    known: dict[str, int | float] = {}
    if function == "torch.iinfo":
        kinds = {"bits": INT, "max": INT, "min": INT, "dtype": STR}
        if name in _INTEGERS:
            bits, signed = _INTEGERS[name]
            known = {"bits": bits, "max": (1 << bits - signed) - 1, "min": -(1 << bits - 1) if signed else 0}
    else:
        kinds = dict.fromkeys(("eps", "max", "min", "tiny", "smallest_normal", "resolution"), FLOAT)
        kinds.update(bits=INT, dtype=STR)
        if name in _FLOATS:
            bits, fraction, exponent = _FLOATS[name]
            largest, smallest = (2.0 - 2.0**-fraction) * 2.0**exponent, 2.0 ** (1 - exponent)
            known = {"bits": bits, "eps": 2.0**-fraction, "max": largest, "min": -largest}
            known.update(tiny=smallest, smallest_normal=smallest)
    for attribute, kind in kinds.items():
        made.attributes[attribute] = Constant(known[attribute]) if attribute in known else Typed(kind)
    return made
