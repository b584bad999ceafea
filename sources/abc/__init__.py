"""ABC User Feedback (docs/sources/abc.md)."""

from __future__ import annotations

from collections.abc import Callable

from bridge.settings import ServiceSettings
from sources.abc import events, facts, samples
from sources.abc.models import NAME
from sources.abc.settings import AbcSettings
from sources.base import Source, Sweep
from sources.signatures import Proof, Token


def _proof(settings: AbcSettings) -> Proof:
    return Token("x-webhook-token", (token.get_secret_value() for token in settings.webhook_token))


def _sweep(service: ServiceSettings, heard: Callable[[str], str]) -> Sweep | None:
    from sources.abc.sweep import make_sweep  # the API client, which the web process does without

    return make_sweep(service, heard)


def _sample(name: str) -> bytes:
    return samples.body(name, project=1, channel=1, issue=1, feedback=1)


SOURCE = Source(
    name=NAME,
    settings=AbcSettings,
    secret="WEBHOOK_TOKEN",  # noqa: S106  the name of a variable
    events=tuple(events.KINDS),
    proof=_proof,
    parse=events.read,
    samples=_sample,
    implied=events.implied,
    facts=facts.NAMES,
    facts_of=facts.facts_of,
    sweep=_sweep,
)
