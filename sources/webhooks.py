"""The declaration of a source that only sends webhooks: its secret, its proof, its events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import Field, create_model

from bridge.settings import Settings
from sources import tickets
from sources.base import Event, Request, Sample, Unread
from sources.secrets import Secrets, values
from sources.signatures import Proof
from sources.source import Source, keeps_nothing, no_facts


class Events(Protocol):
    """The module `events` of a source."""

    NAME: str
    NAMES: tuple[str, ...]

    def parse(self, request: Request) -> Event | Unread: ...


class Samples(Protocol):
    """The module `samples` of a source."""

    def sample(self, name: str) -> Sample: ...


def _samples(events: Events, samples: Samples) -> Callable[[str], Sample]:
    """The samples of a source, and under the name that all ticket systems share that of a new comment."""
    shared = f"{events.NAME}.{tickets.COMMENT}"

    def sample(name: str) -> Sample:
        if name == shared:
            made = ((known, events.parse(samples.sample(known).request())) for known in events.NAMES)
            name = next((known for known, event in made if isinstance(event, Event) and shared in event.aliases), name)
        return samples.sample(name)

    return sample


def webhook_source(
    title: str,
    variable: str,
    proof: Callable[[list[str]], Proof],
    events: Events,
    samples: Samples,
    *,
    secrets: Any = Secrets,
    kept: Callable[[Request], Mapping[str, str]] = keeps_nothing,
    has_tickets: bool = False,
) -> Source:
    """`variable`: of its secrets, whose type is `secrets`; `proof`: (secrets) -> how a request proves itself; `kept`:
    as in Source; `has_tickets`: whether its events are `tickets.TicketEvent`."""
    field = variable.lower()
    fields: Any = {field: (secrets, Field(default=[]))}
    return Source(
        name=events.NAME,
        title=title,
        settings=create_model(f"{title}WebhookSettings", __base__=Settings, **fields),
        secret=variable,
        events=events.NAMES,
        proof=lambda settings: proof(values(getattr(settings, field))),
        parse=events.parse,
        samples=_samples(events, samples),
        kept=kept,
        facts=tickets.NAMES if has_tickets else frozenset(),
        facts_of=tickets.facts_of if has_tickets else no_facts,
    )
