"""The mutable side of the abstract run: objects with identity, the journal that undoes writes, structural keys.

While a constructor runs, lists, dicts, instances and modules are heap objects: two names can hold the same one, and a
branch that may or may not be taken must be undone before the other one runs. All mutable state lives in `Store`s,
and every write goes through `Heap.write`, which remembers the old value for the innermost open journal. Outside this
room only the frozen values of `values` are seen (`freezing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
    Lambda,
    Mapping,
    ModuleInstance,
    ModuleObject,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

ABSENT = Absent()


class Store(dict[str, Any]):
    """A mutable part of the heap: the variables of a frame, the attributes of an object, the cell of a list.

    `born` is the step at which it was made: a call that writes to older stores has effects on its surroundings.
    `owner`: of a container's children, the container's state.
    """

    __slots__ = ("born", "owner")

    def __init__(self, born: int) -> None:
        super().__init__()
        self.born = born
        self.owner: Store | None = None


class ListObject(Value):
    """A list, set or frozenset under construction. The cell holds ``items`` (a tuple, or None: not known) and
    ``element``, what is known of each where the items are not."""

    __slots__ = ("cell", "kind")

    def __init__(self, kind: str, cell: Store, items: tuple[Value, ...] | None, element: Value | None = None) -> None:
        self.kind = kind
        self.cell = cell
        cell["items"] = items
        cell["element"] = element

    @property
    def items(self) -> tuple[Value, ...] | None:
        items: tuple[Value, ...] | None = self.cell["items"]
        return items

    @property
    def element(self) -> Value | None:
        element: Value | None = self.cell["element"]
        return element


Items = dict["Hashable", tuple[Value, Value]]


class DictObject(Value):
    """A dict under construction: ``items`` maps a key's structure to key and value; None where not known."""

    __slots__ = ("cell", "ordered")

    def __init__(self, cell: Store, items: Items | None, ordered: bool = False, element: Value | None = None) -> None:
        self.ordered = ordered
        self.cell = cell
        cell["items"] = items
        cell["element"] = element

    @property
    def items(self) -> Items | None:
        items: Items | None = self.cell["items"]
        return items

    @property
    def element(self) -> Value | None:
        element: Value | None = self.cell["element"]
        return element


class InstanceObject(Value):
    """An instance of a class that is no nn.Module. `state` has ``known``: whether all attributes were seen. Of a class
    that derives from dict, what it holds as one is beside the attributes, under a name that no attribute has."""

    __slots__ = ("attributes", "cls", "member", "state")
    ENTRIES = "{}"

    @property
    def entries(self) -> DictObject | None:
        found = self.attributes.get(self.ENTRIES)
        return found if isinstance(found, DictObject) else None

    def __init__(self, cls: Class | External, attributes: Store, state: Store, known: bool = True) -> None:
        self.cls = cls
        self.attributes = attributes
        self.state = state
        self.member: str | None = None
        state["known"] = known


class Module(Value):
    """An nn.Module under construction. `children` is None for what is no container.

    `state`: ``complete``, ``reasons``, ``open`` (a container whose contents are not all known), ``element``, ``hooks``,
    ``pre_hooks``. A sealed module is shared between all equal constructor calls and must not be written to.
    """

    __slots__ = ("arguments", "attributes", "bases", "children", "cls", "frozen", "raises", "sealed", "state")

    def __init__(self, cls: Class | External, attributes: Store, state: Store, children: Store | None) -> None:
        self.cls = cls
        self.attributes = attributes
        self.state = state
        self.children = children
        self.arguments: dict[str, Value] = {}
        self.bases: dict[str, dict[str, Value]] = {}
        self.sealed = False
        self.raises = False
        self.frozen: ModuleInstance | None = None
        if children is not None:
            children.owner = state
        state.update(complete=True, reasons=(), open=False, element=None, hooks=(), pre_hooks=())


class BuiltinMethod(Value):
    """A method of a value that has no source: ``[].append``, ``"".join``, ``nn.Module.apply`` of an instance."""

    __slots__ = ("name", "receiver")

    def __init__(self, receiver: Value, name: str) -> None:
        self.receiver = receiver
        self.name = name


class SuperObject(Value):
    """``super()``: the rest of the receiver's MRO after `owner`."""

    __slots__ = ("owner", "receiver")

    def __init__(self, owner: Value, receiver: Value) -> None:
        self.owner = owner
        self.receiver = receiver


class Unshare(Exception):
    """A write to a sealed module: the run starts over, with less sharing. `args[0]` is the module."""


class Journal(dict[tuple[int, str], tuple[Store, str, Any]]):
    """Old values, by store and name. Stores younger than the journal have no business in it: whoever can see them came
    the same way."""

    __slots__ = ("serial",)

    def __init__(self, serial: int) -> None:
        super().__init__()
        self.serial = serial


Delta = dict[tuple[int, str], tuple[Store, str, Any]]


