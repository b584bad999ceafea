"""From Logto's webhook to an event: names, subjects, identity, and what an alert may show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sources
from sources.base import Event, Request, Subject, Unread
from sources.logto import SOURCE, events

SIGN_IN = {
    "event": "PostSignIn",
    "interactionEvent": "SignIn",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "userAgent": "Mozilla/5.0",
    "userIp": "203.0.113.5",
    "userId": "u1a2b3c4d5e6",
    "user": {"id": "u1a2b3c4d5e6", "username": "mina", "primaryEmail": "mina@example.com", "name": "Mina"},
    "application": {"id": "app1", "type": "Traditional", "name": "ABC"},
    "hookId": "0123456789abcdefghijk",
}
UPDATE = {
    "event": "User.Data.Updated",
    "createdAt": "2026-01-02T03:04:05.678Z",
    "ip": "203.0.113.5",
    "path": "/users/u1a2b3c4d5e6",
    "method": "PATCH",
    "status": 200,
    "params": {"userId": "u1a2b3c4d5e6"},
    "matchedRoute": "/users/:userId",
    "data": {"id": "u1a2b3c4d5e6", "username": "mina", "primaryEmail": "mina@example.com"},
    "application": {"id": "m2m", "type": "MachineToMachine", "name": "Back office"},
    "hookId": "0123456789abcdefghijk",
}


def request(body: dict[str, Any], instance: str = "default") -> Request:
    return Request(instance, body, json.dumps(body, ensure_ascii=False).encode(), {})


def event(body: dict[str, Any], instance: str = "default") -> Event:
    found = SOURCE.parse(request(body, instance))
    assert isinstance(found, Event)
    return found


def test_a_sign_in_is_about_its_user() -> None:
    found = event(SIGN_IN)
    assert (found.source, found.name, found.occurred) == ("logto", "logto.PostSignIn", 1767323045.678)
    assert str(found.subject) == "logto:user:u1a2b3c4d5e6"
    assert found.summary is not None
    assert (found.summary.title, found.summary.who) == ("Mina", "ABC")
    assert found.summary.what == "signed_in"


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "logto:user:u1a2b3c4d5e6"),
        ({"event": "User.Deleted", "data": None}, "logto:user:u1a2b3c4d5e6"),
        ({"event": "Role.Deleted", "data": "", "params": {"id": "r1"}}, "logto:role:r1"),
        ({"event": "Organization.Membership.Updated", "organizationId": "o1", "data": None}, "logto:organization:o1"),
        ({"event": "OrganizationRole.Created", "data": {"id": "or1"}}, "logto:organizationRole:or1"),
    ],
)
def test_the_subject_is_what_the_event_is_about(changes: dict[str, Any], subject: str) -> None:
    assert str(event({**UPDATE, **changes}).subject) == subject


def test_an_event_that_names_nothing_is_a_subject_of_its_own() -> None:
    found = event({"event": "Identifier.Lockout", "createdAt": "2026-01-02T03:04:05.678Z"})
    assert found.subject == Subject("logto", "event", "", found.id)


def test_the_body_is_the_identity() -> None:
    """Logto sends no id of an event."""
    later = {**SIGN_IN, "createdAt": "2026-01-02T03:04:05.679Z"}
    assert event(SIGN_IN).id == event(SIGN_IN).id
    assert len({event(SIGN_IN).id, event(later).id, event(SIGN_IN, "other").id}) == 3


def test_what_is_stored_is_read_again_as_the_same_event() -> None:
    body = request(SIGN_IN).raw.decode()
    restored = sources.restore({"source": "logto", "name": "logto.PostSignIn", "body": body}, "default")
    assert restored == event(SIGN_IN)


def test_an_alert_shows_no_address_and_no_number() -> None:
    """E-mail address, phone number and IP address are in every body; a channel may have many readers."""
    bare = {**SIGN_IN, "user": {"id": "u1", "primaryEmail": "mina@example.com", "primaryPhone": "821012345678"}}
    for body in (SIGN_IN, UPDATE, bare):
        shown = repr(event(body).summary)
        assert not any(secret in shown for secret in ("example.com", "203.0.113.5", "8210"))
        assert repr(event(body)).count("example.com") == 0, "nor does a log line"


def test_a_test_payload_is_shown_as_one() -> None:
    found = event({**UPDATE, "path": "/fake-path/:id"})
    assert found.summary is not None
    assert found.summary.what == "test"


@pytest.mark.parametrize("body", [{}, {"event": None}, {"event": ""}, {"event": ["User.Created"]}])
def test_a_body_without_a_name_is_kept_as_unreadable(body: dict[str, Any]) -> None:
    found = SOURCE.parse(request(body))
    assert isinstance(found, Unread)
    assert (found.state, found.why) == ("unreadable", "there is no event name")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted({*SIGN_IN, *UPDATE})), JSON))
def test_whatever_an_authentic_body_holds_can_be_stored(body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    found = SOURCE.parse(Request("default", body, raw, {}))
    if isinstance(found, Event):
        assert found.name.isascii()
        assert len(found.name) <= 90
        assert len(str(found.subject)) <= 220
        assert found.occurred >= 0
        assert found.summary is not None
        assert len(found.summary.title) < 500


def test_every_sample_is_an_event_of_its_name() -> None:
    for name in SOURCE.events:
        assert event(json.loads(SOURCE.samples(name).body)).name == name


def test_the_names_are_those_of_logto() -> None:
    assert {"logto.PostRegister", "logto.User.Created", "logto.Organization.Membership.Updated"} <= set(events.NAMES)
    assert len(events.NAMES) == len(set(events.NAMES))
