"""Names through files: each program asks what a name in ``main`` (or the module named) is."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from jitlint.project.definitions import ClassDefinition, FunctionDefinition, ModuleIndex
from jitlint.project.files import module_name_for
from jitlint.project.index import closure_scope, function_scope
from jitlint.project.project import Project
from jitlint.project.targets import BoundValue, CheckingOnly, ExternalName, Target, Unresolved

from .conftest import MakeProject


def shown(target: Target) -> str:
    match target:
        case ModuleIndex(name=name):
            return f"module {name}"
        case FunctionDefinition(module=module, qualname=qualname):
            return f"def {module.name}:{qualname}"
        case ClassDefinition(module=module, qualname=qualname):
            return f"class {module.name}:{qualname}"
        case ExternalName(name=name):
            return name
        case BoundValue(binding=binding):
            return f"value {binding.name}" + (
                f" = {ast.unparse(binding.node)}" if isinstance(binding.node, ast.expr) else ""
            )
        case CheckingOnly(targets=targets):
            return "checking " + " | ".join(map(shown, targets))
        case Unresolved():
            return "unresolved"


def ask(project: Project, expression: str, module: str = "main") -> str:
    index = project.module(module)
    assert index is not None
    return " | ".join(map(shown, project.resolve_expr(index.scope, ast.parse(expression, mode="eval").body)))


PACKAGE = {
    "pkg/__init__.py": "from .layers import Block as PublicBlock\nfrom . import layers\nfrom .star import *\n",
    "pkg/layers.py": """
        import torch.nn as nn
        class Block(nn.Module):
            width: int = 3
            class Inner: ...
            def forward(self, x): ...
            alias = forward
        _Linear = nn.Linear
        act = nn.functional.relu
        A, B = nn.ReLU, nn.GELU
    """,
    "pkg/star.py": """
        from .layers import *
        __all__ = ["shown", "Block"]
        __all__ += ["late"]
        def shown(): ...
        def late(): ...
        def hidden(): ...
    """,
    "pkg/deep/__init__.py": "",
    "pkg/deep/mod.py": "from ..layers import Block\nfrom ... import nothing\nfrom .. import layers as up\n",
}


@pytest.mark.parametrize(
    ("main", "expression", "expected"),
    [
        ("import pkg", "pkg.PublicBlock", "class pkg.layers:Block"),
        ("import pkg.deep.mod", "pkg.deep.mod.Block", "class pkg.layers:Block"),
        ("import pkg.deep.mod as m", "m.up", "module pkg.layers"),
        ("from pkg import layers", "layers.Block.Inner", "class pkg.layers:Block.Inner"),
        ("from pkg import layers", "layers.Block.alias", "def pkg.layers:Block.forward"),
        ("from pkg import layers", "layers.Block.width", "value width = 3"),
        ("from pkg.layers import _Linear", "_Linear", "torch.nn.Linear"),
        ("from pkg.layers import act as f", "f", "torch.nn.functional.relu"),
        ("from pkg.layers import B", "B", "torch.nn.GELU"),
        ("from pkg import *", "shown", "def pkg.star:shown"),
        ("from pkg import *", "late", "def pkg.star:late"),
        ("from pkg import *", "hidden", ""),
        ("from pkg.layers import *", "_Linear", ""),
        ("from pkg.layers import *", "A", "torch.nn.ReLU"),
        ("import torch", "torch.nn.Linear", "torch.nn.Linear"),
        ("import torch.nn.functional as F", "F.relu", "torch.nn.functional.relu"),
        ("from torch import nn", "nn.Linear", "torch.nn.Linear"),
        ("import collections.abc", "collections.abc.Callable", "collections.abc.Callable"),
        ("", "len", "builtins.len"),
        ("", "nowhere", ""),
        ("import nowhere.at.all as n", "n.x", "nowhere.at.all.x"),
        ("from pkg.absent import x", "x", "unresolved"),
        ("from pkg.layers import absent", "absent", "unresolved"),
        ("from typing import *", "List", "typing.List"),
        ("from typing import *", "len", "builtins.len"),
        ("from typing import *", "nowhere", ""),
        ("x = 1", "x", "value x = 1"),
        ("import torch\nx = torch.nn.ReLU()", "x", "value x = torch.nn.ReLU()"),
        ("x = 1\ndel x", "x", ""),
        ("x: int", "x", "unresolved"),
        ("import torch\nrelu = getattr(torch, 'relu')", "relu", "torch.relu"),
        ("len = len", "len", "builtins.len"),
        ("from torch.nn import Linear\nclass Linear(Linear): ...", "Linear", "class main:Linear"),
        ("for i in range(3): pass", "i", "value i = range(3)"),
        ("import a_b.c_d", "a_b.c_d.e", "a_b.c_d.e"),
        ("globals()['x'] = 1", "nowhere", "unresolved"),
    ],
)
def test_resolution(make: MakeProject, main: str, expression: str, expected: str) -> None:
    assert ask(make({**PACKAGE, "main.py": main}), expression) == expected


@pytest.mark.parametrize(
    ("main", "expression", "expected"),
    [
        ("if c:\n    from math import sin as f\nelse:\n    from cmath import sin as f", "f", "math.sin | cmath.sin"),
        ("try:\n    from fast import f\nexcept ImportError:\n    f = None", "f", "fast.f | value f = None"),
        ("try:\n    from fast import f\nexcept ImportError:\n    raise RuntimeError()", "f", "fast.f"),
        ("try:\n    unicode\nexcept NameError:\n    unicode = str", "unicode", "builtins.str"),
        ("if c:\n    len = 3", "len", "value len = 3 | builtins.len"),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import Tensor",
            "Tensor",
            "checking torch.Tensor",
        ),
        (
            "import typing\nif not typing.TYPE_CHECKING:\n    T = int\nelse:\n    T = float",
            "T",
            "builtins.int",
        ),
        ("import sys\nif sys.version_info >= (3, 6):\n    x = 1\nelse:\n    x = 2", "x", "value x = 1"),
        ("def f():\n    global made\n    made = 1", "made", "value made = 1"),
        ("x = int if c else float", "x", "builtins.int | builtins.float"),
        ("with open('a') as f, g() as (h, i): pass", "i", "value i = g()"),
    ],
)
def test_conditions(make: MakeProject, main: str, expression: str, expected: str) -> None:
    assert ask(make({"main.py": main}), expression) == expected


def test_reasons_are_given(make: MakeProject) -> None:
    project = make({"main.py": "from pkg import x", "pkg/__init__.py": "def f(: pass"})
    index = project.module("main")
    assert index is not None
    (target,) = project.resolve(index.scope, "x")
    assert isinstance(target, Unresolved)
    assert "cannot be read" in target.reason


def test_circular_imports(make: MakeProject) -> None:
    project = make(
        {
            "a.py": "from b import *\nfrom b import y\nx = 1\nself_made = self_made2\nself_made2 = self_made\n",
            "b.py": "from a import *\ny = 2\n",
        }
    )
    assert ask(project, "x", "b") == "value x = 1"
    assert ask(project, "y", "a") == "value y = 2"
    assert ask(project, "z", "a") == ""
    assert ask(project, "x", "a") == "value x = 1"


LAZY = """
    import sys
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        from .model import Net
        from .more import *
    else:
        sys.modules[__name__] = _LazyModule(__name__, globals()["__file__"])
