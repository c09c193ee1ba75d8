"""What `--fix --unsafe-fixes` makes of the catalogue's programs, by the compiler's own verdict.

Usage: python tests/conformance/repairs.py [--safe] [--keep FOLDER] [--show N] [ID-PREFIX ...]

Of every program (all phases; `bad`, `good` and `ok`) a copy is fixed. A bad one counts as repaired where the compiler
takes the result, and jitlint reports no error there (of one that compiles as it is: nothing but advice). Made worse are
programs that no longer parse, that compiled before and do not now, or in which a rule reports more than before.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]  # as a script, this checkout's jitlint

from programs import FOLDER, TORCH, Program, programs

from jitlint.config import Settings
from jitlint.findings.model import Result
from jitlint.fixes.apply import repair
from jitlint.fixes.outcomes import findings_by_file, is_worse, reports
from jitlint.runner import check


@dataclass(slots=True)
class Outcome:
    """What came of one program: its text now, whether that is another one, and what is the matter with it."""

    program: Program
    text: str
    changed: bool
    codes: list[str] = field(default_factory=list)  # of the first run's findings
    left: list[str] = field(default_factory=list)  # of what is reported now: errors, and warnings in hazards
    accepted: bool = False  # by the compiler
    said: str = ""  # what the compiler says instead
    worse: str = ""

    @property
    def repaired(self) -> bool:
        return self.program.kind == "bad" and self.changed and self.accepted and not self.left and not self.worse


def outcomes(chosen: Sequence[Program], folder: Path, unsafe: bool) -> list[Outcome]:
    """Fixes copies of some programs in `folder`, and compares before and after; the compiler is not asked here."""
    paths: dict[str, Program] = {}
    for program in chosen:
        path = folder / program.id.partition("/")[0] / program.path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(program.path.read_bytes())
        paths[str(path)] = program
    settings = Settings(root=str(folder), torch_version=TORCH)

    def again(some: Iterable[str], overlay: Mapping[str, bytes]) -> Result:
        return check(list(some), settings, overlay=overlay, fixes=True)

    work = repair(again, list(paths), {}, unsafe)
    for path, text in work.after.items():
        Path(path).write_bytes(text)
    last = check(list(paths), settings) if work.after else work.result
    before, after = (
        {path: reports(some) for path, some in findings_by_file(result).items()} for result in (work.result, last)
    )
    found = []
    for path, program in paths.items():
        text = Path(path).read_text(encoding="utf-8")
        now = after.get(path, collections.Counter())
        floor = 1 if program.hazard else 2
        outcome = Outcome(
            program,
            text,
            path in work.after,
            codes=sorted({code for _, code in before.get(path, ())}),
            left=sorted(code for severity, code in now if severity >= floor),
        )
        try:
            ast.parse(text)
        except SyntaxError as error:
            outcome.worse = f"does not parse: {error}" if outcome.changed else ""
        if is_worse(before.get(path, collections.Counter()), now):
            outcome.worse = f"new findings: {dict(now - before.get(path, collections.Counter()))}"
        found.append(outcome)
    return found


def ask(found: Sequence[Outcome], folder: Path) -> None:
    """The compiler's verdict on what was changed; what was not has the one in its header."""
    by_path = {str(folder / one.program.id.partition("/")[0] / one.program.path.name): one for one in found}
    changed = [path for path, one in by_path.items() if one.changed]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    answers = {}
    for start in range(0, len(changed), 400):
        command = [sys.executable, str(FOLDER / "compiler.py"), *changed[start : start + 400]]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=900)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-3000:])
        answers.update({line["path"]: line for line in map(json.loads, done.stdout.splitlines())})
    for path, one in by_path.items():
        compiled = one.program.kind != "bad" or one.program.hazard
        one.accepted = answers[path]["ok"] if path in answers else compiled
        one.said = "" if one.accepted or path not in answers else answers[path]["text"]
        if compiled and not one.accepted:
            one.worse = f"compiled before; now {one.said.strip()[:300]}"


def meanings(found: Sequence[Outcome], folder: Path) -> dict[str, str]:
    """Whether some changed programs compute in Python what they did, by id: ``same``, ``different`` or ``unknown``."""
    by_path = {str(folder / one.program.id.partition("/")[0] / one.program.path.name): one for one in found}
    pairs = "".join(f"{one.program.path}\t{path}\n" for path, one in by_path.items())
    command = [sys.executable, str(FOLDER / "meaning.py")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, input=pairs, capture_output=True, text=True, env=environment, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-3000:])
    return {by_path[line["path"]].program.id: line["outcome"] for line in map(json.loads, done.stdout.splitlines())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", help="only the programs whose id begins so")
    parser.add_argument("--safe", action="store_true", help="only safe fixes")
    parser.add_argument("--keep", type=Path, help="put the fixed programs here")
    parser.add_argument("--show", type=int, default=10, help="how many examples of each kind to print")
    options = parser.parse_args()
    chosen = [one for one in programs() if not options.ids or one.id.startswith(tuple(options.ids))]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        found = outcomes(chosen, folder.resolve(), not options.safe)
        ask(found, folder.resolve())
        means = meanings([one for one in found if one.repaired], folder.resolve())
    bad = [one for one in found if one.program.kind == "bad"]
    rejected = [one for one in bad if not one.program.hazard]
    for area in ("frontend", "emitter", "resolve", ""):
        some = [one for one in bad if one.program.id.startswith(area)]
        done = sum(one.repaired for one in some)
        print(f"{area or 'all':>10}: {done} of {len(some)} bad programs repaired ({done / max(1, len(some)):.3f})")
    done = sum(one.repaired for one in rejected)
    print(f"of the {len(rejected)} that the compiler rejects: {done} ({done / max(1, len(rejected)):.3f})")
    print(f"changed: {sum(one.changed for one in found)} of {len(found)}; worse: {sum(bool(o.worse) for o in found)}")
    counted = collections.Counter(means.values())
    print("what the repaired ones compute in Python:", ", ".join(f"{what} {n}" for what, n in counted.most_common()))
    print("  different:", *sorted(name for name, what in means.items() if what == "different"))
    for one in [one for one in found if one.worse]:
        print(f"  worse: {one.program.id}: {one.worse}")
    wrong = [o for o in bad if o.changed and not o.left and not o.accepted]
    print(f"jitlint is content, the compiler is not: {len(wrong)}")
    for one in wrong[: options.show]:
        print(f"  {one.program.id} {one.codes}: {' '.join(one.said.split())[:160]}")
    left = collections.Counter(code for one in bad if not one.repaired for code in one.codes)
    total = collections.Counter(code for one in bad for code in one.codes)
    print("not repaired, by rule:", ", ".join(f"{c} {n}/{total[c]}" for c, n in left.most_common(60)))
    return 1 if any(one.worse for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
