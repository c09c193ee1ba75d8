"""Calls to functions and methods marked ``ignore`` or ``unused``: calls into Python with a signature of their own.

Mirrors ``PythonValue::getSchema`` (``python_sugared_value.cpp``) and ``get_signature`` (``torch/jit/annotations.py``):
the annotations, if there are any at all, are converted as live objects; else a ``# type:`` comment is evaluated in a
small namespace; else everything is a Tensor. There are no default values.
"""

from __future__ import annotations

import ast
import re

from jitlint.emit.calls import call_schemas, schema_text
from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.resolver import PythonResolver
from jitlint.emit.values import UNKNOWN_VAL, IgnoredRef, Sugared, Val
from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.shapes import values as py
from jitlint.shapes.annotations import attribute_annotation_type
from jitlint.types.model import INFERRED_TENSOR, NONE, TENSOR, UNKNOWN, Argument, Schema, TupleType, Type
from jitlint.types.relations import contains_unknown

_TYPE_IGNORE = re.compile(r"# type:\ ignore(\[[a-zA-Z-]+\])?$")
# The namespace of type comments (``EvalEnv``); other names are looked up around the function.
_COMMENT_NAMES = {
    "Tensor": "torch.Tensor",
    "Tuple": "typing.Tuple",
    "List": "typing.List",
    "Dict": "typing.Dict",
    "Optional": "typing.Optional",
    "Union": "typing.Union",
    "Future": "torch.jit.Future",
}


def call_ignored(
    c: Compiler,
    e: Emitter,
    at: ast.AST,
    callee: IgnoredRef,
    args: list[Val],
    kwargs: list[tuple[str, Val]],
    binders: int = 1,
) -> Sugared:
    """The value of the call; a problem at the call where the signature or the arguments are refused.

    binders: how many names take the result, which is how many Tensors an unannotated function gives.
    """
    definition = callee.definition
    node = definition.node
    positional = [*node.args.posonlyargs, *node.args.args]
    if callee.bound and not positional:
        e.report("JIT610", at, "Non-static method does not have a self argument")
        return UNKNOWN_VAL
    names = [one.arg for one in (positional[1:] if callee.bound else positional)]
    starred = node.args.vararg is not None or node.args.kwarg is not None
    if _annotated(node):
        if starred or node.args.kwonlyargs:
            # The signature counts them, the list of names does not.
            expected = "arg_types.size() == param_names.size() - (moduleSelf_ ? 1 : 0) INTERNAL ASSERT FAILED"
            ours = f"'{definition.name}' has annotations and star or keyword-only parameters; no call to it compiles"
            e.report("JIT325", at, expected, ours)
            return UNKNOWN_VAL
        signature = _from_annotations(c, e, at, definition, callee.bound)
    else:
        line = type_line(definition)
        if line is None:
            signature = ([TENSOR] * len(names), _unannotated_result(binders))
        elif line == "":
            return UNKNOWN_VAL
        else:
            signature = _from_comment(c, e, at, definition, line)
    if signature is None:
        return UNKNOWN_VAL
    kinds, result = signature
    if len(kinds) != len(names):
        expected = "arg_types.size() == param_names.size() - (moduleSelf_ ? 1 : 0) INTERNAL ASSERT FAILED"
        e.report("JIT325", at, expected, f"The type comment of '{definition.name}' does not have a type per parameter")
        return UNKNOWN_VAL
    if any(contains_unknown(kind) for kind in (*kinds, result)):
        e.unknown(at, f"the types that '{definition.name}' is annotated with could not all be resolved")
    formals = tuple(Argument(name, kind) for name, kind in zip(names, kinds, strict=True))
    schema = Schema(definition.name, formals, (result,), text=schema_text(definition.name, formals, result))
    given = args[: len(names)] if node.args.vararg is not None else args
    call_schemas(e, at, (schema,), given, kwargs, code="JIT325")
    return Val(result)


def _annotated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    every += [one for one in (node.args.vararg, node.args.kwarg) if one is not None]
    return node.returns is not None or any(one.annotation is not None for one in every)


def _unannotated_result(binders: int) -> Type:
    if binders == 0:
        return NONE
    return TENSOR if binders == 1 else TupleType((TENSOR,) * binders)


