"""Calls of ignored and unused functions. Each verdict and message is the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str], list[tuple[str, str]]]
PROGRAMS = [
    pytest.param(
        """\
@torch.jit.ignore
def h(x): return x, x
def entry(x):
    a, b = h(x)
    return a + b
""",
        "",
        "",
        id="ignored: unpack unannotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x): print(x)
def entry(x):
    h(x)
    return x
""",
        "",
        "",
        id="stmt result",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x, *a): return x
def entry(x): return h(x, x, 3)
""",
        "",
        "",
        id="star unannotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor, *a): return x
def entry(x): return h(x, x)
""",
        "JIT325",
        "arg_types.size() == param_names.size() - (moduleSelf_ ? 1 : 0) INTERNAL ASSERT FAILED",
        id="star annotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor, *, n: int = 1): return x
def entry(x): return h(x, n=3)
""",
        "JIT325",
        "arg_types.size() == param_names.size() - (moduleSelf_ ? 1 : 0) INTERNAL ASSERT FAILED",
        id="kwonly annotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x, *, n=1): return x
def entry(x): return h(x)
""",
        "",
        "",
        id="kwonly unannotated omitted",
    ),
    pytest.param(
        """\
# future
@torch.jit.ignore
def h(x: Tensor) -> Tensor: return x
def entry(x): return h(x)
""",
        "JIT325",
        "Unknown type annotation: 'Tensor'",
        id="10",
    ),
    pytest.param(
        """\
# future
@torch.jit.ignore
def h(x): return x
def entry(x): return h(x)
""",
        "",
        "",
        id="11 unannotated",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit.ignore
    def h(self: 'Entry', x: Tensor) -> Tensor: return x
    def forward(self, x): return self.h(x)
""",
        "JIT325",
        "Unknown type annotation: 'Entry'",
        id="method ignoring with self annotated by str",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: int): return x
def entry(x): return h(3) + x
""",
        "",
        "",
        id="return missing with args annotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x):
    # type: (Foo) -> Tensor
    return x
def entry(x): return h(None)
""",
        "",
        "",
        id="comment unknown name",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit.ignore
    def h(self, x, n):
        # type: (Tensor, List[int]) -> Optional[Tensor]
        return x
    def forward(self, x): return self.h(x, [1])
""",
        "",
        "",
        id="comment with method",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x, n):
    # type: (Tensor, int) -> int
    return 1
def entry(x): return h(x, 2)
""",
        "",
        "",
        id="comment int",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x, n):
    # type: (Tensor) -> int
    return 1
def entry(x): return h(x, 2)
""",
        "JIT325",
        "arg_types.size() == param_names.size() - (moduleSelf_ ? 1 : 0) INTERNAL ASSERT FAILED",
        id="comment too few",
    ),
    pytest.param(
        """\
@torch.jit.ignore(drop=True)
def h(x: Tensor, n: Callable): return x
def entry(x): return h(x, 2)
""",
        "JIT325",
        "Unknown type annotation: 'typing.Callable'",
        id="drop",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor, n: Callable): return x
def entry(x): return h(x, 2)
""",
        "JIT325",
        "Unknown type annotation: 'typing.Callable'",
        id="Callable",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit.unused
    def h(self, *a): return a[0]
    def forward(self, x): return self.h(x, x)
""",
        "",
        "",
        id="unused star no annotations method",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor) -> None: print(x)
def entry(x): return h(x)
""",
        "",
        "",
        id="ignore None return",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor, y: Optional[Tensor] = None) -> Tensor: return x
def entry(x): return h(x, None)
""",
        "",
        "",
        id="Optional default none",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x): return x
def entry(x): return h(x).numel()
""",
        "",
        "",
        id="returned unannotated",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def h(x: Tensor, n: int) -> Tensor: return x
def entry(x): return h(n=3, x=x)
""",
        "",
        "",
        id="ignore kwargs use",
    ),
]


@pytest.mark.parametrize(("program", "code", "message"), PROGRAMS)
def test_ignored(check: Check, program: str, code: str, message: str) -> None:
    found = check(program)
    if not code:
        assert found == []
    else:
        assert any(one == code and message in text for one, text in found), found
