"""A comment that people write on a ticket: one name for every ticket system, its text, and whose it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobs.routing import Route, make_route
from sources import REGISTRY
from sources.base import Event, Request
from sources.tickets import TicketEvent

NEW = {
    "jira": "jira.comment_created",
    "github": "github.issue_comment.created",
    "gitlab": "gitlab.note.create",
    "blue": "blue.COMMENT_CREATED",
}
EDITED = {
    "jira": "jira.comment_updated",
    "github": "github.issue_comment.edited",
    "gitlab": "gitlab.note.update",
    "blue": "blue.COMMENT_UPDATED",
}
EACH = pytest.mark.parametrize("source", NEW)


def sent(source: str, name: str, comment: str = "Sample comment") -> Event:
    sample = REGISTRY[source].samples(name)
    body = json.loads(sample.body.replace(b"Sample comment", json.dumps(comment)[1:-1].encode()))
    found = REGISTRY[source].parse(Request("test", body, json.dumps(body).encode(), sample.headers))
    assert isinstance(found, Event)
    return found


def route(patterns: str) -> Route:
    return make_route("slack", patterns, None, (), ("SLACK_EVENTS", "SLACK_FILTER"))


@EACH
def test_a_new_comment_has_one_more_name_and_its_text(source: str) -> None:
    event = sent(source, NEW[source], "It is <b>slow</b>, too")
    assert isinstance(event, TicketEvent)
    assert (event.name, event.aliases, event.comment) == (NEW[source], (f"{source}.comment",), "It is <b>slow</b>, too")
    assert not event.is_our_comment
    assert not event.moves


@EACH
def test_the_shared_name_has_the_sample_of_a_new_comment(source: str) -> None:
    """`flask preview gitlab.comment slack` shows a comment."""
    event = sent(source, f"{source}.comment")
    assert isinstance(event, TicketEvent)
    assert (event.name, event.comment) == (NEW[source], "Sample comment")
    assert event.summary is not None
    assert (event.summary.what, event.ticket.key) == ("commented", event.summary.about)


@EACH
def test_an_edited_comment_is_no_new_one(source: str) -> None:
    event = sent(source, EDITED[source])
    assert event.aliases == ()


@EACH
@pytest.mark.parametrize(
    ("patterns", "taken"),
    [
        ("{source}.comment", True),
        ("{source}.*", True),
        ("{source}.*,!{source}.comment", False),
        ("{source}.*,!{name}", False),
        ("ISSUE_*", False),
    ],
)
def test_it_is_routed_by_either_name(source: str, patterns: str, taken: bool) -> None:
    event = sent(source, NEW[source])
    assert route(patterns.format(source=source, name=event.name)).takes(event) == taken


MARKERS: dict[str, Any] = {
    "jira": "Feedback 3\n> text\n\nabc-feedback-default-1-3-t1767323045",
    "github": "Feedback 3\n\n<!-- abc-feedback-default.eu-1-3-t1767323045 -->",
    "gitlab": "no way\n\n<!-- abc-status-default-1-3-RESOLVED-t1767323045 -->",
    "blue": "Feedback 3 abc-feedback-default-1-3",
}


@EACH
def test_a_comment_with_a_marker_at_its_end_is_ours(source: str) -> None:
    event = sent(source, NEW[source], MARKERS[source])
    assert isinstance(event, TicketEvent)
    assert event.is_our_comment
    quoted = sent(source, NEW[source], MARKERS[source] + "\n" + "x" * 1000)
    assert isinstance(quoted, TicketEvent)
    assert not quoted.is_our_comment
