"""`POST /webhook` as documented, over real HTTP against the real web process."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.relay import Relay
from tests.web import TOKEN, Connection, Web, event, issue, recorded, start_web
from tools.sandbox.processes import ROOT, Processes, free_port, start_valkey, valkey_command, wait_for

NEW_TOKEN = "token-after-the-rotation"
MOST = 20_000
RECORDED = recorded(ROOT / "tests" / "fixtures" / "abc")
WITHIN = 1.0  # seconds in which a failure of Redis must be reported
numbers = count(1000)


def stored(redis: Any) -> list[bytes]:
    """Every key but the counters: what the receiver refused is counted, a few seconds later."""
    return [key for key in redis.scan_iter() if not key.endswith(b":counts")]


@pytest.fixture(scope="module")
def valkey_port(processes: Processes) -> int:
    port = free_port()
    start_valkey(processes, port)
    return port


@pytest.fixture(scope="module")
def relay(valkey_port: int) -> Iterator[Relay]:
    with Relay(valkey_port) as relay:
        yield relay


@pytest.fixture(scope="module")
def web(processes: Processes, relay: Relay) -> Web:
    tokens = f"{TOKEN},{NEW_TOKEN},dummy-webhook-token-0001"
    url = f"redis://127.0.0.1:{relay.port}/0"
    return start_web(processes, url, WEBHOOK_TOKEN=tokens, MAX_BODY_BYTES=str(MOST))


@pytest.fixture
def redis(valkey_port: int, web: Web) -> Iterator[Any]:
    """What the service stored; empty at the start of a test."""
    with Redis(port=valkey_port) as client:
        client.flushall()
        yield client


@pytest.fixture(scope="module")
def idle(web: Web) -> Iterator[tuple[Connection, float]]:
    """A connection that is used once and then left alone, since when."""
    with web.connected() as connection:
        assert connection.request("GET", "/healthz", [("Host", "receiver.test")]).status == 200
        yield connection, time.monotonic()


def stored_bodies(redis: Any) -> list[bytes]:
    return [redis.hget(key, "body") for key in redis.keys("fb:default:event:*")]


# Accepted


def test_answered_200_is_stored_whole(web: Web, redis: Any) -> None:
    """Event, delivery and RQ job are in Redis when the answer arrives."""
    body = event()
    reply = web.post(body)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    id_ = reply.json["event_id"]
    assert reply.json == {"success": True, "event_id": id_}
    assert redis.hget(f"fb:default:event:{id_}", "body") == body
    assert redis.hget(f"fb:default:delivery:{id_}.slack", "state") == b"queued"
    [job] = redis.lrange("rq:queue:feedback-bridge-default", 0, -1)
    assert f"{id_}.slack" in redis.hget(b"rq:job:" + job, "description").decode()


def test_a_repeat_is_reported_and_changes_nothing(web: Web, redis: Any) -> None:
    first = web.post(event()).json
    again = web.post(event())
    assert again.status == 200
    assert again.json == {**first, "duplicate": True}
    assert len(stored_bodies(redis)) == 1
    assert web.get(f"/api/events/{first['event_id']}").json["seen"] == 2


def test_twenty_parallel_copies_are_one_event(web: Web, redis: Any) -> None:
    body = issue(next(numbers))
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(web.post, [body] * 20))
    assert [reply.status for reply in replies] == [200] * 20
    assert len({reply.json["event_id"] for reply in replies}) == 1
    assert sum("duplicate" not in reply.json for reply in replies) == 1
    assert redis.zcard("fb:default:state:queued") == 1


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_requests_are_accepted(web: Web, redis: Any, name: str) -> None:
    """What ABC User Feedback sends, byte for byte, with its headers in its order."""
    request = RECORDED[name]
    with web.connected() as connection:
        reply = connection.request("POST", request["path"], request["headers"], request["body"].encode())
    assert reply.status == 200
    shown = web.get(f"/api/events/{reply.json['event_id']}").json
    assert shown["state"] == "accepted"
    assert shown["body"] == json.loads(request["body"])
    assert stored_bodies(redis) == [request["body"].encode()]


def test_a_webhook_costs_one_round_trip(web: Web, redis: Any, relay: Relay) -> None:
    with web.connected() as connection:
        connection.post(issue(next(numbers)))  # opens the connection to Redis that is used from now on
        before = relay.turns
        bodies = [issue(next(numbers)) for _ in range(5)] + [b'{"event": "SOMETHING_NEW", "data": {}}', b"{}"]
        assert all(connection.post(body).status == 200 for body in bodies)
    assert relay.turns - before == len(bodies)


def test_chunked_bodies_are_taken(web: Web, redis: Any) -> None:
    body = event()
    assert web.post([body[:20], body[20:]]).status == 200
    assert stored_bodies(redis) == [body]


def test_a_content_type_may_name_its_charset(web: Web, redis: Any) -> None:
    assert web.post(event(), kind="application/json; charset=utf-8").status == 200


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\udc00 and more", b"\\u0000"])
def test_halves_of_characters_are_taken(web: Web, redis: Any, half: bytes) -> None:
    """A text that was cut in the middle of an emoji is no reason to fail."""
    times = b'"createdAt": "%s", "updatedAt": "%s"' % (half, half)
    issue = b'{"id": 3, "name": "%s", "status": "%s", "description": "%s", %s}' % (half, half, half, times)
    parts = b'"issue": %s, "previousStatus": "%s", "project": {"id": 1, "name": "%s"}' % (issue, half, half)
    reply = web.post(b'{"event": "ISSUE_STATUS_CHANGE", "data": {%s}}' % parts)
    assert reply.status == 200
    assert web.get(f"/api/events/{reply.json['event_id']}").json["state"] == "accepted"


# Kept, though not acted on


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b"{}", "unreadable"),
        (b'{"event": null, "data": {}}', "unreadable"),
        (b'{"event": {"a": ["nested"]}, "data": {}}', "unreadable"),
        (b'{"event": "ISSUE_CREATION"}', "unreadable"),
        (b'{"event": "ISSUE_CREATION", "data": []}', "unreadable"),
        (b'{"event": "ISSUE_CREATION", "data": {"issue": {"id": "three"}, "project": {"id": 1}}}', "unreadable"),
        (b'{"event": "FEEDBACK_CREATION", "data": {"feedback": {"id": 1}, "project": {"id": 1}}}', "unreadable"),
    ],
)
def test_what_is_not_understood_is_kept_and_shown(web: Web, redis: Any, body: bytes, state: str) -> None:
    """Authentic, so never 4xx: the sender would repeat it and then drop it."""
    reply = web.post(body)
    assert reply.status == 200
    id_ = reply.json["event_id"]
    shown = web.get(f"/api/events/{id_}").json
    assert (shown["state"], shown["body"], shown["deliveries"]) == (state, json.loads(body), [])
    assert shown["why"]
    assert [row["id"] for row in web.get(f"/api/events?state={state}").json["events"]] == [id_]
    assert web.post(body).json == {"success": True, "event_id": id_, "duplicate": True}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"event": "SOMETHING_NEW", "data": {"id": 1}}', "SOMETHING_NEW"),
        (b'{"event": "ISSUE_DELETION"}', "ISSUE_DELETION"),
        (b'{"event": "\\ud800\\u0000\\u001b[31m<script>", "data": {}}', "\\ud800\x00\x1b[31m<script>"),
    ],
)
def test_an_event_of_an_unknown_name_is_kept_and_routed(web: Web, redis: Any, body: bytes, name: str) -> None:
    """SLACK_EVENTS is `*` here. The connector finds out what it can do with it."""
    reply = web.post(body)
    assert reply.status == 200
    shown = web.get(f"/api/events/{reply.json['event_id']}").json
    assert (shown["state"], shown["event"], shown["source"]) == ("accepted", name, "abc")
    assert [delivery["connector"] for delivery in shown["deliveries"]] == ["slack"]
    assert web.post(body).json["duplicate"]


# Refused


@pytest.mark.parametrize(
    "token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x", f"{TOKEN},{NEW_TOKEN}", "비밀", "a" * 5000]
)
def test_a_wrong_token_is_401_and_stores_nothing(web: Web, redis: Any, token: str | None) -> None:
    reply = web.post(event(), token=token)
    assert reply.status == 401
    assert reply.json == {"error": "Unauthorized"}
    assert stored(redis) == []


def test_tokens_sent_twice_do_not_add_up(web: Web, redis: Any) -> None:
    assert web.post(event(), token="wrong", extra=[("x-webhook-token", TOKEN)]).status == 401
    assert stored(redis) == []


@pytest.mark.parametrize("token", [TOKEN, NEW_TOKEN])
def test_during_a_rotation_both_tokens_pass(web: Web, redis: Any, token: str) -> None:
    assert web.post(event(), token=token).status == 200


def test_the_token_is_looked_at_before_the_body(web: Web) -> None:
    """Without a valid token, size, type and text of a body make no difference, and no work."""
    for body, kind in ((b"x" * MOST * 2, None), (b"not json", None), (b"{}", "text/plain")):
        assert web.post(body, token=None, kind=kind).status == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b'{"event": "ISSUE_CREATION"',
        b"[]",
        b'["event"]',
        b"1",
        b'"text"',
        b"null",
        b"true",
        b'{"event": "\xff\xfe"}',
        b'\xef\xbb\xbf{"event": "X"}',
        '{"event": "X"}'.encode("utf-16"),
        b'{"event": NaN}',
        b'{"event": -Infinity}',
        b'{"event": 1e999}',
        b'{"event": "X"} {"event": "Y"}',
        b'{"event": "X", "data": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"event": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
        b"[" * 9000,
        b'{"event": "X", "data": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_no_json_object_is_400(web: Web, redis: Any, body: bytes) -> None:
    reply = web.post(body)
    assert reply.status == 400
    assert "JSON object" in reply.json["error"]
    assert stored(redis) == []


def test_deep_but_readable_bodies_are_shown_again(web: Web, redis: Any) -> None:
    """What is taken can be read everywhere after."""
    body = b'{"event": "X", "data": ' + b"[" * 60 + b"]" * 60 + b"}"
    id_ = web.post(body).json["event_id"]
    assert web.get(f"/api/events/{id_}").json["body"] == json.loads(body)


def padded(size: int) -> bytes:
    body = b'{"event": "X", "data": "%s"}'
    return body % (b"x" * (size - len(body) + 2))


@pytest.mark.parametrize("chunked", [False, True])
def test_size_is_limited_whether_it_is_announced_or_not(web: Web, redis: Any, chunked: bool) -> None:
    def post(body: bytes) -> int:
        return web.post([body[:7], body[7:]] if chunked else body).status

    assert post(padded(MOST)) == 200
    assert post(padded(MOST + 1)) == 413
    assert post(padded(MOST * 100)) == 413
    assert len(stored_bodies(redis)) == 1


def test_an_endless_chunked_body_is_cut_off(web: Web, redis: Any) -> None:
    def endless() -> Iterator[bytes]:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            yield b"x" * 65536

    reply = web.post(endless())
    assert reply.status == 413
    assert reply.seconds < 4


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_content_type_is_415(web: Web, redis: Any, kind: str) -> None:
    assert web.post(event(), kind=kind).status == 415
    assert stored(redis) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_another_method_is_405(web: Web, method: str) -> None:
    reply = web.request(method, "/webhook", [("x-webhook-token", TOKEN)])
    assert reply.status == 405
    assert reply.json == {"error": "Method Not Allowed"}
    assert reply.headers["Allow"] == "POST"


TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    ).map(lambda value: json.dumps({"event": "ISSUE_ADDITION", "data": value}).encode())
)
def test_no_body_makes_it_fail(web: Web, body: bytes) -> None:
    reply = web.post(body)
    assert reply.status in (200, 400)
    if reply.status == 200:
        assert web.get(f"/api/events/{reply.json['event_id']}").status == 200


# Who may call


@pytest.fixture(scope="module")
def redis_url(valkey_port: int) -> str:
    return f"redis://127.0.0.1:{valkey_port}/0"


def test_only_allowed_addresses_pass(processes: Processes, redis_url: str) -> None:
    """Without trusted proxies, X-Forwarded-For makes no difference."""
    web = start_web(processes, redis_url, "elsewhere", ALLOWED_IPS="192.0.2.0/24,2001:db8::/32")
    reply = web.post(event())
    assert reply.status == 403
    assert "ALLOWED_IPS" in reply.json["error"]
    for claim in ("192.0.2.7", "192.0.2.7, 192.0.2.7", "2001:db8::1"):
        assert web.post(event(), extra=[("X-Forwarded-For", claim)]).status == 403
    assert web.post(event(), token=None).status == 403
    assert web.get("/healthz").status == 200


def test_behind_one_proxy_the_last_address_counts(processes: Processes, redis_url: str) -> None:
    """It is the one that our proxy saw; all before it is the caller's word."""
    web = start_web(processes, redis_url, "proxied", ALLOWED_IPS="192.0.2.0/24,127.0.0.9", TRUSTED_PROXIES="1")

    def status(*claims: str) -> int:
        return web.post(event(), extra=[("X-Forwarded-For", claim) for claim in claims]).status

    assert status("192.0.2.7") == 200
    assert status("203.0.113.5, 192.0.2.7") == 200
    assert status("203.0.113.5", "192.0.2.7") == 200
    assert status("::ffff:192.0.2.7") == 200
    assert status("203.0.113.5") == 403
    assert status("192.0.2.7, 203.0.113.5") == 403
    assert status("192.0.2.7", "203.0.113.5") == 403
    assert status("unknown") == 403
    assert status("") == 403
    assert status() == 403


