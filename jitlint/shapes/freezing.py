"""Values on their way into the heap and out of it: frozen for the rest of jitlint, thawed, copied, shared between runs."""

from __future__ import annotations

from jitlint.shapes.heap import BuiltinMethod, DictObject, Heap, InstanceObject, ListObject, Module, SuperObject
from jitlint.shapes.values import (
    Absent,
    Class,
    Constant,
    External,
    Function,
    Instance,
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
    elif state["element"] is not None:
        shape.element = freeze(state["element"], depth + 1)
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
