"""`jitlint verify` as a process of its own, for tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "JITLINT_OUTPUT_FORMAT": "json"}
HANGS = 300  # seconds after which a test is taken to hang, also on a busy machine
MARK = "JITLINT_TEST_RUN"


def run(
    *arguments: str, cwd: Path | None = None, command: str = "verify", mark: str = "", **environment: str
) -> tuple[int, Any, str]:
    """The exit status, the JSON report, and what was said on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "jitlint", command, *arguments],
        cwd=cwd,
        env={**ENVIRONMENT, MARK: mark, **environment},
        capture_output=True,
        text=True,
        timeout=HANGS,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def verdicts(report: dict[str, Any]) -> list[tuple[str, int, str]]:
    """Code, line and verdict of each finding."""
    return [(f["code"], f["range"]["start"]["line"], f["verdict"]) for f in report["findings"]]
