"""Applying fixes: edits that go together, rounds, what is never kept, and writing."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from jitlint.findings.model import Edit, Finding, Fix, Result, Unit
from jitlint.fixes.apply import edited, overlap, repair, write
from jitlint.fixes.outcomes import is_worse
from jitlint.source.problem import Span
from jitlint.source.text import decode


def edit(path: str, line: int, start: int, end: int, content: str) -> Edit:
    return Edit(path, Span(line, start, line, end), content)


def test_edits_that_overlap() -> None:
    a = edit("x", 1, 3, 6, "a")
    assert overlap(a, edit("x", 1, 5, 8, "b"))
    assert overlap(a, a)
    assert not overlap(a, edit("x", 1, 6, 8, "b"))
    assert not overlap(a, edit("x", 1, 1, 3, "b"))
    assert overlap(edit("x", 1, 3, 3, "a"), edit("x", 1, 3, 3, "b"))  # which one comes first is not known
    assert overlap(edit("x", 1, 3, 3, "a"), a)
    assert not overlap(edit("x", 1, 1, 9, "a"), edit("x", 2, 1, 9, "b"))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_edits_count_characters_and_lines_as_python_does(newline: str) -> None:
    source = decode(f"é = 1{newline}x = 'ü\x0c'{newline}y = 2{newline}".encode(), "x.py")
    text = edited(source, [edit("x", 1, 5, 6, "10"), edit("x", 3, 5, 6, "20"), edit("x", 2, 1, 2, "z")])
    assert text == f"é = 10{newline}z = 'ü\x0c'{newline}y = 20{newline}"


def test_one_edit_of_two_fixes_is_applied_once() -> None:
    source = decode(b"a\n", "x.py")
    same = edit("x", 1, 1, 1, "import b\n")
    assert edited(source, [same, same]) == "import b\na\n"


def test_what_counts_as_worse() -> None:
    from collections import Counter

    error, other, warning = (2, "JIT1"), (2, "JIT2"), (1, "JIT3")
    assert not is_worse(Counter([error]), Counter())
    assert not is_worse(Counter([error]), Counter([error]))
    assert is_worse(Counter([error]), Counter([error, error]))
    assert is_worse(Counter([error]), Counter([other]))
    assert not is_worse(Counter([error]), Counter([warning]))
    assert is_worse(Counter([warning]), Counter([other]))


class Toy:
    """A linter for words: ``bad`` is fixed to what the table says, safely; the unit of a file is the file."""

    def __init__(self, table: Mapping[str, str], unsafe: Sequence[str] = ()) -> None:
        self.table = table
        self.unsafe = unsafe
        self.runs = 0

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        self.runs += 1
        findings = []
        for path in paths:
            text = decode(texts[path], path).text
            for number, line in enumerate(text.splitlines(), 1):
                for found in re.finditer(r"\w+", line):
                    if found[0] in self.table:
                        span = Span(number, found.start() + 1, number, found.end() + 1)
                        kind = "unsafe" if found[0] in self.unsafe else "safe"
                        fix = Fix(kind, "replace", (Edit(path, span, self.table[found[0]]),))  # type: ignore[arg-type]
                        findings.append(Finding("JIT" + found[0], "", "error", "", "", path, span, fix=fix))
        return Result(findings=tuple(findings))


def fixed(
    table: Mapping[str, str], text: str, unsafe: bool = True, unsafe_words: Sequence[str] = ()
) -> tuple[str, int]:
    toy = Toy(table, unsafe_words)
    work = repair(toy, ["x.py"], {"x.py": text.encode()}, unsafe)
    return work.after.get("x.py", text.encode()).decode(), len(work.fixed)


def test_fixes_repeat_until_nothing_changes() -> None:
    # b is no more frequent than a was, so nothing got worse on the way
    assert fixed({"a": "c", "b": "c"}, "a\nb\n") == ("c\nc\n", 2)
    assert fixed({"a": "b", "b": "c"}, "a = b\n")[0] == "c = c\n"


def test_fixes_that_chase_each_other_end() -> None:
    toy = Toy({"a": "b", "b": "a"})
    repair(toy, ["x.py"], {"x.py": b"a\nb\n"}, True)
    assert toy.runs < 20


def test_unsafe_fixes_wait_to_be_asked_for() -> None:
    assert fixed({"a": "c"}, "a\n", unsafe=False, unsafe_words=["a"]) == ("a\n", 0)
    assert fixed({"a": "c"}, "a\n", unsafe=True, unsafe_words=["a"]) == ("c\n", 1)


def test_a_fix_that_breaks_the_file_is_left_out_and_the_others_are_not() -> None:
    assert fixed({"a": "(", "b": "c"}, "a\nb\n") == ("a\nc\n", 1)


def test_a_fix_that_breaks_its_file_holds_back_no_other_file() -> None:
    texts = {"x.py": b"b\na\nb\n", "y.py": b"b\n", "z.py": b"b\nd\n"}
    work = repair(Toy({"a": "(", "b": "c", "d": "e"}), list(texts), texts, True)
    assert work.after == {"x.py": b"c\na\nc\n", "y.py": b"c\n", "z.py": b"c\ne\n"}


def test_a_file_that_waits_is_not_forgotten() -> None:
    # The fix of `x.py` has to be tried twice, that of `y.py` once.
    texts = {"x.py": b"a\n", "y.py": b"f\n"}
    work = repair(Toy({"a": "b", "b": "c", "f": "g", "g": "h", "h": "i"}), list(texts), texts, True)
    assert work.after == {"x.py": b"c\n", "y.py": b"i\n"}


def test_a_fix_that_brings_another_finding_is_left_out() -> None:
    assert fixed({"a": "b", "b": "b", "x": "y"}, "a\nx\n") == ("a\ny\n", 1)


def test_what_the_encoding_cannot_write_is_left_out() -> None:
    text = "# -*- coding: latin-1 -*-\na\nb\n"
    toy = Toy({"a": "'数'", "b": "'é'"})
    work = repair(toy, ["x.py"], {"x.py": text.encode("latin-1")}, True)
    assert work.after["x.py"] == "# -*- coding: latin-1 -*-\na\n'é'\n".encode("latin-1")


def test_the_byte_order_mark_stays() -> None:
    work = repair(Toy({"a": "c"}), ["x.py"], {"x.py": b"\xef\xbb\xbfa = 1\n"}, True)
    assert work.after["x.py"] == b"\xef\xbb\xbfc = 1\n"


# --- writing ----------------------------------------------------------------------------------------------------------


def test_writing_keeps_permissions_and_links(tmp_path: Path) -> None:
    path, link = tmp_path / "a.py", tmp_path / "b.py"
    path.write_bytes(b"old\n")
    path.chmod(0o750)
    link.symlink_to(path)
    assert write(str(link), b"old\n", b"new\n") == ""
    assert path.read_bytes() == b"new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert link.is_symlink()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"newer\n")
    assert write(str(path), b"old\n", b"new\n") == "it changed while it was being checked"
    assert path.read_bytes() == b"newer\n"


def test_a_file_that_is_gone_is_reported(tmp_path: Path) -> None:
    assert "no such file" in write(str(tmp_path / "a.py"), b"", b"new\n")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everything")
def test_a_file_without_permission_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old\n")
    path.chmod(0o400)
    assert write(str(path), b"old\n", b"new\n") == "permission denied"
    assert path.read_bytes() == b"old\n"


class Adder:
    """Says `bad` of every line that is so, until the file has `enough` lines; its fix adds one."""

    def __init__(self, enough: int) -> None:
        self.enough = enough

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        findings = []
        for path in paths:
            lines = decode(texts[path], path).text.splitlines()
            for number, line in enumerate(lines, 1):
                if line == "bad" and len(lines) < self.enough:
                    fix = Fix("safe", "add a line", (Edit(path, Span(number, 1, number, 1), "pass\n"),))
                    findings.append(Finding("JIT1", "", "error", "", "", path, Span(number, 1, number, 4), fix=fix))
        return Result(findings=tuple(findings))


def test_a_fix_that_leaves_its_finding_where_it_was_is_left_out() -> None:
    work = repair(Adder(1000), ["x.py"], {"x.py": b"bad\n"}, True)
    assert (work.after, work.fixed) == ({}, [])


def test_one_insertion_may_be_all_that_several_findings_need() -> None:
    work = repair(Adder(4), ["x.py"], {"x.py": b"bad\nbad\nbad\n"}, True)
    assert work.after == {"x.py": b"pass\nbad\nbad\nbad\n"}


class Library:
    """A linter for a library and its callers: a line of the library is checked for those callers only that name it, and
    `table` tells what is bad there, and what its fix makes of it. `looks` keeps which files were looked at together."""

    def __init__(self, table: Mapping[str, str]) -> None:
        self.table = table
        self.looks: list[set[str]] = []

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        self.looks.append(set(paths))
        lines = texts["lib"].decode().splitlines()
        findings: dict[int, Finding] = {}
        units: list[tuple[str, list[int]]] = []
        for path in paths:
            calls = [int(word) for word in texts[path].split()] if path != "lib" else []
            units.append((path, [number for number in calls if lines[number - 1].split()[0] in self.table]))
            for number in units[-1][1]:
                word = lines[number - 1].split()[0]
                span = Span(number, 1, number, 1 + len(word))
                fix = Fix("safe", "replace", (Edit("lib", span, self.table[word]),)) if self.table[word] else None
                findings[number] = Finding("JIT" + word, "", "error", word, word, "lib", span, fix=fix)
        order = sorted(findings)
        return Result(
            findings=tuple(findings[number] for number in order),
            units=tuple(
                Unit(path, path, "function", path, 1, "rejected", (), tuple(order.index(one) for one in some))
                for path, some in units
            ),
        )


def shared(calls: Mapping[str, str], lib: str, table: Mapping[str, str]) -> tuple[str, list[set[str]]]:
    texts = {"lib": lib.encode(), **{path: text.encode() for path, text in calls.items()}}
    linter = Library(table)
    work = repair(linter, list(texts), texts, True)
    return work.after.get("lib", texts["lib"]).decode(), linter.looks


def test_a_few_callers_speak_for_many() -> None:
    many = {f"caller{number}": "1 2" for number in range(50)}
    after, looks = shared({**many, "other": "3"}, "bad\nbad\nbad\n", {"bad": "worse", "worse": "fine"})
    assert after == "fine\nfine\nfine\n"
    first, *rounds, last = looks
    assert len(first) == len(last) == 52  # all have the last word
    assert rounds == [{"lib", "caller0", "other"}] * 2


def test_all_callers_are_looked_at_where_they_are_few() -> None:
    _, looks = shared({f"caller{number}": "1" for number in range(5)}, "bad\n", {"bad": "fine"})
    assert [len(some) for some in looks] == [6, 6]


def test_what_only_the_other_callers_see_is_fixed_too() -> None:
    many = {f"caller{number}": "1" for number in range(50)}
    # Line 2 is not bad before line 1 is fixed, and `late` alone leads there.
    table = {"bad": "fine\nlater", "later": "fine"}
    after, _ = shared({**many, "late": "1 2"}, "bad\nfine\n", table)
    assert after == "fine\nfine\nfine\n"


def test_what_does_harm_where_no_round_looked_is_undone() -> None:
    many = {f"caller{number}": "1 3" for number in range(50)}
    table = {"bad": "fine\ngrave", "grave": ""}
    after, looks = shared({**many, "late": "1 2"}, "bad\nfine\nfine\n", table)
    assert after == "bad\nfine\nfine\n"
    assert len(looks[-1]) <= len(looks[0])


class Village(Library):
    """The same, where callers have words of their own, too, behind a ``#``: their findings are their own."""

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        calls = {path: text.partition(b"#")[0] if path != "lib" else text for path, text in texts.items()}
        result = super().__call__(paths, calls)
        findings = list(result.findings)
        for path in paths:
            line = texts[path].decode()
            at = line.find("#") + 1
            if path != "lib" and line[at:].strip() in self.table:
                word = line[at:].strip()
                span = Span(1, at + 1, 1, at + 1 + len(word))
                fix = Fix("safe", "replace", (Edit(path, span, self.table[word]),))
                findings.append(Finding("JIT" + word, "", "error", word, word, path, span, fix=fix))
        return Result(findings=tuple(findings), units=result.units)


