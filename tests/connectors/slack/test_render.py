"""What a person reads in Slack: whole messages in three languages, hostile text, limits."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import ContextBlock, SectionBlock

from bridge.service import Language
from connectors.slack import render as module
from connectors.slack.render import ENTITIES, Message, escaped
from sources.abc.models import Feedback, Issue, Named
from sources.base import Event
from tests.connectors.alerts.world import other, status_change
from tests.connectors.slack.world import MARKER, render, render_digest
from tools.sandbox.slack_rules import blocks_problem


def message(event: Event, language: Language = "en", **options: Any) -> Message:
    rendered = render(event, language, **options)
    assert rendered is not None
    return rendered


def read(rendered: Message) -> list[str]:
    """The message as a person sees it: a line for each block, elements of a context side by side."""
    lines = []
    for block in rendered.blocks:
        texts = block["elements"] if block["type"] == "context" else [block["text"]]
        lines.append(" | ".join(html.unescape(re.sub(r"<([^|>]+)\|`([^`]+)`>", r"\2 → \1", t["text"])) for t in texts))
    return lines


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        (
            "en",
            [
                'The status of issue "Cannot log in" changed from New to In Progress.',
                "Project: My Project | Issue: #3 | Ticket: 123 → https://example.atlassian.net/browse/PROJ-123",
            ],
        ),
        (
            "ko",
            [
                '이슈 "Cannot log in"의 상태가 신규에서 진행 중으로 변경되었습니다.',
                "프로젝트: My Project | 이슈: #3 | 티켓: 123 → https://example.atlassian.net/browse/PROJ-123",
            ],
        ),
        (
            "ja",
            [
                "イシュー「Cannot log in」のステータスが新規から進行中に変更されました。",
                "プロジェクト: My Project | イシュー: #3 | チケット: 123 → https://example.atlassian.net/browse/PROJ-123",
            ],
        ),
    ],
)
def test_a_status_change_reads_well_in_every_language(language: Language, lines: list[str]) -> None:
    url = "https://example.atlassian.net/browse/PROJ-{id}"
    rendered = message(status_change(), language, ticket="123", ticket_url=url)
    assert read(rendered) == lines
    assert rendered.text == lines[0]
    assert rendered.metadata == {
        "event_type": "feedback_bridge",
        "event_payload": {"instance": "test", "delivery": "e1.slack"},
    }


OTHERS: list[tuple[str, Language, list[str]]] = [
    (
        "FEEDBACK_CREATION",
        "en",
        ['New feedback in channel "Website".', "> It fails.", "Project: My Project | Feedback: #17"],
    ),
    (
        "FEEDBACK_CREATION",
        "ko",
        ['채널 "Website"에 새 피드백이 등록되었습니다.', "> It fails.", "프로젝트: My Project | 피드백: #17"],
    ),
    (
        "FEEDBACK_CREATION",
        "ja",
        [
            "チャンネル「Website」に新しいフィードバックが登録されました。",
            "> It fails.",
            "プロジェクト: My Project | フィードバック: #17",
        ],
    ),
    ("ISSUE_CREATION", "en", ['New issue "Cannot log in".', "Project: My Project | Issue: #3"]),
    ("ISSUE_CREATION", "ko", ['새 이슈가 등록되었습니다: "Cannot log in"', "프로젝트: My Project | 이슈: #3"]),
    (
        "ISSUE_CREATION",
        "ja",
        ["新しいイシュー「Cannot log in」が登録されました。", "プロジェクト: My Project | イシュー: #3"],
    ),
    (
        "ISSUE_ADDITION",
        "en",
        [
            'Feedback was added to issue "Cannot log in".',
            "> It fails.",
            "Project: My Project | Channel: Website | Issue: #3 | Feedback: #17",
        ],
    ),
    (
        "ISSUE_ADDITION",
        "ko",
        [
            '이슈 "Cannot log in"에 피드백이 추가되었습니다.',
            "> It fails.",
            "프로젝트: My Project | 채널: Website | 이슈: #3 | 피드백: #17",
        ],
    ),
    (
        "ISSUE_ADDITION",
        "ja",
        [
            "イシュー「Cannot log in」にフィードバックが追加されました。",
            "> It fails.",
            "プロジェクト: My Project | チャンネル: Website | イシュー: #3 | フィードバック: #17",
        ],
    ),
]


@pytest.mark.parametrize(("name", "language", "lines"), OTHERS)
def test_the_other_events_read_well_in_every_language(name: str, language: Language, lines: list[str]) -> None:
    values: dict[str, Any] = {
        "FEEDBACK_CREATION": {"issue": None},
        "ISSUE_CREATION": {"feedback": None, "channel": None},
    }
    rendered = message(other(name, **values.get(name, {})), language)
    assert read(rendered) == lines
    assert rendered.text == lines[0]


def test_only_the_configured_field_of_a_feedback_is_shown() -> None:
    """Other fields may be personal: they stay in ABC."""
    event = other("FEEDBACK_CREATION", issue=None)
    assert "someone@example.com" not in repr(message(event))
    assert "someone@example.com" in repr(message(event, feedback_field="userEmail"))
    assert read(message(event, feedback_field="missing")) == [
        'New feedback in channel "Website".',
        "Project: My Project | Feedback: #17",
    ]


@pytest.mark.parametrize(
    ("previous", "status", "sentence"),
    [
        ("", "RESOLVED", 'The status of issue "Cannot log in" is Resolved.'),
        ("RESOLVED", "RESOLVED", 'The status of issue "Cannot log in" is Resolved.'),
        ("OPEN", "WAITING_FOR_MOON", 'The status of issue "Cannot log in" changed from OPEN to WAITING_FOR_MOON.'),
        ("INIT", "", 'The status of issue "Cannot log in" changed from New to ?.'),
    ],
)
def test_odd_statuses_still_make_a_sentence(previous: str, status: str, sentence: str) -> None:
    assert message(status_change(previous=previous, status=status)).text == sentence


def test_korean_uses_the_terms_of_the_documentation_of_abc() -> None:
    rendered = message(status_change(name="이슈 이름", previous="OPEN", status="진행"), "ko")
    assert rendered.text == '이슈 "이슈 이름"의 상태가 OPEN에서 진행으로 변경되었습니다.'


def test_a_thing_without_a_name_is_called_by_its_number() -> None:
    event = status_change(name=" \n ")
    assert 'issue "#3"' in message(event).text


def test_an_event_that_has_no_message_gives_none() -> None:
    assert render(other("SOMETHING_ELSE")) is None
    assert render(other("ISSUE_CREATION", issue=None)) is None


@pytest.mark.parametrize(
    ("ticket", "url", "shown"),
    [
        ("123", "", "Ticket: 123"),
        ("PROJ_A-1", "https://x.example/{id}", "Ticket: PROJ_A-1 → https://x.example/PROJ_A-1"),
        ("1", "https://x.example/?a=1&id={id}", "Ticket: 1 → https://x.example/?a=1&id=1"),
        ("a|b> <!channel>", "https://x.example/{id}", "Ticket: a|b> <!channel>"),
        ("see *mail*\nof Monday", "https://x.example/{id}", "Ticket: see *mail* of Monday"),
    ],
)
def test_only_a_sane_ticket_becomes_a_link(ticket: str, url: str, shown: str) -> None:
    assert read(message(status_change(), ticket=ticket, ticket_url=url))[-1].endswith(shown)


HOSTILE = "<!channel> <@U1> <https://evil.example|click> & *b* _i_ ~s~ `c`\n> quote"


def test_a_users_text_mentions_nobody_and_formats_nothing() -> None:
    """`& < >` are escaped once, and what users wrote is never mrkdwn."""
    event = other("ISSUE_ADDITION", issue=Issue(id=3, name=HOSTILE), project=Named(id=1, name=HOSTILE))
    rendered = message(event, ticket=HOSTILE, ticket_url="https://x.example/{id}")
    assert "<" not in repr(rendered.blocks) + rendered.text
    assert "mrkdwn" not in repr(rendered.blocks)
    assert "&amp;amp;" not in repr(rendered.blocks)
    assert html.unescape(rendered.text) == (
        'Feedback was added to issue "<!channel> <@U1> <https://evil.example|click> & *b* _i_ ~s~ `c` > quote".'
    )


def test_braces_in_a_name_are_just_text() -> None:
    assert "{status} {0} {name}" in message(status_change(name="{status} {0} {name}")).text


def test_a_name_stays_on_its_line() -> None:
    """Line ends of every kind, control characters, marks that turn the writing around; half a character becomes `?`."""
    event = status_change(name="a\nb\r\nc\u2028d\x85e\x00f\u202eg\u2066h\ud83di")
    assert message(event).text == 'The status of issue "a b c d efgh?i" changed from New to In Progress.'


def test_a_feedback_keeps_its_lines() -> None:
    event = other("FEEDBACK_CREATION", issue=None, feedback=Feedback.model_validate({"id": 1, "message": "a\n\nb\x07"}))
    assert read(message(event))[1] == "> a\n>\n> b"


# Wide characters, emoji of several code points, combining marks and everything that escaping makes longer.
TEXTS = st.text(st.one_of(st.sampled_from("&<>가あ漢👩🏽‍💻é\u0301\n*_`~ "), st.characters()), max_size=200).flatmap(
    lambda text: st.integers(1, 40).map(lambda times: text * times)
)


@given(name=TEXTS, status=TEXTS, words=TEXTS, ticket=TEXTS, language=st.sampled_from(["en", "ko", "ja"]))
def test_whatever_users_write_slack_takes_it(
    name: str, status: str, words: str, ticket: str, language: Language
) -> None:
    """Within every limit, never without a text, no control sequence of Slack's but our own link."""
    feedback = Feedback.model_validate({"id": 1, "message": words})
    issue = Issue(id=3, name=name, status=status)
    for event_name in ("ISSUE_STATUS_CHANGE", "ISSUE_ADDITION", "ISSUE_CREATION", "FEEDBACK_CREATION"):
        event = other(event_name, feedback=feedback, issue=issue, project=Named(id=1, name=name))
        rendered = message(event, language, ticket=ticket, ticket_url="https://x.example/{id}")
        assert blocks_problem(rendered.blocks) is None
        assert 0 < len(rendered.text) <= module.TEXT_MAX
        for block in rendered.blocks:
            for text in block.get("elements") or [block["text"]]:
                assert text["type"] == "plain_text" or re.fullmatch(
                    r"[^<]*<https://x\.example/[^<>|]+\|`[\w.-]+`>", text["text"]
                )
                assert text["type"] == "mrkdwn" or not re.search("[<>]", text["text"])
        assert not re.search("[<>]", rendered.text)
        rendered.text.encode()


