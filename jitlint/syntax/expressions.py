"""Expressions: Python's nodes to the TorchScript tree, as ``ExprBuilder`` of ``torch/jit/frontend.py`` does it.

Operands are visited in the compiler's order, so that the first problem reported is the one it stops at.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from jitlint.syntax import tree
from jitlint.syntax.context import DEPTH_LIMIT, EXPRESSION_DEPTH, Context, bound_names, cut

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
_UNARY: dict[type[ast.unaryop], str] = {ast.Not: "not", ast.USub: "-", ast.Invert: "~"}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}

# Expressions without a tree: the rule, and what jitlint says. Anything else is newer Python.
_UNSUPPORTED = {
    "Lambda": ("JIT106", "a lambda cannot be compiled"),
    "NamedExpr": ("JIT107", "an assignment expression (`:=`) cannot be compiled"),
    "Yield": ("JIT108", "a generator (`yield`) cannot be compiled"),
    "YieldFrom": ("JIT108", "a generator (`yield from`) cannot be compiled"),
    "Await": ("JIT109", "`await` cannot be compiled"),
    "Set": ("JIT110", "there is no set in TorchScript"),
    "SetComp": ("JIT110", "there is no set comprehension in TorchScript"),
    "TemplateStr": ("JIT119", "a template string cannot be compiled"),
}


_FSTRING = "conversions and format specifications in f-strings cannot be compiled"
_STRING = (
    "__init__(): incompatible constructor arguments. The following argument types are supported:\n"
    "    1. torch._C._jit_tree_views.StringLiteral(arg0: torch._C._jit_tree_views.SourceRange, arg1: str)"
)


def lower_expression(node: ast.expr, cx: Context) -> tree.Expr:
    """The tree of an expression; a `Hole`, and a report, where the front end has none."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return _unsupported(node, cx)
    cx.depth += EXPRESSION_DEPTH
    result = handler(node, cx) if cx.depth < DEPTH_LIMIT else cut(node, cx)
    cx.depth -= EXPRESSION_DEPTH
    return result


def _all(nodes: list[ast.expr], cx: Context) -> tuple[tree.Expr, ...]:
    return tuple([lower_expression(node, cx) for node in nodes])


def _place(node: ast.expr, first: tree.Expr) -> ast.AST:
    """The node whose line the compiler names for a composite expression.

    Its range is that of the leftmost operand, which starts on a later line than Python's node where the operand
    has parentheses of its own.
    """
    return node if getattr(first.at, "lineno", node.lineno) == node.lineno else first.at


def _unsupported(node: ast.expr, cx: Context) -> tree.Hole:
    kind = type(node).__name__
    code, message = _UNSUPPORTED.get(kind, ("JIT119", f"`{kind}` has no meaning in TorchScript"))
    if not (kind == "Await" and cx.is_async):
        cx.report(code, node, f"{kind} aren't supported", message)
    match node:  # the compiler stops here; what is inside is a problem of its own
        case ast.NamedExpr(value=value) | ast.Await(value=value) | ast.YieldFrom(value=value):
            lower_expression(value, cx)
        case ast.Yield(value=ast.expr() as value):
            lower_expression(value, cx)
        case ast.Set(elts=elements):
            _all(elements, cx)
        case ast.SetComp():
            lower_expression(node.elt, cx)
            _generators(node.generators, cx)
    return tree.Hole(node, bound_names([node]))


def _name(node: ast.Name, cx: Context) -> tree.Expr:
    if node.id.startswith("__jit"):
        cx.report(
            "JIT124",
            node,
            "names of variables used in JIT-ed functions can't start with __jit",
            f"`{node.id}`: names that start with `__jit` are the compiler's own",
        )
    if node.id == "Ellipsis":
        return tree.Dots(node)
    return tree.Var(node, node.id)


