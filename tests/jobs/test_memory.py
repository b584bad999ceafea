"""What the ledger keeps is bounded: by the size of each field, and by retention."""

from __future__ import annotations

import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from bridge.redaction import Redactor
from connectors.base import Context, Destination, Done, Failed, LeaseLost, Outcome, Retry, Skipped
from jobs.delivery.attempts import fields_of
from jobs.delivery.clock import Pulse
from jobs.delivery.crew import Crew
from jobs.delivery.schedule import Transition
from jobs.delivery.slots import Slots
from jobs.ledger.bounds import TooLarge, result_text
from jobs.ledger.links import RedisLinks
from jobs.ledger.values import Lease
from jobs.reconcile.checkpoints import Checkpoints
from jobs.replay import Replayer
from jobs.worker import ThreadWorker
from sources.abc.models import Issue, subject_of
from sources.base import Event, Level, Unread
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event
from tools.sandbox.processes import wait_for

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
DAY = 86_400
EVENTS = 300


@pytest.fixture
def world(redis: Redis) -> World:
    connectors = {
        name: Recorder(where=Destination(f"{name} #a", per_second=1000, burst=100)) for name in ("one", "two")
    }
    return World(redis, connectors, {"one": "abc"})


def documented(until: str) -> set[str]:
    """The keys of docs/architecture.md that live so long, as patterns."""
    rows = [
        line.strip("| ").split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"
    ]
    kept = [row[0] for row in rows if len(row) == 4 and row[3] == until]
    names = {name for cell in kept for name in re.findall(r"`([^`]+)`", cell)}
    return {re.sub(r"<[^>]+>", ".+", re.escape(name).replace("\\ ", " ")) for name in names}


def outcomes() -> Callable[[Event, Context], Outcome]:
    """Every kind of outcome in turn, with notes, items and links."""
    turns: Iterator[Outcome] = itertools.cycle(
        [
            Done({"key": "P-1", "ts": "1.2"}),
            Skipped("there is no text"),
            Retry("503", "server_error"),
            Retry("429", "rate_limited", 2),
            Failed("401", "auth"),
            Failed("deleted", "not_found", at_source=True),
            Retry("ABC: refused", "network", at_source=True),
            Done(),
        ]
    )

    def answer(event: Event, context: Context) -> Outcome:
        context.keep(paid="x" * 200)
        context.add("parts", {"a": "y" * 200})
        context.links.of("one").set(str(event.subject), "", key="P-1")
        return next(turns)

    return answer


def a_day(world: World) -> None:
    """Varied events over a day, with failures, outages, replays, repeats and what can't be read."""
    for number in range(EVENTS):
        kind = number % 6
        if kind == 4:
            world.acceptor.accept("abc", Unread(f"{number:020x}", "unreadable", "no id", "X" * 5000), b'{"event":"X"}')
            continue
        body = feedback_event() if kind < 2 else status_event(number % 40 + 1, number % 60, "INIT", f"S{number}")
        announced = world.accept(body)
        if kind == 5:
            world.accept(body)
        if number % 7 == 0:
            world.run()
            world.pass_time(DAY / EVENTS * 7)
            world.run_due()
        if number % 50 == 0:
            Replayer(world.ledger).replay(f"{announced.event_id}.one")
    world.connectors["one"].answer = world.connectors["two"].answer = lambda _e, _c: Done()
    for _ in range(40):
        world.pass_time(4000)
        world.run_due()


def test_after_retention_nothing_is_left_but_what_is_documented(world: World) -> None:
    for recorder in world.connectors.values():
        recorder.answer = outcomes()
    a_day(world)
    assert set(world.states().values()) <= {"done", "skipped", "dead"}
    everything = set(world.redis.scan_iter(f"{world.ledger.prefix}*"))
    assert len(everything) > EVENTS

    world.pass_time(31 * DAY)
    world.redis.delete(*world.redis.scan_iter(f"{world.ledger.prefix}b[ru][ec]*"))  # breakers and buckets: they expire
    for _ in range(50):  # each time a part
        world.tick()
    left = {key.decode().removeprefix(world.ledger.prefix) for key in world.redis.scan_iter(f"{world.ledger.prefix}*")}
    times = ("for good", "8 days", "7 days", "a minute", "a second", "its next turn")
    allowed = set().union(*(documented(until) for until in times))
    assert {name for name in left if not any(re.fullmatch(pattern, name) for pattern in allowed)} == set()
    links = [name for name in left if name.startswith("link:")]
    assert len(links) <= EVENTS, "one for each entity"