def test_what_many_lead_to_is_settled_before_the_many_change() -> None:
    texts = {"lib": b"bad\n", **{f"caller{number}": b"1 #poor" for number in range(50)}}
    linter = Village({"bad": "worse", "worse": "still", "still": "fine", "poor": "good"})
    work = repair(linter, list(texts), texts, True)
    assert work.after.pop("lib") == b"fine\n"
    assert set(work.after.values()) == {b"1 #good"}
    assert len(work.after) == 50
    sizes = [len(some) for some in linter.looks]
    assert sizes == [51, 2, 2, 2, 51]  # of all files once before, and once after, all there is to change


def functions(words: Sequence[str]) -> str:
    return "".join(f"def f{number}():\n    {word}\n" for number, word in enumerate(words))


def test_fixes_in_other_functions_than_the_harm_are_kept_at_once() -> None:
    words = [f"w{number}" for number in range(40)]
    words[17] = "trap"
    toy = Toy({**dict.fromkeys(words, "fine"), "trap": "harm", "harm": ""})
    text = functions(words)
    work = repair(toy, ["x.py"], {"x.py": text.encode()}, True)
    assert work.after["x.py"].decode() == functions(["trap" if word == "trap" else "fine" for word in words])
    # Before, all together, again as it was, all but the suspect, the suspect, what is left.
    assert toy.runs <= 6


