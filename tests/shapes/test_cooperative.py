"""Constructors that torch's own ones run by ``super().__init__()``, and those that nn.Module's does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from jitlint.analysis import Session

PROGRAM = """
import torch
from torch import nn


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self._name = "x"

    @property
    def name(self) -> str:
        return self._name


class Plain:
    def __init__(self):
        self._name = "x"

    @property
    def name(self) -> str:
        return self._name


class Loss(nn.L1Loss, Named):
    pass


class Chain(nn.Sequential, Named):
    pass


class Behind(nn.Sequential, Plain):
    pass
"""


def test_a_mixin_before_module_is_run(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(PROGRAM)
    units = {unit.qualname: unit.verdict for unit in Session(roots=[str(tmp_path)]).check_file(str(path)).units}
    assert units["Loss"] != "rejected"
    assert units["Chain"] != "rejected"
    assert units["Behind"] == "rejected"


@pytest.mark.torch
def test_the_compiler_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    (tmp_path / "cooperative_model.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(tmp_path)
    import cooperative_model as model  # type: ignore[import-not-found]

    torch.jit.script(model.Loss())
    torch.jit.script(model.Chain())
    with pytest.raises(RuntimeError, match="has no attribute '_name'"):
        torch.jit.script(model.Behind())
