"""Shrink expected_failures.txt to what still fails.

Usage: python tests/conformance/bless.py [--init]
A program that fails anew is an error and is not written; --init writes the list from nothing.
"""

from __future__ import annotations

import argparse
import sys

from programs import covers, failures, programs, read_expected_failures, run_jitlint, write_expected_failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--init", action="store_true", help="write the list from nothing, new failures included")
    init = parser.parse_args().init
    findings = run_jitlint()
    failing = {program.id: failures(program, findings.get(program.path, [])) for program in programs()}
    if init:
        write_expected_failures(failing)
        print(f"{sum(map(bool, failing.values()))} programs listed")
        return 0
    known = read_expected_failures()
    new = {name: what for name, what in failing.items() if not covers(known.get(name, ()), what)}
    # What fails anew stays as it was listed, if it was: this only ever removes.
    left = {name: what if name in new else failing.get(name, ()) for name, what in known.items()}
    write_expected_failures(left)
    print(f"{len(known)} programs were listed, {sum(map(bool, left.values()))} are left")
    for name, what in sorted(new.items()):
        print(f"fails anew: {name} {' '.join(what)}", file=sys.stderr)
    return 1 if new else 0


if __name__ == "__main__":
    raise SystemExit(main())
