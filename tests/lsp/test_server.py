"""The language server, as a client sees it."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed")
sys.path.insert(0, str(Path(__file__).parent))

from editor import FULL, Editor, applied, editing, edits_of, speaking
from lsprotocol import types as lsp

import jitlint
from jitlint.findings.model import Finding

MODEL = """\
from typing import List
import torch
from torch import Tensor, nn
from helper import scale


class Head(nn.Module):
    def __init__(self, width: int = 8):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(3)])

    def forward(self, x):
        total = 0
        for i in range(len(self.layers)):
            x = self.layers[i](x)
        sizes = x.size()
        total += 0.5
        return scale(torch.ones(2)) + total
"""
HELPER = """\
from torch import Tensor


def scale(x: Tensor):
    return x * 2


def unused(n: int):
    return n.nothing()
"""
WRONG = HELPER.replace("x * 2", "x * undefined_name")
HEAD = MODEL.splitlines()


def at(text: str, lines: list[str] = HEAD) -> int:
    """The 0-based line that holds a text."""
    return next(number for number, line in enumerate(lines) if text in line)


def running(body: Callable[..., Any]) -> Callable[..., None]:
    """A test that is a coroutine."""

    @wraps(body)
    def test(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(body(*args, **kwargs), 120))

    assert inspect.iscoroutinefunction(body)
    return test


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small project; a module of it that tells when it is imported."""
    (tmp_path / "pyproject.toml").write_text("[tool.jitlint]\n", encoding="utf-8")
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    (tmp_path / "helper.py").write_text(HELPER, encoding="utf-8")
    return tmp_path


def as_tuple(one: lsp.Diagnostic) -> tuple[Any, ...]:
    return (one.code, one.range.start.line + 1, one.range.start.character + 1, one.message.partition("\n")[0])


def of(findings: tuple[Finding, ...], path: Path) -> list[tuple[Any, ...]]:
    """What `check` finds in a file, as the diagnostics of a text of ASCII look."""
    return [(f.code, f.span.line, f.span.column, f.message) for f in findings if f.path == str(path)]


@running
async def test_pushed_diagnostics_are_those_of_check(folder: Path) -> None:
    (folder / "helper.py").write_text(WRONG, encoding="utf-8")
    async with editing(folder) as editor:
        editor.open("model.py")
        shown = await editor.pushed("model.py")
        found = jitlint.check([str(folder / "model.py")]).findings
        assert [as_tuple(one) for one in shown] == of(found, folder / "model.py")
        assert [one.code for one in shown] == ["JIT223"]
        # A helper's problem shows in the helper, which is not even open, with the way that leads there.
        while editor.published[-1].uri != editor.uri("helper.py"):
            await editor.arrival()
        elsewhere = editor.published[-1]
        assert [as_tuple(one) for one in elsewhere.diagnostics] == of(found, folder / "helper.py")
        (related,) = elsewhere.diagnostics[0].related_information or ()
        assert related.location.uri == editor.uri("model.py")
        assert related.location.range.start == lsp.Position(at("scale(torch"), 8)
        assert related.message == "compiled because of this, in Head.forward"
        # Closing it takes everything back.
        editor.close("model.py")
        while any(editor.shown().values()):
            await editor.arrival()
        assert set(editor.shown()) == {editor.uri("model.py"), editor.uri("helper.py")}


@running
async def test_pulled_diagnostics(folder: Path) -> None:
    (folder / "helper.py").write_text(WRONG, encoding="utf-8")
    async with editing(folder, FULL) as editor:
        editor.open("model.py")
        report = await editor.pulled("model.py")
        found = jitlint.check([str(folder / "model.py")]).findings
        assert [as_tuple(one) for one in report.items] == of(found, folder / "model.py")
        related = report.related_documents[editor.uri("helper.py")]
        assert [as_tuple(one) for one in related.items] == of(found, folder / "helper.py")
        again = await editor.pulled("model.py", report.result_id)
        assert isinstance(again, lsp.RelatedUnchangedDocumentDiagnosticReport)
        editor.change("model.py", MODEL.replace("self.layers[i](x)", "x + i"))
        changed = await editor.pulled("model.py", report.result_id)
        assert changed.items == () or changed.items == []
        assert editor.published == []  # who pulls is not pushed to


