"""The colour of a status, for systems that show one beside a message. Pure."""

from __future__ import annotations

COLOURS = {
    "INIT": "#2F80ED",
    "ON_REVIEW": "#9B51E0",
    "IN_PROGRESS": "#FAC11B",
    "RESOLVED": "#27AE60",
    "PENDING": "#828282",
}
OTHER_COLOUR = "#56CCF2"


def colour_of(status: str) -> str:
    """The colour as `#RRGGBB`; `status`: the issue's, as the source spells it."""
    return COLOURS.get(status, OTHER_COLOUR)
