"""Torch before 1.2 compiles only what is marked; what else compiled code calls stays Python's.

Measured on 1.1.0: ``torch.jit.script`` of a plain nn.Module's instance is a TypeError; of a ScriptModule the methods marked
``script_method`` are compiled, of a class marked ``weak_module`` those marked ``weak_script_method``, where something
compiled calls them. A submodule, method or function without a mark, and a class that is not scripted itself, is called back
(``^<python_value>`` in the graph), whatever is in it.
"""

from __future__ import annotations

from jitlint.emit.compiler import Compiler
from jitlint.emit.generated import is_scripted
from jitlint.emit.values import ClassRef, FunctionRef, MethodRef, ModuleRef, Sugared
from jitlint.project.definitions import ClassDefinition
from jitlint.project.hierarchy import is_script_module_class
from jitlint.project.legacy import is_marked_module
from jitlint.shapes import values as py


def mark_of(c: Compiler, definition: ClassDefinition) -> str:
    """The mark of the methods that are compiled of a module; '' where ``forward`` is, and what is exported."""
    if is_script_module_class(c.project, definition):
        return "script_method"
    return "weak_script_method" if c.marked_only else ""


def left_to_python(c: Compiler, callee: Sugared) -> bool:
    """Whether a target that compiles only what is marked calls back into Python here."""
    match callee:
        case FunctionRef(marks=marks):
            return not marks & {"script", "weak_script"}
        case MethodRef(module=ModuleRef(shape=py.ModuleShape(cls=py.Class(definition=cls))), definition=definition):
            return not is_marked_module(c.project, cls) or mark_of(c, cls) not in c.marks(definition)
        case ModuleRef(shape=py.ModuleShape(cls=py.Class(definition=cls))):
            return not is_marked_module(c.project, cls)
        case ClassRef(type=kind):
            return isinstance(kind.definition, ClassDefinition) and not is_scripted(c, kind.definition)
    return False
