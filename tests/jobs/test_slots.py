"""A connector's share of a worker, and what waits for it."""

from __future__ import annotations

from jobs.slots import Slots


def test_one_connector_alone_may_have_the_whole_worker() -> None:
    slots = Slots(4, connectors=1)
    assert [slots.take("one", f"d{number}") for number in range(5)] == [True] * 4 + [False]


def test_with_others_it_has_half_and_they_find_room() -> None:
    slots = Slots(4, connectors=3)
    assert [slots.take("one", f"d{number}") for number in range(3)] == [True, True, False]
    assert slots.take("two", "other")


def test_what_is_over_the_share_takes_over_a_slot_in_its_turn_and_once() -> None:
    slots = Slots(2, connectors=2)
    for delivery_id in ("a", "b", "b", "c"):
        slots.take("one", delivery_id)
    assert [slots.pass_on("one") for _ in range(3)] == ["b", "c", None]
    assert slots.take("one", "d")


def test_a_full_park_leaves_the_rest_to_the_clock() -> None:
    slots = Slots(1, connectors=1)
    for number in range(Slots.PARKED + 10):
        slots.take("one", f"d{number}")
    assert len(slots.close()) == Slots.PARKED


def test_a_stop_gives_back_what_was_parked_and_passes_nothing_on() -> None:
    slots = Slots(2, connectors=2)
    for delivery_id in ("a", "b", "c"):
        slots.take("one", delivery_id)
    assert slots.close() == ["b", "c"]
    assert slots.pass_on("one") is None
