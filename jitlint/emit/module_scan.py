"""What the compiler reads off an nn.Module instance before it looks at any method (``check_module_initialized`` and
``infer_concrete_type_builder`` of ``_recursive.py``), and what may fail there."""

from __future__ import annotations

import ast

from jitlint.emit.compiler import Compiler
from jitlint.emit.emitter import Emitter
from jitlint.emit.interfaces import misfit, misfit_text
from jitlint.emit.module_facts import class_name, torch_facts
from jitlint.emit.resolver import PythonResolver
from jitlint.emit.summary import Located, Summary
from jitlint.project.definitions import Binding, ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import find_member, mro, own_member
from jitlint.shapes import values as py
from jitlint.shapes.annotation_objects import AnnotationError, object_type
from jitlint.shapes.annotations import attribute_annotation_type
from jitlint.shapes.inference import infer_value_type
from jitlint.source.problem import Problem, Span, span_of
from jitlint.types.model import (
    ANY,
    BOOL,
    COMPLEX,
    DEVICE,
    FLOAT,
    INT,
    STR,
    TENSOR,
    UNKNOWN,
    ClassType,
    DictType,
    EnumType,
    InterfaceType,
    ListType,
    OptionalType,
    TupleType,
    Type,
)
from jitlint.types.relations import contains_unknown

_DICT_KEYS = (INT, FLOAT, COMPLEX, TENSOR, DEVICE, STR, BOOL, UNKNOWN)


def class_span(definition: ClassDefinition) -> Span:
    """The name in the ``class`` statement: the place of what concerns the whole class."""
    node = definition.node
    place = ast.Pass()
    place.lineno, place.col_offset = node.lineno, node.col_offset
    place.end_lineno, place.end_col_offset = node.lineno, node.col_offset + len("class ") + len(node.name)
    return span_of(place, definition.module.lines)


def scan(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, summary: Summary, root: bool) -> bool:
    """Reports what fails at once; whether it makes sense to go on."""

    def report(code: str, torch_message: str, message: str) -> None:
        span = class_span(definition)
        summary.problems.append(Located(Problem(code, definition.module.path, span, torch_message, message)))

    if root and not _initialised(c, shape, definition):
        text = f"'{typename(c, definition)}' has not been initialized, did you forget to call 'super()'?"
        report("JIT411", text, f"the constructor of '{definition.name}' does not call super().__init__()")
        return False
    ignored = c.ignored_attributes(definition)
    constants = c.constants(shape)
    annotations = c.class_annotations(definition)
    for name, (node, owner) in annotations.items():
        if name not in ignored and name not in constants and not name.startswith("__"):
            _annotated(c, shape, name, node, owner, summary, report)
    for name in sorted(constants - ignored):
        _constant(c, shape, definition, name, report)
    for name, value in shape.attributes.items():
        if name in ignored or name in constants or name in annotations or name.startswith("__"):
            continue
        _inferred(c, shape, definition, name, value, report)
    _getters(c, shape, definition, ignored, summary)
    _overloads(c, definition, summary)
    return True


def typename(c: Compiler, definition: ClassDefinition) -> str:
    """The class as ``torch.typename`` prints it."""
    module = "__main__" if c.is_script_file(definition.module) else definition.module.name
    return f"{module}.{definition.qualname}"


def _initialised(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition) -> bool:
    """Whether nn.Module's constructor ran, as far as one can tell: it is what sets `training`."""
    if "training" in shape.attributes or not shape.complete or shape.raises or shape.bases:
        return True
    return not mro(c.project, definition).complete


# --- attributes --------------------------------------------------------------------------------------------------


_NO_FUNCTIONS = (py.Constant, py.ModuleInstance, py.Parameter, py.Typed)


