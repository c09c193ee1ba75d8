"""Print, as JSON, the schemas that the installed compiler gives to what the catalogue's good and ok programs script.

Usage: python schemas.py    A line for each program: its `path`, and the names and types of `parameters` and the `result`
of the function, or of the module's forward; programs that script something else, or nothing, are left out.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from programs import programs

SCRIPTED = re.compile(r"^    torch\.jit\.script\((\w+)(\(\))?\)\s*$", re.MULTILINE)


def load(path: Path) -> ModuleType:
    """The program as a module, which stays: the compiler looks names up in ``sys.modules``."""
    name = re.sub(r"\W", "_", path.name)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def schema_of(path: Path) -> dict[str, Any] | None:
    """The schema of what a program scripts; None where that is no function and no module with a forward."""
    found = SCRIPTED.search(path.read_text(encoding="utf-8"))
    if found is None:
        return None
    import torch

    namespace = vars(load(path))
    made = namespace[found[1]]() if found[2] else namespace[found[1]]
    scripted = made if isinstance(made, (torch.jit.ScriptFunction, torch.jit.ScriptModule)) else torch.jit.script(made)
    try:
        schema = scripted.schema if isinstance(scripted, torch.jit.ScriptFunction) else scripted.forward.schema
    except AttributeError:
        return None
    parameters = [[argument.name, str(argument.type)] for argument in schema.arguments]
    if found[2]:
        parameters.pop(0)  # self
    results = [str(argument.type) for argument in schema.returns]
    return {"path": str(path), "name": found[1], "parameters": parameters, "result": ", ".join(results)}


def main() -> None:
    """All programs, in one process: these are the ones that compile."""
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for program in programs():
        if program.kind == "bad":
            continue
        try:
            answer = schema_of(program.path)
        except Exception as error:
            print(f"{program.id}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        if answer:
            out.write(json.dumps(answer) + "\n")
            out.flush()
    out.flush()
    os._exit(0)  # RPC and fork programs leave threads behind


if __name__ == "__main__":
    main()
