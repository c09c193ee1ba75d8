"""What `--fix` does to an installed library: do its files still import, and how many classes compile before and after?

Usage: python benchmarks/repairs.py PACKAGE --python ENV/bin/python --work FOLDER [--safe] [--only SUBPACKAGE ...]

PACKAGE is copied to FOLDER/before and FOLDER/after, and jitlint fixes the latter (with `--unsafe-fixes` unless `--safe`).
Then, in the environment of that Python (torch and PACKAGE's requirements installed), every module of each copy is
imported, every nn.Module class for which arguments can be made up is built, and it and its submodules' classes of PACKAGE
are given to ``torch.jit.script``, in eval mode: without arguments, with numbers where the name or the annotation of a
parameter tells of one, with a small instance where a class is annotated that needs no arguments (a configuration).

One process after another compiles a copy, each until it has grown too large, so that a failure, or the time limit, in the
middle of one class may spoil another. The modules of classes about which the copies differ are therefore compiled again,
each in a process of its own, with more time.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNFINISHED = 75  # the exit status of a process that leaves the rest to the next one
MEMORY = 5000  # MiB
TIMEOUT = 40  # CPU seconds: what else the machine does must not decide what compiles
SMALL = {
    "hidden_size": 32, "d_model": 32, "embed_dim": 32, "hidden_dim": 32, "n_embd": 32, "dim": 32, "num_hidden_layers": 2,
    "num_layers": 2, "n_layer": 2, "encoder_layers": 2, "decoder_layers": 2, "num_attention_heads": 4, "n_head": 4,
    "num_heads": 4, "encoder_attention_heads": 4, "decoder_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 8,
    "intermediate_size": 64, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "ffn_dim": 64, "vocab_size": 100,
    "max_position_embeddings": 64, "pad_token_id": 0, "num_experts": 4, "num_local_experts": 4,
}  # fmt: skip
WIDTHS = ("dim", "channels", "chs", "features", "size", "width", "hidden", "planes", "embed")


# --- in the library's environment --------------------------------------------------------------------------------


def collect(package: str, output: str, only: list[str], timeout: int, memory: int) -> int:
    """Imports, builds and compiles; appends a JSON line for each module, and for each class that could be built.

    only: packages and modules; none for all. timeout: CPU seconds to import a module, to build or to compile a class.
    memory: MiB, above which the process ends with `UNFINISHED`: what the compiler has compiled, it keeps. The next one
    goes on where the output ends.
    """
    import contextlib
    import importlib
    import pkgutil
    import resource
    import signal
    import warnings

    import torch

    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    importlib.import_module(package)
    names = [package]
    for start in only or [package]:
        home = importlib.import_module(start)
        inner = pkgutil.walk_packages(getattr(home, "__path__", []), start + ".", lambda name: None)
        names += [start, *(one.name for one in inner)]
    names = [name for name in dict.fromkeys(names) if ".tests" not in name and not name.endswith("__main__")]
    rows = read(Path(output)) if os.path.exists(output) else []
    imported = {row["module"]: row["ok"] for row in rows if "module" in row}
    begun = {row["begun"] for row in rows if "begun" in row}
    done = {row["class"] for row in rows if "class" in row}

    def expired(signum: int, frame: object) -> None:
        raise TimeoutError

    @contextlib.contextmanager
    def limited() -> Iterator[None]:
        signal.setitimer(signal.ITIMER_PROF, timeout)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def tell(out: Any, **row: object) -> None:
        print(json.dumps(row), file=out, flush=True)

    def heavy() -> bool:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10 > memory

    signal.signal(signal.SIGPROF, expired)
    quiet = open(os.devnull, "w")  # noqa: SIM115
    with open(output, "a") as out, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        for name in names:
            if name in imported:
                continue
            try:
                with limited():
                    importlib.import_module(name)
                imported[name], message = True, ""
            except BaseException as error:
                imported[name], message = False, f"{type(error).__name__}: {error}"
            tell(out, module=name, ok=imported[name], message=message)
        for name in sorted(name for name in names if imported[name] and name not in begun):
            if heavy():
                return UNFINISHED
            tell(out, begun=name)
            for key, cls in sorted(module_classes(importlib.import_module(name)).items()):
                if key in done:
                    continue
                try:
                    with limited():
                        torch.manual_seed(0)
                        made = cls(**arguments(cls)).eval()
                        parts = [made, *(one for one in made.modules() if one is not made)]
                except BaseException:
                    continue
                for part in parts:
                    kind = type(part)
                    key = f"{kind.__module__}:{kind.__qualname__}"
                    if key in done or kind.__module__ not in imported or key not in module_classes(home_of(kind)):
                        continue
                    done.add(key)
                    message = ""
                    try:
                        with limited():
                            torch.jit.script(part)
                    except BaseException as error:
                        message = f"{type(error).__name__}: {error}"
                    tell(out, **{"class": key}, ok=not message, message=message[:2000])
    return 0


def home_of(cls: type) -> Any:
    """The module that a class says it is of."""
    return sys.modules[cls.__module__]


def module_classes(module: Any) -> dict[str, type]:
    """The nn.Module classes that a Python module defines, by module and qualname."""
    from torch import nn

    name = module.__name__
    found = (one for one in vars(module).values() if isinstance(one, type) and issubclass(one, nn.Module))
    return {f"{name}:{one.__qualname__}": one for one in found if one.__module__ == name}


def arguments(cls: type) -> dict[str, Any]:
    """Arguments for what the constructor requires; KeyError where one cannot be made up."""
    import inspect
    import sys as system

    found: dict[str, Any] = {}
    for one in inspect.signature(cls).parameters.values():
        if one.default is not one.empty or one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        kind = one.annotation
        if isinstance(kind, str):
            try:
                kind = eval(kind, vars(system.modules[cls.__module__]))
            except Exception:
                kind = None
        options = [part for part in getattr(kind, "__args__", ()) if isinstance(part, type)] or [kind]
        name = one.name.lower()
        if bool in options and int not in options:
            found[one.name] = False
        elif float in options and int not in options:
            found[one.name] = 0.5
        elif any(word in name for word in WIDTHS) and (int in options or kind in (None, one.empty)):
            found[one.name] = 32
        elif int in options or (kind in (None, one.empty) and name.startswith(("num_", "n_", "layer_id", "depth"))):
            found[one.name] = 2 if "dims" in name or "layers" in name else 4
        elif kind in (None, one.empty) and "kernel" in name:
            found[one.name] = 3
        elif isinstance(kind, type) and kind.__name__.endswith(("Config", "Cfg")):
            found[one.name] = small(kind)
        else:
            raise KeyError(one.name)
    return found


def small(kind: type) -> Any:
    """A configuration of a small model."""
    made = kind()
    for name, value in SMALL.items():
        if isinstance(getattr(made, name, None), int):
            try:
                setattr(made, name, value)
            except Exception:
                continue
    for part in vars(made).values():
        if type(part).__name__.endswith("Config"):
            for name, value in SMALL.items():
                if isinstance(getattr(part, name, None), int):
                    setattr(part, name, value)
    return made


# --- the comparison --------------------------------------------------------------------------------------------------


Rows = list[dict[str, Any]]


def differing(before: Rows, after: Rows, lost: bool) -> set[str]:
    """The modules of the classes that compile, or can be built, in one copy only; where `lost`, in the first only."""
    old, new = ({row["class"]: row["ok"] for row in rows if "class" in row} for rows in (before, after))
    names = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return {name.split(":")[0] for name in names if not lost or old.get(name) or name not in new}


def renewed(rows: Rows, again: Rows) -> Rows:
    """The rows, with what a process of its own had to say of some classes. What it did not build stays as it was."""
    now = {row["class"]: row for row in again if "class" in row}
    known = {row["class"] for row in rows if "class" in row}
    return [
        *(now.get(row.get("class", ""), row) for row in rows),
        *(row for name, row in now.items() if name not in known),
    ]


def compare(before: Rows, after: Rows, show: int) -> bool:
    """Prints what changed; returns whether anything got worse."""
    worse = False
    for key, what in (("module", "modules import"), ("class", "classes compile")):
        old = {row[key]: row for row in before if key in row}
        new = {row[key]: row for row in after if key in row}
        common = [name for name in old if name in new] if key == "class" else list(old)
        was = sum(old[name]["ok"] for name in common)
        now = sum(new.get(name, {"ok": False})["ok"] for name in common)
        print(f"{what}: {was} of {len(common)} before, {now} after; no longer built: {len(set(old) - set(new))}")
        gained = [name for name in common if not old[name]["ok"] and new[name]["ok"]]
        lost = [name for name in common if old[name]["ok"] and not new.get(name, {"ok": False})["ok"]]
        for name in gained[:show]:
            print(f"  gained: {name}")
        for name in [*lost, *(set(old) - set(new))]:
            worse = True
            print(f"  lost: {name}: {' '.join(new.get(name, {}).get('message', 'not built').split())[:400]}")
    return worse


def fix(folder: Path, work: Path, options: argparse.Namespace) -> None:
    """Lets jitlint fix the copy in `folder`; what it says is kept in `work`."""
    paths = [one.replace(".", "/") for one in options.only] or [options.package]
    paths = [one if (folder / one).is_dir() else one + ".py" for one in paths]
    command = [*shlex.split(options.jitlint), "check", *paths, "--fix-only", "--show-fixes", "--isolated"]
    command += [] if options.safe else ["--unsafe-fixes"]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[1]), *filter(None, [os.getenv("PYTHONPATH")])])
    home = os.path.dirname(os.path.dirname(options.python))
    started = time.perf_counter()
    done = subprocess.run(
        command,
        check=True,
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "VIRTUAL_ENV": home, "PYTHONPATH": path},
    )
    (work / f"{options.package}.fixed.txt").write_text(done.stdout)
    first = (done.stdout.splitlines() or ["nothing fixed"])[0]
    print(f"{options.package}: {first} {time.perf_counter() - started:.0f} s", flush=True)


def verdicts_of(folder: Path, output: Path, only: list[str], timeout: int, options: argparse.Namespace) -> Rows:
    """What can be said of the copy in `folder`, by processes of its own."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(folder),
    }
    command = [options.python, os.path.abspath(__file__), options.package, "--collect", str(output)]
    command += ["--timeout", str(timeout), "--memory", str(options.memory), "--only", *only]
    output.unlink(missing_ok=True)
    size = -1
    while subprocess.run(command, env=environment, cwd="/").returncode:
        # One that died is followed by another, too, as long as they get on.
        if not output.exists() or output.stat().st_size == size:
            raise RuntimeError(f"{' '.join(command)} gets nowhere")
        size = output.stat().st_size
    return read(output)


