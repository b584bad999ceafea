"""What a person reads in Mattermost: whole messages, colours, hostile texts, and the limits by the server's numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.alerts.contents import Alert, Fact, Ticket, alert
from connectors.alerts.tickets import linked
from connectors.mattermost.render import render
from sources.abc.models import Feedback, Issue, Named
from sources.base import Event
from tests.connectors.alerts.world import digest_of, other, status_change
from tools.sandbox.mattermost import SLACK_LINK, SLACK_MENTIONS, kept_length

TICKET = linked("PROJ-123", "https://example.atlassian.net/browse/{id}")


def message(event: Event, ticket: Ticket = TICKET) -> dict[str, Any]:
    content = alert(event, "en", ticket, "message")
    assert content is not None
    return render(content)


def assert_fits(rendered: dict[str, Any]) -> None:
    """One post: 4,000 characters with the oldest database; attachments of 8,000 less 400, less what a server adds."""
    assert 0 < len(rendered["text"]) <= 4000
    assert kept_length({"attachments": rendered.get("attachments", [])}) <= 7100


def test_a_status_change() -> None:
    assert message(status_change()) == {
        "text": 'The status of issue "Cannot log in" changed from New to In Progress.',
        "attachments": [
            {
                "color": "#FAC11B",
                "text": "",
                "fields": [
                    {"title": "Project", "value": "My Project", "short": True},
                    {"title": "Issue", "value": "\\#3", "short": True},
                    {
                        "title": "Ticket",
                        "value": "[PROJ-123](https://example.atlassian.net/browse/PROJ-123)",
                        "short": True,
                    },
                ],
            }
        ],
    }


def test_a_feedback_is_quoted() -> None:
    feedback = Feedback.model_validate({"id": 1, "message": "*It* fails.\n===\n\n<b> & https://a.example/b_c"})
    (attachment,) = message(other("ISSUE_ADDITION", feedback=feedback))["attachments"]
    assert attachment["text"] == "> \\*It\\* fails.\n> \u200b===\n>\n> &lt;b\\> &amp; <https://a.example/b_c>"


def test_each_status_has_a_colour() -> None:
    statuses = ["INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING", "SOMETHING_ELSE"]
    colours = [message(status_change(status=status))["attachments"][0]["color"] for status in statuses]
    assert len(set(colours)) == 6


def test_a_text_alone_has_no_attachment() -> None:
    assert render(Alert("the template's text", status="INIT")) == {"text": "the template's text"}


@pytest.mark.parametrize("text", ["<https://evil.example|ABC>", "<a|b>", "<!channel>", "$x$", "&lt;a|b&gt;"])
def test_what_the_server_makes_of_slacks_markup_is_not_in_a_users_text(text: str) -> None:
    rendered = str(message(status_change(name=text), Ticket(text)))
    assert not SLACK_LINK.search(rendered)
    assert not any(mention in rendered for mention in SLACK_MENTIONS)
    assert "$" not in rendered


@pytest.mark.parametrize("character", ["*", "😀", "한", "~", "<"])
@pytest.mark.parametrize("count", [2, 30, 300])
def test_a_digest_has_a_line_for_each(count: int, character: str) -> None:
    rendered = render(digest_of([status_change(name=character * 5000)] * count, "en"))
    assert_fits(rendered)
    assert rendered.keys() == {"text"}
    lines = rendered["text"].split("\n")[1:]
    counted = sum(line.startswith("• ") for line in lines)
    assert counted == count or lines[counted:] == [f"… +{count - counted}"]


def test_a_text_of_4000_characters_is_whole_and_one_more_is_cut() -> None:
    """Characters, not UTF-16 units."""
    assert render(Alert("😀" * 4000))["text"] == "😀" * 4000
    assert render(Alert("😀" * 4001))["text"] == "😀" * 3999 + "…"


def test_a_long_quotation_leaves_room_for_the_facts() -> None:
    facts = tuple(Fact("Project", "<" * 1000, "https://x.example/" + "&" * 900) for _ in range(5))
    rendered = render(Alert("a", "> " + "<" * 5000, facts))
    assert_fits(rendered)
    assert rendered["attachments"][0]["text"].startswith("> &lt;")


TEXTS = st.text(st.one_of(st.sampled_from("[]()~@#:<&$*\\가あ漢👩🏽‍💻é\u0301\n_> "), st.characters()), max_size=200)
LONG = TEXTS.flatmap(lambda text: st.integers(1, 40).map(lambda times: text * times))


@given(name=LONG, text=LONG, label=LONG)
def test_whatever_users_write_it_is_one_post(name: str, text: str, label: str) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    issue, named = Issue(id=3, name=name, status=name), Named(id=1, name=name)
    for kind in ("ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "ISSUE_CREATION", "FEEDBACK_CREATION"):
        event = other(kind, feedback=feedback, issue=issue, project=named, channel=named)
        rendered = message(event, linked(label, "https://x.example/{id}"))
        assert_fits(rendered)
        assert not re.search(r"@\w|<(?!https?://)", rendered["text"])
