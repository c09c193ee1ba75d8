"""Compiling an nn.Module instance whole (``create_script_module_impl``, ``infer_concrete_type_builder``)."""

from __future__ import annotations

import ast
import textwrap

from jitlint.emit import marked
from jitlint.emit.compiler import Compiler
from jitlint.emit.containers import container_elements
from jitlint.emit.emitter import Emitter
from jitlint.emit.hooks import compile_hooks
from jitlint.emit.member_rules import setter_of
from jitlint.emit.module_facts import class_name, definition_of, torch_facts, variant_holds
from jitlint.emit.module_scan import class_members, class_span, scan, typename
from jitlint.emit.modules import call_module
from jitlint.emit.overloads import declarations
from jitlint.emit.summary import Link, Located, Summary
from jitlint.emit.values import ModuleRef, Val
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.executed import made_by_exec
from jitlint.project.hierarchy import find_member
from jitlint.project.legacy import is_marked_module
from jitlint.shapes import values as py
from jitlint.source.problem import Problem, Span, span_of
from jitlint.types.model import INFERRED_TENSOR, UNKNOWN, Argument, InterfaceType, Schema, Type


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
    if definition is not None and c.marked_only and not is_marked_module(c.project, definition):
        summary.done = True
        return summary
    if definition is not None and isinstance(find_member(c.project, definition, "__prepare_scriptable__"), tuple):
        _prepared(c, shape, definition, summary, depth)
        summary.done = True
        return summary
    if definition is None:
        _torch_module(c, shape, summary)
    elif not scan(c, shape, definition, summary, root=depth == 0):
        summary.done = True
        return summary
    else:
        _own_lazy(c, shape, definition, summary)
    ignored = c.ignored_attributes(definition) if definition is not None else frozenset()
    for name, value in shape.attributes.items():
        if name not in ignored:
            _submodule(c, shape, name, value, summary, depth)
    for key, value in (shape.children or {}).items():
        _submodule(c, shape, f"[{key}]", value, summary, depth)
    if shape.element is not None:
        # Modules of which only the kind is known: an instance that is compiled has some.
        _submodule(c, shape, "", shape.element, summary, depth)
    if not shape.complete:
        _incomplete(shape, summary)
    if definition is not None:
        _methods(c, shape, definition, summary)
    if not c.marked_only:
        compile_hooks(c, shape, summary, (path, class_span(definition) if definition is not None else Span(1, 1, 1, 1)))
    summary.done = True
    return summary


def compile_root(c: Compiler, shape: py.ModuleShape) -> Summary:
    """The same for an instance that is itself given to the compiler, which then reads its constructor's text too
    (``AttributeTypeIsSupportedChecker``)."""
    summary = compile_module(c, shape)
    definition = definition_of(shape)
    message = _constructor_text(c, definition) if definition is not None else ""
    if definition is None or not message:
        return summary
    root = Summary(summary.qualname, summary.path, summary.line, done=True)
    ours = f"the text of the constructor of '{definition.name}' has a line to the left of its def"
    problem = Problem("JIT427", definition.module.path, class_span(definition), message, ours)
    root.problems.append(Located(problem))
    root.links.append(Link(summary.path, summary.line, summary))
    return root


def _constructor_text(c: Compiler, definition: ClassDefinition) -> str:
    """What Python says to the dedented text of ``__init__``; '' where it parses."""
    found = find_member(c.project, definition, "__init__")
    if not isinstance(found, tuple) or not isinstance(found[1].node, ast.FunctionDef):
        return ""
    owner, node = found[0], found[1].node
    function = owner.module.functions_by_node.get(id(node))
    if function is None or function.decorators:
        return ""
    lines = owner.module.lines[node.lineno - 1 : node.end_lineno]
    if all(not line.strip() or line.startswith(" " * node.col_offset) for line in lines):
        return ""
    kept = [line.rstrip("\r\n") for line in lines if not line.strip().startswith("#") or "# type:" in line]
    try:
        ast.parse(textwrap.dedent("\n".join(kept)))
    except SyntaxError as error:
        return str(error.msg)
    except ValueError:
        return ""
    return ""


