"""Asking an installed compiler: used by `build` alone. Standard library and torch only, to run under any torch.

A probe is a one-line function put to ``torch._C.CompilationUnit.define`` with a resolution callback that answers the
one name it uses; what comes back is the result's type or the message. Probes run in forked children, because some of
them kill the process.
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch

LONGEST = 400
"""Characters of a message that are kept."""


def clean(message: str) -> str:
    """The first paragraph of a message: without source excerpts, addresses and machine paths."""
    text = re.split(
        r":?\n\s*File \"|\n\nThe original call is|:\nFile \"|:?\s+def f\(\):\n~", message.strip("\n"), maxsplit=1
    )[0]
    text = re.sub(r"( at:? )0x[0-9a-f]+", r"\g<1>0x0", text)
    text = re.sub(r" INTERNAL ASSERT FAILED at \"[^\"]*\":\d+", " INTERNAL ASSERT FAILED", text)
    text = re.sub(r"\s*\bat\s+File \".*", "", text, flags=re.DOTALL)
    text = re.sub(r"(?<![\w.>)])(?:/[^\s/:'\"()]+)+/([^\s/:'\"()]+)", r"\1", text)
    text = unmangle(text).strip()
    return text[:LONGEST].rstrip(":\n ")


def failing_function(message: str, own: str) -> str:
    """The innermost function named in the call frames of `message`."""
    frame = re.search(r"'([^']+)' is being compiled since it was called from", message)
    return frame.group(1) if frame else own


def unmangle(text: str) -> str:
    return re.sub(r"\.?___torch_mangle_\d+", "", text)


def schema_text(schema: Any) -> str:
    """The schema as the compiler prints it; put together here where printing it crashes (an ``int[2]`` with an int as
    default)."""
    try:
        return unmangle(str(schema))
    except RuntimeError:
        pass
    parts = []
    keyword_only = False
    for argument in schema.arguments:
        if argument.kwarg_only and not keyword_only:
            keyword_only = True
            parts.append("*")
        written = argument_type(argument)
        default = ""
        if argument.has_default_value():
            default = f"={argument.default_value!r}".replace("'", '"')
        parts.append(f"{written} {argument.name}{default}")
    returns = [unmangle(one.type.annotation_str) for one in schema.returns]
    result = returns[0] if len(returns) == 1 else f"({', '.join(returns)})"
    return f"{schema.name}({', '.join(parts)}) -> {result}"


def argument_type(argument: Any) -> str:
    text = unmangle(argument.type.annotation_str)
    size = argument.N
    if size is not None:
        text = re.sub(r"^List\[(\w+)\]$", rf"\1[{size}]", text)
        text = re.sub(r"^Optional\[List\[(\w+)\]\]$", rf"\1[{size}]?", text)
    return text


class Location:
    """Stands for a source range where torch wants one for its messages."""

    def __new__(cls) -> Any:
        source = "def f():\n    pass\n"
        try:
            return torch._C._jit_tree_views.SourceRangeFactory(source, None, 0, 0).make_range(1, 0, 3)
        except TypeError:
            return torch._C._jit_tree_views.SourceRangeFactory(source, "f", 0, 0).make_range(1, 0, 3)


def compile_text(source: str, names: dict[str, Any]) -> tuple[str | None, str]:
    """(schema of ``f`` as text, "") or (None, raw message)."""
    unit = torch._C.CompilationUnit()
    try:
        unit.define(source, names.get)
        return schema_text(unit.find_function("f").schema), ""
    except Exception as error:
        return None, f"{error}"


def forked(work: Callable[[Any], Any], items: Iterable[Any], batch: int = 400) -> list[Any]:
    """``work(item)`` for each item, in forked children; a result (JSON) of None where the child died of it."""
    todo = list(items)
    results: list[Any] = []
    while len(results) < len(todo):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            out = os.fdopen(writer, "w")
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            warnings.simplefilter("ignore")
            try:
                for item in todo[len(results) : len(results) + batch]:
                    try:
                        answer = work(item)
                    except (Exception, SystemExit) as error:
                        answer = {"builder_error": f"{type(error).__name__}: {error}"[:LONGEST]}
                    out.write(json.dumps(answer) + "\n")
                    out.flush()
            finally:
                os._exit(0)
        os.close(writer)
        expected = min(len(todo), len(results) + batch)
        with os.fdopen(reader) as lines:
            for line in lines:
                results.append(json.loads(line))
        os.waitpid(pid, 0)
        if len(results) < expected:
            print("crashed:", todo[len(results)], file=sys.stderr)
            results.append(None)
    return results


def literal(value: Any) -> Any:
    """JSON for a Python literal (tuples and dicts marked, as JSON has none); ``{"?": ...}`` for anything else."""
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if value == value and abs(value) != float("inf") else {"f": repr(value)}
    if type(value) is complex:
        return {"c": [literal(value.real), literal(value.imag)]}
    if type(value) is tuple:
        return {"t": [literal(item) for item in value]}
    if type(value) is list:
        return [literal(item) for item in value]
    if type(value) is dict:
        return {"d": [[literal(key), literal(item)] for key, item in value.items()]}
    return {"?": type(value).__name__}
