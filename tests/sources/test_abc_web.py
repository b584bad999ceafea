"""Links to ABC User Feedback's web app: they lead to the project's page, whatever an issue is called."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.pages.links import web_link
from sources.abc.models import AbcEvent, Feedback, Issue, Named
from sources.abc.settings import AbcSettings
from sources.abc.web import address_of
from sources.base import Subject

SETTINGS = AbcSettings(abc_web_url="https://feedback.example.com/voc")


def event(issue: Issue | None = None, channel: int | None = None, project: int | None = 3) -> AbcEvent:
    return AbcEvent(
        id="e",
        source="abc",
        name="ISSUE_CREATION",
        subject=Subject("abc", "issue", 3, 7),
        occurred=0.0,
        body={},
        project=Named(id=project) if project else None,
        channel=Named(id=channel) if channel else None,
        feedback=Feedback(id=9),
        issue=issue,
    )


def test_a_feedback_leads_to_its_channel() -> None:
    page = "https://feedback.example.com/voc/main/project/3/feedback"
    assert address_of(SETTINGS, event(channel=5)) == f"{page}?channelId=5"
    assert address_of(SETTINGS, event()) == page


@given(st.text(st.characters(), max_size=300))
def test_an_issue_leads_to_the_issues_of_its_name(name: str) -> None:
    """Also with lone surrogates, which no address can hold. A name that is too long for an address is left out."""
    address = address_of(SETTINGS, event(Issue(id=7, name=name), channel=5))
    assert web_link(address) == address
    parts = urlsplit(address)
    assert (parts.hostname, parts.path) == ("feedback.example.com", "/voc/main/project/3/issue")
    if not name or len(name) > 200:
        assert parts.query == ""
        return
    [query] = json.loads(parse_qs(parts.query)["queries"][0])
    assert query == {"key": "name", "value": name.encode("utf-8", "replace").decode(), "condition": "IS"}


@pytest.mark.parametrize(("settings", "project"), [(AbcSettings(), 3), (SETTINGS, None)])
def test_without_the_variable_or_a_project_there_is_no_link(settings: AbcSettings, project: int | None) -> None:
    assert address_of(settings, event(Issue(id=7, name="Payment fails"), project=project)) == ""
