"""Fixes of parameters: annotated after their default, or after what calls pass for them."""

from __future__ import annotations

import ast

from jitlint.emit.evidence import RefusedCall
from jitlint.emit.values import ClassRef, FunctionRef, MethodRef, Val
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import written
from jitlint.fixes.context import Change, Context, Draft, Function
from jitlint.fixes.edits import replaced
from jitlint.fixes.imports import need
from jitlint.project.definitions import FunctionDefinition
from jitlint.types.model import NONE, UNKNOWN, OptionalType, TensorType, TupleType, Type

# --- defaults ---------------------------------------------------------------------------------------------------------


def from_default(context: Context, finding: Finding) -> Draft | None:
    """Parameters whose default shows their type, or is None where the annotation allows no None."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None or has_type_comment(context, function):
        return None
    changes: list[Change] = []
    applicability: Applicability = "safe"
    names = []
    for arg, default in _defaults(function):
        if f'"{arg.arg}"' not in finding.torch_message:
            continue
        if isinstance(default, ast.Constant) and default.value is None:
            outer, more = need(context, "typing.Optional")
            if arg.annotation is not None:
                text = f"{outer}[{context.code(arg.annotation)}]"
                changes += [replaced(context, arg.annotation, text), *more]
            else:
                tensor, imports = need(context, "torch.Tensor")
                changes += [*_annotate(context, arg, default, f"{outer}[{tensor}]"), *more, *imports]
                applicability = "unsafe"
        elif arg.annotation is None:
            text_or_none, more = written(context, _literal_type(default))
            if text_or_none is None:
                continue
            changes += [*_annotate(context, arg, default, text_or_none), *more]
        elif isinstance(default, ast.Constant) and type(default.value) is float:
            new = _with_float(context, arg.annotation)
            if new is None:
                continue
            changes.append(replaced(context, arg.annotation, new))
            applicability = "unsafe"
        elif isinstance(default, ast.Constant) and type(default.value) is int:
            if context.name_of(arg.annotation) != "builtins.float":
                continue
            changes.append(replaced(context, default, f"{context.code(default)}.0"))
            applicability = "unsafe"
        else:
            continue
        names.append(arg.arg)
    if not changes:
        return None
    return Draft(applicability, f"Annotate {', '.join(f'`{name}`' for name in names)}", tuple(changes))


def _with_float(context: Context, node: ast.expr) -> str | None:
    """``int`` as ``float``, also inside an Optional."""
    if context.name_of(node) == "builtins.int":
        return "float"
    if isinstance(node, ast.Subscript) and context.name_of(node.value) == "typing.Optional":
        inner = _with_float(context, node.slice)
        return f"{context.code(node.value)}[{inner}]" if inner is not None else None
    return None


def _literal_type(node: ast.expr) -> Type | None:
    from jitlint.types.model import BOOL, FLOAT, INT, STR

    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if not isinstance(node, ast.Constant):
        return None
    return {bool: BOOL, int: INT, float: FLOAT, str: STR}.get(type(node.value))


def _defaults(function: Function) -> list[tuple[ast.arg, ast.expr]]:
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    pairs = list(zip(positional[len(positional) - len(args.defaults) :], args.defaults))
    pairs += [(arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults) if default is not None]
    return pairs


def _annotate(context: Context, arg: ast.arg, default: ast.expr | None, text: str) -> list[Change]:
    """An annotation for a parameter; the equals sign of its default gets its spaces."""
    at = context.end(arg)
    if default is None:
        return [Change(at, at, f": {text}")]
    between = context.text[at : context.start(default)]
    if between.strip() == "=":
        return [Change(at, context.start(default), f": {text} = ")]
    return [Change(at, at, f": {text}")]


def has_type_comment(context: Context, function: Function) -> bool:
    """Whether the signature stands in a comment."""
    last = function.body[0].lineno if function.body else function.lineno
    return any("# type:" in line for line in context.source.lines[function.lineno - 1 : last])


def made_inside(context: Context, finding: Finding) -> Draft | None:
    """A mutable default: None instead, and the value made in the function."""
    function = context.around(finding.span, ast.FunctionDef)
    if function is None:
        return None
    for arg, default in _defaults(function):
        if not isinstance(default, ast.List | ast.Dict | ast.Call | ast.ListComp) or arg.annotation is None:
            continue
        annotation = context.code(arg.annotation)
        outer, more = need(context, "typing.Optional")
        first = function.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            if len(function.body) == 1:
                return None
            first = function.body[1]
        if not context.own_line_start(first):
            return None
        indent = context.indentation(first)
        at = context.line_start(context.first_line(first))
        body = f"{indent}if {arg.arg} is None:\n{indent}{context.step(function)}{arg.arg} = {context.code(default)}\n"
        changes = [
            replaced(context, arg.annotation, f"{outer}[{annotation}]"),
            replaced(context, default, "None"),
            Change(at, at, body),
            *more,
        ]
        return Draft("unsafe", f"Make the default of `{arg.arg}` in the function", tuple(changes))
    return None


# --- parameters that calls tell about ---------------------------------------------------------------------------------


def parameter_annotated(context: Context, finding: Finding) -> Draft | None:
    """An unannotated parameter, which is taken for a Tensor, and a call that passes something else: annotated with that."""
    node = context.at(finding.span, ast.Call)
    call = finding.evidence
    if node is None or not isinstance(call, RefusedCall) or len(call.schemas) != 1:
        return None
    callee = _callee(context, node)
    if callee is None:
        return None
    function = _function_node(context, callee)
    if function is None or has_type_comment(context, function):
        return None
    formals = {argument.name: argument for argument in call.schemas[0].arguments}
    given = _given(call)
    changes: list[Change] = []
    names = []
    for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        kind = given.get(arg.arg)
        formal = formals.get(arg.arg)
        if kind is None or formal is None or arg.annotation is not None or isinstance(kind, TensorType):
            continue
        if not isinstance(formal.type, TensorType) or kind in (UNKNOWN, NONE) or isinstance(kind, TupleType):
            continue
        text, more = written(context, kind)
        if text is None:
            continue
        default = next((value for one, value in _defaults(function) if one is arg), None)
        changes += [*_annotate(context, arg, default, text), *more]
        names.append(f"`{arg.arg}: {text}`")
    if not changes:
        return None
    return Draft("unsafe", f"Annotate {', '.join(names)}", tuple(dict.fromkeys(changes)))


def optional_parameter(context: Context, finding: Finding) -> Draft | None:
    """A call that passes what may be None for a parameter that is None by default, but is annotated without."""
    node = context.at(finding.span, ast.Call)
    call = finding.evidence
    if node is None or not isinstance(call, RefusedCall) or len(call.schemas) != 1:
        return None
    callee = _callee(context, node)
    function = _function_node(context, callee) if callee is not None else None
    if function is None or has_type_comment(context, function):
        return None
    given = _given(call)
    changes: list[Change] = []
    names = []
    for arg, default in _defaults(function):
        if not isinstance(given.get(arg.arg), OptionalType) or not isinstance(default, ast.Constant):
            continue
        formal = next((one for one in call.schemas[0].arguments if one.name == arg.arg), None)
        if (
            default.value is not None
            or arg.annotation is None
            or formal is None
            or formal.type == UNKNOWN  # it may be an Optional
            or isinstance(formal.type, OptionalType)
        ):
            continue
        outer, more = need(context, "typing.Optional")
        changes += [replaced(context, arg.annotation, f"{outer}[{context.code(arg.annotation)}]"), *more]
        names.append(f"`{arg.arg}`")
    if not changes:
        return None
    return Draft("safe", f"Annotate {', '.join(names)} as Optional", tuple(dict.fromkeys(changes)))


def _given(call: RefusedCall) -> dict[str, Type]:
    """The types that a call passes, by the names of the only schema's parameters."""
    positional = [argument.name for argument in call.schemas[0].arguments if not argument.keyword_only]
    if call.receiver is not None or (positional and positional[0] == "self"):
        positional = positional[1:]
    given = dict(zip(positional, (value.type for value in call.args)))
    return given | {name: value.type for name, value in call.kwargs}


def _callee(context: Context, node: ast.Call) -> FunctionDefinition | None:
    """The one function of this file that a call runs."""
    found: set[FunctionDefinition] = set()
    for value in context.values(node.func):
        match value:
            case FunctionRef(definition=definition) | MethodRef(definition=definition):
                found.add(definition)
            case ClassRef():
                made = getattr(value.type, "definition", None)
                inner = getattr(made, "definition", made)
                for one in context.index.functions:
                    if one.cls is not None and one.name == "__init__" and one.cls is inner:
                        found.add(one)
            case Val():
                return None
    if len(found) != 1:
        return None
    only = found.pop()
    return only if only.module is context.index else None


def _function_node(context: Context, definition: FunctionDefinition) -> Function | None:
    for node in ast.walk(context.tree):
        if isinstance(node, ast.FunctionDef) and node.lineno == definition.node.lineno and node.name == definition.name:
            return node
    return None
