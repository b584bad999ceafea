"""What operators' programs read and send: the JSON API, the signals, the metrics, over HTTP from a real web process."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from rq.suspension import resume, suspend

from connectors.base import Context, Destination, Done, Failed, Outcome, Reason, Retry, Skipped
from console.audit import Audit
from jobs.ledger.ledger import Ledger
from jobs.ledger.query import Query
from jobs.ledger.records import Records
from jobs.ledger.search import CHUNK, LOOKED_AT
from jobs.ledger.values import STATES
from jobs.replay import Replayer
from sources.base import Event
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event
from tests.web import BEARER, PASSWORD, Web, start_web
from tools.sandbox.processes import Processes, free_port, wait_for

CONNECTORS = ("jira", "slack", "translate")
Row = dict[str, Any]


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {name: Recorder() for name in CONNECTORS})


def deliveries(web: Web, query: str = "") -> list[Row]:
    reply = web.get(f"/api/deliveries?{query}")
    assert reply.status == 200
    return list(reply.json["deliveries"])


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


# Who may look


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
def test_the_scheme_may_have_any_case(web: Web, scheme: str) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-11.1; also where the body is read only with the password."""
    headers = (("Authorization", f"{scheme} {PASSWORD}"),)
    assert web.get("/api/deliveries", headers).status == 200
    sent = [*headers, ("Content-Type", "application/json")]
    reply = web.request("POST", "/api/deliveries/nothing.slack/drop", sent, b'{"reason": "none"}')
    assert reply.status == 404


@pytest.mark.parametrize("path", ["/api/deliveries", "/api/events", "/api/events/x", "/api/nothing"])
@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", ""),),
        (("Authorization", "Bearer"),),
        (("Authorization", "Bearer "),),
        (("Authorization", f"bearer {PASSWORD}x"),),
        (("Authorization", f"Bearer{PASSWORD}"),),
        (("Authorization", f"Bearer {PASSWORD} "), ("X-Other", "1")),
        (("Authorization", f"Bearer {PASSWORD}x"),),
        (("Authorization", f"Bearer {PASSWORD[:-1]}"),),
        (("Authorization", f"Basic {PASSWORD}"),),
        (("Authorization", "Bearer 비밀번호"),),
        (("Cookie", f"password={PASSWORD}"),),
    ],
    ids=lambda headers: repr(headers)[:50],
)
@pytest.mark.usefixtures("redis_url")  # without the wrong ones before it
def test_without_the_password_nothing_is_shown(web: Web, path: str, headers: Any) -> None:
    trimmed = any(value.endswith(" ") and PASSWORD in value for _, value in headers)  # HTTP drops trailing blanks
    reply = web.get(path, headers)
    if trimmed:
        assert reply.status in (200, 404)
    elif path == "/api/nothing":
        assert reply.status == 404
    else:
        assert reply.status == 401
        assert reply.json["error"].startswith("Unauthorized")


def test_without_a_password_set_there_is_no_api(processes: Processes, redis_url: str) -> None:
    web = start_web(processes, redis_url, "closed", CONSOLE_PASSWORD="")
    for headers in ((), (("Authorization", "Bearer "),), BEARER):
        for path in ("/api/deliveries", "/api/events", "/api/events/x"):
            reply = web.get(path, headers)
            assert (reply.status, reply.json) == (404, {"error": "Not Found"})
        assert web.request("POST", "/api/deliveries/x.slack/replay", headers).status == 404
    assert web.get("/healthz", ()).status == 200


# Deliveries


def test_a_row_has_all_that_is_promised(web: Web, world: World) -> None:
    accepted = world.accept(status_event(3, 1))
    world.run()
    [row] = deliveries(web, "connector=slack")
    assert row.keys() >= {
        *("id", "event_id", "event", "connector", "entity", "state", "attempts", "result", "error"),
        *("created_at", "updated_at"),
    }
    assert row["id"] == f"{accepted.event_id}.slack"
    assert (row["event_id"], row["event"]) == (accepted.event_id, "ISSUE_STATUS_CHANGE")
    assert (row["entity"], row["state"], row["attempts"]) == ("abc:issue:1:3", "done", 1)
    assert (row["result"], row["error"]) == ({"ok": True}, None)
    assert row["created_at"].endswith("Z")


