"""Script classes, enums, NamedTuples and dataclasses. Each verdict and message is the compiler's (torch 2.13)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Check = Callable[[str], list[tuple[str, str]]]
PROGRAMS = [
    pytest.param(
        """\
class Cfg:
    def __init__(self): self.a = 1
    def m(self):
        try: return 1
        except: return 2
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="unused plain cfg, method uncompilable (try)",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="dataclass unused",
    ),
    pytest.param(
        """\
@dataclass
class Base:
    a: int = 1
class Cfg(Base):
    def __init__(self): self.a = 2
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="dataclass child of plain class with dataclass base, no own dataclass",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, **kw): self.a = 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x * self.cfg.a
""",
        "JIT402",
        "Module 'Entry' has no attribute 'cfg' (This attribute exists on the Python module, but we",
        id="plain class with staticmethod uncompilable + kwargs init, used",
    ),
    pytest.param(
        """\
class Cfg:
    f = lambda self: 1
    def __init__(self): self.a = 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="lambda member",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = [Cfg()]
    def forward(self, x): return x
""",
        "",
        "",
        id="dataclass attr in list",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
class Entry(nn.Module):
    __jit_ignored_attributes__ = ['cfg']
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="dataclass attr ignored",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
    def go(self): return 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg().go; self.k = Cfg
    def forward(self, x): return x
""",
        "",
        "",
        id="dataclass class with bound method attr",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, **kw): self.a = 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = [Cfg()]
    def forward(self, x): return x * self.cfg[0].a
""",
        "JIT402",
        "Module 'Entry' has no attribute 'cfg' (This attribute exists on the Python module, but we",
        id="tuple with uncompilable class",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self): self.a = 1
    @functools.lru_cache
    def k(self): return 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="class that wraps method with lru_cache",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    def m(self, **kw): return 1
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = C.A
    def forward(self, x): return x
""",
        "",
        "",
        id="enum attr with methods uncompilable",
    ),
    pytest.param(
        """\
class C(NamedTuple):
    a: Callable
class Entry(nn.Module):
    def __init__(self): super().__init__(); self.cfg = C(3)
    def forward(self, x): return x
""",
        "",
        "",
        id="NamedTuple instance w/ bad field type",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, a: bool):
        self.a = a
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg(True); self.cfg.b = 3
    def forward(self, x): return x
""",
        "",
        "",
        id="class compiles but instance lacks an attribute",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, a=1):
        self.a = a
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg(3)
    def forward(self, x): return x
""",
        "",
        "",
        id="Cfg unannotated parameter",
    ),
    pytest.param(
        """\
