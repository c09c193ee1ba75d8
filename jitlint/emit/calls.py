"""Calls (``emitApplyExpr``, ``SugaredValue::call`` of every kind, ``emitBuiltinCall``)."""

from __future__ import annotations

import ast
from dataclasses import replace

from jitlint.emit.emitter import Emitter, first_line
from jitlint.emit.evidence import RefusedCall
from jitlint.emit.marked import left_to_python
from jitlint.emit.module_facts import is_settled
from jitlint.emit.overloads import maybe_overloaded, overloads
from jitlint.emit.schema_matching import ArgValue, Failure, Match, match_schemas
from jitlint.emit.values import (
    UNKNOWN_VAL,
    Builtin,
    Cast,
    ClassRef,
    Dispatch,
    EnumRef,
    ExceptionInstance,
    ExceptionRef,
    FunctionRef,
    IgnoredRef,
    MethodRef,
    ModuleRef,
    ModuleView,
    NamedTupleRef,
    Opaque,
    PythonModule,
    PythonValue,
    SchemaRef,
    Special,
    Sugared,
    SugaredList,
    Val,
    describe,
)
from jitlint.syntax import tree
from jitlint.types.model import (
    BOOL,
    COMPLEX,
    FLOAT,
    INT,
    NONE,
    STR,
    TENSOR,
    UNKNOWN,
    Argument,
    ClassType,
    InterfaceType,
    Schema,
    TensorType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown

CASTS = {
    "int": ("aten::Int", INT),
    "float": ("aten::Float", FLOAT),
    "bool": ("aten::Bool", BOOL),
    "complex": ("aten::Complex", COMPLEX),
    "str": ("aten::str", STR),
}


# Functions that call a method of an instance they are given (``MagicMethod`` in ``ir_emitter.cpp``), beside the casts.
MAGIC = {f"aten::{name}": f"__{name}__" for name in ("hex", "oct", "round")}


def emit_apply(e: Emitter, node: tree.Apply, hint: Type | None = None, binders: int = 1) -> Sugared:
    from jitlint.emit.expressions import emit_expr

    callee = emit_expr(e, node.func)
    match callee:
        case ModuleView():
            call_arguments(e, node)
            from jitlint.emit.containers import call_view

            return call_view(e, callee.module, callee.name)
        case Special():
            from jitlint.emit.special_forms import emit_special

            return emit_special(e, node, callee, hint)
    arguments = _loose_arguments(e, node) if isinstance(callee, Opaque) else call_arguments(e, node)
    if arguments is None:
        if isinstance(callee, (FunctionRef, MethodRef, ModuleRef)):
            # The callee is compiled all the same; what it returns is known without its arguments.
            return call_value(e, node.at, callee, None, None, binders)
        return UNKNOWN_VAL
    args, kwargs = arguments
    return call_value(e, node.at, callee, args, kwargs, binders, node)


Arguments = tuple[list[Val], list[tuple[str, Val]]]


def call_arguments(e: Emitter, node: tree.Apply) -> Arguments | None:
    """The values of a call's arguments, starred ones expanded; None where their number is not known."""
    from jitlint.emit.expressions import emit_val, expand

    args = expand(e, node.args)
    kwargs = [(keyword.name, emit_val(e, keyword.value)) for keyword in node.kwargs]
    return None if args is None else (args, kwargs)


def _loose_arguments(e: Emitter, node: tree.Apply) -> Arguments | None:
    """The same where nobody knows what is called: it may be a form that takes what is no value (a type, a function)."""
    from jitlint.emit.expressions import emit_expr

    def is_value(argument: tree.Expr) -> bool:
        """Whether an argument, if it names something, names a value."""
        while isinstance(argument, (tree.Select, tree.Subscript)):
            argument = argument.value
        if not isinstance(argument, tree.Var):
            return True
        e.muted += 1
        try:
            return isinstance(emit_expr(e, argument), (Val, ModuleRef))
        finally:
            e.muted -= 1

    kept = tuple(one for one in node.args if is_value(one))
    keywords = tuple(one for one in node.kwargs if is_value(one.value))
    return call_arguments(e, replace(node, args=kept, kwargs=keywords))


def call_value(
    e: Emitter,
    at: ast.AST,
    callee: Sugared,
    args: list[Val] | None,
    kwargs: list[tuple[str, Val]] | None,
    binders: int = 1,
    node: tree.Apply | None = None,
) -> Sugared:
    """Calls `callee`; `args` None where the arguments are not known (then only the callee is compiled)."""
    if e.compiler.marked_only and left_to_python(e.compiler, callee):
        e.unknown(at, "what is called here stays a Python function, whose signature could not be resolved")
        return Opaque(told=True)
    match callee:
        case FunctionRef() | MethodRef() if maybe_overloaded(e.compiler, callee.definition):
            return UNKNOWN_VAL
        case FunctionRef() | MethodRef() if (schemas := overloads(e, at, callee)) is not None:
            return UNKNOWN_VAL if args is None or kwargs is None else call_schemas(e, at, schemas, args, kwargs)
        case FunctionRef(definition=definition):
            summary = e.compiler.function(e, at, definition, callee.value)
            return _call_summary(e, at, summary.schema, summary.result, args, kwargs)
        case MethodRef(module=module, definition=definition):
            summary = e.compiler.method(e, at, module, definition, callee.value)
            return _call_summary(e, at, summary.schema, summary.result, args, kwargs)
        case ModuleRef():
            from jitlint.emit.modules import call_module

            return call_module(e, at, callee, args, kwargs)
    if args is None or kwargs is None:
        return UNKNOWN_VAL
    match callee:
        case Builtin(symbol="aten::is_scripting"):
            return Val(BOOL, True)
        case Builtin(symbol="aten::len") if len(args) == 1 and isinstance(args[0].type, ClassType):
            return _length(e, at, args[0])
        case Builtin(symbol=symbol) if symbol in MAGIC and args and isinstance(args[0].type, ClassType):
            return call_method(e, at, args[0], MAGIC[symbol], args[1:]) if not args[0].type.is_module else UNKNOWN_VAL
        case Builtin(symbol=symbol, receiver=receiver):
            schemas = e.compiler.api.schemas(symbol)
            if not schemas:
                return _unknown_op(e, at, symbol)
            return call_schemas(e, at, schemas, args, kwargs, receiver)
        case SchemaRef(schemas=schemas, receiver=receiver):
            return call_schemas(e, at, schemas, args, kwargs, receiver)
        case Dispatch():
            return _dispatch(e, at, callee, args, kwargs)
        case Cast(name=name):
            return _cast(e, at, name, args, kwargs)
        case ClassRef(type=kind):
            from jitlint.emit.class_members import construct

            return construct(e.compiler, e, at, kind, args, kwargs)
        case NamedTupleRef():
            return _named_tuple(e, at, callee, args, kwargs)
        case ExceptionRef(name=name):
            return ExceptionInstance(name)
        case IgnoredRef(definition=definition):
            from jitlint.emit.ignored import call_ignored

            dropped = e.compiler.marks(definition) & {"unused", "drop"}
            e.python_call("unused" if dropped else "ignored", at, definition.name)
            return call_ignored(e.compiler, e, at, callee, args, kwargs, binders)
        case Opaque():
            return callee
        case SugaredList(elements=None):
            return Opaque()
        case PythonValue():
            return _python_call(e, at, callee, args, kwargs, binders)
        case Val():
            return _call_val(e, at, callee, args, kwargs)
        case EnumRef(type=kind):
            e.report("JIT606", at, "cannot call a EnumClass", "An enum class cannot be called in TorchScript")
            return UNKNOWN_VAL
        case PythonModule():
            e.report("JIT308", at, "cannot call a Python module: is not a callable object")
            return UNKNOWN_VAL
    e.report("JIT308", at, f"cannot call a {describe(callee)}")
    return UNKNOWN_VAL


def _call_summary(
    e: Emitter,
    at: ast.AST,
    schema: Schema | None,
    result: Type,
    args: list[Val] | None,
    kwargs: list[tuple[str, Val]] | None,
) -> Val:
    if schema is None or args is None or kwargs is None:
        return Val(result)
    call_schemas(e, at, (schema,), args, kwargs)
    return Val(result)


def argument(value: Val) -> ArgValue:
    return ArgValue(value.type, value.empty_list)


def call_schemas(
    e: Emitter,
    at: ast.AST,
    schemas: tuple[Schema, ...],
    args: list[Val],
    kwargs: list[tuple[str, Val]],
    receiver: Val | None = None,
    code: str = "",
) -> Val:
    """Matches the call against `schemas`; its result, Unknown after a problem."""
    result = match_schemas(
        schemas,
        [argument(value) for value in args],
        [(name, argument(value)) for name, value in kwargs],
        argument(receiver) if receiver is not None else None,
    )
    if isinstance(result, Match):
        _check_defaults(e, at, result)
        return Val(result.result_type)
    evidence = None
    if e.types is not None:
        named = [(name, argument(value)) for name, value in kwargs]
        taker = argument(receiver) if receiver is not None else None
        evidence = RefusedCall(schemas, [argument(value) for value in args], named, taker)
    report_mismatch(e, at, result, code, evidence)
    # One overload, or all of one result: the type is known although the call is wrong.
    results = {schema.result for schema in schemas}
    if len(results) == 1:
        only = results.pop()
        if isinstance(only, (TensorType,)) or str(only) in {"int", "float", "bool", "str"}:
            return Val(only)
    return UNKNOWN_VAL


def _check_defaults(e: Emitter, at: ast.AST, match: Match) -> None:
    """None may be the default of a Tensor parameter, but it then is an undefined tensor, of which a call that leaves the
    argument out cannot make a constant (``tryInsertConstant``)."""
    for formal, binding in zip(match.schema.arguments, match.bindings, strict=True):
        if binding is None and formal.default == "None" and isinstance(formal.type, TensorType):
            e.report(
                "JIT542",
                at,
                "Unsupported value kind: Tensor",
                f"The call leaves out '{formal.name}', a Tensor whose default is None",
            )
            return


def report_mismatch(e: Emitter, at: ast.AST, failure: Failure, code: str = "", evidence: object = None) -> None:
    text = failure.torch_message
    if not code:
        if text.lstrip().startswith("Arguments for call are not valid"):
            code = "JIT302"
        elif "but instead found type" in text or "Could not match type" in text:
            code = "JIT303"
        else:
            code = "JIT304"
    e.report(code, at, text, explain_mismatch(text), evidence)


def explain_mismatch(text: str) -> str:
    """One line out of the compiler's several: the reason that tells most."""
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if lines and lines[0].startswith("Arguments for call are not valid"):
        for line in lines[2:]:
            if line.startswith("Expected a value of type"):
                return f"No overload takes these arguments. {line}"
        return "No overload takes these arguments"
    for line in lines:
        if line.startswith(("Expected", "Argument", "Unknown keyword", "Could not match", "Keyword argument")):
            return line
    return first_line(text)


def call_builtin(
    e: Emitter,
    at: ast.AST,
    symbol: str,
    args: list[Val],
    kwargs: list[tuple[str, Val]] | None = None,
    receiver: Val | None = None,
    code: str = "",
) -> Val:
    """``emitBuiltinCall``."""
    schemas = e.compiler.api.schemas(symbol)
    if not schemas:
        return UNKNOWN_VAL
    return call_schemas(e, at, schemas, args, kwargs or [], receiver, code)


def _unknown_op(e: Emitter, at: ast.AST, symbol: str) -> Val:
    e.report(
        "JIT305",
        at,
        f"Unknown builtin op: {symbol}.\nCould not find any similar ops to {symbol}. This op may not exist or may not "
        "be currently supported in TorchScript.",
        f"TorchScript has no operator for {symbol.removeprefix('aten::')}",
    )
    return UNKNOWN_VAL


def call_method(e: Emitter, at: ast.AST, value: Val, name: str, args: list[Val], code: str = "") -> Sugared:
    """A dunder method on a class instance (``emitApplySpecialForm`` of magic methods)."""
    kind = value.type
    if isinstance(kind, ClassType):
        from jitlint.emit import class_members

        has = class_members.has_method(e.compiler, kind, name)
        if has is None:
            return UNKNOWN_VAL
        if has is False:
            e.report(
                code or "JIT309",
                at,
                f"'{kind}' object has no attribute or method '{name}'. Did you forget to initialize an attribute in "
                "__init__()?",
                f"The class does not define {name}",
            )
            return UNKNOWN_VAL
        return class_members.call_method(e.compiler, e, at, kind, name, args, [])
    return UNKNOWN_VAL


def _call_val(e: Emitter, at: ast.AST, callee: Val, args: list[Val], kwargs: list[tuple[str, Val]]) -> Sugared:
    kind = callee.type
    if kind == UNKNOWN:
        return Opaque(told=True)
    if isinstance(kind, ClassType):
        from jitlint.emit import class_members

        has = class_members.has_method(e.compiler, kind, "__call__") if not kind.is_module else False
        if has is None:
            return UNKNOWN_VAL
        if has:
            return class_members.call_method(e.compiler, e, at, kind, "__call__", args, kwargs)
        e.report(
            "JIT419" if kind.is_module else "JIT308",
            at,
            f"'{kind}' object has no attribute or method '__call__'. Did you forget to initialize an attribute in "
            "__init__()?",
            "A module that went through a slice, list or conditional expression is a plain object and cannot be called"
            if kind.is_module
            else "The class does not define __call__",
        )
        return UNKNOWN_VAL
    if isinstance(kind, InterfaceType):
        return UNKNOWN_VAL
    if kind == NONE and not e.condition and not callee.is_constant and e.module and not is_settled(e.module.shape):
        # An attribute that is None as the constructor's defaults have it; instances that get here have it set.
        with e.under("the attribute is None"):
            e.report("JIT308", at, f"cannot call a value of type '{kind}'", "What is called here is None by default")
        return UNKNOWN_VAL
    e.report("JIT308", at, f"cannot call a value of type '{kind}'", f"A value of type {kind} cannot be called")
    return UNKNOWN_VAL


def _cast(e: Emitter, at: ast.AST, name: str, args: list[Val], kwargs: list[tuple[str, Val]]) -> Val:
    symbol, kind = CASTS[name]
    if args and isinstance(args[0].type, ClassType):
        if args[0].type.is_module:
            return UNKNOWN_VAL
        from jitlint.emit.convert import as_val

        return as_val(e, at, call_method(e, at, args[0], f"__{name}__", args[1:]))
    if name in ("bool",) and len(args) == 1 and not kwargs:
        from jitlint.emit.convert import truth

        truth(e, at, args[0])
        return args[0] if args[0].type == BOOL else Val(BOOL)
    if len(args) == 1 and not kwargs:
        if args[0].type == kind:
            return args[0] if not args[0].is_constant else Val(kind)
    call_builtin(e, at, symbol, args, kwargs)
    return Val(kind)


def _length(e: Emitter, at: ast.AST, value: Val) -> Sugared:
    """``len`` of an object: of a container of modules, or by ``__len__``."""
    kind = value.type
    assert isinstance(kind, ClassType)
    if kind.is_module:
        from jitlint.emit.containers import has_length

        if has_length(e, kind):
            return Val(INT)
        e.report(
            "JIT309",
            at,
            f"'{kind}' object has no attribute or method '__len__'. Did you forget to initialize an attribute in "
            "__init__()?",
            "This module has no length",
        )
        return Val(INT)
    return call_method(e, at, value, "__len__", [], "JIT309")


def _dispatch(e: Emitter, at: ast.AST, callee: Dispatch, args: list[Val], kwargs: list[tuple[str, Val]]) -> Val:
    """``BooleanDispatchValue::call``: the flag picks the function; it must be a constant."""
    chosen: bool | None = callee.default
    given: Val | None = None
    for name, value in kwargs:
        if name == callee.flag:
            given = value
    if given is None and len(args) > callee.position:
        given = args[callee.position]
    if given is not None:
        if given.is_constant:
            chosen = bool(given.constant)
        elif given.maybe_constant or given.type == UNKNOWN:
            chosen = None
        else:
            e.report(
                "JIT318",
                at,
                f"Argument for boolean dispatch at position {callee.position} was not constant"
                if given in args
                else "Argument for boolean dispatch at position was not constant",
                f"The flag '{callee.flag}' must be a literal or a constant of the module",
            )
            return UNKNOWN_VAL
    if chosen is None:
        return UNKNOWN_VAL
    return call_schemas(e, at, callee.if_true if chosen else callee.if_false, args, kwargs)


def _named_tuple(e: Emitter, at: ast.AST, callee: NamedTupleRef, args: list[Val], kwargs: list[tuple[str, Val]]) -> Val:
    kind = callee.type
    required = len(kind.elements) - callee.defaults
    arguments = tuple(
        Argument(name, element, None if position < required else "None")
        for position, (name, element) in enumerate(zip(kind.fields, kind.elements, strict=True))
    )
    name = (kind.name or "").rpartition(".")[2]
    schema = Schema(name, arguments, (kind,), text=schema_text(name, arguments, kind))
    result = match_schemas(
        (schema,), [argument(value) for value in args], [(key, argument(value)) for key, value in kwargs]
    )
    if isinstance(result, Failure):
        report_mismatch(e, at, result)
    elif contains_unknown(kind):
        e.unknown(at, f"the types of {name}'s fields could not all be resolved")
    return Val(kind)


def schema_text(name: str, arguments: tuple[Argument, ...], result: Type) -> str:
    """A schema as the compiler prints it among the variants of a failed call."""
    parts = []
    for one in arguments:
        parts.append(f"{one.type} {one.name}" + (f"={one.default}" if one.default is not None else ""))
    return f"{name}({', '.join(parts)}) -> {result}"


# Objects that Python code holds and that compiled code can only call back.
_CALLED_BACK = frozenset({"Module", "functools.partial", "functools._lru_cache_wrapper"})


def _python_call(
    e: Emitter,
    at: ast.AST,
    callee: PythonValue,
    args: list[Val],
    kwargs: list[tuple[str, Val]],
    binders: int,
) -> Sugared:
    """A call into Python (``PythonValue::call``), where the object allows it."""
    name = callee.name or callee.type_name
    called_back = callee.callable_as in ("call", "schema") and callee.type_name != "method"
    if called_back or callee.type_name in _CALLED_BACK:
        e.python_call("python", at, name)
    match callee.callable_as:
        case "class":
            e.report(
                "JIT312",
                at,
                f"Cannot instantiate class '{name}' in a script function",
                f"'{name}' cannot be instantiated in compiled code",
            )
        case "lambda":
            e.report(
                "JIT313",
                at,
                "Expected a single top-level function",
                "A lambda cannot be compiled",
            )
        case "refused" | "call-refused":
            e.report("JIT307" if "builtin" in callee.name else "JIT313", at, callee.name)
        case "no":
            if callee.type_name:
                e.report("JIT308", at, f"'{callee.type_name}' object is not a callable object")
        case "autograd":
            # Any arguments, by position; Tensors come back, as many as are bound.
            if kwargs:
                e.unknown(at, f"{name}.apply is given keyword arguments")
            return Val(TENSOR if binders == 1 else TupleType((TENSOR,) * binders))
        case "autograd-class":
            e.unknown(at, f"the autograd function {name} is instantiated")
        case "call-unknown":
            e.unknown(at, f"the signature of '{name}', which is called back in Python, could not be resolved")
        case "call":
            return _opaque_call(e, at, callee, args, kwargs, binders)
        case "schema":
            from jitlint.torch_api import entries

            entry = e.compiler.api.entry(callee.name)
            if isinstance(entry, entries.PythonValue) and entry.schema is not None and not entry.vararg:
                return call_schemas(e, at, (entry.schema,), args, kwargs)
    return UNKNOWN_VAL


def _opaque_call(
    e: Emitter,
    at: ast.AST,
    callee: PythonValue,
    args: list[Val],
    kwargs: list[tuple[str, Val]],
    binders: int,
) -> Sugared:
    """Without annotations every argument is a Tensor, and so is the result."""
    formals = tuple(Argument(str(i), TENSOR) for i in range(len(args)))
    formals += tuple(Argument(name, TENSOR) for name, _ in kwargs)
    name = callee.name.rpartition(".")[2]
    results: tuple[Type, ...] = (TENSOR,) if binders == 1 else (TupleType((TENSOR,) * binders),)
    text = f"{name}({', '.join(f'Tensor {one.name}' for one in formals)}) -> Tensor 0"
    schema = Schema(name, formals, results, text=text)
    result = match_schemas((schema,), [argument(one) for one in args], [(key, argument(one)) for key, one in kwargs])
    if isinstance(result, Failure):
        report_mismatch(e, at, result)
        return UNKNOWN_VAL
    return Val(results[0])
