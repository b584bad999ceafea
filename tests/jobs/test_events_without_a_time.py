"""An event whose sender names no time takes its place in line when it arrives, and happened then."""

from __future__ import annotations

import json
import time
from typing import Any

from redis import Redis

from connectors.base import Context, Done, Outcome
from sources import REGISTRY
from sources.base import Event, Request
from tests.jobs.world import Recorder, World

VALUE = {"id": "t1", "title": "t", "done": False}


def blue(kind: str, **values: Any) -> tuple[Event, bytes]:
    raw = json.dumps({"event": kind, **values}).encode()
    found = REGISTRY["blue"].parse(Request("test", json.loads(raw), raw, {}))
    assert isinstance(found, Event)
    return found, raw


def test_a_deletion_comes_behind_the_changes_before_it(redis: Redis) -> None:
    """Blue's deletions have no time; its other events do."""
    names: list[str] = []
    times: list[float] = []

    def answer(event: Event, _context: Context) -> Outcome:
        names.append(event.name)
        times.append(event.occurred)
        return Done()

    world = World(redis, {"slack": Recorder(answer)})
    changed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
    for event, raw in (
        blue("TODO_MOVED", previousValue=VALUE, currentValue={**VALUE, "updatedAt": changed}),
        blue("TODO_DELETED", previousValue={**VALUE, "updatedAt": changed}, currentValue=None),
    ):
        world.acceptor.accept("blue", event, raw)
    for delivery_id in reversed(world.taken()):  # RQ may start them in any order
        world.deliverer.deliver(delivery_id)
    world.run()
    assert names == ["blue.TODO_MOVED", "blue.TODO_DELETED"]
    assert abs(times[1] - world.now() / 1000) < 60, "it happened when it was received"
