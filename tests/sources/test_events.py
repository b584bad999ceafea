"""A body becomes an event: tolerantly, with an identity that follows from what happened."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources import restore
from sources.abc.events import KINDS, Unknown, Unreadable, parse, read
from sources.abc.models import Issue
from sources.base import Request, Subject, Unread, event_id
from tests.web import recorded
from tools.sandbox.processes import ROOT

BODIES: dict[str, dict[str, Any]] = {
    name: json.loads(request["body"]) for name, request in recorded(ROOT / "tests" / "fixtures" / "abc").items()
}
CHANGE = BODIES["issue-status-change"]

TEXT = st.text(st.characters(codec=None, exclude_categories=()))  # halves of characters, too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=15,
)
KEYS = ("project", "channel", "feedback", "issue", "addedIssue", "previousStatus", "id", "name", "status", "issues")
NEARLY = st.recursive(
    JSON, lambda inner: st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=6), max_leaves=20
)


def changed(body: dict[str, Any], **data: Any) -> dict[str, Any]:
    """A copy with other parts: `issue__status="X"` replaces the issue's status."""
    copied = copy.deepcopy(body)
    for path, value in data.items():
        *parents, last = path.split("__")
        place = copied["data"]
        for parent in parents:
            place = place[parent]
        place[last] = value
    return copied


@pytest.mark.parametrize("name", BODIES)
def test_recorded_bodies_are_events(name: str) -> None:
    body = BODIES[name]
    event = parse(body, "default")
    data = body["data"]
    issue = data.get("issue") or data.get("addedIssue")
    entity = f"abc:issue:1:{issue['id']}" if issue else f"abc:feedback:1:{data['feedback']['id']}"
    assert (event.source, event.name, str(event.subject)) == ("abc", body["event"], entity)
    assert event.body == body
    assert event.project is not None
    assert event.project.name == data["project"]["name"]
    assert event.occurred > 1_700_000_000
    if issue:
        assert event.issue is not None
        assert (event.issue.name, event.issue.status) == (issue["name"], issue["status"])
    if "feedback" in data:
        assert event.feedback is not None
        own = {"id", "createdAt", "updatedAt", "issues"}
        assert event.feedback.fields == {key: value for key, value in data["feedback"].items() if key not in own}
    assert event.previous_status == data.get("previousStatus", "")


@pytest.mark.parametrize("name", BODIES)
def test_what_was_stored_is_read_again_as_the_same_event(name: str) -> None:
    text = json.dumps(BODIES[name])
    assert restore({"source": "abc", "body": text}, "default") == parse(BODIES[name], "default")


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"source": "abc"},
        {"source": "abc", "body": "{"},
        {"source": "abc", "body": "{}"},
        {"source": "x", "body": ""},
    ],
)
def test_what_this_version_cannot_read_is_none(stored: dict[str, str]) -> None:
    assert restore(stored, "default") is None


# Tolerance


def test_the_smallest_events() -> None:
    """Ids are all that is needed; `{}` is a valid feedback, and the documentation's issues have no dates."""
    small = {"project": {"id": 1}}
    feedback = small | {"channel": {"id": 2}, "feedback": {"id": 3}}
    assert parse({"event": "FEEDBACK_CREATION", "data": feedback}, "i").subject == Subject("abc", "feedback", 1, 3)
    assert parse({"event": "ISSUE_CREATION", "data": small | {"issue": {"id": 4}}}, "i").subject == Subject(
        "abc", "issue", 1, 4
    )
    assert parse({"event": "ISSUE_STATUS_CHANGE", "data": small | {"issue": {"id": 4}}}, "i").previous_status == ""
    minimal = {"id": 456, "name": "기존 이슈", "status": "OPEN"}
    added = feedback | {"addedIssue": minimal, "feedback": {"id": 3, "issues": [minimal, {"id": 789}]}}
    event = parse({"event": "ISSUE_ADDITION", "data": added}, "i")
    assert event.issue is not None
    assert event.feedback is not None
    assert (event.issue.status, event.issue.external_id, event.occurred) == ("OPEN", "", 0.0)
    assert [issue.id for issue in event.feedback.issues] == [456, 789]


