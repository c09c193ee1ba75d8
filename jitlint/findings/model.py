"""Findings, fixes, units and the result of a run: what every report, the server and `verify` read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from jitlint.source.problem import Span

Severity = Literal["error", "warning", "info"]
Applicability = Literal["safe", "unsafe", "display"]
UnitKind = Literal["module", "function", "class"]
Verdict = Literal["accepted", "rejected", "unknown"]
FindingVerdict = Literal["confirmed", "refuted", "masked", "unverifiable"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `span` of `path` by `content`."""

    path: str
    span: Span
    content: str


@dataclass(frozen=True, slots=True)
class Fix:
    applicability: Applicability
    description: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step of the chain from a unit's entry point to a finding: the call (or submodule) at this place."""

    path: str
    line: int
    qualname: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to report. `chain` runs from the entry point inwards and is empty where the finding is in
    the entry point itself. `condition` says, in words, under which configuration of the module it holds;
    None where it always does. `evidence` is what the fixes want to know besides; a report has none. `verdict` is what
    the real compiler said to it (None: it was not asked), and `verdict_reason` why, in words."""

    code: str
    name: str
    severity: Severity
    message: str
    torch_message: str
    path: str
    span: Span
    help: str = ""
    url: str = ""
    chain: tuple[Frame, ...] = ()
    condition: str | None = None
    fix: Fix | None = None
    evidence: object = field(default=None, compare=False, repr=False)
    verdict: FindingVerdict | None = None
    verdict_reason: str = ""


@dataclass(frozen=True, slots=True)
class UnknownReason:
    """Why a unit's verdict is not definite: what could not be resolved, and where (1-based line)."""

    reason: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One object the compiler would be given. `findings` are indexes into `Result.findings`."""

    qualname: str
    module: str
    kind: UnitKind
    path: str
    line: int
    verdict: Verdict
    unknown: tuple[UnknownReason, ...] = ()
    findings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RunError:
    """Something that kept a file (or the run) from being analysed; not a finding about TorchScript."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What the analysis of one file found. The units' `findings` are indexes into this report's `findings`, which may
    lie in other files (a callee's). `dependencies` are the paths whose content (or absence) the report depends on."""

    path: str
    units: tuple[Unit, ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: tuple[RunError, ...] = ()
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` did: under which interpreter and torch, on which device; how many findings have which verdict; how
    many rejections `check` had not foreseen (`missed`) and outputs that differ from eager's (`differing`); how many
    units were put to the compiler, how often it was asked about them (`questions`), and the seconds that went into
    imports, construction, compilation (summed over processes) and in all."""

    python: str
    torch: str
    device: str
    confirmed: int = 0
    refuted: int = 0
    masked: int = 0
    unverifiable: int = 0
    missed: int = 0
    differing: int = 0
    compiled: int = 0
    questions: int = 0
    imports: float = 0.0
    construction: float = 0.0
    compilation: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """All of a run: units and findings sorted by path, line and column. `fixed` findings are no longer among them;
    `unsafe_fixes`: whether unsafe fixes count as fixes in the reports; `baselined`: how many a baseline took out;
    `dependencies`: by file, the paths whose content what was found for its units rests on."""

    units: tuple[Unit, ...] = ()
    findings: tuple[Finding, ...] = ()
    errors: tuple[RunError, ...] = ()
    files: int = 0
    torch_version: str = ""
    suppressed: int = 0
    fixed: int = field(default=0, compare=False)
    unsafe_fixes: bool = field(default=False, compare=False)
    baselined: int = field(default=0, compare=False)
    verification: Verification | None = field(default=None, compare=False)
    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def would_fix(self, finding: Finding) -> bool:
        """Whether ``--fix`` would fix it, with ``--unsafe-fixes`` if that was asked for."""
        fix = finding.fix
        if fix is None:
            return False
        return fix.applicability == "safe" or (self.unsafe_fixes and fix.applicability == "unsafe")
