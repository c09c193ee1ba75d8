"""The types of the programs' values, as tuples that can be built and compared."""

from __future__ import annotations

# ("int",), ("List", Kind), ("Dict", Kind, Kind), ("Tuple", Kind, ...), ("Optional", Kind), ...
Kind = tuple[object, ...]

TENSOR: Kind = ("Tensor",)
INT: Kind = ("int",)
FLOAT: Kind = ("float",)
BOOL: Kind = ("bool",)
STR: Kind = ("str",)
SCALARS = (INT, FLOAT, BOOL, STR)


def of_list(kind: Kind) -> Kind:
    return ("List", kind)


INTS, FLOATS, TENSORS, STRS = of_list(INT), of_list(FLOAT), of_list(TENSOR), of_list(STR)
KINDS: tuple[Kind, ...] = (
    TENSOR, TENSOR, TENSOR, INT, INT, FLOAT, BOOL, STR, INTS, INTS, FLOATS, TENSORS, TENSORS, STRS, of_list(BOOL), of_list(INTS),
    ("Dict", STR, INT), ("Dict", STR, TENSOR), ("Dict", INT, FLOAT), ("Dict", STR, INTS),
    ("Tuple", INT, FLOAT), ("Tuple", TENSOR, TENSOR), ("Tuple", STR, INTS), ("Tuple", INT, TENSOR, BOOL),
    ("Optional", INT), ("Optional", TENSOR), ("Optional", INTS), ("Optional", STR), ("Optional", FLOAT),
    ("Union", INT, STR), ("Union", TENSOR, TENSORS), ("Union", FLOAT, INTS), ("Any",), ("complex",), ("device",),
    of_list(("Tuple", STR, INT)), of_list(("Optional", TENSOR)), ("Pair",),
)  # fmt: skip


def spelled(kind: Kind) -> str:
    """The kind as an annotation."""
    name, *parts = kind
    if name == "device":
        return "torch.device"
    if not parts:
        return str(name)
    return f"{name}[{', '.join(spelled(part) for part in parts)}]"  # type: ignore[arg-type]
