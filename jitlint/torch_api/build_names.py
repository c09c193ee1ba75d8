"""What each dotted name is to an installed compiler: used by `build` alone.

Every name of the covered modules is put to the compiler as ``return m.name``; its answer tells the kind, torch's own
Python helpers the details. The codes written are read back by `api._entry`.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
import re
import sys
import types
from typing import Any

import torch

from jitlint.torch_api.build_probe import (
    Location,
    clean,
    compile_text,
    failing_function,
    forked,
    literal,
    schema_text,
    unmangle,
)

IMPORTED = """
torch.utils.checkpoint torch.nn.utils.parametrizations torch.nn.utils.parametrize torch.nn.utils.prune
torch.nn.utils.rnn torch.nn.utils.stateless torch.utils.data torch.distributed torch.cuda.amp torch.distributions
torch.nn.quantized torch.ao.nn.quantized torch.ao.nn.qat torch.ao.nn.intrinsic torch.ao.quantization torch.onnx
torch.profiler torch.futures torch.distributed.rpc torch.masked torch.signal torch.nn.attention torch.sparse
torch.nested torch.func torch.nn.parallel torch.fx torch.package torch.hub torch.library torch.export torch.optim
torch.amp torch.backends.cuda torch.backends.cudnn torch.backends.mkldnn torch.monitor torch.quasirandom
torch.utils.cpp_extension torch.utils.dlpack torch.utils.data.distributed torch.nn.grad torch.nn.common_types
torch.overrides torch.types torch._VF torch.jit.annotations torch.autograd.functional torch.autograd.forward_ad
torch.testing torch.compiler torch.distributed.nn torch.distributed.fsdp torch.utils.hooks torch.nn.qat
torch.nn.intrinsic """.split()

STANDARD = """builtins math cmath warnings operator random time itertools functools collections collections.abc copy
os os.path sys re logging typing enum dataclasses abc contextlib string types numbers inspect threading datetime
pathlib io statistics fractions decimal json pickle uuid weakref traceback gc bisect heapq textwrap struct
hashlib numpy""".split()

NOT_COVERED = re.compile(
    r"""torch\.(_dynamo|_inductor|_refs|_decomp|_meta_registrations|_subclasses|_functorch|_higher_order_ops|fx|testing
    |package|_export|export|_prims|_prims_common|_native|_vendor|_strobelight|_logging|_weights_only|_custom_op|_library
    |_guards|_ops|ao\.(?!nn)|quantization|_lobpcg|_lazy|xpu|mtia|mps|cpu|hub|library|_utils_internal|_opaque
    |_C\._(?!nn|VariableFunctions|fft|linalg|special|sparse|nested)|distributed\.(?!nn|rpc$|autograd$)|_tensor_str
    |_streambase|onnx\.|cuda\.(?!amp)|jit\.(?!annotations)|autograd\._|nn\.utils\._|nn\.attention\.|masked\.|optim\.
    |multiprocessing|serialization|storage|_storage|_classes|_sources|.*_docs|.*_utils|_lowrank|_namedtensor|_thread
    |_vmap|_deploy|_appdirs|_compile|_dispatch|_environment|contrib|csrc|_numpy|_segment|_sympy|_sym|classes|ops
    |sparse\.|ao\.nn\.(sparse|qat)|utils\.(?!checkpoint|data$|rnn|hooks|backend_registration)|torch_version|_python|_awaits|monitor
    |accelerator\.|_tensor_iter|nested\.|backends\..*\.|profiler\.|distributions\.|quasirandom|futures|version|__)""",
    re.VERBOSE,
)

TABLE = """print tuple float complex int bool str getattr hasattr isinstance len hex oct round hash id min max abs all
any divmod sum list dict ord chr bin pow range zip enumerate rangelist sorted AssertionError""".split()
"""The names that the compiler's own table answers before Python's globals are asked
(``Environment::getSugaredVar``)."""

CUDA: dict[str, Any] = {
    **{
        name: ["o", f"cuda::{name}"]
        for name in (
            "current_stream",
            "default_stream",
            "device_index",
            "device_count",
            "set_stream",
            "synchronize",
        )
    },
    **{name: ["o", f"cuda::_{name}"] for name in ("current_device", "set_device")},
    **{name: ["s", f"torch.cuda.{name}", ""] for name in ("Stream", "Event", "StreamContext", "stream")},
}
"""``CUDAPythonModuleValue::attr``: not probed, as the operators exist in builds with CUDA only and the classes' absence
kills the process."""

NAMES_OF_BUILD = {"version.cuda", "version.hip", "version.xpu", "version.git_version", "version.debug"}
"""Below torch: differ from build to build of one version."""

BUILD_DEPENDENT = re.compile(
    r"has no attribute _?(cuda|nccl|mps|xpu|mtia|rocm|hip)|Unknown builtin op: cuda::|_cuda_|_nvtx|cudart"
    r"|'(NVTX|_NVTXStub|CudaError|cudaStatus)'|not compiled with"
)
"""Messages that may be owed to how this torch was built (without CUDA...): such names are left unknown."""


def modules() -> dict[str, types.ModuleType]:
    """The covered modules by name, the most public first."""
    for name in IMPORTED + STANDARD:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever an import raises: the module is not to be had then
            print("not imported:", name, type(error).__name__, file=sys.stderr)
    found = [
        name
        for name, module in list(sys.modules.items())
        if name.split(".")[0] == "torch" and isinstance(module, types.ModuleType) and not NOT_COVERED.match(name)
    ]
    found += [name for name in STANDARD if name in sys.modules]
    found.sort(key=publicness)
    return {name: sys.modules[name] for name in found}


def publicness(name: str) -> tuple[Any, ...]:
    parts = name.split(".")
    return (
        any(part.startswith("_") for part in parts),
        name not in ("torch", "torch.nn", "torch.nn.functional"),
        len(parts),
        "modules" in parts or name in ("torch.functional", "torch.overrides", "torch.types", "torch.hub"),
        name,
    )


def public_names(module: types.ModuleType) -> list[str]:
    return [name for name in sorted(dir(module)) if not name.startswith("__") or name in ("__version__",)]


class Table:
    """Names by module, and the canonical name of each object that has an identity."""

    def __init__(self) -> None:
        self.modules = modules()
        self.module_names = {id(module): name for name, module in self.modules.items()}
        self.canonical: dict[int, str] = {}
        self.objects: dict[str, Any] = {}
        self.by_module: dict[str, dict[str, Any]] = {}
        for module_name, module in self.modules.items():
            names: dict[str, Any] = {}
            for name in public_names(module):
                try:
                    value = getattr(module, name)
                except Exception:
                    continue
                names[name] = value
                if has_identity(value) and not isinstance(value, types.ModuleType):
                    best = self.canonical.get(id(value))
                    dotted = f"{module_name}.{name}"
                    if best is None or better(dotted, best, value):
                        self.canonical[id(value)] = dotted
            self.by_module[module_name] = names

    def name_of(self, value: Any) -> str:
        known = self.canonical.get(id(value))
        if known:
            return known
        module = getattr(value, "__module__", None) or ""
        return f"{module}.{getattr(value, '__qualname__', type(value).__name__)}"


def better(new: str, old: str, value: Any) -> bool:
    """Whether `new` is a better canonical name: modules come the most public first, so the first wins, but for names
    that are not the object's own (``torch.JITException`` for ``torch.jit.Error``) and objects of another package."""
    if is_private(new):
        return False
    home = getattr(value, "__module__", None)
    if isinstance(home, str) and home.split(".")[0] != old.split(".")[0] == "torch":
        return new.split(".")[0] == home.split(".")[0]
    own = getattr(value, "__name__", None)
    return isinstance(own, str) and is_private(old) is False and last(new) == own != last(old)