class Cfg:
    a = 1
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="Cfg without init",
    ),
    pytest.param(
        """\
class Cfg:
    a = 1
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x* self.cfg.a
""",
        "JIT602",
        "'__torch__.program.Cfg",
        id="Cfg without init used",
    ),
    pytest.param(
        """\
class Cfg(dict):
    def __init__(self): pass
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="Cfg subclass of dict",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self): self.a = 1
    @property
    def p(self): return {1,2}
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x * self.cfg.a
""",
        "JIT402",
        "Module 'Entry' has no attribute 'cfg' (This attribute exists on the Python module, but we",
        id="Cfg subclass with property on it that cannot compile",
    ),
    pytest.param(
        """\
class Base:
    def __init__(self): self.a = 1
class Cfg(Base):
    def go(self) -> int: return 2
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="inherited class",
    ),
    pytest.param(
        """\
class Base:
    def __init__(self): self.a = 1
class Cfg(Base):
    def go(self) -> int: return 2
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x  * self.cfg.go()
""",
        "",
        "",
        id="inherited class used",
    ),
    pytest.param(
        """\
class Base:
    def __init__(self): self.a = 1
class Cfg(Base):
    def __init__(self):
        super().__init__()
        self.b = 1
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x  * self.cfg.b
""",
        "JIT402",
        "Module 'Entry' has no attribute 'cfg' (This attribute exists on the Python module, but we",
        id="inherited class super().__init__",
    ),
    pytest.param(
        """\
@dataclass(init=False, repr=False, eq=False)
class Cfg:
    a: int = 1
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="frozen dataclass, slots",
    ),
    pytest.param(
        """\
class Cfg:
    async def m(self): return 1
class Entry(nn.Module):
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "",
        "",
        id="attr class async method",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, **kw): self.a = 1
class Entry(nn.Module):
    cfg: Cfg
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "JIT511",
        "Compiled functions can't take variable number of arguments or use keyword-only arguments w",
        id="class annotated attribute",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
class Entry(nn.Module):
    cfg: Cfg
    def __init__(self):
        super().__init__(); self.cfg = Cfg()
    def forward(self, x): return x
""",
        "JIT601",
        "Failed to get source for <function Cfg.__init__",
        id="class annotated dataclass attribute",
    ),
    pytest.param(
        """\
@dataclass
class Cfg:
    a: int = 1
def entry(x, c: Cfg): return x
""",
        "JIT601",
        "Failed to get source for <function Cfg.__init__",
        id="param annotated dataclass  (function)",
    ),
    pytest.param(
        """\
class Cfg:
    def __init__(self, **kw): self.a = 1
def entry(x, c: Cfg): return x
""",
        "JIT511",
        "Compiled functions can't take variable number of arguments or use keyword-only arguments w",
        id="param annotated uncompilable class (function)",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def m(self, **kw): return 1
def entry(x): return x * C().a
""",
        "JIT511",
        "Compiled functions can't take variable number of arguments or use keyword-only arguments w",
        id="uncompilable plain class in function",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def m(self): return undefined_thing
def entry(x): return x * C().a
""",
        "JIT301",
        "undefined value undefined_thing",
        id="class body method wrong",
    ),
    pytest.param(
        """\
class C:
    f = lambda self: 1
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "JIT601",
        "Expected <function C.<lambda>",
        id="lambda in class",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    async def m(self): return 1
def entry(x): return x * C().a
""",
        "JIT601",
        "Expected <function C.m",
        id="async method",
    ),
    pytest.param(
        """\
class C(dict):
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="dict subclass",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @functools.lru_cache
    def m(self): return 1
def entry(x): return x * C().a
""",
        "JIT312",
        "Cannot instantiate class 'C' in a script function",
        id="lru_cache method",
    ),
    pytest.param(
        """\
T = TypeVar('T')
class C(Generic[T]):
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="Generic class",
    ),
    pytest.param(
        """\
T = TypeVar('T')
class C(Generic[T]):
    def __init__(self): self.a = 1
def entry(x, c: C[int]): return x * c.a
""",
        "JIT530",
        "Unknown type constructor C",
        id="Generic class annotation",
    ),
    pytest.param(
        """\
import abc
class C(abc.ABC):
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="ABC",
    ),
    pytest.param(
        """\
class C(Protocol):
    a: int
    def go(self, x: Tensor) -> Tensor: ...
def entry(x, c: C): return c.go(x)
""",
        "JIT310",
        "Cannot emit expr for: (dots)",
        id="Protocol",
    ),
    pytest.param(
        """\
class C(Protocol):
    a: int
def entry(x, c: C): return x
""",
        "",
        "",
        id="Protocol empty",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def m(): return 1
def entry(x): return x * C().a
""",
        "JIT610",
        "methods must have a self argument",
        id="method without self",
    ),
    pytest.param(
        """\
class C:
    def m(self): return 1
def entry(x): return x * C().m()
""",
        "JIT604",
        "Class C does not have an __init__ function defined",
        id="no init, instantiated",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @property
    def p(self) -> int: return self.a
    @p.setter
    def p(self, v: int): self.a = v
def entry(x):
    c = C()
    c.p = 4
    return x * c.p
""",
        "",
        "",
        id="setter property",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @property
    def p(self) -> int: return self.a
def entry(x):
    c = C()
    c.p = 4
    return x * c.p
""",
        "JIT404",
        "Tried to set read-only attribute: p",
        id="property without setter set",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @staticmethod
    def make(**kw): return 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="staticmethod uncompilable, unused",
    ),
    pytest.param(
        """\
class C:
    k = 3
    def __init__(self): self.a = 1
def entry(x): return x * C().k
""",
        "JIT602",
        "'__torch__.program.C",
        id="class attr default",
    ),
    pytest.param(
        """\
class C:
    k = 3
    def __init__(self): self.a = 1
def entry(x): return x * C.k
""",
        "JIT306",
        "python value of type 'int' cannot be used as a value. Perhaps it is a closed over global v",
        id="C.k",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @torch.jit.ignore
    def m(self, x: Tensor) -> Tensor: return x
def entry(x): return C().m(x)
""",
        "",
        "",
        id="ignored method",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    @torch.jit.unused
    def m(self, x: Tensor) -> Tensor: return x
def entry(x): return C().m(x)
""",
        "",
        "",
        id="unused method",
    ),
    pytest.param(
        """\
class C:
    class D: pass
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="class inner class",
    ),
    pytest.param(
        """\
class M(type): pass
class C(metaclass=M):
    a: int
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="class with AnnAssign body & metaclass",
    ),
    pytest.param(
        """\
class C:
    __slots__ = ('a',)
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="slots",
    ),
    pytest.param(
        """\
def deco(f):
    def inner(*a): return f(*a)
    return inner
class C:
    def __init__(self): self.a = 1
    @deco
    def m(self): return 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="decorated method",
    ),
    pytest.param(
        """\
class C:
    def __init__(self, a): self.a = a
def entry(x): return x * C(3).a
""",
        "JIT303",
        "__init__(__torch__.program.C self, Tensor a) -> NoneType",
        id="unannotated forward method, str given",
    ),
    pytest.param(
        """\
class C:
    def __init__(self, a: int): self.a = a
    def __repr__(self): return f'{self.a}'
def entry(x): return x * C(3).a
""",
        "",
        "",
        id="repr only",
    ),
    pytest.param(
        """\
class C:
    def __new__(cls): return object.__new__(cls)
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="__new__",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def __getattr__(self, n: str) -> int: return 1
def entry(x): return x * C().zz
""",
        "JIT611",
        "'__torch__.program.C",
        id="__getattr__ in class, missing attr",
    ),
    pytest.param(
        """\
class C:
    def __init__(self): self.a = 1
    def __iter__(self): yield 1
def entry(x): return x * C().a
""",
        "JIT108",
        "Yield aren't supported",
        id="__iter__ yield",
    ),
    pytest.param(
        """\
class C:
    def __init__(self, f: bool):
        if f: self.a = 1
        else: self.a = 2
def entry(x): return x * C(True).a
""",
        "JIT603",
        "First assignment cannot be in a control-flow block. Initialize the field",
        id="conditional store in init",
    ),
    pytest.param(
        """\
class C:
    a: Optional[int]
    def __init__(self): self.a = None
def entry(x):
    c = C()
    c.a = 3
    return x
""",
        "JIT403",
        "Wrong type for attribute assignment. Expected NoneType but got int",
        id="class annotation gives type in init",
    ),
    pytest.param(
        """\
class C:
    def __init__(self):
        self.a: Optional[int] = None
def entry(x):
    c = C()
    c.a = 3
    return x
""",
        "JIT403",
        "Wrong type for attribute assignment. Expected NoneType but got int",
        id="attribute annotation in init",
    ),
    pytest.param(
        """\
class C(TypedDict):
    a: int
def entry(x, c: C): return x
""",
        "",
        "",
        id="TypedDict",
    ),
    pytest.param(
        """\
class B:
    def __init__(self): self.a = 1
class C(B):
    def m(self) -> int: return 1
def entry(x): return x * C().m()
""",
        "JIT604",
        "Class C does not have an __init__ function defined",
        id="class inherits from scripted-able base, only base init",
    ),
    pytest.param(
        """\
class C(str): pass
def entry(x, c: C): return x
""",
        "",
        "",
        id="str subclass",
    ),
    pytest.param(
        """\
import abc
class C(abc.ABC):
    @abc.abstractmethod
    def m(self): ...
def entry(x, c: C): return x
""",
        "JIT310",
        "Cannot emit expr for: (dots)",
        id="abstractmethod",
    ),
    pytest.param(
        """\
import contextlib
class C:
    def __init__(self): self.a = 1
    @contextlib.contextmanager
    def m(self):
        yield 1
def entry(x): return x * C().a
""",
        "JIT108",
        "Yield aren't supported",
        id="contextmanager class method",
    ),
    pytest.param(
        """\
def deco(f):
    @functools.wraps(f)
    def inner(*a): return f(*a)
    return inner
class C:
    def __init__(self): self.a = 1
    @deco
    def m(self): return 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="class with functools.wraps decorator",
    ),
    pytest.param(
        """\
@dataclass
class B:
    b: int = 1
class C(B):
    def __init__(self): self.a = 1
def entry(x): return x * C().a
""",
        "",
        "",
        id="dataclass in a base, recursive",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = True
def entry(c: C): return c
""",
        "JIT606",
        "Cannot create Enum with value type 'bool', only int, float and string are supported",
        id="enum bool",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = None
def entry(c: C): return c
""",
        "JIT606",
        "Cannot create Enum with value type 'NoneType', only int, float and string are supported",
        id="enum None",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1j
def entry(c: C): return c
""",
        "JIT606",
        "Cannot create Enum with value type 'complex', only int, float and string are supported",
        id="enum complex",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = (1,2)
def entry(c: C): return c
""",
        "JIT606",
        "Cannot create Enum with value type 'Any', only int, float and string are supported",
        id="enum tuple",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    B = 1.5
def entry(c: C): return c
""",
        "JIT606",
        "Could not unify type list since element 1 of type int did not match the types before it (f",
        id="enum int float",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    pass
def entry(c: C): return c
""",
        "JIT606",
        "No enum values defined for: '<class 'enum.EnumType'>'",
        id="enum no members",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = enum.auto()
    B = enum.auto()
def entry(c: C) -> int: return c.value
""",
        "",
        "",
        id="enum auto",
    ),
    pytest.param(
        """\
class C(enum.IntEnum):
    A = 1
def entry(c: C) -> int: return c.value
""",
        "",
        "",
        id="IntEnum",
    ),
    pytest.param(
        """\
class C(str, enum.Enum):
    A = 'a'
def entry(c: C) -> str: return c.value
""",
        "",
        "",
        id="str enum",
    ),
    pytest.param(
        """\
class C(str, enum.Enum):
    A = 'a'
def entry(c: C) -> str: return c
""",
        "JIT208",
        "Return value was annotated as having type str but is actually of type Enum<__torch__.progr",
        id="str enum as str",
    ),
    pytest.param(
        """\
class C(enum.Flag):
    A = 1
def entry(c: C): return c.value
""",
        "",
        "",
        id="Flag",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(n: int): return C(n)
""",
        "JIT606",
        "cannot call a EnumClass",
        id="enum by value",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    def m(self, **kw): return 1
def entry(c: C): return c
""",
        "",
        "",
        id="enum with method bad used",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    def m(self) -> int: return 1
def entry(c: C): return c.m()
""",
        "JIT309",
        "'Enum<__torch__.program.C>' object has no attribute or method 'm'.",
        id="enum method call",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    B = 'x'
def entry(x):
    if x.numel() == C.A.value: return x
    return x
""",
        "JIT606",
        "Could not unify type list since element 1 of type int did not match the types before it (s",
        id="enum bad naming only",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
    @property
    def m(self): return {1}
def entry(c: C): return c
""",
        "",
        "",
        id="enum with property bad",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(x): return len(C)
""",
        "JIT310",
        "EnumClass cannot be used as a value",
        id="len(C)",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(x): return C['A'] == C.A
""",
        "JIT310",
        "EnumClass cannot be used as a value",
        id="C['A']",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(x): return [a.value for a in C]
""",
        "",
        "",
        id="list(C)",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(c: C): return c == 1
""",
        "JIT302",
        "Arguments for call are not valid.",
        id="enum ==int",
    ),
    pytest.param(
        """\
class C(enum.Enum):
    A = 1
def entry(c: C): return c == C.B
""",
        "JIT606",
        "Enum<__torch__.program.C>' has no attribute 'B'",
        id="missing member",
    ),
    pytest.param(
        """\
class C(NamedTuple):
    a: Tensor
    b: int = 3
def entry(x): return C(x)
""",
        "",
        "",
        id="namedtuple default",
    ),
    pytest.param(
        """\
class C(NamedTuple):
    a: Tensor
    def m(self): return self.a
def entry(x): return C(x).m()
""",
        "JIT607",
        "'__torch__.program.C' object has no attribute or method 'm'.",
        id="namedtuple method",
    ),
    pytest.param(
        """\
class C(NamedTuple):
    a: 'Tensor'
def entry(x: C): return x.a
""",
        "",
        "",
        id="namedtuple fwd ref",
    ),
    pytest.param(
        """\
# future
class C(NamedTuple):
    a: Tensor
    b: Optional[int]
def entry(x: C): return x.a
""",
        "",
        "",
        id="26 namedtuple future",
    ),
    pytest.param(
        """\
C = collections.namedtuple('C', 'a b')
def entry(x): return C(x, x)
""",
        "",
        "",
        id="collections",
    ),
    pytest.param(
        """\
class C(collections.namedtuple('C', 'a b')):
    pass
def entry(x): return C(x, x).a
""",
        "",
        "",
        id="collections subclass",
    ),
    pytest.param(
        """\
C = collections.namedtuple('C', ['a', 'b'])
def entry(x: C): return x.a + 1
""",
        "",
        "",
        id="collections int param",
    ),
    pytest.param(
        """\
class B(NamedTuple):
    a: int
class C(B):
    pass
def entry(x: C): return x.a
""",
        "",
        "",
        id="NamedTuple subclass of NamedTuple class",
    ),
    pytest.param(
        """\
class C(NamedTuple):
    a: Union[int, Callable]
def entry(x: C): return 1
""",
        "JIT530",
        "Unsupported annotation typing.Union[int, typing.Callable] could not be resolved because ty",
        id="NT str union",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int
    b: Optional[int] = None
def entry(x): return C(1).a
""",
        "",
        "",
        id="dataclass scripted with Optional",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int
def entry(x): return C('s').a
""",
        "JIT303",
        "__init__(__torch__.program.C self, int a) -> NoneType",
        id="dataclass scripted wrong type",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass(order=True)
class C:
    a: int
def entry(x): return C(1) < C(2), C(1) == C(2)
""",
        "",
        "",
        id="dataclass scripted eq",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int
    def __post_init__(self): self.a = 3
def entry(x): return C(1).a
""",
        "",
        "",
        id="dataclass scripted post_init",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: torch.Tensor
def entry(x): return C(x).a
""",
        "",
        "",
        id="dataclass with Tensor eq",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int
    def m(self, **k): return 1
def entry(x): return C(1).a
""",
        "JIT511",
        "Compiled functions can't take variable number of arguments or use keyword-only arguments w",
        id="dataclass with bad method",
    ),
    pytest.param(
        """\
@dataclass
class B:
    b: int
@torch.jit.script
@dataclass
class C(B):
    a: int
def entry(x): return C(1, 2).a
""",
        "JIT605",
        "TorchScript classes does not support inheritance yet. Please directly inherit from 'object",
        id="dataclass inheritance",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int
    k: ClassVar[int] = 3
def entry(x): return C(1).a
""",
        "",
        "",
        id="dataclass class var",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: List[int]
def entry(x): return C([1]).a
""",
        "",
        "",
        id="dataclass List field eq",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass(eq=False)
class C:
    a: Dict[str, int]
def entry(x): return C({'a': 1}).a
""",
        "",
        "",
        id="dataclass eq=False",
    ),
    pytest.param(
        """\
@torch.jit.script
@dataclass
class C:
    a: int = field(default=3)
def entry(x): return C().a
""",
        "",
        "",
        id="dataclass field(default=)",
    ),
]


@pytest.mark.parametrize(("program", "code", "message"), PROGRAMS)
def test_class(check: Check, program: str, code: str, message: str) -> None:
    found = check(program)
    if not code:
        assert found == []
    else:
        assert any(one == code and message in text for one, text in found), found
