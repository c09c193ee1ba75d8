"""The mutable side of the abstract run: objects with identity, the journal that undoes writes, structural keys.

While a constructor runs, lists, dicts, instances and modules are heap objects: two names can hold the same one, and a
branch that may or may not be taken must be undone before the other one runs. All mutable state lives in `Store`s,
and every write goes through `Heap.write`, which remembers the old value for the innermost open journal. Outside this
room only the frozen values of `values` are seen (`freeze`).
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
    ModuleShape,
    OneOf,
    Parameter,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.types.model import TENSOR

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
    """An instance of a class that is no nn.Module. `state` has ``known``: whether all attributes were seen."""

    __slots__ = ("attributes", "cls", "member", "state")

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


def freeze(value: Value, depth: int = 0) -> Value:
    """The value as the rest of jitlint sees it: immutable, without identity except that of module shapes."""
    if depth > 40:
        return Unknown("nested too deeply")
    match value:
        case Constant() | Typed() | External() | Parameter() | Unknown() | Absent() | ModuleObject() | Class():
            return value
        case Sequence(kind="tensor"):
            return Typed(TENSOR)
        case Sequence(kind=kind, items=items, element=element):
            frozen = None if items is None else tuple([freeze(item, depth + 1) for item in items])
            return Sequence(kind, frozen, None if element is None else freeze(element, depth + 1))
        case ListObject(kind=kind, items=items, element=element):
            frozen = None if items is None else tuple([freeze(item, depth + 1) for item in items])
            return Sequence(kind, frozen, None if element is None else freeze(element, depth + 1))
        case DictObject(items=entries, ordered=ordered, element=element):
            if entries is None:
                return Mapping(None, ordered, None if element is None else freeze(element, depth + 1))
            pairs = tuple([(freeze(key, depth + 1), freeze(item, depth + 1)) for key, item in entries.values()])
            return Mapping(pairs, ordered)
        case InstanceObject(cls=cls, attributes=store, state=state, member=member):
            if not state["known"]:
                return Instance(cls, None, member)
            return Instance(cls, tuple([(name, freeze(item, depth + 1)) for name, item in store.items()]), member)
        case Module():
            return freeze_module(value, depth)
        case OneOf(options=options):
            return OneOf(tuple([(freeze(option, depth + 1), condition) for option, condition in options]))
        case Partial(function=function, args=args, kwargs=kwargs):
            return Partial(
                freeze(function, depth + 1),
                tuple([freeze(arg, depth + 1) for arg in args]),
                tuple([(name, freeze(arg, depth + 1)) for name, arg in kwargs]),
            )
        case Function(definition=definition, marks=marks, bound=bound, closure=closure) if bound is not None:
            return Function(definition, marks, freeze(bound, depth + 1), closure)
        case BuiltinMethod() | SuperObject():
            return Unknown("a method without source")
    return value


def freeze_module(module: Module, depth: int = 0) -> ModuleInstance:
    if module.frozen is not None:
        return module.frozen
    state = module.state
    shape = ModuleShape(module.cls)
    instance = ModuleInstance(shape)
    module.frozen = instance  # before descending: a module may be reached from itself
    shape.complete = state["complete"]
    shape.reasons = list(state["reasons"])
    shape.raises = module.raises
    shape.attributes = {name: freeze(item, depth + 1) for name, item in module.attributes.items()}
    shape.arguments = {name: freeze(item, depth + 1) for name, item in module.arguments.items()}
    shape.bases = {
        base: {name: freeze(item, depth + 1) for name, item in bound.items()} for base, bound in module.bases.items()
    }
    shape.hooks = [freeze(hook, depth + 1) for hook in state["hooks"]]
    shape.pre_hooks = [freeze(hook, depth + 1) for hook in state["pre_hooks"]]
    if module.children is not None:
        if state["open"]:
            shape.element = None if state["element"] is None else freeze(state["element"], depth + 1)
        else:
            shape.children = {name: freeze(child, depth + 1) for name, child in module.children.items()}
    shape.origin = module
    return instance


def thaw(heap: Heap, value: Value) -> Value:
    """The heap's form of a frozen value."""
    match value:
        case Sequence(kind=kind, items=items, element=element):
            thawed = None if items is None else tuple([thaw(heap, item) for item in items])
            inner = None if element is None else thaw(heap, element)
            if kind in ("list", "set", "frozenset"):
                return heap.sequence(thawed, inner, kind)
            return Sequence(kind, thawed, inner)
        case Mapping(items=pairs, ordered=ordered, element=element):
            inner = None if element is None else thaw(heap, element)
            return heap.mapping(
                None if pairs is None else [(thaw(heap, key), thaw(heap, item)) for key, item in pairs], ordered, inner
            )
        case Instance(cls=cls, attributes=attributes, member=member):
            instance = heap.instance(cls, attributes is not None)
            instance.member = member
            for name, item in attributes or ():
                instance.attributes[name] = thaw(heap, item)
            return instance
        case ModuleInstance(shape=shape):
            if isinstance(shape.origin, Module):
                return shape.origin
            return Unknown("a module of another run")
        case OneOf(options=options):
            return OneOf(tuple([(thaw(heap, option), condition) for option, condition in options]))
        case Function(bound=ModuleInstance() as receiver):
            return Function(value.definition, value.marks, thaw(heap, receiver), value.closure)
        case Partial(function=function, args=args, kwargs=kwargs):
            return Partial(
                thaw(heap, function),
                tuple([thaw(heap, arg) for arg in args]),
                tuple([(name, thaw(heap, arg)) for name, arg in kwargs]),
            )
    return value


