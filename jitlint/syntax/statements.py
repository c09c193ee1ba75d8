"""Statements: Python's nodes to the TorchScript tree, as ``StmtBuilder`` of ``torch/jit/frontend.py`` does it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from jitlint.syntax import tree
from jitlint.syntax.context import DEPTH_LIMIT, STATEMENT_DEPTH, Context, bound_names, cut, keyword
from jitlint.syntax.expressions import lower_expression

# No `//` and no `@`: the compiler's table of augmented assignments lacks them.
_AUGMENTED: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_LACKING: dict[type[ast.operator], str] = {ast.FloorDiv: "//", ast.MatMult: "@"}

# Statements without a tree: rule, the compiler's words for the kind, ours. Anything else is newer Python.
_UNSUPPORTED = {
    "FunctionDef": ("JIT101", "function definitions", "a function cannot be defined inside compiled code"),
    "AsyncFunctionDef": ("JIT101", "async function definitions", "a function cannot be defined inside compiled code"),
    "ClassDef": ("JIT102", "class definitions", "a class cannot be defined inside compiled code"),
    "Import": ("JIT103", "import statements", "an import inside compiled code"),
    "ImportFrom": ("JIT103", "import statements", "an import inside compiled code"),
    "Try": ("JIT104", "try blocks", "`try` cannot be compiled"),
    "TryStar": ("JIT104", "TryStar", "`try` cannot be compiled"),
    "Global": ("JIT105", "global variables", "`global` cannot be compiled"),
    "Nonlocal": ("JIT105", "nonlocal variables", "`nonlocal` cannot be compiled"),
    "AsyncFor": ("JIT109", "async for loops", "`async for` cannot be compiled"),
    "AsyncWith": ("JIT109", "async with statements", "`async with` cannot be compiled"),
    "Match": ("JIT119", "Match", "`match` cannot be compiled"),
    "TypeAlias": ("JIT119", "TypeAlias", "a `type` statement cannot be compiled"),
}

# What the compiler prints where it trips over the problem instead of naming it.
_WITH_ITEM = (
    "__init__(): incompatible constructor arguments. The following argument types are supported:\n"
    "    1. torch._C._jit_tree_views.WithItem(arg0: torch._C._jit_tree_views.SourceRange, "
    "arg1: torch._C._jit_tree_views.Expr, arg2: torch::jit::Var)"
)
_WHILE_ELSE = (
    "__init__(): incompatible constructor arguments. The following argument types are supported:\n"
    "    1. torch._C.ErrorReport(arg0: torch._C._jit_tree_views.SourceRange)\n\nInvoked with: None"
)

Out = list[tree.Stmt]


def lower_statements(nodes: Iterable[ast.stmt], cx: Context) -> tuple[tree.Stmt, ...]:
    """The trees of a block; a `Hole`, and a report, for every statement the front end has none for."""
    out: Out = []
    cx.depth += STATEMENT_DEPTH
    if cx.depth < DEPTH_LIMIT:
        for node in nodes:
            _HANDLERS.get(type(node), _unsupported)(node, cx, out)
    else:
        out.extend(cut(node, cx) for node in nodes)
    cx.depth -= STATEMENT_DEPTH
    return tuple(out)


def _unsupported(node: ast.stmt, cx: Context, out: Out) -> None:
    kind = type(node).__name__
    default = ("JIT119", kind, f"`{kind}` has no meaning in TorchScript")
    code, words, message = _UNSUPPORTED.get(kind, default)
    if not (cx.is_async and kind in ("AsyncFor", "AsyncWith")):
        cx.report(code, keyword(node), f"{words} aren't supported", message)
    if code not in ("JIT101", "JIT102"):
        _visit_blocks(node, cx)
    out.append(tree.Hole(node, bound_names([node])))


def _visit_blocks(node: ast.AST, cx: Context) -> None:
    """Report the problems in the blocks of a statement that has no tree: they remain when it is rewritten."""
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(node, field, None) or ():
            if isinstance(child, ast.stmt):
                lower_statements([child], cx)
            else:
                _visit_blocks(child, cx)


def _expression(node: ast.Expr, cx: Context, out: Out) -> None:
    out.append(tree.ExprStmt(node, lower_expression(node.value, cx)))


def _assign(node: ast.Assign, cx: Context, out: Out) -> None:
    value = lower_expression(node.value, cx)
    out.append(tree.Assign(node, tuple([lower_expression(target, cx) for target in node.targets]), value))


def _annotated_assign(node: ast.AnnAssign, cx: Context, out: Out) -> None:
    target = node.target
    if node.value is None:
        message = "annotated assignments without assigned value aren't supported"
        cx.report("JIT120", node, message, "an annotation needs a value")
        out.append(tree.Hole(node, bound_names([target])))
        return
    if isinstance(target, ast.Attribute):
        owner = target.value
        if not isinstance(owner, ast.Name):
            message = f"'{type(owner).__name__}' object has no attribute 'id'"
            cx.report("JIT121", node, message, "only a plain name can be annotated here")
        elif owner.id == "self" and cx.function_name != "__init__":
            where = f"Type annotations on instance attributes must be declared in __init__, not '{cx.function_name}'"
            cx.report("JIT121", node, where, "attributes are annotated in `__init__` or in the class body")
    value = lower_expression(node.value, cx)
    lowered = lower_expression(target, cx)
    lower_expression(node.annotation, cx)
    out.append(tree.Assign(node, (lowered,), value, node.annotation))


def _augmented_assign(node: ast.AugAssign, cx: Context, out: Out) -> None:
    target = lower_expression(node.target, cx)
    value = lower_expression(node.value, cx)
    op = _AUGMENTED.get(type(node.op))
    if op is not None:
        out.append(tree.AugAssign(node, target, op, value))
        return
    name = type(node.op).__name__
    op = _LACKING[type(node.op)]
    message = f"unsupported kind of augmented assignment: {name}"
    cx.report("JIT116", node, message, f"`{op}=` cannot be compiled, `{op}` can")
    out.append(tree.Assign(node, (target,), tree.Binary(node, op, target, value)))


def _delete(node: ast.Delete, cx: Context, out: Out) -> None:
    out.append(tree.Delete(node, tuple([lower_expression(target, cx) for target in node.targets])))


def _return(node: ast.Return, cx: Context, out: Out) -> None:
    out.append(tree.Return(node, lower_expression(node.value, cx) if node.value is not None else None))


def _raise(node: ast.Raise, cx: Context, out: Out) -> None:
    # The cause of `raise ... from ...` is never looked at.
    if node.exc is None:
        message = "'NoneType' object has no attribute 'lineno'"
        cx.report("JIT118", node, message, "`raise` needs an exception")
        out.append(tree.Raise(node, tree.Hole(node)))
    else:
        out.append(tree.Raise(node, lower_expression(node.exc, cx)))


def _assert(node: ast.Assert, cx: Context, out: Out) -> None:
    test = lower_expression(node.test, cx)
    out.append(tree.Assert(node, test, lower_expression(node.msg, cx) if node.msg is not None else None))


def _if(node: ast.If, cx: Context, out: Out) -> None:
    cond = lower_expression(node.test, cx)
    true = lower_statements(node.body, cx)
    out.append(tree.If(node, cond, true, lower_statements(node.orelse, cx)))


def _while(node: ast.While, cx: Context, out: Out) -> None:
    if node.orelse:
        cx.report("JIT117", keyword(node), _WHILE_ELSE, "a loop cannot have an `else`")
    cond = lower_expression(node.test, cx)
    out.append(tree.While(node, cond, lower_statements(node.body, cx)))
    _loop_else(node, cx, out)


def _for(node: ast.For, cx: Context, out: Out) -> None:
    if node.orelse:
        cx.report(
            "JIT117", keyword(node), "else branches of for loops aren't supported", "a loop cannot have an `else`"
        )
    target = lower_expression(node.target, cx)
    iterable = lower_expression(node.iter, cx)
    out.append(tree.For(node, target, iterable, lower_statements(node.body, cx)))
    _loop_else(node, cx, out)


def _loop_else(node: ast.For | ast.While, cx: Context, out: Out) -> None:
    if node.orelse:
        lower_statements(node.orelse, cx)
        out.append(tree.Hole(node, bound_names(node.orelse)))


def _with(node: ast.With, cx: Context, out: Out) -> None:
    if _is_ignored_block(node):
        # Becomes a call of a Python function; only its declared outputs are seen, whatever their types are.
        out.append(tree.Hole(node, _ignored_block_outputs(node)))
        return
    items = []
    hidden: tuple[str, ...] = ()
    for item in node.items:
        value = lower_expression(item.context_expr, cx)
        var: tree.Var | None = None
        if item.optional_vars is not None:
            target = lower_expression(item.optional_vars, cx)
            if isinstance(target, tree.Var):
                var = target
            else:
                hidden += bound_names([item.optional_vars])
                cx.report("JIT125", item.context_expr, _WITH_ITEM, "the target of `with ... as` must be a single name")
        items.append(tree.WithItem(item.context_expr, value, var))
    body = lower_statements(node.body, cx)
    out.append(tree.With(node, tuple(items), (tree.Hole(node, hidden), *body) if hidden else body))


def _is_ignored_block(node: ast.With) -> bool:
    """``with torch.jit._IgnoreContextManager(...)``, recognised by its spelling, as the front end does."""
    match node.items[0].context_expr:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(value=ast.Name(id="torch"), attr="jit"), attr=attr)):
            return attr == "_IgnoreContextManager"
    return False


def _ignored_block_outputs(node: ast.With) -> tuple[str, ...]:
    call = node.items[0].context_expr
    assert isinstance(call, ast.Call)
    names = []
    for argument in call.keywords:
        match argument.value:
            case ast.Constant(value=str(text)) if argument.arg and text.partition(":")[0] == "out":
                names.append(argument.arg)
    return tuple(names)


def _pass(node: ast.Pass, cx: Context, out: Out) -> None:
    out.append(tree.Pass(node))


def _break(node: ast.Break, cx: Context, out: Out) -> None:
    out.append(tree.Break(node))


def _continue(node: ast.Continue, cx: Context, out: Out) -> None:
    out.append(tree.Continue(node))


_HANDLERS: dict[type, Callable[..., None]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated_assign,
    ast.AugAssign: _augmented_assign,
    ast.Delete: _delete,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.With: _with,
    ast.Pass: _pass,
    ast.Break: _break,
    ast.Continue: _continue,
}
