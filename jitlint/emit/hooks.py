"""Forward hooks and pre-hooks of a module (``get_hook_stubs`` in ``_recursive.py``; ``CompilationUnit::define_hooks``).

All hooks are compiled with the module. A hook is known by its ``__name__``; its signature must fit what forward takes
and gives.
"""

from __future__ import annotations

from jitlint.emit.compiler import Compiler
from jitlint.emit.functions import _signature_node, declare
from jitlint.emit.module_facts import class_name, definition_of, torch_method, without_self
from jitlint.emit.modules import find
from jitlint.emit.summary import Link, Located, Summary
from jitlint.emit.values import MethodRef, ModuleRef
from jitlint.project.definitions import FunctionDefinition
from jitlint.shapes import values as py
from jitlint.source.problem import Problem, Span, span_of
from jitlint.types.model import NONE, UNKNOWN, Schema, TupleType, Type
from jitlint.types.relations import contains_unknown, is_subtype


def compile_hooks(c: Compiler, shape: py.ModuleShape, summary: Summary, place: tuple[str, Span]) -> None:
    """The hooks of an instance, after its methods. `place`: a path and span for what has no place of its own."""
    if not shape.hooks and not shape.pre_hooks:
        return
    names: dict[str, py.Value] = {}
    hooks = _named(c, shape, shape.hooks, names, summary, place)
    pre_hooks = _named(c, shape, shape.pre_hooks, names, summary, place) if hooks is not None else None
    if hooks is None or pre_hooks is None:
        return
    forward = _forward(c, shape)
    for hook in hooks:
        _input_problem(c, shape, hook, forward, summary, pre=False)
    for hook in pre_hooks:
        _input_problem(c, shape, hook, forward, summary, pre=True)
    if forward is not None and not summary.problems:
        _outputs(c, shape, hooks, forward, summary)


def _named(
    c: Compiler,
    shape: py.ModuleShape,
    values: list[py.Value],
    names: dict[str, py.Value],
    summary: Summary,
    place: tuple[str, Span],
) -> list[py.Function] | None:
    """The hooks that are functions; None where one is refused already."""
    found: list[py.Function] = []
    for value in values:
        name = ""
        text = ""
        match value:
            case py.Function(definition=definition, marks=marks):
                if "opaque" in marks:
                    continue
                name = definition.name
            case py.Lambda(node=node, path=path):
                name = "<lambda>"
                text = "Expected a single top-level function"
                owner = definition_of(shape)
                if owner is not None and owner.module.path == path:
                    place = (path, span_of(node, owner.module.lines))
            case py.Partial():
                text = "'functools.partial' object has no attribute '__name__'"
            case py.Instance(cls=py.External(name=dotted)) if dotted.startswith("torch.nn.utils."):
                text = f"'{dotted.rpartition('.')[2]}' object has no attribute '__name__'"
            case py.Instance(cls=py.Class(definition=cls), attributes=attributes) if attributes is not None:
                if any(one == "__name__" for one, _ in attributes):
                    continue
                if c.evaluator.member(cls, "__name__") is None and c.evaluator.member(cls, "__getattr__") is None:
                    text = f"'{cls.name}' object has no attribute '__name__'"
        if name:
            before = names.setdefault(name, value)
            if (before is not value and before != value) or _other_closure(before, value):
                text = (
                    f"Hook '{name}' on {class_name(shape)} has at least two different python definitions. Please use "
                    "unique names for all hooks."
                )
        if text:
            what = "a hook must be a plain function with a name of its own"
            summary.problems.append(Located(Problem("JIT414", *place, text, f"{text.partition('. ')[0]}: {what}")))
            return None
        if isinstance(value, py.Function):
            found.append(value)
    return found


def _other_closure(first: py.Value, second: py.Value) -> bool:
    if not isinstance(first, py.Function) or not isinstance(second, py.Function):
        return False
    return first.closure is not None and second.closure is not None and first.closure is not second.closure


def _forward(c: Compiler, shape: py.ModuleShape) -> Schema | None:
    """What forward takes and gives; None where that is not known."""
    if isinstance(shape.cls, py.External):
        method = torch_method(c, shape, "forward")
        return without_self(method.schema) if method is not None and method.schema is not None else None
    from jitlint.emit.emitter import Emitter

    definition = definition_of(shape)
    assert definition is not None
    module = ModuleRef(shape)
    e = Emitter(c, definition.module, definition.body, Summary("", "", 0))
    e.muted = 1
    found = find(e, definition.node, module, "forward")
    if not isinstance(found, MethodRef):
        return None
    summary = c.compile_method(module, found.definition)
    return summary.schema if summary.done else None


