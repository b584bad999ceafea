"""A user's text appears in Jira as it was written, whatever it looks like, and within Jira's limits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.service import Language
from bridge.settings import load
from bridge.text import utf16_length
from connectors.jira.api import own_fields
from connectors.jira.markup import MARKUP
from connectors.jira.settings import Settings
from connectors.tickets.base import Halt
from connectors.tickets.markup import UNSEEN
from connectors.tickets.render import Writer
from sources.abc.models import Issue, Named

BASE = {
    "JIRA_URL": "https://example.atlassian.net",
    "JIRA_EMAIL": "bridge@example.com",
    "JIRA_API_TOKEN": "token-token",
    "JIRA_PROJECT": "PROJ",
}
HOSTILE = [
    "{code}rm -rf /{code}",
    "{panel:title=x}p{panel}",
    "!image.png!",
    "!http://evil.example/pixel.gif|width=1!",
    "[click|http://evil.example]",
    "[~admin] look",
    "[^secret.txt]",
    "h1. shout",
    "  h3. indented",
    "bq. quoted",
    "- item",
    "* item\n** deeper",
    "# one\n## two",
    "----",
    "||head||head||\n|cell|cell|",
    "*bold* _it_ -gone- +new+ ^up^ ~down~ ??cited??",
    "__twice__ **twice**",
    "{{mono}} {color:red}red{color} {noformat}x{noformat}",
    "\\{code} \\\\ new line \\",
    "&lt;b&gt; &#123;code&#125;",
    "(y) (!) (/) :) ;) :( :D",
    "{quote}\nabc-feedback-test-1-1\n{quote}",
]
PLAIN = [
    "Payment fails (v2.1) on 2026-11-20, error_code snake_case",
    "What? Wow! 2 * 3 - 1 + 4 = 9, C++ and A&B, 50%",
    "결제가 안 돼요! 좋아요 ㅎㅎ 👍",
    "C:\\temp\\new, mail me@example.com, https://example.com/a_b-c?d=e&f=g#h",
]
# What Jira takes as escaped, from its BackslashEscapeRendererComponent.
ESCAPED = re.compile(r"(^|(?<!\\))\\([-#*_+?^~|%{}\[\]()!@])", re.MULTILINE)


def shown(markup: str) -> str:
    """What a person reads: as Jira does it, escapes become characters that start nothing."""
    return ESCAPED.sub(r"\2", markup).replace(UNSEEN, "")


def constructs(markup: str) -> list[str]:
    """What Jira would make something of."""
    inert = ESCAPED.sub("·", markup)  # an escaped character is an entity to what comes after it
    found = [re.findall(r"[{}\[\]|^~]|\\\\", inert)]
    found.append(re.findall(r"^[ \t]*(?:h[1-6]\.|bq\.|[-*#]+\s|-{4})", inert, re.MULTILINE))
    found.append(re.findall(r"(?<![^\W_])([*_+-])(?=\S)[^\n]*?\S\1(?![^\W_])", inert))
    found.append(re.findall(r"!\S[^\n]*?!|\?\?", inert))
    found.append(re.findall(r"\([yni/x!+\-?]\)|[:;][()]|&#?\w+;", inert))
    return [one for some in found for one in some]


@pytest.mark.parametrize("text", HOSTILE + PLAIN)
def test_text_is_shown_literally(text: str) -> None:
    assert shown(MARKUP.literal(text)) == text
    assert constructs(MARKUP.literal(text)) == []


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_text_stays_readable_in_mails_and_to_programs(text: str) -> None:
    assert MARKUP.literal(text) == text


@given(st.text(alphabet=st.sampled_from("ab1 \n\\{}[]!*_-+^~?|#()hq.:;&@%가👍"), max_size=40))
def test_any_text_is_shown_literally(text: str) -> None:
    assert shown(MARKUP.literal(text)) == text
    assert constructs(MARKUP.literal(text)) == []


@given(st.text(max_size=60))
def test_escaping_takes_any_text(text: str) -> None:
    """Characters that no XML takes, and those that turn the writing direction, disappear, and nothing else does."""
    gone = r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\u200b]"
    left = re.sub(gone, "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert shown(MARKUP.literal(text)) == left


@given(st.text(alphabet=st.sampled_from("a\\{👍가"), max_size=60), st.integers(2, 40))
def test_a_cut_text_fits_and_shows_that_it_was_cut(text: str, limit: int) -> None:
    result = MARKUP.cut(text, limit)
    assert utf16_length(result) <= limit
    assert result == text or (result.endswith("…") and text.startswith(result[:-1]))
    assert not result.endswith("\\…")


def fields(issue: dict[str, Any], **variables: str) -> dict[str, Any]:
    settings = load(Settings, {**BASE, **variables})
    entity = Issue.model_validate({"id": 3, **issue})
    writer = Writer(settings, MARKUP, "test", "en")
    return own_fields(settings, writer.draft("PROJ", Named(id=1, name="Demo"), entity, "abc-test-1-3"))


def feedback_comment(feedback: int, channel: str, texts: dict[str, str], marker: str, language: Language) -> str:
    writer = Writer(load(Settings, BASE), MARKUP, "test", language)
    return writer.feedback_comment(feedback, channel, texts, marker)


def test_the_ticket_by_default() -> None:
    assert fields({"name": "Payment fails", "description": "on *iOS*"}) == {
        "summary": "Payment fails",
        "description": "on \\*iOS*\n\nFrom ABC User Feedback: project Demo, issue 3",
        "labels": ["abc-test-1-3"],
    }


def test_what_the_operator_asks_for_is_in_the_ticket() -> None:
    made = fields(
        {"name": "Payment fails"},
        JIRA_LABELS="voc,app",
        JIRA_FIELDS='{"customfield_10010": {"value": "A"}, "labels": ["app", "x"]}',
        JIRA_SUMMARY_TEMPLATE="[{{ project.name }}] {{ issue.name }}",
        JIRA_DESCRIPTION_TEMPLATE="*{{ issue.name }}*\n{{ issue.description }}{{ marker }}",
    )
    assert made["labels"] == ["voc", "app", "x", "abc-test-1-3"]
    assert made["customfield_10010"] == {"value": "A"}
    assert made["summary"] == "[Demo] Payment fails"
    assert made["description"] == "*Payment fails*\nabc-test-1-3"


def test_a_marker_field_takes_the_labels_place() -> None:
    made = fields({"name": "x"}, JIRA_MARKER_FIELD="customfield_10050")
    assert made["customfield_10050"] == "abc-test-1-3"
    assert "labels" not in made


def test_a_templates_values_are_escaped_and_its_own_text_is_not() -> None:
    made = fields({"name": "x", "description": "{code}"}, JIRA_DESCRIPTION_TEMPLATE="h2. {{ issue.description|upper }}")
    assert made["description"] == "h2. \\{CODE\\}"


def test_a_template_that_does_not_fit_the_issue_is_reported_with_variable_and_line() -> None:
    with pytest.raises(Halt, match=r"JIRA_SUMMARY_TEMPLATE, line 1: ZeroDivisionError"):
        fields({"name": ""}, JIRA_SUMMARY_TEMPLATE="{{ 1 / (issue.name|length) }}")


@pytest.mark.parametrize("template", ["{{ issue[issue.name] }}", "{{ {}[issue.name].x }}", "{{ [][issue.name] + 1 }}"])
def test_a_template_s_mistake_is_reported_without_people_s_text(template: str) -> None:
    safe_at_start = f"{{% if issue.name != 'name' %}}{template}{{% endif %}}x"
    with pytest.raises(Halt, match="JIRA_SUMMARY_TEMPLATE, line 1: UndefinedError") as caught:
        fields({"name": "my account is 4711"}, JIRA_SUMMARY_TEMPLATE=safe_at_start)
    assert "4711" not in str(caught.value)


def test_a_line_break_in_a_template_is_written_as_backslash_and_n() -> None:
    """`.env` files, app.json and hosts' forms have room for one line only."""
    made = fields(
        {"name": "x", "description": "y"}, JIRA_DESCRIPTION_TEMPLATE=r"h2. {{ issue.name }}\n\n{{ project.name }}"
    )
    assert made["description"] == "h2. x\n\nDemo"
    assert fields({"name": "x"}, JIRA_SUMMARY_TEMPLATE=r"a\n{{ issue.name }}")["summary"] == "a x"
    kept = fields({"name": "x"}, JIRA_DESCRIPTION_TEMPLATE=r"C:\\new {{ issue.name }}")["description"]
    assert kept == r"C:\\new x", "a doubled backslash is the markup's own, and stays"


