"""Decorators that wrap: which are seen through, and where the names of the body are looked up."""

from __future__ import annotations

import pytest

from jitlint.project.definitions import FunctionDefinition, Scope
from jitlint.project.project import Project
from jitlint.project.wrapping import autocast_decorator, body_scope, wrappings

from .conftest import MakeProject

DECORATORS = """
import contextlib, functools, torch
def aid(x): ...
def wrapping(f):
    @functools.wraps(f)
    def inner(*a):
        return aid(f(*a))
    return inner
def updating(f):
    def inner(*a): ...
    return functools.update_wrapper(inner, f)
def calling(f):
    def inner(*a): ...
    return functools.wraps(f)(inner)
def factory(n):
    def make(f):
        @functools.wraps(f)
        def inner(*a): ...
        return inner
    return make
def no_grad(f):
    return torch.no_grad()(f)
def same(f):
    f.mark = 1
    return f
def register(name):
    def keep(f):
        return f
    return keep
def opaque(f):
    def inner(x): ...
    return inner
def either(f):
    if torch.cuda.is_available():
        return f
    return opaque(f)
@contextlib.contextmanager
def context():
    yield
"""


def target(make: MakeProject, decorators: str) -> tuple[Project, FunctionDefinition]:
    program = f"import functools, torch\nfrom torch import nn\nfrom deco import *\n{decorators}\ndef f(x): ...\n"
    project = make({"deco.py": DECORATORS, "main.py": program})
    index = project.module("main")
    assert index is not None
    return project, index.functions[-1]


@pytest.mark.parametrize(
    ("decorators", "expected"),
    [
        ("", []),
        ("@torch.jit.export", []),
        ("@same", []),
        ("@register('a')", []),
        ("@torch.no_grad()", ["torch.no_grad"]),
        ("@torch.no_grad", ["torch.no_grad"]),
        ("@no_grad", ["no_grad"]),
        ("@wrapping", ["wrapping"]),
        ("@updating", ["updating"]),
        ("@calling", ["calling"]),
        ("@factory(1)", ["factory"]),
        ("@context()", ["context"]),
        ("@torch.jit.export\n@wrapping\n@torch.no_grad()", ["wrapping", "torch.no_grad"]),
        ("@opaque", None),
        ("@either", None),
        ("@factory", None),
        ("@unknown", None),
        ("@wrapping\n@opaque", None),
    ],
)
def test_what_wraps(make: MakeProject, decorators: str, expected: list[str] | None) -> None:
    found = wrappings(*target(make, decorators))
    assert (None if found is None else [wrapping.name for wrapping in found]) == expected


@pytest.mark.parametrize(
    ("decorators", "seen", "unseen"),
    [
        ("@torch.no_grad()", {"functools", "List", "len", "F"}, {"torch", "nn", "aid"}),
        ("@torch.amp.custom_fwd(device_type='cpu')", {"torch", "functools"}, {"nn", "F"}),
        ("@wrapping", {"aid", "torch", "functools", "f"}, {"nn"}),
        ("@context()", {"sys"}, {"torch", "aid"}),
    ],
)
def test_where_names_are_looked_up(make: MakeProject, decorators: str, seen: set[str], unseen: set[str]) -> None:
    project, function = target(make, decorators)
    scope = body_scope(project, function)
    assert isinstance(scope, Scope)
    assert {name for name in seen | unseen if project.resolve(scope, name)} == seen


def test_without_wrapping_the_own_scope_counts(make: MakeProject) -> None:
    assert body_scope(*target(make, "@same")) is None
    assert body_scope(*target(make, "@opaque")) is None


def test_autocast(make: MakeProject) -> None:
    assert autocast_decorator(*target(make, "@torch.autocast('cpu')")) is not None
    assert autocast_decorator(*target(make, "@torch.no_grad()")) is None
