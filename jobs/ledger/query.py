"""What a search for deliveries may ask for. The filters are declared here once; the JSON API, the commands and the
pages offer them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bridge.times import instant
from sources import spelled

PAGE = 50
LONGEST_PAGE = 500
LONGEST_TEXT = 200
"""Characters of `q`."""


class BadQuery(Exception):
    """A query that cannot be answered; the message names the parameter and what is wrong with it."""


def _filter(meaning: str, default: str | None = "") -> Any:
    """`meaning`: shown with the parameter, and with the command's option."""
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Query:
    """What to list; an empty text lists all. `since` and `until` in seconds since 1970."""

    state: str = _filter("Only deliveries in this state")
    connector: str = _filter("Only of this connector instance, such as slack or slack.mobile")
    event: str = _filter("Only of events with this name, such as ISSUE_CREATION, or of the event with this id")
    source: str = _filter("Only of events of this source, by its name in SOURCES")
    project: str = _filter("Only of this project of the source, such as 1 or acme/app")
    entity: str = _filter("Only about this entity, as the list shows it: source:kind:project:id")
    reason: str = _filter("Only where the last attempt failed for this reason, such as auth")
    q: str = _filter("Only with this text in the event, the result or the error: an issue's name, a ticket's key")
    since: float | None = _filter("Only from this time on (2026-11-01T00:00Z), or from that long ago (36h, 7d)", None)
    until: float | None = _filter("Only up to this time", None)
    limit: int = PAGE
    cursor: str = ""

    @staticmethod
    def of(words: Mapping[str, str], now: float) -> Query:
        """From the parameters of a request, as a person writes them; unknown ones are ignored. `now`: seconds since
        1970. Raises BadQuery."""
        known: dict[str, Any] = {name: words.get(name, "").strip() for name in (*FILTERS, "limit", "cursor")}
        if len(known["q"]) > LONGEST_TEXT:
            raise BadQuery(f"q: at most {LONGEST_TEXT} characters")
        for name in TIMES:
            known[name] = _time(name, known[name], now)
        known["limit"] = limit_of(known["limit"])
        return Query(**known | {"entity": spelled(known["entity"])})


FILTERS: dict[str, str] = {item.name: item.metadata["meaning"] for item in fields(Query) if item.metadata}
"""The filters, each with its meaning."""
TIMES = "since", "until"


def check_limit(limit: int) -> None:
    """Raises BadQuery."""
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadQuery(f"limit: 1 to {LONGEST_PAGE}")


def limit_of(text: str) -> int:
    """Of a page; "" for the default. Raises BadQuery."""
    if not text:
        return PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise BadQuery(f"limit: a number, 1 to {LONGEST_PAGE}")
    return int(text)


def _time(name: str, text: str, now: float) -> float | None:
    try:
        return instant(text, now) if text else None
    except ValueError as error:
        raise BadQuery(f"{name}: {error}") from None
