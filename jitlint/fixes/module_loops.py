"""Fixes of loops over modules, which the compiler unrolls: only whole containers, enumerated or zipped, no jumps."""

from __future__ import annotations

import ast

from jitlint.emit.values import ModuleRef
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.attributes import set_once
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import fresh_name, inserted_above, literal_lines, replaced


def enumerated(context: Context, finding: Finding) -> Draft | None:
    """``for i in range(len(self.layers)): self.layers[i](x)`` as ``for i, layer in enumerate(self.layers): layer(x)``.
    Where the range is not seen to count all of the modules, the body stands under the condition that it did."""
    node = context.at(finding.span, ast.Subscript)
    if node is None or not isinstance(node.slice, ast.Name):
        return None
    index = node.slice.id
    loop = context.enclosing(node, ast.For)
    while loop is not None and not (isinstance(loop.target, ast.Name) and loop.target.id == index):
        outer = context.parents.get(loop)
        loop = context.enclosing(outer, ast.For) if outer is not None else None
    bounds = _bounds(loop.iter) if loop is not None else None
    if loop is None or bounds is None or _stored(loop, index) or loop.orelse:
        return None
    subscripts = [
        one
        for statement in loop.body
        for one in ast.walk(statement)
        if isinstance(one, ast.Subscript)
        and isinstance(one.slice, ast.Name)
        and one.slice.id == index
        and isinstance(one.ctx, ast.Load)
        and any(isinstance(value, ModuleRef) for value in context.values(one.value))
    ]
    containers = {context.code(one.value): one.value for one in subscripts}
    if not containers:
        return None
    # One loop behind another can use the same names, not one inside another.
    nested = sum(isinstance(one, ast.For) for one in (*ast.walk(loop), *context.ancestors(loop))) > 1
    user = None if nested else context.function(loop)
    names = {container: fresh_name(context, loop, singular(container), user) for container in containers}
    if len(set(names.values())) != len(names):
        return None
    changes = [replaced(context, one, names[context.code(one.value)]) for one in subscripts]
    if len(containers) == 1:
        only = next(iter(containers))
        head = f"{index}, {names[only]} in enumerate({only})"
    else:
        head = f"{index}, ({', '.join(names.values())}) in enumerate(zip({', '.join(containers)}))"
    head_change = Change(context.start(loop.target), context.end(loop.iter), head)
    if all(_counts_all(context, bounds, container) for container in containers.values()):
        sure = len(containers) == 1 and _is_length(bounds, context.code(node.value), context)
        return Draft("safe" if sure else "unsafe", "Loop over the modules themselves", (head_change, *changes))
    tests = _tests(context, loop, index, bounds)
    if tests is None:
        return None
    first = loop.body[0]
    at = context.line_start(context.first_line(first))
    line = f"{context.indentation(first)}if {tests}:\n"
    deeper = merged(indented(context, loop.body), at, line)
    return Draft("unsafe", "Loop over all modules, and leave some out", (head_change, *changes, *deeper))


Bounds = tuple[ast.expr | None, ast.expr]


def _bounds(node: ast.expr) -> Bounds | None:
    """Where a ``range`` begins (None: at 0) and ends."""
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[stop], keywords=[]):
            return None, stop
        case ast.Call(func=ast.Name(id="range"), args=[start, stop], keywords=[]):
            return (None if isinstance(start, ast.Constant) and start.value == 0 else start), stop
    return None


def _is_length(bounds: Bounds, container: str, context: Context) -> bool:
    """Whether a range counts what is in a container, and says so: ``range(len(self.layers))``."""
    match bounds:
        case None, ast.Call(func=ast.Name(id="len"), args=[inner]):
            return context.code(inner) == container
    return False


def _counts_all(context: Context, bounds: Bounds, container: ast.expr) -> bool:
    """Whether a range has as many numbers as a container has modules: by its own words, by a local that is the length,
    by the number itself, or since the constructor fills the container in a loop over that number."""
    if bounds[0] is not None:
        return False
    stop = bounds[1]
    if isinstance(stop, ast.Name):
        stop = _bound_to(context, stop) or stop
    if _is_length((None, stop), context.code(container), context):
        return True
    if isinstance(stop, ast.Constant):
        sizes = {
            len(value.shape.children) if value.shape.children is not None else None
            for value in context.values(container)
            if isinstance(value, ModuleRef)
        }
        return sizes == {stop.value}
    made, count = _as_made(context, container), _as_made(context, stop)
    return made is not None and count is not None and _repeated(context, made) == context.code(count)


