"""The path of a delivery through Redis, walked on keys of its own that are deleted at once.

Health must ask for what the work asks for: a Redis that answers PING may still refuse the script that stores an event:
a cluster, a read-only replica, used-up memory, an ACL that lacks a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

from redis import Redis
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from rq.suspension import WORKERS_SUSPENDED

from jobs.ledger.ledger import Ledger
from jobs.ledger.values import STATES, Lease, Planned
from jobs.queue import hand, open_queue, take
from sources.base import Event, Level, Subject


class _ProbeEvent(Event):
    """With all that the events of a source can have stored."""

    @property
    def level(self) -> Level:
        return Level("probe", 0.0)

    @property
    def positions(self) -> Mapping[str, str]:
        return {"1": ""}


EVENT = _ProbeEvent(
    source="health",
    id="0" * 20,
    name="probe",
    subject=Subject("health", "probe", "", 1),
    occurred=0.0,
    body={},
)
CONNECTOR = "probe"
DELIVERY = f"{EVENT.id}.{CONNECTOR}"
KEYS = (
    *(
        f"event:{EVENT.id}",
        f"delivery:{DELIVERY}",
        f"entity:{EVENT.subject}",
    ),
    *(f"state:{state}" for state in STATES),
    *(f"{kind}:{CONNECTOR}:{EVENT.subject}" for kind in ("line", "hold")),
    *(f"{kind}:{CONNECTOR}" for kind in ("breaker", "bucket", "crowd", "waits", "dead")),
    *(
        "events",
        "arrivals",
        "positions",
        "due",
        "watermark",
        "counts",
        "last",
        "workers",
        "clock",
        "born",
        "remembers",
        "levels",
        "levels:known",
        "waiting",
        "breakers",
    ),
)
"""All that the probe can leave behind, each behind the probe's own prefix."""


class ProbeFailed(Exception):
    """Redis refused nothing, and still did not do what it should."""


class Probe:
    """One per process; each has keys of its own, so that two that probe at once do not meet."""

    def __init__(self, redis: Redis, instance: str) -> None:
        # Within the instance's own keys: an ACL may allow no others.
        name = f"{instance}:health:{uuid4().hex[:8]}"
        self._ledger = Ledger(redis, name)
        self._queue = open_queue(redis, name)

    def reach(self) -> None:
        """Stores an event with a delivery, as the receiver does, and takes its job, as a worker does.

        Raises RedisError or ProbeFailed.
        """
        try:
            self._store_and_take()
        finally:
            self._clear()

    def work(self) -> None:
        """The same, and then all that a worker does with the delivery. Raises RedisError or ProbeFailed."""
        try:
            self._store_and_take()
            lease = self._ledger.lease(DELIVERY, "probe")
            if not isinstance(lease, Lease):
                raise ProbeFailed(f"a delivery that was just stored can't be leased ({lease})")
            self._ledger.admit(lease, CONNECTOR, 1000, 1, "")
            self._ledger.keep(lease, {"probe": True})
            self._ledger.settle(lease, "done", {"result": "{}"}, {"probe": 1}, conditions=[(CONNECTOR, "up")])
            self._ledger.tick("probe", self._queue.key)
            self._ledger.forget(1)
        finally:
            self._clear()

    def _store_and_take(self) -> None:
        with self._ledger.redis.pipeline(transaction=True) as pipeline:
            self._ledger.accept(EVENT, [Planned(CONNECTOR)], {"state": "accepted"}, extend=False, on=pipeline)
            hand(self._queue, [DELIVERY], pipeline)
            pipeline.execute()
        # While workers are suspended nobody gets a job: as it should be.
        if take(self._queue, 1) != DELIVERY and not self._ledger.redis.exists(WORKERS_SUSPENDED):
            raise ProbeFailed("a job that was just stored can't be taken")

    def _clear(self) -> None:
        """Also the job, where it was stored and not taken. What a killed process leaves is a few small keys."""
        keys = [f"{self._ledger.prefix}{key}" for key in KEYS]
        with suppress(RedisError):
            self._queue.delete(delete_jobs=True)
            self._ledger.redis.delete(*keys)


CLUSTER = "Redis is a cluster, which is not supported: REDIS_URL should name a single server"
MEMORY = "Redis has used up its memory (maxmemory) and stores nothing more: give it more, and keep noeviction"
REPLICA = "Redis is a read-only replica: REDIS_URL should name the primary"
ACL = "Redis refuses a command or a key to the user in REDIS_URL (ACL)"
CAUSES = (
    (AuthenticationError, "", "Redis refuses the user or the password in REDIS_URL"),
    (AuthorizationError, "", ACL),
    (BusyLoadingError, "", "Redis is still loading its data"),
    (ClusterError, "", CLUSTER),
    (ClusterCrossSlotError, "", CLUSTER),
    (AskError, "", CLUSTER),
    (ResponseError, "cluster", CLUSTER),
    (OutOfMemoryError, "", MEMORY),
    (ResponseError, "oom", MEMORY),
    (ReadOnlyError, "", REPLICA),
    (ResponseError, "readonly", REPLICA),
    (ResponseError, "read only replica", REPLICA),
    (NoPermissionError, "", ACL),
    (ResponseError, "permission", ACL),
    (ResponseError, "without multi", ACL),
    (ResponseError, "", "Redis refuses to store an event"),
    (ProbeFailed, "", "Redis stores an event, but a worker would not get it"),
)
"""Kind of error, what stands in it (a script's error is a plain ResponseError), and what that means."""


def sentence(error: RedisError | ProbeFailed) -> str:
    """What is wrong and what to do, without a word of Redis's own: `/readyz` needs no password."""
    return f"{_cause_of(error)} ({type(error).__name__}); look at REDIS_URL and the server"


def is_full(error: RedisError) -> bool:
    """Whether Redis works, and has no memory left for what is new."""
    return _cause_of(error) == MEMORY


def _cause_of(error: RedisError | ProbeFailed) -> str:
    text = str(error).lower()
    found = (what for kind, part, what in CAUSES if isinstance(error, kind) and part in text)
    return next(found, "Redis does not answer")
