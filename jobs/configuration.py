"""Reads the whole configuration from the environment, once: settings, routes and secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any, NoReturn, TypeVar

import connectors
from bridge.environment import EXIT_BAD_CONFIG, ConfigError, read_setting, read_variable
from bridge.plug_ins import BadPlugIn
from bridge.redaction import Redactor, secrets_of
from bridge.service import ServiceSettings
from bridge.settings import Settings, chosen_class, load
from bridge.values import parts_of
from connectors import find, kind_of, label_of
from connectors.base import Connector, TicketSystem, Tools
from jobs.routing import Route, make_route
from sources import APIS, OWN, REGISTRY, events_of
from sources.configuration import Sources, configure_sources, source_names
from sources.configuration import variables as source_variables

T = TypeVar("T")

ALIKE = 0.9
"""The least similarity of a misspelled name: one letter added, left out or replaced in a name of ten letters or more.
Variables of other programs are less similar."""

THINGS = ("feedback", "issue", "project", "channel", "status", "ticket", "connector", "delivery", "webhook", "webhooks")
"""What logs and pages name in every other line: never masked, even if it stands in a secret address."""


@dataclass(frozen=True, slots=True)
class Configuration:
    service: ServiceSettings
    sources: Sources
    apis: Mapping[str, Settings]
    """The settings of each source's API, by the source's name, also if SOURCES does not name the source."""
    connectors: Mapping[str, Settings]
    routes: tuple[Route, ...]
    redact: Redactor
    doubts: tuple[str, ...] = ()
    """Probable mistakes, with which the service starts nevertheless."""
    notes: tuple[str, ...] = ()
    """What may be a mistake or on purpose; only `flask check` shows it."""


def configure(environ: Mapping[str, str]) -> Configuration:
    """Raises ConfigError with all problems of all parts, so that an operator can correct them at once."""
    problems: list[str] = []

    def attempt(step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigError as error:
            problems.extend(error.problems)
            return None

    service = attempt(lambda: load(ServiceSettings, environ))
    sources = attempt(lambda: configure_sources(environ))
    asked = {name: attempt(lambda api=api: load(api.settings, environ)) for name, api in APIS.items()}  # type: ignore[misc]
    apis = {name: settings for name, settings in asked.items() if settings is not None}
    listed = attempt(lambda: source_names(environ)) or []
    names, unknown = attempt(lambda: _connector_names(environ)) or ([], [])
    problems += unknown
    chosen: dict[str, Settings] = {}
    routes: list[Route] = []
    for name in names:
        settings = attempt(lambda name=name: load(find(name).settings, environ, label_of(name)))  # type: ignore[misc]
        route = attempt(lambda name=name: _route(name, environ, listed))  # type: ignore[misc]
        if settings is not None and route is not None:
            chosen[name] = settings
            routes.append(replace(route, back=_back(name, settings)[0]))
    problems += _missing(environ, names)
    problems += _overlapping(chosen)
    doubts = _misspelled(environ, names, listed)
    if problems or service is None or sources is None:
        raise ConfigError(list(dict.fromkeys([*problems, *doubts])))
    secrets = secrets_of(service, *apis.values(), *sources.chosen.values(), *chosen.values())
    redact = Redactor([*secrets, *_proxies_with_passwords(environ)], _names_of_ours([*chosen, *listed]))
    doubts += sources.doubts
    notes = (*_switched_off(environ, names), *_unannounced(chosen, listed))
    return Configuration(service, sources, apis, chosen, tuple(routes), redact, tuple(doubts), notes)


def configure_or_exit(environ: Mapping[str, str]) -> Configuration:
    """For the processes: prints one message with all problems, then exits with code 78."""
    try:
        return configure(environ)
    except ConfigError as error:
        exit_for(error)


def exit_for(error: ConfigError) -> NoReturn:
    lines = "\n".join(f"  {problem}" for problem in error.problems)
    sys.stderr.write(f"Feedback Bridge can't start; please correct these variables (docs/configuration.md):\n{lines}\n")
    sys.exit(EXIT_BAD_CONFIG)


def build_connectors(
    configuration: Configuration, apis: Mapping[str, Any], channels: Iterable[tuple[int, int]] | None = None
) -> dict[str, Connector]:
    """Imports and builds only the connectors that are on. `apis`: see connectors.base.Tools; `channels`: the known
    channels, if more are known than RECONCILE_CHANNELS names."""
    service, chosen = configuration.service, configuration.connectors
    tools = Tools(
        name="",  # set for each instance below
        instance=service.bridge_instance,
        language=service.bridge_language,
        apis=apis,
        concurrency=service.worker_concurrency,
        channels=tuple(_named_channels(configuration) if channels is None else channels),
        tickets=_ticket_systems(chosen),
    )
    served = _served(chosen)
    events = {route.connector: route.events_variable for route in configuration.routes}
    built = {}
    for name, settings in chosen.items():
        elsewhere = {project: other for project, other in served.items() if other != name}
        built[name] = find(name).build(
            settings, replace(tools, name=name, events=events[name], served_elsewhere=elsewhere)
        )
    return built


def _named_channels(configuration: Configuration) -> Iterator[tuple[int, int]]:
    for name, settings in configuration.apis.items():
        yield from APIS[name].channels(settings)


def _ticket_systems(chosen: Mapping[str, Settings]) -> tuple[TicketSystem, ...]:
    kinds = {name: find(name).tickets for name in chosen}
    return tuple(TicketSystem(name, partial(kind.address, chosen[name])) for name, kind in kinds.items() if kind)


def _ticket_projects(chosen: Mapping[str, Settings]) -> Iterator[tuple[str, str, str]]:
    """(instance, variable, ABC project or `*`) for each project of each ticket system. The variable names the
    project."""
    for name, settings in chosen.items():
        if kind := find(name).tickets:
            variable, projects = kind.projects(settings)
            yield from ((name, variable, project) for project in projects)


def _back(name: str, settings: Settings) -> tuple[str, str]:
    """TicketKind.back of an instance; "" for both if it is no ticket system."""
    kind = find(name).tickets
    return kind.back(settings) if kind else ("", "")


def _unannounced(chosen: Mapping[str, Settings], listed: Iterable[str]) -> Iterator[str]:
    """Notes about ticket systems with status back whose webhooks the bridge does not accept."""
    for name, settings in chosen.items():
        source, variable = _back(name, settings)
        if source and source not in listed:
            yield f"{variable} is set, but SOURCES does not list {source}: only reconcile finds the changes, later"


def _served(chosen: Mapping[str, Settings]) -> dict[str, str]:
    """The ticket system of each ABC project that is named explicitly, not by `*`."""
    return {project: name for name, _, project in _ticket_projects(chosen) if project != "*"}


def _overlapping(chosen: Mapping[str, Settings]) -> Iterator[str]:
    """Problems with two ticket systems for one ABC project: an issue has only one externalIssueId. It is no problem if
    one names the project explicitly and the other by `*`."""
    first: dict[str, tuple[str, str]] = {}
    for name, variable, project in _ticket_projects(chosen):
        other, others_variable = first.setdefault(project, (name, variable))
        if other != name:
            what = "every other ABC project (*)" if project == "*" else f"ABC project {project}"
            yield (
                f"{variable}: {what} already has its tickets in {other} ({others_variable}); an issue can have one "
                f"ticket only. Name the projects of each ticket system, such as {variable}=2=…"
            )


def _connector_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The instances that CONNECTORS names, and the problems of names that are wrong."""
    try:
        parts = parts_of(read_variable("CONNECTORS", environ) or "")
    except ValueError as error:
        raise ConfigError([f"CONNECTORS: {error}"]) from None
    problems = {name: _problem_of(name) for name in dict.fromkeys(part.lower() for part in parts)}
    names = [name for name, problem in problems.items() if not problem]
    return names, [f"CONNECTORS: {problem}" for problem in problems.values() if problem]


