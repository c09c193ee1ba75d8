"""Write the data file for the installed torch: ``python -m jitlint.torch_api.build [--output DIR]``.

The file is a sequence of gzip members (``zcat`` shows them): one line of JSON as index, then the tables, each line a
key, a tab and JSON, so that the reader unpacks just the tables and parses just the lines that it is asked for. Needs
torch and the standard library; with a torch that belongs to another interpreter, run that one with this repository on
PYTHONPATH."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch

from jitlint.torch_api.build_modules import module_classes
from jitlint.torch_api.build_names import names
from jitlint.torch_api.build_operators import operators
from jitlint.torch_api.build_values import values

FORMAT = 1


def version() -> str:
    return str(torch.__version__).split("+")[0].split("a")[0]


def write(directory: str, tables: dict[str, dict[str, Any]]) -> str:
    packed: list[bytes] = []
    index: dict[str, Any] = {"format": FORMAT, "torch": version(), "python": platform.python_version(), "tables": {}}
    offset = 0
    for name, table in tables.items():
        lines = [
            f"{key}\t{json.dumps(value, separators=(',', ':'), ensure_ascii=True, allow_nan=False)}\n"
            for key, value in table.items()
        ]
        data = gzip.compress("".join(lines).encode(), 9, mtime=0)
        index["tables"][name] = [offset, len(data)]
        packed.append(data)
        offset += len(data)
    path = os.path.join(directory, f"torch-{version()}.tsv.gz")
    with open(path, "wb") as out:
        out.write(gzip.compress((json.dumps(index, separators=(",", ":")) + "\n").encode(), 9, mtime=0))
        for data in packed:
            out.write(data)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "data"))
    directory: str = parser.parse_args().output
    warnings.simplefilter("ignore")
    tables: dict[str, dict[str, Any]] = {}
    builders: dict[str, Callable[[], dict[str, Any]]] = {
        "operators": operators,
        "values": values,
        "modules": module_classes,
        "names": names,
    }
    for name, builder in builders.items():
        start = time.monotonic()
        tables[name] = builder()
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    tables["values"].update(tables["names"].pop("extra"))
    tables["names"] = tables["names"].pop("names")
    os.makedirs(directory, exist_ok=True)
    path = write(directory, tables)
    print(f"{path}: {os.path.getsize(path)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
