"""What to do about a delivery and about a connector: one catalogue for commands, the JSON API and pages.

The texts are in console/texts/, in each language of the pages. Commands and the API use English.
"""

from __future__ import annotations

from typing import Any

from console.texts.en import TEXTS


def english(key: str, **values: Any) -> str:
    return TEXTS[key].format(**values)


def advice_key(state: str, reason: str) -> str:
    """The key of what to do about a delivery; "" where nothing failed. Reasons of a newer version have one too."""
    if not reason or state in ("done", "skipped"):
        return ""
    group = "advice." if state == "dead" else "waits."
    return group + reason if group + reason in TEXTS else f"{group}other"


def advice_for(reason: str) -> str:
    """About dead letters with this reason."""
    return english(advice_key("dead", reason or "other"))
