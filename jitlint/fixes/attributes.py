"""Fixes of module attributes (4xx): declared in the class body, held in what TorchScript knows, or read where it can."""

from __future__ import annotations

import ast

from jitlint.emit.evidence import Mismatch
from jitlint.emit.resolver import PythonResolver
from jitlint.findings.model import Applicability, Finding
from jitlint.fixes.annotations import known_type, written
from jitlint.fixes.context import Change, Context, Draft
from jitlint.fixes.edits import replaced
from jitlint.fixes.imports import need, resolvable, without_statement
from jitlint.shapes import values as py
from jitlint.shapes.annotations import attribute_annotation_type
from jitlint.types.model import FLOAT, INT, TENSOR, DictType, ListType, OptionalType, Type

# --- classes ----------------------------------------------------------------------------------------------------------


def annotated_in_class(context: Context, cls: ast.ClassDef, name: str, text: str) -> Change | None:
    """``name: text`` in the class body, behind what it begins with: docstring, annotations, plain values.

    None where the file's annotations are strings (``from __future__ import annotations``): torch does not read those."""
    if context.index.future_annotations:
        return None
    after: ast.stmt | None = None
    for number, statement in enumerate(cls.body):
        docstring = number == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if isinstance(statement, ast.AnnAssign) and context.code(statement.target) == name:
            return replaced(context, statement.annotation, text)
        if docstring or isinstance(statement, ast.AnnAssign | ast.Assign):
            after = statement
            continue
        break
    first = cls.body[0]
    if after is None:
        if not context.own_line_start(first):
            return None
        at = context.line_start(context.first_line(first))
        return Change(at, at, f"{context.indentation(first)}{name}: {text}\n\n")
    at = context.line_end(after.end_lineno or after.lineno)
    blank = "\n" if isinstance(after, ast.Expr) else ""
    ending = "" if context.text[at - 1 : at] in ("\n", "\r") else "\n"
    return Change(at, at, f"{ending}{blank}{context.indentation(after)}{name}: {text}\n")


def class_annotation(context: Context, cls: ast.ClassDef, name: str) -> ast.AnnAssign | None:
    """The annotation of an attribute in a class body."""
    for statement in cls.body:
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.target.id == name
        ):
            return statement
    return None


def assignments(cls: ast.ClassDef, name: str) -> list[ast.Assign | ast.AnnAssign]:
    """The statements of a class's methods that set ``self.name``."""
    found: list[ast.Assign | ast.AnnAssign] = []
    for node in ast.walk(cls):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            if isinstance(target, ast.Attribute) and target.attr == name and is_self(target.value):
                assert isinstance(node, ast.Assign | ast.AnnAssign)
                found.append(node)
    return sorted(found, key=lambda one: one.lineno)


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def in_init(context: Context, node: ast.AST) -> bool:
    function = context.function(node)
    return function is not None and function.name == "__init__"


def set_once(context: Context, cls: ast.ClassDef, name: str) -> ast.Assign | ast.AnnAssign | None:
    """The one place that sets an attribute, if that is in the constructor and under no condition."""
    found = assignments(cls, name)
    if len(found) != 1 or not in_init(context, found[0]) or found[0].value is None:
        return None
    return found[0] if isinstance(context.parents.get(found[0]), ast.FunctionDef) else None


def self_attribute(context: Context, finding: Finding) -> tuple[ast.Attribute, ast.ClassDef] | None:
    """``self.name`` at a finding, and the class."""
    node = context.at(finding.span, ast.Attribute)
    if node is None:
        statement = context.at(finding.span, ast.AnnAssign, ast.Assign, ast.AugAssign)
        target = getattr(statement, "target", None) or next(iter(getattr(statement, "targets", [])), None)
        node = target if isinstance(target, ast.Attribute) else None
    cls = context.class_of(node) if node is not None else None
    if node is None or cls is None or not is_self(node.value):
        return None
    return node, cls


def held_value(context: Context, cls: ast.ClassDef, name: str) -> py.Value | None:
    """What an attribute of an instance holds, as far as the constructor shows it."""
    definition = context.class_definition(cls)
    if definition is None:
        return None
    return context.session.evaluator.shape(definition).attributes.get(name)


