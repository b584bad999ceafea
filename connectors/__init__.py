"""Who we act on: the registry of connectors.

A connector is a folder `connectors/<kind>/` whose package declares `SPEC` (connectors.base.Spec), and a line in
REGISTRY; or a package of somebody else with an entry point in the group `feedback_bridge.connectors`, whose name is the
kind and which names such an object.

`name` is the name of an instance everywhere: the kind, or `kind.label` (`slack.mobile`) for a further one.
"""

from __future__ import annotations

from bridge.plug_ins import Registry
from connectors.base import VERSION, Spec

REGISTRY: dict[str, str] = {
    "translate": "connectors.translate",
    "jira": "connectors.jira",
    "github": "connectors.github",
    "gitlab": "connectors.gitlab",
    "blue": "connectors.blue",
    "slack": "connectors.slack",
    "jandi": "connectors.jandi",
    "discord": "connectors.discord",
    "mattermost": "connectors.mattermost",
    "teams": "connectors.teams",
    "outgoing": "connectors.outgoing",
    "nocobase": "connectors.nocobase",
}
"""The package of each connector of ours."""
PLUG_INS = Registry("feedback_bridge.connectors", Spec, VERSION, REGISTRY, "SPEC")


def kinds() -> tuple[str, ...]:
    """Every connector that can be named in CONNECTORS: ours, and those of installed plug-ins."""
    return PLUG_INS.names()


def kind_of(name: str) -> str:
    return name.partition(".")[0]


def label_of(name: str) -> str:
    """`mobile` of `slack.mobile`, "" of `slack`."""
    return name.partition(".")[2]


def find(name: str) -> Spec:
    """What the connector of this instance declares. Raises KeyError when there is none of that kind, and BadPlugIn."""
    return PLUG_INS.find(kind_of(name))
