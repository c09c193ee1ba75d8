"""Sources in which an offending piece is replaced by one that compiles. Lines stay where they are; no file is touched.

What stands for a value is written with ``_jt``, which the worker makes a name for torch.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jitlint.source.problem import Span
from jitlint.verify.errors import Place
from jitlint.verify.trees import first_line, tree_of

TENSOR = "_jt.zeros([1])"
# What may stand for a value of unknown type, the likeliest first.
VALUES = (TENSOR, "1", "1.0", f"[{TENSOR}]", "[1]", f"({TENSOR}, {TENSOR})", "True", "''", "None")
_CONDITION = f"bool({TENSOR})"


@dataclass(frozen=True, slots=True)
class Alteration:
    """A file's text with one piece replaced; `first` and `last` are the lines (1-based) that the piece stood on.
    `whole`: the whole statement (or header) is gone, not only an expression in it."""

    path: str
    text: str
    first: int
    last: int
    whole: bool


def alterations(
    path: str, text: str, place: Place, values: Sequence[str] = VALUES, also: Collection[int] = ()
) -> Iterator[Alteration]:
    """Ways to get what stands at a place out of the compiler's way, the smallest change first.

    values: what may stand for a value, as source. also: further lines on which an annotation may be the one at fault.
    """
    tree = tree_of(text)
    if tree is None:
        return
    lines = text.splitlines(keepends=True)
    found = _innermost(tree, place.line, place.column or 1)
    if found is None:
        return
    function, statement = found
    if statement is None:
        yield from _signatures(path, lines, function, {place.line, *also})
        return
    for node in _expressions(lines, statement, place):
        for test in _membership(statement, node):
            yield _replaced(path, lines, test, f"({_CONDITION}{_closing(lines, test)}", False)
        for value in values:
            yield _replaced(path, lines, node, f"({value}{_closing(lines, node)}", False)
    yield from _statements(path, lines, statement, values)


def emptied(path: str, text: str, line: int) -> Iterator[Alteration]:
    """Ways to leave nothing in the function around a line of its body but a result."""
    tree = tree_of(text)
    if tree is None:
        return
    found = _innermost(tree, line, 1)
    if found is None:
        return
    function = found[0]
    first, last = first_line(function.body[0]), function.end_lineno or function.lineno
    if first <= function.lineno or line < first:
        return
    lines = text.splitlines(keepends=True)
    indent = _indent(lines[first - 1])
    for body in ("raise AssertionError('')", *(f"return {value}" for value in VALUES)):
        if body.startswith("raise") and function.returns is None:
            continue  # its type would be that of a function without a result
        yield Alteration(
            path,
            "".join([*lines[: first - 1], indent, body, "\n" * (last - first + 1), *lines[last:]]),
            first,
            last,
            True,
        )


def emptied_class(path: str, text: str, line: int) -> Alteration | None:
    """Nothing left in the methods of the class around a line but a result, of its constructor excepted."""
    tree = tree_of(text)
    if tree is None:
        return None
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    if not around:
        return None
    lines = text.splitlines(keepends=True)
    changed = list(lines)
    for method in around[-1].body:
        if not isinstance(method, ast.FunctionDef) or method.name == "__init__":
            continue
        first, last = first_line(method.body[0]), method.end_lineno or method.lineno
        if first > method.lineno:
            indent = _indent(lines[first - 1])
            body = f"return {TENSOR}" if method.returns is None else "raise AssertionError('')"
            changed[first - 1 : last] = [f"{indent}{body}\n", *["\n"] * (last - first)]
    if changed == lines:
        return None
    return Alteration(path, "".join(changed), around[-1].lineno, around[-1].end_lineno or line, True)


def alone(path: str, original: str, text: str, span: Span) -> Alteration | None:
    """Text in which a statement is nothing but one expression of it, at the columns that it has; None where that is
    no expression. What the statement holds goes, too.

    original: the text that the span (of a finding) is about; text: what to put it into, where other lines are altered.
    """
    tree = tree_of(original)
    found = _innermost(tree, span.line, span.column) if tree is not None else None
    if found is None or found[1] is None or isinstance(found[1], _DEFINITIONS):
        return None
    statement = found[1]
    old, new = original.splitlines(keepends=True), text.splitlines(keepends=True)
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    if len(old) != len(new) or span.end_line > last:
        return None
    lines = [line.rstrip("\r\n") for line in old[span.line - 1 : span.end_line]]
    lines[-1] = lines[-1][: span.end_column - 1]
    expression = "\n".join([lines[0][span.column - 1 :], *lines[1:]])
    try:
        ast.parse(f"({expression})", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    indent = old[first - 1][: statement.col_offset]
    if indent.strip():  # not the first statement of its line
        return None
    before = "(" + "\n" * (span.line - first)
    padding = span.column - 1 if span.line > first else max(span.column - 2 - len(indent), 0)
    changed = indent + before + " " * padding + expression + ")" + "\n" * (last - span.end_line + 1)
    return Alteration(path, "".join([*new[: first - 1], changed, *new[last:]]), first, last, True)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_BY_TYPE = {
    "Tensor": TENSOR,
    "int": "1",
    "float": "1.0",
    "number": "1",
    "bool": "True",
    "str": "''",
    "NoneType": "None",
}
_OF_TYPE = (
    re.compile(r"previously had type (.+?) but is now being assigned"),
    re.compile(r"[Ee]xpected a value of type '(.+?)' "),
    re.compile(r"expected a value of type (.+?),? but"),
    re.compile(r"is set to type (.+?) in the true branch"),
    re.compile(r"Return value was annotated as having type (.+?) but is actually"),
    re.compile(r"Previous return statement returned a value of type (.+?) but"),
)


def wanted(message: str) -> str | None:
    """A value, as source, of the type that an error asks for, where it names one."""
    for pattern in _OF_TYPE:
        match = pattern.search(message)
        if match is not None:
            return _value_of(match[1].strip())
    return None


def _value_of(name: str) -> str | None:
    """A value of a type as the compiler writes it."""
    if name in _BY_TYPE:
        return _BY_TYPE[name]
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]"):
        return TENSOR if name.startswith("Tensor") else None
    parts = [_value_of(part) for part in _split(rest[:-1])]
    if not parts or any(part is None for part in parts):
        return None
    match head:
        case "List":
            return f"[{parts[0]}]"
        case "Optional" | "Union":
            return parts[0]
        case "Tuple":
            return f"({', '.join(str(part) for part in parts)},)"
        case "Dict" if len(parts) == 2:
            return f"{{{parts[0]}: {parts[1]}}}"
    return None


def _split(text: str) -> list[str]:
    """What is between the commas that are in no brackets."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "," and not depth:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def _innermost(tree: ast.Module, line: int, column: int) -> tuple[ast.FunctionDef, ast.stmt | None] | None:
    """The function around a place, and the innermost statement of it there; None for the function's own header."""
    function: ast.FunctionDef | None = None
    statement: ast.stmt | None = None
    body: list[ast.stmt] = tree.body
    while True:
        around = [node for node in body if first_line(node) <= line <= (node.end_lineno or node.lineno)]
        # Of several on one line, the last that begins before the column.
        before = [node for node in around if node.lineno < line or node.col_offset < column]
        inside = before[-1] if before else next(iter(around), None)
        if inside is None:
            return (function, statement) if function is not None else None
        if isinstance(inside, ast.FunctionDef) and function is None:
            function, statement = inside, None
            body = inside.body
            if line < body[0].lineno:
                return function, None
            continue
        if isinstance(inside, ast.ClassDef) and function is None:
            body = inside.body
            continue
        statement = inside
        if isinstance(inside, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return (function, statement) if function is not None else None
        body = [
            child
            for name in ("body", "orelse", "finalbody")
            for child in getattr(inside, name, [])
            if isinstance(child, ast.stmt)
        ]
        for handler in getattr(inside, "handlers", []):
            body.extend(handler.body)


def _expressions(lines: list[str], statement: ast.stmt, place: Place) -> list[ast.expr]:
    """The expressions of a statement (of a compound one: of its header) that begin at a place, best fit first."""
    if not place.column:
        return []
    found: list[tuple[int, ast.expr]] = []
    nodes = list(_header_nodes(statement))
    calls = {node.func: node for node in nodes if isinstance(node, ast.Call)}
    owners = {node.value: node for node in nodes if isinstance(node, ast.Attribute)}
    for node in nodes:
        if not isinstance(node, ast.expr) or node.lineno != place.line:
            continue
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load) or isinstance(node, ast.Starred):
            continue
        line = lines[node.lineno - 1]
        start = len(line.encode()[: node.col_offset].decode(errors="replace")) + 1
        if start != place.column:
            continue
        width = (node.end_col_offset or 0) - node.col_offset if node.end_lineno == node.lineno else 1 << 20
        # Nothing can stand for a function, or for what a method is looked up in: the call goes as a whole.
        whole: ast.expr = node
        while whole in owners:
            whole = owners[whole]
        found.append((abs(width - place.width), calls.get(whole, node)))
    best = [node for _, node in sorted(found, key=lambda pair: pair[0])]
    return list(dict.fromkeys(best))[:2]