def test_unknown_keys_are_kept_and_open_statuses_pass() -> None:
    body = changed(CHANGE, issue__status="ARCHIVED", issue__priority={"level": 1}, project__plan="x", tenant={"id": 9})
    event = parse(body, "default")
    assert event.issue is not None
    assert event.project is not None
    assert event.issue.status == "ARCHIVED"
    assert event.issue.model_extra == {"priority": {"level": 1}}
    assert event.project.model_extra == {"plan": "x"}
    assert event.body["data"]["tenant"] == {"id": 9}


@pytest.mark.parametrize("key", ["name", "description", "status", "externalIssueId", "createdAt", "updatedAt"])
def test_null_and_absent_mean_the_same(key: str) -> None:
    null = parse(changed(CHANGE, **{f"issue__{key}": None}), "default")
    absent = copy.deepcopy(CHANGE)
    del absent["data"]["issue"][key]
    assert null.issue is not None
    assert null.id == parse(absent, "default").id
    assert null.issue.external_id == ""


def test_null_names_around_an_issue_pass() -> None:
    body = changed(BODIES["issue-addition"], project__name=None, channel__name=None, feedback__issues=None)
    event = parse(body, "default")
    assert event.channel is not None
    assert event.feedback is not None
    assert (event.channel.name, event.feedback.issues) == ("", [])


@pytest.mark.parametrize("external", [None, "", " "])
def test_no_ticket_is_reported_in_several_ways(external: str | None) -> None:
    event = parse(changed(CHANGE, issue__externalIssueId=external), "default")
    assert event.issue is not None
    assert event.issue.external_id == ""


@pytest.mark.parametrize("value", [True, 1.5, None, ["a"], {"status": "x"}, "\ud83d", "\x00", "한국어"])
def test_a_feedbacks_own_fields_may_hold_anything(value: Any) -> None:
    fields = {"message": value, "model_config": value, "fields": value, "__class__": value, "project": value}
    body = {
        "event": "FEEDBACK_CREATION",
        "data": {"feedback": {"id": 3, **fields}, "channel": {"id": 1}, "project": {"id": 1}},
    }
    event = parse(body, "default")
    assert event.feedback is not None
    assert event.feedback.fields == fields


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("missing", ["project", "channel", "feedback", "issue", "addedIssue"])
def test_without_what_makes_it_that_event_it_is_unreadable(name: str, missing: str) -> None:
    issue = {"id": 4}
    whole = {"project": {"id": 1}, "channel": {"id": 2}, "feedback": {"id": 3}, "issue": issue, "addedIssue": issue}
    needed = {
        "FEEDBACK_CREATION": {"project", "channel", "feedback"},
        "ISSUE_CREATION": {"project", "issue"},
        "ISSUE_STATUS_CHANGE": {"project", "issue"},
        "ISSUE_ADDITION": {"project", "channel", "feedback", "addedIssue"},
    }[name]
    for rest in ({key: part for key, part in whole.items() if key != missing}, whole | {missing: None}):
        if missing in needed:
            with pytest.raises(Unreadable):
                parse({"event": name, "data": rest}, "default")
        else:
            assert parse({"event": name, "data": rest}, "default").name == name


@pytest.mark.parametrize("bad", [None, 5, "x", [], {}, {"id": True}, {"id": "x"}, {"id": 5, "name": []}])
def test_an_issue_that_can_not_be_read_does_not_cost_the_feedback(bad: Any) -> None:
    body = changed(BODIES["feedback-creation-full"], feedback__issues=[bad, {"id": 4}])
    event = parse(body, "default")
    assert event.feedback is not None
    assert [issue.id for issue in event.feedback.issues] == [4]
    assert parse(changed(body, feedback__issues=bad), "default").feedback is not None


