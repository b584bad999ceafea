"""Events of the service itself: pure."""

from __future__ import annotations

from collections.abc import Mapping

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, moment, plain, text

NAME = "bridge"
ABOUT: Mapping[str, str] = {
    "dead_letter": "connector",
    "breaker_opened": "destination",
    "breaker_closed": "destination",
    "misconfigured": "system",
    "source_silent": "source",
}
"""What each event is about: the key in its body."""
NAMES = tuple(f"{NAME}.{kind}" for kind in ABOUT)


def parse(request: Request) -> Event | Unread:
    """Never raises. The kind, what it is about, the reason, and the moment identify an event."""
    body, kind = request.body, plain(request.body.get("event"))
    if not kind:
        id_ = event_id(request.instance, NAME, digest(request.raw))
        return Unread(id_, "unreadable", "there is no event name", NAME)
    about = text(body, ABOUT.get(kind, "about"))
    id_ = event_id(request.instance, NAME, kind, about, text(body, "reason"), text(body, "at"))
    values = {key: text(body, key) for key in ("count", "reason", "why")}
    what = "webhook_off" if kind == "source_silent" and values["why"] else kind if kind in ABOUT else ""
    return Event(
        NAME,
        id_,
        f"{NAME}.{kind}",
        Subject(NAME, ABOUT.get(kind, "event"), "", about or id_),
        moment(body, "at"),
        body,
        summary=Summary("", what=what, about=about, values=values),
    )