def _membership(statement: ast.stmt, node: ast.expr) -> list[ast.Compare]:
    """The test whether something is in a container, if the container is, or begins with, an expression: of what type
    that has to be, no value for it fits at a guess."""
    tests = (one for one in _header_nodes(statement) if isinstance(one, ast.Compare))
    return [
        test
        for test in tests
        if isinstance(test.ops[-1], (ast.In, ast.NotIn)) and any(one is node for one in ast.walk(test.comparators[-1]))
    ]


def _header_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    stack: list[ast.AST] = [
        child
        for name, field in ast.iter_fields(statement)
        if name not in ("body", "orelse", "finalbody", "handlers", "targets", "target", "annotation", "type_comment")
        for child in (field if isinstance(field, list) else [field])
        if isinstance(child, ast.AST)
    ]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def _indent(line: str) -> str:
    """The white space that a line begins with."""
    return line[: len(line) - len(line.lstrip())]


def _breaks(node: ast.expr | ast.stmt) -> str:
    return "\n" * ((node.end_lineno or node.lineno) - node.lineno)


def _closing(lines: list[str], node: ast.expr) -> str:
    """The end of what stands for an expression: its line breaks, then a bracket where it ended. At the beginning of a
    line the bracket would keep the compiler from taking the indentation off the function."""
    breaks = _breaks(node)
    if not breaks:
        return ")"
    before = lines[(node.end_lineno or node.lineno) - 1].encode()[: node.end_col_offset or 0]
    return breaks + " " * max(len(before.decode(errors="replace")) - 1, 0) + ")"


