"""Statements and expressions of compiled functions that mean something else than in Python."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator

from jitlint.hazards.reporting import Hazards, body_scope, self_attribute
from jitlint.project.definitions import FunctionDefinition
from jitlint.project.targets import ExternalName
from jitlint.shapes import values as py
from jitlint.source.nodes import walk_own

_RANDOM = frozenset({"rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "bernoulli", "multinomial"})
# What callers cannot tell apart from the torch.jit.Error (a RuntimeError) that compiled code raises.
_KEPT = frozenset({"RuntimeError", "Exception", "BaseException", "AssertionError"})


def own_nodes(definition: FunctionDefinition) -> Iterator[ast.AST]:
    """Every node of a function's body, without what nested definitions hold."""
    return walk_own(definition.node.body)


def repeated_operands(found: Hazards, definition: FunctionDefinition) -> None:
    """``a < f() < b`` evaluates ``f()`` twice: said where the call may do more than compute."""
    for node in own_nodes(definition):
        if not isinstance(node, ast.Compare) or len(node.ops) < 2:
            continue
        for operand in node.comparators[:-1]:
            if any(isinstance(one, ast.Call) and _has_effects(found, definition, one) for one in ast.walk(operand)):
                found.report(
                    "JIT847",
                    definition.module,
                    operand,
                    f"`{ast.unparse(operand)}` is evaluated twice in a chained comparison",
                )


def _has_effects(found: Hazards, definition: FunctionDefinition, call: ast.Call) -> bool:
    """Whether a call may change something, or give something else the second time: code of the user, in-place and random
    operations."""
    function = call.func
    if self_attribute(function):
        return True
    for target in found.project.resolve_expr(body_scope(definition), function):
        if isinstance(target, FunctionDefinition):
            return True
        if isinstance(target, ExternalName):
            return target.name.startswith("torch.") and target.name.rpartition(".")[2] in _RANDOM
    if isinstance(function, ast.Attribute):
        return (function.attr.endswith("_") and not function.attr.endswith("__")) or function.attr == "pop"
    return False


def dedented_strings(found: Hazards, definition: FunctionDefinition) -> None:
    """Strings over several lines in indented code: the source is dedented before it is parsed, strings included."""
    indent = definition.node.col_offset
    if not indent:
        return
    without_effect: set[int] = set()
    lines = definition.module.lines
    for node in own_nodes(definition):
        match node:
            case ast.Expr(value=ast.Constant() | ast.JoinedStr() as inner):
                without_effect.add(id(inner))
            case ast.Raise() | ast.Assert(msg=ast.expr()):
                message = node if isinstance(node, ast.Raise) else node.msg or node
                without_effect.update(id(inner) for inner in ast.walk(message))
            case ast.Constant(value=str()) | ast.JoinedStr() if id(node) not in without_effect:
                if isinstance(node, ast.JoinedStr):
                    without_effect.update(id(inner) for inner in ast.walk(node))
                after = lines[node.lineno : node.end_lineno]
                if not after or not _breaks_inside(lines[node.lineno - 1 : node.end_lineno], node.col_offset):
                    continue
                # A line further left than the function would keep the source from being parsed at all.
                if all(line[:indent].isspace() for line in after if line.strip()):
                    found.report(
                        "JIT848",
                        definition.module,
                        node,
                        f"the string loses {indent} spaces at the start of each further line when it is compiled",
                    )


def _breaks_inside(lines: list[str], offset: int) -> bool:
    """Whether one string literal runs over several lines (and not several literals, one a line)."""
    text = "(" + lines[0].encode()[offset:].decode(errors="replace") + "\n" + "\n".join(lines[1:]) + ")\n"
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            name = tokenize.tok_name[token.type]
            if name == "STRING" or name == "FSTRING_MIDDLE":
                if token.start[0] != token.end[0]:
                    return True
    except (tokenize.TokenError, SyntaxError):
        pass  # what comes after the literal on its last line
    return False


def exceptions(found: Hazards, definition: FunctionDefinition) -> None:
    """Exception classes and causes, which compiled code does not keep."""
    for node in own_nodes(definition):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = ast.unparse(raised)
        if node.cause is not None:
            found.report("JIT849", definition.module, node, "the cause after `from` is dropped in compiled code")
        elif isinstance(raised, ast.Name) and name not in _KEPT:
            found.report(
                "JIT849",
                definition.module,
                node,
                f"compiled code raises torch.jit.Error: `except {name}` does not catch it",
            )


def attributes_of_other_type(found: Hazards, definition: FunctionDefinition, shape: py.ModuleShape) -> None:
    """Attributes of `self` that compiled code sees as another type: bytes as str; list constants, returned, as tuples."""
    constants = found.compiler.constants(shape)
    for node in own_nodes(definition):
        name = self_attribute(node)
        if name and isinstance(getattr(node, "ctx", None), ast.Load):
            match shape.attributes.get(name):
                case py.Constant(value=bytes()):
                    found.report("JIT845", definition.module, node, f"'{name}' holds bytes; compiled code sees a str")
        if isinstance(node, ast.Return) and node.value is not None:
            for value in node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]:
                name = self_attribute(value)
                match shape.attributes.get(name) if name in constants else None:
                    case py.Sequence(kind="list"):
                        found.report(
                            "JIT841",
                            definition.module,
                            value,
                            f"the constant '{name}' is a list; compiled code returns a tuple",
                        )