def _annotated(
    c: Compiler,
    shape: py.ModuleShape,
    name: str,
    node: ast.expr,
    owner: ClassDefinition,
    summary: Summary,
    report: object,
) -> None:
    """An attribute with a class-level annotation, which must be a type and fit the value."""
    value = shape.attributes.get(name)
    if value is None or isinstance(value, py.Lambda | py.External | py.Absent):
        return  # functions and builtins are taken before annotations are looked at
    if isinstance(value, py.Function) and value.bound is None:
        return
    uncertain = isinstance(value, py.OneOf | py.Unknown)
    if isinstance(value, py.OneOf) and any(isinstance(one, py.Absent | py.Function) for one, _ in value.options):
        return
    e = Emitter(c, owner.module, owner.scope, Summary("", "", 0))
    context = PythonResolver(c, owner.scope, e)
    kind = attribute_annotation_type(node, context, e.report, owner.module.future_annotations, name)
    if contains_unknown(kind) and not e.summary.problems and name != "forward":
        reason = f"the type `{ast.unparse(node)}` of '{name}' could not be resolved"
        summary.unknown.append((owner.module.path, node.lineno, reason))
    if isinstance(value, py.OneOf) and all(isinstance(one, _NO_FUNCTIONS) for one, _ in value.options):
        summary.problems.extend(e.summary.problems)  # an annotation that is none to TorchScript, whatever the value
        return
    if uncertain:
        # It may be a function yet; but not where the annotation is a class.
        if isinstance(kind, ClassType) and not kind.is_module:
            summary.links.extend(e.summary.links)
        return
    if isinstance(value, py.ModuleInstance):
        if isinstance(kind, InterfaceType):
            found = misfit(c, value.shape, kind)
            if found is not None:
                text = misfit_text(value.shape, kind, found)
                if found[1] != "missing":
                    text = f"Could not cast attribute '{name}' to type {kind}: Object of type {class_name(value.shape)} {text}"
                _at(summary, "JIT608", owner, node, text, f"'{name}' does not implement {kind.name.rpartition('.')[2]}")
            return
        for located in e.summary.problems:
            problem = located.problem
            summary.problems.append(
                Located(Problem("JIT407", problem.path, problem.span, problem.torch_message, problem.message))
            )
        return
    summary.problems.extend(e.summary.problems)
    summary.links.extend(e.summary.links)
    if not e.summary.problems:
        _cast(summary, owner, node, name, kind, value)


def _at(summary: Summary, code: str, owner: ClassDefinition, node: ast.AST, text: str, message: str) -> None:
    span = span_of(node, owner.module.lines)
    summary.problems.append(Located(Problem(code, owner.module.path, span, text, message)))


def _cast(summary: Summary, owner: ClassDefinition, node: ast.AST, name: str, kind: Type, value: py.Value) -> None:
    if contains_unknown(kind) or not refuses(kind, value):
        return
    text = f"Could not cast attribute '{name}' to type {kind}"
    _at(summary, "JIT415", owner, node, text, f"'{name}' is declared {kind} and holds {_shown(value)}")


def _shown(value: py.Value) -> str:
    match value:
        case py.Constant(value=constant):
            return repr(constant)
        case py.Sequence(kind=kind):
            return f"a {kind}"
        case py.Mapping():
            return "a dict"
        case py.Typed(type=kind):
            return f"a value of type {kind}"
    return "another value"


def refuses(kind: Type, value: py.Value) -> bool:
    """Whether a Python value surely does not convert to a type (``toIValue`` in ``pybind_utils.h``)."""
    match value:
        case py.Constant(value=constant):
            return _refuses_constant(kind, constant)
        case py.Typed(type=given) if given == TENSOR:
            return kind == STR
        case py.Sequence(kind="list" | "tuple" as form, items=items) if items is not None:
            match kind:
                case ListType(element):
                    return any(refuses(element, one) for one in items)
                case OptionalType(inner):
                    return refuses(inner, value)
                case TupleType(elements=elements) if form == "tuple" and kind.name is None:
                    if len(elements) != len(items):
                        return True
                    return any(map(refuses, elements, items))
            return kind in (INT, FLOAT, BOOL, STR, COMPLEX, TENSOR, DEVICE) or isinstance(kind, DictType)
        case py.Mapping(items=pairs) if pairs is not None:
            match kind:
                case DictType(key, element):
                    return any(refuses(key, one) or refuses(element, other) for one, other in pairs)
                case OptionalType(inner):
                    return refuses(inner, value)
            return kind in (INT, FLOAT, BOOL, STR, COMPLEX, TENSOR, DEVICE)
    return False


