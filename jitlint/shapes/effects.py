"""What a function surely leaves alone: read off its text, without running it.

A decorator that composes a docstring, a check that only raises, a look at the environment: running them abstractly costs
thousands of steps, and tells nothing about the shape of a module. `EffectsTable.effects` says which parameters a call may change
(they, or what is reached from them), and whether the function hands a parameter back unchanged.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from jitlint.project.definitions import ClassDefinition, FunctionDefinition
from jitlint.project.hierarchy import find_member, mro, own_member
from jitlint.project.project import Project
from jitlint.project.targets import ExternalName
from jitlint.shapes.effects_reading import Answer, Effects, Question, Reading, everything_of

_NOTHING: frozenset[str] = frozenset()
_NEVER = 1 << 30
_DEPTH = 25
_BUDGET = 500  # functions looked at for one question: where all call each other, nothing in between can be kept


@dataclass(frozen=True, slots=True)
class _Record:
    """An answer, the files it rests on, and what was asked of the receiver's class: of another class that gives the same
    answers the same holds."""

    effects: Effects
    files: frozenset[str]
    asked: dict[Question, Answer]


class EffectsTable:
    """What is known of the functions of a project. A function met again while it is being looked at counts as changing
    nothing; what rests on that is only kept once the outermost of the circle is done."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[tuple[int, int], _Record] = {}
        self._records: dict[int, list[_Record]] = {}  # by function
        self._members: dict[tuple[int, str, int], Answer] = {}
        self._open: dict[tuple[int, int], int] = {}
        self._lowest = _NEVER
        self._spent = 0

    def forget_files(self, files: AbstractSet[str]) -> None:
        """Drop what rests on some of these files."""

        def holds(record: _Record) -> bool:
            asked = [one.module.path for one in record.asked.values() if isinstance(one, FunctionDefinition)]
            return record.files.isdisjoint(files) and files.isdisjoint(asked)

        self._known = {key: record for key, record in self._known.items() if holds(record)}
        self._records = {key: [one for one in some if holds(one)] for key, some in self._records.items()}
        self._members.clear()

    def effects(self, definition: FunctionDefinition, cls: ClassDefinition | None = None) -> Effects:
        """What a call of a function may change. cls: for a method, the class of the receiver."""
        return self.record(definition, cls).effects

    def record(self, definition: FunctionDefinition, cls: ClassDefinition | None) -> _Record:
        key = (id(definition), id(cls))
        known = self._known.get(key) or self._of_similar(definition, cls)
        if known is not None:
            self._known[key] = known
            self.project.dependencies |= known.files
            return known
        if key in self._open:
            self._lowest = min(self._lowest, self._open[key])
            return _Record(Effects(_NOTHING, _NOTHING), _NOTHING, {})
        if not self._open:
            self._spent = 0
        self._spent += 1
        if len(self._open) > _DEPTH or self._spent > _BUDGET:
            self._lowest = -1
            everything = everything_of(definition)
            return _Record(Effects(everything, everything), _NOTHING, {})
        depth = self._open[key] = len(self._open)
        outer, self._lowest = self._lowest, _NEVER
        asked: dict[Question, Answer] = {}
        try:
            with self.project.collecting() as files:
                result = Reading(self, definition, cls, asked).effects()
        finally:
            del self._open[key]
        record = _Record(result, frozenset(files), asked)
        if self._lowest >= depth or not self._open:
            self._known[key] = record
            self._records.setdefault(id(definition), []).append(record)
            self._lowest = outer if self._open else _NEVER
        else:
            self._lowest = min(outer, self._lowest)
        return record

    def _of_similar(self, definition: FunctionDefinition, cls: ClassDefinition | None) -> _Record | None:
        """What was found for another class that has the same methods, as far as they count."""
        for record in self._records.get(id(definition), ()):
            if cls is None and record.asked:
                continue
            if all(self.member(cls, *question) is answer for question, answer in record.asked.items()):
                return record
        return None

    def member(self, cls: ClassDefinition | None, name: str, above: ClassDefinition | None = None) -> Answer:
        """A method that instances of a class have, or that ``super()`` finds from the class `above`. None where it is
        something else, or not known."""
        if cls is None:
            return None
        key = (id(cls), name, id(above))
        if key not in self._members:
            self._members[key] = self._member(cls, name, above)
        return self._members[key]

    def _member(self, cls: ClassDefinition, name: str, above: ClassDefinition | None) -> Answer:
        if above is None:
            found = find_member(self.project, cls, name)
            if isinstance(found, tuple):
                return found[0].module.functions_by_node.get(id(found[1].node))
            return found if isinstance(found, ExternalName) else None
        classes = list(mro(self.project, cls).classes)
        for item in classes[classes.index(above) + 1 :] if above in classes else ():
            if isinstance(item, ExternalName):
                return ExternalName(f"{item.name}.{name}")
            binding = own_member(item, name)
            if binding is not None:
                return item.module.functions_by_node.get(id(binding.node))
        return None