def _bound_to(context: Context, name: ast.Name) -> ast.expr | None:
    """The value of a local that is bound once."""
    function = context.function(name)
    stores = [
        one
        for one in (ast.walk(function) if function is not None else ())
        if isinstance(one, ast.Name) and one.id == name.id and not isinstance(one.ctx, ast.Load)
    ]
    statement = context.parents.get(stores[0]) if len(stores) == 1 else None
    return statement.value if isinstance(statement, ast.Assign) and statement.targets == stores else None


def _as_made(context: Context, node: ast.expr) -> ast.expr | None:
    """What the constructor gives to ``self.x``, once and under no condition."""
    cls = context.class_of(node)
    if cls is None or not isinstance(node, ast.Attribute) or getattr(node.value, "id", "") != "self":
        return None
    statement = set_once(context, cls, node.attr)
    value = statement.value if statement is not None else None
    function = context.function(value) if value is not None else None
    if function is None or value is None:
        return None
    rebound = {one.id for one in ast.walk(function) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
    inner = {one.id for one in ast.walk(value) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    used = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    return value if not (used & rebound) - inner else None


def _repeated(context: Context, made: ast.expr) -> str:
    """``n`` for ``nn.ModuleList([... for _ in range(n)])``; '' for anything else."""
    match made:
        case ast.Call(args=[ast.ListComp(generators=[one]) | ast.GeneratorExp(generators=[one])], keywords=[]):
            bounds = _bounds(one.iter)
            if bounds is not None and bounds[0] is None and not one.ifs:
                stop = bounds[1]
                held = _as_made(context, stop)
                return context.code(held if held is not None else stop)
    return ""


def _tests(context: Context, loop: ast.For, index: str, bounds: Bounds) -> str | None:
    """The condition that a number is in the range; None where it cannot be asked in the body."""
    if literal_lines(context, loop) or not context.own_line_start(loop.body[0]):
        return None
    if any(isinstance(one, ast.Break | ast.Continue) for one in ast.walk(loop)):
        return None
    stored = {one.id for one in ast.walk(loop) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)} - {
        index
    }
    texts = []
    for bound, sign in ((bounds[0], ">="), (bounds[1], "<")):
        if bound is None:
            continue
        for one in ast.walk(bound):
            match one:
                case ast.Name(id=name) if name not in stored:
                    continue
                case ast.Constant() | ast.Attribute() | ast.BinOp() | ast.operator() | ast.expr_context():
                    continue
                case ast.Call(func=ast.Name(id="len"), args=[_]):
                    continue
            return None
        text = context.code(bound)
        texts.append(f"{index} {sign} {text}")
    return " and ".join(texts)


def _stored(loop: ast.For, name: str) -> bool:
    return any(
        isinstance(one, ast.Name) and one.id == name and not isinstance(one.ctx, ast.Load)
        for statement in loop.body
        for one in ast.walk(statement)
    )


def singular(container: str) -> str:
    """A name for one element: ``layer`` for ``self.layers``."""
    last = container.rpartition(".")[2].strip("_")
    if not last.isidentifier():
        return "module"
    if last.endswith("ies") and len(last) > 4:
        return last[:-3] + "y"
    if last.endswith("s") and not last.endswith("ss") and len(last) > 2:
        return last[:-1]
    return f"{last}_item"


def slice_of_modules(context: Context, finding: Finding) -> Draft | None:
    """``for layer in self.layers[:-1]:`` as a loop over all of them that leaves some out."""
    node = context.around(finding.span, ast.For)
    if node is None or not isinstance(node.iter, ast.Subscript) or not isinstance(node.iter.slice, ast.Slice):
        return None
    cut = node.iter.slice
    if cut.step is not None or node.orelse or not isinstance(node.target, ast.Name) or not context.own_line_start(node):
        return None
    if any(isinstance(one, ast.Break | ast.Continue) for one in ast.walk(node)) or literal_lines(context, node):
        return None
    container = context.code(node.iter.value)
    number = fresh_name(context, node, "index")
    tests = []
    for bound, sign in ((cut.lower, ">="), (cut.upper, "<")):
        if bound is None:
            continue
        text = context.code(bound)
        tests.append(f"{number} {sign} {f'len({container}) - {text[1:].strip()}' if text.startswith('-') else text}")
    if not tests:
        return None
    indent = context.indentation(node.body[0])
    start, end = context.start(node.target), context.end(node.iter)
    head = f"{number}, {node.target.id} in enumerate({container})"
    changes = [Change(start, end, head), *indented(context, node.body)]
    at = context.line_start(context.first_line(node.body[0]))
    changes[1:1] = []
    first = f"{indent}if {' and '.join(tests)}:\n"
    plain = all(one is None or _is_number(one) for one in (cut.lower, cut.upper))  # a variable could be negative
    applicability: Applicability = "safe" if plain else "unsafe"
    return Draft(applicability, "Loop over all modules, and leave some out", (*merged(changes, at, first),))


def _is_number(node: ast.expr) -> bool:
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(inner, ast.Constant)


def without_jump(context: Context, finding: Finding) -> Draft | None:
    """``continue`` and ``break`` in a loop over modules: the rest of the body under a condition."""
    node = context.at(finding.span, ast.Continue, ast.Break)
    if node is None:
        return _zipped(context, finding)
    test = context.parents.get(node)
    loop = context.parents.get(test) if test is not None else None
    if (
        not isinstance(test, ast.If)
        or test.orelse
        or len(test.body) != 1
        or not isinstance(loop, ast.For)
        or loop.orelse
    ):
        return None
    if test not in loop.body or literal_lines(context, loop):
        return None
    others = [one for one in ast.walk(loop) if isinstance(one, ast.Continue | ast.Break) and one is not node]
    at = loop.body.index(test)
    rest, before = loop.body[at + 1 :], loop.body[:at]
    if others or not rest or not context.own_line(node) or not context.own_line_start(test):
        return None
    indent = context.indentation(test)
    start = context.line_start(test.lineno)
    end = context.line_end(node.lineno)
    condition = context.code(test.test)
    deeper = indented(context, rest)
    if isinstance(node, ast.Continue):
        head = Change(
            start, end, f"{indent}if not ({condition}):\n" if " " in condition else f"{indent}if not {condition}:\n"
        )
        return Draft("safe", "Put the rest under the opposite condition", (head, *deeper))
    if before:
        return None
    flag = fresh_name(context, node, "stopped")
    above = inserted_above(context, loop, [f"{flag} = False"])
    if above is None:
        return None
    joined = condition if isinstance(test.test, ast.Compare | ast.Name | ast.Call | ast.Attribute) else f"({condition})"
    head = Change(start, end, f"{indent}{flag} = {flag} or {joined}\n{indent}if not {flag}:\n")
    return Draft("safe", "Remember that the loop has ended", (above, head, *deeper))


def _zipped(context: Context, finding: Finding) -> Draft | None:
    """``for layer, x in zip(self.layers, xs):`` as a loop over the modules with an index into the list."""
    call = context.at(finding.span, ast.Call)
    loop = context.parents.get(call) if call is not None else None
    if call is None or not isinstance(loop, ast.For) or loop.iter is not call or len(call.args) != 2:
        return None
    if not isinstance(loop.target, ast.Tuple) or len(loop.target.elts) != 2 or not context.own_line_start(loop.body[0]):
        return None
    modules = [any(isinstance(value, ModuleRef) for value in context.values(one)) for one in call.args]
    if modules not in ([True, False], [False, True]):
        return None
    first, second = (0, 1) if modules[0] else (1, 0)
    container, other = call.args[first], call.args[second]
    names = [context.code(one) for one in loop.target.elts]
    start, end = context.start(loop.target), context.end(call)
    if isinstance(other, ast.Call) and getattr(other.func, "id", "") == "range" and len(other.args) == 1:
        head = f"{names[second]}, {names[first]} in enumerate({context.code(container)})"
        return Draft("unsafe", "Enumerate the modules", (Change(start, end, head),))
    if not isinstance(other, ast.Name | ast.Attribute):
        return None
    number = fresh_name(context, loop, "index")
    head = f"{number}, {names[first]} in enumerate({context.code(container)})"
    body = loop.body[0]
    at = context.line_start(context.first_line(body))
    line = f"{context.indentation(body)}{names[second]} = {context.code(other)}[{number}]\n"
    return Draft("unsafe", "Enumerate the modules", (Change(start, end, head), Change(at, at, line)))


def indented(context: Context, body: list[ast.stmt]) -> list[Change]:
    """A block one level deeper."""
    changes = []
    for line in range(context.first_line(body[0]), (body[-1].end_lineno or body[-1].lineno) + 1):
        if context.source.lines[line - 1].strip():
            at = context.line_start(line)
            changes.append(Change(at, at, context.step(body[0])))
    return changes


def merged(changes: list[Change], at: int, text: str) -> list[Change]:
    """Changes with `text` inserted at `at` before what is inserted there already."""
    merged = []
    done = False
    for change in changes:
        if change.start == change.end == at and not done:
            merged.append(Change(at, at, text + change.content))
            done = True
        else:
            merged.append(change)
    return merged
