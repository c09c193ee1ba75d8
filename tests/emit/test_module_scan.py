"""What scripting reads off a module; interfaces. Each verdict and message is the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str], list[tuple[str, str]]]
PROGRAMS = [
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def go(self, x: Tensor) -> Tensor: pass
class S(nn.Module):
    def forward(self, x: Tensor) -> Tensor: return x
class Entry(nn.Module):
    s: I
    def __init__(self): super().__init__(); self.s = S()
    def forward(self, x: Tensor) -> Tensor: return self.s.go(x)
""",
        "JIT608",
        "'S' object has no attribute 'go'",
        id="missing method",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor: pass
class Entry(nn.Module):
    s: I
    def __init__(self): super().__init__(); self.s = nn.ReLU()
    def forward(self, x: Tensor) -> Tensor: return self.s.forward(x)
""",
        "",
        "",
        id="nn.ReLU with input",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, x: Tensor) -> Tensor: pass
class S(nn.Module):
    def forward(self, x): return x
class Entry(nn.Module):
    s: I
    def __init__(self): super().__init__(); self.s = S()
    def forward(self, x: Tensor) -> Tensor: return self.s.forward(x)
""",
        "",
        "",
        id="unannotated return of impl",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor: pass
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.s = nn.ModuleList([nn.Tanh(), nn.ReLU()])
    def forward(self, x: Tensor, i: int) -> Tensor:
        m: I = self.s[i]
        return m.forward(x)
""",
        "",
        "",
        id="list index input name",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor:
        "doc"
        pass
def entry(x): return x
""",
        "",
        "",
        id="interface docstring body",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor:
        ...
def entry(x): return x
""",
        "JIT608",
        "interfaces declarations should contain 'pass' statement.",
        id="interface ellipsis body",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Linear):
    def forward(self, input: Tensor) -> Tensor:
        pass
def entry(x): return x
""",
        "JIT608",
        "TorchScript interface does not support inheritance yet. Please directly inherit from 'obje",
        id="interface inherit Module",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I:
    a: int
    def forward(self, input: Tensor) -> Tensor:
        pass
def entry(x): return x
""",
        "",
        "",
        id="interface attr body",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I:
    def go(self, x: Tensor) -> Tensor:
        pass
class A:
    def __init__(self): self.a = 1
    def go(self, x: Tensor) -> Tensor: return x
def h(i: I, x: Tensor): return i.go(x)
def entry(x): return h(A(), x)
""",
        "",
        "",
        id="class into interface",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor: pass
class Entry(nn.Module):
    s: I
    def __init__(self): super().__init__(); self.s = nn.ReLU()
    def forward(self, x: Tensor) -> Tensor: return self.s(x)
""",
        "",
        "",
        id="interface call",
    ),
    pytest.param(
        """\
@torch.jit.interface
class I(nn.Module):
    def forward(self, input: Tensor) -> Tensor: pass
class Entry(nn.Module):
    s: I
    def __init__(self): super().__init__(); self.s = nn.ReLU()
    def forward(self, x: Tensor) -> Tensor: return self.s.inplace
""",
        "JIT309",
        "'__torch__.program.I' object has no attribute or method 'inplace'.",
        id="interface attribute missing",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
def entry(x): return C.zzz
""",
        "JIT602",
        "Tried to lookup unknown attribute on class __torch__.program.C",
        id="static",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def m(self): return self.a
def entry(x): return C.m(C())
""",
        "JIT309",
        "'Tensor (inferred)' object has no attribute or method 'a'.",
        id="unbound",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @staticmethod
    def m(x): return x
def entry(x): return C().m(x)
""",
        "JIT611",
        "'__torch__.program.C",
        id="static via instance",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a: List[int] = []
def entry(x): return C().a
""",
        "",
        "",
        id="ann attr List",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a: Optional[int] = 3
def entry(x):
    c = C()
    c.a = None
    return 1
""",
        "JIT403",
        "Wrong type for attribute assignment. Expected int but got NoneType",
        id="ann attr Optional int with value",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = 1
    @property
    def p(self) -> int: return self.a
    @p.setter
    def p(self, v): self.a = [1 for i in x if i]
    def forward(self, x): return x
""",
        "JIT111",
        "Comprehension ifs are not supported yet",
        id="property setter uncompilable",
    ),
    pytest.param(
        """\
