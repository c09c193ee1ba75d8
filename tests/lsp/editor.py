"""An editor for tests: starts the real server in a process of its own, over its standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient

ROOT = Path(__file__).parents[2]
TIMEOUT = 30.0
# A torch, and a project, that tell when they are imported.
TRAP = "import os\nopen(os.environ['JITLINT_TRAP'], 'a').write(__name__ + '\\n')\n"

FULL = lsp.ClientCapabilities(
    workspace=lsp.WorkspaceClientCapabilities(
        workspace_edit=lsp.WorkspaceEditClientCapabilities(document_changes=True),
        diagnostics=lsp.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
    ),
    text_document=lsp.TextDocumentClientCapabilities(
        diagnostic=lsp.DiagnosticClientCapabilities(related_document_support=True),
        code_action=lsp.CodeActionClientCapabilities(
            resolve_support=lsp.ClientCodeActionResolveOptions(properties=["edit"])
        ),
    ),
)
"""An editor that pulls diagnostics and understands versions of documents."""


def speaking(encoding: lsp.PositionEncodingKind) -> lsp.ClientCapabilities:
    """An editor that counts positions so."""
    return lsp.ClientCapabilities(general=lsp.GeneralClientCapabilities(position_encodings=[encoding]))


def environment(folder: Path) -> dict[str, str]:
    """Variables under which whoever imports torch is found out."""
    trap = folder / ".trap"
    trap.mkdir(exist_ok=True)
    (trap / "torch.py").write_text(TRAP, encoding="utf-8")
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(trap)]),
        "JITLINT_TRAP": str(trap / "sprung"),
        "OMP_NUM_THREADS": "1",
    }


class Editor:
    """A session. Texts are whole; versions count up."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self.versions: dict[str, int] = {}
        self.published: list[lsp.PublishDiagnosticsParams] = []
        self.refreshed = 0
        self.encoding: str | None = None
        self._arrived = asyncio.Event()

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def document(self, name: str) -> lsp.TextDocumentIdentifier:
        return lsp.TextDocumentIdentifier(self.uri(name))

    def read(self, name: str) -> str:
        with open(self.folder / name, encoding="utf-8", newline="") as file:
            return file.read()

    def open(self, name: str, text: str | None = None) -> None:
        self.versions[name] = 1
        item = lsp.TextDocumentItem(self.uri(name), "python", 1, self.read(name) if text is None else text)
        self.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def change(self, name: str, text: str) -> None:
        self.versions[name] += 1
        identifier = lsp.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name))
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(lsp.DidChangeTextDocumentParams(identifier, [change]))

    def close(self, name: str) -> None:
        self.client.text_document_did_close(lsp.DidCloseTextDocumentParams(self.document(name)))

    async def pushed(self, name: str) -> list[lsp.Diagnostic]:
        """The diagnostics sent for the present version of an open file."""
        while True:
            for params in reversed(self.published):
                if params.uri == self.uri(name) and params.version == self.versions.get(name):
                    return list(params.diagnostics)
            await self.arrival()

    def shown(self) -> dict[str, list[lsp.Diagnostic]]:
        """What was sent last for each file."""
        return {one.uri: list(one.diagnostics) for one in self.published}

    async def arrival(self) -> None:
        """Wait until the server sends something more."""
        self._arrived.clear()
        await asyncio.wait_for(self._arrived.wait(), TIMEOUT)

    async def pulled(self, name: str, previous: str | None = None) -> Any:
        params = lsp.DocumentDiagnosticParams(self.document(name), previous_result_id=previous)
        return await asyncio.wait_for(self.client.text_document_diagnostic_async(params), TIMEOUT)

    async def hover(self, name: str, line: int, character: int) -> str:
        params = lsp.HoverParams(self.document(name), lsp.Position(line, character))
        found = await asyncio.wait_for(self.client.text_document_hover_async(params), TIMEOUT)
        if found is None:
            return ""
        assert isinstance(found.contents, lsp.MarkupContent)
        return found.contents.value

    async def actions(self, name: str, line: int, only: Sequence[str] | None = None) -> list[lsp.CodeAction]:
        place = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 200))
        context = lsp.CodeActionContext([], only=list(only) if only is not None else None)
        params = lsp.CodeActionParams(self.document(name), place, context)
        found = await asyncio.wait_for(self.client.text_document_code_action_async(params), TIMEOUT)
        return [one for one in found or () if isinstance(one, lsp.CodeAction)]

    async def hints(self, name: str) -> list[tuple[int, int, str]]:
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(10_000, 0))
        params = lsp.InlayHintParams(self.document(name), whole)
        found = await asyncio.wait_for(self.client.text_document_inlay_hint_async(params), TIMEOUT)
        return [(one.position.line, one.position.character, str(one.label)) for one in found or ()]

    def files_changed(self, *names: str) -> None:
        events = [lsp.FileEvent(self.uri(name), lsp.FileChangeType.Changed) for name in names]
        self.client.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams(events))


@asynccontextmanager
async def editing(
    folder: Path, capabilities: lsp.ClientCapabilities | None = None, options: Any = None
) -> AsyncIterator[Editor]:
    """A session in a folder. At its end: no box was shown, and nothing of the user's was imported."""
    variables = environment(folder)
    client = await ClientServerConfig(
        server_command=[sys.executable, "-m", "jitlint", "server"], server_env=variables
    ).start()
    editor = Editor(client, folder)

    def received(params: lsp.PublishDiagnosticsParams) -> None:
        editor.published.append(params)
        editor._arrived.set()

    def refresh(params: None) -> None:
        editor.refreshed += 1
        editor._arrived.set()

    client.protocol.fm.features.pop(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, None)
    client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(received)
    client.protocol.fm.features.pop(lsp.WORKSPACE_DIAGNOSTIC_REFRESH, None)
    client.feature(lsp.WORKSPACE_DIAGNOSTIC_REFRESH)(refresh)
    workspace = lsp.WorkspaceFolder(folder.as_uri(), folder.name)
    params = lsp.InitializeParams(
        capabilities=capabilities or lsp.ClientCapabilities(),
        root_uri=folder.as_uri(),
        workspace_folders=[workspace],
        initialization_options=options,
    )
    answer = await asyncio.wait_for(client.initialize_session(params), TIMEOUT)
    editor.encoding = answer.capabilities.position_encoding
    try:
        yield editor
    finally:
        await asyncio.wait_for(client.shutdown_session(), TIMEOUT)
        await client.stop()
    assert client.messages == [], "an editor would show a box"
    assert not Path(variables["JITLINT_TRAP"]).exists(), "something was imported"


def applied(text: str, edits: Sequence[Any]) -> str:
    """A text with an editor's edits, in UTF-16 positions (of texts without characters outside the BMP)."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    for edit in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
        start = starts[edit.range.start.line] + edit.range.start.character
        end = starts[edit.range.end.line] + edit.range.end.character
        text = text[:start] + edit.new_text + text[end:]
    return text


def edits_of(action: lsp.CodeAction, uri: str) -> list[Any]:
    """The edits that an action makes to one file."""
    assert action.edit is not None
    if action.edit.changes is not None:
        return list(action.edit.changes.get(uri, ()))
    found: list[Any] = []
    for change in action.edit.document_changes or ():
        if isinstance(change, lsp.TextDocumentEdit) and change.text_document.uri == uri:
            found.extend(change.edits)
    return found
