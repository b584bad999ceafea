"""The worker: an RQ worker that runs many deliveries at once in one process.

They wait for other people's servers, not for the CPU: threads share connections, modules and memory
(docs/performance.md). Started by `python -m jobs.worker`.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq.exceptions import DequeueTimeout, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended
from rq.timeouts import BaseDeathPenalty
from rq.worker import SimpleWorker, WorkerStatus

import logs
from bridge.environment import environment
from connectors import find
from jobs import deliver
from jobs.catch_up import start_catch_up
from jobs.clock import Clock
from jobs.configuration import Configuration, build_connectors, configure_or_exit
from jobs.connection import connect
from jobs.keeper import Keeper
from jobs.ledger import Ledger
from jobs.queue import hand, open_queue
from jobs.slots import Slots

log = structlog.get_logger("worker")

STOP_SECONDS = 25.0
"""How long a stop waits for running deliveries: Heroku kills after 30 s. What is not done by then is taken up by
another worker when its lease runs out."""
DEQUEUE_SECONDS = 1
"""How long one wait for a job blocks; a stop is noticed in between."""
HEARTBEAT_SECONDS = 15.0
SUSPENSION_SECONDS = 1.0
BACK_OFF_SECONDS = 5.0


class NoDeathPenalty(BaseDeathPenalty):
    """Threads can't be interrupted; every HTTP call has its own deadlines, and leases end."""

    def setup_death_penalty(self) -> None:
        pass

    def cancel_death_penalty(self) -> None:
        pass


class ThreadWorker(SimpleWorker):
    """RQ's own preparing and performing of a job, in a pool of threads."""

    death_penalty_class = NoDeathPenalty

    def __init__(self, queue: Queue, concurrency: int, stop: threading.Event, slots: Slots) -> None:
        # RQ sends a sign of life at least every worker_ttl seconds; its own default is 7 minutes.
        super().__init__([queue], connection=queue.connection, serializer=JSONSerializer, worker_ttl=60)
        self.log_job_description = False
        self.log_result_lifespan = False
        self._stop = stop
        self._slots = slots
        self._free = threading.Semaphore(concurrency)
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="delivery")
        self._running: set[Any] = set()
        self._beat = self._asked = float("-inf")

    def dequeue_job_and_maintain_ttl(self, *_: Any, **__: Any) -> tuple[Job, Queue]:
        """Takes a job only when a thread is free for it: what is taken must start."""
        while not self._stop.is_set():
            self.heartbeat()
            if not self._free.acquire(timeout=DEQUEUE_SECONDS):
                continue
            taken = None
            try:
                taken = self.queue_class.dequeue_any(
                    self.queues,
                    DEQUEUE_SECONDS,
                    connection=self.connection,
                    job_class=self.job_class,
                    serializer=self.serializer,
                    death_penalty_class=self.death_penalty_class,
                )
            except DequeueTimeout:
                pass
            finally:
                if taken is None:
                    self._free.release()
            if taken is not None:
                return taken
        raise StopRequested

    def execute_job(self, job: Job, queue: Queue) -> None:
        future = self._pool.submit(self._execute, job, queue)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def _execute(self, job: Job, queue: Queue) -> None:
        try:
            self.perform_job(job, queue, self.prepare_execution(job))
        except RedisError as error:
            log.warning("RQ could not record a job; the ledger's clock looks after the delivery", because=str(error))
        except Exception:
            log.exception("a job failed outside its delivery; the ledger's clock looks after the delivery")
        finally:
            self._free.release()

    # From here to `set_state`: what RQ does around a job, without what our jobs never have (dependents, results,
    # callbacks, rate limits) and in fewer round trips: 4 instead of 16 (docs/performance.md).

    def prepare_execution(self, job: Job) -> Execution:
        with self.connection.pipeline() as pipeline:
            execution = Execution.create(job, self.get_heartbeat_ttl(job), pipeline, worker_name=self.name)
            self.executions[execution.id] = execution
            self.set_state(WorkerStatus.BUSY, pipeline)
            job.prepare_for_execution(self.name, pipeline)
            pipeline.lrem(self.queues[0].intermediate_queue_key, 1, job.id)
            pipeline.execute()
        return execution

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        """`prepare_execution` has done it."""

    def handle_execution_ended(self, job: Job, *_: Any) -> None:
        job.ended_at = datetime.now(UTC)

    def handle_job_success(  # RQ calls it with these names
        self,
        job: Job,
        queue: Queue,  # noqa: ARG002
        started_job_registry: Any,  # noqa: ARG002
        execution: Execution,
    ) -> None:
        with self.connection.pipeline() as pipeline:
            self.increment_successful_job_count(pipeline)
            if job.started_at and job.ended_at:
                self.increment_total_working_time(job.ended_at - job.started_at, pipeline)
            self.cleanup_execution(job, pipeline, execution)
            pipeline.delete(job.key)
            pipeline.execute()

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """RQ beats four times for each job, a third of its time; once in a while is enough."""
        if pipeline is None and time.monotonic() - self._beat < HEARTBEAT_SECONDS:
            return
        self._beat = time.monotonic()
        super().heartbeat(timeout, pipeline)

    def check_for_suspension(self, burst: bool) -> None:  # noqa: ARG002
        """RQ asks before each job whether `rq suspend` was called; once a second is enough. A stop ends the wait."""
        if time.monotonic() - self._asked < SUSPENSION_SECONDS:
            return
        state = self.get_state()
        while is_suspended(self.connection, self):
            self.set_state(WorkerStatus.SUSPENDED)
            if self._stop.wait(SUSPENSION_SECONDS):
                break
        self.set_state(state)
        self._asked = time.monotonic()

    def set_state(self, state: str, pipeline: Any = None) -> None:
        if state != self.get_state():
            super().set_state(state, pipeline)

    def subscribe(self) -> None:
        """No commands over pub/sub (they kill the process of a job: here jobs share one), so no thread for them."""

    def unsubscribe(self) -> None:
        pass

    def _install_signal_handlers(self) -> None:
        """`main` has its own: a stop is a flag, looked at between jobs, not an exception in the middle of one."""

    def teardown(self) -> None:
        while self._running and not self._stop.is_set():  # Redis went away: what runs may end, a stop may come
            wait(self._running, timeout=1)
        with suppress(RedisError):  # else the clock does it, later
            hand(self.queues[0], self._slots.close())
        wait(self._running, timeout=STOP_SECONDS)
        self._pool.shutdown(wait=False)
        super().teardown()  # type: ignore[no-untyped-call]