def _problem_of(name: str) -> str:
    """The problem of a connector instance's name; "" if it is correct."""
    kind, dot, label = name.partition(".")
    if kind not in connectors.kinds():
        return f"there is no connector '{kind}'; there are {', '.join(connectors.kinds())}"
    if dot and not re.fullmatch(r"[a-z0-9](?:[a-z0-9_]{0,28}[a-z0-9])?", label):
        return f"'{name}': the label after the dot should be 1 to 30 characters of a-z 0-9 _, such as {kind}.mobile"
    try:
        connectors.PLUG_INS.check(kind)
    except BadPlugIn as error:
        return str(error)
    return ""


def _route(name: str, environ: Mapping[str, str], listed: list[str]) -> Route:
    """`listed`: what SOURCES lists."""
    spec = find(name)
    events, condition = (read_setting(variable, label_of(name), environ) for variable in spec.routing)
    variables = (events[1], condition[1])
    sources = dict.fromkeys([*REGISTRY, *listed])
    route = make_route(name, events[0], condition[0], spec.default_events, variables, sources)
    # A connector that needs the API of a source acts only on the events of that source.
    known = events_of(source for source in (*listed, OWN) if not spec.needs or source in spec.needs)
    return replace(route, tickets=spec.tickets is not None, sources=spec.needs, known=known)


