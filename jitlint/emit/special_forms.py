"""Names the compiler treats itself: range, enumerate, zip, list, dict, tuple, print, annotate, fork… (``emitApplySpecialForm``)."""

from __future__ import annotations

from jitlint.emit.calls import call_arguments, call_value
from jitlint.emit.convert import as_val, convert
from jitlint.emit.emitter import Emitter
from jitlint.emit.evidence import Mismatch
from jitlint.emit.expressions import emit_expr
from jitlint.emit.iteration import iteration_of, unrolled_elements
from jitlint.emit.values import (
    UNKNOWN_VAL,
    Builtin,
    Cast,
    FunctionRef,
    IterableTree,
    MethodRef,
    ModuleRef,
    NothingValue,
    Opaque,
    RangeValue,
    SchemaRef,
    SliceValue,
    Special,
    Sugared,
    SugaredTuple,
    Val,
)
from jitlint.syntax import tree
from jitlint.types.model import (
    INT,
    STR,
    TENSOR,
    UNKNOWN,
    AwaitType,
    DictType,
    FutureType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
    UnionType,
)
from jitlint.types.relations import contains_unknown, is_subtype, members_of, unify_all


def emit_special(e: Emitter, node: tree.Apply, form: Special, hint: Type | None) -> Sugared:
    name = form.name.removeprefix("prim::").removeprefix("builtins.").removeprefix("torch.jit.")
    match name:
        case "range":
            return _range(e, node)
        case "enumerate":
            return _enumerate(e, node)
        case "zip":
            return _zip(e, node)
        case "list" | "rangelist":
            return _list(e, node, hint)
        case "dict":
            return _dict(e, node, hint)
        case "tuple":
            return _tuple(e, node)
        case "print":
            return _print(e, node)
        case "annotate":
            return _annotate(e, node)
        case "unchecked_cast" | "unchecked_unwrap_optional":
            return _unchecked(e, node)
        case "isinstance" | "hasattr":
            from jitlint.emit.conditions import condition_value
            from jitlint.emit.reflection import emit_hasattr, emit_isinstance

            condition = emit_isinstance(e, node) if name == "isinstance" else emit_hasattr(e, node)
            return condition_value(condition)
        case "getattr":
            from jitlint.emit.reflection import emit_getattr

            return emit_getattr(e, node)
        case "fork" | "_fork" | "awaitable" | "_awaitable":
            return _fork(e, node, AwaitType if "await" in name else FutureType)
        case "wait":
            return _wait(e, node)
        case "super":
            call_arguments(e, node)
            return Val(TENSOR) if False else Opaque()
        case "tensor_cast":
            if node.args or node.kwargs:
                call_arguments(e, node)
                e.report(
                    "JIT304",
                    node.at,
                    "args.empty() && kwargs.empty() INTERNAL ASSERT FAILED",
                    "A cast such as x.float() takes no arguments in TorchScript; use x.to(...)",
                )
            return Val(TENSOR)
        case "rpc_async" | "rpc_sync" | "remote":
            return _rpc(e, node, name)
        case "tolist":
            return _tolist(e, node, hint)
        case "slice":
            arguments = call_arguments(e, node)
            if arguments is not None and not 1 <= len(arguments[0]) <= 3:
                e.report("JIT304", node.at, f"slice accepts exactly 1, 2 or 3 arguments, got: {len(arguments[0])}")
            return SliceValue()
    if name.startswith("legacy:"):
        return _legacy(e, node)
    for one in [*node.args, *(keyword.value for keyword in node.kwargs)]:
        emit_expr(e, one)
    return UNKNOWN_VAL


def _rpc(e: Emitter, node: tree.Apply, name: str) -> Sugared:
    for one in [*node.args, *(keyword.value for keyword in node.kwargs)]:
        emit_expr(e, one)
    if any(keyword.name not in ("args", "kwargs", "timeout") for keyword in node.kwargs) or node.kwargs:
        e.report("JIT321", node.at, f"{name}(..) does not support kwargs yet.")
    elif len(node.args) < 2:
        e.report("JIT321", node.at, f"Possible forms of call to {name}(..) are: {name}(dst_worker_name, user_callable)")
    return UNKNOWN_VAL


