"""Blocks of ``try`` and ``if`` that a module runs, or not, when it is imported."""

from __future__ import annotations

import ast

import pytest

from .conftest import MakeProject
from .test_resolve import ask

FILES = {"site/torch/__init__.py": "", "site/present.py": "value = 1", "site/broken.py": "import absent"}


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("try:\n    import absent\n    FLAG = True\nexcept ImportError:\n    FLAG = False", "value FLAG = False"),
        ("try:\n    import present\n    FLAG = True\nexcept ImportError:\n    FLAG = False", "value FLAG = True"),
        ("try:\n    import broken\n    FLAG = True\nexcept ImportError:\n    FLAG = False", "value FLAG = False"),
        ("try:\n    from absent import FLAG\nexcept Exception:\n    FLAG = None", "value FLAG = None"),
        ("try:\n    from present import value as FLAG\nexcept ImportError:\n    FLAG = 0", "value value = 1"),
        # What comes before the import that fails is bound, what comes behind it is not.
        ("try:\n    FLAG = 1\n    import absent\n    FLAG = 2\nexcept ImportError:\n    pass", "value FLAG = 1"),
        # A handler that does not catch it, and a body that may raise anything.
        (
            "try:\n    import absent\n    FLAG = True\nexcept KeyError:\n    FLAG = False",
            "value FLAG = True | value FLAG = False",
        ),
        (
            "try:\n    import present\n    FLAG = present.f()\nexcept ImportError:\n    FLAG = False",
            "value FLAG = present.f() | value FLAG = False",
        ),
    ],
)
def test_try(make: MakeProject, program: str, expected: str) -> None:
    assert ask(make({**FILES, "main.py": program}, environment=("site",)), "FLAG") == expected


def test_an_environment_that_is_not_known(make: MakeProject) -> None:
    program = "try:\n    import absent\n    FLAG = True\nexcept ImportError:\n    FLAG = False"
    assert ask(make({"main.py": program}), "FLAG") == "value FLAG = True | value FLAG = False"


@pytest.mark.parametrize("name", ["__editable___absent_1_0_finder.py", "extra.pth"])
def test_what_other_folders_hold_is_not_missing(make: MakeProject, name: str) -> None:
    program = "try:\n    import absent\n    FLAG = True\nexcept ImportError:\n    FLAG = False"
    files = {**FILES, f"site/{name}": "elsewhere", "site/elsewhere/absent.py": "", "main.py": program}
    assert ask(make(files, environment=("site",)), "FLAG") == "value FLAG = True | value FLAG = False"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(True, "value FLAG = 1"), (False, "value FLAG = 2"), (None, "value FLAG = 1 | value FLAG = 2")],
)
def test_if_asks_whoever_can_evaluate(make: MakeProject, answer: bool | None, expected: str) -> None:
    project = make({"main.py": "if condition():\n    FLAG = 1\nelse:\n    FLAG = 2"})
    asked: list[str] = []

    def decide(scope: object, test: ast.expr) -> bool | None:
        asked.append(ast.unparse(test))
        return answer

    project.decide = decide
    assert ask(project, "FLAG") == expected
    assert asked == ["condition()"]


def test_a_name_that_changes_later_decides_nothing(make: MakeProject) -> None:
    project = make({"main.py": "ON = True\nif ON:\n    FLAG = 1\nelse:\n    FLAG = 2\nON = False"})
    project.decide = lambda scope, test: False
    assert ask(project, "FLAG") == "value FLAG = 1 | value FLAG = 2"
