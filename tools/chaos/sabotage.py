"""Switches off one protection of the service, to prove that the suite notices. Runs inside the attacked process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from uuid import uuid4


def _cut(scripts: dict[str, str], name: str, text: str, instead: str) -> None:
    """Replaces a part of a Lua script. Raises LookupError if the part no longer exists: a sabotage without effect would
    prove nothing."""
    if text not in scripts[name]:
        raise LookupError(f"chaos: {name}.lua has no {text!r} to switch off: look at tools/chaos/sabotage.py")
    scripts[name] = scripts[name].replace(text, instead)


def _cut_included(scripts: dict[str, str], text: str, instead: str) -> None:
    """The same for a part of hold.lua, in every script that includes it."""
    for name in [name for name, script in scripts.items() if text in script] or ["hold"]:
        _cut(scripts, name, text, instead)


def _without_lock(scripts: Any) -> None:
    """Two deliveries of one connector for one issue run at the same time."""
    _cut(scripts.LUA, "lease", "if blocker then", "if false then")
    _cut_included(scripts.LUA, "and not held_by_another(p, hold, id, now)", "")


def _without_marker(tickets: Any) -> None:
    """The ticket system is never asked whether it has the issue's ticket."""
    tickets.Tickets._marked = lambda *_: None


def _without_lease(scripts: Any) -> None:
    """Each worker that gets a delivery runs it, also if another worker is running it."""
    _cut(scripts.LUA, "lease", "if state == 'running' and tonumber(d[3] or 0) > now then return {'busy'} end", "")
    _cut_included(scripts.LUA, "d[1] == 'running' and d[2] == token", "true")
    _cut(scripts.LUA, "settle", "if d[1] ~= 'running' or d[2] ~= token then return {'lost'} end", "")


def _without_intent(module: Any) -> None:
    """No intent is recorded before a ticket is made."""
    kept = module.RedisLinks.set

    def forgetful(links: Any, entity: str, created: str, **values: str) -> None:
        values.pop("intent", None)
        if values:
            kept(links, entity, created, **values)

    module.RedisLinks.set = forgetful


def _without_dedup(events: Any) -> None:
    """An event that is sent again counts as another event."""
    identify = events.event_id
    events.event_id = lambda *identity: identify(*identity, uuid4().hex)


def _without_clock(scripts: Any) -> None:
    """No worker gets the deliveries of a killed worker, nor those that must be retried."""
    _cut(scripts.LUA, "tick", "local idle =", "if true then return {} end local idle =")


Patch = Callable[[ModuleType], None]
PROTECTIONS: Mapping[str, tuple[str, Patch]] = {
    "lock": ("jobs.ledger.scripts", _without_lock),
    "marker": ("connectors.tickets.tickets", _without_marker),
    "lease": ("jobs.ledger.scripts", _without_lease),
    "intent": ("jobs.ledger.links", _without_intent),
    "dedup": ("sources.abc.events", _without_dedup),
    "clock": ("jobs.ledger.scripts", _without_clock),
}
"""The protections that can be switched off: (module, how)."""