def answers(_event: Event, context: Context) -> Outcome:
    """What each connector returns here: translate succeeds, jira wants another try, slack gives up."""
    connector = context.delivery_id.partition(".")[2]
    if connector == "jira":
        return Retry("Jira answered 503", "server_error")
    return Failed("Slack: channel_not_found; SLACK_CHANNEL", "config") if connector == "slack" else Done({"n": 1})


@pytest.fixture
def mixed(world: World) -> World:
    """Two feedbacks and three changes of two issues, in all kinds of states; one event still waits."""
    for recorder in world.connectors.values():
        recorder.answer = answers
    for body in (feedback_event(7), feedback_event(8), status_event(3, 1), status_event(4, 2)):
        world.accept(body)
    world.run()
    world.accept(status_event(3, 3, "ON_REVIEW", "RESOLVED"))
    return world


def test_filters(web: Web, mixed: World) -> None:
    everything = deliveries(web, "limit=500")
    assert len(everything) == 15

    def expected(**wanted: str) -> list[str]:
        return ids([row for row in everything if all(row[name] == value for name, value in wanted.items())])

    for query in (
        *({"state": state} for state in STATES),
        *({"connector": connector} for connector in (*CONNECTORS, "fax")),
        *({"event": event} for event in ("FEEDBACK_CREATION", "ISSUE_STATUS_CHANGE", "NOTHING")),
        *({"entity": entity} for entity in ("abc:issue:1:3", "abc:feedback:1:7", "abc:issue:1:99", "abc:issue:2:3")),
        {"state": "dead", "connector": "slack", "entity": "abc:issue:1:3"},
        {"state": "queued", "event": "ISSUE_STATUS_CHANGE"},
        {"connector": "slack", "event": "FEEDBACK_CREATION", "entity": "abc:feedback:1:8", "state": "dead"},
    ):
        found = ids(deliveries(web, "&".join(f"{name}={value}" for name, value in query.items())))
        assert sorted(found) == sorted(expected(**query)), query
    assert {row["state"] for row in everything} >= {"done", "dead", "retrying", "queued"}


def test_newest_first(web: Web, mixed: World) -> None:
    created = [row["created_at"] for row in deliveries(web)]
    assert created == sorted(created, reverse=True)


def test_why_and_when_are_reported(web: Web, mixed: World) -> None:
    dead = deliveries(web, "state=dead")[0]
    assert (dead["error"], dead["reason"]) == ("Slack: channel_not_found; SLACK_CHANNEL", "config")
    retrying = deliveries(web, "state=retrying")[0]
    assert retrying["error"] == "Jira answered 503"
    assert retrying["next_attempt_at"] > retrying["updated_at"]


# Pages


def walk(web: Web, query: str, between: Any = lambda: None) -> list[Row]:
    """Every page, as a script reads them."""
    rows: list[Row] = []
    cursor = ""
    for _ in range(1000):
        page = web.get(f"/api/deliveries?{query}&cursor={cursor}").json
        rows += page["deliveries"]
        if page["next"] is None:
            return rows
        cursor = page["next"]
        between()
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize("limit", [1, 4, 7, 100])
@pytest.mark.parametrize("query", ["", "state=queued", "connector=jira", "entity=abc:issue:1:3"])
def test_pages_have_every_row_once(web: Web, world: World, limit: int, query: str) -> None:
    for second in range(10):
        world.accept(status_event(3 + second % 2, second))
    whole = ids(deliveries(web, f"{query}&limit=500"))
    assert ids(walk(web, f"{query}&limit={limit}")) == whole
    assert len(whole) == len(set(whole)) > 0


@pytest.mark.parametrize("query", ["", "state=queued", "entity=abc:issue:1:3"])
def test_what_arrives_meanwhile_moves_no_row(web: Web, world: World, query: str) -> None:
    for second in range(20):
        world.accept(status_event(3, second))
    before = ids(deliveries(web, f"{query}&limit=500"))
    seconds = iter(range(20, 60))
    rows = ids(walk(web, f"{query}&limit=7", lambda: world.accept(status_event(3, next(seconds)))))
    assert rows == before