def is_private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split(".")[:-1])


def last(name: str) -> str:
    return name.rpartition(".")[2]


def has_identity(value: Any) -> bool:
    return callable(value) or isinstance(value, (types.ModuleType, type))


def names() -> dict[str, Any]:
    table = Table()
    specials = special_forms()
    work: dict[str, Any] = {}
    coded: dict[str, dict[str, Any]] = {}
    for module_name, values in table.by_module.items():
        row = coded.setdefault(module_name, {})
        for name, value in values.items():
            dotted = f"{module_name}.{name}"
            canonical = table.canonical.get(id(value))
            if isinstance(value, types.ModuleType):
                row[name] = "=" + value.__name__
            elif canonical and canonical != dotted:
                row[name] = "=" + canonical
            else:
                work[dotted] = (module_name, name, value)

    def probe(dotted: str) -> Any:
        module_name, name, value = work[dotted]
        if module_name == "builtins":
            result, message = compile_text(f"def f(x):\n    return {name}\n", {name: value})
        else:
            result, message = compile_text(f"def f(x):\n    return m.{name}\n", {"m": table.modules[module_name]})
        return code(table, specials, dotted, value, result, message)

    for name, form in CUDA.items():
        dotted = f"torch.cuda.{name}"
        if work.pop(dotted, None) is not None or name in coded["torch.cuda"]:
            coded["torch.cuda"][name] = form
    quick = [dotted for dotted, (_, _, value) in work.items() if not compiles(value)]
    slow = [dotted for dotted, (_, _, value) in work.items() if compiles(value)]
    for batch, dotteds in ((400, quick), (1, slow)):
        for dotted, answer in zip(dotteds, forked(probe, dotteds, batch), strict=True):
            module_name, name, _ = work[dotted]
            if isinstance(answer, dict):
                print("builder:", dotted, answer["builder_error"], file=sys.stderr)
            coded[module_name][name] = answer if isinstance(answer, list) else ["?"]
    for name in ("has_mps", "has_cuda", "has_cudnn", "has_mkldnn"):
        coded["torch"].setdefault(name, ["?"])  # answered by its __getattr__, not in dir()
    for name, module in table.modules.items():
        if name != "torch" and "__getattr__" in vars(module):
            coded[name]["*"] = 1
    return {"names": coded, "extra": {"uncovered": uncovered(table), "namedtuples": namedtuples(table)}}


