"""Finding deliveries: every filter, every page once, and bounded work for each answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.base import Context, Done, Failed, Outcome, Retry
from jobs.ledger.query import BadQuery, Query
from jobs.ledger.scripts import LUA
from jobs.ledger.search import CHUNK, LOOKED_AT, STEP_BYTES, Page, Search
from jobs.ledger.values import STATES
from sources.base import Event
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event

PREFIX = f"fb:{INSTANCE}:"
Row = dict[str, Any]


def answers(event: Event, context: Context) -> Outcome:
    if context.delivery_id.endswith("jira"):
        return Done({"key": "PROJ-42", "url": "https://jira.example.com/browse/PROJ-42"})
    if event.name == "FEEDBACK_CREATION":
        return Failed("Slack: channel_not_found; set SLACK_CHANNEL", "config")
    return Retry("Slack answered 503", "server_error")


@pytest.fixture
def world(redis: Any) -> World:
    return World(redis, {name: Recorder(answer=answers) for name in ("jira", "slack", "slack.mobile")})


def issue_named(name: str, issue: int = 3, project: int = 1, second: int = 1) -> Row:
    body = status_event(issue, second)
    body["data"]["issue"]["name"] = name
    body["data"]["project"]["id"] = project
    return body


def found(world: World, **words: Any) -> list[str]:
    return [row["id"] for row in world.records.deliveries(Query(**{"limit": 500, **words})).rows]


# Filters


@pytest.fixture
def mixed(world: World) -> World:
    for body in (
        feedback_event(7),
        issue_named("Login fails", 3, 1, 1),
        issue_named("Payment fails", 4, 1, 2),
        issue_named("Payment fails", 4, 2, 3),
    ):
        world.accept(body)
    world.run()
    world.accept(issue_named("Login fails again", 3, 1, 4))
    return world


def project(row: Row) -> str:
    return str(row["entity"].split(":")[2])


EQUAL = (
    *({"state": state} for state in STATES),
    {"connector": "slack"},
    {"connector": "slack.mobile"},
    {"event": "FEEDBACK_CREATION"},
    {"source": "abc"},
    {"source": "github"},
    {"entity": "abc:issue:1:3"},
    {"entity": "abc:issue:1:3", "state": "queued"},
    {"reason": "config"},
    {"reason": "server_error", "connector": "slack"},
    {"entity": "abc:issue:1:4", "state": "queued"},
    {"state": "dead", "reason": "server_error"},
    {"state": "dead", "event": "FEEDBACK_CREATION"},
    {"state": "dead", "source": "github"},
    {"state": "dead", "source": "abc", "event": "ISSUE_STATUS_CHANGE"},
    {"state": "dead", "source": "abc", "event": "FEEDBACK_CREATION"},
)
FITS: tuple[tuple[dict[str, str], Callable[[Row], bool]], ...] = (
    ({"project": "1"}, lambda row: project(row) == "1"),
    ({"project": "2"}, lambda row: project(row) == "2"),
    ({"project": "issue"}, lambda _: False),
    ({"q": "channel_NOT_found"}, lambda row: "channel_not_found" in (row["error"] or "")),
    ({"q": "slack: channel"}, lambda row: (row["error"] or "").startswith("Slack: channel")),
    ({"q": "proj-42"}, lambda row: row["result"] is not None),
    ({"q": "payment FAILS"}, lambda row: row["entity"].endswith(":4")),
    ({"q": "payment fails", "project": "2", "connector": "jira"}, lambda row: row["id"].endswith("jira")),
    ({"q": "nowhere"}, lambda _: False),
    ({"q": "payment fails", "state": "done"}, lambda row: row["state"] == "done" and row["entity"].endswith(":4")),
)


def test_each_filter_finds_what_fits_and_nothing_else(mixed: World) -> None:
    everything = mixed.records.deliveries(Query(limit=500)).rows
    assert len(everything) == 15
    assert {row["state"] for row in everything} == {"done", "dead", "retrying", "queued"}
    for words in EQUAL:
        fits = [row["id"] for row in everything if words.items() <= row.items()]
        assert sorted(found(mixed, **words)) == sorted(fits), words
    for words, fit in FITS:
        fits = [row["id"] for row in everything if fit(row) and words.get("project") in (None, project(row))]
        assert sorted(found(mixed, **words)) == sorted(fits), words


def test_a_delivery_whose_record_is_gone_is_not_shown(mixed: World) -> None:
    [first, *_] = found(mixed)
    mixed.redis.delete(f"{PREFIX}delivery:{first}")
    assert first not in found(mixed)


def test_the_id_of_an_event_finds_its_deliveries_at_once(mixed: World) -> None:
    accepted = mixed.accept(issue_named("Another", 9, 1, 9))
    for number in range(CHUNK + 5):
        mixed.accept(feedback_event(300_000 + number))
    search = Search(mixed.redis, PREFIX, patience=0)
    page = search.page(Query(event=accepted.event_id))
    assert {row["event_id"] for row in page.rows} == {accepted.event_id}
    assert len(page.rows) == 3
    assert [row["connector"] for row in search.page(Query(event=accepted.event_id, state="queued")).rows] == [
        "slack.mobile",
        "slack",
        "jira",
    ]
    assert search.page(Query(event=accepted.event_id, state="done")).rows == []


@pytest.mark.parametrize("name", ['결제 "오류"', "Größe \\ 😀", "a\tb", "100%", "%d", ".*", "[", "é"])
def test_a_text_is_found_however_its_sender_escapes_it(world: World, name: str) -> None:
    body = issue_named(name)
    for ascii_only in (True, False):
        raw = json.dumps(body, ensure_ascii=ascii_only).encode()
        world.redis.flushall()
        world.accept(body)
        [event] = world.records.events()
        world.redis.hset(f"{PREFIX}event:{event['id']}", "body", raw)
        assert len(found(world, q=name)) == 3
        assert found(world, q=name + "?") == []


def test_a_text_may_hold_what_no_text_can_hold(world: World) -> None:
    world.accept(issue_named("x"))
    assert found(world, q="\ud83d") == []
    assert found(world, connector="\ud83d", event="\x00", source="\udfff", reason="\ud83d") == []


def test_projects_that_are_names_are_found_as_people_write_them(world: World) -> None:
    accepted = world.accept(issue_named("x"))
    world.redis.hset(f"{PREFIX}delivery:{accepted.event_id}.jira", "entity", "github:issue:acme%2Fapp:7")
    world.redis.hset(f"{PREFIX}delivery:{accepted.event_id}.slack", "entity", "logto:user:acme%2Fapp")
    assert found(world, project="acme/app") == [f"{accepted.event_id}.jira"]


# Times


def at(world: World, index: str, place: int) -> float:
    return float(world.redis.zrange(PREFIX + index, place, place, withscores=True)[0][1]) / 1000


def test_since_and_until_are_about_the_arrival(world: World) -> None:
    for second in range(5):
        world.accept(issue_named("x", second=second))
        world.pass_time(10)
    whole = found(world)
    assert found(world, since=at(world, "events", 1), until=at(world, "events", 3)) == whole[3:12]
    assert found(world, since=at(world, "events", 1) + 0.0011, until=at(world, "events", 3) - 0.0011) == whole[6:9]
    assert found(world, since=at(world, "events", 4) + 1) == []
    assert found(world, until=at(world, "events", 0) - 1) == []
    assert found(world, entity="abc:issue:1:3", since=at(world, "events", 4)) == whole[:3]


def test_with_a_state_they_are_about_its_last_change(world: World) -> None:
    for issue in (1, 2, 3):
        world.accept(issue_named("x", issue))
    world.pass_time(100)
    before = world.now() / 1000
    world.run()
    assert len(found(world, state="done", since=before)) == 3
    assert found(world, state="done", until=before - 1) == []
    assert found(world, since=before) == []


# Pages


def pages(search: Search, query: Query) -> Iterator[Page]:
    for _ in range(10_000):
        page = search.page(query)
        yield page
        if page.next is None:
            return
        query = replace(query, cursor=page.next)
    raise AssertionError("the pages have no end")


def test_one_request_ends_in_time_and_the_next_goes_on(world: World) -> None:
    """With no patience each request makes one step: a filter that finds one among many comes to it, and to the end."""
    accepted = world.accept(issue_named("a needle"))
    for number in range(CHUNK * 2):
        world.accept(feedback_event(400_000 + number))
    query = Query(q="a needle", connector="jira")
    seen = list(pages(Search(world.redis, PREFIX, patience=0), query))
    assert [row["id"] for page in seen for row in page.rows] == [f"{accepted.event_id}.jira"]
    assert len(seen) == 3
    *short, end = seen
    times = [page.searched_until or "" for page in short]
    assert all(times)
    assert times == sorted(times, reverse=True)
    assert (end.next, end.searched_until) == (None, None)
    whole = Search(world.redis, PREFIX, patience=60).page(query)
    assert (len(whole.rows), whole.next) == (1, None)


def test_a_full_page_has_searched_no_further(world: World) -> None:
    for number in range(5):
        world.accept(feedback_event(500_000 + number))
    page = world.records.deliveries(Query(limit=4))
    assert page.next == f"{page.next.split('-')[0]}-{page.rows[-1]['id']}" if page.next else False
    assert page.searched_until is None


def test_one_request_looks_at_so_many_entries_at_most(world: World) -> None:
    now = int(time.time() * 1000)
    world.redis.zadd(PREFIX + "events", {f"{number:020x}": now - number for number in range(LOOKED_AT + CHUNK)})
    page = Search(world.redis, PREFIX, patience=60).page(Query())
    assert page.rows == []
    assert page.next
    assert LOOKED_AT * 0.99 < int(page.next.partition("-")[2], 16) < LOOKED_AT


def test_one_step_reads_so_many_bytes_of_bodies_at_most(world: World) -> None:
    """Bodies may be large, and Redis does nothing else while a step runs."""
    for number in range(6):
        event = world.accept(feedback_event(600_000 + number)).event_id
        world.redis.hset(f"{PREFIX}event:{event}", "body", b"x" * (STEP_BYTES // 2))
    seen = list(pages(Search(world.redis, PREFIX, patience=0), Query(q="needle")))
    assert len(seen) == 4
    assert all(page.rows == [] for page in seen)
    assert len(list(pages(Search(world.redis, PREFIX, patience=0), Query()))) == 1


def test_a_delivery_that_changes_its_state_meanwhile_is_not_shown_in_the_old_one(world: World) -> None:
    first = world.accept(feedback_event()).event_id
    second = world.accept(feedback_event()).event_id

    class Meanwhile:
        def __getattr__(self, name: str) -> Any:
            return getattr(world.redis, name)

        def eval(self, script: str, *arguments: Any) -> Any:
            if script == LUA["rows"]:
                world.redis.hset(f"{PREFIX}delivery:{first}.jira", "state", "running")
            return world.redis.eval(script, *arguments)

    page = Search(Meanwhile(), PREFIX).page(Query(state="queued", connector="jira", limit=2))
    assert [row["id"] for row in page.rows] == [f"{second}.jira"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scores=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    limit=st.integers(1, 7),
    state=st.sampled_from(["", "queued"]),
    connector=st.sampled_from(["", "slack"]),
)
def test_pages_hold_every_row_once_also_of_one_millisecond(
    redis: Any, scores: list[int], limit: int, state: str, connector: str
) -> None:
    redis.flushall()
    world = World(redis, {name: Recorder() for name in ("jira", "slack", "slack.mobile")})
    for number, score in enumerate(scores):
        event = world.accept(feedback_event(700_000 + number)).event_id
        redis.zadd(PREFIX + "events", {event: 1_790_000_000_000 + score})
        for name in world.connectors:
            redis.zadd(PREFIX + "state:queued", {f"{event}.{name}": 1_790_000_000_000 + score})
    index = "state:queued" if state else "events"
    expected = [
        f"{member.decode()}.{name}" if not state else member.decode()
        for member in redis.zrange(PREFIX + index, 0, -1, desc=True)
        for name in (["slack.mobile", "slack", "jira"] if not state else [""])
    ]
    query = Query(state=state, connector=connector, limit=limit)
    rows = [row["id"] for page in pages(Search(redis, PREFIX), query) for row in page.rows]
    assert rows == [id_ for id_ in expected if not connector or id_.endswith(f".{connector}")]


# From a request


def test_a_query_is_read_as_people_write_it() -> None:
    now = 1_790_000_000.0
    query = Query.of({"state": " dead ", "entity": "issue:1:3", "since": "36h", "limit": "7", "other": "x"}, now)
    assert query == Query(state="dead", entity="abc:issue:1:3", since=now - 36 * 3600, limit=7)
    assert Query.of({"until": "2026-11-01T00:00Z"}, now).until == 1_793_491_200
    assert Query.of({}, now) == Query()


@pytest.mark.parametrize(
    "words",
    [{"since": "yesterday"}, {"until": "9999999999d"}, {"limit": "x"}, {"limit": "٣"}, {"q": "x" * 201}],
    ids=lambda words: next(iter(words)),
)
def test_a_wrong_parameter_is_named(words: Row) -> None:
    with pytest.raises(BadQuery, match=f"^{next(iter(words))}: "):
        Query.of(words, time.time())
