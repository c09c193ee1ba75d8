"""``torch.__version__``, which compares as a version and is a string otherwise."""

from __future__ import annotations

import re

_RELEASE = re.compile(r"\s*v?(\d+(?:\.\d+)*)")


class TorchVersion(str):
    """As torch's class of that name: compared with a string or a tuple, the numbers of the release decide."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        mine, theirs = _pair(self, other)
        return mine < theirs

    def __le__(self, other: object) -> bool:
        mine, theirs = _pair(self, other)
        return mine <= theirs

    def __gt__(self, other: object) -> bool:
        mine, theirs = _pair(self, other)
        return mine > theirs

    def __ge__(self, other: object) -> bool:
        mine, theirs = _pair(self, other)
        return mine >= theirs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str | tuple):
            return False
        mine, theirs = _pair(self, other)
        return mine == theirs

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return str.__hash__(self)


def _pair(version: object, other: object) -> tuple[tuple[int, ...], tuple[int, ...]]:
    mine, theirs = _numbers(version), _numbers(other)
    length = max(len(mine), len(theirs))
    return mine + (0,) * (length - len(mine)), theirs + (0,) * (length - len(theirs))


def _numbers(version: object) -> tuple[int, ...]:
    """The release of a version: ``(2, 13, 0)``. Raises TypeError for what is none, as a comparison does."""
    if isinstance(version, tuple) and all(isinstance(part, int) for part in version):
        return version
    found = _RELEASE.match(version) if isinstance(version, str) else None
    if found is None:
        raise TypeError("not a version")
    return tuple(int(part) for part in found[1].split("."))