def _report(summary: Summary, definition: FunctionDefinition, text: str) -> None:
    span = span_of(_signature_node(definition.node), definition.module.lines)
    summary.problems.append(Located(Problem("JIT414", definition.module.path, span, text, text)))


def _title(shape: py.ModuleShape, name: str, pre: bool) -> str:
    return f"{'Pre-hook' if pre else 'Hook'} '{name}' on module '{class_name(shape)}'"


def _schema(c: Compiler, shape: py.ModuleShape, hook: py.Function) -> Schema | None:
    """The hook's signature, without its body."""
    silent = Summary("", "", 0)
    declare(c, silent, hook.definition, ModuleRef(shape))
    return silent.schema


def _input_problem(
    c: Compiler, shape: py.ModuleShape, hook: py.Function, forward: Schema | None, summary: Summary, pre: bool
) -> None:
    """The checks made before the body is compiled (``checkForwardHookInputArguments``), the body, and a pre-hook's
    result."""
    definition = hook.definition
    args = definition.node.args
    title = _title(shape, definition.name, pre)
    parameters = [*args.args, *args.kwonlyargs]
    expected = 2 if pre else 3
    callee: Summary | None = None
    if args.vararg is None and args.kwarg is None:
        if len(parameters) != expected:
            text = f"{title} was expected to only have exactly {expected} inputs but it had {len(parameters)} inputs."
            _report(summary, definition, text)
            return
        if parameters[0].annotation is not None:
            return
        schema = _schema(c, shape, hook)
        text = _wrong_input(title, schema.arguments[0].type, forward) if schema is not None else ""
        if text:
            _report(summary, definition, text)
            return
    callee = c.compile_method(ModuleRef(shape), definition, hook if hook.closure is not None else None)
    summary.links.append(Link(summary.path or definition.module.path, summary.line, callee))
    if pre and not callee.problems:
        _pre_hook_result(title, definition, callee, forward, summary)


def _wrong_input(title: str, given: Type, forward: Schema | None) -> str:
    if given == UNKNOWN:
        return ""
    if not isinstance(given, TupleType):
        shown = "Tensor" if str(given).startswith("Tensor") else str(given)
        return f"{title} expected the input argument to be typed as a Tuple but found type: '{shown}' instead."
    if forward is None:
        return ""
    if len(given.elements) != len(forward.arguments):
        return (
            f"{title} has the wrong number of contained types for the input argument's Tuple. Received type: '{given}'."
        )
    pairs = zip(given.elements, forward.arguments, strict=True)
    if any(_differ(mine, argument.type) for mine, argument in pairs):
        return f"{title} has the wrong inner types for the input tuple argument. Received type: '{given}'."
    return ""


def _differ(first: Type, second: Type) -> bool:
    if contains_unknown(first) or contains_unknown(second):
        return False
    return not is_subtype(first, second) and not is_subtype(second, first)


def _pre_hook_result(
    title: str, definition: FunctionDefinition, callee: Summary, forward: Schema | None, summary: Summary
) -> None:
    if definition.node.returns is None and "# type:" not in _text(definition):
        text = f"{title} is missing a return annotation. Return annotations are required, please add one."
        _report(summary, definition, text)
        return
    result = callee.result
    if result == NONE or contains_unknown(result) or forward is None or not isinstance(result, TupleType):
        return
    inputs = [argument.type for argument in forward.arguments]
    if len(result.elements) == len(inputs) and any(map(_differ, result.elements, inputs)):
        if len(inputs) == 1 and not _differ(result, inputs[0]):
            return
        text = f"{title} returned the wrong type of: '{result}'. The returned tuple contains the wrong inner types."
        _report(summary, definition, text)


def _text(definition: FunctionDefinition) -> str:
    node = definition.node
    return "\n".join(definition.module.lines[node.lineno - 1 : node.body[0].lineno])


def _outputs(c: Compiler, shape: py.ModuleShape, hooks: list[py.Function], forward: Schema, summary: Summary) -> None:
    """Each hook takes what the one before it gave; one that gives None changes nothing."""
    current = forward.result
    for hook in hooks:
        schema = _schema(c, shape, hook)
        if schema is None or len(schema.arguments) != 2:
            return
        given = schema.arguments[1].type
        if _differ(given, current):
            title = _title(shape, hook.definition.name, False)
            text = (
                f"{title} has the wrong type for the output argument. Received type: '{given}'. Expected type: "
                f"'{current}'."
            )
            _report(summary, hook.definition, text)
            return
        result = c.compile_method(ModuleRef(shape), hook.definition, hook if hook.closure is not None else None).result
        if contains_unknown(result):
            return
        if result != NONE:
            current = result