# --- annotations ------------------------------------------------------------------------------------------------------


def declared(context: Context, finding: Finding) -> Draft | None:
    """An attribute whose type the compiler cannot see in its value: an annotation in the class body."""
    found = self_attribute(context, finding)
    if found is None:
        return None
    node, cls = found
    name = node.attr
    assigned = [one for one in assignments(cls, name) if in_init(context, one)]
    if not assigned or assigned[0].value is None:
        return None
    first = assigned[0]
    value = first.value
    if isinstance(first, ast.AnnAssign):
        return _moved(context, cls, first, name)
    if class_annotation(context, cls, name) is not None:
        return None
    assert value is not None
    if isinstance(value, ast.Call) and context.name_of(value.func) == "torch.jit.annotate" and len(value.args) == 2:
        text = context.code(value.args[0])
        change = annotated_in_class(context, cls, name, text)
        if change is None:
            return None
        inner = replaced(context, value, context.code(value.args[1]))
        return Draft("safe", f"Annotate `{name}` in the class body", (change, inner))
    kind, sure = _container_type(context, cls, name, value)
    if kind is None:
        return None
    text_or_none, changes = written(context, kind)
    if text_or_none is None:
        return None
    change = annotated_in_class(context, cls, name, text_or_none)
    if change is None:
        return None
    applicability = "safe" if sure else "unsafe"
    return Draft(
        "safe" if applicability == "safe" else "unsafe",
        f"Annotate `{name}: {text_or_none}` in the class body",
        (change, *changes),
    )


def _container_type(context: Context, cls: ast.ClassDef, name: str, value: ast.expr) -> tuple[Type | None, bool]:
    """The type of an attribute that begins empty, after what the class puts into it; else Tensors (not sure)."""
    match value:
        case ast.List(elts=[]) | ast.Call(func=ast.Name(id="list"), args=[]):
            for node in ast.walk(cls):
                match node:
                    case ast.Call(func=ast.Attribute(value=ast.Attribute() as holder, attr="append"), args=[item]):
                        if holder.attr == name and is_self(holder.value):
                            if in_init(context, node):
                                return None, False
                            kind = known_type(context, item)
                            if kind is not None:
                                return ListType(kind), True
            return ListType(TENSOR), False
        case ast.Dict(keys=[]) | ast.Call(func=ast.Name(id="dict"), args=[]):
            for node in ast.walk(cls):
                match node:
                    case ast.Assign(targets=[ast.Subscript(value=ast.Attribute() as holder, slice=key)], value=item):
                        if holder.attr == name and is_self(holder.value):
                            kinds = known_type(context, key), known_type(context, item)
                            if kinds[0] is not None and kinds[1] is not None:
                                return DictType(kinds[0], kinds[1]), True
            from jitlint.types.model import STR

            return DictType(STR, TENSOR), False
    return None, False


def _moved(context: Context, cls: ast.ClassDef, statement: ast.AnnAssign, name: str) -> Draft | None:
    """The annotation on ``self.x`` in the constructor, in the class body instead."""
    if statement.value is None or class_annotation(context, cls, name) is not None:
        return None
    text = context.code(statement.annotation)
    if not resolvable(context, text) or not _is_type(context, statement.annotation):
        return None
    change = annotated_in_class(context, cls, name, text)
    if change is None:
        return None
    gone = Change(context.end(statement.target), context.end(statement.annotation), "")
    return Draft("safe", f"Annotate `{name}` in the class body", (change, gone))


def _is_type(context: Context, annotation: ast.expr) -> bool:
    """Whether an annotation is one that TorchScript has, so far as one can tell."""
    refused: list[str] = []

    def report(code: str, node: ast.AST, torch_message: str, message: str = "") -> None:
        refused.append(code)

    attribute_annotation_type(annotation, PythonResolver(context.session.compiler, context.index.scope), report)
    return not refused


def annotation_moved(context: Context, finding: Finding) -> Draft | None:
    """JIT412: the annotation stands where it is not read."""
    found = self_attribute(context, finding)
    statement = context.parents.get(found[0]) if found is not None else None
    if found is None or not isinstance(statement, ast.AnnAssign):
        return None
    return _moved(context, found[1], statement, found[0].attr)


