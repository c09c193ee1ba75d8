"""Fixes of how modules are used: indexing, choosing, modules made in passing, super() and decorators."""

from __future__ import annotations

import ast
import re
import types

from jitlint.emit.values import ModuleRef
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.context import Change, Context, Draft, Function
from jitlint.fixes.edits import fresh_name, literal_lines, operand, replaced
from jitlint.fixes.imports import need
from jitlint.fixes.module_loops import indented, merged, singular
from jitlint.project.definitions import ClassDefinition
from jitlint.shapes import values as py

# --- containers -------------------------------------------------------------------------------------------------------


def found_otherwise(context: Context, finding: Finding) -> Draft | None:
    """``self.layers[i]`` outside of a loop over ``i``: the index itself where it is one, else a loop that looks for it."""
    node = context.at(finding.span, ast.Subscript)
    if node is None or not isinstance(node.slice, ast.Name):
        return None
    return _constant_index(context, node, node.slice.id) or _searched(context, node)


def _constant_index(context: Context, node: ast.Subscript, index: str) -> Draft | None:
    """A variable that holds a literal, as an index of modules or of a tuple: the literal."""
    value = _only_value(context, node, index)
    if isinstance(value, ast.Constant) and isinstance(value.value, int):
        return Draft("safe", "Write the index itself", (replaced(context, node.slice, context.code(value)),))
    return None


def _only_value(context: Context, node: ast.AST, name: str) -> ast.expr | None:
    """The value of a local that is bound once, above."""
    function = context.function(node)
    if function is None or any(arg.arg == name for arg in ast.walk(function.args) if isinstance(arg, ast.arg)):
        return None
    stores = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load)
    ]
    if len(stores) != 1:
        return None
    statement = context.parents.get(stores[0])
    if isinstance(statement, ast.Assign) and statement.targets == [stores[0]]:
        return statement.value
    return None


def literal_index(context: Context, finding: Finding) -> Draft | None:
    """JIT222: a tuple indexed with a variable that holds a literal."""
    node = context.at(finding.span, ast.Subscript)
    if node is None or not isinstance(node.slice, ast.Name):
        return None
    return _constant_index(context, node, node.slice.id)


def _searched(context: Context, node: ast.Subscript) -> Draft | None:
    """``return self.heads[task](x)`` as a loop over the modules that looks for the one."""
    call = context.parents.get(node)
    if not isinstance(call, ast.Call) or call.func is not node or not isinstance(node.slice, ast.Name):
        return None
    statement = context.parents.get(call)
    function = context.function(node)
    if function is None or not isinstance(statement, ast.Return) or not context.own_line(statement):
        return None
    values = [value for value in context.values(node.value) if isinstance(value, ModuleRef)]
    if not values or literal_lines(context, statement):
        return None
    container, wanted = context.code(node.value), node.slice.id
    name = getattr(values[0].shape.cls, "name", "")
    indent = context.indentation(statement)
    module = fresh_name(context, node, singular(container))
    tail = context.text[context.end(node) : context.end(call)]
    if name.endswith("ModuleDict"):
        key = fresh_name(context, node, "key")
        head, test, error = f"for {key}, {module} in {container}.items():", f"{key} == {wanted}", "KeyError"
    elif name.endswith("ModuleList"):
        key = fresh_name(context, node, "index")
        head, test, error = f"for {key}, {module} in enumerate({container}):", f"{key} == {wanted}", "IndexError"
    else:
        return None
    step = context.step(node)
    text = (
        f"{head}\n{indent}{step}if {test}:\n{indent}{step}{step}return {module}{tail}\n"
        f"{indent}raise {error}(str({wanted}))"
    )
    return Draft(
        "unsafe", "Look for the module in a loop", (Change(context.start(statement), context.end(statement), text),)
    )


