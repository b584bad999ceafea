"""Consoles on loopback, for the tests of its pages and of its API, and a sender of webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from redis import Redis

from app import create_app
from tests.console.browser import ENVIRON, Browser
from tests.jobs.world import INSTANCE, Recorder, World
from tests.web import SLACK, Web, serving, start_web
from tools.sandbox.app import Sandbox
from tools.sandbox.processes import Processes
from tools.sandbox.server import running

CONNECTORS = ("jira", "slack")


class Servers:
    """Applications on loopback; those with the same settings are as good as further processes."""

    def __init__(self, redis_url: str, stack: ExitStack) -> None:
        self._redis_url, self._stack = redis_url, stack

    def start(self, **changes: str) -> str:
        app = create_app({**ENVIRON, "REDIS_URL": self._redis_url, "TRUSTED_PROXIES": "1", **changes})
        return self._stack.enter_context(serving(app.wsgi_app))

    def browser(self, address: str = "192.0.2.1", **changes: str) -> Browser:
        return Browser(self.start(**changes), {"X-Forwarded-For": address})


@pytest.fixture
def servers(redis_url: str) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(redis_url, stack)


@pytest.fixture
def browser(servers: Servers) -> Browser:
    """Signed out, with no connector."""
    return servers.browser()


@pytest.fixture
def operator(servers: Servers) -> Browser:
    """Signed in, with the connector `slack`, `slack.ops` and `jira`."""
    jira = {
        "JIRA_URL": "https://jira.example.com",
        "JIRA_PAT": "made-up-pat-0001",
        "JIRA_PROJECT": "PROJ",
        "ABC_API_URL": "http://127.0.0.1:9",
        "ABC_API_KEY": "made-up-key-0001",
    }
    return servers.browser(**SLACK | jira | {"CONNECTORS": "slack,slack.ops,jira"}).sign_in()


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {name: Recorder() for name in CONNECTORS})


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.mktemp("console")) as processes:
        yield processes


@pytest.fixture(scope="module")
def web(processes: Processes, valkey_url: str) -> Web:
    """A web process, for the tests of the JSON API."""
    return start_web(processes, valkey_url, BRIDGE_INSTANCE=INSTANCE)


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with running(interval=0.05, timeout=3) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """As new: to start the stand-ins for each test takes longer than the tests."""
    served.abc.__init__(served.sender)  # type: ignore[misc]
    served.abc_admin.__init__(served.abc)  # type: ignore[misc]
    served.sender.webhooks.clear()
    served.faults.clear()
    return served
