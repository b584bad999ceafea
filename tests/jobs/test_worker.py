"""The worker's own way with RQ's jobs: fewer round trips, and RQ's tools still see what there is to see."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.suspension import resume, suspend
from rq.worker import Worker

from jobs.queue import open_queue
from jobs.slots import Slots
from jobs.worker import ThreadWorker
from sandbox.processes import wait_for


@contextmanager
def working(redis: Redis) -> Iterator[Queue]:
    queue, stop = open_queue(redis, "test"), threading.Event()
    worker = ThreadWorker(queue, 4, stop, Slots(4, 1))
    thread = threading.Thread(target=worker.work, kwargs={"logging_level": "WARNING"})
    thread.start()
    try:
        yield queue
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


def keys(redis: Redis) -> set[str]:
    """What RQ has of jobs."""
    kinds = ("job", "execution", "executions", "wip", "queue")
    return {str(key) for kind in kinds for key in redis.keys(f"rq:{kind}:*")}


def states(redis: Redis) -> list[str]:
    return [worker.get_state() for worker in Worker.all(connection=redis)]


def test_a_job_that_is_done_leaves_nothing_behind(redis: Redis) -> None:
    with working(redis) as queue:
        for number in range(20):
            queue.enqueue("operator.neg", number, result_ttl=0)
        wait_for("the jobs", lambda: not keys(redis))
        worker = Worker.all(connection=redis)[0]
        worker.refresh()  # type: ignore[no-untyped-call]
        assert worker.successful_job_count == 20


def test_a_job_that_crashed_is_shown_as_failed(redis: Redis) -> None:
    with working(redis) as queue:
        job = queue.enqueue("operator.neg", "text", result_ttl=0, failure_ttl=60)
        wait_for("the failure", lambda: queue.failed_job_registry.count)
        assert queue.started_job_registry.count == 0
        result = Job.fetch(job.id, connection=redis, serializer=queue.serializer).latest_result()
        assert result is not None
        assert "TypeError" in str(result.exc_string)
    assert not [key for key in keys(redis) if "exec" in key or "intermediate" in key]


def test_rq_suspend_is_heeded_and_rq_resume_too(redis: Redis) -> None:
    suspend(redis)
    with working(redis) as queue:
        queue.enqueue("operator.neg", 1, result_ttl=0)
        wait_for("the worker to notice", lambda: states(redis) == ["suspended"])
        assert queue.count == 1
        resume(redis)
        wait_for("the job", lambda: not keys(redis))


def test_a_suspended_worker_stops_at_once(redis: Redis) -> None:
    suspend(redis)
    with working(redis):
        wait_for("the worker to notice", lambda: states(redis) == ["suspended"])
    assert states(redis) == []
