"""A user's text appears in Jira as it was written, whatever it looks like, and within Jira's limits."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira import Settings, render
from settings import load
from sources.event import Issue, Named

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
    return ESCAPED.sub(r"\2", markup).replace(render.UNSEEN, "")


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
    assert shown(render.escape(text)) == text
    assert constructs(render.escape(text)) == []


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_text_stays_readable_in_mails_and_to_programs(text: str) -> None:
    assert render.escape(text) == text


@given(st.text(alphabet=st.sampled_from("ab1 \n\\{}[]!*_-+^~?|#()hq.:;&@%가👍"), max_size=40))
def test_any_text_is_shown_literally(text: str) -> None:
    assert shown(render.escape(text)) == text
    assert constructs(render.escape(text)) == []


@given(st.text(max_size=60))
def test_escaping_takes_any_text(text: str) -> None:
    """Characters that no database or XML takes disappear, and nothing else does."""
    left = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\u200b]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert re.sub(r"[\x0b\x0c]", "", shown(render.escape(text))) == left


@given(st.text(alphabet=st.sampled_from("a\\{👍가"), max_size=60), st.integers(2, 40))
def test_a_cut_text_fits_and_tells_that_it_was_cut(text: str, limit: int) -> None:
    result = render.cut(text, limit)
    assert render.units(result) <= limit
    assert result == text or (result.endswith("…") and text.startswith(result[:-1]))
    assert not result.endswith("\\…")


def fields(issue: dict[str, Any], **variables: str) -> dict[str, Any]:
    settings = load(Settings, {**BASE, **variables})
    entity = Issue.model_validate({"id": 3, **issue})
    return render.ticket_fields(settings, "PROJ", Named(id=1, name="Demo"), entity, "test", "abc-test-1-3", "en")


def test_the_ticket_by_default() -> None:
    assert fields({"name": "Payment fails", "description": "on *iOS*"}) == {
        "project": {"key": "PROJ"},
        "issuetype": {"name": "Task"},
        "summary": "Payment fails",
        "description": "on \\*iOS*\n\nFrom ABC User Feedback: project Demo, issue 3",
        "labels": ["abc-test-1-3"],
    }


def test_what_the_operator_asks_for_is_in_the_ticket() -> None:
    made = fields(
        {"name": "Payment fails"},
        JIRA_ISSUE_TYPE="10002",
        JIRA_LABELS="voc,app",
        JIRA_PRIORITY="High",
        JIRA_FIELDS='{"customfield_10010": {"value": "A"}, "labels": ["app", "x"]}',
        JIRA_SUMMARY_TEMPLATE="[{{ project.name }}] {{ issue.name }}",
        JIRA_DESCRIPTION_TEMPLATE="*{{ issue.name }}*\n{{ issue.description }}{{ marker }}",
    )
    assert made["issuetype"] == {"id": "10002"}
    assert made["labels"] == ["voc", "app", "x", "abc-test-1-3"]
    assert made["priority"] == {"name": "High"}
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


def test_a_template_that_does_not_fit_the_issue_is_told_with_variable_and_line() -> None:
    with pytest.raises(ValueError, match=r"JIRA_SUMMARY_TEMPLATE, line 1: .*(zero|division)"):
        fields({"name": ""}, JIRA_SUMMARY_TEMPLATE="{{ 1 / (issue.name|length) }}")


@given(st.text(max_size=600))
def test_a_summary_is_one_line_that_jira_takes(name: str) -> None:
    made = fields({"name": name})["summary"]
    assert made.strip()
    assert len(made.splitlines()) == 1
    assert render.units(made) <= 255


def test_a_description_is_cut_after_the_markup_grew_it_and_keeps_where_it_comes_from() -> None:
    made = fields({"name": "x", "description": "{" * 30_000})["description"]
    assert render.units(made) <= 32_767
    assert made.endswith("{…\n\nFrom ABC User Feedback: project Demo, issue 3")


def test_a_comment_names_its_fields_where_there_are_several() -> None:
    one = render.feedback_comment(7, "App", {"message": "It [crashes]"}, "mark", "en")
    assert one == "Feedback 7 (App)\n{quote}\nIt \\[crashes\\]\n{quote}\nmark"
    two = render.feedback_comment(7, "App", {"message": "a", "note": "b"}, "mark", "ko")
    assert two == "피드백 7 (App)\n{quote}\n*message*\na\n\n*note*\nb\n{quote}\nmark"
    assert render.feedback_comment(7, "App", {}, "mark", "en") == "Feedback 7 (App)\nmark"


def test_a_long_comment_keeps_its_mark() -> None:
    made = render.feedback_comment(7, "App", {"message": "{" * 40_000}, "mark", "ja")
    assert render.units(made) <= 32_767
    assert made.endswith("…\n{quote}\nmark")
