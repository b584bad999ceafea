"""Processes that are killed or asked to stop in the middle of work: nothing lost, nothing twice, and soon taken up."""

from __future__ import annotations

import http.client
import json
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from connectors.patience import SETTLE_SECONDS
from tests.system.world import ENGLISH, KOREAN, RECOVERY_SECONDS, World, running, summary
from tools.sandbox.processes import wait_for

STOP_SECONDS = 30.0  # what a platform gives between SIGTERM and SIGKILL
BEHIND = 8
LOAD = 20
WRITES = {"abc": ("PUT", r"/feedbacks/\d+$"), "jira": ("POST", "/issue$"), "slack": ("POST", "/chat.postMessage$")}


@pytest.fixture(scope="module")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Jira's search has no lag here, so what Jira may have done need not be looked for any longer.
    with running(tmp_path_factory.mktemp("stops"), WORKER_CONCURRENCY="8", JIRA_SEARCH_LAG="3") as world:
        yield world


@pytest.fixture
def world(running_world: World) -> Iterator[World]:
    yield running_world
    running_world.peace()
    for role in ("web", "worker"):
        if running_world.processes[role].returncode is not None:
            running_world.start(role)
    running_world.wait_until_ready()


def issues_named(world: World, what: str, many: int) -> dict[int, str]:
    names = [f"{what} {number}" for number in range(many)]
    return {world.service.open_issue(name): name for name in names}


def assert_once(world: World, feedbacks: list[int], issues: dict[int, str], announced: dict[int, str]) -> None:
    for feedback in feedbacks:
        assert world.translations(feedback) == [ENGLISH]
    for number in issues:
        [ticket] = world.tickets(number)
        assert world.writes_of_number(number) == [ticket["key"].removeprefix("PROJ-")]
    for name in announced.values():
        assert len(world.messages(name)) == 1


def test_what_a_killed_worker_held_is_finished_once_and_soon(world: World) -> None:
    """`kill -9` while a translation is being written, a ticket made, a message posted; each of them twice: one arrives
    all the same, one never does. More waits behind them in the worker's memory."""
    known = len(world.rows())
    issues = issues_named(world, "killed", 2)
    world.wait_until_finished(known + 2)
    fired = world.fired()
    for kind in ("delay", "hang"):
        world.order(
            *(
                {"kind": kind, "system": system, "method": method, "path": path, "seconds": 2}
                for system, (method, path) in WRITES.items()
            )
        )
    feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(2)]
    made = issues_named(world, "made", 2)
    for number in issues:
        world.service.change_status(number, "RESOLVED")
    wait_for("all six to be held", lambda: world.fired() == fired + 6)
    feedbacks += [world.service.write_feedback({"message": KOREAN}) for _ in range(BEHIND)]

    world.processes["worker"].kill()
    killed = time.monotonic()
    world.start("worker")
    # What Slack may still be posting, for all that anybody knows, is only looked for; all else is there soon.
    wait_for("all but a message", lambda: len(world.unfinished()) <= 1, RECOVERY_SECONDS)
    finished = known + len(issues) + len(feedbacks) + len(made) + 2 * len(issues)
    world.wait_until_finished(finished, SETTLE_SECONDS * 1.2)
    assert time.monotonic() - killed < RECOVERY_SECONDS + SETTLE_SECONDS
    assert {row["state"] for row in world.rows()} == {"done"}, summary(world.rows())
    assert_once(world, feedbacks, issues | made, issues)


def test_sigterm_under_load_loses_nothing_and_repeats_nothing(world: World) -> None:
    """To the whole group of every process, as platforms do; then new ones go on. The sender repeats what web missed."""
    known = len(world.rows())
    for system in ("jira", "libretranslate", "slack"):
        world.order({"kind": "delay", "system": system, "times": None, "seconds": 0.1})
    issues = issues_named(world, "stopped", LOAD)
    # Changed only once their numbers are written: a person's save in the very moment of ours is a limit, not a loss.
    world.wait_until_finished(known + LOAD, RECOVERY_SECONDS)
    feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(LOAD)]
    for number in issues:
        world.service.change_status(number, "RESOLVED")

    stopping = [world.processes[role] for role in ("worker", "web")]
    for process in stopping:
        process.signal(signal.SIGTERM)
    stopped = time.monotonic()
    assert [process.wait(STOP_SECONDS) for process in stopping] == [0, 0]
    assert time.monotonic() - stopped < STOP_SECONDS
    world.start("web")
    world.wait_until_web_answers()
    assert world.rows(state="running") == [], "what was begun was finished"
    assert world.unfinished(), "there was something left to go on with"
    world.start("worker")
    world.wait_until_finished(known + 4 * LOAD, RECOVERY_SECONDS)
    assert_once(world, feedbacks, issues, issues)


def test_every_200_of_a_web_process_that_stops_is_stored(world: World) -> None:
    answered: list[str] = []
    over = Event()

    def post_on(caller: int) -> None:
        for number in range(100_000):
            if over.is_set():
                return
            body = json.dumps({"event": "SOMETHING_NEW", "data": {"caller": caller, "number": number}}).encode()
            try:
                reply = world.post(body)
            except (OSError, http.client.HTTPException):
                continue
            assert reply.status == 200
            answered.append(reply.json["event_id"])

    web = world.processes["web"]
    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(post_on, caller) for caller in range(4)]
        try:
            wait_for("a load of answers", lambda: len(answered) > 100)
            web.signal(signal.SIGTERM)
            assert web.wait(STOP_SECONDS) == 0
        finally:
            over.set()
        for caller in callers:
            caller.result()
    with world.redis() as redis:
        missing = [event_id for event_id in answered if not redis.exists(f"fb:default:event:{event_id}")]
    assert missing == []
