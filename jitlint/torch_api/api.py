"""What torch offers to TorchScript, per version, read from data: `check` needs no torch.

    api = load("2.13.0")                    # the data nearest to that version; load(None): the newest
    api.entry("torch.nn.functional.relu")   # Function | Operator | ... (see `entries`), Missing, or None: not known
    api.schemas("aten::add")                # every overload, in the order in which the compiler tries them
    api.tensor_attribute("shape")           # List[int]
    api.method_ops(TENSOR, "add")           # the overloads of x.add(...), () where x has no such method
    api.module_class("torch.nn.Conv2d")     # constructor, attributes, methods of the instances
    api.canonical("torch.nn.modules.linear.Linear")  # "torch.nn.Linear"

Names are dotted: module path, then attributes; ``builtins.len`` for builtins. Everything is unpacked and parsed when
first asked for. Data files are made by `jitlint.torch_api.build`.
"""

from __future__ import annotations

import functools
import json
import os
import re
import zlib
from types import MappingProxyType
from typing import Any

from jitlint.torch_api import decode
from jitlint.torch_api.entries import (
    ClassEntry,
    ConstantValue,
    Entry,
    Method,
    Missing,
    ModuleClassFacts,
    Namespace,
    Operator,
)
from jitlint.torch_api.schema import parse_schema, parse_type
from jitlint.types import model
from jitlint.types.model import Schema, TupleType, Type

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

GZIP = 31
"""zlib's window for one gzip member."""

OPEN_OPS = frozenset({"aten", "prim", "prims", "quantized"})
"""Namespaces of operators that only torch itself adds to, so that an absent operator is absent in every build."""


def load(version: str | None = None) -> TorchAPI:
    """The API of `version` (``"2.13.0"``, ``"2.13.0+cpu"``, ``"1.13"``), or of the nearest version that has data; of
    the newest where `version` is None or no version. The same object each time."""
    known = available()
    wanted = number(version) if version else None
    if wanted is None:
        return _load(max(known, key=lambda one: number(one) or ()))
    position = release(wanted)
    return _load(min(known, key=lambda one: (abs(release(number(one) or ()) - position), -release(number(one) or ()))))


@functools.lru_cache(maxsize=1)
def available() -> tuple[str, ...]:
    """The versions that have data."""
    found = [re.fullmatch(r"torch-(\d[\w.]*)\.tsv\.gz", name) for name in sorted(os.listdir(DATA))]
    return tuple(match.group(1) for match in found if match)


@functools.lru_cache(maxsize=4)
def _load(version: str) -> TorchAPI:
    with open(os.path.join(DATA, f"torch-{version}.tsv.gz"), "rb") as file:
        return TorchAPI(version, file.read())


