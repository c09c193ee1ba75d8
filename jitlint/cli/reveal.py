"""`jitlint reveal`."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jitlint.cli.console import fail, one_of, print_lines, read_configuration, relative

if TYPE_CHECKING:
    from jitlint.analysis import Session
    from jitlint.config import Configuration
    from jitlint.reveal import RevealedFunction

_FORMATS = ("text", "json")


def reveal(
    target: Annotated[str, typer.Argument(metavar="FILE[:LINE] | MODULE:QUALNAME", show_default=False)],
    output_format: Annotated[str, typer.Option(help="One of: " + ", ".join(_FORMATS) + ".")] = "text",
    config: Annotated[
        list[str], typer.Option(help="A configuration file to use, or KEY=VALUE in TOML; may be repeated.")
    ] = [],
    isolated: Annotated[bool, typer.Option("--isolated", help="Look at no configuration file.")] = False,
    torch_version: Annotated[str | None, typer.Option(help="The torch release to check against.")] = None,
) -> None:
    """Print the inferred TorchScript types: of parameters, locals and results, and of the expressions on a line.

    Exits with 0, or with 2 where there is no such file, line or name, or the file cannot be parsed.
    """
    from jitlint.config import ConfigError
    from jitlint.reveal import NotFound, reveal_file, reveal_name
    from jitlint.source.parse import ParseError
    from jitlint.source.text import SourceError

    one_of(output_format, _FORMATS, "--output-format")
    path, line, module, qualname = _parts(target)
    shown = path or module
    try:
        configuration = read_configuration(config, isolated, {"torch-version": torch_version}, {})
        session = _session(configuration, path)
        if path:
            found = reveal_file(session, path, line)
        else:
            index = session.project.module(module)
            if index is None:
                fail(f"{module}: no such file, nor a module below the source roots")
            found = reveal_name(session, index, qualname)
    except NotFound as error:
        fail(f"{shown}: {error}")
    except ParseError as error:
        fail(f"{shown}:{error.line}: {error.message}")
    except SourceError as error:
        fail(f"{shown}: {error.message}")
    except ConfigError as error:
        fail(str(error))
    print_lines(_as_json(found) if output_format == "json" else _as_text(found))


def _parts(target: str) -> tuple[str, int, str, str]:
    """(path, line, '', '') or ('', 0, module, qualname) of what was asked for."""
    if os.path.exists(target):
        return os.path.abspath(target), 0, "", ""
    before, colon, after = target.rpartition(":")
    if colon and after.isdecimal() and int(after) > 0:
        return os.path.abspath(before), int(after), "", ""
    module, colon, qualname = target.partition(":")
    if colon and qualname and module:
        return "", 0, module, qualname
    return os.path.abspath(target), 0, "", ""


def _session(configuration: Configuration, path: str) -> Session:
    from jitlint.environment import package_root
    from jitlint.runner import task_for
    from jitlint.worker import allow_deep_code, new_session

    folder = os.path.dirname(path) if path else os.getcwd()
    tops = (package_root(path),) if path else (os.getcwd(),)
    allow_deep_code()
    session = new_session(replace(task_for(configuration.for_folder(folder), tops), fixes=True), {})
    session.compiler.sparing = False
    return session


def _as_text(found: list[RevealedFunction]) -> list[str]:
    lines: list[str] = []
    for function in found:
        if lines:
            lines.append("")
        lines.append(f"{relative(function.path)}:{function.line}: {function.qualname}")
        lines += [f"    {name}: {kind}" for name, kind in function.parameters]
        lines.append(f"    -> {function.result}")
        if function.locals:
            lines.append("  locals")
            lines += [f"    {name}: {kind}" for name, kind in function.locals]
        if function.expressions:
            places = [f"{one.span.line}:{one.span.column}" for one in function.expressions]
            texts = [_shortened(one.text) for one in function.expressions]
            width, wide = max(map(len, places)), max(map(len, texts))
            lines.append("  expressions")
            for place, text, one in zip(places, texts, function.expressions, strict=True):
                lines.append(f"    {place:<{width}}  {text:<{wide}}  {one.type}")
    return lines or ["nothing that the compiler would be given"]


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _as_json(found: list[RevealedFunction]) -> list[str]:
    import json

    return [json.dumps([_object(function) for function in found], indent=2)]


def _object(function: RevealedFunction) -> dict[str, Any]:
    return {
        "path": relative(function.path),
        "line": function.line,
        "end_line": function.end_line,
        "qualname": function.qualname,
        "parameters": [{"name": name, "type": kind} for name, kind in function.parameters],
        "locals": [{"name": name, "type": kind} for name, kind in function.locals],
        "result": function.result,
        "expressions": [
            {
                "range": {
                    "start": {"line": one.span.line, "column": one.span.column},
                    "end": {"line": one.span.end_line, "column": one.span.end_column},
                },
                "text": one.text,
                "type": one.type,
            }
            for one in function.expressions
        ],
    }
