"""The ticket system of each ABC project in a run, and the status maps in both directions. Pure."""

from __future__ import annotations

from collections.abc import Mapping

STATUSES = ("INIT", "ON_REVIEW", "IN_PROGRESS", "RESOLVED", "PENDING")
JIRA = ("To Do", "In Progress", "In Progress", "Done", "To Do")
GITHUB = ("open", "open", "open", "closed", "closed:not_planned")
GITLAB = ("opened", "opened", "opened", "closed", "closed")
BLUE = ("Inbox", "In Progress", "In Progress", "done", "Closed")
SYSTEMS = {1: "jira", 2: "github", 3: "gitlab", 4: "blue"}
"""ABC project -> its ticket system."""
THERE: Mapping[str, dict[str, str]] = {
    system: dict(zip(STATUSES, names, strict=True))
    for system, names in zip(SYSTEMS.values(), (JIRA, GITHUB, GITLAB, BLUE), strict=True)
}
"""Ticket system -> ABC's status -> the status there."""
BACK: Mapping[str, Mapping[str, str]] = {
    system: {there: here for here, there in reversed(names.items())} for system, names in THERE.items()
}
"""Ticket system -> the status there -> ABC's status; the first one if several fit."""


def variables() -> dict[str, str]:
    """`<TICKETS>_STATUS_MAP` and `<TICKETS>_STATUS_BACK`."""
    maps = ((system, "MAP", names) for system, names in THERE.items())
    back = ((system, "BACK", names) for system, names in BACK.items())
    return {
        f"{system.upper()}_STATUS_{which}": ",".join("=".join(pair) for pair in names.items())
        for system, which, names in (*maps, *back)
    }