@given(text=TEXTS, limit=st.integers(1, 300))
def test_escaping_cuts_between_characters_only(text: str, limit: int) -> None:
    """Never within an entity, never over the limit, and the result shows that it was cut."""
    result = escaped(text, limit)
    assert len(result) <= limit
    assert re.sub("|".join(ENTITIES.values()), "", result).count("&") == 0
    whole = html.unescape(result)
    assert whole == text or whole == "" or (whole.endswith("…") and text.startswith(whole[:-1]))


INVISIBLE = ["\u3164", "\u200b", "\u2800 \u2800", "\u202e", "\u115f\u1160", "\ufe0f"]


@pytest.mark.parametrize("name", INVISIBLE)
def test_what_nobody_can_see_is_no_name(name: str) -> None:
    event = other(
        "ISSUE_ADDITION",
        issue=Issue(id=3, name=name, status=name),
        project=Named(id=1, name=name),
        channel=Named(id=7, name=name),
        feedback=Feedback.model_validate({"id": 17, "message": name}),
    )
    assert read(message(event, ticket=name)) == [
        'Feedback was added to issue "#3".',
        "Project: #1 | Channel: #7 | Issue: #3 | Feedback: #17",
    ]
    assert message(status_change(status=name)).text == 'The status of issue "Cannot log in" changed from New to ?.'


