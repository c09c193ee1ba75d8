"""What a star import surely does not bring, told from texts: a search through the stars of a large package, which may
lead through hundreds of files, need not parse them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jitlint.project.files import Finder, Missing
from jitlint.project.index import DYNAMIC

# Where the text of a module may bind NAME: definitions, assignments, imports, and mentions in ``__all__``.
_BINDS = rb"(?m)\b(?:class|def|as|for|with)\s+NAME\b|\bNAME\s*(?:[:=,;)#]|$)|import[^\n]*\bNAME\b|[\"']NAME[\"']"
_STAR = re.compile(rb"\bimport[\s\\]*\*")
_PLAIN_STAR = re.compile(rb"(?m)^[ \t]*from[ \t]+(\.+)([\w.]+)[ \t]+import[ \t]*\*")
_ALL = re.compile(rb"\b__all__\b")
_PLAIN_ALL = re.compile(
    rb"(?m)^__all__[ \t]*=[ \t]*[\[(]((?:\s*[\"']\w+[\"']\s*,)*\s*(?:[\"']\w+[\"'])?\s*)[\])][ \t]*(?:#.*)?$"
)
_DYNAMIC = tuple(word.encode() for word in DYNAMIC)  # of a file with one of these, an ``__all__`` is not believed


@dataclass(frozen=True, slots=True)
class _Outline:
    """What is seen of a file. exports: the names of a plain ``__all__``, and nothing else is exported; None where there is
    none, and what may be is in its text, or comes from the files that it imports stars from, `sources`."""

    exports: frozenset[bytes] | None
    text: bytes = b""
    sources: tuple[str, ...] = ()


class StarTexts:
    """The files that were searched. overlay: the texts of files of which what is on disk does not count."""

    def __init__(self, finder: Finder, overlay: Mapping[str, str]) -> None:
        self._finder = finder
        self._overlay = overlay
        self._outlines: dict[str, _Outline | None] = {}  # by path; None for what is not to be seen through

    def lacks(self, path: str, name: str) -> set[str] | None:
        """The files that show that ``from module import *`` brings no `name`, where `path` is the module's; None where
        it may bring it."""
        word = name.encode("utf-8", "surrogatepass")
        binding = re.compile(_BINDS.replace(b"NAME", re.escape(word)))
        files: set[str] = set()
        left = [path]
        while left:
            path = left.pop()
            if path in files:
                continue
            files.add(path)
            outline = self._outline(path)
            if outline is None or (outline.exports is not None and word in outline.exports):
                return None
            if word in outline.text and binding.search(outline.text):
                return None
            left.extend(outline.sources)
        return files

    def forget(self, paths: Iterable[str]) -> None:
        """Look at some files again."""
        for path in paths:
            self._outlines.pop(path, None)

    def _outline(self, path: str) -> _Outline | None:
        if path not in self._outlines:
            self._outlines[path] = self._look(path)
        return self._outlines[path]

    def _look(self, path: str) -> _Outline | None:
        shown = self._overlay.get(path)
        try:
            if shown is not None:
                text = shown.encode("utf-8", "surrogatepass")
            else:
                with open(path, "rb") as file:
                    text = file.read()
        except OSError:
            return None
        mentions = sum(not _is_comment(text, one.start()) for one in _ALL.finditer(text))
        if mentions and not any(mark in text for mark in _DYNAMIC):
            plain = _PLAIN_ALL.search(text) if mentions == 1 else None
            if plain is not None:
                return _Outline(frozenset(re.findall(rb"\w+", plain[1])))
            if b"__getattr__" in text:  # it may give what a computed ``__all__`` names
                return None
        stars = _PLAIN_STAR.findall(text)
        if len(stars) != len(_STAR.findall(text)):
            return None
        sources: list[str] = []
        for dots, module in stars:
            source = self._beside(path, len(dots), module.decode("utf-8", "replace"))
            if source is None:
                return None
            sources.append(source)
        return _Outline(None, text, tuple(sources))

    def _beside(self, path: str, dots: int, module: str) -> str | None:
        """The file of a module that is named relative to another file."""
        folder = os.path.dirname(path)
        for _ in range(dots - 1):
            folder = os.path.dirname(folder)
        found = self._finder.find_below(folder, module)
        return None if isinstance(found, Missing) else found.path or None


def _is_comment(text: bytes, at: int) -> bool:
    return b"#" in text[text.rfind(b"\n", 0, at) + 1 : at]