def _from_annotations(
    c: Compiler, e: Emitter, at: ast.AST, definition: FunctionDefinition, bound: bool
) -> tuple[list[Type], Type] | None:
    """The signature of live annotations (``try_real_annotations``): one that is no type is refused at the call."""
    node = definition.node
    context = PythonResolver(c, definition.scope)
    future = definition.module.future_annotations
    refused: list[str] = []

    def report(code: str, place: ast.AST, torch_message: str, message: str = "") -> None:
        del code, place, message
        refused.append(torch_message)

    kinds: list[Type] = []
    for one in [*node.args.posonlyargs, *node.args.args]:
        kind: Type = INFERRED_TENSOR
        if one.annotation is not None:
            kind = attribute_annotation_type(one.annotation, context, report, future)
        kinds.append(kind)
    result: Type = TENSOR
    if node.returns is not None:
        result = attribute_annotation_type(node.returns, context, report, future)
    if refused:
        ours = f"an annotation of '{definition.name}' has no TorchScript type: {refused[0].partition(chr(10))[0]}"
        e.report("JIT325", at, refused[0], ours)
        return None
    return (kinds[1:] if bound else kinds), result


# --- type comments -------------------------------------------------------------------------------------------


def type_line(definition: FunctionDefinition) -> str | None:
    """The comment that gives the signature (``get_type_line``); None for none, "" where several lines do not make
    one."""
    node = definition.node
    lines = definition.module.lines[node.lineno - 1 : node.end_lineno]
    found = [line for line in lines if "# type:" in line and not _TYPE_IGNORE.search(line)]
    if not found:
        return None
    if len(found) == 1:
        return found[0].strip()
    parameters: list[str] = []
    for line in found:
        if "# type: (...) -> " in line:
            return line.strip().replace("...", ", ".join(parameters))
        parameters.append(line[line.find("# type:") + len("# type:") :].strip())
    return ""


class _CommentContext(PythonResolver):
    """Names of a type comment: those of the small namespace come first."""

    def lookup(self, name: str) -> py.Value | None:
        if name in ("torch.Tensor", "typing.Tuple"):
            return py.External(name)
        known = _COMMENT_NAMES.get(name)
        return py.External(known) if known is not None else super().lookup(name)

    def class_type(self, definition: ClassDefinition) -> Type | None:
        return super().class_type(definition)


def _from_comment(
    c: Compiler, e: Emitter, at: ast.AST, definition: FunctionDefinition, line: str
) -> tuple[list[Type], Type] | None:
    """The signature of a type comment (``parse_type_line``)."""

    def refuse(torch_message: str) -> None:
        e.report("JIT325", at, torch_message, f"the type comment of '{definition.name}' is refused: {torch_message}")

    before, arrow, after = line[line.find("# type:") + len("# type:") :].partition("->")
    if not arrow:
        refuse("Syntax error in type annotation (couldn't find `->`)")
        return None
    parsed: list[ast.expr] = []
    for text, what in ((before.strip(), "the argument list"), (after.strip(), "the return type")):
        try:
            parsed.append(ast.parse(text, mode="eval").body)
        except (SyntaxError, ValueError):
            refuse(f"Failed to parse {what} of a type annotation")
            return None
        for node in ast.walk(parsed[-1]):
            if isinstance(node, ast.Call):
                refuse(f"Type annotation should not contain calls, but '{text}' does")
                return None
            match node:
                case ast.Attribute(value=ast.Name(id="torch" | "typing" as module), attr=member):
                    if member != {"torch": "Tensor", "typing": "Tuple"}[module]:
                        refuse(f"Module {module} has no member called {member}")
                        return None
    context = _CommentContext(c, definition.scope)
    refused: list[str] = []

    def report(code: str, place: ast.AST, torch_message: str, message: str = "") -> None:
        del code, place, message
        refused.append(torch_message)

    arguments = parsed[0].elts if isinstance(parsed[0], ast.Tuple) else [parsed[0]]
    kinds = [_comment_type(node, context, report) for node in arguments]
    result = _comment_type(parsed[1], context, report)
    if refused:
        refuse(refused[0])
        return None
    return kinds, result


def _comment_type(node: ast.expr, context: _CommentContext, report: object) -> Type:
    if isinstance(node, ast.Name) and context.lookup(node.id) is None:
        return NONE  # a name that nobody knows evaluates to None
    if any(isinstance(one, ast.Name) and context.lookup(one.id) is None for one in ast.walk(node)):
        return UNKNOWN
    return attribute_annotation_type(node, context, report)  # type: ignore[arg-type]
