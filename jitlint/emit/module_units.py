"""Compiling an nn.Module instance whole (``create_script_module_impl``, ``infer_concrete_type_builder``)."""

from __future__ import annotations

import ast

from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.hooks import compile_hooks
from jitlint.emit.module_scan import class_span, scan
from jitlint.emit.modules import (
    call_module,
    class_name,
    container_elements,
    container_kind,
    definition_of,
    torch_facts,
)
from jitlint.emit.summary import Link, Located, Summary
from jitlint.emit.values import ModuleRef, Val
from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import find_member, is_script_module_class, mro
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py
from jitlint.source.problem import Problem, Span
from jitlint.types.model import INFERRED_TENSOR, NONE, UNKNOWN, Argument, InterfaceType, Schema, Type


def compile_module(c: Compiler, shape: py.ModuleShape, depth: int = 0) -> Summary:
    """Everything the compiler compiles of an instance: submodules, properties, forward, exported methods."""
    summary = c.modules.get(id(shape))
    if summary is not None:
        return summary
    definition = definition_of(shape)
    path = definition.module.path if definition is not None else ""
    line = definition.node.lineno if definition is not None else 1
    summary = c.modules[id(shape)] = Summary(
        definition.qualname if definition is not None else class_name(shape), path, line
    )
    summary.definition, summary.shape = definition, shape
    c._keep.append(shape)
    if depth > 60:
        return summary
    if definition is not None and isinstance(
        find_member(c.project, definition, "__prepare_scriptable__"), tuple
    ):
        summary.unknown.append((path, line, f"{definition.name} is replaced by what __prepare_scriptable__ returns"))
        return summary
    if definition is None:
        _torch_module(c, shape, summary)
    elif not scan(c, shape, definition, summary, root=depth == 0):
        return summary
    ignored = c.ignored_attributes(definition) if definition is not None else frozenset()
    for name, value in {**shape.attributes, **{f"[{k}]": v for k, v in (shape.children or {}).items()}}.items():
        if name in ignored:
            continue
        _submodule(c, shape, name, value, summary, depth)
    if definition is not None:
        _methods(c, shape, definition, summary)
    compile_hooks(c, shape, summary, (path, class_span(definition) if definition is not None else Span(1, 1, 1, 1)))
    summary.done = True
    return summary


def _torch_module(c: Compiler, shape: py.ModuleShape, summary: Summary) -> None:
    for facts in torch_facts(c, shape):
        error = facts.error
        for variant in facts.variants:
            from jitlint.emit.modules import _variant_holds

            if variant.error and _variant_holds(variant, shape.arguments, facts):
                error = variant.error
        if facts.lazy:
            message = error or f"'{class_name(shape)}' has uninitialized parameters. Did you forget to run a forward pass?"
            summary.problems.append(
                Located(Problem("JIT408", "", Span(1, 1, 1, 1), message, f"{class_name(shape)} is lazy: it has no parameters yet"))
            )
        elif error and not facts.container:
            summary.problems.append(
                Located(
                    Problem("JIT418", "", Span(1, 1, 1, 1), error, f"torch's own {class_name(shape)} cannot be scripted")
                )
            )


def _submodule(
    c: Compiler, shape: py.ModuleShape, name: str, value: py.Value, summary: Summary, depth: int
) -> None:
    match value:
        case py.ModuleInstance(shape=inner):
            if isinstance(c.attribute_annotation(shape, name), InterfaceType):
                return
            callee = compile_module(c, inner, depth + 1)
            if callee.problems or callee.links:
                summary.links.append(Link(summary.path, summary.line, callee))
        case py.OneOf(options=options):
            for option, words in options:
                if isinstance(option, py.ModuleInstance):
                    callee = compile_module(c, option.shape, depth + 1)
                    if callee.problems or callee.links:
                        summary.links.append(Link(summary.path, summary.line, callee, words or f"`{name}` is set"))


def _methods(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, summary: Summary) -> None:
    module = ModuleRef(shape)
    path, line = definition.module.path, definition.node.lineno
    seen: set[str] = set()
    unused = c.unused_properties(definition)
    forward: FunctionDefinition | None = None
    exported: list[FunctionDefinition] = []
    properties: list[FunctionDefinition] = []
    linear = mro(c.project, definition)
    # A ScriptModule's metaclass compiles what is marked script_method, forward like any other, and nothing else.
    legacy = is_script_module_class(c.project, definition)
    for item in linear.classes:
        if not isinstance(item, ClassDefinition):
            continue
        if item.module.name.startswith("torch.nn.modules.module"):
            continue
        for name, bindings in item.body.bindings.items():
            if name in seen:
                continue
            found = find_member(c.project, item, name)
            if not isinstance(found, tuple):
                continue
            owner, binding = found
            if owner is not item:
                continue
            seen.add(name)
            function = item.module.functions_by_node.get(id(binding.node)) if binding.kind == "function" else None
            if function is None:
                continue
            marks = c.marks(function)
            if "opaque" in marks and name == "forward":
                summary.unknown.append((item.module.path, function.node.lineno, "forward has a decorator that could not be seen through"))
            if "property" in marks and "opaque" not in marks:
                if name not in unused and not marks & {"unused", "drop"}:
                    properties.append(function)
            elif legacy:
                if "script_method" in marks:
                    exported.append(function)
            elif name == "forward" and not marks & {"ignore", "unused", "drop", "opaque", "overload"}:
                forward = function
            elif "export" in marks and "opaque" not in marks:
                exported.append(function)
            del bindings
    for function in [*sorted(properties, key=lambda one: one.name), *([forward] if forward else []), *sorted(exported, key=lambda one: one.name)]:
        callee = c.compile_method(module, function)
        summary.links.append(Link(path, line, callee))
        if function is forward:
            summary.abstract = is_abstract(function)


def is_abstract(function: FunctionDefinition) -> bool:
    """A body that only raises NotImplementedError (a docstring aside)."""
    body = [one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def compile_sequential(c: Compiler, e: Emitter, at: ast.AST, module: ModuleRef, summary: Summary) -> None:
    """``for module in self: input = module(input)`` with `input` a Tensor that may change type from module to module."""
    elements = container_elements(e, module, "Sequential")
    argument = Argument("input", INFERRED_TENSOR)
    result: Type = UNKNOWN
    if elements is not None:
        inner = Emitter(c, e.index, e.scope, summary, e.definition)
        value = Val(INFERRED_TENSOR)
        last: object = value
        for element in elements[:64]:
            if not isinstance(element, ModuleRef) or not isinstance(last, Val) or last.type == UNKNOWN:
                last = None
                if isinstance(element, ModuleRef):
                    call_module(inner, at, element, None, None)
                continue
            last = call_module(inner, at, element, [last], [])
        if isinstance(last, Val):
            result = last.type
    summary.schema = Schema(
        "forward",
        (argument,),
        (result,),
        text=f"forward(__torch__.torch.nn.modules.container.Sequential self, Tensor input) -> {result}",
    )
    summary.result = result
    summary.done = True


__all__ = ["NONE", "ExternalName", "class_span", "compile_module", "compile_sequential", "container_kind"]
