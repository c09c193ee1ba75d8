"""``slice(...)`` as a value, and annotations that name Python's own classes: each verdict is the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str], list[tuple[str, str]]]
SLICE = "Python slice value cannot be used as a value"


@pytest.mark.parametrize(
    "body",
    [
        "s = slice(None); return x[s]",
        "return x[slice(1, 2), slice(None)]",
        "s = slice(0, 2); t = s; return x[t]",
        "y = [1, 2, 3]; s = slice(0, 2); z: List[int] = y[s]; return z",
    ],
)
def test_a_slice_is_an_index(check: Check, body: str) -> None:
    assert check(f"def entry(x: Tensor):\n    {body}") == []


@pytest.mark.parametrize(
    "body",
    [
        "s = [slice(0, 3)] * 3; return x[s]",
        "s = (slice(0, 3), slice(1, 2)); return x[s]",
        "return slice(0, 3)",
        "s = slice(0, 2) if x.sum() > 1 else slice(1, 2); return x[s]",
    ],
)
def test_a_slice_is_no_value(check: Check, body: str) -> None:
    assert check(f"def entry(x: Tensor):\n    {body}")[0] == ("JIT310", SLICE)


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ("collections.abc.Callable", "Unknown type name 'collections.abc.Callable'"),
        ("collections.abc.Sequence", "Failed to get source for <function Sequence.__getitem__"),
        ("datetime.datetime", "Unknown type name 'datetime.datetime'"),
        ("pathlib.Path", "Compiled functions can't take variable number of arguments"),
        ("dataclasses.field", "Unknown type name 'dataclasses.field'"),
    ],
)
def test_a_class_of_pythons_own_is_no_type(check: Check, annotation: str, message: str) -> None:
    program = f"import collections.abc, datetime, pathlib\ndef entry(x: Tensor, y: {annotation}):\n    return x"
    found = check(program)
    assert found
    assert message in found[0][1]


@pytest.mark.parametrize("annotation", ["numbers.Number", "torch.Generator", "torch.dtype"])
def test_one_that_is(check: Check, annotation: str) -> None:
    assert check(f"import numbers\ndef entry(x: Tensor, y: {annotation}):\n    return x") == []
