"""What torch's own classes and functions do in a constructor, from the data of `torch_api`."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import mro, own_member
from jitlint.project.targets import ExternalName
from jitlint.shapes import builtin_methods, module_methods
from jitlint.shapes.dtypes import LIMITS, limits_of_dtype
from jitlint.shapes.heap import BuiltinMethod, DictObject, InstanceObject, ListObject, Module
from jitlint.shapes.joins import one_of
from jitlint.shapes.values import (
    UNKNOWN,
    Class,
    Constant,
    External,
    Function,
    Instance,
    OneOf,
    Parameter,
    Sequence,
    Typed,
    Unknown,
    Value,
)
from jitlint.torch_api import entries
from jitlint.types.model import BOOL, DEVICE, GENERATOR, INT, NONE, STR, TENSOR, OptionalType, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jitlint.shapes.frames import Frame
    from jitlint.shapes.interpreter import Interpreter
    from jitlint.torch_api.entries import ModuleClassFacts

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict")
_PARAMETERS = frozenset({"torch.nn.Parameter", "torch.nn.UninitializedParameter"})
_BUFFERS = frozenset({"torch.nn.Buffer", "torch.nn.UninitializedBuffer"})
_TENSORS = frozenset(
    f"torch.{name}"
    for name in (
        "tensor as_tensor from_numpy Tensor FloatTensor LongTensor IntTensor BoolTensor DoubleTensor "
        "HalfTensor ByteTensor ShortTensor CharTensor asarray frombuffer sparse_coo_tensor stack cat "
        "Tensor.new_tensor"
    ).split()
)
_DICTS = frozenset({"builtins.dict", "collections.OrderedDict"})
# Functions that change the module they are given in ways that are not followed here.
_REWRITES = (
    "torch.nn.utils.", "torch.ao.", "torch.quantization.", "torch.fx.", "torch.distributed.", "torch.optim.",
    "torch.jit.trace", "torch.export.",
)  # fmt: skip
_QUIET_UTILS = frozenset(
    {
        "torch.nn.utils.clip_grad_norm_",
        "torch.nn.utils.clip_grad_value_",
        "torch.nn.utils.parameters_to_vector",
        "torch.nn.utils.vector_to_parameters",
    }
)


def canonical(run: Interpreter, name: str) -> str:
    return run.api.canonical(name) if run.api is not None else name


def facts_of(run: Interpreter, name: str) -> ModuleClassFacts | None:
    return run.api.module_class(name) if run.api is not None else None


def is_module(run: Interpreter, name: str) -> bool:
    """Whether an external name is an nn.Module class."""
    if facts_of(run, name) is not None:
        return True
    return name.startswith("torch.") and bool(run.project.externals.is_module_class(name))


def is_class(run: Interpreter, name: str) -> bool:
    """Whether an external name is surely a class."""
    if is_module(run, name) or (name.startswith("builtins.") and isinstance(getattr(builtins, name[9:], None), type)):
        return True
    return run.api is not None and isinstance(run.api.entry(name), entries.ClassEntry)


def is_object(run: Interpreter, name: str) -> bool:
    """Whether an external name is surely an object that is true: a class, a function, a dtype."""
    if name.startswith(("torch.nn.", "builtins.", "functools.", "torch.float", "torch.int")):
        return True
    last = name.rpartition(".")[2]
    return last[:1].isupper() and not last.isupper()


def exists(run: Interpreter, name: str) -> bool | None:
    """Whether an external name exists; None where that is not known."""
    if run.api is None:
        return None
    entry = run.api.entry(name)
    if isinstance(entry, entries.Missing):
        return False
    return True if entry is not None else None


def container(run: Interpreter, name: str) -> str:
    """``Sequential``, ``ModuleList``... for a container of torch's, '' for anything else."""
    last = name.rpartition(".")[2]
    return last if last in CONTAINERS and name.startswith("torch.nn") else ""


def is_subclass(run: Interpreter, name: str, other: str) -> bool | None:
    """Whether an external class derives from another."""
    if name == other or other == "builtins.object":
        return True
    first, second = canonical(run, name), canonical(run, other)
    if first == second:
        return True
    if run.api is not None:
        bases = run.api.bases(first)
        if bases is not None:
            return second in bases
    if first.startswith("torch.nn.") and second == "torch.nn.Module":
        return True
    if first == "torch.nn.Module" or first in ("typing.Generic", "abc.ABC", "builtins.object", "typing.Protocol"):
        return False
    return None


