"""`jitlint server`."""

from __future__ import annotations

from typing import Annotated

import typer

from jitlint.cli.console import fail


def server(
    stdio: Annotated[bool, typer.Option("--stdio", help="Speak over standard input and output: always so.")] = True,
) -> None:
    """Run the language server, over standard input and output. It needs the extra `lsp`."""
    del stdio
    try:
        from jitlint.lsp.server import make_server
    except ImportError as error:
        fail(f"the language server needs pygls and lsprotocol (pip install 'jitlint[lsp]'): {error}")
    make_server().start_io()
