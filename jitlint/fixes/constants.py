"""Fixes of names outside the function (JIT306, JIT323): constants written where they are used, logging left to Python."""

from __future__ import annotations

import ast

from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import literal_lines, operand, replaced
from jitlint.shapes import values as py

_FACTORIES = frozenset(
    "torch.device torch.zeros torch.ones torch.tensor torch.eye torch.full torch.arange torch.linspace".split()
)
_FEW = 4  # items that are unpacked by their indexes
_LOGGERS = ("logging.", "warnings.", "loguru.", "absl.logging", "tqdm.")
_QUIET = frozenset(
    "builtins.print torch.cuda.empty_cache torch.cuda.synchronize torch.cuda.reset_peak_memory_stats "
    "torch.cuda.memory_summary time.sleep sys.stdout.write sys.stderr.write".split()
)


def written_out(context: Context, finding: Finding) -> Draft | None:
    """A global constant where it is used: TorchScript sees no globals."""
    node = context.at(finding.span, ast.Name) or context.around(finding.span, ast.Name)
    if node is None:
        attribute = context.at(finding.span, ast.Attribute)
        node = attribute.value if attribute is not None and isinstance(attribute.value, ast.Name) else None
    if node is None or not isinstance(node.ctx, ast.Load):
        return None
    value = _bound_once(context, node.id)
    if value is None or literal_lines(context, value):
        return None
    if isinstance(context.parents.get(node), ast.Attribute) and not isinstance(value, ast.Dict):
        return _field(context, node)
    text = _literal(context, value)
    if text is None:
        return None
    parent = context.parents.get(node)
    if isinstance(value, ast.Set):
        if not isinstance(parent, ast.Compare):
            return None
        text = f"[{text[1:-1]}]"
    if isinstance(value, ast.UnaryOp | ast.Tuple | ast.BinOp) and isinstance(
        parent, ast.BinOp | ast.UnaryOp | ast.Attribute | ast.Subscript | ast.Compare
    ):
        text = text if text.startswith("(") else f"({text})"
    return Draft("unsafe", f"Write `{text}`", (replaced(context, node, text),))


def _bound_once(context: Context, name: str) -> ast.expr | None:
    """The value that the file gives to a name, at top level, and nowhere changes."""
    bindings = context.index.scope.bindings.get(name, [])
    if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].guard:
        return None
    for node in context.tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            return node.value if not _changed(context, name) else None
    return None


def _changed(context: Context, name: str) -> bool:
    """Whether the file does something to the object that a name stands for."""
    for node in ast.walk(context.tree):
        if isinstance(node, ast.Global) and name in node.names:
            return True
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Name) and node.value.id == name:
                return True
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            if node.attr in ("append", "extend", "insert", "update", "add", "pop", "remove", "clear", "setdefault"):
                return True
            if not isinstance(node.ctx, ast.Load):
                return True
    return False


def _literal(context: Context, node: ast.expr) -> str | None:
    """The text of a value that can stand anywhere: literals, and what torch makes of them."""
    for one in ast.walk(node):
        match one:
            case ast.Constant() | ast.UnaryOp() | ast.USub() | ast.List() | ast.Tuple() | ast.Dict() | ast.Set():
                continue
            case ast.expr_context() | ast.operator() | ast.BinOp() | ast.keyword():
                continue
            case ast.Call(func=func):
                name = context.name_of(func)
                if name not in _FACTORIES and name != "builtins.range":
                    return None
            case ast.Name() | ast.Attribute():
                name = context.name_of(one)
                if name is None or (name.partition(".")[0] not in ("torch", "math") and name != "builtins.range"):
                    return None
            case _:
                return None
    return context.code(node)


def _field(context: Context, node: ast.Name) -> Draft | None:
    """``CONFIG.scale`` where the object and the field are known: the value."""
    parent = context.parents.get(node)
    grand = context.parents.get(parent) if parent is not None else None
    if not isinstance(parent, ast.Attribute) or (isinstance(grand, ast.Call) and grand.func is parent):
        return None
    value = context.session.evaluator.evaluate(parent, context.scope(node), {})
    if isinstance(value, py.Constant) and type(value.value) in (int, float, bool, str):
        text = repr(value.value)
        return Draft("unsafe", f"Write `{text}`", (replaced(context, parent, text),))
    return None