def test_of_a_body_full_of_issues_only_the_first_100_are_read() -> None:
    body = changed(BODIES["feedback-creation-full"], feedback__issues=[{"id": 1 + n} for n in range(50_000)])
    event = parse(body, "default")
    assert event.feedback is not None
    assert [issue.id for issue in event.feedback.issues] == list(range(1, 101))


# Identity


@pytest.mark.parametrize("name", BODIES)
def test_the_same_occurrence_has_the_same_id(name: str) -> None:
    """However it is written down: other key order, other spaces, names changed since, unknown keys, ids as texts."""
    body = BODIES[name]
    id_ = parse(body, "default").id
    reordered = json.loads(json.dumps(body, sort_keys=True, indent=1))
    assert parse(reordered, "default").id == id_
    assert parse(changed(body, project__name="Renamed", new={"key": 1}), "default").id == id_
    assert parse(changed(body, project__id="1"), "default").id == id_
    assert len(id_) == 20
    assert int(id_, 16) >= 0


DIFFERENT: list[Callable[[], dict[str, Any]]] = [
    lambda: CHANGE,
    lambda: changed(CHANGE, issue__id=4),
    lambda: changed(CHANGE, project__id=2),
    lambda: changed(CHANGE, previousStatus="PENDING"),
    lambda: changed(CHANGE, issue__status="RESOLVED"),
    lambda: changed(CHANGE, issue__status="INIT", previousStatus="ON_REVIEW"),
    lambda: changed(CHANGE, issue__updatedAt="2026-11-22T17:08:50.000Z"),
    lambda: changed(CHANGE, issue__updatedAt="2026-11-22T17:08:51.000Z"),
    lambda: changed(CHANGE, issue__status="REVIEW", previousStatus="INIT|ON"),
    lambda: changed(CHANGE, issue__status="ON|REVIEW", previousStatus="INIT"),
    *(lambda name=name: BODIES[name] for name in BODIES if name != "issue-status-change"),
    lambda: changed(BODIES["issue-addition"], feedback__id=99),
    lambda: changed(BODIES["issue-addition"], addedIssue__id=99),
    lambda: changed(CHANGE, issue__createdAt="2026-11-22T17:08:41.000Z"),
    lambda: changed(BODIES["issue-creation"], issue__createdAt="2026-11-23T17:08:41.000Z"),
    lambda: changed(BODIES["feedback-creation-full"], feedback__createdAt="2026-11-23T17:08:41.000Z"),
    lambda: changed(BODIES["issue-addition"], feedback__createdAt="2026-11-23T17:08:41.000Z"),
    lambda: changed(BODIES["issue-addition"], addedIssue__createdAt="2026-11-23T17:08:41.000Z"),
]


def test_different_occurrences_have_different_ids() -> None:
    """Whole seconds in updatedAt included: two changes in one second differ in their statuses."""
    bodies = [make() for make in DIFFERENT]
    assert len({parse(body, "default").id for body in bodies}) == len(bodies)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2026-11-22T17:08:40.576Z", "1795367320"),
        ("2026-11-22T17:08:40.000Z", "1795367320"),
        ("2026-11-22T17:08:40Z", "1795367320"),
        ("2026-11-22T17:08:40", "1795367320"),
        ("2026-11-23T02:08:40.576999+09:00", "1795367320"),
        ("1970-01-01T00:00:00Z", "0"),
        ("1969-12-31T23:59:59.500Z", "-1"),
        ("9999-12-31T23:59:59.999Z", "253402300799"),
        ("0001-01-01T00:00:00+14:00", "-62135647200"),
        ("", ""),
        (None, ""),
        (1795367320, ""),
        (True, ""),
        (["2026-11-22"], ""),
        ("yesterday", ""),
        ("2026-11-22T17:08:40.576Z" * 100_000, ""),
    ],
)
def test_a_creation_time_is_whole_seconds_however_it_is_written(written: Any, seconds: str) -> None:
    """A webhook, GET and search may write one moment differently; what is no time is unknown."""
    assert Issue.model_validate({"id": 1, "createdAt": written}).creation == seconds
    body = changed(CHANGE, issue__createdAt=written)
    assert parse(body, "default").creation == seconds


