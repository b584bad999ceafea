"""A connector whose third party wants nothing more stops, and what is for it waits until a person starts it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from connectors.base import Context, Destination, Done, Failed, Reason, Retry
from jobs.delivery.stops import Stop, Stops
from jobs.health import Health
from jobs.ledger.scripts import LUA
from jobs.replay import Replayer
from jobs.routing import Route
from sources.base import Event
from tests.jobs.world import INSTANCE, Recorder, World, feedback_event, status_event

DAY = 86_400


@pytest.fixture
def world(redis: Redis) -> World:
    names = ("one", "one.mobile")
    return World(redis, {name: Recorder(where=Destination(name, per_second=1000, burst=100)) for name in names})


@pytest.fixture
def stops(redis: Redis) -> Stops:
    return Stops(redis, INSTANCE)


def gone(_event: Event, _context: Context) -> Failed:
    return Failed("one answered 410: it wants nothing more, planted-secret", "gone")


def done(_event: Event, _context: Context) -> Done:
    return Done()


def stopped(world: World) -> str:
    """`one` was answered 410: the id of that delivery."""
    world.connectors["one"].answer = gone
    accepted = world.accept(feedback_event())
    world.run()
    world.connectors["one"].seen.clear()
    world.connectors["one"].answer = done
    return f"{accepted.event_id}.one"


def row(world: World, delivery_id: str) -> dict[str, object]:
    found = world.records.event(delivery_id.partition(".")[0])
    assert found
    return next(dict(delivery) for delivery in found["deliveries"] if delivery["id"] == delivery_id)


def test_the_delivery_is_dead_and_the_next_one_waits_without_an_attempt(world: World) -> None:
    dead = row(world, stopped(world))
    assert (dead["state"], dead["reason"], dead["attempts"]) == ("dead", "gone", 1)
    later = world.accept(feedback_event())
    world.run()
    waiting = row(world, f"{later.event_id}.one")
    assert (waiting["state"], waiting["reason"], waiting["attempts"]) == ("retrying", "stopped", 0)
    assert waiting["error"] == (
        "one has stopped: one answered 410: it wants nothing more, <secret>; `flask resume one` starts it again"
    )
    assert world.connectors["one"].seen == []


def test_another_instance_goes_on(world: World) -> None:
    stopped(world)
    later = world.accept(feedback_event())
    world.run()
    assert world.state(later, "one.mobile") == "done"


def test_the_next_of_the_same_line_does_not_slip_through(world: World) -> None:
    """It may go as soon as the first one is recorded: by then the instance must have stopped."""
    world.connectors["one"].answer = gone
    first, second = (world.accept(status_event(7, number)) for number in range(2))
    world.run()
    assert [world.state(accepted, "one") for accepted in (first, second)] == ["dead", "retrying"]
    assert len(world.connectors["one"].seen) == 1


def test_what_waits_waits_as_long_as_it_takes(world: World) -> None:
    stopped(world)
    later = world.accept(feedback_event())
    for _ in range(5):
        world.run_due()
        world.pass_time(DAY)
    waiting = row(world, f"{later.event_id}.one")
    assert (waiting["state"], waiting["attempts"]) == ("retrying", 0)
    assert world.connectors["one"].seen == []


def test_a_person_starts_it_again_and_what_waited_goes_on_at_once(world: World, stops: Stops) -> None:
    dead = stopped(world)
    waiting = [world.accept(feedback_event()) for _ in range(3)]
    world.run()
    replayer = Replayer(world.ledger)
    assert replayer.resume("one")
    assert not replayer.resume("one")
    assert stops.all() == {}
    world.run_due(2)
    assert {world.state(accepted, "one") for accepted in waiting} == {"done"}
    assert row(world, dead)["state"] == "dead", "what was refused for good is for a person to send again"
    assert replayer.replay(dead) == "queued"
    world.run()
    assert row(world, dead)["state"] == "done"


class Interrupted(Redis):
    """A client after whose look at a stop something else happens, once."""

    then: Callable[[], object] | None = None

    def eval(self, script: str, *rest: Any) -> Any:
        answer = super().eval(script, *rest)
        if script == LUA["admit"] and self.then is not None:
            then, self.then = self.then, None
            then()
        return answer


def test_what_is_held_while_a_person_starts_it_again_does_not_wait(world: World, redis_url: str) -> None:
    stopped(world)
    later = world.accept(feedback_event())
    with Interrupted.from_url(redis_url) as client:
        client.then = lambda: Replayer(world.ledger).resume("one")
        World(client, world.connectors).deliverer.deliver(f"{later.event_id}.one")
    assert row(world, f"{later.event_id}.one")["reason"] == "stopped"
    world.run_due()
    assert world.state(later, "one") == "done"


def test_a_replay_does_not_pass_by_a_stop(world: World) -> None:
    """A replayed delivery goes past every breaker; here the other side has asked for nothing more."""
    dead = stopped(world)
    assert Replayer(world.ledger).replay(dead) == "queued"
    world.run()
    assert (row(world, dead)["state"], row(world, dead)["reason"]) == ("retrying", "stopped")
    assert world.connectors["one"].seen == []


def test_a_check_that_finds_it_well_does_not_start_it(world: World) -> None:
    stopped(world)
    later = world.accept(feedback_event())
    world.run()
    world.ledger.heal("one")
    world.run_due()
    assert row(world, f"{later.event_id}.one")["reason"] == "stopped"


@pytest.mark.parametrize("reason", ["auth", "config", "not_found", "client_error"])
def test_no_other_reason_stops_it(world: World, stops: Stops, reason: Reason) -> None:
    world.connectors["one"].answer = lambda _event, _context: Failed("no", reason)
    world.accept(feedback_event())
    world.run()
    assert stops.all() == {}


def test_what_the_source_answers_stops_nothing(world: World, stops: Stops) -> None:
    world.connectors["one"].answer = lambda _event, _context: Failed("the source's", "gone", at_source=True)
    world.accept(feedback_event())
    world.run()
    assert stops.all() == {}


def test_the_first_stop_is_the_one_that_is_kept(stops: Stops) -> None:
    assert stops.stop("one", Stop(1767323045.678, "거절"))
    assert not stops.stop("one", Stop(1767323050.0, "later"))
    assert stops.all() == {"one": Stop(1767323045.678, "거절")}


def test_a_stop_takes_no_turn_of_the_rate_and_no_probe(world: World) -> None:
    """A breaker that is half open must not wait for an answer that will not come."""
    world.connectors["one"].answer = lambda _event, _context: Retry("no answer", "timeout")
    for _ in range(6):
        world.accept(feedback_event())
    world.run()
    assert world.records.health()["breakers"] == ["one"]
    Stops(world.redis, INSTANCE).stop("one", Stop(1.0, "gone"))
    world.pass_time(3600)
    world.run_due()
    assert not world.redis.exists(f"{world.ledger.prefix}probe:one")


def test_the_clock_lets_nobody_probe_for_it(world: World) -> None:
    """A breaker of it may be half open. One after the other would be held again at once, at each tick."""
    dead = stopped(world)
    world.accept(feedback_event())
    world.run()
    world.redis.hset(f"fb:{INSTANCE}:breaker:one", "until", world.now() - 1)
    assert world.tick() == []
    Stops(world.redis, INSTANCE).resume("one")
    world.run_due()
    assert [state for id_, state in world.states().items() if id_.endswith(".one") and id_ != dead] == ["done"]


def test_readiness_names_what_has_stopped(world: World, redis: Redis) -> None:
    stopped(world)
    world.ledger.tick("a worker", "rq:queue:none")
    health = Health(redis, INSTANCE, [Route("one", ("*",)), Route("one.mobile", ("*",))], sources=())
    ready = health.readiness()
    assert json.dumps(dict(ready.connectors)) == '{"one": "stopped", "one.mobile": "ok"}'
    assert ready.status == "degraded"
    assert "one has stopped, because it wants no more requests (410): `flask resume` starts it again" in ready.degraded