class Heap:
    """Makes heap objects and keeps the journals. `oldest` is the age of the oldest store written to of late."""

    __slots__ = ("journals", "oldest", "serial")

    def __init__(self) -> None:
        self.journals: list[Journal] = []
        self.serial = 0
        self.oldest = 1 << 60

    # --- making ---

    def store(self) -> Store:
        self.serial += 1
        return Store(self.serial)

    def sequence(self, items: tuple[Value, ...] | None, element: Value | None = None, kind: str = "list") -> ListObject:
        return ListObject(kind, self.store(), items, element)

    def mapping(
        self, pairs: list[tuple[Value, Value]] | None, ordered: bool = False, element: Value | None = None
    ) -> DictObject:
        items: Items | None = None if pairs is None else {key_of(key): (key, value) for key, value in pairs}
        return DictObject(self.store(), items, ordered, element)

    def instance(self, cls: Class | External, known: bool = True) -> InstanceObject:
        return InstanceObject(cls, self.store(), self.store(), known)

    def module(self, cls: Class | External, container: bool = False) -> Module:
        return Module(cls, self.store(), self.store(), self.store() if container else None)

    # --- writing ---

    def write(self, store: Store, name: str, value: Any) -> None:
        if store.born < self.oldest:
            if not store.born:
                return  # a global's: see `settle`
            self.oldest = store.born
        if self.journals:
            journal = self.journals[-1]
            if store.born <= journal.serial:
                key = (id(store), name)
                if key not in journal:
                    journal[key] = (store, name, store.get(name, ABSENT))
        if value is ABSENT:
            store.pop(name, None)
        else:
            store[name] = value

    def open(self) -> None:
        self.journals.append(Journal(self.serial))

    def commit(self) -> None:
        """Closes the innermost journal; its writes stay, and belong to the one around it."""
        journal = self.journals.pop()
        if self.journals:
            outer = self.journals[-1]
            serial = outer.serial
            for key, entry in journal.items():
                if key not in outer and entry[0].born <= serial:
                    outer[key] = entry

    def rollback(self) -> Delta:
        """Undoes the innermost journal's writes. Returns them."""
        journal = self.journals.pop()
        delta: Delta = {}
        for key, (store, name, old) in journal.items():
            delta[key] = (store, name, store.get(name, ABSENT))
            if old is ABSENT:
                store.pop(name, None)
            else:
                store[name] = old
        return delta

    def apply(self, delta: Delta) -> None:
        for store, name, value in delta.values():
            self.write(store, name, value)

    def since(self, level: int) -> Delta:
        """The present values of everything written since journal number `level` was opened."""
        delta: Delta = {}
        for journal in self.journals[level:]:
            for key, (store, name, _) in journal.items():
                if key not in delta:
                    delta[key] = (store, name, store.get(name, ABSENT))
        return delta


class _Budget:
    """How many values one key may still look into. A value can hold others many times over, so a key without bounds
    can take exponential time; what is beyond the bound is told apart by identity."""

    __slots__ = ("depth", "left")

    def __init__(self) -> None:
        self.depth = 0
        self.left = 0


_budget = _Budget()
_KEY_SIZE = 1500


def key_of(value: Value | None) -> Hashable:
    """A hashable that is equal for values that no program can tell apart; objects with identity are themselves."""
    maker = _KEYS.get(value.__class__)
    if maker is None:
        return id(value)
    budget = _budget
    if budget.depth == 0:
        budget.left = _KEY_SIZE
    elif budget.left <= 0:
        return _Same(value)
    budget.left -= 1
    budget.depth += 1
    try:
        return maker(value)
    finally:
        budget.depth -= 1


class _Same:
    """A key that only the very same object has; for values too large to be compared."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.value is self.value


_LARGE = 64  # items; a table this large is told apart by identity alone


def _items_key(items: tuple[Value, ...] | None) -> Hashable:
    if items is None:
        return None
    return _Same(items) if len(items) > _LARGE else tuple([key_of(item) for item in items])


def _constant_key(value: Constant) -> Hashable:
    return (value.value.__class__, value.value)


def _dict_key(value: DictObject) -> Hashable:
    entries = value.cell["items"]
    if entries is None:
        return ("d", None, key_of(value.element))
    if len(entries) > _LARGE:
        return _Same(entries)
    return ("d", tuple([(key, key_of(entry[1])) for key, entry in entries.items()]))


def _mapping_key(value: Mapping) -> Hashable:
    if value.items is None:
        return ("d", None, key_of(value.element))
    if len(value.items) > _LARGE:
        return _Same(value.items)
    return ("d", tuple([(key_of(key), key_of(item)) for key, item in value.items]))


def _instance_key(value: Instance) -> Hashable:
    attributes = value.attributes
    inner = None if attributes is None else tuple([(name, key_of(item)) for name, item in attributes])
    return ("i", key_of(value.cls), value.member, inner)


_KEYS: dict[type, Callable[[Any], Hashable]] = {
    Constant: _constant_key,
    type(None): lambda value: None,
    Unknown: lambda value: "?",
    Absent: lambda value: "-",
    External: lambda value: value.name,
    Typed: lambda value: ("t", value.type),
    Parameter: lambda value: ("P", value.buffer),
    Sequence: lambda value: (value.kind, _items_key(value.items), key_of(value.element)),
    ListObject: lambda value: ("l" + value.kind, _items_key(value.cell["items"]), key_of(value.cell["element"])),
    DictObject: _dict_key,
    Mapping: _mapping_key,
    Function: lambda value: (id(value.definition), value.marks, key_of(value.bound), id(value.closure)),
    Class: lambda value: (id(value.definition), id(value.closure)),
    ModuleObject: lambda value: ("m", value.name),
    OneOf: lambda value: ("o", tuple([(key_of(option), condition) for option, condition in value.options])),
    Partial: lambda value: (
        "p",
        key_of(value.function),
        _items_key(value.args),
        tuple([(name, key_of(arg)) for name, arg in value.kwargs]),
    ),
    Lambda: lambda value: ("f", id(value.node), id(value.closure)),
    Instance: _instance_key,
    InstanceObject: lambda value: id(value) if value.member is None else ("e", key_of(value.cls), value.member),
    ModuleInstance: lambda value: id(value.shape),
    BuiltinMethod: lambda value: ("b", key_of(value.receiver), value.name),
}