def either(context: Context, finding: Finding) -> Draft | None:
    """``layer = self.b if second else self.a`` and ``layer(x)``: the condition between the calls."""
    call = context.at(finding.span, ast.Call)
    if call is None or not isinstance(call.func, ast.Name):
        return None
    value = _only_value(context, call, call.func.id)
    if not isinstance(value, ast.IfExp) or not _same_names(context, value, call):
        return None
    tail = context.text[context.end(call.func) : context.end(call)]
    test = context.code(value.test)
    body, other = context.code(value.body), context.code(value.orelse)
    text = f"({body}{tail} if {test} else {other}{tail})"
    function = context.function(call)
    uses = [
        one
        for one in ast.walk(function or context.tree)
        if isinstance(one, ast.Name) and one.id == call.func.id and isinstance(one.ctx, ast.Load)
    ]
    changes = [replaced(context, call, text)]
    if len(uses) == 1:
        statement = context.statement(value)
        if not context.own_line(statement) or context.sole(statement):
            return None
        end = context.line_end(statement.end_lineno or statement.lineno)
        changes.append(Change(context.line_start(statement.lineno), end, ""))
    return Draft("safe", "Decide between the calls", tuple(changes))


def _same_names(context: Context, value: ast.IfExp, call: ast.Call) -> bool:
    """Whether the condition means the same where the call stands: its names are not bound again."""
    function = context.function(call)
    names = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    stored = [
        one.id
        for one in ast.walk(function or context.tree)
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load) and value.lineno < one.lineno <= call.lineno
    ]
    return not names & set(stored)


# --- modules made in passing ------------------------------------------------------------------------------------------

_FUNCTIONAL = {
    "ReLU": "relu", "ReLU6": "relu6", "GELU": "gelu", "SiLU": "silu", "ELU": "elu", "SELU": "selu", "CELU": "celu",
    "Mish": "mish", "Hardswish": "hardswish", "Hardsigmoid": "hardsigmoid", "Hardtanh": "hardtanh",
    "Softplus": "softplus", "Softsign": "softsign", "LeakyReLU": "leaky_relu", "LogSigmoid": "logsigmoid",
    "Tanhshrink": "tanhshrink", "MSELoss": "mse_loss", "L1Loss": "l1_loss", "SmoothL1Loss": "smooth_l1_loss",
    "CrossEntropyLoss": "cross_entropy", "NLLLoss": "nll_loss", "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits", "KLDivLoss": "kl_div", "HuberLoss": "huber_loss",
    "CosineSimilarity": "cosine_similarity",
}  # fmt: skip
_BY_NAME = {"Softmax": ("softmax", "dim"), "LogSoftmax": ("log_softmax", "dim"), "AvgPool2d": ("avg_pool2d", "kernel_size"),
            "MaxPool2d": ("max_pool2d", "kernel_size"), "AdaptiveAvgPool2d": ("adaptive_avg_pool2d", "output_size")}  # fmt: skip


def functional(context: Context, finding: Finding) -> Draft | None:
    """``nn.ReLU()(x)`` as ``F.relu(x)``."""
    made = context.at(finding.span, ast.Call)
    if made is None:
        named = context.at(finding.span, ast.Attribute, ast.Name)
        parent = context.parents.get(named) if named is not None else None
        made = parent if isinstance(parent, ast.Call) else None
    used = context.parents.get(made) if made is not None else None
    if made is None or not isinstance(used, ast.Call) or used.func is not made:
        return None
    cls = (context.name_of(made.func) or "").rpartition(".")
    if not cls[0].startswith("torch.nn"):
        return None
    inner = context.text[context.end(made) + 1 : context.end(used) - 1].strip().rstrip(",")
    if cls[2] in _FUNCTIONAL and not made.args and not made.keywords:
        name, changes = need(context, f"torch.nn.functional.{_FUNCTIONAL[cls[2]]}")
        text = f"{name}({inner})"
    elif cls[2] in _BY_NAME:
        short, first = _BY_NAME[cls[2]]
        given = [f"{first}={context.code(one)}" for one in made.args[:1]]
        given += [context.code(one) for one in made.keywords]
        if len(made.args) > 1 or not given:
            return None
        name, changes = need(context, f"torch.nn.functional.{short}")
        text = f"{name}({', '.join([inner, *given])})"
    elif cls[2] in ("Sigmoid", "Tanh") and not made.args:
        name, changes = need(context, f"torch.{cls[2].lower()}")
        text = f"{name}({inner})"
    elif cls[2] in ("Identity",) and len(used.args) == 1:
        text, changes = inner, ()
    else:
        return None
    return Draft("safe", f"Call `{text.partition('(')[0]}`", (replaced(context, used, text), *changes))


