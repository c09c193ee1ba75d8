"""How text is shown: colours, and paths relative to the working directory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

_CODES = {"bold": "1", "dim": "2", "red": "1;31", "yellow": "1;33", "blue": "1;34", "cyan": "36", "green": "32"}
VERDICT_COLORS = {"confirmed": "red", "refuted": "green", "masked": "yellow", "unverifiable": "dim"}
_OF_SEVERITY = {"error": "red", "warning": "yellow", "info": "blue"}


@dataclass(frozen=True, slots=True)
class Style:
    """color: whether to use terminal colours. base: the folder that paths are shown relative to."""

    color: bool = False
    base: str = field(default_factory=os.getcwd)

    def paint(self, text: str, name: str) -> str:
        """The text in a colour, or as it is."""
        return f"\033[{_CODES[name]}m{text}\033[0m" if self.color and text else text

    def severity(self, text: str, severity: str) -> str:
        """The text in the colour of a severity."""
        return self.paint(text, _OF_SEVERITY[severity])

    def path(self, path: str) -> str:
        """A path relative to the base where it lies below it."""
        base = self.base.rstrip(os.sep) + os.sep
        return path[len(base) :] if path.startswith(base) else path