def has_constructor(run: Interpreter, base: str) -> bool:
    """Whether a base without source has an ``__init__`` of its own."""
    return base not in ("abc.ABC", "typing.Generic", "typing.Protocol", "builtins.object", "typing_extensions.Protocol")


def call(
    run: Interpreter,
    name: str,
    args: list[Value],
    kwargs: dict[str, Value],
    frame: Frame | None,
    open_: bool,
) -> Value:
    """A call of something below ``torch.``."""
    full = canonical(run, name)
    if full in _PARAMETERS:
        return Parameter()
    if full in _BUFFERS:
        return Parameter(buffer=True)
    if is_module(run, full):
        made = run.heap.module(External(full), bool(container(run, full)))
        _construct(run, made, full, args, kwargs, open_)
        return made
    if full.startswith("torch.nn.init."):
        return args[0] if args else kwargs.get("tensor", UNKNOWN)
    if full.startswith(_REWRITES) and full not in _QUIET_UTILS:
        target = args[0] if args else kwargs.get("module", UNKNOWN)
        last = full.rpartition(".")[2]
        for value in (*args, *kwargs.values()):
            if isinstance(value, Module) and not value.sealed:
                run.incomplete(value, f"{last} changes it")
        return _rewritten(run, target, full)
    match full:
        case "torch.jit.annotate" if len(args) > 1:
            return args[1]
        case "torch.jit.Attribute":
            return Instance(External(full), tuple(zip(("value", "type"), args)))
        case "torch.device":
            return Typed(DEVICE)
        case "torch.Generator":
            return Typed(GENERATOR)
        case "torch.is_tensor":
            return Typed(BOOL)
        case (
            "torch.jit.is_scripting"
            | "torch.jit.is_tracing"
            | "torch.compiler.is_compiling"
            | "torch.jit._unwrap_optional"
        ):
            return Constant(False)
    if full in LIMITS:
        return limits_of_dtype(run.heap, full, args[0] if args else kwargs.get("type", UNKNOWN))
    if full in _TENSORS:
        return Typed(TENSOR)
    if full == "torch.jit.script" and args:
        match args[0]:
            case Class():
                return args[0]
            case Function(bound=None) as function:
                return Function(function.definition, function.marks | {"script"}, None, function.closure)
    base, _, last = full.rpartition(".")
    if args and isinstance(args[0], Module) and is_module(run, base):
        return builtin_methods.call_method(run, args[0], last, args[1:], kwargs, frame, open_)
    return _result(run, full)


def _rewritten(run: Interpreter, target: Value, full: str) -> Value:
    """What a function gives back that changes a module: the module, as something of which less is known."""
    if not isinstance(target, Module):
        return UNKNOWN
    last = full.rpartition(".")[2]
    if isinstance(target.cls, External) and full in _HOOKED:
        # A pre-hook that is an object computes the weight.
        changed = run.heap.module(target.cls, target.children is not None)
        changed.arguments = target.arguments
        changed.state["open"] = True
        changed.state["pre_hooks"] = (*target.state["pre_hooks"], Instance(External(_HOOKED[full])))
        run.incomplete(changed, f"{last} changes it")
        return changed
    if target.sealed or isinstance(target.cls, External):
        return Unknown(f"a module changed by {last}")
    return target


# What the old ways to normalise a weight register as a hook.
_HOOKED = {
    "torch.nn.utils.spectral_norm": "torch.nn.utils.spectral_norm.SpectralNorm",
    "torch.nn.utils.weight_norm": "torch.nn.utils.weight_norm.WeightNorm",
}


# What these give is compiled already: nothing of it is left unseen.
_COMPILED = frozenset(f"torch.jit.{name}" for name in ("script", "trace", "trace_module", "freeze", "load"))


