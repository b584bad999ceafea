"""Whether a delivery may go to its destination now: breaker, probe and rate, at the level of single answers."""

from __future__ import annotations

import pytest
from redis import Redis

from connectors.base import Destination, LeaseLost
from jobs.delivery import flow
from jobs.delivery.stops import Stop, Stops
from jobs.ledger.values import Admission, Lease, Recovery
from tests.jobs.steps import due, fields, key_of, leased, members, now_ms
from tests.jobs.world import INSTANCE, Recorder, World


@pytest.fixture
def world(redis: Redis) -> World:
    return World(redis, {"one": Recorder()})


def admit(world: World, lease: Lease, interval: int = 0, burst: int = 1, source: str = "") -> Admission:
    return world.ledger.admit(lease, "one", interval, burst, source)


def held(world: World, lease: Lease) -> Lease:
    """Given back by its worker, and leased again when its time has come."""
    world.ledger.settle(lease, "retrying", {"reason": "held"}, {}, 1.0, recovery=Recovery(""))
    return leased(world, lease.delivery_id)


def set_turn(world: World, id_: str, ago: float) -> None:
    world.redis.hset(key_of(world, f"delivery:{id_}"), "turn", int(now_ms(world) - ago))


def crowded(world: World, count: int, state: str = "retrying") -> list[str]:
    """Deliveries that wait for the rate of the destination, in this order."""
    ids = [f"{number:04}.one" for number in range(count)]
    with world.redis.pipeline(transaction=False) as pipeline:
        for number, id_ in enumerate(ids):
            pipeline.hset(key_of(world, f"delivery:{id_}"), mapping={"state": state, "turn": 10**14})
            pipeline.zadd(key_of(world, "crowd:one"), {id_: 10**14 + number})
        pipeline.execute()
    return ids


def test_who_has_lost_its_lease_takes_no_turn_and_is_in_no_crowd(world: World) -> None:
    """A worker that was frozen: another one has run the delivery meanwhile, and finished it."""
    late, other = leased(world), leased(world)
    admit(world, other, 60_000)
    world.pass_time(60)
    again = world.ledger.lease(late.delivery_id, "another")
    assert isinstance(again, Lease)
    for finished in (False, True):
        if finished:
            world.ledger.settle(again, "done", {}, {})
        with pytest.raises(LeaseLost):
            admit(world, late, 60_000)
    assert members(world, "crowd:one") == []
    assert "turn" not in fields(world, f"delivery:{late.delivery_id}")


def test_what_has_stopped_takes_no_turn_and_no_probe(world: World) -> None:
    """A breaker that is half open must not wait for an answer that will not come."""
    Stops(world.redis, INSTANCE).stop("one", Stop(1767323045.678, "거절"))
    world.redis.hset(key_of(world, "breaker:one"), "until", 1)
    assert admit(world, leased(world), 60_000) == Admission(
        0, "stopped", stop=b"1767323045678|\xea\xb1\xb0\xec\xa0\x88"
    )
    assert "probe" not in fields(world, "breaker:one")
    assert not world.redis.exists(key_of(world, "bucket:one"))


# The breaker


def test_an_open_breaker_answers_how_long_its_pause_lasts_and_whose_it_is(world: World) -> None:
    world.redis.hset(key_of(world, "breaker:abc"), "until", int(now_ms(world)) + 60_000)
    answer = admit(world, leased(world), source="abc")
    assert answer.wait == pytest.approx(60_000, abs=5000)
    assert (answer.because, answer.closed) == ("open", "abc")
    assert not fields(world, "breaker:one")


def test_a_delivery_that_a_person_replays_goes_once_past_an_open_breaker(world: World) -> None:
    world.redis.hset(key_of(world, "breaker:one"), "until", int(now_ms(world)) + 60_000)
    lease = leased(world)
    world.redis.hset(key_of(world, f"delivery:{lease.delivery_id}"), "forced", 1)
    assert admit(world, lease) == Admission(0, "")
    assert admit(world, lease).because == "open"


def test_one_delivery_probes_every_gate_that_is_half_open_and_the_others_look_again_in_a_second(world: World) -> None:
    for gate in ("one", "abc"):
        world.redis.hset(key_of(world, f"breaker:{gate}"), "until", 1)
    first, second = leased(world), leased(world)
    assert admit(world, first, source="abc") == Admission(0, "probe")
    for gate in ("one", "abc"):
        breaker = fields(world, f"breaker:{gate}")
        assert breaker["probe"] == first.delivery_id
        assert int(breaker["probing"]) == pytest.approx(now_ms(world) + 60_000, abs=5000)
    assert admit(world, second) == Admission(1000, "open", "one")
    assert admit(world, first, source="abc") == Admission(0, "probe"), "a repeat of the same delivery"


