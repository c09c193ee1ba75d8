"""Write the data file for the installed torch: ``python -m jitlint.torch_api.build [--output DIR]``.

The file is a sequence of gzip members, each one line of JSON (``zcat`` shows them): first an index, then the sections,
so that the reader can unpack just what it is asked for. Needs torch and the standard library; with a torch that belongs
to another interpreter, run that one with this repository on PYTHONPATH.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import sys
import time
import warnings
from typing import Any, Callable

import torch

from jitlint.torch_api.build_modules import module_classes
from jitlint.torch_api.build_names import names
from jitlint.torch_api.build_operators import operators
from jitlint.torch_api.build_values import values

FORMAT = 1


def version() -> str:
    return torch.__version__.split("+")[0].split("a")[0]


def write(directory: str, sections: dict[str, Any]) -> str:
    packed: list[bytes] = []
    index: dict[str, Any] = {"format": FORMAT, "torch": version(), "python": platform.python_version(), "sections": {}}
    offset = 0
    for name, section in sections.items():
        text = json.dumps(section, separators=(",", ":"), ensure_ascii=True, allow_nan=False) + "\n"
        data = gzip.compress(text.encode(), 9, mtime=0)
        index["sections"][name] = [offset, len(data)]
        packed.append(data)
        offset += len(data)
    path = os.path.join(directory, f"torch-{version()}.jsonl.gz")
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
    sections: dict[str, Any] = {}
    builders: dict[str, Callable[[], Any]] = {
        "operators": operators,
        "values": values,
        "modules": module_classes,
        "names": names,
    }
    for name, builder in builders.items():
        start = time.monotonic()
        sections[name] = builder()
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    os.makedirs(directory, exist_ok=True)
    path = write(directory, sections)
    print(f"{path}: {os.path.getsize(path)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
