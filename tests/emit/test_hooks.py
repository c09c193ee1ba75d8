"""Forward hooks and pre-hooks. Each verdict and message is the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str], list[tuple[str, str]]]
PROGRAMS = [
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tensor): return output
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="hook ok",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tensor):
    print(output)
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="hook returns None implicitly no annotation",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]): return input
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Pre-hook 'tap' on module 'Entry' is missing a return annotation. Return annotations are re",
        id="pre ok returning input no return annotation",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]): print('x')
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Pre-hook 'tap' on module 'Entry' is missing a return annotation. Return annotations are re",
        id="pre returning None no annotation",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]) -> None: print('x')
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="pre None annotation",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]) -> Tuple[Tensor]: return input
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="pre annotated Tuple[Tensor]",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]) -> Tensor: return input[0]
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="pre annotated Tensor",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], z: Tensor) -> Tensor: return input[0]
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Pre-hook 'tap' on module 'Entry' was expected to only have exactly 2 inputs but it had 3 i",
        id="pre 3 args",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'tap' on module 'Entry' was expected to only have exactly 3 inputs but it had 2 input",
        id="hook 2 args",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: int): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'tap' on module 'Entry' has the wrong type for the output argument. Received type: 'i",
        id="hook output type wrong",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[int], output: Tensor): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'tap' on module 'Entry' has the wrong inner types for the input tuple argument. Recei",
        id="hook inner type wrong",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tensor): return 3
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="hook returns int",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tensor) -> int: return 3
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "",
        "",
        id="hook returns int annotated",
    ),
    pytest.param(
        """\
def tap(module, inputs, output): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.fc = nn.Linear(2,2); self.fc.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'tap' on module 'Linear' expected the input argument to be typed as a Tuple but found",
        id="hook on a module without forward called",
    ),
    pytest.param(
        """\
def tap(module, inputs): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Pre-hook 'tap' on module 'Entry' expected the input argument to be typed as a Tuple but fo",
        id="pre hook untyped",
    ),
    pytest.param(
        """\
def tap(module, inputs, output, **kw): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT511",
        "Compiled functions can't take variable number of arguments or use keyword-only arguments w",
        id="hook kwargs",
    ),
    pytest.param(
        """\
def a(self, input: Tuple[Tensor], output: Tensor) -> Tuple[Tensor, Tensor]: return output, output
def b(self, input: Tuple[Tensor], output: Tensor): return output
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(a); self.register_forward_hook(b)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'b' on module 'Entry' has the wrong type for the output argument. Received type: 'Ten",
        id="hook two outputs chain",
    ),
    pytest.param(
        """\
def a(self, input: Tuple[()], output: Tensor): return output
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(a)
    def forward(self): return torch.ones(1)
""",
        "",
        "",
        id="hook without input (no forward params)",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor]) -> Tuple[int]: return (1,)
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_pre_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Pre-hook 'tap' on module 'Entry' returned the wrong type of: 'Tuple[int]'. The returned tu",
        id="bad return of pre-hook tuple",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def tap(self, input, output): return None
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "Hook 'tap' on module 'Entry' expected the input argument to be typed as a Tuple but found",
        id="ignored hook",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.fc = nn.utils.weight_norm(nn.Linear(2,2))
    def forward(self, x: Tensor): return self.fc(x)
""",
        "JIT414",
        "'WeightNorm' object has no attribute '__name__'",
        id="weight_norm (param)",
    ),
    pytest.param(
        """\
class H:
    def __call__(self, m, i, o): return o
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(H())
    def forward(self, x: Tensor): return x
""",
        "JIT414",
        "'H' object has no attribute '__name__'",
        id="callable object",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tensor):
    return undefined_thing
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x
""",
        "JIT301",
        "undefined value undefined_thing",
        id="hook body error",
    ),
    pytest.param(
        """\
def tap(self, input: Tuple[Tensor], output: Tuple[Tensor, int]):
    return output
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_forward_hook(tap)
    def forward(self, x: Tensor): return x, 1
""",
        "",
        "",
        id="two outputs",
    ),
    pytest.param(
        """\
def tap(m, i, o): pass
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.register_full_backward_hook(tap)
    def forward(self, x: Tensor): return x, 1
""",
        "",
        "",
        id="register_full_backward_hook",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.fc = nn.Linear(2,2); self.fc.register_forward_pre_hook(self.save)
    def save(self, m, i): pass
    def forward(self, x: Tensor): return x, 1
""",
        "JIT414",
        "Pre-hook 'save' on module 'Linear' was expected to only have exactly 2 inputs but it had 3",
        id="method hook pre",
    ),
]


@pytest.mark.parametrize(("program", "code", "message"), PROGRAMS)
def test_hook(check: Check, program: str, code: str, message: str) -> None:
    found = check(program)
    if not code:
        assert found == []
    else:
        assert any(one == code and message in text for one, text in found), found
