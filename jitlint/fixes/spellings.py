"""Fixes of functions, methods and keywords that TorchScript lacks under this name and has under another. Tables."""

from __future__ import annotations

import ast
from collections.abc import Callable

from jitlint.emit.evidence import RefusedCall
from jitlint.emit.schema_matching import ArgValue, Match, match_schemas
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import operand, receiver, replaced
from jitlint.fixes.imports import need
from jitlint.types.model import (
    BOOL,
    FLOAT,
    INT,
    NUMBER,
    STR,
    DictType,
    ListType,
    TensorType,
    TupleType,
)

# --- methods ----------------------------------------------------------------------------------------------------------

# Of a tensor: the method called without arguments, and what to write instead. {0} is the receiver.
_TENSOR_METHODS: dict[str, tuple[str, Applicability]] = {
    "bool": ("{0}.to({torch.bool})", "safe"),
    "bfloat16": ("{0}.to({torch.bfloat16})", "safe"),
    "chalf": ("{0}.to({torch.complex32})", "safe"),
    "cfloat": ("{0}.to({torch.complex64})", "safe"),
    "cdouble": ("{0}.to({torch.complex128})", "safe"),
    "ndimension": ("{0}.dim()", "safe"),
    "nelement": ("{0}.numel()", "safe"),
    "unique": ("{torch.unique}({0})", "safe"),
    "__len__": ("len({0})", "safe"),
    "__neg__": ("-{0}", "safe"),
    "__abs__": ("abs({0})", "safe"),
}
_TENSOR_ATTRIBUTES: dict[str, tuple[str, Applicability]] = {"nbytes": ("{0}.numel() * {0}.element_size()", "unsafe")}
_DUNDERS = {
    "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__matmul__": "@",
    "__pow__": "**", "__mod__": "%", "__and__": "&", "__or__": "|", "__eq__": "==", "__ne__": "!=", "__lt__": "<",
    "__le__": "<=", "__gt__": ">", "__ge__": ">=",
}  # fmt: skip


def method(context: Context, finding: Finding) -> Draft | None:
    """A method or attribute that a type lacks in TorchScript, by its other name."""
    node = context.at(finding.span, ast.Attribute, ast.Call)
    if isinstance(node, ast.Call):
        attribute: ast.expr = node.func
    elif node is not None:
        attribute = node
    else:
        return None
    if not isinstance(attribute, ast.Attribute):
        return None
    parent = context.parents.get(attribute)
    call = parent if isinstance(parent, ast.Call) and parent.func is attribute else None
    kind = known_type(context, attribute.value)
    subject = receiver(context, attribute.value)
    whole: ast.expr = call if call is not None else attribute
    name = attribute.attr
    found: tuple[str, Applicability] | None = None
    if isinstance(kind, TensorType):
        found = _of_tensor(context, attribute, call, subject)
    elif kind is not None and call is not None:
        found = _of_value(context, name, str(kind), call, subject)
        if isinstance(kind, ListType) and name == "numel" and not call.args:
            found = _numel(context, attribute.value)
        elif isinstance(kind, ListType) and name == "push" and len(call.args) == 1:
            found = f"{subject}.append({context.code(call.args[0])})", "unsafe"
        elif isinstance(kind, DictType) and name == "has_key" and len(call.args) == 1:
            found = f"({context.code(call.args[0])} in {subject})", "unsafe"
    elif kind == INT and name in ("is_floating_point", "is_complex"):
        found = _of_dtype(context, attribute)
    elif isinstance(kind, TupleType) and kind.fields:
        close = [field for field in kind.fields if field.startswith(name) or name.startswith(field)]
        if len(close) == 1:
            found = f"{subject}.{close[0]}", "unsafe"
    if found is None:
        return None
    text, changes = _imported(context, found[0])
    if _postfix_needed(context, whole) and not _atomic(text):
        text = f"({text})"
    return Draft(found[1], f"Write `{text}`", (replaced(context, whole, text), *changes))