def _constant(node: ast.Constant, cx: Context) -> tree.Expr:
    value = node.value
    if value is None:
        return tree.NoneLiteral(node)
    if isinstance(value, bool):
        return tree.BoolLiteral(node, value)
    if isinstance(value, (int, float, complex)):
        return tree.Const(node, value)
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            cx.report("JIT122", node, _STRING, "a string with a lone surrogate cannot be compiled")
        return tree.StringLiteral(node, value)
    if value is Ellipsis:
        return tree.Dots(node)
    cx.report("JIT122", node, "Unknown Constant expression type", "a bytes literal cannot be compiled")
    return tree.Hole(node)


def _attribute(node: ast.Attribute, cx: Context) -> tree.Expr:
    value = lower_expression(node.value, cx)
    return tree.Select(_place(node, value), value, node.attr)


def _call(node: ast.Call, cx: Context) -> tree.Expr:
    func = lower_expression(node.func, cx)
    args = _all(node.args, cx)
    kwargs = []
    unpacked = False
    for keyword in node.keywords:
        value = lower_expression(keyword.value, cx)
        if keyword.arg:
            kwargs.append(tree.Keyword(keyword.arg, value))
        else:
            unpacked = True
            cx.report("JIT114", value.at, "keyword-arg expansion is not supported", "`**` in a call cannot be compiled")
    place = _place(node, func)
    return tree.Hole(place) if unpacked else tree.Apply(place, func, args, tuple(kwargs))


def _starred(node: ast.Starred, cx: Context) -> tree.Expr:
    return tree.Starred(node, lower_expression(node.value, cx))


def _binary(node: ast.BinOp, cx: Context) -> tree.Expr:
    left = lower_expression(node.left, cx)
    right = lower_expression(node.right, cx)
    return tree.Binary(_place(node, left), _BINARY[type(node.op)], left, right)


def _unary(node: ast.UnaryOp, cx: Context) -> tree.Expr:
    value = lower_expression(node.operand, cx)
    op = _UNARY.get(type(node.op))
    if op is None:
        cx.report("JIT123", node, "'UnaryOp' object has no attribute 'range'", "unary `+` cannot be compiled")
        return value
    return tree.Unary(node, op, value)


def _boolean(node: ast.BoolOp, cx: Context) -> tree.Expr:
    op = "and" if isinstance(node.op, ast.And) else "or"
    result, *others = _all(node.values, cx)
    place = _place(node, result)
    for other in others:
        result = tree.Binary(place, op, result, other)
    return result


def _compare(node: ast.Compare, cx: Context) -> tree.Expr:
    left = lower_expression(node.left, cx)
    place = _place(node, left)
    result: tree.Expr | None = None
    for operator, right in zip(node.ops, _all(node.comparators, cx), strict=True):
        test = tree.Binary(place if result is None else left.at, _COMPARE[type(operator)], left, right)
        result = test if result is None else tree.Binary(place, "and", result, test)
        left = right
    return left if result is None else result


def _conditional(node: ast.IfExp, cx: Context) -> tree.Expr:
    cond = lower_expression(node.test, cx)
    true = lower_expression(node.body, cx)
    false = lower_expression(node.orelse, cx)
    return tree.TernaryIf(_place(node, true), cond, true, false)


def _subscript(node: ast.Subscript, cx: Context) -> tree.Expr:
    value = lower_expression(node.value, cx)
    index = node.slice
    if isinstance(index, ast.Tuple):
        # `Tuple[()]` keeps its empty tuple as the one index.
        indices = _all(index.elts, cx) or (tree.TupleLiteral(index, ()),)
    else:
        indices = (lower_expression(index, cx),)
    return tree.Subscript(_place(node, value), value, indices)


def _slice(node: ast.Slice, cx: Context) -> tree.Expr:
    start = lower_expression(node.lower, cx) if node.lower is not None else None
    end = lower_expression(node.upper, cx) if node.upper is not None else None
    step = lower_expression(node.step, cx) if node.step is not None else None
    return tree.SliceExpr(node, start, end, step)


