"""Finds what is probably a mistake in a configuration that is valid: misspelled variables, and settings without
effect."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

import connectors
from bridge.environment import ConfigError, read_variable
from bridge.service import ServiceSettings
from bridge.settings import Settings, chosen_class
from connectors import find, kind_of, label_of
from jobs.routing import DOTLESS, Route
from sources import OWN, REGISTRY, events_of
from sources.configuration import variables as source_variables

ALIKE = 0.9
"""The least similarity of a misspelled name: one letter added, left out or replaced in a name of ten letters or more.
Variables of other programs are less similar."""


def misspelled(environ: Mapping[str, str], names: Iterable[str], sources: Iterable[str]) -> tuple[list[str], list[str]]:
    """Unknown variables: those whose name is very similar to a known variable that is not set, or differs from one only
    in upper and lower case; and those with the label of an instance that CONNECTORS does not name."""
    names = list(names)
    own = {name: _variables_of(name, environ) for name in names}
    bases = {variable for kind in connectors.REGISTRY for variable in _variables_of(kind, environ)}.union(*own.values())
    known = set(ServiceSettings.variables().values()) | source_variables(sources) | bases
    for name in names:
        if label := label_of(name):
            known |= {f"{variable}__{label.upper()}" for variable in own[name]}
    known |= {f"{name}_FILE" for name in known}
    unset = known - environ.keys()
    strange = sorted(environ.keys() - known)
    found, labels = [], []
    for name in strange:
        base, labelled, label = name.removesuffix("_FILE").partition("__")
        # A single word in lower case may be a variable of another program.
        if "_" in name and name.upper() in known:
            found.append(f"{name}: is not read: write it in upper case, {name.upper()}")
        elif meant := get_close_matches(name, unset, 1, ALIKE):
            found.append(f"{name}: there is no such variable; did you mean {meant[0]}?")
        elif labelled and base in bases:
            labels.append(f"{name}: CONNECTORS names no instance with the label '{label.lower()}'")
    return found, labels


def _variables_of(name: str, environ: Mapping[str, str]) -> set[str]:
    """All variables that a connector instance reads in this environment; the names have no label."""
    spec = find(name)
    return {*chosen_class(spec.settings, environ, label_of(name)).variables().values(), *spec.routing}


def switched_off(environ: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Notes about connectors whose variables are set, but that CONNECTORS does not name: perhaps on purpose."""
    on = {kind_of(name) for name in names}
    found = []
    for kind in connectors.REGISTRY:
        settings = chosen_class(find(kind).settings, environ)
        given = [name for name in settings.variables().values() if not is_unset(name, environ)]
        if kind not in on and given:
            found.append(f"CONNECTORS does not name {kind}, although {given[0]} is set: the connector is off")
    return found


def without_effect(routes: Iterable[Route], listed: Iterable[str]) -> Iterator[str]:
    """Notes about patterns of events that never arrive, or on which their connector does nothing. `listed`: what
    SOURCES lists."""
    arriving = {*listed, OWN}
    for route in routes:
        found: dict[str, list[str]] = {}
        for pattern in route.patterns:
            if not pattern.startswith("!") and (why := _why_without_effect(pattern, route, arriving)):
                found.setdefault(why, []).append(f"'{pattern}'")
        yield from (f"{route.events_variable}: {', '.join(patterns)}: {why}" for why, patterns in found.items())


def _why_without_effect(pattern: str, route: Route, arriving: set[str]) -> str:
    """Why the connector does nothing for this pattern; "" if it may do something."""
    meant = _sources_of(pattern, arriving)
    if not meant:
        return ""
    if not meant & arriving:
        return f"matches only events of {', '.join(sorted(meant))}, which SOURCES does not list: no webhook brings them"
    if not any(route.acts_on(source) for source in meant):
        return f"has no effect: {route.connector} acts on events of {', '.join(sorted(route.sources))} only"
    acts = find(route.connector).acts
    if acts and not any(fnmatchcase(name, pattern) for name in acts):
        return f"has no effect: {route.connector} acts on {', '.join(sorted(acts))} only"
    own = events_of([OWN])
    if meant == {OWN} and not any(fnmatchcase(name, pattern) for name in own):
        return f"matches no event of the service itself; there are {', '.join(own)}"
    return ""


def _sources_of(pattern: str, arriving: set[str]) -> set[str]:
    """The sources whose events a pattern may match. A source whose events begin with its name may send events that are
    not known here."""
    start = re.split(r"[*?[]", pattern, maxsplit=1)[0]
    found = set()
    for source in {*REGISTRY, *arriving}:
        names = events_of([source])
        begins = start.startswith(f"{source}.") or (start != pattern and f"{source}.".startswith(start))
        if any(fnmatchcase(name, pattern) for name in names) or (begins and not set(names) & set(DOTLESS)):
            found.add(source)
    return found


def back_of(name: str, settings: Settings) -> tuple[str, str]:
    """TicketKind.back of an instance; "" for both if it is no ticket system."""
    kind = find(name).tickets
    return kind.back(settings) if kind else ("", "")


def unannounced(chosen: Mapping[str, Settings], listed: Iterable[str]) -> Iterator[str]:
    """Notes about ticket systems with status back whose webhooks the bridge does not accept."""
    for name, settings in chosen.items():
        source, variable = back_of(name, settings)
        if source and source not in listed:
            yield f"{variable} is set, but SOURCES does not list {source}: only reconcile finds the changes, later"


def is_unset(name: str, environ: Mapping[str, str]) -> bool:
    try:
        return read_variable(name, environ) is None
    except ConfigError:
        return False  # already reported as another problem
