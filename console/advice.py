"""What to do about dead letters, by the reason of their failure. `flask events`, the JSON API and the pages show it."""

from __future__ import annotations

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "auth": "Replace the credentials, or give them the permission that the error names; run flask check; then replay.",
    "config": "Correct the variable or the setting that the error names; run flask check; then replay.",
    "rate_limited": "Wait until that system takes more, or lower <CONNECTOR>_RATE; then replay at a low rate.",
    "quota": "Buy more of it, or wait for the next period; then replay.",
    "timeout": "Look whether that system works, and how fast it answers; then replay.",
    "network": "Look whether that system can be reached from here (address, DNS, proxy, certificate); then replay.",
    "server_error": "Look at the status of that system; when it works again, replay.",
    "client_error": "That system refuses this very request: correct what the error names; then replay, or drop it.",
    "gone": "The address is given up (410): set a new one, start the connector with flask resume; then replay.",
    "not_found": "What the event is about was deleted: nothing is left to do; drop.",
    "not_yet": "What the event is about could not be read for days: look whether it exists; then replay or drop.",
    "ambiguous": "Look at that system whether it was done: if so drop, else replay.",
    "crashed": "A defect of the connector: look for the delivery in the log, and report it; replay after an update.",
}  # fmt: skip
UNKNOWN = "Read the error; replay when its cause is gone."


def advice_for(reason: str) -> str:
    """A sentence, also for a reason of a newer version."""
    return ADVICE.get(reason, UNKNOWN)
