"""The classes of ``torch.nn`` as the compiler sees their instances: used by `build` alone.

For each class an instance is built from likely arguments, its concrete type inferred and its methods compiled; then
again with one constructor argument changed at a time, keeping what differs.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import torch
from torch import nn
from torch.jit import _recursive

from jitlint.torch_api.build_names import Table
from jitlint.torch_api.build_probe import clean, forked, literal, schema_text, unmangle

REQUIRED_VALUES: dict[str, Any] = {
    "in_features": 4, "out_features": 6, "in1_features": 4, "in2_features": 5, "in_channels": 4, "out_channels": 6,
    "kernel_size": 3, "num_features": 4, "normalized_shape": 4, "embed_dim": 4, "num_heads": 2, "d_model": 4,
    "nhead": 2,
    "input_size": 4, "hidden_size": 6, "num_embeddings": 10, "embedding_dim": 4, "output_size": 2, "num_groups": 2,
    "num_channels": 4, "padding": 1, "value": 0.5, "threshold": 0.5, "size": 4, "n_classes": 20, "cutoffs": [5, 10],
    "upscale_factor": 2, "downscale_factor": 2, "groups": 2, "dim": 1, "unflattened_size": (2, 2), "lambd": 0.5,
    "norm_type": 2, "num_layers": 2, "encoder_layer": lambda: nn.TransformerEncoderLayer(4, 2),
    "decoder_layer": lambda: nn.TransformerDecoderLayer(4, 2), "scale_factor": 2, "num_chunks": 2, "bias": True,
    "module": lambda: nn.Linear(4, 6), "original": lambda: nn.Parameter(torch.ones(3)), "scale": 1.0, "zero_point": 0,
    "dtype": torch.quint8, "num_parameters": 1, "conv": lambda: nn.Conv2d(4, 6, 3), "bn": lambda: nn.BatchNorm2d(6),
    "batch_norm": lambda: nn.BatchNorm2d(6), "relu": lambda: nn.ReLU(), "linear": lambda: nn.Linear(4, 6),
    "negative_slope": 0.01, "threshold_value": 0.5, "distance_function": None, "in_proj_container": None,
    "mode": "LSTM",
}  # fmt: skip
"""Values for constructor parameters without a default, by name. Values that are functions are called."""

ALTERNATIVES: dict[str, list[Any]] = {
    "kernel_size": [(3, 3), (3,), (3, 3, 3)], "stride": [2, (2, 2)], "padding": ["same",
    "valid", 1, (1, 1), (1, 1, 1, 1)],
    "dilation": [2], "groups": [2], "padding_mode": ["reflect", "circular"], "num_layers": [2], "dropout": [0.5],
    "proj_size": [3], "nonlinearity": ["relu"], "reduction": ["none", "sum"], "mode": ["sum", "max", "bilinear",
    "nearest"],
    "size": [(4, 4)], "scale_factor": [2, 2.0, (2.0, 2.0)], "align_corners": [True], "output_size": [(2, 2), (2, None)],
    "padding_idx": [0], "max_norm": [1.0], "weight": [lambda: torch.ones(4)], "pos_weight": [lambda: torch.ones(4)],
    "activation": ["gelu", torch.nn.functional.gelu, lambda: nn.GELU()], "kdim": [5], "vdim": [5], "momentum": [None],
    "approximate": ["tanh"], "normalized_shape": [(4,), [4]], "output_ratio": [(0.5, 0.5)], "ceil_mode": [True],
    "dim": [(0, 1)], "start_dim": [0], "norm": [lambda: nn.LayerNorm(4)], "custom_encoder": [lambda: nn.Identity()],
    "enable_nested_tensor": [False], "max_val": [5.0], "threshold": [1.0], "return_indices": [True], "affine": [False],
    "divisor_override": [2], "margin": [2.0], "beta": [2.0], "zero_infinity": [True], "scale": [2.0],
    "div_value": [2.0],
    "distance_function": [lambda: nn.PairwiseDistance()], "ignore_index": [0], "size_average": [True], "reduce": [True],
    "bias": [False, True], "head_bias": [True], "num_parameters": [4], "lambd": [0.3], "alpha": [0.7],
    "eps": [1e-3, None],
    "track_running_stats": [False], "elementwise_affine": [False], "batch_first": [True], "bidirectional": [True],
    "inplace": [True], "count_include_pad": [False], "add_bias_kv": [True], "add_zero_attn": [True],
    "norm_first": [True],
    "num_encoder_layers": [1], "label_smoothing": [0.1], "sparse": [True], "include_last_offset": [True],
    "swap": [True],
    "keepdim": [True], "full": [True], "log_input": [False], "recompute_scale_factor": [True], "cutoffs": [[5]],
}  # fmt: skip
"""Other values worth trying, by parameter name."""

CONV = {
    "kernel_size": (3,), "stride": (1,), "padding": (0,), "dilation": (1,), "transposed": False, "output_padding": (0,),
    "groups": 1, "bias": True, "padding_mode": "zeros",
}  # fmt: skip
EXTRA: dict[str, dict[str, Any]] = {
    "FractionalMaxPool2d": {"output_size": 2},
    "FractionalMaxPool3d": {"output_size": 2},
    "RNNBase": {"mode": "LSTM"},
    "_ConvNd": CONV,
    "_ConvTransposeNd": CONV,
}
"""Arguments that a class needs, for parameters with defaults too."""

CONTAINERS = {"Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}

MACHINERY = set(nn.Module().__dict__) - {"training", "_is_full_backward_hook"}


def made(value: Any) -> Any:
    return value() if callable(value) and getattr(value, "__name__", "") == "<lambda>" else value


def module_classes() -> dict[str, Any]:
    """Facts by canonical name of class."""
    table = Table()
    classes: dict[str, type] = {}
    for values in table.by_module.values():
        for value in values.values():
            if inspect.isclass(value) and issubclass(value, nn.Module):
                classes[table.name_of(value)] = value

    def work(name: str) -> Any:
        return facts(table, classes[name])

    names = sorted(classes)
    answers = forked(work, names, 1)
    result = {}
    for name, answer in zip(names, answers, strict=True):
        if answer is None or "builder_error" in answer:
            print("builder:", name, answer, file=sys.stderr)
            continue
        result[name] = answer
    return result


def facts(table: Table, cls: type) -> dict[str, Any]:
    parameters = constructor(cls)
    found: dict[str, Any] = {
        "qualified": f"{cls.__module__}.{cls.__qualname__}",
        "bases": [table.name_of(base) for base in cls.__mro__[1:] if base is not object],
        "constructor": parameters,
        "members": sorted(set(dir(cls)) - (set(dir(nn.Module)) if cls is not nn.Module else set())),
    }
    if cls.__name__ in CONTAINERS and cls.__module__ == "torch.nn.modules.container":
        found["container"] = cls.__name__
    if issubclass(cls, nn.modules.lazy.LazyModuleMixin):
        found["lazy"] = 1
    built = base_instance(cls, parameters)
    if built is None:
        return found
    arguments, instance = built
    found["arguments"] = [[name, literal(value)] for name, value in arguments.items()]
    base = instance_facts(table, instance, arguments)
    own_methods(cls, instance, base["methods"])
    found.update(base)
    found["variants"] = [] if found.get("lazy") else variants(table, cls, parameters, arguments, base)
    return found


def constructor(cls: type) -> list[Any]:
    try:
        initialiser: Any = getattr(cls, "__init__", None)
        signature = inspect.signature(initialiser)
    except (TypeError, ValueError):
        return []
    kinds = {
        inspect.Parameter.POSITIONAL_ONLY: "positional",
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "positional",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    result: list[Any] = []
    for parameter in list(signature.parameters.values())[1:]:
        row: list[Any] = [parameter.name, kinds[parameter.kind]]
        if parameter.default is not inspect.Parameter.empty:
            row.append(literal(parameter.default))
        result.append(row)
    if issubclass(cls, nn.RNNBase) and result and result[0][1] == "*":
        rows = [row for row in constructor(nn.RNNBase) if row[0] != "mode"]
        if cls.__name__ == "RNN":
            rows.insert(3, ["nonlinearity", "positional", "tanh"])
        return rows
    return result


def base_instance(cls: type, parameters: list[Any]) -> tuple[dict[str, Any], nn.Module] | None:
    arguments: dict[str, Any] = {}
    extra = EXTRA.get(cls.__name__, {})
    for row in parameters:
        if len(row) == 2 and row[1] in ("positional", "keyword"):
            if row[0] not in extra and row[0] not in REQUIRED_VALUES:
                return None
            arguments[row[0]] = made(extra.get(row[0], REQUIRED_VALUES.get(row[0])))
    arguments.update(extra)
    cls = concrete(cls)
    for changes in ({}, {"padding": 1}, {"padding": (1, 1)}, {"num_features": 6}):
        changed = {**arguments, **{name: value for name, value in changes.items() if name in arguments}}
        try:
            return changed, cls(**changed)
        except Exception:
            continue
    return None


def concrete(cls: type) -> type:
    """The class, or where it is abstract one that derives from it and is not."""
    if not inspect.isabstract(cls):
        return cls
    methods = dict.fromkeys(vars(cls)["__abstractmethods__"])
    return type(cls.__name__, (cls,), {**methods, "__module__": cls.__module__})


def instance_facts(table: Table, instance: nn.Module, arguments: dict[str, Any]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    methods: dict[str, Any] = {}
    error = ""
    scripted = None
    try:
        scripted = torch.jit.script(instance)
    except Exception as problem:
        error = clean(str(problem)) or type(problem).__name__
    try:
        concrete = _recursive.get_module_concrete_type(instance, share_types=False)
    except Exception:
        return {"error": error, "attributes": attributes, "methods": methods}
    for name, (type_, is_parameter) in concrete.get_attributes().items():
        kind = "parameter" if is_parameter or name in instance._parameters else "attribute"
        if name in instance._buffers:
            kind = "buffer"
        attributes[name] = [kind, unmangle(type_.annotation_str), known(getattr(instance, name, instance))]
    for name, value in concrete.get_constants().items():
        inferred = torch._C._jit_try_infer_type(value)
        type_text = unmangle(inferred.type().annotation_str) if inferred.success() else None
        attributes[name] = ["constant", type_text, known(value)]
    for name, _ in concrete.get_modules():
        attributes[name] = ["module", table.name_of(type(getattr(instance, name)))]
    for name, value in instance.__dict__.items():
        if name in attributes or name in MACHINERY or name.startswith("__"):
            continue
        if inspect.isroutine(value):
            builtin = torch.jit._builtins._find_builtin(value)
            attributes[name] = ["builtin", builtin] if builtin else ["function", table.name_of(value)]
        else:
            attributes[name] = ["failed", reading_error(instance, name)]
    for name, value in arguments.items():
        if name in attributes and attributes[name][0] in ("constant", "attribute") and same(value, instance, name):
            attributes[name].append(1)
    if scripted is not None:
        for name in scripted._c._method_names():
            methods[name] = [schema_text(scripted._c._get_method(name).schema)]
    return {"error": error, "attributes": attributes, "methods": methods}


def same(value: Any, instance: nn.Module, name: str) -> bool:
    try:
        return bool(getattr(instance, name) == value)
    except Exception:
        return False


def known(value: Any) -> Any:
    """The literal, coded; ``{"?": 0}`` for a value that is none (tensors, modules...)."""
    coded = literal(value)
    return {"?": 0} if "?" in json.dumps(coded) and '{"?"' in json.dumps(coded) else coded


def reading_error(instance: nn.Module, name: str) -> str:
    try:
        scripted = _recursive.create_script_module(instance, lambda module: [], share_types=False)
        scripted.define(f"def jitlint_probe(self):\n    return self.{name}\n")
    except Exception as problem:
        return clean(str(problem))
    return ""


def own_methods(cls: type, instance: nn.Module, methods: dict[str, Any]) -> None:
    """Compile what is not compiled with ``forward``, as a call on the instance would. nn.Module's own methods are
    tried on nn.Module alone."""
    for owner in cls.__mro__:
        if owner in (object, nn.Module) and cls is not nn.Module:
            break
        for name, member in vars(owner).items():
            if name in methods or name.startswith("__") or not inspect.isfunction(member):
                continue
            if name == "forward" or torch._jit_internal.is_ignored_fn(member):
                continue
            methods[name] = compile_method(instance, name)


def compile_method(instance: nn.Module, name: str) -> list[Any]:
    try:
        stub = _recursive.make_stub_from_method(instance, name)

        def stubs(module: nn.Module) -> Any:
            usual = _recursive.infer_methods_to_compile(module)
            return [*usual, stub] if module is instance else usual

        scripted = _recursive.create_script_module(instance, stubs, share_types=False)
        return [schema_text(scripted._c._get_method(name).schema)]
    except Exception as problem:
        return [None, clean(str(problem)) or type(problem).__name__]


def variants(
    table: Table, cls: type, parameters: list[Any], arguments: dict[str, Any], base: dict[str, Any]
) -> list[Any]:
    result: list[Any] = []
    for row in parameters:
        name = row[0]
        if row[1] in ("*", "**"):
            continue
        tries = list(ALTERNATIVES.get(name, []))
        if len(row) == 3 and isinstance(row[2], bool) and (not row[2]) not in tries:
            tries.append(not row[2])
        for alternative in tries:
            value = made(alternative)
            if len(row) == 3 and type(value) is type(row[2]) and value == row[2]:
                continue
            changed = {**arguments, name: value}
            try:
                instance = cls(**changed)
            except Exception:
                continue
            row_facts = difference(base, instance_facts(table, instance, changed))
            if row_facts:
                described = literal(value)
                if isinstance(described, dict) and "?" in described:
                    described = {"?": table.name_of(value) if inspect.isroutine(value) else table.name_of(type(value))}
                result.append([[[name, described]], row_facts])
    return result


def difference(base: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """What in `other` has another kind, type or constant value than in `base`."""
    found: dict[str, Any] = {}
    if other["error"] != base["error"]:
        found["error"] = other["error"]
    attributes: dict[str, Any] = {}
    for name, fact in other["attributes"].items():
        before = base["attributes"].get(name)
        if before is None or before[:2] != fact[:2] or (fact[0] == "constant" and before != fact):
            attributes[name] = fact
    for name in base["attributes"]:
        if name not in other["attributes"]:
            attributes[name] = ["absent"]
    if attributes:
        found["attributes"] = attributes
    methods = {name: fact for name, fact in other["methods"].items() if base["methods"].get(name) != fact}
    if methods:
        found["methods"] = methods
    return found