def _counted(e: Emitter, node: tree.Apply, name: str, least: int, most: int, what: str = "") -> bool:
    count = len(node.args)
    if any(isinstance(arg, tree.Starred) for arg in node.args):
        return True
    if count < least:
        e.report("JIT314", node.at, f"{name} expected at least {least} arguments, got {count}")
        return False
    if count > most:
        e.report("JIT314", node.at, f"{name} expected at most {most} arguments, got {count}")
        return False
    return True


def _range(e: Emitter, node: tree.Apply) -> Sugared:
    arguments = call_arguments(e, node)
    if node.kwargs:
        e.report("JIT314", node.at, "range doesn't accept any keyword arguments")
    if not _counted(e, node, "range", 1, 3) or arguments is None:
        return RangeValue()
    for position, value in enumerate(arguments[0]):
        if value.type != INT and not contains_unknown(value.type):
            e.report(
                "JIT314",
                node.at,
                f"all inputs of range must be ints, found {value.type} in argument {position}",
                f"range takes ints, this argument is {value.type}",
                Mismatch(INT, value.type),
            )
            break
    return RangeValue()


def _enumerate(e: Emitter, node: tree.Apply) -> Sugared:
    from jitlint.emit.expressions import emit_val

    for keyword in node.kwargs:
        emit_val(e, keyword.value)
        if keyword.name != "start":
            e.report("JIT314", node.at, f"enumerate expected kwarg name 'start', got '{keyword.name}'")
    if not _counted(e, node, "enumerate", 1, 2):
        return Opaque()
    values = [emit_expr(e, arg) for arg in node.args]
    if isinstance(node.args[0], tree.Starred):
        return Opaque()
    return IterableTree("enumerate", (RangeValue(), values[0]))


def _zip(e: Emitter, node: tree.Apply) -> Sugared:
    if any(isinstance(arg, tree.Starred) for arg in node.args):
        call_arguments(e, node)
        return Opaque()
    if not node.args:
        e.report("JIT314", node.at, "zip expected at least 1 arguments, got 0")
        return Opaque()
    return IterableTree("zip", tuple(emit_expr(e, arg) for arg in node.args))


def _list(e: Emitter, node: tree.Apply, hint: Type | None) -> Sugared:
    hint = hint.element if isinstance(hint, OptionalType) else hint
    if not node.args:
        return Val(hint) if isinstance(hint, ListType) else Val(ListType(TENSOR), empty_list=True)
    if len(node.args) > 1:
        e.report("JIT304", node.at, f"list expected at most 1 arguments, got {len(node.args)}")
        return UNKNOWN_VAL
    value = emit_expr(e, node.args[0])
    if isinstance(value, Val) and isinstance(value.type, ListType):
        return Val(value.type)
    iteration = iteration_of(e, node.args[0].at, value)
    if not iteration.unrolled:
        element = iteration.element
        return Val(ListType(as_val(e, node.at, element).type))
    elements = unrolled_elements(iteration)
    if elements is None:
        return UNKNOWN_VAL
    kinds = [as_val(e, node.at, element).type for element in elements]
    unified = unify_all(kinds, default_to_union=True)[0] if kinds else TENSOR
    return Val(ListType(unified or UNKNOWN))