def _refuses_constant(kind: Type, value: object) -> bool:
    if isinstance(kind, OptionalType):
        return value is not None and _refuses_constant(kind.element, value)
    if isinstance(kind, ListType | DictType | ClassType | EnumType):
        return not isinstance(value, bytes | str) or isinstance(kind, ClassType | EnumType | DictType)
    accepted: dict[Type, tuple[type, ...]] = {
        INT: (bool, int),
        FLOAT: (bool, int, float),
        BOOL: (bool, int, float, complex, type(None)),
        COMPLEX: (bool, int, float, complex),
        STR: (str, bytes),
        TENSOR: (),
        DEVICE: (),
    }
    if kind == ANY or kind not in accepted or value is ...:
        return False
    if kind == INT and isinstance(value, int) and not -(2**63) <= value < 2**63:
        return True
    return not isinstance(value, accepted[kind])


def _inferred(
    c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, name: str, value: py.Value, report: object
) -> None:
    """An attribute whose type is inferred: some values raise instead of having none."""
    assert callable(report)
    match value:
        case py.Instance(cls=py.External(name="torch.jit.Attribute"), attributes=attributes) if attributes is not None:
            given = dict(attributes)
            kind = attribute_type(c, definition, given.get("type"))
            if kind is not None and not contains_unknown(kind) and refuses(kind, given.get("value", py.Unknown())):
                text = f"Could not cast attribute '{name}' to type {kind}"
                report("JIT415", text, f"'{name}' is declared {kind} and holds {_shown(given['value'])}")
        case py.Mapping(items=items) if items:
            keys = {infer_value_type(key, c.value_class_type) for key, _ in items}
            key = next(iter(keys)) if len(keys) == 1 else UNKNOWN
            if isinstance(key, Type) and key not in _DICT_KEYS and not contains_unknown(key):
                shown = key.short() if isinstance(key, TupleType) else str(key)
                text = (
                    f"Error inferring type for {name}: {_literal(value)}: Cannot create dict for key type '{shown}', only "
                    "int, float, complex, Tensor, device and string keys are supported"
                )
                report("JIT402", text, f"'{name}' is a dict with keys of type {shown}, which makes scripting fail")
        case py.Constant(value=int() as number) if not -(2**63) <= number < 2**63:
            report("JIT415", f"Could not cast attribute '{name}' to type int", f"'{name}' does not fit 64 bits")


def _literal(value: py.Value) -> str:
    match value:
        case py.Constant(value=constant):
            return repr(constant)
        case py.Sequence(kind=kind, items=items) if items is not None:
            inner = ", ".join(map(_literal, items))
            return f"({inner}{',' if len(items) == 1 else ''})" if kind == "tuple" else f"[{inner}]"
        case py.Mapping(items=items) if items is not None:
            return "{" + ", ".join(f"{_literal(key)}: {_literal(one)}" for key, one in items) + "}"
    return "..."


def attribute_type(c: Compiler, definition: ClassDefinition | None, kind: py.Value | None) -> Type | None:
    """The type given to ``torch.jit.Attribute``; None where there is none or it is refused."""
    if kind is None or definition is None:
        return None
    try:
        return object_type(kind, PythonResolver(c, definition.scope))
    except AnnotationError:
        return None


# --- constants ---------------------------------------------------------------------------------------------------


def _constant(c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, name: str, report: object) -> None:
    assert callable(report)
    value = shape.attributes.get(name)
    if isinstance(value, py.ModuleInstance | py.Parameter):
        return  # a warning only
    if value is None:
        if not shape.complete or find_member(c.project, definition, name) is None:
            return
        value = c.evaluator.member(definition, name)
        if isinstance(value, py.Function) and value.marks & {"property", "cached_property", "opaque"}:
            return
    bad = "" if value is None else invalid_constant(c, value)
    if bad:
        text = (
            f"'{bad}' object in attribute '{class_name(shape)}.{name}' is not a valid constant.\nValid constants are:\n"
            "1. a nn.ModuleList\n2. a value of type {bool, float, int, str, NoneType, torch.device, torch.layout, "
            "torch.dtype, torch.qscheme}\n3. a list or tuple of (2)\n"
        )
        report("JIT405", text, f"'{name}' cannot be a constant: it is a {bad}")


