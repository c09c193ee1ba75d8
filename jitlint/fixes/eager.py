"""Whether Python gives an expression the type that the compiler infers for it.

The two differ in places: ``round`` of a float is an int in Python alone, ``n ** 2`` a float in TorchScript alone;
``x.shape`` is a ``torch.Size``, ``x.chunk(2)`` a tuple, ``d.keys()`` a view; a parameter without an annotation may be
anything. What is not known to agree counts as different.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jitlint.emit.values import ModuleRef
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Context, Function
from jitlint.fixes.parameters import has_type_comment
from jitlint.shapes import values as py
from jitlint.source.nodes import walk_own
from jitlint.types.model import (
    BOOL,
    DEVICE,
    FLOAT,
    INT,
    STR,
    ClassType,
    DictType,
    EnumType,
    ListType,
    OptionalType,
    TensorType,
    TupleType,
    Type,
)

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_CASTS = frozenset({"int", "float", "bool", "str", "len", "isinstance", "hasattr", "ord", "chr", "range"})
_MATH = frozenset(
    """math.floor math.ceil math.gcd math.factorial math.isnan math.isinf math.isfinite math.sqrt math.exp math.expm1
    math.log math.log10 math.log1p math.sin math.cos math.tan math.asin math.acos math.atan math.atan2 math.sinh
    math.cosh math.tanh math.asinh math.acosh math.atanh math.pow math.fabs math.fmod math.copysign math.degrees
    math.radians math.erf math.erfc math.gamma math.lgamma""".split()
)
# Of a tensor; what these give is no tensor, and the same in Python.
_NUMBERS = frozenset(
    """dim numel nelement ndimension element_size get_device storage_offset size stride is_floating_point is_complex
    is_contiguous is_signed is_nonzero equal allclose is_same_size tolist""".split()
)
_ATTRIBUTES = frozenset(
    "ndim itemsize nbytes device is_cuda is_cpu is_leaf requires_grad is_sparse is_quantized is_meta".split()
)
_OF_DICTS = frozenset({"get", "pop", "popitem", "setdefault", "copy"})
_OF_LISTS = frozenset({"pop", "index", "count", "copy"})


def agrees(context: Context, function: Function, nodes: Iterable[ast.expr]) -> bool:
    """Whether all of the expressions, of a function's body, surely are in Python what the compiler takes them for."""
    judge = _Judge(context, function)
    return all(judge.holds(node) for node in nodes)


