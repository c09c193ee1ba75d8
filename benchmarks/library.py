"""How right jitlint is about a library that nobody prepared it for: its verdicts beside the compiler's.

Usage: python benchmarks/library.py PACKAGE --python ENV/bin/python [--jitlint COMMAND] [--show N]

Every nn.Module class of PACKAGE that can be built without arguments, or with small numbers where a required parameter is
annotated with a number (``spatial_dims: int``), is built in the environment of that Python (torch and PACKAGE installed)
and given to ``torch.jit.script``, in eval mode. Then ``jitlint check`` is run on the package's source and compared, class
by class:

    recall            of the rejected classes, those that jitlint rejects
    precision         of the classes that jitlint rejects, those that are rejected
    false-alarm-rate  of the accepted classes, those that jitlint rejects
    located           of the rejected ones that jitlint rejects, those with a finding on a line that the error names
    definite          of all, those about which jitlint says accepted or rejected
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TIMEOUT = 60
_PLACE = re.compile(r'File "([^"]+)", line (\d+)')


# --- in the library's environment --------------------------------------------------------------------------------


def collect(package: str, output: str) -> None:
    """Builds and compiles the classes; a JSON line each: file, name, how it was built, verdict, message, places."""
    import contextlib
    import importlib
    import inspect
    import pkgutil
    import signal
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    root = importlib.import_module(package)
    site = os.path.dirname(os.path.dirname(os.path.abspath(root.__file__ or "")))
    classes: dict[str, type] = {}
    quiet = open(os.devnull, "w")  # noqa: SIM115
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        for module in pkgutil.walk_packages(root.__path__, package + ".", onerror=lambda name: None):
            if ".tests" in module.name or module.name.endswith("__main__"):
                continue
            try:
                loaded = importlib.import_module(module.name)
            except BaseException:  # an optional dependency that is not there, a script that exits...
                continue
            for value in vars(loaded).values():
                if isinstance(value, type) and issubclass(value, torch.nn.Module) and "<" not in value.__qualname__:
                    if value.__module__.split(".")[0] == package:
                        classes.setdefault(f"{value.__module__}:{value.__qualname__}", value)

    def expired(signum: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, expired)
    with open(output, "w") as out:
        for name, cls in sorted(classes.items()):
            try:
                file = os.path.relpath(inspect.getsourcefile(cls) or "", site)
            except TypeError:
                continue
            made = None
            with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
                for arguments in _arguments(cls):
                    signal.alarm(TIMEOUT)
                    try:
                        made = cls(**arguments).eval()
                    except BaseException:
                        continue
                    finally:
                        signal.alarm(0)
                    break
                if not isinstance(made, torch.nn.Module):
                    continue
                message = ""
                signal.alarm(TIMEOUT)
                try:
                    torch.jit.script(made)
                except TimeoutError:
                    continue
                except BaseException as error:
                    message = f"{type(error).__name__}: {error}"
                finally:
                    signal.alarm(0)
            places = [
                (os.path.relpath(path, site) if os.path.isabs(path) else path, int(line))
                for path, line in _PLACE.findall(message)
            ]
            row = {"file": file, "name": name.partition(":")[2], "guessed": bool(arguments), "ok": not message}
            print(json.dumps({**row, "message": message, "sites": places}), file=out)


def _arguments(cls: type) -> list[dict[str, object]]:
    """Ways to call the constructor: without arguments, else with numbers for what is required and is a number."""
    import inspect

    try:
        parameters = list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):
        return [{}]
    required = [
        one for one in parameters if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if not required:
        return [{}]
    found: dict[str, object] = {}
    for one in required:
        text = one.annotation if isinstance(one.annotation, str) else getattr(one.annotation, "__name__", "")
        if text == "int":
            found[one.name] = 2 if "dims" in one.name or "ndim" in one.name else 8
        elif text == "float":
            found[one.name] = 0.5
        elif text == "bool":
            found[one.name] = False
        else:
            return []
    return [found]


# --- the comparison --------------------------------------------------------------------------------------------------


def compare(truth: list[dict[str, Any]], result: dict[str, Any], site: str, show: int) -> None:
    """Prints what is right, what is wrong, and the shares."""
    findings = result["findings"]
    units = {(_relative(unit["path"], site), unit["qualname"]): unit for unit in result["units"]}
    count: collections.Counter[str] = collections.Counter()
    wrong: dict[str, list[str]] = collections.defaultdict(list)
    for row in truth:
        unit = units.get((row["file"], row["name"]))
        said = unit["verdict"] if unit else "no unit"
        count[f"{'ok' if row['ok'] else 'fail'} {said}"] += 1
        mine = [findings[number] for number in unit["findings"]] if unit else []
        first = " ".join(row["message"].split())[:160]
        text = f"{row['file']}:{row['name']} {first}"
        if row["ok"] and said == "rejected":
            errors = [one for one in mine if one["severity"] == "error"]
            wrong["false alarm"].extend(
                f"{text} {one['path']}:{one['range']['start']['line']} {one['code']} {one['message'][:120]}"
                for one in errors[:1]
            )
        if not row["ok"] and said != "rejected":
            wrong["missed"].append(f"{said}: {text}")
        if not row["ok"] and said == "rejected" and row["sites"]:
            places = {
                (_relative(one["path"], site), line)
                for one in mine
                for line in range(one["range"]["start"]["line"], one["range"]["end"]["line"] + 1)
            }
            hit = bool(places & {(path, line) for path, line in row["sites"]})
            count["located" if hit else "elsewhere"] += 1
            if not hit:
                wrong["flagged elsewhere"].append(f"{text} {row['sites'][:2]}")
        if row["ok"] and said == "unknown":
            reasons = unit.get("unknown") or [{}] if unit else [{}]
            wrong["unknown"].append(f"{text} {reasons[0]}")
    for title, lines in wrong.items():
        print(f"\n== {title}: {len(lines)}")
        for line in lines[:show]:
            print(f"  {line}")
    ok = sum(number for key, number in count.items() if key.startswith("ok "))
    fail = sum(number for key, number in count.items() if key.startswith("fail "))
    caught, alarms = count["fail rejected"], count["ok rejected"]
    definite = caught + alarms + count["ok accepted"] + count["fail accepted"]
    print(f"\n{ok + fail} classes: {ok} compile, {fail} do not; {dict(count)}")
    print(
        f"recall {_share(caught, fail)}  precision {_share(caught, caught + alarms)}  "
        f"false-alarm-rate {_share(alarms, ok)}  located {_share(count['located'], count['located'] + count['elsewhere'])}  "
        f"definite {_share(definite, ok + fail)}"
    )


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _relative(path: str, site: str) -> str:
    return os.path.relpath(os.path.realpath(path), os.path.realpath(site)) if os.path.isabs(path) else path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("--python", default=sys.executable, help="the Python that has torch and the package")
    parser.add_argument("--jitlint", default=f"{sys.executable} -m jitlint")
    parser.add_argument("--show", type=int, default=10, help="how many wrong verdicts of each sort to print")
    parser.add_argument("--truth", type=Path, help="keep the compiler's verdicts here, and take them from here")
    parser.add_argument("--collect", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.collect:
        collect(options.package, options.collect)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.truth or Path(folder) / "truth.jsonl"
        if not path.exists():
            subprocess.run([options.python, __file__, options.package, "--collect", str(path)], check=True)
        truth = [json.loads(line) for line in path.read_text().splitlines()]
    where = f"import importlib.util; print(importlib.util.find_spec({options.package!r}).origin)"
    origin = subprocess.run([options.python, "-c", where], check=True, capture_output=True, text=True).stdout.strip()
    site = os.path.dirname(os.path.dirname(origin))
    command = [*shlex.split(options.jitlint), "check", "--output-format", "json", "--exit-zero", "--isolated"]
    environment = {
        **os.environ,
        "VIRTUAL_ENV": os.path.dirname(os.path.dirname(options.python)),
        "PYTHONPATH": os.getcwd(),
    }
    done = subprocess.run(
        [*command, options.package], cwd=site, env=environment, check=True, capture_output=True, text=True
    )
    compare(truth, json.loads(done.stdout), site, options.show)


if __name__ == "__main__":
    main()
