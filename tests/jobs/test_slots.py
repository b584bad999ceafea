"""The slots that are kept for each connector, and what waits for one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobs.delivery.slots import Slots, kept, may_start

NAMES = ("translate", "jira", "slack", "github", "teams", "gitlab")


@pytest.mark.parametrize(
    ("concurrency", "connectors", "each", "most"),
    [
        (16, 1, 0, 16),
        (16, 2, 4, 8),
        (16, 3, 2, 8),
        (16, 5, 1, 8),
        (8, 3, 1, 4),
        (5, 5, 1, 1),
        (6, 5, 1, 2),
        (256, 3, 42, 128),
        (2, 3, 0, 1),  # too few for a share each
        (1, 3, 0, 1),
        (1, 1, 0, 1),
    ],
)
def test_the_share_of_each_and_the_most_that_one_may_hold(
    concurrency: int, connectors: int, each: int, most: int
) -> None:
    assert kept(concurrency, connectors) == each
    slots = Slots(concurrency, NAMES[:connectors])
    assert [slots.take("jira" if connectors > 1 else "translate", f"d{number}") for number in range(300)].count(
        True
    ) == most


@given(st.integers(1, 64), st.integers(2, 6), st.data())
def test_however_many_hang_each_other_connector_has_its_share(
    concurrency: int, connectors: int, data: st.DataObject
) -> None:
    names = frozenset(NAMES[:connectors])
    share = kept(concurrency, connectors)
    hanging = data.draw(st.lists(st.sampled_from(sorted(names)), unique=True, max_size=connectors - 1))
    running: Counter[str] = Counter()
    for name in data.draw(st.lists(st.sampled_from(hanging), max_size=200)) if hanging else []:
        if may_start(name, running, concurrency, names):
            running[name] += 1
    for name in sorted(names - set(hanging)):
        for _ in range(share):
            assert may_start(name, running, concurrency, names)
            running[name] += 1
    assert sum(running.values()) <= concurrency


class Model(RuleBasedStateMachine):
    """Deliveries come and end in any order, for any number of slots and connectors."""

    @initialize(concurrency=st.integers(1, 12), connectors=st.integers(1, 6))
    def begin(self, concurrency: int, connectors: int) -> None:
        self.concurrency, self.names = concurrency, NAMES[:connectors]
        self.slots = Slots(concurrency, self.names)
        self.running: list[tuple[str, str]] = []
        self.waiting: list[tuple[str, str]] = []
        self.number = 0

    @rule(choice=st.integers(0, 5))
    def come(self, choice: int) -> None:
        name = self.names[choice % len(self.names)]
        self.number += 1
        one = (name, f"{self.number}.{name}")
        (self.running if self.slots.take(*one) else self.waiting).append(one)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: Any) -> None:
        name, _ = ended = data.draw(st.sampled_from(self.running))
        self.running.remove(ended)
        following = self.slots.pass_on(name)
        if following:
            ahead = [one for one in self.waiting if one[0] == following[0]]
            assert following == ahead[0], "the first of its connector comes first"
            self.waiting.remove(following)
            self.running.append(following)

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "slots"):
            return
        count = Counter(name for name, _ in self.running)
        share = kept(self.concurrency, len(self.names))
        assert len(self.running) <= self.concurrency
        free = self.concurrency - len(self.running)
        assert free >= sum(max(0, share - count[name]) for name in self.names), "what is kept is there"
        names = frozenset(self.names)
        for name, _ in self.waiting:
            assert not may_start(name, count, self.concurrency, names), "nobody waits who may start"


TestModel = Model.TestCase


def test_what_is_parked_is_there_once_and_the_first_comes_first() -> None:
    slots = Slots(2, ["one", "two"])
    for delivery_id in ("a", "b", "b", "c"):
        slots.take("one", delivery_id)
    assert [slots.pass_on("one") for _ in range(3)] == [("one", "b"), ("one", "c"), None]
    assert slots.take("one", "d")


def test_a_slot_that_gets_free_goes_to_the_connector_that_has_fewest() -> None:
    slots = Slots(8, ["one", "two", "three"])
    assert [slots.take("one", f"one {number}") for number in range(5)] == [True] * 4 + [False]
    assert [slots.take("two", f"two {number}") for number in range(4)] == [True] * 3 + [False]
    assert [slots.take("three", f"three {number}") for number in range(2)] == [True, False]
    assert slots.pass_on("one") == ("three", "three 1")
    assert slots.pass_on("three") == ("one", "one 4")
    assert slots.pass_on("three") is None, "one is kept for three"


def test_a_full_park_leaves_the_rest_to_the_clock() -> None:
    slots = Slots(1, ["one"])
    for number in range(Slots.PARKED + 10):
        slots.take("one", f"d{number}")
    assert len(slots.close()) == 512


def test_a_stop_gives_back_what_was_parked_and_passes_nothing_on() -> None:
    slots = Slots(2, ["one", "two"])
    for delivery_id in ("a", "b", "c"):
        slots.take("one", delivery_id)
    assert slots.close() == ["b", "c"]
    assert slots.pass_on("one") is None
