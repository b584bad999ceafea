"""The two ways to post: a bot token (Web API, by slack_sdk) and an incoming webhook."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bridge.http import SMALL_ANSWER_BYTES, Answer, new_session, send
from connectors.base import Check, Failed, note
from connectors.slack import checks
from connectors.slack.errors import SIGNED_OUT, THREAD_GONE, CannotTell, Refused, refusal, webhook_refusal
from connectors.slack.render import Message

PAGE = 200  # Slack's advice for one page: https://docs.slack.dev/apis/web-api/pagination
PAGES = 5

IsIt = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a message is; all empty for an incoming webhook, which does not tell.

    `thread` is the `ts` of the message that it replies to, "" for one that stands in the channel itself.
    """

    channel: str = ""
    ts: str = ""
    thread: str = ""


class Way(Protocol):
    """A way to post. `post` and `find` raise NoAnswer and Refused."""

    def post(self, message: Message, channel: str, thread: str) -> Posted: ...

    def find(self, is_it: IsIt, channel: str, thread: str, oldest: float, latest: float) -> Posted | None:
        """The message of whose metadata `is_it` is true, posted between the two times (seconds since 1970). Raises
        CannotTell."""

    def check(self, channels: list[str]) -> Iterator[Check]: ...


class Webhook:
    """An incoming webhook: posts to the one channel it was made for, tells nothing back but `ok`."""

    def __init__(self, url: SecretStr, pool: int) -> None:
        self._url = url
        self._session = new_session(pool, answer_bytes=SMALL_ANSWER_BYTES)

    def post(self, message: Message, channel: str, thread: str) -> Posted:  # noqa: ARG002
        quiet = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
        body = {"text": message.text, "blocks": message.blocks, **quiet}
        answer = send(self._session, "POST", self._url.get_secret_value(), json_body=body)
        if answer.ok and answer.text.strip() == "ok":
            return Posted()
        raise webhook_refusal(answer, str(body))

    def find(self, *_: object) -> Posted | None:
        raise CannotTell("an incoming webhook can't read the channel")

    def check(self, channels: list[str]) -> Iterator[Check]:  # noqa: ARG002
        yield note("SLACK_WEBHOOK_URL is set; an incoming webhook can be tried only by posting a message")


