"""The data against the torch that is installed."""

from __future__ import annotations

import pytest

from jitlint.torch_api import entries
from jitlint.torch_api.api import TorchAPI, available, load

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def api() -> TorchAPI:
    torch = pytest.importorskip("torch")
    version = torch.__version__.split("+")[0]
    if version not in available():
        pytest.skip(f"no data for torch {version}")
    return load(version)


def test_operators_are_all_there_in_order(api: TorchAPI) -> None:
    import torch

    for name in {schema.name for schema in torch._C._jit_get_all_schemas()}:
        if not api.schemas(name):
            continue  # registered by another package
        tried = [str(schema) for schema in torch._C._jit_get_schemas_for_operator(name)]
        assert [schema.text for schema in api.schemas(name) if "::" in schema.name] == tried


def test_variants_are_what_the_compiler_lists(api: TorchAPI) -> None:
    import torch

    from jitlint.torch_api.build_probe import compile_text

    left_out = {"unary_out"}  # the matcher's own block list (``isBlockListedSchema``)
    for name in ("add", "mul", "lt", "split", "max", "sum", "clamp"):
        _, message = compile_text(f"def f(x):\n    return torch.{name}(x, zzz__=1)\n", {"torch": torch})
        listed = [line.strip()[:-1] for line in message.splitlines() if line.endswith(":") and ") -> " in line]
        schemas = api.schemas(f"aten::{name}")
        assert listed == [schema.text for schema in schemas if schema.overload not in left_out]


@pytest.mark.parametrize("namespace", ["torch.nn.functional", "torch", "math", "torch.jit", "torch.nn.init"])
def test_names(api: TorchAPI, namespace: str) -> None:
    """Every 7th name of the namespace is to the compiler what the data says."""
    import importlib
    import types

    from jitlint.torch_api.build_probe import compile_text

    module = importlib.import_module(namespace)
    for name in api.names_of(namespace)[::7]:
        entry = api.entry(f"{namespace}.{name}")
        if not hasattr(module, name) or isinstance(getattr(module, name), types.ModuleType):
            continue
        result, message = compile_text(f"def f(x):\n    return m.{name}\n", {"m": module})
        own = message.strip("\n").split(":\n")[0]
        match entry:
            case entries.ConstantValue():
                assert result is not None, name
            case entries.Operator():
                assert own == "builtin cannot be used as a value", name
            case entries.Function(schema=None, error=error):
                assert message.strip("\n").startswith(error.split("\n")[0][:60]), name
            case entries.Function() | entries.Overloaded():
                assert own == "function cannot be used as a value", name
            case entries.BooleanDispatch():
                assert own == "boolean dispatch cannot be used as a value", name
            case entries.PythonValue(python_type=kind):
                assert own.startswith(f"python value of type '{kind}' cannot be used"), name
            case entries.Refused(message=text):
                assert own.split(" at 0x")[0] == text.split(" at 0x")[0], name


def test_functions_have_the_schema_that_is_compiled(api: TorchAPI) -> None:
    import torch
    import torch.nn.functional as functional

    for name in ("relu", "cross_entropy", "gumbel_softmax", "normalize", "layer_norm", "multi_head_attention_forward"):
        entry = api.entry(f"torch.nn.functional.{name}")
        assert isinstance(entry, entries.Function)
        assert entry.schema is not None
        assert entry.schema.text == str(torch.jit.script(getattr(functional, name)).schema)


def test_modules_have_the_forward_that_is_compiled(api: TorchAPI) -> None:
    import torch
    from torch import nn

    for name, module in (
        ("Linear", nn.Linear(4, 6)),
        ("BatchNorm2d", nn.BatchNorm2d(4)),
        ("MultiheadAttention", nn.MultiheadAttention(4, 2)),
        ("Embedding", nn.Embedding(10, 4)),
        ("CrossEntropyLoss", nn.CrossEntropyLoss()),
    ):
        facts = api.module_class(f"torch.nn.{name}")
        assert facts is not None
        assert facts.forward is not None
        compiled = torch.jit.script(module).forward.schema
        assert [(one.name, one.default is not None) for one in facts.forward.arguments] == [
            (one.name, one.has_default_value()) for one in compiled.arguments
        ]
        assert [str(one) for one in facts.forward.returns] == [one.type.annotation_str for one in compiled.returns]
