"""What the environment says, read once: the service's settings, each connector's, the routes, the secrets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import NoReturn, TypeVar

import connectors
from bridge.environment import ConfigError, read_variable
from bridge.http import new_session
from bridge.redaction import Redactor, secrets_of
from bridge.settings import EXIT_BAD_CONFIG, ServiceSettings, Settings, load
from bridge.values import parts_of
from connectors.base import Connector, TicketSystem, Tools
from jobs.routing import Route, make_route
from sources.abc.client import AbcClient

T = TypeVar("T")

ALIKE = 0.9
"""A letter more, less or exchanged in a name of ten or more; names of other programs are further apart."""


@dataclass(frozen=True, slots=True)
class Configuration:
    service: ServiceSettings
    connectors: Mapping[str, Settings]
    routes: tuple[Route, ...]
    redact: Redactor
    doubts: tuple[str, ...] = ()
    """What is probably a mistake, and no reason not to start."""
    notes: tuple[str, ...] = ()
    """What may be on purpose: for `flask check` only."""


def configure(environ: Mapping[str, str]) -> Configuration:
    """Raises ConfigError with every problem of every part, so that an operator mends all in one go."""
    problems: list[str] = []

    def attempt(step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigError as error:
            problems.extend(error.problems)
            return None

    service = attempt(lambda: load(ServiceSettings, environ))
    names, unknown = attempt(lambda: _connector_names(environ)) or ([], [])
    there = ", ".join(connectors.REGISTRY)
    problems += [f"CONNECTORS: there is no '{name}'; there are {there}" for name in unknown]
    chosen: dict[str, Settings] = {}
    routes: list[Route] = []
    for name in names:
        settings = attempt(lambda name=name: load(connectors.find(name).Settings, environ))  # type: ignore[misc]
        route = attempt(lambda name=name: _route(name, environ))  # type: ignore[misc]
        if settings is not None and route is not None:
            chosen[name] = settings
            routes.append(route)
    problems += _missing(environ, names)
    doubts = _misspelled(environ)
    if problems or service is None:
        raise ConfigError(list(dict.fromkeys([*problems, *doubts])))
    redact = Redactor([*secrets_of(service, *chosen.values()), *_proxies_with_passwords(environ)])
    return Configuration(service, chosen, tuple(routes), redact, tuple(doubts), tuple(_switched_off(environ)))


def configure_or_exit(environ: Mapping[str, str]) -> Configuration:
    """For the processes: one message naming all problems, then exit with 78."""
    try:
        return configure(environ)
    except ConfigError as error:
        exit_for(error)


def exit_for(error: ConfigError) -> NoReturn:
    lines = "\n".join(f"  {problem}" for problem in error.problems)
    sys.stderr.write(f"Feedback Bridge can't start; please mend these variables (docs/configuration.md):\n{lines}\n")
    sys.exit(EXIT_BAD_CONFIG)


def build_connectors(
    configuration: Configuration, channels: Iterable[tuple[int, int]] | None = None
) -> dict[str, Connector]:
    """Imports and builds what is switched on, and nothing else. `channels`: those that are known, where it is more than
    RECONCILE_CHANNELS names."""
    tools = replace(make_tools(configuration.service, channels), tickets=_ticket_systems(configuration.connectors))
    return {name: connectors.find(name).build(settings, tools) for name, settings in configuration.connectors.items()}


def make_tools(service: ServiceSettings, channels: Iterable[tuple[int, int]] | None = None) -> Tools:
    session = new_session(service.worker_concurrency)
    abc = AbcClient(service.abc_api_url, service.abc_api_key, session) if service.abc_api_url else None
    return Tools(
        service.bridge_instance,
        service.bridge_language,
        abc,
        service.worker_concurrency,
        tuple(service.reconcile_channels if channels is None else channels),
    )


def _ticket_systems(chosen: Mapping[str, Settings]) -> tuple[TicketSystem, ...]:
    systems = []
    for name, settings in chosen.items():
        module = connectors.find(name)
        if getattr(module, "TICKETS", False):
            systems.append(TicketSystem(name, partial(module.ticket_address, settings)))  # type: ignore[attr-defined]
    return tuple(systems)


def _connector_names(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Those that are there, and those that are not."""
    try:
        parts = parts_of(read_variable("CONNECTORS", environ) or "")
    except ValueError as error:
        raise ConfigError([f"CONNECTORS: {error}"]) from None
    names = list(dict.fromkeys(part.lower() for part in parts))
    known = [name for name in names if name in connectors.REGISTRY]
    return known, [name for name in names if name not in known]


def _route(name: str, environ: Mapping[str, str]) -> Route:
    events = read_variable(f"{name.upper()}_EVENTS", environ)
    condition = read_variable(f"{name.upper()}_FILTER", environ)
    module = connectors.find(name)
    route = make_route(name, events, condition, module.DEFAULT_EVENTS)
    return replace(route, tickets=getattr(module, "TICKETS", False))


def _missing(environ: Mapping[str, str], names: list[str]) -> list[str]:
    """What is not set at all, whatever else is wrong."""
    problems = []
    if _is_unset("WEBHOOK_TOKEN", environ):
        problems.append("WEBHOOK_TOKEN: required, but not set; the same text as in the feedback app's webhook")
    if needing := ", ".join(name for name in names if connectors.find(name).NEEDS_ABC):
        unset = [name for name in ("ABC_API_URL", "ABC_API_KEY") if _is_unset(name, environ)]
        problems += [f"{name}: required by {needing}, but not set" for name in unset]
    return problems


def _misspelled(environ: Mapping[str, str]) -> list[str]:
    """Variables that nobody reads, with a name very much like that of one that is not set."""
    parts: list[type[Settings]] = [ServiceSettings, *(connectors.find(name).Settings for name in connectors.REGISTRY)]
    known = {field.upper() for part in parts for field in part.model_fields}
    known |= {f"{name.upper()}_{what}" for name in connectors.REGISTRY for what in ("EVENTS", "FILTER")}
    known |= {f"{name}_FILE" for name in known}
    unset = known - environ.keys()
    alike = {name: get_close_matches(name, unset, 1, ALIKE) for name in sorted(environ.keys() - known)}
    return [f"{name}: there is no such variable; is {meant[0]} meant?" for name, meant in alike.items() if meant]


def _switched_off(environ: Mapping[str, str]) -> list[str]:
    """Connectors that CONNECTORS does not name, although variables that they need are set: perhaps on purpose."""
    names = _connector_names(environ)[0]
    found = []
    for name in connectors.REGISTRY:
        own = [field.upper() for field in connectors.find(name).Settings.model_fields]
        given = [variable for variable in own if not _is_unset(variable, environ)]
        if name not in names and given:
            found.append(f"CONNECTORS does not name {name}, although {given[0]} is set: it does nothing")
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
