"""What the fixes make of the rules' bad examples. Run as a script, it writes that into the rules' files.

``python tests/rules/fixing.py`` puts a ``python fixed`` program behind every bad one that the fixes repair wholly, so that
jitlint and the compiler are content with it, and the kind of the fix into the front matter. Read the result in review.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]  # as a script, this checkout's jitlint

from rule_examples import CASES, COMPILED, PREFIX, Case, compile_call  # noqa: E402

from jitlint.config import Settings  # noqa: E402
from jitlint.findings.model import Finding, Result  # noqa: E402
from jitlint.fixes.apply import repair  # noqa: E402
from jitlint.runner import check  # noqa: E402

MARK = re.compile(r"[ \t]*# (?:error|warning|info): JIT\d{3}.*")


def program(case: Case) -> str:
    """A bad example without its marks."""
    return MARK.sub("", case.example.text)


def repaired(cases: Iterable[Case]) -> tuple[dict[str, str], dict[str, list[Finding]]]:
    """By the cases' file names: the programs with all fixes applied, and the findings (with fixes) of the first run."""
    texts: dict[str, str] = {}
    first: dict[str, list[Finding]] = {}
    for version in sorted({case.torch_version for case in cases}):
        with tempfile.TemporaryDirectory() as folder:
            some = {str(Path(folder) / f"{case.file}.py"): case for case in cases if case.torch_version == version}
            for path, case in some.items():
                text = program(case)
                Path(path).write_text(PREFIX + text + compile_call(case.rule, text), encoding="utf-8")
            settings = Settings(root=folder, select=("ALL",), torch_version=version)

            def again(paths: Iterable[str], overlay: Mapping[str, bytes], settings: Settings = settings) -> Result:
                return check(list(paths), settings, overlay=overlay, fixes=True)

            work = repair(again, list(some), {}, unsafe=True)
            for finding in work.result.findings:
                first.setdefault(Path(finding.path).stem, []).append(finding)
            for path, case in some.items():
                whole = work.after[path].decode() if path in work.after else Path(path).read_text(encoding="utf-8")
                texts[case.file] = without_frame(whole, case)
    return texts, first


def without_frame(text: str, case: Case) -> str:
    """A program without the imports in front of it and the call behind it; imports that a fix added stay."""
    for line in PREFIX.splitlines(keepends=True):
        text = text.replace(line, "", 1)
    return text.removesuffix(compile_call(case.rule, program(case)))


def main() -> None:
    """Write the fixed examples into the rules' files."""
    import json
    import os
    import subprocess

    bad = [case for case in CASES if case.example.kind == "bad"]
    texts, first = repaired(bad)
    changed = [case for case in bad if texts[case.file] != program(case)]
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for case in changed:
            path = Path(folder) / f"{case.file}.py"
            path.write_text(PREFIX + texts[case.file] + compile_call(case.rule, texts[case.file]), encoding="utf-8")
            paths[str(path)] = case
        left = check([folder], Settings(root=folder, select=("ALL",), torch_version="2.13.0")).findings
        dirty = {Path(f.path).stem for f in left if f.severity == "error"}
        dirty |= {Path(f.path).stem for f in left if f.code == paths[f.path].rule.code}
        compiled = [path for path, case in paths.items() if case in COMPILED]
        compiler = Path(__file__).parents[1] / "conformance" / "compiler.py"
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, compiler, *compiled], capture_output=True, text=True, env=environment)
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            if not answer["ok"]:
                dirty.add(Path(answer["path"]).stem)
                print("refused:", Path(answer["path"]).stem, answer["text"].strip().splitlines()[0][:150])
    for case in sorted(changed, key=lambda case: (case.rule.path, -case.example.line)):
        if case.file not in dirty:
            write(case, texts[case.file])
    for rule in {case.rule.code: case.rule for case in bad}.values():
        own = [case for case in changed if case.rule.code == rule.code and case.file not in dirty]
        kinds = {f.fix.applicability for case in own for f in first[case.file] if f.fix and f.code == rule.code}
        shown = any(f.fix for case in bad if case.rule.code == rule.code for f in first.get(case.file, []))
        kind = "unsafe" if "unsafe" in kinds else "safe" if "safe" in kinds else rule.fix if shown else "none"
        if kind != rule.fix or (rule.fix not in ("none", "display") and not own):
            print(rule.code, rule.fix, "->", kind, "" if own or kind == "none" else "(no example is fixed)")
        path = Path(rule.path)
        path.write_text(
            path.read_text(encoding="utf-8").replace(f"fix: {rule.fix}\n", f"fix: {kind}\n", 1), encoding="utf-8"
        )


def write(case: Case, text: str) -> None:
    """Put a fixed program behind its bad one: as a new one, or in the place of one that is there."""
    path = Path(case.rule.path)
    whole = path.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    end = next(n for n in range(case.example.line - 1, len(lines)) if lines[n].startswith("```"))
    head, tail = "".join(lines[: end + 1]), "".join(lines[end + 1 :])
    following = re.match(r"\n```python (good|fixed)\n(.*?)^```\n?", tail, re.DOTALL | re.MULTILINE)
    if following and (following[1] == "fixed" or following[2] == text):
        tail = tail[following.end() :]
    path.write_text(f"{head}\n```python fixed\n{text}```\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
