"""What texts show of star imports, and that it agrees with what the parsed files bind."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from jitlint.project.files import Finder
from jitlint.project.project import Project
from jitlint.project.stars import StarTexts

from .conftest import MakeProject
from .test_resolve import ask

FILES = {
    "pkg/__init__.py": "from .one import *\nfrom .two import *\nfrom .deep import *\n",
    "pkg/one.py": "from .base import Base\nclass One(Base): ...\n__all__ = [\n    'One',  \n    \"more\",\n]\nmore = 1\n",
    "pkg/two.py": "# a name is exported through `__all__`\nfrom .base import (\n    Base,\n    Extra  # a comment\n)\nhidden = 'Deep'\n",
    "pkg/base.py": "class Base: ...\nclass Extra: ...\n",
    "pkg/deep/__init__.py": "from ..deep.inner import *\n",
    "pkg/deep/inner.py": "from . import *\nfrom .last import *\n",
    "pkg/deep/last.py": "class Deep: ...\n",
    "main.py": "from pkg import *\n",
}


def lacks(folder: Path, module: str, name: str, overlay: Mapping[str, str] | None = None) -> bool:
    finder = Finder([str(folder)], [], overlay or {}, [])
    return StarTexts(finder, overlay or {}).lacks(str(folder / module), name) is not None


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("pkg/one.py", "One", False),
        ("pkg/one.py", "more", False),
        ("pkg/one.py", "Base", True),  # bound, but not in its `__all__`
        ("pkg/two.py", "Base", False),
        ("pkg/two.py", "Extra", False),
        ("pkg/two.py", "Absent", True),
        ("pkg/deep/inner.py", "Absent", False),  # `from . import *` is not followed
        ("pkg/deep/last.py", "Deep", False),
        ("pkg/__init__.py", "One", False),
        ("pkg/missing.py", "One", False),
    ],
)
def test_what_a_text_shows(make: MakeProject, tmp_path: Path, module: str, name: str, expected: bool) -> None:
    make(FILES)
    assert lacks(tmp_path, module, name) is expected


@pytest.mark.parametrize(
    "text",
    [
        "__all__ = ['a'] + other.__all__\n",  # computed
        "__all__ = ['a']\n__all__ += more\nfrom . import *\n",
        "__all__ = ['a']\nglobals()['Net'] = 1\nclass Net: ...\n",
        "from .x import \\\n    *\n",
        "from absent import *\n",
        "from .absent import *\n",
        "def __getattr__(name): ...\n__all__ = names()\n",
        "import other as Net\n",
        "for Net in range(3): ...\n",
        "a, Net = 1, 2\n",
        "(Net := 3)\n",
    ],
)
def test_what_may_bring_a_name(make: MakeProject, tmp_path: Path, text: str) -> None:
    make({"pkg/__init__.py": "", "pkg/part.py": text})
    if text.startswith("__all__ = ['a'] +"):
        assert not lacks(tmp_path, "pkg/part.py", "a")
    else:
        assert not lacks(tmp_path, "pkg/part.py", "Net")


def test_a_circle_of_stars_ends(make: MakeProject, tmp_path: Path) -> None:
    make({"pkg/__init__.py": "from .a import *\n", "pkg/a.py": "from .b import *\n", "pkg/b.py": "from .a import *\n"})
    assert lacks(tmp_path, "pkg/__init__.py", "Net")


def test_an_overlay_counts_and_not_what_is_on_disk(make: MakeProject, tmp_path: Path) -> None:
    make({"pkg/__init__.py": "from .a import *\n", "pkg/a.py": "Other = 1\n"})
    overlay = {str(tmp_path / "pkg" / "a.py"): "Nèt = 1\nNet = 2\n"}
    assert lacks(tmp_path, "pkg/__init__.py", "Net")
    assert not lacks(tmp_path, "pkg/__init__.py", "Net", overlay)
    assert not lacks(tmp_path, "pkg/__init__.py", "Nèt", overlay)
    assert not lacks(tmp_path, "pkg/__init__.py", "Other")
    assert lacks(tmp_path, "pkg/__init__.py", "Other", overlay)


def test_the_names_that_stars_bring_are_those_that_python_binds(make: MakeProject) -> None:
    project = make({**FILES, "pkg/deep/inner.py": "from .last import *\n"})
    assert ask(project, "One") == "class pkg.one:One"
    assert ask(project, "Extra") == "class pkg.base:Extra"
    assert ask(project, "Deep") == "class pkg.deep.last:Deep"
    assert ask(project, "more") == "value more = 1"
    assert ask(project, "Nothing") == ""


def test_only_the_file_that_brings_a_name_is_parsed(make: MakeProject) -> None:
    project = make({**FILES, "pkg/deep/inner.py": "from .last import *\n"})
    ask(project, "One")
    read = {os.path.basename(path) for path in project.indexes()}
    assert "one.py" in read
    assert not read & {"two.py", "last.py", "inner.py"}


def test_nor_are_those_parsed_that_an_editor_shows(make: MakeProject, tmp_path: Path) -> None:
    make({**FILES, "pkg/deep/inner.py": "from .last import *\n"})
    overlay = {str(tmp_path / path): FILES[path] + "\n" for path in ("pkg/two.py", "pkg/deep/last.py", "main.py")}
    project = Project([str(tmp_path)], overlay=overlay)
    ask(project, "One")
    read = {os.path.basename(path) for path in project.indexes()}
    assert "one.py" in read
    assert not read & {"two.py", "last.py", "inner.py"}


def test_an_answer_rests_on_the_files_that_do_not_bring_the_name(make: MakeProject, tmp_path: Path) -> None:
    project = make({**FILES, "pkg/deep/inner.py": "from .last import *\n"})
    index = project.module("main")
    assert index is not None
    project.start_recording()
    project.resolve_expr(index.scope, ast.parse("One", mode="eval").body)
    assert {str(tmp_path / "pkg" / "two.py"), str(tmp_path / "pkg" / "deep" / "last.py")} <= project.dependencies