# Connections


def test_connections_stay_open_longer_than_the_sender_keeps_them(idle: tuple[Connection, float]) -> None:
    """The sender takes an idle connection again for 5 s: the receiver must not close it first, by a wide margin."""
    connection, since = idle
    time.sleep(max(0.0, since + 16 - time.monotonic()))
    assert connection.post(issue(next(numbers))).status == 200


def test_clients_that_stall_do_not_delay_a_webhook(web: Web, redis: Any) -> None:
    """40 that send nothing, 40 in the middle of their headers, 40 without a token in the middle of their body."""
    stalled = b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    with ExitStack() as stack:
        for part in [b""] * 40 + [stalled[:40]] * 40 + [stalled] * 40:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            client.sendall(part)
        replies = [web.post(issue(next(numbers))) for _ in range(5)]
    assert [reply.status for reply in replies] == [200] * 5
    assert max(reply.seconds for reply in replies) < 2


# Failures of Redis


class Failure:
    """A Valkey of its own under a web process of its own, to be hurt."""

    def __init__(self, processes: Processes) -> None:
        self.processes = processes
        self.port = free_port()
        self.start()
        self.web = start_web(processes, f"redis://127.0.0.1:{self.port}/0", "web of the hurt")
        self.redis = Redis(port=self.port, socket_timeout=5)

    def start(self) -> None:
        self.processes.start("hurt", valkey_command(self.port, self.processes.folder))
        wait_for("valkey", lambda: _pings(self.port))

    def is_reported(self, body: bytes) -> None:
        for _ in range(3):
            reply = self.web.post(body)
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) > 0
            assert reply.seconds < WITHIN
            assert "127.0.0.1" not in reply.body.decode()

    def is_over(self, body: bytes) -> None:
        """Without a restart, at once, and as the first of its kind: nothing of the failed ones was stored."""
        reply = self.web.post(body)
        assert reply.status == 200
        assert "duplicate" not in reply.json


