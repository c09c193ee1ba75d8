"""A test module's `CASES` (pages' examples) written out, and what jitlint and the compiler say to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from rule_examples import TORCH, answers_to, found_in, write_out

from jitlint.findings.model import Finding


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("examples")
    write_out(request.module.CASES, folder)
    return folder


@pytest.fixture(scope="module")
def findings(request: pytest.FixtureRequest, folder: Path) -> dict[str, list[Finding]]:
    return found_in(request.module.CASES, folder)


@pytest.fixture(scope="module")
def answers(request: pytest.FixtureRequest, folder: Path) -> dict[str, dict[str, Any]]:
    cases = [case for case in request.module.CASES if not case.tool and case.torch_version == TORCH]
    return answers_to(cases, folder)