def number(version: str) -> tuple[int, ...] | None:
    found = re.match(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", version.strip())
    return tuple(int(part or 0) for part in found.groups()) if found else None


def release(version: tuple[int, ...]) -> float:
    """The place of a version in the row of releases: 1.13 is followed by 2.0."""
    major, minor, patch = (*version, 0, 0, 0)[:3]
    return (minor if major <= 1 else 14 * (major - 1) + minor) + patch / 100


class TorchAPI:
    """One version's data. `version` is the data's own, which need not be the one asked for."""

    def __init__(self, version: str, data: bytes) -> None:
        self.version = version
        index, self._body = unpack_first(data)
        self._index: dict[str, list[int]] = index["tables"]
        self._schemas: dict[str, tuple[Schema, ...]] = {}
        self._namespaces: dict[str, dict[str, Any]] = {}
        self._entries: dict[str, Entry | None] = {}
        self._modules: dict[str, ModuleClassFacts | None] = {}
        self._methods: dict[tuple[Type, str], tuple[Schema, ...]] = {}

    # --- tables, unpacked when first needed; their rows are parsed one by one

    def _table(self, name: str) -> dict[str, str]:
        offset, length = self._index[name]
        text = zlib.decompress(self._body[offset : offset + length], GZIP).decode("ascii")
        return dict(line.split("\t", 1) for line in text.splitlines())

    @functools.cached_property
    def _operators(self) -> dict[str, str]:
        return self._table("operators")

    @functools.cached_property
    def _values(self) -> dict[str, Any]:
        return {key: json.loads(row) for key, row in self._table("values").items()}

    @functools.cached_property
    def _module_rows(self) -> dict[str, str]:
        return self._table("modules")

    @functools.cached_property
    def _name_rows(self) -> dict[str, str]:
        return self._table("names")

    def _names(self, namespace: str) -> dict[str, Any]:
        """The coded names of a covered namespace."""
        found = self._namespaces.get(namespace)
        if found is None:
            found = self._namespaces[namespace] = json.loads(self._name_rows[namespace])
        return found

    @functools.cached_property
    def _uncovered(self) -> frozenset[str]:
        return frozenset(self._values["uncovered"])

    @functools.cached_property
    def _classes(self) -> dict[str, Type]:
        """Types for the qualified names of NamedTuples that appear in schemas."""
        found: dict[str, Type] = {}
        for name, fields in self._values["namedtuples"].items():
            kinds = tuple(decode.type_of(text, found) for _, text in fields)
            found[name] = TupleType(kinds, name, tuple(field for field, _ in fields))
        return found

    # --- operators

    def schemas(self, op: str) -> tuple[Schema, ...]:
        """Overloads of ``aten::add``, in the order tried: registered operators, then TorchScript-defined builtins.
        Empty where there is no such operator (but see `schemas_known`). Those that the compiler's matcher leaves out
        (``aten::view.dtype``; from 2.x on ``aten::max.unary_out`` and ``aten::min.unary_out``) are among them."""
        found = self._schemas.get(op)
        if found is None:
            row = self._operators.get(op)
            found = self._schemas[op] = tuple(parse_schema(text) for text in json.loads(row)) if row else ()
        return found

    def schemas_known(self, op: str) -> bool:
        """Whether the absence of schemas for `op` means that there is no such operator: not for ``cuda::``, whose
        operators are in builds with CUDA alone, nor for namespaces that libraries register."""
        return bool(self.schemas(op)) or op.partition("::")[0] in OPEN_OPS

    def operator_names(self) -> frozenset[str]:
        """All symbols that have schemas."""
        return frozenset(self._operators)

    # --- names

    def entry(self, name: str) -> Entry | None:
        """What `name` is. `Missing` where a covered namespace lacks it, None where nothing is known about it."""
        try:
            return self._entries[name]
        except KeyError:
            found = self._entries[name] = self._find(name)
            return found

    def _find(self, name: str, depth: int = 0) -> Entry | None:
        if name.startswith("torch.ops."):
            return self._operator(name)
        namespace, rest = self._split(name)
        if namespace is None or depth > 8:
            return Namespace(name, covered=False) if name in self._uncovered else None
        if not rest:
            return Namespace(namespace, special=namespace == "torch.cuda")
        row = self._names(namespace).get(rest[0])
        if isinstance(row, str):
            target = row[1:]
            if len(rest) == 1 and target == name:
                return Namespace(name, covered=False)
            return self._find(".".join([target, *rest[1:]]), depth + 1)
        if row is None:
            return self._absent(name, namespace, rest)
        found = decode.decode_entry(f"{namespace}.{rest[0]}", row, self._classes)
        if len(rest) == 1:
            return found
        if len(rest) == 2 and isinstance(found, ClassEntry) and found.kind == "enum":
            return self._member(name, found, rest[1])
        return None

    def _split(self, name: str) -> tuple[str | None, list[str]]:
        """The longest covered module that `name` starts with, and the parts behind it."""
        parts = name.split(".")
        for length in range(len(parts), 0, -1):
            candidate = ".".join(parts[:length])
            if candidate in self._name_rows:
                return candidate, parts[length:]
        return None, parts

    def _absent(self, name: str, namespace: str, rest: list[str]) -> Entry | None:
        inner = f"{namespace}.{rest[0]}"
        if inner in self._uncovered:
            return Namespace(name, covered=False) if len(rest) == 1 else None
        if rest[0].startswith("__") or namespace.split(".")[0] != "torch" or "*" in self._names(namespace):
            return None
        return Missing(name, namespace, f"object has no attribute {rest[0]}")

    def _operator(self, name: str) -> Entry | None:
        """``torch.ops.aten.add``, from the schemas."""
        parts = name.split(".")[2:]
        if len(parts) < 2:
            return Namespace(name, covered=False)
        op = f"{parts[0]}::{parts[1]}"
        if self.schemas(op):
            return Operator(name, op) if len(parts) == 2 else None
        return (
            Missing(name, ".".join(name.split(".")[:3]), f"object has no attribute {parts[1]}")
            if (parts[0] in OPEN_OPS)
            else None
        )

    def _member(self, name: str, cls: ClassEntry, member: str) -> Entry | None:
        values = dict(cls.members)
        if member not in values:
            return None
        value = values[member]
        kinds: dict[type, Type] = {int: model.INT, float: model.FLOAT, str: model.STR}
        kind = model.EnumType(f"__torch__.{cls.qualified}", kinds.get(type(value), model.UNKNOWN), tuple(values))
        return ConstantValue(name, kind, value, cls.name.rpartition(".")[2])

    def canonical(self, name: str) -> str:
        """The shortest public name of the same object; `name` itself where there is none."""
        namespace, rest = self._split(name)
        if namespace is None or not rest:
            return name
        row = self._names(namespace).get(rest[0])
        if isinstance(row, str) and row[1:] != ".".join([namespace, rest[0]]):
            return self.canonical(".".join([row[1:], *rest[1:]]))
        return name

    def known_namespace(self, name: str) -> bool:
        """Whether `name` is a module whose every public attribute is in the data."""
        return name in self._name_rows

    def namespaces(self) -> frozenset[str]:
        return frozenset(self._name_rows)

    def names_of(self, namespace: str) -> tuple[str, ...]:
        """The names that a covered module has."""
        names = self._names(namespace) if namespace in self._name_rows else ()
        return tuple(name for name in names if name != "*")

    def constant(self, name: str) -> ConstantValue | None:
        found = self.entry(name)
        return found if isinstance(found, ConstantValue) else None

    def is_exception(self, name: str) -> bool | None:
        """Whether it is a subclass of Exception; None where it is unknown."""
        match self.entry(name):
            case ClassEntry(kind=kind):
                return kind == "exception"
            case None | Missing() | Namespace(covered=False):
                return None
        return False

    def bases(self, name: str) -> tuple[str, ...] | None:
        """The mro of a class after itself, as canonical dotted names, ``object`` left out; None where it is no known
        class."""
        facts = self.module_class(name)
        if facts is not None:
            return facts.bases
        found = self.entry(name)
        return found.bases if isinstance(found, ClassEntry) else None

    # --- values

    def tensor_attribute(self, name: str) -> Type | None:
        """The type of ``x.name`` for a Tensor x where it is a property, not a method."""
        return self.value_attribute(model.TENSOR, name)

    def value_attribute(self, type_: Type, name: str) -> Type | None:
        """The same for any type (``torch.device``'s ``type`` and ``index``)."""
        rows = self._values["attributes"].get("Tensor" if isinstance(type_, model.TensorType) else str(type_))
        text = rows.get(name) if rows else None
        return parse_type(text) if text else None

    def tensor_cast(self, name: str) -> int | None:
        """The number of the dtype that ``x.name()`` casts a Tensor to, for ``float``, ``long`` and their like."""
        found = self._values["casts"].get(name)
        return found if isinstance(found, int) else None

    def method_ops(self, type_: Type, name: str) -> tuple[Schema, ...]:
        """The overloads of ``x.name(...)`` for x of `type_`, x included as ``self``: all overloads of ``aten::name``
        (the compiler tries them all) if one of them takes x as `self`, else none (``BuiltinFunction::tryCreate``).
        A cast (``x.float()``) takes no arguments at all; ``x.type`` is ``aten::to``."""
        key = (type_, name)
        found = self._methods.get(key)
        if found is None:
            found = self._methods[key] = self._method_ops(type_, name)
        return found

    def _method_ops(self, type_: Type, name: str) -> tuple[Schema, ...]:
        if isinstance(type_, model.TensorType) and self.tensor_cast(name) is not None:
            return (parse_schema("aten::to.dtype(Tensor(a) self) -> Tensor(a)"),)
        if isinstance(type_, model.TensorType) and name == "type":
            name = "to"
        schemas = self.schemas(f"aten::{name}")
        for schema in schemas:
            if "::" not in schema.name:
                continue  # a builtin written in TorchScript is tried, but does not make a method
            for argument in schema.arguments:
                if argument.name == "self" and accepts(argument.type, type_):
                    return schemas
        return ()

    def python_attributes(self, type_name: str) -> frozenset[str]:
        """Names that the eager type has (``Tensor``: ``dir(torch.Tensor)``): to say 'exists in Python' in messages."""
        return frozenset(self._values["python"].get(type_name, ()))

    # --- modules

    def module_class(self, name: str) -> ModuleClassFacts | None:
        """What is known of a class of ``torch.nn`` or ``torch.ao.nn``, by any of its names."""
        canonical = self.canonical(name)
        if canonical not in self._modules:
            row = self._module_rows.get(canonical)
            facts = None if row is None else decode.decode_module(canonical, json.loads(row), self._classes)
            self._modules[canonical] = facts
        return self._modules[canonical]

    def module_method(self, name: str, method: str) -> Method | None:
        """`method` of class `name` or of the nearest of its bases that has it: what calling it on an instance does."""
        facts = self.module_class(name)
        if facts is None:
            return None
        for one in (facts, *map(self.module_class, facts.bases)):
            if one is not None and method in one.methods:
                return one.methods[method]
        return None

    def module_classes(self) -> frozenset[str]:
        return frozenset(self._module_rows)

    def dtypes(self) -> MappingProxyType[str, int]:
        """Names of dtypes below ``torch.``, with the int that each is to TorchScript."""
        return MappingProxyType(self._dtypes)

    @functools.cached_property
    def _dtypes(self) -> dict[str, int]:
        rows = self._names("torch").items()
        return {name: row[2] for name, row in rows if row[0] == "c" and row[3] == "dtype"}


def accepts(formal: Type, actual: Type) -> bool:
    """Whether a `self` of type `formal` takes `actual`, type variables open: enough of subtyping for methods."""
    match formal, actual:
        case (model.Simple(name="Any" | "Unknown") | model.VarType(), _) | (_, model.Simple(name="Unknown")):
            return True
        case model.TensorType(), model.TensorType():
            return True
        case model.ListType(element=wanted), model.ListType(element=given):
            return given == wanted or isinstance(wanted, model.VarType) or given == model.UNKNOWN or wanted == model.ANY
        case model.DictType(key=key, value=value), model.DictType(key=key2, value=value2):
            return accepts(key, key2) and accepts(value, value2)
        case model.OptionalType(element=wanted), model.OptionalType(element=given):
            return accepts(wanted, given)
        case model.OptionalType(element=wanted), _:
            return actual == model.NONE or accepts(wanted, actual)
        case model.NUMBER, model.INT | model.FLOAT | model.COMPLEX | model.NUMBER:
            return True
        case model.ANY_LIST, model.ListType():
            return True
        case model.FutureType(element=wanted), model.FutureType(element=given):
            return accepts(wanted, given)
        case model.RRefType(element=wanted), model.RRefType(element=given):
            return accepts(wanted, given)
        case model.AwaitType(element=wanted), model.AwaitType(element=given):
            return accepts(wanted, given)
    return formal == actual


def unpack_first(data: bytes) -> tuple[Any, bytes]:
    """The JSON of the first gzip member of `data`, and the bytes behind that member."""
    unpacker = zlib.decompressobj(GZIP)
    text = unpacker.decompress(data)
    return json.loads(text), unpacker.unused_data
