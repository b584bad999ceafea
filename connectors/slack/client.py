"""The two ways to post: a bot token (Web API, by slack_sdk) and an incoming webhook."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bridge.http import SMALL_ANSWER_BYTES, Answer, new_session, send
from connectors.alerts.contents import Content
from connectors.alerts.poster import CannotLook, Marker, Posted, Target
from connectors.base import Check, Failed, note
from connectors.slack import checks
from connectors.slack.errors import SIGNED_OUT, SYSTEM, Refused, refusal, webhook_refusal
from connectors.slack.render import is_marked, render
from connectors.slack.settings import SlackSettings

PAGE = 200  # Slack's advice for one page: https://docs.slack.dev/apis/web-api/pagination
PAGES = 5
QUIET = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


class Webhook:
    """An incoming webhook: posts to the one channel it was made for, answers nothing but `ok`."""

    system = SYSTEM

    def __init__(self, settings: SlackSettings, url: SecretStr, pool: int) -> None:
        self._settings = settings
        self._url = url
        self._session = new_session(pool, answer_bytes=SMALL_ANSWER_BYTES)

    def message(self, content: Content, target: Target, marker: Marker) -> dict[str, Any]:  # noqa: ARG002
        message = render(content, marker)
        return {"text": message.text, "blocks": message.blocks, **QUIET}

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        body = self.message(content, target, marker)
        answer = send(self._session, "POST", self._url.get_secret_value(), json_body=body)
        if answer.ok and answer.text.strip() == "ok":
            return Posted()
        raise webhook_refusal(answer, str(body), self._settings.variable)

    def check(self) -> Iterator[Check]:
        variable = self._settings.variable("webhook_url")
        yield note(f"{variable} is set; only a message shows whether an incoming webhook works")


class Bot:
    """Slack's Web API with a bot token."""

    system = SYSTEM

    def __init__(self, settings: SlackSettings, token: SecretStr, pool: int) -> None:
        self._settings = settings
        self._web = _Web(settings, token, pool)
        self._ids: dict[str, str] = {}  # of channels that the operator named, as they are learned
        self._me: frozenset[str] = frozenset()  # our ids, once they were asked for

    def message(self, content: Content, target: Target, marker: Marker) -> dict[str, Any]:
        message = render(content, marker)
        thread = {"thread_ts": target.thread, "reply_broadcast": True} if target.thread else {}
        texts = {"text": message.text, "blocks": message.blocks, "metadata": message.metadata}
        return {"channel": target.channel, **texts, **thread, **QUIET}

    def post(self, content: Content, target: Target, marker: Marker) -> Posted:
        answer = self._web.chat_postMessage(**self.message(content, target, marker))
        channel = _short(answer.get("channel"))
        if checks.is_id(channel):  # kept for the look-ups to come
            self._ids[target.channel] = channel
        return _posted(channel, {**_mapping(answer.get("message")), "ts": answer.get("ts")})

    def address_of(self, channel: str, result: Mapping[str, Any]) -> str:
        """https://docs.slack.dev/reference/methods/chat.getPermalink: needs no scope."""
        where = _short(result.get("channel")) or channel
        answer = self._web.chat_getPermalink(channel=where, message_ts=_short(result.get("ts")))
        return text if isinstance(text := answer.get("permalink"), str) else ""

    def look(self, marker: Marker, target: Target, since: float, until: float) -> Posted | None:
        try:
            where = {"channel": self._id(target.channel), "oldest": f"{since:.6f}", "latest": f"{until:.6f}"}
            found = None
            if target.thread:
                found = self._replies(marker, {**where, "ts": target.thread})
            # A reply to a message that was just deleted is posted into the channel instead.
            return found or self._search(self._web.conversations_history, marker, where)
        except Refused as refused:
            # Posting may be allowed where reading is not: a missing scope, a channel that the bot is not in.
            if isinstance(refused.outcome, Failed) and refused.error not in SIGNED_OUT:
                raise CannotLook(str(refused)) from None
            raise

    def _replies(self, marker: Marker, where: Mapping[str, str]) -> Posted | None:
        try:
            return self._search(self._web.conversations_replies, marker, where)
        except Refused as refused:
            if refused.thread_gone:
                return None
            raise

    def _search(self, method: Callable[..., SlackResponse], marker: Marker, where: Mapping[str, str]) -> Posted | None:
        for page in _pages(method, **where, include_all_metadata=True, inclusive=True):
            for message in _mappings(page.get("messages")):
                if is_marked(message.get("metadata"), marker) and self._is_ours(message):
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
        """The id of a channel, which is all that the methods that read take. Raises CannotLook."""
        if checks.is_id(channel):
            return channel
        if channel not in self._ids:
            known = {c.get("name"): _short(c.get("id")) for c in self.channels()}
            if (name := channel.removeprefix("#")) not in known:
                raise CannotLook(f"the bot is in no channel {channel}; {self._advice()}")
            if not checks.is_id(known[name]):
                raise CannotLook(f"Slack gave no id for {channel}; {self._advice()}")
            self._ids[channel] = known[name]
        return self._ids[channel]

    def _advice(self) -> str:
        return f"an id in {self._settings.variable('channel')} needs no look-up"

    def channels(self) -> list[dict[str, Any]]:
        """The channels that the bot is in."""
        pages = _pages(self._web.users_conversations, types="public_channel,private_channel", exclude_archived=False)
        return [channel for page in pages for channel in _mappings(page.get("channels"))]

    def check(self) -> Iterator[Check]:
        return checks.check(self._web, self.channels, self._settings)


def _pages(method: Callable[..., SlackResponse], **arguments: Any) -> Iterator[SlackResponse]:
    """The pages of a listing. Raises CannotLook where there are more than can be read."""
    cursor = None
    for _ in range(PAGES):
        page = method(**arguments, limit=PAGE, cursor=cursor)
        yield page
        cursor = _mapping(page.get("response_metadata")).get("next_cursor")
        if not isinstance(cursor, str) or not cursor:
            return
    raise CannotLook(f"Slack lists more than {PAGES * PAGE} entries")


def _posted(channel: str, message: Mapping[str, Any]) -> Posted:
    ts, thread = _short(message.get("ts")), _short(message.get("thread_ts"))
    result = {"channel": channel, "ts": ts, "thread": thread if thread != ts else ""}
    # A reply whose first message is gone comes back without a thread: it is the first one of a new thread.
    return Posted({key: value for key, value in result.items() if value}, ts and (thread or ts))


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

    Its own sends again after a dropped connection (unless switched off), ignores NO_PROXY, follows a redirect with the
    token in hand, opens a connection for each call, has no limit for a whole answer, and logs the texts at DEBUG.
    """

    def __init__(self, settings: SlackSettings, token: SecretStr, pool: int) -> None:
        quiet = logging.Logger("slack_sdk", logging.CRITICAL)
        super().__init__(base_url=settings.api_url, retry_handlers=[], logger=quiet)
        self._variable = settings.variable
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
        body = answer.json()
        if not answer.ok or not isinstance(body, dict) or body.get("ok") is not True:
            given = json or params or {}
            raise refusal(answer, str(given.get("channel", "")), str(given), self._variable)
        return self._response(api_method, answer, body)

    def _response(self, method: str, answer: Answer, body: dict[str, Any]) -> SlackResponse:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=body,
            headers=headers,
            status_code=answer.status,
        )


def _form(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
