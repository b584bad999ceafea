"""The stand-in for Slack: channels, messages and refusals, with Slack's error codes.

https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.sandbox.slack_rules import BlockProblem, blocks_problem

TOKEN = "xoxb-demo-token"
WEBHOOK_PATH = "T000/B000/demo-webhook-secret"
TEXT_LIMIT = 40_000
ALL_SCOPES = frozenset({"chat:write", "channels:read", "channels:history", "groups:read", "groups:history"})


@dataclass
class Channel:
    id: str
    name: str
    is_member: bool = True
    is_archived: bool = False
    is_private: bool = False

    def scope(self, right: str) -> str:
        """The scope that `read` or `history` of this channel requires."""
        return f"{'groups' if self.is_private else 'channels'}:{right}"


@dataclass(frozen=True)
class Message:
    """A message in a channel. `by`: `bot`, `webhook`, or another app's name."""

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    attachments: list[Any]
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: Mapping[str, Any] | None = None
    by: str = "bot"


class SlackError(Exception):
    """`{"ok": false, "error": …}`, with the other fields of the answer."""

    def __init__(self, error: str, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        self.error, self.status, self.headers, self.more = error, status, dict(headers or {}), more
        super().__init__(error)


@dataclass
class Slack:
    """A workspace. `seconds_between`: the shortest time between two messages to one channel (Slack's own limit is
    about 1 per second; 0 turns it off)."""

    token: str = TOKEN
    scopes: frozenset[str] = ALL_SCOPES
    seconds_between: float = 0.0
    webhook_path: str = WEBHOOK_PATH
    webhook_channel: str = "C0FEEDBACK"
    webhook_active: bool = True
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._last_ts = 0
        self._last_post: dict[str, float] = {}
        for number, name in (("C0FEEDBACK", "feedback"), ("C0MOBILE", "mobile"), ("C0OTHER", "other")):
            self.channels[number] = Channel(number, name)
        self.channels["C0OTHER"].is_member = False

    def find_channel(self, name: str) -> Channel:
        """The channel, by id or by `#name`. Raises SlackError."""
        for channel in self.channels.values():
            if name in (channel.id, channel.name, f"#{channel.name}"):
                return channel
        raise SlackError("channel_not_found")

    def post(self, channel: Channel, values: Mapping[str, Any], by: str = "bot") -> Message:
        """Checks and stores a message. Raises SlackError."""
        text, blocks = values.get("text") or "", values.get("blocks") or []
        attachments = values.get("attachments") or []
        if not isinstance(text, str):
            raise SlackError("invalid_arguments")
        if not text.strip() and not blocks and not attachments:
            raise SlackError("no_text")
        if len(text) > TEXT_LIMIT:
            raise SlackError("msg_too_long")
        problem = blocks_problem(blocks)
        if problem is not None:
            raise _block_error(problem)
        metadata = values.get("metadata")
        if metadata is not None and not _is_metadata(metadata):
            raise SlackError("invalid_metadata_format")
        with self.lock:
            self._limit(channel)
            thread = values.get("thread_ts")
            if thread and not any(m.channel == channel.id and m.ts == thread for m in self.messages):
                raise SlackError("thread_not_found")
            message = Message(
                channel.id,
                self._next_ts(),
                text,
                blocks,
                attachments,
                thread or None,
                bool(values.get("reply_broadcast")),
                metadata,
                by,
            )
            self.messages.append(message)
        return message

    def _limit(self, channel: Channel) -> None:
        now = time.monotonic()
        wait = self._last_post.get(channel.id, -1e9) + self.seconds_between - now
        if self.seconds_between and wait > 0:
            raise SlackError("ratelimited", 429, {"Retry-After": str(max(1, round(wait)))})
        self._last_post[channel.id] = now

    def _next_ts(self) -> str:
        self._last_ts = max(self._last_ts + 1, time.time_ns() // 1000)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


def _is_metadata(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("event_type"), str)
        and isinstance(value.get("event_payload"), Mapping)
    )


def _block_error(problem: BlockProblem) -> SlackError:
    words = [f"[ERROR] {problem.what} [json-pointer:{problem.where}]"]
    return SlackError("invalid_blocks", errors=words, response_metadata={"messages": words})
