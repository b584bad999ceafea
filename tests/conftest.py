"""What every test may use: a real Valkey of its own, and an empty database in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from redis import Redis

from jobs.ledger.ledger import Ledger
from tests.plug_ins import Folder, plug_in_folder
from tools.sandbox.processes import Processes, free_port, start_valkey

# A machine that is busy with something else is slow, and no property is about that. How many examples a property tries:
# few in each run of the suite, many in `bin/fuzz`.
common = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
settings.register_profile("suite", common, max_examples=25)
settings.register_profile("fuzz", common, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# structlog's own form for tests, but with plain tracebacks: with `rich` installed it shows every variable of every
# frame, which takes seconds for each exception.
*before, _ = structlog.get_config()["processors"]
structlog.configure([*before, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])


def pytest_xdist_auto_num_workers() -> int:
    """Of `-n auto`: two for each core, because many tests wait for a process, a time-out or a schedule."""
    return 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for each process of the test run."""
    with Processes(tmp_path_factory.mktemp("valkey")) as processes:
        yield start_valkey(processes, free_port())


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Processes that the tests of a module start; they end with the module."""
    with Processes(tmp_path_factory.mktemp("processes")) as processes:
        yield processes


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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Where a test installs plug-ins."""
    with plug_in_folder(tmp_path, monkeypatch) as folder:
        yield folder
