"""What people read in Jira: summary, description and comments in wiki markup, users' text always literal. Pure.

Stays with REST version 2 and wiki markup, which Cloud and Data Center both take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from bridge.settings import Language
from bridge.text import ELLIPSIS, inert, is_blank, utf16_length, without_controls
from bridge.text import cut as cut_text
from connectors.jira.settings import Settings
from connectors.jira.templates import TemplateMistake, render_template
from sources.abc.models import Issue, Named

SUMMARY_LIMIT = 255  # UTF-16 units; Jira's column for it
TEXT_LIMIT = 32_767  # UTF-16 units; jira.text.field.character.limit, Cloud has the same
UNSEEN = "\u200b"  # a zero-width space breaks a construct where the markup has no escape

# Jira shows one of -#*_+?^~|%{}[]()!@ literally after a backslash, unless another backslash stands before that one
# (its BackslashEscapeRendererComponent). Escaped only where it would start something, so that the text stays readable
# in mails and to programs.
_MARKUP = re.compile(
    r"""
      (?P<backslash> \\ (?= [\\\-\#*_+?^~|%{}\[\]()!@] | $ ) )    # a following escape would join it; \\ is a new line
    | (?P<heading>   (?<![^\n]) [ \t]* (?: h[1-6] | bq ) (?= \. ) )
    | (?P<entity>    & (?= \#? \w+ ; ) )
    | (?P<smiley>    (?<!\w) : (?= [DPp] (?!\w) ) )
    | (?P<always>    [{}\[\]|^~] )                                # macros, links, mentions, tables, super, subscript
    | (?P<icon>      \( (?= (?: [yni/x!+\-?] | on | off | \*[rgby]? | flag | flagoff ) \) ) | (?<= [:;] ) [()] )
    | (?P<list>      (?<![^\n]) [ \t]* [-*\#] (?= [-*\#\s] ) )
    | (?P<opening>   (?<! [^\W_] ) [*_+\-] (?= \S ) | (?<= [^\W_] ) [*] (?= \S ) | ! (?= \S ) | \? (?= \? ) )
    """,
    re.VERBOSE | re.MULTILINE,
)
NAME_LIMIT = 100  # of a project or a channel; ABC User Feedback has 20
_CONTROL = re.compile(r"[\x0b\x0c\x1c-\x1f\ufffe\uffff]")  # no characters of XML, which Jira exports to

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "origin": "From ABC User Feedback: project {project}, issue {issue}",
        "feedback": "Feedback {feedback} ({channel})",
        "no_way": "In ABC User Feedback this is now {status}, here it should be \"{target}\". "
        "The workflow has no way there from \"{current}\": please move the ticket by hand.",
    },
    "ko": {
        "origin": "ABC User Feedback: 프로젝트 {project}, 이슈 {issue}",
        "feedback": "피드백 {feedback} ({channel})",
        "no_way": "ABC User Feedback의 상태가 {status}(으)로 바뀌어 여기서는 \"{target}\"이어야 합니다. "
        "현재 상태 \"{current}\"에서 이동할 수 있는 전환이 없으니 직접 변경해 주세요.",
    },
    "ja": {
        "origin": "ABC User Feedback: プロジェクト {project}、イシュー {issue}",
        "feedback": "フィードバック {feedback}（{channel}）",
        "no_way": "ABC User Feedback のステータスが {status} になりました。ここでは「{target}」のはずですが、"
        "現在の「{current}」からのトランジションがありません。手動で変更してください。",
    },
}  # fmt: skip


def escape(value: Any) -> str:
    """Text of a user as wiki markup that shows it literally. None is empty."""
    text = "" if value is None else str(value)
    text = without_controls(text.replace("\r\n", "\n").replace("\r", "\n"))
    return _MARKUP.sub(_escaped, _CONTROL.sub("", text))


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    if match.lastgroup in ("backslash", "heading", "entity", "smiley"):
        return found + UNSEEN
    return f"{found[:-1]}\\{found[-1]}"


def cut(text: str, limit: int) -> str:
    """Markup in at most `limit` UTF-16 units, as Jira counts; "…" shows that something is missing."""
    if utf16_length(text) <= limit:
        return text
    # A backslash whose character was cut off would show, or escape what follows.
    return cut_text(text, limit, length=utf16_length).removesuffix(ELLIPSIS).rstrip("\\") + ELLIPSIS


def ticket_fields(
    settings: Settings, project: Named, issue: Issue, instance: str, marker: str, language: Language
) -> dict[str, Any]:
    """The `fields` of the ticket to create, without what the Jira project decides (itself, issue type, priority).

    Raises ValueError, which names variable and line, where a template does not fit this issue.
    """
    values = {
        "issue": issue.model_dump(),
        "project": project.model_dump(),
        "instance": instance,
        "marker": marker,
    }
    name = str(project.id) if is_blank(project.name) else project.name
    fields: dict[str, Any] = {
        "summary": summary(issue.name, issue.id),
        "description": default_description(issue.description, name, issue.id, language),
    }
    if settings.jira_summary_template:
        text = _from_template("JIRA_SUMMARY_TEMPLATE", settings.jira_summary_template, values)
        fields["summary"] = summary(text, issue.id)
    if settings.jira_description_template:
        text = _from_template("JIRA_DESCRIPTION_TEMPLATE", settings.jira_description_template, values, escape)
        fields["description"] = cut(text.strip(), TEXT_LIMIT)
    # A resolution is for the transition that asks for one: a new ticket has none.
    fields |= {name: value for name, value in settings.jira_fields.items() if name != "resolution"}
    labels = [*settings.jira_labels, *settings.jira_fields.get("labels", [])]
    if settings.jira_marker_field:
        fields[settings.jira_marker_field] = marker
    else:
        labels.append(marker)
    return {**fields, "labels": list(dict.fromkeys(labels))} if labels else fields


def _from_template(
    variable: str, source: str, values: Mapping[str, Any], escaped: Callable[[Any], str] | None = None
) -> str:
    try:
        return render_template(source, values, escaped) if escaped else render_template(source, values)
    except TemplateMistake as mistake:
        # Not what exactly: such a message quotes values, and here these are people's text.
        raise ValueError(f"{variable}, line {mistake.line}: {mistake.kind} with the values of this issue") from None


def summary(text: str, issue: int) -> str:
    """One line with something to see; Jira refuses line breaks and an empty summary."""
    line = inert(_CONTROL.sub(" ", text))
    return cut_text(f"Issue {issue}" if is_blank(line) else line, SUMMARY_LIMIT, length=utf16_length)


def default_description(issue_description: str | None, project: str, issue: int, language: Language) -> str:
    """The description where there is no template: the issue's own description, and where it comes from."""
    origin = WORDS[language]["origin"].format(project=escape(cut(inert(project), NAME_LIMIT)), issue=issue)
    text = escape(issue_description).strip()
    room = TEXT_LIMIT - utf16_length(origin) - 2
    return origin if is_blank(text) else f"{cut(text, room)}\n\n{origin}"


def feedback_comment(feedback: int, channel: str, texts: Mapping[str, str], marker: str, language: Language) -> str:
    """The comment for a feedback: its text fields, each under its key where there are several."""
    heading = WORDS[language]["feedback"].format(feedback=feedback, channel=escape(cut(inert(channel), NAME_LIMIT)))
    shown = {key: escape(text).strip() for key, text in texts.items() if not is_blank(text)}
    several = len(shown) > 1
    quoted = "\n\n".join((f"*{escape(key)}*\n" if several else "") + text for key, text in shown.items())
    frame = f"{heading}\n{{quote}}\n\n{{quote}}\n{marker}"
    quoted = cut(quoted, TEXT_LIMIT - utf16_length(frame))
    return f"{heading}\n{{quote}}\n{quoted}\n{{quote}}\n{marker}" if quoted else f"{heading}\n{marker}"


def no_way_comment(status: str, current: str, target: str, marker: str, language: Language) -> str:
    text = WORDS[language]["no_way"]
    return f"{text.format(status=escape(status), current=escape(current), target=escape(target))}\n\n{marker}"