# --- super() ----------------------------------------------------------------------------------------------------------

_TORCH_FORWARD = {
    "torch.nn.Conv1d": "{self}._conv_forward({0}, {self}.weight, {self}.bias)",
    "torch.nn.Conv2d": "{self}._conv_forward({0}, {self}.weight, {self}.bias)",
    "torch.nn.Conv3d": "{self}._conv_forward({0}, {self}.weight, {self}.bias)",
    "torch.nn.Linear": "{torch.nn.functional.linear}({0}, {self}.weight, {self}.bias)",
    "torch.nn.Embedding": (
        "{torch.nn.functional.embedding}({0}, {self}.weight, {self}.padding_idx, {self}.max_norm, {self}.norm_type,"
        " {self}.scale_grad_by_freq, {self}.sparse)"
    ),
    "torch.nn.LayerNorm": "{torch.nn.functional.layer_norm}({0}, {self}.normalized_shape, {self}.weight, {self}.bias, {self}.eps)",
}


def through_method(context: Context, finding: Finding) -> Draft | None:
    """``super().forward(x)``: the base's forward gets a second name, by which both can call it."""
    call = context.at(finding.span, ast.Call)
    if call is None:
        node = context.around(finding.span, ast.Attribute)
        parent = context.parents.get(node) if node is not None else None
        call = parent if isinstance(parent, ast.Call) else None
    if call is None or not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Call):
        call = context.parents.get(context.parents.get(call)) if call is not None else None  # type: ignore[assignment, arg-type]
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return None
    made = call.func.value
    cls = context.class_of(call)
    if cls is None or not isinstance(made, ast.Call) or getattr(made.func, "id", "") != "super" or not cls.bases:
        return None
    function = context.function(call)
    if (
        function is None
        or function.name.startswith("__")
        or function.name != call.func.attr
        or not function.args.args
        or len(cls.bases) != 1
    ):
        return None
    me = function.args.args[0].arg
    base = context.name_of(cls.bases[0])
    if base is not None:
        base = re.sub(r"^torch\.nn\.modules\.\w+\.", "torch.nn.", base)
        pattern = _TORCH_FORWARD.get(base)
        if pattern is None or len(call.args) != 1 or call.keywords:
            return None
        text, changes = pattern.replace("{0}", context.code(call.args[0])).replace("{self}", me), ()
        if text.startswith("{"):
            dotted, _, rest = text[1:].partition("}")
            name, changes = need(context, dotted)  # type: ignore[assignment]
            text = name + rest
        return Draft("unsafe", "Do what the base's forward does", (replaced(context, call, text), *changes))
    targets = context.session.project.resolve_expr(context.index.scope, cls.bases[0])
    if len(targets) != 1 or not isinstance(targets[0], ClassDefinition) or targets[0].module is not context.index:
        return None
    return _second_name(context, call, targets[0], function, me)