def test_no_gate_is_taken_by_who_has_to_wait_for_another(world: World) -> None:
    """Else the destination would wait a minute for a probe that never comes."""
    for gate in ("one", "abc"):
        world.redis.hset(key_of(world, f"breaker:{gate}"), "until", 1)
    world.redis.hset(key_of(world, "breaker:one"), mapping={"probe": "another.one", "probing": 10**14})
    assert admit(world, leased(world), source="abc") == Admission(1000, "open", "one")
    assert "probe" not in fields(world, "breaker:abc")


# The rate


def test_without_a_limit_nothing_is_counted(world: World) -> None:
    crowded(world, 2)
    for _ in range(3):
        assert admit(world, leased(world)) == Admission(0, "", others=0)
    assert not world.redis.exists(key_of(world, "bucket:one"))


def test_a_burst_goes_at_once_and_each_further_one_an_interval_later(world: World) -> None:
    leases = [leased(world) for _ in range(5)]
    ids = [lease.delivery_id for lease in leases]
    answers = [admit(world, lease, 60_000, 3) for lease in leases]
    assert [answer.wait for answer in answers[:3]] == [0, 0, 0]
    assert [answer.wait for answer in answers[3:]] == [
        pytest.approx(60_000, abs=5000),
        pytest.approx(120_000, abs=5000),
    ]
    assert {answer.because for answer in answers[3:]} == {"limit"}
    assert members(world, "crowd:one") == ids[3:]
    turn = int(fields(world, f"delivery:{ids[3]}")["turn"])
    assert turn == world.redis.zscore(key_of(world, "crowd:one"), ids[3])
    assert world.redis.ttl(key_of(world, "crowd:one")) == pytest.approx(86_400, abs=5)
    assert world.redis.pttl(key_of(world, "bucket:one")) == pytest.approx(5 * 60_000 + 60_000, abs=5000)


def test_who_has_a_turn_waits_for_it_and_takes_no_second_one(world: World) -> None:
    first, second = leased(world), leased(world)
    admit(world, first, 60_000)
    admit(world, second, 60_000)
    bucket = world.redis.get(key_of(world, "bucket:one"))
    assert admit(world, second, 60_000).wait == pytest.approx(60_000, abs=5000)
    assert world.redis.get(key_of(world, "bucket:one")) == bucket
    assert members(world, "crowd:one") == [second.delivery_id]
    assert fields(world, "counts")["rate_waits|one"] == "1", "counted once, and not for who went at once"


def test_who_runs_is_in_no_crowd(world: World) -> None:
    """Its worker was killed before it could give the delivery back: a digest that runs at the same time leaves it."""
    first, second = leased(world), leased(world)
    admit(world, first, 60_000)
    admit(world, second, 60_000)
    assert members(world, "crowd:one") == [second.delivery_id]
    world.pass_time(16)
    leased(world, second.delivery_id)
    assert members(world, "crowd:one") == []


def test_who_has_waited_goes_at_its_turn_and_counts_the_others(world: World) -> None:
    first, second = leased(world), leased(world)
    admit(world, first, 60_000)
    admit(world, second, 60_000)
    crowded(world, 2)
    second = held(world, second)
    set_turn(world, second.delivery_id, 2000)
    bucket = world.redis.get(key_of(world, "bucket:one"))
    assert admit(world, second, 60_000) == Admission(0, "", others=2)
    assert world.redis.get(key_of(world, "bucket:one")) == bucket, "its turn was counted when it was given"
    assert admit(world, second, 60_000).because == "limit", "a turn is for one attempt"


def test_a_turn_that_is_long_past_is_given_up(world: World) -> None:
    """After an outage a whole crowd has such turns, and would come at once."""
    first, second = leased(world), leased(world)
    admit(world, first, 60_000)
    set_turn(world, second.delivery_id, 6000)
    assert admit(world, second, 60_000).because == "limit"


def test_who_goes_at_once_sees_how_many_others_wait(world: World) -> None:
    crowded(world, 3)
    assert admit(world, leased(world), 60_000) == Admission(0, "", others=3)


def test_further_requests_of_an_attempt_take_their_turns(world: World) -> None:
    """From now on, or after the turns that were given before."""
    bucket = key_of(world, "bucket:one")
    for expected in (120_000, 240_000):
        world.ledger.charge("one", 60_000, 2)
        assert float(world.redis.get(bucket)) == pytest.approx(now_ms(world) + expected, abs=5000)
        assert world.redis.pttl(bucket) == pytest.approx(expected + 60_000, abs=5000)
    world.redis.set(bucket, 1)
    world.ledger.charge("one", 60_000, 2)
    assert float(world.redis.get(bucket)) == pytest.approx(now_ms(world) + 120_000, abs=5000), (
        "unused time is not saved"
    )