def _of_tensor(
    context: Context, attribute: ast.Attribute, call: ast.Call | None, subject: str
) -> tuple[str, Applicability] | None:
    name = attribute.attr
    if call is None:
        if name in _TENSOR_ATTRIBUTES and isinstance(attribute.value, ast.Name):
            text, applicability = _TENSOR_ATTRIBUTES[name]
            return text.replace("{0}", subject), applicability
        return (f"{subject}.stride()", "unsafe") if name == "strides" else None
    if call.keywords:
        return None
    arguments = [context.code(one) for one in call.args]
    if name in _TENSOR_METHODS and not arguments:
        text, applicability = _TENSOR_METHODS[name]
        return text.replace("{0}", subject), applicability
    if name in _DUNDERS and len(arguments) == 1:
        return f"{operand(context, attribute.value)} {_DUNDERS[name]} {operand(context, call.args[0])}", "safe"
    if name == "__getitem__" and len(arguments) == 1:
        return f"{subject}[{arguments[0]}]", "safe"
    if name == "__contains__" and len(arguments) == 1:
        return f"bool(({subject} == {operand(context, call.args[0])}).any())", "unsafe"
    if name == "new" and arguments and all(known_type(context, one) == INT for one in call.args):
        return f"{subject}.new_empty([{', '.join(arguments)}])", "safe"
    return None


def _of_value(context: Context, name: str, kind: str, call: ast.Call, subject: str) -> tuple[str, Applicability] | None:
    """Of what is no tensor."""
    arguments = [context.code(one) for one in call.args]
    plain = isinstance(getattr(call.func, "value", None), ast.Name)
    match kind, name, arguments:
        case "str", "removeprefix", [prefix] if plain:
            return f"({subject}[len({prefix}):] if {subject}.startswith({prefix}) else {subject})", "safe"
        case "str", "removesuffix", [suffix] if plain and isinstance(call.args[0], ast.Constant) and call.args[0].value:
            return f"({subject}[:-len({suffix})] if {subject}.endswith({suffix}) else {subject})", "safe"
        case "str", "casefold", []:
            return f"{subject}.lower()", "unsafe"
        case "float", "is_integer", [] if plain:
            return f"{subject} == float(int({subject}))", "unsafe"
        case "int" | "float" | "bool", "item", []:
            return subject, "unsafe"
        case "int" | "bool", "float", []:
            return f"float({subject})", "unsafe"
        case "float" | "bool", "int" | "long", []:
            return f"int({subject})", "unsafe"
        case "bool", "any" | "all", []:
            return subject, "unsafe"
        case "int" | "float", "conjugate", []:
            return subject, "safe"
    return None


def _numel(context: Context, value: ast.expr) -> tuple[str, Applicability] | None:
    """``x.shape.numel()`` and ``x.size().numel()`` as ``x.numel()``."""
    match value:
        case (
            ast.Attribute(value=tensor, attr="shape")
            | ast.Call(func=ast.Attribute(value=tensor, attr="size"), args=[], keywords=[])
        ):
            if isinstance(known_type(context, tensor), TensorType):
                return f"{receiver(context, tensor)}.numel()", "safe"
    return None


def _of_dtype(context: Context, attribute: ast.Attribute) -> tuple[str, Applicability] | None:
    """``x.dtype.is_floating_point`` as ``x.is_floating_point()``."""
    value = attribute.value
    if isinstance(value, ast.Attribute) and value.attr == "dtype":
        return f"{receiver(context, value.value)}.{attribute.attr}()", "safe"
    return None


def dtype_member(context: Context, finding: Finding) -> Draft | None:
    """``x.dtype.is_floating_point``: asked of the tensor."""
    node = context.at(finding.span, ast.Attribute)
    if node is None or node.attr not in ("is_floating_point", "is_complex"):
        return None
    found = _of_dtype(context, node)
    return None if found is None else Draft(found[1], f"Write `{found[0]}`", (replaced(context, node, found[0]),))


# --- functions --------------------------------------------------------------------------------------------------------


