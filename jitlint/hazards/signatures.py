"""What stands above a function's body: decorators that are dropped, types that say next to nothing."""

from __future__ import annotations

import ast

from jitlint.hazards.reporting import Hazards
from jitlint.project.definitions import FunctionDefinition
from jitlint.project.wrapping import wrappings


def bare_containers(found: Hazards, definition: FunctionDefinition) -> None:
    """``list`` and ``tuple`` without element types: erased types that a compiled caller can do next to nothing with."""
    spec = definition.node.args
    annotations = [one.annotation for one in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    for annotation in (*annotations, definition.node.returns):
        if isinstance(annotation, ast.Name) and annotation.id in ("list", "tuple"):
            if found.project.external_name(definition.scope, annotation) == f"builtins.{annotation.id}":
                found.report(
                    "JIT846",
                    definition.module,
                    annotation,
                    f"`{annotation.id}` without element types is an erased type: compiled code cannot use what it holds",
                )


def dropped_decorators(found: Hazards, definition: FunctionDefinition) -> None:
    """Decorators that keep ``__wrapped__``, of functions that compiled code calls: the compiler takes what is inside."""
    for wrapping in wrappings(found.project, definition) or ():
        found.report(
            "JIT410",
            definition.module,
            wrapping.decorator,
            f"TorchScript compiles `{definition.name}` without this decorator: what `{wrapping.name}` adds is lost",
        )