def invalid_constant(c: Compiler, value: py.Value) -> str:
    """The Python type of a value that cannot be a constant (``_get_valid_constant``); '' where it can, or nobody
    knows."""
    match value:
        case py.Mapping(ordered=ordered):
            return "collections.OrderedDict" if ordered else "dict"
        case py.Sequence(kind=kind) if kind not in ("list", "tuple"):
            return kind if kind in ("set", "frozenset", "range") else ""
        case py.Sequence(items=items) if items is not None:
            return next((bad for bad in (invalid_constant(c, one) for one in items) if bad), "")
        case py.Constant(value=constant):
            if constant is ... or isinstance(constant, bytes | complex):
                return type(constant).__name__
        case py.Instance(cls=py.Class(definition=definition)):
            externals = [one for one in mro(c.project, definition).classes if not isinstance(one, ClassDefinition)]
            plain = all(one.name in ("enum.Enum", "builtins.object", "typing.Generic", "abc.ABC") for one in externals)
            return typename(c, definition) if plain and mro(c.project, definition).complete else ""
        case py.Function(bound=None):
            return "function"
        case py.Function():
            return "method"
        case py.Lambda():
            return "function"
        case py.Partial():
            return "functools.partial"
        case py.Class() | py.TupleClass():
            return "type"
        case py.External(name=name):
            facts = c.api.module_class(name)
            if facts is not None:
                return "type"
            return "function" if name.startswith("torch.nn.functional.") and name.rpartition(".")[2].islower() else ""
        case py.Typed(type=kind) if kind == TENSOR:
            return "torch.Tensor"
    return ""


# --- properties --------------------------------------------------------------------------------------------------


def _getters(
    c: Compiler, shape: py.ModuleShape, definition: ClassDefinition, ignored: frozenset[str], summary: Summary
) -> None:
    """Every name of the class is read on the instance: getters run, and one that raises ends it all."""
    for name, owner, binding in class_members(c, definition):
        if binding.kind != "function" or name in shape.attributes or (name in ignored and owner is definition):
            continue
        function = owner.module.functions_by_node.get(id(binding.node))
        if function is None or not isinstance(function.node, ast.FunctionDef):
            continue
        marks = c.marks(function)
        if "opaque" in marks or not marks & {"property", "cached_property"}:
            continue
        raised = _raises(c, function) or _without_parameters(c, shape, function)
        if raised is not None:
            place, text = raised
            ours = f"the property '{name}' is read when the module is scripted, and raises"
            _at(summary, "JIT409", owner, place, text, ours)


def class_members(c: Compiler, definition: ClassDefinition) -> list[tuple[str, ClassDefinition, Binding]]:
    """What the classes of a module define, nn.Module's own aside: name, class, binding, by name (``dir``)."""
    found: dict[str, tuple[ClassDefinition, Binding]] = {}
    for item in mro(c.project, definition).classes:
        if not isinstance(item, ClassDefinition) or item.module.name.startswith("torch.nn.modules.module"):
            continue
        for name in item.body.bindings:
            binding = own_member(item, name)
            if binding is not None:
                found.setdefault(name, (item, binding))
    return [(name, *found[name]) for name in sorted(found)]


