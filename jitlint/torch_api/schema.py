"""Schema text to `Schema`: ``aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor``.

Reads what ``c10::FunctionSchema`` prints, for operators and for compiled functions: alias annotations (dropped),
``SymInt`` and the enums that are ints, ``int[2]``, ``Tensor?[]``, ``Dict(str, t)``, named returns; and
Python's spelling of types (``Optional[Tensor]``, ``Tuple[Tensor, int]``) wherever a type may stand.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from jitlint.types import model
from jitlint.types.model import Argument, DictType, ListType, OptionalType, Schema, TupleType, Type, VarType

if TYPE_CHECKING:
    from collections.abc import Mapping


class SchemaError(ValueError):
    """The text is no schema, or has a type that is not known."""


BASE: dict[str, Type] = {
    "Tensor": model.TENSOR,
    "int": model.INT,
    "SymInt": model.INT,
    "float": model.FLOAT,
    "SymFloat": model.FLOAT,
    "complex": model.COMPLEX,
    "bool": model.BOOL,
    "SymBool": model.BOOL,
    "str": model.STR,
    "Dimname": model.STR,
    "Scalar": model.NUMBER,
    "number": model.NUMBER,
    "ScalarType": model.INT,
    "Layout": model.INT,
    "MemoryFormat": model.INT,
    "QScheme": model.INT,
    "Device": model.DEVICE,
    "DeviceObjType": model.DEVICE,
    "Generator": model.GENERATOR,
    "Stream": model.STREAM,
    "Storage": model.STORAGE,
    "Quantizer": model.QUANTIZER,
    "ConstQuantizerPtr": model.QUANTIZER,
    "Capsule": model.CAPSULE,
    "PyObject": model.PYOBJECT,
    "NoneType": model.NONE,
    "None": model.NONE,
    "Any": model.ANY,
    "AnyListType": model.ANY_LIST,
    "list": model.ANY_LIST,
    "AnyTupleType": model.ANY_TUPLE,
    "tuple": model.ANY_TUPLE,
    "AnyClassType": model.ANY_CLASS,
    "AnyEnumType": model.ANY_ENUM,
}
"""``Dimname`` parameters take strings, the enums of ATen ints (``torch/csrc/jit/frontend/schema_type_parser.cpp``)."""

VARIABLE = re.compile(r"t\d*|t[A-Z]\w*|[a-z]_?t\b|key|value")
STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
NAME = re.compile(r"[A-Za-z_][\w.]*(?:<[\w.<>]*>)?")

SEQUENCES = {"List", "Optional", "Tuple", "Dict", "Future", "Await", "RRef", "Union", "NamedTuple", "InterfaceType"}


def parse_schema(text: str, classes: Mapping[str, Type] | None = None) -> Schema:
    """`text` to a Schema. `classes` has types for the qualified names (``__torch__.m.C``) that are NamedTuples."""
    head, bracket, _ = text.partition("(")
    if not bracket:
        raise SchemaError(text)
    end = closing(text, len(head))
    result = text[end + 1 :].strip()
    if not result.startswith("->"):
        raise SchemaError(text)
    name, _, overload = head.strip().partition(".") if "::" in head else (head.strip(), "", "")
    arguments: list[Argument] = []
    vararg = False
    keyword_only = False
    for part in split(text[len(head) + 1 : end]):
        if part == "*":
            keyword_only = True
        elif part == "...":
            vararg = True
        else:
            arguments.append(parse_argument(part, keyword_only, classes))
    returns, names = parse_returns(result[2:].strip(), classes)
    return Schema(name, tuple(arguments), returns, overload, vararg, text, names)


def parse_argument(part: str, keyword_only: bool, classes: Mapping[str, Type] | None) -> Argument:
    type_end = end_of_type(part, 0)
    type_text = part[:type_end]
    name, equals, default = part[type_end:].strip().partition("=")
    size = re.search(r"\[(\d+)\](?:\([^)]*\))?\??$", type_text)
    return Argument(
        name.strip(),
        parse_type(type_text, classes),
        default if equals else None,
        keyword_only,
        int(size.group(1)) if size else None,
    )


def parse_returns(text: str, classes: Mapping[str, Type] | None) -> tuple[tuple[Type, ...], tuple[str, ...]]:
    """The types of the results, and their names where all have one."""
    if text == "...":
        return (model.ANY,), ()
    if not (text.startswith("(") and closing(text, 0) == len(text) - 1):
        return (parse_type(text[: end_of_type(text, 0)], classes),), ()
    types, names = [], []
    for part in split(text[1:-1]):
        end = end_of_type(part, 0)
        types.append(parse_type(part[:end], classes))
        names.append(part[end:].strip())
    return tuple(types), tuple(names) if all(names) else ()


def parse_type(text: str, classes: Mapping[str, Type] | None = None) -> Type:
    """A type as schemas print it, or in Python's spelling."""
    if "__torch__" not in text:
        return _plain_type(text)
    return _parse_type(text, classes)


