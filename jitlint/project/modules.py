"""The modules of a project: from a name in an ``import`` to the file, read and indexed, with what every answer rests on."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from jitlint.project.definitions import ModuleIndex, Scope
from jitlint.project.files import Finder, Found, Missing, is_standard_library, module_name_for
from jitlint.project.index import build_index
from jitlint.project.stars import StarTexts
from jitlint.project.targets import ExternalName, Unresolved
from jitlint.source.parse import ParseError, parse
from jitlint.source.text import SourceError, SourceFile, decode, read_source


class Modules:
    """The files of a run, loaded when a name leads to them.

    roots: folders that absolute imports start from. environment: the same for installed packages, looked at after
    them. overlay: texts by path that replace what is on disk. python: the version that the code is for. call_names: last
    names of further functions whose calls the index collects. Packages named in `hidden` are never read from source,
    wherever they are found.
    """

    def __init__(
        self,
        roots: Sequence[str],
        environment: Sequence[str],
        overlay: Mapping[str, str] | None,
        call_names: Sequence[str],
        python: tuple[int, int] | None,
        hidden: Sequence[str],
    ) -> None:
        self.overlay = {os.path.abspath(path): text for path, text in (overlay or {}).items()}
        self.finder = Finder(roots, environment, self.overlay, hidden)
        self.call_names = tuple(call_names)
        self.python = python
        self.dependencies: set[str] = set()
        self._indexes: dict[str, ModuleIndex | SourceError | ParseError] = {}
        self._stubs: dict[str, frozenset[str]] = {}  # by path: the classes that are plain
        self._retired: list[object] = []  # the indexes of files that were replaced
        self._namespaces: dict[tuple[str, ...], ModuleIndex] = {}
        self._star_texts = StarTexts(self.finder, self.overlay)

    def start_recording(self) -> None:
        """Forget which files were read: from now on, `dependencies` collects what the answers rest on, cached ones
        included: paths of files, and those where a module would be that was asked for and is not to be found."""
        self.dependencies = set()

    @contextmanager
    def collecting(self) -> Iterator[set[str]]:
        """The files that are read inside, which count for what is going on outside, too."""
        outer = self.dependencies
        collected: set[str] = set()
        self.dependencies = collected
        try:
            yield collected
        finally:
            self.dependencies = outer
            outer |= collected

    def index_file(self, path: str) -> ModuleIndex:
        """The index of a file. Raises SourceError or ParseError."""
        path = os.path.abspath(path)
        index = self._indexes.get(path)
        if index is None:
            name, is_package = module_name_for(path, (*self.finder.roots, *self.finder.environment))
            index = self._load(path, name, is_package)
        self.dependencies.add(path)
        if not isinstance(index, ModuleIndex):
            raise index
        return index

    def adopt(self, source: SourceFile, tree: ast.Module) -> ModuleIndex:
        """The index of a file that the caller has read and parsed already."""
        path = os.path.abspath(source.path)
        name, is_package = module_name_for(path, (*self.finder.roots, *self.finder.environment))
        index = build_index(name, is_package, source, tree, self.call_names, self.python)
        index.path = path
        self._indexes[path] = index
        self.dependencies.add(path)
        return index

    def indexes(self) -> dict[str, ModuleIndex]:
        """The files read so far, by path."""
        return {path: one for path, one in self._indexes.items() if isinstance(one, ModuleIndex)}

    def share(self, indexes: Mapping[str, ModuleIndex]) -> None:
        """Take over files that another project of the same settings has read; their texts must be the same."""
        self._indexes.update(indexes)

    def update(self, path: str, text: str | None) -> None:
        """Replace a file's text; None: what is on disk holds again."""
        path = os.path.abspath(path)
        if text is None:
            self.overlay.pop(path, None)
        else:
            self.overlay[path] = text
            self.finder.add_overlay(path)
        self._indexes.pop(path, None)
        self._stubs.pop(path, None)
        self.finder.forget()
        self._star_texts = StarTexts(self.finder, self.overlay)

    def revise(self, texts: Mapping[str, str | None]) -> None:
        """The same for files that exist, all of which stay where they are; what they defined before lives on."""
        changed = {os.path.abspath(path): text for path, text in texts.items()}
        for path, text in changed.items():
            if text is None:
                self.overlay.pop(path, None)
            else:
                self.overlay[path] = text
                self.finder.add_overlay(path)
            self._retired.append(self._indexes.pop(path, None))
            self._stubs.pop(path, None)
        self._star_texts.forget(changed)

    def retired_lines(self) -> int:
        """How many lines the files had that were replaced, and are still held."""
        return sum(len(one.lines) for one in self._retired if isinstance(one, ModuleIndex))

    def module(self, name: str, importer: ModuleIndex | None = None) -> ModuleIndex | None:
        """The module of a dotted name; None where it is external, missing, or cannot be read or parsed.

        importer: the file that asks; its own top-most folder is searched after the roots. A name with leading dots is
        looked up from the importer's folder.
        """
        found = self._module(name, importer)
        return found if isinstance(found, ModuleIndex) else None

    def is_standard_library(self, top: str) -> bool:
        """Whether a top-level name is one of Python's own."""
        return is_standard_library(top)

    def is_native_class(self, name: str) -> bool:
        """Whether a dotted name is that of a class of a compiled module (C, Cython, Rust ...), as the stub beside it says. One
        with bases or decorators may be anything, an enum even."""
        module, _, cls = name.rpartition(".")
        path = self.finder.stub_of(module) if module else ""
        if not path:
            return False
        self.dependencies.add(path)
        if path not in self._stubs:
            self._stubs[path] = self._plain_classes(path)
        return cls in self._stubs[path]

    def _plain_classes(self, path: str) -> frozenset[str]:
        try:
            text = self.overlay.get(path)
            source = read_source(path) if text is None else decode(text.encode("utf-8", "surrogatepass"), path)
            body = parse(source).body
        except (SourceError, ParseError):
            return frozenset()
        classes = [one for one in body if isinstance(one, ast.ClassDef)]
        return frozenset(one.name for one in classes if not (one.bases or one.keywords or one.decorator_list))

    def locate(self, name: str, importer: ModuleIndex | None) -> Found | Missing:
        """Where a module is, without reading it; where a missing one would be is recorded."""
        found = self._find(name, importer)
        if isinstance(found, Missing):
            self.dependencies.update(found.candidates)
        return found

    def _load(self, path: str, name: str, is_package: bool) -> ModuleIndex | SourceError | ParseError:
        known = self._indexes.get(path)
        if known is None:
            try:
                text = self.overlay.get(path)
                source = read_source(path) if text is None else decode(text.encode("utf-8", "surrogatepass"), path)
                known = build_index(name, is_package, source, parse(source), self.call_names, self.python)
                known.path = path
            except (SourceError, ParseError) as error:
                known = error
            self._indexes[path] = known
        return known

    def _module(self, name: str, importer: ModuleIndex | None) -> ModuleIndex | ExternalName | Unresolved:
        """Like `module`, with the reason where there is none."""
        if name.startswith(".") and (importer is None or not importer.path):
            return Unresolved(f"{name} is relative to an unknown package")
        found = self._find(name, importer)
        if isinstance(found, Missing):
            self.dependencies.update(found.candidates)
            return ExternalName(name) if found.external else Unresolved(f"there is no module {name}")
        return self._found(name, found)

    def _find(self, name: str, importer: ModuleIndex | None) -> Found | Missing:
        """Where a module is; a name with leading dots is looked up from the importer's folder."""
        if not name.startswith("."):
            return self.finder.find(name, top_package_folder_of(importer) if importer is not None else "")
        dots = len(name) - len(name.lstrip("."))
        folder = os.path.dirname(importer.path) if importer is not None else ""
        for _ in range(dots - 1):
            folder = os.path.dirname(folder)
        return self.finder.find_below(folder, name[dots:])

    def _found(self, name: str, found: Found) -> ModuleIndex | Unresolved:
        if not found.path:
            index = self._namespaces.get(found.folders)
            if index is None:
                index = self._namespaces[found.folders] = ModuleIndex(name, "", True, [], "")
                index.scope = Scope("module", index, "")
            return index
        loaded = self._load(found.path, name.lstrip(".") or os.path.basename(found.path), found.is_package)
        self.dependencies.add(found.path)
        if isinstance(loaded, ModuleIndex):
            return loaded
        return Unresolved(f"{found.path} cannot be read: {loaded}")

    def _surely_lacks(self, module_name: str, importer: ModuleIndex, name: str) -> bool:
        """Whether a module that was not read yet cannot export a name, as its text shows, and its stars' texts."""
        found = self._find(module_name, importer)
        if isinstance(found, Missing) or not found.path or found.path in self._indexes:
            return False
        files = self._star_texts.lacks(found.path, name)
        if files is None:
            return False
        self.dependencies |= files
        return True


def top_package_folder_of(index: ModuleIndex) -> str:
    """The folder that a module's absolute name starts from."""
    if not index.path:
        return ""
    folder = os.path.dirname(index.path)
    levels = index.name.count(".") + (1 if index.is_package else 0) if index.name else 0
    for _ in range(levels):
        folder = os.path.dirname(folder)
    return folder
