"""The shapes of the JSON API: what requests may hold and answers contain. Imported when the first one is needed:
`GET /api/openapi.json` is made from them, and bodies of requests are read by them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from console.condition import LastError, Place
from console.condition import State as ConnectorState
from jobs.ledger.query import FILTERS, LONGEST_PAGE, LONGEST_TEXT, PAGE
from jobs.replay import FASTEST, LONGEST_ID, LONGEST_REASON, RATE, SLOWEST

State = Literal["queued", "running", "retrying", "done", "skipped", "dead"]
Time = Annotated[str, Field(description="ISO 8601, in UTC", examples=["2026-11-01T00:00:00.000Z"])]
DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-][0-9]{2}:[0-9]{2})?"
Instant = Annotated[
    str,
    Field(
        description="A time (2026-11-01T00:00Z), or how long ago (36h, 7d)",
        pattern=rf"^([0-9]{{1,5}}[mhd]|{DAY}(T{CLOCK})?)?$",
    ),
]
Cursor = Annotated[
    str, Field(description="`next` of the previous page", pattern=r"^([0-9]{1,15}-[0-9a-f]{20}(\.[a-z0-9.]+)?)?$")
]


class Delivery(BaseModel):
    id: str
    event_id: str
    event: str
    source: str
    connector: str
    entity: str
    state: State
    attempts: int
    result: Any
    error: str | None
    reason: str | None
    received_at: Time | None
    created_at: Time | None
    updated_at: Time | None
    next_attempt_at: Annotated[Time, Field(description="Where one is planned")] = ""


class Deliveries(BaseModel):
    deliveries: list[Delivery]
    next: Annotated[str | None, Field(description="The cursor of the next page; null at the end")]
    searched_until: Annotated[
        Time | None,
        Field(description="If the page ended at the limit of its search: the time down to which it searched"),
    ]


class EventRow(BaseModel):
    id: str
    event: str
    source: str
    entity: str
    state: Literal["accepted", "ignored", "unreadable"]
    why: str | None
    received_at: Time | None
    seen: int


class Events(BaseModel):
    events: list[EventRow]


class Call(BaseModel):
    method: str
    address: str
    status: Annotated[int | None, Field(description="Null without an answer")]
    seconds: float
    request: Annotated[str, Field(description="The start of the request, for the last call of a failed attempt")] = ""
    answer: str = ""


class Attempt(BaseModel):
    at: Annotated[float, Field(description="Seconds since 1970")]
    seconds: float
    outcome: State
    why: str = ""
    reason: str = ""
    calls: Annotated[list[Call], Field(description="The last requests that it made")] = []


class DeliveryWhole(Delivery):
    attempts_log: list[Attempt]


class EventWhole(EventRow):
    body: Any
    deliveries: list[DeliveryWhole]


class Condition(BaseModel):
    name: str
    connector: str
    state: ConnectorState
    what: Annotated[str, Field(description="What is so")]
    to_do: Annotated[str, Field(description='What to do; "" for one that is healthy')]
    since: Annotated[str | None, Field(description="When that began, in ISO 8601")]
    next: Annotated[str | None, Field(description="When the next attempt follows, where something failed")]
    destinations: list[Place]
    last_error: LastError | None


class Conditions(BaseModel):
    connectors: list[Condition]


class Description(BaseModel):
    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]
    security: list[dict[str, list[str]]]


class DeadGroup(BaseModel):
    connector: str
    reason: str
    count: int
    newest: Time
    oldest: Time
    newest_id: str
    error: Annotated[str, Field(description="Of the newest")]
    advice: Annotated[str, Field(description="What to do")]


class DeadGroups(BaseModel):
    groups: list[DeadGroup]
    next: str | None


class Hour(BaseModel):
    hour: Time
    events: Annotated[dict[str, int], Field(description="How many came, by source")]
    outcomes: Annotated[dict[str, dict[str, int]], Field(description="How attempts ended, by connector and outcome")]


class Hours(BaseModel):
    hours: list[Hour]


class Replayed(BaseModel):
    id: str
    state: str


class Planned(BaseModel):
    id: str
    count: int
    next: str | None


class Progress(BaseModel):
    id: str
    count: int
    done: int
    skipped: int
    dead: int
    left: int
    connector: Annotated[str, Field(description="Of its filter")]
    reason: Annotated[str, Field(description="Of its filter")]


class Dropped(BaseModel):
    count: Annotated[int, Field(description="How many this request dropped")]
    next: Annotated[str | None, Field(description="The cursor for the rest; null when there is none")]


class Resumed(BaseModel):
    name: str
    resumed: bool


class Error(BaseModel):
    error: Annotated[str, Field(description="What happened, and what to do")]


# What requests may hold


def _filters(**others: Any) -> dict[str, Any]:
    """Each filter of jobs/ledger/query.py as a field; `others`: those whose type is not that of a text."""
    return {name: (others.get(name, str), Field("", description=meaning)) for name, meaning in FILTERS.items()}


TYPES = {"since": Instant, "until": Instant, "q": Annotated[str, Field(max_length=LONGEST_TEXT)]}
DeliveriesQuery = create_model(
    "DeliveriesQuery",
    **_filters(**TYPES, state=Literal["", State]),
    limit=(int, Field(PAGE, ge=1, le=LONGEST_PAGE)),
    cursor=(Cursor, ""),
)


class EventsQuery(BaseModel):
    state: Literal["", "ignored", "unreadable"] = ""
    limit: int = Field(PAGE, ge=1, le=LONGEST_PAGE)


class DeadQuery(BaseModel):
    connector: str = ""
    reason: str = ""
    cursor: Cursor = ""


class HoursQuery(BaseModel):
    since: Instant = Field("", description="As in /api/deliveries; 24h when it is missing")


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DropGroupBody(Body):
    """A group of `GET /api/dead`."""

    connector: str = Field(min_length=1)
    reason: str = Field(min_length=1, description="Why they died, such as auth")
    why: str = Field(
        min_length=1, max_length=LONGEST_REASON, pattern=r"\S", description="Why they are dropped; kept with each"
    )
    cursor: Cursor = ""


class DropBody(Body):
    reason: str = Field(
        min_length=1, max_length=LONGEST_REASON, pattern=r"\S", description="Why; kept with the delivery"
    )


ReplayBody = create_model(
    "ReplayBody",
    __base__=Body,
    __doc__="At least one of the filters of `GET /api/deliveries`, the rate, and, to continue, id and cursor of the "
    "earlier answer.",
    **_filters(**TYPES) | {"state": (State, Field("dead", description=FILTERS["state"]))},
    cursor=(Cursor, ""),
    rate=(float, Field(RATE, ge=SLOWEST, le=FASTEST, description="Deliveries a second")),
    id=(
        str,
        Field("", max_length=LONGEST_ID, pattern=r"^[0-9A-Za-z]*$", description="The id of the replay to continue"),
    ),
)
