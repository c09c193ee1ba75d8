"""Small projects written to a temporary folder."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from jitlint.project.project import Project

MakeProject = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path) -> MakeProject:
    """make({"pkg/a.py": "..."}, roots=["."], environment=["site"]): writes the files, gives the project."""

    def write(
        files: dict[str, str], roots: tuple[str, ...] = (".",), environment: tuple[str, ...] = (), **more: object
    ) -> Project:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text), encoding="utf-8")
        return Project(
            [str(tmp_path / root) for root in roots],
            [str(tmp_path / folder) for folder in environment],
            **more,  # type: ignore[arg-type]
        )

    return write
