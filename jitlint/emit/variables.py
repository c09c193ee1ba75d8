"""Reading, writing and deleting names (``Environment::setVar``, ``getSugaredVar``)."""

from __future__ import annotations

import ast
from dataclasses import replace

from jitlint.emit.convert import convert
from jitlint.emit.emitter import Emitter, first_line
from jitlint.emit.evidence import Mismatch
from jitlint.emit.values import (
    UNKNOWN_VAL,
    Builtin,
    Cast,
    ClassRef,
    ExceptionRef,
    FunctionRef,
    MethodRef,
    ModuleRef,
    Opaque,
    PythonValue,
    RangeValue,
    SchemaRef,
    Special,
    Sugared,
    Val,
    describe,
)
from jitlint.types.model import ANY, NONE, NUMBER, TENSOR, ListType, OptionalType, TensorType, Type, UnionType
from jitlint.types.relations import contains_unknown, is_subtype

_BUILTINS = {
    "len": "aten::len",
    "hex": "aten::hex",
    "oct": "aten::oct",
    "round": "aten::round",
    "hash": "aten::hash",
    "id": "prim::id",
    "min": "prim::min",
    "max": "prim::max",
    "abs": "prim::abs",
    "all": "aten::all",
    "any": "aten::any",
    "divmod": "aten::divmod",
    "sum": "aten::sum",
    "ord": "aten::ord",
    "chr": "aten::chr",
    "bin": "aten::bin",
    "pow": "aten::pow",
    "sorted": "aten::sorted",
}
# The compiler's own names, which go before the Python globals.
_OWN: dict[str, Sugared] = {
    **{name: Builtin(symbol) for name, symbol in _BUILTINS.items()},
    **{name: Cast(name) for name in ("int", "float", "bool", "complex", "str")},
    **{
        name: Special(name)
        for name in ("print tuple getattr hasattr isinstance list dict range zip enumerate rangelist".split())
    },
    "AssertionError": ExceptionRef("AssertionError"),
}


def set_variable(e: Emitter, node: ast.AST, name: str, value: Sugared, annotated: Type | None = None) -> None:
    """Binds `name` in the current frame after the checks against the frames around it.

    A name that exists outside keeps its type: the value is converted to it and must be a subtype. With an
    annotation there is no conversion, and the name must be new to the frames around.
    """
    _bind(e, node, name, value, annotated)
    if e.types is not None and isinstance(node, ast.Name) and name in e.frame.values:
        e.record(node, e.frame.values[name])


def _bind(e: Emitter, node: ast.AST, name: str, value: Sugared, annotated: Type | None) -> None:
    frame = e.frame
    outer = frame.outer()
    old = outer.find(name) if outer is not None else None
    if old is not None and not _may_rebind(e, node, name, old, value, annotated):
        return
    if not isinstance(value, Val):
        frame.values[name] = value
        frame.stored.pop(name, None)
        return
    if hides(frame.values.get(name)):
        return
    stored = value.type
    if isinstance(old, Val):
        converted = convert(value, old.type)
        if not is_subtype(converted, old.type):
            hint = ""
            if isinstance(old.type, TensorType) and old.type.inferred:
                hint = (
                    f". Because \"{name}\" was not annotated with an explicit type it is assumed to be type 'Tensor'."
                )
            elif old.type == ListType(TENSOR) and isinstance(stored, ListType):
                hint = (
                    ". Empty lists default to List[Tensor]. Add a variable annotation to the assignment to create an empty"
                    " list of another type (torch.jit.annotate(List[T, []]) where T is the type of elements in the list"
                    " for Python 2)"
                )
            e.report(
                "JIT203",
                node,
                f"Variable '{name}' previously had type {old.type} but is now being assigned to a value of type "
                f"{stored}{hint}",
                f"'{name}' is {_a(old.type)} outside this block and cannot become {_a(stored)} here",
                Mismatch(old.type, stored),
            )
            frame.values[name] = Val(old.type)
            return
        # What is not known has the variable's type, or a narrower one where there is one.
        narrower = isinstance(old.type, (UnionType, OptionalType)) or old.type in (NUMBER, ANY)
        known = contains_unknown(converted) and not contains_unknown(old.type) and not narrower
        stored = old.type if known else converted
    recorded = stored
    if annotated is not None:
        if not is_subtype(value.type, annotated):
            e.report(
                "JIT206",
                node,
                f"Variable '{name}' is annotated with type {annotated} but is being assigned to a value of type "
                f"{value.type}",
                f"'{name}' is annotated {annotated}, but its value is {_a(value.type)}",
                Mismatch(annotated, value.type),
            )
        recorded = annotated
    frame.values[name] = Val(recorded, configured=value.configured)
    frame.stored[name] = stored if not contains_unknown(stored) else recorded


