"""Markers, ways through a workflow, and what refusals mean: no network needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.settings import load
from connectors.base import Failed, Retry
from connectors.jira import status
from connectors.jira.errors import JiraRefusal, create_outcome_of
from connectors.jira.names import NAMES as KEYS
from connectors.jira.settings import Settings
from connectors.jira.shapes import Status, Transition
from connectors.tickets import markers
from tests.connectors.jira.test_render import BASE

NAMES = st.text("ab-_019", min_size=1, max_size=40)
IDS = st.integers(1, 2**53 - 1)
TIMES = st.integers(0, 2 * 10**11).map(str)
TODO = Status("1", "To Do", "new")
DOING = Status("3", "In Arbeit", "indeterminate")
DONE = Status("5", "Erledigt", "done")
SETTINGS = load(Settings, BASE)
SHOWN = ("", "")


@given(NAMES, IDS, IDS, TIMES, NAMES, IDS, IDS, TIMES)
def test_no_two_issues_of_any_installations_share_a_marker(
    a: str, p: int, i: int, c: str, b: str, q: int, j: int, d: str
) -> None:
    one, other = markers.ticket_marker(a, p, i, c), markers.ticket_marker(b, q, j, d)
    same = (a, p, i, c) == (b, q, j, d)
    assert (one.text == other.text) is same
    assert same or one.text != other.short, "an instance's name may end with numbers, too"
    assert not any(character.isspace() for character in one.text)
    assert len(one.text) <= 255


def test_a_comment_is_ours_by_its_last_line_only() -> None:
    marker = markers.feedback_marker("my_test", 1, 7, "1767225600")
    assert marker.ends("text\nabc-feedback-my_test-1-7-t1767225600", 0, SHOWN)
    assert marker.ends("text\n\nabc\\-feedback\\-my\\_test-1-7-t1767225600\n ", 0, SHOWN)
    assert not marker.ends(f"{{quote}}\n{marker.text}\n{{quote}}\nabc-feedback-my_test-1-8-t1767225600", 0, SHOWN)
    assert not marker.ends("abc-feedback-my_test-1-7-t17672256000", 0, SHOWN)
    assert not marker.ends("", 0, SHOWN)


def test_a_marker_of_earlier_versions_counts_on_what_is_younger_than_the_entity() -> None:
    """It names no creation time, so an id that was used before would attract what was made for the earlier entity."""
    marker = markers.ticket_marker("test", 1, 7, "1767225600")
    assert marker.is_text("abc-test-1-7", 1767225600.0 + 1)
    assert marker.is_text("abc-test-1-7", 1767225600.0 - 299), "the clocks of Jira and ABC differ a little"
    assert not marker.is_text("abc-test-1-7", 1767225600.0 - 301)
    assert not marker.is_text("abc-test-1-7", 0.0)
    assert markers.ticket_marker("test", 1, 7, "").texts == ("abc-test-1-7",)


def way(to: Status, **required: object) -> Transition:
    return Transition("9", to, required)  # type: ignore[arg-type]


def test_a_way_is_found_by_the_target_s_id_or_name() -> None:
    assert status.way_to("5", [way(TODO), way(DONE)]) == way(DONE)
    assert status.way_to("erledigt", [way(TODO), way(DONE)]) == way(DONE)
    assert status.way_to("Closed", [way(TODO), way(DONE)]) is None


def test_a_way_is_found_by_category_in_any_language() -> None:
    assert status.way_into_category("Done", [way(TODO), way(DONE)]) == way(DONE)
    assert status.way_into_category("In Progress", [way(DONE), way(DOING)]) == way(DOING)
    assert status.way_into_category("indeterminate", [way(DOING)]) == way(DOING)
    assert status.way_into_category("Closed", [way(DONE)]) is None
    assert not status.is_in_category(Status("7", "Odd", ""), "")


def test_a_way_s_fields_come_from_jira_fields_and_a_resolution_from_what_jira_allows() -> None:
    needs = way(DONE, resolution=("1", "2"), customfield_1=(), customfield_2=())
    assert status.fields_for(needs, {"customfield_1": "x"}) == (
        {"resolution": {"id": "1"}, "customfield_1": "x"},
        ["customfield_2"],
    )
    assert status.fields_for(needs, {"resolution": {"name": "Fixed"}})[0]["resolution"] == {"name": "Fixed"}


@pytest.mark.parametrize(
    ("external_id", "key"),
    [
        ("12", "PROJ-12"),
        ("OTHER-9", "OTHER-9"),
        ("proj-9", None),
        ("²", None),
        ("see mail", None),
        ("A-1 ", None),
        ("0", None),
        ("007", None),
        ("\u0661\u0662", None),
        ("9" * 40, None),
        ("12\n", None),
    ],
)
def test_an_external_id_names_a_ticket_by_number_or_by_key(external_id: str, key: str | None) -> None:
    assert KEYS.key_of(external_id, "PROJ") == key


@pytest.mark.parametrize("code", [301, 302, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 423, 425, 429])
def test_an_answer_below_500_is_certain_that_nothing_was_done(code: int) -> None:
    assert not JiraRefusal(SETTINGS, code).maybe_done


@pytest.mark.parametrize("code", [408, 500, 502, 503, 504])
def test_a_408_or_5xx_leaves_open_whether_something_was_done(code: int) -> None:
    assert JiraRefusal(SETTINGS, code).maybe_done


def test_a_message_names_what_to_do() -> None:
    assert "renew JIRA_API_TOKEN" in JiraRefusal(SETTINGS, 401).outcome.why
    assert "JIRA_URL" in JiraRefusal(SETTINGS, 302).outcome.why
    limited = JiraRefusal(SETTINGS, 429, "Too many", retry_after=7, limit="jira-burst-based").outcome
    assert isinstance(limited, Retry)
    assert (limited.reason, limited.after) == ("rate_limited", 7)
    assert "jira-burst-based" in limited.why


def test_a_refused_field_is_reported_with_its_variable() -> None:
    outcome = create_outcome_of(
        JiraRefusal(
            SETTINGS,
            400,
            fields={"customfield_7": "Team is required.", "labels": "not on screen.", "priority": "bad."},
        ),
        SETTINGS,
        "PROJ",
    )
    assert isinstance(outcome, Failed)
    assert outcome.reason == "config"
    assert 'customfield_7: Team is required. Set it in JIRA_FIELDS: {"customfield_7": …}' in outcome.why
    assert "name a text field of that screen in JIRA_MARKER_FIELD" in outcome.why
    assert "See JIRA_PRIORITY" in outcome.why