class Bot:
    """Slack's Web API with a bot token."""

    def __init__(self, token: SecretStr, url: str, pool: int) -> None:
        self._web = _Web(token, url, pool)
        self._ids: dict[str, str] = {}  # of channels that the operator named, as they are learned
        self._me: frozenset[str] = frozenset()  # our ids, once they were asked for

    def post(self, message: Message, channel: str, thread: str) -> Posted:
        said = self._web.chat_postMessage(
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            metadata=message.metadata,
            thread_ts=thread or None,
            reply_broadcast=True if thread else None,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        posted = _posted(_short(said.get("channel")), {**_mapping(said.get("message")), "ts": said.get("ts")})
        if checks.is_id(posted.channel):  # kept for the look-ups to come
            self._ids[channel] = posted.channel
        return posted

    def find(self, is_it: IsIt, channel: str, thread: str, oldest: float, latest: float) -> Posted | None:
        try:
            where = {"channel": self._id(channel), "oldest": f"{oldest:.6f}", "latest": f"{latest:.6f}"}
            found = None
            if thread:
                found = self._replies(is_it, {**where, "ts": thread})
            # A reply to a message that was just deleted is posted into the channel instead.
            return found or self._search(self._web.conversations_history, is_it, where)
        except Refused as refused:
            # Posting may be allowed where reading is not: a missing scope, a channel that the bot is not in.
            if isinstance(refused.outcome, Failed) and refused.error not in SIGNED_OUT:
                raise CannotTell(str(refused)) from None
            raise

    def _replies(self, is_it: IsIt, where: Mapping[str, str]) -> Posted | None:
        try:
            return self._search(self._web.conversations_replies, is_it, where)
        except Refused as refused:
            if refused.error in THREAD_GONE:
                return None
            raise

    def _search(self, method: Callable[..., SlackResponse], is_it: IsIt, where: Mapping[str, str]) -> Posted | None:
        for page in _pages(method, **where, include_all_metadata=True, inclusive=True):
            for message in _mappings(page.get("messages")):
                if is_it(message.get("metadata")) and self._is_ours(message):
                    return _posted(where["channel"], message)
        return None

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """Any app of the workspace may post our metadata, and would keep our message from being posted."""
        authors = _names(message.get("bot_id"), message.get("user"))
        if authors and not self._me:
            who = self._web.auth_test()
            self._me = _names(who.get("bot_id"), who.get("user_id"))
        return not authors or not self._me or bool(authors & self._me)

    def _id(self, channel: str) -> str:
        """The id of a channel, which is all that the methods that read take. Raises CannotTell."""
        if checks.is_id(channel):
            return channel
        if channel not in self._ids:
            known = {c.get("name"): _short(c.get("id")) for c in self.channels()}
            if (name := channel.removeprefix("#")) not in known:
                raise CannotTell(f"the bot is in no channel {channel}; an id in SLACK_CHANNEL needs no look-up")
            if not checks.is_id(known[name]):
                raise CannotTell(f"Slack gave no id for {channel}; an id in SLACK_CHANNEL needs no look-up")
            self._ids[channel] = known[name]
        return self._ids[channel]

    def channels(self) -> list[dict[str, Any]]:
        """The channels that the bot is in."""
        pages = _pages(self._web.users_conversations, types="public_channel,private_channel", exclude_archived=False)
        return [channel for page in pages for channel in _mappings(page.get("channels"))]

    def check(self, channels: list[str]) -> Iterator[Check]:
        yield from checks.check(self._web, self.channels, channels)


def _pages(method: Callable[..., SlackResponse], **arguments: Any) -> Iterator[SlackResponse]:
    """The pages of a listing. Raises CannotTell where there are more than can be read."""
    cursor = None
    for _ in range(PAGES):
        page = method(**arguments, limit=PAGE, cursor=cursor)
        yield page
        cursor = _mapping(page.get("response_metadata")).get("next_cursor")
        if not isinstance(cursor, str) or not cursor:
            return
    raise CannotTell(f"Slack lists more than {PAGES * PAGE} entries")


def _posted(channel: str, message: Mapping[str, Any]) -> Posted:
    ts, thread = _short(message.get("ts")), _short(message.get("thread_ts"))
    return Posted(channel, ts, thread if thread != ts else "")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _short(value: object) -> str:
    """An id or a time stamp of Slack's; "" for anything else, which would end up in our records."""
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,60}", value) else ""


def _names(*values: object) -> frozenset[str]:
    return frozenset(map(_short, values)) - {""}


class _Web(WebClient):
    """slack_sdk's methods over bridge.http, as all connectors.

    Its own sends again after a dropped connection by default, ignores NO_PROXY, follows a redirect with the
    token in hand, opens a connection for each call, has no limit for a whole answer, and logs the texts at DEBUG.
    """

    def __init__(self, token: SecretStr, url: str, pool: int) -> None:
        quiet = logging.Logger("slack_sdk", logging.CRITICAL)
        super().__init__(base_url=url, retry_handlers=[], logger=quiet)
        self._secret = token
        self._session = new_session(pool)

    def api_call(
        self,
        api_method: str,
        *,
        http_verb: str = "POST",  # noqa: ARG002
        files: dict[str, Any] | None = None,  # noqa: ARG002
        data: dict[str, Any] | None = None,  # noqa: ARG002
        params: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,  # noqa: ARG002
        auth: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> SlackResponse:
        """Raises NoAnswer, and Refused for anything but `"ok": true`."""
        answer = send(
            self._session,
            "POST",
            self.base_url + api_method,
            headers={"Authorization": f"Bearer {self._secret.get_secret_value()}"},
            json_body=json,
            data={key: _form(value) for key, value in (params or {}).items() if value is not None},
        )
        said = answer.json()
        if not answer.ok or not isinstance(said, dict) or said.get("ok") is not True:
            given = json or params or {}
            raise refusal(answer, str(given.get("channel", "")), str(given))
        return self._response(api_method, answer, said)

    def _response(self, method: str, answer: Answer, said: dict[str, Any]) -> SlackResponse:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=said,
            headers=headers,
            status_code=answer.status,
        )


def _form(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
