"""The retry schedule, as published in docs/operations.md: its numbers as literals, its rules as properties."""

from __future__ import annotations

import math
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Done, Failed, Reason, Retry, Skipped
from jobs.delivery.schedule import DELAYS, DOWN, HEALED, after

TABLE = (0, 5, 30, 120, 600, 3600, 21_600, 86_400)
"""Seconds before each attempt: 0, 5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h."""
HOUR, THREE_DAYS = 3600, 259_200

reasons = st.sampled_from(get_args(Reason))
failures = st.sampled_from([reason for reason in get_args(Reason) if reason not in ("rate_limited", "not_yet")])
positions = st.integers(0, 7)
lucks = st.floats(0, 1)
ages = st.floats(0, THREE_DAYS)
asked = st.none() | st.floats()  # also what is no number: not all who name a time are careful


def test_the_published_delays() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("| seconds after the one before |")]
    assert tuple(float(cell) for cell in line.strip("| ").split("|")[1:]) == TABLE
    assert DELAYS == TABLE


@given(failures, positions, ages, lucks, asked)
def test_a_failure_never_comes_back_sooner_than_the_schedule(
    reason: Reason, position: int, age: float, luck: float, wanted: float | None
) -> None:
    """Whatever `Retry-After` asks for: 0, a second, a date in the past, an absurd number."""
    became = after(Retry("busy", reason, wanted), position, age, luck)
    assert became.position == position + 1
    if became.position == 8:
        assert became.state == "dead"
        assert "given up after 8 attempts" in became.why
    else:
        assert became.state == "retrying"
        assert TABLE[position + 1] <= became.delay <= max(TABLE[position + 1], HOUR) * 1.2


@given(failures, positions, lucks, st.floats(0, 1e9))
def test_a_longer_pause_that_is_asked_for_is_kept_up_to_an_hour(
    reason: Reason, position: int, luck: float, wanted: float
) -> None:
    became = after(Retry("busy", reason, wanted), position, 0, luck)
    assert became.state == "dead" or became.delay >= min(wanted, HOUR)


@given(asked, positions, lucks)
def test_a_rate_limit_costs_no_attempt_with_or_without_a_named_time(
    wanted: float | None, position: int, luck: float
) -> None:
    became = after(Retry("slow down", "rate_limited", wanted), position, 0, luck)
    pause = min(wanted, HOUR) if wanted is not None and wanted >= 1 else 5
    assert (became.state, became.position) == ("retrying", position)
    assert pause <= became.delay <= pause * 1.2


@given(st.floats(0, 1e9), positions, lucks)
def test_what_is_not_visible_yet_is_looked_for_when_the_connector_wants(
    wanted: float, position: int, luck: float
) -> None:
    became = after(Retry("not yet", "not_yet", wanted), position, 0, luck)
    assert (became.state, became.position) == ("retrying", position)
    assert min(wanted, HOUR) <= became.delay <= min(wanted, HOUR) * 1.2


@given(st.sampled_from(["rate_limited", "not_yet", "timeout"]), positions, lucks)
def test_waits_that_cost_no_attempt_end_after_three_days(reason: Reason, position: int, luck: float) -> None:
    became = after(Retry("slow down", reason, 10), position, THREE_DAYS + 1, luck, probing=True)
    assert became.state == "dead"
    assert "given up after 3 days" in became.why


@given(reasons, positions, ages, lucks)
def test_a_final_answer_ends_it(reason: Reason, position: int, age: float, luck: float) -> None:
    assert after(Failed("no", reason), position, age, luck).state == (
        "retrying" if reason == "quota" and age < THREE_DAYS else "dead"
    )
    assert after(Skipped("no text"), position, age, luck).state == "skipped"
    assert after(Failed("no", "client_error"), position, age, luck).delay == 0
    assert after(Done({"key": "P-1"}), position, age, luck).result == {"key": "P-1"}