def _result(run: Interpreter, name: str) -> Value:
    """The result of a function, by its type."""
    entry = run.api.entry(name) if run.api is not None else None
    match entry:
        case entries.Operator(op=op):
            types = {schema.result for schema in run.api.schemas(op)} if run.api is not None else set()
            if len(types) == 1:
                only = types.pop()
                if only in (TENSOR, INT, BOOL):
                    return Typed(only)
            return Unknown(plain=True)
        case entries.Function(schema=schema) if schema is not None and schema.result == TENSOR:
            return Typed(TENSOR)
        case entries.LegacyConstructor():
            return Typed(TENSOR)
    if name.startswith("torch.Tensor."):
        return Typed(TENSOR)
    if name.rpartition(".")[2][:1].isupper():
        return Instance(External(name))
    return UNKNOWN if name in _COMPILED else Unknown(f"the result of {name}")


# --- constructors --------------------------------------------------------------------------------------------


def initialise(
    run: Interpreter, made: Value, base: str, args: list[Value], kwargs: dict[str, Value], open_: bool
) -> None:
    """``Base.__init__(made, ...)`` for a base without source."""
    full = canonical(run, base)
    if not isinstance(made, Module):
        if isinstance(made, InstanceObject) and full in _DICTS and not open_:
            run.heap.write(made.attributes, InstanceObject.ENTRIES, run.call(External(full), args, kwargs))
        elif isinstance(made, InstanceObject) and full.startswith("builtins.") and full != "builtins.object":
            run.incomplete(made, f"it is a {full.partition('.')[2]}")
        return
    if not has_constructor(run, full):
        return
    if is_module(run, full):
        if full != "torch.nn.Module":
            made.bases[full] = {}
        mixins = _mixins_behind(run, made, full)
        if mixins and not _run_first(run, made, full, mixins[0]):
            for mixin in mixins:
                run.incomplete(made, f"the constructor of {mixin.qualname} is run by that of {base}")
        _construct(run, made, full, args, kwargs, open_)
        return
    if full.startswith(("torch.", "builtins.", "typing.", "collections.", "abc.", "enum.")):
        if not full.startswith("torch."):
            return
    run.incomplete(made, f"the constructor of {base} is not known")


def _mixins_behind(run: Interpreter, made: Module, base: str) -> list[ClassDefinition]:
    """The classes with source whose constructors that of a class of torch's runs: they stand between it and nn.Module,
    whose own constructor calls no further one."""
    classes = list(mro(run.project, made.cls.definition).classes) if isinstance(made.cls, Class) else []
    names = [canonical(run, item.name) if isinstance(item, ExternalName) else "" for item in classes]
    if base not in names or "torch.nn.Module" not in names:
        return []  # without a class of the project's that is a module itself, all stand behind nn.Module
    return [
        item
        for item in classes[names.index(base) : names.index("torch.nn.Module")]
        if isinstance(item, ClassDefinition) and own_member(item, "__init__") is not None
    ]


def _run_first(run: Interpreter, made: Module, base: str, mixin: ClassDefinition) -> bool:
    """Runs the constructor that ``super().__init__()`` of a class of torch.nn's reaches; whether it could be done. The
    last of them before nn.Module gives no arguments, whatever it is given itself."""
    binding = own_member(mixin, "__init__")
    function = run.member_of(mixin, binding) if binding is not None else None
    if base.count(".") != 2 or not isinstance(function, Function) or made.sealed:
        return False
    spec = function.definition.node.args
    required = len(spec.posonlyargs) + len(spec.args) - len(spec.defaults) - 1
    if required > 0 or None in spec.kw_defaults:
        return False
    run.call(Function(function.definition, function.marks, made, function.closure), [], {})
    return True


def _construct(
    run: Interpreter, made: Module, name: str, args: list[Value], kwargs: dict[str, Value], open_: bool
) -> None:
    """Binds the arguments of a constructor of torch's and sets what it sets."""
    inherited = isinstance(made.cls, Class)
    if inherited and made.sealed:
        return
    kind = container(run, name)
    if kind:
        if inherited:
            run.heap.write(made.attributes, "training", Typed(BOOL))
        _fill(run, made, kind, args, kwargs, open_)
        return
    facts = facts_of(run, name)
    arguments = bound(facts, args, kwargs)
    if open_:
        arguments["*"] = Unknown("further arguments")
    if inherited:
        if name != "torch.nn.Module":
            made.bases[name] = arguments
        if facts is None or (not facts.probed and name != "torch.nn.Module"):
            if name != "torch.nn.Module":
                run.incomplete(made, f"what the constructor of {name} sets is not known")
                return
        run.heap.write(made.attributes, "training", Typed(BOOL))
        if facts is not None and name != "torch.nn.Module":
            for attribute_name in facts.attributes:
                if attribute_name.startswith("_") and attribute_name == "_is_full_backward_hook":
                    continue
                value = fact_value(run, facts, arguments, attribute_name)
                if value is not None:
                    run.heap.write(made.attributes, attribute_name, value)
    else:
        made.arguments = arguments


