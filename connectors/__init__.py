"""Who we act on. A connector is a folder and a line here.

The folder `connectors/<name>/` exposes four names, and imports no third-party library to do so (the web process
reads them, too): `Settings` (a settings class), `DEFAULT_EVENTS` (patterns), `NEEDS_ABC` (whether it can't do without
the API of ABC User Feedback) and `build(settings, tools)`. One that keeps a ticket for each issue also has
`TICKETS = True`: then it gets an ISSUE_ADDITION for issues that a feedback carried at its creation, which the source
does not send. It keeps `key` and `url` of a ticket in its links, and has `ticket_address(settings, project,
external_id)`: where a person finds a ticket, "" where that can't be known without asking; so alerts can link it.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from bridge import settings
from connectors.base import Connector, Tools

REGISTRY: dict[str, str] = {
    "translate": "connectors.translate",
    "jira": "connectors.jira",
    "slack": "connectors.slack",
}


class ConnectorModule(Protocol):
    """What a connector's package exposes."""

    Settings: type[settings.Settings]
    DEFAULT_EVENTS: tuple[str, ...]
    NEEDS_ABC: bool

    @staticmethod
    def build(settings: settings.Settings, tools: Tools) -> Connector: ...


def find(name: str) -> ConnectorModule:
    """The package of the connector `name`. Raises KeyError when there is none of that name."""
    return cast(ConnectorModule, importlib.import_module(REGISTRY[name]))