def _second_name(context: Context, call: ast.Call, base: ClassDefinition, function: Function, me: str) -> Draft | None:
    owner = next(
        (one for one in ast.walk(context.tree) if isinstance(one, ast.ClassDef) and one.lineno == base.node.lineno),
        None,
    )
    found = next(
        (
            one
            for one in (owner.body if owner else [])
            if isinstance(one, ast.FunctionDef) and one.name == function.name
        ),
        None,
    )
    if owner is None or found is None or found.decorator_list or not found.body:
        return None
    args = found.args
    if args.vararg or args.kwarg or args.posonlyargs or args.kwonlyargs or not context.own_line_start(found.body[0]):
        return None
    name = f"{owner.name.lstrip('_').lower()}_{function.name}"
    if any(isinstance(one, ast.FunctionDef) and one.name == name for one in ast.walk(context.tree)):
        return None
    first = found.body[0]
    indent, inner = context.indentation(found), context.indentation(first)
    head_end = context.line_start(context.first_line(first))
    signature = context.text[context.start(found) : head_end]
    named = signature.replace(f"def {function.name}", f"def {name}", 1)
    given = ", ".join(arg.arg for arg in args.args[1:])
    text = f"{inner}return {args.args[0].arg}.{name}({given})\n\n{indent}{named}"
    assert isinstance(call.func, ast.Attribute)
    target = call.func
    change = Change(context.start(target), context.end(target), f"{me}.{name}")
    return Draft("unsafe", f"Give the base's method the name `{name}`, too", (Change(head_end, head_end, text), change))


# --- parameters -------------------------------------------------------------------------------------------------------


def first_parameter(context: Context, finding: Finding) -> Draft | None:
    """``next(self.parameters())`` as the parameter that this is."""
    node = context.around(finding.span, ast.Call)
    while node is not None and getattr(node.func, "id", "") != "next":
        parent = context.parents.get(node)
        node = context.enclosing(parent, ast.Call) if parent is not None else None
    if node is None or len(node.args) != 1:
        return None
    inner = node.args[0]
    match inner:
        case ast.Call(func=ast.Attribute(value=owner, attr="parameters"), args=[], keywords=[]):
            pass
        case _:
            return None
    cls = context.class_of(node)
    definition = context.class_definition(cls) if cls is not None else None
    if definition is None or not isinstance(owner, ast.Name) or owner.id != "self":
        return None
    path = _parameter_path(context, context.session.evaluator.shape(definition), 0)
    if path is None:
        return None
    text = "self" + path
    return Draft("unsafe", f"Write `{text}`", (replaced(context, node, text),))


_TORCH_WEIGHTS = frozenset(
    "Linear Conv1d Conv2d Conv3d Embedding ConvTranspose1d ConvTranspose2d ConvTranspose3d BatchNorm1d BatchNorm2d "
    "BatchNorm3d LayerNorm GroupNorm EmbeddingBag Bilinear".split()
)


def _parameter_path(context: Context, shape: py.ModuleShape, depth: int) -> str | None:
    """Where the first parameter of a module is: ``.layers[0].weight``."""
    if depth > 5 or not shape.complete:
        return None
    attributes = list(shape.attributes.items())
    for name, value in attributes:
        if isinstance(value, py.Parameter) and not value.buffer:
            return f".{name}"
        if isinstance(value, py.OneOf | py.Unknown):
            continue
    if shape.children is None and isinstance(shape.cls, py.External):
        return ".weight" if shape.cls.name.rpartition(".")[2] in _TORCH_WEIGHTS else None
    children = shape.children
    if children is not None:
        for key, value in children.items():
            if isinstance(value, py.ModuleInstance):
                inner = _parameter_path(context, value.shape, depth + 1)
                if inner is not None:
                    return (f"[{key}]" if key.isdigit() else f'["{key}"]') + inner
        return None
    for name, value in attributes:
        if isinstance(value, py.OneOf):
            return None
        if isinstance(value, py.ModuleInstance):
            inner = _parameter_path(context, value.shape, depth + 1)
            if inner is not None:
                return f".{name}{inner}"
    return None


# --- decorators -------------------------------------------------------------------------------------------------------