def copy_value(heap: Heap, value: Value, modules: bool, memo: dict[int, Value] | None = None) -> Value:
    """A deep copy: of lists, dicts and instances, and of modules where `modules`."""
    memo = {} if memo is None else memo
    known = memo.get(id(value))
    if known is not None:
        return known
    match value:
        case ListObject(kind=kind):
            fresh = heap.sequence(None, None, kind)
            memo[id(value)] = fresh
            if value.items is not None:
                fresh.cell["items"] = tuple([copy_value(heap, item, modules, memo) for item in value.items])
            fresh.cell["element"] = value.element
            return fresh
        case DictObject(ordered=ordered):
            mapping = heap.mapping(None, ordered, value.element)
            memo[id(value)] = mapping
            if value.items is not None:
                mapping.cell["items"] = {
                    key: (name, copy_value(heap, item, modules, memo)) for key, (name, item) in value.items.items()
                }
            return mapping
        case Sequence(kind=kind, items=tuple() as items, element=element):
            return Sequence(kind, tuple([copy_value(heap, item, modules, memo) for item in items]), element)
        case InstanceObject(cls=cls, member=None):
            instance = heap.instance(cls)
            memo[id(value)] = instance
            instance.state.update(value.state)
            for name, item in value.attributes.items():
                instance.attributes[name] = copy_value(heap, item, modules, memo)
            return instance
        case Module() if modules:
            module = heap.module(value.cls, value.children is not None)
            memo[id(value)] = module
            module.arguments = value.arguments
            module.bases = value.bases
            module.raises = value.raises
            module.state.update(value.state)
            for name, item in value.attributes.items():
                module.attributes[name] = copy_value(heap, item, modules, memo)
            if value.children is not None and module.children is not None:
                for name, item in value.children.items():
                    module.children[name] = copy_value(heap, item, modules, memo)
            return module
        case OneOf(options=options):
            return OneOf(tuple([(copy_value(heap, option, modules, memo), text) for option, text in options]))
    return value


def seal(value: Value) -> None:
    """Marks every module in `value` as shared."""
    match value:
        case Module():
            if value.sealed:
                return
            value.sealed = True
            for item in value.attributes.values():
                seal(item)
            if value.children is not None:
                for item in value.children.values():
                    seal(item)
        case ListObject(items=tuple() as items) | Sequence(items=tuple() as items):
            for item in items:
                seal(item)
        case DictObject(items=dict() as entries):
            for _, item in entries.values():
                seal(item)
        case InstanceObject(attributes=attributes):
            for item in attributes.values():
                if isinstance(item, Module):
                    seal(item)
        case OneOf(options=options):
            for option, _ in options:
                seal(option)


def settle(value: Value, depth: int = 0) -> None:
    """Makes a value part of the surroundings: later runs read it, and their writes to it are lost."""
    if depth > 30:
        return
    match value:
        case ListObject(cell=cell):
            if cell.born:
                cell.born = 0
                for item in value.items or ():
                    settle(item, depth + 1)
        case DictObject(cell=cell):
            if cell.born:
                cell.born = 0
                for _, item in (value.items or {}).values():
                    settle(item, depth + 1)
        case InstanceObject(attributes=attributes, state=state):
            if attributes.born:
                attributes.born = state.born = 0
                for item in attributes.values():
                    settle(item, depth + 1)
        case Sequence(items=tuple() as items):
            for item in items:
                settle(item, depth + 1)
        case OneOf(options=options):
            for option, _ in options:
                settle(option, depth + 1)
        case Module():
            value.sealed = True