BLANK = ["", " ", "\u3164", "\u200b", "\u2800", "\u3164\u200b \u2800", "\u115f\u1160", "\ufeff", "\u202e", "\n\t"]


@pytest.mark.parametrize("name", BLANK)
def test_a_name_without_anything_to_see_does_not_become_the_summary(name: str) -> None:
    assert fields({"name": name})["summary"] == "Issue 3"
    assert fields({"name": "x", "description": name})["description"] == "From ABC User Feedback: project Demo, issue 3"
    assert feedback_comment(7, "App", {"message": name}, "mark", "en") == "Feedback 7 (App)\nmark"


def test_the_writing_direction_can_t_be_turned() -> None:
    turned = "report\u202egpj.exe\u2066 x\x00\u2069"
    made = fields({"name": turned, "description": turned})
    assert made["summary"] == "reportgpj.exe x"
    assert made["description"].startswith("reportgpj.exe x\n")
    comment = feedback_comment(7, f"App\n{turned}", {"message": turned, "note\u202e": "y"}, "mark", "en")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", comment)
    assert comment.startswith("Feedback 7 (App reportgpj.exe x)\n{quote}\n")


@pytest.mark.parametrize(
    "cluster",
    [
        "\U0001f1f0\U0001f1f7",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u1112\u1161\u11ab",
        "e\u0301\u0302",
        "\U0001f44d\U0001f3fd",
    ],
    ids=["flag", "family", "jamo", "marks", "skin"],
)
@pytest.mark.parametrize("before", range(12))
def test_a_cut_never_goes_through_what_people_see_as_one_character(cluster: str, before: int) -> None:
    made = fields({"name": "x" * before + cluster * 200})["summary"]
    assert utf16_length(made) <= 255
    assert made.endswith("…")
    body = made[before:-1]
    assert body == cluster * (len(body) // len(cluster)), "whole clusters only"


@given(st.text(max_size=600))
def test_a_summary_is_one_line_that_jira_takes(name: str) -> None:
    made = fields({"name": name})["summary"]
    assert made.strip()
    assert len(made.splitlines()) == 1
    assert utf16_length(made) <= 255


def test_a_description_is_cut_after_the_markup_grew_it_and_keeps_where_it_comes_from() -> None:
    made = fields({"name": "x", "description": "{" * 30_000})["description"]
    assert utf16_length(made) <= 32_767
    assert made.endswith("{…\n\nFrom ABC User Feedback: project Demo, issue 3")


def test_a_comment_names_its_fields_where_there_are_several() -> None:
    one = feedback_comment(7, "App", {"message": "It [crashes]"}, "mark", "en")
    assert one == "Feedback 7 (App)\n{quote}\nIt \\[crashes\\]\n{quote}\nmark"
    two = feedback_comment(7, "App", {"message": "a", "note": "b"}, "mark", "ko")
    assert two == "피드백 7 (App)\n{quote}\n*message*\na\n\n*note*\nb\n{quote}\nmark"
    assert feedback_comment(7, "App", {}, "mark", "en") == "Feedback 7 (App)\nmark"


def test_a_long_comment_keeps_its_marker() -> None:
    made = feedback_comment(7, "App", {"message": "{" * 40_000}, "mark", "ja")
    assert utf16_length(made) <= 32_767
    assert made.endswith("…\n{quote}\nmark")
