"""What torch offers to TorchScript, per version, read from data: `check` needs no torch.

    api = load("2.13.0")                    # the data nearest to that version; load(None): the newest
    api.entry("torch.nn.functional.relu")   # Function | Operator | ... (see `entries`), Missing, or None: not known
    api.schemas("aten::add")                # every overload, in the order in which the compiler tries them
    api.tensor_attribute("shape")           # List[int]
    api.method_ops(TENSOR, "add")           # the overloads of x.add(...): those whose `self` accepts the type
    api.module_class("torch.nn.Conv2d")     # constructor, attributes, methods of the instances
    api.canonical("torch.nn.modules.linear.Linear")  # "torch.nn.Linear"

Names are dotted: module path, then attributes; ``builtins.len`` for builtins. Everything is parsed when first asked
for. Data files are made by `jitlint.torch_api.build`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jitlint.torch_api.entries import ConstantValue, Entry, ModuleClassFacts
    from jitlint.types.model import Schema, Type


def load(version: str | None = None) -> TorchAPI:
    """The API of `version` (``"2.13.0"``, ``"2.13.0+cpu"``, ``"1.13"``), or of the nearest version that has data."""
    raise NotImplementedError


class TorchAPI:
    """One version's data. `version` is the data's own."""

    version: str

    def schemas(self, op: str) -> tuple[Schema, ...]:
        """Overloads of ``aten::add``, in the order tried: registered operators, then TorchScript-defined builtins.
        Empty where there is no such operator."""
        raise NotImplementedError

    def entry(self, name: str) -> Entry | None:
        """What `name` is. `Missing` where a covered namespace lacks it, None where nothing is known about it."""
        raise NotImplementedError

    def canonical(self, name: str) -> str:
        """The shortest public name of the same object; `name` itself where there is none."""
        raise NotImplementedError

    def known_namespace(self, name: str) -> bool:
        """Whether `name` is a module whose every attribute is in the data."""
        raise NotImplementedError

    def constant(self, name: str) -> ConstantValue | None:
        raise NotImplementedError

    def is_exception(self, name: str) -> bool | None:
        """Whether it is a subclass of Exception; None where it is unknown."""
        raise NotImplementedError

    def bases(self, name: str) -> tuple[str, ...] | None:
        """The mro of a class after itself, as canonical dotted names; None where it is no known class."""
        raise NotImplementedError

    def tensor_attribute(self, name: str) -> Type | None:
        """The type of ``x.name`` for a Tensor x where it is a property, not a method."""
        raise NotImplementedError

    def value_attribute(self, type_: Type, name: str) -> Type | None:
        """The same for any type (``torch.device``'s ``type`` and ``index``)."""
        raise NotImplementedError

    def method_ops(self, type_: Type, name: str) -> tuple[Schema, ...]:
        """The overloads of ``x.name(...)``, for x of `type_`: all overloads of ``aten::name`` (the compiler tries them
        all) if one of them takes x as `self`, else none."""
        raise NotImplementedError

    def python_attributes(self, type_name: str) -> frozenset[str]:
        """Names that the eager type has (``Tensor``: dir(torch.Tensor)): to say 'exists in Python' in messages."""
        raise NotImplementedError

    def module_class(self, name: str) -> ModuleClassFacts | None:
        raise NotImplementedError

    def dtypes(self) -> frozenset[str]:
        """Names of dtypes below ``torch.``."""
        raise NotImplementedError
