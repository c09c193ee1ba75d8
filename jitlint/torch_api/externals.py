"""What the torch API's data tells the project of classes without source."""

from __future__ import annotations

from jitlint.project.externals import Externals
from jitlint.torch_api.api import TorchAPI
from jitlint.torch_api.entries import ClassEntry


class TorchExternals(Externals):
    """Answers from `api` where it has the class, from what is generally known elsewhere."""

    def __init__(self, api: TorchAPI) -> None:
        self._api = api

    def is_module_class(self, name: str) -> bool | None:
        entry = self._api.entry(name)
        if isinstance(entry, ClassEntry):
            return entry.kind == "module"
        return super().is_module_class(name)

    def derives(self, name: str, other: str) -> bool:
        bases = self._api.bases(name)
        return bases is not None and self._api.canonical(other) in bases

    def has_member(self, cls: str, name: str) -> bool | None:
        known = super().has_member(cls, name)
        if known is not None:
            return known
        facts = self._api.module_class(cls)
        return None if facts is None else name in facts.members
