"""An event as a Slack message. Pure: no settings, no network.

What users wrote stands in `plain_text` elements only, so that `*`, `_`, `` ` `` and `~` format nothing, and `& < >` are
escaped, so that no mention and no link comes out of it: https://docs.slack.dev/messaging/formatting-message-text
Each line of a feedback is quoted (`connectors/slack/quotation.py`), so that none can pass for one of ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bridge.settings import Language
from bridge.text import cut, inert, is_blank, utf16_length
from connectors.slack.quotation import quotation
from connectors.slack.texts import WORDS, Words, ro
from sources.abc.models import AbcEvent, Issue
from sources.base import Event

# Slack's pages speak of characters and do not define them. UTF-16 units are the most that any of its parts may count.
# https://docs.slack.dev/reference/methods/chat.postMessage#truncating: longer texts may be cut, with their entities.
TEXT_MAX = 4000
# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_TEXT_MAX = 3000
# https://docs.slack.dev/reference/block-kit/composition-objects/text-object
TEXT_OBJECT_MAX = 3000
# https://docs.slack.dev/reference/block-kit/blocks/context-block
CONTEXT_ELEMENTS_MAX = 10
# Of all blocks together, which also keeps them below 50. On no page of Slack's: msg_blocks_too_long was seen from
# 13,200 characters on (https://github.com/slackapi/bolt-js/issues/2509).
BLOCKS_TEXT_MAX = 12_000
# Our own, for a message that can be read at a glance: ABC's web app allows names of 30, its API any length.
NAME_MAX = 150
SUMMARY_MAX = 300
STATUS_MAX = 60
URL_MAX = 2000
EVENT_TYPE = "feedback_bridge"

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is what notifications and screen readers show; `metadata` finds the message again (bot token only)."""

    text: str
    blocks: list[Block]
    metadata: dict[str, Any]


def marker(instance: str, *deliveries: str) -> dict[str, Any]:
    """The metadata of the message that tells these deliveries: https://docs.slack.dev/messaging/message-metadata"""
    return {"event_type": EVENT_TYPE, "event_payload": {"instance": instance, "delivery": " ".join(deliveries)}}


def marks(metadata: object, instance: str, delivery: str) -> bool:
    """Whether a message with this metadata tells the delivery, alone or among others."""
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return False
    payload = metadata.get("event_payload")
    return (
        isinstance(payload, dict)
        and payload.get("instance") == instance
        and delivery in str(payload.get("delivery")).split()
    )


def render(
    event: Event,
    language: Language,
    metadata: dict[str, Any],
    *,
    ticket: str = "",
    ticket_url: str | None = None,
    feedback_field: str = "message",
) -> Message | None:
    """The message for `event`, or None where there is nothing to report about an event of that name.

    `ticket` is the ticket's key or number, `ticket_url` its address, in which `{id}` stands for `ticket`. Of a
    feedback's fields only `feedback_field` is shown: the others may be personal.
    """
    words = WORDS[language]
    sentence = _sentence(event, words)
    if sentence is None:
        return None
    blocks = [_section(sentence)]
    if quoted := _quotation(event, feedback_field):
        blocks.append(_section(quoted))
    if facts := _facts(event, words, ticket, ticket_url):
        blocks.append({"type": "context", "elements": facts[:CONTEXT_ELEMENTS_MAX]})
    return Message(escaped(sentence, TEXT_MAX), blocks, metadata)


def render_digest(events: Sequence[Event], language: Language, metadata: dict[str, Any]) -> Message:
    """One message for many events: a line for each, in as few blocks as hold them."""
    words = WORDS[language]
    head = words.digest.format(count=len(events))
    sentences = [(_sentence(event, words), _issue(event)) for event in events]
    lines = [f"• {sentence} (#{issue.id})" if issue else f"• {sentence}" for sentence, issue in sentences if sentence]
    room = (BLOCKS_TEXT_MAX - escaped_length(head)) // max(1, len(lines)) - 1
    lines = [cut(line, min(room, SECTION_TEXT_MAX), length=escaped_length) for line in lines]
    blocks, held = [_section(head)], ""
    for line in lines:
        if held and escaped_length(f"{held}\n{line}") > SECTION_TEXT_MAX:
            blocks.append(_section(held))
            held = ""
        held = f"{held}\n{line}" if held else line
    if held:
        blocks.append(_section(held))
    return Message(escaped("\n".join([head, *lines]), TEXT_MAX), blocks, metadata)