def _raises(c: Compiler, function: FunctionDefinition) -> tuple[ast.AST, str] | None:
    """The statement by which a getter always raises something else than AttributeError, and what it says."""
    body = [
        one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    if not body or not isinstance(body[0], ast.Raise) or body[0].exc is None:
        return None
    raised = body[0].exc
    call = raised if isinstance(raised, ast.Call) else None
    name = c.project.external_name(function.scope, raised.func if isinstance(raised, ast.Call) else raised)
    if name is None or not name.startswith("builtins.") or name == "builtins.AttributeError":
        return None
    text = ""
    if call is not None and len(call.args) == 1 and isinstance(call.args[0], ast.Constant):
        text = str(call.args[0].value)
    return body[0], text or name.removeprefix("builtins.")


def _without_parameters(c: Compiler, shape: py.ModuleShape, function: FunctionDefinition) -> tuple[ast.AST, str] | None:
    """``next(self.parameters())`` in the getter of a module that has none."""
    body = [
        one for one in function.node.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    if len(body) != 1 or not isinstance(body[0], ast.Return) or body[0].value is None or not function.node.args.args:
        return None
    receiver = function.node.args.args[0].arg
    expression = body[0].value
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    match expression:
        case ast.Call(
            func=ast.Name(id="next"),
            args=[ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="parameters"), args=[], keywords=[])],
        ) if name == receiver:
            if find_member(c.project, function.cls, "parameters") is None if function.cls is not None else True:
                return None
            if not has_parameters(c, shape, 0):
                return expression, "StopIteration"
    return None


def has_parameters(c: Compiler, shape: py.ModuleShape, depth: int) -> bool:
    """Whether an instance may have parameters, its own or its submodules'."""
    if not shape.complete or depth > 20:
        return True
    for facts in torch_facts(c, shape):
        if not facts.probed and facts.name != "torch.nn.Module":
            return True
        if any(one.kind in ("parameter", "module") for one in facts.attributes.values()):
            return True
    if isinstance(shape.cls, py.External) and not torch_facts(c, shape):
        return True
    if shape.children is None and shape.element is not None:
        return True
    values = [*shape.attributes.values(), *(shape.children or {}).values()]
    for value in values:
        options = [one for one, _ in value.options] if isinstance(value, py.OneOf) else [value]
        for option in options:
            match option:
                case py.Parameter(buffer=False) | py.Unknown():
                    return True
                case py.ModuleInstance(shape=inner) if has_parameters(c, inner, depth + 1):
                    return True
    return False


# --- overloads ---------------------------------------------------------------------------------------------------


def _overloads(c: Compiler, definition: ClassDefinition, summary: Summary) -> None:
    """Methods declared with ``_overload_method``: they need an implementation, and the declarations types."""
    for name, owner, binding in class_members(c, definition):
        if binding.kind != "function" or not isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        declared = overloads_of(c, owner, name)
        if not declared:
            continue
        last = declared[-1]
        prefix = "__torch__" if c.is_script_file(owner.module) else f"__torch__.{owner.module.name}"
        if last.node is binding.node:
            text = (
                f'Implementation for the method "{prefix}.{name}" is missing. Please make sure a definition is provided '
                "and defined after all overload declarations."
            )
            first = last.node.decorator_list[0] if last.node.decorator_list else last.node
            _at(summary, "JIT413", owner, first, text, f"'{name}' is only declared, never defined")
            continue
        for one in declared:
            args = [*one.node.args.posonlyargs, *one.node.args.args, *one.node.args.kwonlyargs]
            lines = owner.module.lines[one.node.lineno - 1 : one.node.end_lineno]
            if one.node.returns is None and all(arg.annotation is None for arg in args):
                if not any("# type:" in line for line in lines):
                    text = f"Must explicitly add type annotations to overloaded functions: {prefix}.{name}"
                    first = one.node.decorator_list[0]
                    _at(summary, "JIT413", owner, first, text, f"a declaration of '{name}' has no types")
                    break


def overloads_of(c: Compiler, owner: ClassDefinition, name: str) -> list[FunctionDefinition]:
    """The declarations of a method that ``_overload_method`` marks."""
    functions = [owner.module.functions_by_node.get(id(one.node)) for one in owner.body.bindings.get(name, ())]
    return [one for one in functions if one is not None and _is_overload(c, one)]


def _is_overload(c: Compiler, function: FunctionDefinition) -> bool:
    for decorator in function.decorators:
        name = c.project.external_name(function.scope, decorator)
        if name in ("torch.jit._overload_method", "torch._jit_internal._overload_method"):
            return True
    return False