def uncovered(table: Table) -> list[str]:
    """Modules of torch that exist, imported or not, and are not covered."""
    found = {name for name in sys.modules if name.split(".")[0] == "torch"}
    for name, module in table.modules.items():
        if name.split(".")[0] == "torch":
            for _, inner, _ in pkgutil.iter_modules(getattr(module, "__path__", None) or []):
                found.add(f"{name}.{inner}")
    return sorted(found - set(table.modules) - {"torch.ops"})


def namedtuples(table: Table) -> dict[str, Any]:
    """Fields and their types by qualified name (``__torch__.torch.nn.utils.rnn.PackedSequence``)."""
    result: dict[str, Any] = {}
    for values in table.by_module.values():
        for cls in values.values():
            if inspect.isclass(cls) and issubclass(cls, tuple) and hasattr(cls, "_fields"):
                if cls.__module__.split(".")[0] == "torch":
                    result[f"__torch__.{cls.__module__}.{cls.__qualname__}"] = fields_of(cls)
    return result


def fields_of(cls: Any) -> list[Any]:
    """A NamedTuple's fields and types; those of a base count too, as
    ``torch._jit_internal._get_named_tuple_properties`` has it; without annotation: Tensor."""
    hints: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        hints.update(vars(base).get("__annotations__", {}))
    return [[name, annotation(hints[name]) if name in hints else "Tensor"] for name in cls._fields]


def compiles(value: Any) -> bool:
    """Whether naming it makes the compiler compile Python source."""
    if inspect.isclass(value):
        try:
            return bool(torch._jit_internal.can_compile_class(value))
        except Exception:
            return True
    return inspect.isfunction(value) or inspect.ismethod(value)


