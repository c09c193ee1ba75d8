"""The cache over real analyses."""

from __future__ import annotations

from pathlib import Path

from jitlint.runner import check


def test_a_module_that_turns_up_later_is_noticed(tmp_path: Path) -> None:
    """A cached result holds no longer once a file is there that was looked for and not found."""
    (tmp_path / "pyproject.toml").write_text("[tool.jitlint]\n")
    (tmp_path / "model.py").write_text(
        "import torch\nfrom helpers import helper\n\n\n"
        "class Model(torch.nn.Module):\n    def forward(self, x: torch.Tensor) -> torch.Tensor:\n        return helper(x)\n"
    )

    def verdict() -> str:
        result = check([tmp_path], use_cache=True)
        return next(unit.verdict for unit in result.units if unit.qualname == "Model")

    assert verdict() == "unknown"
    (tmp_path / "helpers.py").write_text("def helper(x):\n    return lambda: x\n")
    assert verdict() == "rejected"
    (tmp_path / "helpers.py").unlink()
    assert verdict() == "unknown"