def optional_attribute(context: Context, finding: Finding) -> Draft | None:
    """An attribute that is None at first, or becomes None: an Optional, in the class body."""
    found = self_attribute(context, finding)
    evidence = finding.evidence
    if found is None or not isinstance(evidence, Mismatch):
        return None
    node, cls = found
    if str(evidence.expected) != "NoneType":
        return None
    kind = evidence.found if isinstance(evidence.found, OptionalType) else OptionalType(evidence.found)
    for one in assignments(cls, node.attr):
        if isinstance(one, ast.AnnAssign):
            return _moved(context, cls, one, node.attr)
    if class_annotation(context, cls, node.attr) is not None:
        return None
    text, changes = written(context, kind)
    change = annotated_in_class(context, cls, node.attr, text) if text is not None else None
    if change is None:
        return None
    return Draft("safe", f"Annotate `{node.attr}: {text}` in the class body", (change, *changes))


def float_attribute(context: Context, finding: Finding) -> Draft | None:
    """An attribute that begins as an int and becomes a float."""
    found = self_attribute(context, finding)
    evidence = finding.evidence
    if found is None or not isinstance(evidence, Mismatch) or evidence.expected != INT or evidence.found != FLOAT:
        return None
    first = [one for one in assignments(found[1], found[0].attr) if in_init(context, one)]
    value = first[0].value if first else None
    if not isinstance(value, ast.Constant) or type(value.value) is not int:
        return None
    return Draft("unsafe", "Begin with a float", (replaced(context, value, f"{context.code(value)}.0"),))


