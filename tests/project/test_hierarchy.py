"""Kinds of classes, linearisation and members, across files."""

from __future__ import annotations

import pytest

from jitlint.project import hierarchy
from jitlint.project.definitions import ClassDefinition
from jitlint.project.project import Project
from jitlint.project.targets import ExternalName, Unresolved

from .conftest import MakeProject


def class_of(project: Project, name: str, module: str = "main") -> ClassDefinition:
    index = project.module(module)
    assert index is not None
    return next(cls for cls in index.classes if cls.qualname == name)


def order(project: Project, name: str) -> list[str]:
    return [
        item.name if isinstance(item, ExternalName) else item.qualname
        for item in hierarchy.mro(project, class_of(project, name)).classes
    ]


FILES = {
    "base.py": """
        import torch.nn as nn
        from torch import nn as other
        Module = nn.Module
        class Root(Module):
            def forward(self, x): ...
            def helper(self): ...
        class Mixin:
            def extra(self): ...
    """,
    "pkg/__init__.py": "from base import *\nfrom .lazy import Late\n",
    "pkg/lazy.py": "import pkg\nclass Late(pkg.Root): ...\n",
}


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import pkg\nclass C(pkg.Late): ...", True),
        ("from pkg import Root as R\nclass C(R): ...", True),
        ("from pkg import Mixin\nclass C(Mixin): ...", False),
        ("class C: ...", False),
        ("class C(Exception): ...", False),
        ("from torch.nn import Linear\nclass C(Linear): ...", True),
        ("from torch import jit\nclass C(jit.ScriptModule): ...", True),
        ("from torch.nn import *\nclass C(Module): ...", True),
        ("import torch\nclass C(torch.autograd.Function): ...", False),
        ("from unknown import Base\nclass C(Base): ...", None),
        ("from unknown import Base\nimport torch\nclass C(Base, torch.nn.Module): ...", True),
        (
            "from typing import Generic, TypeVar\nimport torch\nclass C(torch.nn.Module, Generic[TypeVar('T')]): ...",
            True,
        ),
        ("import abc, torch\nclass C(torch.nn.Module, abc.ABC, metaclass=abc.ABCMeta): ...", True),
        ("import six, abc, torch\nclass C(six.with_metaclass(abc.ABCMeta, torch.nn.Module)): ...", True),
        ("import torch\nB = torch.nn.Module if cond else object\nclass C(B): ...", None),
        ("try:\n    from pkg import Root\nexcept ImportError:\n    Root = object\nclass C(Root): ...", True),
        ("class C(C): ...", None),
        ("def make(): ...\nclass C(make()): ...", None),
        ("import torch\nfrom torch.nn import Linear\nclass Linear(Linear): ...\nclass C(Linear): ...", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pkg import Root\nclass C(Root): ...", None),
    ],
)
def test_is_module_class(make: MakeProject, program: str, expected: bool | None) -> None:
    project = make({**FILES, "main.py": program})
    assert hierarchy.is_module_class(project, class_of(project, "C")) is expected


def test_linearisation(make: MakeProject) -> None:
    project = make(
        {
            "main.py": """
                import torch.nn as nn
                class A(nn.Module): ...
                class B(A): ...
                class C(A): ...
                class D(B, C): ...
                class E(A, D): ...
                class F(nn.Linear, A): ...
            """
        }
    )
    assert order(project, "D") == ["D", "B", "C", "A", "torch.nn.Module"]
    broken = hierarchy.mro(project, class_of(project, "E"))
    assert not broken.complete
    assert "consistent order" in broken.reasons[0]
    assert order(project, "F") == ["F", "torch.nn.Linear", "A", "torch.nn.Module"]


def test_kinds(make: MakeProject) -> None:
    project = make(
        {
            "main.py": """
                import collections, dataclasses, enum, torch
                from collections import namedtuple
                from typing import NamedTuple
                class Color(enum.Enum): ...
                class Paint(Color): ...
                class Point(NamedTuple): ...
                class Place(namedtuple("Place", "x y")): ...
                Spot = collections.namedtuple("Spot", "x")
                class Dot(Spot): ...
                class Oops(ValueError): ...
                class Worse(Oops): ...
                @dataclasses.dataclass(frozen=True)
                class Data: ...
                @torch.jit.interface
                class Face: ...
                class Fn(torch.autograd.Function): ...
            """
        }
    )

    def those(test: object) -> set[str]:
        index = project.module("main")
        assert index is not None
        return {cls.name for cls in index.classes if test(project, cls)}  # type: ignore[operator]

    assert those(hierarchy.is_enum) == {"Color", "Paint"}
    assert those(hierarchy.is_namedtuple) == {"Point", "Place", "Dot"}
    assert those(hierarchy.is_exception) == {"Oops", "Worse"}
    assert those(hierarchy.is_dataclass) == {"Data"}
    assert those(hierarchy.is_interface) == {"Face"}
    assert those(hierarchy.is_autograd_function) == {"Fn"}


def test_members(make: MakeProject) -> None:
    project = make(
        {
            **FILES,
            "main.py": """
                from pkg import Root, Mixin
                from unknown import Base
                class C(Mixin, Root):
                    flag: bool
                    size = 1
                    size = 2
                    gone = 3
                    del gone
                    @property
                    def value(self): return 1
                    @value.setter
                    def value(self, new): ...
                class U(Mixin, Base): ...
            """,
        }
    )
    cls = class_of(project, "C")

    def owner(name: str) -> str | None:
        found = hierarchy.find_member(project, cls, name)
        return (
            found[0].qualname if isinstance(found, tuple) else found.name if isinstance(found, ExternalName) else None
        )

    assert owner("extra") == "Mixin"
    assert owner("forward") == "Root"
    assert owner("register_buffer") == "torch.nn.Module.register_buffer"
    assert hierarchy.find_member(project, cls, "absent") is None
    assert hierarchy.find_member(project, cls, "flag") is None
    assert hierarchy.find_member(project, cls, "gone") is None
    size, value = hierarchy.find_member(project, cls, "size"), hierarchy.find_member(project, cls, "value")
    assert isinstance(size, tuple)
    assert isinstance(value, tuple)
    assert size[1].line == 7
    assert value[1] is cls.body.bindings["value"][0]
    assert isinstance(hierarchy.find_member(project, class_of(project, "U"), "absent"), Unresolved)
    assert isinstance(hierarchy.find_member(project, class_of(project, "U"), "extra"), tuple)
