"""Two ways of one issue never run together; and which events of a ticket system reach the connector of its tickets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from redis import Redis

from connectors.base import LeaseLost
from jobs.configuration import configure
from jobs.delivery.context import DeliveryContext
from jobs.ledger.values import Lease
from jobs.routing import Route, plan
from sources import REGISTRY
from sources.base import Event
from tests.jobs.steps import due, leased, now_ms
from tests.jobs.world import Recorder, World, status_event

ISSUE = "abc:issue:1:7"


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder(), "other": Recorder()})


def forward(world: World, second: int = 1, connector: str = "one") -> str:
    return f"{world.accept(status_event(7, second)).event_id}.{connector}"


def test_while_a_delivery_works_on_a_second_entity_those_about_that_one_wait(world: World) -> None:
    back, there = leased(world), forward(world)
    assert world.ledger.occupy(back, ISSUE)
    assert world.ledger.lease(there, "them") == "waiting"
    assert isinstance(world.ledger.lease(there.replace(".one", ".other"), "them"), Lease)
    world.ledger.free(back, ISSUE)
    assert due(world, there) == pytest.approx(now_ms(world), abs=2000)
    assert isinstance(world.ledger.lease(there, "them"), Lease)


def test_it_does_not_work_on_an_entity_whose_delivery_runs(world: World) -> None:
    there = leased(world, forward(world))
    back = leased(world)
    assert not world.ledger.occupy(back, ISSUE)
    world.ledger.free(back, ISSUE)  # takes nothing from the one that runs
    assert not world.ledger.occupy(back, ISSUE)
    world.ledger.settle(there, "done", {}, {})
    assert world.ledger.occupy(back, ISSUE)


def test_what_a_killed_worker_occupied_is_free_when_its_lease_is_over(world: World) -> None:
    killed, there = leased(world), forward(world)
    assert world.ledger.occupy(killed, ISSUE)
    world.pass_time(16)
    assert isinstance(world.ledger.lease(there, "them"), Lease)


def test_what_a_settled_delivery_did_not_free_is_free(world: World) -> None:
    back, there = leased(world), forward(world)
    world.ledger.occupy(back, ISSUE)
    world.ledger.settle(back, "done", {}, {})
    assert isinstance(world.ledger.lease(there, "them"), Lease)


def test_a_delivery_that_another_worker_has_taken_over_occupies_nothing(world: World) -> None:
    back = leased(world)
    with pytest.raises(LeaseLost):
        world.ledger.occupy(replace(back, token="another"), ISSUE)


def test_what_a_later_attempt_occupies_is_not_freed_by_an_earlier_one(world: World) -> None:
    """Its worker was frozen: the delivery runs again, and so would one about the entity."""
    frozen, there = leased(world), forward(world)
    assert world.ledger.occupy(frozen, ISSUE)
    world.pass_time(16)
    again = world.ledger.lease(frozen.delivery_id, "again")
    assert isinstance(again, Lease)
    assert world.ledger.occupy(again, ISSUE)
    world.ledger.free(frozen, ISSUE)
    assert world.ledger.lease(there, "them") == "waiting"


def test_a_context_frees_what_it_took_also_after_a_failure(world: World) -> None:
    back, there = leased(world), forward(world)
    context = DeliveryContext(back, world.ledger, Recorder().where)
    with suppress(ZeroDivisionError), context.alone(ISSUE) as free:
        assert free
        raise ZeroDivisionError
    running = leased(world, there)
    with context.alone(ISSUE) as free:
        assert not free
    assert not world.ledger.occupy(back, ISSUE)
    world.ledger.settle(running, "done", {}, {})


def test_a_context_knows_the_last_status_that_was_announced(world: World) -> None:
    forward(world, 5)
    context = DeliveryContext(leased(world), world.ledger, Recorder().where)
    level = context.level(ISSUE, "")
    assert level is not None
    assert level.value == "ON_REVIEW"
    assert context.level("abc:issue:1:8", "") is None


# Which events


def sent(source: str, name: str) -> Event:
    event = REGISTRY[source].parse(REGISTRY[source].samples(name).request())
    assert isinstance(event, Event)
    return event


ABOUT_STATUS = {
    "jira": {"jira.issue_updated"},
    "github": {"github.issues.closed", "github.issues.reopened"},
    "gitlab": {f"gitlab.{kind}.{action}" for kind in ("issue", "confidential_issue") for action in ("close", "reopen")},
    "blue": {"blue.TODO_MOVED", "blue.TODO_DONE_STATUS_UPDATED"},
}


@pytest.mark.parametrize("source", ABOUT_STATUS)
def test_events_about_a_status_reach_the_connector_and_no_others(source: str) -> None:
    route = Route(source, ("ISSUE_*",), sources=frozenset({"abc"}), tickets=True, back=source)
    events = {name: sent(source, name) for name in REGISTRY[source].events}
    assert {name for name, event in events.items() if route.takes(event)} == ABOUT_STATUS[source]
    assert not any(replace(route, back="").takes(event) for event in events.values())
    others = [sent(other, name) for other in ABOUT_STATUS if other != source for name in REGISTRY[other].events]
    assert not any(route.takes(event) for event in others)


BASE = {
    "WEBHOOK_TOKEN": "t" * 16,
    "ABC_API_URL": "https://abc.example.com",
    "ABC_API_KEY": "k" * 20,
    "CONNECTORS": "github",
    "GITHUB_TOKEN": "token-of-the-tests",
    "GITHUB_REPO": "acme/app",
    "GITHUB_FILTER": "project.id == 1",
}


def configured(**changes: str) -> Any:
    return configure({**BASE, **changes})


def test_the_filter_is_about_events_of_abc() -> None:
    [route] = configured(GITHUB_STATUS_BACK="closed=RESOLVED").routes
    [planned] = plan(sent("github", "github.issues.closed"), [route])
    assert (planned.connector, planned.state) == ("github", "queued")
    [off] = configured().routes
    assert plan(sent("github", "github.issues.closed"), [off]) == []


def test_a_source_that_is_not_listed_is_a_note() -> None:
    notes = configured(GITHUB_STATUS_BACK="closed=RESOLVED").notes
    assert (
        "GITHUB_STATUS_BACK is set, but SOURCES does not list github: only reconcile finds the changes, later" in notes
    )
    listed = configured(GITHUB_STATUS_BACK="closed=RESOLVED", SOURCES="abc,github", GITHUB_WEBHOOK_SECRET="s" * 16)
    assert not [note for note in listed.notes if "STATUS_BACK" in note]
