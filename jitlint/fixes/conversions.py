"""Fixes of values of the wrong type: the conversion that makes a call, a return or an assignment fit.

The compiler's own matching (`match_schemas`) decides: the fewest arguments are converted, in the plainest way, so that
one of the function's schemas takes the call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from jitlint.emit.evidence import Mismatch, RefusedCall
from jitlint.emit.schema_matching import ArgValue, Match, match_schemas
from jitlint.emit.values import PythonValue
from jitlint.findings.model import Finding
from jitlint.fixes.annotations import known_type
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import operand, replaced
from jitlint.fixes.imports import need
from jitlint.types.model import (
    BOOL,
    FLOAT,
    INT,
    NUMBER,
    STR,
    EnumType,
    FutureType,
    ListType,
    TensorType,
    TupleType,
    Type,
)

_DTYPES = frozenset(
    "float16 float32 float64 bfloat16 half float double int8 int16 int32 int64 uint8 bool long int short complex64".split()
)
_LAYOUTS = frozenset("channels_last channels_last_3d contiguous_format preserve_format".split())


@dataclass(frozen=True, slots=True)
class Other:
    """Another way to write an argument: its text, its type, and what has to be imported for it."""

    text: str
    type: Type
    changes: tuple[Change, ...] = ()


def converted(context: Context, finding: Finding) -> Draft | None:
    """Converts arguments of a call (or operands of an operator) so that a schema takes them."""
    call = finding.evidence
    if not isinstance(call, RefusedCall):
        return None
    slots = _slots(context, finding, call)
    if slots is None:
        return None
    lossy = _counts(context, finding)
    options = [
        [] if node is None else list(others(context, node, value.type, strict, lossy)) for node, value, strict in slots
    ]
    free = [number for number, found in enumerate(options) if found]
    for count in (1, 2):
        for chosen in combinations(free, count):
            for picks in product(*(options[number] for number in chosen)):
                types = {number: pick.type for number, pick in zip(chosen, picks)}
                if _matches(call, slots, types):
                    changes: list[Change] = []
                    for number, pick in zip(chosen, picks):
                        node = slots[number][0]
                        assert node is not None
                        changes += [replaced(context, node, pick.text), *pick.changes]
                    return Draft("unsafe", "Convert: " + ", ".join(f"`{pick.text}`" for pick in picks), tuple(changes))
    return None


_CONTAINER_METHODS = frozenset("append extend insert index count remove get pop setdefault update max min sum".split())


def _counts(context: Context, finding: Finding) -> bool:
    """Whether a call is one of torch's own, where an int stands for a size or a position."""
    node = context.at(finding.span, ast.Call)
    if node is None:
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name not in _CONTAINER_METHODS and isinstance(node.func, ast.Attribute)


Slot = tuple[ast.expr | None, ArgValue, bool]


def _slots(context: Context, finding: Finding, call: RefusedCall) -> list[Slot] | None:
    """The arguments of a call with their nodes (None: not to be changed), in the order of `call`: positional,
    keywords. The flag is for operators, whose operands are not converted between numbers and strings at will."""
    node = context.at(finding.span, ast.expr, ast.stmt)
    positional, named = list(call.args), [value for _, value in call.kwargs]
    match node:
        case ast.Call(func=func, args=args, keywords=keywords):
            nodes: list[ast.expr | None] = list(args)
            if len(positional) == len(nodes) + 1 and isinstance(func, ast.Attribute):
                nodes.insert(0, None)
            if len(nodes) != len(positional) or [k.arg for k in keywords] != [name for name, _ in call.kwargs]:
                return None
            if any(isinstance(one, ast.Starred) for one in nodes):
                return None
            nodes += [keyword.value for keyword in keywords]
            return [(one, value, False) for one, value in zip(nodes, positional + named)]
        case ast.BinOp(left=left, right=right, op=op) if len(positional) == 2 and not named:
            strict = not isinstance(op, ast.Add)
            return [(left, positional[0], strict), (right, positional[1], strict)]
        case ast.AugAssign(value=value, op=op) if len(positional) == 2 and not named:
            return [(None, positional[0], True), (value, positional[1], not isinstance(op, ast.Add))]
    return None


def _matches(call: RefusedCall, slots: Sequence[Slot], types: dict[int, Type]) -> bool:
    count = len(call.args)
    values = [ArgValue(types[n]) if n in types else value for n, (_, value, _) in enumerate(slots)]
    named = [(name, value) for (name, _), value in zip(call.kwargs, values[count:])]
    found = match_schemas(call.schemas, values[:count], named, call.receiver)
    return isinstance(found, Match) and found.certain


