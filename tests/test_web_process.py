"""The web process under callers that stall, cheat with headers or send too much, and its life as a process."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bridge.processes import CannotListen, listen
from tests.web import TOKEN, Web, event, issue, peak_memory, start_web
from tools.sandbox.processes import ROOT, Processes, answers, free_port, wait_for

numbers = count(5000)
HEAD = f"POST /webhook HTTP/1.1\r\nHost: x\r\nx-webhook-token: {TOKEN}\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    return start_web(processes, valkey_url)


def connect(stack: ExitStack, web: Web, *sent: bytes) -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=20))
    for part in sent:
        connection.sendall(part)
    return connection


def everything(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def metric(web: Web, name: str, **labels: str) -> float:
    wanted = ",".join(f'{key}="{value}"' for key, value in labels.items())
    found = re.search(rf"^{name}\{{{re.escape(wanted)}\}} (\S+)$", web.get("/metrics").body.decode(), re.MULTILINE)
    assert found, f"there is no {name}{{{wanted}}}"
    return float(found[1])


# Callers that stall


@pytest.mark.parametrize("framing", ["Content-Length: 99\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"])
def test_stalled_bodies_with_a_valid_token_keep_nobody_out_and_are_ended(web: Web, redis: Any, framing: str) -> None:
    """More of them than there are threads; the feedback app waits 5 s for its answer."""
    with ExitStack() as stack:
        stalled = [connect(stack, web, (HEAD + framing).encode()) for _ in range(64)]
        started = time.monotonic()
        replies = [web.post(issue(next(numbers))) for _ in range(5)]
        assert [reply.status for reply in replies] == [200] * 5
        assert max(reply.seconds for reply in replies) < 3
        endings = [everything(connection) for connection in stalled]
        assert time.monotonic() - started < 15
    assert all(ending.startswith(b"HTTP/1.1 408 ") for ending in endings)


def test_a_body_that_trickles_is_ended_by_the_same_deadline(web: Web, redis: Any) -> None:
    with ExitStack() as stack:
        connection = connect(stack, web, (HEAD + "Content-Length: 10000\r\n\r\n").encode())
        connection.settimeout(0.5)
        started = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - started < 15:
            connection.sendall(b"{")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_caller_that_hangs_up_within_its_body_stores_nothing(web: Web, redis: Any) -> None:
    body = event()
    with ExitStack() as stack:
        connect(stack, web, (HEAD + f"Content-Length: {len(body) + 1}\r\n\r\n").encode(), body).close()
        assert web.post(issue(next(numbers))).status == 200
    assert redis.zcard("fb:default:events") == 1


def test_callers_that_do_not_read_their_answers_keep_nobody_out(web: Web, redis: Any) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            connect(stack, web, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        reply = web.post(issue(next(numbers)))
    assert reply.status == 200
    assert reply.seconds < 3


def test_http_2_without_tls_is_not_served(web: Web) -> None:
    """Its streams may stall one by one, and one connection has hundreds."""
    with ExitStack() as stack:
        connection = connect(stack, web, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
        answer = everything(connection)
    assert b"\x04\x00\x00\x00\x00\x00" not in answer  # no SETTINGS frame
    upgrade = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__")]
    assert web.get("/healthz", upgrade).status == 200


# Headers


def test_a_name_with_an_underscore_does_not_pass_for_one_with_a_hyphen(web: Web, redis: Any) -> None:
    assert web.post(event(), token=None, extra=[("x_webhook_token", TOKEN)]).status == 401
    assert web.post(event(), kind="", extra=[("Content_Type", "application/json")]).status == 415


def test_behind_proxies_only_what_they_wrote_counts(processes: Processes, valkey_url: str) -> None:
    web = start_web(processes, valkey_url, "two proxies", ALLOWED_IPS="192.0.2.0/24,2001:db8::/32", TRUSTED_PROXIES="2")

    def status(*claims: str, name: str = "X-Forwarded-For") -> int:
        return web.post(event(), extra=[(name, claim) for claim in claims]).status

    assert status("192.0.2.7, 10.0.0.1") == 200
    assert status("203.0.113.5, 192.0.2.7, 10.0.0.1") == 200
    assert status("192.0.2.7:5678, 10.0.0.1:80") == 200
    assert status("[2001:db8::7]:443, 10.0.0.1") == 200
    assert status(" 2001:db8::7 ,10.0.0.1") == 200
    assert status("192.0.2.7, 203.0.113.5, 10.0.0.1") == 403  # the first is the caller's own claim
    assert status("192.0.2.7") == 403  # one proxy too few
    assert status('192.0.2.7, "') == 200  # odd text from the inner proxy; the caller's address is known
    assert status("192.0.2.7, 10.0.0.1", name="X_Forwarded_For") == 403
    assert status("unknown, 10.0.0.1") == 403


@pytest.mark.parametrize("claim", [None, "", "192.0.2.7", '"192.0.2.7', '"x', ", ,", "192.0.2.7,,"])
def test_a_request_that_did_not_pass_all_proxies_has_no_address(proxied: Web, claim: str | None) -> None:
    """The address of the nearest proxy, which is allowed here, does not count as the caller's. A quotation mark hides
    nothing that the proxies append."""
    claims = [] if claim is None else [("X-Forwarded-For", claim)]
    assert proxied.post(event(), extra=claims).status == 403
    appended = [("X-Forwarded-For", f"{claim or ''}, 203.0.113.5, 10.0.0.1")]
    assert proxied.post(event(), extra=appended).status == 403


@pytest.fixture(scope="module")
def proxied(processes: Processes, valkey_url: str) -> Web:
    allowed = "192.0.2.0/24,127.0.0.0/8,::1"
    return start_web(processes, valkey_url, "allowed proxies", ALLOWED_IPS=allowed, TRUSTED_PROXIES="2")


def test_a_mapped_ipv4_network_admits_ipv4_callers(processes: Processes, valkey_url: str) -> None:
    web = start_web(processes, valkey_url, "mapped", ALLOWED_IPS="::ffff:127.0.0.0/104")
    assert web.post(event()).status == 200


# Bodies


@pytest.mark.parametrize("part", ["{}", '{"id":1}', "[]", '{"id":1,"name":"x"}'])
def test_a_body_of_nothing_but_objects_costs_little_memory(web: Web, redis: Any, part: str) -> None:
    many = 1_000_000 // (len(part) + 1)
    feedback = json.dumps({"id": 7, "issues": ["x"]}).replace('"x"', ",".join([part] * many))
    body = f'{{"event":"FEEDBACK_CREATION","data":{{"feedback":{feedback},"project":{{"id":1}},"channel":{{"id":1}}}}}}'
    before = peak_memory(web)
    replies = [web.post(body.encode()) for _ in range(5)]
    assert {reply.status for reply in replies} == {413}
    assert peak_memory(web) - before < 40_000_000


def test_brackets_within_a_text_are_text(web: Web, redis: Any) -> None:
    data = {"project": {"id": 1}, "channel": {"id": 1}, "feedback": {"id": 8, "message": '{[\\"' * 20_000}}
    assert web.post(event("FEEDBACK_CREATION", **data)).status == 200


# What is refused is counted and logged


def test_refusals_are_counted_from_zero(processes: Processes, valkey_url: str, redis: Any) -> None:
    web = start_web(processes, valkey_url, "counting", MAX_BODY_BYTES="2000", BRIDGE_INSTANCE="counting")
    reasons = ("unauthorized", "not_found", "bad_request", "too_large", "media_type", "forbidden", "method", "timeout")
    name = "feedback_bridge_refused_requests_total"
    assert {metric(web, name, reason=reason) for reason in reasons} == {0}
    for _ in range(3):
        web.post(event(), token="a-wrong-token-0123456789")
    web.request("POST", "/webhooks", body=event())
    web.post(b"no JSON, and a planted-secret")
    web.post(b"[" * 3000)
    web.post(event(), kind="text/plain")
    web.request("PUT", "/webhook", body=event())
    expected = {"unauthorized": 3.0, "not_found": 1, "bad_request": 1, "too_large": 1, "media_type": 1, "method": 1}
    wait_for(
        "the counters", lambda: {reason: metric(web, name, reason=reason) for reason in expected} == expected or None
    )
    lines = [json.loads(line) for line in web.log().splitlines() if '"refused"' in line]
    assert sorted(line["reason"] for line in lines) == sorted(expected), "one line for each reason"
    assert not any(word in web.log() for word in ("a-wrong-token", "planted-secret"))


def test_a_slash_at_the_end_is_accepted(web: Web, redis: Any) -> None:
    body = event()
    headers = [("Host", "x"), ("x-webhook-token", TOKEN), ("Content-Type", "application/json")]
    with web.connected() as connection:
        length = ("Content-Length", str(len(body)))
        assert connection.request("POST", "/webhook/", [*headers, length], body).status == 200


# The process


def start_another(port: int, valkey_url: str) -> subprocess.CompletedProcess[str]:
    env = {"WEBHOOK_TOKEN": TOKEN, "REDIS_URL": valkey_url, "PORT": str(port), "CONNECTORS": ""}
    command = [sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, timeout=60)


def test_a_second_process_on_the_same_port_ends_with_a_message(web: Web, valkey_url: str) -> None:
    second = start_another(web.port, valkey_url)
    assert second.returncode == 1
    assert f"PORT {web.port} is in use" in second.stderr
    assert web.get("/healthz").status == 200


def test_a_port_of_another_program_is_in_use_too(valkey_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert start_another(other.getsockname()[1], valkey_url).returncode == 1


def test_when_the_main_process_is_killed_its_child_ends(tmp_path: Path, valkey_url: str) -> None:
    with Processes(tmp_path) as first:
        web = start_web(first, valkey_url)
        os.kill(first["web"].pid, signal.SIGKILL)
        wait_for("the child to end", lambda: not answers(f"{web.url}/healthz") or None)
        listen(web.port, patience=5.0).close()  # raises CannotListen where a process still listens


def test_two_that_start_in_the_same_moment_do_not_share_a_port() -> None:
    with listen(0, 0) as first, pytest.raises(CannotListen, match="in use"):
        listen(first.getsockname()[1], 0.2)


def test_a_stop_while_it_starts_is_obeyed(tmp_path: Path, valkey_url: str) -> None:
    """A child that has not set its own signal handlers yet must not use its parent's: it was killed after 25 s."""
    env = {"WEBHOOK_TOKEN": TOKEN, "REDIS_URL": valkey_url, "PORT": str(free_port()), "CONNECTORS": ""}
    with Processes(tmp_path) as own:
        starting = own.start("starting", [sys.executable, "app.py"], env)
        wait_for("it to start a child", lambda: "Spawning worker" in starting.output())
        os.kill(starting.pid, signal.SIGTERM)
        assert starting.wait(60) == 0
        assert "Killing worker" not in starting.output()


FORKS = """
import os, signal, time
from bridge.processes import let_children_be_stopped

signal.signal(signal.SIGTERM, lambda number, frame: None)
let_children_be_stopped()
ended = []
for _ in range(50):
    child = os.fork()
    if not child:
        time.sleep(20)
        os._exit(3)
    os.kill(child, signal.SIGTERM)
    ended.append(os.WTERMSIG(os.waitpid(child, 0)[1]))
print(set(ended))
"""


def test_a_child_is_stopped_from_its_first_moment() -> None:
    """The parent's handler, and Python's clean-up after a fork, would forget the signal."""
    found = subprocess.run([sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (found.stdout, found.stderr) == ("{15}\n", "")


def test_it_listens_on_ipv6_as_well_as_on_ipv4(web: Web) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with socket.create_connection(("::1", web.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 200 ")