def _log2(context: Context, args: list[ast.expr]) -> str:
    return f"{{math.log}}({context.code(args[0])}) / {{math.log}}(2)"


def _call(name: str) -> Callable[[Context, list[ast.expr]], str]:
    return lambda context, args: f"{name}({', '.join(context.code(one) for one in args)})"


def _infix(operator: str) -> Callable[[Context, list[ast.expr]], str]:
    return lambda context, args: f"{operand(context, args[0])} {operator} {operand(context, args[1])}"


def _hypot(context: Context, args: list[ast.expr]) -> str:
    a, b = (operand(context, one) for one in args)
    return f"{{math.sqrt}}({a} * {a} + {b} * {b})"


def _isclose(context: Context, args: list[ast.expr]) -> str:
    a, b = (context.code(one) for one in args)
    return f"abs({a} - {b}) <= 1e-09 * max(abs({a}), abs({b}))"


# By dotted name: how many arguments, what to write, and whether it is the same to the last bit.
_FUNCTIONS: dict[str, tuple[int, Callable[[Context, list[ast.expr]], str], Applicability]] = {
    "math.log2": (1, _log2, "unsafe"),
    "math.isqrt": (1, lambda c, a: f"int({{math.sqrt}}({c.code(a[0])}))", "unsafe"),
    "math.trunc": (1, _call("int"), "unsafe"),
    "math.fsum": (1, _call("sum"), "unsafe"),
    "math.hypot": (2, _hypot, "unsafe"),
    "math.isclose": (2, _isclose, "unsafe"),
    "math.cbrt": (1, lambda c, a: f"{{math.copysign}}({{math.pow}}(abs({c.code(a[0])}), 1 / 3), {c.code(a[0])})", "unsafe"),
    "math.exp2": (1, lambda c, a: f"{{math.pow}}(2.0, {c.code(a[0])})", "unsafe"),
    "random.random": (0, lambda c, a: "float({torch.rand}(1))", "unsafe"),
    "random.uniform": (2, lambda c, a: f"float({{torch.empty}}(1).uniform_({c.code(a[0])}, {c.code(a[1])}))", "unsafe"),
    "random.randint": (2, lambda c, a: f"int({{torch.randint}}({c.code(a[0])}, {_plus_one(c, a[1])}, [1]))", "unsafe"),
    "random.randrange": (2, lambda c, a: f"int({{torch.randint}}({c.code(a[0])}, {c.code(a[1])}, [1]))", "unsafe"),
    "operator.add": (2, _infix("+"), "safe"),
    "operator.sub": (2, _infix("-"), "safe"),
    "operator.mul": (2, _infix("*"), "safe"),
    "operator.truediv": (2, _infix("/"), "safe"),
    "operator.floordiv": (2, _infix("//"), "safe"),
    "operator.matmul": (2, _infix("@"), "safe"),
    "operator.pow": (2, _infix("**"), "safe"),
    "operator.mod": (2, _infix("%"), "safe"),
    "operator.eq": (2, _infix("=="), "safe"),
    "operator.ne": (2, _infix("!="), "safe"),
    "operator.lt": (2, _infix("<"), "safe"),
    "operator.le": (2, _infix("<="), "safe"),
    "operator.gt": (2, _infix(">"), "safe"),
    "operator.ge": (2, _infix(">="), "safe"),
    "operator.and_": (2, _infix("&"), "safe"),
    "operator.or_": (2, _infix("|"), "safe"),
    "operator.xor": (2, _infix("^"), "safe"),
    "operator.neg": (1, lambda c, a: f"-{operand(c, a[0])}", "safe"),
    "operator.not_": (1, lambda c, a: f"not {operand(c, a[0])}", "safe"),
    "operator.getitem": (2, lambda c, a: f"{receiver(c, a[0])}[{c.code(a[1])}]", "safe"),
    "typing.cast": (2, lambda c, a: c.code(a[1]), "safe"),
    "torch.autograd.Variable": (1, lambda c, a: c.code(a[0]), "safe"),
    "torch.autograd.variable.Variable": (1, lambda c, a: c.code(a[0]), "safe"),
    "torch.nn.functional.swish": (1, _call("{torch.nn.functional.silu}"), "safe"),
    "torch.from_numpy": (1, _call("{torch.tensor}"), "display"),
}  # fmt: skip

