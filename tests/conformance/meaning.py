"""What programs compute in Python before and after their fixes: a repair that changes that has to be the lesser evil.

Usage: python tests/conformance/meaning.py < PAIRS   (a line each: the program's path, and its fixed copy's)

Each pair runs in a child process. `torch.jit.script` is replaced by something that catches what it is given, which is then
called with arguments made up from the signature of the fixed one, whose annotations are right. A JSON line for each pair:
`path`, `outcome` (``same``, ``different``, ``unknown``: the original does not run with such arguments, or gives another
result each time) and `detail`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import math
import os
import random
import re
import runpy
import signal
import sys
import typing
import warnings
from typing import Any

import torch

TIMEOUT = 20
SHAPES = [(4, 4), (2, 3, 4), (4,), (1, 3, 8, 8), (2, 4), (3,), (), (1,), (8,), (2, 8), (3, 3), (2, 16)]
_PLAIN: dict[Any, Any] = {
    int: 2, float: 0.75, bool: True, str: "a", complex: 1 + 2j, torch.dtype: torch.float32, typing.Any: 3,
    torch.device: torch.device("cpu"),
}  # fmt: skip


class _Caught(BaseException):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def caught(path: str) -> Any:
    """What a program gives to ``torch.jit.script`` (script classes aside), built with the same random numbers each time."""

    def script(value: Any = None, *args: Any, **kwargs: Any) -> Any:
        if inspect.isclass(value) and not issubclass(value, torch.nn.Module):
            return value
        raise _Caught(value)

    torch.manual_seed(0)
    real = torch.jit.script
    torch.jit.script = script
    try:
        runpy.run_path(path, run_name="__main__")
    except _Caught as found:
        return found.value
    finally:
        torch.jit.script = real
    raise LookupError("nothing is scripted")


def made_up(kind: Any, shape: tuple[int, ...], numbers: torch.Generator) -> Any:
    """A value for an annotation; LookupError where there is none."""
    if kind in (inspect.Parameter.empty, torch.Tensor, "Tensor"):
        return torch.rand(shape, generator=numbers) + 0.1
    if kind in _PLAIN:
        return _PLAIN[kind]
    inner = typing.get_args(kind)
    match typing.get_origin(kind):
        case origin if origin is list:
            return [made_up(inner[0], shape, numbers) for _ in range(3)]
        case origin if origin is dict:
            return {made_up(inner[0], shape, numbers): made_up(inner[1], shape, numbers)}
        case origin if origin is tuple:
            return tuple(made_up(one, shape, numbers) for one in inner)
        case origin if origin is typing.Union:
            return made_up(next(one for one in inner if one is not type(None)), shape, numbers)
    raise LookupError(f"no value for {kind}")


def outcome(value: Any, signature: inspect.Signature, shape: tuple[int, ...], seed: int = 0) -> tuple[Any, str, Any]:
    """What a call gives back and prints, and what has become of its arguments."""
    numbers = torch.Generator().manual_seed(1)
    given = {}
    for one in signature.parameters.values():
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            try:
                given[one.name] = made_up(one.annotation, shape, numbers)
            except LookupError:
                if one.default is one.empty:
                    raise
    torch.manual_seed(seed)
    random.seed(seed)
    function = called(value)
    own = inspect.signature(function).parameters.values()
    first = [given[one.name] for one in own if one.kind is one.POSITIONAL_ONLY and one.name in given]
    rest = {one.name: given[one.name] for one in own if one.kind is not one.POSITIONAL_ONLY and one.name in given}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        result = function(*first, **rest)
    return result, re.sub("0x[0-9a-f]+", "0x", printed.getvalue()), list(given.values())


def called(value: Any) -> Any:
    return value.eval().forward if isinstance(value, torch.nn.Module) else value


def alike(a: Any, b: Any) -> bool:
    """Whether two results are the same; ``1``, ``1.0`` and ``tensor(1.)`` are, and so are a list and a tuple."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and bool(torch.isclose(a.detach(), b.detach(), equal_nan=True).all())
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    a, b = (one.item() if isinstance(one, torch.Tensor) and one.dim() == 0 else one for one in (a, b))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-5) or (math.isnan(a) and math.isnan(b))
    plain = (str, complex, type(None), torch.device, torch.dtype, bytes)
    return bool(a == b) if isinstance(a, plain) or isinstance(b, plain) else type(a).__name__ == type(b).__name__


def compared(before: str, after: str) -> tuple[str, str]:
    """Whether two programs compute the same, and what is different."""
    fixed = caught(after)
    signature = inspect.signature(called(fixed))
    detail = ""
    for shape in SHAPES:
        try:
            wanted = outcome(caught(before), signature, shape)
            again = outcome(caught(before), signature, shape, seed=1)
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            continue
        if not alike(wanted, again):
            return "unknown", "it is another result each time"
        try:
            found = outcome(fixed, signature, shape)
        except Exception as error:
            return "different", f"{wanted} before; now {type(error).__name__}: {error}"
        return ("same", "") if alike(wanted, found) else ("different", f"{wanted} before; now {found}")
    return "unknown", detail


def main() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    for line in sys.stdin:
        before, after = line.rstrip("\n").split("\t")
        read_end, write_end = os.pipe()
        process = os.fork()
        if process == 0:
            signal.alarm(TIMEOUT)
            try:
                answer = compared(before, after)
            except BaseException as error:
                answer = "unknown", f"{type(error).__name__}: {error}"
            os.write(write_end, json.dumps([answer[0], answer[1][:2000]]).encode())
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            said = pipe.read()
        os.waitpid(process, 0)
        result, detail = json.loads(said) if said else ("unknown", "it crashed")
        print(json.dumps({"path": after, "outcome": result, "detail": detail}), flush=True)


if __name__ == "__main__":
    main()