def _list(node: ast.List, cx: Context) -> tree.Expr:
    return tree.ListLiteral(node, _all(node.elts, cx))


def _tuple(node: ast.Tuple, cx: Context) -> tree.Expr:
    return tree.TupleLiteral(node, _all(node.elts, cx))


def _dict(node: ast.Dict, cx: Context) -> tree.Expr:
    unpacked = None in node.keys
    if node.keys and node.keys[0] is None:
        message = "Dict expansion (e.g. `{**dict}`) is not supported"
        cx.report("JIT113", node, message, "`**` in a dict display cannot be compiled")
    keys = []
    for position, key in enumerate(node.keys):
        if key is not None:
            keys.append(lower_expression(key, cx))
        elif position and node.keys[0] is not None:  # the compiler meets it as a key that is no node
            message = "'NoneType' object has no attribute 'lineno'"
            cx.report("JIT113", node.values[position], message, "`**` in a dict display cannot be compiled")
    values = _all(node.values, cx)
    return tree.Hole(node, (), (*keys, *values)) if unpacked else tree.DictLiteral(node, tuple(keys), values)


def _joined_string(node: ast.JoinedStr, cx: Context) -> tree.Expr:
    text = ""
    args = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if part.conversion != -1:
                cx.report("JIT115", part, "Don't support conversion in JoinedStr", _FSTRING)
            if part.format_spec is not None:
                cx.report("JIT115", part, "Don't support formatting in JoinedStr", _FSTRING)
            text += "{}"
            args.append(lower_expression(part.value, cx))
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return tree.Apply(node, tree.Select(node, tree.StringLiteral(node, text), "format"), tuple(args), ())


def _comprehension(generators: list[ast.comprehension], node: ast.expr, cx: Context) -> bool:
    """Report what a comprehension may not have; whether nothing was found."""
    if len(generators) != 1:
        message = "Only a single generator is currently supported"
        cx.report("JIT112", node, message, "a comprehension can have only one `for`")
    if generators[0].ifs:
        message = "Comprehension ifs are not supported yet"
        cx.report("JIT111", node, message, "a comprehension cannot have a condition")
    return len(generators) == 1 and not generators[0].ifs


def _list_comprehension(node: ast.ListComp | ast.GeneratorExp, cx: Context) -> tree.Expr:
    plain = _comprehension(node.generators, node, cx)
    element = lower_expression(node.elt, cx)
    target, iterable = _generators(node.generators, cx)
    comprehension = tree.ListComp(node, element, target, iterable)
    return comprehension if plain else tree.Hole(node, (), (comprehension,))


def _dict_comprehension(node: ast.DictComp, cx: Context) -> tree.Expr:
    plain = _comprehension(node.generators, node, cx)
    key = lower_expression(node.key, cx)
    value = lower_expression(node.value, cx)
    target, iterable = _generators(node.generators, cx)
    comprehension = tree.DictComp(node, key, value, target, iterable)
    return comprehension if plain else tree.Hole(node, (), (comprehension,))


def _generators(generators: list[ast.comprehension], cx: Context) -> tuple[tree.Expr, tree.Expr]:
    """The first generator's target and iterable; the rest is visited for its problems only."""
    pairs = []
    for generator in generators:
        target = lower_expression(generator.target, cx)
        pairs.append((target, lower_expression(generator.iter, cx)))
        _all(generator.ifs, cx)
    return pairs[0]


_HANDLERS: dict[type, Callable[..., tree.Expr]] = {
    ast.Name: _name,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Starred: _starred,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.List: _list,
    ast.Tuple: _tuple,
    ast.Dict: _dict,
    ast.JoinedStr: _joined_string,
    ast.ListComp: _list_comprehension,
    ast.GeneratorExp: _list_comprehension,
    ast.DictComp: _dict_comprehension,
}