def _issue(event: Event) -> Issue | None:
    return event.issue if isinstance(event, AbcEvent) else None


def _sentence(event: Event, words: Words) -> str | None:
    if not isinstance(event, AbcEvent):
        return _name(event.summary.title, words, SUMMARY_MAX) if event.summary else None
    issue = event.issue
    if event.name == "FEEDBACK_CREATION":
        return words.feedback_created.format(channel=_named(event.channel, words))
    if issue is None:
        return None
    if event.name == "ISSUE_STATUS_CHANGE":
        return _status_sentence(event, issue, words)
    templates = {"ISSUE_CREATION": words.issue_created, "ISSUE_ADDITION": words.feedback_added}
    return templates[event.name].format(name=_named(issue, words)) if event.name in templates else None


def _status_sentence(event: AbcEvent, issue: Issue, words: Words) -> str:
    status = _status(issue.status, words)
    if event.previous_status in ("", issue.status):
        return words.status_is.format(name=_named(issue, words), status=status)
    previous = _status(event.previous_status, words)
    return words.status_changed.format(name=_named(issue, words), previous=previous, status=status, ro=ro(status))


def _status(status: str, words: Words) -> str:
    return words.statuses.get(status) or _name(status, words, STATUS_MAX) or "?"


def _named(thing: Any, words: Words) -> str:
    """The name of an issue, project or channel on one line; its number where it has none that a person can see."""
    if thing is None:
        return "?"
    return _name(thing.name, words) or f"#{thing.id}"


def _name(text: str, words: Words, limit: int = NAME_MAX) -> str:
    """On one line, without the marks that our sentences put around a name: else a name could end itself and go on as a
    sentence of ours. Empty for what nobody can see."""
    line = inert(text)
    return "" if is_blank(line) else cut(line.translate(words.inner_quotes), limit, length=utf16_length)


def _quotation(event: Event, field: str) -> str:
    value = event.feedback.fields.get(field) if isinstance(event, AbcEvent) and event.feedback else None
    return quotation(value) if isinstance(value, str) else ""


def _facts(event: Event, words: Words, ticket: str, ticket_url: str | None) -> list[Block]:
    if not isinstance(event, AbcEvent):
        return [_plain(who)] if event.summary and (who := _name(event.summary.who, words)) else []
    facts = []
    if event.project:
        facts.append(_plain(f"{words.project}: {_named(event.project, words)}"))
    if event.channel and event.name != "FEEDBACK_CREATION":
        facts.append(_plain(f"{words.channel}: {_named(event.channel, words)}"))
    if event.issue:
        facts.append(_plain(f"{words.issue}: #{event.issue.id}"))
    if event.feedback:
        facts.append(_plain(f"{words.feedback}: #{event.feedback.id}"))
    if label := _name(ticket, words):
        facts.append(_ticket(words.ticket, label, ticket_url))
    return facts


def _ticket(word: str, ticket: str, url: str | None) -> Block:
    # A person may have typed anything in as the ticket: only what looks like a number or key becomes a link.
    if not url or not re.fullmatch(r"[\w.-]+", ticket):
        return _plain(f"{word}: {ticket}")
    link = url.replace("{id}", quote(ticket, safe="")).replace("&", "&amp;")
    if len(link) > URL_MAX or not re.fullmatch(r"https?://[^\s<>|]+", link):  # nothing that ends Slack's <address|text>
        return _plain(f"{word}: {ticket}")
    # Backticks: mrkdwn would take the underscores of a key for italics.
    return {"type": "mrkdwn", "text": f"{word}: <{link}|`{ticket}`>"}


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION_TEXT_MAX)}


def _plain(text: str, limit: int = TEXT_OBJECT_MAX) -> Block:
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}


ENTITIES: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_TABLE = str.maketrans(dict(ENTITIES))


def escaped(text: str, limit: int) -> str:
    """`text` with Slack's three entities, cut so that the result has at most `limit` characters."""
    return _escape(cut(text, limit, length=escaped_length))


def escaped_length(text: str) -> int:
    """Of `text` with Slack's entities, as Slack may count it."""
    return utf16_length(_escape(text))


def _escape(text: str) -> str:
    return text.translate(_TABLE)
