"""One worker process really works on WORKER_CONCURRENCY deliveries at once, over connections that stay open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest

from tests.system.world import KOREAN, World, running, summary

CONCURRENCY = 16
SECONDS = 0.5
ROUND = 40
numbers = count(1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("concurrency")
    with running(folder, CONNECTORS="translate", WORKER_CONCURRENCY=str(CONCURRENCY)) as world:
        yield world


def feedbacks(world: World, many: int) -> list[bytes]:
    """Events of feedbacks that nobody has reported yet."""
    with world.unheard():
        written = {world.service.write_feedback({"message": f"{KOREAN} {next(numbers)}"}) for _ in range(many)}
    rows = [row for row in world.service.state()["abc"]["feedbacks"] if row["id"] in written]
    place = {"channel": {"id": 1, "name": "App reviews"}, "project": {"id": 1, "name": "Demo"}}
    return [json.dumps({"event": "FEEDBACK_CREATION", "data": {"feedback": row, **place}}).encode() for row in rows]


def test_as_many_as_configured_wait_for_an_answer_together(world: World) -> None:
    known = {row["id"] for row in world.rows()}
    bodies = feedbacks(world, CONCURRENCY)
    world.order({"kind": "delay", "system": "libretranslate", "times": CONCURRENCY, "seconds": SECONDS})
    for body in bodies:
        assert world.post(body).status == 200
    world.wait_until_finished(len(known) + CONCURRENCY, 10)
    rows = [row for row in world.rows() if row["id"] not in known]
    assert [row["state"] for row in rows] == ["done"] * CONCURRENCY, summary(rows)
    first = min(datetime.fromisoformat(row["created_at"]) for row in rows)
    last = max(datetime.fromisoformat(row["updated_at"]) for row in rows)
    assert SECONDS <= (last - first).total_seconds() < 3 * SECONDS, "one after the other it is 8 s"


def test_connections_stay_open_between_deliveries(world: World) -> None:
    before = len(world.rows())
    for number in range(2):
        for body in feedbacks(world, ROUND):
            assert world.post(body).status == 200
        world.wait_until_finished(before + ROUND * (number + 1), 15)
    # Three requests to ABC and one to the translator for each delivery; one connection for each thread is enough, and
    # one for the thread that catches up.
    assert world.gates["libretranslate"].opened <= CONCURRENCY
    assert world.gates["abc"].opened <= CONCURRENCY + 1