class Hidden(Toy):
    """Where a word of `traps` is gone, the harm shows in the first line."""

    def __init__(self, table: Mapping[str, str], traps: Sequence[str]) -> None:
        super().__init__(table)
        self.traps = traps

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        result = super().__call__(paths, texts)
        lost = [one for one in self.traps for path in paths if one not in decode(texts[path], path).text.split()]
        harm = [Finding("JITharm", "", "error", f"without {one}", "", paths[0], Span(1, 1, 1, 2)) for one in lost]
        return Result(findings=(*result.findings, *harm))


def test_harm_that_shows_elsewhere_is_found_by_halves() -> None:
    words = [f"w{number}" for number in range(64)]
    traps = ["w13", "w50"]
    toy = Hidden(dict.fromkeys(words, "fine"), traps)
    work = repair(toy, ["x.py"], {"x.py": functions(["first", *words]).encode()}, True)
    expected = functions(["first", *(word if word in traps else "fine" for word in words)])
    assert work.after["x.py"].decode() == expected
    assert len(work.fixed) == 62
    # At first, all, again as it was; for each of the two: all that is left, halves down to one, that one; and the end.
    assert toy.runs <= 3 + 2 * (1 + 6 + 1) + 2


class Neighbours(Library):
    """The same, where a file is the worse for a word of the library: its own finding, that no fix is for. `harm`: the word
    and the files."""

    def __init__(self, table: Mapping[str, str], word: str, files: Sequence[str]) -> None:
        super().__init__(table)
        self.word = word
        self.files = files

    def __call__(self, paths: Sequence[str], texts: Mapping[str, bytes]) -> Result:
        result = super().__call__(paths, texts)
        harm = [
            Finding("JITharm", "", "error", self.word, self.word, path, Span(1, 1, 1, 2))
            for path in self.files
            if path in paths and self.word in texts["lib"].decode().split()
        ]
        dependencies = {path: ("lib", path) for path in paths}
        return Result(result.units, (*result.findings, *harm), dependencies=dependencies)


@pytest.mark.parametrize("calls", ["1", ""], ids=["a file that leads there", "a file that does not"])
def test_harm_in_a_file_that_is_not_fixed_is_seen(calls: str) -> None:
    texts = {"lib": b"bad\nsad\nmad\n", "caller": b"1 2 3", "other": calls.encode()}
    linter = Neighbours({"bad": "fine", "sad": "glad", "mad": "calm"}, "glad", ["other"])
    work = repair(linter, list(texts), texts, True)
    assert work.after == {"lib": b"fine\nsad\ncalm\n"}
    assert sorted(one.code for one in work.fixed) == ["JITbad", "JITmad"]


def test_of_many_harmed_files_a_few_are_looked_at() -> None:
    many = [f"other{number}" for number in range(60)]
    texts = {"lib": b"bad\nsad\n", "caller": b"1 2", **dict.fromkeys(many, b"")}
    linter = Neighbours({"bad": "fine", "sad": "glad"}, "glad", many)
    work = repair(linter, list(texts), texts, True)
    assert work.after == {"lib": b"fine\nsad\n"}
    sizes = [len(some) for some in linter.looks]
    assert sum(size == 62 for size in sizes) <= 3
    assert all(size == 62 or size <= 2 + 12 for size in sizes)