def bound(facts: ModuleClassFacts | None, args: list[Value], kwargs: dict[str, Value]) -> dict[str, Value]:
    """The given arguments by parameter."""
    arguments: dict[str, Value] = {}
    names = [parameter.name for parameter in facts.constructor if parameter.kind == "positional"] if facts else []
    for number, arg in enumerate(args):
        if isinstance(arg, Sequence) and arg.kind == "*":
            for name in names[number:]:
                arguments[name] = arg.element or UNKNOWN
            break
        arguments[names[number] if number < len(names) else f"*{number}"] = arg
    arguments.update(kwargs)
    return arguments


def _fill(run: Interpreter, made: Module, kind: str, args: list[Value], kwargs: dict[str, Value], open_: bool) -> None:
    """The contents of a new container."""
    heap = run.heap
    assert made.children is not None
    if kind == "Sequential":
        if len(args) == 1 and isinstance(args[0], DictObject):
            module_methods.add_mapping(run, made, args[0])
            return
        if len(args) == 1 and isinstance(args[0], OneOf) and any(isinstance(o, DictObject) for o, _ in args[0].options):
            heap.write(made.state, "open", True)
            return
        module_methods.add_items(run, made, Sequence("tuple", tuple(arg for arg in args if not _is_star(arg))))
        for arg in args:
            if _is_star(arg):
                module_methods.add_items(run, made, Sequence("iterator", None, arg.element))  # type: ignore[attr-defined]
        return
    if not args and not kwargs:
        if open_:
            heap.write(made.state, "open", True)
        return
    given = args[0] if args else next(iter(kwargs.values()))
    if isinstance(given, Constant) and given.value is None:
        return
    if kind in ("ModuleDict", "ParameterDict"):
        module_methods.add_mapping(run, made, given)
    else:
        module_methods.add_items(run, made, given)
        if kind == "ParameterList":
            for key, value in list(made.children.items()):
                if isinstance(value, Unknown):
                    heap.write(made.children, key, Parameter())


def _is_star(value: Value) -> bool:
    return isinstance(value, Sequence) and value.kind == "*"


# --- attributes ----------------------------------------------------------------------------------------------


def attribute(run: Interpreter, module: Module, base: str, name: str) -> Value | None:
    """An attribute of a module that its torch class gives: data, a method, or None where it surely has none."""
    full = canonical(run, base)
    if name in ("_modules", "_parameters", "_buffers", "__dict__"):
        return BuiltinMethod(module, name)
    if name == "training":
        return Typed(BOOL)
    facts = facts_of(run, full)
    if facts is not None and isinstance(module.cls, External):
        value = fact_value(run, facts, module.arguments, name)
        if value is not None:
            return value
    if run.project.externals.has_member("torch.nn.Module", name) or (facts is not None and name in facts.methods):
        return BuiltinMethod(module, name)
    if module.children is not None:
        return BuiltinMethod(module, name) if name in _CONTAINER_METHODS else None
    if isinstance(module.cls, External) and facts is not None and facts.probed:
        return None if not any(name in variant.attributes for variant in facts.variants) else UNKNOWN
    return Unknown(f"the attribute {name} of {full}")


_CONTAINER_METHODS = frozenset(
    "append extend insert update pop clear keys values items __iadd__ __len__ __getitem__".split()
)


