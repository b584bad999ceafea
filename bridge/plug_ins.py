"""Plug-ins: objects that installed packages declare by an entry point. Each group has one type of object."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, Protocol, TypeVar


class Declared(Protocol):
    @property
    def kind(self) -> str: ...

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Declared)


class BadPlugIn(Exception):
    """An installed plug-in can't be used; the text is for the operator."""


class PlugIns(Generic[T]):
    """The plug-ins of one group. The name of an entry point is the kind of the object that it names."""

    def __init__(self, group: str, of: type[T], version: int) -> None:
        """`version`: of the contract that the objects follow."""
        self._group = group
        self._of = of
        self._version = version

    def kinds(self) -> set[str]:
        return set(_points(self._group))

    def load(self, kind: str) -> T:
        """Imports the plug-in. Raises KeyError when there is none of that kind, and BadPlugIn."""
        point = _points(self._group)[kind]
        package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        what = f"the plug-in '{kind}' of {package}"
        found = _import(point, what)
        if not isinstance(found, self._of) or found.kind != kind:
            raise BadPlugIn(f"{what} does not name a {self._of.__name__} of the kind '{kind}'")
        if found.version != self._version:
            versions = f"version {found.version} of the contract, and this is version {self._version}"
            raise BadPlugIn(f"{what} is written for {versions}: install a matching release of it")
        return found


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


@cache
def _import(point: EntryPoint, what: str) -> object:
    try:
        return point.load()
    except Exception as error:  # somebody else's code: whatever it raises is reported
        raise BadPlugIn(f"{what} can't be imported: {type(error).__name__}") from error