def _from_python(context: Context, node: ast.expr) -> bool:
    """Whether a value is a call into Python, of which the compiler only assumes that it gives a Tensor."""
    return isinstance(node, ast.Call) and any(isinstance(one, PythonValue) for one in context.values(node.func))


def others(context: Context, node: ast.expr, kind: Type, strict: bool, lossy: bool = False) -> Iterator[Other]:
    """Other ways to write an argument, the plainest first. `strict`: only those that keep what an operator means.
    `lossy`: floats may become ints, as in a size, where Python itself takes no float."""
    text = context.code(node)
    if isinstance(kind, FutureType):
        name, changes = need(context, "torch.jit.wait")
        yield Other(f"{name}({text})", kind.element, changes)
        return
    if isinstance(kind, EnumType):
        definition = kind.definition
        if any("IntEnum" in ast.unparse(base) for base in getattr(getattr(definition, "node", None), "bases", ())):
            yield Other(f"{operand(context, node)}.value", kind.value)
        return
    number = _number(node)
    if kind == INT and number is not None:
        yield Other(f"{text}.0", FLOAT)
    if isinstance(kind, ListType) and kind.element == INT and isinstance(node, ast.List):
        if all(_number(one) is not None for one in node.elts):
            yield Other("[" + ", ".join(f"{context.code(one)}.0" for one in node.elts) + "]", ListType(FLOAT))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        name = node.value.removeprefix("torch.")
        if name in _DTYPES | _LAYOUTS:
            written, changes = need(context, f"torch.{name}")
            yield Other(written, INT, changes)
        return
    if strict or isinstance(node, ast.Constant | ast.List):
        if kind == FLOAT and not strict and (floored := _floored(context, node)):
            yield Other(floored, INT)
        return
    if kind == FLOAT and lossy:
        yield Other(_floored(context, node) or f"int({text})", INT)
    if kind in (INT, FLOAT, NUMBER):
        yield Other(f"str({text})", STR)
    if kind == INT and number is None:
        yield Other(f"float({text})", FLOAT)
    if kind == INT:
        yield Other(f"bool({text})", BOOL)
        if lossy:
            yield Other(f"[{text}]", ListType(INT))
    if kind == BOOL:
        yield Other(f"int({text})", INT)
    if kind == NUMBER or (isinstance(kind, TensorType) and not _from_python(context, node)):
        for name, result in (("int", INT), ("float", FLOAT), ("bool", BOOL)):
            yield Other(f"{name}({text})", result)
    if isinstance(kind, ListType) and kind.element in (INT, FLOAT):
        item = "v" if text != "v" else "w"
        for name, result in (("float", FLOAT), ("int", INT), ("str", STR)):
            if result != kind.element and (lossy or result != INT):
                yield Other(f"[{name}({item}) for {item} in {operand(context, node)}]", ListType(result))
    if isinstance(kind, TupleType) and isinstance(node, ast.Tuple):
        for pick in _each(context, node.elts, (INT,)):
            yield Other(f"({pick}{',' if len(node.elts) == 1 else ''})", TupleType((INT,) * len(node.elts)))


def _each(context: Context, nodes: Sequence[ast.expr], wanted: tuple[Type, ...]) -> Iterator[str]:
    """Elements of a display, each converted to the same type; literals only."""
    texts = []
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value.is_integer():
            texts.append(str(int(node.value)))
        elif known_type(context, node) in wanted:
            texts.append(context.code(node))
        else:
            return
    yield ", ".join(texts)


def _number(node: ast.expr) -> int | None:
    """The value of an int literal, with or without a minus."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def _floored(context: Context, node: ast.expr) -> str | None:
    """``a / b`` of ints as ``a // b``; of a float literal that is whole, the int."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value.is_integer():
        return str(int(node.value))
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return None
    if known_type(context, node.left) != INT or known_type(context, node.right) != INT:
        return None
    return f"{operand(context, node.left)} // {operand(context, node.right)}"


# --- one value --------------------------------------------------------------------------------------------------------


