"""What of an event's body is shown without asking: nothing that may be about a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pages.masking import masked

HARMLESS = {
    "event": "ISSUE_STATUS_CHANGE",
    "data": {
        "issue": {"id": 3, "status": "ON_REVIEW", "createdAt": "2026-11-01T00:00:00Z", "feedbackCount": 2},
        "project": {"id": 1},
        "previousStatus": "INIT",
    },
}


def test_what_describes_the_event_is_shown() -> None:
    assert masked(HARMLESS) == HARMLESS


@pytest.mark.parametrize(
    "body",
    [
        {"message": "planted"},
        {"issue": {"name": "planted", "description": "planted"}},
        {"data": {"planned": ["planted", {"x": "planted"}]}},
        {"user": {"id": 4711, "status": "planted", "key": "planted"}},
        {"assignee": {"id": 4711}},
        {"sender": {"profile": {"id": 4711, "createdAt": "planted"}}},
        {"phone": 4711, "amount": 4711, "userId": 4711},
        {"comments": [{"author": {"accountId": 4711}, "body": "planted"}]},
        "planted",
        ["planted", 4711],
    ],
    ids=repr,
)
def test_what_may_be_about_a_person_is_hidden(body: Any) -> None:
    shown = json.dumps(masked(body))
    assert "planted" not in shown
    assert "4711" not in shown


texts = st.text(max_size=8)
bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(bodies)
def test_the_shape_stays(body: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(item) for key, item in value.items()}
        return [shape(item) for item in value] if isinstance(value, list) else None

    assert shape(masked(body)) == shape(body)


def test_a_body_of_many_levels() -> None:
    body: Any = "planted"
    for _ in range(500):
        body = {"data": body}
    assert "planted" not in json.dumps(masked(body))