def _dict(e: Emitter, node: tree.Apply, hint: Type | None) -> Sugared:
    from jitlint.emit import literals
    from jitlint.emit.expressions import emit_val

    hint = hint.element if isinstance(hint, OptionalType) else hint
    empty = len(node.args) == 1 and isinstance(node.args[0], tree.ListLiteral) and not node.args[0].elements
    members = members_of(hint) if isinstance(hint, UnionType) else ()
    ambiguous = sum(isinstance(member, DictType) for member in members) > 1
    if (not node.args or empty) and not node.kwargs:
        if ambiguous:
            return literals.emit_dict(e, tree.DictLiteral(node.at, (), ()), hint)
        return Val(hint) if isinstance(hint, DictType) else Val(DictType(STR, TENSOR))
    if ambiguous and hint is not None and not contains_unknown(hint):
        # Rejected by 1.12 and later releases, not by 1.10: there is no rule of that range yet.
        return UNKNOWN_VAL
    if not node.args:
        kinds = [emit_val(e, keyword.value).type for keyword in node.kwargs]
        made: Type = DictType(STR, unify_all(kinds, default_to_union=True)[0] or UNKNOWN)
        return _dict_result(e, node, made, hint)
    if len(node.args) > 1:
        call_arguments(e, node)
        e.report("JIT304", node.at, f"dict expected exactly 1 arguments but found {len(node.args)}")
        return UNKNOWN_VAL
    if isinstance(node.args[0], (tree.DictLiteral, tree.DictComp)) and not node.kwargs:
        return emit_val(e, node.args[0], hint)
    value = emit_expr(e, node.args[0])
    added = [emit_val(e, keyword.value).type for keyword in node.kwargs]
    if isinstance(value, Val) and isinstance(value.type, DictType):
        _added_items(e, node, value.type, added)
        return _dict_result(e, node, value.type, hint)
    if isinstance(value, Val) and value.type == UNKNOWN:
        return Val(hint) if isinstance(hint, DictType) else UNKNOWN_VAL
    if node.kwargs and isinstance(value, Val) and not isinstance(node.args[0], (tree.DictLiteral, tree.DictComp)):
        e.report("JIT304", node.at, "dict takes no keyword arguments", "dict of an iterable takes no keyword arguments")
        return UNKNOWN_VAL
    return _dict_of_iterable(e, node, value, hint)


def _added_items(e: Emitter, node: tree.Apply, made: DictType, added: list[Type]) -> None:
    """The keywords of ``dict(other, key=value)`` become items of a copy of `made`."""
    wrong = [kind for kind in added if not is_subtype(kind, made.value)]
    if added and not is_subtype(STR, made.key):
        e.report(
            "JIT218", node.at, f"Generated key type str did not match the annotated key type, which was {made.key}"
        )
    elif wrong:
        e.report(
            "JIT218",
            node.at,
            f"Generated value type {wrong[0]} did not match the annotated value type, which was {made.value}",
        )


def _dict_of_iterable(e: Emitter, node: tree.Apply, value: Sugared, hint: Type | None) -> Val:
    """``dict(pairs)`` is compiled as ``{k: v for k, v in pairs}``."""
    from jitlint.emit.assignments import unpacked
    from jitlint.emit.literals import dict_of_pairs

    iteration = iteration_of(e, node.at, value)
    unknown = Val(hint) if isinstance(hint, DictType) else UNKNOWN_VAL
    elements = unrolled_elements(iteration) if iteration.unrolled else [iteration.element]
    if elements is None or iteration.uncertain:
        return unknown
    pairs: list[tuple[Type, Type]] = []
    for element in elements:
        parts = unpacked(e, node.at, element, 2)
        if parts is None:
            return unknown
        if len(parts) != 2:
            found = f"need 2 values to unpack but found only {len(parts)}"
            e.report(
                "JIT212", node.at, f"too many values to unpack: need 2 but found {len(parts)}" if parts[2:] else found
            )
            return unknown
        pairs.append((as_val(e, node.at, parts[0]).type, as_val(e, node.at, parts[1]).type))
    return dict_of_pairs(e, node.at, pairs, hint)


def _dict_result(e: Emitter, node: tree.Apply, made: Type, hint: Type | None) -> Val:
    if not isinstance(hint, DictType) or not isinstance(made, DictType):
        return Val(made)
    if not is_subtype(made.key, hint.key):
        e.report(
            "JIT218",
            node.at,
            f"Type annotation was inferred to be `{hint}`, but the type of keys {made.key} did not match the annotated one",
        )
    elif not is_subtype(made.value, hint.value):
        e.report(
            "JIT218",
            node.at,
            f"Type annotation was inferred to be `{hint}`, but the type of values given by the dict literal is "
            f"{made.value}",
        )
    return Val(hint)


def _tuple(e: Emitter, node: tree.Apply) -> Sugared:
    from jitlint.emit.assignments import unpacked

    if not node.args:
        return Val(TupleType(()))
    if len(node.args) != 1:
        e.report("JIT304", node.at, f"tuple expected at most 1 arguments, got {len(node.args)}")
        return UNKNOWN_VAL
    value = emit_expr(e, node.args[0])
    if isinstance(value, Val) and isinstance(value.type, TensorType):
        e.report("JIT211", node.args[0].at, f"{value.type} cannot be used as a tuple")
        return UNKNOWN_VAL
    elements = unpacked(e, node.args[0].at, value, None)
    if elements is None:
        return UNKNOWN_VAL
    if any(not isinstance(element, Val) for element in elements):
        return SugaredTuple(tuple(elements))
    return Val(TupleType(tuple(as_val(e, node.at, element).type for element in elements)))


