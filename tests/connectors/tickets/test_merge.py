"""Which side is carried, for every course of changes, deliveries, repeats and crashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tickets.merge import Maps, Pair, Write, of_ticket, read_pair, read_write, verdict

MAPS = Maps({"INIT": "open", "ON_REVIEW": "open", "RESOLVED": "closed"}, {"open": "INIT", "closed": "RESOLVED"})
TEXT = st.text(max_size=20)


@dataclass
class Sides:
    """Both sides, each changed by people, and the base; `clock` counts what people do."""

    maps: Maps
    now: Pair
    base: Pair | None = None
    clock: int = 0
    issue_at: int = 0
    ticket_at: int = 0
    writes: int = 0

    def person(self, side: Literal["issue", "ticket"], status: str) -> None:
        before = self.now
        self.clock += 1
        if side == "issue":
            self.now, self.issue_at = Pair(status, before.ticket), self.clock
        else:
            self.now, self.ticket_at = Pair(before.issue, status), self.clock
        if self.now == before:
            self.clock -= 1

    def deliver(self, way: Literal["there", "back"], crash: bool = False) -> None:
        """As the connector does. `crash`: it is killed before the base is stored."""
        called = [self.now.ticket] if self.now.ticket in self.maps.names else []
        decided = verdict(self.maps, self.base, self.now, called, lambda: self.ticket_at > self.issue_at)
        if decided == "issue" and way == "there":
            self.now = Pair(self.now.issue, self.maps.there[self.now.issue])
            self.writes += 1
        elif decided == "ticket" and way == "back":
            self.now = Pair(self.maps.to_issue(called), self.now.ticket)
            self.writes += 1
        elif decided in ("issue", "ticket"):
            return
        if not crash:
            self.base = self.now

    def rest(self) -> None:
        for _ in range(2):
            self.deliver("there")
            self.deliver("back")


ISSUE, TICKET = st.sampled_from(["INIT", "ON_REVIEW", "RESOLVED"]), st.sampled_from(["open", "closed"])
STEPS = st.one_of(
    st.tuples(st.just("issue"), ISSUE, st.just(False)),
    st.tuples(st.just("ticket"), TICKET, st.just(False)),
    st.tuples(st.sampled_from(["there", "back"]), st.just(""), st.booleans()),
)


def play(sides: Sides, steps: list[tuple[str, str, bool]]) -> None:
    for what, status, crash in steps:
        if what in ("issue", "ticket"):
            sides.person(what, status)  # type: ignore[arg-type]
        else:
            sides.deliver(what, crash)  # type: ignore[arg-type]


@given(st.lists(STEPS, max_size=30))
def test_there_are_no_more_writes_than_people_made_and_at_rest_both_sides_agree(
    steps: list[tuple[str, str, bool]],
) -> None:
    sides = Sides(MAPS, Pair("INIT", "open"))
    play(sides, steps)
    sides.rest()
    assert sides.writes <= sides.clock
    assert MAPS.agree(sides.now.issue, [sides.now.ticket])


@given(
    st.dictionaries(ISSUE, TICKET),
    st.dictionaries(TICKET, ISSUE),
    st.lists(STEPS, max_size=30),
)
def test_with_any_maps_it_comes_to_rest(
    there: dict[str, str], back: dict[str, str], steps: list[tuple[str, str, bool]]
) -> None:
    sides = Sides(Maps(there, back), Pair("INIT", "open"))
    play(sides, steps)
    sides.rest()
    before = sides.now, sides.writes
    sides.rest()
    assert (sides.now, sides.writes) == before


@given(ISSUE, TICKET, st.booleans(), st.sampled_from(["there", "back"]))
def test_the_later_change_wins_whichever_way_runs_first(issue: str, ticket: str, issue_first: bool, way: str) -> None:
    sides = Sides(MAPS, Pair("PENDING", "closed:other"), base=Pair("PENDING", "closed:other"))
    changes = [("issue", issue), ("ticket", ticket)]
    for side, status in changes if issue_first else changes[::-1]:
        sides.person(side, status)  # type: ignore[arg-type]
    agreed = MAPS.agree(issue, [ticket])
    sides.deliver(way)  # type: ignore[arg-type]
    sides.rest()
    later = Pair(MAPS.to_issue([ticket]), ticket) if issue_first else Pair(issue, MAPS.there[issue])
    assert sides.now == (Pair(issue, ticket) if agreed else later)


@given(ISSUE, TICKET)
def test_a_change_of_one_side_is_carried_to_the_other(issue: str, ticket: str) -> None:
    for base in (Pair("INIT", "open"), Pair("RESOLVED", "closed")):
        one = Sides(MAPS, base, base)
        one.person("issue", issue)
        one.rest()
        assert one.now.issue == issue
        other = Sides(MAPS, base, base)
        other.person("ticket", ticket)
        other.rest()
        assert other.now.ticket == ticket


BASE = Pair("INIT", "open")
ONE_WAY = Maps({"RESOLVED": "closed"}, {"closed": "RESOLVED", "duplicate": "RESOLVED", "open": "INIT"})


@pytest.mark.parametrize(
    ("maps", "base", "now", "expected"),
    [
        (MAPS, BASE, Pair("RESOLVED", "open"), "issue"),
        (MAPS, BASE, Pair("INIT", "closed"), "ticket"),
        # The workflow had no way: neither has changed since.
        (MAPS, Pair("RESOLVED", "open"), Pair("RESOLVED", "open"), "nothing"),
        (MAPS, BASE, Pair("PENDING", "closed"), "ticket"),
        (MAPS, BASE, Pair("RESOLVED", "blocked"), "issue"),
        (MAPS, BASE, Pair("PENDING", "blocked"), "nothing"),
        # It fits by one of the maps alone.
        (ONE_WAY, BASE, Pair("RESOLVED", "duplicate"), "agree"),
        (Maps({"RESOLVED": "closed"}, {}), BASE, Pair("RESOLVED", "closed"), "agree"),
    ],
)
@pytest.mark.parametrize("later", [True, False])
def test_times_count_only_where_both_were_changed(
    maps: Maps, base: Pair, now: Pair, expected: str, later: bool
) -> None:
    called = [now.ticket] if now.ticket in maps.names else []
    assert verdict(maps, base, now, called, lambda: later) == expected


@pytest.mark.parametrize("base", [None, BASE])
@pytest.mark.parametrize(("later", "expected"), [(True, "ticket"), (False, "issue")])
def test_where_both_may_have_been_changed_the_later_one_is_carried(
    base: Pair | None, later: bool, expected: str
) -> None:
    maps = Maps({**MAPS.there, "PENDING": "open"}, MAPS.back)
    assert verdict(maps, base, Pair("PENDING", "closed"), ["closed"], lambda: later) == expected


def test_several_abc_statuses_may_share_one_of_the_ticket() -> None:
    sides = Sides(MAPS, Pair("ON_REVIEW", "open"))
    sides.rest()
    assert (sides.now, sides.writes) == (Pair("ON_REVIEW", "open"), 0)


@given(TEXT, TEXT, TEXT, TEXT)
def test_a_pair_is_read_as_it_was_written_for_its_ticket_only(issue: str, ticket: str, id_: str, other: str) -> None:
    written = Pair(issue, ticket).written(id_, 1767323045.678)
    assert read_pair(written, id_) == Pair(issue, ticket)
    assert (read_pair(written, other) is None) == (other != id_)
    assert read_pair("", id_) is None


@given(st.text(), st.text(), st.text(), st.floats(0, 1e10))
def test_a_write_is_read_as_it_was_written(issue: str, ticket: str, before: str, seen: float) -> None:
    write = Write(Pair(issue, ticket), before, seen)
    assert read_write(write.written("7"), "7") == write
    assert read_write(write.written("7"), "8") is None
    assert read_write("", "7") is None


@pytest.mark.parametrize(
    ("now", "at", "happened"),
    [
        ("open", 100.0, False),  # nothing has changed since
        ("open", 101.0, False),  # the entry of the history about the same change
        ("open", 101.1, True),  # and undone
        ("closed", 100.0, True),
        ("elsewhere", 0.0, True),
        ("open", 0.0, False),  # no history
    ],
)
def test_whether_an_unrecorded_write_has_happened(now: str, at: float, happened: bool) -> None:
    assert Write(Pair("RESOLVED", "closed"), "open", 100.0).happened(now, lambda: at) == happened


def test_a_base_from_before_the_ticket_gets_its_id_once() -> None:
    written = Pair("INIT", "open").written("", 5.0)
    assert read_pair(of_ticket(written, "7"), "7") == Pair("INIT", "open")
    assert of_ticket(Pair("INIT", "open").written("8", 5.0), "7") == Pair("INIT", "open").written("8", 5.0)
    assert of_ticket("", "7") == ""
