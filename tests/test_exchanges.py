"""What was sent and received can be read afterwards, by whoever asked for it, and by nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from bridge.http import NoAnswer, new_session, send
from bridge.http.exchanges import KEPT, LARGEST, recorded
from connectors.base import Context, Failed, Outcome, Retry
from sources.base import Event
from tests.jobs.world import Recorder, World, feedback_event
from tests.web import serving
from tools.sandbox.processes import free_port


def application(environ: Any, start_response: Any) -> list[bytes]:
    """Answers 418 with the path; `/large` with many bytes."""
    body = b"x" * (LARGEST + 1) if environ["PATH_INFO"] == "/large" else environ["PATH_INFO"].encode()
    start_response(
        "200 OK" if environ["PATH_INFO"] == "/large" else "418 I'm a teapot", [("Content-Length", str(len(body)))]
    )
    return [body]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(application) as address:
        yield address


def test_the_last_requests_are_kept_with_their_answers(address: str) -> None:
    session = new_session()
    with recorded() as kept:
        for number in range(KEPT + 2):
            send(session, "POST", f"{address}/{number}", json_body={"n": number}, headers={"Authorization": "Bearer x"})
    assert [exchange.answer for exchange in kept] == [f"/{number}" for number in range(2, KEPT + 2)]
    last = kept[-1]
    assert (last.method, last.address, last.status) == ("POST", f"{address}/{KEPT + 1}", 418)
    assert (last.request, last.seconds > 0) == (f'{{"n": {KEPT + 1}}}', True)
    assert "Bearer" not in repr(kept)
    assert address not in repr(kept)


def test_without_an_answer_what_went_wrong_is_kept() -> None:
    with recorded() as kept, pytest.raises(NoAnswer):
        send(new_session(), "GET", f"http://127.0.0.1:{free_port()}/x")
    [exchange] = kept
    assert (exchange.status, exchange.request, exchange.answer) == (None, "", "connection refused")


def test_a_large_body_is_not_kept(address: str) -> None:
    with recorded() as kept:
        send(new_session(), "POST", f"{address}/large", data=b"y" * (LARGEST + 2))
    [exchange] = kept
    assert (exchange.request, exchange.answer) == (f"({LARGEST + 2} bytes)", f"({LARGEST + 1} bytes)")


def test_nobody_else_gets_them(address: str) -> None:
    """Threads work for different deliveries at the same time."""
    with recorded() as kept:
        other = threading.Thread(target=send, args=(new_session(), "GET", f"{address}/other"))
        other.start()
        other.join()
        with recorded() as inner:
            send(new_session(), "GET", f"{address}/inner")
    send(new_session(), "GET", f"{address}/later")
    assert list(kept) == []
    assert [exchange.answer for exchange in inner] == ["/inner"]


@pytest.mark.parametrize("fails", [True, False])
def test_a_delivery_keeps_those_of_each_attempt(redis: Redis, address: str, fails: bool) -> None:
    def answer(_event: Event, _context: Context) -> Outcome:
        send(new_session(), "POST", f"{address}/planted-secret", json_body={"token": "planted-secret"})
        return Failed("refused", "client_error") if fails else Retry("later", "server_error")

    world = World(redis, {"one": Recorder(answer=answer)})
    accepted = world.accept(feedback_event())
    world.run()
    found = world.records.event(accepted.event_id)
    assert found
    [[entry]] = [row["attempts_log"] for row in found["deliveries"]]
    [call] = entry["calls"]
    assert (call["method"], call["address"], call["status"]) == ("POST", f"{address}/<secret>", 418)
    assert (call["request"], call["answer"]) == ('{"token": "<secret>"}', "/<secret>")
