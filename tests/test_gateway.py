"""What the gateway gives a thread to, and what it keeps in memory, with transports that stand in for granian's."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bridge.gateway import Gateway
from bridge.networks import forwarded_for

MEGABYTE = 1_048_576


class Headers(dict[str, str]):
    """As RSGI gives them."""


class Scope:
    def __init__(self, path: str, length: int) -> None:
        self.path, self.query_string, self.method = path, "", "POST"
        self.http_version, self.scheme = "1.1", "http"
        self.client, self.server = "192.0.2.1:5000", "127.0.0.1:8000"
        self.headers = Headers({"content-length": str(length), "x-token": "yes" if path == "/webhook" else ""})


class Caller:
    """Sends its chunks, then waits until it may go on (where `stalls`)."""

    def __init__(self, *chunks: bytes, stalls: bool = False) -> None:
        self._chunks, self._stalls = chunks, stalls
        self.sent = asyncio.Event()
        self.go_on = asyncio.Event()
        self.status = 0
        self.answer = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
        self.sent.set()
        if self._stalls:
            await self.go_on.wait()

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.answer = status, body


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    return [str(len(environ["wsgi.input"].read())).encode()]


class Receiver:
    """`/signed` has a signature, which is made up where the body does not claim that it is right."""

    def body_limit(self, path: str, _headers: Any) -> int:
        return 2 * MEGABYTE if path in ("/webhook", "/signed") else 0

    def is_authentic(self, path: str, _headers: Any, body: bytes) -> bool:
        return path == "/webhook" or body == b"right"


def gateway(application: Callable[..., Any] = echo, threads: int = 2) -> Gateway:
    return Gateway(application, Receiver(), lambda *_: None, threads)


@pytest.mark.parametrize(("path", "body"), [("/other", b""), ("/signed", b"made up")])
def test_webhooks_do_not_wait_for_requests_that_prove_nothing(path: str, body: bytes) -> None:
    over = threading.Event()

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["CONTENT_LENGTH"] != "5":
            over.wait(30)
        return echo(environ, start_response)

    async def run() -> None:
        gate = gateway(application)
        others = [asyncio.ensure_future(gate.__rsgi__(Scope(path, len(body)), Caller(body))) for _ in range(50)]
        await asyncio.sleep(0)
        for name, sent in (("/webhook", b"12345"), ("/signed", b"right")):
            webhook = Caller(sent)
            await asyncio.wait_for(gate.__rsgi__(Scope(name, 5), webhook), 10)
            assert (webhook.status, webhook.answer) == (200, b"5")
        assert not any(other.done() for other in others)
        over.set()
        await asyncio.gather(*others)

    asyncio.run(run())


def test_small_bodies_are_read_whatever_large_ones_hold() -> None:
    """64 MiB of large bodies at a time: one more is refused, and its sender tries again."""

    async def run() -> None:
        gate = gateway()
        large = [Caller(b"x" * MEGABYTE, stalls=True) for _ in range(64)]
        reading = [asyncio.ensure_future(gate.__rsgi__(Scope("/webhook", MEGABYTE), caller)) for caller in large]
        await asyncio.gather(*(caller.sent.wait() for caller in large))
        one_more, small = Caller(b"x" * MEGABYTE), Caller(b"x" * 65_536)
        await gate.__rsgi__(Scope("/webhook", MEGABYTE), one_more)
        await gate.__rsgi__(Scope("/webhook", 65_536), small)
        assert one_more.status == 503
        assert "send it again" in json.loads(one_more.answer)["error"]
        assert (small.status, small.answer) == (200, b"65536")
        for caller in large:
            caller.go_on.set()
        await asyncio.gather(*reading)
        assert {caller.status for caller in large} == {200}
        again = Caller(b"x" * MEGABYTE)
        await gate.__rsgi__(Scope("/webhook", MEGABYTE), again)
        assert again.status == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    ("header", "proxies", "address"),
    [
        ("192.0.2.7", 1, "192.0.2.7"),
        ("203.0.113.5, 192.0.2.7", 1, "192.0.2.7"),
        ("203.0.113.5,192.0.2.7 ,10.0.0.1", 2, "192.0.2.7"),
        ("192.0.2.7", 2, ""),
        ("", 1, ""),
        ('192.0.2.7, ", 203.0.113.5, 10.0.0.1', 2, "203.0.113.5"),
        ('192.0.2.7, "', 2, "192.0.2.7"),
        ("192.0.2.7, , ", 1, ""),
    ],
)
def test_the_address_is_the_one_that_the_outermost_proxy_saw(header: str, proxies: int, address: str) -> None:
    assert forwarded_for(header, proxies) == address