@running
async def test_what_a_diagnostic_holds(folder: Path) -> None:
    old = "import torch\n\n@torch._jit_internal.weak_script\ndef f(x):\n    return x  # jitlint: ignore[JIT302]\n"
    (folder / "old.py").write_text(old, encoding="utf-8")
    async with editing(folder) as editor:
        editor.open("model.py")
        (index,) = await editor.pushed("model.py")
        assert index.source == "jitlint"
        assert index.severity == lsp.DiagnosticSeverity.Error
        assert index.code_description is not None
        assert index.code_description.href.endswith("/rules/JIT223-module-container-index.md")
        assert "\ntorch says: Expected integer literal for index" in index.message
        assert index.range == lsp.Range(lsp.Position(14, 16), lsp.Position(14, 30))
        editor.open("old.py")
        tags = {one.code: list(one.tags or ()) for one in await editor.pushed("old.py")}
        assert tags["JIT701"] == [lsp.DiagnosticTag.Deprecated]


@running
async def test_quick_fix_fix_all_and_suppression(folder: Path) -> None:
    async with editing(folder, FULL) as editor:
        editor.open("model.py")
        actions = await editor.actions("model.py", 14)
        titles = [one.title for one in actions]
        assert titles == [
            "Loop over the modules themselves",
            "Ignore JIT223 (module-container-index) on this line",
            "Fix everything that jitlint can fix safely",
        ]
        fix, ignore, everything = actions
        assert fix.is_preferred
        assert [one.code for one in fix.diagnostics or ()] == ["JIT223"]
        fixed = applied(MODEL, edits_of(fix, editor.uri("model.py")))
        assert "        for i, layer in enumerate(self.layers):\n            x = layer(x)\n" in fixed
        assert everything.kind == "source.fixAll.jitlint"
        assert everything.edit is None  # it takes a moment: made when it is chosen
        everything = await editor.client.code_action_resolve_async(everything)
        assert applied(MODEL, edits_of(everything, editor.uri("model.py"))) == fixed
        assert fix.edit is not None
        (change,) = fix.edit.document_changes or ()
        assert isinstance(change, lsp.TextDocumentEdit)
        assert change.text_document.version == 1
        silenced = applied(MODEL, edits_of(ignore, editor.uri("model.py")))
        assert "            x = self.layers[i](x)  # jitlint: ignore[JIT223]\n" in silenced
        for text in (fixed, silenced):
            editor.change("model.py", text)
            assert list((await editor.pulled("model.py")).items) == []
        assert await editor.actions("model.py", 14) == []