def special_forms() -> dict[int, str]:
    """By identity: what ``toSugaredValue`` compares with by identity."""
    forms: dict[int, str] = {}
    for path, form in (
        ("torch.jit._fork", "fork"),
        ("torch.jit.fork", "fork"),
        ("torch.jit.annotate", "annotate"),
        ("torch.jit.isinstance", "isinstance"),
        ("torch.jit._awaitable", "awaitable"),
        ("torch.distributed.rpc.rpc_async", "rpc_async"),
        ("torch.distributed.rpc.rpc_sync", "rpc_sync"),
        ("torch.distributed.rpc.remote", "rpc_remote"),
        ("torch._check", "torch._check"),
        ("builtins.slice", "slice"),
    ):
        module, _, name = path.rpartition(".")
        value = getattr(sys.modules.get(module), name, None)
        if value is not None:
            forms[id(value)] = form
    return forms


def code(table: Table, specials: dict[int, str], dotted: str, value: Any, result: str | None, message: str) -> Any:
    """The coded entry of `value`, from the compiler's answer to its being named."""
    text = clean(message)
    own = is_own(message)
    module_name, _, name = dotted.rpartition(".")
    if dotted.removeprefix("torch.") in NAMES_OF_BUILD:
        return ["?"]
    if module_name == "builtins" and name in TABLE:
        form = ["s", name, text]
        is_type = inspect.isclass(value) and not issubclass(value, Exception)
        return class_code(table, value, "", form) if is_type else form
    if result is not None:
        type_text = result.partition(" -> ")[2]
        known = module_name.split(".")[0] in ("torch", "math", "cmath", "string", "builtins") and name != "__version__"
        coded = constant_value(value) if known else {"?": 0}
        if isinstance(coded, str) and "/" in coded:
            coded = {"?": 0}  # a path of this machine
        return ["c", type_text, coded, type(value).__name__]
    if id(value) in specials:
        return ["s", specials[id(value)], text]
    builtin = torch.jit._builtins._find_builtin(value) if callable(value) else None
    if isinstance(value, torch._ops.OpOverloadPacket):
        builtin = value._qualified_op_name
    if inspect.isclass(value):
        special: Any = None
        if text == "builtin cannot be used as a value" and builtin:
            special = ["o", builtin]
        elif "LegacyTypedConstructor" in text or text.startswith("legacy"):
            special = ["l", str(getattr(value, "dtype", "")).replace("torch.", "")]
        failed = "" if own and "cannot be used as a value" in text else text
        if issubclass(value, enum.Enum) and not value.__members__:
            failed = ""
        if failed and BUILD_DEPENDENT.search(failed):
            return ["?"]
        return class_code(table, value, failed, special)
    if own and text == "builtin cannot be used as a value" and builtin:
        return ["o", builtin]
    if own and text.startswith("boolean dispatch"):
        return boolean_dispatch(value)
    if isinstance(value, torch.jit.ScriptFunction):
        return ["S", schema_text(value.schema)]
    if own and text == "function cannot be used as a value":
        return function(value)
    if own and text.startswith("python value of type"):
        return python_value(value)
    if BUILD_DEPENDENT.search(text):
        return ["?"]
    if inspect.isfunction(value) or inspect.ismethod(value):
        return ["f", None, text, failing_function(message, name)]
    return ["r", text]


def is_own(message: str) -> bool:
    """Whether the message points at the probe itself, not at a function that the compiler went into."""
    found = re.search(r'File "([^"]*)"', message)
    return found is not None and found.group(1) == "<string>"


def constant_value(value: Any) -> Any:
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format, torch.qscheme)):
        module = types.ModuleType("m")
        module.value = value  # type: ignore[attr-defined]
        unit = torch._C.CompilationUnit()
        unit.define("def f():\n    return m.value\n", {"m": module}.get)
        return unit.find_function("f")()
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, (bool, int, float, complex, str)) and type(value) not in (bool, int, float, complex, str):
        for base in (bool, int, float, complex, str):
            if isinstance(value, base):
                return literal(base(value))  # type: ignore[arg-type]
    return literal(value)


