"""What of an event's body is shown without asking: nothing that may be about a person."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pages.masking import masked
from console.pages.shown import LONGEST, as_json

HARMLESS = {
    "event": "ISSUE_STATUS_CHANGE",
    "data": {
        "issue": {"id": 3, "status": "ON_REVIEW", "createdAt": "2026-11-01T00:00:00Z", "feedbackCount": 2},
        "project": {"id": 1},
        "previousStatus": "INIT",
    },
}


def test_a_deep_body_is_written_no_further_than_it_is_shown() -> None:
    """Indented whole, a megabyte of it has 60 MB, and takes a gigabyte to be made inert."""
    body: Any = ["x"] * 100_000
    for _ in range(60):
        body = [body]
    started = time.process_time()
    shown, is_cut = as_json(body)
    assert time.process_time() - started < 0.5  # it took seconds
    assert (len(shown), is_cut) == (LONGEST, True)
    assert as_json({"name": "a\u202eb"}) == ('{\n  "name": "a\\u202eb"\n}', False)
    assert (
        "xoxb"
        not in as_json(
            ["y" * (LONGEST - 10) + "xoxb-of-the-tests"], lambda text: text.replace("xoxb-of-the-tests", "…")
        )[0]
    )


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
