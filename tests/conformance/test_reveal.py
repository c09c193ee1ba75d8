"""What `jitlint reveal` says of the parameters and results of the catalogue's programs is what the compiler says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import FOLDER, TORCH, programs

from jitlint.analysis import Session
from jitlint.reveal import NotFound, reveal_name

# Programs of which jitlint does not know the result's type: they call objects that it does not look into.
UNKNOWN = frozenset(
    {
        "global-script-module-call.good.py",  # a ScriptModule made elsewhere
        "module-attr-of-script-list.good.py",
        "method-tensor-unique.good.py",  # which of four functions torch.unique is, its flags say
        "ok-custom-op-object-call.ok.py",  # torch.library.custom_op
        "ok-custom-op-through-ops.ok.py",
        "ok-global-module-called.ok.py",  # calls into Python
        "ok-lru-cache-function.ok.py",
        "ok-parametrized-module.ok.py",  # modules that a function of torch.nn.utils changed
        "spectral-norm-hook.good.py",
    }
)


# What they script has no schema to compare with: a module without a forward, an object of a script class.
WITHOUT_SCHEMA = frozenset({"frontend/module-without-forward.good", "frontend/script-plain-object-missing-init-field.good"})


def compiler_says() -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "schemas.py")],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def jitlint_says(path: str, name: str) -> tuple[list[list[str]], str]:
    session = Session(roots=[os.path.dirname(path)], torch_version=TORCH, recording=True)
    try:
        found = reveal_name(session, session.project.index_file(path), name)
    except NotFound:
        found = []
    if not found:
        return [], "nothing"
    return [list(one) for one in found[0].parameters], found[0].result


@pytest.mark.torch
def test_types_equal_those_of_the_compiler() -> None:
    torch = pytest.importorskip("torch")
    if torch.__version__.split("+")[0] != TORCH:
        pytest.skip(f"the data is that of torch {TORCH}; installed is {torch.__version__}")
    answers = compiler_says()
    compiling = [program for program in programs() if program.kind != "bad"]
    scripted = [program for program in compiling if "torch.jit.trace" not in program.path.read_text(encoding="utf-8")]
    told = {Path(answer["path"]) for answer in answers}
    assert {program.id for program in scripted if program.path not in told} == WITHOUT_SCHEMA
    wrong = {}
    for program in answers:
        path = program["path"]
        said = jitlint_says(path, program["name"])
        # The compiler names types after the module that holds them; as a script, a program has no such name.
        module = "__torch__." + re.sub(r"\W", "_", os.path.basename(path)) + "."
        expected = json.loads(json.dumps([program["parameters"], program["result"]]).replace(module, "__torch__."))
        if [*said] != expected:
            wrong[os.path.basename(path)] = f"{expected} {said}"
    assert {name: why for name, why in wrong.items() if name not in UNKNOWN} == {}
    assert set(wrong) == UNKNOWN, "these agree now: take them off the list"
