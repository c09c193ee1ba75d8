"""Makes a program smaller while a property of it holds: statements and parts of expressions go, one by one."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator


def shrink(text: str, holds: Callable[[list[str]], list[bool]], rounds: int = 200) -> str:
    """The smallest program found by greedy steps. `holds` answers for several candidates at once."""
    for _ in range(rounds):
        candidates = [one for one in dict.fromkeys(_smaller(text)) if len(one) < len(text)]
        candidates.sort(key=len)
        for start in range(0, len(candidates), 24):
            part = candidates[start : start + 24]
            kept = [one for one, good in zip(part, holds(part), strict=True) if good]
            if kept:
                text = kept[0]
                break
        else:
            return text
    return text


def _smaller(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    count = sum(1 for _ in ast.walk(tree))
    for number in range(count):
        for variant in range(12):
            changed = copy.deepcopy(tree)
            node = list(ast.walk(changed))[number]
            if not _change(node, variant):
                break
            try:
                smaller = ast.unparse(ast.fix_missing_locations(changed)) + "\n"
                compile(smaller, "", "exec", ast.PyCF_ONLY_AST)
            except Exception:  # a change may leave a tree that is no program
                continue
            yield smaller


def _change(node: ast.AST, variant: int) -> bool:
    """One simplification of a node in place; False where it has no such variant."""
    changes: list[Callable[[], None]] = []
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if isinstance(block, list):
            for index, statement in enumerate(block):
                if isinstance(statement, (ast.Import, ast.ImportFrom)):
                    continue
                changes.append(lambda block=block, index=index: _remove(block, index))
                inner = getattr(statement, "body", None)
                if isinstance(inner, list) and not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                    changes.append(
                        lambda block=block, index=index: block.__setitem__(slice(index, index + 1), block[index].body)
                    )
                    if getattr(statement, "orelse", None):
                        changes.append(
                            lambda block=block, index=index: block.__setitem__(
                                slice(index, index + 1), block[index].orelse
                            )
                        )
    if isinstance(node, ast.arguments):
        for index in range(len(node.args)):
            changes.append(lambda index=index: node.args.pop(index) and None)
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.expr) and field not in ("annotation", "returns", "target", "func"):
            for child in ast.iter_child_nodes(value):
                if isinstance(child, ast.expr):
                    changes.append(lambda field=field, child=child: setattr(node, field, child))
            if field == "value" and isinstance(node, (ast.Assign, ast.Return)) and not isinstance(value, ast.Constant):
                changes.append(lambda field=field: setattr(node, field, ast.Constant(1)))
        elif isinstance(value, list) and value and isinstance(value[0], ast.expr):
            for index, item in enumerate(value):
                for child in ast.iter_child_nodes(item):
                    if isinstance(child, ast.expr) and field not in ("targets", "decorator_list", "bases"):
                        changes.append(lambda value=value, index=index, child=child: value.__setitem__(index, child))
                if field in ("args", "elts") and len(value) > 1:
                    changes.append(lambda value=value, index=index: value.pop(index) and None)
    if isinstance(node, ast.Call):
        for index in range(len(node.keywords)):
            changes.append(lambda index=index: node.keywords.pop(index) and None)
    if variant >= len(changes):
        return False
    changes[variant]()
    return True


def _remove(block: list[ast.stmt], index: int) -> None:
    del block[index]
    if not block:
        block.append(ast.Pass())
