"""jitlint's verdicts on generated programs beside the compiler's: the figures, and the programs where they differ."""

from __future__ import annotations

import collections
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from differential.generator import Writer
from differential.oracle import Verdict, compiler_verdicts, jitlint_verdicts
from differential.surroundings import WideWriter

from jitlint.findings.model import Finding


@dataclass(frozen=True, slots=True)
class Comparison:
    """One program: jitlint's errors on it, and what the compiler said."""

    text: str
    findings: tuple[Finding, ...]
    verdict: Verdict

    @property
    def alarm(self) -> bool:
        """jitlint complains of what the compiler takes."""
        return self.verdict.accepted and bool(self.findings)

    @property
    def miss(self) -> bool:
        """jitlint is silent on what the compiler rejects."""
        return self.rejected and not self.findings

    @property
    def rejected(self) -> bool:
        return not self.verdict.accepted and not self.verdict.timed_out

    @property
    def lines(self) -> frozenset[int]:
        """The lines, from 1, that the compiler's message names: where it stopped, or where a value comes from."""
        return frozenset(int(line) for line in re.findall(r'File "<program_\d+>\.py", line (\d+)', self.verdict.text))

    @property
    def located(self) -> bool:
        """jitlint has a finding on a line that the compiler names."""
        return any(finding.span.line in self.lines for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Figures:
    """What came out of a number of programs; those that the compiler did not finish with are in none of the counts."""

    comparisons: tuple[Comparison, ...]

    @property
    def judged(self) -> list[Comparison]:
        return [one for one in self.comparisons if not one.verdict.timed_out]

    @property
    def rejected(self) -> list[Comparison]:
        return [one for one in self.comparisons if one.rejected]

    @property
    def alarms(self) -> list[Comparison]:
        return [one for one in self.comparisons if one.alarm]

    @property
    def misses(self) -> list[Comparison]:
        return [one for one in self.comparisons if one.miss]

    @property
    def agreement(self) -> float:
        return 1 - (len(self.alarms) + len(self.misses)) / len(self.judged)

    @property
    def mix(self) -> collections.Counter[str]:
        """How often the compiler gives which reason."""
        return collections.Counter(reason(one.verdict.text) for one in self.rejected)

    def report(self, reasons: int = 12) -> str:
        """The figures in words, with the most frequent reasons for rejection."""
        rejected = self.rejected
        named = [one for one in rejected if one.lines]
        located = sum(one.located for one in named)
        lines = [
            f"{len(self.judged)} programs, {len(self.comparisons) - len(self.judged)} more without an answer in time",
            f"rejected by the compiler: {len(rejected)} ({len(rejected) / len(self.judged):.1%})",
            f"agreement: {self.agreement:.4f}",
            f"false alarms: {len(self.alarms)}",
            f"misses: {len(self.misses)}",
            f"found on a line that the compiler names: {located} of {len(named)}",
            f"{len(self.mix)} reasons for rejection, most often:",
        ]
        lines += [f"  {count:5}  {why}" for why, count in self.mix.most_common(reasons)]
        return "\n".join(lines)


def reason(text: str) -> str:
    """The kind of a message of the compiler: its first line without names, types and numbers."""
    lines = [line.strip() for line in text.splitlines() if line.strip() not in ("", "RuntimeError:")]
    first = re.sub(r"'[^']*'|`[^`]*`|\"[^\"]*\"", "…", lines[0] if lines else "")
    first = re.sub(r"^\w+Error: ", "", first)
    if "(" in first and "->" in first:
        return "the only schema does not match"
    first = re.sub(r"\b\w*\d\w*\b", "…", first)
    first = re.sub(r"\b(?:type|but got|found|Expected an?) .*", "…", first)
    first = re.sub(r"^\S+(?= (?:cannot be used|does not support|has no attribute|object ))", "…", first)
    return first.partition("File ")[0].partition(": ")[0].rstrip(" :.")[:70] or "no text"


def written(seed: int, count: int) -> list[str]:
    """So many programs; the same ones for the same seed. Every other one has more around it, and fewer slips."""
    choices = random.Random(seed)

    def pick(below: int) -> int:
        return choices.randrange(below) if below > 1 else 0

    return [(WideWriter(pick, slips=4) if number % 2 else Writer(pick)).program() for number in range(count)]


def compare(texts: Sequence[str]) -> Figures:
    """Both verdicts on each program."""
    said = zip(texts, jitlint_verdicts(texts), compiler_verdicts(texts), strict=True)
    return Figures(tuple(Comparison(text, tuple(findings), verdict) for text, findings, verdict in said))


def disagreements(texts: Iterable[str]) -> list[bool]:
    """For each program whether the two disagree."""
    return [one.alarm or one.miss for one in compare(list(texts)).comparisons]


def same_disagreement(wanted: Comparison) -> Callable[[list[str]], list[bool]]:
    """What a smaller program must keep: to be an alarm of the same rule, or a miss for the same reason."""

    def holds(texts: list[str]) -> list[bool]:
        kept = []
        for one in compare(texts).comparisons:
            if wanted.alarm:
                kept.append(one.alarm and bool({f.code for f in one.findings} & {f.code for f in wanted.findings}))
            else:
                kept.append(one.miss and reason(one.verdict.text) == reason(wanted.verdict.text))
        return kept

    return holds
