"""The status that reconcile compares with is that of the latest change, in whatever order the changes are heard."""

from __future__ import annotations

from typing import Any

import pytest
from redis import Redis

from jobs.marks import Marks
from sources.abc.events import parse
from tests.jobs.world import INSTANCE, Recorder, World

SECOND = "2026-11-22T10:00:08"


def change(previous: str, status: str, updated: str) -> dict[str, Any]:
    issue = {"id": 7, "createdAt": f"{SECOND[:-2]}00.000Z", "updatedAt": f"{updated}Z", "name": "x", "status": status}
    data = {"issue": issue, "project": {"id": 1, "name": "P"}, "previousStatus": previous}
    return {"event": "ISSUE_STATUS_CHANGE", "data": data}


@pytest.mark.parametrize(
    ("first", "then", "remembered"),
    [
        ((f"{SECOND}.559", "PENDING"), (f"{SECOND}.970", "RESOLVED"), "RESOLVED"),
        ((f"{SECOND}.970", "RESOLVED"), (f"{SECOND}.559", "PENDING"), "RESOLVED"),
        ((f"{SECOND}.970", "RESOLVED"), (f"{SECOND}.000", "PENDING"), "PENDING"),  # cut by ABC: the later to be heard
        ((f"{SECOND}.000", "RESOLVED"), (f"{SECOND}.559", "PENDING"), "PENDING"),
        ((f"{SECOND}.000", "RESOLVED"), ("2026-11-22T10:00:07.999", "PENDING"), "RESOLVED"),
    ],
)
def test_changes_of_one_second_may_be_heard_in_either_order(
    redis: Redis, first: tuple[str, str], then: tuple[str, str], remembered: str
) -> None:
    world = World(redis, {"slack": Recorder()})
    for updated, status in (first, then):
        body = change("INIT", status, updated)
        world.acceptor.accept("abc", parse(body, INSTANCE), b"{}")
    heard = Marks(redis, INSTANCE, (), 86_400).status(1, 7)
    assert heard is not None
    assert heard.status == remembered


def test_a_creation_that_is_heard_after_a_change_of_the_same_second_takes_nothing_back(redis: Redis) -> None:
    """The change's time was cut: a feedback was added in that second, too."""
    world = World(redis, {"slack": Recorder()})
    issue = {"id": 7, "createdAt": f"{SECOND}.698Z", "updatedAt": f"{SECOND}.698Z", "name": "x", "status": "INIT"}
    created = {"event": "ISSUE_CREATION", "data": {"issue": issue, "project": {"id": 1, "name": "P"}}}
    for body in (change("INIT", "IN_PROGRESS", f"{SECOND}.000"), created):
        world.acceptor.accept("abc", parse(body, INSTANCE), b"{}")
    heard = Marks(redis, INSTANCE, (), 86_400).status(1, 7)
    assert heard is not None
    assert heard.status == "IN_PROGRESS"
