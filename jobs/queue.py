"""RQ's part: a job is the hint "look at this delivery now", never the record of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

FUNCTION = "jobs.deliver.run"
FAILED_JOB_SECONDS = 3600  # RQ's own record of a crash of ours; the ledger has the lasting one
JOB_SECONDS = 300  # RQ only shows it: in threads nothing can be interrupted, deadlines are on the HTTP calls


def queue_name(instance: str) -> str:
    return f"feedback-bridge-{instance}"


def open_queue(redis: Redis, instance: str) -> Queue:
    """JSON, not pickle: whoever can write to Redis must not be able to run code here."""
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
            failure_ttl=FAILED_JOB_SECONDS,
        )
        for delivery_id in delivery_ids
    ]
    if jobs:
        queue.enqueue_many(jobs, pipeline=pipeline)