@functools.lru_cache(maxsize=4096)
def _plain_type(text: str) -> Type:
    return _parse_type(text, None)


def _parse_type(text: str, classes: Mapping[str, Type] | None) -> Type:
    base, position = _base_type(text, classes)
    while position < len(text):
        match text[position]:
            case "[":
                base = ListType(base)
                position = text.index("]", position) + 1
            case "?":
                base = OptionalType(base)
                position += 1
            case "(":  # alias annotation
                position = closing(text, position) + 1
            case _:
                raise SchemaError(text)
    return base


def _base_type(text: str, classes: Mapping[str, Type] | None) -> tuple[Type, int]:
    """The type before any suffix, and where the suffixes start."""
    if text.startswith("("):
        end = closing(text, 0)
        return TupleType(tuple(_parse_type(part, classes) for part in split(text[1:end]))), end + 1
    found = NAME.match(text)
    if not found:
        raise SchemaError(text)
    name, position = found.group(), found.end()
    known = BASE.get(name)
    if known is not None:
        return known, position
    if name in SEQUENCES and position < len(text):
        end = closing(text, position)
        inner = text[position + 1 : end]
        if name == "InterfaceType":
            return model.InterfaceType(inner), end + 1
        return _constructed(name, inner, classes), end + 1
    if name.startswith("Enum<"):
        return model.EnumType(name[5:-1], model.INT), position
    if name.startswith("__torch__"):
        return (classes or {}).get(name) or model.ClassType(name), position
    if name == "Function" or name.startswith("Function["):
        return model.FunctionType(name), len(text)
    if VARIABLE.fullmatch(name):
        return VarType(name), position
    raise SchemaError(f"unknown type {name!r} in {text!r}")


def _constructed(name: str, inner: str, classes: Mapping[str, Type] | None) -> Type:
    if inner == "()":
        return TupleType(())
    if name == "NamedTuple":
        pairs = [part.split(" : ") for part in split(inner)]
        return TupleType(tuple(_parse_type(pair[-1], classes) for pair in pairs))
    parts = tuple(_parse_type(part, classes) for part in split(inner))
    match name, parts:
        case "List", (element,):
            return ListType(element)
        case "Optional", (element,):
            return OptionalType(element)
        case "Tuple", _:
            return TupleType(parts)
        case "Dict", (key, value):
            return DictType(key, value)
        case "Future", (element,):
            return model.FutureType(element)
        case "Await", (element,):
            return model.AwaitType(element)
        case "RRef", (element,):
            return model.RRefType(element)
        case "Union", _:
            return model.UnionType(parts)
    raise SchemaError(f"{name}[{inner}]")


# --- text ------------------------------------------------------------------------------------------------

_OPEN, _CLOSE = "([", ")]"


def closing(text: str, position: int) -> int:
    """Index of the bracket that closes the one at `position`; strings are skipped."""
    depth = 0
    index = position
    while index < len(text):
        character = text[index]
        if character in "\"'":
            index = after_string(text, index) - 1
        elif character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth -= 1
            if depth == 0:
                return index
        index += 1
    raise SchemaError(text)


def after_string(text: str, position: int) -> int:
    """Index behind the string literal that starts at `position`."""
    found = STRING.match(text, position)
    if not found:
        raise SchemaError(text)
    return found.end()


def split(text: str) -> list[str]:
    """`text` at its commas, those in brackets and strings left alone."""
    if not text.strip():
        return []
    if not any(character in text for character in "([\"'"):
        return [part.strip() for part in text.split(",")]
    parts = []
    start = index = 0
    while index < len(text):
        character = text[index]
        if character in _OPEN:
            index = closing(text, index)
        elif character in "\"'":
            index = after_string(text, index) - 1
        elif character == ",":
            parts.append(text[start:index].strip())
            start = index + 1
        index += 1
    parts.append(text[start:].strip())
    return parts


def end_of_type(text: str, position: int) -> int:
    """Where the type that starts at `position` ends: the first space outside brackets."""
    index = position
    while index < len(text):
        character = text[index]
        if character in _OPEN:
            index = closing(text, index)
        elif character == " ":
            return index
        index += 1
    return index