def attributes_of(run: Interpreter, name: str, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """What an instance of a torch class has, built with these arguments."""
    facts = facts_of(run, name)
    found: dict[str, Value] = {}
    for attribute_name in facts.attributes if facts is not None else ():
        value = fact_value(run, facts, arguments, attribute_name) if facts is not None else None
        if value is not None:
            found[attribute_name] = value
    return found


def fact_value(run: Interpreter, facts: ModuleClassFacts, arguments: Mapping[str, Value], name: str) -> Value | None:
    """One attribute of an instance of a torch class."""
    fact = facts.attributes.get(name)
    for variant in facts.variants:
        changed = variant.attributes.get(name)
        if changed is None:
            continue
        fits = [
            _fits(run, arguments.get(key, UNKNOWN if "*" in arguments else None), value)
            for key, value in variant.arguments
        ]
        if all(fits):
            fact = changed
        elif None in fits and False not in fits:
            return UNKNOWN
    if fact is None or fact.kind == "absent":
        return None
    match fact.kind:
        case "parameter" | "buffer":
            if fact.type == NONE:
                return Constant(None)
            given = arguments.get(name)
            if isinstance(fact.type, OptionalType) and given is not None:
                truth = run.truth(given)
                if truth is None:
                    return one_of(
                        [
                            (Parameter(fact.kind == "buffer"), f"`{name}` is true"),
                            (Constant(None), f"`{name}` is false"),
                        ]
                    )
                if not truth:
                    return Constant(None)
            return Parameter(fact.kind == "buffer")
        case "module":
            return run.heap.module(External(canonical(run, fact.class_name)), bool(container(run, fact.class_name)))
        case "function" | "builtin":
            return External(fact.class_name)
        case "failed":
            return Unknown(f"{name} has no TorchScript type", plain=True)
    given = arguments.get(name)
    if given is not None:
        if getattr(fact, "from_parameter", False):
            return given
        if fact.type is None or fact.type == NONE or _kept_as_given(run, facts, name, given):
            return UNKNOWN
        return Typed(fact.type)
    parameter = next((item for item in facts.constructor if item.name == name), None)
    if parameter is not None and "*" not in arguments and fact.value is not entries.NOT_LITERAL:
        if not isinstance(parameter.default, entries.Unset) or parameter.default is entries.NOT_LITERAL:
            return literal(run, fact.value)
    if fact.type == NONE:
        return Constant(None)
    return Typed(fact.type) if fact.type is not None else UNKNOWN


def _kept_as_given(run: Interpreter, facts: ModuleClassFacts, name: str, given: Value) -> bool:
    """Whether an attribute, known as the parameter's default only, may be of another type for the given argument:
    ``nn.MaxPool2d`` keeps a `dilation` of 1 as an int and one of (1, 1) as a tuple."""
    fact = facts.attributes[name]
    parameter = next((item for item in facts.constructor if item.name == name), None)
    if parameter is None or type(parameter.default) is not type(fact.value) or parameter.default != fact.value:
        return False  # it is made of the argument, always in this form
    plain = run.plain(given)
    if plain is not NotImplemented:
        return type(plain) is not type(fact.value)
    return not (isinstance(given, Typed) and given.type == fact.type)


def _fits(run: Interpreter, given: Value | None, wanted: object) -> bool | None:
    """Whether an argument has the value that makes a variant."""
    if given is None:
        return False
    plain = run.plain(given)
    if plain is not NotImplemented:
        return type(plain) is type(wanted) and plain == wanted
    if isinstance(given, Sequence | ListObject) and given.items is not None and isinstance(wanted, tuple | list):
        return len(given.items) == len(wanted)
    if isinstance(given, Unknown | OneOf):
        return None
    if isinstance(given, Typed):
        types: dict[Type, type] = {INT: int, BOOL: bool, STR: str}
        fitting = types.get(given.type)
        return None if fitting is None or isinstance(wanted, fitting) else False
    return False


def literal(run: Interpreter, value: object) -> Value:
    """The abstract value of a Python literal."""
    match value:
        case tuple():
            return Sequence("tuple", tuple([literal(run, item) for item in value]))
        case list():
            return run.heap.sequence(tuple([literal(run, item) for item in value]))
        case dict():
            return run.heap.mapping([(literal(run, key), literal(run, item)) for key, item in value.items()])
        case None | bool() | int() | float() | complex() | str() | bytes():
            return Constant(value)
    return UNKNOWN
