"""Older targets: what a release takes is not flagged for it, and what it does not compile at all is no unit."""

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


TRY = "        try:\n            return x\n        except ValueError:\n            return x\n"
PLAIN = f"class Plain(nn.Module):\n    def forward(self, x):\n{TRY}"
CALLER = (
    "class Caller(torch.jit.ScriptModule):\n    def __init__(self):\n        super().__init__()\n        self.part = {0}\n"
    "    @torch.jit.script_method\n    def forward(self, x):\n        return {1}(x)\n"
)
WEAK = "from torch._jit_internal import weak_module, weak_script, weak_script_method\n"
# What torch 1.1.0 compiled, and where it stopped, of each: units with their verdicts, lines of findings.
BEFORE_1_2 = [
    pytest.param(PLAIN, {}, [], id="a plain module"),
    pytest.param(f"{PLAIN}torch.jit.script(Plain())\n", {"Plain": "unknown"}, [], id="a plain module that is scripted"),
    pytest.param(PLAIN + CALLER.format("Plain()", "self.part"), {"Caller": "unknown"}, [], id="a plain submodule"),
    pytest.param(f"def help(x):\n{TRY}" + CALLER.format("1", "help"), {"Caller": "unknown"}, [], id="a plain function"),
    pytest.param(
        CALLER.format("1", "self.help") + f"    def help(self, x):\n{TRY}",
        {"Caller": "unknown"},
        [],
        id="a plain method",
    ),
    pytest.param(
        f"{WEAK}class Part(nn.Linear):\n    @weak_script_method\n    def forward(self, x):\n{TRY}"
        + CALLER.format("Part(2, 2)", "self.part"),
        {"Part": "unknown", "Caller": "unknown"},
        [],
        id="a weak method of a plain class",
    ),
    pytest.param(
        f"{WEAK}@weak_module\nclass Part(nn.Linear):\n    @weak_script_method\n    def forward(self, x):\n{TRY}"
        + CALLER.format("Part(2, 2)", "self.part"),
        {"Part": "rejected", "Caller": "rejected"},
        [8],
        id="weak script",
    ),
    pytest.param(
        CALLER.format("1", "self.help") + f"    @torch.jit.script_method\n    def help(self, x):\n{TRY}",
        {"Caller": "rejected"},
        [12],
        id="script methods",
    ),
    pytest.param(
        f"class Only(torch.jit.ScriptModule):\n    def forward(self, x):\n{TRY}",
        {"Only": "accepted"},
        [],
        id="a ScriptModule without any",
    ),
    pytest.param(
        f"@torch.jit.script\ndef help(x):\n{TRY}" + CALLER.format("1", "help"),
        {"help": "rejected", "Caller": "rejected"},
        [5],
        id="a scripted function",
    ),
]


@pytest.mark.parametrize(("text", "units", "lines"), BEFORE_1_2)
def test_before_1_2_only_what_is_marked_is_compiled(
    text: str, units: dict[str, str], lines: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "m.py"
    path.write_text(f"import torch\nfrom torch import nn\n{text}", encoding="utf-8")
    for version in ("1.0.1", "1.1.0"):
        found = check([str(path)], Settings(root=str(tmp_path), torch_version=version))
        assert {one.qualname: one.verdict for one in found.units} == units
        assert sorted(one.span.line for one in found.findings if one.severity == "error") == lines
    after = check([str(path)], Settings(root=str(tmp_path), torch_version="1.2.0"))
    assert any(one.verdict == "rejected" for one in after.units) or "Only" in units
