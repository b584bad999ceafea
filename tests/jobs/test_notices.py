"""Events of the service itself: made once over all workers, counted right, and never one because of another."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError

from connectors.base import Destination, Done, Failed, Reason, Retry
from jobs.accept import Acceptor
from jobs.ledger.query import Query
from jobs.notices.notices import WINDOW_SECONDS, Notices, body_of, is_wanted
from jobs.routing import Route
from sources import OWN
from tests.jobs.world import Recorder, World, feedback_event

OPS = "slack.ops"


class Bench:
    """A world in which `jira` and `translate` act on ABC, and an operator's channel on the service's own events."""

    def __init__(self, redis: Any) -> None:
        self.world = World(redis, {"jira": Recorder(), "translate": Recorder(), OPS: Recorder()})
        routes = [Route("jira", ("*",), sources=frozenset({"abc"})), Route("translate", ("FEEDBACK_CREATION",))]
        self.world.acceptor = Acceptor(self.world.ledger, [*routes, Route(OPS, (f"{OWN}.*",))])
        self.notices = Notices(self.world.ledger, self.world.acceptor, "abc")
        self.look()  # from now on

    def look(self, notices: Notices | None = None) -> list[dict[str, Any]]:
        """The bodies of the events that one look makes."""
        self.world.pass_time(2)
        found = [self.world.records.event(id_) for id_ in (notices or self.notices).collect()]
        return [event["body"] for event in found if event]

    def fail(self, reason: Reason, why: str = "no", times: int = 1, connector: str = "jira") -> None:
        self.world.connectors[connector].answer = lambda _event, _context: Failed(why, reason)
        for _ in range(times):
            self.world.accept(feedback_event())
        self.world.run()

    def pass_window(self) -> None:
        self.world.pass_time(WINDOW_SECONDS)

    def events(self) -> list[str]:
        """The names of all events of the service itself, oldest first."""
        return [row["event"] for row in reversed(self.world.records.events()) if row["source"] == OWN]


@pytest.fixture
def bench(redis: Redis) -> Bench:
    return Bench(redis)


def test_dead_letters_of_one_connector_and_reason_are_one_message_in_ten_minutes(bench: Bench) -> None:
    bench.fail("client_error", "a field is missing")
    [first] = bench.look()
    assert (first["event"], first["connector"], first["reason"]) == ("dead_letter", "jira", "client_error")
    assert (first["count"], first["why"]) == (1, "a field is missing")
    bench.fail("client_error", times=3)
    bench.fail("client_error", "the newest", times=2)
    assert bench.look() == [], "within the ten minutes"
    bench.pass_window()
    [second] = bench.look()
    assert (second["count"], second["why"]) == (5, "the newest")
    bench.pass_window()
    assert bench.look() == [], "each dead letter is counted once"


def test_another_reason_and_another_connector_are_messages_of_their_own(bench: Bench) -> None:
    bench.fail("client_error")
    bench.fail("not_found")
    bench.fail("client_error", connector="translate")
    found = {(body["connector"], body["reason"]) for body in bench.look()}
    assert {("jira", "client_error"), ("jira", "not_found"), ("translate", "client_error")} <= found


@pytest.mark.parametrize("reason", ["auth", "config", "gone"])
def test_what_an_operator_set_wrong_is_a_misconfiguration_as_well(bench: Bench, reason: Reason) -> None:
    bench.fail(reason, "JIRA_API_TOKEN: expired")
    found = {body["event"]: body for body in bench.look()}
    assert found.keys() == {"dead_letter", "misconfigured"}
    assert (found["misconfigured"]["system"], found["misconfigured"]["why"]) == ("jira", "JIRA_API_TOKEN: expired")


def test_a_delivery_that_the_clock_gave_up_is_a_dead_letter_too(bench: Bench) -> None:
    """No worker settles it: its worker was lost too often."""
    accepted = bench.world.accept(feedback_event())
    id_ = f"{accepted.event_id}.jira"
    prefix = bench.world.ledger.prefix
    bench.world.redis.hset(f"{prefix}delivery:{id_}", mapping={"state": "running", "lost": 99})
    bench.world.redis.zadd(f"{prefix}due", {id_: 0})
    bench.world.tick()
    assert bench.world.states()[id_] == "dead"
    assert [body["reason"] for body in bench.look()] == ["crashed"]


def test_many_dead_letters_of_one_moment_are_all_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.notices.notices.DEAD_AT_ONCE", 3)
    bench.fail("client_error", times=10)
    dead = f"{bench.world.ledger.prefix}state:dead"
    at = bench.world.redis.zrange(dead, 0, 0, withscores=True)[0][1]
    for id_ in bench.world.redis.zrange(dead, 0, -1):
        bench.world.redis.zadd(dead, {id_: at})
    counts = []
    for _ in range(5):
        counts += [body["count"] for body in bench.look()]
        bench.pass_window()
    assert sum(counts) == 10


def test_a_dead_letter_of_an_own_event_makes_no_further_one(bench: Bench) -> None:
    bench.world.connectors[OPS].answer = lambda _event, _context: Failed("no such channel", "config")
    bench.fail("client_error")
    assert len(bench.look()) == 1
    bench.world.run()
    rows = bench.world.records.deliveries(Query(state="dead")).rows
    assert OPS in [row["connector"] for row in rows], "the message itself failed"
    bench.pass_window()
    assert bench.look() == []


def test_a_failing_message_about_the_service_opens_no_breaker(bench: Bench) -> None:
    bench.world.connectors[OPS].answer = lambda _event, _context: Retry("down", "server_error")
    reasons: tuple[Reason, ...] = ("client_error", "not_found", "auth", "config", "gone")
    for reason in reasons:
        bench.fail(reason)
    assert len(bench.look()) == 8
    bench.world.run()
    for _ in range(5):
        bench.world.pass_time(3600)
        bench.world.run_due()
    assert len(bench.world.connectors[OPS].seen) >= 5, "as many failures in a row open a breaker"
    assert bench.world.redis.smembers(f"{bench.world.ledger.prefix}breakers") == set()


def test_a_breaker_is_announced_when_it_opens_and_when_it_closes(bench: Bench) -> None:
    jira = bench.world.connectors["jira"]
    jira.where = Destination("jira FB")
    jira.answer = lambda _event, _context: Retry("down", "server_error")
    for _ in range(5):
        bench.world.accept(feedback_event())
    bench.world.run()
    [opened] = bench.look()
    assert (opened["event"], opened["destination"], opened["reason"]) == ("breaker_opened", "jira FB", "down")
    assert bench.look() == [], "once"
    jira.answer = lambda _event, _context: Done()
    bench.world.pass_time(3600)
    bench.world.run_due(3)
    [closed] = bench.look()
    assert (closed["event"], closed["destination"], closed["since"]) == ("breaker_closed", "jira FB", opened["since"])


def test_a_breaker_that_opens_again_at_once_is_not_announced_again(bench: Bench) -> None:
    breakers = f"{bench.world.ledger.prefix}breakers"
    for _ in range(5):
        bench.world.redis.sadd(breakers, "jira FB")
        bench.look()
        bench.world.redis.srem(breakers, "jira FB")
        bench.look()
    assert bench.events() == ["bridge.breaker_opened", "bridge.breaker_closed"]
    bench.world.redis.sadd(breakers, "jira FB")
    bench.pass_window()
    assert [body["event"] for body in bench.look()] == ["breaker_opened"]


def test_a_refused_key_of_the_source_is_announced_until_it_works_again(bench: Bench) -> None:
    last = f"{bench.world.ledger.prefix}last"
    bench.world.redis.hset(last, "abc", "1|refused")
    [found] = bench.look()
    assert (found["event"], found["system"], found["reason"]) == ("misconfigured", "abc", "auth")
    assert "flask check" in found["why"]
    bench.pass_window()
    assert bench.look() == []
    bench.world.redis.hset(last, "abc", "2|ok")
    bench.look()
    bench.world.redis.hset(last, "abc", "3|refused")
    assert len(bench.look()) == 1


def test_events_without_a_webhook_are_counted_once_each(bench: Bench) -> None:
    for id_ in ("e1", "e2", "e1"):
        bench.notices.miss(id_)
    [found] = bench.look()
    assert (found["event"], found["source"], found["count"]) == ("source_silent", "abc", 2)
    bench.notices.miss("e3")
    assert bench.look() == [], "at most one in ten minutes"
    bench.pass_window()
    assert [body["count"] for body in bench.look()] == [1]


class Dying:
    """An acceptor whose process is killed at a given moment."""

    def __init__(self, acceptor: Acceptor, *, after: bool) -> None:
        self._acceptor = acceptor
        self._after = after

    def accept(self, *args: Any, **kwargs: Any) -> Any:
        if self._after:
            self._acceptor.accept(*args, **kwargs)
        raise RedisError("killed")


@pytest.mark.parametrize("after", [False, True], ids=["before it is accepted", "after it is accepted"])
def test_a_worker_that_dies_in_between_loses_nothing_and_repeats_nothing(bench: Bench, after: bool) -> None:
    bench.fail("client_error")
    dying: Any = Dying(bench.world.acceptor, after=after)
    with pytest.raises(RedisError):
        bench.look(Notices(bench.world.ledger, dying, "abc"))
    bench.fail("client_error", "meanwhile")
    assert [body["count"] for body in bench.look()] == [1]
    assert bench.events() == ["bridge.dead_letter"]
    bench.pass_window()
    assert [body["count"] for body in bench.look()] == [1], "the one that died meanwhile"
    bench.world.run()
    assert len(bench.world.connectors[OPS].seen) == 2


def test_several_workers_make_each_event_once(bench: Bench) -> None:
    bench.fail("client_error", times=5)
    made: list[str] = []
    workers = [Notices(bench.world.ledger, bench.world.acceptor, "abc") for _ in range(8)]
    bench.world.pass_time(2)
    threads = [threading.Thread(target=lambda one=one: made.extend(one.collect(elect_ms=1))) for one in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert bench.events() == ["bridge.dead_letter"]
    assert [row["state"] for row in bench.world.records.deliveries(Query(connector=OPS))[0]] == ["queued"]


def test_one_worker_looks_for_all(bench: Bench) -> None:
    bench.fail("client_error")
    bench.notices.collect()
    assert bench.notices.collect() == [], "within two seconds of another one"


def test_what_died_before_anybody_wanted_to_know_is_not_announced(bench: Bench) -> None:
    bench.fail("client_error")
    bench.world.pass_time(61)
    bench.fail("crashed")
    bench.world.redis.hset(f"{bench.world.ledger.prefix}notices", "looked", 1)
    assert [body["reason"] for body in bench.look()] == ["crashed"], "a first look may come a little late"
    bench.fail("not_found")
    assert [body["reason"] for body in bench.look()] == ["not_found"]


def test_what_is_kept_does_not_grow(bench: Bench) -> None:
    reasons: tuple[Reason, ...] = ("client_error", "not_found", "crashed")
    for reason in reasons:
        bench.fail(reason)
        bench.look()
        bench.pass_window()
    bench.look()
    key = f"{bench.world.ledger.prefix}notices"
    assert {field.decode() for field in bench.world.redis.hkeys(key)} == {"position", "looked"}


@pytest.mark.parametrize(
    ("patterns", "wanted"),
    [(("ISSUE_*",), False), (("bridge.*",), True), (("*",), True), (("*", "!bridge.*"), False), (("logto.*",), False)],
    ids=["abc", "bridge", "all", "all but bridge", "logto"],
)
def test_nothing_is_looked_at_for_nobody(patterns: tuple[str, ...], wanted: bool) -> None:
    assert is_wanted([Route("slack", patterns)]) is wanted
    assert not is_wanted([Route("jira", ("*",), sources=frozenset({"abc"}))])


def test_a_body_is_the_same_each_time() -> None:
    make: Callable[[], bytes] = lambda: body_of(  # noqa: E731
        "out|1767323045678|dead_letter|slack.ops|auth", '{"count":2,"since":1767323000000,"why":"채널"}'
    )
    assert make() == make()
    assert json.loads(make()) == {
        "event": "dead_letter",
        "at": "2026-01-02T03:04:05.678Z",
        "connector": "slack.ops",
        "reason": "auth",
        "count": 2,
        "since": "2026-01-02T03:03:20.000Z",
        "why": "채널",
    }
    assert WINDOW_SECONDS == 600
