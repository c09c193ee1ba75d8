"""Calls of the abstract run: binding arguments, running functions and constructors, remembering what they gave."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import (
    is_dataclass,
    is_enum,
    is_exception,
    is_module_class,
    is_namedtuple,
    mro,
    own_member,
)
from jitlint.project.index import closure_scope
from jitlint.project.targets import ExternalName
from jitlint.shapes import builtin_functions, builtin_methods, statements, torch_modules
from jitlint.shapes.effects import SURROUNDINGS, parameter_names
from jitlint.shapes.forks import settle_exits, words_of
from jitlint.shapes.frames import MAX_DEPTH, Frame, LimitReached, PathEnds
from jitlint.shapes.freezing import settle
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module, SuperObject, key_of
from jitlint.shapes.joins import one_of, options_of
from jitlint.shapes.memory import remember
from jitlint.shapes.values import (
    NONE,
    UNKNOWN,
    Absent,
    Class,
    Constant,
    External,
    Function,
    Lambda,
    OneOf,
    Partial,
    Sequence,
    Typed,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from jitlint.shapes.interpreter import Interpreter

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"})


def call(
    run: Interpreter, function: Value, args: list[Value], kwargs: dict[str, Value], frame: Frame | None, open_: bool
) -> Value:
    """``function(*args, **kwargs)``; `open_` where there may be further arguments."""
    run.step()
    match function:
        case Function():
            return call_function(run, function, args, kwargs, open_)
        case Class(definition=definition):
            if definition.name == "type" and not args:
                return UNKNOWN
            return construct(run, function, args, kwargs, open_)
        case External(name=name):
            return builtin_functions.call_external(run, name, args, kwargs, frame, open_)
        case BuiltinMethod(receiver=SuperObject(owner=External(name=base), receiver=receiver), name="__init__"):
            torch_modules.initialise(run, receiver, base, args, kwargs, open_)
            return NONE
        case BuiltinMethod(receiver=SuperObject(receiver=receiver), name=name):
            return builtin_methods.call_method(run, receiver, name, args, kwargs, frame, open_)
        case BuiltinMethod(receiver=receiver, name=name):
            return builtin_methods.call_method(run, receiver, name, args, kwargs, frame, open_)
        case Partial(function=inner, args=first, kwargs=named):
            return call(run, inner, [*first, *args], {**dict(named), **kwargs}, frame, open_)
        case Lambda():
            return call_lambda(run, function, args, kwargs, open_)
        case OneOf(options=options):
            return _call_options(run, options, args, kwargs, frame, open_)
        case InstanceObject():
            method = run.attribute(function, "__call__")
            if isinstance(method, Function):
                return call_function(run, method, args, kwargs, open_)
        case Constant() | Sequence() | ListObject() | DictObject():
            raise PathEnds
    run.escape(args, kwargs)
    return Unknown(
        "the result of a call that is not known", configured=isinstance(function, Unknown) and function.configured
    )


def _call_options(
    run: Interpreter,
    options: tuple[tuple[Value, str], ...],
    args: list[Value],
    kwargs: dict[str, Value],
    frame: Frame | None,
    open_: bool,
) -> Value:
    results: list[tuple[Value, str]] = []
    for option, condition in options:
        if isinstance(option, Absent | Constant):
            continue
        try:
            results.extend(options_of(call(run, option, list(args), dict(kwargs), frame, open_), condition))
        except PathEnds:
            continue
    if not results:
        raise PathEnds
    return one_of(results)


# --- functions -----------------------------------------------------------------------------------------------


def call_function(
    run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], open_: bool
) -> Value:
    """Runs a function, or takes what an equal call gave before."""
    if "opaque" in function.marks and "cached" not in function.marks:
        run.escape(args, kwargs)
        return Unknown(f"{function.definition.qualname} is decorated by something that is not known")
    passed = None if open_ else _passed(run, function, args, kwargs)
    if passed is not None:
        return passed
    bound = function.bound
    if open_ or function.closure is not None or (bound is not None and not isinstance(bound, Class)):
        return invoke(run, function, args, kwargs, open_)
    key = (
        id(function.definition),
        key_of(bound),
        tuple([key_of(arg) for arg in args]),
        tuple([(name, key_of(arg)) for name, arg in kwargs.items()]),
    )
    return remember(run, key, [*args, *kwargs.values()], lambda: invoke(run, function, args, kwargs, open_), function)


def _passed(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value]) -> Value | None:
    """The argument that a function without effects hands back, as many a decorator does; None of any other function."""
    if function.bound is not None or not args:
        return None
    passes = run.effects.effects(function.definition).passes
    if passes is None or not changes_nothing(run, function, args, kwargs):
        return None
    return dict(zip(parameter_names(function.definition), args), **kwargs).get(passes)


def changes_nothing(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value]) -> bool:
    """Whether a call leaves everything as it is that the abstract run keeps track of."""
    names = parameter_names(function.definition)
    bound = function.bound
    if any(isinstance(arg, Sequence) and arg.kind == "*" for arg in args):
        return False
    cls = getattr(bound, "cls", None)
    receiver = cls.definition if isinstance(cls, Class) and function.definition.cls is not None else None
    effects = run.effects.effects(function.definition, receiver)
    if not effects.changed:
        return True
    positional = args if bound is None else [bound, *args]
    given = {**dict(zip(names, positional)), **kwargs}
    rest = len(positional) > len(names)
    return not any(
        name == SURROUNDINGS or _can_change(given.get(name)) or (rest and name not in given) for name in effects.changed
    )


def _can_change(value: Value | None) -> bool:
    """Whether the abstract run would keep what is written to a value."""
    return not isinstance(value, Constant | External | Class | Function | Typed | Unknown | None)


def invoke(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    """Runs a function's body on these arguments."""
    definition = function.definition
    node = definition.node
    # A function that calls itself where it is not known whether it does: what it gives is not known either.
    running = run.running.setdefault(id(definition), [])
    forks = len(run.heap.journals)
    if run.depth >= MAX_DEPTH or (len(running) > 1 and forks > running[-2]):
        return _cut(run, function, args, kwargs, "calls nested too deeply")
    if run.is_foreign(definition.module):
        return _cut(run, function, args, kwargs, f"{definition.module.name} is not followed")
    frame = Frame(run.heap.store(), closure_scope(definition), _closure(function))
    frame.definition = definition
    frame.owner = definition.cls
    positional = args if function.bound is None else [function.bound, *args]
    frame.receiver = positional[0] if positional else None
    bind_arguments(run, definition, frame, positional, kwargs, open_)
    generator = _is_generator(run, definition)
    if generator:
        frame.yields = []
    running.append(forks)
    limit = run.limit
    harmless = definition.name != "__init__" and changes_nothing(run, function, args, kwargs)
    own = run.steps + _budget(run, function, positional, kwargs, harmless)
    run.limit = own
    depth = run.depth
    try:
        value = run_body(run, node.body, frame)
    except LimitReached:
        if own == limit or run.steps >= limit:
            raise
        run.limit, run.depth = limit, depth
        if harmless:
            return Unknown(f"{definition.qualname} does too much to follow")
        return _cut(run, function, args, kwargs, f"{definition.qualname} does too much to follow")
    finally:
        running.pop()
        run.limit = limit
    if generator:
        return Sequence("iterator", tuple(frame.yields or ()) if frame.level < 0 else None, None)
    if isinstance(node, ast.AsyncFunctionDef):
        return Unknown("a coroutine")
    return value