@running
async def test_only_the_kinds_that_are_asked_for(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        for only, kinds in [
            (["source.fixAll"], ["source.fixAll.jitlint"]),
            (["source.fixAll.jitlint"], ["source.fixAll.jitlint"]),
            (["source"], ["source.fixAll.jitlint"]),
            (["source.fixAll.other"], []),
            (["refactor"], []),
            (["quickfix"], ["quickfix", "quickfix"]),
        ]:
            found = await editor.actions("model.py", 14, only)
            assert [one.kind for one in found] == kinds, only


@running
async def test_hover(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        on_squiggle = await editor.hover("model.py", 14, 20)
        assert "[JIT223](file://" in on_squiggle
        assert "module-container-index" in on_squiggle
        assert await editor.hover("model.py", at("sizes ="), 9) == "```python\nsizes: List[int]\n```"
        assert await editor.hover("model.py", at("sizes ="), 24) == "```python\nx.size(): List[int]\n```"
        assert await editor.hover("model.py", at("def forward"), 22) == "```python\nx: Tensor\n```"
        assert (
            await editor.hover("model.py", at("def forward"), 10) == "```python\ndef forward(x: Tensor) -> Tensor\n```"
        )
        # The character under the pointer counts: the parenthesis behind a name belongs to the call.
        start = HEAD[at("total = 0")].index("total")
        assert await editor.hover("model.py", at("total = 0"), start) == "```python\ntotal: int\n```"
        call = HEAD[at("return scale")].index("scale(torch")
        assert "scale(torch.ones(2)): Tensor" in await editor.hover("model.py", at("return scale"), call + 5)
        assert "scale: function" in await editor.hover("model.py", at("return scale"), call + 4)
        assert await editor.hover("model.py", at("class Head"), 8) == ""
        assert await editor.hover("model.py", 5, 0) == ""
        assert await editor.hover("helper.py", 4, 11) == ""  # not open


CONDITIONS = """\
from typing import Optional
import torch
from torch import Tensor

@torch.jit.script
def f(x: Tensor, m: Optional[Tensor], k: int):
    ok = m is not None and not k > 2
    if m is not None:
        x = x * m
    return x, ok, (k)
"""


@running
async def test_hover_on_conditions_and_in_every_column(folder: Path) -> None:
    (folder / "model.py").write_text(CONDITIONS, encoding="utf-8")
    lines = CONDITIONS.splitlines()
    async with editing(folder) as editor:
        editor.open("model.py")

        async def shown(line: str, text: str) -> str:
            number = at(line, lines)
            return (await editor.hover("model.py", number, lines[number].index(text))).split("\n")[1]

        assert await shown("ok =", " is ") == "m is not None: bool"
        assert await shown("ok =", "and") == "m is not None and (not k > 2): bool"
        assert await shown("ok =", "not k") == "not k > 2: bool"
        assert await shown("ok =", "> 2") == "k > 2: bool"
        assert await shown("x * m", "m") == "m: Tensor"  # refined
        assert await shown("if m", "m") == "m: Optional[Tensor]"
        body = lines[at("return x", lines)]
        for column in range(body.index("x"), len(body)):
            assert await editor.hover("model.py", at("return x", lines), column), column


@running
async def test_inlay_hints_are_off_by_default(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        assert await editor.hints("model.py") == []
        settings = {"jitlint": {"inlayHints": True}}
        editor.client.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))
        assert await editor.hints("model.py") == [
            (at("def forward"), 23, ": Tensor"),
            (at("total = 0"), 13, ": int"),
            (at("for i in"), 13, ": int"),
            (at("sizes ="), 13, ": List[int]"),
        ]


@running
async def test_workspace_diagnostics(folder: Path) -> None:
    (folder / "other.py").write_text(
        "import torch\n\n@torch.jit.script\ndef f(x):\n    return nowhere\n", encoding="utf-8"
    )
    async with editing(folder, FULL) as editor:
        editor.open("model.py", MODEL.replace("self.layers[i](x)", "x + i"))
        ask = lsp.WorkspaceDiagnosticParams([])
        report = await editor.client.workspace_diagnostic_async(ask)
        shown = {one.uri: one for one in report.items}
        found = jitlint.check([str(folder)]).findings
        assert [as_tuple(d) for d in shown[editor.uri("other.py")].items] == of(found, folder / "other.py")  # type: ignore[union-attr]
        assert len(of(found, folder / "other.py")) == 1
        assert list(shown[editor.uri("model.py")].items) == []  # type: ignore[union-attr]  # as it is in the editor
        known = [lsp.PreviousResultId(one.uri, one.result_id or "") for one in report.items]
        again = await editor.client.workspace_diagnostic_async(lsp.WorkspaceDiagnosticParams(known))
        assert {one.kind for one in again.items} == {"unchanged"}
        (folder / "other.py").write_text("", encoding="utf-8")
        last = await editor.client.workspace_diagnostic_async(lsp.WorkspaceDiagnosticParams(known))
        assert [list(getattr(one, "items", "x")) for one in last.items if one.uri == editor.uri("other.py")] == [[]]


@running
async def test_all_files_can_be_pushed_too(folder: Path) -> None:
    (folder / "other.py").write_text("import torch\n\n@torch.jit.script\ndef f(x):\n    return nowhere\n")
    async with editing(folder, options={"diagnosticMode": "workspace"}) as editor:
        while {one.uri for one in editor.published} != {editor.uri("other.py"), editor.uri("model.py")}:
            await editor.arrival()


@running
async def test_the_configuration_is_read_again(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        assert [one.code for one in await editor.pushed("model.py")] == ["JIT223"]
        for text, codes in [
            ('[tool.jitlint]\nignore = ["JIT223"]\n', []),
            ("[tool.jitlint]\nnonsense = 1\n", []),  # what held before, and a line in the log
            ("[tool.jitlint]\n", ["JIT223"]),
            ('[tool.jitlint]\nexclude = ["model.py"]\n', []),
        ]:
            editor.published.clear()
            (folder / "pyproject.toml").write_text(text, encoding="utf-8")
            editor.files_changed("pyproject.toml")
            assert [one.code for one in await editor.pushed("model.py")] == codes, text
        assert any("unknown key 'nonsense'" in one.message for one in editor.client.log_messages)


MULTIBYTE = """\
import torch

@torch.jit.script
def f(x):
    y = "äé😀"; return missing_name
"""


@pytest.mark.parametrize(
    ("encoding", "start"),
    [
        (lsp.PositionEncodingKind.Utf8, 27),
        (lsp.PositionEncodingKind.Utf16, 23),
        (lsp.PositionEncodingKind.Utf32, 22),
    ],
)
@running
async def test_positions(folder: Path, encoding: lsp.PositionEncodingKind, start: int) -> None:
    (folder / "model.py").write_text(MULTIBYTE, encoding="utf-8")
    line = MULTIBYTE.splitlines()[4]
    prefix = line[: line.index("missing_name")]
    units = {"utf-8": len(prefix.encode()), "utf-16": len(prefix.encode("utf-16-le")) // 2, "utf-32": len(prefix)}
    assert units[encoding.value] == start
    async with editing(folder, speaking(encoding)) as editor:
        assert editor.encoding == encoding
        editor.open("model.py")
        (one,) = await editor.pushed("model.py")
        assert one.range.start == lsp.Position(4, start)
        assert one.range.end == lsp.Position(4, start + len("missing_name"))
        assert "JIT301" in await editor.hover("model.py", 4, start + 1)
        assert "y: str" in await editor.hover("model.py", 4, 4)
        if encoding == lsp.PositionEncodingKind.Utf16:
            (ignore,) = await editor.actions("model.py", 4)
            text = applied(MULTIBYTE.replace("😀", "xx"), edits_of(ignore, editor.uri("model.py")))
            assert text.splitlines()[4].endswith("return missing_name  # jitlint: ignore[JIT301]")


@running
async def test_unsaved_buffers_are_seen_by_other_files(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        assert len(await editor.pushed("model.py")) == 1
        editor.open("helper.py", HELPER.replace("def scale(x: Tensor)", "def scale(x: Tensor, y: int)"))
        while len(await editor.pushed("model.py")) != 2:
            await editor.arrival()
        new = (await editor.pushed("model.py"))[1]
        assert (new.code, new.range.start.line) == ("JIT304", at("scale(torch")), new
        editor.close("helper.py")  # what is on disk holds again
        while len(await editor.pushed("model.py")) != 1:
            await editor.arrival()


@running
async def test_other_files_are_pulled_again_when_a_buffer_changes(folder: Path) -> None:
    async with editing(folder, FULL) as editor:
        editor.open("model.py")
        editor.open("helper.py")
        before = await editor.pulled("model.py")
        editor.change("helper.py", HELPER.replace("def scale(x: Tensor)", "def scale(x: Tensor, y: int)"))
        while not editor.refreshed:
            await editor.arrival()
        after = await editor.pulled("model.py", before.result_id)
        assert len(after.items) == len(before.items) + 1


@running
async def test_a_file_that_does_not_parse_keeps_its_findings(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py")
        (before,) = await editor.pushed("model.py")
        # Between the first and the last change nothing is known to be where it was.
        editor.change("model.py", "import os\nx = (\n" + MODEL.replace("sizes = x.size()", "sizes = x."))
        assert [one.code for one in await editor.pushed("model.py")] == ["JIT901"]
        editor.change("model.py", MODEL + "\n\ndef broken(:\n")
        kept, syntax = await editor.pushed("model.py")
        assert (kept.code, syntax.code) == ("JIT223", "JIT901")
        assert kept.range == before.range
        editor.change("model.py", "def broken(:\n\n" + MODEL)
        syntax, kept = await editor.pushed("model.py")
        assert kept.range.start.line == before.range.start.line + 2
        assert await editor.hover("model.py", at("sizes =") + 2, 9) == "```python\nsizes: List[int]\n```"
        assert await editor.actions("model.py", kept.range.start.line) == []  # they would be for another text
        editor.change("model.py", MODEL)
        assert [one.range for one in await editor.pushed("model.py")] == [before.range]


@running
async def test_a_file_that_never_parsed(folder: Path) -> None:
    async with editing(folder) as editor:
        editor.open("model.py", "def broken(:\n")
        assert [one.code for one in await editor.pushed("model.py")] == ["JIT901"]
        assert "JIT901" in await editor.hover("model.py", 0, 11)
        editor.change("model.py", "x = 1\0\n")
        assert [one.code for one in await editor.pushed("model.py")] == ["JIT902"]
        editor.change("model.py", "")
        assert await editor.pushed("model.py") == []


@running
async def test_keystrokes_are_gathered(folder: Path) -> None:
    async with editing(folder, options={"debounce": 200}) as editor:
        editor.open("model.py")
        await editor.pushed("model.py")
        editor.published.clear()
        for number in range(30):
            editor.change("model.py", MODEL + f"# {number}\n")
        await editor.pushed("model.py")
        assert len(editor.published) == 1


@running
async def test_requests_can_be_cancelled(folder: Path) -> None:
    async with editing(folder) as editor:
        big = MODEL + "".join(f"\n\ndef f{n}(x):\n    return x + {n}\n" for n in range(4000))  # seconds of work
        editor.open("model.py", big)
        params = lsp.DocumentDiagnosticParams(editor.document("model.py"))
        asked = [asyncio.ensure_future(editor.client.text_document_diagnostic_async(params)) for _ in range(3)]
        await asyncio.sleep(0)
        numbers = list(editor.client.protocol._request_futures)
        for number in numbers[:2]:
            editor.client.protocol.notify(lsp.CANCEL_REQUEST, lsp.CancelParams(number))
        done = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 30)
        assert [type(one).__name__ for one in done[:2]] == ["JsonRpcRequestCancelled"] * 2
        assert isinstance(done[2], lsp.RelatedFullDocumentDiagnosticReport)
        assert [one.code for one in done[2].items] == ["JIT223"]


@running
async def test_what_is_no_python_file_on_disk(folder: Path) -> None:
    async with editing(folder) as editor:
        item = lsp.TextDocumentItem("untitled:Untitled-1", "python", 1, MODEL)
        editor.client.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        params = lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier("untitled:Untitled-1"))
        report = await editor.client.text_document_diagnostic_async(params)
        assert list(getattr(report, "items", ())) == []
        editor.open("new file ü.py", "import torch\n\n@torch.jit.script\ndef f(x):\n    return nowhere\n")
        assert len(await editor.pushed("new file ü.py")) == 1


@running
async def test_wrong_settings_are_told_in_the_log(folder: Path) -> None:
    async with editing(folder, options={"settings": {"inlayHints": 3, "typo": 1, "debounce": "x"}}) as editor:
        editor.open("model.py")
        assert len(await editor.pushed("model.py")) == 1
        said = " ".join(one.message for one in editor.client.log_messages)
        assert "typo: there is no such setting" in said
        assert "debounce: 'x'" in said


def test_the_editor_of_these_tests() -> None:
    edit = lsp.TextEdit(lsp.Range(lsp.Position(1, 1), lsp.Position(1, 2)), "XX")
    assert applied("ab\ncd\n", [edit]) == "ab\ncXX\n"
    assert Editor