class _Judge:
    def __init__(self, context: Context, function: Function) -> None:
        self.context = context
        self.function = function
        self.names: dict[str, bool] = {}  # True while it is looked at: a loop adds nothing of its own

    def type(self, node: ast.expr) -> Type | None:
        return known_type(self.context, node)

    def holds(self, node: ast.expr | None) -> bool:
        match node:
            case ast.Constant() | ast.JoinedStr():
                return True
            case ast.Name(id=name):
                return self.name(name)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) if parts:
                return all(self.holds(part) for part in parts)
            case ast.Dict(keys=keys, values=values) if values:
                return all(self.holds(part) for part in (*keys, *values))
            case ast.UnaryOp(op=ast.Not()):
                return True
            case ast.UnaryOp(operand=operand):
                return self.holds(operand) and self.number(operand)
            case ast.BinOp():
                return self.binary(node)
            case ast.Compare():
                return self.compared(node)
            case ast.BoolOp(values=parts):
                return all(self.holds(part) and self.type(part) == BOOL for part in parts)
            case ast.IfExp(body=body, orelse=orelse):
                return self.holds(body) and self.holds(orelse)
            case ast.ListComp(elt=element, generators=generators):
                return all(self.iterated(one.target, one.iter) for one in generators) and self.holds(element)
            case ast.Subscript():
                return self.item(node)
            case ast.Attribute():
                return self.attribute(node)
            case ast.Call():
                return self.call(node)
        return False

    def number(self, node: ast.expr) -> bool:
        kind = self.type(node)
        return kind in (INT, FLOAT) or isinstance(kind, TensorType)

    def binary(self, node: ast.BinOp) -> bool:
        if not (self.holds(node.left) and self.holds(node.right)):
            return False
        left, right = self.type(node.left), self.type(node.right)
        if isinstance(left, TensorType) or isinstance(right, TensorType):
            # Bits of tensors are not told apart from truth here, nor by the compiler's parser.
            bits = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
            return not bits and all(
                kind in (INT, FLOAT, BOOL) or isinstance(kind, TensorType) for kind in (left, right)
            )
        if isinstance(node.op, ast.Add) and left == right and (left == STR or isinstance(left, ListType)):
            return True
        return isinstance(node.op, _ARITHMETIC) and left in (INT, FLOAT) and right in (INT, FLOAT)

    def compared(self, node: ast.Compare) -> bool:
        parts = [node.left, *node.comparators]
        if all(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
            return True
        kinds = [self.type(part) for part in parts]
        if any(isinstance(kind, TensorType) for kind in kinds):
            return len(parts) == 2 and isinstance(self.type(node), TensorType) and all(map(self.holds, parts))
        return None not in kinds and all(map(self.holds, parts))

    # --- names ------------------------------------------------------------------------------------------------------

    def name(self, name: str) -> bool:
        if name not in self.names:
            self.names[name] = True
            self.names[name] = self._name(name)
        return self.names[name]

    def _name(self, name: str) -> bool:
        args = self.function.args
        written = has_type_comment(self.context, self.function)
        found = False
        for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            if arg.arg == name:
                found = True
                if arg.annotation is None and not written:
                    return False
        for one in walk_own(self.function.body):
            match one:
                case ast.Name(id=other, ctx=ast.Store()) if other == name:
                    if not self.bound(one):
                        return False
                    found = True
                case ast.FunctionDef(name=other) | ast.ClassDef(name=other) | ast.ExceptHandler(name=other) if (
                    other == name
                ):
                    return False
                case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                    return False
        return found

    def bound(self, node: ast.Name) -> bool:
        """Whether what is stored under a name, at one of the places, is what it is taken for."""
        parent = self.context.parents.get(node)
        match parent:
            case ast.Assign(targets=targets, value=value) if node in targets:
                return self.stored(node.id, value)
            case ast.AnnAssign(value=value):
                return value is None or self.stored(node.id, value)
            case ast.AugAssign(op=op, value=value):
                if not self.holds(value):
                    return False
                left, right = self.type(node), self.type(value)
                if isinstance(left, TensorType):
                    return not isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor)
                return isinstance(op, _ARITHMETIC) and left in (INT, FLOAT, STR) and right in (INT, FLOAT, STR)
            case ast.For(target=target, iter=over) | ast.comprehension(target=target, iter=over) if target is node:
                return self.iterated(node, over)
            case ast.Tuple() | ast.List():
                return self.unpacked(node, parent)
        return False

    def stored(self, name: str, value: ast.expr) -> bool:
        match value:
            case ast.List(elts=[]) | ast.Dict(keys=[]):
                return all(self.holds(part) for part in self.filled(name))
        return self.holds(value)

    def filled(self, name: str) -> list[ast.expr | None]:
        """What is put into a container that begins empty; None for what is not seen."""
        parts: list[ast.expr | None] = []
        for one in walk_own(self.function.body):
            match one:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=other), attr=method), args=args) if other == name:
                    if method == "append":
                        parts.extend(args)
                    elif method not in ("pop", "clear", "keys", "values", "items", "get", "reverse", "copy"):
                        parts.append(None)
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=other), slice=key)], value=value) if (
                    other == name
                ):
                    parts.extend((key, value))
                case ast.AugAssign(target=ast.Name(id=other)) if other == name:
                    parts.append(None)
        return parts

    def unpacked(self, node: ast.Name, holder: ast.Tuple | ast.List) -> bool:
        parent = self.context.parents.get(holder)
        match parent:
            case ast.Assign(value=ast.Tuple(elts=parts)) if len(parts) == len(holder.elts):
                return self.holds(parts[holder.elts.index(node)])
            case ast.Assign(value=ast.Call() as value) if isinstance(self.type(node), TensorType):
                # Whether a list or a tuple is given back, there are tensors in it.
                return self.holds(value) or self.of_torch(value)
            case ast.Assign(value=value):
                return self.holds(value)
            case ast.For(iter=over) | ast.comprehension(iter=over):
                return self.iterated(holder, over)
        return False

    def iterated(self, target: ast.expr, over: ast.expr) -> bool:
        """Whether what a loop runs over gives in Python what the compiler takes it for."""
        match over:
            case ast.Call(func=ast.Name(id="range")):
                return isinstance(target, ast.Name)
            case ast.Call(func=ast.Name(id="enumerate" | "zip"), args=args):
                return all(self.iterated(target, arg) for arg in args)
            case ast.Call(func=ast.Attribute(value=held, attr="keys" | "values" | "items")):
                return isinstance(self.type(held), DictType) and self.holds(held)
            case ast.Call() if self.of_torch(over):
                kind = self.type(over)
                return isinstance(kind, TensorType) or (
                    isinstance(kind, ListType) and isinstance(kind.element, TensorType)
                )
        return self.holds(over)

    # --- parts ------------------------------------------------------------------------------------------------------

    def item(self, node: ast.Subscript) -> bool:
        if not isinstance(node.slice, ast.Slice) and self.type(node) == INT:
            match node.value:  # a number of a shape
                case (
                    ast.Attribute(value=held, attr="shape")
                    | ast.Call(func=ast.Attribute(value=held, attr="size" | "stride"), args=[])
                ):
                    return isinstance(self.type(held), TensorType) and self.holds(held)
        kind = self.type(node.value)
        plain = isinstance(kind, TensorType | ListType | DictType | TupleType) or kind == STR
        return plain and self.holds(node.value)

    def attribute(self, node: ast.Attribute) -> bool:
        kind = self.type(node)
        for value in self.context.values(node.value):
            if isinstance(value, ModuleRef):
                return self.of_module(value.shape, node.attr)
        if isinstance(self.type(node.value), TensorType):
            agreed = isinstance(kind, TensorType) or kind == DEVICE or node.attr in _ATTRIBUTES
            return agreed and self.holds(node.value)
        if isinstance(kind, EnumType):
            return True
        held = self.type(node.value)
        return isinstance(held, TupleType) and node.attr in held.fields and self.holds(node.value)

    def of_module(self, shape: py.ModuleShape, name: str) -> bool:
        """An attribute of a module: a parameter or buffer, or one that the class annotates."""
        if isinstance(shape.attributes.get(name), py.Parameter):
            return True
        return self.context.session.compiler.attribute_annotation(shape, name) is not None

    def of_torch(self, node: ast.Call) -> bool:
        """Whether it is a function or method of torch's, given what it is taken for."""
        match node.func:
            case ast.Attribute(value=held) if isinstance(self.type(held), TensorType):
                return self.holds(held)
        name = self.context.name_of(node.func) or ""
        if not name.startswith("torch.") or name.startswith(("torch.jit.", "torch.utils.")):
            return False
        return all(self.given(argument) for argument in (*node.args, *(one.value for one in node.keywords)))

    def given(self, node: ast.expr) -> bool:
        """An argument of a function of torch's, which takes lists and sizes alike."""
        return self.holds(node) or not isinstance(self.type(node), TensorType)

    def call(self, node: ast.Call) -> bool:
        kind = self.type(node)
        name = self.context.name_of(node.func) or ""
        if name in _MATH or (name.removeprefix("builtins.") in _CASTS and name.startswith("builtins.")):
            return True
        if name.startswith("builtins."):
            return self.builtin(name.removeprefix("builtins."), node, kind)
        if self.of_torch(node):
            last = node.func.attr if isinstance(node.func, ast.Attribute) else name.rpartition(".")[2]
            if last in _NUMBERS:
                return (last not in ("size", "stride")) or bool(node.args)
            return _of_tensors(kind)
        match node.func:
            case ast.Attribute(value=held, attr=method):
                of = self.type(held)
                if of == STR:
                    return self.holds(held)
                if isinstance(of, DictType | ListType):
                    return method in (_OF_DICTS if isinstance(of, DictType) else _OF_LISTS) and self.holds(held)
        for value in self.context.values(node.func):
            if isinstance(value, ModuleRef):
                return isinstance(value.shape.cls, py.External) and not value.shape.children and _of_tensors(kind)
        return self.of_project(node, kind)

    def builtin(self, name: str, node: ast.Call, kind: Type | None) -> bool:
        args = node.args
        if node.keywords or not all(self.holds(arg) or name == "list" for arg in args):
            return False
        kinds = [self.type(arg) for arg in args]
        match name:
            case "abs":
                return self.number(args[0])
            case "min" | "max":
                return len(args) > 1 and len(set(map(str, kinds))) == 1 and kinds[0] in (INT, FLOAT)
            case "sum":
                return kind == INT  # of no floats at all, Python's is an int
            case "sorted":
                return isinstance(kinds[0], ListType)
            case "list":
                return len(args) == 1 and self.iterated(args[0], args[0])
        return False

    def of_project(self, node: ast.Call, kind: Type | None) -> bool:
        """A function or method that is annotated with what it returns, and a class that is called."""
        if isinstance(kind, ClassType) or (isinstance(kind, TupleType) and kind.name):
            return True
        project = self.context.session.project
        match node.func:
            case ast.Name(id=name):
                targets = project.resolve(self.context.scope(node), name)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                cls = self.context.class_of(node)
                definition = self.context.class_definition(cls) if cls is not None else None
                found = definition.body.bindings.get(name, []) if definition is not None else []
                return len(found) == 1 and _returns(found[0].node)
            case _:
                return False
        return len(targets) == 1 and _returns(getattr(targets[0], "node", None))


def _returns(node: object) -> bool:
    """Whether a function says what it returns."""
    return isinstance(node, ast.FunctionDef) and node.returns is not None


def _of_tensors(kind: Type | None) -> bool:
    """A tensor, or a tuple of tensors: a list of torch's is a tuple in Python."""
    match kind:
        case TensorType():
            return True
        case TupleType(elements=elements):
            return all(_of_tensors(element) for element in elements)
        case OptionalType(element):
            return _of_tensors(element)
    return False