def _budget(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], harmless: bool) -> int:
    """How many steps a call may take. None may use up all there is; one that is told things that are not known would
    go through all that might be, and its result would still not be known."""
    rest = run.limit - run.steps
    if run.depth == 0:
        return rest
    if any(isinstance(value, Unknown) for value in (*args, *kwargs.values())):
        if harmless:
            return min(rest * 3 // 4, 200)
        if function.definition.name == "__init__" and isinstance(function.bound, Module):
            return rest * 3 // 4
        plain = isinstance(function.bound, InstanceObject | Class)
        return min(rest * 3 // 4, 800 if plain else 3000)
    return rest * 3 // 4


def _cut(run: Interpreter, function: Function, args: list[Value], kwargs: dict[str, Value], reason: str) -> Value:
    """A call that is not followed (any further)."""
    run.escape(args if function.bound is None else [function.bound, *args], kwargs, reason)
    return Unknown(reason)


def run_body(run: Interpreter, body: list[ast.stmt], frame: Frame) -> Value:
    heap = run.heap
    level = len(heap.journals)
    run.depth += 1
    try:
        ended = statements.block(run, body, frame)
        if not ended:
            frame.returns.append((NONE, None, words_of(frame)))
        returns = frame.returns
        if not returns:
            raise PathEnds
        if len(returns) == 1 and returns[0][1] is None:
            return returns[0][0]
        settle_exits(run, frame, [(delta, words) for _, delta, words in returns], False)
        if len(returns) == 1:
            return returns[0][0]
        return one_of([pair for value, _, words in returns for pair in options_of(value, words)])
    finally:
        run.depth -= 1
        while len(heap.journals) > level:
            heap.commit()


def _closure(function: Function | Lambda) -> Frame | None:
    return function.closure if isinstance(function.closure, Frame) else None


def _is_generator(run: Interpreter, definition: FunctionDefinition) -> bool:
    known = run.generators.get(id(definition))
    if known is None or known[0] is not definition:
        lines = definition.module.lines[definition.node.lineno - 1 : definition.node.end_lineno]
        answer = any("yield" in line for line in lines) and any(
            isinstance(inner, ast.Yield | ast.YieldFrom) for inner in ast.walk(definition.node)
        )
        known = run.generators[id(definition)] = (definition, answer)
    return known[1]


def bind_arguments(
    run: Interpreter,
    definition: FunctionDefinition,
    frame: Frame,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    """Python's rules for arguments. What is missing is unknown; what is too much ends the path."""
    spec = definition.node.args
    variables = frame.locals
    names = [*spec.posonlyargs, *spec.args]
    rest: tuple[Value, ...] | None = ()
    number = 0
    star: Value | None = None
    given = len(args)
    for number, arg in enumerate(args):
        if isinstance(arg, Sequence) and arg.kind == "*":
            star = arg.element or UNKNOWN
            given = number
            break
    for parameter, value in zip(names, args[:given]):
        variables[parameter.arg] = value
    if given > len(names):
        if spec.vararg is None and not open_:
            raise PathEnds
        rest = tuple(args[len(names) : given])
    if star is not None:
        rest = None
    if spec.vararg is not None:
        variables[spec.vararg.arg] = Sequence("tuple", rest, star)
    keyword_only = {parameter.arg for parameter in spec.kwonlyargs}
    by_name = {parameter.arg for parameter in spec.args} | keyword_only
    extra: list[tuple[Value, Value]] = []
    for name, value in kwargs.items():
        if name in by_name and name not in variables:
            variables[name] = value
        elif spec.kwarg is not None:
            extra.append((Constant(name), value))
        elif not open_:
            raise PathEnds
    if spec.kwarg is not None:
        variables[spec.kwarg.arg] = run.heap.mapping(None if open_ and star is None else extra)
    for parameter in (*names, *spec.kwonlyargs):
        if parameter.arg in variables:
            continue
        if star is not None and parameter.arg not in keyword_only:
            variables[parameter.arg] = star
        elif open_ and star is None:
            variables[parameter.arg] = run.annotated(parameter.annotation, frame.scope) or Unknown(
                f"the argument {parameter.arg}", configured=True
            )
        else:
            default = default_value(run, definition, parameter.arg, frame.parent)
            variables[parameter.arg] = default if default is not None else missing(run, definition, parameter)


def missing(run: Interpreter, definition: FunctionDefinition, parameter: ast.arg) -> Value:
    """The value of a parameter that nobody gave: what its annotation says."""
    return run.annotated(parameter.annotation, definition.scope) or Unknown(
        f"the argument {parameter.arg}", configured=True
    )


def default_node(definition: FunctionDefinition, name: str) -> ast.expr | None:
    spec = definition.node.args
    names = [*spec.posonlyargs, *spec.args]
    first = len(names) - len(spec.defaults)
    for number, parameter in enumerate(names):
        if parameter.arg == name:
            return spec.defaults[number - first] if number >= first else None
    for parameter, default in zip(spec.kwonlyargs, spec.kw_defaults):
        if parameter.arg == name:
            return default
    return None


def default_value(
    run: Interpreter, definition: FunctionDefinition, name: str, closure: Frame | None = None
) -> Value | None:
    """The default of a parameter, evaluated where the function is defined; None where it has none."""
    node = default_node(definition, name)
    if node is None:
        return None
    if isinstance(node, ast.Constant):
        return Constant(node.value)
    key = ("default", id(definition), name)
    if closure is None:
        known = run.memory.get(key)
        if known is not None:
            run.project.dependencies |= known[1]
            return known[0]
    if key in run.active:
        return UNKNOWN
    run.active.add(key)
    try:
        value, files = run.recorded(lambda: _evaluate_apart(run, node, definition, closure))
    finally:
        run.active.discard(key)
    if closure is None:
        settle(value)
        run.memory[key] = (value, files, 0)
    return value  # type: ignore[no-any-return]


def _evaluate_apart(run: Interpreter, node: ast.expr, definition: FunctionDefinition, closure: Frame | None) -> Value:
    with run.detached():
        try:
            return run.evaluate(node, Frame(run.heap.store(), definition.scope, closure))
        except PathEnds:
            return Unknown("a default that cannot be evaluated")


def call_lambda(run: Interpreter, function: Lambda, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    closure = _closure(function)
    if closure is None or open_ or run.depth >= MAX_DEPTH:
        run.escape(args, kwargs)
        return Unknown("the result of a lambda")
    frame = Frame(run.heap.store(), closure.scope, closure)
    frame.owner, frame.receiver = closure.owner, closure.receiver
    frame.definition = closure.definition
    spec = function.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    for name, value in zip(names, args):
        frame.locals[name] = value
    if spec.vararg is not None:
        frame.locals[spec.vararg.arg] = Sequence("tuple", tuple(args[len(names) :]))
    extra = []
    for name, value in kwargs.items():
        if name in names or any(parameter.arg == name for parameter in spec.kwonlyargs):
            frame.locals[name] = value
        else:
            extra.append((Constant(name), value))
    if spec.kwarg is not None:
        frame.locals[spec.kwarg.arg] = run.heap.mapping(extra)  # type: ignore[arg-type]
    first = len(names) - len(spec.defaults)
    for number, default in enumerate(spec.defaults):
        if names[first + number] not in frame.locals:
            frame.locals[names[first + number]] = run.evaluate(default, closure)
    for parameter, kw_default in zip(spec.kwonlyargs, spec.kw_defaults):
        if parameter.arg not in frame.locals and kw_default is not None:
            frame.locals[parameter.arg] = run.evaluate(kw_default, closure)
    level = len(run.heap.journals)
    run.depth += 1
    try:
        return run.evaluate(function.node.body, frame)
    finally:
        run.depth -= 1
        while len(run.heap.journals) > level:
            run.heap.commit()


# --- constructors --------------------------------------------------------------------------------------------


def construct(run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    """``Cls(*args, **kwargs)``."""
    cls = value.definition
    project = run.project
    if is_enum(project, cls):
        return _enum_member(run, value, args)
    if is_namedtuple(project, cls):
        return _namedtuple(run, value, args, kwargs, open_)
    is_module = is_module_class(project, cls)
    if is_module is None:
        run.escape(args, kwargs)
        reasons = mro(project, cls).reasons
        return Unknown(reasons[0] if reasons else f"the bases of {cls.qualname}")
    if not is_module and is_exception(project, cls):
        return Unknown("an exception")
    if isinstance(run.class_member(cls, "__new__"), Function):
        run.escape(args, kwargs)
        return Unknown(f"{cls.qualname} has a __new__")
    if any(keyword.arg == "metaclass" for keyword in cls.node.keywords) and not is_module:
        metaclass = next(keyword.value for keyword in cls.node.keywords if keyword.arg == "metaclass")
        if project.external_name(cls.scope, metaclass) not in ("abc.ABCMeta", "builtins.type"):
            run.escape(args, kwargs)
            return Unknown(f"{cls.qualname} has a metaclass")
    if open_ or value.closure is not None:
        return build(run, value, args, kwargs, open_, is_module)
    key = (
        id(cls),
        "new",
        tuple([key_of(arg) for arg in args]),
        tuple([(name, key_of(arg)) for name, arg in kwargs.items()]),
    )
    if not is_module:
        return build(run, value, args, kwargs, open_, is_module)
    return remember(
        run, key, [*args, *kwargs.values()], lambda: build(run, value, args, kwargs, open_, is_module), value
    )


def build(
    run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool, is_module: bool
) -> Value:
    """Makes an instance and runs its constructor."""
    heap = run.heap
    made: Module | InstanceObject
    if is_module:
        made = heap.module(value, is_container(run, value.definition))
    else:
        made = heap.instance(value)
    if run.depth >= MAX_DEPTH:
        run.incomplete(made, "constructors nested too deeply")
        return made
    initialise(run, made, value, args, kwargs, open_)
    return made


def initialise(
    run: Interpreter,
    made: Module | InstanceObject,
    value: Class,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    """Runs the constructor that the class's MRO gives."""
    linear = mro(run.project, value.definition)
    if not linear.complete:
        run.incomplete(made, linear.reasons[0] if linear.reasons else "a base class that was not found")
    if is_dataclass(run.project, value.definition) and own_member(value.definition, "__init__") is None:
        _dataclass_init(run, made, value.definition, args, kwargs, open_)
        return
    for item in linear.classes:
        if isinstance(item, ExternalName):
            if torch_modules.has_constructor(run, item.name):
                torch_modules.initialise(run, made, item.name, args, kwargs, open_)
                return
            continue
        if item is not value.definition and is_dataclass(run.project, item) and own_member(item, "__init__") is None:
            _dataclass_init(run, made, item, args, kwargs, open_)
            return
        binding = own_member(item, "__init__")
        if binding is not None:
            function = run._member_of(item, binding)
            if isinstance(function, Function):
                if isinstance(made, Module):
                    _note_arguments(made, function, args, kwargs)
                closure = value.closure if function.closure is None else function.closure
                invoke(run, Function(function.definition, function.marks, made, closure), args, kwargs, open_)
            else:
                run.incomplete(made, f"the constructor of {item.qualname} is not a plain function")
            return


def _note_arguments(made: Module, function: Function, args: list[Value], kwargs: dict[str, Value]) -> None:
    spec = function.definition.node.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)][1:]
    made.arguments = {**dict(zip(names, args)), **kwargs}


def is_container(run: Interpreter, cls: ClassDefinition) -> bool:
    return any(
        isinstance(item, ExternalName) and torch_modules.container(run, item.name)
        for item in mro(run.project, cls).classes
    )


def _enum_member(run: Interpreter, value: Class, args: list[Value]) -> Value:
    wanted = run.plain(args[0]) if len(args) == 1 else NotImplemented
    if args and isinstance(args[0], InstanceObject) and args[0].member is not None:
        return args[0]
    if wanted is NotImplemented:
        return Unknown(f"a member of {value.definition.qualname}")
    for name in value.definition.body.bindings:
        member = run.attribute(value, name) if not name.startswith("_") else None
        if isinstance(member, InstanceObject) and member.member is not None:
            held = member.attributes.get("value")
            if isinstance(held, Constant) and held.value == wanted:
                return member
    return Unknown(f"a member of {value.definition.qualname}")


def fields_of(run: Interpreter, cls: ClassDefinition) -> list[tuple[str, ast.expr | None, ClassDefinition]]:
    """The annotated names of a class body, in order, with their default expressions; bases first."""
    found: dict[str, tuple[str, ast.expr | None, ClassDefinition]] = {}
    for item in reversed(mro(run.project, cls).classes):
        if not isinstance(item, ClassDefinition):
            continue
        if item is not cls and not (is_dataclass(run.project, item) or is_namedtuple(run.project, item)):
            continue
        for name, bindings in item.body.bindings.items():
            annotation = next((binding.annotation for binding in bindings if binding.annotation is not None), None)
            if annotation is None or "ClassVar" in ast.dump(annotation)[:80]:
                continue
            node = next((binding.node for binding in reversed(bindings) if binding.kind == "assign"), None)
            found[name] = (name, node if isinstance(node, ast.expr) else None, item)
    return list(found.values())


def _namedtuple(run: Interpreter, value: Class, args: list[Value], kwargs: dict[str, Value], open_: bool) -> Value:
    fields = fields_of(run, value.definition)
    if not fields or open_:
        return run.heap.instance(value, False)
    made = run.heap.instance(value)
    _fill_fields(run, made, fields, args, kwargs)
    return made


def _dataclass_init(
    run: Interpreter,
    made: Module | InstanceObject,
    cls: ClassDefinition,
    args: list[Value],
    kwargs: dict[str, Value],
    open_: bool,
) -> None:
    if open_:
        run.incomplete(made, "arguments that are not known")
        return
    _fill_fields(run, made, fields_of(run, cls), args, kwargs)
    after = run.class_member(cls, "__post_init__")
    if isinstance(after, Function):
        invoke(run, Function(after.definition, after.marks, made, after.closure), [], {}, False)


def _fill_fields(
    run: Interpreter,
    made: Module | InstanceObject,
    fields: list[tuple[str, ast.expr | None, ClassDefinition]],
    args: list[Value],
    kwargs: dict[str, Value],
) -> None:
    rest = list(args)
    for name, default, owner in fields:
        if name in kwargs:
            value = kwargs[name]
        elif rest and isinstance(rest[0], Sequence) and rest[0].kind == "*":
            value = rest[0].element or UNKNOWN
        elif default is not None and isinstance(default, ast.Call) and _is_field(run, default, owner):
            value, takes_argument = _field_default(run, default, owner)
            if takes_argument and rest:
                value = rest.pop(0)
        elif rest:
            value = rest.pop(0)
        elif default is not None:
            frame = Frame(run.heap.store(), owner.body)
            value = run.evaluate(default, frame)
        else:
            annotation = next((b.annotation for b in owner.body.bindings[name] if b.annotation is not None), None)
            value = run.annotated(annotation, owner.body) or Unknown(f"the field {name}")
        run.set_attribute(made, name, value)


def _is_field(run: Interpreter, node: ast.Call, owner: ClassDefinition) -> bool:
    return run.project.external_name(owner.body, node.func) == "dataclasses.field"


def _field_default(run: Interpreter, node: ast.Call, owner: ClassDefinition) -> tuple[Value, bool]:
    frame = Frame(run.heap.store(), owner.body)
    takes_argument = True
    value: Value = Unknown("a field")
    for keyword in node.keywords:
        if keyword.arg == "default":
            value = run.evaluate(keyword.value, frame)
        elif keyword.arg == "default_factory":
            value = run.call(run.evaluate(keyword.value, frame), [], {})
        elif keyword.arg == "init" and isinstance(keyword.value, ast.Constant):
            takes_argument = bool(keyword.value.value)
    return value, takes_argument
