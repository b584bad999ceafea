"""Who we act on: the registry of connectors.

A connector is a folder `connectors/<kind>/` whose package declares `SPEC` (connectors.base.Spec), and a line in
REGISTRY; or a package of somebody else with an entry point in the group `feedback_bridge.connectors`, whose name is the
kind and which names such an object.

`name` is the name of an instance everywhere: the kind, or `kind.label` (`slack.mobile`) for a further one.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from connectors.base import VERSION, Spec

GROUP = "feedback_bridge.connectors"
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


class BadPlugIn(Exception):
    """An installed plug-in can't be used; the text is for the operator."""


def kinds() -> tuple[str, ...]:
    """Every connector that can be named in CONNECTORS: ours, and those of installed plug-ins."""
    return (*REGISTRY, *sorted(_plug_ins().keys() - REGISTRY.keys()))


def kind_of(name: str) -> str:
    return name.partition(".")[0]


def label_of(name: str) -> str:
    """`mobile` of `slack.mobile`, "" of `slack`."""
    return name.partition(".")[2]


def find(name: str) -> Spec:
    """What the connector of this instance declares. Raises KeyError when there is none of that kind, and BadPlugIn."""
    kind = kind_of(name)
    if kind in REGISTRY:
        spec: Spec = importlib.import_module(REGISTRY[kind]).SPEC
        return spec
    return _load(_plug_ins()[kind])


@cache
def _plug_ins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def _load(point: EntryPoint) -> Spec:
    package = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
    try:
        spec = point.load()
    except Exception as error:  # somebody else's code: whatever it raises is reported
        raise BadPlugIn(f"the plug-in '{point.name}' of {package} can't be imported: {type(error).__name__}") from error
    if not isinstance(spec, Spec) or spec.kind != point.name:
        raise BadPlugIn(f"the plug-in '{point.name}' of {package} does not name a Spec of the kind '{point.name}'")
    if spec.version != VERSION:
        what = f"is written for version {spec.version} of the contract, and this is version {VERSION}"
        raise BadPlugIn(f"the plug-in '{point.name}' of {package} {what}: install a matching release of it")
    return spec
