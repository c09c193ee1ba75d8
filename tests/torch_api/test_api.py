"""The reader of the data files."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jitlint.torch_api import entries
from jitlint.torch_api.api import TorchAPI, available, load
from jitlint.torch_api.entries import REQUIRED, Attribute, ClassEntry, Missing, Namespace, Operator
from jitlint.types import model
from jitlint.types.model import DictType, ListType, OptionalType, TupleType


@pytest.fixture(scope="module")
def api() -> TorchAPI:
    return load("2.13.0")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (None, "2.13.0"),
        ("2.13.0+cpu", "2.13.0"),
        ("2.13", "2.13.0"),
        ("1.13.1", "1.13.0"),
        ("1.1.0", "1.13.0"),
        ("2.1", "1.13.0"),
        ("2.9.1", "2.13.0"),
        ("3.0", "2.13.0"),
        ("nightly", "2.13.0"),
    ],
)
def test_nearest_version(asked: str | None, given: str) -> None:
    assert load(asked).version == given
    assert load(asked) is load(given)


def test_reading_needs_no_torch() -> None:
    code = (
        "import sys; from jitlint.torch_api.api import load; api = load(None)\n"
        "assert api.entry('torch.relu') and api.module_class('torch.nn.Linear') and api.schemas('aten::add')\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_overloads_are_in_the_order_tried(api: TorchAPI) -> None:
    names = [schema.overload for schema in api.schemas("aten::add")]
    assert names[:4] == ["Tensor", "Scalar", "out", "Scalar_out"]
    assert [schema.text for schema in api.schemas("aten::add")[-3:]] == [
        "add(float a, Tensor b) -> Tensor",
        "add(int a, Tensor b) -> Tensor",
        "add(complex a, Tensor b) -> Tensor",
    ]


def test_absent_operators(api: TorchAPI) -> None:
    assert api.schemas("aten::finfo") == ()
    assert api.schemas_known("aten::finfo")
    assert not api.schemas_known("cuda::_current_device")
    assert not api.schemas_known("torchvision::nms")


def test_operator(api: TorchAPI) -> None:
    assert api.entry("torch.relu") == Operator("torch.relu", "aten::relu")
    assert api.entry("torch.nn.functional.conv2d") == Operator("torch.conv2d", "aten::conv2d")
    assert api.entry("math.sqrt") == Operator("math.sqrt", "aten::sqrt")
    assert api.entry("torch.ops.aten.relu") == Operator("torch.ops.aten.relu", "aten::relu")


def test_function(api: TorchAPI) -> None:
    entry = api.entry("torch.nn.functional.dropout")
    assert isinstance(entry, entries.Function)
    assert entry.schema is not None
    assert entry.schema.text == "dropout(Tensor input, float p=0.5, bool training=True, bool inplace=False) -> Tensor"


def test_function_that_does_not_compile(api: TorchAPI) -> None:
    entry = api.entry("torch.cuda.is_initialized")
    assert isinstance(entry, entries.Function)
    assert entry.schema is None
    assert "python value of type 'bool' cannot be used as a value" in entry.error


def test_boolean_dispatch(api: TorchAPI) -> None:
    entry = api.entry("torch.nn.functional.max_pool2d")
    assert isinstance(entry, entries.BooleanDispatch)
    assert (entry.flag, entry.position, entry.default) == ("return_indices", 6, False)
    assert entry.if_true.schema is not None
    assert entry.if_false.schema is not None
    assert entry.if_true.schema.result == TupleType((model.TENSOR, model.TENSOR))
    assert entry.if_false.schema.result == model.TENSOR
    assert entry.if_false.schema.arguments[1].size == 2


def test_overloaded_function(api: TorchAPI) -> None:
    entry = api.entry("torch.nn.functional.interpolate")
    assert isinstance(entry, entries.Overloaded)
    assert [str(schema.arguments[1].type) for schema in entry.schemas] == [
        "Optional[int]",
        "Optional[List[int]]",
        "Optional[int]",
        "Optional[List[int]]",
    ]


def test_constants(api: TorchAPI) -> None:
    found = api.constant("math.pi")
    assert found is not None
    assert (found.type, found.value, found.python_type) == (model.FLOAT, 3.141592653589793, "float")
    dtype = api.constant("torch.float32")
    assert dtype is not None
    assert (dtype.type, dtype.value, dtype.python_type) == (model.INT, 6, "dtype")
    assert api.dtypes()["float32"] == api.dtypes()["float"] == 6
    assert api.constant("torch.inf") is not None
    assert api.constant("torch.relu") is None
    assert api.entry("torch.version.cuda") is None  # differs from build to build


@pytest.mark.parametrize(
    ("name", "form"),
    [("builtins.len", "len"), ("torch.jit.annotate", "annotate"), ("torch.jit.fork", "fork"), ("builtins.zip", "zip")],
)
def test_special_forms(api: TorchAPI, name: str, form: str) -> None:
    entry = api.entry(name)
    if isinstance(entry, ClassEntry):
        entry = entry.special
    assert isinstance(entry, entries.Special)
    assert entry.form == form


def test_refused(api: TorchAPI) -> None:
    entry = api.entry("time.time")
    assert isinstance(entry, entries.Refused)
    assert entry.message == "Python builtin <built-in function time> is currently not supported in Torchscript"


def test_missing_is_not_unknown(api: TorchAPI) -> None:
    missing = api.entry("torch.foo_bar")
    assert missing == Missing("torch.foo_bar", "torch", "object has no attribute foo_bar")
    assert isinstance(api.entry("torch.ops.aten.foo_bar"), Missing)
    assert api.entry("torch.ops.torchvision.nms") is None
    assert api.entry("torch._dynamo.foo_bar") is None
    assert api.entry("some.package") is None
    assert api.entry("math.foo_bar") is None  # another Python may have it
    assert api.entry("torch.utils.tensorboard") == Namespace("torch.utils.tensorboard", covered=False)
    assert api.known_namespace("torch.nn.functional")
    assert not api.known_namespace("torch._dynamo")


def test_canonical_names(api: TorchAPI) -> None:
    assert api.canonical("torch.nn.modules.linear.Linear") == "torch.nn.Linear"
    assert api.canonical("torch.functional.split") == "torch.split"
    assert api.canonical("torch.special.expit") == "torch.special.expit"
    assert api.canonical("torch.nn.functional.math.pi") == "math.pi"
    assert api.canonical("some.package") == "some.package"


def test_classes(api: TorchAPI) -> None:
    linear = api.entry("torch.nn.Linear")
    assert isinstance(linear, ClassEntry)
    assert (linear.kind, linear.bases, linear.qualified) == (
        "module",
        ("torch.nn.Module",),
        "torch.nn.modules.linear.Linear",
    )
    assert linear.python is not None
    assert linear.python.call_error == "Cannot instantiate class 'Linear' in a script function"
    packed = api.entry("torch.nn.utils.rnn.PackedSequence")
    assert isinstance(packed, ClassEntry)
    assert packed.kind == "namedtuple"
    assert packed.fields[2] == ("sorted_indices", OptionalType(model.TENSOR))
    device = api.entry("torch.device")
    assert isinstance(device, ClassEntry)
    assert (device.special, device.annotation) == (Operator("torch.device", "aten::device"), model.DEVICE)


def test_exceptions_and_bases(api: TorchAPI) -> None:
    assert api.is_exception("builtins.ValueError") is True
    assert api.is_exception("builtins.KeyboardInterrupt") is False
    assert api.is_exception("torch.nn.Linear") is False
    assert api.is_exception("some.Error") is None
    assert api.bases("builtins.ValueError") == ("builtins.Exception", "builtins.BaseException")
    assert api.bases("torch.nn.Conv2d") == ("torch.nn.modules.conv._ConvNd", "torch.nn.Module")
    assert api.bases("torch.relu") is None


def test_attributes_of_values(api: TorchAPI) -> None:
    assert api.tensor_attribute("shape") == ListType(model.INT)
    assert api.tensor_attribute("dtype") == model.INT
    assert api.tensor_attribute("relu") is None
    assert api.value_attribute(model.DEVICE, "index") == OptionalType(model.INT)
    assert api.value_attribute(model.STR, "index") is None
    assert "numpy" in api.python_attributes("Tensor")


def test_methods_of_values(api: TorchAPI) -> None:
    assert api.method_ops(model.TENSOR, "add") == api.schemas("aten::add")
    assert api.method_ops(model.TENSOR, "numpy") == ()
    assert api.method_ops(model.TENSOR, "type") == api.schemas("aten::to")
    assert [len(schema.arguments) for schema in api.method_ops(model.TENSOR, "float")] == [1]
    assert api.method_ops(model.STR, "split")
    assert api.method_ops(model.STR, "removeprefix") == ()
    assert api.method_ops(model.STR, "__contains__") == ()
    assert api.method_ops(model.INT, "bit_length") == ()
    assert api.method_ops(ListType(model.STR), "append")
    assert api.method_ops(DictType(model.INT, model.TENSOR), "items")
    assert api.method_ops(OptionalType(model.TENSOR), "relu") == ()


def test_module_constructor_and_attributes(api: TorchAPI) -> None:
    facts = api.module_class("torch.nn.modules.conv.Conv2d")
    assert facts is not None
    assert facts.name == "torch.nn.Conv2d"
    assert [(p.name, p.default) for p in facts.constructor[:4]] == [
        ("in_channels", REQUIRED),
        ("out_channels", REQUIRED),
        ("kernel_size", REQUIRED),
        ("stride", 1),
    ]
    assert facts.forward is not None
    assert facts.forward.arguments[1].name == "input"
    assert facts.attributes["weight"].kind == "parameter"
    assert facts.attributes["stride"] == Attribute("stride", "constant", TupleType((model.INT, model.INT)), (1, 1))
    assert facts.attributes["bias"].type == OptionalType(model.TENSOR)  # so annotated in the class, with or without one
    linear = api.module_class("torch.nn.Linear")
    assert linear is not None
    (without_bias,) = [one for one in linear.variants if one.arguments == (("bias", False),)]
    assert without_bias.attributes["bias"].type == model.NONE


def test_module_variants_change_the_forward(api: TorchAPI) -> None:
    facts = api.module_class("torch.nn.MaxPool2d")
    assert facts is not None
    (variant,) = [one for one in facts.variants if one.arguments == (("return_indices", True),)]
    forward = variant.methods["forward"].schema
    assert forward is not None
    assert forward.result == TupleType((model.TENSOR, model.TENSOR))


def test_module_overloads(api: TorchAPI) -> None:
    facts = api.module_class("torch.nn.LSTM")
    assert facts is not None
    first, second = facts.methods["forward"].overloads
    assert first.arguments[1].type == model.TENSOR
    packed = second.arguments[1].type
    assert isinstance(packed, TupleType)
    assert packed.fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
    assert [p.name for p in facts.constructor[:4]] == ["input_size", "hidden_size", "num_layers", "bias"]


def test_modules_that_do_not_compile(api: TorchAPI) -> None:
    lazy = api.module_class("torch.nn.LazyLinear")
    assert lazy is not None
    assert lazy.lazy
    assert "has uninitialized parameters" in lazy.error
    container = api.module_class("torch.nn.ModuleList")
    assert container is not None
    assert container.container == "ModuleList"


def test_methods_of_nn_module_fail(api: TorchAPI) -> None:
    method = api.module_method("torch.nn.Linear", "parameters")
    assert method is not None
    assert (method.schema, method.error) == (None, "Yield aren't supported")
    assert api.module_method("torch.nn.Linear", "no_such_method") is None


@pytest.mark.parametrize("version", available())
def test_every_entry_is_read(version: str) -> None:
    """No row of the data is left undecoded but those that say so."""
    api = load(version)
    for namespace in api.namespaces():
        for name in api.names_of(namespace):
            row = api._names(namespace)[name]
            if row == ["?"] or isinstance(row, str):
                continue
            assert api.entry(f"{namespace}.{name}") is not None, (namespace, name, row)
    for name in api.module_classes():
        facts = api.module_class(name)
        assert facts is not None
        for attribute in facts.attributes.values():
            assert attribute.type != model.UNKNOWN, (name, attribute)