def test_an_event_costs_a_bounded_number_of_keys_and_bytes(world: World) -> None:
    """Twice as many events take twice as much, and each only a few kilobytes above its body."""

    def measured() -> tuple[int, int]:
        keys = list(world.redis.scan_iter(f"{world.ledger.prefix}*"))
        return len(keys), sum(world.redis.memory_usage(key, samples=0) or 0 for key in keys)

    for recorder in world.connectors.values():
        recorder.answer = lambda _event, context: context.keep(note="x" * 100) or Done({"key": "P-1"})  # type: ignore[func-returns-value]
    sizes = []
    for _ in range(3):
        for _ in range(100):
            world.accept(feedback_event())
        world.run()
        sizes.append(measured())
    for before, after in itertools.pairwise(sizes):
        keys, size = after[0] - before[0], after[1] - before[1]
        assert keys <= 100 * 4, "the event, its two deliveries, the index of its entity"
        assert size / 100 < 8192


def test_unfinished_deliveries_are_never_forgotten(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Failed("used up", "quota")
    announced = world.accept(feedback_event())
    world.run()
    later = world.accept(feedback_event())  # queued, in a Redis that nobody looks at
    for key in (f"state:{state}" for state in ("queued", "retrying")):
        for id_ in world.redis.zrange(f"{world.ledger.prefix}{key}", 0, -1):
            world.redis.zadd(f"{world.ledger.prefix}{key}", {id_: 1})
    world.pass_time(400 * DAY)
    while world.ledger.forget(30):
        pass
    assert world.state(announced, "one") == "retrying"
    assert world.state(later, "two") == "queued"
    assert world.records.event(announced.event_id) is not None, "an event stays with its last delivery"
    assert f"{announced.event_id}.two" not in world.states()


@pytest.mark.parametrize("state", ["ignored", "unreadable"])
def test_events_that_nothing_acted_on_are_forgotten_after_their_time(world: World, state: Any) -> None:
    world.acceptor.accept("abc", Unread("ab" * 10, state, "why", "X"), b"{}")
    for days, kept in ((29, True), (2, False)):
        world.pass_time(days * DAY)
        world.ledger.forget(30)
        assert (world.records.event("ab" * 10) is not None) == kept
        assert bool(world.records.events(state)) == kept


def test_the_last_status_of_an_issue_is_forgotten_when_no_event_came_for_so_long(world: World) -> None:
    """However it became known: from an event, or noted by reconcile. What counts is when, not since when it is so."""
    checkpoints, statuses = Checkpoints(world.redis, INSTANCE, (), 3600), f"{world.ledger.prefix}levels"
    for issue in range(1, 151):  # more than one part
        world.accept(status_event(issue, 1))
    noted = Issue(id=151, createdAt="2024-01-01T00:00:00Z", status="RESOLVED")
    subject = subject_of(1, noted)
    checkpoints.note_level(subject, noted.creation, Level("RESOLVED", 1.0))
    world.pass_time(29 * DAY)
    for issue in range(1, 51):
        world.accept(status_event(issue, 2, "ON_REVIEW", "RESOLVED"))
    while world.ledger.forget(30):
        pass
    assert world.redis.hlen(statuses) == 151 * 2
    world.pass_time(2 * DAY)
    while world.ledger.forget(30):
        pass
    fields = {name.decode().partition("|")[0] for name in world.redis.hkeys(statuses)}
    assert fields == {f"abc:issue:1:{number}" for number in range(1, 51)}
    assert checkpoints.level(subject, noted.creation) is None


def test_the_ledger_does_not_claim_to_remember_longer_than_retention(world: World) -> None:
    """What is older than that was forgotten, or is about to be: nobody may conclude that it never happened."""
    checkpoints = Checkpoints(world.redis, INSTANCE, (), 3600)
    now = world.redis.time()[0]
    for age, remembered in ((400, 30), (10, 10)):
        world.redis.set(f"{world.ledger.prefix}born", (now - age * DAY) * 1000)
        world.ledger.forget(30)
        since = pytest.approx(now - remembered * DAY, abs=60)
        assert checkpoints.born() == since
        assert lease_of(world).born == since


# Each field


def lease_of(world: World) -> Lease:
    lease = world.ledger.lease(f"{world.accept(feedback_event()).event_id}.one", "me")
    assert isinstance(lease, Lease)
    return lease


def test_notes_have_a_bound_of_one_mebibyte(world: World) -> None:
    lease = lease_of(world)
    world.ledger.keep(lease, {"text": "x" * 1_048_000})
    with pytest.raises(TooLarge, match="1048576"):
        world.ledger.keep(lease, {"text": "x" * 1_048_576})
    for number in range(10):
        world.ledger.add(lease, "parts", {f"{number}": "x" * 100_000})
    with pytest.raises(TooLarge, match="1048576"):
        world.ledger.add(lease, "parts", {"more": "x" * 100_000})
    world.ledger.add(lease, "parts", {"1": "y" * 100_000})  # instead of what was stored
    size = world.redis.memory_usage(f"{world.ledger.prefix}delivery:{lease.delivery_id}", samples=0)
    assert size < 3_000_000
    with pytest.raises(LeaseLost):
        world.ledger.add(Lease(lease.delivery_id, "one", "other", {}, {}, 0, 0), "parts", {"a": "b"})


def test_a_connector_that_keeps_too_much_fails_with_that_reason(world: World) -> None:
    world.connectors["one"].answer = lambda _e, context: context.keep(text="x" * 2_000_000) or Done()  # type: ignore[func-returns-value]
    announced = world.accept(feedback_event())
    world.run()
    event = world.records.event(announced.event_id)
    assert event is not None
    [delivery] = [row for row in event["deliveries"] if row["connector"] == "one"]
    assert (delivery["state"], delivery["reason"]) == ("retrying", "crashed")
    assert "notes of 2000012 bytes" in delivery["error"]


def test_links_have_bounds(world: World) -> None:
    links = RedisLinks(world.ledger, "")
    links.of("one").set("abc:issue:1:1", "", key="x" * 1990)
    with pytest.raises(TooLarge, match="2000"):
        links.of("one").set("abc:issue:1:1", "", key="x" * 2001)
    with pytest.raises(TooLarge, match="20 at most"):
        links.of("one").set("abc:issue:1:1", "", **{f"n{number}": "x" for number in range(21)})
    assert links.of("one").get("abc:issue:1:1", "") == {"key": "x" * 1990}


def test_names_reasons_and_statuses_are_cut(world: World) -> None:
    world.acceptor.accept("abc", Unread("ab" * 10, "unreadable", "w" * 5000, "n" * 5000), b"{}")
    event = world.records.event("ab" * 10)
    assert event is not None
    assert (len(event["event"]), len(event["why"])) == (200, 500)
    world.accept(status_event(7, 1, "INIT", "S" * 5000))
    assert world.redis.hget(f"{world.ledger.prefix}levels", "abc:issue:1:7") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_a_result_of_any_shape_is_stored_within_its_bound(result: dict[str, Any]) -> None:
    text = result_text(result, Redactor())
    assert len(text) <= 16_384
    assert isinstance(json.loads(text), dict)


def test_a_long_a_wide_and_a_deep_result_are_cut() -> None:
    deep: Any = "end"
    for _ in range(2000):
        deep = {"in": deep}
    for result in (
        {"a": "x" * 10**6},
        {str(n): n for n in range(10**5)},
        {"a": ["x" * 900] * 100},
        deep,
        {"n": 10**3000},
    ):
        assert len(result_text(result, Redactor())) <= 16_384
    assert json.loads(result_text({"key": "P-1", "n": 3, "list": [1, 2]}, Redactor())) == {
        "key": "P-1",
        "n": 3,
        "list": [1, 2],
    }


def test_a_secret_is_masked_before_a_cut_can_go_through_it(world: World) -> None:
    secret = "planted-secret-of-some-length"
    redact = Redactor([secret])
    result = result_text({"said": "x" * 990 + secret, secret: "y"}, redact)
    assert "planted" not in result
    why = "x" * 490 + secret
    fields = fields_of(lease_of(world), Transition("dead", 1, why, "auth"), 0.1, redact)
    assert len(fields["why"]) <= 500
    assert "planted" not in fields["why"]


def test_the_log_keeps_twenty_attempts(world: World) -> None:
    world.connectors["one"].answer = lambda _e, _c: Retry("429", "rate_limited", 1)
    announced = world.accept(feedback_event())
    world.run()
    for _ in range(25):
        world.pass_time(10)
        world.run_due()
    event = world.records.event(announced.event_id)
    assert event is not None
    [delivery] = [row for row in event["deliveries"] if row["connector"] == "one"]
    assert (delivery["attempts"], len(delivery["attempts_log"])) == (26, 20)


def test_rqs_own_keys_do_not_grow(world: World) -> None:
    """After a hundred events there are the worker's registration and the list of queues, and nothing else."""
    stop = threading.Event()
    crew = Crew(4, world.deliverer.deliver)
    counts = f"{world.ledger.prefix}counts"
    worker = ThreadWorker(world.queue, crew, stop, Slots(4, ["slack"]), Pulse(), counts)
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "WARNING"})
    thread.start()
    try:
        for _ in range(100):
            world.accept(feedback_event())
        wait_for("all to be done", lambda: set(world.states().values()) == {"done"})
        left = {key.decode() for key in world.redis.scan_iter("rq:*")}
        queue = world.queue.name
        assert left <= {"rq:queues", "rq:workers", f"rq:workers:{queue}", f"rq:worker:{worker.name}"}
        assert 0 < world.redis.ttl(f"rq:worker:{worker.name}") <= 120
    finally:
        stop.set()
        thread.join(20)
        crew.finish(20)
