"""The pure decisions about a status: what times mean, and what a change was before."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jobs.reconcile.levels import changed_at, is_newer, is_untouched, previous_of
from sources.base import Level, Subject, seconds_of
from sources.sweep import Seen

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
UNTIL_2200 = st.floats(-7e9, 7e9)


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def issue(created: float, changed: float, status: str = "RESOLVED") -> Seen:
    times = (seconds_of(at(created)), seconds_of(at(changed)))
    return Seen(Subject("abc", "issue", 1, 3), None, *times, level=status)


@given(UNTIL_2200, UNTIL_2200)
def test_a_change_is_never_later_than_now_nor_before_its_issue(created: float, changed: float) -> None:
    found = changed_at(issue(created, changed), NOW)
    assert found is None or found <= NOW
    assert found is None or found >= int(created) - 1


def test_a_clock_that_is_ahead_by_less_than_ten_minutes_means_now() -> None:
    assert changed_at(issue(NOW - 60, NOW + 599), NOW) == NOW
    assert changed_at(issue(NOW - 60, NOW + 601), NOW) is None


def test_a_time_cut_to_whole_seconds_is_not_before_the_creation() -> None:
    cut = issue(NOW - 60 + 0.7, NOW - 60)
    assert changed_at(cut, NOW) == NOW - 60
    assert is_untouched(cut)
    assert not is_untouched(issue(NOW - 60, NOW - 59))


def test_a_later_event_counts_when_it_arrived_while_the_issue_was_read() -> None:
    changed = NOW - 100
    assert is_newer(Level("PENDING", NOW - 1), changed, NOW - 5, NOW)
    assert not is_newer(Level("PENDING", changed - 5), changed, NOW - 5, NOW), "it is earlier"
    assert not is_newer(Level("PENDING", changed + 0.9), changed + 0.1, NOW - 5, NOW), "it is of the same second"
    assert not is_newer(Level("PENDING", NOW - 700), NOW - 5000, NOW - 5, NOW), "the source went back since"
    assert not is_newer(Level("PENDING", NOW + 700), changed, NOW - 5, NOW), "its time can't be true"
    assert not is_newer(None, changed, NOW - 5, NOW)
    assert not is_newer(Level("PENDING", NOW - 1), None, NOW - 5, NOW)


def test_what_it_was_before() -> None:
    born = NOW - 3600
    changed = issue(NOW - 1000, NOW - 500)
    assert previous_of(changed, Level("PENDING", NOW - 900), NOW - 500, born, "INIT") == ("PENDING", "")
    assert previous_of(changed, None, NOW - 500, born, "INIT") == ("", "")
    assert previous_of(issue(NOW - 1000, NOW - 1000), None, NOW - 1000, born, "INIT") == ("RESOLVED", "")
    assert previous_of(issue(NOW - 1000, NOW - 500, "INIT"), None, NOW - 500, born, "INIT") == ("INIT", "")


def test_what_may_have_been_announced_before_a_wipe_is_silent() -> None:
    born = NOW - 3600
    old = issue(NOW - 9000, NOW - 8000)
    previous, silence = previous_of(old, None, NOW - 8000, born, "INIT")
    assert (previous, silence) == ("", "the previous status is not known")
    previous, silence = previous_of(old, Level("PENDING", NOW - 8500), NOW - 8000, born, "INIT")
    assert previous == "PENDING"
    assert "before Redis was wiped" in silence
    assert previous_of(old, Level("PENDING", NOW - 8500), NOW - 100, born, "INIT") == ("PENDING", "")