def _replaced(path: str, lines: list[str], node: ast.expr | ast.stmt, by: str, whole: bool) -> Alteration:
    """The text with a node's place taken by other text; `by` has the line breaks that the node had."""
    last = node.end_lineno or node.lineno
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode(errors="replace")
    after = lines[last - 1].encode()[node.end_col_offset or 0 :].decode(errors="replace")
    return Alteration(
        path, "".join([*lines[: node.lineno - 1], before, by, after, *lines[last:]]), node.lineno, last, whole
    )


def _statements(path: str, lines: list[str], node: ast.stmt, values: Sequence[str]) -> Iterator[Alteration]:
    """A statement replaced; of a compound one only its header, so that what it holds is still compiled."""
    match node:
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [name for target in targets for name in _names(target)]
            for value in values if names else ():
                text = "; ".join(f"{name} = {value}" for name in names)
                yield _replaced(path, lines, node, text + _breaks(node), True)
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
        case ast.Return():
            yield _replaced(path, lines, node, "raise AssertionError('')" + _breaks(node), True)
            for value in values:
                yield _replaced(path, lines, node, f"return {value}" + _breaks(node), True)
        case ast.Import() | ast.ImportFrom():
            names = [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
            yield _replaced(path, lines, node, "; ".join(f"{n} = {TENSOR}" for n in names) + _breaks(node), True)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)
        case ast.If() | ast.While():
            if isinstance(node, ast.While) and node.orelse:
                yield from _without_else(path, lines, node)
            yield _header(path, lines, node, f"{'if' if isinstance(node, ast.If) else 'while'} {_CONDITION}:")
            if isinstance(node, ast.If):
                yield from _raising(path, lines, node)
        case ast.For() | ast.AsyncFor():
            if node.orelse:
                yield from _without_else(path, lines, node)
            for value in values[:5]:
                yield _header(path, lines, node, f"for {_target(node.target)} in [{_shaped(node.target, value)}]:")
        case ast.With() | ast.AsyncWith():
            bound = [
                name for item in node.items if item.optional_vars is not None for name in _names(item.optional_vars)
            ]
            if bound:
                values = ", ".join([TENSOR] * len(bound)) + ("," if len(bound) > 1 else "")
                inner = f"({values})" if len(bound) > 1 else values
                yield _header(path, lines, node, f"for {', '.join(bound)} in [{inner}]:")
            else:
                yield _header(path, lines, node, f"if {_CONDITION}:")
        case ast.Try():
            yield from _try(path, lines, node)
        case _:
            yield _replaced(path, lines, node, "pass" + _breaks(node), True)