def test_the_time_zone_of_the_process_changes_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    body = changed(CHANGE, issue__createdAt="2026-11-22T17:08:40")
    ids = set()
    for zone in ("UTC", "Asia/Seoul", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        ids.add((parse(body, "default").id, parse(body, "default").occurred))
    monkeypatch.undo()
    time.tzset()
    assert len(ids) == 1


def test_an_entity_is_another_one_when_its_creation_differs() -> None:
    first, later, unknown = (
        Issue(id=3, createdAt=at) for at in ("2026-11-22T17:08:40.576Z", "2026-11-23T17:08:40.576Z", "")
    )
    assert first.is_same(Issue(id=3, createdAt="2026-11-22T17:08:40.000Z"))
    assert not first.is_same(later)
    assert first.is_same(unknown)
    assert unknown.is_same(first)
    assert not first.is_same(Issue(id=4, createdAt=first.createdAt))


@pytest.mark.parametrize("id_", [True, False, 0, -1, 2**53, 1.5, "x", None, [3], 10**400])
def test_what_is_no_id_is_unreadable(id_: Any) -> None:
    with pytest.raises(Unreadable):
        parse(changed(CHANGE, issue__id=id_), "default")


def test_two_installations_differ() -> None:
    assert parse(CHANGE, "one").id != parse(CHANGE, "two").id
    assert read(Request("one", {}, b"{}", {})).id != read(Request("two", {}, b"{}", {})).id


@given(st.lists(st.text() | st.integers(), min_size=1, max_size=4), st.lists(st.text() | st.integers(), max_size=4))
def test_ids_keep_their_parts_apart(one: list[Any], other: list[Any]) -> None:
    assert (event_id("i", "s", *one) == event_id("i", "s", *other)) == (one == other)


def test_ids_stay_the_same_over_releases() -> None:
    """Whoever changes them makes every event of a running installation new: tickets and messages twice."""
    assert parse(CHANGE, "default").id == "96dcec5ea48be9b06439"


# Hostile input


@given(st.one_of(JSON, st.sampled_from(sorted(KINDS))), NEARLY)
def test_nothing_but_its_own_errors(name: Any, data: Any) -> None:
    announced = ""
    try:
        assert parse({"event": name, "data": data}, "default").subject
    except (Unknown, Unreadable) as error:
        announced = str(error)
    assert announced.isprintable()
    assert len(announced) < 1000


@given(st.dictionaries(st.sampled_from(["event", "data"]) | st.text(), NEARLY | st.text(), max_size=3))
def test_whatever_is_read_can_be_stored(body: dict[str, Any]) -> None:
    """What is reported of it (name, why) is plain ASCII, and short."""
    found = read(Request("default", body, json.dumps(body).encode(), {}))
    if isinstance(found, Unread):
        assert found.name.isascii()
        assert len(found.name) <= 800
        assert found.state == "unreadable"
    else:
        level = found.level
        assert f"{found.name}{found.subject}{level.value if level else ''}".encode()


@pytest.mark.parametrize(
    "name", ["x" * 100_000, "\ud800", "\x1b[2J", "'; DROP TABLE", "ISSUE_CREATION ", "issue_creation", "__class__", ""]
)
def test_hostile_event_names_are_cut_and_escaped(name: str) -> None:
    with pytest.raises(Unknown) as caught:
        parse({"event": name, "data": {}}, "default")
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_errors_hold_no_personal_data() -> None:
    """They are logged and shown; the body is shown only where a password was given."""
    secret = "who@example.com"
    body = changed(BODIES["issue-addition"], addedIssue={"id": secret, secret: secret})
    with pytest.raises(Unreadable) as caught:
        parse(body, "default")
    assert secret not in str(caught.value)
    assert secret not in repr(parse(changed(CHANGE, issue__name=secret), "default"))
