"""Refusals of ABC User Feedback become outcomes by one table."""

from __future__ import annotations

from typing import get_args

import pytest

from connectors.abc_errors import WHAT_IT_IS, outcome_of
from connectors.base import Context, Failed, Retry, Skipped
from sources.abc.client import AbcError, AbcReason
from tests.connectors.context import MemoryContext


def test_every_reason_has_a_meaning() -> None:
    """A reason that the client learns later can't fall through as a crash."""
    assert set(WHAT_IT_IS) == set(get_args(AbcReason))


def test_a_not_found_soon_after_the_event_is_not_yet() -> None:
    context: Context = MemoryContext(age=0.2)
    outcome = outcome_of(AbcError("not_found", "feedback 7", again=False), context)
    assert outcome == Retry("feedback 7: announced, but not readable yet", "not_yet", 1.0, at_source=True)


def test_eight_attempts_span_the_time_in_which_not_found_means_not_yet() -> None:
    waits = []
    for attempt in range(1, 8):
        outcome = outcome_of(AbcError("not_found", "x", again=False), MemoryContext(attempt=attempt))
        assert isinstance(outcome, Retry)
        assert outcome.after is not None
        waits.append(outcome.after)
    assert sum(waits) > 120


def test_a_not_found_late_is_gone() -> None:
    outcome = outcome_of(AbcError("not_found", "feedback 7", again=False), MemoryContext(age=121))
    assert outcome == Skipped("feedback 7: it was deleted, or its creation was undone")


@pytest.mark.parametrize("reason", ["timeout", "network", "server_error", "rate_limited"])
def test_what_may_succeed_later_is_tried_again_when_the_server_asks_for_it(reason: AbcReason) -> None:
    outcome = outcome_of(AbcError(reason, "unknown", again=True, retry_after=7), MemoryContext())
    assert outcome == Retry("unknown", WHAT_IT_IS[reason], 7, at_source=True)


def test_a_final_refusal_fails_with_its_reason() -> None:
    assert outcome_of(AbcError("auth", "set ABC_API_KEY", again=False), MemoryContext()) == Failed(
        "set ABC_API_KEY", "auth", at_source=True
    )
