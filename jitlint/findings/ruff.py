"""Rules of ruff whose advice leaves TorchScript: what stands there compiles, what ruff makes of it does not.

Every pair was put to torch 2.13.0; a test puts them to the installed compiler, and the first ones to the installed ruff.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass

from jitlint.findings.model import Result


@dataclass(frozen=True, slots=True)
class RuffRule:
    """One rule of ruff. `before` is what it complains of, `after` what it asks for: bodies of modules that define
    `entry`. `compiles`: whether the compiler takes `before`."""

    code: str
    before: str
    after: str
    compiles: bool = True


def _function(signature: str, *body: str, result: str = "") -> str:
    arrow = f" -> {result}" if result else ""
    return f"def entry({signature}){arrow}:\n" + "".join(f"    {line}\n" for line in body)


_XS = "xs: List[int]"
RULES = (
    RuffRule("C420", _function(_XS, "return {x: 1 for x in xs}"), _function(_XS, "return dict.fromkeys(xs, 1)")),
    RuffRule(
        "FURB110",  # `or` gives a bool
        _function("x: str, y: str", "return x if x else y", result="str"),
        _function("x: str, y: str", "return x or y", result="str"),
    ),
    RuffRule(
        "FURB116",
        _function("x: int", "return bin(x)[2:]"),
        _function("x: int", "return f'{x:b}'"),
    ),
    RuffRule(
        "FURB140",
        _function(f"{_XS}, ys: List[int]", "return [max(x, y) for x, y in zip(xs, ys)]"),
        _function(f"{_XS}, ys: List[int]", "return list(itertools.starmap(max, zip(xs, ys)))"),
    ),
    RuffRule(
        "FURB161",
        _function("x: int", "return bin(x).count('1')"),
        _function("x: int", "return x.bit_count()"),
    ),
    RuffRule(
        "FURB163",
        _function("x: float", "return math.log(x, 2)"),
        _function("x: float", "return math.log2(x)"),
    ),
    RuffRule(
        "FURB188",
        _function("x: str", "if x.startswith('ab'):", "    x = x[2:]", "return x"),
        _function("x: str", "return x.removeprefix('ab')"),
    ),
    RuffRule(
        "PERF401",
        _function(_XS, "ys: List[int] = []", "for x in xs:", "    if x > 1:", "        ys.append(x)", "return ys"),
        _function(_XS, "return [x for x in xs if x > 1]"),
    ),
    RuffRule(
        "PERF403",
        _function(_XS, "ys: Dict[int, int] = {}", "for x in xs:", "    if x > 1:", "        ys[x] = x", "return ys"),
        _function(_XS, "return {x: x for x in xs if x > 1}"),
    ),
    RuffRule(
        "PIE810",
        _function("x: str", "return x.startswith('a') or x.startswith('b')"),
        _function("x: str", "return x.startswith(('a', 'b'))"),
    ),
    RuffRule("PLR6104", _function("x: int", "x = x // 2", "return x"), _function("x: int", "x //= 2", "return x")),
    RuffRule("PLR6201", _function("x: int", "return x in (1, 2)"), _function("x: int", "return x in {1, 2}")),
    RuffRule("RUF005", _function(_XS, "return xs + [1]"), _function(_XS, "return [*xs, 1]")),
    RuffRule(
        "RUF007",
        _function(_XS, "n = 0", "for a, b in zip(xs, xs[1:]):", "    n += a * b", "return n"),
        _function(_XS, "n = 0", "for a, b in itertools.pairwise(xs):", "    n += a * b", "return n"),
    ),
    RuffRule("RUF010", _function("x: int", "return f'{str(x)}'"), _function("x: int", "return f'{x!s}'")),
    RuffRule("RUF015", _function(_XS, "return list(xs)[0]"), _function(_XS, "return next(iter(xs))")),
    RuffRule(
        "RUF019",
        _function("d: Dict[str, int]", "if 'a' in d and d['a']:", "    return 1", "return 0"),
        _function("d: Dict[str, int]", "if d.get('a'):", "    return 1", "return 0"),
    ),
    RuffRule(
        "RUF051",
        _function("d: Dict[str, int]", "if 'a' in d:", "    del d['a']", "return d"),
        _function("d: Dict[str, int]", "d.pop('a', None)", "return d"),
    ),
    RuffRule(
        "SIM105",
        _function("x: int", "try:", "    x = 1", "except ValueError:", "    pass", "return x"),
        _function("x: int", "with contextlib.suppress(ValueError):", "    x = 1", "return x"),
        compiles=False,
    ),
    RuffRule(
        "UP032",
        _function("x: float", "return '{:.2f}'.format(x)"),
        _function("x: float", "return f'{x:.2f}'"),
    ),
)

# `list[int]` inside `Optional` or on an attribute, and `int | None` anywhere: 1.13 takes neither, 2.13 both.
NEWER_ANNOTATIONS = ("UP006", "UP007", "UP045")
TAKEN_SINCE = (2, 0)


def codes_for(torch_version: str) -> list[str]:
    """The rules that matter to a release of torch, sorted."""
    from jitlint.project.legacy import version_tuple

    old = version_tuple(torch_version) < TAKEN_SINCE if torch_version else False
    return sorted([rule.code for rule in RULES] + list(NEWER_ANNOTATIONS if old else ()))


def files(result: Result) -> list[str]:
    """The files that hold compiled code, as far as the result says: of units, of findings and of the way to them."""
    found = {unit.path for unit in result.units}
    for finding in result.findings:
        if finding.chain:
            found.add(finding.path)
            found.update(frame.path for frame in finding.chain)
    return sorted(found)


def block(paths: Iterable[str], root: str, own_file: bool, torch_version: str = "") -> list[str]:
    """The ``per-file-ignores`` for some files, in TOML. own_file: for ``ruff.toml`` rather than ``pyproject.toml``.
    torch_version: the release that they are compiled with, '' for a recent one."""
    codes = codes_for(torch_version)
    header = "[lint.per-file-ignores]" if own_file else "[tool.ruff.lint.per-file-ignores]"
    lines = ["# What these rules of ruff ask for is rejected by torch.jit.script.", header]
    prefix = root.rstrip(os.sep) + os.sep
    for path in paths:
        if path.startswith(prefix):  # ruff knows no other paths
            name = path[len(prefix) :].replace(os.sep, "/")
            lines.append(f"{json.dumps(_literal(name), ensure_ascii=False)} = {json.dumps(codes)}")
    return lines


def _literal(name: str) -> str:
    """A path as a pattern of ruff's that matches nothing else."""
    return "".join(f"[{character}]" if character in "*?[]{}" else character for character in name)
