"""What a person reads in Discord: whole messages, colours, hostile texts, and the limits by Discord's own numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.service import Language
from connectors.alerts.contents import Alert, Digest, Fact, Ticket, alert
from connectors.alerts.tickets import linked
from connectors.discord.render import render
from sources.abc.models import Feedback, Issue, Named
from sources.base import Event
from tests.connectors.alerts.world import digest_of, other, status_change

TICKET = linked("PROJ-123", "https://example.atlassian.net/browse/{id}")


def message(event: Event, language: Language = "en", ticket: Ticket = TICKET) -> dict[str, Any]:
    content = alert(event, language, ticket, "message")
    assert content is not None
    return render(content)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def assert_fits(rendered: dict[str, Any]) -> None:
    """https://docs.discord.com/developers/resources/message#embed-object-embed-limits"""
    assert 0 < units(rendered["content"]) <= 2000
    assert rendered["allowed_mentions"] == {"parse": []}
    assert len(rendered["embeds"]) <= 1
    for embed in rendered["embeds"]:
        fields = embed.get("fields", [])
        texts = [embed.get("description", ""), *(field[part] for field in fields for part in ("name", "value"))]
        assert units(texts[0]) <= 4096
        assert len(fields) <= 25
        assert all(0 < units(field["name"]) <= 256 and 0 < units(field["value"]) <= 1024 for field in fields)
        assert sum(map(units, texts)) <= 6000


def test_a_status_change() -> None:
    assert message(status_change(), "ko") == {
        "content": '이슈 "Cannot log in"의 상태가 신규에서 진행 중으로 변경되었습니다.',
        "allowed_mentions": {"parse": []},
        "embeds": [
            {
                "color": 0xFAC11B,
                "fields": [
                    {"name": "프로젝트", "value": "My Project", "inline": True},
                    {"name": "이슈", "value": "\\#3", "inline": True},
                    {
                        "name": "티켓",
                        "value": "[PROJ-123](https://example.atlassian.net/browse/PROJ-123)",
                        "inline": True,
                    },
                ],
            }
        ],
    }


def test_a_feedback_is_quoted() -> None:
    feedback = Feedback.model_validate({"id": 1, "message": "*It* fails.\n# again\n\nhttps://a.example/b_c"})
    (embed,) = message(other("ISSUE_ADDITION", feedback=feedback))["embeds"]
    assert embed["description"] == "> \\*It\\* fails.\n> \\# again\n>\n> <https://a.example/b_c>"


def test_each_status_has_a_colour() -> None:
    statuses = ["INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING", "SOMETHING_ELSE"]
    colours = [message(status_change(status=status))["embeds"][0]["color"] for status in statuses]
    assert len(set(colours)) == 6
    assert all(0 < colour <= 0xFFFFFF for colour in colours)


def test_a_text_alone_has_no_embed() -> None:
    assert render(Alert("the template's text", status="INIT"))["embeds"] == []


@pytest.mark.parametrize("character", ["*", "😀", "한", "~", "@"])
@pytest.mark.parametrize("count", [2, 30, 300])
def test_a_digest_has_a_line_for_each(count: int, character: str) -> None:
    rendered = render(digest_of([status_change(name=character * 5000)] * count, "en"))
    assert_fits(rendered)
    assert rendered["content"] == f"{count} events in one message, because there are so many:"
    lines = rendered["embeds"][0]["description"].split("\n")
    counted = sum(line.startswith("• ") for line in lines)
    assert counted == count or lines[counted:] == [f"… +{count - counted}"]


def test_30_usual_lines_are_not_cut() -> None:
    lines = digest_of([status_change(name="Payment does not work on my telephone")] * 30, "en").lines
    assert render(Digest("head", lines))["embeds"][0]["description"].count("…") == 0


def test_a_text_of_2000_characters_is_whole_and_one_more_is_cut() -> None:
    assert render(Alert("x" * 2000))["content"] == "x" * 2000
    assert render(Alert("x" * 2001))["content"] == "x" * 1999 + "…"


def test_an_address_that_does_not_fit_is_no_link() -> None:
    fact = Fact("Ticket", "*" * 150, "https://x.example/" + "a" * 900)
    (field,) = render(Alert("a", facts=(fact,)))["embeds"][0]["fields"]
    assert field["value"] == "\\*" * 150


def test_a_quotation_leaves_room_for_the_facts() -> None:
    facts = tuple(Fact("Project", "y" * 1000) for _ in range(4))
    rendered = render(Alert("a", "> " + "x" * 4000, facts))
    assert_fits(rendered)
    assert len(rendered["embeds"][0]["description"]) == 6000 - 4 * (len("Project") + 1000)


TEXTS = st.text(
    st.one_of(st.sampled_from("[]()~@#:<*\\가あ漢👩🏽‍💻é\u0301\n_> "), st.characters()), max_size=200
).flatmap(lambda text: st.integers(1, 40).map(lambda times: text * times))


@given(name=TEXTS, text=TEXTS, label=TEXTS)
def test_whatever_users_write_discord_takes_it(name: str, text: str, label: str) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    issue, named = Issue(id=3, name=name, status=name), Named(id=1, name=name)
    for kind in ("ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "ISSUE_CREATION", "FEEDBACK_CREATION"):
        event = other(kind, feedback=feedback, issue=issue, project=named, channel=named)
        rendered = message(event, "en", linked(label, "https://x.example/{id}"))
        assert_fits(rendered)
        assert not re.search(r"@\w|(?<!\\)<(?!https?://)", str(rendered["content"]))
    assert_fits(
        render(Alert(text or "a", f"> {text}" * 50, (Fact("Link", name or "a", "https://x.example/" + "a" * 950),)))
    )