@pytest.mark.parametrize("cluster", ["👨\u200d👩\u200d👧\u200d👦", "🇰🇷", "\u1112\u1161\u11ab", "e\u0301", "👍🏽"])
def test_a_cut_leaves_characters_whole(cluster: str) -> None:
    name, words = cluster * 200, cluster * 1000
    event = other(
        "ISSUE_ADDITION",
        issue=Issue(id=3, name=name),
        feedback=Feedback.model_validate({"id": 1, "message": words}),
    )
    sentence, quoted, _ = read(message(event))
    assert re.fullmatch(rf'Feedback was added to issue "(?:{cluster})+…"\.', sentence)
    assert re.fullmatch(rf"(?:> (?:{cluster})+\n)+> (?:{cluster})+…", quoted)


def test_a_name_has_at_most_150_characters_as_slack_may_count_them() -> None:
    for character, count in (("a", 149), ("😀", 74)):
        name = Issue(id=3, name=character * 200)
        assert message(other("ISSUE_CREATION", issue=name)).text == f'New issue "{character * count}…".'


@pytest.mark.parametrize(
    ("language", "name", "shown"),
    [
        ("en", 'X" is Resolved. New issue "Y', "\"X' is Resolved. New issue 'Y\""),
        ("en", "X” is “Y", "\"X' is 'Y\""),
        ("ko", '이슈 "X"', "\"이슈 'X'\""),
        ("ja", "X」のステータスは「Y", "「X』のステータスは『Y」"),
    ],
)
def test_a_name_can_not_end_its_quotation_marks(language: Language, name: str, shown: str) -> None:
    """Else the rest of the name would read as a sentence of the bot."""
    assert shown in message(other("ISSUE_CREATION", issue=Issue(id=3, name=name)), language).text


