"""What a call to another system holds and leaves behind: a socket, the thread that ends it, the look-up of a name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from bridge.http import NoAnswer, new_session, send
from bridge.http import adapter as transport_adapter
from bridge.http.deadline import Call, _host, _Resolver, _Watchdog, _watchdog, current, resolver
from tests.hostile import answering, http, listening
from tools.sandbox.processes import wait_for

PATIENCE = 10.0


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    theirs.settimeout(PATIENCE)
    with ours, theirs:
        yield ours, theirs


def has_ended(theirs: socket.socket) -> bool:
    return theirs.recv(1) == b""


# One call


def test_a_connection_is_used_inside_a_call_only() -> None:
    with Call(5) as call:
        assert current() is call
    with pytest.raises(RuntimeError):
        current()


def test_the_thread_that_ends_calls_knows_a_call_while_it_lasts() -> None:
    with Call(60) as call:
        assert call in _watchdog._calls
    assert call not in _watchdog._calls, "a process makes many calls within the deadline of one"


def test_after_the_deadline_no_further_step_is_begun() -> None:
    assert Call(60).left(5) == 5
    assert 50 < Call(60).left(1000) <= 60
    with pytest.raises(TimeoutError):
        Call(-0.1).left(5)


def test_a_call_that_ended_holds_no_descriptor(pair: tuple[socket.socket, socket.socket]) -> None:
    with Call(5) as call:
        call.hold(pair[0])
        first: Any = call._line
        call.hold(pair[0])
        second: Any = call._line
        assert first.fileno() == -1, "each takes the place of the one before"
    assert second.fileno() == -1


def test_the_socket_of_a_call_that_has_expired_already_is_shut_down(pair: tuple[socket.socket, socket.socket]) -> None:
    with Call(60) as call:
        call.expire()
        assert call.expired
        call.hold(pair[0])
        assert has_ended(pair[1])


def test_a_call_without_a_connection_can_expire() -> None:
    call = Call(60)
    call.expire()
    assert call.expired


# The thread that ends calls


def test_one_thread_ends_every_call_also_one_that_began_later_and_ends_earlier(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    watchdog, long = _Watchdog(), Call(60)
    watchdog.add(long)
    thread: Any = watchdog._thread
    assert thread.daemon, "it keeps no process from ending"
    wait_for("the thread", lambda: watchdog._wakes == long.deadline)
    short = Call(0.05)
    short.hold(pair[0])
    watchdog.add(short)
    assert has_ended(pair[1])
    with watchdog._changed:
        assert watchdog._calls == {long}, "what has ended is not looked at again"
    assert not long.expired
    watchdog.remove(long)
    assert watchdog._calls == set()
    assert watchdog._thread is thread


def test_the_thread_waits_while_there_is_no_call() -> None:
    watchdog, first, second = _Watchdog(), Call(0.01), Call(0.01)
    watchdog.add(first)
    thread: Any = watchdog._thread
    wait_for("the first call", lambda: first._expired and watchdog._wakes == float("inf"))
    watchdog.add(second)
    wait_for("the second call", lambda: second._expired)
    assert thread.is_alive()
    assert watchdog._thread is thread


def test_a_process_without_the_thread_starts_it_again(pair: tuple[socket.socket, socket.socket]) -> None:
    """After a fork the child has the object, and not its thread."""
    watchdog, gone = _Watchdog(), threading.Thread(target=int)
    gone.start()
    gone.join()
    watchdog._thread = gone
    call = Call(0.05)
    call.hold(pair[0])
    watchdog.add(call)
    assert has_ended(pair[1])


# Names and addresses


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (("127.0.0.1", 80), "127.0.0.1"),
        (("::1", 80, 0, 0), "::1"),
        (("fe80::1", 80, 0, 3), "fe80::1%3"),
        (("fe80::1%eth0", 80, 0, 3), "fe80::1%eth0"),
    ],
)
def test_a_link_local_address_keeps_its_scope(address: Any, host: str) -> None:
    assert _host(address) == host


def test_a_name_is_looked_up() -> None:
    found = _Resolver().find("localhost", 80, PATIENCE)
    assert {host for host, _ in found} <= {"127.0.0.1", "::1"}
    assert {port for _, port in found} == {80}


def test_what_goes_wrong_in_a_look_up_reaches_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_host: str, _port: int, *options: Any) -> Any:
        if options[-1] == socket.AI_NUMERICHOST:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        daemons.append(threading.current_thread().daemon)
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    daemons: list[bool] = []
    failure: Exception
    for failure in (socket.gaierror(socket.EAI_AGAIN, "try again"), OSError("no descriptor is free")):
        monkeypatch.setattr(resolver, "_asked", {})
        with pytest.raises(type(failure)) as caught:
            resolver.find("name.invalid", 80, PATIENCE)
        assert caught.value is failure
    assert daemons == [True, True], "they keep no process from ending"


# Connecting


@pytest.fixture
def full() -> Iterator[int]:
    """The port of a server whose queue is full: a connection to it is neither made nor refused."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_a_connection_that_is_not_made_in_time_is_named_with_its_time(
    full: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_adapter, "CONNECT_SECONDS", 0.2)
    with new_session() as session, pytest.raises(NoAnswer, match=r"^no connection within 0.2 s$") as caught:
        send(session, "POST", f"http://127.0.0.1:{full}/", data=b"x", total_seconds=PATIENCE)
    assert (caught.value.reason, caught.value.sent) == ("timeout", False)


def test_connecting_ends_at_the_deadline(full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "CONNECT_SECONDS", 60.0)
    with new_session() as session, pytest.raises(NoAnswer, match=r"^no whole answer within 0.2 s$") as caught:
        send(session, "POST", f"http://127.0.0.1:{full}/", data=b"x", total_seconds=0.2)
    assert (caught.value.reason, caught.value.sent) == ("timeout", False)


def test_a_refused_connection_is_no_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with new_session() as session, pytest.raises(NoAnswer, match=r"^connection refused$") as caught:
        send(session, "POST", f"http://127.0.0.1:{port}/", data=b"x")
    assert (caught.value.reason, caught.value.sent) == ("network", False)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_is_sent_once_even_where_its_connection_breaks(method: str) -> None:
    """The job layer decides when to try again, and looks before it does."""
    connections = []

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connections.append(connection)
        connection.recv(65536)

    with listening(behave) as port, new_session() as session, pytest.raises(NoAnswer) as caught:
        send(session, method, f"http://127.0.0.1:{port}/")
    assert caught.value.sent
    assert len(connections) == 1


# What libraries get that use the session themselves


def test_a_library_that_sets_its_own_time_or_none_gets_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "TOTAL_SECONDS", 0.2)

    def never_answers(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65536)
        stop.wait()

    for theirs in (None, 60.0, (60.0, 60.0)):
        with (
            listening(never_answers) as port,
            new_session() as session,
            pytest.raises(NoAnswer, match=r"no whole answer within 0.2 s"),
        ):
            session.get(f"http://127.0.0.1:{port}/", timeout=theirs)


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=iso-8859-1", "application/json"])
def test_an_answer_is_always_read_as_utf_8(kind: str) -> None:
    with listening(answering(http(200, "결제".encode(), f"Content-Type: {kind}"))) as port, new_session() as session:
        found: requests.Response = session.get(f"http://127.0.0.1:{port}/")
    assert found.text == "결제"
