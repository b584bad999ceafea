"""The one way to Redis: bounded pools whose threads wait, deadlines, and TLS that is verified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from bridge.service import ServiceSettings
from jobs.connection import Purpose, connect, most_connections, pool_size
from tests.tls import Authority, TlsProxy


def settings(url: str, **more: Any) -> ServiceSettings:
    return ServiceSettings(redis_url=SecretStr(url), **more)


# TLS


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tls(valkey_url: str, authority: Authority) -> Iterator[TlsProxy]:
    with TlsProxy(urlsplit(valkey_url).port or 0, authority.server()) as proxy:
        yield proxy


@pytest.mark.parametrize("purpose", ["receive", "console", "work", "block", "command"])
def test_a_certificate_that_nobody_vouches_for_is_refused(tls: TlsProxy, purpose: Purpose) -> None:
    with pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        connect(settings(f"rediss://127.0.0.1:{tls.port}/0"), purpose).ping()
    assert tls.handshakes == 0


def test_it_is_accepted_when_the_operator_allows_it(tls: TlsProxy) -> None:
    client = connect(settings(f"rediss://127.0.0.1:{tls.port}/0", redis_tls_verify=False), "work")
    assert client.ping()
    assert tls.handshakes >= 1  # one that a busy machine made too slow is tried again


def test_that_setting_keeps_the_encryption(valkey_url: str) -> None:
    """A server without TLS is not spoken to in the clear."""
    port = urlsplit(valkey_url).port
    with pytest.raises(RedisError):
        connect(settings(f"rediss://127.0.0.1:{port}/0", redis_tls_verify=False), "receive").ping()


def test_a_certificate_of_a_trusted_authority_is_accepted(
    tls: TlsProxy, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle(tmp_path)))
    assert connect(settings(f"rediss://127.0.0.1:{tls.port}/0"), "work").ping()


def test_a_certificate_for_another_name_is_refused(
    valkey_url: str, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle(tmp_path)))
    with (
        TlsProxy(urlsplit(valkey_url).port or 0, authority.server("redis.example.com")) as proxy,
        pytest.raises(RedisConnectionError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        connect(settings(f"rediss://127.0.0.1:{proxy.port}/0"), "work").ping()


# Pools


def test_one_process_of_each_kind_stays_under_15_connections() -> None:
    usual = settings("redis://127.0.0.1")
    assert usual.redis_max_connections == 5
    assert most_connections(usual) == 13
    for pair in (("receive", "console"), ("work", "block")):
        assert sum(pool_size(usual, purpose) for purpose in pair) == 5
    assert most_connections(settings("redis://127.0.0.1", web_concurrency=2, redis_max_connections=10), workers=3) == 53


def connections(redis: Redis) -> int:
    return len(redis.client_list())


@pytest.mark.parametrize(("purpose", "most"), [("receive", 4), ("work", 4), ("console", 1), ("block", 1)])
def test_threads_wait_for_a_connection_and_none_is_turned_away(
    redis: Redis, redis_url: str, purpose: Purpose, most: int
) -> None:
    client = connect(settings(redis_url), purpose)
    before, together = connections(redis), Barrier(32)

    def ask(number: int) -> int:
        together.wait(20)
        return int(client.eval("return tonumber(ARGV[1])", 0, number))

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(ask, range(32))) == list(range(32))
    assert connections(redis) - before <= most
    client.close()


def test_the_receiver_gives_up_within_a_second_when_every_connection_hangs(redis: Redis, redis_url: str) -> None:
    client = connect(settings(redis_url), "receive")
    redis.client_pause(2000)  # every command of everybody waits

    def ask(_: int) -> float:
        started = time.monotonic()
        with pytest.raises(RedisError):
            client.ping()
        return time.monotonic() - started

    with ThreadPoolExecutor(16) as pool:
        slowest = max(pool.map(ask, range(16)))
    redis.client_unpause()
    assert slowest < 1