"""


def test_lazy_modules_keep_the_names_they_import_for_type_checking(make: MakeProject) -> None:
    project = make(
        {
            "lib/__init__.py": LAZY,
            "lib/model.py": "class Net: ...",
            "lib/more.py": "class More: ...",
            "lib/other.py": "def __getattr__(name): ...",
            "main.py": "from lib import Net, More, Absent\nfrom lib import other\n",
        }
    )
    assert ask(project, "Net") == "class lib.model:Net"
    assert ask(project, "More") == "class lib.more:More"
    assert ask(project, "Absent") == "unresolved"
    assert ask(project, "other.x") == "unresolved"


def test_a_lazy_module_s_stars_are_not_read_for_a_name_that_it_imports_by_itself(make: MakeProject) -> None:
    project = make(
        {
            "lib/__init__.py": LAZY,
            "lib/model.py": "class Net: ...",
            "lib/more.py": "from .rest import *\n",
            "lib/rest.py": "class Net: ...\nclass Rest: ...",
            "main.py": "from lib import Net, Rest\n",
        }
    )
    assert ask(project, "Net") == "class lib.model:Net"
    assert not any(path.endswith(("more.py", "rest.py")) for path in project.indexes())
    assert ask(project, "Rest") == "class lib.rest:Rest"


def test_environment_namespaces_and_compiled_modules(make: MakeProject) -> None:
    project = make(
        {
            "src/main.py": "from inst.sub import f\nimport inst.fast, space.part, torch, stubs\nfrom inst import *\n",
            "site/inst/__init__.py": "from .fast import ndarray\n",
            "site/inst/sub.py": "def f(): ...",
            "site/inst/fast.cpython-311-x86_64-linux-gnu.so": "",
            "site/space/part.py": "x = 1",
            "site/torch/__init__.py": "class Tensor: ...",
            "site/stubs.pyi": "def f(): ...",
        },
        roots=("src",),
        environment=("site",),
    )
    assert ask(project, "f") == "def inst.sub:f"
    assert ask(project, "inst.fast.g") == "inst.fast.g"
    assert ask(project, "ndarray") == "inst.ndarray"
    assert ask(project, "space.part.x") == "value x = 1"
    assert ask(project, "space.absent") == "unresolved"
    assert ask(project, "torch.Tensor") == "torch.Tensor"
    assert ask(project, "stubs.f") == "stubs.f"


def test_a_file_finds_its_neighbours_outside_the_roots(make: MakeProject, tmp_path: Path) -> None:
    project = make(
        {"src/a.py": "", "tools/run.py": "import helper\nfrom .helper import f\n", "tools/helper.py": "def f(): ..."},
        roots=("src",),
    )
    index = project.index_file(str(tmp_path / "tools/run.py"))
    assert [shown(target) for target in project.resolve(index.scope, "helper")] == ["module helper"]
    assert [shown(target) for target in project.resolve(index.scope, "f")] == ["def helper:f"]


def test_module_names(make: MakeProject, tmp_path: Path) -> None:
    make({"src/pkg/__init__.py": "", "src/pkg/sub/__init__.py": "", "src/pkg/sub/a.py": "", "space/b.py": ""})
    inside = str(tmp_path / "src/pkg/sub/a.py")
    assert module_name_for(inside, []) == ("pkg.sub.a", False)
    assert module_name_for(inside, [str(tmp_path)]) == ("src.pkg.sub.a", False)
    assert module_name_for(inside, [str(tmp_path), str(tmp_path / "src")]) == ("pkg.sub.a", False)
    assert module_name_for(inside, [str(tmp_path / "src/pkg")]) == ("pkg.sub.a", False)
    assert module_name_for(str(tmp_path / "src/pkg/__init__.py"), []) == ("pkg", True)
    assert module_name_for(str(tmp_path / "space/b.py"), [str(tmp_path)]) == ("space.b", False)


def test_scopes(make: MakeProject) -> None:
    project = make(
        {
            "main.py": """
                x = 1
                def outer(a, *b, c: int = 3, **d):
                    x = 2
                    class K:
                        x = 3
                        def m(self):
                            return x
                        def n(self):
                            global y
                            y = 1
                    def inner():
                        nonlocal x
                        x = 4
                    return K
                class Top:
                    x = 5
                    def m(self): ...
                    y = x
            """
        }
    )
    index = project.module("main")
    assert index is not None
    functions = {function.qualname: function for function in index.functions}
    assert set(functions) == {"outer", "outer.<locals>.K.m", "outer.<locals>.K.n", "outer.<locals>.inner", "Top.m"}
    method = functions["outer.<locals>.K.m"]
    assert method.cls is not None
    assert method.cls.qualname == "outer.<locals>.K"
    assert [shown(t) for t in project.resolve(function_scope(method), "x")] == ["value x = 4", "value x = 2"][::-1]
    assert [shown(t) for t in project.resolve(closure_scope(method), "x")] == ["value x = 2", "value x = 4"]
    assert [shown(t) for t in project.resolve(function_scope(functions["Top.m"]), "x")] == ["value x = 1"]
    assert [shown(t) for t in project.resolve(functions["Top.m"].scope, "y")] == ["value x = 5"]
    assert [shown(t) for t in project.resolve(function_scope(functions["outer"]), "c")] == ["value c"]


def test_dependencies_are_recorded_for_cached_answers_too(make: MakeProject, tmp_path: Path) -> None:
    project = make({**PACKAGE, "main.py": "from pkg import PublicBlock\nimport nowhere"})
    expected = {str(tmp_path / name) for name in ("main.py", "pkg/__init__.py", "pkg/layers.py")}
    for _ in range(2):
        project.start_recording()
        assert ask(project, "PublicBlock") == "class pkg.layers:Block"
        assert project.dependencies == expected
    ask(project, "nowhere")
    assert {os.path.basename(path) for path in project.dependencies if "nowhere" in path} == {"nowhere", "nowhere.py"}


def test_overlay_and_update(make: MakeProject, tmp_path: Path) -> None:
    project = make({"main.py": "from new import f\n"}, overlay={str(tmp_path / "new.py"): "def f(): ...\n"})
    assert ask(project, "f") == "def new:f"
    project.update(str(tmp_path / "new.py"), "f = 1\n")
    assert ask(project, "f") == "value f = 1"
    project.update(str(tmp_path / "main.py"), "from torch import relu as f\n")
    assert ask(project, "f") == "torch.relu"
    project.update(str(tmp_path / "main.py"), None)
    assert ask(project, "f") == "value f = 1"


def test_external_name(make: MakeProject) -> None:
    project = make(
        {
            "main.py": """
                try:
                    from torch.jit import unused
                except ImportError:
                    def unused(f): return f
                from torch.jit import script as s
            """
        }
    )
    index = project.module("main")
    assert index is not None

    def name(text: str) -> str | None:
        return project.external_name(index.scope, ast.parse(text, mode="eval").body)

    assert name("unused") == "torch.jit.unused"
    assert name("s") == "torch.jit.script"
    assert name("print") == "builtins.print"
    assert name("f(x)") is None


def test_deep_and_long_programs(make: MakeProject) -> None:
    chain = "if a == 0:\n    x0 = 0\n" + "".join(f"elif a == {n}:\n    x{n} = {n}\n" for n in range(1, 1500))
    aliases = "a0 = 1\n" + "".join(f"a{n} = a{n - 1}\n" for n in range(1, 400))
    project = make({"main.py": chain + aliases})
    assert ask(project, "x1499") == "value x1499 = 1499"
    assert ask(project, "a30") == "value a0 = 1"
    assert ask(project, "a399")