def test_a_quota_is_asked_for_again_after_a_quarter_of_an_hour() -> None:
    assert after(Failed("used up", "quota"), 3, 0, 0).delay == 900
    assert after(Failed("used up", "quota"), 3, 0, 1).delay == 1080


# Recovery


@given(reasons, positions, lucks)
def test_a_failed_probe_costs_no_attempt(reason: Reason, position: int, luck: float) -> None:
    became = after(Retry("no answer", reason), position, 0, luck, probing=True)
    if reason in ("timeout", "network", "server_error", "ambiguous"):
        assert (became.state, became.position, became.wake) == ("retrying", position, 0)
        assert became.delay >= 5


@given(reasons, st.integers(0, 6), lucks)
def test_a_success_elsewhere_brings_a_failure_back_one_step_earlier_at_most(
    reason: Reason, position: int, luck: float
) -> None:
    became = after(Retry("no answer", reason), position, 0, luck)
    assert became.wake == (TABLE[position] if reason in DOWN else None)
    assert math.isfinite(became.delay)


@given(reasons, positions, st.floats(0, 1e9), st.booleans())
def test_nothing_wakes_a_delivery_before_the_time_that_was_asked_for(
    reason: Reason, position: int, wanted: float, probing: bool
) -> None:
    """Neither a probe nor a success elsewhere; this also holds for a dead letter."""
    became = after(Retry("busy", reason, wanted), position, 0, 0, probing=probing)
    assert became.wake is None or became.wake >= min(wanted, HOUR)


@pytest.mark.parametrize(("healed", "wake"), [(0, 0), (1, 600), (2, 3600), (3, 21_600), (4, 86_400), (5, None)])
def test_a_dead_letter_comes_back_by_itself_five_times_at_most(healed: int, wake: float | None) -> None:
    assert after(Failed("401", "auth"), 0, 0, 0, healed=healed).wake == wake
    assert after(Retry("503", "server_error"), 7, 0, 0, healed=healed).wake == wake


def test_a_dead_letter_that_never_came_back_does_so_with_the_next_success() -> None:
    assert after(Failed("401", "auth"), 0, 0, 0).wake == 0


@given(reasons, st.integers(0, 9))
def test_a_dead_letter_that_is_to_blame_itself_is_not_brought_back(reason: Reason, healed: int) -> None:
    own = reason in ("client_error", "not_found", "not_yet", "crashed", "gone")
    assert own == (reason not in HEALED)
    if own:
        assert after(Failed("no", reason), 0, 0, 0, healed=healed).wake is None


def test_the_three_days_end_at_their_last_moment() -> None:
    quota, busy = Failed("used up", "quota"), Retry("503", "server_error")
    assert after(quota, 0, THREE_DAYS - 0.1, 0).state == "retrying"
    assert after(quota, 0, THREE_DAYS, 0).state == "dead"
    assert after(busy, 0, THREE_DAYS, 0).state == "retrying"
    late = after(busy, 0, THREE_DAYS + 0.1, 0)
    assert (late.state, late.why) == ("dead", "503 (given up after 3 days)")
    assert after(busy, 7, 0, 0).why == "503 (given up after 8 attempts)"


def test_what_waits_for_a_quota_comes_back_with_the_first_success() -> None:
    assert after(Failed("used up", "quota"), 3, 0, 0).wake == 0


@pytest.mark.parametrize(
    ("reason", "wanted", "delay"),
    [
        ("rate_limited", 1.0, 1), ("rate_limited", 0.9, 5), ("rate_limited", 3601.0, 3600), ("rate_limited", None, 5),
        ("not_yet", 0.5, 0.5), ("not_yet", -1.0, 0), ("not_yet", math.nan, 0), ("not_yet", None, 5),
        ("timeout", 6.0, 6),
    ],
)  # fmt: skip
def test_the_pause_that_is_asked_for_is_kept_within_its_bounds(
    reason: Reason, wanted: float | None, delay: float
) -> None:
    assert after(Retry("later", reason, wanted), 0, 0, 0).delay == delay