def function(value: Any) -> Any:
    overloads = torch.jit._script._get_overloads(value)
    if overloads:
        return ["v", [schema_text(overload.schema) for overload in overloads]]
    return ["f", schema_text(torch.jit._recursive.try_compile_fn(value, Location()).schema)]


def boolean_dispatch(value: Any) -> Any:
    dispatch = torch._jit_internal.boolean_dispatched[value]
    parts: list[Any] = ["b", dispatch["arg_name"], dispatch["index"], dispatch["default"]]
    for branch in ("if_true", "if_false"):
        try:
            parts.append(function(dispatch[branch]))
        except Exception as error:
            parts.append(["f", None, clean(str(error)), dispatch[branch].__name__])
    return parts


def python_value(value: Any) -> Any:
    """``PythonValue::getSchema``, by the helpers it calls."""
    kind = type(value).__name__
    try:
        printed = str(getattr(value, "__qualname__", ""))
    except Exception:
        printed = ""
    if not callable(value):
        return ["p", kind, False, None, False, [], "", annotation(value), printed]
    helpers = torch.jit.annotations
    location = Location()
    try:
        helpers.check_fn(value, location)
    except Exception as error:
        return ["p", kind, True, None, False, [], clean(str(error)), annotation(value), printed]
    try:
        vararg = bool(helpers.is_vararg(value))
        signature = helpers.get_signature(value, None, location, False)
        names = [str(name) for name in helpers.get_param_names(value, 0) or []]
    except Exception as error:
        return ["p", kind, True, None, False, [], clean(str(error)) or type(error).__name__, annotation(value), printed]
    schema = None
    if signature is not None:
        arguments, returned = signature
        shown = names if len(names) == len(arguments) else [str(index) for index in range(len(arguments))]
        formals = [f"{argument.annotation_str} {name}" for argument, name in zip(arguments, shown, strict=True)]
        schema = f"({', '.join(formals)}) -> {returned.annotation_str}"
    return ["p", kind, True, schema, vararg, [] if vararg else names, "", annotation(value), printed]


def annotation(value: Any) -> str | None:
    """The TorchScript type that `value` stands for in an annotation."""
    try:
        found = torch.jit.annotations.try_ann_to_type(value, Location(), lambda name: None)
    except BaseException:
        return None
    return None if found is None else unmangle(found.annotation_str)


def class_code(table: Table, cls: type, failed: str, special: Any) -> Any:
    bases = [table.name_of(base) for base in cls.__mro__[1:] if base is not object]
    kind = "other"
    fields: list[Any] = []
    members: list[Any] = []
    if issubclass(cls, torch.nn.Module):
        kind = "module"
    elif issubclass(cls, BaseException):
        kind = "exception" if issubclass(cls, Exception) else "base-exception"
    elif issubclass(cls, enum.Enum):
        kind = "enum"
        members = [[name, literal(member.value)] for name, member in cls.__members__.items()]
    elif issubclass(cls, torch.autograd.Function):
        kind = "function"
    elif issubclass(cls, tuple) and hasattr(cls, "_fields"):
        kind = "namedtuple"
        fields = fields_of(cls)
    elif issubclass(cls, torch.Tensor):
        kind = "tensor"
    else:
        try:
            script = compiles(cls) and not failed and special is None
        except Exception:
            script = False
        if script:
            kind = "script"
        elif annotation(cls) is not None:
            kind = "type"
    plain = not failed and special is None and kind not in ("exception", "namedtuple", "script")
    python = python_value(cls) if plain else None
    qualified = f"{cls.__module__}.{cls.__qualname__}"
    if qualified == table.name_of(cls):
        qualified = ""
    return ["k", kind, bases, python, special, fields, members, qualified, failed, annotation(cls)]