class Busy:
    """A Redis in which a new event arrives whenever a list is read."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __getattr__(self, name: str) -> Any:
        if name == "eval":
            self.world.accept(feedback_event())
        return getattr(self.world.redis, name)


def test_what_arrives_while_one_page_is_gathered_moves_no_row(world: World) -> None:
    """A page may need several reads."""
    for number in range(CHUNK + 20):
        world.accept(feedback_event(100_000 + number))
    before = ids(Records(world.redis, INSTANCE).deliveries(Query(connector="jira", limit=500))[0])
    records = Records(Busy(world), INSTANCE)  # type: ignore[arg-type]
    rows = ids(records.deliveries(Query(connector="jira", limit=500))[0])
    assert len(rows) == len(set(rows))
    assert rows[-len(before) :] == before


def test_many_events_of_one_millisecond(world: World) -> None:
    for number in range(CHUNK * 2 + 20):
        world.accept(feedback_event(200_000 + number))
    for index in ("events", "state:queued"):
        key = f"fb:{INSTANCE}:{index}"
        world.redis.zadd(key, dict.fromkeys(world.redis.zrange(key, 0, -1), 1_790_000_000_000))
    records = Records(world.redis, INSTANCE)
    for query in (Query(limit=170), Query(limit=170, state="queued")):
        rows: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page, cursor, _ = records.deliveries(replace(query, cursor=cursor))
            rows += ids(page)
        assert len(rows) == len(set(rows)) == (CHUNK * 2 + 20) * len(CONNECTORS)


def test_a_long_stretch_without_deliveries_is_no_end(web: Web, world: World) -> None:
    """Events that nothing acted on are passed over, page by page."""
    accepted = world.accept(feedback_event())
    now = int(time.time() * 1000)
    ignored = {f"{number:020x}": now + 1000 + number for number in range(LOOKED_AT + CHUNK)}
    world.redis.zadd(f"fb:{INSTANCE}:events", ignored)
    assert {row["event_id"] for row in walk(web, "limit=2")} == {accepted.event_id}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), max_size=12),
    limit=st.integers(1, 9),
    state=st.sampled_from(["", *STATES]),
    entity=st.sampled_from(["", "abc:issue:1:1", "abc:issue:1:2"]),
)
def test_any_pages_of_any_records(
    redis: Any, events: list[tuple[str, int]], limit: int, state: str, entity: str
) -> None:
    redis.flushall()
    world = World(redis, {name: Recorder(answer=answers) for name in CONNECTORS})
    for second, (what, issue) in enumerate(events):
        world.accept(status_event(issue, second))
        if what == "a":
            world.run()
    whole, cursor, _ = world.records.deliveries(Query(state=state, entity=entity, limit=500))
    assert cursor is None
    rows: list[Row] = []
    place: str | None = ""
    while place is not None:
        page, place, _ = world.records.deliveries(Query(state=state, entity=entity, limit=limit, cursor=place))
        rows += page
    assert ids(rows) == ids(whole)


# Bad queries


@pytest.mark.parametrize(
    "path",
    [
        "deliveries?state=open",
        "deliveries?state=%ff",
        "deliveries?limit=0",
        "deliveries?limit=501",
        "deliveries?limit=-1",
        "deliveries?limit=ten",
        "deliveries?limit=1e2",
        "deliveries?limit=%D9%A3",
        "deliveries?limit=999999999999",
        "deliveries?cursor=x",
        "deliveries?cursor=1-",
        "deliveries?cursor=-x",
        "deliveries?cursor=99999999999999999999-x",
        "events?limit=0",
        "events?limit=501",
        "events?state=accepted",
    ],
)
def test_a_bad_query_is_400_and_names_the_mistake(web: Web, world: World, path: str) -> None:
    reply = web.get(f"/api/{path}")
    assert reply.status == 400
    assert reply.json["error"].startswith(path.partition("?")[2].partition("=")[0])


@pytest.mark.parametrize("hostile", ["%ff", "%00", "%ED%A0%80", "..%2f..", "*", "a" * 3000, "%0d%0aX:1", "비밀"])
def test_hostile_words_find_nothing(web: Web, world: World, hostile: str) -> None:
    world.accept(feedback_event())
    hostile = hostile if hostile.isascii() else "%EB%B9%84"
    assert web.get(f"/api/events/{hostile}").status == 404
    assert web.request("POST", f"/api/deliveries/{hostile}/replay", BEARER).status == 404
    for name in ("connector", "event", "entity"):
        assert deliveries(web, f"{name}={hostile}") == []
    assert web.get(f"/api/deliveries?cursor=1-{hostile}").json == {
        "deliveries": [],
        "next": None,
        "searched_until": None,
    }


def test_another_method_is_405(web: Web) -> None:
    assert web.request("DELETE", "/api/deliveries", BEARER).status == 405
    assert web.get("/api/deliveries/x.slack/replay").status == 405


# One event


def test_an_event_is_shown_whole(web: Web, mixed: World) -> None:
    retrying = deliveries(web, "entity=abc:feedback:1:7&connector=jira")[0]
    shown = web.get(f"/api/events/{retrying['event_id']}").json
    assert shown["body"] == feedback_event(7)
    assert (shown["event"], shown["source"], shown["entity"]) == ("FEEDBACK_CREATION", "abc", "abc:feedback:1:7")
    assert (shown["state"], shown["seen"]) == ("accepted", 1)
    assert {row["connector"]: row["state"] for row in shown["deliveries"]} == {
        "translate": "done",
        "jira": "retrying",
        "slack": "dead",
    }
    [attempt] = next(row["attempts_log"] for row in shown["deliveries"] if row["connector"] == "jira")
    assert (attempt["outcome"], attempt["reason"], attempt["why"]) == ("retrying", "server_error", "Jira answered 503")


def test_events_can_be_listed(web: Web, mixed: World) -> None:
    rows = web.get("/api/events").json["events"]
    entities = ["abc:feedback:1:7", "abc:feedback:1:8", "abc:issue:1:3", "abc:issue:1:3", "abc:issue:1:4"]
    assert sorted(row["entity"] for row in rows) == entities
    times = [row["received_at"] for row in rows]
    assert times == sorted(times, reverse=True)
    assert web.get("/api/events?limit=3").json["events"] == rows[:3]
    assert "body" not in rows[0]
    assert web.get("/api/events?state=ignored").json == {"events": []}


# Replay


def replay(web: Web, delivery_id: str) -> tuple[int, str]:
    reply = web.request("POST", f"/api/deliveries/{delivery_id}/replay", BEARER)
    assert reply.json["id"] == delivery_id
    assert ("error" in reply.json) == (reply.status != 202)
    return reply.status, reply.json["state"]


def test_replay(web: Web, mixed: World) -> None:
    dead = deliveries(web, "entity=abc:feedback:1:7&connector=slack")[0]["id"]
    mixed.connectors["slack"].answer = lambda _event, _context: Done({"ts": "1"})
    assert replay(web, dead) == (202, "queued")
    assert mixed.states()[dead] == "queued"
    mixed.run()
    assert mixed.states()[dead] == "done"
    assert replay(web, dead) == (202, "queued")  # a done one too; its connector sees that it was done


def test_replay_is_refused_where_it_could_not_work(web: Web, world: World) -> None:
    id_ = f"{world.accept(feedback_event()).event_id}.slack"
    assert replay(web, "unknown.slack") == (404, "gone")
    assert replay(web, "no-dot") == (404, "gone")
    assert not isinstance(world.ledger.lease(id_, "token"), str)
    assert replay(web, id_) == (409, "running")
    world.redis.hset(f"fb:{INSTANCE}:delivery:{id_}", "v", 2)
    assert replay(web, id_) == (409, "foreign")


def test_replay_needs_the_password(web: Web, world: World) -> None:
    id_ = f"{world.accept(feedback_event()).event_id}.slack"
    assert web.request("POST", f"/api/deliveries/{id_}/replay").status == 401


def send(web: Web, path: str, body: object) -> Any:
    return web.request("POST", f"/api/{path}", BEARER, json.dumps(body).encode())


def test_what_a_filter_finds_is_replayed_and_shows_its_progress(web: Web, mixed: World) -> None:
    mixed.connectors["slack"].answer = lambda _event, _context: Done({"ts": "1"})
    reply = send(web, "replay", {"connector": "slack", "event": "FEEDBACK_CREATION", "rate": 100})
    assert (reply.status, reply.json["count"], reply.json["next"]) == (202, 2, None)
    path = f"/api/replay/{reply.json['id']}"
    assert web.get(path).json["left"] == 2
    mixed.run()
    mixed.pass_time(1)
    mixed.run_due()
    ended = {"count": 2, "done": 2, "skipped": 0, "dead": 0, "left": 0}
    assert web.get(path).json == {"id": reply.json["id"], **ended, "connector": "slack", "reason": ""}
    assert web.get("/api/replay/unknown").status == 404


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"rate": 0}, "rate"),
        ({"rate": "5"}, "rate"),
        ({"state": "open"}, "state"),
        ({"conector": "slack"}, "conector"),
        ({"cursor": "x"}, "cursor"),
        ({"since": "yesterday"}, "since"),
        ([], "body"),
        ({"id": "a:b"}, "id"),
    ],
)
def test_a_bad_replay_is_400_and_names_the_mistake(web: Web, world: World, body: object, name: str) -> None:
    """A misspelled filter must not replay everything."""
    reply = send(web, "replay", body)
    assert reply.status == 400
    assert reply.json["error"].startswith(f"{name}: ")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"rate": 5}', b'{"connector": ""}'])
def test_a_replay_without_a_filter_is_400_and_replays_nothing(web: Web, mixed: World, body: bytes) -> None:
    """A script that forgets its filter must not send every dead letter again."""
    dead = len(deliveries(web, "state=dead"))
    reply = web.request("POST", "/api/replay", BEARER, body)
    assert reply.status == 400
    assert reply.json["error"] == 'body: needs at least one filter; {"state": "dead"} sends every dead letter again'
    assert len(deliveries(web, "state=dead")) == dead > 0
    assert send(web, "replay", {"state": "dead"}).json["count"] == dead


def test_a_dead_letter_is_dropped_with_a_reason(web: Web, mixed: World) -> None:
    [dead, *_] = deliveries(web, "state=dead&connector=slack")
    reply = send(web, f"deliveries/{dead['id']}/drop", {"reason": "the channel is closed"})
    assert (reply.status, reply.json) == (200, {"id": dead["id"], "state": "skipped"})
    [row] = deliveries(web, "state=skipped")
    assert (row["id"], row["error"]) == (dead["id"], "dropped: the channel is closed")
    again = send(web, f"deliveries/{dead['id']}/drop", {"reason": "x"})
    assert (again.status, again.json["state"]) == (409, "finished")
    assert "nothing to drop" in again.json["error"]
    assert send(web, "deliveries/unknown.slack/drop", {"reason": "x"}).status == 404


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": 1}, {"reason": "x" * 401}])
def test_without_a_reason_nothing_is_dropped(web: Web, mixed: World, body: object) -> None:
    [dead, *_] = deliveries(web, "state=dead&connector=slack")
    reply = send(web, f"deliveries/{dead['id']}/drop", body)
    assert reply.status == 400
    assert reply.json["error"].startswith("reason: ")
    assert mixed.states()[dead["id"]] == "dead"


def test_changes_are_in_the_audit_and_need_the_password(web: Web, mixed: World) -> None:
    [dead, *_] = deliveries(web, "state=dead&connector=slack")
    for path in (f"deliveries/{dead['id']}/drop", f"deliveries/{dead['id']}/replay", "replay"):
        assert web.request("POST", f"/api/{path}", (), b'{"reason": "x"}').status == 401
    send(web, "replay", {"connector": "jira", "rate": 2})
    send(web, f"deliveries/{dead['id']}/drop", {"reason": "why"})
    send(web, "connectors/slack/resume", {})
    found = [(entry.who, entry.what, entry.about) for entry in Audit(mixed.redis, INSTANCE).entries()]
    assert found == [
        ("api", "resume", "slack"),
        ("api", "drop", f"{dead['id']}: why"),
        ("api", "replay", "state=dead connector=jira rate=2"),
    ]


def test_a_group_of_dead_letters_is_dropped(web: Web, mixed: World) -> None:
    reply = send(web, "dead/drop", {"connector": "slack", "reason": "config", "why": "the channel is closed"})
    assert (reply.status, reply.json) == (200, {"count": 4, "next": None})
    assert {row["error"] for row in deliveries(web, "state=skipped")} == {"dropped: the channel is closed"}
    [entry] = Audit(mixed.redis, INSTANCE).entries()
    assert (entry.what, entry.about) == ("drop_group", "slack config: the channel is closed")
    for body in ({"connector": "slack", "why": "x"}, {"connector": "slack", "reason": "config", "why": " "}):
        assert send(web, "dead/drop", body).status == 400


# Groups, states and hours


def test_dead_letters_are_grouped_with_advice(web: Web, mixed: World) -> None:
    reply = web.get("/api/dead").json
    [group] = reply["groups"]
    assert (group["connector"], group["reason"], group["count"]) == ("slack", "config", 4)
    assert group["error"] == "Slack: channel_not_found; SLACK_CHANNEL"
    assert "flask check" in group["advice"]
    assert reply["next"] is None
    assert web.get("/api/dead?connector=jira").json == {"groups": [], "next": None}
    assert web.get("/api/dead?cursor=x").status == 400


def test_connectors_show_their_state(web: Web, mixed: World) -> None:
    [row] = web.get("/api/connectors").json["connectors"]
    assert (row["name"], row["state"]) == ("slack", "misconfigured")
    assert row["last_error"]["error"] == "Slack: channel_not_found; SLACK_CHANNEL"


def test_hours_show_what_happened(web: Web, mixed: World) -> None:
    hours = web.get("/api/hours?since=2h").json["hours"]
    assert len(hours) == 3
    assert hours[-1]["events"] == {"abc": 5} or hours[-2]["events"]
    assert len(web.get("/api/hours").json["hours"]) == 25
    assert web.get("/api/hours?since=x").json["error"].startswith("since: ")


# Connectors that have stopped


def stop(web: Web, world: World) -> str:
    """Slack is answered 410, and another delivery waits: its id."""
    world.connectors["slack"].where = Destination("slack #feedback")
    world.connectors["slack"].answer = lambda _event, _context: Failed("Slack wants nothing more", "gone")
    world.accept(feedback_event())
    world.run()
    waiting = world.accept(feedback_event())
    world.run()
    return f"{waiting.event_id}.slack"


def test_a_stopped_connector_is_shown_and_started_again(web: Web, world: World) -> None:
    waiting = stop(web, world)
    [row] = deliveries(web, "state=retrying&connector=slack")
    assert (row["id"], row["reason"]) == (waiting, "stopped")
    world.tick()
    ready(web, "degraded", "slack has stopped", slack="stopped")
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_stopped", (("connector", "slack"),)] == 1
    for resumed in (True, False):
        reply = web.request("POST", "/api/connectors/slack/resume", BEARER)
        assert (reply.status, reply.json) == (200, {"name": "slack", "resumed": resumed})
    world.connectors["slack"].answer = lambda _event, _context: Done()
    world.run_due()
    assert world.states()[waiting] == "done"
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_stopped", (("connector", "slack"),)] == 0


def test_only_a_connector_that_is_on_or_has_stopped_is_started_again(web: Web, world: World) -> None:
    reply = web.request("POST", "/api/connectors/pager/resume", BEARER)
    assert (reply.status, reply.json) == (404, {"error": "CONNECTORS names no such connector"})
    assert web.request("POST", "/api/connectors/slack/resume").status == 401


# Signals


def ready(web: Web, wanted: str, *because: str, **states: str) -> dict[str, Any]:
    """The answer of /readyz, as soon as it has the wanted status, reasons that hold these texts, and these states (an
    answer is given again for a second)."""

    def look() -> dict[str, Any] | None:
        reply = web.get("/readyz", ())
        found: dict[str, Any] = reply.json
        assert found.keys() == {"status", "reasons", "workers", "sources", "connectors"}
        assert reply.status == {"ok": 200, "degraded": 200, "unavailable": 503}[found["status"]]
        assert bool(found["reasons"]) == (found["status"] != "ok")
        here = states.items() <= {**found["sources"], **found["connectors"]}.items()
        explained = all(any(text in reason for reason in found["reasons"]) for text in because)
        return found if found["status"] == wanted and here and explained else None

    return wait_for(f"/readyz to be {wanted} {because} {states}", look, 10)


def test_ready_when_redis_answers_and_a_worker_lives(web: Web, world: World) -> None:
    assert len(ready(web, "unavailable", "no worker is alive")["reasons"]) == 1
    world.tick()
    assert ready(web, "ok")["workers"] == 1
    world.ledger.leave("worker")
    assert len(ready(web, "unavailable", "no worker is alive")["reasons"]) == 1


def test_degraded_while_slots_of_a_worker_hang(web: Web, world: World) -> None:
    world.tick()
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_hung_slots", ()] == 0
    world.redis.hset(f"fb:{INSTANCE}:hung", mapping={"worker": 3, "one that was killed": 5})
    ready(web, "degraded", "3 slots of the workers hang")
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_hung_slots", ()] == 3


def test_degraded_when_redis_may_throw_events_away(web: Web, world: World) -> None:
    """Webhooks are stored all the same: taking the service out of a load balancer would lose them for certain."""
    world.tick()
    world.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        [reason] = ready(web, "degraded", "allkeys-lru")["reasons"]
        assert "noeviction" in reason
    finally:
        world.redis.config_set("maxmemory", 0)
        world.redis.config_set("maxmemory-policy", "noeviction")
    world.tick()
    ready(web, "ok")


def test_degraded_while_the_workers_are_suspended(web: Web, world: World) -> None:
    suspend(world.redis)
    world.tick()
    ready(web, "degraded", "rq resume")
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_suspended", ()] == 1
    resume(world.redis)
    world.tick()
    ready(web, "ok")
    assert samples(web.get("/metrics", ()).body)["feedback_bridge_suspended", ()] == 0


@pytest.fixture(scope="module")
def asking(processes: Processes, valkey_url: str) -> Web:
    """With the API of ABC User Feedback, and two connectors."""
    abc = {"ABC_API_URL": "https://abc.example.com", "ABC_API_KEY": "0123456789ABCDEF0123"}
    jira = {"JIRA_URL": "https://jira.example.com", "JIRA_PAT": "a-token", "JIRA_PROJECT": "PROJ"}
    return start_web(processes, valkey_url, "asking", BRIDGE_INSTANCE=INSTANCE, CONNECTORS="jira,slack", **abc, **jira)


def tried(redis: Redis, outcome: Outcome) -> World:
    """A world in which a delivery of `jira` had this outcome."""
    there = Destination("jira")
    recorder = Recorder(answer=lambda _event, _context: outcome, where=there)
    world = World(redis, {"jira": recorder}, {"jira": "abc"})
    world.accept(status_event(3, 1))
    world.run()
    world.tick()
    return world


@pytest.mark.parametrize(
    ("outcome", "sources", "connectors"),
    [
        (Done(), {"abc": "ok"}, {"jira": "ok", "slack": "unknown"}),
        (Failed("401", "auth"), {"abc": "unknown"}, {"jira": "refused", "slack": "unknown"}),
        (Failed("403", "auth", at_source=True), {"abc": "refused"}, {"jira": "unknown", "slack": "unknown"}),
        (Failed("402", "quota"), {"abc": "unknown"}, {"jira": "down", "slack": "unknown"}),
        (Failed("400", "client_error"), {"abc": "unknown"}, {"jira": "ok", "slack": "unknown"}),
        (Retry("503", "server_error"), {"abc": "unknown"}, {"jira": "unknown", "slack": "unknown"}),
        (Skipped("nothing to do"), {"abc": "unknown"}, {"jira": "unknown", "slack": "unknown"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_state_of_each_source_and_connector(
    asking: Web, redis: Redis, outcome: Outcome, sources: dict[str, str], connectors: dict[str, str]
) -> None:
    tried(redis, outcome)
    bad = {"refused", "down"} & {*sources.values(), *connectors.values()}

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = asking.get("/readyz", ()).json
        return found if (found["sources"], found["connectors"]) == (sources, connectors) else None

    found = wait_for("the states", look, 10)
    assert found["status"] == ("degraded" if bad else "ok")
    assert len(found["reasons"]) == len(bad)


def test_degraded_while_abc_is_down(asking: Web, redis: Redis) -> None:
    world = tried(redis, Retry("no answer", "timeout", at_source=True))
    for second in range(2, 7):
        world.accept(status_event(10 + second, second))
        world.run()
    world.tick()
    ready(asking, "degraded", "abc is not available", abc="down")


def test_refused_credentials_are_forgotten_after_a_success(asking: Web, redis: Redis) -> None:
    world = tried(redis, Failed("401", "auth"))
    ready(asking, "degraded", "jira refuses our credentials", jira="refused")
    world.connectors["jira"].answer = lambda _event, _context: Done()
    world.accept(status_event(4, 5))
    world.run()
    world.tick()
    ready(asking, "ok", jira="ok")


def test_refused_credentials_are_forgotten_after_a_check(asking: Web, redis: Redis) -> None:
    world = tried(redis, Failed("401", "auth", at_source=True))
    ready(asking, "degraded", "abc refuses our credentials", abc="refused")
    Replayer(Ledger(redis, INSTANCE)).heal("abc")
    world.tick()
    ready(asking, "ok", abc="ok")


def test_signals_without_redis(processes: Processes) -> None:
    web = start_web(processes, f"redis://:tell-nobody@127.0.0.1:{free_port()}/0", "cut off")
    assert web.get("/healthz", ()).json == {"status": "ok"}
    assert len(ready(web, "unavailable", "REDIS_URL")["reasons"]) == 1
    reply = web.get("/metrics", ())
    assert reply.status == 200
    assert samples(reply.body) == {("feedback_bridge_redis_up", ()): 0.0}
    reply = web.get("/api/deliveries")
    assert reply.status == 503
    assert reply.json["error"].startswith("Redis does not answer (ConnectionError)")
    assert "tell-nobody" not in web.log()


# Metrics


def samples(text: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_metrics_are_there_from_the_start(web: Web, world: World) -> None:
    """At zero, so that the first failure shows as a rise; no token is needed, and nothing personal is in them."""
    reply = web.get("/metrics", ())
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = samples(reply.body)
    assert found["feedback_bridge_redis_up", ()] == 1
    assert found["feedback_bridge_workers", ()] == 0
    assert found["feedback_bridge_oldest_queued_seconds", ()] == 0
    for state in STATES:
        assert found["feedback_bridge_deliveries", (("state", state),)] == 0
    for event in ("FEEDBACK_CREATION", "ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION"):
        for outcome, reason in (("done", ""), ("skipped", ""), ("dead", "auth"), ("retrying", "network")):
            assert attempts(found, "slack", event, outcome, reason) == 0
    assert not any(("event", "") in labels for _, labels in found)
    assert found["feedback_bridge_attempt_seconds_count", (("connector", "slack"),)] == 0


def attempts(found: Any, connector: str, event: str, outcome: str, reason: str, system: str = "") -> float | None:
    labels = {"connector": connector, "event": event, "outcome": outcome, "reason": reason}
    labels["system"] = system or connector
    value: float | None = found.get(("feedback_bridge_attempts_total", tuple(sorted(labels.items()))))
    return value


def test_no_series_appears_with_its_first_failure(asking: Web, redis: Redis) -> None:
    """`increase()` does not see the first value of a series: whatever can happen is there at zero before."""
    before = samples(asking.get("/metrics", ()).body)
    names = {key for key in before if key[0] == "feedback_bridge_attempts_total"}
    assert attempts(before, "jira", "ISSUE_CREATION", "dead", "auth") == 0
    assert attempts(before, "jira", "ISSUE_CREATION", "dead", "auth", "abc") == 0
    assert attempts(before, "jira", "FEEDBACK_CREATION", "dead", "auth") is None  # jira does not act on it
    assert attempts(before, "slack", "ISSUE_CREATION", "dead", "auth", "abc") is None  # slack does not ask ABC
    for reason in get_args(Reason):
        for at_source in (False, True):
            tried(redis, Failed("no", reason, at_source))
    after = samples(asking.get("/metrics", ()).body)
    assert {key for key in after if key[0] == "feedback_bridge_attempts_total"} == names


def test_failures_of_abc_are_counted_as_its_own(asking: Web, redis: Redis) -> None:
    tried(redis, Retry("no answer", "network", at_source=True))
    found = samples(asking.get("/metrics", ()).body)
    assert attempts(found, "jira", "ISSUE_STATUS_CHANGE", "retrying", "network", "abc") == 1
    assert attempts(found, "jira", "ISSUE_STATUS_CHANGE", "retrying", "network") == 0


def test_counters_of_an_earlier_version_are_shown(web: Web, redis: Redis) -> None:
    redis.hset(f"fb:{INSTANCE}:counts", "attempts|slack|ISSUE_CREATION|dead|auth", 3)
    assert attempts(samples(web.get("/metrics", ()).body), "slack", "ISSUE_CREATION", "dead", "auth") == 3


def test_metrics_count_what_happens(web: Web, mixed: World) -> None:
    mixed.tick()
    found = samples(web.get("/metrics", ()).body)
    assert found["feedback_bridge_workers", ()] == 1
    assert found["feedback_bridge_deliveries", (("state", "done"),)] == 4
    assert attempts(found, "slack", "FEEDBACK_CREATION", "dead", "config") == 2
    assert found["feedback_bridge_attempt_seconds_count", (("connector", "slack"),)] == 4
    le = ("le", "+Inf")
    assert found["feedback_bridge_attempt_seconds_bucket", (("connector", "slack"), le)] == 4
    assert 0 < found["feedback_bridge_oldest_queued_seconds", ()] < 60
