"""Issues that a feedback carries at its creation: ABC sends no ISSUE_ADDITION for them, but tickets get one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis import Redis

import sources
from jobs.accept import Acceptor
from jobs.ledger.ledger import Ledger
from jobs.ledger.query import Query
from jobs.routing import Route, make_route
from sources.abc.events import parse
from sources.abc.models import AbcEvent
from tests.jobs.world import INSTANCE, Recorder, World
from tests.relay import Relay
from tests.web import recorded
from tools.sandbox.processes import ROOT

BODIES = {name: json.loads(request["body"]) for name, request in recorded(ROOT / "tests" / "fixtures" / "abc").items()}
ANNOUNCED = BODIES["feedback-creation-with-new-issues-3"]


def feedback_with(*issues: dict[str, Any], number: int = 17, **fields: Any) -> dict[str, Any]:
    times = {"createdAt": "2026-11-22T17:08:30.516Z", "updatedAt": "2026-11-22T17:08:30.000Z"}
    return {
        "event": "FEEDBACK_CREATION",
        "data": {
            "feedback": {"id": number, **times, **fields, "issues": list(issues)},
            "channel": {"id": 2, "name": "App reviews"},
            "project": {"id": 1, "name": "Demo project"},
        },
    }


def issue(number: int) -> dict[str, Any]:
    times = {"createdAt": "2026-11-22T17:08:29.100Z", "updatedAt": "2026-11-22T17:08:30.000Z"}
    return {"id": number, **times, "name": f"issue {number}", "description": "", "status": "INIT", "feedbackCount": 1}


def addition_of(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The event that ABC sends when the issue is attached again."""
    [added] = [found for found in body["data"]["feedback"]["issues"] if found["id"] == number]
    return {"event": "ISSUE_ADDITION", "data": {**body["data"], "addedIssue": added}}


class Kinds(World):
    """A connector that keeps tickets, and an alert; both want everything."""

    def __init__(self, redis: Redis, condition: str | None = None) -> None:
        super().__init__(redis, {"tickets": Recorder(), "alert": Recorder()})
        tickets = make_route("tickets", "ISSUE_ADDITION", condition, (), ("TICKETS_EVENTS", "TICKETS_FILTER"))
        routes = [Route("tickets", tickets.patterns, tickets.condition, tickets=True), Route("alert", ("*",))]
        self.acceptor = Acceptor(Ledger(redis, INSTANCE), routes)

    def names(self, connector: str) -> list[str]:
        """The events that a connector got, in order."""
        rows = self.records.deliveries(Query(connector=connector, limit=500)).rows
        return [str(row["event"]) for row in reversed(rows)]


def test_each_issue_is_one_addition_with_the_identity_of_a_real_one() -> None:
    event = parse(ANNOUNCED, INSTANCE)
    assert event.feedback is not None
    numbers = [found.id for found in event.feedback.issues]
    assert len(numbers) >= 1
    implied = [addition for addition, _ in sources.implied(event, INSTANCE)]
    assert [str(addition.subject) for addition in implied] == [f"abc:issue:1:{number}" for number in numbers]
    assert [a.id for a in implied] == [parse(addition_of(ANNOUNCED, number), INSTANCE).id for number in numbers]
    assert all(addition.implied and addition.name == "ISSUE_ADDITION" for addition in implied)
    assert not parse(addition_of(ANNOUNCED, numbers[0]), INSTANCE).implied


def test_a_repeat_gives_an_addition_to_no_connector_that_was_switched_on_since(redis: Redis) -> None:
    """The same for what an event implies as for the event itself: reconcile restores what should be."""
    body = feedback_with(issue(7))
    for names in (["one"], ["one", "two"]):
        routes = [Route(name, ("*",), tickets=True) for name in names]
        Acceptor(Ledger(redis, INSTANCE), routes).accept("abc", parse(body, INSTANCE), b"{}")
    rows = World(redis, {}).records.deliveries(Query(limit=500)).rows
    assert sorted((row["event"], row["connector"]) for row in rows) == [
        ("FEEDBACK_CREATION", "one"),
        ("ISSUE_ADDITION", "one"),
    ]


def test_what_is_stored_is_read_again_as_the_same_event() -> None:
    for addition, body in sources.implied(parse(ANNOUNCED, INSTANCE), INSTANCE):
        restored = sources.restore({"source": "abc", "body": body.decode()}, INSTANCE)
        assert restored is not None
        assert (restored.id, restored.name, restored.subject, restored.implied) == (
            addition.id,
            "ISSUE_ADDITION",
            addition.subject,
            True,
        )
        assert isinstance(restored, AbcEvent)
        assert restored.feedback is not None
        assert restored.channel is not None
        assert (restored.feedback.id, restored.channel.name) == (
            ANNOUNCED["data"]["feedback"]["id"],
            ANNOUNCED["data"]["channel"]["name"],
        )


@pytest.mark.parametrize("name", [name for name in BODIES if not name.startswith("feedback-creation-with")])
def test_other_events_imply_nothing(name: str) -> None:
    assert sources.implied(parse(BODIES[name], INSTANCE), INSTANCE) == []


