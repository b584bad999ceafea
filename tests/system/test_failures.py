"""A third party's faults: the right state with when or why, the others unaffected, and one effect once it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from connectors.patience import SETTLE_SECONDS
from tests.system.world import ENGLISH, KOREAN, World, running
from tools.sandbox.processes import wait_for

numbers = count(1)


@pytest.fixture(scope="module")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # What Jira may have done is looked for at once: its search has no lag here.
    with running(tmp_path_factory.mktemp("failure"), JIRA_SEARCH_LAG="1") as world:
        yield world


@pytest.fixture
def world(running_world: World) -> Iterator[World]:
    running_world.peace()
    yield running_world
    running_world.peace()


@dataclass(frozen=True)
class Target:
    """A third party: where it is hurt, and which connector feels it on which event."""

    system: str
    method: str
    path: str
    connector: str
    event: str

    def fault(self, kind: str, **details: Any) -> dict[str, Any]:
        return {"kind": kind, "system": self.system, "method": self.method, "path": self.path, **details}


TARGETS = {
    target.system: target
    for target in (
        Target("abc", "GET", r"/feedbacks/\d+$", "translate", "FEEDBACK_CREATION"),
        Target("libretranslate", "POST", "/translate$", "translate", "FEEDBACK_CREATION"),
        Target("jira", "POST", "/issue$", "jira", "ISSUE_CREATION"),
        Target("slack", "POST", "/chat.postMessage$", "slack", "ISSUE_STATUS_CHANGE"),
    )
}


@dataclass
class Story:
    """A feedback, an issue, and a change of its status: three events, four deliveries."""

    world: World
    name: str = field(default_factory=lambda: f"failure {next(numbers)}")

    def __post_init__(self) -> None:
        ordered = self._faults_of_jira()
        self.feedback = self.world.service.write_feedback({"message": KOREAN})
        self.issue = self.world.service.open_issue(self.name)

        def settled() -> bool:
            tried = self.row(TARGETS["jira"]).get("state") in ("retrying", "dead", "done")
            return tried or self._faults_of_jira() < ordered

        # A status that is set in the very moment in which the ticket's number is written is another test's story.
        wait_for("the ticket's number to be written, or not to be for now", settled)
        self.world.service.change_status(self.issue, "RESOLVED")

    def _faults_of_jira(self) -> int:
        return len([fault for fault in self.world.service.state()["faults"]["left"] if fault["system"] == "jira"])

    def rows(self) -> list[dict[str, Any]]:
        rows = self.world.rows(entity=f"abc:feedback:1:{self.feedback}") + self.world.rows(
            entity=f"abc:issue:1:{self.issue}"
        )
        return sorted(rows, key=lambda row: (row["connector"], row["event"]))

    def row(self, target: Target) -> dict[str, Any]:
        """The delivery that meets the fault; empty while there is none."""
        found = [row for row in self.rows() if (row["connector"], row["event"]) == (target.connector, target.event)]
        return found[0] if found else {}

    def wait_until_tried(self, target: Target, seconds: float = 30.0) -> dict[str, Any]:
        def tried() -> dict[str, Any]:
            row = self.row(target)
            return row if row and row["state"] in ("retrying", "dead", "done") and row["reason"] != "held" else {}

        return wait_for(f"an attempt of {target.connector}", tried, seconds)

    def wait_for_others(self, target: Target) -> None:
        """What has nothing to do with the fault is done; in Jira's own line the later one waits for the earlier."""

        def others() -> bool:
            left = [row for row in self.rows() if row["connector"] != target.connector]
            return len(left) == (2 if target.connector == "jira" else 3) and {r["state"] for r in left} == {"done"}

        self._wait_for(f"what {target.system} has nothing to do with to be done", others, 30.0)

    def wait_until_done(self, seconds: float = 30.0) -> None:
        def done() -> bool:
            rows = self.rows()
            return len(rows) == 4 and all(row["state"] in ("done", "skipped") for row in rows)

        self._wait_for("all to be done", done, seconds)

    def _wait_for(self, what: str, check: Callable[[], bool], seconds: float) -> None:
        try:
            wait_for(what, check, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {self.rows()}") from None

    def assert_once(self) -> None:
        assert self.world.translations(self.feedback) == [ENGLISH]
        [ticket] = self.world.tickets(self.issue)
        assert self.world.issue(self.issue)["externalIssueId"] == ticket["key"].removeprefix("PROJ-")
        assert ticket["status"] == "Done"
        assert len(self.world.messages(self.name)) == 1


def wait_of(row: dict[str, Any]) -> float:
    """Seconds from the end of the attempt until the next one."""
    moments = [datetime.fromisoformat(row[name]) for name in ("updated_at", "next_attempt_at")]
    return (moments[1] - moments[0]).total_seconds()


def assert_retrying(row: dict[str, Any], reason: str, least: float) -> None:
    assert (row["state"], row["reason"]) == ("retrying", reason)
    assert row["error"]
    assert least - 0.01 <= wait_of(row) <= least * 1.2 + 0.05


def is_over(world: World, story: Story, target: Target) -> None:
    """The fault has ended, and an operator does not wait for the schedule."""
    world.replay(story.row(target)["id"])
    # What Slack may still be posting is only looked for.
    story.wait_until_done(10.0 + (SETTLE_SECONDS * 1.2 if target.system == "slack" else 0))
    story.assert_once()


@pytest.mark.parametrize("system", TARGETS)
def test_too_many_requests_are_repeated_when_the_other_side_allows(world: World, system: str) -> None:
    target = TARGETS[system]
    world.order(target.fault("status", status=429, headers={"Retry-After": "7"}))
    story = Story(world)
    assert_retrying(story.wait_until_tried(target), "rate_limited", 7)
    story.wait_for_others(target)
    is_over(world, story, target)


@pytest.mark.parametrize("system", TARGETS)
def test_a_server_error_is_retried_by_the_schedule(world: World, system: str) -> None:
    target = TARGETS[system]
    world.order(target.fault("status", status=500))
    story = Story(world)
    assert_retrying(story.wait_until_tried(target), "server_error", 5)
    story.wait_for_others(target)
    is_over(world, story, target)


@pytest.mark.parametrize("system", TARGETS)
def test_a_permanent_refusal_is_dead_with_the_reason_and_can_be_replayed(world: World, system: str) -> None:
    target = TARGETS[system]
    world.order(target.fault("status", status=400, body={"error": "no_such_thing", "message": "no such thing"}))
    story = Story(world)
    row = story.wait_until_tried(target)
    assert (row["state"], row["attempts"]) == ("dead", 1)
    assert row["reason"] in ("client_error", "config")
    assert row["error"]
    story.wait_for_others(target)
    is_over(world, story, target)


@pytest.mark.parametrize("system", TARGETS)
def test_a_refused_connection_is_retried_by_the_schedule(world: World, system: str) -> None:
    target = TARGETS[system]
    world.gates[system].shut()
    try:
        story = Story(world)
        assert_retrying(story.wait_until_tried(target), "network", 5)
        if system == "abc":
            wait_for("Slack's message", lambda: world.messages(story.name))
            for row in story.rows():
                if row["connector"] != "slack" and row["state"] != "queued":
                    assert_retrying(row, "network", 5)
        else:
            story.wait_for_others(target)
    finally:
        world.gates[system].open()
    for row in story.rows():
        if row["state"] == "retrying":
            world.replay(row["id"])
    story.wait_until_done()
    story.assert_once()


OKAY_FALSE: dict[str, Callable[[dict[str, Any]], bool]] = {
    "channel_not_found": lambda row: (row["state"], row["reason"]) == ("dead", "config"),
    "invalid_auth": lambda row: (row["state"], row["reason"]) == ("dead", "auth"),
    "ratelimited": lambda row: (row["state"], row["reason"]) == ("retrying", "rate_limited"),
    "internal_error": lambda row: (row["state"], row["reason"]) == ("retrying", "server_error"),
}


@pytest.mark.parametrize("error", OKAY_FALSE)
def test_a_200_with_an_error_is_no_success(world: World, error: str) -> None:
    target = TARGETS["slack"]
    world.order(target.fault("status", status=200, body={"ok": False, "error": error}))
    story = Story(world)
    row = story.wait_until_tried(target)
    assert OKAY_FALSE[error](row), row
    assert error in row["error"]
    story.wait_for_others(target)
    is_over(world, story, target)


def test_a_time_out_is_retried_and_what_may_have_been_done_is_looked_for(world: World) -> None:
    """Each third party is silent for longer than it is waited for; Jira and Slack do what they were asked afterwards,
    when nobody listens any more."""
    kinds = {"abc": "hang", "libretranslate": "hang", "jira": "delay", "slack": "delay"}
    stories = {}
    for system, kind in kinds.items():
        world.order(TARGETS[system].fault(kind, seconds=16))
        stories[system] = Story(world)
        wait_for("the fault to be met", lambda: not world.service.state()["faults"]["left"])
        stories[system].wait_for_others(TARGETS[system])  # while it is still silent
    for system, story in stories.items():
        row = story.wait_until_tried(TARGETS[system], 20)
        assert_retrying(row, "ambiguous" if system in ("jira", "slack") else "timeout", 5)
    wait_for("Slack to have done it", lambda: world.messages(stories["slack"].name))
    wait_for("Jira to have done it", lambda: world.tickets(stories["jira"].issue))
    for system, story in stories.items():
        is_over(world, story, TARGETS[system])
