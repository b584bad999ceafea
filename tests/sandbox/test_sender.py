"""The sender does what the real one was measured to do; intervals and time-outs are shortened, nothing else."""

from __future__ import annotations

import threading

import pytest

from tests.sandbox.conftest import Receiver
from tools.sandbox.abc_sender import Connections, Sender
from tools.sandbox.app import Sandbox, create_sandbox

TOKEN = "dummy-webhook-token-0001"


def test_the_request_is_the_recorded_one(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.sender.subscribe(receiver.url, TOKEN)
    sandbox.abc.create_issue(1, {"name": "API issue 🚀", "description": "설명"})
    assert sandbox.sender.wait_idle(5)
    (got,) = receiver.received
    assert got.headers == [
        ("Accept", "application/json, text/plain, */*"),
        ("Content-Type", "application/json"),
        ("x-webhook-token", TOKEN),
        ("User-Agent", "axios/1.15.0"),
        ("Content-Length", str(len(got.body))),
        ("Accept-Encoding", "gzip, compress, deflate, br"),
        ("Host", receiver.url.split("/")[2]),
        ("Connection", "keep-alive"),
    ]
    assert got.body.startswith(b'{"event":"ISSUE_CREATION","data":{"issue":{"id":1,"createdAt":"')
    assert '"name":"API issue 🚀","description":"설명"'.encode() in got.body


def test_without_a_token_there_is_no_header(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.sender.subscribe(receiver.url)
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(5)
    assert "x-webhook-token" not in dict(receiver.received[0].headers)


@pytest.mark.parametrize(
    ("statuses", "attempts"),
    [([200], 1), ([204], 1), ([503, 503, 200], 3), ([400] * 4, 4), ([404] * 4, 4), ([429] * 4, 4), ([500] * 4, 4)],
)
def test_every_failure_is_tried_four_times(
    sandbox: Sandbox, receiver: Receiver, statuses: list[int], attempts: int
) -> None:
    """With the same bytes, and whatever Retry-After asks for."""
    receiver.answer = lambda number: (statuses[number], {"Retry-After": "10"})
    sandbox.sender.subscribe(receiver.url)
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(5)
    assert len(receiver.received) == attempts
    assert len({got.body for got in receiver.received}) == 1
    counts = sandbox.sender.counts
    delivered = statuses[-1] < 300
    assert (counts.emitted, counts.attempts) == (1, attempts)
    assert (counts.delivered, counts.given_up) == (delivered, not delivered)


def test_a_slow_receiver_gets_copies(sandbox: Sandbox, receiver: Receiver) -> None:
    """An answer after the time-out counts as none."""
    sandbox.sender.timeout = 0.1

    def answer(_: int) -> tuple[int, dict[str, str]]:
        receiver.let_go.wait(10)
        return 200, {}

    receiver.answer = answer
    sandbox.sender.subscribe(receiver.url)
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(10)
    assert len(receiver.received) == 4
    assert sandbox.sender.counts.given_up == 1


def test_nobody_listens(sandbox: Sandbox) -> None:
    sandbox.sender.subscribe("http://127.0.0.1:1/webhook")
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(5)
    assert [attempt.result for attempt in sandbox.sender.log] == ["ConnectionRefusedError"] * 4


@pytest.mark.parametrize(("code", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirects(sandbox: Sandbox, receiver: Receiver, code: int, method: str) -> None:
    """The first three lose the body, and still count as delivered; the token goes along."""
    receiver.answer = lambda number: (200, {}) if number else (code, {"Location": "/elsewhere"})
    sandbox.sender.subscribe(receiver.url, TOKEN)
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(5)
    first, second = receiver.received
    assert (second.method, second.path) == (method, "/elsewhere")
    assert second.body == (first.body if method == "POST" else b"")
    assert dict(second.headers)["x-webhook-token"] == TOKEN
    assert (sandbox.sender.counts.attempts, sandbox.sender.counts.delivered) == (1, 1)


def test_connections_are_kept(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.sender.subscribe(receiver.url)
    for number in range(20):
        sandbox.abc.create_issue(1, {"name": str(number)})
        assert sandbox.sender.wait_idle(5)
    assert len({got.connection for got in receiver.received}) == 1


def test_an_idle_connection_is_not_used_after_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    import http.client

    times = iter([100.0, 104.6, 200.0, 205.5])
    monkeypatch.setattr("tools.sandbox.abc_sender.time.monotonic", lambda: next(times))
    connections, one = Connections(), http.client.HTTPConnection("127.0.0.1")
    connections.give_back("http", "x", one)
    assert connections.take("http", "x") is one
    connections.give_back("http", "x", one)
    assert connections.take("http", "x") is None


def test_events_go_out_in_parallel_and_a_retried_one_comes_late(sandbox: Sandbox, receiver: Receiver) -> None:
    """Ten at once, though the receiver answers none before all have arrived; the first, refused, arrives again last."""
    barrier = threading.Barrier(10)

    def answer(number: int) -> tuple[int, dict[str, str]]:
        if number < 10:
            barrier.wait(5)
        return (503 if number == 0 else 200), {}

    sandbox.sender.timeout = 5
    receiver.answer = answer
    sandbox.sender.subscribe(receiver.url)
    for number in range(10):
        sandbox.abc.create_issue(1, {"name": str(number)})
    assert sandbox.sender.wait_idle(10)
    assert receiver.received[10].body == receiver.received[0].body
    assert sandbox.sender.counts.delivered == 10


def test_two_subscriptions_get_one_each(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.sender.timeout = 5  # a slow machine is no reason to try again here
    sandbox.sender.subscribe(receiver.url)
    sandbox.sender.webhooks *= 2
    sandbox.abc.create_issue(1, {"name": "x"})
    assert sandbox.sender.wait_idle(5)
    assert [got.body for got in receiver.received] == [receiver.received[0].body] * 2


def test_thousands_of_events_need_few_threads() -> None:
    """Waiting for another attempt takes no thread; stopping drops what waits, as a restart of the real one does."""
    sandbox = create_sandbox(interval=60, parallel=8)
    try:
        sandbox.sender.subscribe("http://127.0.0.1:1/webhook")
        before = threading.active_count()
        for _ in range(2000):
            sandbox.sender.emit(1, "ISSUE_CREATION", lambda: {"x": 1})
        assert threading.active_count() - before <= 8
    finally:
        sandbox.close()
    assert sandbox.sender.counts.emitted == 2000
    assert not sandbox.sender.counts.given_up


def test_stopping_twice_is_harmless() -> None:
    sender = Sender()
    sender.stop()
    sender.stop()
    sender.emit(1, "ISSUE_CREATION", dict)
    assert sender.pending == 0
