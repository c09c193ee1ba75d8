"""What a function leaves alone, read off its text."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitlint.project.index import function_scope
from jitlint.project.project import Project
from jitlint.shapes.effects import EffectsTable
from jitlint.shapes.effects_reading import SURROUNDINGS, Effects


def effects(folder: Path, text: str, name: str = "f", cls: str | None = None) -> Effects:
    (folder / "m.py").write_text(text)
    project = Project([str(folder)])
    index = project.index_file(str(folder / "m.py"))
    for one in list(index.functions):
        function_scope(one)  # indexes what is defined inside
    definition = next(one for one in index.functions_by_node.values() if one.qualname == name)
    receiver = next((one for one in index.classes if one.name == cls), None)
    return EffectsTable(project).effects(definition, receiver)


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("return len(x) + y", set()),
        ("x.attr = 1", {"x"}),
        ("x.__doc__ = 'text'", set()),
        ("setattr(x, 'attr', 1)", {"x"}),
        ("setattr(x, '__doc__', y.strip())", set()),
        ("x[0] = y", {"x"}),
        ("del x[0]", {"x"}),
        ("x.append(y)", {"x"}),
        ("x += [y]", {"x"}),
        ("x += 'text'", set()),
        ("z = x.inner\n    z.attr = 1", {"x"}),
        ("z = []\n    z.append(x)\n    z[0].attr = 1", {"x"}),
        ("z = []\n    z.append(x)\n    z.append(1)", set()),
        ("for z in x:\n        z.attr = 1", {"x"}),
        ("unknown = y.get('a', x)\n    unknown.attr = 1", {"x", "y"}),
        ("x.forward(y)", {"x", "y"}),
        ("x.weight.normal_()", set()),
        ("helper(x)", {"x"}),
        ("helper(y=x, x=y)", {"y"}),
        ("changes_nothing(x)", set()),
        ("def inner(a):\n        a.attr = 1\n    inner(x)", {"x", "y"}),
        ("import os\n    return os.path.join(x, y)", set()),
        ("from somewhere import something\n    something(x)", {"x"}),
    ],
)
def test_changed(tmp_path: Path, body: str, changed: set[str]) -> None:
    text = f"""
def helper(x, y=None):
    x.attr = y
def changes_nothing(x):
    return changes_nothing(x.inner) if x else None
def f(x, y):
    {body}
"""
    assert effects(tmp_path, text).changed == changed


def test_what_is_not_read_to_the_end_changes_no_variables_of_a_function_around_where_there_is_none(
    tmp_path: Path,
) -> None:
    text = """
def numbers(n):
    yield n
def documented(cls):
    cls.__doc__ = str(list(numbers(cls.__name__)))
    return cls
def outer():
    found = []
    def numbers_found(n):
        found.append(n)
        yield n
"""
    assert effects(tmp_path, text, "documented") == Effects(frozenset(), frozenset({"cls"}), "cls")
    assert SURROUNDINGS in effects(tmp_path, text, "outer.<locals>.numbers_found").changed


def test_a_decorator_that_hands_its_argument_back(tmp_path: Path) -> None:
    text = """
import inspect
def documented(function, intro=None):
    signature = inspect.signature(function)
    text = intro or ""
    for name in signature.parameters:
        text += describe(name, function)
    function.__doc__ = text
    return function
def describe(name, function):
    return f"{name} of {function.__qualname__}"
def f(function):
    if function is None:
        raise ValueError
    return documented(function, intro="text")
"""
    assert effects(tmp_path, text).passes == "function"
    assert effects(tmp_path, text).changed == set()


@pytest.mark.parametrize(
    "body",
    [
        "if function: return function",
        "function = wrap(function)\n    return function",
        "return wrap(function)",
        "return function if function else None",
        "yield function",
    ],
)
def test_not_handed_back(tmp_path: Path, body: str) -> None:
    text = f"def wrap(g):\n    def inner(x):\n        return g(x)\n    return inner\ndef f(function):\n    {body}\n"
    assert effects(tmp_path, text).passes is None


def test_methods_are_those_of_the_receiver(tmp_path: Path) -> None:
    text = """
class A:
    def build(self):
        self.make()
    def make(self):
        pass
class B(A):
    def make(self):
        self.attr = 1
"""
    assert effects(tmp_path, text, "A.build", "A").changed == set()
    assert effects(tmp_path, text, "A.build", "B").changed == {"self"}


def test_variables_of_functions_around(tmp_path: Path) -> None:
    text = "def outer():\n    seen = []\n    def f(x):\n        seen.append(x)\n    return f\n"
    assert SURROUNDINGS in effects(tmp_path, text, "outer.<locals>.f").changed


def test_a_circle_is_looked_at_whole(tmp_path: Path) -> None:
    text = """
def f(x, n):
    if n:
        g(x, n - 1)
def g(x, n):
    f(x, n)
    x.attr = n
"""
    assert effects(tmp_path, text, "f").changed == {"x"}
    assert effects(tmp_path, text, "g").changed == {"x"}


def test_functions_that_all_call_each_other_end_soon(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(40)]
    text = "\n".join(f"def {name}(x):\n    " + "\n    ".join(f"{one}(x)" for one in names) for name in names)
    assert effects(tmp_path, text, "f0").changed >= {"x"}
