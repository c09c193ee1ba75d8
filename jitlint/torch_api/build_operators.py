"""The operators of an installed torch, as schema text: used by `build` alone."""

from __future__ import annotations

import re
from typing import Any

import torch

from jitlint.torch_api.build_probe import compile_text, forked, unmangle

SINGLE_BUILTINS = {
    "device": "device(str type) -> Device",
    "type": "type(Tensor self, int dtype, bool non_blocking=False, bool copy=False) -> Tensor",
    "list_with_default": "list_with_default(int[] out_size, int[] defaults) -> int[]",
    "_assert_int_or_pair": "_assert_int_or_pair(int[] vals, str name, str message) -> NoneType",
}
"""TorchScript-defined builtins that stand alone under their symbol: no list of variants is ever printed for them.
Written down from ``torch/csrc/jit/frontend/builtin_functions.cpp``; the builder checks that each compiles."""

SINGLE_CALLS = {
    "device": "f('cpu')",
    "type": "f(x, 5)",
    "list_with_default": "f([1], [2])",
    "_assert_int_or_pair": "f([1, 2], 'a', 'b')",
}


class Callable_:
    """Something to register under an operator's symbol."""


def probe_callable(op: str) -> Any:
    handle = Callable_()
    torch.jit._builtins._register_builtin(handle, op)
    return handle


def variants(op: str) -> list[str]:
    """The schemas that the compiler lists for a call of `op` that cannot match, in the order tried."""
    handle = probe_callable(op)
    _, message = compile_text("def f(x):\n    return op(x, zzz__=1)\n", {"op": handle})
    if "The following variants are available:" not in message:
        return []
    return [unmangle(line.strip()[:-1]) for line in re.findall(r"^  (\S.*\) -> .*:)$", message, flags=re.MULTILINE)]


def operators() -> dict[str, list[str]]:
    """Schemas by symbol in the order tried: registered ones, then those defined in TorchScript (named without
    ``::``)."""
    by_name: dict[str, list[str]] = {}
    for schema in torch._C._jit_get_all_schemas():
        by_name.setdefault(schema.name, []).append(str(schema))
    for name, texts in by_name.items():
        tried = [str(schema) for schema in torch._C._jit_get_schemas_for_operator(name)]
        assert sorted(tried) == sorted(texts), name
        by_name[name] = tried
    symbols = sorted(
        {name for name in by_name if name.startswith(("aten::", "prim::"))}
        | set(torch.jit._builtins._get_builtin_table().values())
        | {"aten::floordiv", "aten::_assert", "prim::shape", "prim::ndim", "prim::T", "prim::H", "prim::mT", "prim::mH"}
    )
    builtins: dict[str, list[str]] = {}
    for op, listed in zip(symbols, forked(variants, symbols), strict=True):
        extra = [text for text in listed or [] if "::" not in text.split("(")[0]]
        if extra:
            builtins[op] = extra
    for name, text in SINGLE_BUILTINS.items():
        op = f"aten::{name}"
        if op in builtins or op in by_name:
            continue
        source = f"def f(x):\n    return {SINGLE_CALLS[name].replace('f(', 'op(')}\n"
        if compile_text(source, {"op": probe_callable(op)})[0] is not None:
            builtins[op] = [text]
    for op, texts in builtins.items():
        by_name[op] = [*by_name.get(op, ()), *texts]
    return by_name