def test_tickets_get_an_addition_for_each_issue_and_alerts_only_what_abc_sent(redis: Redis) -> None:
    world = Kinds(redis)
    world.accept(feedback_with(issue(3), issue(4)))
    assert world.names("tickets") == ["ISSUE_ADDITION", "ISSUE_ADDITION"]
    assert world.names("alert") == ["FEEDBACK_CREATION"]
    world.run()
    assert len(world.connectors["tickets"].seen) == 2
    assert len(world.connectors["alert"].seen) == 1


def test_where_nobody_keeps_tickets_nothing_is_implied(redis: Redis) -> None:
    world = World(redis, {"alert": Recorder()})
    world.accept(feedback_with(issue(3)))
    assert redis.zcard("fb:test:events") == 1


def test_a_repeat_does_nothing_twice(redis: Redis) -> None:
    world = Kinds(redis)
    first, *others = [world.accept(feedback_with(issue(3))) for _ in range(4)]
    world.run()
    assert not first.duplicate
    assert all(other.duplicate for other in others)
    assert len(world.connectors["tickets"].seen) == 1


def test_a_real_addition_of_the_same_pair_reaches_those_that_had_none(redis: Redis) -> None:
    """Whoever attaches it again: the ticket has its comment, the alert was not sent yet."""
    world = Kinds(redis)
    body = feedback_with(issue(3), message="안녕")
    world.accept(body)
    world.run()
    real = world.accept(addition_of(body, 3))
    assert not real.duplicate
    world.run()
    assert sorted(world.names("alert")) == ["FEEDBACK_CREATION", "ISSUE_ADDITION"], "stored within one millisecond"
    assert len(world.connectors["tickets"].seen) == 1
    shown = world.records.event(real.event_id)
    assert shown is not None
    assert shown["body"]["data"]["feedback"]["message"] == "안녕", "the record shows what ABC sent"
    assert world.accept(addition_of(body, 3)).duplicate
    assert world.accept(body).duplicate
    world.run()
    assert [len(one.seen) for one in world.connectors.values()] == [1, 2]


def test_an_addition_that_reconcile_found_first_reaches_alerts_when_it_is_announced(redis: Redis) -> None:
    """Its webhook may still be on its way when reconcile sees the attachment."""
    world = Kinds(redis)
    body = feedback_with(issue(3))
    [(found, stored)] = sources.implied(parse(body, INSTANCE), INSTANCE)
    assert not world.acceptor.accept("abc", found, stored, extend=True).duplicate
    assert not world.accept(addition_of(body, 3)).duplicate
    assert world.acceptor.accept("abc", found, stored, extend=True).duplicate
    assert world.accept(addition_of(body, 3)).duplicate
    assert world.names("tickets") == world.names("alert") == ["ISSUE_ADDITION"]


def test_a_feedback_that_is_announced_after_its_addition_adds_nothing(redis: Redis) -> None:
    world = Kinds(redis)
    body = feedback_with(issue(3))
    world.accept(addition_of(body, 3))
    world.accept(body)
    world.run()
    assert len(world.connectors["tickets"].seen) == 1
    assert world.names("alert") == ["ISSUE_ADDITION", "FEEDBACK_CREATION"]


def test_a_filter_sees_the_feedback_whole(redis: Redis) -> None:
    world = Kinds(redis, "feedback.rating < 3 and addedIssue.id == 3")
    world.accept(feedback_with(issue(3), issue(4), rating=1))
    world.accept(feedback_with(issue(3), number=18, rating=5))
    rows = world.records.deliveries(Query(connector="tickets")).rows
    assert sorted(row["state"] for row in rows) == ["queued", "skipped", "skipped"]


def test_a_body_full_of_issues_is_not_stored_as_many_times(redis: Redis) -> None:
    world = Kinds(redis)
    body = feedback_with(*(issue(1 + number) for number in range(5_000)), message="x" * 100_000)
    size = len(json.dumps(body).encode())
    world.accept(body)
    assert len(world.names("tickets")) == 100, "of one feedback's issues the first 100 count"
    stored = sum(redis.memory_usage(key) or 0 for key in redis.scan_iter("fb:test:*"))
    assert stored < 3 * size


def test_a_feedback_with_issues_costs_one_round_trip(redis: Redis) -> None:
    port = redis.connection_pool.connection_kwargs["port"]
    with Relay(port) as relay, Redis(port=relay.port, socket_timeout=30) as client:
        world = Kinds(client)
        world.accept(feedback_with(number=1))
        before = relay.turns
        world.accept(feedback_with(issue(3), issue(4), issue(5), number=2))
        assert relay.turns - before == 1


def test_it_counts_in_its_hour_when_it_is_announced(redis: Redis) -> None:
    """What ABC did not send is no event for people who count them."""
    world, body = Kinds(redis), feedback_with(issue(3))
    world.accept(body)
    assert world.records.hours(world.now() / 1000)[-1]["events"] == {"abc": 1}
    for _ in range(2):
        world.accept(addition_of(body, 3))
    assert world.records.hours(world.now() / 1000)[-1]["events"] == {"abc": 2}
