"""A call ends at its deadline, whatever the other side does; the error shows whether the request may have arrived."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from bridge.http import NoAnswer, new_session, send
from bridge.http import adapter as transport_adapter
from bridge.http.deadline import resolver
from bridge.settings import KeyMap, load
from connectors import slack
from connectors.jira.port import JiraPort
from connectors.jira.settings import Settings as JiraSettings
from connectors.translate.providers.base import ProviderError
from sources.abc.client import AbcClient, AbcError
from tests import hostile
from tests.connectors.alerts.world import status_change
from tests.connectors.context import MemoryContext
from tests.connectors.slack.world import tools
from tests.connectors.translate.conftest import provider_at
from tests.connectors.translate.kinds import NAMES
from tests.hostile import SLOW, Behaviour, listening

DEADLINE = 0.6
LATE = 10.0
"""Seconds after which a call has missed its deadline, on a busy machine too. The servers go on for ever."""


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "TOTAL_SECONDS", DEADLINE)


def timed_out(call: Callable[[], object], *, sent: bool) -> NoAnswer:
    started = time.monotonic()
    with pytest.raises(NoAnswer) as caught:
        call()
    assert time.monotonic() - started < LATE
    assert (caught.value.reason, caught.value.sent) == ("timeout", sent)
    return caught.value


def test_the_limits() -> None:
    """Inside the 30 s that a process manager leaves a stopping process, and inside a lease's longest attempt."""
    assert transport_adapter.Timeouts(transport_adapter.READ_SECONDS) == (3.05, 15.0)
    assert load_total() == 25.0


def load_total() -> float:
    """As it is without this file's fixture."""
    import re
    from pathlib import Path

    found = re.search(r"^TOTAL_SECONDS = ([\d.]+)", Path(transport_adapter.__file__).read_text("utf-8"), re.MULTILINE)
    assert found
    return float(found[1])


@pytest.mark.parametrize("behave", SLOW, ids=lambda behave: behave.__name__)
def test_a_call_ends_however_slowly_the_answer_comes(behave: Behaviour) -> None:
    with listening(behave) as port, new_session() as session:
        error = timed_out(lambda: send(session, "POST", f"http://127.0.0.1:{port}/", data=b"x"), sent=True)
    assert str(error) == f"no whole answer within {DEADLINE:g} s"


def test_a_call_ends_while_a_large_body_is_being_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "CONNECT_SECONDS", 60.0)  # is the socket's time-out for sending, too
    with listening(hostile.never_reads) as port, new_session() as session:
        body = b"x" * 50_000_000
        timed_out(lambda: send(session, "POST", f"http://127.0.0.1:{port}/", data=body), sent=True)


@pytest.mark.parametrize("behave", [hostile.never_reads, hostile.trickles_the_handshake])
def test_a_call_ends_during_the_tls_handshake(behave: Behaviour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "CONNECT_SECONDS", 60.0)
    with listening(behave) as port, new_session() as session:
        timed_out(lambda: send(session, "POST", f"https://127.0.0.1:{port}/", data=b"x"), sent=False)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.mark.parametrize("behave", [hostile.trickles_headers, hostile.trickles_the_body, hostile.trickles_chunks])