def set_in_init(context: Context, finding: Finding) -> Draft | None:
    """An attribute that only a method sets: declared as an Optional, and None in the constructor."""
    found = self_attribute(context, finding)
    if found is None:
        return None
    node, cls = found
    if class_annotation(context, cls, node.attr) is not None:
        return _not_final(context, cls, node.attr)
    statement = context.statement(node)
    init = next((one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    kind = known_type(context, statement.value) if isinstance(statement, ast.Assign) else None
    if kind is None or init is None or has_method(cls, node.attr):
        return None
    text, changes = written(context, kind if isinstance(kind, OptionalType) else OptionalType(kind))
    change = annotated_in_class(context, cls, node.attr, text) if text is not None else None
    last = init.body[-1]
    if change is None or not context.own_line(last):
        return None
    at = context.line_end(last.end_lineno or last.lineno)
    line = Change(at, at, f"{context.indentation(last)}self.{node.attr} = None\n")
    return Draft("unsafe", f"Declare `{node.attr}`, and set it in __init__", (change, line, *changes))


def has_method(cls: ast.ClassDef, name: str) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name == name for one in cls.body)


def _not_final(context: Context, cls: ast.ClassDef, name: str) -> Draft | None:
    """``steps: Final[int]`` that is set after all: without Final."""
    statement = class_annotation(context, cls, name)
    annotation = statement.annotation if statement is not None else None
    if isinstance(annotation, ast.Subscript) and (context.name_of(annotation.value) or "").endswith(".Final"):
        text = context.code(annotation.slice)
        return Draft("safe", f"`{name}` is not final", (replaced(context, annotation, text),))
    return None


def plain_annotation(context: Context, finding: Finding) -> Draft | None:
    """An annotation in the class body that TorchScript cannot read: without quotes, filled from the value, or gone."""
    node = context.around(finding.span, ast.AnnAssign)
    cls = context.parents.get(node) if node is not None else None
    if node is None or not isinstance(cls, ast.ClassDef) or not isinstance(node.target, ast.Name):
        return None
    if isinstance(node.annotation, ast.Constant) and isinstance(node.annotation.value, str):
        if not resolvable(context, node.annotation.value):
            return None
        return Draft("safe", "Take the quotes away", (replaced(context, node.annotation, node.annotation.value),))
    value = held_value(context, cls, node.target.id)
    kind = _type_of_value(value)
    if finding.code == "JIT406" and kind is not None:
        text, changes = written(context, kind)
        if text is not None:
            return Draft("unsafe", f"Annotate as `{text}`", (replaced(context, node.annotation, text), *changes))
    if node.value is not None:
        return None
    gone = without_statement(context, node)
    if gone is None:
        return None
    blank = context.text[gone.end : context.line_end((node.end_lineno or node.lineno) + 1)]
    first = cls.body[0] is node and not blank.strip() and gone.end < len(context.text)
    if first and len(cls.body) > 1:
        gone = Change(gone.start, gone.end + len(blank), "")
    applicability: Applicability = "unsafe" if cls.decorator_list else "safe"
    return Draft(applicability, f"Delete the annotation of `{node.target.id}`", (gone,))


def _type_of_value(value: object) -> Type | None:
    """The type of a list of numbers or strings in the constructor."""
    from jitlint.types.model import BOOL, STR

    if isinstance(value, py.Sequence) and value.kind == "list" and value.items:
        kinds = {type(one.value) if isinstance(one, py.Constant) else None for one in value.items}
        if len(kinds) == 1:
            kind = {int: INT, float: FLOAT, str: STR, bool: BOOL}.get(kinds.pop() or object)
            return ListType(kind) if kind is not None else None
    return None


def of_value(context: Context, finding: Finding) -> Draft | None:
    """JIT415: the annotation says int, the value is a float."""
    statement = context.around(finding.span, ast.AnnAssign)
    cls = context.parents.get(statement) if statement is not None else None
    if statement is None or not isinstance(cls, ast.ClassDef) or not isinstance(statement.target, ast.Name):
        return None
    value = held_value(context, cls, statement.target.id)
    if isinstance(value, py.Constant) and type(value.value) in (int, float, bool, str):
        text = type(value.value).__name__
        return Draft("unsafe", f"Annotate as `{text}`", (replaced(context, statement.annotation, text),))
    return None


def not_constant(context: Context, finding: Finding) -> Draft | None:
    """JIT405: what cannot be a constant is none: no Final, not in ``__constants__``."""
    cls = context.starting(finding.span, ast.ClassDef) or context.around(finding.span, ast.ClassDef)
    if cls is None:
        return None
    for statement in cls.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if f"'{statement.target.id}'" in finding.message:
                found = _not_final(context, cls, statement.target.id)
                if found is not None:
                    return found
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.List | ast.Tuple):
            if any(isinstance(to, ast.Name) and to.id == "__constants__" for to in statement.targets):
                for one in statement.value.elts:
                    if isinstance(one, ast.Constant) and f"'{one.value!s}'" in finding.message:
                        return Draft("safe", "It is no constant", (_without_item(context, statement.value, one),))
    return None


def _without_item(context: Context, display: ast.List | ast.Tuple, item: ast.expr) -> Change:
    """A list without one of its items."""
    at = display.elts.index(item)
    if at + 1 < len(display.elts):
        return Change(context.start(item), context.start(display.elts[at + 1]), "")
    if at:
        return Change(context.end(display.elts[at - 1]), context.end(item), "")
    end = context.end(item)
    rest = context.text[end:]
    if rest.lstrip().startswith(","):
        end += len(rest) - len(rest.lstrip()) + 1
    return Change(context.start(item), end, "")


def constants_list(context: Context, finding: Finding) -> Draft | None:
    """JIT423, JIT840: ``__constants__`` as a list, of names that are set."""
    node = context.at(finding.span, ast.Constant)
    if node is None:
        return None
    parent = context.parents.get(node)
    if isinstance(parent, ast.List | ast.Tuple):
        if isinstance(parent, ast.Tuple) and len(parent.elts) < 3:
            return None
        return Draft("safe", f"Delete {context.code(node)}", (_without_item(context, parent, node),))
    if isinstance(parent, ast.Assign):
        return Draft("safe", "Make it a list", (replaced(context, node, f"[{context.code(node)}]"),))
    return None


# --- values -----------------------------------------------------------------------------------------------------------


