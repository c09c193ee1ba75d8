"""Findings as an editor shows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from lsprotocol import types as lsp

from jitlint.findings.model import Finding
from jitlint.lsp.engine import Page
from jitlint.lsp.positions import to_position, to_range
from jitlint.lsp.uris import to_uri
from jitlint.worker import UNUSED_SUPPRESSION

SOURCE = "jitlint"
_SEVERITIES = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "info": lsp.DiagnosticSeverity.Information,
}
_DEPRECATED = "JIT7"  # the rules about legacy and removed API


def page_diagnostics(page: Page, pages: Mapping[str, Page], encoding: str) -> list[lsp.Diagnostic]:
    """The diagnostics of a file. pages: where the lines of other files are found, for the chains that lead here."""
    return [diagnostic(finding, page.lines, pages, encoding) for finding in page.findings]


def diagnostic(finding: Finding, lines: Sequence[str], pages: Mapping[str, Page], encoding: str) -> lsp.Diagnostic:
    """One finding as a diagnostic."""
    return lsp.Diagnostic(
        range=to_range(finding.span, lines, encoding),
        message=message(finding),
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        code_description=lsp.CodeDescription(finding.url) if finding.url else None,
        source=SOURCE,
        tags=_tags(finding) or None,
        related_information=_related(finding, pages, encoding) or None,
    )


def message(finding: Finding) -> str:
    """What is said: our sentence, the condition it holds under, and the compiler's first line where that says more."""
    text = finding.message
    if finding.condition:
        text += f" (where {finding.condition})"
    theirs = finding.torch_message.strip().partition("\n")[0]
    if theirs and theirs.rstrip(".: ") not in text:
        text += f"\ntorch says: {theirs}"
    return text


def _tags(finding: Finding) -> list[lsp.DiagnosticTag]:
    if finding.code.startswith(_DEPRECATED):
        return [lsp.DiagnosticTag.Deprecated]
    return [lsp.DiagnosticTag.Unnecessary] if finding.code == UNUSED_SUPPRESSION else []


def _related(finding: Finding, pages: Mapping[str, Page], encoding: str) -> list[lsp.DiagnosticRelatedInformation]:
    """The way from the unit to the finding, innermost step first."""
    related = []
    for frame in reversed(finding.chain):
        page = pages.get(frame.path)
        text = page.lines[frame.line - 1] if page is not None and frame.line <= len(page.lines) else ""
        first = len(text) - len(text.lstrip()) + 1
        lines = page.lines if page is not None else []
        place = lsp.Range(
            to_position(frame.line, first, lines, encoding),
            to_position(frame.line, max(len(text.rstrip()) + 1, first), lines, encoding),
        )
        location = lsp.Location(to_uri(frame.path), place)
        related.append(lsp.DiagnosticRelatedInformation(location, f"compiled because of this, in {frame.qualname}"))
    return related


def result_id(diagnostics: Sequence[lsp.Diagnostic]) -> str:
    """The same for the same diagnostics, so that an editor need not be told twice."""
    text = json.dumps([repr(one) for one in diagnostics])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