def test_a_call_ends_over_tls(
    behave: Behaviour, ca: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with listening(behave, context) as port, new_session() as session:
        timed_out(lambda: send(session, "POST", f"https://127.0.0.1:{port}/", data=b"x"), sent=True)


def test_a_call_ends_in_a_proxy_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its answer to CONNECT nothing was sent to the other side."""
    with listening(hostile.trickles_the_status) as port, new_session() as session:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        timed_out(lambda: send(session, "POST", "https://third-party.invalid/", data=b"x"), sent=False)
    with listening(hostile.never_reads) as port, new_session() as session:
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
        timed_out(lambda: send(session, "POST", "https://third-party.invalid/", data=b"x"), sent=False)


def test_a_call_ends_while_the_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver can't be interrupted: it is left behind, in one thread however many wait for it."""
    asked, release = [], threading.Event()
    real = socket.getaddrinfo

    def slow(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "slow.invalid" or socket.AI_NUMERICHOST in args:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        release.wait()
        return real("127.0.0.1", port)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        with new_session() as session, ThreadPoolExecutor(8) as pool:

            def call(_: int) -> None:
                timed_out(lambda: send(session, "GET", "http://slow.invalid/"), sent=False)

            list(pool.map(call, range(16)))
        assert asked == ["slow.invalid"]
    finally:
        release.set()


def test_after_a_look_up_that_hung_a_later_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_adapter, "TOTAL_SECONDS", 30.0)
    with listening(hostile.answering(hostile.http(200, b"{}"))) as port, new_session() as session:
        for _ in range(3):
            assert send(session, "GET", f"http://localhost:{port}/", headers={"Connection": "close"}).ok
    assert resolver._asked == {}


def test_the_deadline_of_one_call_ends_no_other() -> None:
    """Sessions are shared by threads, and a descriptor's number is used again at once."""
    answer = hostile.answering(hostile.http(200, b"{}"))
    with (
        listening(hostile.trickles_headers) as slow,
        listening(answer) as quick,
        new_session() as session,
        ThreadPoolExecutor(24) as pool,
    ):

        def hang() -> None:
            timed_out(lambda: send(session, "GET", f"http://127.0.0.1:{slow}/", total_seconds=0.3), sent=True)

        def work() -> int:
            return [
                send(session, "GET", f"http://127.0.0.1:{quick}/", total_seconds=60.0).status for _ in range(100)
            ].count(200)

        hanging = [pool.submit(hang) for _ in range(16)]
        working = [pool.submit(work) for _ in range(4)]
        assert [future.result() for future in working] == [100] * 4
        for future in hanging:
            future.result()


def test_a_connection_is_used_again_after_its_first_call_s_deadline() -> None:
    """The deadline belongs to the call, not to the connection."""
    accepted = []

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        accepted.append(connection)
        hostile.answering(hostile.http(200, b"{}"))(connection, stop)

    with listening(behave) as port, new_session() as session:
        assert send(session, "GET", f"http://127.0.0.1:{port}/", total_seconds=0.2).ok
        waiting = threading.Event()
        waiting.wait(0.4)  # until that deadline is over
        assert send(session, "GET", f"http://127.0.0.1:{port}/", total_seconds=5).ok
    assert len(accepted) == 1


def test_a_call_ends_on_a_connection_that_was_used_before() -> None:
    accepted = []

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        accepted.append(connection)
        hostile.request(connection)
        connection.sendall(hostile.http(200, b"{}"))
        hostile.trickles_headers(connection, stop)

    with listening(behave) as port, new_session() as session:
        assert send(session, "GET", f"http://127.0.0.1:{port}/").ok
        timed_out(lambda: send(session, "GET", f"http://127.0.0.1:{port}/"), sent=True)
    assert len(accepted) == 1


# Every client


def jira(url: str) -> Callable[[], object]:
    variables = {"JIRA_URL": url, "JIRA_PROJECT": "PROJ", "JIRA_PAT": "pat-of-a-test", "JIRA_TYPE": "datacenter"}
    port = JiraPort(load(JiraSettings, variables), 4)
    return lambda: port.create_ticket({"project": {"key": "PROJ"}, "issuetype": {"name": "Task"}, "summary": "x"})


def slack_bot(url: str) -> Callable[[], object]:
    variables = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_CHANNEL": "C0FEEDBACK", "SLACK_API_URL": f"{url}/api"}
    connector = slack.SPEC.build(load(slack.SPEC.settings, variables), tools())
    return lambda: connector.deliver(status_change(), MemoryContext())


def slack_webhook(url: str) -> Callable[[], object]:
    connector = slack.SPEC.build(load(slack.SPEC.settings, {"SLACK_WEBHOOK_URL": f"{url}/services/T0/B0/x"}), tools())
    return lambda: connector.deliver(status_change(), MemoryContext())


def abc(url: str) -> Callable[[], object]:
    client = AbcClient(url, KeyMap({"*": SecretStr("key")}))
    return lambda: list(client.search_issues(1, {}))


def translator(name: str) -> Callable[[str], Callable[[], object]]:
    def build(url: str) -> Callable[[], object]:
        provider = provider_at(name, url)
        return lambda: provider.translate(["텍스트"], "en")

    return build


CLIENTS: dict[str, Callable[[str], Callable[[], object]]] = {
    "jira": jira,
    "slack bot": slack_bot,
    "slack webhook": slack_webhook,
    "abc": abc,
    **{name: translator(name) for name in NAMES},
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("behave", [hostile.trickles_headers, hostile.trickles_chunks, hostile.trickles_a_refusal])
def test_every_client_ends_at_the_deadline(client: str, behave: Behaviour) -> None:
    with listening(behave) as port:
        call = CLIENTS[client](f"http://127.0.0.1:{port}")
        started = time.monotonic()
        try:
            ended: object = call()
        except (NoAnswer, AbcError, ProviderError) as error:
            ended = error
        assert time.monotonic() - started < LATE
    assert "no whole answer within" in str(ended) + repr(ended)


@pytest.fixture(autouse=True)
def _no_proxy_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
