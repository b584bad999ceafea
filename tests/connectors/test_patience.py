"""How long is looked before something is sent again, by one clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors import patience

TIMES = st.floats(0, 4e9)


@given(TIMES, TIMES, st.floats(0, 3600))
def test_patience_is_bounded_whatever_the_clock_shows(since: float, now: float, lag: float) -> None:
    left = patience.left(since, now, lag)
    assert 0 <= left <= lag
    assert left == 0 or now - since < lag


def test_patience_runs_out() -> None:
    assert patience.left(100, 130, 120) == 90
    assert patience.left(100, 221, 120) == 0
    assert patience.left(900, 100, 120) == 120