# --- what only matters in Python --------------------------------------------------------------------------------------


def left_to_python(context: Context, finding: Finding) -> Draft | None:
    """A call for its effect outside of the program (logging, printing): not when scripted."""
    node = context.around(finding.span, ast.Expr)
    if node is None or not isinstance(node.value, ast.Call) or not context.own_line(node):
        return None
    function = context.function(node)
    if function is None or literal_lines(context, node):
        return None
    if not _only_outside(context, node.value):
        return None
    indent = context.indentation(node)
    start, end = context.line_start(node.lineno), context.end(node)
    lines = context.text[start:end].split("\n")
    body = "\n".join(f"{context.step(node)}{line}" if line.strip() else line for line in lines)
    from jitlint.fixes.imports import need

    name, changes = need(context, "torch.jit.is_scripting")
    text = f"{indent}if not {name}():\n{body}"
    return Draft("safe", "Leave it to Python", (Change(start, end, text), *changes))


def _only_outside(context: Context, call: ast.Call) -> bool:
    """Whether a call writes a log, warns or prints, and whatever is in it changes nothing."""
    name = context.name_of(call.func)
    known = name is not None and (name in _QUIET or name.startswith(_LOGGERS))
    if not known and isinstance(call.func, ast.Attribute):
        levels = ("debug", "info", "warning", "warn", "error", "exception", "critical", "log", "warning_once")
        known = call.func.attr in levels and _is_logger(context, call.func.value)
    if not known:
        return False
    inner = [one for one in ast.walk(call) if isinstance(one, ast.Call | ast.NamedExpr | ast.Await) and one is not call]
    return not any(isinstance(one, ast.NamedExpr | ast.Await) or _changes(one) for one in inner)


def _changes(node: ast.AST) -> bool:
    """Whether a call may change something: a method whose name ends in an underscore, or pops."""
    func = getattr(node, "func", None)
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return name.endswith("_") or name in ("append", "pop", "next", "update", "extend", "backward", "step", "forward")


def _is_logger(context: Context, node: ast.expr) -> bool:
    """Whether an expression is a logger: by its value, or made by ``getLogger``."""
    if isinstance(node, ast.Name):
        value = _bound_once(context, node.id)
        made = context.name_of(value.func) if isinstance(value, ast.Call) else None
        if made is not None:
            return made.endswith(("getLogger", "get_logger"))
        return isinstance(value, ast.Call) and context.code(value.func).endswith(("getLogger", "get_logger"))
    cls = context.class_of(node)
    if isinstance(node, ast.Attribute) and cls is not None:
        for one in ast.walk(cls):
            if isinstance(one, ast.Assign) and any(
                context.code(target) == context.code(node) for target in one.targets
            ):
                made = context.name_of(one.value.func) if isinstance(one.value, ast.Call) else None
                return made is not None and made.endswith("getLogger")
    return False


def plain_print(context: Context, finding: Finding) -> Draft | None:
    """``print(x, end="")``: without the keywords when scripted, as ever in Python."""
    from jitlint.fixes.imports import need

    call = context.at(finding.span, ast.Call)
    statement = context.parents.get(call) if call is not None else None
    if call is None or not call.keywords or not call.args or not isinstance(statement, ast.Expr):
        return None
    if not context.own_line_start(statement) or literal_lines(context, statement) or call.lineno != call.end_lineno:
        return None
    name, changes = need(context, "torch.jit.is_scripting")
    indent, step = context.indentation(statement), context.step(statement)
    plain = context.text[context.start(call) : context.end(call.args[-1])] + ")"
    text = f"if {name}():\n{indent}{step}{plain}\n{indent}else:\n{indent}{step}{context.code(call)}"
    return Draft("safe", "Print without keywords when scripted", (replaced(context, call, text), *changes))


def as_function(context: Context, finding: Finding) -> Draft | None:
    """A global ``f = lambda x: ...`` as a ``def``."""
    node = context.at(finding.span, ast.Call, ast.Lambda)
    name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    for statement in context.tree.body:
        if (
            not isinstance(statement, ast.Assign)
            or len(statement.targets) != 1
            or not isinstance(statement.value, ast.Lambda)
        ):
            continue
        target, made = statement.targets[0], statement.value
        if not isinstance(target, ast.Name) or (target.id != name and made is not node):
            continue
        if literal_lines(context, made) or not context.own_line(statement):
            return None
        signature = context.text[context.start(made) + len("lambda") : context.start(made.body)].rstrip()
        signature = signature.rpartition(":")[0].strip()
        text = f"def {target.id}({signature}):\n{context.step(statement)}return {context.code(made.body)}"
        return Draft("safe", "Define a function", (Change(context.start(statement), context.end(statement), text),))
    return None


