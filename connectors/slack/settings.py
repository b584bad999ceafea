"""What an operator sets for Slack: docs/connectors/slack.md."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, model_validator

from bridge.settings import Credential, KeyMap, TextMap, WebAddress
from connectors.alerts.settings import AlertSettings, check_keys, host_of


def _check_channels(values: KeyMap[str]) -> KeyMap[str]:
    for channel in dict(values.items()).values():
        if "/" in channel:
            raise ValueError(f"'{channel}' should be the channel's id: the C0123456789 at the end of its address")
        if not re.fullmatch(r"#?[^\s#]+", channel):
            raise ValueError(f"'{channel}' should be a channel's id (C0123456789) or its name (#feedback)")
    return values


def _check_webhook(address: SecretStr) -> SecretStr:
    host = host_of(address.get_secret_value())
    if not host:
        raise ValueError("should be the address that Slack shows, https://hooks.slack.com/… (http: loopback only)")
    if _is_slack(host):
        _check_slacks_webhook(host, urlsplit(address.get_secret_value()).path)
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


class SlackSettings(AlertSettings):
    """Variables of the connector: a bot token with channels, or one incoming webhook."""

    PREFIX = "slack"
    CHANNELS = "channel"
    BURST = 3  # Slack takes short bursts above its rate; from longer ones it may also hide messages
    # rate: https://docs.slack.dev/apis/web-api/rate-limits

    bot_token: Annotated[Credential, AfterValidator(_check_token)] | None = None
    channel: Annotated[TextMap, AfterValidator(check_keys), AfterValidator(_check_channels)] = KeyMap({})
    webhook_url: Annotated[Credential, AfterValidator(_check_webhook)] | None = None
    threads: bool = False
    api_url: Annotated[WebAddress, AfterValidator(_check_api)] = "https://slack.com/api/"

    def channel_of(self, project: int | str) -> str | None:
        return "webhook" if self.webhook_url else self.channel.get(project)

    @model_validator(mode="after")
    def _one_way_to_post(self) -> SlackSettings:
        if problems := self._conflicts():
            raise ValueError("\n".join(problems))
        return self

    def _conflicts(self) -> list[str]:
        """What doesn't go together; each line starts with the variable's name, for no single field is to blame."""
        name = self.variable
        token, webhook, channels = self.bot_token, self.webhook_url, any(self.channel.items())
        problems = []
        if token and webhook:
            problems.append(f"{name('webhook_url')}: set either this or {name('bot_token')}, not both")
        elif not token and not webhook:
            problems.append(
                f"{name('bot_token')}: required, but not set"
                if channels
                else f"{name('bot_token')}: set this and {name('channel')}, or {name('webhook_url')}"
            )
        elif token and not channels:
            wanted = "a channel, or ABC project id=channel"
            problems.append(f"{name('channel')}: required with {name('bot_token')}: {wanted}")
        elif webhook and channels:
            advice = f"an incoming webhook posts to its own channel only; use {name('bot_token')}"
            problems.append(f"{name('channel')}: {advice}")
        if self.threads and not token:
            why = "an incoming webhook can't reply in a thread"
            problems.append(f"{name('threads')}: needs {name('bot_token')}; {why}")
        return problems
