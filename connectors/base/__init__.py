"""The contract of a connector: try once, and return an outcome.

A connector never retries, sleeps, schedules or logs the outcome: it returns an outcome, and the job layer does
the rest. It may be run again at any moment, after any step, by another process. So it keeps a note (`context.keep`)
before an effect that can't be undone, and when it finds such a note, it looks for the effect before it acts.
"""

from __future__ import annotations

from connectors.base.abilities import Changed, Changing, Gathering, Locating, Preview, Previewing, Restoring
from connectors.base.context import Context, Links, TicketSystem, Tools
from connectors.base.outcomes import Done, Failed, LeaseLost, Outcome, Reason, Retry, Skipped
from connectors.base.spec import VERSION, Check, Connector, Destination, Spec, TicketKind, note

__all__ = [
    "VERSION",
    "Changed",
    "Changing",
    "Check",
    "Connector",
    "Context",
    "Destination",
    "Done",
    "Failed",
    "Gathering",
    "LeaseLost",
    "Links",
    "Locating",
    "Outcome",
    "Preview",
    "Previewing",
    "Reason",
    "Restoring",
    "Retry",
    "Skipped",
    "Spec",
    "TicketKind",
    "TicketSystem",
    "Tools",
    "note",
]