class B(nn.Module):
    @property
    def p(self): return {1,2}
class Entry(B):
    def forward(self, x): return x
""",
        "JIT110",
        "Set aren't supported",
        id="property uncompilable not used, inherited",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @property
    def p(self) -> int: raise AttributeError('x')
    def forward(self, x): return x
""",
        "",
        "",
        id="property raising AttributeError",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    __jit_ignored_attributes__ = ['p']
    __jit_unused_properties__ = ['p']
    @property
    def p(self) -> int: raise ValueError('x')
    def forward(self, x): return x
""",
        "",
        "",
        id="property raising ValueError ignored",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @property
    @torch.jit.ignore
    def p(self): return {1}
    def forward(self, x): return x
""",
        "JIT110",
        "Set aren't supported",
        id="property ignore mark",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = 1
    @functools.cached_property
    def p(self): return [self.a][0]
    def forward(self, x): return x * self.p
""",
        "",
        "",
        id="cached property read",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit.unused
    @property
    def p(self): return {1}
    def forward(self, x): return x
""",
        "",
        "",
        id="unused above property",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    __constants__ = ['d']
    d = {'a': 1}
    def forward(self, x): return x
""",
        "JIT405",
        "'dict' object in attribute 'Entry.d' is not a valid constant.",
        id="constants dict in class",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    d: Final[Dict[str, int]] = {'a': 1}
    def forward(self, x): return x
""",
        "JIT405",
        "'dict' object in attribute 'Entry.d' is not a valid constant.",
        id="Final of list",
    ),
    pytest.param(
        """\
class E(enum.Enum): A = 1
class Entry(nn.Module):
    __constants__ = ['d']
    def __init__(self): super().__init__(); self.d = E.A
    def forward(self, x): return x
""",
        "JIT405",
        "'program.E' object in attribute 'Entry.d' is not a valid constant.",
        id="enum constant",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    __constants__ = ['d']
    def __init__(self): super().__init__(); self.d = torch.ones(1)
    def forward(self, x): return x
""",
        "JIT405",
        "'torch.Tensor' object in attribute 'Entry.d' is not a valid constant.",
        id="tensor constant",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    __constants__ = ['d']
    def __init__(self): super().__init__(); self.d = [nn.Linear]
    def forward(self, x): return x
""",
        "JIT405",
        "'type' object in attribute 'Entry.d' is not a valid constant.",
        id="type constant",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): pass
    def forward(self, x): return x
""",
        "JIT411",
        "'program.Entry' has not been initialized, did you forget to call 'super()'?",
        id="missing super init with attr",
    ),
    pytest.param(
        """\
class Entry(nn.Linear):
    def __init__(self): self.__dict__['a'] = 1
    def forward(self, x): return x
""",
        "JIT411",
        "'program.Entry' has not been initialized, did you forget to call 'super()'?",
        id="subclass of Linear w/o init",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = nn.LazyLinear(3)
    def forward(self, x): return self.a(x)
""",
        "JIT408",
        "'torch.nn.modules.linear.LazyLinear' has uninitialized parameters weight. Did you forget t",
        id="lazy linear",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = nn.LazyBatchNorm1d(affine=False)
    def forward(self, x): return self.a(x)
""",
        "JIT408",
        "'torch.nn.modules.batchnorm.LazyBatchNorm1d' has uninitialized buffers running_mean. Did y",
        id="lazy bn",
    ),
    pytest.param(
        """\
class L(nn.LazyLinear):
    def __init__(self): super().__init__(3)
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = L()
    def forward(self, x): return self.a(x)
""",
        "JIT408",
        "'program.L' has uninitialized parameters weight. Did you forget to run a forward pass?",
        id="lazy subclass",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.a = torch.jit.Attribute([], List[int])
    def forward(self, x: int): self.a.append(x); return self.a
""",
        "",
        "",
        id="jit Attribute ok",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit._overload_method
    def pick(self, x: int) -> int: pass
    @torch.jit._overload_method
    def pick(self, x: Tensor) -> Tensor: pass
    def pick(self, x): return x
    def forward(self, x: int): return self.pick(x)
