"""Making the events of the service itself, once over all workers.

They are read from what the ledger shows, so nothing has to be recorded in the moment of a failure, and a worker that
dies then loses no event. `collect.lua` stores what is to be announced; it is removed after the event was accepted, and
its id follows from it: repeated, it is the same event.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from redis.exceptions import RedisError

from jobs.accept import Acceptor
from jobs.ledger.ledger import Ledger
from jobs.ledger.scripts import ready
from jobs.routing import Route
from sources import OWN, REGISTRY, events_of
from sources.base import Request
from sources.bridge.events import ABOUT

log = structlog.get_logger("notices")

WINDOW_SECONDS = 600
"""After an event about dead letters of one connector and reason the next one has to wait so long, and counts all."""
LOOK_SECONDS = 2.0
DEAD_AT_ONCE = 500
"""Dead letters that one look counts."""
WITH_REASON = ("dead_letter", "misconfigured")
REFUSED = "it refuses our credentials: `flask check` names the variable"
SCRIPT = ready((Path(__file__).parent / "collect.lua").read_text(encoding="utf-8"))


def is_wanted(routes: Iterable[Route]) -> bool:
    """Whether some connector acts on events of the service itself. Nothing is looked at for nobody."""
    return any(route.acts_on(OWN) and route.wants(name) for route in routes for name in events_of([OWN]))


class Notices:
    """`source`: the one that reconcile asks, "" for none. Methods raise RedisError."""

    def __init__(self, ledger: Ledger, acceptor: Acceptor, source: str) -> None:
        self._ledger = ledger
        self._acceptor = acceptor
        self._source = source
        self._key = f"{ledger.prefix}notices"

    def miss(self, event_id: str) -> None:
        """Notes an event that no webhook announced, before it is accepted: noted twice, it counts once."""
        self._ledger.redis.sadd(f"{self._key}:missed", event_id)

    def note_silence(self, why: str) -> None:
        """Notes why the source announces nothing, "" where it does: it is announced once until that ends."""
        if why:
            self._ledger.redis.hset(self._key, f"silent|{self._source}", why)
        else:
            self._ledger.redis.hdel(self._key, f"silent|{self._source}", f"announced|{self._source}")

    def collect(self, elect_ms: int = int(LOOK_SECONDS * 900)) -> list[str]:
        """Looks at what has changed and makes the events of it: their ids. Nothing for a worker that is not elected."""
        limits = (elect_ms, WINDOW_SECONDS * 1000, DEAD_AT_ONCE)
        parts: list[bytes] = self._ledger.run(SCRIPT, *limits, OWN, self._source) or []
        made = []
        for field, values in zip(parts[::2], parts[1::2], strict=True):
            body = body_of(field.decode("utf-8", "replace"), values.decode("utf-8", "replace"))
            event = REGISTRY[OWN].parse(Request(self._ledger.instance, json.loads(body), body, {}))
            self._acceptor.accept(OWN, event, body)
            self._ledger.redis.hdel(self._key, field)
            made.append(event.id)
        return made


def body_of(field: str, values: str) -> bytes:
    """The body of an event, from what the script stored for it. Pure: the same each time."""
    _, at, kind, group = field.split("|", 3)
    found = json.loads(values)
    about, reason = group, found.get("reason", "")
    if kind in WITH_REASON:
        about, _, reason = group.rpartition("|")
    body = {"event": kind, "at": _iso(int(at)), ABOUT[kind]: about}
    body |= {"reason": reason} if reason else {}
    body |= {"count": found["count"]} if "count" in found else {}
    body |= {"since": _iso(int(found["since"]))} if found.get("since") else {}
    if kind in WITH_REASON:
        body["why"] = found.get("why") or REFUSED
    elif found.get("why"):
        body["why"] = found["why"]
    return json.dumps(body, ensure_ascii=False).encode()


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Watch(threading.Thread):
    """Every worker runs one; in any two seconds one of them looks for all."""

    def __init__(self, notices: Notices | None) -> None:
        """`notices`: None where nobody wants them."""
        super().__init__(name="watch", daemon=True)
        self._notices = notices
        self._stopped = threading.Event()

    def run(self) -> None:
        while self._notices is not None:
            try:
                for event_id in self._notices.collect():
                    log.info("event of the service itself", event_id=event_id)
            except RedisError as error:
                log.warning(
                    "could not look for events of the service itself: Redis does not answer", because=str(error)
                )
            except Exception:
                log.exception("could not look for events of the service itself")  # this thread must not end
            if self._stopped.wait(LOOK_SECONDS):
                return

    def stop(self) -> None:
        self._stopped.set()