_NUMPY_MATH = frozenset(
    "sqrt exp log log10 log1p expm1 sin cos tan sinh cosh tanh floor ceil arcsin arccos arctan radians degrees".split()
)
_RENAMED = {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}


def _plus_one(context: Context, node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return str(node.value + 1)
    return f"{operand(context, node)} + 1"


def function(context: Context, finding: Finding) -> Draft | None:
    """A function of Python's that the compiler does not know, in terms of those that it knows."""
    node = context.at(finding.span, ast.Call)
    if node is None:
        named = context.at(finding.span, ast.Name, ast.Attribute)
        parent = context.parents.get(named) if named is not None else None
        node = parent if isinstance(parent, ast.Call) and (parent.func is named or named in parent.args) else None
    if node is None or node.keywords or any(isinstance(one, ast.Starred) for one in node.args):
        return None
    name = context.name_of(node.func)
    if name is None:
        return None
    found = _own_function(context, name, node) or _special(context, name, node)
    if found is None:
        return None
    text, changes = _imported(context, found[0])
    if _postfix_needed(context, node) and not _atomic(text):
        text = f"({text})"
    return Draft(found[1], f"Write `{text}`", (replaced(context, node, text), *changes))


def _own_function(context: Context, name: str, node: ast.Call) -> tuple[str, Applicability] | None:
    entry = _FUNCTIONS.get(name)
    if entry is not None and entry[0] == len(node.args):
        twice = name in ("math.hypot", "math.isclose", "math.cbrt")
        if twice and not all(isinstance(one, ast.Name | ast.Constant | ast.Attribute) for one in node.args):
            return None
        return entry[1](context, node.args), entry[2]
    return None


def _special(context: Context, name: str, node: ast.Call) -> tuple[str, Applicability] | None:
    """Functions whose other spelling depends on the types."""
    args = node.args
    kinds = [known_type(context, one) for one in args]
    codes = [context.code(one) for one in args]
    match name, args:
        case "math.prod", [ast.Attribute(value=tensor, attr="shape")]:
            if isinstance(known_type(context, tensor), TensorType):
                return f"{receiver(context, tensor)}.numel()", "safe"
        case "builtins.repr", [_] if kinds[0] in (INT, BOOL):
            return f"str({codes[0]})", "safe"
        case "builtins.setattr", [_, ast.Constant(value=str() as attribute), _]:
            if isinstance(context.parents.get(node), ast.Expr) and attribute.isidentifier():
                return f"{receiver(context, args[0])}.{attribute} = {codes[2]}", "safe"
        case "builtins.reversed", [_] if isinstance(kinds[0], ListType):
            looped = isinstance(context.parents.get(node), ast.For | ast.comprehension)
            return f"{receiver(context, args[0])}[::-1]", "safe" if looped else "unsafe"
        case "builtins.set" | "builtins.frozenset", _:
            return None
        case _ if name.startswith("numpy.") and name[6:] in _NUMPY_MATH and len(args) == 1:
            if kinds[0] in (INT, FLOAT, BOOL):
                return f"{{math.{_RENAMED.get(name[6:], name[6:])}}}({codes[0]})", "unsafe"
    return None


def mapped(context: Context, finding: Finding) -> Draft | None:
    """``list(map(f, xs))`` and ``list(filter(f, xs))`` as comprehensions; ``x in range(n)`` and the like as lists."""
    node = context.at(finding.span, ast.Call)
    if node is None:
        named = context.at(finding.span, ast.Name, ast.Attribute)
        parent = context.parents.get(named) if named is not None else None
        node = parent if isinstance(parent, ast.Call) else None
    if node is None or node.keywords or len(node.args) != 2:
        return None
    holder = context.parents.get(node)
    name = context.name_of(node.func)
    if not (isinstance(holder, ast.Call) and context.name_of(holder.func) == "builtins.list" and len(holder.args) == 1):
        return None
    function, over = node.args
    if name != "builtins.map" or not isinstance(function, ast.Name | ast.Attribute):
        return None
    item = "x" if "x" not in {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} else "item"
    text = f"[{context.code(function)}({item}) for {item} in {operand(context, over)}]"
    return Draft("safe", "Write a comprehension", (replaced(context, holder, text),))


_WITHOUT_ARGUMENTS = frozenset("dim numel item nelement element_size is_contiguous is_floating_point t mT".split())


def called(context: Context, finding: Finding) -> Draft | None:
    """``x.dim == 2`` as ``x.dim() == 2``."""
    node = context.at(finding.span, ast.Attribute)
    if node is None or node.attr not in _WITHOUT_ARGUMENTS:
        return None
    if not isinstance(known_type(context, node.value), TensorType):
        return None
    at = context.end(node)
    return Draft("unsafe", "Call the method", (Change(at, at, "()"),))


def as_list(context: Context, finding: Finding) -> Draft | None:
    """``range`` and ``enumerate`` where a value is needed: the list of it."""
    node = context.at(finding.span, ast.Call, ast.Name)
    if isinstance(node, ast.Name):  # a variable that holds one
        return None
    if node is None or not isinstance(node.func, ast.Name) or node.keywords:
        return None
    parent = context.parents.get(node)
    if node.func.id == "range" and isinstance(parent, ast.Compare) and isinstance(parent.ops[0], ast.In):
        if len(node.args) == 1 and len(parent.ops) == 1:
            left = operand(context, parent.left)
            if known_type(context, parent.left) == INT and isinstance(parent.left, ast.Name):
                text = f"0 <= {left} < {operand(context, node.args[0])}"
                return Draft("safe", "Compare with the bounds", (replaced(context, parent, text),))
    if node.func.id in ("range", "enumerate", "zip", "reversed"):
        return Draft("unsafe", "Make a list of it", (replaced(context, node, f"list({context.code(node)})"),))
    return None


# --- keywords ---------------------------------------------------------------------------------------------------------

_KEYWORDS = {
    "axis": ("dim",),
    "axes": ("dim", "dims"),
    "keepdims": ("keepdim",),
    "size": ("shape",),
    "shape": ("size",),
    "x": ("input", "self"),
    "a": ("input", "self"),
    "repeats": ("dims",),
}


def keyword(context: Context, finding: Finding) -> Draft | None:
    """A keyword by torch's own name, or an argument by the keyword that it has to be given by."""
    call = finding.evidence
    node = context.at(finding.span, ast.Call)
    if node is None or not isinstance(call, RefusedCall):
        return None
    if [one.arg for one in node.keywords] != [name for name, _ in call.kwargs]:
        return None
    for position, one in enumerate(node.keywords):
        for other in _KEYWORDS.get(one.arg or "", ()):
            named = [(other if n == position else name, value) for n, (name, value) in enumerate(call.kwargs)]
            if _takes(call, list(call.args), named):
                start = context.start(one)
                change = Change(start, start + len(one.arg or ""), other)
                return Draft("safe", f"Write `{other}=`", (change,))
    return _by_keyword(context, node, call) or _gradient(context, node, call) or _rounded(context, node, call)


def _by_keyword(context: Context, node: ast.Call, call: RefusedCall) -> Draft | None:
    """The last positional argument by the name of a keyword-only one."""
    if not node.args or not call.args or isinstance(node.args[-1], ast.Starred):
        return None
    last = node.args[-1]
    named_constant = isinstance(last, ast.Attribute) and (context.name_of(last) or "").startswith("torch.")
    if not named_constant and not (isinstance(last, ast.Constant) and isinstance(last.value, str)):
        return None
    names = {arg.name for schema in call.schemas for arg in schema.arguments if arg.keyword_only and arg.name != "out"}
    found = []
    for name in sorted(names):
        if any(name == other for other, _ in call.kwargs):
            continue
        if _takes(call, list(call.args[:-1]), [*call.kwargs, (name, call.args[-1])]):
            found.append(name)
    if "dtype" in found:
        found = ["dtype"]
    if len(found) != 1:
        return None
    at = context.start(node.args[-1])
    return Draft("unsafe", f"Pass `{found[0]}` by keyword", (Change(at, at, f"{found[0]}="),))


def _gradient(context: Context, node: ast.Call, call: RefusedCall) -> Draft | None:
    """``torch.zeros(n, requires_grad=True)`` as ``torch.zeros(n).requires_grad_(True)``."""
    for position, one in enumerate(node.keywords):
        if one.arg != "requires_grad":
            continue
        named = [pair for n, pair in enumerate(call.kwargs) if n != position]
        if not _takes(call, list(call.args), named):
            return None
        start, end = _argument_range(context, node, one)
        at = context.end(node)
        after = Change(at, at, f".requires_grad_({context.code(one.value)})")
        return Draft("safe", "Ask for the gradient behind", (Change(start, end, ""), after))
    return None


def _rounded(context: Context, node: ast.Call, call: RefusedCall) -> Draft | None:
    """``sorted(xs, reverse=True)``, ``sum(xs, start)``, ``max(xs, default=0)`` in parts."""
    name = context.name_of(node.func)
    args = [context.code(one) for one in node.args]
    keys = {one.arg: one.value for one in node.keywords}
    kinds = [known_type(context, one) for one in node.args]
    text: str | None = None
    match name, args:
        case "builtins.sorted", [xs] if set(keys) == {"reverse"} and _is_true(keys["reverse"]):
            if isinstance(kinds[0], ListType) and kinds[0].element in (INT, FLOAT, STR, BOOL):
                text = f"sorted({xs})[::-1]"
        case "builtins.sum", [xs, _] if not keys:
            text = f"sum({xs}) + {operand(context, node.args[1])}"
        case "builtins.sum", [xs] if not keys and isinstance(kinds[0], ListType):
            if isinstance(kinds[0].element, TensorType):
                stack, changes = need(context, "torch.stack")
                return Draft(
                    "unsafe",
                    "Stack the tensors and sum them",
                    (replaced(context, node, f"{stack}({xs}).sum(0)"), *changes),
                )
        case "builtins.min" | "builtins.max", [xs] if set(keys) == {"default"} and isinstance(node.args[0], ast.Name):
            assert name is not None
            text = f"({name[9:]}({xs}) if len({xs}) > 0 else {context.code(keys['default'])})"
    if text is None:
        return None
    if _postfix_needed(context, node) and not _atomic(text):
        text = f"({text})"
    whole = all(kind == INT or kind == ListType(INT) for kind in kinds)
    return Draft("safe" if whole else "unsafe", f"Write `{text}`", (replaced(context, node, text),))


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _takes(call: RefusedCall, args: list[ArgValue], named: list[tuple[str, ArgValue]]) -> bool:
    found = match_schemas(call.schemas, args, named, call.receiver)
    return isinstance(found, Match) and found.certain


def _argument_range(context: Context, call: ast.Call, keyword: ast.keyword) -> tuple[int, int]:
    """A keyword argument with the comma before it (or behind it, if it is the first)."""
    start, end = context.start(keyword), context.end(keyword)
    before = context.text[:start].rstrip()
    if before.endswith(","):
        return len(before) - 1, end
    rest = context.text[end:]
    stripped = rest.lstrip()
    if stripped.startswith(","):
        return start, end + len(rest) - len(stripped) + 1 + len(stripped[1:]) - len(stripped[1:].lstrip())
    return start, end


def variable(context: Context, finding: Finding) -> Draft | None:
    """``Variable(x)``, which is x since torch 0.4, anywhere in the function of a finding."""
    node = context.at(finding.span, ast.expr)
    function = context.function(node) if node is not None else None
    for call in ast.walk(function) if function is not None else ():
        if isinstance(call, ast.Call) and len(call.args) == 1 and not call.keywords:
            if (context.name_of(call.func) or "") in ("torch.autograd.Variable", "torch.autograd.variable.Variable"):
                text = operand(context, call.args[0])
                return Draft("safe", "A Variable is a Tensor", (replaced(context, call, text),))
    return None


# --- operators --------------------------------------------------------------------------------------------------------


def operator(context: Context, finding: Finding) -> Draft | None:
    """An operator between types that TorchScript has it not for, written as a function or another operator."""
    node = context.at(finding.span, ast.BinOp, ast.UnaryOp, ast.Compare)
    match node:
        case ast.UnaryOp(op=ast.Invert(), operand=value) if known_type(context, value) == BOOL:
            parent = context.parents.get(node)
            if isinstance(parent, ast.If | ast.IfExp | ast.While | ast.BoolOp | ast.Assert):
                return Draft("unsafe", "Write `not`", (replaced(context, node, f"not {operand(context, value)}"),))
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            for text, count in ((left, right), (right, left)):
                if known_type(context, text) == STR and known_type(context, count) == INT:
                    made = f'"".join([{context.code(text)} for _ in range({context.code(count)})])'
                    return Draft("safe", "Join a list", (replaced(context, node, made),))
        case ast.Compare(left=ast.Constant(value=str()) as left, ops=[ast.In()], comparators=[right]):
            if str(known_type(context, right)) == "Device":
                made = f"{context.code(left)} in {receiver(context, right)}.type"
                return Draft("unsafe", "Look at the device's type", (replaced(context, node, made),))
        case ast.Compare(
            left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=str() as name) as right]
        ):
            if isinstance(left, ast.Attribute) and left.attr == "dtype" and name.isidentifier():
                written, changes = need(context, f"torch.{name}")
                return Draft("unsafe", "Compare with the dtype", (replaced(context, right, written), *changes))
        case ast.Compare(left=left, ops=[ast.In()], comparators=[right]):
            if isinstance(known_type(context, right), TensorType) and known_type(context, left) in (INT, FLOAT, NUMBER):
                made = f"bool(({operand(context, right)} == {operand(context, left)}).any())"
                return Draft("safe", "Compare, and ask for any", (replaced(context, node, made),))
    return None