def fitted(
    context: Context, node: ast.expr, expected: Type, found: Type, lossy: bool = False
) -> tuple[str, tuple[Change, ...]] | None:
    """A value converted to the type that is expected of it."""
    if isinstance(node, ast.Tuple) and isinstance(expected, TupleType) and isinstance(found, TupleType):
        if len(node.elts) != len(expected.elements) or len(node.elts) != len(found.elements):
            return None
        parts: list[str] = []
        changes: list[Change] = []
        for one, want, have in zip(node.elts, expected.elements, found.elements):
            if str(want) == str(have):
                parts.append(context.code(one))
                continue
            part = fitted(context, one, want, have)
            if part is None:
                return None
            parts.append(part[0])
            changes += part[1]
        return f"{', '.join(parts)}{',' if len(parts) == 1 else ''}", tuple(changes)
    if isinstance(node, ast.List) and isinstance(expected, ListType):
        parts = []
        for one in node.elts:
            have_one = known_type(context, one)
            if have_one is None:
                return None
            if have_one == expected.element:
                parts.append(context.code(one))
                continue
            part = fitted(context, one, expected.element, have_one)
            if part is None:
                return None
            parts.append(part[0])
        return f"[{', '.join(parts)}]", ()
    if isinstance(node, ast.ListComp) and isinstance(expected, ListType) and isinstance(found, ListType):
        part = fitted(context, node.elt, expected.element, found.element)
        if part is None:
            return None
        start, end = context.start(node), context.end(node)
        before, after = context.text[start : context.start(node.elt)], context.text[context.end(node.elt) : end]
        return before + part[0] + after, part[1]
    if expected == STR:
        return None
    for other in others(context, node, found, False, lossy):
        if other.type == expected:
            return other.text, other.changes
    return None


def value_converted(context: Context, finding: Finding) -> Draft | None:
    """Converts what is returned, assigned or counted to."""
    evidence = finding.evidence
    if not isinstance(evidence, Mismatch):
        return None
    node = _value(context, finding, evidence)
    if node is None:
        return None
    found = fitted(context, node, evidence.expected, evidence.found, finding.code == "JIT314")
    if found is None:
        return None
    text, changes = found
    return Draft("unsafe", f"Convert: `{text}`", (replaced(context, node, text), *changes))


def _value(context: Context, finding: Finding, evidence: Mismatch) -> ast.expr | None:
    node = context.at(finding.span, ast.stmt, ast.expr)
    if isinstance(node, ast.Return):
        return node.value
    if isinstance(node, ast.Call):  # range
        wrong = [one for one in node.args if context.type(one) == evidence.found]
        return wrong[0] if len(wrong) == 1 else None
    parent = context.parents.get(node) if node is not None else None
    if isinstance(parent, ast.Assign | ast.AnnAssign):
        return parent.value
    if isinstance(parent, ast.AugAssign) and str(evidence.found) == "Tensor":
        return parent.value
    return None


def literal_converted(context: Context, finding: Finding) -> Draft | None:
    """A list or dict display (or a comprehension) whose elements are not what the annotation says."""
    node = context.at(finding.span, ast.List, ast.ListComp) or context.at(finding.span, ast.Dict, ast.DictComp)
    statement = context.parents.get(node) if node is not None else None
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.annotation, ast.Subscript) or node is None:
        return None
    inner = statement.annotation.slice
    names: Sequence[ast.expr] = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    wanted = [_PLAIN.get(context.code(one)) for one in names]
    elements: list[tuple[ast.expr, Type | None]]
    match node:
        case ast.List(elts=elts) if len(wanted) == 1:
            elements = [(one, wanted[0]) for one in elts]
        case ast.ListComp(elt=elt) if len(wanted) == 1:
            elements = [(elt, wanted[0])]
        case ast.Dict(values=values) if len(wanted) == 2:
            elements = [(one, wanted[1]) for one in values]
        case ast.DictComp(value=value) if len(wanted) == 2:
            elements = [(value, wanted[1])]
        case _:
            return None
    changes: list[Change] = []
    for one, want in elements:
        have = known_type(context, one)
        if want is None or have is None:
            return None
        if have == want:
            continue
        found = fitted(context, one, want, have)
        if found is None:
            return None
        changes += [replaced(context, one, found[0]), *found[1]]
    return Draft("unsafe", "Convert the elements to the annotated type", tuple(changes)) if changes else None


_PLAIN: dict[str, Type] = {"int": INT, "float": FLOAT, "bool": BOOL, "str": STR}


def integral_index(context: Context, finding: Finding) -> Draft | None:
    """A float as an index or a bound of a slice."""
    node = context.at(finding.span, ast.Subscript)
    if node is None:
        return None
    inner = node.slice
    places: list[ast.expr | None] = []
    for one in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
        places += [one.lower, one.upper, one.step] if isinstance(one, ast.Slice) else [one]
    changes = []
    for place in places:
        if place is None or known_type(context, place) != FLOAT:
            continue
        changes.append(replaced(context, place, _floored(context, place) or f"int({context.code(place)})"))
    return Draft("unsafe", "Index with an int", tuple(changes)) if changes else None
