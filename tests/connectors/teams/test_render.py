"""What a person reads in Teams: whole cards, colours, hostile texts, and the size by Microsoft's number."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.alerts.contents import Alert, Content, Fact, Ticket, alert
from connectors.alerts.tickets import linked
from connectors.teams.render import render
from sources.abc.models import Feedback, Issue, Named
from sources.base import Event
from tests.connectors.alerts.world import digest_of, other, status_change

TICKET = linked("PROJ-123", "https://example.atlassian.net/browse/{id}")


def card(content: Content) -> dict[str, Any]:
    rendered = render(content)
    assert rendered["type"] == "message"
    (attachment,) = rendered["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    found: dict[str, Any] = attachment["content"]
    # About 28 KB: https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams
    assert len(json.dumps(rendered)) <= 28_000
    assert len(json.dumps(rendered, ensure_ascii=False).encode("utf-16-le", "surrogatepass")) <= 28_000
    return found


def card_of(event: Event, ticket: Ticket = TICKET) -> dict[str, Any]:
    content = alert(event, "en", ticket, "message")
    assert content is not None
    return card(content)


def elements(found: Any) -> Iterator[dict[str, Any]]:
    """Every object of a card that has a type."""
    if isinstance(found, dict):
        if "type" in found:
            yield found
        for value in found.values():
            yield from elements(value)
    if isinstance(found, list):
        for value in found:
            yield from elements(value)


def lines(found: dict[str, Any]) -> list[str]:
    blocks = [element for element in elements(found) if element["type"] == "RichTextBlock"]
    return ["".join(run["text"] for run in block["inlines"]) for block in blocks]


def test_a_status_change() -> None:
    run = {"type": "TextRun", "text": 'The status of issue "Cannot log in" changed from New to In Progress.'}
    bold = {"type": "TextRun", "weight": "Bolder"}
    assert card_of(status_change()) == {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {
                "type": "Container",
                "style": "warning",
                "items": [{"type": "RichTextBlock", "spacing": "None", "inlines": [run]}],
            },
            {
                "type": "RichTextBlock",
                "spacing": "None",
                "inlines": [{**bold, "text": "Project: "}, {"type": "TextRun", "text": "My Project"}],
            },
            {
                "type": "RichTextBlock",
                "spacing": "None",
                "inlines": [{**bold, "text": "Issue: "}, {"type": "TextRun", "text": "#3"}],
            },
        ],
        "actions": [
            {
                "type": "Action.OpenUrl",
                "title": "Ticket PROJ-123",
                "url": "https://example.atlassian.net/browse/PROJ-123",
            }
        ],
    }


def test_a_feedback_is_quoted_line_by_line() -> None:
    feedback = Feedback.model_validate({"id": 1, "message": "It *fails*.\n\nhttps://a.example/b"})
    found = card_of(other("ISSUE_ADDITION", feedback=feedback), Ticket())
    assert lines(found)[:4] == [
        'Feedback was added to issue "Cannot log in".',
        "> It *fails*.",
        ">",
        "> https://a.example/b",
    ]


def test_the_statuses_have_the_styles_that_a_card_has() -> None:
    statuses = ["INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING", "SOMETHING_ELSE"]
    styles = [card_of(status_change(status=status))["body"][0]["style"] for status in statuses]
    assert styles == ["accent", "accent", "warning", "good", "emphasis", "default"]


@pytest.mark.parametrize("text", ["**b** _i_ [a](https://evil.example) - c", "<at>everyone</at>", "# h", "`c`"])
def test_no_text_is_where_markdown_is_read(text: str) -> None:
    """Only a TextRun shows it as it is; a mention would need `msteams.entities`."""
    feedback = Feedback.model_validate({"id": 1, "message": text})
    named = Named(id=1, name=text)
    found = card_of(other("ISSUE_ADDITION", feedback=feedback, project=named, channel=named), Ticket(text))
    kinds = {element["type"] for element in elements(found)}
    assert kinds <= {"AdaptiveCard", "Container", "RichTextBlock", "TextRun", "Action.OpenUrl"}
    assert found["msteams"] == {"width": "Full"}


def test_a_date_of_a_user_is_no_date_of_the_card() -> None:
    assert "{{" not in json.dumps(lines(card(Alert("{{DATE(2026-01-01T00:00:00Z, SHORT)}} {{{"))))


def test_an_address_is_a_link_to_itself_alone() -> None:
    found = card(Alert("see https://a.example/b. [x](https://c.example)"))
    links = [run for run in elements(found) if "selectAction" in run]
    assert [(run["text"], run["selectAction"]["url"]) for run in links] == [
        ("https://a.example/b", "https://a.example/b"),
        ("https://c.example", "https://c.example"),
    ]


@pytest.mark.parametrize("character", ["a", "😀", "한", "<", '"'])
@pytest.mark.parametrize("count", [2, 30, 300])
def test_a_digest_has_a_line_for_each(count: int, character: str) -> None:
    head, *rest = lines(card(digest_of([status_change(name=character * 5000)] * count, "en")))
    assert head == f"{count} events in one message, because there are so many:"
    counted = sum(line.startswith("• ") for line in rest)
    assert counted >= min(count, 30), "a digest has at most 30"
    assert len(rest) <= 61


@pytest.mark.parametrize("character", ["a", "한", "\x01", "\n"])
def test_a_text_that_is_too_long_is_cut_and_the_facts_stay(character: str) -> None:
    facts = (Fact("Project", "y" * 150), Fact("Ticket", "1", "https://x.example/1"))
    found = card(Alert("x" + character * 40_000, "> " + character * 5000, facts))
    assert lines(found)[-1] == "Project: " + "y" * 150
    assert found["actions"][0]["url"] == "https://x.example/1"


def test_a_quotation_of_1000_characters_is_whole() -> None:
    feedback = Feedback.model_validate({"id": 1, "message": "가" * 1000})
    found = "".join(line.removeprefix("> ") for line in lines(card_of(other("ISSUE_ADDITION", feedback=feedback))))
    assert "가" * 1000 in found


CHARACTERS = st.sampled_from('[]()"{}<>*\\가あ漢👩é\u0301\n_> ') | st.characters()
TEXTS = st.text(CHARACTERS, max_size=200).flatmap(lambda text: st.integers(1, 40).map(lambda times: text * times))


@given(name=TEXTS, text=TEXTS, label=TEXTS)
def test_whatever_users_write_it_is_a_card(name: str, text: str, label: str) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    issue, named = Issue(id=3, name=name, status=name), Named(id=1, name=name)
    for kind in ("ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "ISSUE_CREATION", "FEEDBACK_CREATION"):
        event = other(kind, feedback=feedback, issue=issue, project=named, channel=named)
        found = card_of(event, linked(label, "https://x.example/{id}"))
        assert all(run["text"] for run in elements(found) if run["type"] == "TextRun")
        assert all("\n" not in line for line in lines(found))