def held_otherwise(context: Context, finding: Finding) -> Draft | None:
    """A value that TorchScript has no type for, held in one that it has: ModuleList, floats, a list for a range."""
    found = self_attribute(context, finding)
    if found is None:
        return None
    node, cls = found
    statement = set_once(context, cls, node.attr)
    value = statement.value if statement is not None else None
    if value is None:
        return None
    held = held_value(context, cls, node.attr)
    match held:
        case py.Sequence(kind="list" | "tuple", items=items, element=element):
            modules = items is not None and bool(items) and all(isinstance(one, py.ModuleInstance) for one in items)
            if modules or (items is None and isinstance(element, py.ModuleInstance)):
                name, changes = need(context, "torch.nn.ModuleList")
                return _wrapped(context, value, name, changes)
            if _filled_with_modules(context, cls, node.attr) and isinstance(value, ast.List) and not value.elts:
                name, changes = need(context, "torch.nn.ModuleList")
                return Draft(
                    "unsafe", "Hold the modules in a ModuleList", (replaced(context, value, f"{name}()"), *changes)
                )
        case py.Mapping(items=items) if items and isinstance(value, ast.Dict):
            plain = all(isinstance(key, py.Constant) and isinstance(key.value, str) for key, _ in items)
            if plain and all(isinstance(one, py.ModuleInstance) for _, one in items):
                name, changes = need(context, "torch.nn.ModuleDict")
                return _wrapped(context, value, name, changes)
    match value:
        case ast.List(elts=elements) if elements and all(_numeric(one) for one in elements):
            texts = [f"{context.code(one)}.0" if _numeric(one) is int else context.code(one) for one in elements]
            return Draft("unsafe", "Make them all floats", (replaced(context, value, f"[{', '.join(texts)}]"),))
        case ast.Call(func=ast.Name(id="range")):
            return Draft("unsafe", "Make a list of it", (replaced(context, value, f"list({context.code(value)})"),))
        case ast.Set(elts=elements) if elements and _only_searched(context, cls, node.attr):
            inner = ", ".join(map(context.code, elements))
            return Draft("unsafe", "Hold it in a list", (replaced(context, value, f"[{inner}]"),))
        case ast.Call(func=func, args=[_]):
            name_or_none = context.name_of(func) or ""
            if name_or_none in ("numpy.float32", "numpy.float64", "numpy.float16"):
                return Draft("unsafe", "Make it a float", (replaced(context, value, f"float({context.code(value)})"),))
            if name_or_none in ("numpy.int64", "numpy.int32", "numpy.int16", "numpy.int8"):
                return Draft("unsafe", "Make it an int", (replaced(context, value, f"int({context.code(value)})"),))
            if name_or_none in (
                "numpy.array",
                "numpy.zeros",
                "numpy.ones",
                "numpy.eye",
                "numpy.asarray",
                "numpy.arange",
            ):
                name, changes = need(context, "torch.from_numpy")
                text = f"{name}({context.code(value)})"
                return Draft("unsafe", "Make it a tensor", (replaced(context, value, text), *changes))
    return None


def _wrapped(context: Context, value: ast.expr, name: str, changes: tuple[Change, ...]) -> Draft:
    text = f"{name}({context.code(value)})"
    return Draft(
        "unsafe", f"Hold the modules in a {name.rpartition('.')[2]}", (replaced(context, value, text), *changes)
    )


def _filled_with_modules(context: Context, cls: ast.ClassDef, name: str) -> bool:
    """Whether the constructor appends to an attribute, and only modules as far as one sees."""
    found = False
    for node in ast.walk(cls):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute() as holder, attr="append"), args=[item]):
                if holder.attr == name and is_self(holder.value):
                    definition = context.scope(item)
                    value = context.session.evaluator.evaluate(item, definition, {})
                    if not in_init(context, node) or not isinstance(value, py.ModuleInstance):
                        return False
                    found = True
    return found


def _numeric(node: ast.expr) -> type | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return type(node.value)
    return None


def _only_searched(context: Context, cls: ast.ClassDef, name: str) -> bool:
    """Whether all that a class does with an attribute is asking what is in it."""
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Load):
            parent = context.parents.get(node)
            if not isinstance(parent, ast.Compare) or parent.comparators != [node]:
                return False
    return True