def work(configuration: Configuration, stop: threading.Event) -> None:
    """Runs until `stop` is set. A Redis that goes away is waited for, however long."""
    service = configuration.service
    name = f"{socket.gethostname()}.{os.getpid()}.{uuid4().hex[:6]}"
    ledger = Ledger(connect(service, "work"), service.bridge_instance)
    queue = open_queue(connect(service, "work"), service.bridge_instance)
    keeper = Keeper(ledger)
    clock = Clock(ledger, queue, name, service.retention_days)
    connectors = build_connectors(configuration)
    slots = Slots(service.worker_concurrency, len(connectors))
    needing_source = frozenset(name for name in connectors if find(name).NEEDS_ABC)
    deliver.install(deliver.Deliverer(ledger, queue, connectors, configuration.redact, keeper, slots, needing_source))
    keeper.start()
    clock.start()
    catch_up = start_catch_up(configuration, connectors)
    log.info("worker started", worker=name, connectors=list(configuration.connectors))
    while not stop.is_set():
        try:
            # A client of its own: RQ raises the time-outs of the one that it blocks on.
            blocking: Redis = connect(service, "work")
            blocking_queue = open_queue(blocking, service.bridge_instance)
            ThreadWorker(blocking_queue, service.worker_concurrency, stop, slots).work(logging_level="WARNING")
        except RedisError as error:
            log.warning("Redis is away; trying again", because=str(error))
        if not stop.is_set():
            stop.wait(BACK_OFF_SECONDS)
    clock.stop()
    catch_up.stop()
    keeper.renew()  # what still runs gets its full time before others take it
    keeper.stop()
    try:
        ledger.leave(name)
    except RedisError:
        log.warning("could not sign off; the list of workers forgets this one within a minute")
    log.info("worker stopped", worker=name)


def main() -> None:
    configuration = configure_or_exit(environment())
    logs.set_up(configuration.service, configuration.redact)
    logs.tell_doubts(configuration.doubts)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    work(configuration, stop)
    # Threads that hang on somebody's server must not hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
