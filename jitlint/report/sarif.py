"""SARIF 2.1.0, the interchange format of static analysers that GitHub's code scanning and others read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jitlint.findings import registry
from jitlint.findings.identity import Sources, fingerprints, relative
from jitlint.findings.model import Finding, Fix, Result, RunError
from jitlint.report.objects import verification_object
from jitlint.report.style import Style
from jitlint.report.words import file_uri
from jitlint.source.problem import Span
from jitlint.version import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_BASE = "%SRCROOT%"


def lines(result: Result, style: Style) -> Iterator[str]:
    """The log: one run. Paths below the base are relative to ``%SRCROOT%``."""
    codes = sorted({finding.code for finding in result.findings})
    names = fingerprints(result.findings, style.base, Sources())
    properties: dict[str, Any] = {"torch": result.torch_version, "files": result.files}
    if result.verification is not None:
        properties["verification"] = verification_object(result.verification)
    run = {
        "tool": {
            "driver": {
                "name": "jitlint",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not result.errors,
                "toolExecutionNotifications": [_notification(error, style) for error in result.errors],
            }
        ],
        "originalUriBaseIds": {_BASE: {"uri": file_uri(style.base).rstrip("/") + "/"}},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, codes.index(finding.code), name, style)
            for finding, name in zip(result.findings, names, strict=True)
        ],
        "properties": properties,
    }
    yield from json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2).split("\n")


def _rule(code: str) -> dict[str, Any]:
    rule = registry.rule(code)
    text = rule.body.strip() or rule.help or rule.name
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary or rule.name},
        "fullDescription": {"text": rule.summary or rule.name},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[rule.severity], "enabled": rule.default},
        "properties": {"tags": ["torchscript"], "torch": rule.torch},
    }


def _result(finding: Finding, index: int, fingerprint: str, style: Style) -> dict[str, Any]:
    message = finding.message
    if finding.condition:
        message += f" (where {finding.condition})"
    properties = {
        "torchMessage": finding.torch_message,
        "help": finding.help,
        "condition": finding.condition,
        "verdict": finding.verdict,
        "verdictReason": finding.verdict_reason or None,
    }
    found: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [{"physicalLocation": _place(finding.path, finding.span, style)}],
        "partialFingerprints": {"jitlint/v1": fingerprint},
        "properties": {key: value for key, value in properties.items() if value},
    }
    if finding.chain:
        found["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": {
                    "artifactLocation": _artifact(frame.path, style),
                    "region": {"startLine": frame.line},
                },
                "message": {"text": f"compiled because of this, in {frame.qualname}"},
            }
            for number, frame in enumerate(reversed(finding.chain), 1)
        ]
    if finding.fix is not None and finding.fix.edits:
        found["fixes"] = [_fix(finding.fix, style)]
    return found


def _fix(fix: Fix, style: Style) -> dict[str, Any]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for edit in fix.edits:
        changes.setdefault(edit.path, []).append(
            {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.content}}
        )
    return {
        "description": {"text": fix.description},
        "artifactChanges": [
            {"artifactLocation": _artifact(path, style), "replacements": replacements}
            for path, replacements in changes.items()
        ],
        "properties": {"applicability": fix.applicability},
    }


def _notification(error: RunError, style: Style) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": error.message},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(error.path, style)}}],
    }


def _place(path: str, span: Span, style: Style) -> dict[str, Any]:
    return {"artifactLocation": _artifact(path, style), "region": _region(span)}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _artifact(path: str, style: Style) -> dict[str, str]:
    inside = relative(path, style.base)
    if inside == path.replace("\\", "/"):
        return {"uri": file_uri(path)}
    return {"uri": file_uri("/" + inside).removeprefix("file:///"), "uriBaseId": _BASE}
