"""What to do about a delivery: each reason has its own text, and a dead letter another one than what is tried again."""

from __future__ import annotations

from typing import get_args

import pytest

from connectors.base import Reason
from console.advice import advice_for, advice_key
from console.condition import STATES
from console.texts.en import TEXTS


def test_every_reason_has_advice_for_dead_letters() -> None:
    assert {key.partition(".")[2] for key in TEXTS if key.startswith("advice.")} == {*get_args(Reason), "other"}
    assert advice_for("of a newer version") == advice_for("") == TEXTS["advice.other"]


def test_no_dead_letter_is_announced_to_be_tried_again() -> None:
    """Each names what a person has to run: what is dead does not move by itself."""
    for reason in get_args(Reason):
        assert "tried again" not in advice_for(reason)
        assert "(flask " in advice_for(reason), reason


@pytest.mark.parametrize(
    ("state", "reason", "key"),
    [
        ("dead", "auth", "advice.auth"),
        ("retrying", "auth", "waits.other"),
        ("retrying", "held", "waits.held"),
        ("queued", "", ""),
        ("dead", "of a newer version", "advice.other"),
        ("skipped", "auth", ""),
        ("done", "auth", ""),
    ],
)
def test_the_advice_fits_the_state(state: str, reason: str, key: str) -> None:
    assert advice_key(state, reason) == key


def test_every_state_of_a_connector_has_its_sentence() -> None:
    # What to do about one that is failing depends on why its last attempt failed.
    assert set(STATES) - {key.partition(".")[2] for key in TEXTS if key.startswith("to_do.")} == {"failing"}
