"""The retry schedule as published."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Done, Failed, Reason, Retry, Skipped
from jobs.schedule import BUSY_SECONDS, DELAYS, GIVE_UP_AFTER, JITTER, LONGEST_RETRY_AFTER, after

reasons = st.sampled_from(get_args(Reason))
positions = st.integers(0, 7)
lucks = st.floats(0, 1)
ages = st.floats(0, GIVE_UP_AFTER, exclude_max=True)


def test_the_published_delays() -> None:
    """0, 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h."""
    assert DELAYS == (0, 5, 30, 120, 600, 3600, 21600, 86400)


@given(positions, ages, lucks)
def test_a_failure_moves_one_step_along_the_table_with_at_most_a_fifth_more(
    position: int, age: float, luck: float
) -> None:
    became = after(Retry("busy", "server_error"), position, age, luck)
    assert became.position == position + 1
    if position + 1 == len(DELAYS):
        assert became.state == "dead"
    else:
        assert became.state == "retrying"
        assert DELAYS[position + 1] <= became.delay <= DELAYS[position + 1] * (1 + JITTER)


@given(st.floats(0, 1e9), positions, lucks)
def test_what_the_other_side_asks_for_wins_up_to_an_hour(asked: float, position: int, luck: float) -> None:
    became = after(Retry("slow down", "rate_limited", asked), position, 0, luck)
    wanted = min(asked, LONGEST_RETRY_AFTER) if asked >= 1 else BUSY_SECONDS
    assert became.state == "retrying"
    assert wanted <= became.delay <= wanted * (1 + JITTER)
    assert became.position == position, "it works, it only wants us later: that costs no attempt"


@given(positions, lucks)
def test_a_rate_limit_does_not_last_for_ever(position: int, luck: float) -> None:
    became = after(Retry("slow down", "rate_limited", 10), position, GIVE_UP_AFTER + 1, luck)
    assert became.state == "dead"
    assert "given up after 3 days" in became.why


@given(reasons, positions, ages, lucks)
def test_a_final_answer_ends_it(reason: Reason, position: int, age: float, luck: float) -> None:
    assert after(Failed("no", reason), position, age, luck).state == ("retrying" if reason == "quota" else "dead")
    assert after(Skipped("no text"), position, age, luck).state == "skipped"
    assert after(Done({"key": "P-1"}), position, age, luck).result == {"key": "P-1"}
