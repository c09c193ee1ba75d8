"""Fixes of values that may be None: attributes are bound to a local first, names are asserted, conditions say what they mean."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from jitlint.emit.evidence import Mismatch, RefusedCall
from jitlint.emit.values import FunctionRef, MethodRef, ModuleRef
from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import fresh_name, inserted_above, operand, replaced
from jitlint.types.model import (
    DEVICE,
    Argument,
    ClassType,
    DictType,
    ListType,
    OptionalType,
    Schema,
    TensorType,
    TupleType,
    Type,
)

Changes = tuple[Change, ...]


def is_optional(context: Context, node: ast.expr) -> bool:
    """Whether an expression was found to be an Optional (in one shape of its module, if not in all)."""
    from jitlint.emit.values import Val

    kinds = [value.type for value in context.values(node) if isinstance(value, Val)]
    return any(isinstance(kind, OptionalType) for kind in kinds)


def refined(context: Context, finding: Finding) -> Draft | None:
    """What is used here may be None: it is tested as a local, or asserted not to be None."""
    for node in _suspects(context, finding):
        if not is_optional(context, node):
            continue
        found = not_none(context, node)
        if found is not None:
            return found
    return None


def _suspects(context: Context, finding: Finding) -> Iterable[ast.expr]:
    """The expressions at a finding whose being None could be the reason for it."""
    found = context.at(finding.span, ast.stmt, ast.expr)
    match found:
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            yield value
            if isinstance(found, ast.Subscript):
                inner = found.slice
                if isinstance(inner, ast.Slice):
                    yield from (bound for bound in (inner.lower, inner.upper, inner.step) if bound is not None)
                elif isinstance(inner, ast.Tuple):
                    yield from inner.elts
                else:
                    yield inner
        case ast.Call(func=func):
            if isinstance(func, ast.Attribute):
                yield func.value
            yield from _refused(context, found, finding.evidence)
        case ast.BinOp(left=left, right=right):
            yield left
            yield right
        case ast.Compare(left=left, comparators=others, ops=ops):
            if all(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in ops):
                yield left
                yield from others
        case ast.AugAssign(target=target, value=value):
            yield value
            yield target
        case ast.Return(value=ast.IfExp(body=body, orelse=orelse)):
            yield body
            yield orelse
        case ast.Return(value=ast.expr() as value) | ast.UnaryOp(operand=value):
            yield value
        case ast.Tuple() | ast.Name():  # the targets of an assignment that unpacks
            parent = context.parents.get(found)
            if isinstance(parent, ast.Assign):
                yield parent.value
            if isinstance(parent, ast.For) and parent.iter is found:
                yield found


def _refused(context: Context, call: ast.Call, evidence: object) -> Iterable[ast.expr]:
    """The arguments of a call for which none of the schemas takes None, and which nobody may mean to be None."""
    positional, keywords = call.args, call.keywords
    if not isinstance(evidence, RefusedCall) or any(isinstance(one, ast.Starred) for one in positional):
        yield from positional
        yield from (keyword.value for keyword in keywords)
        return
    own = _calls_python(context, call)
    for at, node in [*enumerate(positional), *((keyword.arg, keyword.value) for keyword in keywords)]:
        formals = [formal for schema in evidence.schemas if (formal := _formal(schema, at, evidence)) is not None]
        if formals and all(isinstance(one.type, OptionalType) or one.default == "None" for one in formals):
            continue
        if own and _none_by_default(context, node):
            continue
        yield node


def _formal(schema: Schema, at: int | str | None, evidence: RefusedCall) -> Argument | None:
    """The parameter that an argument (by its place or its name) is for."""
    if isinstance(at, str):
        return next((one for one in schema.arguments if one.name == at), None)
    formals = [one for one in schema.arguments if not one.keyword_only]
    if at is None:
        return None
    if evidence.receiver is not None or (formals and formals[0].name == "self"):
        at += 1
    return formals[at] if at < len(formals) else None


def _calls_python(context: Context, call: ast.Call) -> bool:
    """Whether a call runs code that is written in Python: nothing there need fail on None."""
    values = context.values(call.func)
    return any(isinstance(value, FunctionRef | MethodRef | ModuleRef) for value in values)


def _none_by_default(context: Context, node: ast.expr) -> bool:
    """Whether a name is a parameter that is None by default, and stands where every call comes: an assertion there
    would make the default an error."""
    function = context.function(node)
    if function is None or not isinstance(node, ast.Name):
        return False
    if context.block_of(context.statement(node)) is not function.body:
        return False
    args = function.args
    positional = [*args.posonlyargs, *args.args]
    pairs = [
        *zip(positional[len(positional) - len(args.defaults) :], args.defaults),
        *zip(args.kwonlyargs, args.kw_defaults),
    ]
    return any(arg.arg == node.id and isinstance(value, ast.Constant) and value.value is None for arg, value in pairs)


def not_none(context: Context, node: ast.expr) -> Draft | None:
    """Makes the compiler see that an expression is not None where it stands."""
    statement = context.statement(node)
    if _repeated_or_postponed(context, node, statement):
        return None
    if isinstance(node, ast.Name):
        above = inserted_above(context, statement, [f"assert {node.id} is not None"])
        if above is None:
            return None
        return Draft("unsafe", f"Assert that `{node.id}` is not None", (above,))
    if isinstance(node, ast.Attribute):
        guarded = _with_local(context, node)
        if guarded is not None:
            return guarded
    name = fresh_name(context, node, node.attr.lstrip("_") if isinstance(node, ast.Attribute) else "value")
    if _something_before(context, node, statement):
        return None
    above = inserted_above(context, statement, [f"{name} = {context.code(node)}", f"assert {name} is not None"])
    if above is None:
        return None
    return Draft("unsafe", f"Bind `{name}`, and assert that it is not None", (above, replaced(context, node, name)))


def _repeated_or_postponed(context: Context, node: ast.expr, statement: ast.stmt) -> bool:
    """Whether an expression is not evaluated once, for sure, when its statement runs."""
    current: ast.AST = node
    for parent in context.ancestors(node):
        match parent:
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return True
            case ast.IfExp(test=test) if current is not test:
                return not isinstance(node, ast.Attribute)
            case ast.BoolOp(values=[first, *_]) if current is not first:
                return not isinstance(node, ast.Attribute)
            case ast.While():
                return True
        if parent is statement:
            return isinstance(statement, ast.While)
        current = parent
    return False


def _something_before(context: Context, node: ast.expr, statement: ast.stmt) -> bool:
    """Whether a call that stands before the node in its statement would now come after it."""
    if isinstance(statement, ast.If | ast.For | ast.With):
        header: ast.AST | None = getattr(statement, "test", None) or getattr(statement, "iter", None)
        around: ast.AST = header if header is not None else statement
    else:
        around = statement
    begin = context.start(node)
    return any(isinstance(one, ast.Call) and context.end(one) <= begin for one in ast.walk(around))


# --- attributes -------------------------------------------------------------------------------------------------------


def _with_local(context: Context, node: ast.Attribute) -> Draft | None:
    """``if self.x is not None: f(self.x)`` with ``x = self.x`` above it, and ``x`` in the places of ``self.x``."""
    if not isinstance(node.value, ast.Name):
        return None
    function = context.function(node)
    text = context.code(node)
    if function is None:
        return None
    found = _guard(context, node, text)
    if found is None:
        return None
    guard, region = found
    if _written(context, region, text):
        return None
    name = fresh_name(context, node, node.attr.lstrip("_") or "value")
    above = inserted_above(context, guard, [f"{name} = {text}"])
    if above is None:
        return None
    reads = [
        one
        for part in region
        for one in ast.walk(part)
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load) and context.code(one) == text
    ]
    # A method of the module that is called in between could set the attribute.
    calls = any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and isinstance(one.func.value, ast.Name)
        and one.func.value.id == node.value.id
        for part in region
        for one in ast.walk(part)
    )
    return Draft(
        "unsafe" if calls else "safe",
        f"Bind `{text}` to a local before it is tested",
        (above, *(replaced(context, one, name) for one in reads)),
    )


def _guard(context: Context, node: ast.Attribute, text: str) -> tuple[ast.stmt, list[ast.stmt]] | None:
    """The statement that tests the attribute, and the statements in which that test counts."""
    for one in context.ancestors(node):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            break
        if isinstance(one, ast.If) and _mentions(context, one.test, text):
            return (one, [one]) if not _is_elif(context, one) else None
        if isinstance(one, ast.IfExp) and _mentions(context, one.test, text):
            statement = context.statement(one)
            return statement, [statement]
        if isinstance(one, ast.BoolOp) and _mentions(context, one.values[0], text) and isinstance(one.op, ast.And):
            statement = context.statement(one)
            return (statement, [statement]) if not isinstance(statement, ast.While) else None
        if isinstance(one, ast.stmt):
            block = context.block_of(one) or []
            at = block.index(one) if one in block else 0
            for earlier in range(at - 1, -1, -1):
                before = block[earlier]
                if isinstance(before, ast.Assert) and _mentions(context, before.test, text):
                    return before, block[earlier:]
                if (
                    isinstance(before, ast.If)
                    and _mentions(context, before.test, text)
                    and before.body
                    and isinstance(before.body[-1], ast.Return | ast.Raise)
                    and not before.orelse
                ):
                    return before, block[earlier:]
                if _written(context, [before], text):
                    return None
    return None


def _is_elif(context: Context, node: ast.If) -> bool:
    return context.text.startswith("elif", context.start(node))


def _mentions(context: Context, test: ast.expr, text: str) -> bool:
    return any(isinstance(one, ast.Attribute) and context.code(one) == text for one in ast.walk(test))


def _written(context: Context, statements: Iterable[ast.AST], text: str) -> bool:
    """Whether an attribute is set (or deleted) in some statements."""
    return any(
        isinstance(one, ast.Attribute) and not isinstance(one.ctx, ast.Load) and context.code(one) == text
        for statement in statements
        for one in ast.walk(statement)
    )


# --- conditions -------------------------------------------------------------------------------------------------------


def plain_condition(context: Context, finding: Finding) -> Draft | None:
    """``if x:`` where x may be None, or is no condition to the compiler: what it asks, in full."""
    node = context.at(finding.span, ast.expr)
    if node is None:
        return None
    parent = context.parents.get(node)
    if isinstance(parent, ast.BoolOp) and isinstance(parent.op, ast.Or) and parent.values[0] is node:
        return _or_default(context, parent, node)
    negated = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)
    kind = known_type(context, node)
    values = context.values(node)
    name = context.code(node)
    if not isinstance(node, ast.Name | ast.Attribute):
        return None
    inner = kind.element if isinstance(kind, OptionalType) else None
    whole = parent if negated and isinstance(parent, ast.UnaryOp) else node
    text = ""
    if inner is not None:
        tail = _truth(inner, name)
        # What a constructor has made of an attribute is known: a tensor is there, or not.
        made = isinstance(inner, TensorType) and isinstance(node, ast.Attribute)
        if made or tail is None:
            text = f"{name} is None" if negated else f"{name} is not None"
        elif negated:
            text = f"({name} is None or {_negated(tail)})"
        else:
            text = f"{name} is not None and {tail}"
            if isinstance(parent, ast.BoolOp | ast.Compare | ast.BinOp):
                text = f"({text})"
        if isinstance(parent, ast.If | ast.While | ast.Assert | ast.IfExp) or isinstance(
            context.parents.get(whole), ast.If | ast.While | ast.Assert | ast.IfExp
        ):
            text = text.removeprefix("(").removesuffix(")") if text.startswith("(") and negated else text
    elif isinstance(kind, TupleType):
        text = f"len({name}) == 0" if negated else f"len({name}) > 0"
    elif kind is not None and kind == DEVICE:
        return None
    elif str(kind) == "NoneType" or (isinstance(kind, ClassType) and kind.is_module) or _modules(values):
        text = f"{name} is None" if negated else f"{name} is not None"
    if not text:
        return None
    assert isinstance(whole, ast.expr)
    applicability = "safe" if isinstance(inner, ListType | DictType | TupleType) or _number(inner) else "unsafe"
    return Draft(
        "safe" if applicability == "safe" else "unsafe", "Say what is tested", (replaced(context, whole, text),)
    )


def _negated(test: str) -> str:
    """The opposite of a test that `_truth` gives."""
    for one, other in ((" != ", " == "), (" > 0", " == 0")):
        if one in test:
            return test.replace(one, other)
    return f"not {test}"


def _number(kind: Type | None) -> bool:
    return kind is not None and str(kind) in ("int", "float", "bool", "str")


def _modules(values: Iterable[object]) -> bool:
    from jitlint.emit.values import ModuleRef

    found = list(values)
    return bool(found) and all(isinstance(value, ModuleRef) for value in found)


def _truth(kind: Type, name: str) -> str | None:
    """The rest of the test once the value is known not to be None."""
    match str(kind):
        case "int":
            return f"{name} != 0"
        case "float":
            return f"{name} != 0.0"
        case "bool":
            return name
        case "str":
            return f'{name} != ""'
    if isinstance(kind, TensorType):
        return f"bool({name})"
    if isinstance(kind, ListType | DictType):
        return f"len({name}) > 0"
    return None


def _or_default(context: Context, node: ast.BoolOp, first: ast.expr) -> Draft | None:
    """``n or 3`` as ``n if n is not None and n != 0 else 3``."""
    kind = known_type(context, first)
    if not isinstance(kind, OptionalType) or len(node.values) != 2 or not isinstance(first, ast.Name):
        return None
    name = first.id
    tail = _truth(kind.element, name)
    if tail is None:
        return None
    other = operand(context, node.values[1])
    test = f"{name} is not None and {tail}"
    text = f"{name} if {test} else {other}"
    parent = context.parents.get(node)
    if not isinstance(parent, ast.Assign | ast.Return | ast.AnnAssign | ast.keyword | ast.Call):
        text = f"({text})"
    return Draft("safe", "Say what is tested", (replaced(context, node, text),))


# --- comparisons ------------------------------------------------------------------------------------------------------


def compared(context: Context, finding: Finding) -> Draft | None:
    """``x == None`` as ``x is None``; ``n == m`` where n may be None, with the test for that."""
    node = context.at(finding.span, ast.Compare)
    if node is None or len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return None
    left, right = node.left, node.comparators[0]
    equal = isinstance(node.ops[0], ast.Eq)
    if isinstance(right, ast.Constant) and right.value is None:
        text = f"{operand(context, left)} is {'' if equal else 'not '}None"
        return Draft("safe", "Compare with `is`", (replaced(context, node, text),))
    for one, other in ((left, right), (right, left)):
        kind, second = known_type(context, one), known_type(context, other)
        if not isinstance(kind, OptionalType) or isinstance(second, OptionalType) or second != kind.element:
            continue
        if not isinstance(one, ast.Name):
            continue
        text = f"{one.id} is not None and {context.code(node)}"
        if not equal:
            text = f"{one.id} is None or {context.code(node)}"
        if isinstance(context.parents.get(node), ast.BoolOp | ast.UnaryOp | ast.Compare | ast.BinOp | ast.IfExp):
            text = f"({text})"
        return Draft("safe", "Test for None first", (replaced(context, node, text),))
    return None


def optional_annotation(context: Context, finding: Finding) -> Draft | None:
    """A variable that is annotated with a type and holds None: the type becomes an Optional."""
    evidence = finding.evidence
    if not isinstance(evidence, Mismatch) or str(evidence.found) != "NoneType":
        return None
    target = context.at(finding.span, ast.Name)
    statement = context.parents.get(target) if target is not None else None
    if not isinstance(statement, ast.AnnAssign):
        return None
    from jitlint.fixes.imports import need

    outer, changes = need(context, "typing.Optional")
    text = f"{outer}[{context.code(statement.annotation)}]"
    return Draft("safe", "Annotate it as Optional", (replaced(context, statement.annotation, text), *changes))