def _prepared(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, summary: Summary, depth: int) -> None:
    """A class that says itself what to script in its place, or that it cannot be: ``if self.x is None: raise``."""
    found = find_member(c.project, definition, "__prepare_scriptable__")
    node = found[1].node if isinstance(found, tuple) else None
    if isinstance(node, ast.FunctionDef) and node.args.args:
        receiver = node.args.args[0].arg
        body = [one for one in node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
        match body[0] if body else None:
            case ast.If(
                test=ast.Compare(
                    left=ast.Attribute(value=ast.Name(id=name), attr=attr),
                    ops=[ast.Is()],
                    comparators=[ast.Constant(value=None)],
                ),
                body=[ast.Raise()],
            ) if name == receiver and c.evaluator.member(definition, attr) == py.Constant(None):
                text = "cannot be JIT scripted"
                ours = f"'{definition.name}' refuses to be scripted: its __prepare_scriptable__ raises"
                problem = Problem("JIT418", definition.module.path, class_span(definition), text, ours)
                summary.problems.append(Located(problem))
                return
    method = c.evaluator.attribute(py.ModuleInstance(shape), "__prepare_scriptable__")
    made = c.evaluator.call(method) if isinstance(method, py.Function) and shape.complete else None
    if isinstance(made, py.ModuleInstance) and made.shape.complete and made.shape.cls != shape.cls:
        callee = compile_module(c, made.shape, depth + 1)
        summary.links.append(Link(summary.path, summary.line, callee))
        return
    reason = f"{definition.name} is replaced by what __prepare_scriptable__ returns"
    summary.unknown.append((summary.path, summary.line, reason))


def _torch_module(c: Compiler, shape: py.ModuleShape, summary: Summary) -> None:
    """An instance of one of torch's own classes: whether it compiles is in the API data."""
    for facts in torch_facts(c, shape):
        error = facts.error
        for variant in facts.variants:
            if variant.error and variant_holds(variant, shape.arguments, facts):
                error = variant.error
        place = ("", Span(1, 1, 1, 1))  # shown where the instance is made part of the user's module
        if facts.lazy:
            text = _uninitialised(f"torch.nn.{class_name(shape)}", error, shape)
            ours = f"{class_name(shape)} is lazy: it has no parameters yet"
            summary.problems.append(Located(Problem("JIT408", *place, text, ours)))
        elif error and not facts.container:
            ours = f"torch's own {class_name(shape)} cannot be scripted"
            summary.problems.append(Located(Problem("JIT418", *place, error, ours)))


def _uninitialised(name: str, error: str, shape: py.ModuleShape) -> str:
    """What is said of a lazy module. A normalisation without weights is found out by its buffers."""
    name = error.split("'")[1] if "'" in error else name
    what = error.partition(" has uninitialized ")[2].partition(".")[0] or "parameters"
    if shape.arguments.get("affine") == py.Constant(False) and class_name(shape).startswith(
        ("LazyBatch", "LazyInstance")
    ):
        what = "buffers running_mean"
    return f"'{name}' has uninitialized {what}. Did you forget to run a forward pass?"


def _own_lazy(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, summary: Summary) -> None:
    """A subclass of a lazy module of torch's whose constructor ran."""
    for facts in torch_facts(c, shape):
        if facts.lazy and facts.name in shape.bases and not shape.raises:
            what = facts.error.partition(" has uninitialized ")[2].partition(".")[0]
            if shape.bases[facts.name].get("affine") is not None or not what:
                return
            text = f"'{typename(c, definition)}' has uninitialized {what}. Did you forget to run a forward pass?"
            ours = f"'{definition.name}' is lazy: it has no parameters yet"
            place = (definition.module.path, class_span(definition))
            summary.problems.append(Located(Problem("JIT408", *place, text, ours)))
            return


def _submodule(
    c: Compiler, shape: py.ModuleShape, name: str, value: py.Value, summary: Summary, depth: int, condition: str = ""
) -> None:
    match value:
        case py.ModuleInstance(shape=inner):
            if not isinstance(c.attribute_annotation(shape, name), InterfaceType):
                callee = compile_module(c, inner, depth + 1)
                if callee.problems or callee.links or callee.unknown:
                    summary.links.append(Link(summary.path, summary.line, callee, condition))
        case py.OneOf(options=options):
            alike = not name and _are_alike([option for option, _ in options])
            for option, words in options:
                if not isinstance(option, py.OneOf):
                    chosen = "" if alike else f"`{name}` is set" if name else "such a module is held"
                    _submodule(c, shape, name, option, summary, depth, words or chosen)
        case py.Unknown():
            _unseen(c, shape, name, value, summary)
        case py.Instance(cls=py.External(name=dotted)) if c.project.externals.is_class(dotted) is None:
            _unseen(c, shape, name, py.Unknown(f"the source of {dotted} was not found"), summary)


def _are_alike(modules: list[py.Value]) -> bool:
    """Whether modules were made in one way, as the rounds of a loop do whose number is not known: they are no
    alternatives."""
    made = [(one.shape.cls, one.shape.arguments) for one in modules if isinstance(one, py.ModuleInstance)]
    return len(made) == len(modules) and all(one == made[0] for one in made)


def _unseen(c: Compiler, shape: py.ModuleShape, name: str, value: py.Unknown, summary: Summary) -> None:
    """Notes what is, or may be, a module, and then is compiled. What a constructor is given is a matter of
    configuration."""
    if value.configured:
        return
    if name and not name.startswith("["):
        annotated = c.attribute_annotation(shape, name)
        if not value.reason or value.plain or name in c.constants(shape) or annotated not in (None, UNKNOWN):
            return
        reason = f"what '{name}' of {class_name(shape)} holds could not be resolved"
    else:
        reason = f"a module in {class_name(shape)} could not be resolved"
    summary.unknown.append((summary.path, summary.line, f"{reason}: {value.reason}" if value.reason else reason))


def _incomplete(shape: py.ModuleShape, summary: Summary) -> None:
    """Notes that the constructor may have set more than was seen."""
    for reason in filter(None, shape.reasons or ["not all that its constructor sets could be seen"]):
        summary.unknown.append((summary.path, summary.line, f"{class_name(shape)}: {reason}"))


def _methods(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, summary: Summary) -> None:
    """Properties, forward and exported methods, in the compiler's order (``infer_methods_to_compile``)."""
    module = ModuleRef(shape)
    path, line = definition.module.path, definition.node.lineno
    unused = c.unused_properties(definition)
    forward: list[FunctionDefinition] = []
    exported: list[FunctionDefinition] = []
    properties: list[FunctionDefinition] = []
    # A ScriptModule's metaclass compiles what is marked script_method, forward like any other, and nothing else.
    mark = marked.mark_of(c, definition)
    for name, owner, binding in class_members(c, definition):
        if binding.kind == "assign" and name not in unused:
            _property_of_lambda(c, owner, binding, summary)
            if name == "forward" and made_by_exec(owner.body, binding.node):
                text = "TorchScript requires source access in order to carry out compilation"
                span = span_of(binding.node or owner.node, owner.module.lines)
                problem = Problem("JIT313", owner.module.path, span, text, "forward was made by exec and has no source")
                summary.problems.append(Located(problem))
        function = owner.module.functions_by_node.get(id(binding.node)) if binding.kind == "function" else None
        if name == "forward" and (own := _other_forward(c, shape, definition, binding)) is not None:
            function = own
        if function is None:
            continue
        marks = c.marks(function)
        if "opaque" in marks:
            replaced = c.replaced(shape, name) if name == "forward" else None
            if replaced is not None:
                summary.links.append(Link(path, line, c.compile_method(module, replaced.definition, replaced)))
            elif name == "forward":
                reason = "forward has a decorator that could not be seen through"
                summary.unknown.append((owner.module.path, function.node.lineno, reason))
        elif "property" in marks:
            if not c.marked_only and name not in unused and not marks & {"unused", "drop"}:
                properties.append(function)
                setter = setter_of(owner, function)
                if setter is not None:
                    properties.append(setter)
        elif declared := declarations(c, function, shape):
            for one in declared:
                summary.links.append(Link(path, line, c.compile_method(module, function, overload=one)))
        elif mark:
            if mark in marks:
                exported.append(function)
        elif name == "forward" and not marks & {"ignore", "unused", "drop", "overload"}:
            forward.append(function)
        elif "export" in marks:
            exported.append(function)
            if name == "__setstate__" and not isinstance(find_member(c.project, definition, "__getstate__"), tuple):
                text = "`__setstate__` defined but not `__getstate__`. You must have both defined on a ScriptModule to "
                span = span_of(function.node, function.module.lines)
                problem = Problem(
                    "JIT416", owner.module.path, span, text, "__setstate__ needs a __getstate__ beside it"
                )
                summary.problems.append(Located(problem))
    if not forward and not mark and (own := _other_forward(c, shape, definition, None)) is not None:
        forward.append(own)
    for function in [*properties, *forward, *exported]:
        callee = c.compile_method(module, function)
        summary.links.append(Link(path, line, callee))
        if function in forward:
            summary.abstract = is_abstract(function)


def _other_forward(
    c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, binding: Binding | None
) -> FunctionDefinition | None:
    """What ``forward`` is where it is no def of that name: a method that the constructor set (``self.forward = self.fast``),
    or one that the class body gave a second name (``forward = _run``)."""
    own = shape.attributes.get("forward")
    if own is None and binding is not None and binding.kind == "assign":
        own = c.evaluator.member(definition, "forward")
    elif (
        not isinstance(own, py.Function) or not isinstance(own.bound, py.ModuleInstance) or own.bound.shape is not shape
    ):
        return None
    if not isinstance(own, py.Function) or own.marks or own.closure is not None or own.definition.cls is None:
        return None
    return own.definition


def _property_of_lambda(c: Compiler, owner: ClassDefinition, binding: Binding, summary: Summary) -> None:
    """``width = property(lambda self: 3)``: a getter that is no def."""
    match binding.node:
        case ast.Call(func=function, args=[ast.Lambda() as getter, *_]):
            if c.project.external_name(owner.scope, function) == "builtins.property":
                text = "Expected a single top-level function"
                span = span_of(getter, owner.module.lines)
                problem = Problem("JIT313", owner.module.path, span, text, "a property's getter must be a def")
                summary.problems.append(Located(problem))


def is_abstract(function: FunctionDefinition) -> bool:
    """A body that only raises NotImplementedError (a docstring aside)."""
    statements = function.node.body
    body = [one for one in statements if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def compile_sequential(c: Compiler, e: Emitter, at: ast.AST, module: ModuleRef, summary: Summary) -> None:
    """``for module in self: input = module(input)``, with `input` a Tensor that may change its type on the way."""
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
