"""The whole result as one JSON object; ``schema.json`` beside this file is its contract."""

from __future__ import annotations

import json
from collections.abc import Iterator

from jitlint.findings.model import Result
from jitlint.report.objects import SCHEMA_VERSION, error_object, finding_object, unit_object, verification_object
from jitlint.report.style import Style
from jitlint.version import __version__


def lines(result: Result, style: Style) -> Iterator[str]:
    """One object, a finding or unit per line so that a `diff` of two reports can be read."""
    yield "{"
    yield f'"schema": {SCHEMA_VERSION},'
    yield f'"version": {json.dumps(__version__)},'
    yield f'"torch": {json.dumps(result.torch_version)},'
    yield from _array("units", [unit_object(unit) for unit in result.units], ",")
    yield from _array("findings", [finding_object(finding) for finding in result.findings], ",")
    yield from _array("errors", [error_object(error) for error in result.errors], ",")
    if result.verification is not None:
        yield f'"verification": {json.dumps(verification_object(result.verification))},'
    counts = {"files": result.files, "suppressed": result.suppressed, "baselined": result.baselined}
    yield f'"summary": {json.dumps(counts)}'
    yield "}"


def _array(key: str, objects: list[dict[str, object]], behind: str) -> Iterator[str]:
    if not objects:
        yield f'"{key}": []{behind}'
        return
    yield f'"{key}": ['
    last = len(objects) - 1
    for number, item in enumerate(objects):
        yield json.dumps(item) + ("," if number < last else "")
    yield f"]{behind}"
