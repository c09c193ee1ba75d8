"""What can be done about a finding: its fix, a comment that silences it; and all safe fixes of a file at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from lsprotocol import types as lsp

from jitlint.findings import registry
from jitlint.findings.model import Edit, Finding
from jitlint.lsp.diagnostics import diagnostic
from jitlint.lsp.documents import encoded, split
from jitlint.lsp.engine import Page
from jitlint.lsp.positions import exact_range, overlaps, to_range
from jitlint.source import suppressions
from jitlint.source.problem import Span
from jitlint.source.text import SourceError, decode

FIX_ALL = "source.fixAll.jitlint"
KINDS = (lsp.CodeActionKind.QuickFix.value, FIX_ALL)

# From the edits of each file, by path.
MakeEdit = Callable[[Mapping[str, list[lsp.TextEdit]]], lsp.WorkspaceEdit]
_HOW = {"safe": "", "unsafe": " (may change what the code does)", "display": " (a suggestion: look at it)"}
_OURS = re.compile(r"#\s*jitlint:\s*ignore\[([^\]]*)\]")


def wanted(kind: str, only: Sequence[str | lsp.CodeActionKind] | None) -> bool:
    """Whether an editor that asks for some kinds wants this one; ``source`` takes in ``source.fixAll.jitlint``."""
    if not only:
        return True
    names = [one.value if isinstance(one, lsp.CodeActionKind) else one for one in only]
    return any(not name or kind == name or kind.startswith(name + ".") for name in names)


def here(page: Page, place: lsp.Range, encoding: str) -> list[Finding]:
    """The findings of a file at a place."""
    return [one for one in page.findings if overlaps(to_range(one.span, page.lines, encoding), place)]


def quick_fixes(
    findings: Sequence[Finding],
    page: Page,
    pages: Mapping[str, Page],
    lines: Mapping[str, Sequence[str]],
    encoding: str,
    make: MakeEdit,
) -> list[lsp.CodeAction]:
    """The actions for some findings: fixes first, then what silences them. lines: of the files that the fixes change."""
    actions: list[lsp.CodeAction] = []
    for finding in findings:
        fix = finding.fix
        if fix is None:
            continue
        changes: dict[str, list[lsp.TextEdit]] = {}
        for edit in dict.fromkeys(fix.edits):
            changes.setdefault(edit.path, []).append(_text_edit(edit, lines[edit.path], encoding))
        actions.append(
            lsp.CodeAction(
                title=f"{fix.description.rstrip('.')}{_HOW[fix.applicability]}",
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[diagnostic(finding, page.lines, pages, encoding)],
                is_preferred=fix.applicability == "safe" or None,
                edit=make(changes),
            )
        )
    if not page.stale:
        actions += [action for one in findings for action in _suppression(one, page, pages, encoding, make)]
    return actions


def _text_edit(edit: Edit, lines: Sequence[str], encoding: str) -> lsp.TextEdit:
    return lsp.TextEdit(exact_range(edit.span, lines, encoding), edit.content)


def _suppression(
    finding: Finding, page: Page, pages: Mapping[str, Page], encoding: str, make: MakeEdit
) -> list[lsp.CodeAction]:
    if finding.code.startswith("JIT9"):  # about the run or the comments themselves
        return []
    edit = suppression(finding, page.lines)
    if edit is None:
        return []
    return [
        lsp.CodeAction(
            title=f"Ignore {finding.code} ({finding.name}) on this line",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic(finding, page.lines, pages, encoding)],
            edit=make({page.path: [_text_edit(edit, page.lines, encoding)]}),
        )
    ]


def suppression(finding: Finding, lines: Sequence[str]) -> Edit | None:
    """The edit that silences a finding with a comment on its first line or, where no comment can stand there, its last;
    None where neither does it."""
    for line in dict.fromkeys((finding.span.line, finding.span.end_line)):
        if not 0 < line <= len(lines):
            continue
        edit = _commented(finding, line, lines[line - 1])
        changed = list(lines)
        text = lines[line - 1]
        changed[line - 1] = text[: edit.span.column - 1] + edit.content + text[edit.span.end_column - 1 :]
        if _silences(finding, changed):
            return edit
    return None


def _commented(finding: Finding, line: int, text: str) -> Edit:
    found = _OURS.search(text)
    if found:
        at = found.end(1) + 1
        return Edit(finding.path, Span(line, at, line, at), f", {finding.code}")
    end = len(text.rstrip()) + 1
    return Edit(finding.path, Span(line, end, line, len(text) + 1), f"  # jitlint: ignore[{finding.code}]")


def _silences(finding: Finding, lines: Sequence[str]) -> bool:
    try:
        comments = suppressions.scan(decode(encoded("\n".join(lines)), finding.path))
    except SourceError:
        return False
    return any(
        one.kind == "ignore"
        and one.silences(finding.code, finding.name)
        and (one.covers[0] <= finding.span.line <= one.covers[1] or one.covers[1] == finding.span.end_line)
        for one in comments
    )


def may_fix_all(findings: Sequence[Finding]) -> bool:
    """Whether some finding may have a safe fix."""
    return any(registry.rule(one.code).fix != "none" for one in findings)


def fix_all(edit: lsp.WorkspaceEdit | None, data: object = None) -> lsp.CodeAction:
    """The action that applies all safe fixes of a file. Without an edit it has yet to be resolved."""
    title = "Fix everything that jitlint can fix safely"
    return lsp.CodeAction(title=title, kind=FIX_ALL, edit=edit, data=data)


def differences(before: str, after: str, encoding: str) -> list[lsp.TextEdit]:
    """The edits, of whole lines, that make one text into another."""
    old = before.splitlines(keepends=True) if _plain(before) else [before]
    new = after.splitlines(keepends=True) if _plain(after) else [after]
    lines = split(before)
    edits = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        span = Span(start + 1, 1, end + 1, 1) if len(old) > 1 else Span(1, 1, len(lines), len(lines[-1]) + 1)
        if span.end_line > len(lines):
            span = Span(span.line, 1, len(lines), len(lines[-1]) + 1)
        edits.append(lsp.TextEdit(exact_range(span, lines, encoding), "".join(new[new_start:new_end])))
    return edits


def _plain(text: str) -> bool:
    """Whether Python's `splitlines` splits where the protocol does."""
    return not re.search("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text)
