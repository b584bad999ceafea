"""Shop, a made-up sender: `{"event": "order.paid", "id": "ev_81", "at": "2026-05-04T09:30:00Z", "order": 12}`, with its
secret in the header `x-shop-token`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pydantic import Field

from bridge.settings import Settings
from sources.base import Event, Request, Sample, Subject, Summary, Unread, event_id
from sources.reading import digest, moment, plain, text
from sources.secrets import HeaderSecrets, values
from sources.signatures import Proof, Token
from sources.source import Source

NAME = "shop"
WHAT = {"order.paid": "done", "order.cancelled": "deleted"}  # keys of OCCURRENCES in connectors/texts.py


class ShopSettings(Settings):
    """SHOP_WEBHOOK_SECRET: several, comma-separated, while one replaces another."""

    shop_webhook_secret: HeaderSecrets = Field(default=[])


def proof(settings: ShopSettings) -> Proof:
    return Token("x-shop-token", tuple(values(settings.shop_webhook_secret)))


def parse(request: Request) -> Event | Unread:
    """Pure, and it never raises, whatever the body holds."""
    body, name = request.body, plain(request.body.get("event"))
    id_ = event_id(request.instance, NAME, text(body, "id") or digest(request.raw))
    if not name:
        return Unread(id_, "unreadable", "there is no event name", NAME)
    order = text(body, "order")
    return Event(
        source=NAME,
        id=id_,
        name=f"{NAME}.{name}",
        subject=Subject(NAME, "order", "", order) if order else Subject(NAME, "event", "", id_),
        occurred=moment(body, "at"),
        body=body,
        summary=Summary(f"Order {order}", what=WHAT.get(name, "")),
    )


def sample(name: str) -> Sample:
    """The event as it would be sent now."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    body = {"event": name.removeprefix(f"{NAME}."), "id": f"ev_{now}", "at": now, "order": 12}
    return Sample(json.dumps(body).encode())


SOURCE = Source(
    name=NAME,
    title="Shop",
    settings=ShopSettings,
    secret="SHOP_WEBHOOK_SECRET",  # noqa: S106 - the name of the variable
    events=tuple(f"{NAME}.{name}" for name in WHAT),
    proof=proof,
    parse=parse,
    samples=sample,
)
