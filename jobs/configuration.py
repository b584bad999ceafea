"""Reads the whole configuration from the environment, once: settings, routes and secrets."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn, TypeVar

import connectors
from bridge.environment import EXIT_BAD_CONFIG, ConfigError, read_setting, read_variable
from bridge.plug_ins import BadPlugIn
from bridge.redaction import Redactor, secrets_of
from bridge.service import ServiceSettings
from bridge.settings import Settings, load
from bridge.values import parts_of
from connectors import find, label_of
from connectors.base import Connector, TicketSystem, Tools
from jobs import mistakes
from jobs.routing import Route, make_route
from sources import APIS, OWN, REGISTRY, events_of
from sources.configuration import Sources, configure_sources, source_names

T = TypeVar("T")

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
    """Probable mistakes, with which the service starts nevertheless; each fails `flask check`."""
    warnings: tuple[str, ...] = ()
    """What may be a mistake or on purpose; the processes log it, and `flask check` shows it as a note."""
    notes: tuple[str, ...] = ()
    """The same; only `flask check` shows it."""


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
            routes.append(replace(route, back=mistakes.back_of(name, settings)[0]))
    problems += _missing(environ, names)
    problems += [*_overlapping(chosen), *_written_twice(chosen, routes)]
    doubts, labels = mistakes.misspelled(environ, names, listed)
    if problems or service is None or sources is None:
        raise ConfigError(list(dict.fromkeys([*problems, *doubts, *labels])))
    secrets = secrets_of(service, *apis.values(), *sources.chosen.values(), *chosen.values())
    redact = Redactor([*secrets, *_proxies_with_passwords(environ)], _names_of_ours([*chosen, *listed]))
    warnings = (*labels, *sources.warnings)
    notes = (
        *mistakes.switched_off(environ, names),
        *mistakes.unannounced(chosen, listed),
        *mistakes.without_effect(routes, listed),
    )
    return Configuration(service, sources, apis, chosen, tuple(routes), redact, tuple(doubts), warnings, notes)


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


def _written_twice(chosen: Mapping[str, Settings], routes: Iterable[Route]) -> Iterator[str]:
    """Problems with two connectors that write the same field of the same feedback: each would undo what the other one
    wrote. Two different filters may separate them, so they are no problem."""
    writers: dict[str, list[tuple[Route, str]]] = {}
    for route in routes:
        variable, fields = find(route.connector).writes(chosen[route.connector])
        own = "__".join(filter(None, [variable.partition("__")[0], label_of(route.connector).upper()]))
        for field in fields:
            for other, others_variable in writers.get(field, []):
                if not (other.filter and route.filter) or other.filter == route.filter:
                    yield (
                        f"{variable}: {route.connector} and {other.connector} ({others_variable}) both write into the "
                        f"field '{field}' of the same feedback: name another field in {own}, or give each of them a "
                        f"filter of its own ({other.filter_variable}, {route.filter_variable})"
                    )
            writers.setdefault(field, []).append((route, variable))


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
        unset = [name for name in api.variables if mistakes.is_unset(name, environ)]
        problems += [f"{name}: required by {needing}, but not set" for name in unset]
    return problems


def _names_of_ours(names: Iterable[str]) -> set[str]:
    """What the service calls its parts and what it handles. `names`: of the connector instances and the sources."""
    known = {*connectors.kinds(), *REGISTRY, *names}
    return {*known, *filter(None, map(label_of, known)), *events_of(known), *THINGS}


def _proxies_with_passwords(environ: Mapping[str, str]) -> list[str]:
    """Addresses of proxies that contain a password: `requests` reads these variables, and its errors may quote them."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    values = (environ.get(name, "") for upper in names for name in (upper, upper.lower()))
    return [value for value in values if "@" in value]
