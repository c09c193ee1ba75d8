"""What several formats say of a finding in the same words."""

from __future__ import annotations

import os
from urllib.parse import quote

from jitlint.findings.model import Finding

# What is said of a fix beside its description where `--fix` does not apply it.
NOT_APPLIED = {"safe": "safe", "unsafe": "unsafe", "display": "to be chosen by hand"}


def sentence(finding: Finding) -> str:
    """The message on one line, with the condition that it holds under and the verdict of `verify`."""
    condition = f" [{finding.condition}]" if finding.condition else ""
    return " ".join(finding.message.split()) + condition + verdict(finding)


def verdict(finding: Finding) -> str:
    """`` [confirmed]``, '' where the compiler was not asked."""
    return f" [{finding.verdict}]" if finding.verdict else ""


def torch_says(finding: Finding) -> str:
    """The first line of the compiler's message where that is not ours; '' else."""
    first = finding.torch_message.strip().partition("\n")[0].strip()
    return "" if first.rstrip(".:") == finding.message.strip().rstrip(".:") else first


def public_url(finding: Finding) -> str:
    """The link to the rule where others can follow it; the file of this installation is of no use to them."""
    return finding.url if finding.url.startswith(("https:", "http:")) else ""


def file_uri(path: str) -> str:
    """The URI of an absolute path."""
    path = path.replace(os.sep, "/")
    return "file://" + quote(path if path.startswith("/") else "/" + path, safe="/~:")
