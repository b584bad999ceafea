"""A Redis of a small hosted plan, which allows 20 connections: enough for web, worker and commands together."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.system.world import KOREAN, World, running
from tools.sandbox.processes import ROOT, child_environment

AT_ONCE = 32


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("connections")
    with running(folder, valkey=("--maxclients", "20"), RECONCILE_EVERY="0") as world:
        yield world


class Watch(threading.Thread):
    """Counts the service's connections all the time, over one of its own."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self._redis = world.redis()
        self._stopped = threading.Event()
        self.most = 0

    def run(self) -> None:
        while not self._stopped.wait(0.01):
            self.most = max(self.most, len(self._redis.client_list()) - 1)

    def end(self) -> int:
        self._stopped.set()
        self.join()
        self._redis.close()
        return self.most


def events(world: World, many: int) -> list[bytes]:
    with world.unheard():
        written = {world.service.write_feedback({"message": f"{KOREAN} {number}"}) for number in range(many)}
    rows = [row for row in world.service.state()["abc"]["feedbacks"] if row["id"] in written]
    where = {"channel": {"id": 1, "name": "App reviews"}, "project": {"id": 1, "name": "Demo"}}
    return [json.dumps({"event": "FEEDBACK_CREATION", "data": {"feedback": row, **where}}).encode() for row in rows]


def test_32_webhooks_at_once_are_all_accepted_and_done(world: World) -> None:
    """With 20 connections, of which the service takes 13 at most, a command included."""
    bodies, together = events(world, AT_ONCE), Barrier(AT_ONCE)
    watch = Watch(world)
    watch.start()

    def post(body: bytes) -> int:
        together.wait(30)
        return world.post(body).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(post, bodies)
        command = [sys.executable, "-m", "flask", "events", "--json"]
        listed = subprocess.run(
            command, env=child_environment(world.service.environment), cwd=ROOT, capture_output=True, timeout=60
        )
        assert list(answers) == [200] * AT_ONCE
    assert listed.returncode == 0, listed.stderr
    world.wait_until_finished(AT_ONCE, 40)
    assert {row["state"] for row in world.rows()} == {"done"}
    assert watch.end() <= 13
