"""A Jira that hangs holds its share of each worker and nothing else: neither Slack nor the translator nor the 200."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

import pytest
import requests

from tests.system.world import KOREAN, World, percentile, running, summary
from tools.sandbox.processes import wait_for
from tools.sandbox.service import TOKEN

CONCURRENCY, WORKERS = 8, 2
HELD = WORKERS * CONCURRENCY // 2  # half of each worker, for one connector of several
ISSUES = 24
CHANGES = 120


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hanging")
    with running(
        folder, WORKER_CONCURRENCY=str(CONCURRENCY), JIRA_EVENTS="ISSUE_CREATION", JIRA_SEARCH_LAG="1"
    ) as world:
        world.start("worker", "second worker")
        wait_for("both workers", lambda: "worker started" in world.log("second worker"))
        yield world


def test_a_jira_that_hangs_holds_up_nobody_else(world: World) -> None:
    world.order({"kind": "hang", "system": "jira", "times": None, "seconds": 60})
    issues = [world.service.open_issue(f"held {number}") for number in range(ISSUES)]
    wait_for("both shares to be full", lambda: world.fired() >= HELD)

    announced, answered = change_statuses(world)
    # Jira is given up after 15 s: what is much sooner did not wait for it.
    assert percentile(answered, 0.99) < 1, f"slow answers: {sorted(answered)[-5:]}"
    feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(8)]
    wait_for("the translations", lambda: all(world.translations(feedback) for feedback in feedbacks), 10)
    moments = wait_for("every message", lambda: all_posted(world, announced), 10)
    late = [moments[name] - announced[name] for name in announced]
    assert percentile(late, 0.99) < 5, f"late messages: {sorted(late)[-5:]}"

    rows = world.rows(state="running")
    assert [row["connector"] for row in rows] == ["jira"] * HELD, summary(rows)
    assert world.fired() == HELD, "so many requests hang, and no more were begun"
    assert len(world.rows(state="queued")) == ISSUES - HELD

    world.end_faults()  # what hangs goes on hanging until it is given up
    wait_for("the attempts to end", lambda: not world.rows(state="running"), 20)
    # By their records: a row shows only how it stands now, and some may have been looked at again.
    firsts = [world.attempts(row["event_id"], "jira")[:1] for row in world.rows(connector="jira")]
    assert len([first for first in firsts if first and first[0].get("reason") == "timeout"]) == HELD
    for row in world.rows(state="retrying"):
        with suppress(requests.HTTPError):  # it runs again already: its breaker's probe has found Jira well
            world.replay(row["id"])
    world.wait_until_finished(ISSUES + CHANGES)
    assert [len(world.tickets(issue)) for issue in issues] == [1] * ISSUES


def all_posted(world: World, names: Iterable[str]) -> dict[str, float]:
    """When each message was posted; empty until all were."""
    messages = world.service.state()["slack"]["messages"]
    moments = {name: float(m["ts"]) for m in messages for name in re.findall(r'issue "(change \d+)"', m["text"])}
    return moments if moments.keys() == set(names) and len(messages) == len(moments) else {}


def change_statuses(world: World) -> tuple[dict[str, float], list[float]]:
    """Announces many changes over one connection: when each was sent, by the issue's name; seconds to each answer."""
    announced, answered = {}, []
    times = {"createdAt": "2026-11-22T16:00:00.000Z", "updatedAt": "2026-11-22T17:00:00.000Z"}
    with world.web.connected() as connection:
        for number in range(CHANGES):
            name = f"change {number}"
            issue = {"id": 5000 + number, **times, "name": name, "status": "RESOLVED", "externalIssueId": "1"}
            data = {"issue": issue, "project": {"id": 1, "name": "Demo"}, "previousStatus": "INIT"}
            announced[name] = time.time()
            reply = connection.post(json.dumps({"event": "ISSUE_STATUS_CHANGE", "data": data}).encode(), TOKEN)
            assert reply.status == 200
            answered.append(reply.seconds)
    return announced, answered
