"""What routing promises, for every connector and every source of the registry: `_EVENTS`, `_FILTER` and the map of
projects. A new one joins by being registered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

import connectors
import sources
from connectors.alerts.settings import AlertSettings
from connectors.base import Preview, Previewing, Skipped
from connectors.tickets.settings import TicketSettings
from console.previewing import NoLinks
from jobs.configuration import Configuration, configure
from jobs.ledger.values import Planned
from jobs.routing import plan
from jobs.runtime import Runtime
from sources.abc.models import AbcEvent
from sources.base import Event
from tests.connectors.contract import cases_of

NOWHERE = "http://127.0.0.1:9"
EVENTS = {
    name: cast(Event, source.parse(source.samples(source.events[-1]).request("default")))
    for name, source in sources.REGISTRY.items()
}
"""One event of each source."""


def environ(kind: str, changes: Mapping[str, str]) -> dict[str, str]:
    abc = {"WEBHOOK_TOKEN": "a-token-for-this-test", "ABC_API_URL": NOWHERE, "ABC_API_KEY": "made-up"}
    return {**abc, "CONNECTORS": kind, **next(iter(cases_of(kind).values())).variables(NOWHERE), **changes}


def configured(kind: str, **changes: str) -> Configuration:
    return configure(environ(kind, {f"{kind.upper()}_{name}": value for name, value in changes.items()}))


def acting() -> list[tuple[str, str]]:
    """Each connector with each source whose events it can act on."""
    needs = {kind: connectors.find(kind).needs or frozenset(EVENTS) for kind in connectors.REGISTRY}
    return [(kind, source) for kind, names in needs.items() for source in sorted(names)]


@pytest.mark.parametrize("kind", connectors.REGISTRY)
def test_events_and_filter_choose_the_events_of_every_source(kind: str) -> None:
    for source in [source for connector, source in acting() if connector == kind]:
        event = EVENTS[source]
        for patterns in (event.name, f"{event.name[:-1]}?", "*"):
            queued = plan(event, configured(kind, EVENTS=patterns, FILTER=f'source == "{source}"').routes)
            assert queued == [Planned(kind, "queued", "")]
        for patterns in (f"*,!{event.name}", "bridge.none" if source != "bridge" else "ISSUE_CREATION"):
            assert plan(event, configured(kind, EVENTS=patterns).routes) == []
        skipped = plan(event, configured(kind, EVENTS="*", FILTER=f'event != "{event.name}"').routes)
        assert skipped == [Planned(kind, "skipped", f"excluded by {kind.upper()}_FILTER")]


@pytest.mark.parametrize("kind", [kind for kind in connectors.REGISTRY if connectors.find(kind).needs])
def test_what_writes_to_one_source_leaves_the_events_of_all_others(kind: str) -> None:
    routes = configured(kind, EVENTS="*").routes
    acted = {source for source, event in EVENTS.items() if plan(event, routes)}
    assert acted == connectors.find(kind).needs


def mapped(kind: str) -> str:
    """The variable that maps projects, "" where there is none."""
    settings: Any = connectors.find(kind).settings
    field = settings.CHANNELS if issubclass(settings, AlertSettings) else ""
    field = settings.CONTAINER if issubclass(settings, TicketSettings) else field
    return str(settings.variables()[field]) if field else ""


@pytest.mark.parametrize("kind", [kind for kind in connectors.REGISTRY if mapped(kind)])
def test_a_map_of_projects_sends_each_project_where_it_belongs(kind: str) -> None:
    variable = mapped(kind)
    value = environ(kind, {})[variable].rpartition("*=")[2]
    event = cast(AbcEvent, EVENTS["abc"])
    assert event.project
    project = event.project.id

    def shown(projects: str) -> object:
        connector = Runtime(configure(environ(kind, {variable: projects}))).connectors[kind]
        assert isinstance(connector, Previewing)
        return connector.preview(event, NoLinks())

    for projects in (value, f"{project}={value}", f"{project + 1}={value},*={value}"):
        assert isinstance(shown(projects), Preview)
    left = shown(f"{project + 1}={value}")
    assert isinstance(left, Skipped)
    assert variable in left.why


def test_every_connector_with_a_map_is_tried() -> None:
    assert {kind for kind in connectors.REGISTRY if mapped(kind)} == {
        kind for kind in connectors.REGISTRY if kind not in ("translate", "outgoing", "nocobase")
    }
