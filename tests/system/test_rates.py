"""`JIRA_RATE`, `TRANSLATE_RATE` and `SLACK_RATE` limit what really goes out, over all workers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.system.world import KOREAN, World, running
from tools.sandbox.processes import wait_for

RATE, SLACK_RATE = 2.0, 0.5
TICK = 1.0
"""Seconds between two ticks of the clock, which starts what has its turn: how exact a rate is."""
BURSTS = {"translate": 10, "jira": 10}
MORE = 6
"""How many go at the rate after the burst."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("rates")
    rates = {"TRANSLATE_RATE": f"{RATE:g}", "JIRA_RATE": f"{RATE:g}", "SLACK_RATE": f"{SLACK_RATE:g}"}
    variables = {**rates, "JIRA_EVENTS": "ISSUE_CREATION", "RECONCILE_EVERY": "0"}
    with running(folder, **variables) as world:  # type: ignore[arg-type]
        world.start("worker", "second worker")
        wait_for("both workers", lambda: "worker started" in world.log("second worker"))
        yield world


def attempts(world: World, connector: str) -> list[float]:
    rows = world.rows(connector=connector)
    return sorted(entry["at"] for row in rows for entry in world.attempts(row["event_id"], connector))


@pytest.mark.parametrize("connector", ["translate", "jira"])
def test_no_more_than_the_rate_go_out_after_the_burst(world: World, connector: str) -> None:
    many = BURSTS[connector] + MORE
    for number in range(many):
        if connector == "translate":
            world.service.write_feedback({"message": KOREAN})
        else:
            world.service.open_issue(f"rate {number}")
    wait_for("all attempts", lambda: len(attempts(world, connector)) >= many, 40)
    moments = attempts(world, connector)
    for first, last in zip(moments, moments[BURSTS[connector] :], strict=False):
        assert last - first >= 1 / RATE - 0.1, "within the time of one turn at most a burst goes out"
    assert moments[many - 1] - moments[0] >= MORE / RATE - 0.5


def test_messages_keep_to_the_rate_of_their_channel(world: World) -> None:
    """After a burst of three there is a turn between any two."""
    issues = [world.service.open_issue(f"message {number}") for number in range(8)]
    for issue in issues:
        world.service.change_status(issue, "RESOLVED")
    wait_for("all to be sent", lambda: len(world.rows(connector="slack", state="done")) == len(issues), 40)
    posted = sorted(float(message["ts"]) for message in world.service.state()["slack"]["messages"])
    assert len(posted) > 3, "too few for a digest"
    for first, second in itertools.pairwise(posted[2:]):
        assert second - first >= 1 / SLACK_RATE - TICK - 0.3
