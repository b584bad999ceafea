"""The service itself as a source: what went wrong, for those who operate it (docs/sources/bridge.md). Nobody sends
these events: `jobs.notices` makes them."""

from __future__ import annotations

from bridge.settings import Settings
from sources.bridge import events, samples
from sources.signatures import Token
from sources.source import Source

SOURCE = Source(
    name=events.NAME,
    title="Feedback Bridge",
    settings=Settings,
    secret="",
    events=events.NAMES,
    proof=lambda _settings: Token("", ()),
    parse=events.parse,
    samples=samples.sample,
)
