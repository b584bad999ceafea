"""What goes wrong in the service reaches a channel of operators: once, with two workers, and with no secret in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.world import World, running
from tools.sandbox import jira
from tools.sandbox.processes import wait_for

OPS: dict[str, Any] = {
    "CONNECTORS": "jira,slack,slack.ops",
    "SLACK_EVENTS__OPS": "bridge.*",
    "RECONCILE_EVERY": "0",
    "JIRA_SEARCH_LAG": "1",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("own"), **OPS) as world:
        world.start("worker", "second worker")
        yield world


def lines(world: World, text: str) -> list[str]:
    """The first line of each message about the service itself that holds the text."""
    first = [message["text"].splitlines()[0] for message in world.service.state()["slack"]["messages"]]
    return [line for line in first if line.startswith("Feedback Bridge: ") and text in line]


def test_a_breaker_is_announced_when_it_opens_and_when_it_closes(world: World) -> None:
    world.gates["jira"].shut()
    for number in range(6):
        world.service.open_issue(f"away {number}")
    wait_for("the message that Jira is not available", lambda: lines(world, "jira – not available"), 30)
    world.gates["jira"].open()
    wait_for("the message that it is available again", lambda: lines(world, "jira – available again"), 30)
    world.wait_until_finished(8)
    assert (len(lines(world, "not available")), len(lines(world, "available again"))) == (1, 1)


def test_dead_letters_are_one_message_for_each_reason(world: World) -> None:
    fault = {"kind": "status", "system": "jira", "method": "POST", "path": "/issue$", "status": 401, "times": None}
    world.order(fault)
    for number in range(3):
        world.service.open_issue(f"refused {number}")
    wait_for("the dead letters", lambda: len(world.rows(state="dead")) == 3)
    wait_for("the message about the setting", lambda: lines(world, "jira – a setting is wrong (auth)"), 15)
    wait_for("the message about the dead letters", lambda: lines(world, "jira – dead letters: "), 15)
    wait_for("nothing to be left to do", lambda: not world.unfinished())
    assert [len(lines(world, text)) for text in ("dead letters", "a setting is wrong")] == [1, 1]
    assert "JIRA_API_TOKEN" in lines(world, "dead letters")[0], "it names what to do"
    assert jira.TOKEN not in "".join(lines(world, ""))
    world.end_faults()
