"""What the environment configures, read once: the service's settings, each connector's, the routes, the secrets."""

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
"""A letter more, less or exchanged in a name of ten or more; names of other programs are further apart."""


@dataclass(frozen=True, slots=True)
class Configuration:
    service: ServiceSettings
    sources: Sources
    apis: Mapping[str, Settings]
    """How each source that can be asked is asked, by its name, whether or not SOURCES names it."""
    connectors: Mapping[str, Settings]
    routes: tuple[Route, ...]
    redact: Redactor
    doubts: tuple[str, ...] = ()
    """What is probably a mistake, and no reason not to start."""
    notes: tuple[str, ...] = ()
    """What may be on purpose: for `flask check` only."""


def configure(environ: Mapping[str, str]) -> Configuration:
    """Raises ConfigError with every problem of every part, so that an operator can correct all at once."""
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
    redact = Redactor([*secrets, *_proxies_with_passwords(environ)])
    doubts += sources.doubts
    notes = (*_switched_off(environ, names), *_unannounced(chosen, listed))
    return Configuration(service, sources, apis, chosen, tuple(routes), redact, tuple(doubts), notes)


def configure_or_exit(environ: Mapping[str, str]) -> Configuration:
    """For the processes: one message naming all problems, then exit with 78."""
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
    """Imports and builds what is switched on, and nothing else. `apis`: see connectors.base.Tools; `channels`: those
    that are known, where it is more than RECONCILE_CHANNELS names."""
    service, chosen = configuration.service, configuration.connectors
    tools = Tools(
        name="",  # of the instance, below
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
    """(instance, the variable that sets it, ABC project or `*`) for each that a ticket system serves."""
    for name, settings in chosen.items():
        if kind := find(name).tickets:
            variable, projects = kind.projects(settings)
            yield from ((name, variable, project) for project in projects)


def _back(name: str, settings: Settings) -> tuple[str, str]:
    """TicketKind.back of an instance; "" for both where it keeps no tickets."""
    kind = find(name).tickets
    return kind.back(settings) if kind else ("", "")


def _unannounced(chosen: Mapping[str, Settings], listed: Iterable[str]) -> Iterator[str]:
    """Ticket systems whose changes are carried back, and whose webhooks are refused."""
    for name, settings in chosen.items():
        source, variable = _back(name, settings)
        if source and source not in listed:
            yield f"{variable} is set, but SOURCES does not list {source}: changes are found by reconcile only"


def _served(chosen: Mapping[str, Settings]) -> dict[str, str]:
    """The ticket system of each ABC project that one names explicitly."""
    return {project: name for name, _, project in _ticket_projects(chosen) if project != "*"}


def _overlapping(chosen: Mapping[str, Settings]) -> Iterator[str]:
    """Two ticket systems must not serve one ABC project: its issues have one externalIssueId. An explicit project beats
    another one's `*`."""
    first: dict[str, tuple[str, str]] = {}
    for name, variable, project in _ticket_projects(chosen):
        other, others_variable = first.setdefault(project, (name, variable))
        if other != name:
            what = "every other ABC project (*)" if project == "*" else f"ABC project {project}"
            yield (
                f"{variable}: {what} already has its tickets in {other} ({others_variable}); an issue has one ticket. "
                f"Name the projects of each, as in {variable}=2=…"
            )


def _connector_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The instances that CONNECTORS names, and what is wrong with those that can't be."""
    try:
        parts = parts_of(read_variable("CONNECTORS", environ) or "")
    except ValueError as error:
        raise ConfigError([f"CONNECTORS: {error}"]) from None
    problems = {name: _problem_of(name) for name in dict.fromkeys(part.lower() for part in parts)}
    names = [name for name, problem in problems.items() if not problem]
    return names, [f"CONNECTORS: {problem}" for problem in problems.values() if problem]


def _problem_of(name: str) -> str:
    """What is wrong with the name of a connector instance, "" for nothing."""
    kind, dot, label = name.partition(".")
    if kind not in connectors.kinds():
        return f"there is no '{kind}'; there are {', '.join(connectors.kinds())}"
    if dot and not re.fullmatch(r"[a-z0-9](?:[a-z0-9_]{0,28}[a-z0-9])?", label):
        return f"'{name}': the part after the dot should be 1 to 30 of a-z 0-9 _, such as {kind}.mobile"
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
    # What needs the API of a source acts on the events of that source.
    known = events_of(source for source in (*listed, OWN) if not spec.needs or source in spec.needs)
    return replace(route, tickets=spec.tickets is not None, sources=spec.needs, known=known)


def _missing(environ: Mapping[str, str], names: list[str]) -> list[str]:
    """What is not set at all, whatever else is wrong."""
    problems = []
    for source in sorted({find(name).source for name in names} - {""}):
        needing = ", ".join(name for name in names if find(name).source == source)
        if source not in REGISTRY or (api := REGISTRY[source].api) is None:
            problems.append(f"CONNECTORS: {needing} needs the API of '{source}', which is no source that can be asked")
            continue
        unset = [name for name in api.variables if _is_unset(name, environ)]
        problems += [f"{name}: required by {needing}, but not set" for name in unset]
    return problems


def _misspelled(environ: Mapping[str, str], names: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Variables that nobody reads, with a name very much like that of one that is not set."""
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
    found = [f"{name}: there is no such variable; is {meant[0]} meant?" for name, meant in alike.items() if meant]
    for name in strange:
        base, labelled, label = name.removesuffix("_FILE").partition("__")
        if labelled and base in bases and not alike[name]:
            found.append(f"{name}: CONNECTORS names no instance with the label '{label.lower()}'")
    return found


def _variables_of(name: str, environ: Mapping[str, str]) -> set[str]:
    """All variables that a connector instance reads in this environment, without its label."""
    spec = find(name)
    return {*chosen_class(spec.settings, environ, label_of(name)).variables().values(), *spec.routing}


def _switched_off(environ: Mapping[str, str], names: Iterable[str]) -> list[str]:
    """Connectors that CONNECTORS does not name, although variables that they need are set: perhaps on purpose."""
    on = {kind_of(name) for name in names}
    found = []
    for kind in connectors.REGISTRY:
        settings = chosen_class(find(kind).settings, environ)
        given = [name for name in settings.variables().values() if not _is_unset(name, environ)]
        if kind not in on and given:
            found.append(f"CONNECTORS does not name {kind}, although {given[0]} is set: it does nothing")
    return found


def _proxies_with_passwords(environ: Mapping[str, str]) -> list[str]:
    """`requests` reads these variables itself, and its errors may quote them."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    values = (environ.get(name, "") for upper in names for name in (upper, upper.lower()))
    return [value for value in values if "@" in value]


def _is_unset(name: str, environ: Mapping[str, str]) -> bool:
    try:
        return read_variable(name, environ) is None
    except ConfigError:
        return False  # reported already, as another problem
