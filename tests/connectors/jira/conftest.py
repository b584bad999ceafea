"""A Jira and an ABC User Feedback on loopback, and the connector between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.jira.world import World
from tools.sandbox.app import Sandbox
from tools.sandbox.jira import EMAIL, TOKEN
from tools.sandbox.server import running


def _world(sandbox: Sandbox) -> World:
    cloud = sandbox.jira.cloud
    credentials = {"JIRA_EMAIL": EMAIL, "JIRA_API_TOKEN": TOKEN} if cloud else {"JIRA_PAT": TOKEN}
    return World(sandbox, {"JIRA_URL": f"{sandbox.url}/jira", "JIRA_PROJECT": "PROJ", **credentials})


@pytest.fixture
def world() -> Iterator[World]:
    """With Jira Cloud."""
    with running() as sandbox:
        yield _world(sandbox)


@pytest.fixture
def datacenter() -> Iterator[World]:
    with running(deployment="Server") as sandbox:
        yield _world(sandbox)


@pytest.fixture(params=["Cloud", "Server"])
def either(request: pytest.FixtureRequest) -> Iterator[World]:
    """With each kind of Jira."""
    with running(deployment=request.param) as sandbox:
        yield _world(sandbox)
