"""NocoBase: starts a workflow for each event, or creates a record in a collection."""

from __future__ import annotations

from connectors.base import Connector, Spec, Tools
from connectors.nocobase.settings import NocoBaseSettings
from connectors.webhooks.body import DEFAULT_EVENTS


def build(settings: NocoBaseSettings, tools: Tools) -> Connector:
    if settings.api_key is None:
        from connectors.nocobase.workflow import Workflow

        return Workflow(settings, tools)
    from connectors.nocobase.records import Records

    return Records(settings, tools, settings.api_key)


SPEC = Spec(kind="nocobase", settings=NocoBaseSettings, default_events=DEFAULT_EVENTS, build=build)
