"""One event, one effect: the sender's own repeats, and many copies at the same moment."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.system.world import ENGLISH, KOREAN, World, running
from tools.sandbox.processes import wait_for

COPIES = 20


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("repeats"), sender=("--interval", "0.5", "--timeout", "1")) as world:
        yield world


def assert_once(world: World, feedback: int, issue: int, name: str) -> None:
    assert world.translations(feedback) == [ENGLISH]
    [ticket] = world.tickets(issue)
    assert world.writes_of_number(issue) == [ticket["key"].removeprefix("PROJ-")]
    assert len(world.messages(name)) == 1
    assert world.issue(issue)["status"] == "RESOLVED"
    assert ticket["status"] == "Done"


def test_the_four_attempts_of_the_sender_are_one_event(world: World) -> None:
    """The receiver stands still for so long that each event is sent four times, the same bytes every time."""
    before, finished = world.service.state()["sender"], len(world.rows())
    name = "four attempts"
    web = world.processes["web"]
    web.signal(signal.SIGSTOP)
    try:
        feedback, issue = world.service.write_feedback({"message": KOREAN}), world.service.open_issue(name)
        world.service.change_status(issue, "RESOLVED")
        wait_for(
            "three attempts of each event to fail",
            lambda: world.service.state()["sender"]["attempts"] - before["attempts"] >= 9,
        )
    finally:
        web.signal(signal.SIGCONT)
    wait_for("the last attempts", lambda: not world.service.state()["sender"]["pending"])
    world.wait_until_finished(finished + 4)
    after = world.service.state()["sender"]
    assert after["attempts"] - before["attempts"] == 12
    assert after["delivered"] - before["delivered"] == 3
    assert len(world.rows()) == finished + 4
    assert_once(world, feedback, issue, name)


def test_twenty_parallel_copies_are_one_event(world: World) -> None:
    finished = len(world.rows())
    name = "twenty copies"
    with world.unheard():
        feedback, issue = world.service.write_feedback({"message": KOREAN}), world.service.open_issue(name)
        world.service.change_status(issue, "RESOLVED")
    row = world.issue(issue)  # its creation time is part of its identity
    project, channel = {"id": 1, "name": "Demo"}, {"id": 1, "name": "App reviews"}
    announced = {**world.service.abc("GET", f"channels/1/feedbacks/{feedback}"), "message": KOREAN}
    bodies = [
        _body("FEEDBACK_CREATION", feedback={**announced, "issues": []}, channel=channel, project=project),
        _body("ISSUE_CREATION", issue={**row, "status": "INIT"}, project=project),
        _body("ISSUE_STATUS_CHANGE", issue=row, project=project, previousStatus="INIT"),
    ]
    together = Barrier(COPIES)

    def post(body: bytes) -> dict[str, Any]:
        together.wait()
        reply = world.post(body)
        assert reply.status == 200
        return dict(reply.json)

    with ThreadPoolExecutor(COPIES) as pool:
        for body in bodies:
            replies = list(pool.map(post, [body] * COPIES))
            assert len({reply["event_id"] for reply in replies}) == 1
            assert len([reply for reply in replies if "duplicate" not in reply]) == 1
    world.wait_until_finished(finished + 4)
    assert len(world.rows()) == finished + 4
    assert_once(world, feedback, issue, name)


def _body(event: str, **data: Any) -> bytes:
    return json.dumps({"event": event, "data": data}, ensure_ascii=False).encode()