def tensors_and(context: Context, finding: Finding) -> Draft | None:
    """``a and b`` of tensors, returned where a Tensor is due: ``a & b`` of masks."""
    statement = context.at(finding.span, ast.Return)
    node = statement.value if statement is not None else None
    if not isinstance(node, ast.BoolOp):
        return None
    if not all(isinstance(known_type(context, one), TensorType) for one in node.values):
        return None
    sign = " & " if isinstance(node.op, ast.And) else " | "
    parts = [
        f"({context.code(one)})" if not isinstance(one, ast.Name | ast.Call) else context.code(one)
        for one in node.values
    ]
    return Draft("unsafe", f"Combine masks with `{sign.strip()}`", (replaced(context, node, sign.join(parts)),))


# --- text -------------------------------------------------------------------------------------------------------------


def _imported(context: Context, text: str) -> tuple[str, tuple[Change, ...]]:
    """The names in braces, as this file can write them."""
    import re

    changes: list[Change] = []

    def written(found: re.Match[str]) -> str:
        name, more = need(context, found[1])
        changes.extend(more)
        return name

    return re.sub(r"\{((?:torch|math)(?:\.\w+)+)\}", written, text), tuple(dict.fromkeys(changes))


def _atomic(text: str) -> bool:
    """Whether a text can stand beside any operator, before a dot too."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return True  # an assignment: a statement of its own
    closed = text.startswith("(") and text.endswith(")")
    return closed or isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.Constant)


def _postfix_needed(context: Context, node: ast.expr) -> bool:
    """Whether what stands in an expression's place has to hold together."""
    parent = context.parents.get(node)
    return isinstance(
        parent,
        ast.BinOp | ast.UnaryOp | ast.Compare | ast.BoolOp | ast.Attribute | ast.Subscript | ast.Await | ast.Starred,
    )