def _pings(port: int) -> bool:
    with Redis(port=port, socket_timeout=1) as client:
        try:
            return bool(client.ping())
        except Exception:  # noqa: BLE001 - not yet
            return False


@pytest.fixture(scope="module")
def failure(processes: Processes) -> Iterator[Failure]:
    failure = Failure(processes)
    yield failure
    failure.redis.close()


@pytest.mark.parametrize("warm", [True, False])
def test_redis_is_down(failure: Failure, warm: bool) -> None:
    body = issue(next(numbers))
    if warm:
        failure.web.post(issue(next(numbers)))
    failure.processes["hurt"].kill()
    try:
        failure.is_reported(body)
        assert failure.web.get("/healthz").status == 200
    finally:
        failure.start()
    failure.is_over(body)


def test_redis_hangs(failure: Failure) -> None:
    """Whether it was stored is not known then (it may be, when Redis wakes up): 503, and the repeat is known."""
    body = issue(next(numbers))
    failure.web.post(issue(next(numbers)))
    failure.processes["hurt"].signal(signal.SIGSTOP)
    try:
        failure.is_reported(body)
    finally:
        failure.processes["hurt"].signal(signal.SIGCONT)
    reply = failure.web.post(body)
    assert reply.status == 200
    assert failure.redis.zcard("fb:default:state:queued") == failure.redis.zcard("fb:default:events")