""",
        "",
        "",
        id="overloads method ok",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @torch.jit._overload_method
    def pick(self, x, n: int): pass
    def pick(self, x, n): return x
    def forward(self, x): return self.pick(x, 1)
""",
        "",
        "",
        id="overload_method partly annotated",
    ),
    pytest.param(
        """\
def f(x):
    try: return x
    except: return x
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = f
    def forward(self, x): return x
""",
        "",
        "",
        id="function attr uncompilable unused",
    ),
    pytest.param(
        """\
def f(x):
    try: return x
    except: return x
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = f
    def forward(self, x): return self.act(x)
""",
        "JIT416",
        "Module 'Entry' has no attribute 'act' (This function exists as an attribute on the Python",
        id="function attr uncompilable used",
    ),
    pytest.param(
        """\
def f(x, n=2): return x * n
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = f
    def forward(self, x): return self.act(x, 3)
""",
        "JIT416",
        "Module 'Entry' has no attribute 'act' (This function exists as an attribute on the Python",
        id="function attr param tensor default given int",
    ),
    pytest.param(
        """\
def f(x): return x
class Entry(nn.Module):
    act = staticmethod(f)
    def forward(self, x): return self.act(x)
""",
        "",
        "",
        id="class attribute function",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    act = staticmethod(torch.relu)
    def forward(self, x): return self.act(x)
""",
        "",
        "",
        id="class attr staticmethod builtin",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = lambda x: x
    def forward(self, x): return x
""",
        "",
        "",
        id="instance lambda unused",
    ),
    pytest.param(
        """\
@torch.jit.ignore
def f(x): return x
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = f
    def forward(self, x): return self.act(x)
""",
        "",
        "",
        id="ignored function attr",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = self.go
    def go(self, x): return x
    def forward(self, x): return self.act(x)
""",
        "JIT402",
        "Module 'Entry' has no attribute 'act' (This attribute exists on the Python module, but we",
        id="bound method attr",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.act = functools.partial(F.relu, inplace=True)
    def forward(self, x): return self.act(x)
""",
        "JIT402",
        "Module 'Entry' has no attribute 'act' (This attribute exists on the Python module, but we",
        id="partial attr",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.k = nn.Linear
    def forward(self, x): return self.k(x)
""",
        "JIT402",
        "Module 'Entry' has no attribute 'k' (This attribute exists on the Python module, but we fa",
        id="class-valued attr",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    n: 'int'
    def __init__(self): super().__init__(); self.n = 1
    def forward(self, x): return x
""",
        "JIT406",
        "Unknown type annotation: 'int'",
        id="annotation str",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def forward(self, x): return x
    @torch.jit.export
    def __getstate__(self): return 1
""",
        "",
        "",
        id="setstate",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @property
    def device(self): return next(self.parameters()).device
    def forward(self, x): return x
""",
        "JIT409",
        "",
        id="property of Module hidden by attr",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.l = nn.Linear(1,1)
    @property
    def device(self): return next(self.parameters()).device
    def forward(self, x): return x
""",
        "JIT307",
        "Python builtin <built-in function next> is currently not supported in Torchscript",
        id="with params",
    ),
    pytest.param(
        """\
class S(nn.Module):
    @property
    def p(self): raise NotImplementedError
    def forward(self, x): return x
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.s = S()
    def forward(self, x): return x
""",
        "JIT409",
        "",
        id="submodule property raises",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    @classmethod
    def p(cls, x): return x
    def forward(self, x): return self.p(x)
""",
        "",
        "",
        id="classmethod exported/called",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.k = ['a', None]
    def forward(self, x): return x
""",
        "",
        "",
        id="list attr of strings None",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.d = {(0,1): 2}
    def forward(self, x): return x
""",
        "JIT402",
        "Error inferring type for d: {(0, 1): 2}: Cannot create dict for key type '(int, int)', onl",
        id="dict tuple keys",
    ),
    pytest.param(
        """\
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.d = {None: 2}
    def forward(self, x): return x
""",
        "JIT402",
        "Error inferring type for d: {None: 2}: Cannot create dict for key type 'NoneType', only in",
        id="dict None keys",
    ),
]


@pytest.mark.parametrize(("program", "code", "message"), PROGRAMS)
def test_scan(check: Check, program: str, code: str, message: str) -> None:
    found = check(program)
    if not code:
        assert found == []
    else:
        assert any(one == code and message in text for one, text in found), found
