"""From the body of Logto's webhook to an event: pure, and tolerant of what it does not know.

Facts: https://docs.logto.io/developers/webhooks/webhooks-events and .../webhooks-request
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sources.base import Event, Request, Subject, Summary, Unread, event_id
from sources.reading import digest, label, moment, part, plain

NAME = "logto"
INTERACTIONS = ("PostRegister", "PostSignIn", "PostResetPassword", "PostSignInAdaptiveMfaTriggered")
"""About the user who signs in; the others are about what their name starts with."""
_DATA: Mapping[str, tuple[str, ...]] = {
    "User": ("Created", "Deleted", "Data.Updated", "SuspensionStatus.Updated"),
    "Role": ("Created", "Deleted", "Data.Updated", "Scopes.Updated"),
    "Scope": ("Created", "Deleted", "Data.Updated"),
    "Organization": ("Created", "Deleted", "Data.Updated", "Membership.Updated"),
    "OrganizationRole": ("Created", "Deleted", "Data.Updated", "Scopes.Updated"),
    "OrganizationScope": ("Created", "Deleted", "Data.Updated"),
    "TrustedDevice": ("Created", "Deleted"),
    "Identifier": ("Lockout",),
    "Message": ("RateLimited",),
    "Grant": ("LimitExceeded",),
}
NAMES = tuple(
    f"{NAME}.{name}"
    for name in (*INTERACTIONS, *(f"{kind}.{what}" for kind, changes in _DATA.items() for what in changes))
)
WHAT: Mapping[str, str] = {
    "PostRegister": "registered",
    "PostSignIn": "signed_in",
    "PostResetPassword": "password_reset",
    "Created": "created",
    "Deleted": "deleted",
    "Data.Updated": "updated",
    "SuspensionStatus.Updated": "suspended",
    "Membership.Updated": "members_changed",
    "Scopes.Updated": "scopes_changed",
}
"""What an event means, by its name or by the part behind the kind of thing."""
TEST_PATH = "/fake-path/:id"
"""In what the console's button "send test payload" sends."""


def parse(request: Request) -> Event | Unread:
    """Never raises. Logto sends no id of an event: its time in milliseconds and the id of the hook are in the body, so
    the body is the identity. One with another hook's id is another event."""
    body = request.body
    id_ = event_id(request.instance, NAME, digest(request.raw))
    name = plain(body.get("event"))
    if not name:
        return Unread(id_, "unreadable", "there is no event name", NAME)
    return Event(
        source=NAME,
        id=id_,
        name=f"{NAME}.{name}",
        subject=_subject(name, body, id_),
        occurred=moment(body, "createdAt"),
        body=body,
        summary=_summary(name, body),
    )


def _subject(name: str, body: Mapping[str, Any], id_: str) -> Subject:
    """What the event is about; an event that names nothing is a subject of its own."""
    group = "User" if name in INTERACTIONS else name.partition(".")[0]
    kind = group[:1].lower() + group[1:]
    data, params = part(body, "data"), part(body, "params")
    # After a deletion `data` is empty: the id is only in the path of the request that deleted it.
    candidates = (body.get(f"{kind}Id"), data.get("id"), params.get(f"{kind}Id"), params.get("id"))
    about = next((value for value in candidates if isinstance(value, str) and value), "")
    return Subject(NAME, kind if about else "event", "", about or id_)


def _summary(name: str, body: Mapping[str, Any]) -> Summary:
    """For a message. Neither e-mail address nor phone number nor IP address, which are in every body: a message may
    reach more people than Logto's administrators."""
    data = part(body, "data") or part(body, "user")
    about = next((text for key in ("name", "username", "id") if (text := label(data.get(key)))), "")
    about = about or label(body.get("userId")) or label(next(iter(part(body, "params").values()), ""))
    what = "test" if body.get("path") == TEST_PATH else WHAT.get(name) or WHAT.get(name.partition(".")[2], "")
    title = about if what else ": ".join(filter(None, (name, about)))
    return Summary(title, who=label(part(body, "application").get("name")), what=what)
