"""Compare jitlint with the installed compiler on generated programs.

Usage, from the folder `tests`: python -m differential [--programs 2000] [--seed N] [--shrink] [--show N]
Prints the figures, then every program on which the two disagree (`--shrink`: made small first). Exits with 1 where there
is a false alarm or the agreement is below 0.99.
"""

from __future__ import annotations

import argparse
import sys

from differential.compare import Comparison, compare, same_disagreement, written
from differential.shrink import shrink

AGREEMENT = 0.99


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=2000, help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="which ones (default: 0)")
    parser.add_argument("--shrink", action="store_true", help="make small what they disagree on")
    parser.add_argument("--show", type=int, default=20, help="print at most so many disagreements")
    given = parser.parse_args()
    figures = compare(written(given.seed, given.programs))
    print(f"seed {given.seed}: {figures.report(40)}")
    for one in (*figures.alarms, *figures.misses)[: given.show]:
        if given.shrink:
            small = shrink(one.text, same_disagreement(one))
            (one,) = compare([small]).comparisons
        print(f"\n{described(one)}")
    return 1 if figures.alarms or figures.agreement < AGREEMENT else 0


def described(one: Comparison) -> str:
    """A program on which the two disagree, and what each said."""
    said = [f"jitlint: {f.span.line}: {f.code} {f.message}" for f in one.findings] or ["jitlint: nothing"]
    return "\n".join([one.text.rstrip(), *said, f"compiler: {one.verdict.text.strip()[:600] or 'accepted'}"])


if __name__ == "__main__":
    sys.exit(main())
