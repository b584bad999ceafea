"""A message of Slack: blocks, metadata, escaping. Pure: no settings, no network.

What users wrote stands in `plain_text` elements only, so that `*`, `_`, `` ` `` and `~` format nothing, and `& < >` are
escaped, so that they make no mention and no link: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.text import cut, utf16_length
from connectors.alerts.contents import URL_MAX, Alert, Content, Digest, Fact
from connectors.alerts.poster import Marker

# Slack's limits are in characters, which its pages do not define. UTF-16 units are the most that it may count.
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
EVENT_TYPE = "feedback_bridge"

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is what notifications and screen readers show; `metadata` finds the message again (bot token only)."""

    text: str
    blocks: list[Block]
    metadata: dict[str, Any]


def metadata_of(marker: Marker) -> dict[str, Any]:
    """https://docs.slack.dev/messaging/message-metadata"""
    payload = {"instance": marker.scope, "delivery": " ".join(marker.deliveries)}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def is_marked(metadata: object, marker: Marker) -> bool:
    """Whether a message with this metadata is that of the marker's one delivery, alone or among others."""
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return False
    payload = metadata.get("event_payload")
    return (
        isinstance(payload, dict)
        and payload.get("instance") == marker.scope
        and set(marker.deliveries) <= set(str(payload.get("delivery")).split())
    )


def render(content: Content, marker: Marker) -> Message:
    if isinstance(content, Digest):
        return _render_digest(content, metadata_of(marker))
    return _render_alert(content, metadata_of(marker))


def _render_alert(alert: Alert, metadata: dict[str, Any]) -> Message:
    blocks = [_section(alert.sentence)]
    if alert.quotation:
        blocks.append(_section(alert.quotation))
    if elements := [_element(fact) for fact in alert.facts]:
        blocks.append({"type": "context", "elements": elements[:CONTEXT_ELEMENTS_MAX]})
    return Message(escaped(alert.sentence, TEXT_MAX), blocks, metadata)


def _render_digest(digest: Digest, metadata: dict[str, Any]) -> Message:
    """In as few blocks as hold the lines."""
    lines = digest.fitted(BLOCKS_TEXT_MAX, SECTION_TEXT_MAX, escaped_length)
    blocks, held = [_section(digest.head)], ""
    for line in lines:
        if held and escaped_length(f"{held}\n{line}") > SECTION_TEXT_MAX:
            blocks.append(_section(held))
            held = ""
        held = f"{held}\n{line}" if held else line
    if held:
        blocks.append(_section(held))
    return Message(escaped("\n".join([digest.head, *lines]), TEXT_MAX), blocks, metadata)


def _element(fact: Fact) -> Block:
    link = _escape(fact.url)
    if not link or len(link) > URL_MAX:
        return _plain(f"{fact.title}: {fact.value}")
    # Backticks: mrkdwn would take the underscores of a key for italics.
    label = _escape(fact.value.replace("`", "'").replace("|", "/"))
    return {"type": "mrkdwn", "text": f"{fact.title}: <{link}|`{label}`>"}


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
