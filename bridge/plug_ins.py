"""Plug-ins: objects that installed packages declare by an entry point. Each group has one type of object."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
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

    def __init__(self, group: str, of: type[T], version: int, ours: Collection[str]) -> None:
        """`version`: of the contract that the objects follow; `ours`: the kinds that are built in."""
        self._group = group
        self._of = of
        self._version = version
        self._ours = ours

    def kinds(self) -> set[str]:
        """Those that are not built in."""
        return _points(self._group).keys() - set(self._ours)

    def check(self, kind: str) -> None:
        """Imports the plug-in of this kind, if there is one. Raises BadPlugIn when it can't be used, also where a
        package declares what is built in."""
        if found := _points(self._group).get(kind):
            if kind in self._ours:
                raise BadPlugIn(
                    f"'{kind}' is built in, and {_package(found[0])} has a plug-in of that name: uninstall it"
                )
            self.load(kind)

    def load(self, kind: str) -> T:
        """Imports the plug-in. Raises KeyError when there is none of that kind, and BadPlugIn."""
        point, *others = _points(self._group)[kind]
        if others:
            packages = " and ".join(map(_package, (point, *others)))
            raise BadPlugIn(f"{packages} each have a plug-in '{kind}': uninstall all but one")
        what = f"the plug-in '{kind}' of {_package(point)}"
        found = _import(point, what)
        if not isinstance(found, self._of) or found.kind != kind:
            raise BadPlugIn(f"{what} does not name a {self._of.__name__} of the kind '{kind}'")
        if found.version != self._version:
            versions = f"version {found.version} of the contract, and this is version {self._version}"
            raise BadPlugIn(f"{what} is written for {versions}: install a matching release of it")
        return found


class Registry(PlugIns[T]):
    """The objects of one kind, each found by its name: ours, each in a module of its own, and those of plug-ins."""

    def __init__(self, group: str, of: type[T], version: int, modules: Mapping[str, str], attribute: str) -> None:
        """`modules`: of ours, by kind; only those that are asked for are imported. `attribute`: the object's name."""
        super().__init__(group, of, version, modules)
        self._modules = modules
        self._attribute = attribute

    def names(self) -> tuple[str, ...]:
        return (*self._modules, *sorted(self.kinds()))

    def find(self, kind: str) -> T:
        """Raises KeyError when there is none of that kind, and BadPlugIn."""
        if kind not in self._modules:
            return self.load(kind)
        found: T = getattr(importlib.import_module(self._modules[kind]), self._attribute)
        return found


@cache
def _points(group: str) -> dict[str, list[EntryPoint]]:
    """By name. One that a package declares twice, or that two folders of `sys.path` have of one package, is one."""
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, []).append(point)
    return {name: list({_package(point): point for point in points}.values()) for name, points in found.items()}


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value


@cache
def _import(point: EntryPoint, what: str) -> object:
    try:
        return point.load()
    except Exception as error:  # somebody else's code: whatever it raises is reported
        raise BadPlugIn(f"{what} can't be imported: {type(error).__name__}") from error