def _names(target: ast.expr) -> list[str]:
    match target:
        case ast.Name(id=name):
            return [name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [name for item in items for name in _names(item)]
        case ast.Starred(value=value):
            return _names(value)
    return []


def _target(target: ast.expr) -> str:
    return ast.unparse(target)


def _shaped(target: ast.expr, value: str) -> str:
    if isinstance(target, (ast.Tuple, ast.List)):
        return "(" + ", ".join(_shaped(item, value) for item in target.elts) + ",)"
    return value


def _header(
    path: str, lines: list[str], node: ast.If | ast.While | ast.For | ast.AsyncFor | ast.With | ast.AsyncWith, by: str
) -> Alteration:
    """A compound statement with another header; its body stays."""
    body = node.body[0]
    last = _colon_line(lines, node, body)
    kept = "".join(lines[last:])
    indent = _indent(lines[node.lineno - 1])
    word = lines[node.lineno - 1].lstrip()
    if word.startswith("elif") and by.startswith("if"):
        by = "el" + by
    tail = ""
    if body.lineno == last:  # on the header's line
        tail = " " + lines[last - 1].encode()[body.col_offset :].decode(errors="replace").rstrip("\r\n")
    text = "".join(lines[: node.lineno - 1]) + indent + by + tail + "\n" * (last - node.lineno + 1) + kept
    return Alteration(path, text, node.lineno, last, True)


def _colon_line(lines: list[str], node: ast.stmt, body: ast.stmt) -> int:
    """The last line of a header: the body's own where it stands there, else the one its colon is on."""
    first = first_line(body)
    if first == node.lineno:
        return first
    for number in range(first - 1, node.lineno - 1, -1):
        plain = lines[number - 1].split("#")[0].rstrip()
        if plain.endswith(":"):
            return number
    return first


def _raising(path: str, lines: list[str], node: ast.If) -> Iterator[Alteration]:
    """One arm of a condition ends in an exception, so that it has no part in the types of what follows: all of it is
    still compiled, or else nothing of it."""
    simple = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Pass, ast.Assert)
    for arm in (node.orelse, node.body):
        for statement, after in ((arm[-1], True), (arm[0], False)) if arm else ():
            if not isinstance(statement, simple) or statement.lineno == node.lineno:
                continue
            number = (statement.end_lineno or statement.lineno) if after else statement.lineno
            line = lines[number - 1].encode()
            at = (statement.end_col_offset or 0) if after else statement.col_offset
            text = "; raise AssertionError('')" if after else "raise AssertionError(''); "
            changed = (line[:at] + text.encode() + line[at:]).decode(errors="replace")
            yield Alteration(path, "".join([*lines[: number - 1], changed, *lines[number:]]), number, number, True)


def _without_else(path: str, lines: list[str], node: ast.For | ast.AsyncFor | ast.While) -> Iterator[Alteration]:
    """The ``else`` of a loop becomes a branch."""
    number = node.orelse[0].lineno - 1
    while number > node.lineno and lines[number - 1].strip().partition(":")[0] != "else":
        number -= 1
    if number > node.lineno:
        line = lines[number - 1]
        changed = _indent(line) + f"if {_CONDITION}:\n"
        yield Alteration(path, "".join([*lines[: number - 1], changed, *lines[number:]]), number, number, True)


