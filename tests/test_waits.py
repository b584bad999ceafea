"""What other systems' headers ask us to wait: read tolerantly, between nothing and a day."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bridge.http import Answer, parse_retry_after

NOW = datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC).timestamp()
DAY = 86_400.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("  7  ", 7.0),
        ("+7", 7.0),
        ("7.5", 7.5),
        ("7s", 7.0),
        ("7 seconds", 7.0),
        ("0", 0.0),
        ("-30", 0.0),
        ("9" * 150, DAY),
        ("86401", DAY),
        # The three forms of RFC 9110, section 5.6.7, and ISO 8601.
        ("Sun, 22 Nov 2026 16:00:30 GMT", 30.0),
        ("Sunday, 22-Nov-26 16:00:30 GMT", 30.0),
        ("Sun Nov 22 16:00:30 2026", 30.0),
        ("Sun, 22 Nov 2026 17:00:30 +0100", 30.0),
        ("2026-11-22T16:00:30Z", 30.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 22 Nov 2099 16:00:30 GMT", DAY),
        # Two headers of one name arrive joined.
        ("5, 30", 30.0),
        ("30,5", 30.0),
        ("5, soon", 5.0),
        ("5, Sun, 22 Nov 2026 16:00:30 GMT", 30.0),
    ],
)
def test_a_value_that_can_be_understood(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value", [None, "", " ", ",", "soon", "inf", "-inf", "nan", "1e9", "0x10", "٧", "Sun, 99 Foo 2026", "--5", "7 days"]
)
def test_a_value_that_can_not(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None


@given(
    st.text(max_size=300) | st.floats().map(str) | st.integers().map(str) | st.datetimes().map(str), st.floats(0, 4e9)
)
def test_whatever_comes_is_a_wait_between_nothing_and_a_day(value: str, now: float) -> None:
    seconds = parse_retry_after(value, now)
    assert seconds is None or (0 <= seconds <= 86_400 and not math.isnan(seconds))


@given(st.integers(1, 80_000))
def test_an_http_date_is_as_far_away_as_it_is(ahead: int) -> None:
    assert parse_retry_after(formatdate(NOW + ahead, usegmt=True), NOW) == pytest.approx(ahead)


def wait(status: int, **headers: Any) -> float | None:
    named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return Answer(status, requests.structures.CaseInsensitiveDict(named), b"").retry_after


def test_the_answer_s_own_clock_is_the_one_that_counts() -> None:
    """Ours may be an hour off."""
    assert wait(503, Retry_After="Sun, 06 Nov 1994 08:50:00 GMT", Date="Sun, 06 Nov 1994 08:49:00 GMT") == 60.0


@pytest.mark.parametrize("name", ["RateLimit_Reset", "X_RateLimit_Reset"])
def test_a_429_may_name_its_reset_instead(name: str) -> None:
    date = "Sun, 22 Nov 2026 16:00:00 GMT"
    assert wait(429, **{name: "30"}) == 30.0
    assert wait(429, **{name: str(int(NOW) + 45)}, Date=date) == 45.0
    assert wait(429, **{name: "2026-11-22T16:01:00Z"}, Date=date) == 60.0
    assert wait(429, **{name: "30"}, Retry_After="5") == 5.0
    assert wait(503, **{name: "30"}) is None
    assert wait(429, **{name: "soon"}) is None


def test_a_reset_above_a_billion_is_a_moment_and_not_a_number_of_seconds() -> None:
    """A billion seconds after 1970 it was 9 September 2001."""
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    assert wait(429, X_RateLimit_Reset="1000000001", Date=date) == 1.0
    assert wait(429, X_RateLimit_Reset="1000000000", Date=date) == DAY


def test_a_date_without_a_zone_is_utc_wherever_the_service_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    try:
        assert parse_retry_after("Sun Nov 22 16:00:30 2026", NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_first_two_hundred_characters_of_a_header_are_looked_at() -> None:
    assert parse_retry_after("7".rjust(200), NOW) == 7.0
    assert parse_retry_after("7".rjust(201), NOW) is None