def _missing(environ: Mapping[str, str], names: list[str]) -> list[str]:
    """Problems with variables that are required but not set."""
    problems = []
    for source in sorted({find(name).source for name in names} - {""}):
        needing = ", ".join(name for name in names if find(name).source == source)
        if source not in REGISTRY or (api := REGISTRY[source].api) is None:
            problems.append(f"CONNECTORS: {needing} needs the API of '{source}', which is not a source with an API")
            continue
        unset = [name for name in api.variables if _is_unset(name, environ)]
        problems += [f"{name}: required by {needing}, but not set" for name in unset]
    return problems


def _misspelled(environ: Mapping[str, str], names: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Problems with unknown variables whose name is very similar to a known variable that is not set."""
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
    alike = {name: get_close_matches(name, unset, 1, ALIKE) for name in strange}
    found = [f"{name}: there is no such variable; did you mean {meant[0]}?" for name, meant in alike.items() if meant]
    for name in strange:
        base, labelled, label = name.removesuffix("_FILE").partition("__")
        if labelled and base in bases and not alike[name]:
            found.append(f"{name}: CONNECTORS names no instance with the label '{label.lower()}'")
    return found


def _variables_of(name: str, environ: Mapping[str, str]) -> set[str]:
    """All variables that a connector instance reads in this environment; the names have no label."""
    spec = find(name)
    return {*chosen_class(spec.settings, environ, label_of(name)).variables().values(), *spec.routing}


def _switched_off(environ: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Notes about connectors whose variables are set, but that CONNECTORS does not name: perhaps on purpose."""
    on = {kind_of(name) for name in names}
    found = []
    for kind in connectors.REGISTRY:
        settings = chosen_class(find(kind).settings, environ)
        given = [name for name in settings.variables().values() if not _is_unset(name, environ)]
        if kind not in on and given:
            found.append(f"CONNECTORS does not name {kind}, although {given[0]} is set: the connector is off")
    return found


def _names_of_ours(names: Iterable[str]) -> set[str]:
    """What the service calls its parts and what it handles. `names`: of the connector instances and the sources."""
    known = {*connectors.kinds(), *REGISTRY, *names}
    return {*known, *filter(None, map(label_of, known)), *events_of(known), *THINGS}


def _proxies_with_passwords(environ: Mapping[str, str]) -> list[str]:
    """Addresses of proxies that contain a password: `requests` reads these variables, and its errors may quote them."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    values = (environ.get(name, "") for upper in names for name in (upper, upper.lower()))
    return [value for value in values if "@" in value]


def _is_unset(name: str, environ: Mapping[str, str]) -> bool:
    try:
        return read_variable(name, environ) is None
    except ConfigError:
        return False  # already reported as another problem
