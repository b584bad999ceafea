"""What the webhook in ABC User Feedback should be, and how one differs from it. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pydantic import SecretStr

from sources.abc.admin import Webhook
from sources.abc.events import KINDS

NAME = "Feedback Bridge"
PATH = "/webhook"
OF_CHANNELS = ("FEEDBACK_CREATION", "ISSUE_ADDITION")
"""The events that ABC announces for the listed channels only; the others are about a whole project."""


def why_refused(url: str) -> str:
    """Why ABC takes no such address for a webhook, "" where it does: it wants a name with a dot, or an IP address."""
    host = _parts(url).hostname or ""
    if "." in host.strip(".") or _is_ip(host):
        return ""
    return f"ABC User Feedback refuses '{host}': it wants a host name with a dot, or an IP address"


def doubts(url: str) -> Iterator[str]:
    """What is probably a mistake in an address that ABC takes."""
    parts = _parts(url)
    if not parts.path.rstrip("/").endswith(PATH):
        yield f"the address does not end in {PATH}, where the receiver listens: does a proxy change the path?"
    if parts.scheme == "http" and not _is_ip(parts.hostname or ""):
        yield "the address is http, so the token and people's feedback travel unencrypted"


def wanted(
    webhooks: Iterable[Webhook], url: str, token: SecretStr, events: Iterable[str], channels: Iterable[int]
) -> tuple[Webhook | None, Webhook]:
    """The webhook with this address as it is (None: there is none), and as it should be. It keeps its name; a new one
    gets a name that is free, because ABC refuses a second one of that name in a project."""
    known = list(webhooks)
    before = next((webhook for webhook in known if _same(webhook.url, url)), None)
    taken = {webhook.name for webhook in known}
    names = (NAME if number == 1 else f"{NAME} {number}" for number in range(1, len(taken) + 2))
    of = frozenset(channels)
    chosen = [name for name in KINDS if name in set(events)]
    after = Webhook(
        before.name if before else next(name for name in names if name not in taken),
        url,
        True,
        token,
        {name: of if name in OF_CHANNELS else frozenset() for name in chosen},
        before.id if before else 0,
    )
    return before, after


def others(webhooks: Iterable[Webhook], url: str, kept: int) -> list[Webhook]:
    """Active webhooks with the same address besides the one with the id `kept`: each event comes twice."""
    return [webhook for webhook in webhooks if webhook.active and webhook.id != kept and _same(webhook.url, url)]


def changes(before: Webhook | None, after: Webhook) -> list[str]:
    """What differs, a line each, without the token; none where nothing does."""
    if before is None:
        before = replace(after, url="", active=False, token=None, events={})
    lines = []
    if before.url != after.url:
        lines.append(f"url: {before.url or 'none'} → {after.url}")
    if before.active != after.active:
        lines.append(f"status: {_status(before)} → {_status(after)}")
    if not _same_token(before.token, after.token):
        lines.append(f"token: {'another one' if before.token else 'none'} → the first one of WEBHOOK_TOKEN")
    for name in dict.fromkeys([*after.events, *before.events]):
        old, new = before.events.get(name), after.events.get(name)
        if old != new:
            lines.append(f"{name}: {_channels(old)} → {_channels(new)}")
    return lines


def ours(webhooks: Iterable[Webhook], console_url: str, tokens: Iterable[SecretStr]) -> Webhook | None:
    """The webhook that points here: to the host of CONSOLE_URL, else to some `…/webhook`, an active one with our token
    first. None where there is none."""
    host, known = _parts(console_url).hostname, list(tokens)

    def rank(webhook: Webhook) -> tuple[bool, bool, bool]:
        here = host is not None and _parts(webhook.url).hostname == host
        return here, has_token(webhook, known), webhook.active

    found = [webhook for webhook in webhooks if _is_receiver(webhook.url)]
    return max(found, key=rank, default=None)


def has_token(webhook: Webhook, tokens: Iterable[SecretStr]) -> bool:
    return any(_same_token(webhook.token, token) for token in tokens)


def is_silent(webhooks: Iterable[Webhook]) -> bool:
    """Whether the project announces nothing to a receiver: it has webhooks to one, and all are switched off."""
    found = [webhook.active for webhook in webhooks if _is_receiver(webhook.url)]
    return bool(found) and not any(found)


def missing(webhook: Webhook, needed: Iterable[str], channels: Mapping[int, str]) -> Iterator[tuple[str, list[int]]]:
    """(event, channels that it leaves out) for each event of `needed` that is not announced whole; without channels
    where the event is not on at all."""
    for name in needed:
        if name not in webhook.events:
            yield name, []
        elif name in OF_CHANNELS and (left_out := sorted(channels.keys() - webhook.events[name])):
            yield name, left_out


def _is_receiver(url: str) -> bool:
    parts = _parts(url)
    return parts.scheme in ("http", "https") and parts.path.rstrip("/").endswith(PATH)


def _same(one: str, other: str) -> bool:
    """Whether two addresses lead to one receiver: it takes `/webhook` and `/webhook/`."""
    split = (_parts(url) for url in (one, other))
    first, second = ((at.scheme, at.netloc.lower(), at.path.rstrip("/"), at.query) for at in split)
    return first == second


def _same_token(one: SecretStr | None, other: SecretStr | None) -> bool:
    first, second = (token.get_secret_value() if token else "" for token in (one, other))
    return hmac.compare_digest(first.encode("utf-8", "replace"), second.encode("utf-8", "replace"))


def _status(webhook: Webhook) -> str:
    return "ACTIVE" if webhook.active else "INACTIVE"


def _channels(ids: frozenset[int] | None) -> str:
    if ids is None:
        return "off"
    return f"on, channels {', '.join(map(str, sorted(ids)))}" if ids else "on"


def _parts(url: str) -> SplitResult:
    """Also of what is no address: ABC takes nearly any text for one."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