def test_redis_hangs_under_load(failure: Failure) -> None:
    """Callers do not wait for each other."""
    failure.processes["hurt"].signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(30) as pool:
            replies = list(pool.map(failure.web.post, [issue(next(numbers)) for _ in range(30)]))
    finally:
        failure.processes["hurt"].signal(signal.SIGCONT)
    assert {reply.status for reply in replies} == {503}
    assert sorted(reply.seconds for reply in replies)[15] < WITHIN
    assert failure.web.post(issue(next(numbers))).status == 200


def test_redis_is_full(failure: Failure) -> None:
    body = issue(next(numbers))
    failure.redis.config_set("maxmemory", 1)
    try:
        failure.is_reported(body)
    finally:
        failure.redis.config_set("maxmemory", 0)
    failure.is_over(body)


def test_redis_is_read_only(failure: Failure) -> None:
    body = issue(next(numbers))
    failure.redis.replicaof("127.0.0.1", free_port())
    try:
        failure.is_reported(body)
    finally:
        failure.redis.replicaof("no", "one")
    failure.is_over(body)


def test_after_a_failover_the_new_master_is_found(processes: Processes) -> None:
    """The old one lives on as a read-only replica, and its connections with it; the name leads to the new one."""
    ports = []
    for name in ("old master", "new master"):
        ports.append(port := free_port())  # right before it is used: other tests look for free ports, too
        processes.start(name, valkey_command(port, processes.folder))
        wait_for(name, lambda port=port: _pings(port))  # type: ignore[misc]
    old, new = ports
    with Relay(old) as relay, Redis(port=old) as demoted, Redis(port=new) as promoted:
        web = start_web(processes, f"redis://127.0.0.1:{relay.port}/0", "web after a failover")
        assert web.post(issue(1)).status == 200
        relay.target_port = new
        demoted.replicaof("127.0.0.1", new)
        reply = web.post(issue(2))
        assert reply.status == 200
        assert promoted.exists(f"fb:default:event:{reply.json['event_id']}")


def test_the_web_process_starts_without_redis(processes: Processes, tmp_path: Path) -> None:
    port = free_port()
    web = start_web(processes, f"redis://127.0.0.1:{port}/0", "web without redis")
    reply = web.post(issue(1))
    assert reply.status == 503
    assert reply.seconds < WITHIN
    processes.start("late valkey", valkey_command(port, tmp_path))
    wait_for("valkey", lambda: _pings(port))
    assert web.post(issue(1)).status == 200
