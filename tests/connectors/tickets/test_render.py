"""What people read in a ticket, in each language."""

from __future__ import annotations

import pytest

from bridge.service import Language
from bridge.settings import load
from connectors.base import Failed, Outcome, Skipped
from connectors.github.settings import Settings
from connectors.tickets.base import Halt
from connectors.tickets.markup import MARKDOWN
from connectors.tickets.render import Writer
from sources.abc.models import Feedback, Issue, Named
from tests.connectors.tickets.test_markdown import shown


def writer(language: Language, **variables: str) -> Writer:
    settings = load(Settings, {"GITHUB_TOKEN": "made-up", "GITHUB_REPO": "acme/app", **variables})
    return Writer(settings, MARKDOWN, "default", language)


@pytest.mark.parametrize(
    ("language", "status", "text"),
    [
        (
            "en",
            "IN_PROGRESS",
            'In ABC User Feedback this is now In Progress, here it should be "Doing". '
            'The workflow has no way there from "Backlog": please move the ticket by hand.',
        ),
        (
            "ko",
            "IN_PROGRESS",
            'ABC User Feedback에서 상태가 진행 중으로 변경되어 이 티켓은 "Doing" 상태여야 합니다. '
            '그러나 워크플로에 현재 상태 "Backlog"에서 이동하는 전환이 없으니 티켓을 직접 옮겨 주세요.',
        ),
        (
            "ja",
            "IN_PROGRESS",
            "ABC User Feedbackでステータスが進行中に変更されたため、このチケットは「Doing」になるはずです。"
            "しかし、ワークフローに現在の「Backlog」からのトランジションがありません。"
            "チケットを手動で移動してください。",
        ),
        (
            "ko",
            "ARCHIVED",
            'ABC User Feedback에서 상태가 ARCHIVED(으)로 변경되어 이 티켓은 "Doing" 상태여야 합니다. '
            '그러나 워크플로에 현재 상태 "Backlog"에서 이동하는 전환이 없으니 티켓을 직접 옮겨 주세요.',
        ),
    ],
    ids=["en", "ko", "ja", "a status that ABC adds later"],
)
def test_a_ticket_that_its_workflow_keeps_is_explained(language: Language, status: str, text: str) -> None:
    comment = writer(language).no_way_comment(status, "Backlog", "Doing", "abc-default-1-3")
    assert shown(comment).startswith(f"{text}\n\n")


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Issue 3"), ("ko", "이슈 3"), ("ja", "イシュー 3")], ids=["en", "ko", "ja"]
)
def test_an_issue_without_a_name_has_a_title(language: Language, title: str) -> None:
    assert writer(language).title(" \u3000\u200b", 3) == title


def comment(template: str, **fields: str) -> str:
    feedback, issue = Feedback.model_validate({"id": 7, **fields}), Issue(id=3, name="Login")
    project, channel = Named(id=1, name="Demo"), Named(id=2, name="App")
    found = writer("en", GITHUB_COMMENT_TEMPLATE=template)
    text, marker = found.comment("test", project, issue, channel, feedback, feedback.fields)
    return text.removesuffix(f"\n<!-- {marker.text} -->")


def test_a_comment_s_template_inserts_the_built_in_text_as_it_is_and_all_else_literally() -> None:
    assert comment(r"{{ text }}\n**{{ issue.name }}**", message="*x*") == "Feedback 7 (App)\n> \\*x\\*\n**Login**"
    assert comment("{{ text|upper }}", message="x") == "FEEDBACK 7 (APP)\n\\> X", "a filter's result is text"
    assert comment("{{ feedback.message }}{{ feedback.unknown }}", message="<!-- a -->") == "\\<\\!-- a --\\>"


@pytest.mark.parametrize(
    ("template", "outcome"),
    [
        ("{{ feedback.none }} ", Skipped("GITHUB_COMMENT_TEMPLATE is empty for this feedback")),
        (
            "{{ 1 // (feedback.message != 'my text') }}",
            Failed("GITHUB_COMMENT_TEMPLATE, line 1: ZeroDivisionError with the values of this feedback", "config"),
        ),
    ],
)
def test_a_comment_s_template_that_has_no_text_or_does_not_fit_ends_the_attempt(
    template: str, outcome: Outcome
) -> None:
    with pytest.raises(Halt) as halted:
        comment(template, message="my text")
    assert halted.value.outcome == outcome


def test_a_comment_of_a_template_is_cut_and_keeps_its_marker() -> None:
    text = comment("{{ feedback.message }}", message="x" * 100_000)
    assert text.endswith("x…")
    assert MARKDOWN.limit - 100 < len(text) < MARKDOWN.limit