def default_passed(context: Context, finding: Finding) -> Draft | None:
    """A call of an ignored function that leaves out an argument: its default, passed."""
    from jitlint.emit.values import IgnoredRef

    call = context.at(finding.span, ast.Call)
    if call is None or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    for value in context.values(call.func):
        if not isinstance(value, IgnoredRef) or value.definition.module is not context.index:
            continue
        args = value.definition.node.args
        names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
        defaults = dict(zip(names[len(names) - len(args.defaults) :], args.defaults))
        if value.definition.cls is not None:
            names = names[1:]
        given = {*names[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
        missing = [name for name in names if name not in given]
        if not missing or any(not isinstance(defaults.get(name), ast.Constant) for name in missing):
            return None
        parts = []
        for name in missing:
            constant = defaults[name]
            assert isinstance(constant, ast.Constant)
            parts.append(f"{name}={constant.value!r}")
        at = context.end(call) - 1
        before = ", " if call.args or call.keywords else ""
        if context.text[:at].rstrip().endswith(","):
            before = " "
        return Draft("safe", "Pass the default", (Change(at, at, before + ", ".join(parts)),))
    return None


def unbound(context: Context, finding: Finding) -> Draft | None:
    """``a, b = x`` as ``x[0], x[1]``, ``a, b = f(x)`` as ``f(x).unbind(0)``; ``for k, v in table`` with ``.items()``."""
    from jitlint.fixes.annotations import known_type
    from jitlint.types.model import DictType, TensorType

    target = context.at(finding.span, ast.Tuple, ast.List)
    if target is None:
        return None
    parent = context.parents.get(target)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1:
        call = parent.value
        if isinstance(call, ast.Call) and (context.name_of(call.func) or "") in ("torch.nonzero", "torch.where"):
            keywords = {one.arg: context.code(one.value) for one in call.keywords}
            if keywords == {"as_tuple": "True"} and len(call.args) == 1:
                text = f"{operand(context, call.args[0])}.nonzero().unbind(1)"
                return Draft("unsafe", f"Write `{text}`", (replaced(context, call, text),))
        if isinstance(known_type(context, parent.value), TensorType) and not _own_call(context, parent.value):
            kind: Applicability = "unsafe" if _undeclared(context, parent.value) else "safe"
            if isinstance(parent.value, ast.Name) and len(target.elts) <= _FEW:
                # Right for a tuple, too, where the annotation is not.
                text = ", ".join(f"{parent.value.id}[{number}]" for number in range(len(target.elts)))
                return Draft(kind, "Unpack by index", (replaced(context, parent.value, text),))
            text = f"{operand(context, parent.value)}.unbind(0)"
            return Draft(kind, "Unbind the tensor", (replaced(context, parent.value, text),))
    if isinstance(parent, ast.For) and isinstance(known_type(context, parent.iter), DictType) and len(target.elts) == 2:
        text = f"{operand(context, parent.iter)}.items()"
        return Draft("unsafe", "Loop over the items", (replaced(context, parent.iter, text),))
    return None


def _own_call(context: Context, node: ast.expr) -> bool:
    """Whether a value comes from a function in Python, whose annotation tells its type. That what it gives is unpacked
    tells another one: `Tensor` stands there for a tuple."""
    from jitlint.emit.values import FunctionRef, IgnoredRef, MethodRef, ModuleRef

    if not isinstance(node, ast.Call):
        return False
    return any(isinstance(one, FunctionRef | IgnoredRef | MethodRef | ModuleRef) for one in context.values(node.func))


def _undeclared(context: Context, node: ast.expr) -> bool:
    """Whether a value is a parameter without annotation, which is a tensor to the compiler alone."""
    from jitlint.fixes.parameters import has_type_comment

    function = context.function(node)
    if function is None or not isinstance(node, ast.Name) or has_type_comment(context, function):
        return False
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return any(one.arg == node.id and one.annotation is None for one in arguments)