def read(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text().splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package")
    parser.add_argument("--python", default=sys.executable, help="the Python that has torch and the package")
    parser.add_argument("--jitlint", default=f"{sys.executable} -m jitlint")
    parser.add_argument("--work", type=Path, default=Path("repairs"), help="a folder for the copies and the verdicts")
    parser.add_argument("--safe", action="store_true", help="only safe fixes")
    parser.add_argument("--only", nargs="*", default=[], help="fix and compile only these (dotted names)")
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--as-is", action="store_true", help="FOLDER/after is fixed already (in parts, say)")
    parser.add_argument("--lost", action="store_true", help="compile again only what was lost, not what was gained")
    parser.add_argument("--timeout", type=int, default=TIMEOUT, help="CPU seconds for each class")
    parser.add_argument("--memory", type=int, default=MEMORY, help="MiB that a process which compiles may grow to")
    parser.add_argument("--collect", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.collect:
        return collect(options.package, options.collect, options.only, options.timeout, options.memory)
    where = f"import importlib.util; print(importlib.util.find_spec({options.package!r}).origin)"
    origin = subprocess.run([options.python, "-c", where], check=True, capture_output=True, text=True, cwd="/").stdout
    source = Path(origin.strip()).parent
    work = options.work.resolve()
    rows: dict[str, Rows] = {}
    for copy in ("before", "after"):
        verdicts = work / f"{options.package}.{copy}.jsonl"
        if copy == "before" and verdicts.exists():
            rows[copy] = read(verdicts)
            continue
        folder = work / copy
        if not (options.as_is and copy == "after"):
            shutil.rmtree(folder / options.package, ignore_errors=True)
            shutil.copytree(source, folder / options.package, ignore=shutil.ignore_patterns("__pycache__"))
            if copy == "after":
                fix(folder, work, options)
        rows[copy] = verdicts_of(folder, verdicts, options.only, options.timeout, options)
    for name in sorted(differing(rows["before"], rows["after"], options.lost)):
        for copy in rows:
            some = work / f"{options.package}.{copy}.again.jsonl"
            again = verdicts_of(work / copy, some, [name], 4 * options.timeout, options)
            rows[copy] = renewed(rows[copy], again)
    listed = work / f"{options.package}.fixed.txt"
    if listed.exists():
        fixed = {line.split()[2] for line in listed.read_text().splitlines() if " × " in line}
        print(f"rules with a fix that was applied: {len(fixed)}")
    return compare(rows["before"], rows["after"], options.show)


if __name__ == "__main__":
    sys.exit(main())
