"""Sources by configuration alone: any name in SOURCES that is not built in (docs/sources/generic.md)."""

from __future__ import annotations

import re

from bridge.settings import Settings
from sources.generic import events, samples
from sources.generic.settings import GenericSettings, make_settings, proof_of
from sources.source import Source

NAME = re.compile(r"[a-z0-9](?:[a-z0-9_]{0,28}[a-z0-9])?")
"""Of a generic source: part of its variables, its address and the names of its events."""


def make_source(name: str, settings: Settings | None = None) -> Source:
    """The source of that name. `settings`: those of `settings_class`, where they are known."""
    kind = make_settings(name)
    paths = settings if isinstance(settings, GenericSettings) else kind()
    return Source(
        name=name,
        title=name,
        settings=kind,
        secret=kind.variables()["secret"],
        events=(),
        proof=proof_of,
        parse=lambda request: events.parse(name, paths, request),
        samples=lambda event: samples.sample(name, paths, event),
        kept=lambda request: events.kept(paths, request),
    )