def hides(held: Sugared | None) -> bool:
    """Whether what a name stands for in a frame hides every value that is stored under it there: the table of what is no
    value is looked up first (``Environment::findInThisFrame``)."""
    match held:
        case FunctionRef() | MethodRef() | Builtin() | SchemaRef() | ClassRef() | ModuleRef() | RangeValue():
            return True
        case PythonValue(type_name=name):
            return bool(name)
    return False


def _may_rebind(e: Emitter, node: ast.AST, name: str, old: Sugared, value: Sugared, annotated: Type | None) -> bool:
    if isinstance(old, Opaque) or isinstance(value, Opaque):
        e.frame.values[name] = UNKNOWN_VAL
        return False
    if annotated is not None:
        e.report(
            "JIT207",
            node,
            f"Attempting to declare and annotate the type of variable '{name}' that is already defined in an outer "
            "block",
            f"'{name}' is defined outside this block, so it cannot be annotated here",
        )
        e.frame.values[name] = Val(annotated)
        return False
    if not isinstance(old, Val):
        e.report(
            "JIT227",
            node,
            f"Cannot re-assign '{name}' because it has type {_kind(old)} and {name} is not a first-class value."
            "  Only reassignments to first-class values are allowed",
            f"'{name}' stands for a {_kind(old)} and cannot be re-assigned in an inner block",
        )
        return False
    if not isinstance(value, Val):
        if isinstance(value, ModuleRef):
            return True
        e.report(
            "JIT227",
            node,
            f"Cannot re-assign '{name}' to a value of type {_kind(value)} because {name} is not a first-class value."
            "  Only reassignments to first-class values are allowed",
            f"'{name}' is a value outside this block and cannot stand for a {_kind(value)} here",
        )
        return False
    return True


def _kind(value: Sugared) -> str:
    return describe(value)


def _a(kind: Type) -> str:
    text = str(kind)
    return f"{'an' if text[:1] in 'aeiouAEIO' else 'a'} {text}" if kind != NONE else "None"


def get_variable(e: Emitter, node: ast.AST, name: str) -> Sugared:
    """What `name` means here: a local, one of the compiler's own names, or a Python object of the scope around."""
    value = e.frame.find(name)
    if value is not None:
        return value
    own = _OWN.get(name)
    if own is not None:
        return own
    found = e.compiler.global_value(e, name)
    if found is not None:
        return named(e, node, name, found)
    note = e.frame.note(name)
    if note is not None:
        code, text, place = note
        if code:
            e.report(code, place or node, text)
    elif name not in ("__class__",):
        e.report("JIT301", node, f"undefined value {name}", f"'{name}' has no value in the compiled function")
    return UNKNOWN_VAL


def named(e: Emitter, node: ast.AST, name: str, value: Sugared) -> Sugared:
    """A Python object that the function names: some are refused for being named."""
    match value:
        case Opaque():
            e.unknown(node, f"'{name}' could not be resolved")
            return replace(value, told=True)
        case PythonValue(callable_as="refused", name=error):
            code = (
                "JIT307"
                if "Python builtin" in error
                else "JIT322"
                if "weak reference" in error
                else "JIT606"
                if value.definition is not None
                else "JIT313"
            )
            e.report(code, node, error, f"'{name}' cannot be used in TorchScript: {first_line(error)}")
            return UNKNOWN_VAL
    return value


def widened(kind: Type) -> bool:
    """Whether an outer variable of this type lets a join fall back to a Union."""
    return isinstance(kind, (UnionType, OptionalType)) or kind == NUMBER
