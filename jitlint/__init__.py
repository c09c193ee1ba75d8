"""jitlint: lists everything in a source tree that ``torch.jit.script`` will reject.

>>> import jitlint
>>> result = jitlint.check(["src"])  # doctest: +SKIP

Importing this package imports neither torch nor anything heavy: names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jitlint.version import __version__

if TYPE_CHECKING:
    from jitlint.config import Settings
    from jitlint.findings.model import Finding, Result, Unit
    from jitlint.runner import check

__all__ = ["Finding", "Result", "Settings", "Unit", "__version__", "check"]

_HOMES = {
    "check": "jitlint.runner",
    "Settings": "jitlint.config",
    "Finding": "jitlint.findings.model",
    "Result": "jitlint.findings.model",
    "Unit": "jitlint.findings.model",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(home), name)
