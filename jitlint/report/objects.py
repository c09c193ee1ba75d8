"""Findings and units as JSON objects, as ``schema.json`` describes them."""

from __future__ import annotations

from typing import Any

from jitlint.findings.model import Finding, RunError, Unit, Verification
from jitlint.source.problem import Span

SCHEMA_VERSION = 1


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding; lines and columns are 1-based, ends exclusive."""
    fix = finding.fix
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity,
        "message": finding.message,
        "torch_message": finding.torch_message,
        "path": finding.path,
        "range": range_object(finding.span),
        "help": finding.help,
        "url": finding.url,
        "chain": [{"path": frame.path, "line": frame.line, "qualname": frame.qualname} for frame in finding.chain],
        "condition": finding.condition,
        "verdict": finding.verdict,
        "verdict_reason": finding.verdict_reason,
        "fix": None
        if fix is None
        else {
            "applicability": fix.applicability,
            "description": fix.description,
            "edits": [
                {"path": edit.path, "range": range_object(edit.span), "content": edit.content} for edit in fix.edits
            ],
        },
    }


def unit_object(unit: Unit) -> dict[str, Any]:
    """A unit; `findings` are indexes into the findings of the result."""
    return {
        "qualname": unit.qualname,
        "module": unit.module,
        "kind": unit.kind,
        "path": unit.path,
        "line": unit.line,
        "verdict": unit.verdict,
        "unknown": [{"reason": why.reason, "path": why.path, "line": why.line} for why in unit.unknown],
        "findings": list(unit.findings),
    }


def error_object(error: RunError) -> dict[str, Any]:
    """What kept a file from being checked."""
    return {"path": error.path, "message": error.message}


def verification_object(verification: Verification) -> dict[str, Any]:
    """What `verify` did: counts of verdicts, seconds."""
    return {
        "python": verification.python,
        "torch": verification.torch,
        "device": verification.device,
        "confirmed": verification.confirmed,
        "refuted": verification.refuted,
        "masked": verification.masked,
        "unverifiable": verification.unverifiable,
        "missed": verification.missed,
        "differing": verification.differing,
        "compiled": verification.compiled,
        "questions": verification.questions,
        "seconds": {
            "imports": round(verification.imports, 3),
            "construction": round(verification.construction, 3),
            "compilation": round(verification.compilation, 3),
            "total": round(verification.total, 3),
        },
    }


def range_object(span: Span) -> dict[str, Any]:
    """A range of a file."""
    return {
        "start": {"line": span.line, "column": span.column},
        "end": {"line": span.end_line, "column": span.end_column},
    }