def _try(path: str, lines: list[str], node: ast.Try) -> Iterator[Alteration]:
    """``try`` becomes a branch that is taken; the handlers go, ``finally`` becomes one more branch."""
    changed = list(lines)

    def put(number: int, text: str) -> None:
        line = lines[number - 1]
        changed[number - 1] = _indent(line) + text + "\n"

    if node.body[0].lineno == node.lineno:
        return
    put(node.lineno, f"if {_CONDITION}:")
    for handler in node.handlers:
        for number in range(handler.lineno, (handler.end_lineno or handler.lineno) + 1):
            changed[number - 1] = "\n"
    for block in (node.orelse, node.finalbody):
        if block:
            number = block[0].lineno - 1
            while number > node.lineno and lines[number - 1].strip().partition(":")[0] not in ("else", "finally"):
                number -= 1
            put(number, f"if {_CONDITION}:")
    yield Alteration(path, "".join(changed), node.lineno, node.lineno, True)


def _without_stars(path: str, lines: list[str], function: ast.FunctionDef) -> Iterator[Alteration]:
    """A function's header with one thing less that the compiler does not take, where it has several: it names them one
    after another, ``**kwargs`` first, ``*args`` next, the defaults of keyword-only parameters last."""
    given = function.args
    defaulted = any(default is not None for default in given.kw_defaults)
    changed = list(lines)
    for argument, stars, more in ((given.kwarg, "**", given.vararg or defaulted), (given.vararg, "*", defaulted)):
        if argument is None:
            continue
        if argument.end_lineno != argument.lineno or not more:
            return
        line = changed[argument.lineno - 1].encode()
        before = line[: argument.col_offset].decode(errors="replace").rstrip()
        after = line[argument.end_col_offset :].decode(errors="replace")
        if not before.endswith(stars):
            return
        left = "*" if stars == "*" else ""  # of `*args`, what makes the parameters after it keyword-only
        width = len(line.decode(errors="replace")) - len(before) + len(stars) - len(after) - len(left)
        comma = after if left else re.sub(r"^(\s*),", r"\1 ", after)
        changed[argument.lineno - 1] = before.removesuffix(stars) + left + " " * width + comma
        yield Alteration(path, "".join(changed), argument.lineno, argument.lineno, True)


def _signatures(path: str, lines: list[str], function: ast.FunctionDef, wrong: Collection[int]) -> Iterator[Alteration]:
    """A function's header without what the compiler does not take: star arguments, keyword-only ones, annotations.

    wrong: the lines whose annotations go first; all go last."""
    body = function.body[0]
    if body.lineno <= function.lineno:
        return
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    keyword_only = list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
    line = lines[function.lineno - 1]
    indent = _indent(line)
    everywhere = range(function.lineno, (function.end_lineno or function.lineno) + 1)
    yield from _without_stars(path, lines, function)
    for gone, defaulted in ((None, True), (wrong, True), (wrong, False), (everywhere, True), (everywhere, False)):
        parts = []
        for argument, default in [*zip(positional, defaults, strict=True), *keyword_only]:
            part = argument.arg
            last = argument.end_lineno or argument.lineno
            here = gone is not None and any(argument.lineno <= line <= last for line in gone)
            if argument.annotation is not None and not here:
                part += f": {ast.unparse(argument.annotation)}"
            if default is not None and defaulted:
                part += f" = {ast.unparse(default)}"
            parts.append(part)
        returns = f" -> {ast.unparse(function.returns)}" if function.returns is not None and gone is None else ""
        text = f"{indent}def {function.name}({', '.join(parts)}){returns}:"
        header_end = _colon_line(lines, function, body)
        changed = [*lines[: function.lineno - 1], text + "\n" * (header_end - function.lineno + 1), *lines[header_end:]]
        yield Alteration(path, "".join(changed), function.lineno, header_end, True)
