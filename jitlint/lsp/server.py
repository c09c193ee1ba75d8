"""The protocol: what editors ask, and what they are told. The work is done in `engine`, by way of `state`."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from jitlint.config import FILE_NAMES
from jitlint.lsp import actions, diagnostics
from jitlint.lsp.engine import Checked, Page
from jitlint.lsp.hints import inlay_hints
from jitlint.lsp.hover import hover
from jitlint.lsp.positions import UTF16
from jitlint.lsp.settings import read_options
from jitlint.lsp.state import State
from jitlint.lsp.uris import to_path, to_uri
from jitlint.version import __version__
from jitlint.worker import Interrupted

log = logging.getLogger(__name__)
_PAUSE = 0.1  # seconds without a keystroke
_WATCHED = ("**/*.py", *(f"**/{name}" for name in FILE_NAMES))


class Server(LanguageServer):
    """One editor's server."""

    state: State

    def __init__(self) -> None:
        # Whole texts: the parts of a change would have to be put together with the protocol's notion of a line.
        super().__init__("jitlint", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self._published: dict[str, str] = {}
        self._answered: dict[str, str] = {}  # what was pulled last, to tell whether pulling again is worth while
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._problem = ""
        self._changed_at = 0.0

    def report_server_error(self, error: Exception, source: Any) -> None:
        """A fault of ours is for the log: an editor shows a box for it otherwise."""
        log.error("%s: %s", type(error).__name__, error)

    # --- what the editor can do ---------------------------------------------------------------------------------------

    @property
    def encoding(self) -> str:
        """The unit in which positions are counted."""
        chosen = self.server_capabilities.position_encoding
        return str(getattr(chosen, "value", chosen) or UTF16)

    @property
    def pulls(self) -> bool:
        """Whether the editor asks for diagnostics, and need not be sent any."""
        document = self.client_capabilities.text_document
        return document is not None and document.diagnostic is not None

    def capability(self, *names: str) -> Any:
        """A capability of the editor by the attributes that lead to it; None where one is missing."""
        found: Any = self.client_capabilities
        for name in names:
            found = getattr(found, name, None)
        return found

    # --- checking -----------------------------------------------------------------------------------------------------

    def changed(self, delay: float | None = None) -> None:
        """Something changed: check after `delay` milliseconds without another change. None: as the editor set it, but at
        once after a pause; if another keystroke follows, the check is interrupted."""
        self.state.changed()
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        wait = self.state.options.debounce / 1000 if delay is None else delay / 1000
        if delay is None and loop.time() - self._changed_at > max(4 * wait, _PAUSE):
            wait = 0.0
        self._changed_at = loop.time()
        self._timer = loop.call_later(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self.spawn(self._tell())

    def spawn(self, work: Any) -> None:
        """Run a coroutine beside the others."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        """Send what is new; an editor that pulls is told to, where another file than the one it asks for changed."""
        generation = self.state.generation
        if self.pulls:
            if len(self.state.texts) < 2 or not self.capability("workspace", "diagnostics", "refresh_support"):
                return
            checked = await self._checked(False)
            if checked is None or generation != self.state.generation:
                return
            now = {path: self._result(page, checked)[1] for path, page in checked.pages.items()}
            old = [path for path, answered in self._answered.items() if path in now and now[path] != answered]
            if old:
                self._answered.update({path: now[path] for path in old})
                self.workspace_diagnostic_refresh(None)
            return
        checked = await self._checked(self.state.options.workspace)
        if checked is not None and generation == self.state.generation:
            self._publish(checked)

    async def _checked(self, everything: bool) -> Checked | None:
        """The check of what is open; None where it failed, or is out of date."""
        try:
            checked = await self.state.checked(everything)
        except Interrupted:
            return None
        except Exception:
            log.exception("the check failed")
            return None
        if checked.problem != self._problem:
            self._problem = checked.problem
            if self._problem:
                self.log_message(self._problem, lsp.MessageType.Warning)
        return checked

    def _publish(self, checked: Checked) -> None:
        sent: dict[str, str] = {}
        for path, page in checked.pages.items():
            items, name = self._result(page, checked)
            if path not in self.state.texts and not items:
                continue
            sent[path] = name
            if self._published.get(path) != name or path in self.state.texts:
                self._send(path, items)
        for path in self._published.keys() - sent.keys():
            self._send(path, [])
        self._published = sent

    def _send(self, path: str, items: list[lsp.Diagnostic]) -> None:
        version = self.state.versions.get(path)
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(self.uri(path), items, version))

    def _result(self, page: Page, checked: Checked) -> tuple[list[lsp.Diagnostic], str]:
        items = diagnostics.page_diagnostics(page, checked.pages, self.encoding)
        return items, diagnostics.result_id(items)

    def uri(self, path: str) -> str:
        """The URI of a file, as the editor spells it."""
        return self.state.uris.get(path) or to_uri(path)

    def log_message(self, text: str, kind: lsp.MessageType = lsp.MessageType.Info) -> None:
        """A line for the editor's log."""
        self.window_log_message(lsp.LogMessageParams(kind, f"jitlint: {text}"))

    # --- answers ------------------------------------------------------------------------------------------------------

    async def diagnostic_report(self, params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        """The diagnostics of one file."""
        path = to_path(params.text_document.uri)
        checked = await self._checked(False)
        page = checked.pages.get(path) if checked is not None else None
        if checked is None or page is None:
            return lsp.RelatedFullDocumentDiagnosticReport([])
        items, name = self._result(page, checked)
        self._answered[path] = name
        related = None
        if self.capability("text_document", "diagnostic", "related_document_support"):
            related = {
                self.uri(one.path): lsp.FullDocumentDiagnosticReport(self._result(one, checked)[0])
                for one in checked.pages.values()
                if one.findings and one.path not in self.state.texts
            }
        if name == params.previous_result_id:
            return lsp.RelatedUnchangedDocumentDiagnosticReport(name, related_documents=related or None)
        return lsp.RelatedFullDocumentDiagnosticReport(items, related_documents=related or None, result_id=name)

    async def workspace_report(self, params: lsp.WorkspaceDiagnosticParams) -> lsp.WorkspaceDiagnosticReport:
        """The diagnostics of every file of the workspace that has some, or had the last time."""
        checked = await self._checked(True)
        if checked is None:
            return lsp.WorkspaceDiagnosticReport([])
        before = {to_path(one.uri): one.value for one in params.previous_result_ids}
        reports: list[lsp.WorkspaceDocumentDiagnosticReport] = []
        for path, page in checked.pages.items():
            items, name = self._result(page, checked)
            uri, version = self.uri(path), self.state.versions.get(path)
            if before.get(path) == name:
                reports.append(lsp.WorkspaceUnchangedDocumentDiagnosticReport(uri, name, version))
            elif items or path in before or path in self.state.texts:
                reports.append(lsp.WorkspaceFullDocumentDiagnosticReport(uri, items, version, result_id=name))
        for path in before.keys() - checked.pages.keys():
            reports.append(lsp.WorkspaceFullDocumentDiagnosticReport(self.uri(path), []))
        return lsp.WorkspaceDiagnosticReport(reports)

    async def code_actions(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        """What can be done at a place."""
        path = to_path(params.text_document.uri)
        checked = await self._checked(False)
        page = checked.pages.get(path) if checked is not None else None
        if checked is None or page is None or path not in self.state.texts:
            return []
        generation, only = self.state.generation, params.context.only
        found: list[lsp.CodeAction] = []
        findings = actions.here(page, params.range, self.encoding)
        if findings and actions.wanted(lsp.CodeActionKind.QuickFix.value, only):
            fixed, lines = await self.state.fixes(path, findings)
            if generation != self.state.generation:
                return []
            found += actions.quick_fixes(fixed, page, checked.pages, lines, self.encoding, self._edit)
        if actions.may_fix_all(page.findings) and actions.wanted(actions.FIX_ALL, only):
            if not only and self._resolves():
                found.append(actions.fix_all(None, {"path": path}))
            elif only:
                edit = await self._all_fixed(path)
                found += [actions.fix_all(edit)] if edit is not None else []
        return found

    def _resolves(self) -> bool:
        """Whether the editor asks for an action's edit once it is chosen."""
        support = self.capability("text_document", "code_action", "resolve_support", "properties")
        return bool(support) and "edit" in support

    async def resolve_action(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """The action, with its edit."""
        path = action.data.get("path") if isinstance(action.data, dict) else None
        if action.edit is None and isinstance(path, str):
            action.edit = await self._all_fixed(path) or lsp.WorkspaceEdit({})
        return action

    async def _all_fixed(self, path: str) -> lsp.WorkspaceEdit | None:
        """The edit that applies all safe fixes of an open file; None where there are none, or it changed meanwhile."""
        texts = await self.state.fixed(path)
        if texts is None or texts[0] != self.state.texts.get(path):
            return None
        return self._edit({path: actions.differences(*texts, self.encoding)})

    def _edit(self, changes: Mapping[str, list[lsp.TextEdit]]) -> lsp.WorkspaceEdit:
        """An edit of some files, with the versions that it is for where the editor understands them."""
        if not self.capability("workspace", "workspace_edit", "document_changes"):
            return lsp.WorkspaceEdit({self.uri(path): edits for path, edits in changes.items()})
        return lsp.WorkspaceEdit(
            document_changes=[
                lsp.TextDocumentEdit(
                    lsp.OptionalVersionedTextDocumentIdentifier(self.uri(path), self.state.versions.get(path)), edits
                )
                for path, edits in changes.items()
            ]
        )

    async def hover_at(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """What to show at a position."""
        path = to_path(params.text_document.uri)
        checked = await self._checked(False)
        page = checked.pages.get(path) if checked is not None else None
        if page is None:
            return None
        return hover(page, await self.state.types(path), params.position, self.encoding)

    async def hints(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        """The inlay hints of a range."""
        if not self.state.options.inlay_hints or not self.state.options.enable:
            return []
        types = await self.state.types(to_path(params.text_document.uri))
        return inlay_hints(types, params.range, self.encoding) if types is not None else []

    # --- notifications ------------------------------------------------------------------------------------------------

    def set_text(self, uri: str) -> None:
        """An open file has the text that is in the workspace now."""
        path = to_path(uri)
        if not path:
            return
        document = self.workspace.get_text_document(uri)
        self.state.texts[path] = document.source
        self.state.versions[path] = document.version
        self.state.uris[path] = uri
        self.changed()

    def close_text(self, uri: str) -> None:
        """A file is what is on disk again."""
        path = to_path(uri)
        for table in (self.state.texts, self.state.versions, self.state.uris, self._answered):
            table.pop(path, None)
        self.changed(0)

    def set_options(self, given: object) -> None:
        """The editor's settings are these now."""
        before = self.state.options
        self.state.options, wrong = read_options(given, before)
        for text in wrong:
            self.log_message(f"settings: {text}", lsp.MessageType.Warning)
        if self.state.options == before:
            return
        self.changed(0)
        if self.state.options.inlay_hints != before.inlay_hints and self.capability(
            "workspace", "inlay_hint", "refresh_support"
        ):
            self.workspace_inlay_hint_refresh(None)
        self._pull_again()

    def _pull_again(self) -> None:
        if self.pulls and self.capability("workspace", "diagnostics", "refresh_support"):
            self.workspace_diagnostic_refresh(None)

    def files_changed(self) -> None:
        """Files changed on disk: sources or the configuration."""
        self.changed(0)
        self._pull_again()

    async def fetch_options(self) -> None:
        """Ask the editor for its settings, where it lets itself be asked."""
        if not self.capability("workspace", "configuration"):
            return
        item = lsp.ConfigurationItem(section="jitlint")
        try:
            found = await self.workspace_configuration_async(lsp.ConfigurationParams([item]))
        except Exception as error:
            log.info("no settings: %s", error)
            return
        if found and found[0]:
            self.set_options(found[0])

    async def watch(self) -> None:
        """Ask the editor to say when files change."""
        if not self.capability("workspace", "did_change_watched_files", "dynamic_registration"):
            return
        watchers = [lsp.FileSystemWatcher(pattern) for pattern in _WATCHED]
        options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
        registration = lsp.Registration("jitlint-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        try:
            await self.client_register_capability_async(lsp.RegistrationParams([registration]))
        except Exception as error:
            log.info("files are not watched: %s", error)


def workspace_folders(params: lsp.InitializeParams) -> list[str]:
    """The folders that an editor has opened."""
    folders = [to_path(one.uri) for one in params.workspace_folders or ()]
    if not folders and params.root_uri:
        folders = [to_path(params.root_uri)]
    if not folders and params.root_path:
        folders = [os.path.abspath(params.root_path)]
    return [folder for folder in dict.fromkeys(folders) if folder]


def make_server() -> Server:
    """A server with everything that it can do."""
    server = Server()

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        server.state = State(workspace_folders(params))
        server.state.options, wrong = read_options(params.initialization_options)
        for text in wrong:
            server.log_message(f"settings: {text}", lsp.MessageType.Warning)

    @server.feature(lsp.INITIALIZED)
    async def initialized(_: lsp.InitializedParams) -> None:
        await server.watch()
        await server.fetch_options()
        if server.state.options.workspace:
            server.changed(0)

    @server.feature(lsp.SHUTDOWN)
    def shutdown(_: None) -> None:
        server.state.close()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: lsp.DidOpenTextDocumentParams) -> None:
        server.set_text(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: lsp.DidChangeTextDocumentParams) -> None:
        server.set_text(params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def did_save(_: lsp.DidSaveTextDocumentParams) -> None:
        server.changed(0)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: lsp.DidCloseTextDocumentParams) -> None:
        server.close_text(params.text_document.uri)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(_: lsp.DidChangeWatchedFilesParams) -> None:
        server.files_changed()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: lsp.DidChangeConfigurationParams) -> None:
        if params.settings:
            server.set_options(params.settings)
        else:
            await server.fetch_options()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        gone = {to_path(one.uri) for one in params.event.removed}
        kept = [folder for folder in server.state.engine.folders if folder not in gone]
        server.state.engine.folders = tuple(dict.fromkeys([*kept, *(to_path(one.uri) for one in params.event.added)]))
        server.files_changed()

    @server.feature(
        lsp.TEXT_DOCUMENT_DIAGNOSTIC,
        lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=True, identifier="jitlint"),
    )
    async def diagnostic(params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        return await server.diagnostic_report(params)

    @server.feature(lsp.WORKSPACE_DIAGNOSTIC)
    async def workspace_diagnostic(params: lsp.WorkspaceDiagnosticParams) -> lsp.WorkspaceDiagnosticReport:
        return await server.workspace_report(params)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions(code_action_kinds=list(actions.KINDS), resolve_provider=True),
    )
    async def code_action(params: lsp.CodeActionParams) -> Sequence[lsp.CodeAction]:
        return await server.code_actions(params)

    @server.feature(lsp.CODE_ACTION_RESOLVE)
    async def resolve_action(action: lsp.CodeAction) -> lsp.CodeAction:
        return await server.resolve_action(action)

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    async def hover_at(params: lsp.HoverParams) -> lsp.Hover | None:
        return await server.hover_at(params)

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: lsp.InlayHintParams) -> Sequence[lsp.InlayHint]:
        return await server.hints(params)

    return server
