"""ABC User Feedback (docs/sources/abc.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bridge.http import new_session
from sources.abc import events, facts, samples, web
from sources.abc.models import NAME
from sources.abc.settings import AbcSettings, ApiSettings
from sources.base import Sample
from sources.signatures import Proof, Token
from sources.source import Source
from sources.sweep import Api, Sweep

if TYPE_CHECKING:
    from sources.abc.client import AbcClient


def _proof(settings: AbcSettings) -> Proof:
    return Token("x-webhook-token", (token.get_secret_value() for token in settings.webhook_token))


def _client(settings: ApiSettings, connections: int) -> AbcClient:
    from sources.abc.client import AbcClient  # only here and below: the web process does without

    assert settings.abc_api_url, "Api.is_configured"
    return AbcClient(settings.abc_api_url, settings.abc_api_key, new_session(connections))


def _sweep(client: AbcClient, settings: ApiSettings, instance: str, name_of: Callable[[str], str]) -> Sweep:
    from sources.abc.sweep import make_sweep

    return make_sweep(client, settings, instance, name_of)


def _sample(name: str) -> Sample:
    return Sample(samples.body(name, project=1, channel=1, issue=1, feedback=1))


SOURCE = Source(
    name=NAME,
    title="ABC User Feedback",
    settings=AbcSettings,
    secret="WEBHOOK_TOKEN",  # noqa: S106  the name of a variable
    events=tuple(events.KINDS),
    proof=_proof,
    parse=events.read,
    samples=_sample,
    implied=events.implied,
    facts=facts.NAMES,
    facts_of=facts.facts_of,
    address_of=web.address_of,
    api=Api(
        variables=("ABC_API_URL", "ABC_API_KEY"),
        settings=ApiSettings,
        is_configured=lambda settings: settings.abc_api_url is not None,
        channels=lambda settings: settings.reconcile_channels,
        client=_client,
        sweep=_sweep,
    ),
)
