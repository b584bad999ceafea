"""The state of each connector instance, for pages and programs: what is wrong, since when, and what to do.

Sentences are keys of console/texts/ with their values: a page shows them in its language, the JSON API in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from redis import Redis

from bridge.times import iso
from connectors import kind_of
from console.advice import advice_key, english
from jobs.delivery.stops import Stop
from jobs.ledger.rows import some_texts, time_of
from jobs.runtime import Runtime

State = Literal["stopped", "misconfigured", "down", "failing", "limited", "healthy", "unknown"]
STATES: tuple[State, ...] = get_args(State)
"""The worst first."""
LOOKED_AT = 500
"""Deliveries that failed last, of all connectors, among which the last error of each is looked for."""
LOOKED_AT_OF_EACH = 10
WAITING = frozenset({"", "held", "stopped"})
"""Reasons of deliveries that have not failed."""
OF_ONE_EVENT = frozenset({"client_error", "not_found", "not_yet"})
"""Reasons that are about one event: others may succeed."""
ERROR_FIELDS = ("reason", "why", "updated", "state", "next")


@dataclass(frozen=True, slots=True)
class Place:
    """A destination. `open`: its breaker is; `since` and `next_probe` of the breaker, in ISO 8601; `why`: down, quota,
    or busy (it asked us to wait until `next_probe`). How many deliveries are `waiting` for its return, how many `dead`
    letters that heals, and how many are `limited`: they wait for its rate. `last`: the state in which it was seen last
    (`ok`, `refused`), and when."""

    name: str
    open: bool
    since: str | None
    next_probe: str | None
    why: str | None
    waiting: int
    dead: int
    limited: int
    last: str | None
    last_at: str | None


@dataclass(frozen=True, slots=True)
class LastError:
    """Of the newest delivery that failed and did not succeed since. `next_at`: when it is tried again, in ISO 8601;
    None for a dead letter."""

    error: str
    reason: str
    at: str
    delivery_id: str
    next_at: str | None


@dataclass(frozen=True, slots=True)
class Condition:
    """`key` and `values`: the sentence of what is so; `to_do_key`: of what to do, which gets the `name`; `since`: when
    that began, in ISO 8601, where it is known; `next`: when the next attempt follows, where something failed."""

    name: str
    connector: str
    state: State
    key: str
    values: Mapping[str, Any]
    to_do_key: str
    since: str | None
    next: str | None = None
    destinations: tuple[Place, ...] = ()
    last_error: LastError | None = None

    @property
    def what(self) -> str:
        """In English."""
        return english(self.key, **self.values)

    @property
    def to_do(self) -> str:
        """In English; "" for one that is healthy."""
        return english(self.to_do_key, name=self.name) if self.state != "healthy" else ""

    def as_row(self) -> dict[str, Any]:
        """For programs."""
        row = asdict(self)
        for name in ("key", "values", "to_do_key"):
            del row[name]
        return {**row, "what": self.what, "to_do": self.to_do}


def conditions(runtime: Runtime) -> list[Condition]:
    """One for each connector instance that is on. Raises RedisError."""
    stops = runtime.stops.all()
    places = _places(runtime.redis, f"fb:{runtime.instance}:")
    names = tuple(runtime.configuration.connectors)
    errors = _last_errors(runtime.redis, f"fb:{runtime.instance}:", names)
    return [
        condition_of(name, stops.get(name), [place for place in places if is_of(place.name, name)], errors.get(name))
        for name in names
    ]


def is_of(destination: str, name: str) -> bool:
    """Whether a destination is one of a connector instance's: they are called `<name>` or `<name> …`."""
    return destination == name or destination.startswith(f"{name} ")


def condition_of(name: str, stop: Stop | None, places: list[Place], error: LastError | None) -> Condition:
    """Pure."""
    state, key, values, since = _judged(name, stop, places, error)
    to_do, next_at = f"to_do.{'quota' if key == 'is.quota' else state}", None
    if state == "down":
        next_at = next((place.next_probe for place in places if place.open), None)
    elif key in ("is.failing", "is.rate_limited", "is.busy"):
        next_at = (
            error.next_at if error and key != "is.busy" else next((p.next_probe for p in places if _busy(p)), None)
        )
        is_retried = key == "is.busy" or next_at is not None
        to_do = advice_key("retrying" if is_retried else "dead", error.reason if error else "rate_limited")
    return Condition(name, kind_of(name), state, key, values, to_do, since, next_at, tuple(places), error)


