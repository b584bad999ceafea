"""What a person reads in JANDI: whole messages in three languages, colours, hostile texts, limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.service import Language
from connectors.alerts.contents import Digest, Ticket, alert
from connectors.alerts.tickets import linked
from connectors.jandi import render as module
from connectors.jandi.render import plain, render
from sources.abc.models import Feedback, Issue, Named
from sources.base import Event, Subject, Summary
from tests.connectors.alerts.world import digest_of, other, status_change

TICKET = linked("PROJ-123", "https://example.atlassian.net/browse/{id}")


def message(event: Event, language: Language = "en", ticket: Ticket = TICKET) -> dict[str, Any]:
    content = alert(event, language, ticket, "message")
    assert content is not None
    return render(content)


def shown(rendered: dict[str, Any]) -> int:
    """Characters of all texts, in UTF-16 units: the most that JANDI may count."""
    texts = [rendered["body"], *(text for line in rendered.get("connectInfo", []) for text in line.values())]
    return sum(len(text.encode("utf-16-le")) // 2 for text in texts)


@pytest.mark.parametrize(
    ("language", "body", "info"),
    [
        (
            "en",
            'The status of issue "Cannot log in" changed from New to In Progress.\n'
            "[[Ticket PROJ-123]](https://example.atlassian.net/browse/PROJ-123)",
            [("Project", "My Project"), ("Issue", "#3")],
        ),
        (
            "ko",
            '이슈 "Cannot log in"의 상태가 신규에서 진행 중으로 변경되었습니다.\n'
            "[[티켓 PROJ-123]](https://example.atlassian.net/browse/PROJ-123)",
            [("프로젝트", "My Project"), ("이슈", "#3")],
        ),
        (
            "ja",
            "イシュー「Cannot log in」のステータスが新規から進行中に変更されました。\n"
            "[[チケット PROJ-123]](https://example.atlassian.net/browse/PROJ-123)",
            [("プロジェクト", "My Project"), ("イシュー", "#3")],
        ),
    ],
)
def test_a_status_change_in_every_language(language: Language, body: str, info: list[tuple[str, str]]) -> None:
    assert message(status_change(), language) == {
        "body": body,
        "connectColor": "#FAC11B",
        "connectInfo": [{"title": title, "description": text} for title, text in info],
    }


def test_a_feedback_is_quoted() -> None:
    assert message(other("ISSUE_ADDITION"), ticket=Ticket("12")) == {
        "body": 'Feedback was added to issue "Cannot log in".\n> It fails.',
        "connectColor": "#2F80ED",
        "connectInfo": [
            {"title": "Project", "description": "My Project"},
            {"title": "Channel", "description": "Website"},
            {"title": "Issue", "description": "#3"},
            {"title": "Feedback", "description": "#17"},
            {"title": "Ticket", "description": "12"},
        ],
    }


def test_each_status_has_a_colour() -> None:
    statuses = ["INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING", "SOMETHING_ELSE"]
    colours = [message(status_change(status=status))["connectColor"] for status in statuses]
    assert len(set(colours)) == 6
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in colours)


def test_an_event_of_another_source_has_a_readable_text() -> None:
    event = Event(
        source="logto",
        id="e9",
        name="User.Created",
        subject=Subject("logto", "user", "", "u1"),
        occurred=0.0,
        body={},
        summary=Summary("User kim was created", "admin", "https://logto.example/users/u1?(a)[b]"),
    )
    assert message(event) == {
        "body": "Logto: User kim was created\n"
        "[[Link https://logto.example/users/u1?(a)(b)]](https://logto.example/users/u1?%28a%29%5Bb%5D)",
        "connectColor": "#56CCF2",
        "connectInfo": [{"title": "Event", "description": "User.Created"}, {"title": "By", "description": "admin"}],
    }


@pytest.mark.parametrize("text", ["[[click]](https://evil.example)", "[click](https://evil.example)", "[[[[a]]]](b)"])
def test_a_users_text_makes_no_link(text: str) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    event = other("ISSUE_ADDITION", feedback=feedback, issue=Issue(id=3, name=text), project=Named(id=1, name=text))
    rendered = message(event, ticket=Ticket(text))
    everything = json.dumps(rendered, ensure_ascii=False)
    assert not re.search(r"\[\[|\]\]|\]\(", everything)
    assert plain(text).replace("\u200b", "") == text


def test_an_address_cannot_end_its_link() -> None:
    body = message(status_change(), ticket=Ticket("1", "https://x.example/a)b](c[d"))["body"]
    assert body.endswith("[[Ticket 1]](https://x.example/a%29b%5D%28c%5Bd)")


def test_an_address_that_is_too_long_is_no_link() -> None:
    rendered = message(status_change(), ticket=Ticket("1", "https://x.example/" + "a" * 1000))
    assert "](" not in rendered["body"]
    assert rendered["connectInfo"][-1] == {"title": "Ticket", "description": "1"}


TEXTS = st.text(st.one_of(st.sampled_from("[]()가あ漢👩🏽‍💻é\u0301\n*_> "), st.characters()), max_size=200).flatmap(
    lambda text: st.integers(1, 40).map(lambda times: text * times)
)


@given(name=TEXTS, text=TEXTS, label=TEXTS, language=st.sampled_from(["en", "ko", "ja"]))
def test_whatever_users_write_jandi_takes_it(name: str, text: str, label: str, language: Language) -> None:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    issue, named = Issue(id=3, name=name, status=name), Named(id=1, name=name)
    for kind in ("ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "ISSUE_CREATION", "FEEDBACK_CREATION"):
        event = other(kind, feedback=feedback, issue=issue, project=named, channel=named)
        rendered = message(event, language, linked(label, "https://x.example/{id}"))
        assert rendered["body"].strip()
        assert shown(rendered) <= 5000
        assert all(line["title"] and line["description"] for line in rendered["connectInfo"])
        assert len(json.dumps(rendered)) <= 256 * 1024
        for found in re.findall(r"\[\[[^\n]*", json.dumps(rendered["body"], ensure_ascii=False)):
            assert re.match(r"\[\[\S+ [\w.-]+\]\]\(https://x\.example/[\w.%-]+\)", found)


@pytest.mark.parametrize("character", ["[", "😀", "한", "a"])
@pytest.mark.parametrize("count", [2, 30, 70])
def test_a_digest_keeps_5000_characters_and_a_line_for_each(count: int, character: str) -> None:
    events = [status_change(name=character * 5000)] * count
    rendered = render(digest_of(events, "en"))
    assert rendered.keys() == {"body"}
    assert shown(rendered) <= 5000
    assert rendered["body"].startswith(f"{count} events in one message, because there are so many:\n• ")
    assert rendered["body"].count("•") == count


def test_a_text_that_is_too_long_is_cut_and_its_links_stay() -> None:
    from connectors.alerts.contents import Alert, Fact

    long = Alert("x" * 6000, facts=(Fact("Project", "y" * 150), Fact("Ticket", "1", "https://x.example/1")))
    rendered = render(long)
    assert shown(rendered) == 5000
    assert rendered["body"].endswith("x…\n[[Ticket 1]](https://x.example/1)")
    assert render(Digest("z" * 6000, ("line",)))["body"] == "z" * 4999 + "…"


def test_the_code_has_jandis_number() -> None:
    """A lower one would cut what JANDI shows."""
    assert module.SHOWN == 5000
