"""The shape of a report."""

from __future__ import annotations

import ast
from typing import Protocol


class Report(Protocol):
    """Tell of a problem: the rule's code, where it is, what torch says (as far as it is fixed), and our words."""

    def __call__(self, code: str, node: ast.AST, torch_message: str, message: str = "") -> None: ...
