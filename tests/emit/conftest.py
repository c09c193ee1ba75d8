"""Programs as strings: `check` says what the compiler would be told about them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jitlint.analysis import Session

PRELUDE = """\
import collections, dataclasses, enum, functools
from dataclasses import dataclass, field
from typing import *

import torch
import torch.nn.functional as F
from torch import Tensor, nn

"""
Check = Callable[[str], list[tuple[str, str]]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Takes a program that defines `entry` or `Entry`; gives the code and torch's message of each error."""

    def run(program: str) -> list[tuple[str, str]]:
        path = tmp_path / "program.py"
        future = "from __future__ import annotations\n" if program.startswith("# future") else ""
        path.write_text(future + PRELUDE + program, encoding="utf-8")
        wanted = ("program:entry", "program:Entry")
        report = Session(roots=[str(tmp_path)], entry_points=wanted).check_file(str(path))
        return [(one.code, one.torch_message) for one in report.findings if one.severity == "error"]

    return run