_CONTEXTS = {
    "torch.no_grad": "torch.no_grad()",
    "torch.autograd.grad_mode.no_grad": "torch.no_grad()",
    "torch.enable_grad": "torch.enable_grad()",
    "torch.autograd.grad_mode.enable_grad": "torch.enable_grad()",
}


def with_inside(context: Context, finding: Finding) -> Draft | None:
    """``@torch.no_grad()`` on a compiled function as a ``with`` around its body."""
    from jitlint.fixes.legacy import decorator_line

    decorator = context.at(finding.span, ast.Call, ast.Name, ast.Attribute)
    function = context.parents.get(decorator) if decorator is not None else None
    if decorator is None or not isinstance(function, ast.FunctionDef) or decorator not in function.decorator_list:
        return None
    name = context.name_of(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if name not in _CONTEXTS or (isinstance(decorator, ast.Call) and (decorator.args or decorator.keywords)):
        return None
    body = function.body
    docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    rest = body[1:] if docstring else body
    if not context.own_line_start(rest[0]) or any(literal_lines(context, one) for one in rest):
        return None
    gone = decorator_line(context, decorator)
    if gone is None:
        return None
    manager, changes = need(context, _CONTEXTS[name].removesuffix("()"))
    at = context.line_start(context.first_line(rest[0]))
    line = f"{context.indentation(rest[0])}with {manager}():\n"
    if any(isinstance(one, ast.Yield | ast.YieldFrom) for one in ast.walk(function)):
        return None
    alone: Applicability = "safe" if len(function.decorator_list) == 1 else "unsafe"
    return Draft(alone, "Put the body in a `with`", (gone, *merged(indented(context, rest), at, line), *changes))


def grad_context(context: Context, finding: Finding) -> Draft | None:
    """``with torch.set_grad_enabled(False):`` and ``inference_mode()`` as ``torch.no_grad()``."""
    call = context.at(finding.span, ast.Call)
    if call is None or not isinstance(context.parents.get(call), ast.withitem):
        return None
    name = context.name_of(call.func) or ""
    match name.rpartition(".")[2], [context.code(one) for one in call.args]:
        case "set_grad_enabled", ["False"]:
            wanted, applicability = "torch.no_grad", "safe"
        case "set_grad_enabled", ["True"]:
            wanted, applicability = "torch.enable_grad", "safe"
        case "inference_mode", [] | ["True"]:
            wanted, applicability = "torch.no_grad", "unsafe"
        case _:
            return None
    text, changes = need(context, wanted)
    kind = "safe" if applicability == "safe" else "unsafe"
    return Draft(
        "safe" if kind == "safe" else "unsafe", f"Write `{text}()`", (replaced(context, call, f"{text}()"), *changes)
    )


_CLASSES: dict[str, type] = {"builtins.str": str, "builtins.list": list, "builtins.dict": dict}


def _is_method(cls: str, name: str) -> bool:
    """Whether a builtin class has a method of that name whose first argument is the object: no ``dict.fromkeys``."""
    return isinstance(vars(_CLASSES.get(cls, object)).get(name), types.MethodDescriptorType)


def method_of(context: Context, finding: Finding) -> Draft | None:
    """``str.upper(s)`` and ``torch.Tensor.add(x, y)`` as calls of the method."""
    node = context.at(finding.span, ast.Attribute)
    call = context.parents.get(node) if node is not None else None
    if node is None or not isinstance(call, ast.Call) or call.func is not node or not call.args:
        return None
    cls = context.name_of(node.value) or ""
    if not (cls == "torch.Tensor" and not node.attr.startswith("_")) and not _is_method(cls, node.attr):
        return None
    first = call.args[0]
    if isinstance(first, ast.Starred):
        return None
    rest = [context.code(one) for one in (*call.args[1:], *call.keywords)]
    text = f"{operand(context, first)}.{node.attr}({', '.join(rest)})"
    return Draft("safe", f"Write `{text}`", (replaced(context, call, text),))
