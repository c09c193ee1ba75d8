"""Reading what the compiler says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jitlint.findings.model import Finding
from jitlint.source.problem import Span
from jitlint.verify.errors import Place, at_place, column_fits, read, rejection_of, says

TEXT = """
Unknown type name 'Foo':
  File "/p/a.py", line 7
    def helper(self, x):
        y: Foo = x
           ~~~ <--- HERE
        return y
'A.helper' is being compiled since it was called from 'A.forward'
  File "/p/b.py", line 12
    def forward(self, x):
        return self.helper(x)
               ~~~~~~~~~~~ <--- HERE
"""


def finding(line: int, column: int, message: str, path: str = "/p/a.py") -> Finding:
    return Finding("JIT530", "", "error", "", message, path, Span(line, column, line, column + 3))


def test_places_and_chain() -> None:
    places, chain = read(TEXT)
    assert places == (Place("/p/a.py", 7, 12, 3),)
    assert chain == (Place("/p/b.py", 12, 16, 11),)


def test_places_of_old_torch() -> None:
    text = "unknown builtin op: aten::foo\nHere:\nat /p/a.py:3:11\ndef f(x):\n    return foo(x)\n           ~~~ <--- HERE\n"
    assert read(text)[0] == (Place("/p/a.py", 3, 12, 3),)


def test_the_headline_and_the_frames() -> None:
    answer = {
        "type": "ValueError",
        "text": "no\nmore",
        "frames": [["/x/torch/jit/_script.py", 3, "f"], ["/p/a.py", 5, "g"]],
    }
    rejection = rejection_of(answer)
    assert rejection.headline == "no"
    assert rejection.frames == (Place("/p/a.py", 5, function="g"),)
    assert not rejection.from_compiler
    assert rejection_of({"type": "RuntimeError", "text": TEXT}).headline == "Unknown type name 'Foo':"


@pytest.mark.parametrize(
    ("foretold", "expected"),
    [
        ("Unknown type name 'Foo':", True),
        ("Unknown type  name 'Foo'", True),
        ("Unknown type name 'Bar'", False),
        ("", False),
        ("Foo", False),
    ],
)
def test_words(foretold: str, expected: bool) -> None:
    assert says(finding(7, 12, foretold), rejection_of({"text": TEXT})) is expected


def test_place_and_column() -> None:
    place = Place("/p/a.py", 7, 12, 3)
    assert at_place(finding(7, 1, ""), place)
    assert not at_place(finding(8, 12, ""), place)
    assert not at_place(finding(7, 12, "", "/p/b.py"), place)
    assert column_fits(finding(7, 12, ""), place)
    assert not column_fits(finding(7, 20, ""), place)


def test_what_old_torch_says_of_an_unknown_method() -> None:
    text = "\nUnknown builtin op: aten::foo.\nCould not find any similar ops to aten::foo.\n:\nat /p/a.py:3:11\n"
    foretold = [f"'Tensor' object has no attribute or method '{name}'." for name in ("foo", "food")]
    findings = [replace(finding(3, 12, ""), torch_message=message) for message in foretold]
    assert [says(one, rejection_of({"text": text}), literally=True) for one in findings] == [True, False]
    numbers = rejection_of({"text": "Cannot call methods on numbers:\nat /p/a.py:3:11\n"})
    assert says(replace(finding(3, 12, ""), torch_message="'int' object has no attribute or method 'x'."), numbers)
    assert not says(findings[0], numbers)
