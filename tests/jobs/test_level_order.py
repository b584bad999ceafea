"""The status that reconcile compares with is that of the latest change, in whatever order the events arrive."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from jobs.reconcile.checkpoints import Checkpoints
from sources.abc.events import parse
from sources.abc.models import Issue, subject_of
from sources.base import Level
from tests.jobs.world import INSTANCE, Recorder, World

SECOND = "2026-11-22T10:00:08"
ISSUE = Issue(id=7)
SUBJECT = subject_of(1, ISSUE)


def change(previous: str, status: str, updated: str, created: str = f"{SECOND[:-2]}00.000Z") -> dict[str, Any]:
    issue = {"id": 7, "createdAt": created, "updatedAt": f"{updated}Z", "name": "x", "status": status}
    data = {"issue": issue, "project": {"id": 1, "name": "P"}, "previousStatus": previous}
    return {"event": "ISSUE_STATUS_CHANGE", "data": data}


@pytest.mark.parametrize(
    ("first", "then", "remembered"),
    [
        ((f"{SECOND}.559", "PENDING"), (f"{SECOND}.970", "RESOLVED"), "RESOLVED"),
        ((f"{SECOND}.970", "RESOLVED"), (f"{SECOND}.559", "PENDING"), "RESOLVED"),
        ((f"{SECOND}.970", "RESOLVED"), (f"{SECOND}.000", "PENDING"), "PENDING"),  # cut by ABC: the later to arrive
        ((f"{SECOND}.000", "RESOLVED"), (f"{SECOND}.559", "PENDING"), "PENDING"),
        ((f"{SECOND}.000", "RESOLVED"), ("2026-11-22T10:00:07.999", "PENDING"), "RESOLVED"),
    ],
)
def test_changes_of_one_second_may_arrive_in_either_order(
    redis: Redis, first: tuple[str, str], then: tuple[str, str], remembered: str
) -> None:
    world = World(redis, {"slack": Recorder()})
    for updated, status in (first, then):
        body = change("INIT", status, updated)
        world.acceptor.accept("abc", parse(body, INSTANCE), b"{}")
    received = Checkpoints(redis, INSTANCE, (), 86_400).level(SUBJECT, "")
    assert received is not None
    assert received.value == remembered


def test_a_creation_that_arrives_after_a_change_of_the_same_second_takes_nothing_back(redis: Redis) -> None:
    """The change's time was cut: a feedback was added in that second, too."""
    world = World(redis, {"slack": Recorder()})
    issue = {"id": 7, "createdAt": f"{SECOND}.698Z", "updatedAt": f"{SECOND}.698Z", "name": "x", "status": "INIT"}
    created = {"event": "ISSUE_CREATION", "data": {"issue": issue, "project": {"id": 1, "name": "P"}}}
    for body in (change("INIT", "IN_PROGRESS", f"{SECOND}.000", f"{SECOND}.698Z"), created):
        world.acceptor.accept("abc", parse(body, INSTANCE), b"{}")
    received = Checkpoints(redis, INSTANCE, (), 86_400).level(SUBJECT, "")
    assert received is not None
    assert received.value == "IN_PROGRESS"


def test_what_is_known_of_an_earlier_issue_with_the_same_id_does_not_count(redis: Redis) -> None:
    """ABC was restored from a backup and gave the id to another issue; its first status is not a change."""
    world = World(redis, {"slack": Recorder()})
    checkpoints = Checkpoints(redis, INSTANCE, (), 86_400)
    world.acceptor.accept("abc", parse(change("INIT", "RESOLVED", f"{SECOND}.559"), INSTANCE), b"{}")
    before, after = (Issue(id=7, createdAt=f"2026-11-22T{hour}:00:00.000Z") for hour in ("10", "04"))
    received = checkpoints.level(SUBJECT, before.creation)
    assert received is not None
    assert received.value == "RESOLVED"
    assert checkpoints.level(SUBJECT, after.creation) is None
    issue = {"id": 7, "createdAt": after.createdAt, "updatedAt": after.createdAt, "name": "y", "status": "PENDING"}
    created = {"event": "ISSUE_CREATION", "data": {"issue": issue, "project": {"id": 1, "name": "P"}}}
    world.acceptor.accept("abc", parse(created, INSTANCE), b"{}")
    received = checkpoints.level(SUBJECT, after.creation)
    assert received is not None
    assert received.value == "PENDING"
    assert checkpoints.level(SUBJECT, before.creation) is None


def test_a_noted_status_belongs_to_its_issue(redis: Redis) -> None:
    checkpoints = Checkpoints(redis, INSTANCE, (), 86_400)
    issue = Issue(id=7, createdAt=f"{SECOND}.000Z", status="PENDING")
    level = Level("PENDING", 1.0, 1.0)
    checkpoints.note_level(SUBJECT, issue.creation, level)
    assert checkpoints.level(SUBJECT, issue.creation) == level
    assert checkpoints.level(SUBJECT, Issue(id=7, createdAt="2026-11-23T10:00:00Z").creation) is None