def _judged(
    name: str, stop: Stop | None, places: list[Place], error: LastError | None
) -> tuple[State, str, Mapping[str, Any], str | None]:
    """The state, the key and the values of its sentence, and since when."""
    if stop:
        return "stopped", "is.stopped", {"name": name, "why": stop.why}, iso(stop.since * 1000)
    if refused := next((place for place in places if place.last == "refused"), None):
        known = {"place": refused.name, "error": error.error} if error else {"place": refused.name}
        return "misconfigured", "is.refused_because" if error else "is.refused", known, refused.last_at
    worked = max((place.last_at or "" for place in places if place.last == "ok"), default="")
    if error and error.reason in ("config", "auth") and error.at > worked:
        return "misconfigured", "is.wrong_setting", {"name": name, "error": error.error}, error.at
    if closed := next((place for place in places if place.open), None):
        key = "is.quota" if closed.why == "quota" else "is.down"
        return "down", key, {"place": closed.name, "n": closed.waiting}, closed.since
    failed = {"name": name, "error": error.error} if error and error.at > worked else {}
    if error and failed and error.reason == "rate_limited" and error.next_at:
        return "limited", "is.rate_limited", failed, error.at
    if error and failed and not (worked and error.reason in OF_ONE_EVENT):
        return "failing", "is.failing", failed, error.at
    if busy := next(filter(_busy, places), None):
        return "limited", "is.busy", {"place": busy.name}, None
    if limited := [place for place in places if place.limited]:
        count = sum(place.limited for place in limited)
        return "limited", "is.limited", {"place": limited[0].name, "n": count}, None
    return (
        ("healthy", "is.healthy", {"name": name}, worked) if worked else ("unknown", "is.unknown", {"name": name}, None)
    )


def _busy(place: Place) -> bool:
    """Whether it asked us to wait, without a success since."""
    return place.why == "busy" and not place.open


def _places(redis: Redis, prefix: str) -> list[Place]:
    """Every destination that was seen in the last days, or that is waited for."""
    asked: Any = redis
    last = {name.decode(): value.decode() for name, value in asked.hgetall(f"{prefix}last").items()}
    waited = {name.decode() for name in asked.sunion(f"{prefix}breakers", f"{prefix}waiting")}
    names = sorted(last.keys() | waited)
    with asked.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.hmget(f"{prefix}breaker:{name}", "opened", "until", "why")
            for kind in ("waits", "dead", "crowd"):
                pipeline.zcard(f"{prefix}{kind}:{name}")
        answers = pipeline.execute()
    found = []
    for number, name in enumerate(names):
        (opened, until, why), waiting, dead, crowd = answers[number * 4 : number * 4 + 4]
        at, _, seen = last.get(name, "").partition("|")
        found.append(
            Place(
                name,
                opened is not None,
                time_of(opened),
                time_of(until) if opened or why == b"busy" else None,
                why.decode() if why else None,
                waiting,
                dead,
                crowd,
                seen or None,
                time_of(at),
            )
        )
    return found


def _last_errors(redis: Redis, prefix: str, names: tuple[str, ...]) -> dict[str, LastError]:
    """By connector: of what failed last, among the newest of all that is dead or tried again."""
    asked: Any = redis
    with asked.pipeline(transaction=False) as pipeline:
        for state in ("dead", "retrying"):
            pipeline.zrange(f"{prefix}state:{state}", 0, LOOKED_AT - 1, desc=True, withscores=True)
        newest = sorted((score, id_.decode()) for entries in pipeline.execute() for id_, score in entries)[::-1]
    ids: dict[str, list[str]] = {name: [] for name in names}
    for _, id_ in newest:
        of_it = ids.get(id_.partition(".")[2])
        if of_it is not None and len(of_it) < LOOKED_AT_OF_EACH:
            of_it.append(id_)
    asked_for = [id_ for of_it in ids.values() for id_ in of_it]
    with asked.pipeline(transaction=False) as pipeline:
        for id_ in asked_for:
            pipeline.hmget(f"{prefix}delivery:{id_}", ERROR_FIELDS)
        stored = [some_texts(ERROR_FIELDS, row) for row in pipeline.execute()]
    found: dict[str, LastError] = {}
    for id_, row in zip(asked_for, stored, strict=True):
        if row.get("reason", "") not in WAITING:
            at = iso(float(row.get("updated", 0)))
            next_at = time_of(row["next"].encode()) if row.get("state") == "retrying" and row.get("next") else None
            found.setdefault(id_.partition(".")[2], LastError(row.get("why", ""), row["reason"], at, id_, next_at))
    return found
