"""Attributes of values, asked of an installed compiler: used by `build` alone."""

from __future__ import annotations

from typing import Any

import torch

from jitlint.torch_api.build_probe import compile_text, forked

TYPES: dict[str, type] = {
    "Tensor": torch.Tensor,
    "Device": torch.device,
    "Generator": torch.Generator,
    "Stream": torch.Stream,
    "int": int,
    "float": float,
    "bool": bool,
    "complex": complex,
    "str": str,
    "List[int]": list,
    "List[Tensor]": list,
    "Dict[str, int]": dict,
    "Tuple[int, int]": tuple,
}
"""TorchScript's name of a type and the Python class whose attributes are tried."""


def values() -> dict[str, Any]:
    """``attributes``: by type and name, the type of the property; ``python``: the names that exist in Python;
    ``casts``: Tensor methods that are casts, with the number of the dtype."""
    attributes: dict[str, dict[str, str]] = {}
    python: dict[str, list[str]] = {}
    for type_name, cls in TYPES.items():
        names = sorted(set(dir(cls)) | ({"shape", "dtype", "device", "grad", "ndim"} if cls is torch.Tensor else set()))
        python[type_name] = [name for name in names if not name.startswith("__")]

        def probe(name: str, type_name: str = type_name) -> str | None:
            source = f"def f(x: {type_name}):\n    return x.{name}\n"
            schema, _ = compile_text(source, {"torch": torch, "Generator": torch.Generator, "Stream": torch.Stream})
            return None if schema is None else schema.partition(" -> ")[2]

        found = {
            name: answer for name, answer in zip(names, forked(probe, names), strict=True) if isinstance(answer, str)
        }
        attributes[type_name] = {
            name: text[1:-1] if text.startswith("((") and text.endswith("))") else text for name, text in found.items()
        }
    return {"attributes": attributes, "python": python, "casts": casts()}


def casts() -> dict[str, int]:
    """``builtin_cast_method_to_scalar_type``: methods of Tensor that are no operators but casts."""
    known = {
        "byte": torch.uint8,
        "char": torch.int8,
        "double": torch.float64,
        "float": torch.float32,
        "cfloat": torch.complex64,
        "cdouble": torch.complex128,
        "int": torch.int32,
        "long": torch.int64,
        "short": torch.int16,
        "half": torch.float16,
        "bool": torch.bool,
        "bfloat16": torch.bfloat16,
    }
    found = {}
    for name, dtype in known.items():
        if torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
            continue
        schema, _ = compile_text(f"def f(x):\n    return x.{name}()\n", {})
        if schema is not None:
            unit = torch._C.CompilationUnit()
            unit.define(f"def f(x):\n    return x.{name}().dtype\n", {}.get)
            number = unit.find_function("f")(torch.ones(1))
            found[name] = number if isinstance(number, int) else dtype_number(dtype)
    return found


def dtype_number(dtype: torch.dtype) -> int:
    unit = torch._C.CompilationUnit()
    unit.define("def f(x):\n    return x.dtype\n", {}.get)
    number = unit.find_function("f")(torch.ones(1).to(dtype))
    assert isinstance(number, int)
    return number
