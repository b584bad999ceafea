"""RQ's part: a job is the hint "look at this delivery now", never the record of it.

Whoever can write to Redis can write jobs. So the worker performs none of them: it reads the one text that a job of ours
holds, and nothing that RQ would import, deserialize or call (`read_job`).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from typing import Any

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.suspension import WORKERS_SUSPENDED

from jobs.ledger.scripts import LUA

FUNCTION = "jobs.deliver.run"
FAILED_JOB_SECONDS = 3600  # RQ's own record of a failure; the ledger has the lasting one
JOB_SECONDS = 300  # RQ only shows it: in threads nothing can be interrupted, deadlines are on the HTTP calls
JOB_KEPT_SECONDS = 86_400  # a job that nobody takes, of a worker killed in that moment, is forgotten by Redis

MOST_FIELDS = 64
LONGEST_DATA = 1024  # bytes, compressed or not; a job of ours has about 90
DELIVERY_ID = re.compile(r"[0-9a-f]{20}\.[A-Za-z0-9_-]{1,40}(\.[A-Za-z0-9_-]{1,40})?")
PLAIN_FIELDS = frozenset(
    {"data", "description", "origin", "status", "timeout", "ttl", "result_ttl", "failure_ttl", "worker_name"}
    | {"created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat"}
)
"""What a job may hold besides its data. The rest makes RQ do more: callbacks, dependents, webhooks, repeats, meta."""


class Refused(Exception):
    """A job that is none of ours, and why."""


def queue_name(instance: str) -> str:
    return f"feedback-bridge-{instance}"


def open_queue(redis: Redis, instance: str) -> Queue:
    """JSON, not pickle: what RQ's own tools read from it can't run code."""
    return Queue(queue_name(instance), connection=redis, serializer=JSONSerializer, default_timeout=JOB_SECONDS)


def hand(queue: Queue, delivery_ids: Iterable[str], pipeline: Any = None) -> None:
    """Enqueues one job for each delivery, in one round trip, or into `pipeline`."""
    jobs = [
        Queue.prepare_data(
            FUNCTION,
            args=(delivery_id,),
            description=delivery_id,
            timeout=JOB_SECONDS,
            result_ttl=0,
            ttl=JOB_KEPT_SECONDS,
            failure_ttl=FAILED_JOB_SECONDS,
        )
        for delivery_id in delivery_ids
    ]
    if jobs:
        queue.enqueue_many(jobs, pipeline=pipeline)


def take(queue: Queue, seconds: int) -> str | None:
    """Waits up to `seconds` for a job and takes it off Redis: the delivery that it names, or None.

    Raises Refused for a job that is none of ours (it is removed, too), and RedisError.
    """
    redis: Any = queue.connection
    popped = redis.blpop([queue.key], seconds)
    if popped is None:
        return None
    key = Job.redis_job_namespace_prefix.encode() + popped[1]
    limits = (MOST_FIELDS, LONGEST_DATA)
    kind, *rest = redis.eval(LUA["take"], 0, key, popped[1], queue.key, WORKERS_SUSPENDED, *limits)
    if kind == b"refused":
        raise Refused(rest[0].decode())
    return read_job(rest[0], rest[1:]) if kind == b"job" else None


def read_job(data: bytes, fields: Iterable[bytes]) -> str:
    """The delivery id in a job of ours. `fields`: the names of all its fields that are not empty. Raises Refused."""
    strange = sorted({name.decode("ascii", "replace") for name in fields} - PLAIN_FIELDS)
    if strange:
        raise Refused(f"it has {strange[0]!a}")
    try:
        called, instance, arguments, names = json.loads(_unpacked(data))
    except (ValueError, TypeError, RecursionError):
        raise Refused("its data are not those of a job in JSON") from None
    if called != FUNCTION or instance is not None or names != {}:
        raise Refused(f"it is not a call of {FUNCTION}")
    if not (isinstance(arguments, list) and len(arguments) == 1 and isinstance(arguments[0], str)):
        raise Refused("its arguments are not one text")
    if not DELIVERY_ID.fullmatch(arguments[0]):
        raise Refused("its argument is not a delivery id")
    return arguments[0]


def _unpacked(data: bytes) -> bytes:
    """RQ compresses; a small input may unpack to a very large one. Raises ValueError."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, LONGEST_DATA)
    except zlib.error:
        return data
    if unpacker.unconsumed_tail:
        raise ValueError("too large")
    return unpacked
