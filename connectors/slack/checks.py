"""`flask check` for a bot token and its channels; nothing is posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from slack_sdk import WebClient

from bridge.http import NoAnswer
from bridge.text import cut, inert
from connectors.alerts.poster import CannotLook
from connectors.base import Check, note
from connectors.slack.errors import Refused
from connectors.slack.settings import SlackSettings

READING = {"channels:history": "public", "groups:history": "private"}


def is_id(channel: str) -> bool:
    """Whether this is a channel's id; else it is a name, which posting takes and reading does not."""
    return re.fullmatch(r"[CDG][A-Z0-9]{6,}", channel) is not None


def check(web: WebClient, joined: Callable[[], list[dict[str, Any]]], settings: SlackSettings) -> Iterator[Check]:
    """`joined` lists the channels that the bot is in."""
    try:
        who = web.auth_test()
    except Refused as error:
        yield Check(False, str(error))
        return
    except NoAnswer as error:
        yield Check(False, f"Slack: {error}; look at {settings.variable('api_url')}")
        return
    yield Check(True, f"the bot {_shown(who.get('user'))} of the workspace {_shown(who.get('team'))} is signed in")
    yield from _scopes(str(who.headers.get("x-oauth-scopes") or ""), settings.variable("when_unsure"))
    for channel in dict.fromkeys(channel for _, channel in settings.channel.items()):
        try:
            yield _channel(web, joined, channel, settings.variable("channel"))
        except CannotLook as why:
            yield note(f"the channel {channel} can't be checked: {why}; give its id")
        except (Refused, NoAnswer) as error:
            yield _unchecked(channel, error)


def _scopes(header: str, when_unsure: str) -> Iterator[Check]:
    scopes = {scope.strip() for scope in header.split(",") if scope.strip()}
    if not scopes:
        yield note("Slack does not list the token's scopes; it needs chat:write")
        return
    if "chat:write" not in scopes:
        yield Check(False, "the scope chat:write is missing: add it to the Slack app and reinstall it")
    for scope, kind in READING.items():
        if scope not in scopes:
            yield note(
                f"without the scope {scope} a message to a {kind} channel whose outcome is unknown can't be looked up: "
                f"{when_unsure} decides"
            )


def _channel(web: WebClient, joined: Callable[[], list[dict[str, Any]]], channel: str, variable: str) -> Check:
    if is_id(channel):
        found = web.conversations_info(channel=channel).get("channel")
        return _state(found if isinstance(found, dict) else {}, channel, variable)
    found = next((c for c in joined() if c.get("name") == channel.removeprefix("#")), None)
    if found is None:
        return Check(False, f"the bot is in no channel {channel}: {_invite(variable)}")
    return _state({**found, "is_member": True}, channel, variable)


def _state(found: dict[str, Any], channel: str, variable: str) -> Check:
    name = f"{channel} (#{_shown(found.get('name'))})"
    if found.get("is_archived"):
        return Check(False, f"the channel {name} is archived: unarchive it, or correct {variable}")
    if not found.get("is_member"):
        return Check(False, f"the bot is not in the channel {name}: {_invite(variable)}")
    return Check(True, f"the bot is in the channel {name}")


def _invite(variable: str) -> str:
    return f"type /invite and the bot's name there, or correct {variable}"


def _unchecked(channel: str, error: Refused | NoAnswer) -> Check:
    if isinstance(error, Refused) and error.error == "missing_scope":
        return note(f"the channel {channel} can't be checked: {error}")
    return Check(False, f"channel {channel}: {error}")


def _shown(name: object) -> str:
    """A name from Slack, for a line on a terminal."""
    return cut(inert(str(name)), 80)
