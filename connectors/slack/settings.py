"""What an operator sets for Slack: docs/connectors/slack.md."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from bridge.settings import Credential, KeyMap, Settings, TextMap, WebAddress, is_id


def _check_keys(values: KeyMap[str]) -> KeyMap[str]:
    wrong = [key for key, _ in values.items() if key != "*" and not is_id(key)]
    if wrong:
        raise ValueError(
            f"'{wrong[0]}' should be the id of an ABC project, or * for all (*=… where the value holds a =)"
        )
    return values


def _check_channels(values: KeyMap[str]) -> KeyMap[str]:
    for channel in dict(values.items()).values():
        if "/" in channel:
            raise ValueError(f"'{channel}' should be the channel's id: the C0123456789 at the end of its address")
        if not re.fullmatch(r"#?[^\s#]+", channel):
            raise ValueError(f"'{channel}' should be a channel's id (C0123456789) or its name (#feedback)")
    return values


def _check_templates(values: KeyMap[str]) -> KeyMap[str]:
    # No character that would end Slack's <address|words>.
    wrong = [text for _, text in values.items() if "{id}" not in text or not re.fullmatch(r"https?://[^\s<>|]+", text)]
    if wrong:
        raise ValueError("should be an address with {id} in it, such as https://example.com/browse/PROJ-{id}")
    return values


def _check_webhook(address: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(address.get_secret_value())
        host, path = (parts.hostname or "").rstrip("."), parts.path
        secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    except ValueError:
        secure, host = False, ""
    if not secure or not host:
        raise ValueError("should be the address that Slack shows, https://hooks.slack.com/… (http: loopback only)")
    if _is_slack(host):
        _check_slacks_webhook(host, path)
    return address


def _check_slacks_webhook(host: str, path: str) -> None:
    """Raises ValueError. Slack answers several of its addresses with a success that is none."""
    if host.startswith("hooks.") and path.startswith(("/triggers/", "/workflows/")):
        raise ValueError(
            "is the address of a workflow (Workflow Builder), which takes no messages; make an incoming webhook: "
            "https://hooks.slack.com/services/…"
        )
    if host not in ("hooks.slack.com", "hooks.slack-gov.com") or not re.fullmatch(r"/services(/[\w-]+){3}/?", path):
        raise ValueError(
            "is an address of Slack's, and not that of an incoming webhook: https://hooks.slack.com/services/T…/B…/…"
        )


def _check_api(address: str) -> str:
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".")
    if _is_slack(host) and (host, parts.path.rstrip("/")) not in (("slack.com", "/api"), ("slack-gov.com", "/api")):
        raise ValueError("should be https://slack.com/api/ (https://slack-gov.com/api/ for GovSlack)")
    return address.rstrip("/") + "/"


def _check_token(token: SecretStr) -> SecretStr:
    if token.get_secret_value().startswith(("xapp-", "xoxe")):
        raise ValueError("is an app-level or a refresh token; the Bot User OAuth Token starts with xoxb-")
    return token


def _is_slack(host: str) -> bool:
    return re.fullmatch(r"(.+\.)?slack(-gov)?\.com", host) is not None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SlackSettings(Settings):
    """Variables of the connector: a bot token with channels, or one incoming webhook."""

    slack_bot_token: Annotated[Credential, AfterValidator(_check_token)] | None = None
    slack_channel: Annotated[TextMap, AfterValidator(_check_keys), AfterValidator(_check_channels)] = KeyMap({})
    slack_webhook_url: Annotated[SecretStr, AfterValidator(_check_webhook)] | None = None
    slack_threads: bool = False
    slack_api_url: Annotated[WebAddress, AfterValidator(_check_api)] = "https://slack.com/api/"
    slack_when_unsure: Literal["twice", "never"] = "twice"
    slack_rate: Annotated[float, Field(ge=0.001, le=10_000)] = 1
    """Messages a second for each channel: https://docs.slack.dev/apis/web-api/rate-limits"""
    slack_ticket_url: Annotated[TextMap, AfterValidator(_check_keys), AfterValidator(_check_templates)] = KeyMap({})
    slack_feedback_field: str = "message"

    @model_validator(mode="after")
    def _one_way_to_post(self) -> SlackSettings:
        if problems := self._conflicts():
            raise ValueError("\n".join(problems))
        return self

    def _conflicts(self) -> list[str]:
        """What doesn't go together; each line starts with the variable's name, for no single field is to blame."""
        name = self.variable
        token, webhook, channels = self.slack_bot_token, self.slack_webhook_url, any(self.slack_channel.items())
        problems = []
        if token and webhook:
            problems.append(f"{name('slack_webhook_url')}: set either this or {name('slack_bot_token')}, not both")
        elif not token and not webhook:
            problems.append(
                f"{name('slack_bot_token')}: required, but not set"
                if channels
                else f"{name('slack_bot_token')}: set this and {name('slack_channel')}, or {name('slack_webhook_url')}"
            )
        elif token and not channels:
            wanted = "a channel, or ABC project id=channel"
            problems.append(f"{name('slack_channel')}: required with {name('slack_bot_token')}: {wanted}")
        elif webhook and channels:
            advice = f"an incoming webhook posts to its own channel only; use {name('slack_bot_token')}"
            problems.append(f"{name('slack_channel')}: {advice}")
        if self.slack_threads and not token:
            why = "an incoming webhook can't reply in a thread"
            problems.append(f"{name('slack_threads')}: needs {name('slack_bot_token')}; {why}")
        return problems
