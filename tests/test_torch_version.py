"""Older targets: what a release takes is not flagged for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conformance.programs import programs

from jitlint.config import Settings
from jitlint.runner import check

# How many of the catalogue's programs are flagged although the release takes them; may only shrink.
FALSE_ALARMS = {"1.4.0": 8, "1.6.0": 7, "1.8.1": 3, "1.10.2": 3, "1.12.1": 7, "2.13.0": 0}
SAID: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "conformance" / "versions.json").read_text(encoding="utf-8")
)


def test_rules_of_later_releases_are_silent(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text("import torch\n\n@torch.jit.script\ndef f(x):\n    raise x\n", encoding="utf-8")
    new = check([str(path)], Settings(root=str(tmp_path), torch_version="2.13.0"))
    assert ([f.code for f in new.findings], new.units[0].verdict) == (["JIT217"], "rejected")
    # Up to 1.6 it compiles; what else the release may reject is not known.
    old = check([str(path)], Settings(root=str(tmp_path), torch_version="1.6.0"))
    assert (old.findings, old.units[0].verdict) == ((), "unknown")
    assert (old.units[0].unknown[0].reason, old.units[0].unknown[0].line) == ("JIT217 is known of torch >=1.7 only", 5)


@pytest.mark.slow
@pytest.mark.parametrize("version", FALSE_ALARMS)
def test_what_a_release_takes_is_not_flagged(version: str) -> None:
    taken = {
        str(program.path): program.id
        for program in programs()
        if SAID.get(f"{program.id}.py", {}).get(version) == "accepted" and not program.hazard
    }
    assert len(taken) > 1000
    result = check(list(taken), Settings(root="/", torch_version=version))
    flagged = {taken[f.path] for f in result.findings if f.severity == "error" and f.path in taken}
    assert len(flagged) == FALSE_ALARMS[version], sorted(flagged)