def test_an_address_that_would_end_its_link_is_no_link() -> None:
    for url in ("https://x.example/a|b> <!channel>", "javascript:alert(1)", "https://x.example/" + "a" * 2000):
        assert read(message(status_change(), ticket="PROJ-1", ticket_url=url))[-1].endswith("Ticket: PROJ-1")


# Slack's numbers, from its pages and not from the code


def texts(blocks: list[dict[str, Any]]) -> list[str]:
    return [text["text"] for block in blocks for text in block.get("elements") or [block["text"]]]


def full(name: str, text: str) -> Event:
    feedback = Feedback.model_validate({"id": 1, "message": text})
    issue, named = Issue(id=3, name=text, status=text), Named(id=1, name=text)
    return other(name, feedback=feedback, issue=issue, project=named, channel=named, previous_status=text)


@pytest.mark.parametrize("character", ["&", "😀", "👨\u200d👩\u200d👧", "é"])
@pytest.mark.parametrize("name", ["FEEDBACK_CREATION", "ISSUE_CREATION", "ISSUE_STATUS_CHANGE", "ISSUE_ADDITION"])
def test_the_longest_message_keeps_to_slacks_numbers(
    monkeypatch: pytest.MonkeyPatch, name: str, character: str
) -> None:
    """Section and context texts 3,000, ten elements, 50 blocks, the text 4,000, counted with entities in UTF-16."""
    rendered = message(full(name, character * 5000), ticket=character * 5000)
    assert len(rendered.blocks) <= 50
    assert len(rendered.blocks[-1]["elements"]) <= 10
    assert all(0 < len(text.encode("utf-16-le")) // 2 <= 3000 for text in texts(rendered.blocks))
    assert 0 < len(rendered.text.encode("utf-16-le")) // 2 <= 4000
    assert sum(map(len, texts(rendered.blocks))) <= 13_200


@pytest.mark.parametrize("character", ["&", "😀", "a"])
@pytest.mark.parametrize("count", [2, 30, 150])
def test_the_longest_digest_keeps_to_slacks_numbers(count: int, character: str) -> None:
    """Also 13,200 for all blocks, where Slack was seen to answer msg_blocks_too_long."""
    rendered = render_digest([full("ISSUE_STATUS_CHANGE", character * 5000)] * count, "en")
    sizes = [len(text.encode("utf-16-le")) // 2 for text in texts(rendered.blocks)]
    assert len(rendered.blocks) <= 50
    assert all(0 < size <= 3000 for size in sizes)
    assert sum(sizes) <= 13_200
    assert len(rendered.text.encode("utf-16-le")) // 2 <= 4000
    assert "\n".join(texts(rendered.blocks)).count("•") == count


def test_the_codes_numbers_are_slacks() -> None:
    """A number that is lower would cut what Slack takes."""
    assert (module.SECTION_TEXT_MAX, module.TEXT_OBJECT_MAX, module.TEXT_MAX) == (3000, 3000, 4000)
    assert module.CONTEXT_ELEMENTS_MAX == 10
    assert SectionBlock.text_max_length == 3000
    assert ContextBlock.elements_max_length == 10


@pytest.mark.parametrize(
    "metadata",
    [
        *(None, 5, [], "x", {"event_type": "feedback_bridge"}),
        *({"event_type": "feedback_bridge", "event_payload": payload} for payload in ([1], "x", {"instance": "test"})),
        {"event_type": "feedback_bridge", "event_payload": {"instance": "test", "delivery": 1}},
    ],
)
def test_odd_metadata_is_none_of_ours(metadata: object) -> None:
    assert not module.is_marked(metadata, MARKER)