# Many at once


def test_a_digest_takes_the_longest_waiting_and_the_others_move_up(world: World) -> None:
    ids = crowded(world, 4)
    assert world.ledger.gather("one", 60_000, 2) == ids[:2]
    assert all("turn" not in fields(world, f"delivery:{id_}") for id_ in ids[:2])
    assert members(world, "crowd:one") == ids[2:]
    for number, id_ in enumerate(ids[2:], 1):
        at = pytest.approx(now_ms(world) + number * 60_000, abs=5000)
        delivery = fields(world, f"delivery:{id_}")
        assert int(delivery["turn"]) == int(delivery["next"]) == due(world, id_) == at
        assert world.redis.zscore(key_of(world, "crowd:one"), id_) == at
    bucket = key_of(world, "bucket:one")
    assert float(world.redis.get(bucket)) == pytest.approx(now_ms(world) + 3 * 60_000, abs=5000)
    assert world.redis.pttl(bucket) == pytest.approx(3 * 60_000 + 60_000, abs=5000)


def test_who_no_longer_waits_leaves_the_crowd_and_takes_no_turn(world: World) -> None:
    [first, *_] = crowded(world, 3, "done")
    assert world.ledger.gather("one", 60_000, 1) == [first]
    assert members(world, "crowd:one") == members(world, "due") == []
    assert float(world.redis.get(key_of(world, "bucket:one"))) == pytest.approx(now_ms(world) + 60_000, abs=5000)


@pytest.mark.parametrize(("count", "moved"), [(2000, True), (2001, False)])
def test_a_very_long_crowd_keeps_its_turns(world: World, count: int, moved: bool) -> None:
    """One script must not hold Redis for long."""
    [first, *_] = crowded(world, count + 1)
    assert world.ledger.gather("one", 1000, 1) == [first]
    assert bool(world.redis.exists(key_of(world, "bucket:one"))) == moved


def test_a_delivery_that_a_breaker_holds_looks_again_half_a_minute_after_the_pause(world: World) -> None:
    """It is normally woken before; up to a fifth is added, so that not all of them look at once."""
    world.redis.hset(key_of(world, "breaker:one"), "until", int(now_ms(world)) + 60_000)
    hold = flow.admit(world.ledger, leased(world), Destination("one"))
    assert isinstance(hold, flow.Hold)
    assert 85 <= hold.seconds <= 90 * 1.2
    assert hold.closed == "one"


def test_a_delivery_knows_whether_it_probes_and_when_its_turn_is(world: World) -> None:
    limited = Destination("one", per_second=1 / 60)
    assert flow.admit(world.ledger, leased(world), limited) == flow.Go(0, probing=False)
    hold = flow.admit(world.ledger, leased(world), limited)
    assert isinstance(hold, flow.Hold)
    assert hold.seconds == pytest.approx(60, abs=5)
    assert hold.closed == ""
    world.redis.hset(key_of(world, "breaker:one"), "until", 1)
    assert flow.admit(world.ledger, leased(world), limited) == flow.Go(0, probing=True)


def test_who_should_have_gone_a_day_ago_is_in_no_crowd(world: World) -> None:
    crowded(world, 1)
    world.redis.zadd(
        key_of(world, "crowd:one"), {"0000.one": now_ms(world) - 86_399_000, "x.one": now_ms(world) - 86_401_000}
    )
    assert admit(world, leased(world), 60_000).others == 1
    assert members(world, "crowd:one") == ["0000.one"]


def test_a_digest_of_none_takes_none(world: World) -> None:
    ids = crowded(world, 3)
    assert world.ledger.gather("one", 60_000, 0) == []
    assert members(world, "crowd:one") == ids


def test_what_a_newer_version_wrote_keeps_its_turn(world: World) -> None:
    """This version can't deliver it, so it would only lose its turn."""
    ids = crowded(world, 4)
    for id_ in (ids[0], ids[3]):
        world.redis.hset(key_of(world, f"delivery:{id_}"), "v", 2)
    before = [fields(world, f"delivery:{id_}") for id_ in (ids[0], ids[3])]
    assert world.ledger.gather("one", 60_000, 2) == [ids[1]]
    assert members(world, "crowd:one") == [ids[2], ids[0], ids[3]]
    assert [fields(world, f"delivery:{id_}") for id_ in (ids[0], ids[3])] == before
    assert float(world.redis.get(key_of(world, "bucket:one"))) == pytest.approx(now_ms(world) + 120_000, abs=5000)
