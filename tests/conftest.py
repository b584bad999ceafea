"""What every test may use: a real Valkey of its own, and an empty database in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from jobs.ledger.ledger import Ledger
from tools.sandbox.processes import Processes, free_port, start_valkey

# A machine that is busy with something else is slow, and no property is about that.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for each process of the test run."""
    with Processes(tmp_path_factory.mktemp("valkey")) as processes:
        yield start_valkey(processes, free_port())


@pytest.fixture
def redis_url(valkey_url: str) -> str:
    """The address of an empty database."""
    with Redis.from_url(valkey_url) as client:
        client.flushall()
    return valkey_url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, "test")
