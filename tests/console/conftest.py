"""Consoles on loopback, for the tests of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from redis import Redis

from app import create_app
from tests.console.browser import ENVIRON, Browser
from tests.jobs.world import Recorder, World
from tests.web import SLACK, serving

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
