"""What one round trip stores of an event: every field and index, of a new event and of one that is known."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from jobs.accept import Acceptor
from jobs.ledger.values import Planned
from jobs.routing import Route
from sources.abc.events import parse
from sources.base import Event, Unread
from tests.jobs.steps import due, fields, key_of, members, now_ms
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder(), "two": Recorder()})


def acceptor(world: World, *connectors: str) -> Acceptor:
    return Acceptor(world.ledger, [Route(name, ("*",)) for name in connectors])


def accept(world: World, body: dict[str, Any], *connectors: str, **options: Any) -> str:
    return acceptor(world, *connectors).accept("abc", parse(body, INSTANCE), b"{}", **options).event_id


def change(issue: int, updated: str, status: str, created: str = "2026-11-22T16:00:00.000Z") -> dict[str, Any]:
    """A change of status on 22 November 2026 at 17:00 and so many seconds."""
    body = status_event(issue, 0, "INIT", status)
    body["data"]["issue"] |= {"updatedAt": f"2026-11-22T17:00:{updated}Z", "createdAt": created}
    return body


def creation(issue: int, status: str) -> dict[str, Any]:
    body = change(issue, "59.000", status)
    del body["data"]["previousStatus"]
    return {**body, "event": "ISSUE_CREATION"}


def status(world: World, issue: int = 7) -> str:
    """What is known of an issue: seconds of 17:00 with milliseconds, and the status."""
    at, _, name = fields(world, "levels").get(f"abc:issue:1:{issue}", "||").split("|")
    return f"{int(at) / 1000 % 60:.3f} {name}" if at else ""


def test_a_new_event_has_every_field_and_index(world: World) -> None:
    id_ = accept(world, feedback_event(5), "one", "two")
    event = fields(world, f"event:{id_}")
    assert (event["v"], event["seen"], event["left"], event["connectors"]) == ("1", "1", "2", "one,two")
    assert (event["state"], event["name"], event["source"]) == ("accepted", "FEEDBACK_CREATION", "abc")
    assert int(event["received"]) == pytest.approx(now_ms(world), abs=5000)
    for index in ("events", f"entity:{event['entity']}"):
        assert members(world, index) == [id_]
        assert world.redis.zscore(key_of(world, index), id_) == int(event["received"])
    assert not world.redis.exists(key_of(world, "events:accepted"))
    assert world.redis.smembers(key_of(world, "positions")) == {b"abc:1:", b"abc:1:1"}


def test_a_new_delivery_has_every_field_and_index(world: World) -> None:
    body = feedback_event(5)
    id_ = f"{accept(world, body, 'one')}.one"
    delivery = fields(world, f"delivery:{id_}")
    numbers = ("v", "state", "attempts", "position", "why")
    assert [delivery[name] for name in numbers] == ["1", "queued", "0", "0", ""]
    for name in ("created", "updated", "handed"):
        assert int(delivery[name]) == pytest.approx(now_ms(world), abs=5000), name
    event = parse(body, INSTANCE)
    assert isinstance(event, Event)
    assert 0 < float(delivery["order"]) - event.order * 1000 < 1
    assert members(world, "state:queued") == members(world, f"line:one:{delivery['entity']}") == [id_]
    assert world.redis.zscore(key_of(world, f"line:one:{delivery['entity']}"), id_) == float(delivery["order"])
    assert due(world, id_) == pytest.approx(now_ms(world) + 10_000, abs=5000)


def test_what_is_needed_to_read_an_event_again_is_stored_with_it(world: World) -> None:
    id_ = accept(world, feedback_event(5), "one", headers={"x-event": "issue 7"})
    assert fields(world, f"event:{id_}")["headers"] == '{"x-event": "issue 7"}'
    assert "headers" not in fields(world, f"event:{accept(world, feedback_event(6), 'one')}")


def test_projects_and_channels_are_known_by_the_names_that_events_give_them(world: World) -> None:
    accept(world, feedback_event(5), "one")
    assert fields(world, "names") == {"abc:1:": "p", "abc:1:1": "c"}


def test_an_event_costs_one_round_trip_the_first_one_too(world: World) -> None:
    ours = acceptor(world, "one", "two")
    with world.redis.monitor() as monitor:
        ours.accept("abc", parse(feedback_event(5), INSTANCE), b"{}")
        world.redis.echo("the end")
        seen: list[str] = []
        while "the end" not in (command := monitor.next_command())["command"]:
            if command["client_type"] != "lua":
                seen.append(command["command"].partition(" ")[0].upper())
    sent = [name for name in seen if name not in ("HELLO", "CLIENT", "SELECT")]  # of a new connection
    assert (sent[0], sent.count("MULTI"), sent[-1]) == ("MULTI", 1, "EXEC")


def test_a_delivery_that_is_skipped_from_the_start_is_neither_due_nor_in_a_line(world: World) -> None:
    id_ = f"{accept(world, feedback_event(5), 'one', skip={'one': 'left out'})}.one"
    delivery = fields(world, f"delivery:{id_}")
    assert (delivery["state"], delivery["why"]) == ("skipped", "left out")
    assert members(world, "state:skipped") == [id_]
    assert members(world, "due") == members(world, f"line:one:{delivery['entity']}") == []


@pytest.mark.parametrize("state", ["ignored", "unreadable"])
def test_what_nothing_acts_on_is_in_the_index_of_its_state(world: World, state: Any) -> None:
    world.acceptor.accept("abc", Unread("ab" * 10, state, "why", "X"), b"{}")
    assert members(world, f"events:{state}") == members(world, "events") == ["ab" * 10]
    assert world.redis.zscore(key_of(world, f"events:{state}"), "ab" * 10) == pytest.approx(now_ms(world), abs=5000)
    assert not world.redis.exists(key_of(world, "entity:"))
    assert not world.redis.exists(key_of(world, "positions"))


def test_the_first_event_is_when_the_ledger_was_born(world: World) -> None:
    """Also when the clock has not ticked yet, since the ledger was created or wiped."""
    accept(world, feedback_event(5), "one")
    assert int(world.redis.get(key_of(world, "born"))) == pytest.approx(now_ms(world), abs=5000)
    world.redis.set(key_of(world, "born"), 5)
    accept(world, feedback_event(6), "one")
    assert world.redis.get(key_of(world, "born")) == b"5"


def test_a_repeat_is_counted_and_changes_nothing_else(world: World) -> None:
    id_ = accept(world, feedback_event(5), "one")
    before = fields(world, f"event:{id_}")
    accept(world, feedback_event(5), "one", "two")
    assert fields(world, f"event:{id_}") == {**before, "seen": "2"}
    assert members(world, "state:queued") == [f"{id_}.one"]


def test_a_known_event_gets_the_deliveries_that_it_lacks(world: World) -> None:
    id_ = accept(world, feedback_event(5), "one")
    before = fields(world, f"event:{id_}")
    handed = fields(world, f"delivery:{id_}.one")
    accept(world, feedback_event(5), "one", "two", extend=True)
    assert fields(world, f"event:{id_}") == {**before, "connectors": "one,two", "left": "2"}
    assert fields(world, f"delivery:{id_}.one") == handed
    assert set(members(world, "state:queued")) == {f"{id_}.one", f"{id_}.two"}
    accept(world, feedback_event(5), "one", "two", extend=True)
    assert fields(world, f"event:{id_}") == {**before, "connectors": "one,two", "left": "2"}


def test_an_ignored_event_that_gets_a_delivery_is_ignored_no_longer(world: World) -> None:
    id_ = accept(world, feedback_event(5))
    assert members(world, "events:ignored") == [id_]
    accept(world, feedback_event(5), "one", "two", extend=True)
    event = fields(world, f"event:{id_}")
    assert (event["state"], event["connectors"], event["left"]) == ("accepted", "one,two", "2")
    assert "why" not in event
    assert members(world, "events:ignored") == []


@pytest.mark.parametrize(
    ("twice", "extend", "duplicate"), [(False, False, False), (True, False, True), (True, True, True)]
)
def test_the_answer_shows_whether_something_was_stored(
    world: World, twice: bool, extend: bool, duplicate: bool
) -> None:
    if twice:
        accept(world, feedback_event(5), "one")
    accepted = acceptor(world, "one").accept("abc", parse(feedback_event(5), INSTANCE), b"{}", extend=extend)
    assert accepted.duplicate == duplicate
    if extend:
        accepted = acceptor(world, "one", "two").accept("abc", parse(feedback_event(5), INSTANCE), b"{}", extend=True)
        assert not accepted.duplicate


def test_an_event_that_was_implied_and_is_announced_takes_the_sent_body_once(world: World) -> None:
    event = parse(feedback_event(5), INSTANCE)
    turns = (
        ("first", True, ("one",), [1]),
        ("second", True, ("one", "two"), [0, 2]),
        ("third", False, ("one", "two"), [2]),
        ("fourth", False, ("one", "two", "x"), [0, 3]),
    )
    for name, implied, connectors, expected in turns:
        sent = {"state": "accepted", "body": name, **({"implied": "1"} if implied else {})}
        with world.redis.pipeline() as pipeline:
            world.ledger.accept(event, [Planned(row) for row in connectors], sent, extend=False, on=pipeline)
            [answer] = pipeline.execute()
        assert answer == expected, name
    stored = fields(world, f"event:{event.id}")
    assert (stored["body"], stored["connectors"]) == ("third", "one,two")
    assert "implied" not in stored


def test_an_extension_by_reconcile_keeps_the_body(world: World) -> None:
    event = parse(feedback_event(5), INSTANCE)
    for name, connectors in (("first", ("one",)), ("second", ("one", "two"))):
        with world.redis.pipeline() as pipeline:
            planned = [Planned(row) for row in connectors]
            world.ledger.accept(event, planned, {"state": "accepted", "body": name}, extend=True, on=pipeline)
            pipeline.execute()
    assert fields(world, f"event:{event.id}")["body"] == "first"


# The last known status of an issue


def test_a_status_is_stored_with_its_time_its_issue_and_when_it_became_known(world: World) -> None:
    accept(world, change(7, "02.500", "ON_REVIEW"), "one")
    assert status(world) == "2.500 ON_REVIEW"
    assert fields(world, "levels").keys() == {"abc:issue:1:7", "abc:issue:1:7|created"}
    assert members(world, "levels:known") == ["abc:issue:1:7"]
    assert world.redis.zscore(key_of(world, "levels:known"), "abc:issue:1:7") == pytest.approx(now_ms(world), abs=5000)


def test_a_status_that_only_an_addition_shows_is_not_stored(world: World) -> None:
    accept(world, change(7, "02.500", "ON_REVIEW"), "one", note_level=False)
    assert fields(world, "levels") == {}


@pytest.mark.parametrize(
    ("before", "after", "newer"),
    [
        ("10.200", "10.300", True), ("10.300", "10.200", False), ("10.500", "11.2", True), ("11.2", "10.500", False),
        ("10.000", "10.900", True), ("10.900", "10.000", True), ("11.000", "10.900", False), ("10.900", "11.000", True),
        ("11.900", "11.000", True), ("12.100", "11.000", False), ("10.000", "11.900", True),
    ],
)  # fmt: skip
def test_the_later_status_counts_and_a_time_of_whole_seconds_may_be_any_of_its_second(
    world: World, before: str, after: str, newer: bool
) -> None:
    accept(world, change(7, before, "FIRST"), "one")
    accept(world, change(7, after, "SECOND"), "one")
    assert status(world) == (f"{float(after):.3f} SECOND" if newer else f"{float(before):.3f} FIRST")


def test_the_first_status_of_an_issue_never_follows_another(world: World) -> None:
    """ABC sends the creation of an issue with whatever status it has by then, and its events may come in any order."""
    accept(world, creation(7, "INIT"), "one")
    assert status(world).endswith(" INIT")
    accept(world, change(8, "01.500", "ON_REVIEW"), "one")
    accept(world, creation(8, "INIT"), "one")
    assert status(world, 8) == "1.500 ON_REVIEW"


def test_what_was_known_of_an_earlier_issue_with_the_same_id_does_not_count(world: World) -> None:
    accept(world, change(7, "30.500", "OLD"), "one")
    accept(world, change(7, "20.500", "NEW", created="2026-11-22T16:30:00.000Z"), "one")
    assert status(world) == "20.500 NEW"
    accept(world, change(7, "10.500", "LATE", created="2026-11-22T16:30:00.000Z"), "one")
    assert status(world) == "20.500 NEW"


def test_an_unknown_creation_time_contradicts_nothing(world: World) -> None:
    unknown = change(7, "30.500", "OLD")
    del unknown["data"]["issue"]["createdAt"]
    accept(world, unknown, "one")
    assert fields(world, "levels").keys() == {"abc:issue:1:7"}
    accept(world, change(7, "20.500", "EARLIER"), "one")
    assert status(world) == "30.500 OLD"


def test_arrivals_keep_their_order_within_a_millisecond(world: World) -> None:
    ids = [f"{accept(world, change(7, '02.500', f'S{number}'), 'one')}.one" for number in range(3)]
    [line] = world.redis.scan_iter(key_of(world, "line:one:*"))
    assert [id_.decode() for id_ in world.redis.zrange(line, 0, -1)] == ids
    world.redis.set(key_of(world, "arrivals"), 1500)
    body = change(8, "02.500", "X")
    later, event = f"{accept(world, body, 'one')}.one", parse(body, INSTANCE)
    assert isinstance(event, Event)
    assert float(fields(world, f"delivery:{later}")["order"]) - event.order * 1000 == pytest.approx(0.501, abs=0.0005)