def _print(e: Emitter, node: tree.Apply) -> Sugared:
    if node.kwargs:
        e.report(
            "JIT320",
            node.at,
            "print doesn't accept any keyword arguments",
            "print takes no keyword arguments in TorchScript",
        )
    call_arguments(e, node)
    return NothingValue()


def _annotate(e: Emitter, node: tree.Apply) -> Sugared:
    from jitlint.emit.expressions import emit_val

    if len(node.args) != 2 or node.kwargs:
        call_arguments(e, node)
        e.report(
            "JIT321",
            node.at,
            f"torch.jit.annotate() expected exactly 2 arguments but found {len(node.args) + len(node.kwargs)}",
        )
        return UNKNOWN_VAL
    kind = e.compiler.annotation_of(e, node.args[0])
    value = emit_val(e, node.args[1], kind)
    if not is_subtype(convert(value, kind), kind):
        e.report(
            "JIT321",
            node.at,
            f"expected an expression of type {kind} but found {value.type}",
            f"The annotated value is {value.type}, not {kind}",
        )
    return Val(kind)


def _unchecked(e: Emitter, node: tree.Apply) -> Sugared:
    from jitlint.emit.expressions import emit_val

    if len(node.args) == 2:
        kind = e.compiler.annotation_of(e, node.args[0])
        emit_val(e, node.args[1])
        return Val(kind)
    arguments = call_arguments(e, node)
    if arguments and len(arguments[0]) == 1:
        kind = arguments[0][0].type
        return Val(kind.element if isinstance(kind, OptionalType) else kind)
    return UNKNOWN_VAL


def _fork(e: Emitter, node: tree.Apply, wrapper: type[FutureType] | type[AwaitType]) -> Sugared:
    if not node.args:
        e.report("JIT321", node.at, "Expected at least one argument to fork()")
        return UNKNOWN_VAL
    callee = emit_expr(e, node.args[0])
    rest = tree.Apply(node.at, node.args[0], node.args[1:], node.kwargs)
    arguments = call_arguments(e, rest)
    if isinstance(callee, Val) and callee.type != UNKNOWN:
        e.report(
            "JIT308",
            node.at,
            f"cannot call a value of type '{callee.type}'",
            "fork takes a function and its arguments, not the result of a call",
        )
        return UNKNOWN_VAL
    if not isinstance(callee, (FunctionRef, MethodRef, ModuleRef, Builtin, SchemaRef, Cast)):
        return UNKNOWN_VAL
    args, kwargs = arguments if arguments is not None else (None, None)
    result = as_val(e, node.at, call_value(e, node.at, callee, args, kwargs))
    return Val(wrapper(result.type))


def _wait(e: Emitter, node: tree.Apply) -> Sugared:
    arguments = call_arguments(e, node)
    if not arguments or len(arguments[0]) != 1:
        return UNKNOWN_VAL
    kind = arguments[0][0].type
    if isinstance(kind, (FutureType, AwaitType)):
        return Val(kind.element)
    from jitlint.emit.calls import call_builtin

    if contains_unknown(kind):
        return UNKNOWN_VAL
    return call_builtin(e, node.at, "aten::wait", arguments[0], arguments[1])


def _tolist(e: Emitter, node: tree.Apply, hint: Type | None) -> Sugared:
    if hint is None:
        e.report(
            "JIT319",
            node.at,
            "Expected type hint for result of tolist()",
            "tolist() needs the type of its result: `xs: List[int] = x.tolist()`",
        )
        return UNKNOWN_VAL
    return Val(hint)


def _legacy(e: Emitter, node: tree.Apply) -> Sugared:
    arguments = call_arguments(e, node)
    if arguments is not None:
        for keyword in node.kwargs:
            if keyword.name not in ("device",):
                e.report(
                    "JIT304",
                    node.at,
                    "Legacy Tensor Constructor only supports two schemas in TorchScript:\n1. torch.Tensor(*size: int, device)\n2. "
                    "torch.Tensor(List, device)",
                )
    return Val(TENSOR)
