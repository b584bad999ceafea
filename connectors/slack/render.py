"""An event as a Slack message. Pure: no settings, no network.

What users wrote stands in `plain_text` elements only, so that `*`, `_`, `` ` `` and `~` format nothing, and `& < >` are
escaped, so that no mention and no link comes out of it: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.slack.texts import WORDS, Words, ro
from settings import Language
from sources.event import Event, Issue

# https://docs.slack.dev/reference/methods/chat.postMessage#truncating: longer texts may be cut, with their entities.
TEXT_MAX = 4000
# https://docs.slack.dev/reference/block-kit/blocks/section-block
SECTION_TEXT_MAX = 3000
# https://docs.slack.dev/reference/block-kit/composition-objects/text-object
TEXT_OBJECT_MAX = 3000
# https://docs.slack.dev/reference/block-kit/blocks/context-block
CONTEXT_ELEMENTS_MAX = 10
# Our own, for a message that can be read at a glance: ABC's web app allows names of 30, its API any length.
NAME_MAX = 150
STATUS_MAX = 60
QUOTATION_MAX = 1000
EVENT_TYPE = "feedback_bridge"

# Would break the line, or turn it around: control characters, line ends, marks of writing direction, half characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

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
    payload = metadata.get("event_payload") or {}
    return payload.get("instance") == instance and delivery in str(payload.get("delivery")).split()


def render(
    event: Event,
    language: Language,
    metadata: dict[str, Any],
    *,
    ticket: str = "",
    ticket_url: str | None = None,
    feedback_field: str = "message",
) -> Message | None:
    """The message for `event`, or None where there is nothing to say about an event of that name.

    `ticket` is the external issue id, `ticket_url` a template with `{id}`. Of a feedback's fields only `feedback_field`
    is shown: the others may be personal.
    """
    words = WORDS[language]
    sentence = _sentence(event, words)
    if sentence is None:
        return None
    blocks = [_section(sentence)]
    if quotation := _quotation(event, feedback_field):
        blocks.append(_section(quotation))
    if facts := _facts(event, words, ticket, ticket_url):
        blocks.append({"type": "context", "elements": facts[:CONTEXT_ELEMENTS_MAX]})
    return Message(escaped(sentence, TEXT_MAX), blocks, metadata)


def render_digest(events: Sequence[Event], language: Language, metadata: dict[str, Any]) -> Message:
    """One message for many events: a line for each, in as few blocks as hold them."""
    words = WORDS[language]
    head = words.digest.format(count=len(events))
    sentences = [(_sentence(event, words), event.issue) for event in events]
    lines = [f"• {sentence} (#{issue.id})" if issue else f"• {sentence}" for sentence, issue in sentences if sentence]
    blocks, held = [_section(head)], ""
    for line in lines:
        if held and len(escaped(f"{held}\n{line}", SECTION_TEXT_MAX + 1)) > SECTION_TEXT_MAX:
            blocks.append(_section(held))
            held = ""
        held = f"{held}\n{line}" if held else line
    if held:
        blocks.append(_section(held))
    return Message(escaped("\n".join([head, *lines]), TEXT_MAX), blocks, metadata)


def _sentence(event: Event, words: Words) -> str | None:
    issue = event.issue
    if event.name == "FEEDBACK_CREATION":
        return words.feedback_created.format(channel=_named(event.channel))
    if issue is None:
        return None
    if event.name == "ISSUE_STATUS_CHANGE":
        return _status_sentence(event, issue, words)
    templates = {"ISSUE_CREATION": words.issue_created, "ISSUE_ADDITION": words.feedback_added}
    return templates[event.name].format(name=_named(issue)) if event.name in templates else None


def _status_sentence(event: Event, issue: Issue, words: Words) -> str:
    status = _status(issue.status, words)
    if event.previous_status in ("", issue.status):
        return words.status_is.format(name=_named(issue), status=status)
    previous = _status(event.previous_status, words)
    return words.status_changed.format(name=_named(issue), previous=previous, status=status, ro=ro(status))


def _status(status: str, words: Words) -> str:
    return words.statuses.get(status) or cut(one_line(status), STATUS_MAX) or "?"


def _named(thing: Any) -> str:
    """The name of an issue, project or channel on one line; its number where it has none."""
    if thing is None:
        return "?"
    return cut(one_line(thing.name), NAME_MAX) or f"#{thing.id}"


def _quotation(event: Event, field: str) -> str:
    value = event.feedback.fields.get(field) if event.feedback else None
    return cut(_UNPRINTABLE.sub("", value).strip(), QUOTATION_MAX) if isinstance(value, str) else ""


def _facts(event: Event, words: Words, ticket: str, ticket_url: str | None) -> list[Block]:
    facts = []
    if event.project:
        facts.append(_plain(f"{words.project}: {_named(event.project)}"))
    if event.channel and event.name != "FEEDBACK_CREATION":
        facts.append(_plain(f"{words.channel}: {_named(event.channel)}"))
    if event.issue:
        facts.append(_plain(f"{words.issue}: #{event.issue.id}"))
    if event.feedback:
        facts.append(_plain(f"{words.feedback}: #{event.feedback.id}"))
    if ticket:
        facts.append(_ticket(words.ticket, cut(one_line(ticket), NAME_MAX), ticket_url))
    return facts


def _ticket(word: str, ticket: str, url: str | None) -> Block:
    # A person may have typed anything in as the ticket: only what looks like a number or key becomes a link.
    if url is None or not re.fullmatch(r"[\w.-]+", ticket):
        return _plain(f"{word}: {ticket}")
    link = url.replace("{id}", quote(ticket, safe="")).replace("&", "&amp;")
    # Backticks: mrkdwn would take the underscores of a key for italics.
    return {"type": "mrkdwn", "text": f"{word}: <{link}|`{ticket}`>"}


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION_TEXT_MAX)}


def _plain(text: str, limit: int = TEXT_OBJECT_MAX) -> Block:
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}


def one_line(text: str) -> str:
    return " ".join(_UNPRINTABLE.sub("", text).split())


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one "…" where something is missing."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


ENTITIES: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escaped(text: str, limit: int) -> str:
    """`text` with Slack's three entities, cut between characters so that the result has at most `limit`."""
    pieces = [ENTITIES.get(character, character) for character in text]
    if sum(map(len, pieces)) <= limit:
        return "".join(pieces)
    size, kept = 1, []
    for piece in pieces:
        size += len(piece)
        if size > limit:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + "…"
