"""Redis restarted, wiped, away, hung, full or read-only, under load: the same processes go on, and all is finished."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from jobs.configuration import configure
from jobs.reconcile.comparison import SETTLED_SECONDS
from jobs.reconcile.report import Report
from jobs.runtime import Runtime
from tests.system.world import ENGLISH, KOREAN, World, running
from tools.sandbox.processes import free_port, wait_for
from tools.sandbox.service import call

WITHIN = 1.0  # seconds in which the receiver reports a failure of Redis
RECOVERED = 30.0
SETTLED = 90.0  # seconds for what waits until a request of before the wipe must have ended
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")
LOAD = 12
numbers = count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("redis")
    with running(folder, valkey=DURABLE, RECONCILE_EVERY="5", RECONCILE_CHANNELS="1:1", JIRA_SEARCH_LAG="1") as world:
        yield world


class Load:
    """Feedbacks and issues whose deliveries take a while."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known = len(world.rows())
        self.processes = {role: world.processes[role].pid for role in ("web", "worker")}
        for system in ("jira", "libretranslate"):
            world.order({"kind": "delay", "system": system, "times": None, "seconds": 0.15})
        self.feedbacks = [world.service.write_feedback({"message": KOREAN}) for _ in range(LOAD)]
        self.issues = [world.service.open_issue(f"load {next(numbers)}") for _ in range(LOAD)]
        wait_for("the first effects", lambda: any(world.translations(feedback) for feedback in self.feedbacks))

    def is_finished(self) -> None:
        """By the processes that were there before."""
        self.world.wait_until_finished(self.known + 2 * LOAD, RECOVERED)
        for feedback in self.feedbacks:
            assert self.world.translations(feedback) == [ENGLISH]
        for issue in self.issues:
            [ticket] = self.world.tickets(issue)
            assert self.world.writes_of_number(issue) == [ticket["key"].removeprefix("PROJ-")]
        for role, pid in self.processes.items():
            assert (self.world.processes[role].pid, self.world.processes[role].returncode) == (pid, None)
        self.world.end_faults()


def something() -> bytes:
    """An event that is stored and that nobody acts on."""
    return json.dumps({"event": "SOMETHING_NEW", "data": {"number": next(numbers)}}).encode()


@contextmanager
def refusing_for(world: World, seconds: float) -> Iterator[None]:
    """In the block Redis is hurt; then the receiver reports it for a while, and after the block takes events again."""
    yield
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        reply = world.post(something())
        assert reply.status == 503
        assert reply.seconds < WITHIN
        assert reply.headers["Retry-After"]


def takes_events_again(world: World) -> None:
    assert world.post(something()).status == 200
    world.wait_until_ready()


def test_a_redis_that_is_killed_and_comes_back_with_its_data_loses_nothing(world: World) -> None:
    """Away for longer than a worker backs off; the sender repeats what was answered with 503."""
    load = Load(world)
    with refusing_for(world, 6):
        world.processes["valkey"].kill()
    late = world.service.write_feedback({"message": KOREAN})
    wait_for("it to be refused", lambda: world.service.state()["sender"]["pending"])
    world.start_redis()
    takes_events_again(world)
    wait_for("the sender's next attempt", lambda: world.translations(late))
    load.is_finished()


def test_a_redis_that_hangs_is_waited_for(world: World) -> None:
    load = Load(world)
    valkey = world.processes["valkey"]
    try:
        with refusing_for(world, 6):
            valkey.signal(signal.SIGSTOP)
    finally:
        valkey.signal(signal.SIGCONT)
    takes_events_again(world)
    load.is_finished()


def test_a_redis_that_is_full_and_then_read_only_is_waited_for(world: World) -> None:
    load = Load(world)
    with world.redis() as redis:
        with refusing_for(world, 3):
            redis.config_set("maxmemory", 1)
        redis.config_set("maxmemory", 0)
        takes_events_again(world)
        with refusing_for(world, 3):
            redis.replicaof("127.0.0.1", free_port())
        redis.replicaof("no", "one")
    takes_events_again(world)
    load.is_finished()


@pytest.mark.timeout(240)
def test_what_a_wiped_redis_forgot_is_found_again_and_recovered_once(tmp_path: Path) -> None:
    """In flight at that moment, and until the worker has looked: a translation and a ticket. Accepted and not begun:
    another feedback and another issue. The worker finds them by itself and at once: it compares creations without
    waiting for their events."""
    with running(
        tmp_path, valkey=DURABLE, RECONCILE_EVERY="5", RECONCILE_CHANNELS="1:1", JIRA_SEARCH_LAG="30"
    ) as world:
        _wipe_with_requests_in_flight(world)


def _wipe_with_requests_in_flight(world: World) -> None:
    world.order({"kind": "delay", "system": "abc", "method": "PUT", "path": r"/feedbacks/\d+$", "seconds": 240})
    world.order({"kind": "delay", "system": "jira", "method": "POST", "path": "/issue$", "seconds": 240})
    fired, worker = world.fired(), world.processes["worker"]
    feedbacks, issues = [world.service.write_feedback({"message": KOREAN})], [world.service.open_issue("in flight")]
    wait_for("both to be held", lambda: world.fired() == fired + 2)
    worker.signal(signal.SIGSTOP)
    earlier = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    feedbacks.append(world.service.write_feedback({"message": KOREAN, "createdAt": earlier}))
    issues.append(world.service.open_issue("not begun"))
    wait_for("both to be accepted", lambda: len(world.rows(state="queued")) == 2)

    world.processes["valkey"].kill()
    shutil.rmtree(world.valkey_folder / "appendonlydir")
    world.start_redis()
    worker.signal(signal.SIGCONT)
    takes_events_again(world)
    wait_for("the worker to look for all four", lambda: len(_looked_for(world)) == 4)
    call("DELETE", f"{world.service.sandbox}/control/waits")  # what was in flight arrives
    wait_for("both translations", lambda: all(map(world.translations, feedbacks)), SETTLED)
    wait_for("both tickets", lambda: all(world.issue(issue)["externalIssueId"] for issue in issues), SETTLED)
    reconcile(world)
    wait_for("all to be finished", lambda: not world.unfinished())
    assert [world.translations(feedback) for feedback in feedbacks] == [[ENGLISH]] * 2
    assert [len(world.tickets(issue)) for issue in issues] == [1, 1]
    assert worker.returncode is None


def _looked_for(world: World) -> list[str]:
    """The deliveries to Jira and the translator that have had an attempt."""
    rows = [row for state in ("retrying", "done") for row in world.rows(state=state)]
    return [row["id"] for row in rows if row["connector"] in ("jira", "translate") and row["attempts"]]


def reconcile(world: World) -> Report:
    """As `flask reconcile`, but later: a change of status that is younger than a minute is left to its event."""
    configuration = configure(world.service.environment)
    with world.redis() as redis:
        runtime = Runtime(configuration, redis=redis)
        assert runtime.reconciler is not None
        runtime.checkpoints.now = lambda: time.time() + SETTLED_SECONDS + 5  # type: ignore[method-assign]
        return runtime.reconciler.run(since=time.time() - 600)
